"""Warp, unverified: by its documentation of October 2026 (docs.warp.dev, capabilities: rules, skills, mcp).

Documented: `AGENTS.md` of every folder, but for one that has a `WARP.md`; skills of `.claude/skills`, `.agents/skills`
and `.warp/skills`, in which `$ARGUMENTS` and `$0`, `$1` are replaced, counted from 0; MCP servers of `.mcp.json` and
`~/.claude.json`, of `.warp/.mcp.json` and `~/.warp/.mcp.json`. Nothing says that variables are expanded in them. As
other tools write it: `~/.agents/AGENTS.md` for a person's rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import commands, instructions
from harnesssync_adapters.shared.command_skills import called_losses, spoken
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import has_skill, is_private, loss, unsafe
from harnesssync_adapters.shared.servers import is_claude_server, templates
from harnesssync_adapters.shared.skills import linked_besides, skill_losses
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import FileOutput, Loss, Output
from harnesssync_orchestrator.core.items import Command, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, Render, Support, Target, Unsupported, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else f".agents/{instructions.AGENTS}"
        yield from instructions.agents_md(view, folder, folder.path(name))
        for rule in folder.private:
            yield loss(view, rule, rule.name, "Warp reads no instructions of a project but those of the team")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_besides(view, skills)
    yield from skill_losses(view, skills, "Warp", puts_in=(prompts.Arguments, prompts.Argument))


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """A skill for each, in Warp's own folder, called as `/name`."""
    for command in items:
        name = "-".join(command.path)
        if (refused := unsafe(view, command, [name])) is not None:
            yield refused
            continue
        if has_skill(view, name):
            continue
        body = commands.rewritten(command.prompt, commands.spaced, _written)
        description = commands.described(command)
        yield FileOutput(
            path=f".warp/skills/{name}/SKILL.md",
            items=(command.id,),
            content=markdown({"name": name, "description": description}, body),
            private=is_private(view, command),
        )
        for part in prompts.distinct(command.prompt):
            if isinstance(part, str):
                if commands.NUMBERS.search(part):
                    yield loss(view, command, "$", commands.why_spaced("Warp"))
            elif isinstance(part, (prompts.Shell, prompts.File)):
                yield loss(view, command, part.written, "the model is told in words what belongs there")
        yield from called_losses(view, command, "Warp")


def _written(part: prompts.Part) -> str:
    if isinstance(part, prompts.Argument):
        return f"$ARGUMENTS[{part.number - 1}]"
    return part.written if isinstance(part, prompts.Arguments) else spoken(part)


_DIALECT = Dialect(harness="Warp", remote={Transport.HTTP: {}, Transport.SSE: {}})


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    """Those that Warp does not find itself: of plugins, and those that a person added to one project."""
    elsewhere = [server for server in servers if not is_claude_server(view, server)]
    yield from mcp_servers(view, elsewhere, _DIALECT, ".warp/.mcp.json")
    for server in servers:
        if server not in elsewhere and any(not template.is_literal for template in templates(server)):
            why = "Warp takes it as it is written there, and it is not known whether it expands variables"
            yield loss(view, server, str(server.id), why)


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills is read natively"),
    Kind.AGENT: Unsupported("Warp has no agents of a person's own in files"),
    Kind.COMMAND: Render(_commands, "become skills; shell commands and files are told in words"),
    Kind.MCP_SERVER: Merge(_servers, "variables, time-outs, WebSocket; .mcp.json and ~/.claude.json are read natively"),
    Kind.PERMISSIONS: Unsupported("Warp keeps its lists of commands in its own settings", security=True),
    Kind.HOOK: Unsupported("Warp has no hooks: what one forbids is not forbidden", security=True),
    Kind.ENVIRONMENT: Unsupported("Warp has no setting for variables of commands"),
}

TARGET = Target(
    id="warp",
    name="Warp",
    programs=("warp-terminal", "oz"),
    project_signs=(".warp", "WARP.md"),
    user_signs=(".warp",),
    home=".warp",
    project=_SUPPORT,
    user=_SUPPORT,
    consent=(
        "Start each MCP server of a project in Warp's settings, and again after a restart: it never does so by itself.",
        "Turn on `Auto-spawn servers from third-party agents` there, so that servers of `~/.claude.json` start.",
    ),
)
