"""`ctl diff`: what the supervisor's next sync of a project would change."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import options, rendering
from harnesssync_orchestrator.ctl.options import Command, Option
from harnesssync_orchestrator.ctl.work import ask_for_reports, show
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "diff",
    "Show what a sync would change.",
    options=(
        options.PROJECT,
        options.USER,
        Option("all", "Every project that the supervisor serves."),
        options.JSON,
        options.VERBOSE,
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    answer = ask_for_reports(parsed, context, console, methods.DIFF, {})
    return show(parsed, console, answer, rendering.difference)
