"""Neovim, with the plugins Avante, CodeCompanion and MCPHub, unverified: by their documentation of October 2026.

Documented: Avante reads `avante.md` of the root (its README). CodeCompanion reads `CLAUDE.md`, `CLAUDE.local.md` and
`~/.claude/CLAUDE.md` with their imports, `AGENTS.md` besides, and skills of `.claude/skills`,
`.codecompanion/skills` and `~/.agents/skills` (codecompanion.olimorris.dev/guides/sharing-rules-and-skills). MCPHub
gives both the servers of `.mcphub/servers.json` and `~/.config/mcphub/servers.json` (its page servers_json), in whose
`env` and `headers` it replaces `${NAME}`, an empty text by the variable of the name, and what begins with `$:` by what
that prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.rule_files import root_only
from harnesssync_adapters.shared.skills import FOLDER, linked_besides, skill_losses
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, Native, Support, Target, Unsupported, View

_READ = frozenset({"CLAUDE.md", "CLAUDE.local.md"})
"""What CodeCompanion reads of a project's own, besides `AGENTS.md`."""


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`avante.md`, even where `CLAUDE.md` leads to `AGENTS.md`: Avante looks into no other file."""
    for folder in instructions.folders(view, rules):
        if folder.directory:
            yield from root_only(view, (*folder.public, *folder.private), "Neovim")
            continue
        if folder.public:
            yield from instructions.document(view, folder, "avante.md")
        for rule in folder.public:
            if rule.name not in _READ:
                yield loss(view, rule, rule.name, "CodeCompanion reads CLAUDE.md and AGENTS.md alone; Avante has it")
        yield from instructions.told_twice_beside(view, folder, "CodeCompanion", reads=_READ)
        for rule in folder.private:
            reads = "CodeCompanion reads it, but" if rule.name in _READ else "CodeCompanion does not read it, and"
            yield loss(view, rule, rule.name, f"{reads} Avante has only instructions of the team")


def _own_rules(view: View, rules: Sequence[Rule]) -> Iterator[Loss]:
    for rule in rules:
        reads = rule.name == ".claude/CLAUDE.md"
        why = "Avante has no instructions of a person" + ("" if reads else ", and CodeCompanion does not read these")
        yield loss(view, rule, rule.name, why)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    folder = ".codecompanion/skills" if view.scope is Scope.PROJECT else FOLDER
    yield from linked_besides(view, skills, folder)
    yield from skill_losses(view, skills, "CodeCompanion")


_DIALECT = Dialect(
    harness="MCPHub",
    remote={Transport.HTTP: {}, Transport.SSE: {}},
    reference=lambda name: f"${{{name}}}",
    expanded=frozenset({"env", "headers"}),
    hazard=re.compile(r"\A\Z|\$"),
)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    folder = ".mcphub" if view.scope is Scope.PROJECT else ".config/mcphub"
    yield from mcp_servers(view, servers, _DIALECT, f"{folder}/servers.json")


_COMMON: Mapping[Kind, Support] = {
    Kind.SKILL: Link(_skills, "Avante has none; .claude/skills is read natively by CodeCompanion"),
    Kind.AGENT: Unsupported("the plugins have agents in Lua alone"),
    Kind.COMMAND: Unsupported("the plugins have prompts where a person's Lua says"),
    Kind.MCP_SERVER: Merge(_servers, "variables but in env and headers, defaults of variables, time-outs, WebSocket"),
    Kind.PERMISSIONS: Unsupported("the plugins ask as a person's Lua says", security=True),
    Kind.HOOK: Unsupported("the plugins have no hooks: what one forbids is not forbidden", security=True),
    Kind.ENVIRONMENT: Unsupported("the plugins have no setting for variables of commands"),
}

TARGET = Target(
    id="neovim",
    name="Neovim (Avante, CodeCompanion)",
    programs=(),  # `nvim` alone says nothing about the plugins
    project_signs=("avante.md", ".codecompanion", ".mcphub"),
    user_signs=(
        ".config/mcphub",
        ".config/codecompanion",
        ".local/share/nvim/lazy/avante.nvim",
        ".local/share/nvim/lazy/codecompanion.nvim",
    ),
    home=".config/mcphub",
    project={**_COMMON, Kind.RULE: Link(_rules, "rules of sub-folders; CLAUDE.md is read natively by CodeCompanion")},
    user={
        **_COMMON,
        Kind.RULE: Native("CodeCompanion reads ~/.claude/CLAUDE.md; Avante has nothing there", _own_rules),
    },
    shared=None,  # Avante has its own file, and CodeCompanion CLAUDE.md
)
