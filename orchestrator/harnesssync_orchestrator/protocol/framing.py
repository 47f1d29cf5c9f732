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
    """

    def __init__(self, *, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._buffer = bytearray()
        self._searched = 0  # how much of the buffer is known to hold no end of line
        self._skipping = False

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished line are held."""
        return len(self._buffer)

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
                found.append(_decoded(bytes(line)))
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


def _decoded(line: bytes) -> Framed:
    try:
        return decode(line)
    except MessageError as error:
        return Malformed(error.response)
