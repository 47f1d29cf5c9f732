"""What there is in an item that another harness would execute or obey, in a form to be compared and to be shown.

Rules, skills and agents are text, and so are most commands: there is nothing of the kind in them. Commands with shell
in them, hooks, servers that start programs or are handed a value of the environment, permissions that allow, and
variables are more than that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.items import (
    Action,
    Agent,
    Command,
    EnvironmentVariable,
    Hook,
    Item,
    Layer,
    McpServer,
    Origin,
    Permissions,
    Rule,
    Skill,
    Transport,
)

_OWN = frozenset({Layer.MANAGED, Layer.USER})
_WORDS_FOR_PEOPLE = frozenset({"description", "statusMessage"})
"""Settings that nobody executes or obeys: changing them needs no new approval."""


def is_own(origin: Origin) -> bool:
    """Does it come from a layer that only the person, or an administrator, can write?"""
    return origin.layer in _OWN


def files_of(item: Item) -> frozenset[str]:
    """The files that say what the item executes or allows."""
    if isinstance(item, Permissions):
        return frozenset({item.origin.file, *(rule.origin.file for rule in item.rules if not is_own(rule.origin))})
    return frozenset({item.origin.file})


def fingerprint(item: Item) -> str | None:
    """SHA-256, 64 hex digits, of everything in an item that decides what runs or what is allowed; None if there is
    nothing of the kind in it, and empty, which nothing approves, if it is nested too deeply to tell."""
    form = canonical(item)
    if form is None:
        return None
    try:
        text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    except RecursionError:
        return ""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def canonical(item: Item) -> dict[str, object] | None:
    """What `fingerprint` is taken of, as plain values, in an order for people; None for what is only text.

    Neither where the item was read nor its number among others belongs to it: the worktrees of one repository agree.
    """
    if isinstance(item, (Rule, Skill, Agent)):
        return None
    if isinstance(item, Command):
        runs = prompts.may_run(item.prompt)  # all around it decides what it is given, and what is run at all
        return {"kind": "command", "name": item.name, "text": item.prompt} if runs else None
    if isinstance(item, McpServer):
        return _server(item) if item.executes else None
    if isinstance(item, Hook):
        return _hook(item)
    if isinstance(item, EnvironmentVariable):
        return {"kind": "environment", "name": item.name, "value": item.value}
    return _permissions(item)


def lines(form: Mapping[str, object]) -> tuple[str, ...]:
    """A canonical form for people, a setting a line: `command: fmt`, `env.TOKEN: ${TOKEN}`, `allow: Bash(ls)`."""
    if form["kind"] == "environment":
        return tuple(_lines(str(form["name"]), form["value"]))
    return tuple(line for name, value in form.items() if name != "kind" for line in _lines(name, value))


def _lines(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _lines(f"{name}.{key}", value[key])
    elif isinstance(value, (list, tuple)):
        for element in value:
            yield from _lines(name, element)
    else:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        first, *more = text.split("\n")
        yield f"{name}: {first}"
        yield from (f"    {line}" for line in more)


def _server(server: McpServer) -> dict[str, object]:
    form: dict[str, object] = {"kind": "mcp_server", "name": server.name, "transport": server.transport.value}
    if server.transport is Transport.STDIO:
        form["command"] = str(server.command)
        form["args"] = [str(argument) for argument in server.args]
        form["env"] = {name: str(value) for name, value in server.env.items()}
    else:
        form["url"] = str(server.url)
        form["headers"] = {name: str(value) for name, value in server.headers.items()}
    form["timeout_ms"] = server.timeout_ms
    return _without_nothing({**form, "extra": _effective(server.extra)})


def _hook(hook: Hook) -> dict[str, object]:
    return _without_nothing(
        {
            "kind": "hook",
            "event": hook.event,
            "matcher": hook.matcher,
            "type": hook.type,
            "command": hook.command,
            "timeout_s": hook.timeout_s,
            "extra": _effective(hook.extra),
        }
    )


def _permissions(permissions: Permissions) -> dict[str, object] | None:
    """The repository's own rules of every action, since a denial that goes lets an allowance reach further; nothing
    where nothing is allowed. Their order is left out: deny beats ask beats allow, in whatever order they are written.
    """
    own = {action: set[str]() for action in Action}
    for rule in permissions.rules:
        if not is_own(rule.origin):
            own[rule.action].add(rule.text)
    form: dict[str, object] = {
        "default_mode": permissions.default_mode,
        "additional_directories": sorted(permissions.additional_directories),
    }
    if not (own[Action.ALLOW] or any(form.values())):
        return None
    rules = {action.value: sorted(own[action]) for action in Action}
    return _without_nothing({"kind": "permissions", **rules, **form})


def _effective(extra: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in extra.items() if name not in _WORDS_FOR_PEOPLE}


def _without_nothing(form: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in form.items() if value not in (None, "", [], {})}
