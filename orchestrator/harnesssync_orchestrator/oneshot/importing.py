"""`import`: brings over what was kept for another harness into Claude Code's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harnesssync_orchestrator.console import Console, visible
from harnesssync_orchestrator.core.import_report import to_json
from harnesssync_orchestrator.ctl.options import Parsed, check_targets
from harnesssync_orchestrator.ctl.waiting import argument
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.oneshot.loop import in_loop
from harnesssync_orchestrator.oneshot.work import lock_timeout, project_of
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty
from harnesssync_orchestrator.service.engine import Options
from harnesssync_orchestrator.service.importing import bring_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harnesssync_orchestrator.cli import Ground
    from harnesssync_orchestrator.core.targets import Target

LONGEST = 40
"""Rows of one kind that are shown; --verbose shows all."""

_KINDS = {"mcp_server": "MCP server", "environment": "variable"}
_NEEDS_TRUST = frozenset({"mcp_server", "permissions", "hook", "environment"})


def run(parsed: Parsed, ground: Ground) -> int:
    """Import; the exit code. Raises `HarnessSyncError`s."""
    console = Console(verbose=parsed.flag("verbose"), environ=ground.environ)
    target = _target(parsed, ground.targets())
    project, config = project_of(parsed, ground, console), ground.config()
    options = Options(dry_run=parsed.flag("dry-run"), lock_timeout_s=lock_timeout(parsed, config))
    done = in_loop(ground, config, lambda engine: bring_over(project, engine, target, options))
    document = to_json(done)
    if parsed.flag("json"):
        console.line(dumps_pretty(document))
    else:
        show(console, document, target.name)
    return done.exit_code


def _target(parsed: Parsed, targets: tuple[Target, ...]) -> Target:
    """The harness to import from. Raises UsageError for one that is unknown, or from which nothing can be imported."""
    named = parsed.text("from")
    importable = [target.id for target in targets if target.importer is not None]
    if named is None:
        raise UsageError("import needs --from TARGET", hint=f"There are: {', '.join(importable)}")
    check_targets([named], [target.id for target in targets])
    target = next(target for target in targets if target.id == named)
    if target.importer is None:
        hint = f"It can be imported from: {', '.join(importable)}"
        raise UsageError(f"what was kept for {target.name} can't be imported", hint=hint)
    return target


def show(console: Console, row: Mapping[str, Any], name: str) -> None:
    """What came, and what did not, for people."""
    console.header(visible(row["path"]))
    for each in _first(console, row["imported"]):
        sign = console.colourize("green", "→" if row["dry_run"] else "✓")
        console.line(f"  {sign} {_kind(each)}: {_from(each)} -> {visible(each['to'])}")
    if console.verbose:
        for each in row["there"]:
            console.skip(f"there already: {_kind(each)}: {_from(each)} -> {visible(each['to'])}")
        for address in row["said"]:
            console.skip(f"there already: {visible(address)}")
        for address in row["ours"]:
            console.skip(f"an output of ours: {visible(address)}")
    for failure in row["failures"]:
        console.error(visible(f"{failure['path']}: {failure['message']}. {failure['hint']}"))
    for conflict in row["conflicts"]:
        console.note(f"conflict: {_kind(conflict)} {_from(conflict)}: {visible(_sentence(conflict))}")
    for each in row["unreadable"]:
        console.note(visible(f"not read: {each['file']}: {each['message']}"))
    for loss in row["losses"]:
        word = console.colourize("red", "security") if loss["security"] else "lost"
        console.note(f"{word}: {_from(loss)}: {visible(loss['why'])}")
    if row["imported"]:
        _next(console, row, name)
    console.line(f"  {_summary(row)}")


def _next(console: Console, row: Mapping[str, Any], name: str) -> None:
    """What to know, and what to type next."""
    what = f"What was brought over still stands in {name}'s own files too, which are yours"
    console.line(f"  {console.colourize('cyan', 'i')} {what}: a sync tells where the two get in each other's way")
    if row["scope"] == "project" and any(each["kind"] in _NEEDS_TRUST for each in row["imported"]):
        text = (
            f"Before it reaches other harnesses, approve what they would execute: harnesssync ctl trust {argument(row)}"
        )
        console.line(f"  {console.colourize('cyan', 'i')} {text}")


def _summary(row: Mapping[str, Any]) -> str:
    came = "would come" if row["dry_run"] else "imported"
    counts = [
        (len(row["imported"]), came),
        (len(row["there"]) + len(row["said"]), "there already"),
        (len(row["conflicts"]), "in conflict"),
        (len(row["losses"]), "lost"),
        (len(row["unreadable"]), "not read"),
    ]
    return ", ".join(f"{number} {word}" for number, word in counts if number) or "nothing to import"


def _kind(row: Mapping[str, Any]) -> str:
    return _KINDS.get(row["kind"], str(row["kind"]))


def _from(row: Mapping[str, Any]) -> str:
    return visible(row["file"] + (f": {row['key']}" if row["key"] else ""))


def _sentence(row: Mapping[str, Any]) -> str:
    return f"{row['message']}. {row['hint']}" if row["hint"] else str(row["message"])


def _first(console: Console, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    shown = rows if console.verbose else rows[:LONGEST]
    if len(rows) > len(shown):
        console.line(f"  {console.colourize('dim', f'{len(rows)} in all; --verbose shows them')}")
    return shown
