"""OpenCode, observed with version 1.18.33.

It reads `CLAUDE.md` (where there is no `AGENTS.md`) and `.claude/skills` itself. One wrong value in any of its
files, such as Claude Code's `tools: Read, Grep` in an agent, and it refuses to start. `{env:NAME}` is expanded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harnesssync_adapters.permissions.opencode import OPENCODE as FAMILY
from harnesssync_adapters.permissions.opencode import permissions
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.opencode_family import called_skill_losses, rendered_agents, rendered_commands
from harnesssync_adapters.shared.opencode_tools import would_expand
from harnesssync_adapters.shared.servers import extra_losses, server_key, templates, unusable
from harnesssync_adapters.shared.skills import linked_besides
from harnesssync_orchestrator.core.desired import (
    ElementOutput,
    JsonValue,
    Loss,
    Output,
)
from harnesssync_orchestrator.core.items import Agent, Command, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.references import Template
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, Unsupported, View

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.importing import Importer


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` only where `CLAUDE.md`, which is read in its absence, does not say it all.

    An `AGENTS.md` in any folder above hides every `CLAUDE.md`: if one folder has it, all get theirs.
    """
    folders = instructions.folders(view, rules)
    public = [folder for folder in folders if folder.public]
    is_native = all(instructions.is_claude_md(view, folder) for folder in public)
    is_project = view.scope is Scope.PROJECT
    name = instructions.AGENTS if is_project else f"{FAMILY.folder(view)}/{instructions.AGENTS}"
    hiding = instructions.all_hiding(public) if is_project else (name,)
    for folder in folders:
        if is_native:
            yield from instructions.unless_hidden(view, folder, folder.path(name), hiding)
        else:
            yield from instructions.agents_md(view, folder, folder.path(name))
        for rule in folder.private:
            yield from _private_rule(view, rule)


def _private_rule(view: View, rule: Rule) -> Iterator[Output | Loss]:
    if would_expand(rule.name):
        yield loss(view, rule, rule.name, "OpenCode would put a variable or a file in the place of its name")
        return
    yield ElementOutput(
        path=FAMILY.config(view),
        items=(rule.id,),
        private=True,
        format="json",
        pointer=("instructions",),
        value=rule.name,
    )
    if rule.imports:
        yield loss(view, rule, f"imports of {rule.name}", "OpenCode does not follow @imports")
    if rule.directory:
        yield loss(view, rule, rule.name, "it is always loaded, not only for its folder")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    """Links only for skills that do not lie in `.claude/skills` of this very scope: those are read anyway."""
    yield from linked_besides(view, skills)
    yield from called_skill_losses(view, skills, FAMILY, runs=True)


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    yield from rendered_agents(view, agents, FAMILY)


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    yield from rendered_commands(view, items, FAMILY)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "OpenCode", would_expand)) is not None:
            yield refused
            continue
        pointer, rivals = ("mcp", server.name), FAMILY.rivals(view)
        yield server_key(view, server, FAMILY.config(view), pointer, _server(server), rivals=rivals)
        for template in templates(server):
            for reference in template.references:
                if reference.default is not None:
                    why = "OpenCode's variables have no default: unset, it is empty"
                    yield loss(view, server, str(reference), why)
        if server.timeout_ms is not None:
            yield loss(view, server, f"timeout: {server.timeout_ms}", "OpenCode's time-out is for listing tools alone")
        yield from extra_losses(view, server, "OpenCode")


def _server(server: McpServer) -> dict[str, JsonValue]:
    if server.transport is Transport.STDIO:
        argv = [_text(one) for one in (server.command or Template(("",)), *server.args)]
        value: dict[str, JsonValue] = {"type": "local", "command": argv}
        if server.env:
            value["environment"] = {name: _text(one) for name, one in server.env.items()}
        return value
    value = {"type": "remote", "url": _text(server.url or Template(("",)))}
    if server.headers:
        value["headers"] = {name: _text(one) for name, one in server.headers.items()}
    return value


def _text(template: Template) -> str:
    return template.render(lambda reference: f"{{env:{reference.name}}}")


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; CLAUDE.md is read natively"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills is read natively"),
    Kind.AGENT: Render(_agents, "models"),
    Kind.COMMAND: Render(_commands, "models and tools of a command"),
    Kind.MCP_SERVER: Merge(_servers, "defaults of variables, WebSocket"),
    Kind.PERMISSIONS: Merge(
        permissions, "domains of WebFetch, folders of searches, and what would be allowed while it only plans"
    ),
    Kind.HOOK: Unsupported(
        "OpenCode has no hooks but plugins in JavaScript: what one forbids is not forbidden", security=True
    ),
    Kind.ENVIRONMENT: Unsupported("OpenCode has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.opencode import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="opencode",
    name="OpenCode",
    programs=("opencode",),
    project_signs=(".opencode", "opencode.json", "opencode.jsonc"),
    user_signs=(".config/opencode", ".opencode"),
    home=".config/opencode",
    project=_SUPPORT,
    user=_SUPPORT,
    importer=_importer,
    besides=(
        Besides(
            ".claude/skills/{}",
            (".agents/skills/{}", ".opencode/skill/{}", ".opencode/skills/{}"),
            native=True,
            scope=Scope.PROJECT,
        ),
        Besides(
            ".claude/skills/{}",
            (".agents/skills/{}", ".config/opencode/skill/{}", ".config/opencode/skills/{}"),
            native=True,
            scope=Scope.USER,
        ),
        Besides(".agents/skills/{}", (".opencode/skill/{}", ".opencode/skills/{}"), scope=Scope.PROJECT),
        Besides(
            ".agents/skills/{}",
            (".config/opencode/skill/{}", ".config/opencode/skills/{}"),
            scope=Scope.USER,
        ),
        Besides(".opencode/agents/{}", (".opencode/agent/{}",)),
        Besides(".opencode/commands/{}", (".opencode/command/{}",)),
        Besides(".config/opencode/agents/{}", (".config/opencode/agent/{}",)),
        Besides(".config/opencode/commands/{}", (".config/opencode/command/{}",)),
    ),
)
