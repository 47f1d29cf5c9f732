"""Lists of patterns as Claude Code takes them apart: commas outside of braces separate, braces are written out."""

from __future__ import annotations

import re

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
