"""Where in a YAML text each key and value stands, and what it means.

PyYAML reads the text and tells the place of every event; the values are made here, by the core schema of YAML 1.2:
`no` and `on` are text, as most of the programs that we write for take them.

Why not edit with `ruamel.yaml`, tried with 0.19: of seven small documents its round trip gave one back as it was. It
puts line feeds in the place of other line endings, adds one at the end, and sets indentation, spaces around colons and
long lines in its own way.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.targets import DocumentError

_MAX_DEPTH = 128
_MAX_VALUES = 200_000  # with aliases written out: a few lines of them can stand for more than fits in memory
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}|0o[0-7]{1,4000}|0x[0-9a-fA-F]{1,4000}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"(?P<sign>[-+]?)\.(?:inf|Inf|INF)")
_NAN = re.compile(r"\.(?:nan|NaN|NAN)")
_COMMENT = re.compile(r"(?<!\S)#[^\r\n]*")


class Style(enum.Enum):
    """How a value is written."""

    SCALAR = "a text, a number or an alias"
    FLOW = "in brackets or braces"
    BLOCK = "one member a line"


@dataclass(slots=True)
class Node:
    """A value at `text[start:end]`, with its anchor and tag. `entries` are a container's members, else None."""

    start: int
    end: int
    value: JsonValue
    style: Style = Style.SCALAR
    entries: list[Entry] | None = None


@dataclass(slots=True)
class Entry:
    """A member, from `start` (its key, or the dash before an element). `key_end` is where its key ends."""

    key: str | None
    start: int
    key_end: int
    node: Node


@dataclass(slots=True)
class _Open:
    """A container whose end has not come yet. `size` counts the values in it, those behind aliases again."""

    node: Node
    anchor: str | None
    entries: list[Entry]
    size: int = 1
    key: tuple[str, int, int] | None = None


