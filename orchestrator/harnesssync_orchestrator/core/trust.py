"""What a person has approved of a repository, by content: what another harness would execute or obey.

Rules, skills, agents and commands are text, and need no approval. Hooks, servers that start programs or are handed a
value of the environment, permissions that allow, and variables do, if they come from files that a repository controls.
What is approved is exactly what was there when a person looked: what differs in anything that decides what runs, or
what is allowed, is something else.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.items import (
    Action,
    Agent,
    Command,
    EnvironmentVariable,
    Hook,
    Item,
    ItemId,
    Layer,
    McpServer,
    Origin,
    Permissions,
    Rule,
    Skill,
    Source,
    Transport,
)

_OWN = frozenset({Layer.MANAGED, Layer.USER})
"""Layers that only the person, or an administrator, can write."""

_WORDS_FOR_PEOPLE = frozenset({"description", "statusMessage"})
"""Settings that nobody executes or obeys: changing them needs no new approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person approved for one repository, and which folder it then was.

    `folder` is the common folder of all its worktrees, or the root of a worktree that no repository acknowledges
    (resolved). `device` and `inode` are that folder's, `owner` is the user id whose files they were. `fingerprints`
    are those of everything approved.
    """

    folder: str
    device: int
    inode: int
    owner: int
    fingerprints: frozenset[str] = frozenset()


class Standing(enum.Enum):
    """How far a project has a person's approval."""

    OWN = "own"
    """The user scope: a person's own configuration."""
    APPROVED = "approved"
    UNAPPROVED = "unapproved"
    OUTDATED = "outdated"
    """Trusted as a whole, by an earlier version that did not note what was there."""
    REPLACED = "replaced"
    """Another folder stands where the approved one was."""
    OTHER_OWNER = "other-owner"
    """It belonged to another user when it was approved."""
    FOREIGN = "foreign"
    """It belongs to another user, and nobody has approved that: it is not even read."""


class Why(enum.Enum):
    """Why something executable is held back."""

    UNAPPROVED = "unapproved"
    CHANGED = "changed"
    OUTDATED = "outdated"
    REPLACED = "replaced"
    OTHER_OWNER = "other-owner"
    WRITABLE = "writable-by-others"


_WHY: Mapping[Standing, Why] = {
    Standing.APPROVED: Why.CHANGED,
    Standing.UNAPPROVED: Why.UNAPPROVED,
    Standing.OUTDATED: Why.OUTDATED,
    Standing.REPLACED: Why.REPLACED,
    Standing.OTHER_OWNER: Why.OTHER_OWNER,
    Standing.FOREIGN: Why.OTHER_OWNER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is permitted in one project now. `root` is the project's; `writable` are absolute paths of source files
    that other users may change, and which therefore count for nothing, approved or not."""

    standing: Standing = Standing.UNAPPROVED
    approved: frozenset[str] = frozenset()
    root: str = ""
    writable: frozenset[str] = field(default=frozenset())

    def permits(self, item: Item) -> bool:
        """May an output that executes or allows something come from this item?"""
        return self.why_held(item) is None

    def why_held(self, item: Item) -> Why | None:
        """Why nothing executable may come from this item; None if it may."""
        if self.standing is Standing.OWN or not self.controls(item):
            return None
        mark = fingerprint(item)
        if mark is None:
            return None
        if not self.writable.isdisjoint(files_of(item)):
            return Why.WRITABLE
        is_approved = self.standing is Standing.APPROVED and bool(mark) and mark in self.approved
        return None if is_approved else _WHY[self.standing]

    def bound(self, source: Source) -> Iterator[Item]:
        """The items that need a person's approval."""
        if self.standing is not Standing.OWN:
            yield from (item for item in source.items if self.controls(item) and fingerprint(item) is not None)

    def held(self, source: Source) -> dict[ItemId, Why | None]:
        """For every item of a source, why it may not become anything executable; None if it may."""
        verdicts: dict[ItemId, Why | None] = {}
        for item in source.items:
            verdicts[item.id] = verdicts.get(item.id) or self.why_held(item)
        return verdicts

    def why_output_held(self, items: Iterable[ItemId], verdicts: Mapping[ItemId, Why | None]) -> Why | None:
        """Why an output that executes or allows something may not be written: one of its items may not become that, or
        is not in the source. `verdicts` are those of `held`."""
        if self.standing is Standing.OWN:
            return None
        reasons = (verdicts.get(item, Why.UNAPPROVED) for item in items)
        return next((why for why in reasons if why is not None), None)

    def controls(self, item: Item) -> bool:
        """Does the repository control any of this item?"""
        if isinstance(item, Permissions):
            return any(self._is_theirs(rule.origin) for rule in item.rules) or self._is_theirs(item.origin)
        return self._is_theirs(item.origin)

    def _is_theirs(self, origin: Origin) -> bool:
        """What Claude Code itself keeps for a project stands in the home directory, out of a repository's reach."""
        if origin.layer is Layer.LOCAL and self.root:
            return origin.file.startswith(self.root.rstrip("/") + "/")
        return origin.layer not in _OWN

    @property
    def reachable(self) -> frozenset[str]:
        """The marks of links and imports that may lead out of the project: see `Discovery.reaches`."""
        return self.approved if self.standing is Standing.APPROVED else frozenset()

    def why_out_of_reach(self, mark: str) -> Why | None:
        """Why what has this mark may not be followed out of the project; None if it may."""
        return None if mark in self.reachable else _WHY.get(self.standing, Why.UNAPPROVED)

    def key(self) -> str:
        """Stands for all that this permits: another key, another decision."""
        text = "\0".join((self.standing.value, *sorted(self.approved)))
        return hashlib.sha256(text.encode()).hexdigest()

    def despite(self, writable: frozenset[str]) -> Trust:
        """The same where other users may change some source files."""
        return replace(self, writable=writable)


OWN = Trust(standing=Standing.OWN)
"""A person's own configuration: everything is permitted."""


def files_of(item: Item) -> frozenset[str]:
    """The files that say what the item executes or allows."""
    if isinstance(item, Permissions):
        return frozenset({item.origin.file, *(rule.origin.file for rule in item.rules if _counts(rule.origin))})
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
    if isinstance(item, (Rule, Skill, Agent, Command)):
        return None
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
        if _counts(rule.origin):
            own[rule.action].add(rule.text)
    form: dict[str, object] = {
        "default_mode": permissions.default_mode,
        "additional_directories": sorted(permissions.additional_directories),
    }
    if not (own[Action.ALLOW] or any(form.values())):
        return None
    rules = {action.value: sorted(own[action]) for action in Action}
    return _without_nothing({"kind": "permissions", **rules, **form})


def _counts(origin: Origin) -> bool:
    return origin.layer not in _OWN


def _effective(extra: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in extra.items() if name not in _WORDS_FOR_PEOPLE}


def _without_nothing(form: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in form.items() if value not in (None, "", [], {})}
