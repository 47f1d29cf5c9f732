"""`ctl ping`: does a supervisor answer?"""

from __future__ import annotations

from harnesssync_orchestrator.ctl import client, options
from harnesssync_orchestrator.ctl.options import Command
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "ping",
    "Ask whether a supervisor answers.",
    options=(options.JSON,),
    details="Exit code 0 if one does, 3 if not. HARNESSSYNC_TIMEOUT sets how many seconds to wait (5).",
)


def run(parsed: Parsed, context: Context) -> int:
    answer = client.ask(context.environ, methods.PING)
    if not isinstance(answer, dict) or answer.get("pong") is not True:
        raise client.NoSupervisorError("who answers there is no supervisor")
    console = context.console(parsed)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty(answer))
    else:
        console.line(f"pong from process {answer['pid']}" if isinstance(answer.get("pid"), int) else "pong")
    return 0
