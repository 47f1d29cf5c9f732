"""Where in a file of JSON an item stands, as far as the text alone tells: nothing is said that is not certain."""

from __future__ import annotations

import json
import re

from harnesssync_orchestrator.core.items import EnvironmentVariable, Hook, Item, McpServer


def line_of(item: Item, text: str) -> int | None:
    """The line, from 1, on which an item of a settings file begins; None for items that have a file of their own.

    Found by the name that it is called by there (a hook by its command), if that stands there exactly once.
    """
    if isinstance(item, (McpServer, EnvironmentVariable)):
        return _only(rf"{_written(item.name)}\s*:", text)
    if isinstance(item, Hook) and item.command is not None:
        return _only(_written(item.command), text)
    return None


def _written(text: str) -> str:
    """A pattern for a text as JSON has it, with or without escapes for what is not ASCII."""
    plain, escaped = re.escape(json.dumps(text, ensure_ascii=False)), re.escape(json.dumps(text))
    return plain if plain == escaped else f"(?:{plain}|{escaped})"


def _only(pattern: str, text: str) -> int | None:
    found = [match.start() for match in re.finditer(pattern, text)]
    return text.count("\n", 0, found[0]) + 1 if len(found) == 1 else None
