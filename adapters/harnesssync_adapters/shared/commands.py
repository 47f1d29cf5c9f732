"""The text of a slash command, told to harnesses that put in less than Claude Code does."""

from __future__ import annotations

import re
from collections.abc import Callable

from harnesssync_orchestrator.core.items import Command
from harnesssync_orchestrator.core.prompts import (
    Argument,
    Arguments,
    File,
    Part,
    Shell,
    distinct,
    has_singles,
    parts,
    renumbered,
)

_LONGEST = 200
"""Characters of a description that is taken from the text."""
_ALL = re.compile(r"\$(?=ARGUMENTS)")
NUMBERS = re.compile(r"\$(?=\d|ARGUMENTS)")
"""What a harness that puts in single arguments would put something in the place of, in text."""


def described(command: Command) -> str:
    """What lists show of a command: its description, or else its first words, with an ellipsis where Claude Code would
    put something in. A command that says nothing in words is called by its name."""
    told = command.metadata.get("description")
    is_told = bool(told) and str(told) == command.description  # of an empty one Claude Code takes the first words too
    if is_told or (command.description not in command.prompt and "arguments" not in command.metadata):
        return command.description
    text = rewritten(command.prompt, str, lambda _: "…")
    lines = (line.strip().lstrip("#").strip() for line in text.splitlines())
    return next((line[:_LONGEST] for line in lines if any(map(str.isalnum, line))), f"The command {command.name}")


def spaced(text: str) -> str:
    """Text in which such a harness finds none: a space behind the sign keeps it as text."""
    return NUMBERS.sub("$ ", text)


def why_spaced(harness: str) -> str:
    """What is lost by that."""
    return f"{harness} would put an argument in the place of a number behind it: a space keeps it as text"


def explained(arguments: str) -> str:
    """What the model is told behind a prompt with `$1` in it, where a harness puts in all `arguments` at once."""
    return f"\n\nThe arguments are: {arguments} ($1 stands for the first of them, $2 for the second, and so on.)"


def why_explained(harness: str) -> str:
    """What is lost by that."""
    return f"{harness} gives all arguments at once: the model is told which of them is meant"


def rewritten(prompt: str, text: Callable[[str], str], part: Callable[[Part], str]) -> str:
    """The prompt with its plain text through `text` and everything else through `part`."""
    told = {one: text(one) if isinstance(one, str) else part(one) for one in distinct(prompt)}
    return "".join(map(told.__getitem__, parts(prompt)))


def in_words(part: Shell | File) -> str:
    """What Claude Code would put in, asked of the model in words."""
    if isinstance(part, Shell) and part.is_block:
        return f"First run these, and use their output here:\n\n```\n{renumbered(part.command)}\n```"
    if isinstance(part, Shell):
        return f"(first run `{renumbered(part.command)}`, and use its output here)"
    return f"(the content of the file `{part.path}`)"


def with_arguments(prompt: str, harness: str, *, numbered: bool) -> tuple[str, dict[str, str]]:
    """The prompt for a harness that puts in arguments alone, and what of it is lost.

    It knows `$ARGUMENTS`, and `$1`, the first, if it is `numbered`; else the model is told which of them is meant.
    """
    losses: dict[str, str] = {}
    singled = has_singles(prompt)

    def words(plain: str) -> str:
        special = NUMBERS if numbered or singled else _ALL
        if special.search(plain):
            losses["$"] = f"{harness} or the model would see an argument in what is behind it: a space keeps it as text"
        return special.sub("$ ", plain)

    def part(one: Part) -> str:
        if isinstance(one, Arguments):
            return one.written
        if isinstance(one, Argument):
            if not numbered:
                losses[one.written] = why_explained(harness)
            return f"${one.number}"
        losses[one.written] = "the model is told in words what belongs there"
        return in_words(one)

    text = rewritten(prompt, words, part).strip()
    if not numbered and singled:
        text += explained("$ARGUMENTS")
    return text + "\n", losses
