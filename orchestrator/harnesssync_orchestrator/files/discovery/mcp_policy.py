"""Which MCP servers an administrator, or the user, forbids: no harness may get what Claude Code must not connect to.

`deniedMcpServers` of all settings files add up. `allowedMcpServers` is a list of what may be used at all; where an
administrator sets `allowManagedMcpServersOnly`, only his counts. An entry names a server, a command line or a URL with
wildcards. Source: the descriptions of these settings in Claude Code 2.1.330 and its documentation of managed MCP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from harnesssync_orchestrator.core.items import Layer, McpServer
from harnesssync_orchestrator.files.discovery.settings import LayeredSettings, Settings


def permitted(servers: Iterable[McpServer], settings: LayeredSettings) -> Iterator[McpServer]:
    """The servers that may be used. An administrator's own need not be on the list of allowed ones."""
    denied = _entries(settings.files, "deniedMcpServers") or ()
    sources = settings.files
    if settings.managed_only("allowManagedMcpServersOnly"):
        sources = settings.of(Layer.MANAGED)
    allowed = _entries(sources, "allowedMcpServers")
    for server in servers:
        if any(_is_about(entry, server) for entry in denied):
            continue
        if allowed is None or server.origin.layer is Layer.MANAGED or _is_allowed(server, allowed):
            yield server


def _entries(files: Sequence[Settings], key: str) -> tuple[Mapping[str, Any], ...] | None:
    """The entries under `key` of all files; None if no file has such a list."""
    lists = [file.table[key] for file in files if isinstance(file.table.get(key), list)]
    if not lists:
        return None
    return tuple(entry for entries in lists for entry in entries if isinstance(entry, dict))


def _is_allowed(server: McpServer, allowed: Sequence[Mapping[str, Any]]) -> bool:
    """Where the list has command lines, a stdio server must match one, its name is not enough; likewise for URLs."""
    decisive = "serverCommand" if server.command is not None else "serverUrl"
    stricter = [entry for entry in allowed if decisive in entry]
    return any(_is_about(entry, server) for entry in stricter or allowed)


def _is_about(entry: Mapping[str, Any], server: McpServer) -> bool:
    if "serverName" in entry:
        return bool(entry["serverName"] == server.name)
    if "serverCommand" in entry and server.command is not None:
        line = [str(server.command), *(str(argument) for argument in server.args)]
        return bool(entry["serverCommand"] == line)
    pattern = entry.get("serverUrl")
    if isinstance(pattern, str) and server.url is not None:
        return fnmatchcase(str(server.url), pattern.replace("[", "[[]"))
    return False
