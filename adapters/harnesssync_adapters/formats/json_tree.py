"""A JSON document that is being edited: the text in pieces, so that an edit costs what it touches and not the whole.

A container is taken apart when somebody looks into it: into its members, and the text around them. Whatever is not
looked into stays the piece of text that it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from harnesssync_adapters.formats.json_syntax import Node, error, name_of, parse, parse_value
from harnesssync_orchestrator.core.desired import JsonValue, value_hash
from harnesssync_orchestrator.core.targets import DocumentError


@dataclass(slots=True, eq=False)
class Value:
    """A value: `source[node.start:node.end]`, until it is taken apart."""

    source: str
    node: Node
    inside: Container | None = None

    @property
    def plain(self) -> JsonValue:
        """What it says."""
        return self.node.value if self.inside is None else self.inside.plain

    def pieces(self) -> Iterator[str]:
        if self.inside is None:
            yield self.source[self.node.start : self.node.end]
        else:
            yield from self.inside.pieces()

    def pieces_backwards(self) -> Iterator[str]:
        if self.inside is None:
            yield self.source[self.node.start : self.node.end]
        else:
            yield from self.inside.pieces_backwards()


def value_of(text: str, depth: int) -> Value:
    """A value that is written as `text` in a container so deep in a document. Raises `DocumentError` if it can't be."""
    return Value(text, parse_value(text, depth))


@dataclass(slots=True, eq=False)
class Member:
    """One member of a container, with the text before it (from the comma or bracket on) and behind it (as far as the
    next comma or bracket). `head` is its key as written, with the colon; `key` is None in an array."""

    holder: Container
    lead: str
    key: str | None
    head: str
    value: Value
    trail: str
    comma: bool
    previous: Member | None = None
    next: Member | None = None

    @property
    def own_line(self) -> str | None:
        """Its indentation, if it begins a line; else None."""
        _, newline, indent = self.lead.rpartition("\n")
        return indent if newline and not indent.strip(" \t") else None

    def pieces(self) -> Iterator[str]:
        yield self.lead
        yield self.head
        yield from self.value.pieces()
        yield self.trail
        if self.comma:
            yield ","

    def pieces_backwards(self) -> Iterator[str]:
        if self.comma:
            yield ","
        yield self.trail
        yield from self.value.pieces_backwards()
        yield self.head
        yield self.lead


@dataclass(slots=True, eq=False)
class Container:
    """An object or array that is taken apart. `tail` is the text behind the last comma, or, without any, all there is;
    a last member without a comma has that text in its `trail`. `within` is the member that it is the value of."""

    is_object: bool
    within: Member | None
    depth: int
    tail: str = ""
    first: Member | None = None
    last: Member | None = None
    by_key: dict[str, Member] = field(default_factory=dict)
    _by_digest: dict[str, deque[Member]] | None = None

    @classmethod
    def taken_apart(cls, value: Value, within: Member | None, depth: int) -> Container:
        """The inside of a value that is an object or an array."""
        source, node = value.source, value.node
        made = cls(isinstance(node.value, dict), within, depth)
        position = node.start + 1
        for entry in node.entries or ():
            inner = entry.node
            stop = node.end - 1 if entry.comma is None else entry.comma
            made.append(
                Member(
                    holder=made,
                    lead=source[position : entry.start],
                    key=entry.key,
                    head=source[entry.start : inner.start],
                    value=Value(source, inner),
                    trail=source[inner.end : stop],
                    comma=entry.comma is not None,
                )
            )
            position = stop if entry.comma is None else stop + 1
        made.tail = source[position : node.end - 1]
        return made

    @property
    def opening(self) -> str:
        return "{" if self.is_object else "["

    @property
    def closing(self) -> str:
        return "}" if self.is_object else "]"

    @property
    def plain(self) -> JsonValue:
        if self.is_object:
            return {str(member.key): member.value.plain for member in self.members()}
        return [member.value.plain for member in self.members()]

    def members(self) -> Iterator[Member]:
        member = self.first
        while member is not None:
            yield member
            member = member.next

    def append(self, member: Member) -> None:
        """Put a member behind the last one."""
        member.previous, self.last = self.last, member
        if member.previous is None:
            self.first = member
        else:
            member.previous.next = member
        if member.key is not None:
            self.by_key[member.key] = member
        elif self._by_digest is not None:
            self._by_digest.setdefault(value_hash(member.value.plain), deque()).append(member)

    def put_before(self, first: Member, member: Member) -> None:
        """Put a member of an array before the first one."""
        member.next, first.previous, self.first = first, member, member
        if self._by_digest is not None:
            self._by_digest.setdefault(value_hash(member.value.plain), deque()).appendleft(member)

    def take_out(self, member: Member) -> None:
        """Let a member go; what becomes of the text around it is not decided here."""
        if member.previous is None:
            self.first = member.next
        else:
            member.previous.next = member.next
        if member.next is None:
            self.last = member.previous
        else:
            member.next.previous = member.previous
        if member.key is not None:
            del self.by_key[member.key]
        elif self._by_digest is not None:
            self._by_digest[value_hash(member.value.plain)].remove(member)

    def element(self, digest: str) -> Member | None:
        """The first element whose value has this hash. No edit reaches into the elements of an array."""
        if self._by_digest is None:
            self._by_digest = {}
            for member in self.members():
                self._by_digest.setdefault(value_hash(member.value.plain), deque()).append(member)
        found = self._by_digest.get(digest)
        return found[0] if found else None

    def pieces(self) -> Iterator[str]:
        yield self.opening
        for member in self.members():
            yield from member.pieces()
        yield self.tail
        yield self.closing

    def pieces_backwards(self) -> Iterator[str]:
        yield self.closing
        yield self.tail
        member = self.last
        while member is not None:
            yield from member.pieces_backwards()
            member = member.previous
        yield self.opening


