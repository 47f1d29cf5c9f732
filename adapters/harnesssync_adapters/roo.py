"""Roo Code, and Zoo Code that goes on with it in the same files, unverified: by its documentation and source.

Documented (docs.roocode.com/features: custom-instructions, skills, slash-commands, custom-modes, mcp/using-mcp-in-roo):
`AGENTS.md` of the root, every file of `.roo/rules`, skills with the name of their folder, servers of a project in
`.roo/mcp.json`. `${env:NAME}` is expanded in all of a server (src/utils/config.ts); a name that is not set stays as it
is written. A person's own modes and servers are kept inside the editor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.agents import agent_losses, is_limited, limits
from harnesssync_adapters.shared.command_files import command_files, described
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import is_private, loss, slug
from harnesssync_adapters.shared.rule_files import always, always_file
from harnesssync_adapters.shared.skills import linked_skills, name_losses, skill_losses
from harnesssync_adapters.shared.tool_groups import absent_losses, granted
from harnesssync_orchestrator.core.desired import ElementOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import Agent, Command, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, Render, SharedRules, Support, Target, Unsupported, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` of a project's root; the others in the folder of rules, which has no conditions."""
    for folder in instructions.folders(view, rules):
        if view.scope is Scope.USER:
            yield from instructions.agents_md(view, folder, f".roo/rules/{instructions.AGENTS}")
            continue
        if not folder.directory:
            yield from instructions.agents_md(view, folder, instructions.AGENTS)
        for rule in (*folder.apart, *folder.private) if not folder.directory else (*folder.public, *folder.private):
            yield from always_file(view, rule, ".roo/rules", "Roo Code")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    links = list(linked_skills(view, skills, ".roo/skills"))
    yield from links
    yield from name_losses(view, skills, links, "Roo Code")
    yield from skill_losses(view, skills, "Roo Code")


_GROUPS = {
    "read": ("Read", "Grep", "Glob", "LS"),
    "edit": ("Edit", "Write", "MultiEdit", "NotebookEdit"),
    "command": ("Bash",),
}


def _modes(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """Modes in `.roomodes`, which is read as YAML and may be JSON: a mode is what a task can be handed on to."""
    for agent in agents:
        name = slug(agent.name).replace("_", "-")
        tools = granted(view, agent, _GROUPS, lambda _server, _tool: None)
        groups: list[JsonValue] = list(tools.names)
        if not is_limited(agent):
            groups.append("mcp")
        if not name or not groups:
            yield loss(view, agent, str(agent.id), "a mode needs a name of a-z, 0-9 and hyphens, and a group of tools")
            continue
        if tools.wider:
            why = f"Roo Code gives tools in groups: the mode also has {', '.join(tools.wider)}"
            yield loss(view, agent, limits(agent), why, security=True)
        why = "Roo Code has no group for it, or only one with a denied tool"
        yield from absent_losses(view, agent, tools, "Roo Code", why)
        description = agent.description or agent.name
        yield ElementOutput(
            path=".roomodes",
            items=(agent.id,),
            private=is_private(view, agent),
            format="json-or-yaml",
            pointer=("customModes",),
            identity="slug",
            value={
                "slug": name,
                "name": agent.name,
                "description": description,
                "roleDefinition": agent.prompt.strip() or description,
                "whenToUse": description,
                "groups": groups,
            },
        )
        yield from agent_losses(view, agent, "Roo Code")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    yield from command_files(view, items, ".roo/commands", "Roo Code", front=_front)


def _front(command: Command) -> dict[str, JsonValue]:
    hint: dict[str, JsonValue] = {"argument-hint": command.argument_hint} if command.argument_hint else {}
    return {**described(command), **hint}


_DIALECT = Dialect(
    harness="Roo Code",
    remote={Transport.HTTP: {"type": "streamable-http"}, Transport.SSE: {"type": "sse"}},
    reference=lambda name: f"${{env:{name}}}",
    keeps_unset=True,
    timeout=("timeout", 1000),
)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    yield from mcp_servers(view, servers, _DIALECT, ".roo/mcp.json")


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads, and names other than the folder's"),
    Kind.COMMAND: Render(_commands, "arguments are told in words"),
    Kind.PERMISSIONS: Unsupported(
        "Roo Code's lists of commands stand in VS Code's settings, where a project's take the place of a person's own",
        security=True,
    ),
    Kind.HOOK: Unsupported("Roo Code has no hooks: what one forbids is not forbidden", security=True),
    Kind.ENVIRONMENT: Unsupported("Roo Code has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.roo import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="roo",
    name="Roo Code",
    programs=(),
    project_signs=(".roo", ".roomodes"),
    user_signs=(".roo",),
    extensions=("rooveterinaryinc.roo-cline",),
    home=".roo",
    importer=_importer,
    project={
        **_COMMON,
        Kind.AGENT: Merge(_modes, "become modes; models, and single tools: it gives them in groups"),
        Kind.MCP_SERVER: Merge(_servers, "defaults of variables, WebSocket"),
    },
    user={
        **_COMMON,
        Kind.AGENT: Unsupported("Roo Code keeps a person's own modes inside the editor"),
        Kind.MCP_SERVER: Unsupported("Roo Code keeps a person's own servers inside the editor"),
    },
    shared=SharedRules(below=False, apart=always),
)
