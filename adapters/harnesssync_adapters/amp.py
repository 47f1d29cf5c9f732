"""Amp: its lists of skills and servers were observed with version 0.0.1790142911, the rest by its documentation.

It reads `.claude/skills` itself, in both scopes, and the skills of every plugin in `~/.claude/plugins/cache`, also of
one that is switched off. It starts a project's servers once they are approved.

Documented (ampcode.com/docs/customize/agents-md, /skills, /mcp and /docs/tools, October 2026): in each folder it reads
`AGENTS.md`, else `AGENT.md`, else `CLAUDE.md`, and follows `@imports`. `${NAME}` is expanded in its settings. It asks
nobody before it runs a tool, unless a rule stands in `amp.permissions`; what else forbids is a plugin in TypeScript.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.permissions.amp import permissions, settings
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.skills import FOLDER, linked_besides, skill_losses
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, Support, Target, Unsupported, View

_DIALECT = Dialect(
    harness="Amp",
    pointer=("amp.mcpServers",),  # one key with a dot, as all of its settings are
    remote={Transport.HTTP: {}, Transport.SSE: {}},
    reference=lambda name: f"${{{name}}}",
)

_CACHE = "/.claude/plugins/cache/"


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` only where `CLAUDE.md`, which is read in its absence, does not say it all."""
    for folder in instructions.folders(view, rules):
        if view.scope is Scope.USER:
            yield from instructions.agents_md(view, folder, f".config/amp/{instructions.AGENTS}")
            continue
        path = folder.path(instructions.AGENTS)
        if instructions.is_claude_md(view, folder, imports=True):
            yield from instructions.unless_hidden(view, folder, path, (path,))
        else:
            yield from instructions.agents_md(view, folder, path)
        for rule in folder.private:
            yield loss(view, rule, rule.name, "Amp reads no instructions of a project but those of the team")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    folder = FOLDER if view.scope is Scope.PROJECT else ".config/agents/skills"
    yield from linked_besides(view, [skill for skill in skills if _CACHE not in skill.source], folder)
    yield from skill_losses(view, skills, "Amp")


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    yield from mcp_servers(view, servers, _DIALECT, settings(view))


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "conditional rules: then AGENTS.md is rendered; CLAUDE.md is read natively"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills and plugins are read natively"),
    Kind.AGENT: Unsupported("Amp has its own agents only"),
    Kind.COMMAND: Unsupported("Amp has skills in place of commands, in a folder that other harnesses read too"),
    Kind.MCP_SERVER: Merge(_servers, "defaults of variables, time-outs, WebSocket"),
    Kind.PERMISSIONS: Merge(permissions, "all but denials of tools and of commands"),
    Kind.HOOK: Unsupported(
        "Amp has no hooks but plugins in TypeScript: what one forbids is not forbidden", security=True
    ),
    Kind.ENVIRONMENT: Unsupported("Amp has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.amp import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="amp",
    name="Amp",
    programs=("amp",),
    project_signs=(".amp",),
    user_signs=(".config/amp",),
    extensions=("sourcegraph.amp",),
    home=".config/amp",
    importer=_importer,
    project=_SUPPORT,
    user=_SUPPORT,
    consent=("Approve each MCP server of a project once, with `amp mcp approve NAME`: before that it does not start.",),
)
