"""MCP servers for harnesses that expand variables in their configuration themselves."""

from __future__ import annotations

from collections.abc import Callable

from harnesssync_adapters.shared.names import loss
from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import McpServer, Transport
from harnesssync_orchestrator.core.references import Template
from harnesssync_orchestrator.core.targets import View


def templates(server: McpServer) -> tuple[Template, ...]:
    """Every value of a server that may refer to variables."""
    given = (server.command, *server.args, *server.env.values(), server.url, *server.headers.values())
    return tuple(one for one in given if one is not None)


def unusable(view: View, server: McpServer, harness: str, would_expand: Callable[[str], bool]) -> Loss | None:
    """The loss of a server that the harness can't reach, or of whose text it would make something else; else None.

    `would_expand` says so of a literal text. Names are asked about too: a file may be expanded as a whole.
    """
    names = (server.name, *server.env, *server.headers)
    values = (part for one in templates(server) for part in one.parts if isinstance(part, str))
    if (hazard := next((text for text in (*names, *values) if would_expand(text)), None)) is not None:
        why = f"{harness} would expand what Claude Code takes literally, so the server is left out"
        return loss(view, server, hazard, why)
    if server.transport is Transport.WEBSOCKET:
        return loss(view, server, "type: ws", f"{harness} has no WebSocket transport, so the server is left out")
    return None
