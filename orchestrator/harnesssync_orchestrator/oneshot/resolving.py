"""`resolve`: asks about each conflict, or carries out what the flags say, and syncs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harnesssync_orchestrator.console import Console, visible
from harnesssync_orchestrator.core.drift import Choice
from harnesssync_orchestrator.core.plan import MakeLink, WriteFile
from harnesssync_orchestrator.core.report import Report, to_json
from harnesssync_orchestrator.ctl import rendering
from harnesssync_orchestrator.ctl.commands.resolve import addresses_of, choice_of
from harnesssync_orchestrator.ctl.options import Parsed, check_targets
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.oneshot.changes import show_changes
from harnesssync_orchestrator.oneshot.work import check_chosen, lock_timeout, project_of, run_sync
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty
from harnesssync_orchestrator.service.engine import Options
from harnesssync_orchestrator.service.resolving import Choices, Decidable, chosen, decidables, named, settled

if TYPE_CHECKING:
    from harnesssync_orchestrator.cli import Ground
    from harnesssync_orchestrator.config import Config
    from harnesssync_orchestrator.core.projects import Project

_KEYS = {"r": Choice.RESTORE, "k": Choice.KEEP, "a": Choice.ADOPT}
_WORDS = {Choice.RESTORE: "[r]estore ours", Choice.KEEP: "[k]eep mine", Choice.ADOPT: "[a]dopt into the source"}
_HELP = """\
  r  write ours again; what is there is kept in the history (harnesssync undo brings it back)
  k  leave what is there, from now on without telling, until it is deleted or restored
  a  take the edit into the source, where that gives exactly what was edited
  d  show what restoring would change
  s  decide later
  q  ask no more; what was decided so far is done"""


def run(parsed: Parsed, ground: Ground) -> int:
    """Resolve; the exit code is that of the report: 1 while a conflict is left. Raises `HarnessSyncError`s."""
    console = Console(verbose=parsed.flag("verbose"), environ=ground.environ)
    choice = choice_of(parsed)
    asks = choice is None
    if asks and (parsed.flag("json") or not (sys.stdin.isatty() and sys.stdout.isatty())):
        raise UsageError(
            "resolve asks on a terminal only", hint="Say --restore, --keep or --adopt, and an ADDRESS or --all"
        )
    addresses = None if asks and not parsed.arguments else addresses_of(parsed)
    targets = parsed.texts("target")
    check_targets(targets, [target.id for target in ground.targets()])
    project, config = project_of(parsed, ground, console), ground.config()
    check_chosen(targets, project, config)
    options = Options(targets=targets, lock_timeout_s=lock_timeout(parsed, config))
    report = run_sync(project, ground, config, replace(options, dry_run=True))
    choices: Choices = ()
    if report.tells_conflicts:
        if choice is None:
            choices = _Questions(console, project, ground, config, options).ask(_asked(report, addresses))
        else:
            choices = chosen(report, Choice(choice), addresses)
        if choices or choice is not None:  # who only looked, or decided nothing, asked for no sync
            report = run_sync(project, ground, config, replace(options, choices=choices))
    resolved = [{"address": str(address), "choice": each.value} for address, each in settled(report, choices)]
    if parsed.flag("json"):
        console.line(dumps_pretty({"projects": [to_json(report)], "resolved": resolved}))
    else:
        rendering.resolved(console, to_json(report), resolved)
    return report.exit_code


def _asked(report: Report, addresses: Sequence[str] | None) -> tuple[Decidable, ...]:
    """What is asked about: what was named, else every conflict. What is kept has been decided."""
    if addresses is not None:
        return named(report, addresses)
    conflicts = {conflict.address for conflict in report.conflicts}
    return tuple(each for each in decidables(report) if each.address in conflicts)


class _Questions:
    """A conversation at a terminal."""

    def __init__(self, console: Console, project: Project, ground: Ground, config: Config, options: Options) -> None:
        self._console = console
        self._project = project
        self._ground = ground
        self._config = config
        self._options = options

    def ask(self, asked: Sequence[Decidable]) -> Choices:
        """What a person decides; nothing for what they skip."""
        decided: Choices = ()
        for number, each in enumerate(asked, start=1):
            self._console.line(f"({number}/{len(asked)}) {visible(each.message or f'{each.address}: it is kept')}")
            if not each.choices:
                self._console.line(f"  {visible(each.hint)}")
                continue
            answer = self._ask_one(each)
            if answer is None:
                break
            if isinstance(answer, Choice):
                decided = (*decided, (each.address, answer))
        return decided

    def _ask_one(self, each: Decidable) -> Choice | str | None:
        """A choice, something else for later, or None to be asked no more."""
        words = ", ".join([*(_WORDS[choice] for choice in each.choices), "[d]iff", "[s]kip", "[q]uit"])
        while True:
            try:
                key = input(f"  {words} (? for help): ").strip().lower()[:1]
            except EOFError:
                self._console.line()
                return None
            if key == "q":
                return None
            if key == "s":
                return "skip"
            if key == "d":
                self._show(each)
            elif _KEYS.get(key) in each.choices:
                return _KEYS[key]
            else:
                self._console.line(_HELP)

    def _show(self, each: Decidable) -> None:
        """What restoring would change: it is planned, and shown as `diff` shows a plan."""
        if Choice.RESTORE not in each.choices:
            self._console.line("      ours can't be put in its place, so that there is nothing to compare")
            return
        options = replace(self._options, dry_run=True, choices=((each.address, Choice.RESTORE),))
        report = run_sync(self._project, self._ground, self._config, options)
        operations = tuple(
            as_text(operation) if isinstance(operation, MakeLink) else operation
            for operation in report.operations
            if operation.path == each.address.path
        )
        show_changes(self._console, replace(report, operations=operations))


def as_text(operation: MakeLink) -> MakeLink | WriteFile:
    """A link to a file as what one reads there, to be compared with the file that took its place."""
    try:
        content = Looked().read(operation.source)
    except OSError:  # a folder, gone, or no file by now
        return operation
    return WriteFile(
        path=operation.path,
        owners=operation.owners,
        expected=operation.expected,
        content=content,
        executable=False,
    )
