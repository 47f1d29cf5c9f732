"""Mistral Vibe, observed with version 3.0.2.

Of a project that a person does not trust it reads nothing at all, not even `AGENTS.md`. It expands no variables, and
programs of servers get none but those that are written down; a header can take one from a variable that is named.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.toml_text import toml_document
from harnesssync_adapters.permissions.vibe import permissions
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses
from harnesssync_adapters.shared.command_skills import command_skills
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_adapters.shared.literal_servers import Plain, Ways, plain
from harnesssync_adapters.shared.matchers import (
    EVERY,
    Matched,
    Naming,
    is_apart,
    matched,
    matcher_losses,
    of_server,
)
from harnesssync_adapters.shared.names import is_private, loss, slug, unsafe
from harnesssync_adapters.shared.servers import extra_losses
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.vibe_tools import TOOLS, agent_tools, denied_tools, server_name
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, Unsupported, View

_NO_PRIVATE = "Vibe has no file for a person's own rules of a project"


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """Below the root an `AGENTS.md` is read once a file in its folder is."""
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else f".vibe/{instructions.AGENTS}"
        yield from instructions.agents_md(view, folder, folder.path(name))
        for rule in folder.private:
            yield loss(view, rule, rule.name, _NO_PRIVATE)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, "Vibe", kept=("disable-model-invocation",))


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """An empty list of tools would be none at all: then an agent gets all of them."""
    for agent in agents:
        name = slug(agent.name)
        if (refused := unsafe(view, agent, [name])) is not None:
            yield refused
            continue
        members: dict[str, JsonValue] = {
            "description": agent.description or name,
            "agent_type": "subagent",
            "instructions": (agent.prompt.strip() or agent.description or name) + "\n",
        }
        if name != agent.name:
            yield loss(view, agent, f"name: {agent.name}", f"its file names it: it is {name!r} there")
        if agent.tools is not None:
            tools, absent = agent_tools(agent.tools)
            if not tools:
                yield loss(view, agent, str(agent.id), "an agent without tools can't be written, so it is left out")
                continue
            members["enabled_tools"] = tools
            for tool in absent:
                yield loss(view, agent, f"tools: {tool}", "Vibe has no such tool, or not that part of it")
        if agent.disallowed_tools:
            members["disabled_tools"] = denied_tools(agent.disallowed_tools)
        yield FileOutput(
            path=f".vibe/agents/{name}.toml",
            items=(agent.id,),
            content=toml_document(members).encode(),
            private=is_private(view, agent),
        )
        yield from agent_losses(view, agent, "Vibe")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Vibe has no commands of its user's: each becomes a skill, called as `/name`."""
    yield from command_skills(view, items, ".vibe/skills", "Vibe", named=lambda name: slug(name).replace("_", "-"))


_WAYS = Ways(header=True, transports=frozenset({Transport.STDIO, Transport.HTTP}))


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if not server_name(server.name):
            yield loss(view, server, str(server.id), "Vibe's names of servers hold a letter or a digit")
            continue
        found, losses = plain(view, server, "Vibe", _WAYS)
        yield from losses
        if found is None:
            continue
        if found.token is not None and set("{}") & set(found.token[2]):
            yield loss(view, server, f"header {found.token[0]}", "braces mean something else to Vibe: it is left out")
            continue
        yield ElementOutput(
            path=".vibe/config.toml",
            items=(server.id,),
            private=is_private(view, server),
            executes=server.executes,
            format="toml",
            pointer=("mcp_servers",),
            identity="name",
            value=_server(server, found),
        )
        yield from extra_losses(view, server, "Vibe")


def _server(server: McpServer, found: Plain) -> dict[str, JsonValue]:
    value: dict[str, JsonValue] = {"name": server_name(server.name)}
    if server.transport is Transport.STDIO:
        # Vibe takes a command apart as a shell does.
        value |= {"transport": "stdio", "command": shlex.quote(found.command), "args": list(found.args)}
        if found.env:
            value["env"] = found.env
    else:
        value |= {"transport": "streamable-http", "url": found.url}
        if found.headers:
            value["headers"] = found.headers
        if found.token is not None:
            header, variable, before = found.token
            value |= {"api_key_env": variable, "api_key_header": header, "api_key_format": f"{before}{{token}}"}
    if server.timeout_ms is not None:
        value["tool_timeout_sec"] = server.timeout_ms / 1000
    return value


