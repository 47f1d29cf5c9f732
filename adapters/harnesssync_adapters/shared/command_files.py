"""Commands as Markdown files side by side, for harnesses that find none in folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import commands
from harnesssync_adapters.shared.command_skills import command_losses, spoken
from harnesssync_adapters.shared.names import has_skill, is_private, loss, unsafe
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Command
from harnesssync_orchestrator.core.targets import View


def command_files(
    view: View,
    items: Sequence[Command],
    folder: str,
    harness: str,
    *,
    front: Callable[[Command], Mapping[str, JsonValue]],
) -> Iterator[Output | Loss]:
    """One file per command, in `folder` itself: `git:commit` becomes `git-commit.md`, which is called `/git-commit`.

    For harnesses that put nothing in the place of arguments: the model is told of them.
    """
    for command in items:
        name = "-".join(command.path)
        if (refused := unsafe(view, command, [name])) is not None:
            yield refused
        elif not has_skill(view, command.name):
            body, members = _body(command), front(command)
            yield FileOutput(
                path=f"{folder}/{name}.md",
                items=(command.id,),
                content=markdown(members, body) if members else f"{body.strip()}\n".encode("utf-8", "surrogateescape"),
                private=is_private(view, command),
            )
            for part in (one for one in prompts.distinct(command.prompt) if not isinstance(one, str)):
                yield loss(view, command, part.written, "the model is told in words what belongs there")
            yield from command_losses(view, command, harness)


def prompt_files(
    view: View, items: Sequence[Command], folder: str, harness: str, *, numbered: bool
) -> Iterator[Output | Loss]:
    """The same for harnesses that put in `$ARGUMENTS`, and `$1` if it is `numbered`."""
    for command in items:
        name = "-".join(command.path)
        if (refused := unsafe(view, command, [name])) is not None:
            yield refused
        elif not has_skill(view, command.name):
            prompt, losses = commands.with_arguments(command.prompt, harness, numbered=numbered)
            front: dict[str, JsonValue] = {"description": commands.described(command)}
            if command.argument_hint:
                front["argument-hint"] = command.argument_hint
            yield FileOutput(
                path=f"{folder}/{name}.md",
                items=(command.id,),
                content=markdown(front, prompt),
                private=is_private(view, command),
            )
            for what, why in losses.items():
                yield loss(view, command, what, why)
            yield from command_losses(view, command, harness)


def described(command: Command) -> Mapping[str, JsonValue]:
    """Front matter that only describes the command."""
    return {"description": commands.described(command)}


def _body(command: Command) -> str:
    return commands.rewritten(command.prompt, str, partial(spoken, noun="command"))
