"""What the model is made of: entries, documents, reports, and plain values with pointers into them."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.reliability.model_source import At, File, Link


class Gap(enum.Enum):
    """Why there is no value: nothing is there, or something else than a table stands on the way to it."""

    ABSENT = "absent"
    BLOCKED = "blocked"


ABSENT, BLOCKED = Gap.ABSENT, Gap.BLOCKED


@dataclass(frozen=True, slots=True)
class Entry:
    """What we wrote, or found as we would have written it (then it is not `ours`), or a person decided to keep.

    `origin` is what of theirs a person let us replace: it comes back when ours goes.
    """

    value: Any
    owners: frozenset[str]
    ours: bool = True
    kept: bool = False
    origin: Any = ABSENT


@dataclass
class Document:
    """A merged file: its `values`, None while it can't be parsed, and the `tokens` of a person in it, in order.

    `base` are the bytes that are left when all of ours is gone: None if nothing is left, and `ABSENT` where a person
    edited around our keys in ways that leave no single answer.
    """

    values: dict[str, Any] | None
    tokens: list[str]
    base: Any = None


Place = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is reported: conflicts as (kind, path, pointer), held and kept outputs as (path, pointer)."""

    state: str
    exit_code: int
    halt: str | None = None
    conflicts: frozenset[tuple[str, str, tuple[str, ...]]] = frozenset()
    held: frozenset[Place] = frozenset()
    kept: frozenset[Place] = frozenset()
    synced: int = 0
    skipped: int = 0
    cleaned: int = 0


def place(at: At) -> Place:
    return at.path, at.pointer


def same(one: Any, other: Any) -> bool:
    """Are two values the same text, the order of keys included?"""
    return json.dumps(one) == json.dumps(other)


def says_same(one: Any, other: Any) -> bool:
    """The same of wholes too."""
    return bool(one == other) if isinstance(one, (File, Link)) or isinstance(other, (File, Link)) else same(one, other)


def value_at(values: Mapping[str, Any], pointer: Sequence[str]) -> Any:
    """The value at a pointer, `ABSENT`, or `BLOCKED` where something else than a table stands on the way."""
    value: Any = values
    for key in pointer:
        if not isinstance(value, Mapping):
            return BLOCKED
        if key not in value:
            return ABSENT
        value = value[key]
    return value


def holder(values: dict[str, Any], pointer: Sequence[str]) -> dict[str, Any]:
    for key in pointer[:-1]:
        values = values.setdefault(key, {})
    return values


def says(values: Mapping[str, Any], at: At, value: Any) -> bool:
    found = value_at(values, at.pointer)
    return isinstance(found, list) and value in found if at.element else same_or_gone(found, value)


def same_or_gone(found: Any, value: Any) -> bool:
    return found is not ABSENT and found is not BLOCKED and same(found, value)


def take(values: dict[str, Any], at: At, value: Any) -> None:
    table = holder(values, at.pointer)
    if at.element:
        table[at.pointer[-1]].remove(value)
    else:
        table.pop(at.pointer[-1])


def new_containers(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Tables and lists of ours that came into being: those above a value, never a value itself."""
    depths = {"mcp_servers": 1, "mcpServers": 1, "mcp": 1, "permission": 1, "instructions": 1}
    for key, value in now.items():
        yield from _containers(before, (key,), value, depths.get(key, 2))


def _containers(
    before: Mapping[str, Any], pointer: tuple[str, ...], value: Any, depth: int
) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, (dict, list)):
        return
    if value_at(before, pointer) is ABSENT:
        yield pointer
    if isinstance(value, dict) and len(pointer) < depth:
        for key, inner in value.items():
            yield from _containers(before, (*pointer, key), inner, depth)
