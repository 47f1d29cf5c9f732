"""Kilo Code, observed with version 7.7.7: made from OpenCode, whose agents, commands and permissions it takes.

It reads `CLAUDE.md` (where there is no `AGENTS.md`), `.claude/skills`, and a project's `opencode.json` itself, but
nothing of `.opencode`. In a person's file `{env:NAME}` is expanded; in a project's, one such text makes it refuse the
server or the whole file. It follows no link to a skill that leads out of the project, and no link to a rule file. Rule
files are those of the folder that it is started in.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harnesssync_adapters.permissions.opencode import permissions
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.opencode_family import Family, called_skill_losses, rendered_agents, rendered_commands
from harnesssync_adapters.shared.opencode_tools import would_expand
from harnesssync_adapters.shared.servers import extra_losses, server_key, templates, unusable
from harnesssync_adapters.shared.skills import linked_skills
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, LinkOutput, Loss, Output
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import (
    Agent,
    Command,
    Kind,
    McpServer,
    Permissions,
    Rule,
    Scope,
    Skill,
    Transport,
)
from harnesssync_orchestrator.core.references import Template
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, Unsupported, View

_NAMES = ("kilo.json", "kilo.jsonc", "opencode.json", "opencode.jsonc")

_FAMILY = Family(
    name="Kilo Code",
    folders=(".kilo", ".config/kilo"),
    main=("kilo.json", ".config/kilo/kilo.json"),
    early=("kilo.json", ".config/kilo/kilo.json"),
    late=(".kilo/kilo.json", ".config/kilo/kilo.jsonc"),
    read=(
        tuple(f"{folder}{name}" for folder in ("", ".kilo/", ".kilocode/") for name in _NAMES),
        tuple(f".config/kilo/{name}" for name in ("config.json", *_NAMES)),
    ),
)


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` only where `CLAUDE.md`, which is read in its absence, does not say it all: as for OpenCode, one hides
    all the others. A person's own rules are rule files."""
    folders = instructions.folders(view, rules)
    public = [folder for folder in folders if folder.public]
    is_native = view.scope is Scope.PROJECT and all(instructions.is_claude_md(view, folder) for folder in public)
    name = instructions.AGENTS if view.scope is Scope.PROJECT else f".config/kilo/{instructions.AGENTS}"
    hiding = instructions.all_hiding(public)
    for folder in folders:
        if is_native:
            yield from instructions.unless_hidden(view, folder, folder.path(name), hiding)
        else:
            yield from instructions.agents_md(view, folder, folder.path(name))
        for rule in folder.private:
            yield FileOutput(
                path=f".kilo/rules/harnesssync-{rule.name.replace('/', '-').lstrip('.')}",
                items=(rule.id,),
                content=instructions.rendered([rule]),
                private=True,
            )
            if rule.directory:
                yield loss(view, rule, rule.name, "it is always loaded, not only for its folder")
        yield from instructions.conditional_losses(view, folder.private)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    """Links only for skills that it does not read itself, and copies in its own folder where it would not follow them:
    a link for others may stand in the one that all share."""
    native = posixpath.join(view.root, ".claude/skills")
    for result in linked_skills(view, skills):
        if not isinstance(result, LinkOutput):
            yield result
        elif posixpath.dirname(result.source) == native:
            continue
        elif result.source.startswith(f"{view.root}/"):
            yield result
        else:
            yield replace(result, path=f".kilo/skills/{posixpath.basename(result.path)}", copied=True)
    yield from called_skill_losses(view, skills, _FAMILY, runs=False)


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    yield from rendered_agents(view, agents, _FAMILY)


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    yield from rendered_commands(view, items, _FAMILY)


def _permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    yield from permissions(view, items, _FAMILY)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "Kilo Code", would_expand)) is not None:
            yield refused
            continue
        value, losses = _in_project(server) if view.scope is Scope.PROJECT else _in_home(server)
        if value is not None:
            pointer, rivals = ("mcp", server.name), _FAMILY.rivals(view)
            yield server_key(view, server, _FAMILY.config(view), pointer, value, rivals=rivals)
        for what, why in losses.items():
            yield loss(view, server, what, why)
        if server.timeout_ms is not None:
            yield loss(view, server, f"timeout: {server.timeout_ms}", "Kilo Code's time-out is for listing tools alone")
        yield from extra_losses(view, server, "Kilo Code")


