"""What a scope should hold for its targets: outputs with addresses, computed from the items alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

from harnesssync_orchestrator.core.items import ItemId, Kind

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

HASH_DIGITS = 16
"""Hashes are SHA-256 cut to this many hex digits: 64 bits tell configuration files apart and stay readable."""


def short_hash(content: bytes) -> str:
    """SHA-256 of `content`, cut to `HASH_DIGITS` hex digits."""
    return hashlib.sha256(content).hexdigest()[:HASH_DIGITS]


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def value_hash(value: JsonValue) -> str:
    """Hash of a value of a merged file, independent of the file's format and spacing.

    The order of keys counts: OpenCode reads its permissions in order, and the last match wins.
    """
    return short_hash(_encode(value).encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=4096)
def link_hash(target: str) -> str:
    """Hash of a symbolic link: of where it points, so that relinking elsewhere is a change.

    Cached, since every step from the look at a link to the look after it was made asks for that.
    """
    return short_hash(b"link\0" + target.encode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where an output lives: a file, a key of a merged file, or one element of an array in it.

    `path` is relative to the scope's root, with `/` on every system. `pointer` names a key of a merged
    file from its root. `element` is the `value_hash` of an element of the array at `pointer`, or, of one that has a
    name there, the key that names it and that name (`named`).
    As text: `AGENTS.md`, `.codex/config.toml#/mcp_servers/files`, `.codex/hooks.json#/hooks/Stop#0a1b…`,
    `.roomodes#/customModes#slug=review`.
    """

    path: str
    pointer: tuple[str, ...] = ()
    element: str = ""

    @property
    def name(self) -> tuple[str, str] | None:
        """The key that names the element, and the name; None of what is no element, or is known by its value."""
        key, sign, name = self.element.partition("=")
        return (key, name) if sign else None

    def holds(self, other: Address) -> bool:
        """Is this the folder (with a final `/`), merged file, object or array in which `other` is?"""
        if self.path.endswith("/"):
            return other.path.startswith(self.path)
        depth = len(self.pointer)
        inside = len(other.pointer) > depth or bool(other.element)
        return other.path == self.path and other.pointer[:depth] == self.pointer and inside

    def __str__(self) -> str:
        text = _escape(self.path)
        if self.pointer:
            text += "#" + "".join("/" + _escape(key).replace("~", "~0").replace("/", "~1") for key in self.pointer)
        return f"{text}#{_escape(self.element)}" if self.element else text

    @classmethod
    def parse(cls, text: str) -> Address:
        """The inverse of `str`. Raises ValueError for text that `str` never gives."""
        path, *rest = text.split("#")
        pointer: tuple[str, ...] = ()
        if rest:
            if not rest[0].startswith("/") or len(rest) > 2:
                raise ValueError(f"not an address: {text!r}")
            keys = rest[0][1:].split("/")
            pointer = tuple(_unescape(key.replace("~1", "/").replace("~0", "~")) for key in keys)
        return cls(_unescape(path), pointer, _unescape(rest[1]) if len(rest) == 2 else "")


def _escape(text: str) -> str:
    """Percent-encode `%`, `#` and bytes that are not UTF-8, so that an address is always valid text."""
    if text.isascii() and "%" not in text and "#" not in text:
        return text
    text = text.replace("%", "%25").replace("#", "%23")
    return "".join(f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)


