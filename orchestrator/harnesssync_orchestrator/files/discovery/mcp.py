"""MCP servers, from `mcpServers` of `.mcp.json`, `.claude.json`, `managed-mcp.json` and plugins.

Observed with Claude Code 2.1.330: `type` says how a server is reached (`stdio` if there is none, never guessed from
the URL; `streamable-http` is `http`); a server that is wrong is skipped and the others go on; a scope nearer to the
user's project wins over the others: local, project, user.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harnesssync_orchestrator.core.items import McpServer, Transport
from harnesssync_orchestrator.core.references import Template, parse_template
from harnesssync_orchestrator.files.discovery.documents import is_duration
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader, shown

MAX_SERVERS = 100
"""Servers of one file that are read. Each is one edit of a harness's file, so thousands would take minutes."""

_TRANSPORTS = {
    "stdio": Transport.STDIO,
    "http": Transport.HTTP,
    "streamable-http": Transport.HTTP,
    "sse": Transport.SSE,
    "ws": Transport.WEBSOCKET,
}
_STDIO_KEYS = frozenset({"type", "command", "args", "env", "timeout"})
_REMOTE_KEYS = frozenset({"type", "url", "headers", "timeout"})


def read_servers(
    table: Mapping[str, Any],
    file: str,
    ground: Ground,
    reader: Reader,
    *,
    bare: bool = False,
    prefix: str = "",
    substitutions: Mapping[str, str] | None = None,
    switched_off: Collection[str] = (),
) -> Iterator[McpServer]:
    """The servers of one file, whose content `table` is.

    A `bare` table may hold the servers themselves, without `mcpServers` around them, as plugins' do. `prefix` stands
    before each name; `substitutions` are references that are replaced now (`CLAUDE_PLUGIN_ROOT`).
    """
    servers = table.get("mcpServers", table if bare else None)
    if servers is None:
        if "servers" in table:
            message, hint = "`servers` is not read by Claude Code", "Rename it to `mcpServers`."
            reader.report("mcp_file_invalid", message, file, hint)
        return
    if not isinstance(servers, dict):
        reader.report("mcp_file_invalid", "`mcpServers` is not a table of servers", file, "Write it as `{…}`.")
        return
    if len(servers) > MAX_SERVERS:
        message = f"there are {len(servers)} MCP servers; those after the first {MAX_SERVERS} are not read"
        reader.report("mcp_too_many", message, file, "Remove those that nobody uses.", hides=False)
    for name, entry in list(servers.items())[:MAX_SERVERS]:
        if name in switched_off:
            continue
        try:
            yield _read_server(prefix + name, entry, file, ground, substitutions or {})
        except _InvalidServerError as error:
            message = f"the MCP server {shown(name)} is skipped: {error}"
            reader.report("mcp_server_invalid", message, file, error.hint, hides=False)


class _InvalidServerError(ValueError):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _read_server(name: str, entry: object, file: str, ground: Ground, substitutions: Mapping[str, str]) -> McpServer:
    if not name.isprintable() or not name:
        raise _InvalidServerError("its name is empty or has control characters", "Rename it.")
    if not isinstance(entry, dict):
        raise _InvalidServerError("it is not a table", "Write its settings as `{…}`.")
    kind = entry.get("type", "stdio")
    if "type" not in entry and "url" in entry and "command" not in entry:
        raise _InvalidServerError("it has a `url` but no `type`", 'Add `"type": "http"` (or `sse`, `ws`).')
    transport = _TRANSPORTS.get(kind) if isinstance(kind, str) else None
    if transport is None:
        raise _InvalidServerError(f"its type {shown(kind)} is unknown", "Use stdio, http, sse or ws.")

    def template(text: str) -> Template:
        for reference, value in substitutions.items():
            text = text.replace(f"${{{reference}}}", value)
        return parse_template(text)

    timeout = entry.get("timeout")
    timeout_ms = int(timeout) if is_duration(timeout) else None
    if transport is Transport.STDIO:
        command = entry.get("command")
        if not isinstance(command, str) or not command:
            raise _InvalidServerError("it has no `command`", 'Add `"command": "…"`.')
        arguments = entry.get("args", [])
        if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
            raise _InvalidServerError("`args` is not a list of texts", 'Write it as `["…", "…"]`.')
        return McpServer(
            name=name,
            origin=ground.origin(file),
            transport=transport,
            command=template(command),
            args=tuple(template(argument) for argument in arguments),
            env={key: template(value) for key, value in _texts(entry, "env").items()},
            timeout_ms=timeout_ms,
            extra={key: value for key, value in entry.items() if key not in _STDIO_KEYS},
        )
    url = entry.get("url")
    if not isinstance(url, str) or not url:
        raise _InvalidServerError("it has no `url`", 'Add `"url": "…"`.')
    return McpServer(
        name=name,
        origin=ground.origin(file),
        transport=transport,
        url=template(url),
        headers={key: template(value) for key, value in _texts(entry, "headers").items()},
        timeout_ms=timeout_ms,
        extra={key: value for key, value in entry.items() if key not in _REMOTE_KEYS},
    )


def _texts(entry: Mapping[str, Any], key: str) -> dict[str, str]:
    value = entry.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(inner, str) for inner in value.values()):
        raise _InvalidServerError(f"`{key}` is not a table of texts", "Put numbers and booleans in quotes.")
    return value