def _in_home(server: McpServer) -> tuple[dict[str, JsonValue], dict[str, str]]:
    """A server with `{env:NAME}` for its variables, and what is lost of it."""
    references = (one for template in templates(server) for one in template.references if one.default is not None)
    losses = {str(one): "Kilo Code's variables have no default: unset, it is empty" for one in references}
    return _server(server, dict(server.env), dict(server.headers)), losses


def _in_project(server: McpServer) -> tuple[dict[str, JsonValue] | None, dict[str, str]]:
    """A server without any variable, and what is lost of it. It inherits those that the program itself has."""
    losses: dict[str, str] = {}
    for template in (server.command, *server.args, server.url):
        if template is not None and template.references:
            losses[str(template)] = "Kilo Code takes no variables in a project, so the server is left out"
    if losses:
        return None, losses
    for name, template in server.env.items():
        inherits = len(template.parts) == 1 and not template.is_literal and template.references[0].name == name
        if inherits and template.references[0].default is not None:
            losses[f"env {name}={template}"] = "Kilo Code passes the variable on without its default"
        elif template.references and not inherits:
            losses[f"env {name}={template}"] = "Kilo Code passes variables on under their own name only: it is left out"
    for name, template in server.headers.items():
        if template.references:
            losses[f"header {name}: {template}"] = "Kilo Code takes no variables in a project: it is left out"
    return _server(server, _literal(server.env), _literal(server.headers)), losses


def _literal(values: Mapping[str, Template]) -> dict[str, Template]:
    return {name: template for name, template in values.items() if template.is_literal}


def _server(
    server: McpServer, environment: Mapping[str, Template], headers: Mapping[str, Template]
) -> dict[str, JsonValue]:
    if server.transport is Transport.STDIO:
        argv = [_text(one) for one in (server.command or Template(("",)), *server.args)]
        value: dict[str, JsonValue] = {"type": "local", "command": argv}
        if environment:
            value["environment"] = {name: _text(one) for name, one in environment.items()}
        return value
    value = {"type": "remote", "url": _text(server.url or Template(("",)))}
    if headers:
        value["headers"] = {name: _text(one) for name, one in headers.items()}
    return value


def _text(template: Template) -> str:
    return template.render(lambda reference: f"{{env:{reference.name}}}")


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; CLAUDE.md is read natively"),
    Kind.SKILL: Link(
        _skills, "settings that only Claude Code reads; .claude/skills is read natively, and of others are copies"
    ),
    Kind.AGENT: Render(_agents, "models"),
    Kind.COMMAND: Render(_commands, "models and tools of a command"),
    Kind.MCP_SERVER: Merge(_servers, "variables in a project, but for those that are passed on; WebSocket"),
    Kind.PERMISSIONS: Merge(
        _permissions, "domains of WebFetch, folders of searches, and what would be allowed while it only plans"
    ),
    Kind.HOOK: Unsupported(
        "Kilo Code has no hooks but plugins in JavaScript: what one forbids is not forbidden", security=True
    ),
    Kind.ENVIRONMENT: Unsupported("Kilo Code has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.kilo import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="kilo",
    name="Kilo Code",
    programs=("kilo", "kilocode"),
    project_signs=(".kilo", ".kilocode", "kilo.json", "kilo.jsonc"),
    user_signs=(".config/kilo", ".kilo", ".kilocode"),
    extensions=("kilocode.kilo-code",),
    home=".config/kilo",
    importer=_importer,
    project=_SUPPORT,
    user=_SUPPORT,
    besides=(
        Besides(
            ".claude/skills/{}",
            (".agents/skills/{}", ".kilo/skill/{}", ".kilo/skills/{}", ".kilocode/skills/{}"),
            native=True,
        ),
        Besides(".agents/skills/{}", (".kilo/skill/{}", ".kilo/skills/{}", ".kilocode/skills/{}")),
        Besides(".kilo/agents/{}", (".kilo/agent/{}", ".kilocode/agents/{}"), scope=Scope.PROJECT),
        Besides(".kilo/commands/{}", (".kilo/command/{}", ".kilocode/commands/{}"), scope=Scope.PROJECT),
    ),
)