def _unescape(text: str) -> str:
    head, *rest = text.split("%")
    parts = [head]
    for part in rest:
        code = int(part[:2], 16)
        parts.append((chr(code) if code < 0x80 else chr(0xDC00 + code)) + part[2:])
    return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """`items` made it. `private`: must not reach a file that git tracks. `executes`: the harness would run it
    or obey it (a hook, a stdio server, an allow rule, shell in a command), so it waits for trust. `secrets` tells where
    in its items credentials are written out that would be copied into it. One that `yields` only fills a gap: whatever
    a person or a branch puts in its place wins, and is no conflict. `hidden_by` is the path of the output that hides it
    from git, or empty if only a person's patterns may, and None for `info/exclude`, which holds for all worktrees at
    once. What it `gathers` are kinds of items of which it would say more if there were others: it lacks those that
    can't be read. One that is wanted `only_beside` some paths stands by until something else stands at one of them
    (`core.standby`).
    """

    path: str
    items: tuple[ItemId, ...]
    private: bool = False
    executes: bool = False
    secrets: tuple[str, ...] = ()
    yields: bool = False
    hidden_by: str | None = None
    gathers: frozenset[Kind] = frozenset()
    only_beside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOutput(_Output):
    """A link to `source` (absolute path of a file, or of a folder if `directory`).

    `digest` is the content hash of what it points at: where links are impossible a copy is made, and is stale
    when this changes. What is to be `copied` is so everywhere, for a harness that follows no link there.
    """

    source: str
    directory: bool
    digest: str
    copied: bool = False

    @property
    def address(self) -> Address:
        return Address(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """What a file says without anything private: its whole content. `security` as in a `Loss`."""

    content: bytes
    security: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOutput(_Output):
    """A whole file that is ours. One that is written `once` is a person's from then on, whatever becomes of it, and
    gives way to every other output. A `closed` one is for its owner alone. Where git would show a private one, the
    `public` form of it is written, if it has one."""

    content: bytes
    executable: bool = False
    once: bool = False
    closed: bool = False
    public: Public | None = None

    @property
    def address(self) -> Address:
        return Address(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a merged file must be like for an output to go into it; else that is a loss, of the reason `why`.

    `there`: it has to exist, and is not made for ours alone. `without`: keys that must not be in it, by pointer.
    """

    why: str
    there: bool = False
    without: tuple[tuple[str, ...], ...] = ()
    security: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOutput(_Output):
    """One key of a file that people also edit. `format` names the document format (`json`, `toml`, `yaml`,
    `json-or-yaml`). The `rivals` are other files of that format in which the harness finds the same key."""

    format: str
    pointer: tuple[str, ...]
    value: JsonValue
    condition: Condition | None = None
    rivals: tuple[str, ...] = ()

    @property
    def address(self) -> Address:
        return Address(self.path, self.pointer)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementOutput(_Output):
    """One element of an array in such a file: foreign elements stay, ours is found again by its value, or by its name.

    The `identity` is the key inside it that names it, where the harness takes only one of a name: what a person has
    under the same name is then as a key of theirs. One that is to be `first` stands before all that are foreign, for a
    harness that obeys the first that matches. Raises ValueError if its format is another than JSON, which alone knows
    that.
    """

    format: str
    pointer: tuple[str, ...]
    value: JsonValue
    first: bool = False
    condition: Condition | None = None
    identity: str = ""

    def __post_init__(self) -> None:
        if self.first and self.format != "json":
            raise ValueError(f"{self.format} has no way to put an element first")

    @property
    def address(self) -> Address:
        if self.identity and isinstance(self.value, Mapping):
            return Address(self.path, self.pointer, f"{self.identity}={self.value[self.identity]}")
        return Address(self.path, self.pointer, value_hash(self.value))


MergeOutput = KeyOutput | ElementOutput
Output = LinkOutput | FileOutput | MergeOutput
OutputT_co = TypeVar("OutputT_co", bound=Output, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something in an item that a target can't express, or only in part. Always reported, never silent.

    `what` is lost (`model: opus`), `why` says the reason. A `security` loss means that something forbidden
    in Claude Code is not forbidden there. A `credential` loss means that the item is left out since a credential is
    written out in it, which a person can mend. One that is there `twice` is in `what` too, which they can take away.
    One is `left_out` for something of theirs that stands where it would be written, and that they can move. One is told
    only `beside` the path of a file that is written for another harness, and that this one reads too; a link is none.
    """

    target: str
    item: ItemId
    what: str
    why: str
    security: bool = False
    credential: bool = False
    twice: bool = False
    left_out: bool = False
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Outputs that can't all exist: different content at one address, or one path inside another's."""

    address: Address
    owners: tuple[str, ...]
    reason: str
    items: tuple[ItemId, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted(Generic[OutputT_co]):
    """One output and the targets that want it; the first of them performs the work."""

    output: OutputT_co
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The desired state of one scope over all its targets. What is `standby` may come to be wanted."""

    wanted: Mapping[Address, Wanted[Output]] = field(default_factory=dict)
    standby: Mapping[Address, Wanted[Output]] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()
    clashes: tuple[Clash, ...] = ()

    @property
    def possible(self) -> Mapping[Address, Wanted[Output]]:
        """What is wanted, or may come to be."""
        return {**self.wanted, **self.standby} if self.standby else self.wanted
