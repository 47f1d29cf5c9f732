"""Commands as a `Bash(…)` rule matches them.

Claude Code's syntax: `Bash(npm test)` is that command alone; a trailing ` *` or `:*` also takes arguments, and takes
none; a `*` elsewhere stands for any text.
"""

from __future__ import annotations

import enum
import re
import shlex
from dataclasses import dataclass

_SHELL_SYNTAX = re.compile(r"[;&|<>$`(){}\n\\~?\[\]]")
_REGEX_SYNTAX = re.compile(r"[.*+?^${}()|\[\]\\/]")


class Shape(enum.Enum):
    """Which commands a pattern matches."""

    EVERY = "every command"
    EXACT = "this command alone"
    PREFIX = "this command with any arguments"
    GLOB = "commands of this form"


@dataclass(frozen=True, slots=True)
class CommandPattern:
    """`text` is the command for EXACT, its beginning for PREFIX, the pattern with `*` for GLOB."""

    shape: Shape
    text: str = ""

    def words(self) -> list[str] | None:
        """The command as words, None if a shell would make something else of it (pipes, variables, globs)."""
        if self.shape not in (Shape.EXACT, Shape.PREFIX) or _SHELL_SYNTAX.search(self.text):
            return None
        try:
            return shlex.split(self.text) or None
        except ValueError:  # a quote without its partner
            return None


def command_pattern(specifier: str | None) -> CommandPattern:
    """What the specifier of a `Bash` rule matches."""
    text = (specifier or "*").strip()
    if text in ("*", ":*", ""):
        return CommandPattern(Shape.EVERY)
    for ending in (":*", " *"):
        beginning = text[: -len(ending)].strip()
        if text.endswith(ending) and "*" not in beginning:
            return CommandPattern(Shape.PREFIX, beginning)
    if "*" in text:
        return CommandPattern(Shape.GLOB, f"{text[:-2]} *" if text.endswith(":*") else text)
    return CommandPattern(Shape.EXACT, text)


def line_regex(specifier: str) -> str:
    """A regular expression of JavaScript to look for in a command line: the command stands at its beginning, or behind
    what separates commands."""
    pattern = command_pattern(specifier)
    text = r"[\s\S]*".join(_REGEX_SYNTAX.sub(r"\\\g<0>", part) for part in pattern.text.split("*"))
    end = r"($|[\s;&|)])" if pattern.shape is Shape.PREFIX else r"[ \t]*($|[\n;&|)])"
    return rf"(^|[;&|(`\n{{])\s*{text}{end}"
