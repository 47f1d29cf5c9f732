"""MCP servers for harnesses that expand no variables: what a reference stands for must be said in another way.

A server whose reference can't be said is left out, since it would get the text `${NAME}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harnesssync_adapters.shared.names import loss
from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import McpServer, Transport
from harnesssync_orchestrator.core.references import Reference, Template
from harnesssync_orchestrator.core.targets import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What a harness has besides literal text.

    `inherits`: programs get the variables of the harness's own environment. `bearer`: it takes the name of a variable
    for a bearer token. `header`: it takes the name of a variable for one header of any name.
    """

    inherits: bool = False
    bearer: bool = False
    header: bool = False
    transports: frozenset[Transport] = frozenset({Transport.STDIO, Transport.HTTP, Transport.SSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A server without references: `env` and `headers` are literal, `inherited` names the variables that its program
    gets from the harness, and `token` is the variable of a header, with what stands before its value."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    inherited: tuple[str, ...] = ()
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    token: tuple[str, str, str] | None = None


def plain(view: View, server: McpServer, harness: str, ways: Ways) -> tuple[Plain | None, list[Loss]]:
    """The server for such a harness, or None with the losses that say why; a server may have losses too."""
    if server.transport not in ways.transports:
        why = f"{harness} has no transport of that kind, so the server is left out"
        return None, [loss(view, server, f"type: {server.transport.value}", why)]
    hidden = dict(_hidden(server, ways))
    if hidden:
        why = f"{harness} expands no variables, so the server is left out"
        return None, [loss(view, server, what, why) for what in hidden]
    headers = {name: str(one) for name, one in server.headers.items() if one.is_literal}
    found = Plain(
        command=str(server.command or ""),
        args=tuple(map(str, server.args)),
        env={name: str(one) for name, one in server.env.items() if one.is_literal},
        inherited=tuple(name for name, one in server.env.items() if not one.is_literal),
        url=str(server.url or ""),
        headers=headers,
        token=next((_token(name, one) for name, one in server.headers.items() if not one.is_literal), None),
    )
    return found, list(_default_losses(view, server, harness))


def _hidden(server: McpServer, ways: Ways) -> Iterator[tuple[str, Template]]:
    """The parts of a server that such a harness can't be told of."""
    fixed = [("command", server.command), *((f"args: {one}", one) for one in server.args), ("url", server.url)]
    for what, template in fixed:
        if template is not None and not template.is_literal:
            yield what, template
    for name, template in server.env.items():
        own = len(template.parts) == 1 and template.references and template.references[0].name == name
        if not template.is_literal and not (ways.inherits and own):
            yield f"env {name}={template}", template
    spent = False
    for name, template in server.headers.items():
        if not template.is_literal:
            if spent or not _is_sayable(name, template, ways):
                yield f"header {name}: {template}", template
            spent = True


def _is_sayable(name: str, template: Template, ways: Ways) -> bool:
    token = _token(name, template)
    if token is None:
        return False
    return ways.header or (ways.bearer and name.lower() == "authorization" and token[2] == "Bearer ")


def _token(name: str, template: Template) -> tuple[str, str, str] | None:
    """Header, variable and the text before its value; None unless one reference without a default ends the header."""
    *before, last = template.parts
    if isinstance(last, Reference) and last.default is None and all(isinstance(part, str) for part in before):
        return name, last.name, "".join(map(str, before))
    return None


def _default_losses(view: View, server: McpServer, harness: str) -> Iterator[Loss]:
    for name, template in server.env.items():
        if any(reference.default is not None for reference in template.references):
            yield loss(view, server, f"env {name}={template}", f"{harness} passes the variable on without its default")
