"""Bytes to messages: lines are cut wherever the pieces that arrive happen to end."""

from __future__ import annotations

from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.messages import ErrorResponse, MessageError, decode

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import TypeAlias

    from harnesssync_orchestrator.protocol.messages import Message

    Framed: TypeAlias = "Message | Malformed"

MAX_LINE = 1 << 20
"""The greatest length of a line in bytes, without its end."""
MAX_REQUEST = 1 << 18
"""The same for what a supervisor is asked: a few names at most, where answers hold reports."""
MAX_CONTAINERS = 1000
MAX_VALUES = 4000
"""How many brackets open and how many values stand in a request: what is made of a line takes up to a hundred times
the room of its text, and what is nested takes stack."""


class Malformed:
    """A line that was no message. `response` is the error that a server answers with."""

    __slots__ = ("response",)

    def __init__(self, response: ErrorResponse) -> None:
        self.response = response

    def __repr__(self) -> str:
        return f"Malformed({self.response!r})"


class Framer:
    """Collects bytes until lines are whole. Holds at most `max_line` bytes, and looks at each byte once.

    A line that grows longer is reported once, as soon as it does, and skipped up to its end. Blank lines are ignored.
    With `frugal`, lines that would unfold into very many values are not parsed but reported.
    """

    def __init__(self, *, max_line: int = MAX_LINE, frugal: bool = False) -> None:
        self._max_line = max_line
        self._frugal = frugal
        self._buffer = bytearray()
        self._searched = 0  # how much of the buffer is known to hold no end of line
        self._skipping = False

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished line are held."""
        return len(self._buffer)

    @property
    def in_line(self) -> bool:
        """Has a line begun that has not ended? Also one that is skipped, of which nothing is held."""
        return self._skipping or bool(self._buffer)

    def feed(self, data: bytes) -> list[Framed]:
        """The messages that `data` completes, in order, and a `Malformed` for each line that is none."""
        self._buffer += data
        found: list[Framed] = []
        start = 0
        while (end := self._buffer.find(b"\n", max(start, self._searched))) >= 0:
            line = self._buffer[start:end]
            start = end + 1
            if self._skipping:
                self._skipping = False
            elif len(line) > self._max_line:
                found.append(self._too_long())
            elif line.strip():
                found.append(_too_much() if self._frugal and unfolds(line) else _decoded(bytes(line)))
        del self._buffer[:start]
        self._searched = len(self._buffer)
        if self._searched > self._max_line or self._skipping:
            if not self._skipping:
                found.append(self._too_long())
            self._skipping = True
            self._buffer.clear()
            self._searched = 0
        return found

    def _too_long(self) -> Malformed:
        message = f"the line is longer than {self._max_line} bytes"
        return Malformed(ErrorResponse(codes.LINE_TOO_LONG, message))


def unfolds(line: bytes | bytearray) -> bool:
    """Does a line of JSON hold more brackets or values than a request may? Takes time in proportion to its length."""
    if _counts_are_small(line):
        return False
    import re  # noqa: PLC0415 - slow to import, and no ordinary line comes this far

    # The closing quote is optional: a string without one ends the line, and nothing is ever tried twice.
    return not _counts_are_small(re.sub(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', b"", line, flags=re.DOTALL))


def _counts_are_small(line: bytes | bytearray) -> bool:
    return line.count(b"[") + line.count(b"{") <= MAX_CONTAINERS and line.count(b",") < MAX_VALUES


def _too_much() -> Malformed:
    message = f"a request holds at most {MAX_VALUES} values and {MAX_CONTAINERS} lists and objects"
    return Malformed(ErrorResponse(codes.INVALID_REQUEST, message))


def _decoded(line: bytes) -> Framed:
    try:
        return decode(line)
    except MessageError as error:
        return Malformed(error.response)
