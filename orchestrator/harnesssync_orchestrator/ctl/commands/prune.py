"""`ctl prune`: forget the projects whose folders are gone."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import options
from harnesssync_orchestrator.ctl.client import SilentError
from harnesssync_orchestrator.ctl.commands.pause import noted
from harnesssync_orchestrator.ctl.commands.remove import removed
from harnesssync_orchestrator.ctl.options import Command, Option
from harnesssync_orchestrator.ctl.presence import missing

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from harnesssync_orchestrator.ctl.client import NoSupervisorError
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "prune",
    "Forget the projects whose folders are gone.",
    options=(Option("dry-run", "Change nothing; say what would be forgotten."), options.JSON),
    details=(
        "A folder on a disk that is not mounted looks gone too: look with --dry-run first.\n"
        "Works with no supervisor running; one that runs notices. Exit code 3 if one runs and does not answer: it is\n"
        "noted all the same."
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    stale = sorted(missing(entry.path for entry in context.registry(console)))
    dry_run = parsed.flag("dry-run")
    gone: list[str] = []
    refusal: NoSupervisorError | None = None
    for path in stale:
        result, told = ({"removed": True}, None) if dry_run else removed(context, path)
        refusal = refusal if isinstance(refusal, SilentError) else told
        if result.get("removed"):
            gone.append(path)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty({"pruned": gone, "dry_run": dry_run}))
        return noted(console, refusal)
    for path in gone:
        console.info(f"{'to be removed' if dry_run else 'removed'}: {visible(path)}")
    if not gone:
        console.line("  nothing to do")
    return noted(console, refusal)
