"""`ctl stop`: have the supervisor stop, and wait until it has."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import client, options
from harnesssync_orchestrator.ctl.options import Command
from harnesssync_orchestrator.ctl.places import control_socket
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "stop",
    "Stop the supervisor, or the daemon of one project.",
    options=(options.Option("project", "The daemon that serves only this worktree.", value="PATH"), options.JSON),
)
STOPPING_S = 10.0
"""How long stopping may take: a supervisor finishes what it is writing."""


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    socket = control_socket(context.environ)
    if parsed.text("project"):
        socket = client.own_socket(context.environ, context.project(parsed, console))
    connection = client.Connection(socket, timeout=client.answer_time(context.environ))
    try:
        answer = connection.call(methods.STOP, timeout=client.answer_time(context.environ))
        connection.wait_for_end(STOPPING_S)
    finally:
        connection.close()
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty(answer))
    else:
        console.info("stopped")
    return 0
