"""Lists of patterns as Claude Code takes them apart: commas outside of braces separate, braces are written out."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

MAX_PATTERNS = 1000
"""Patterns that the braces of one may stand for; Claude Code takes one that stands for more as it is written."""

_BRACES = re.compile(r"([^{]*)\{([^}]+)\}(.*)", re.DOTALL)


def split_list(text: str) -> list[str]:
    """`src/**/*.{ts,tsx}, lib/**` holds two patterns."""
    parts: list[str] = []
    depth = start = 0
    for index, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def expand_braces(pattern: str) -> list[str]:
    """`*.{ts,tsx}` is `*.ts` and `*.tsx`."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        current = waiting.pop()
        match = _BRACES.fullmatch(current)
        if match is None:
            done.append(current)
            continue
        choices = [choice.strip() for choice in match[2].split(",")]
        if len(done) + len(waiting) + len(choices) > MAX_PATTERNS:
            return [pattern]
        waiting.extend(match[1] + choice + match[3] for choice in reversed(choices))
    return done


def matches(pattern: str, path: str) -> bool:
    """Does a pattern match the whole of a path with `/`? `*`, `?` and `[…]` stay within a name, `**` does not.

    The names are compared one after the other, so that no pattern of a hostile clone takes more than the product of
    both lengths.
    """
    names = path.split("/")
    return any(_match_names(choice.split("/"), names) for choice in expand_braces(pattern))


def _match_names(patterns: list[str], names: list[str]) -> bool:
    reached = {0}  # how many names the patterns so far can stand for
    for pattern in patterns:
        if pattern == "**":
            reached = set(range(min(reached), len(names) + 1))
        else:
            reached = {count + 1 for count in reached if count < len(names) and fnmatchcase(names[count], pattern)}
        if not reached:
            return False
    return len(names) in reached


def split_tools(text: str) -> list[str]:
    """`Read, Bash(git log:*) Grep` names three tools: commas and spaces outside of parentheses separate."""
    tools: list[str] = []
    current = ""
    depth = 0
    for character in text:
        if depth == 0 and (character == "," or character.isspace()):
            tools.append(current)
            current = ""
            continue
        depth += (character == "(") - (character == ")" and depth > 0)
        current += character
    tools.append(current)
    return [tool for tool in tools if tool]
