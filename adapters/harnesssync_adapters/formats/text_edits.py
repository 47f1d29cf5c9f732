"""Replacing spans of a text, and the decoding and encoding around it that the document formats share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harnesssync_orchestrator.core.targets import DocumentError

BOM = "\ufeff"


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """`text[start:end]` becomes `text`. Equal places are applied in the order given."""

    start: int
    end: int
    text: str = ""


def replace_spans(text: str, replacements: Iterable[Replacement]) -> str:
    """The text after all replacements, which must not overlap."""
    parts: list[str] = []
    position = 0
    for replacement in sorted(replacements, key=lambda one: (one.start, one.end)):
        parts += [text[position : replacement.start], replacement.text]
        position = replacement.end
    return "".join([*parts, text[position:]])


def decode(content: bytes) -> tuple[str, str]:
    """A byte order mark (or nothing) and the text after it. Raises `DocumentError` for what is not UTF-8."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        column = len(content[content.rfind(b"\n", 0, cause.start) + 1 : cause.start].decode("utf-8")) + 1
        raise DocumentError("the document is not UTF-8", line, column) from cause
    return (BOM, text[1:]) if text.startswith(BOM) else ("", text)


def newline_of(text: str) -> str:
    """The line ending of a text: that of its first line."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def last_newline(text: str, start: int, stop: int) -> int | None:
    """Where the last line ending within `text[start:stop]` begins, with its carriage return."""
    position = text.rfind("\n", start, stop)
    if position < 0:
        return None
    return position - 1 if position > start and text[position - 1] == "\r" else position


def indentation(text: str, position: int) -> str:
    """The white space at the beginning of the line that holds `position`."""
    start = text.rfind("\n", 0, position) + 1
    end = start
    while end < len(text) and text[end] in " \t":
        end += 1
    return text[start:end]