class _Reader(yaml.SafeLoader):
    """Remembers where the dashes of elements stand, which no event tells."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.dashes: list[int] = []

    def fetch_block_entry(self) -> None:
        self.dashes.append(self.index)
        super().fetch_block_entry()


def parse(text: str) -> Node | None:
    """The tree of a document whose top is a mapping, None if nothing stands there but comments.

    Raises `DocumentError` with line and column, also for keys that stand there twice and for several documents.
    """
    try:
        root = _Composer(text).root()
    except yaml.MarkedYAMLError as cause:
        place = cause.problem_mark or cause.context_mark
        message = " ".join(str(cause.problem or cause.context or "it can't be read").split())
        raise DocumentError(message, *((place.line + 1, place.column + 1) if place else ())) from cause
    except yaml.reader.ReaderError as cause:
        raise _error(text, cause.position, "a character that YAML does not allow") from cause
    except DocumentError:
        raise
    except (OverflowError, ValueError) as cause:  # an escape beyond the last character, as each Python has it
        raise DocumentError(f"it can't be read: {cause}") from cause
    if root is None or (root.value is None and root.start == root.end):
        return None
    if not isinstance(root.value, dict):
        raise _error(text, root.start, "the document is not a mapping")
    return root


def comments(text: str) -> list[tuple[int, int]]:
    """Where the comments of a valid document stand: between its tokens."""
    found: list[tuple[int, int]] = []
    position = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        found += _comments_between(text, position, token.start_mark.index)
        position = max(position, token.end_mark.index)
    return [*found, *_comments_between(text, position, len(text))]


def _comments_between(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    while match := _COMMENT.search(text, start, stop):
        yield match.span()
        start = match.end()


class _Composer:
    """Events into nodes, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._reader = _Reader(text)
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._root: Node | None = None

    def root(self) -> Node | None:
        documents = 0
        while self._reader.check_event():
            event: yaml.Event = self._reader.get_event()  # type: ignore[no-untyped-call]
            start, end = _span(event)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _error(self._text, start, "there is more than one document")
            self._take(event, start, end)
        return self._root

    def _take(self, event: yaml.Event, start: int, end: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            node = Node(start, _end_of_scalar(self._text, event, start, end), _scalar(event))
            self._place(node, event.anchor, 1)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _error(self._text, start, f"the alias *{event.anchor} has no anchor")
            named, size = self._anchors[event.anchor]
            self._place(Node(start, end, named.value), None, size)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) >= _MAX_DEPTH:
                raise _error(self._text, start, f"nested more than {_MAX_DEPTH} levels deep")
            entries: list[Entry] = []
            style = Style.FLOW if event.flow_style else Style.BLOCK
            value: JsonValue = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._open.append(_Open(Node(start, end, value, style, entries), event.anchor, entries))
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            closed.node.end = closed.entries[-1].node.end if closed.node.style is Style.BLOCK else end
            self._place(closed.node, closed.anchor, closed.size)

    def _place(self, node: Node, anchor: str | None, size: int) -> None:
        """Make a finished node the key, the value or the element of what holds it."""
        if anchor is not None:
            self._anchors[anchor] = node, size
        if not self._open:
            self._root = node
            return
        holder = self._open[-1]
        holder.size += size
        if holder.size > _MAX_VALUES:
            raise _error(self._text, node.start, "its aliases stand for too many values")
        members = holder.node.value
        if isinstance(members, list):
            members.append(node.value)
            start = node.start if holder.node.style is Style.FLOW else self._dash_before(node.start)
            holder.entries.append(Entry(None, start, start, node))
        elif holder.key is None:
            holder.key = self._key(node, holder), node.start, node.end
        elif isinstance(members, dict):
            key, start, key_end = holder.key
            members[key] = node.value
            holder.entries.append(Entry(key, start, key_end, node))
            holder.key = None

    def _dash_before(self, position: int) -> int:
        dashes = self._reader.dashes
        return dashes[bisect_left(dashes, position) - 1]

    def _key(self, node: Node, holder: _Open) -> str:
        if isinstance(node.value, (dict, list)):
            raise _error(self._text, node.start, "a key that is no text")
        is_text = isinstance(node.value, str)
        key = str(node.value) if is_text else self._text[node.start : node.end]
        if any(entry.key == key for entry in holder.entries):
            raise _error(self._text, node.start, f"the key {key!r} stands there twice")
        return key


def _span(event: yaml.Event) -> tuple[int, int]:
    start, end = event.start_mark, event.end_mark
    return (start.index, end.index) if start is not None and end is not None else (0, 0)


def _end_of_scalar(text: str, event: yaml.ScalarEvent, start: int, end: int) -> int:
    """Where the text of a scalar ends; a literal or folded one before its last line ending, or before the empty lines
    after it unless they are kept."""
    if event.style not in ("|", ">"):
        return end
    start = text.index(event.style, start)
    if "+" in text[start : start + 3]:
        end -= text.endswith("\n", 0, end)
        return end - text.endswith("\r", 0, end)
    return start + len(text[start:end].rstrip())


def _scalar(event: yaml.ScalarEvent) -> JsonValue:
    """The value of a scalar. One with quotes or a tag is taken as text."""
    written = event.value
    if not event.implicit[0]:
        return written
    if _NULL.fullmatch(written):
        return None
    if _TRUE.fullmatch(written) or _FALSE.fullmatch(written):
        return written[0] in "tT"
    if _INTEGER.fullmatch(written):
        return int(written, {"0o": 8, "0x": 16}.get(written[:2], 10))
    if _FLOAT.fullmatch(written):
        return float(written)
    if (match := _INFINITY.fullmatch(written)) is not None:
        return float(f"{match['sign']}inf")
    return float("nan") if _NAN.fullmatch(written) else written


def _error(text: str, position: int, message: str) -> DocumentError:
    line = text.count("\n", 0, position) + 1
    return DocumentError(message, line, position - (text.rfind("\n", 0, position) + 1) + 1)
