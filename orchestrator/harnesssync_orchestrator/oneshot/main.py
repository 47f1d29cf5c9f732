"""The commands of both programs besides `ctl`: picks one and runs it."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import options
from harnesssync_orchestrator.ctl.options import Command, Option
from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence

    from harnesssync_orchestrator.cli import Ground

# ruff: noqa: PLC0415 - each command imports what it needs, and a mistake in a command line imports nothing

SERVICE = "harnesssync-orchestrator"
_PLACE = (options.PROJECT, options.USER)
_SHOWN = (options.LOCK_TIMEOUT, options.JSON, options.VERBOSE)
_REHASH = Option("rehash", "Read every file again, also those that look unchanged.")

SYNC = Command(
    "sync",
    "Sync a project now, without a supervisor.",
    options=(
        *_PLACE,
        options.TARGET,
        Option("dry-run", "Change nothing; say what would be done."),
        options.CONFIRM,
        _REHASH,
        *_SHOWN,
    ),
    details=(
        "Exit code: 0 clean, 1 if something is in conflict, wrong in the source or held back until it is approved\n"
        "(harnesssync ctl trust .), 4 if something failed."
    ),
)
CHECK = Command(
    "check",
    "Tell by the exit code whether a project is in step: for CI and hooks.",
    options=(*_PLACE, options.TARGET, _REHASH, *_SHOWN),
    details=(
        "Changes nothing. Exit code: 0 in step, 1 out of step, in conflict or held back until trusted, 4 failed.\n"
        "A fresh machine, such as one of a CI, has approved nothing yet: run `harnesssync ctl trust .` first."
    ),
)
STATUS = Command(
    "status",
    "Show how a project stands, without a supervisor.",
    options=(*_PLACE, options.TARGET, *_SHOWN),
    details="Changes nothing. Exit code as of check.",
)
DIFF = Command(
    "diff",
    "Show every change that a sync would make.",
    options=(*_PLACE, options.TARGET, *_SHOWN),
    details="Changes nothing. Exit code as of check.",
)
RESOLVE = Command(
    "resolve",
    "Decide about conflicts: restore ours, keep yours, or adopt an edit into the source.",
    options=(*_PLACE, options.TARGET, *options.RESOLVE, *_SHOWN),
    argument="[ADDRESS…]",
    details=(
        "An ADDRESS is as `status` shows it; a path means everything in that file. Without a choice, you are asked on\n"
        "a terminal. Then the project is synced. What is restored over is kept in the history. Exit code as of sync."
    ),
)
UNDO = Command(
    "undo",
    "Take back the last sync of a project.",
    options=(*_PLACE, *options.UNDO, *_SHOWN),
    argument="[NUMBER]",
    details=options.UNDO_DETAILS,
)
UNLINK = Command(
    "unlink",
    "Take away everything that was written, of all harnesses or of some.",
    options=(
        *_PLACE,
        Option("all", "Of all harnesses; a registered project is paused."),
        options.TARGET,
        Option("dry-run", "Change nothing; say what would be done."),
        *_SHOWN,
    ),
    details=(
        "The tree is then as it was before the first sync, also what you once let be replaced. What was edited since\n"
        "is a conflict and is left alone. It can be undone. With --target, a registered project keeps the others.\n"
        "Exit code: 0 gone, 1 if something was left alone, 4 if something failed."
    ),
)
EXPLAIN = Command(
    "explain",
    "Say what made a file, or each part of it, and what would be in it and is not.",
    options=(*_PLACE, *_SHOWN),
    argument="FILE",
    details=(
        "Of a merged file key by key: the item, its layer and its file, and for whom; what of it is yours; and what\n"
        "is lost, in conflict, kept by you, or held back until it is trusted. Also of a folder, or of something in a\n"
        "linked one. The project is the one around FILE, wherever you are. Changes nothing.\n"
        "Exit code: 0 if anything there is an output of ours, 1 if nothing is, 2 if it is in no project, 4 failed."
    ),
)
IMPORT = Command(
    "import",
    "Bring over what was kept for another harness into Claude Code's layout.",
    options=(
        Option("from", "The harness that it was kept for.", value="TARGET"),
        *_PLACE,
        Option("dry-run", "Change nothing; say what would come."),
        *_SHOWN,
    ),
    details=(
        "Rules, skills, agents, commands, MCP servers, and what can be said of hooks, permissions and variables.\n"
        "Nothing is overwritten: what says something else already is a conflict, and what Claude Code can't express a\n"
        "loss. Credentials do not go into files that git sees. `undo` takes it back.\n"
        "Exit code: 0 if all of it came or was there, 1 if something was in the way, 2 if it can't be imported from\n"
        "TARGET, 4 if something failed."
    ),
)
TARGETS = Command(
    "targets",
    "Show what each harness can take, and what is lost on the way.",
    options=(options.JSON, options.VERBOSE),
    argument="[TARGET]",
    details="native: reads Claude Code's own files; link, render, merge: kept in step; a dash: not possible.",
)
SERVE = Command(
    "serve",
    "Run the supervisor: keep every registered project in step.",
    options=(
        Option("project", "Serve only this worktree, apart from the supervisor.", value="PATH"),
        Option("log-format", "auto, json or console; beats the configuration.", value="FORMAT"),
    ),
    details="Ends on SIGTERM, SIGINT or `harnesssync ctl stop`, with what is being written finished.",
)
CTL = Command("ctl", "Talk to a running supervisor.")
COMMANDS = (SYNC, CHECK, STATUS, DIFF, RESOLVE, UNDO, UNLINK, EXPLAIN, IMPORT, TARGETS)


def run(program: str, arguments: Sequence[str], ground: Ground) -> int:
    """Run one command line; the exit code. Raises `HarnessSyncError`s."""
    commands = {command.name: command for command in (*COMMANDS, *((SERVE,) if program == SERVICE else ()))}
    name, rest = options.split_command(arguments)
    if name is None:
        if rest and rest[0] not in ("--help", "-h"):
            raise UsageError(f"{program} has no option {rest[0]}", hint=f"See {program} --help")
        print(_overview(program, commands))
        return 0
    if name == "serve" and name not in commands:
        raise UsageError(f"{program} does not serve", hint=f"Use {SERVICE} serve")
    if name not in commands:
        raise options.unknown_command(program, name, (*commands, "ctl"))
    parsed = options.parse(commands[name], rest)
    if parsed.flag("help"):
        print(options.help_text(program, commands[name]))
        return 0
    if name == "targets":
        from harnesssync_orchestrator.oneshot import matrix

        return matrix.run(parsed, ground)
    if name in ("undo", "unlink"):
        from harnesssync_orchestrator.oneshot import undoing

        return undoing.run(name, parsed, ground)
    if name == "explain":
        from harnesssync_orchestrator.oneshot import explaining

        return explaining.run(parsed, ground)
    if name == "import":
        from harnesssync_orchestrator.oneshot import importing

        return importing.run(parsed, ground)
    if name == "serve":
        from harnesssync_orchestrator.oneshot import serving

        return serving.run(parsed, ground)
    if name == "resolve":
        from harnesssync_orchestrator.oneshot import resolving

        return resolving.run(parsed, ground)
    from harnesssync_orchestrator.oneshot import work

    return work.run(name, parsed, ground)


def _overview(program: str, commands: dict[str, Command]) -> str:
    after = (
        f"{program} COMMAND --help tells more. Without --project, a command speaks of the worktree around you.\n"
        "Exit codes: 0 clean, 1 drift, conflict, out of step or held back until trusted, 2 usage,\n"
        "3 no supervisor, 4 failed."
    )
    summary = "Keep the configuration of AI coding harnesses in step with Claude Code's."
    return options.overview(program, summary, [*commands.values(), CTL], after=after)
