"""What a plugin brings along: skills, agents, commands, MCP servers and hooks, under names that begin with its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harnesssync_orchestrator.core.items import Agent, Command, Hook, McpServer, Skill
from harnesssync_orchestrator.files.discovery.agents import read_agent_file, read_agents
from harnesssync_orchestrator.files.discovery.commands import read_command_file, read_commands
from harnesssync_orchestrator.files.discovery.hooks import HookReader
from harnesssync_orchestrator.files.discovery.mcp import read_servers
from harnesssync_orchestrator.files.discovery.plugins import Plugin, component_paths, inline_tables
from harnesssync_orchestrator.files.discovery.reader import Reader
from harnesssync_orchestrator.files.discovery.skills import SKILL_FILE, read_skill, read_skills


def read_plugin_skills(plugin: Plugin, reader: Reader) -> Iterator[Skill]:
    """The skills in `skills`, and those that the manifest names: a folder of skills, or a skill itself."""
    namespace = f"{plugin.name}:"
    seen: set[str] = set()
    folders = [plugin.root / "skills", *(component_paths(plugin, "skills", reader) or ())]
    if not any(folder.is_dir() for folder in folders):
        folders = [plugin.root]  # the plugin is one skill
    for folder in folders:
        if (folder / SKILL_FILE).is_file():
            skill = read_skill(str(folder), folder.name, plugin.ground, reader, namespace=namespace)
            skills = iter(() if skill is None else (skill,))
        elif folder == plugin.root:
            continue
        else:
            skills = read_skills(str(folder), plugin.ground, reader, namespace=namespace)
        for skill in skills:
            if skill.source not in seen:
                seen.add(skill.source)
                yield skill


def read_plugin_agents(plugin: Plugin, reader: Reader) -> Iterator[Agent]:
    """The agents in `agents`, or else those that the manifest names."""
    paths = component_paths(plugin, "agents", reader)
    for path in (plugin.root / "agents",) if paths is None else paths:
        if path.suffix == ".md":
            yield from read_agent_file(str(path), plugin.ground, reader, plugin=plugin.name)
        else:
            yield from read_agents(str(path), plugin.ground, reader, plugin=plugin.name)


def read_plugin_commands(plugin: Plugin, reader: Reader, hidden: Collection[str]) -> Iterator[Command]:
    """The commands in `commands`, or else those that the manifest names."""
    paths = component_paths(plugin, "commands", reader)
    for path in (plugin.root / "commands",) if paths is None else paths:
        if path.suffix == ".md":
            command = read_command_file((path.name,), str(path), plugin.ground, reader, plugin=plugin.name)
            if command is not None and command.name not in hidden:
                yield command
        else:
            yield from read_commands(str(path), plugin.ground, reader, plugin=plugin.name, hidden=hidden)


def read_plugin_servers(plugin: Plugin, reader: Reader) -> Iterator[McpServer]:
    """The servers of `.mcp.json` and of the manifest, called as in the names of their tools: `plugin_docs_search`."""
    tables: list[tuple[Mapping[str, Any], str]] = [
        (table, plugin.manifest_file) for table in inline_tables(plugin, "mcpServers")
    ]
    named = component_paths(plugin, "mcpServers", reader) or ()
    for path in (plugin.root / ".mcp.json", *(path for path in named if path.suffix == ".json")):
        content = reader.table(str(path), plugin.ground)
        if content is not None:
            tables.append((content, str(path)))
    servers: dict[str, McpServer] = {}
    for table, file in tables:
        for server in read_servers(
            table,
            file,
            plugin.ground,
            reader,
            bare=True,
            prefix=f"plugin_{plugin.name}_",
            substitutions=plugin.substitutions,
        ):
            servers[server.name] = server
    yield from servers.values()


def read_plugin_hooks(plugin: Plugin, hooks: HookReader) -> Iterator[Hook]:
    """The hooks of `hooks/hooks.json` and of the manifest, with the plugin's folder written out in commands."""
    reader = hooks.reader
    root = str(plugin.root)
    substitutions = {"${CLAUDE_PLUGIN_ROOT}": root, "$CLAUDE_PLUGIN_ROOT": root}
    named = component_paths(plugin, "hooks", reader) or ()
    for path in dict.fromkeys((plugin.root / "hooks" / "hooks.json", *named)):
        content = reader.table(str(path), plugin.ground)
        if content is not None:
            yield from hooks.read(content.get("hooks"), str(path), plugin.ground, substitutions)
    for table in inline_tables(plugin, "hooks"):
        inner = table.get("hooks", table)
        yield from hooks.read(inner, plugin.manifest_file, plugin.ground, substitutions)
