"""Commands as skills, for harnesses that have none: what Claude Code would put in is asked of the model in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import commands
from harnesssync_adapters.shared.names import has_skill, is_private, loss, unsafe
from harnesssync_adapters.shared.skills import use_losses
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Command
from harnesssync_orchestrator.core.targets import View

_ALL = re.compile(r"(?<!\\)\$ARGUMENTS(?!\[)")


def _no_own(part: prompts.Part) -> str | None:  # noqa: ARG001 - as the harnesses' own functions
    return None


def command_skills(
    view: View,
    items: Sequence[Command],
    folder: str,
    harness: str,
    *,
    own: Callable[[prompts.Part], str | None] = _no_own,
    text: Callable[[str], str] = str,
    named: Callable[[str], str] = str,
    front: Mapping[str, JsonValue] = MappingProxyType({}),
) -> Iterator[Output | Loss]:
    """One skill per command in the harness's own `folder`: in `.agents/skills` the others would see it twice.

    `own` writes a part in the harness's own syntax, if it has one; `text` keeps plain text from being taken for that;
    `named` makes a name that the harness accepts; `front` is what the front matter says besides.
    """
    place = f"{folder}/{{}}/SKILL.md"
    yield from told_commands(view, items, place, harness, noun="skill", own=own, text=text, named=named, front=front)


def told_commands(
    view: View,
    items: Sequence[Command],
    place: str,
    harness: str,
    *,
    noun: str,
    own: Callable[[prompts.Part], str | None] = _no_own,
    text: Callable[[str], str] = str,
    named: Callable[[str], str] = str,
    front: Mapping[str, JsonValue] = MappingProxyType({}),
) -> Iterator[Output | Loss]:
    """One Markdown file per command at `place`, in which its name stands for `{}`. The model calls it a `noun`."""
    for command in items:
        name = named("-".join(command.path))
        if (refused := unsafe(view, command, [name])) is not None:
            yield refused
        elif not has_skill(view, name):
            body = commands.rewritten(command.prompt, text, lambda part: own(part) or spoken(part, noun))
            yield FileOutput(
                path=place.format(name),
                items=(command.id,),
                content=markdown({"name": name, "description": commands.described(command), **front}, body),
                private=is_private(view, command),
            )
            for part in prompts.distinct(command.prompt):
                if isinstance(part, str):
                    if text(part) != part:
                        yield loss(view, command, "$", commands.why_spaced(harness))
                elif own(part) is None:
                    yield loss(view, command, part.written, "the model is told in words what belongs there")
            yield from called_losses(view, command, harness)


def called_losses(view: View, command: Command, harness: str) -> Iterator[Loss]:
    """What is lost where a command is a skill, which the model may use by itself."""
    yield from use_losses(view, command, harness)
    yield from command_losses(view, command, harness)


def command_losses(view: View, command: Command, harness: str) -> Iterator[Loss]:
    """The settings of a command that no other harness reads."""
    if command.allowed_tools:
        yield loss(view, command, f"allowed-tools: {', '.join(command.allowed_tools)}", f"{harness} asks as usual")
    if command.model not in (None, "inherit"):
        yield loss(view, command, f"model: {command.model}", f"{harness} has other models")


def spoken(part: prompts.Part, noun: str = "skill") -> str:
    """What Claude Code would put something in the place of, asked of the model in words."""
    if isinstance(part, prompts.Arguments):
        return f"(what the user typed after the name of this {noun})"
    if isinstance(part, prompts.Argument):
        return f"(word {part.number} of what the user typed after the name of this {noun})"
    if isinstance(part, prompts.Shell):
        typed = f"what the user typed after the name of this {noun}"
        about = [f"$1 is the first word of {typed}"] if prompts.singles(part) else []
        if _ALL.search(part.command):
            about.append(f"$ARGUMENTS is {typed}")
        return f"{commands.in_words(part)} ({'; '.join(about)})" if about else commands.in_words(part)
    return commands.in_words(part)
