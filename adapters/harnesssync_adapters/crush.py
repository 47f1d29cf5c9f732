"""Crush, as its documentation and its public sources describe it: none of this was observed.

It reads `CLAUDE.md`, `CLAUDE.local.md` and `AGENTS.md` of the folder in which it is started, all of them, and
`.claude/skills`. In `crush.json` values of `env` and `headers` go through a shell: `$NAME` is expanded there, and so
is a command. What it makes of a default is not verified, so none is written.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.permissions.crush import TOOLS, config, permissions
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.command_skills import command_skills
from harnesssync_adapters.shared.hook_commands import command_line
from harnesssync_adapters.shared.matchers import Naming, matched, matcher_losses, single_barred
from harnesssync_adapters.shared.names import found_at, is_private, loss
from harnesssync_adapters.shared.servers import extra_losses, in_claudes_shape, server_key, templates, unusable
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_orchestrator.core.desired import (
    ElementOutput,
    FileOutput,
    JsonValue,
    LinkOutput,
    Loss,
    Output,
)
from harnesssync_orchestrator.core.items import Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.references import Template
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, Unsupported, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` where `CLAUDE.md` does not say it all; in a home a file of ours: a link there is not verified."""
    for folder in instructions.folders(view, rules):
        if view.scope is Scope.USER:
            yield FileOutput(
                path=".config/crush/CRUSH.md",
                items=tuple(rule.id for rule in folder.public),
                content=instructions.rendered(folder.public),
                gathers=instructions.ALL_RULES,
            )
            yield from instructions.conditional_losses(view, folder.public)
        elif not instructions.is_claude_md(view, folder):
            yield from instructions.agents_md(view, folder, folder.path(instructions.AGENTS))
            yield from instructions.told_twice(view, folder, "Crush")
        for rule in folder.private:
            if not rule.name.endswith("CLAUDE.local.md"):
                yield loss(view, rule, rule.name, "Crush finds a person's own rules as CLAUDE.local.md only")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    """Links only for skills that it does not read itself."""
    folder = posixpath.join(view.root, ".claude/skills")
    native = {skill.source for skill in skills if posixpath.dirname(found_at(view, skill)) == folder}
    for result in linked_skills(view, skills):
        if not (isinstance(result, LinkOutput) and result.source in native):
            yield result
    yield from skill_losses(view, skills, "Crush")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Commands are skills that people may call."""
    folder = ".crush/skills" if view.scope is Scope.PROJECT else ".config/crush/skills"
    yield from command_skills(view, items, folder, "Crush", front={"user-invocable": True})


_SHELL = re.compile(r"[$`]")
_TYPES = {Transport.STDIO: "stdio", Transport.HTTP: "http", Transport.SSE: "sse"}


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "Crush", lambda text: _SHELL.search(text) is not None)) is not None:
            yield refused
            continue
        if (why := _not_expanded(server)) is not None:
            yield loss(view, server, why[0], f"{why[1]}, so the server is left out")
            continue
        value = in_claudes_shape(server, _TYPES, _text)
        if server.timeout_ms is not None:
            value["timeout"] = math.ceil(server.timeout_ms / 1000)
        yield server_key(view, server, config(view), ("mcp", server.name), value)
        yield from extra_losses(view, server, "Crush")


def _not_expanded(server: McpServer) -> tuple[str, str] | None:
    """A value that would arrive as text, and why."""
    for template in (server.command, *server.args, server.url):
        if template is not None and template.references:
            return str(template), "Crush is known to expand variables in env and headers alone"
    for template in templates(server):
        if any(reference.default is not None for reference in template.references):
            return str(template), "what Crush makes of a default is not verified"
    return None


def _text(template: Template) -> str:
    return template.render(lambda reference: f"${{{reference.name}}}")


_NAMING = Naming(harness="Crush", tools=TOOLS, server=single_barred)


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """Only before a tool is used, and flat: the matcher and the command side by side."""
    for hook in items:
        event = hook.event if hook.event == "PreToolUse" else ""
        if (refused := hooks.unusable(view, hook, event, "Crush")) is not None:
            yield refused
            continue
        theirs = matched(hook.matcher, _NAMING)
        yield from matcher_losses(view, hook, theirs, _NAMING)
        if theirs.pattern is None:
            continue
        value: dict[str, JsonValue] = {"matcher": theirs.pattern} if theirs.pattern else {}
        value["command"] = command_line(hook)
        if hook.timeout_s is not None:
            value["timeout"] = math.ceil(hook.timeout_s)
        yield ElementOutput(
            path=config(view),
            items=(hook.id,),
            private=is_private(view, hook),
            executes=True,
            format="json",
            pointer=("hooks", event),
            value=value,
        )
        yield from hooks.absent_tools(view, hook, TOOLS, "Crush")
        why = "whether a script finds in Crush's input and variables what it looks for is not verified"
        yield loss(view, hook, f"{hook.id}: input", why, security=True)
        yield from hooks.setting_losses(view, hook, "Crush")


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(
        _rules, "imports and conditional rules: then AGENTS.md is rendered, and read beside CLAUDE.md, which is native"
    ),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills is read natively"),
    Kind.AGENT: Unsupported("Crush has no agents of one's own"),
    Kind.COMMAND: Render(_commands, "becomes a skill; arguments are told in words"),
    Kind.MCP_SERVER: Merge(_servers, "variables outside of env and headers, defaults, WebSocket"),
    Kind.PERMISSIONS: Merge(permissions, "all but whole tools"),
    Kind.HOOK: Merge(_hooks, "all events but PreToolUse"),
    Kind.ENVIRONMENT: Unsupported("Crush has no setting for variables of commands"),
}

TARGET = Target(
    id="crush",
    name="Crush",
    programs=("crush",),
    project_signs=(".crush", "crush.json", ".crush.json"),
    user_signs=(".config/crush",),
    home=".config/crush",
    project=_SUPPORT,
    user=_SUPPORT,
    besides=(
        Besides(
            ".claude/skills/{}",
            (".agents/skills/{}", ".crush/skills/{}"),
            native=True,
            scope=Scope.PROJECT,
        ),
        Besides(".agents/skills/{}", (".crush/skills/{}",), scope=Scope.PROJECT),
        Besides(".crush/skills/{}", (".agents/skills/{}",), scope=Scope.PROJECT),
    ),
)
