"""Commands as skills, for harnesses that have none: what Claude Code would put in is asked of the model in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import commands
from harnesssync_adapters.shared.names import first_line, has_skill, is_private, loss, unsafe
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Command
from harnesssync_orchestrator.core.targets import View


def command_skills(
    view: View, items: Sequence[Command], folder: str, harness: str, front: Mapping[str, JsonValue] = {}
) -> Iterator[Output | Loss]:
    """One skill per command in the harness's own `folder`: in `.agents/skills` the others would see it twice.

    `front` is what its front matter says besides."""
    for command in items:
        name = "-".join(command.path)
        if (refused := unsafe(view, command, [name])) is not None:
            yield refused
        elif not has_skill(view, name):
            body = commands.rewritten(command.prompt, str, _spoken)
            description = command.description or first_line(body) or f"The command {command.name}"
            yield FileOutput(
                path=f"{folder}/{name}/SKILL.md",
                items=(command.id,),
                content=markdown({"name": name, "description": description, **front}, body),
                private=is_private(view, command),
            )
            for part in dict.fromkeys(one for one in commands.parts(command.prompt) if not isinstance(one, str)):
                yield loss(view, command, part.written, "the model is told in words what belongs there")
            yield from command_losses(view, command, harness)


def command_losses(view: View, command: Command, harness: str) -> Iterator[Loss]:
    """The settings of a command that no other harness reads."""
    if command.allowed_tools:
        yield loss(view, command, f"allowed-tools: {', '.join(command.allowed_tools)}", f"{harness} asks as usual")
    if command.model not in (None, "inherit"):
        yield loss(view, command, f"model: {command.model}", f"{harness} has other models")


def _spoken(part: commands.Part) -> str:
    if isinstance(part, commands.Arguments):
        return "(what the user typed after the name of this skill)"
    if isinstance(part, commands.Argument):
        return f"(word {part.number} of what the user typed after the name of this skill)"
    return commands.in_words(part)
