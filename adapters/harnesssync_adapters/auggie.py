"""Auggie: its listings were observed with version 0.36.0, the rest is from the program's text, since it needs a login.

It reads `CLAUDE.md`, `.claude/skills`, `.claude/commands` and `.claude/agents`. In the settings of servers `${NAME}`
and `${NAME:-default}` are expanded, and an unset variable without a default is an error of that server.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.permissions.auggie import SETTINGS, TOOLS, permissions
from harnesssync_adapters.shared import commands, hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_limited, limits
from harnesssync_adapters.shared.command_skills import command_losses
from harnesssync_adapters.shared.hook_commands import command_line
from harnesssync_adapters.shared.matchers import EVERY, Matched, Naming, matched, matcher_losses
from harnesssync_adapters.shared.names import found_at, has_skill, is_private, loss, unsafe
from harnesssync_adapters.shared.servers import extra_losses, server_key, unusable
from harnesssync_adapters.shared.skills import linked_besides, skill_losses
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import (
    Besides,
    Link,
    Merge,
    Native,
    SharedRules,
    Support,
    Target,
    Unsupported,
    View,
)

_ALWAYS = b"---\ntype: always_apply\n---\n\n"


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`CLAUDE.md` is read anyway; a file of the rules folder says whether it always holds."""
    if view.scope is Scope.USER:
        yield FileOutput(
            path=".augment/rules/harnesssync-user.md",
            items=tuple(rule.id for rule in rules),
            content=_ALWAYS + instructions.rendered(rules),
            gathers=instructions.ALL_RULES,
        )
        yield from instructions.conditional_losses(view, rules)
        return
    yield from instructions.besides_claude_md(view, rules, "Auggie")
    yield from instructions.one_private_file(view, rules, ".augment/rules/harnesssync-local.md", header=_ALWAYS)


