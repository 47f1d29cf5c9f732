"""Slash commands: Markdown files anywhere below a `commands` folder, called by their path (`git:commit`).

Observed with Claude Code 2.1.330: a `name` in the front matter changes nothing; a folder with a `SKILL.md` is one
command that has the folder's name, and the other files in it are none; a skill of the same name hides a command.
`arguments` names arguments, as a list or with spaces between the names, of which those that are numbers do not count:
then `$name` stands for one, whole words in the same case, unless a backslash is before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from harnesssync_orchestrator.core.items import Command
from harnesssync_orchestrator.files.discovery.globs import split_tools
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader
from harnesssync_orchestrator.files.discovery.skills import SKILL_FILE, described


def read_commands(
    folder: str, ground: Ground, reader: Reader, *, plugin: str = "", hidden: Collection[str] = ()
) -> Iterator[Command]:
    """The commands below `folder` but those with a name in `hidden`. In a plugin its name comes first."""
    for parts, path in reader.markdown_files(folder, ground, whole=SKILL_FILE):
        command = read_command_file(parts, path, ground, reader, plugin=plugin)
        if command is not None and command.name not in hidden:
            yield command


def read_command_file(
    parts: tuple[str, ...], path: str, ground: Ground, reader: Reader, *, plugin: str = ""
) -> Command | None:
    """The command in one file. `parts` are the names of the folders below `commands`, and the file's."""
    called = parts[:-1] if parts[-1] == SKILL_FILE else (*parts[:-1], parts[-1].removesuffix(".md"))
    if not called or not all(reader.safe(part, "command", path) for part in called):
        return None
    front_matter = reader.front_matter(path, ground, below_checked=True)
    if front_matter is None:
        return None
    reader.report_flaw(front_matter.flaw, path, hides=front_matter.is_broken and ground.plugin is None)
    metadata = front_matter.metadata
    called = (plugin, *called) if plugin else called
    model = metadata.get("model")
    return Command(
        name=":".join(called),
        origin=ground.origin(path),
        path=called,
        prompt=_with_numbers(front_matter.body, metadata.get("arguments")),
        source=path,
        description=described(front_matter),
        argument_hint=_hint(metadata.get("argument-hint")),
        allowed_tools=_tools(metadata.get("allowed-tools")),
        model=model.strip() if isinstance(model, str) and model.strip() else None,
        metadata=metadata,
    )


def _with_numbers(prompt: str, value: object) -> str:
    """The prompt with `$ARGUMENTS[0]`, `$ARGUMENTS[1]`, … in the places of named arguments."""
    named = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    names = [name for name in named if isinstance(name, str) and name.strip() and not name.isdecimal()]
    places = {name: number for number, name in reversed([*enumerate(names)]) if name != "ARGUMENTS"}
    if not places:
        return prompt
    longest_first = "|".join(map(re.escape, sorted(places, key=len, reverse=True)))
    pattern = re.compile(rf"(?P<kept>(?<!\\)\\)?\$(?P<name>{longest_first})(?![\[\w])")
    return pattern.sub(
        lambda match: f"${match['name']}" if match["kept"] else f"$ARGUMENTS[{places[match['name']]}]", prompt
    )


def _hint(value: object) -> str:
    """`argument-hint: [file] [line]` is text, but `[file]` alone is a list for YAML: it is shown as written."""
    if isinstance(value, list):
        return "[" + ", ".join(str(part) for part in value) + "]"
    return "" if value is None else str(value)


def _tools(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    return tuple(tool for text in texts if isinstance(text, str) for tool in split_tools(text))
