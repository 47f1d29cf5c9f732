"""Zed's own agent, unverified: by its documentation of October 2026 (zed.dev/docs/ai).

Documented: of `.rules`, `.cursorrules`, `.windsurfrules`, `.clinerules`, `.github/copilot-instructions.md`, `AGENT.md`,
`AGENTS.md` and `CLAUDE.md` it reads the first that is there, in the root alone (/instructions); a skill must have the
name of its folder (/skills). Nothing says that it expands variables. Other agents inside Zed read their own files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.permissions.zed import SETTINGS, permissions
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.rule_files import root_only
from harnesssync_adapters.shared.skills import linked_skills, name_losses, skill_losses
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, SharedRules, Support, Target, Unsupported, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` only where `CLAUDE.md`, which is read in its absence, does not say it all."""
    for folder in instructions.folders(view, rules):
        if view.scope is Scope.USER:
            yield from instructions.agents_md(view, folder, f".config/zed/{instructions.AGENTS}")
            continue
        if folder.directory:
            yield from root_only(view, folder.public, "Zed")
        elif instructions.is_claude_md(view, folder):
            yield from instructions.unless_hidden(view, folder, instructions.AGENTS, (instructions.AGENTS,))
        else:
            yield from instructions.agents_md(view, folder, instructions.AGENTS)
        for rule in folder.private:
            yield loss(view, rule, rule.name, "Zed reads no instructions of a project but those of the team")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    links = list(linked_skills(view, skills))
    yield from links
    yield from name_losses(view, skills, links, "Zed")
    yield from skill_losses(view, skills, "Zed", kept=("disable-model-invocation",))


_DIALECT = Dialect(harness="Zed", pointer=("context_servers",), remote={Transport.HTTP: {}})


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    path = ".zed/settings.json" if view.scope is Scope.PROJECT else SETTINGS
    yield from mcp_servers(view, servers, _DIALECT, path)


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "conditional rules and those of sub-folders; CLAUDE.md is read natively"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads, and names other than the folder's"),
    Kind.AGENT: Unsupported("Zed has no agents of a person's own"),
    Kind.COMMAND: Unsupported("Zed has skills in place of commands, in a folder that other harnesses read too"),
    Kind.MCP_SERVER: Merge(_servers, "variables, time-outs, SSE and WebSocket"),
    Kind.HOOK: Unsupported("Zed has no hooks: what one forbids is not forbidden", security=True),
    Kind.ENVIRONMENT: Unsupported("Zed has no setting for variables of its agent's commands"),
}

TARGET = Target(
    id="zed",
    name="Zed",
    programs=("zed", "zeditor"),
    project_signs=(".zed",),
    user_signs=(".config/zed",),
    home=".config/zed",
    project={
        **_COMMON,
        Kind.PERMISSIONS: Unsupported("Zed reads permissions from a person's own settings alone", security=True),
    },
    user={**_COMMON, Kind.PERMISSIONS: Merge(permissions, "what reads, whole servers, and paths that are allowed")},
    consent=("Trust the project in Zed: before that it loads no skills and starts no MCP servers of the project.",),
    shared=SharedRules(below=False),
)