class Tree:
    """A whole document. Raises `DocumentError` for text that is none."""

    def __init__(self, text: str) -> None:
        node = parse(text)
        self._start, self._end = text[: node.start], text[node.end :]
        self._value = Value(text, node)
        self.root = Container.taken_apart(self._value, None, 1)
        self._value.inside = self.root
        self._newline: str | None = None
        self._unit: str | None = None

    @property
    def text(self) -> str:
        return "".join(self._pieces())

    # --- looking

    def descend(self, pointer: tuple[str, ...]) -> tuple[Member | None, Container | None, tuple[str, ...]]:
        """The deepest member on the way that exists (None for the document itself), its value taken apart if that is
        a container, and the keys that don't exist."""
        within: Member | None = None
        inside: Container | None = self.root
        for depth, key in enumerate(pointer):
            if inside is None or not inside.is_object:
                raise self.error(within, f"{name_of(pointer[:depth])} is not an object")
            member = inside.by_key.get(key)
            if member is None:
                return within, inside, pointer[depth:]
            value = member.value
            if value.inside is None and value.node.entries is not None:
                value.inside = Container.taken_apart(value, member, inside.depth + 1)
            within, inside = member, value.inside
        return within, inside, ()

    def error(self, within: Member | None, message: str) -> DocumentError:
        """An error at the value of a member, or at the document's."""
        before = "".join(reversed([*self._before(within)]))
        return error(before, len(before), message)

    # --- how it is written

    @property
    def newline(self) -> str:
        """The line ending of the document: that of its first line."""
        if self._newline is None:
            self._newline, before = "\n", ""
            for piece in self._pieces():
                place = piece.find("\n")
                if place >= 0:
                    self._newline = "\r\n" if (before + piece[:place]).endswith("\r") else "\n"
                    break
                before = piece[-1:] or before
        return self._newline

    @property
    def unit(self) -> str:
        """One level of indentation: that of the first member of the document that begins a line."""
        if self._unit is None:
            self._unit = next((member.own_line for member in self.root.members() if member.own_line), "  ")
        return self._unit

    def indentation(self, container: Container) -> str:
        """The white space at the beginning of the line in which a container begins."""
        line: list[str] = []
        for piece in self._before(container.within):
            _, newline, rest = piece.rpartition("\n")
            line.append(rest)
            if newline:
                break
        text = "".join(reversed(line))
        return text[: len(text) - len(text.lstrip(" \t"))]

    def changed(self) -> None:
        """Its first line, or its first member that begins one, may be another one now."""
        self._newline = self._unit = None

    def _pieces(self) -> Iterator[str]:
        yield self._start
        yield from self._value.pieces()
        yield self._end

    def _before(self, within: Member | None) -> Iterator[str]:
        """All text before the value of a member, or before the document's, backwards, piece by piece."""
        while within is not None:
            yield within.head
            yield within.lead
            sibling = within.previous
            while sibling is not None:
                yield from sibling.pieces_backwards()
                sibling = sibling.previous
            yield within.holder.opening
            within = within.holder.within
        yield self._start
