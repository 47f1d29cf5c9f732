"""Junie, the command line and the plugin of JetBrains, unverified: by its documentation of October 2026.

Documented (junie.jetbrains.com/docs: guidelines-and-memory, agent-skills, junie-cli-subagents, custom-slash-commands,
junie-cli-mcp-configuration, junie-cli-hooks): `AGENTS.md` of the root and of the home directory's `.junie`, every file
of `.junie/rules`, agents with Claude Code's names of tools, hooks from the home directory alone. Nothing says that
variables are expanded in `mcp.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses
from harnesssync_adapters.shared.command_files import command_files, described
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import is_private, loss, unsafe
from harnesssync_adapters.shared.rule_files import always, always_file
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tools import bare, is_narrowed
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, Render, SharedRules, Support, Target, Unsupported, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md`; what stands in other folders, or is a person's own, in the folder of rules: always loaded."""
    for folder in instructions.folders(view, rules):
        is_shared = not folder.directory
        if is_shared:
            name = instructions.AGENTS if view.scope is Scope.PROJECT else f".junie/{instructions.AGENTS}"
            yield from instructions.agents_md(view, folder, name)
        for rule in (*folder.apart, *folder.private) if is_shared else (*folder.public, *folder.private):
            yield from always_file(view, rule, ".junie/rules", "Junie")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills, ".junie/skills")
    yield from skill_losses(view, skills, "Junie")


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """Claude Code's own form, but for lists in place of text with commas. A part of a tool can't be said."""
    for agent in agents:
        stem = agent.name.replace(":", "-")
        if (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        front: dict[str, JsonValue] = {"name": agent.name, "description": agent.description or agent.name}
        if agent.tools is not None:
            tools = [tool for tool in agent.tools if not is_narrowed(tool)]
            for tool in agent.tools:
                if is_narrowed(tool):
                    yield loss(view, agent, f"tools: {tool}", "Junie has no names for a part of a tool")
            if not tools:
                why = "an agent without tools can't be written: it would get all of them, so it is left out"
                yield loss(view, agent, str(agent.id), why)
                continue
            front["tools"] = list(tools)
        if agent.disallowed_tools:
            front["disallowedTools"] = [bare(tool) for tool in agent.disallowed_tools]
        turns = agent.metadata.get("maxTurns")
        if isinstance(turns, int) and turns > 0:
            front["maxTurns"] = turns
        yield FileOutput(
            path=f".junie/agents/{stem}.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_private(view, agent),
        )
        yield from agent_losses(view, agent, "Junie", kept=("maxTurns",))


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    yield from command_files(view, items, ".junie/commands", "Junie", front=described)


_DIALECT = Dialect(harness="Junie", remote={Transport.HTTP: {}})


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    yield from mcp_servers(view, servers, _DIALECT, ".junie/mcp/mcp.json")


_EVENTS = frozenset(
    {"SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "Stop", "StopFailure", "SessionEnd"}
)


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """Claude Code's shape and its names of tools; time-outs are in seconds."""
    for hook in items:
        refused = hooks.unusable(view, hook, hook.event if hook.event in _EVENTS else "", "Junie")
        if refused is not None:
            yield refused
            continue
        yield hooks.hook_element(
            view,
            hook,
            path=".junie/config.json",
            event=hook.event,
            matcher=hook.matcher,
            command=command_line(hook, GIT_DIR),
            timeout=hook.timeout_s,
        )
        yield from hooks.setting_losses(view, hook, "Junie")


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models, and parts of tools"),
    Kind.COMMAND: Render(_commands, "arguments are told in words"),
    Kind.MCP_SERVER: Merge(_servers, "variables, time-outs, SSE and WebSocket"),
    Kind.PERMISSIONS: Unsupported("Junie has a list of what is allowed alone, a person's own", security=True),
    Kind.ENVIRONMENT: Unsupported("Junie has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.junie import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="junie",
    name="Junie",
    programs=("junie",),
    project_signs=(".junie",),
    user_signs=(".junie",),
    home=".junie",
    importer=_importer,
    project={
        **_COMMON,
        Kind.HOOK: Unsupported(
            "Junie ignores the hooks of a project: what one forbids is not forbidden", security=True
        ),
    },
    user={**_COMMON, Kind.HOOK: Merge(_hooks, "events that Junie does not have")},
    shared=SharedRules(below=False, apart=always),
)
