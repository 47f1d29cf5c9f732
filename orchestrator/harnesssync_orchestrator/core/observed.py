"""What is on disk now, at the paths that the desired state or the ledger speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harnesssync_orchestrator.core.desired import JsonValue, link_hash


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing is there, and its parents are folders (or missing too): it can be made."""


@dataclass(frozen=True, slots=True)
class ObservedLink:
    """A symbolic link or junction. `resolved` is the absolute real path it leads to, None if it is broken."""

    text: str
    resolved: str | None


@dataclass(frozen=True, slots=True)
class ObservedFile:
    """A regular file. `digest` is the short hash of its bytes. `mode` are its permission bits; of them an output says
    only whether it is `executable`, so for the rest files that differ in them are the same."""

    digest: str
    executable: bool = False
    mode: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ObservedTree:
    """A folder. `digest` is its tree hash, `marker` whether our copy marker stands beside it."""

    digest: str
    marker: bool = False


@dataclass(frozen=True, slots=True)
class Obstructed:
    """A parent is a link or no folder, so writing here would leave the scope or fail.

    `parent` is that parent, relative to the root; `resolved` the absolute real path that the whole path leads
    to now, None if to nothing.
    """

    parent: str
    resolved: str | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something that can't be read or is no file, folder or link (a FIFO, a device); `reason` says what. What is
    `closed` may be as it should be, and its permissions, or those of a folder above it, are in the way."""

    reason: str
    closed: bool = False


PathState = Missing | ObservedLink | ObservedFile | ObservedTree | Obstructed | Unusable


def digest_of(state: PathState) -> str | None:
    """The digest by which the ledger would know what is there; None for nothing, and for what has none."""
    if isinstance(state, ObservedLink):
        return link_hash(state.text)
    if isinstance(state, (ObservedFile, ObservedTree)):
        return state.digest
    return None


def is_gone(state: PathState) -> bool:
    """Is there nothing, and nothing that could come back, where an output was?"""
    return isinstance(state, Missing) or (isinstance(state, Obstructed) and state.resolved is None)


@dataclass(frozen=True, slots=True)
class Document:
    """A merged file that could be parsed: its content as plain values."""

    values: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Unparsable:
    """A merged file that could not: it stays untouched, and its keys can't be synced."""

    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The observed state of one scope.

    `paths` has an entry for every path asked for; `documents` one for every merged file that exists.
    `tracked` are those of the paths that git tracks. Of those for private outputs and credentials, `ignored` are hidden
    from git by patterns of a person's, or there is no git; `shown` can't be hidden; about `unasked` git gave no answer.
    """

    paths: Mapping[str, PathState] = field(default_factory=dict)
    documents: Mapping[str, Document | Unparsable] = field(default_factory=dict)
    tracked: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