_EVENTS = {"PreToolUse": "pre_tool", "PostToolUse": "post_tool", "Stop": "post_agent"}
_WORD = re.compile(r"\b[A-Z][A-Za-z]+\b")


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """In Claude Code a hook says no by the exit code 2, and any other failure is only shown. Here any failure counts,
    if a hook is strict, and so does a word on the output that is no answer: so neither gets through."""
    for hook in items:
        event = _EVENTS.get(hook.event, "")
        if (refused := hooks.unusable(view, hook, event, "Vibe")) is not None:
            yield refused
            continue
        theirs = matched(hook.matcher, _NAMING) if event != "post_agent" else Matched("")
        yield from matcher_losses(view, hook, theirs, _NAMING)
        if theirs.pattern is None:
            continue
        command = command_line(hook, GIT_DIR)
        value: dict[str, JsonValue] = {
            "name": hook.name,
            "type": event,
            "command": f"( {command}\n) >/dev/null; [ $? -ne 2 ] || exit 2",
        }
        if event == "pre_tool":
            value["strict"] = True
        if theirs.pattern not in EVERY:
            value["match"] = f"re:{theirs.pattern}"
        if hook.timeout_s is not None:
            value["timeout"] = hook.timeout_s
        yield ElementOutput(
            path=".vibe/hooks.toml",
            items=(hook.id,),
            private=is_private(view, hook),
            executes=True,
            format="toml",
            pointer=("hooks",),
            identity="name",
            value=value,
        )
        guards = hook.event in hooks.GUARDS
        why = "Vibe's hooks answer in another form: only the exit code 2 is understood"
        yield loss(view, hook, f"{hook.id}: output", why, security=guards)
        if event != "post_agent":
            why = "Vibe tells hooks its own names of tools, and of what they are given"
            yield loss(view, hook, f"{hook.id}: input", why, security=guards)
            if absent := [word for word in _WORD.findall(hook.matcher) if word not in TOOLS]:
                why = f"Vibe has no tool of the name {', '.join(absent)}"
                yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
        yield from hooks.setting_losses(view, hook, "Vibe")


def _of_server(alternative: str) -> str | None:
    """Servers' tools are `server_tool` there, unless tools of its own begin like that."""
    found = of_server(alternative)
    if found is None or not is_apart(f"{server_name(found[0])}_", _OWN):
        return None
    return f"{server_name(found[0])}_{found[1]}"


_OWN = frozenset(name for names in TOOLS.values() for name in names)
_NAMING = Naming(harness="Vibe", tools=TOOLS, server=_of_server)


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; a person's own"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models, and tools of servers"),
    Kind.COMMAND: Render(_commands, "becomes a skill, called as /name; arguments are told in words"),
    Kind.MCP_SERVER: Merge(_servers, "SSE, WebSocket, and variables other than in one header"),
    Kind.HOOK: Merge(_hooks, "events that Vibe does not have, and answers other than by the exit code"),
    Kind.ENVIRONMENT: Unsupported("Vibe has no setting for variables of commands"),
}

TARGET = Target(
    id="vibe",
    name="Mistral Vibe",
    programs=("vibe",),
    project_signs=(".vibe",),
    user_signs=(".vibe",),
    home=".vibe",
    home_variable="VIBE_HOME",
    project={**_SUPPORT, Kind.PERMISSIONS: Merge(permissions, "all but denials of whole tools")},
    user={**_SUPPORT, Kind.PERMISSIONS: Merge(permissions, "patterns, allowed paths and domains")},
    consent=("Start `vibe` in the project once and trust the folder: before that it loads nothing of the project.",),
    besides=(
        Besides(".agents/skills/{}", (".vibe/skills/{}",)),
        Besides(".vibe/skills/{}", (".agents/skills/{}",)),
    ),
)
