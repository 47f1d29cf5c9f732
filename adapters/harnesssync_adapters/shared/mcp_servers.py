"""MCP servers as JSON, in the shape that most harnesses share: `{"command", "args", "env"}` or `{"url", "headers"}`.

What differs between them is a `Dialect`: where the servers stand, how a transport is told, what a variable is called
and where it is expanded. Where that is not known, a reference would arrive as literal text: the server is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.servers import extra_losses, in_claudes_shape, literal_texts, server_key
from harnesssync_orchestrator.core.desired import JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import McpServer, Transport
from harnesssync_orchestrator.core.references import Reference, Template
from harnesssync_orchestrator.core.targets import View

FIELDS = frozenset({"command", "args", "env", "url", "headers"})
"""Where Claude Code expands references."""

_MAYBE_EXPANDED = re.compile(r"\$[\w{]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one harness writes MCP servers.

    `remote` gives for each transport that it reaches the members that tell it. `reference` writes a variable's name
    in its own syntax, and is None if none is known; `expanded` are the fields in which it is replaced. A literal text
    that `hazard` finds would be replaced too. With `keeps_unset`, the reference to a variable that is not set stays as
    it is written, so that one with a default can't be said. `timeout` is the key of a time-out and its unit in
    milliseconds.
    """

    harness: str
    pointer: tuple[str, ...] = ("mcpServers",)
    url: str = "url"
    remote: Mapping[Transport, Mapping[str, JsonValue]] = field(default_factory=dict)
    reference: Callable[[str], str] | None = None
    expanded: frozenset[str] = FIELDS
    hazard: re.Pattern[str] = _MAYBE_EXPANDED
    keeps_unset: bool = False
    timeout: tuple[str, int] | None = None

    def text(self, template: Template) -> str:
        """A value with the harness's own references."""
        written = self.reference or (lambda name: f"${{{name}}}")
        return template.render(lambda reference: written(reference.name))


def mcp_servers(view: View, servers: Sequence[McpServer], dialect: Dialect, path: str) -> Iterator[Output | Loss]:
    """Each server as a key of the file at `path`, or the loss of it."""
    for server in servers:
        refused = _refused(view, server, dialect)
        if refused is not None:
            yield refused
            continue
        yield server_key(view, server, path, (*dialect.pointer, server.name), _value(server, dialect))
        yield from _losses(view, server, dialect)


def _refused(view: View, server: McpServer, dialect: Dialect) -> Loss | None:
    harness = dialect.harness
    if server.transport is not Transport.STDIO and server.transport not in dialect.remote:
        kinds = {Transport.HTTP: "streamable HTTP", Transport.SSE: "SSE", Transport.WEBSOCKET: "WebSocket"}
        why = f"{harness} has no {kinds[server.transport]} transport, so the server is left out"
        return loss(view, server, f"type: {server.transport.value}", why)
    if (found := next(filter(dialect.hazard.search, literal_texts(server)), None)) is not None:
        might = "would" if dialect.reference else "might"
        why = f"{harness} {might} expand what Claude Code takes literally, so the server is left out"
        return loss(view, server, found or "an empty text", why)
    for place, reference in _references(server):
        if dialect.reference is None or place not in dialect.expanded:
            why = f"{harness} is not known to expand variables in {place}, so the server is left out"
            return loss(view, server, str(reference), why)
        if dialect.keeps_unset and reference.default is not None:
            why = f"{harness}'s variables have no default, and stay as they are written: the server is left out"
            return loss(view, server, str(reference), why)
    return None


def _references(server: McpServer) -> Iterator[tuple[str, Reference]]:
    single = {"command": server.command, "url": server.url}
    for place, template in single.items():
        yield from ((place, one) for one in (template.references if template is not None else ()))
    several = {"args": server.args, "env": server.env.values(), "headers": server.headers.values()}
    for place, group in several.items():
        yield from ((place, one) for template in group for one in template.references)


def _value(server: McpServer, dialect: Dialect) -> dict[str, JsonValue]:
    telling = {} if server.transport is Transport.STDIO else dialect.remote[server.transport]
    value = {**telling, **in_claudes_shape(server, {}, dialect.text, url=dialect.url)}
    if server.timeout_ms is not None and dialect.timeout is not None:
        key, unit = dialect.timeout
        value[key] = -(-server.timeout_ms // unit)  # rounded up
    return value


def _losses(view: View, server: McpServer, dialect: Dialect) -> Iterator[Loss]:
    for _, reference in _references(server):
        if reference.default is not None:
            yield loss(view, server, str(reference), f"{dialect.harness}'s variables have no default")
    if server.timeout_ms is not None and dialect.timeout is None:
        why = f"{dialect.harness} has no time-out for a single server"
        yield loss(view, server, f"timeout: {server.timeout_ms}", why)
    yield from extra_losses(view, server, dialect.harness)
