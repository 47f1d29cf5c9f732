"""Prompts of Gemini CLI and of Qwen Code, which was made from it, with Claude Code's signs: `{{args}}`, `!{command}`,
`@{file}`."""

from __future__ import annotations

import re
from itertools import pairwise

from harnesssync_adapters.importing import texts
from harnesssync_orchestrator.core.prompts import mentions

_PARTS = re.compile(r"\{\{args\}\}|!\{([^{}`\n]*)\}|@\{([\w./~-]+)\}|[!@]\{")


def in_claudes_syntax(prompt: str) -> tuple[str, list[str]]:
    """The text of a command, and what of it is only text for Claude Code."""
    losses: list[str] = []

    def part(match: re.Match[str]) -> str:
        if match[0] == "{{args}}":
            return "$ARGUMENTS"
        if match[1] is not None:
            return f"!`{match[1].replace('{{args}}', '$ARGUMENTS')}`"
        if match[2] is not None:
            return f"@{match[2]}"
        losses.append(match[0])
        return match[0]

    text = _PARTS.sub(part, texts.without_arguments(_without_mentions(prompt)))
    if "{{args}}" not in prompt and "$ARGUMENTS" not in text:
        text = text.rstrip()  # both append what was typed
    return text, losses


def _without_mentions(prompt: str) -> str:
    """`@path` is a mention there only in braces; a space keeps it as text for Claude Code. A command stays as it is."""
    seen = _PARTS.sub(lambda match: " " * len(match[0]), prompt)
    ends = [0, *mentions(seen), len(prompt)]
    return " ".join(prompt[begin:end] for begin, end in pairwise(ends))
