"""MCP servers of other harnesses in the shape of Claude Code's `.mcp.json`, and what of them can't be said there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Lost, New, NewKey
from harnesssync_orchestrator.core.items import Kind, Scope

_CLAUDES = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\}")
"""What Claude Code would expand."""


def literal(text: str) -> str | None:
    """For a harness that expands nothing: None for what Claude Code would expand."""
    return None if _CLAUDES.search(text) else text


def same_references(text: str) -> str | None:
    """For a harness that has Claude Code's own `${NAME}`, and `$NAME` besides."""
    return re.sub(r"\$([A-Za-z_][A-Za-z0-9_]*)", r"${\1}", text)


def _renamed(pattern: str, hazard: str) -> Callable[[str], str | None]:
    own, other = re.compile(pattern), re.compile(hazard)

    def renamed(text: str) -> str | None:
        left = own.sub("", text)
        return None if other.search(left) or _CLAUDES.search(left) else own.sub(r"${\1}", text)

    return renamed


env_references = _renamed(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", r"\$\{")
"""For `${env:NAME}`; what else stands in braces (`${workspaceFolder}`, `${input:id}`) can't be said."""

brace_references = _renamed(r"\{env:([A-Za-z_][A-Za-z0-9_]*)\}", r"\{(?:env|file):")
"""For `{env:NAME}`; the content of a file (`{file:…}`) can't be said."""


secret_references = _renamed(r"\$\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}", r"\$\{\{")
"""For `${{ secrets.NAME }}`; other values in such braces can't be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """How a harness writes servers: in what it differs from Claude Code.

    `text` gives a value with Claude Code's references, None if it can't be said. `types` are its names of transports;
    `urls` its names of the member `url`, each with the transport that is meant where no type is told. `timeout` is the
    member of a time-out with its unit in milliseconds. `known` are members that say nothing.
    """

    harness: str
    text: Callable[[str], str | None]
    types: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=lambda: {"url": "http"})
    env: str = "env"
    headers: str = "headers"
    timeout: tuple[str, float] | None = None
    known: frozenset[str] = frozenset()


_TYPES = {"stdio": "stdio", "local": "stdio", "http": "http", "streamable-http": "http", "sse": "sse", "ws": "ws"}
MOST_MS = 2**31
"""Longer time-outs end at once in many programs."""

_RESTRICTING = re.compile(r"exclude|disabled_?tools|enabled_?tools|include|denylist", re.IGNORECASE)


def servers(
    documents: Documents,
    path: str,
    pointer: tuple[str, ...],
    tongue: Tongue,
    read: Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, str]]] | None = None,
) -> Iterator[New | Lost]:
    """The servers in a table of a file. `read` brings a server into the members of this module first, and gives what
    is lost on that way, by member."""
    to = ".mcp.json" if documents.scope is Scope.PROJECT else ".claude.json"
    for name, raw in documents.table(path, *pointer).items():
        key = "/".join((*pointer, name))
        if not isinstance(raw, Mapping) or not name or not name.isprintable():
            yield Lost(source=path, key=key, why="it is no table with the settings of a server")
            continue
        if raw.get("enabled") is False or raw.get("disabled") is True:
            yield Lost(source=path, key=key, why=f"it is switched off in {tongue.harness}; Claude Code would start it")
            continue
        members, losses = read(raw) if read is not None else (dict(raw), {})
        value = _server(members, tongue, losses)
        if value is not None:
            yield NewKey(kind=Kind.MCP_SERVER, source=path, key=key, path=to, pointer=("mcpServers", name), value=value)
        for what, why in losses.items():
            restricts = value is not None and _RESTRICTING.search(what) is not None
            yield Lost(source=path, key=f"{key}/{what}" if what else key, why=why, security=restricts)


def _server(raw: dict[str, Any], tongue: Tongue, losses: dict[str, str]) -> dict[str, JsonValue] | None:
    """A server in Claude Code's shape, None if it can't be written; what is lost goes into `losses`."""
    url = next((name for name in tongue.urls if raw.get(name)), None)
    kind = {**_TYPES, **tongue.types}.get(str(raw.get("type", "")), "")
    used = {"type", "enabled", "disabled", *tongue.known}
    value: dict[str, JsonValue]
    if url is None:
        if not isinstance(raw.get("command"), str) or not raw["command"]:
            losses[""] = "it has neither a command nor a URL"
            return None
        used |= {"command", "args", tongue.env}
        args = raw.get("args") or []
        value = {"command": raw["command"], "args": _texts(args) if isinstance(args, list) else []}
        if env := _table(raw.get(tongue.env)):
            value["env"] = env
    else:
        used |= {*tongue.urls, tongue.headers}
        value = {"type": kind if kind not in ("", "stdio") else tongue.urls[url], "url": str(raw[url])}
        if headers := _table(raw.get(tongue.headers)):
            value["headers"] = headers
    if tongue.timeout is not None and tongue.timeout[0] in raw:
        used.add(tongue.timeout[0])
        number = raw[tongue.timeout[0]]
        if isinstance(number, (int, float)) and 0 < number * tongue.timeout[1] < MOST_MS:
            value["timeout"] = int(number * tongue.timeout[1])
    said = _said(value, tongue)
    if said is None:
        losses[""] = f"a value in it means something else to {tongue.harness} than to Claude Code, or can't be said"
        return None
    for name, inner in raw.items():
        if name not in used and inner not in (None, "", [], {}, False):
            losses.setdefault(name, "Claude Code has no such setting of a server")
    return said


def mapping(value: object) -> Mapping[str, Any]:
    """A table; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def _table(value: object) -> dict[str, JsonValue]:
    """What programs get as texts, as JSON writes it; what is null says nothing."""
    return {str(key): as_text(inner) for key, inner in mapping(value).items() if inner is not None}


def _texts(values: list[object]) -> list[JsonValue]:
    return [as_text(each) for each in values if each is not None]


def as_text(value: object) -> str:
    """A value of a configuration as a program would get it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _said(value: dict[str, JsonValue], tongue: Tongue) -> dict[str, JsonValue] | None:
    """The server with Claude Code's references, None if a text can't be said."""
    said: dict[str, JsonValue] = {}
    for key, inner in value.items():
        if key in ("type", "timeout"):
            said[key] = inner
        elif isinstance(inner, str):
            if (text := tongue.text(inner)) is None:
                return None
            said[key] = text
        elif isinstance(inner, Mapping):
            table = {name: _told(one, tongue) for name, one in inner.items()}
            if None in table.values():
                return None
            said[key] = table
        elif isinstance(inner, list):
            told = [_told(one, tongue) for one in inner]
            if None in told:
                return None
            said[key] = told
    return said


def _told(value: JsonValue, tongue: Tongue) -> str | None:
    return value if isinstance(value, _Reference) else tongue.text(str(value))


class _Reference(str):
    """A text with references of Claude Code's own."""

    __slots__ = ()


def reference(text: str) -> str:
    """A text that is in Claude Code's syntax already: it is not translated again."""
    return _Reference(text)
