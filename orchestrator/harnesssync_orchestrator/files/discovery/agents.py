r"""Sub-agents: Markdown files with `name` and `description`, anywhere below an `agents` folder.

Observed with Claude Code 2.1.330: a file without both is no agent (in a plugin the file's name stands in for a missing
name); of two agents with one name the one in the inner folder counts; `tools` is text or a list; `\\n` in a
description is a line break.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harnesssync_orchestrator.core.items import Agent
from harnesssync_orchestrator.files.discovery.frontmatter import FrontMatter
from harnesssync_orchestrator.files.discovery.globs import split_tools
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader, shown


def read_agents(folder: str, ground: Ground, reader: Reader, *, plugin: str = "") -> tuple[Agent, ...]:
    """The agents below `folder`, by name. In the plugin `plugin` their names are `plugin:folder:name`."""
    found: dict[str, Agent] = {}
    for parts, path in reader.markdown_files(folder, ground):
        for agent in _read_agent(parts, path, ground, reader, plugin):
            other = found.pop(agent.name, None)
            if other is not None:
                reader.report(
                    "agent_name_taken",
                    f"{agent.name} is also defined in {shown(agent.source)}, which Claude Code uses",
                    other.source,
                    "Give one of them another name.",
                    hides=False,
                )
            found[agent.name] = agent
    return tuple(found[name] for name in sorted(found))


def read_agent_file(path: str, ground: Ground, reader: Reader, *, plugin: str = "") -> Iterator[Agent]:
    """The agent in one file, which a plugin's manifest names."""
    return _read_agent((path.rsplit("/", 1)[-1],), path, ground, reader, plugin)


def _read_agent(parts: tuple[str, ...], path: str, ground: Ground, reader: Reader, plugin: str) -> Iterator[Agent]:
    front_matter = reader.front_matter(path, ground, below_checked=True)
    if front_matter is None:
        return
    metadata = front_matter.metadata
    name = metadata.get("name") or (parts[-1].removesuffix(".md") if plugin else None)
    description = metadata.get("description")
    if not (isinstance(name, str) and isinstance(description, str) and name and description.strip()):
        _report_incomplete(front_matter, path, reader)
        return
    if not reader.safe(name, "agent", path):
        return
    reader.report_flaw(front_matter.flaw, path, hides=front_matter.is_broken and ground.plugin is None)
    model = metadata.get("model")
    yield Agent(
        name=":".join((plugin, *parts[:-1], name)) if plugin else name,
        origin=ground.origin(path),
        description=description.replace("\\n", "\n"),
        prompt=front_matter.body.strip(),
        source=path,
        tools=_tools(metadata, "tools"),
        disallowed_tools=_tools(metadata, "disallowedTools") or (),
        model=model.strip() if isinstance(model, str) and model.strip() else None,
        metadata=metadata,
    )


def _report_incomplete(front_matter: FrontMatter, path: str, reader: Reader) -> None:
    """Files without front matter are notes that lie among the agents; with one, something was meant."""
    if front_matter.flaw is not None:
        reader.report_flaw(front_matter.flaw, path, hides=True)
        return
    given = [key for key in ("name", "description") if front_matter.metadata.get(key)]
    if not given:
        return
    missing = "description" if given == ["name"] else "name"
    if len(given) == 2:
        message = "name and description must be text"
    else:
        message = f"this agent has no {missing}, so Claude Code does not load it"
    hint = f"Add `{missing}: …` to the front matter."
    reader.report("agent_incomplete", message, path, hint, line=1, hides=False)


def _tools(metadata: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    """The tools under `key`; None for all of them, which a missing entry and `*` say."""
    value = metadata.get(key)
    if value is None:
        return None
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    tools = tuple(tool for text in texts if isinstance(text, str) for tool in split_tools(text))
    return None if "*" in tools else tools
