"""What people see: marked lines, colour where a terminal shows it, and a summary that counts.

Imports next to nothing, since every command of the client passes through here.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

COLOURS = {
    "reset": "\033[0m",
    "bold": "\033[1m",
    "dim": "\033[2m",
    "red": "\033[31m",
    "green": "\033[32m",
    "yellow": "\033[33m",
    "blue": "\033[34m",
    "cyan": "\033[36m",
}
"""ANSI SGR sequences (ECMA-48, 8.3.117)."""

CLEAR = "\033[H\033[2J"
"""To the upper left, and nothing on the screen any more (ECMA-48, 8.3.21 and 8.3.39)."""

OUTPUT = "standard output"
"""What stands in an OSError for the name of a file when it is our output that can't be written."""

NOTHING = "nothing to do"
"""The summary of what did nothing."""

_PLAIN_MARKS = {"✓": "+", "✗": "x", "⚠": "!", "·": ".", "→": "->", "…": "..."}
"""What stands for a mark where the encoding of the output has no such character."""


def uses_colour(stream: TextIO, *, environ: Mapping[str, str], platform: str) -> bool:
    """Should `stream` get colour? Only a terminal does, never with `NO_COLOR` (https://no-color.org) or a dumb one.

    On Windows only Windows Terminal does, which sets `WT_SESSION`: the older console shows the codes as text.
    """
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    if platform == "win32" and "WT_SESSION" not in environ:
        return False
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def visible(text: str) -> str:
    r"""`text` with everything invisible or active spelled out: `\x1b`, `\n`, `\u202e`, bytes that are not UTF-8.

    Paths and messages come from repositories, and must not move the cursor, fake a line or turn text around.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


class Console:
    """Writes for people and counts what it told: results to `out`, warnings to `err`.

    One per run or per project: its counters are never shared. `verbose` shows what was skipped, and `debug`.
    """

    def __init__(
        self,
        *,
        verbose: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
        platform: str | None = None,
    ) -> None:
        self.verbose = verbose
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err
        environ = os.environ if environ is None else environ
        platform = sys.platform if platform is None else platform
        self._colours_out = uses_colour(self._out, environ=environ, platform=platform)
        self._colours_err = uses_colour(self._err, environ=environ, platform=platform)
        self.counts = {"synced": 0, "skipped": 0, "cleaned": 0, "error": 0}
        self._told: set[str] = set()

    def fresh(self) -> Console:
        """Another console on the same streams whose counters begin at zero: one for each project."""
        console = Console.__new__(Console)
        console.__dict__.update(self.__dict__, counts=dict.fromkeys(self.counts, 0))
        return console

    def colourize(self, colour: str, text: str) -> str:
        """`text` in a colour of `COLOURS`, if the output shows it."""
        return f"{COLOURS[colour]}{text}{COLOURS['reset']}" if self._colours_out else text

    def line(self, text: str = "") -> None:
        """One line as it is."""
        _write(self._out, text)

    @property
    def is_terminal(self) -> bool:
        try:
            return self._out.isatty()
        except ValueError:  # closed
            return False

    def once(self, text: str) -> None:
        """A line that is worth telling once, also where it is true of several projects."""
        if text not in self._told:
            self._told.add(text)
            self.line(text)

    def redraw(self) -> None:
        """Begin anew at the top of an empty terminal; elsewhere what follows is simply more."""
        self._told.clear()
        if self.is_terminal:
            self._out.write(CLEAR)

    def flush(self) -> None:
        """Bring out what is still buffered, for whoever reads along."""
        try:
            self._out.flush()
        except OSError as error:
            error.filename = error.filename or OUTPUT
            raise

    def info(self, message: str) -> None:
        """Something went well."""
        self.line(f"  {self.colourize('green', '✓')} {message}")

    def error(self, message: str) -> None:
        """Something failed; it is counted."""
        self.line(f"  {self.colourize('red', '✗')} {message}")
        self.counts["error"] += 1

    def note(self, message: str) -> None:
        """Something in a result that asks for attention: it belongs to the result, so it stays on its stream."""
        self.line(f"  {self.colourize('yellow', '!')} {message}")

    def warn(self, message: str) -> None:
        """Something that is not part of the result: on standard error, so that a pipe gets the result alone."""
        self._out.flush()
        mark = f"{COLOURS['yellow']}⚠{COLOURS['reset']}" if self._colours_err else "⚠"
        _write(self._err, f"  {mark} {message}")

    def skip(self, message: str) -> None:
        """Something was right already: always counted, shown when verbose."""
        if self.verbose:
            self.line(f"  {self.colourize('dim', '·')} {message}")
        self.counts["skipped"] += 1

    def debug(self, message: str) -> None:
        """A detail, shown when verbose."""
        if self.verbose:
            self.line(f"  {self.colourize('dim', f'  {message}')}")

    def header(self, message: str) -> None:
        """Begins a section."""
        self.line()
        self.line(self.colourize("bold", self.colourize("blue", f"[{message}]")))

    def synced(self, number: int = 1) -> None:
        self.counts["synced"] += number

    def cleaned(self, number: int = 1) -> None:
        self.counts["cleaned"] += number

    def summary(self) -> str:
        """`3 synced, 1 skipped, 2 cleaned, 1 errors` without what is zero, or `nothing to do`."""
        parts = [
            self.colourize(colour, f"{self.counts[name]} {word}")
            for name, word, colour in (
                ("synced", "synced", "green"),
                ("skipped", "skipped", "dim"),
                ("cleaned", "cleaned", "yellow"),
                ("error", "errors", "red"),
            )
            if self.counts[name]
        ]
        return ", ".join(parts) if parts else NOTHING


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        for mark, plain in _PLAIN_MARKS.items():
            text = text.replace(mark, plain)
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    except OSError as error:
        error.filename = error.filename or OUTPUT
        raise