_SKILL_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_besides(view, skills)
    for skill in skills:
        if len(skill.name) > 64 or _SKILL_NAME.fullmatch(skill.name) is None:
            why = "Auggie's names of skills are of a-z, 0-9 and single hyphens, up to 64 of them"
            yield loss(view, skill, str(skill.id), why)
    yield from skill_losses(view, skills, "Auggie")


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Loss]:
    native = posixpath.join(view.root, ".claude/agents")
    for agent in agents:
        if posixpath.dirname(found_at(view, agent)) != native:
            yield loss(view, agent, str(agent.id), "Auggie reads the agents of .claude/agents alone")
        elif is_limited(agent):
            why = "Auggie has other names of tools, and does not understand these limits"
            yield loss(view, agent, limits(agent), why, security=True)
        yield from agent_losses(view, agent, "Auggie")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Files only for those of plugins. `$ARGUMENTS` and `$1` are understood, and so are names in braces."""
    native = posixpath.join(view.root, ".claude/commands") + "/"
    for command in items:
        for part in prompts.distinct(command.prompt):
            if isinstance(part, (prompts.Shell, prompts.File)):
                yield loss(view, command, part.written, "Auggie leaves it to the model what to do with it")
            elif isinstance(part, prompts.Argument):
                yield loss(view, command, part.written, "nothing says that Auggie counts from 0, as Claude Code does")
        yield from command_losses(view, command, "Auggie")
        if found_at(view, command).startswith(native) or has_skill(view, command.name):
            continue
        if (refused := unsafe(view, command, command.path)) is not None:
            yield refused
            continue
        description = commands.described(command)
        yield FileOutput(
            path=f".augment/commands/{'/'.join(command.path)}.md",
            items=(command.id,),
            content=markdown({"description": description}, command.prompt),
            private=is_private(view, command),
        )


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "Auggie", lambda text: "${" in text)) is not None:
            yield refused
            continue
        if "." in server.name:
            yield loss(view, server, str(server.id), "Auggie takes no server with a dot in its name")
            continue
        yield server_key(view, server, SETTINGS, ("mcpServers", server.name), _server(server))
        if server.timeout_ms is not None:
            yield loss(view, server, f"timeout: {server.timeout_ms}", "Auggie has no such setting")
        yield from extra_losses(view, server, "Auggie")


def _server(server: McpServer) -> dict[str, JsonValue]:
    if server.transport is Transport.STDIO:
        value: dict[str, JsonValue] = {"command": str(server.command or ""), "args": [str(one) for one in server.args]}
        if server.env:
            value["env"] = {name: str(one) for name, one in server.env.items()}
        return value
    value = {"type": server.transport.value, "url": str(server.url or "")}
    if server.headers:
        value["headers"] = {name: str(one) for name, one in server.headers.items()}
    return value


_EVENTS = {
    "PreToolUse": "PreToolUse",
    "PostToolUse": "PostToolUse",
    "Stop": "Stop",
    "SessionStart": "SessionStart",
    "SessionEnd": "SessionEnd",
    "Notification": "Notification",
    "UserPromptSubmit": "PromptSubmit",
}
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse"})
_WORD = re.compile(r"\b[A-Z][A-Za-z]+\b")


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """A program with its arguments, and no shell: so a shell is what is run. `${NAME}` would be expanded before that,
    but for one behind a backslash. Time-outs are in milliseconds."""
    for hook in items:
        event = _EVENTS.get(hook.event, "")
        if (refused := hooks.unusable(view, hook, event, "Auggie")) is not None:
            yield refused
            continue
        is_tool = hook.event in _TOOL_EVENTS
        theirs = matched(hook.matcher, _NAMING) if is_tool else Matched(hook.matcher)
        yield from matcher_losses(view, hook, theirs, _NAMING)
        if theirs.pattern is None:
            continue
        script = command_line(hook, "$AUGMENT_PROJECT_DIR").replace("${", "\\${")
        handler: dict[str, JsonValue] = {"type": "command", "command": "sh", "args": ["-c", script]}
        if hook.timeout_s is not None:
            handler["timeout"] = round(hook.timeout_s * 1000)
        group: dict[str, JsonValue] = {}
        if theirs.pattern not in EVERY:
            group["matcher"] = theirs.pattern
        yield ElementOutput(
            path=SETTINGS,
            items=(hook.id,),
            private=is_private(view, hook),
            executes=True,
            format="json",
            pointer=("hooks", event),
            value={**group, "hooks": [handler]},
        )
        if is_tool:
            guards = hook.event in hooks.GUARDS
            why = "Auggie tells hooks its own names of tools and of what they are given"
            yield loss(view, hook, f"{hook.id}: input", why, security=guards)
            absent = [word for word in _WORD.findall(hook.matcher) if word not in TOOLS]
            if absent:
                why = "Auggie has no tool of some of these names"
                yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
        yield from hooks.setting_losses(view, hook, "Auggie")


def _no_name(alternative: str) -> None:  # noqa: ARG001 - how it names servers' tools is not known
    return None


_NAMING = Naming(
    harness="Auggie",
    tools={tool: (tool, *names) for tool, names in TOOLS.items()},
    server=_no_name,
)
"""Both names of each tool: it knows some of Claude Code's too."""


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; CLAUDE.md is read natively"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills is read natively"),
    Kind.AGENT: Native("it reads .claude/agents, but has other names of tools", _agents),
    Kind.COMMAND: Native("it reads .claude/commands, but runs no commands in them", _commands),
    Kind.MCP_SERVER: Merge(_servers, "time-outs, WebSocket, names with dots"),
    Kind.PERMISSIONS: Merge(permissions, "all but denials of tools and of commands"),
    Kind.HOOK: Merge(_hooks, "events that it does not have, and names of tools"),
    Kind.ENVIRONMENT: Unsupported("Auggie has no setting for variables of commands"),
}

TARGET = Target(
    id="auggie",
    name="Auggie",
    programs=("auggie",),
    project_signs=(".augment",),
    user_signs=(".augment",),
    extensions=("augment.vscode-augment",),
    home=".augment",
    project=_SUPPORT,
    user=_SUPPORT,
    shared=SharedRules(below=False),
    besides=(
        Besides(".claude/skills/{}", (".agents/skills/{}", ".augment/skills/{}"), native=True),
        Besides(".agents/skills/{}", (".augment/skills/{}",)),
    ),
)
