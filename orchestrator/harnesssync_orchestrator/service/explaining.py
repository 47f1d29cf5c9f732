"""What made a file of a project: the looks of a sync, and a closer one at the file. Nothing is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from harnesssync_orchestrator.core.desired import Address, Desired
from harnesssync_orchestrator.core.explaining import Known, Part, addresses, foreign, holder, losses, part, sourced
from harnesssync_orchestrator.core.explanation import Explanation, SourceOf
from harnesssync_orchestrator.core.halts import HaltReason, why_halt
from harnesssync_orchestrator.core.items import Item, ItemId
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.markers import marked_name
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.rendering import Renderings, desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.source_lines import line_of
from harnesssync_orchestrator.core.trust import Standing
from harnesssync_orchestrator.files.gitignore_block import NAME
from harnesssync_orchestrator.files.place import is_link
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.run import Run
from harnesssync_orchestrator.service.selection import moved_homes
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.survey import Survey

T = TypeVar("T")


async def explain(project: Project, engine: Engine, file: str, *, lock_timeout_s: float) -> Explanation:
    """What is known about the file at a path below the project's root (with `/`, no link followed).

    Raises LockTimeoutError, StateError, and OSError when a file of ours can't be read.
    """
    options = Options(dry_run=True, lock_timeout_s=lock_timeout_s)
    lock_file = engine.layout.sync_lock(project.id)
    async with (
        engine.locks.held(project.id, lock_file, lock_timeout_s, only_to_look=True),
        engine.in_place(urgent=True) as mine,
    ):
        start = await Start.load(project, mine, options)
        run = await start.in_thread(Run.begin, start)
        if start.trust.standing is Standing.FOREIGN:  # not even read
            nothing = Source(scope=project.scope, root=project.path)
            plan = Plan(
                halt=HaltReason.FOREIGN_OWNER,
                halt_message="it belongs to another user, and is not read until you trust it",
            )
            seen = Survey(source=nothing, desired=Desired(), plan=plan, problems=())
        else:
            await start.in_thread(run.recover)
            seen = await run.survey()
            if seen.plan.stops:  # that is told besides what would be done if a person confirmed it
                surveyor = replace(run.looking.surveyor(), confirmed=True)
                seen = await start.in_thread(surveyor.survey, seen.source, seen.desired, run.ledger, Looked())
        return await start.in_thread(_explained, run, seen, file)


def _explained(run: Run, seen: Survey, asked: str) -> Explanation:
    start, ledger = run.start, run.ledger
    file = _led(start.project.path, asked, seen.desired, ledger)
    above = holder(file, seen.desired, ledger)
    found = addresses(file, seen.desired, ledger)
    known = _closer(run, seen, [*found, *([above] if above is not None else ())])
    parts, within = tuple(part(each, known) for each in found), part(above, known) if above is not None else None
    there, text = _look(f"{start.project.path}/{file}")
    rest = "" if above is None else file[len(above.path) :]
    read = sourced(_absolute(start, file), seen.source)
    halt, halt_message = _halt(start, ledger, seen)
    folder, slash, name = file.rpartition("/")
    marked = Address(f"{folder}{slash}{marked_name(name) or ''}")
    entry = ledger.entries.get(marked)
    hiding = start.gitignore() if file == NAME else None
    whole = seen if parts or within is not None else None
    return Explanation(
        project_id=start.project.id,
        path=start.project.path,
        scope=start.project.scope.value,
        file=file,
        asked="" if asked == file else asked,
        there=there,
        leads_to=text,
        made=Address(file) in ledger.made
        or Address(f"{file}/") in ledger.made
        or (hiding is not None and hiding.is_made),
        within=within,
        behind=f"{within.source}{rest}" if within is not None and within.source else "",
        hiding=tuple(map(os.fsdecode, sorted(hiding.lines))) if hiding is not None else (),
        marks=marked.path if entry is not None and entry.method is Method.COPY and there == "file" else "",
        parts=parts,
        foreign=foreign(file, known),
        losses=losses(file, parts, replace(known, desired=seen.desired)),
        source_of=tuple(SourceOf(each.id, each.origin, _made_of(each, seen.desired)) for each in read),
        others=() if whole is not None else _others(start, seen.source, file),
        lines=_lines(parts, read, seen.source),
        problems=tuple(each for each in seen.problems if each.hides),
        halt=halt,
        halt_message=halt_message,
    )


def _closer(run: Run, seen: Survey, found: Iterable[Address]) -> Known:
    """The part of what is known that concerns some addresses, with another look at just these."""
    ledger, paths = run.ledger, {address.path for address in found}
    desired = replace(seen.desired, wanted=_at(seen.desired.wanted, paths))
    ledger = replace(ledger, entries=_at(ledger.entries, paths), pending=_at(ledger.pending, paths))
    observed, _ = run.looking.surveyor().observe(desired, ledger, Looked())
    return Known(source=seen.source, desired=desired, ledger=ledger, observed=observed, plan=seen.plan)


def _at(values: Mapping[Address, T], paths: Iterable[str]) -> dict[Address, T]:
    return {address: value for address, value in values.items() if address.path in paths}


def _led(root: str, file: str, desired: Desired, ledger: Ledger) -> str:
    """Where a path leads below the root, if a link that is not ours stands on the way to something that is."""
    if not file or addresses(file, desired, ledger) or holder(file, desired, ledger) is not None:
        return file
    folder, slash, name = file.rpartition("/")
    real = os.path.realpath(f"{root}/{folder}" if folder else root) + f"/{name}"
    inside = real.removeprefix(f"{root}/") if real.startswith(f"{root}/") else file
    return inside if slash and (addresses(inside, desired, ledger) or holder(inside, desired, ledger)) else file


def _look(path: str) -> tuple[str, str]:
    """What stands at a path, and the text of a link."""
    try:
        status = os.lstat(path)
        if is_link(status):
            return "link", os.readlink(path)  # noqa: PTH115 - its bytes, as they are
    except (OSError, ValueError):
        return "nothing", ""
    if stat.S_ISDIR(status.st_mode):
        return "folder", ""
    return ("file" if stat.S_ISREG(status.st_mode) else "other"), ""


def _absolute(start: Start, file: str) -> str:
    return f"{start.project.path}/{file}" if file else start.project.path


def _made_of(item: Item, desired: Desired) -> tuple[Address, ...]:
    return tuple(sorted(address for address, wish in desired.wanted.items() if item.id in wish.output.items))


def _others(start: Start, source: Source, file: str) -> tuple[str, ...]:
    """The targets that are not the project's and would want this file, each if it were the project's too."""
    chosen = {target.id for target in start.targets}
    others = [target for target in start.engine.targets if target.id not in chosen]
    homes = moved_homes(others, start.engine.places.home, start.engine.environ)
    found, renderings = [], Renderings()
    for target in others:
        company = [*start.targets, target]
        wanted = desired_state([target], source, homes=homes, renderings=renderings, company=company).wanted
        if any(address.path == file for address in wanted):
            found.append(target.id)
    return tuple(found)


def _halt(start: Start, ledger: Ledger, seen: Survey) -> tuple[str | None, str]:
    if seen.plan.halt is not None:
        return seen.plan.halt.value, seen.plan.halt_message
    targets, is_another = [target.id for target in start.targets], start.trust.is_another
    halt = why_halt(seen.source, seen.desired, ledger, targets=targets, is_another=is_another)
    return (halt.reason.value, halt.message) if halt is not None else (None, "")


def _lines(parts: Iterable[Part], read: Iterable[Item], source: Source) -> dict[tuple[ItemId, str], int]:
    """Where the items of settings files begin. What can't be read any more has no line."""
    names = {maker.item for each in parts for maker in each.makers} | {item.id for item in read}
    texts: dict[str, str] = {}
    found: dict[tuple[ItemId, str], int] = {}
    for item in source.items:
        file = item.origin.file
        if item.id not in names or not file.endswith(".json"):
            continue
        if file not in texts:
            try:
                texts[file] = Looked().read(file).decode("utf-8", "replace")
            except OSError:
                texts[file] = ""
        if (line := line_of(item, texts[file])) is not None:
            found[item.id, file] = line
    return found
