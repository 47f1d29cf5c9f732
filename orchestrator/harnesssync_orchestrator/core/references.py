"""Environment references inside configuration values, parsed once and rendered per target.

Claude Code expands `${NAME}` and `${NAME:-default}` in `.mcp.json` (command, args, env, url, headers).
Every other harness has its own syntax, so a value is kept as a template: a secret is never expanded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_BEGINNING = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:-|\})")


@dataclass(frozen=True, slots=True)
class Reference:
    """`${name}` or, with a default, `${name:-default}`."""

    name: str
    default: str | None = None

    def __str__(self) -> str:
        return f"${{{self.name}}}" if self.default is None else f"${{{self.name}:-{self.default}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """A string made of literal text and references, in order; adjacent texts are joined."""

    parts: tuple[str | Reference, ...]

    def __str__(self) -> str:
        """The value as Claude Code writes it."""
        return "".join(str(part) for part in self.parts)

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def is_literal(self) -> bool:
        return not self.references

    def render(self, reference: Callable[[Reference], str]) -> str:
        """The value in another syntax: `reference` gives the text of each reference."""
        return "".join(part if isinstance(part, str) else reference(part) for part in self.parts)


def parse_template(text: str) -> Template:
    """Parse Claude Code's syntax. Anything that is not a well-formed reference stays text (`$X`, `${}`)."""
    parts: list[str | Reference] = []
    position = search = 0
    while match := _BEGINNING.search(text, search):
        default, search = None, match.end()
        if match[2] == ":-":
            end = text.find("}", search)
            if end < 0:
                break  # nothing closes this one, and so none of those behind it
            default, search = text[search:end], end + 1
        if match.start() > position:
            parts.append(text[position : match.start()])
        parts.append(Reference(match[1], default))
        position = search
    if position < len(text) or not parts:
        parts.append(text[position:])
    return Template(tuple(parts))
