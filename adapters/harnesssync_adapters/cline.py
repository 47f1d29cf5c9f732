"""Cline's command line, observed with version 3.0.65.

It ignores rule and workflow files that are links, but follows one at `AGENTS.md`. Of two rule files with the same name,
in whatever folders, it uses one alone. Started in a folder below the root, it reads nothing of the root. Servers are
read in the home directory, and no variables are expanded there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.command_skills import told_commands
from harnesssync_adapters.shared.literal_servers import Plain, Ways, plain
from harnesssync_adapters.shared.rule_files import always, always_files
from harnesssync_adapters.shared.servers import extra_losses, server_key
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import Command, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import (
    Besides,
    Link,
    Merge,
    Render,
    SharedRules,
    Support,
    Target,
    Unsupported,
    View,
)


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` in the root alone; in the home directory and for a person's own rules a file of the rules folder."""
    if view.scope is Scope.USER:
        yield FileOutput(
            path=".cline/rules/harnesssync-user.md",
            items=tuple(rule.id for rule in rules),
            content=instructions.rendered(rules),
            gathers=instructions.ALL_RULES,
        )
        yield from instructions.conditional_losses(view, rules)
        return
    yield from instructions.root_only(view, rules, "Cline")
    yield from always_files(view, rules, ".cline/rules", "Cline")
    yield from instructions.one_private_file(view, rules, ".cline/rules/harnesssync-local.md")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, "Cline")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Workflows, called as `/name`: what is typed after the name is put behind the text. There are no folders."""
    yield from told_commands(view, items, ".cline/workflows/{}.md", "Cline", noun="workflow")


_SETTINGS = ".cline/data/settings/cline_mcp_settings.json"
_WAYS = Ways(inherits=True)
_TYPES = {Transport.STDIO: "stdio", Transport.HTTP: "streamableHttp", Transport.SSE: "sse"}


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        found, losses = plain(view, server, "Cline", _WAYS)
        yield from losses
        if found is None:
            continue
        yield server_key(
            view,
            server,
            ".cline/data/settings/cline_mcp_settings.json",
            ("mcpServers", server.name),
            _server(server, found),
        )
        yield from extra_losses(view, server, "Cline")


def _server(server: McpServer, found: Plain) -> dict[str, JsonValue]:
    """Without a type an address would be one of SSE. Time-outs are in seconds."""
    value: dict[str, JsonValue] = {"type": _TYPES[server.transport]}
    if server.transport is Transport.STDIO:
        value |= {"command": found.command, "args": list(found.args)}
        if found.env:
            value["env"] = found.env
    else:
        value["url"] = found.url
        if found.headers:
            value["headers"] = found.headers
    if server.timeout_ms is not None:
        value["timeout"] = -(-server.timeout_ms // 1000)
    return value


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; rules for folders"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Unsupported("Cline's command line offers its model no agents of files"),
    Kind.COMMAND: Render(_commands, "becomes a workflow, called as /name; arguments are told in words"),
    Kind.PERMISSIONS: Unsupported("Cline has no rules for commands or tools in a file", security=True),
    Kind.HOOK: Unsupported(
        "Cline runs one program for each event, and tells it and asks of it another form: what a hook forbids is not"
        " forbidden",
        security=True,
    ),
    Kind.ENVIRONMENT: Unsupported("Cline has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.cline import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="cline",
    name="Cline",
    programs=("cline",),
    project_signs=(".clinerules", ".cline"),
    user_signs=(".cline",),
    extensions=("saoudrizwan.claude-dev",),
    home=".cline",
    importer=_importer,
    project={
        **_COMMON,
        Kind.MCP_SERVER: Unsupported("Cline takes servers from the home directory alone: sync with --user for those"),
    },
    user={**_COMMON, Kind.MCP_SERVER: Merge(_servers, "variables, and WebSocket")},
    shared=SharedRules(below=False, apart=always),
    besides=(Besides(".agents/skills/{}", (".cline/skills/{}", ".clinerules/skills/{}")),),
)
