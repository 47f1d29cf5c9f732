"""Continue's command line (`cn`), observed with version 1.5.47.

It reads `CLAUDE.md` in the working directory where there is no `AGENTS.md`, and `.claude/skills`, but no skill whose
folder is a link. Of its configurations it reads the one in the home directory alone. In it `${{ secrets.X }}`
becomes the variable `X`, and stays as it is where there is none. One server that fails ends a run without a terminal.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.permissions.continue_dev import permissions
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.command_skills import command_skills
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.rule_files import always, always_files
from harnesssync_adapters.shared.servers import extra_losses, templates, unusable
from harnesssync_adapters.shared.skills import copied_besides, skill_losses
from harnesssync_orchestrator.core.desired import Condition, ElementOutput, JsonValue, LinkOutput, Loss, Output
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import Command, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.references import Reference, Template
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
    if view.scope is Scope.USER:
        for folder in instructions.folders(view, rules):
            yield from instructions.agents_md(view, folder, ".continue/rules/harnesssync-user.md")
        return
    yield from instructions.root_only(view, rules, "Continue")
    yield from always_files(view, rules, ".continue/rules", "Continue")
    yield from instructions.one_private_file(view, rules, ".continue/rules/harnesssync-local.md")


_SKILLS = ".continue/skills"


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from copied_besides(view, skills, _SKILLS)
    yield from skill_losses(view, skills, "Continue")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Each becomes a skill, called as `/name`, unless a skill is copied to its place."""
    skills = [skill for skill in view.of(Kind.SKILL) if isinstance(skill, Skill)]
    copies = (each for each in copied_besides(view, skills, _SKILLS) if isinstance(each, LinkOutput))
    taken = {posixpath.basename(copy.path).casefold() for copy in copies}
    others = []
    for command in items:
        if "-".join(command.path).casefold() in taken:
            yield loss(view, command, str(command.id), "a skill has its name, and Continue has one list of both")
        else:
            others.append(command)
    yield from command_skills(view, others, _SKILLS, "Continue")


_CONDITION = Condition(
    there=True,
    why="Continue refuses a config.yaml without `name`, `version` and models: make one with these, then sync again",
)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "Continue", lambda text: "${{" in text)) is not None:
            yield refused
            continue
        defaults = [
            str(one) for template in templates(server) for one in template.references if one.default is not None
        ]
        if defaults:
            why = "Continue's variables have no default: unset, the reference would stay, so the server is left out"
            for reference in dict.fromkeys(defaults):
                yield loss(view, server, reference, why)
            continue
        yield ElementOutput(
            path=".continue/config.yaml",
            items=(server.id,),
            executes=server.executes,
            format="yaml",
            pointer=("mcpServers",),
            identity="name",
            value=_server(server),
            condition=_CONDITION,
        )
        if server.timeout_ms is not None:
            yield loss(view, server, f"timeout: {server.timeout_ms}", "Continue has a time-out for connecting alone")
        yield from extra_losses(view, server, "Continue")


def _server(server: McpServer) -> dict[str, JsonValue]:
    """Programs get all variables of the program's own environment, so one under its own name is not said again."""
    value: dict[str, JsonValue] = {"name": server.name}
    if server.transport is Transport.STDIO:
        value |= {"command": _text(server.command or Template(("",))), "args": [_text(one) for one in server.args]}
        named = {name: one for name, one in server.env.items() if one.parts != (Reference(name),)}
        if named:
            value["env"] = {name: _text(one) for name, one in named.items()}
        return value
    value["type"] = "streamable-http" if server.transport is Transport.HTTP else "sse"
    value["url"] = _text(server.url or Template(("",)))
    if server.headers:
        value["requestOptions"] = {"headers": {name: _text(one) for name, one in server.headers.items()}}
    return value


def _text(template: Template) -> str:
    return template.render(lambda reference: f"${{{{ secrets.{reference.name} }}}}")


_NO_HOOKS = Unsupported(
    "Continue reads the hooks of .claude/settings.json, but runs none of them: what one forbids is not forbidden",
    security=True,
)
_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; rules for folders"),
    Kind.AGENT: Unsupported("Continue has no agents of files"),
    Kind.COMMAND: Render(_commands, "becomes a skill, called as /name; arguments are told in words"),
    Kind.HOOK: _NO_HOOKS,
    Kind.ENVIRONMENT: Unsupported("Continue has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.continue_dev import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="continue",
    name="Continue",
    programs=("cn",),
    project_signs=(".continue",),
    user_signs=(".continue",),
    extensions=("continue.continue",),
    home=".continue",
    importer=_importer,
    home_variable="CONTINUE_GLOBAL_DIR",
    project={
        **_COMMON,
        Kind.SKILL: Link(
            _skills, "settings that only Claude Code reads; others than those in .claude/skills are copied"
        ),
        Kind.MCP_SERVER: Unsupported(
            "Continue takes servers from the home directory alone: sync with --user for those"
        ),
        Kind.PERMISSIONS: Unsupported("Continue reads permissions in the home directory alone", security=True),
    },
    user={
        **_COMMON,
        Kind.SKILL: Link(_skills, "settings that only Claude Code reads; copied, as it follows no link to a skill"),
        Kind.MCP_SERVER: Merge(_servers, "defaults of variables, WebSocket; all, where there is no config.yaml yet"),
        Kind.PERMISSIONS: Merge(permissions, "paths, allowed commands with arguments, and servers as a whole"),
    },
    shared=SharedRules(below=False, apart=always),
    besides=(Besides(".claude/skills/{}", (".continue/skills/{}",), native=True, scope=Scope.PROJECT),),
)
