"""MCP servers as keys of merged files; and what harnesses that expand variables themselves make of their text."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping

from harnesssync_adapters.shared.names import found_at, is_private, loss
from harnesssync_orchestrator.core.desired import JsonValue, KeyOutput, Loss
from harnesssync_orchestrator.core.items import McpServer, Scope, Transport
from harnesssync_orchestrator.core.references import Template
from harnesssync_orchestrator.core.targets import View


def templates(server: McpServer) -> tuple[Template, ...]:
    """Every value of a server that may refer to variables."""
    given = (server.command, *server.args, *server.env.values(), server.url, *server.headers.values())
    return tuple(one for one in given if one is not None)


def literal_texts(server: McpServer) -> Iterator[str]:
    """Every text of a server that is taken as it stands. Names are among them: a file may be expanded as a whole."""
    yield from (server.name, *server.env, *server.headers)
    yield from (part for one in templates(server) for part in one.parts if isinstance(part, str))


def unusable(view: View, server: McpServer, harness: str, would_expand: Callable[[str], bool]) -> Loss | None:
    """The loss of a server that the harness can't reach, or of whose text it would make something else; else None.

    `would_expand` says so of a literal text.
    """
    if (hazard := next(filter(would_expand, literal_texts(server)), None)) is not None:
        why = f"{harness} would expand what Claude Code takes literally, so the server is left out"
        return loss(view, server, hazard, why)
    if server.transport is Transport.WEBSOCKET:
        return loss(view, server, "type: ws", f"{harness} has no WebSocket transport, so the server is left out")
    return None


def extra_losses(view: View, server: McpServer, harness: str) -> Iterator[Loss]:
    """What a server says that has no field. Other harnesses start it in a folder that it names (`cwd`); Claude Code has
    been seen to start it in the project's, whatever it says."""
    for name in server.extra:
        is_folder = name == "cwd" and server.transport is Transport.STDIO
        why = "Claude Code is not known to heed it, so nobody else is told" if is_folder else None
        yield loss(view, server, name, why or f"{harness} has no such setting, or another one")


def server_key(
    view: View,
    server: McpServer,
    path: str,
    pointer: tuple[str, ...],
    value: JsonValue,
    *,
    format: str = "json",  # noqa: A002 - as `KeyOutput` calls it
    rivals: tuple[str, ...] = (),
) -> KeyOutput:
    """A server as a key of a file that people also edit, and that may stand in one of the `rivals` too."""
    return KeyOutput(
        path=path,
        items=(server.id,),
        private=is_private(view, server),
        executes=server.executes,
        format=format,
        pointer=pointer,
        value=value,
        rivals=rivals,
    )


def in_claudes_shape(
    server: McpServer, types: Mapping[Transport, str], text: Callable[[Template], str] = str, *, url: str = "url"
) -> dict[str, JsonValue]:
    """A server with the members that Claude Code gives it: `type`, and `command`, `args` and `env`, or `url` and
    `headers`.

    `types` are the names of the transports; one without a name gets no `type`. `text` writes a value, `url` is
    what the member of that name is called.
    """
    value: dict[str, JsonValue] = {"type": types[server.transport]} if server.transport in types else {}
    if server.transport is Transport.STDIO:
        value |= {"command": text(server.command or Template(("",))), "args": [text(one) for one in server.args]}
        if server.env:
            value["env"] = {name: text(one) for name, one in server.env.items()}
    else:
        value[url] = text(server.url or Template(("",)))
        if server.headers:
            value["headers"] = {name: text(one) for name, one in server.headers.items()}
    return value


def is_claude_server(view: View, server: McpServer) -> bool:
    """Does a server stand in the one file of this scope that other harnesses look into?"""
    name = ".mcp.json" if view.scope is Scope.PROJECT else ".claude.json"
    return server.origin.plugin is None and found_at(view, server) == posixpath.join(view.root, name)
