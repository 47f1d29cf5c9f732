"""Goose, as its documentation and source describe it (version 1.x of autumn 2026); not tried with the program.

It reads `.claude/skills` and `.claude/agents` itself. Servers and their settings stand in the home directory, where a
header may refer to a variable that `env_keys` names. Hooks are files of plugins, found below `.agents/plugins`.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_limited, limits
from harnesssync_adapters.shared.command_skills import command_skills
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_adapters.shared.matchers import EVERY, Matched, Naming, matched, matcher_losses, of_server, one_each
from harnesssync_adapters.shared.names import found_at, is_private, loss, slug, unsafe
from harnesssync_adapters.shared.servers import extra_losses, server_key
from harnesssync_adapters.shared.skills import linked_besides, skill_losses
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.references import Reference, Template
from harnesssync_orchestrator.core.targets import Link, Merge, Native, Render, Support, Target, Unsupported, View

_HOME = ".config/goose"
_PLUGIN = ".agents/plugins/harnesssync-goose"


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` in every folder up to the root, in those below it once a file there is looked at."""
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else f"{_HOME}/{instructions.AGENTS}"
        yield from instructions.agents_md(view, folder, folder.path(name))
        for rule in folder.private:
            yield loss(view, rule, rule.name, "Goose has no file for a person's own rules of a project")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_besides(view, skills)
    yield from skill_losses(view, skills, "Goose")


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """Files only for those of plugins. An agent has all tools of the session."""
    native = posixpath.join(view.root, ".claude/agents")
    for agent in agents:
        if is_limited(agent):
            yield loss(view, agent, limits(agent), "Goose gives every agent all tools of the session", security=True)
        yield from agent_losses(view, agent, "Goose")
        if posixpath.dirname(found_at(view, agent)) == native:
            continue
        name = slug(agent.name)
        if (refused := unsafe(view, agent, [name])) is not None:
            yield refused
            continue
        folder = ".goose/agents" if view.scope is Scope.PROJECT else f"{_HOME}/agents"
        yield FileOutput(
            path=f"{folder}/{name}.md",
            items=(agent.id,),
            content=markdown({"name": agent.name, "description": agent.description or name}, agent.prompt),
            private=is_private(view, agent),
        )


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Each becomes a skill, which is asked for by its name."""
    folder = ".goose/skills" if view.scope is Scope.PROJECT else f"{_HOME}/skills"
    yield from command_skills(view, items, folder, "Goose")


_KEY = re.compile(r"[^a-z0-9_-]")


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        value, losses = _server(server)
        for what, why in losses.items():
            yield loss(view, server, what, why)
        if value is None:
            continue
        yield server_key(
            view,
            server,
            f"{_HOME}/config.yaml",
            ("extensions", _KEY.sub("", server.name.lower())),
            value,
            format="yaml",
        )
        yield from extra_losses(view, server, "Goose")


def _server(server: McpServer) -> tuple[dict[str, JsonValue] | None, dict[str, str]]:
    """The extension, or None with what keeps it out. A variable that `env_keys` names and that is not set, neither in
    the environment nor among Goose's secrets, is an error of the extension."""
    if server.transport not in (Transport.STDIO, Transport.HTTP):
        return None, {f"type: {server.transport.value}": "Goose has no such transport, so the server is left out"}
    if (hidden := _hidden(server)) is not None:
        return None, {hidden: "Goose can't put a variable there, so the server is left out"}
    value: dict[str, JsonValue] = {"enabled": True, "name": server.name, "description": server.name}
    if server.transport is Transport.STDIO:
        value |= {"type": "stdio", "cmd": str(server.command or ""), "args": [str(one) for one in server.args]}
        keys = [name for name, one in server.env.items() if not one.is_literal]
        value["envs"] = {name: str(one) for name, one in server.env.items() if one.is_literal}
    else:
        value |= {"type": "streamable_http", "uri": str(server.url or "")}
        value["headers"] = {name: str(one) for name, one in server.headers.items()}
        keys = list(dict.fromkeys(ref.name for one in server.headers.values() for ref in one.references))
        value["envs"] = {}
    value["env_keys"] = keys
    if server.timeout_ms is not None:
        value["timeout"] = -(-server.timeout_ms // 1000)
    return value, {}


def _hidden(server: McpServer) -> str | None:
    """The first part of a server that refers to a variable in a way which Goose does not know."""
    for what, template in (
        ("command", server.command),
        *((f"args: {one}", one) for one in server.args),
        (f"url: {server.url}", server.url),
    ):
        if template is not None and not template.is_literal:
            return what
    for name, template in server.env.items():
        if not template.is_literal and template.parts != (Reference(name),):
            return f"env {name}={template}"
    for name, template in server.headers.items():
        if any(reference.default is not None for reference in template.references) or _has_dollar(template):
            return f"header {name}: {template}"
    names = {ref.name for one in (*server.env.values(), *server.headers.values()) for ref in one.references}
    return next((f"${{{name}}}" for name in sorted(names) if name != name.upper()), None)  # it is asked for in capitals


def _has_dollar(template: Template) -> bool:
    return any("$" in part for part in template.parts if isinstance(part, str))


_EVENTS = frozenset(
    {"PreToolUse", "PostToolUse", "PostToolUseFailure", "SessionStart", "SessionEnd", "UserPromptSubmit", "Stop"}
)
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse", "PostToolUseFailure"})
_FILES = "(developer__)?(text_editor|edit|write)"
_TOOLS = {
    "Bash": "(developer__)?shell",
    "Read": _FILES,
    "Edit": _FILES,
    "MultiEdit": _FILES,
    "Write": _FILES,
}
_WORD = re.compile(r"\b[A-Z][A-Za-z]+\b")


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """An exit code of 2 says no, and so does `decision: "block"` on the output, as in Claude Code."""
    written: list[Hook] = []
    for hook in items:
        event = hook.event if hook.event in _EVENTS else ""
        if (refused := hooks.unusable(view, hook, event, "Goose")) is not None:
            yield refused
            continue
        is_tool = hook.event in _TOOL_EVENTS
        theirs = matched(hook.matcher, _NAMING) if is_tool else Matched("")
        yield from matcher_losses(view, hook, theirs, _NAMING)
        if theirs.pattern is None:
            continue
        written.append(hook)
        yield hooks.hook_element(
            view,
            hook,
            path=f"{_PLUGIN}/hooks/hooks.json",
            event=event,
            matcher="" if theirs.pattern in EVERY else f"^(?:{theirs.pattern})$",
            command=command_line(hook, GIT_DIR),
            timeout=hook.timeout_s,
        )
        if is_tool:
            yield from _tool_losses(view, hook)
        elif hook.matcher not in ("", "*"):
            yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", "Goose runs the hook every time")
        yield from hooks.setting_losses(view, hook, "Goose")
    if written:
        manifest = {"name": "harnesssync-goose", "version": "1.0.0", "description": "Hooks of Claude Code"}
        yield FileOutput(
            path=f"{_PLUGIN}/plugin.json",
            items=tuple(hook.id for hook in written),
            content=(json.dumps(manifest, indent=2) + "\n").encode(),
            private=all(is_private(view, hook) for hook in written),
            executes=True,
        )


def _of_server(alternative: str) -> str | None:
    """A server's tool is `server__tool`, as those of Goose's own extensions are."""
    found = of_server(alternative)
    return "__".join(found) if found and found[0] not in _EXTENSIONS else None


_EXTENSIONS = frozenset({"developer", "computercontroller", "memory", "platform", "todo", "extensionmanager"})
_NAMING = Naming(harness="Goose", tools=one_each(_TOOLS), server=_of_server)


def _tool_losses(view: View, hook: Hook) -> Iterator[Loss]:
    guards = hook.event in hooks.GUARDS
    why = "Goose tells hooks its own names of tools and of what they are given"
    yield loss(view, hook, f"{hook.id}: input", why, security=guards)
    if absent := [word for word in _WORD.findall(hook.matcher) if word not in _TOOLS]:
        why = f"Goose has no tool of the name {', '.join(absent)}"
        yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; a person's own"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills is read natively"),
    Kind.AGENT: Native("it reads .claude/agents; tools can't be limited", _agents),
    Kind.COMMAND: Render(_commands, "becomes a skill; arguments are told in words"),
    Kind.PERMISSIONS: Unsupported("Goose keeps its own list of whole tools, which it writes itself", security=True),
    Kind.HOOK: Merge(_hooks, "events that Goose does not have, and names of tools"),
    Kind.ENVIRONMENT: Unsupported("Goose has no setting for variables of commands"),
}

TARGET = Target(
    id="goose",
    name="Goose",
    programs=("goose",),
    project_signs=(".goosehints", ".goose"),
    user_signs=(".config/goose",),
    home=".config/goose",
    project={
        **_COMMON,
        Kind.MCP_SERVER: Unsupported("Goose takes servers from the home directory alone: sync with --user for those"),
    },
    user={**_COMMON, Kind.MCP_SERVER: Merge(_servers, "SSE, WebSocket, and variables in arguments or URLs")},
)
