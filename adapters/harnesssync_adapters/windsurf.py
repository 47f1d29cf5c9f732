"""Windsurf, now called Devin Desktop: Cascade in its editor, and Devin, which is a command line too.

Unverified: by their documentation of October 2026 (docs.devin.ai/desktop/cascade, docs.devin.ai/cli). Documented:
`AGENTS.md` holds for its folder, rules stand in `.devin/rules` (earlier `.windsurf/rules`), workflows in
`.windsurf/workflows`. Devin takes rules, skills, commands and MCP servers from Claude Code's own files
(/cli/reference/configuration/read-config-from); its page on hooks says that these run too, and somebody who tried it
with version 3000.10 found that they do not. Servers of Cascade are a person's own; `${env:NAME}` is expanded in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.permissions.devin import permissions
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.agents import agent_losses, is_agent_private, is_limited, limits, named_servers
from harnesssync_adapters.shared.command_files import command_files, described
from harnesssync_adapters.shared.hooks import GUARDS, read_losses
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import loss, unsafe
from harnesssync_adapters.shared.rule_files import limited_rules, trigger_losses, triggered
from harnesssync_adapters.shared.servers import is_claude_server, templates
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tool_groups import absent_losses, granted
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import (
    Besides,
    Link,
    Merge,
    Native,
    Render,
    Support,
    Target,
    Unsupported,
    View,
)

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.importing import Importer

_NAME = "Windsurf"
_GLOBAL_RULES = ".codeium/windsurf/memories/global_rules.md"
_RULE_LIMIT, _GLOBAL_LIMIT, _WORKFLOW_LIMIT = 12_000, 6_000, 12_000


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else _GLOBAL_RULES
        yield from instructions.agents_md(view, folder, folder.path(name))
        if view.scope is Scope.USER and len(instructions.rendered(folder.public)) > _GLOBAL_LIMIT:
            why = f"{_NAME} reads no more than {_GLOBAL_LIMIT:,} characters of a person's rules"
            yield loss(view, folder.public[0], _GLOBAL_RULES, why)
        for rule in (*folder.apart, *folder.private):
            yield triggered(view, rule, ".devin/rules")
            yield from trigger_losses(view, rule, _NAME, _RULE_LIMIT)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, _NAME)


_TOOLS = {
    "read": ("Read",),
    "edit": ("Edit", "MultiEdit"),
    "write": ("Write",),
    "exec": ("Bash",),
    "grep": ("Grep",),
    "glob": ("Glob",),
    "webfetch": ("WebFetch",),
}


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """Devin's sub-agents: a folder each, with the tools by Devin's names."""
    root = ".devin" if view.scope is Scope.PROJECT else ".config/devin"
    for agent in agents:
        stem = agent.name.replace(":", "-")
        if (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        front: dict[str, JsonValue] = {"name": agent.name, "description": agent.description or agent.name}
        if is_limited(agent):
            tools = granted(view, agent, _TOOLS, lambda server, tool: f"mcp__{server}__{tool or '*'}")
            if not tools.names:
                why = "an agent without tools can't be written: it would get all of them, so it is left out"
                yield loss(view, agent, str(agent.id), why)
                continue
            front["allowed-tools"] = list(tools.names)
            if tools.wider:
                why = f"Devin has one tool for several: it also has {', '.join(tools.wider)}"
                yield loss(view, agent, limits(agent), why, security=True)
            why = "Devin has no such tool, or only together with a denied one"
            yield from absent_losses(view, agent, tools, "Devin", why)
        gathered = named_servers(agent)
        yield FileOutput(
            path=f"{root}/agents/{stem}/AGENT.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_agent_private(view, agent, gathered),
            gathers=gathered,
        )
        yield from agent_losses(view, agent, "Devin")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Cascade's workflows; Devin reads the commands themselves."""
    folder = ".windsurf/workflows" if view.scope is Scope.PROJECT else ".codeium/windsurf/global_workflows"
    yield from command_files(view, items, folder, _NAME, front=described)
    for command in items:
        if len(command.prompt) > _WORKFLOW_LIMIT:
            why = f"{_NAME} reads no more than {_WORKFLOW_LIMIT:,} characters of a workflow"
            yield loss(view, command, command.name, why)


_DIALECT = Dialect(
    harness=_NAME,
    url="serverUrl",
    remote={Transport.HTTP: {}, Transport.SSE: {}},
    reference=lambda name: f"${{env:{name}}}",
)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    yield from mcp_servers(view, servers, _DIALECT, ".codeium/windsurf/mcp_config.json")


def _project_servers(view: View, servers: Sequence[McpServer]) -> Iterator[Loss]:
    for server in servers:
        if not is_claude_server(view, server):
            yield loss(view, server, str(server.id), "of a project's servers, Devin takes those of .mcp.json alone")
        elif any(not template.is_literal for template in templates(server)):
            why = "it is not known whether Devin expands the variables of .mcp.json"
            yield loss(view, server, str(server.id), why)


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Loss]:
    for hook in items:
        if hook.event in GUARDS:
            why = "Devin's documentation says that it runs, and somebody who tried found that it did not: try it"
            yield loss(view, hook, str(hook.id), why, security=True)
        yield from read_losses(view, hook, "Devin")


_HOOKS = Native("Devin's documentation says that it runs Claude Code's hooks; Cascade has others", _hooks)
_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models; Devin's alone, Cascade has no agents"),
    Kind.COMMAND: Render(_commands, "become workflows; arguments are told in words"),
    Kind.PERMISSIONS: Merge(permissions, "patterns of commands, searches; Cascade does not obey them"),
    Kind.HOOK: _HOOKS,
    Kind.ENVIRONMENT: Unsupported("Windsurf has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.windsurf import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="windsurf",
    name="Windsurf (Devin)",
    programs=("windsurf", "devin"),
    project_signs=(".windsurf", ".devin"),
    user_signs=(".codeium/windsurf", ".config/devin"),
    home=".codeium/windsurf",
    project={
        **_COMMON,
        Kind.RULE: Link(_rules, instructions.UNSHARED),
        Kind.MCP_SERVER: Native("Devin reads .mcp.json itself; Cascade has no servers of a project", _project_servers),
    },
    user={**_COMMON, Kind.MCP_SERVER: Merge(_servers, "defaults of variables, time-outs, WebSocket")},
    consent=(
        "Leave `read_config_from.claude` on in Devin's settings, as it is by default: by it Devin reads MCP servers.",
    ),
    importer=_importer,
    shared=limited_rules(_RULE_LIMIT, below=True),
    besides=(
        Besides(".claude/rules/{}", (".windsurf/rules/{}", ".devin/rules/{}"), scope=Scope.PROJECT),
        Besides(".claude/rules/windsurfrules.md", (".windsurfrules",), scope=Scope.PROJECT),
        Besides(".agents/skills/{}", (".windsurf/skills/{}", ".devin/skills/{}"), scope=Scope.PROJECT),
        Besides(
            ".agents/skills/{}",
            (".codeium/windsurf/skills/{}", ".config/devin/skills/{}"),
            scope=Scope.USER,
        ),
    ),
)
