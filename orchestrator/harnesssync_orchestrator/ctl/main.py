"""`harnesssync ctl`: picks the command and runs it."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import options
from harnesssync_orchestrator.ctl.commands import NAMES
from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from harnesssync_orchestrator.ctl.context import Context

    class CommandModule(Protocol):
        """What a module of `commands` has."""

        COMMAND: options.Command
        run: Callable[[options.Parsed, Context], int]


def run(arguments: Sequence[str], context: Context) -> int:
    """Run one command line; the exit code. Raises `HarnessSyncError`s, which the composition root tells of."""
    program = f"{context.program} ctl"
    name, rest = options.split_command(arguments)
    if name is None:
        if "--help" in rest or "-h" in rest:
            print(overview(program))
            return 0
        raise UsageError(f"{program} needs a command", hint=f"See {program} --help")
    if name not in NAMES:
        raise options.unknown_command(program, name, NAMES)
    module = load(name)
    parsed = options.parse(module.COMMAND, rest)
    if parsed.flag("help"):
        print(options.help_text(program, module.COMMAND))
        return 0
    return module.run(parsed, context)


def load(name: str) -> CommandModule:
    """The module of one command: only that is imported."""
    module = f"{__package__}.commands.{'list_' if name == 'list' else name}"
    imported: CommandModule = __import__(module, fromlist=["COMMAND"])
    return imported


def overview(program: str) -> str:
    """What `harnesssync ctl --help` prints."""
    summary = (
        "Talk to a running supervisor. With none, add, remove, list, status, trust, pause, resume and prune work too."
    )
    after = (
        f"{program} COMMAND --help tells more. --project PATH may also stand before the command.\n"
        "Exit codes: 0 clean, 1 drift, conflict, out of step or held back until trusted, 2 usage,\n"
        "3 no supervisor, 4 failed."
    )
    return options.overview(program, summary, [load(name).COMMAND for name in NAMES], after=after)
