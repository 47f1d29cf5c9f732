"""Kimi Code, observed with version 2.1.0.

It reads `.mcp.json` itself, but expands no variables there or anywhere else; an entry of the same name in
`.kimi-code/mcp.json` stands before one of `.mcp.json`. Hooks and permissions are read in the home directory alone.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.permissions.kimi import permissions
from harnesssync_adapters.shared import commands, hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses
from harnesssync_adapters.shared.command_skills import command_skills
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_adapters.shared.kimi_tools import TOOLS, agent_tools, denied_tools
from harnesssync_adapters.shared.literal_servers import Plain, Ways, plain
from harnesssync_adapters.shared.matchers import EVERY, Naming, matched, matcher_losses, one_each
from harnesssync_adapters.shared.names import found_at, is_private, loss, slug, unsafe
from harnesssync_adapters.shared.servers import extra_losses, server_key
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, Unsupported, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` from the git root down to the working directory, `.kimi-code/AGENTS.md` before it in each folder."""
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else ".kimi-code/AGENTS.md"
        yield from instructions.agents_md(view, folder, folder.path(name))
        if folder.private:
            yield from instructions.private_file(view, folder.private, folder.path(".kimi-code/AGENTS.md"))


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(
        view, skills, "Kimi", kept=("disable-model-invocation",), puts_in=(prompts.Arguments, prompts.Argument)
    )


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """Claude Code's own files would be read too, but their names of tools would not be understood."""
    for agent in agents:
        name = slug(agent.name).replace("_", "-")
        if (refused := unsafe(view, agent, [name])) is not None:
            yield refused
            continue
        if name != agent.name:
            yield loss(view, agent, f"name: {agent.name}", f"names are made of a-z, 0-9 and -: it is {name!r} there")
        front: dict[str, JsonValue] = {"name": name, "description": agent.description or name}
        if agent.tools is not None:
            front["tools"], absent = agent_tools(agent.tools)
            for tool in absent:
                yield loss(view, agent, f"tools: {tool}", "Kimi has no such tool, or not that part of it")
        if agent.disallowed_tools:
            front["disallowedTools"] = denied_tools(agent.disallowed_tools)
        yield FileOutput(
            path=f".kimi-code/agents/{name}.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt.strip() or agent.description or name),
            private=is_private(view, agent),
        )
        yield from agent_losses(view, agent, "Kimi")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Kimi has no commands: each becomes a skill, called as `/skill:name`, which takes arguments.

    There, too, `$1` is the second word, and `$10` the eleventh: a space keeps amounts of money as they are.
    """
    folder = ".kimi-code/skills"
    yield from command_skills(view, items, folder, "Kimi", own=_argument, text=commands.spaced)


def _argument(part: prompts.Part) -> str | None:
    if isinstance(part, prompts.Argument):
        return f"$ARGUMENTS[{part.number - 1}]"
    return part.written if isinstance(part, prompts.Arguments) else None


_WAYS = Ways(inherits=True, bearer=True)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    """Of those in the project's `.mcp.json`, only what must be said otherwise; one that can't be is switched off."""
    for server in servers:
        is_read = view.scope is Scope.PROJECT and found_at(view, server) == posixpath.join(view.root, ".mcp.json")
        found, losses = plain(view, server, "Kimi", _WAYS)
        yield from losses
        value = _off(server) if found is None else _server(server, found)
        if (found is None and not is_read) or (is_read and _is_understood(server)):
            continue
        yield server_key(view, server, ".kimi-code/mcp.json", ("mcpServers", server.name), value)
        yield from extra_losses(view, server, "Kimi")


def _is_understood(server: McpServer) -> bool:
    """Does the entry in `.mcp.json` mean the same to Kimi? Any address is one of streamable HTTP there."""
    values = (server.command, *server.args, *server.env.values(), server.url, *server.headers.values())
    is_literal = all(value.is_literal for value in values if value is not None)
    return is_literal and server.timeout_ms is None and server.transport in (Transport.STDIO, Transport.HTTP)


def _off(server: McpServer) -> dict[str, JsonValue]:
    place: dict[str, JsonValue] = {"command": "false"} if server.transport is Transport.STDIO else {"url": "http://off"}
    return {**place, "enabled": False}


def _server(server: McpServer, found: Plain) -> dict[str, JsonValue]:
    value: dict[str, JsonValue] = {}
    if server.transport is Transport.STDIO:
        value |= {"command": found.command, "args": list(found.args)}
        if found.env:
            value["env"] = found.env
    else:
        value["url"] = found.url
        if server.transport is Transport.SSE:
            value["transport"] = "sse"
        if found.headers:
            value["headers"] = found.headers
        if found.token is not None:
            value["bearerTokenEnvVar"] = found.token[1]
    if server.timeout_ms is not None:
        value["toolTimeoutMs"] = server.timeout_ms
    return value


_EVENTS = frozenset(
    {
        "PreToolUse",
        "PostToolUse",
        "PostToolUseFailure",
        "PermissionRequest",
        "UserPromptSubmit",
        "Stop",
        "StopFailure",
        "SessionStart",
        "SessionEnd",
        "SubagentStart",
        "SubagentStop",
        "PreCompact",
        "PostCompact",
        "Notification",
    }
)
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest"})
_WORD = re.compile(r"\b[A-Z][A-Za-z]+\b")
_LONGEST = 600


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """A matcher is a pattern that may match anywhere; time-outs are whole seconds up to ten minutes."""
    for hook in items:
        refused = hooks.unusable(view, hook, hook.event if hook.event in _EVENTS else "", "Kimi")
        if refused is not None:
            yield refused
            continue
        value: dict[str, JsonValue] = {"event": hook.event}
        if hook.event in _TOOL_EVENTS:
            theirs = matched(hook.matcher, _NAMING)
            yield from matcher_losses(view, hook, theirs, _NAMING)
            if theirs.pattern is None:
                continue
            if theirs.pattern not in EVERY:
                value["matcher"] = f"^(?:{theirs.pattern})$"
        elif hook.matcher not in ("", "*"):
            value["matcher"] = hook.matcher
        value["command"] = command_line(hook, GIT_DIR)
        if hook.timeout_s is not None:
            value["timeout"] = min(hooks.whole_seconds(hook.timeout_s), _LONGEST)
            if hook.timeout_s > _LONGEST:
                yield loss(view, hook, f"{hook.id}: timeout", "Kimi stops hooks after ten minutes")
        yield ElementOutput(
            path=".kimi-code/config.toml",
            items=(hook.id,),
            executes=True,
            format="toml",
            pointer=("hooks",),
            value=value,
        )
        yield from _tool_losses(view, hook)
        yield from hooks.setting_losses(view, hook, "Kimi")


_NAMING = Naming(harness="Kimi", tools=one_each(TOOLS), server=str)


def _tool_losses(view: View, hook: Hook) -> Iterator[Loss]:
    if hook.event not in _TOOL_EVENTS:
        return
    guards = hook.event in hooks.GUARDS
    words = _WORD.findall(hook.matcher)
    if absent := [word for word in words if word not in TOOLS]:
        why = f"Kimi has no tool of the name {', '.join(absent)}"
        yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
    if not words or {"Read", "Edit", "MultiEdit", "Write"} & set(words):
        why = "Kimi tells hooks of a file as `path`, not as `file_path`: a hook that looks there sees nothing"
        yield loss(view, hook, f"{hook.id}: tool_input.file_path", why, security=guards)


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models, and tools that it does not have"),
    Kind.COMMAND: Render(
        _commands, "becomes a skill, called as /skill:name; shell commands and files are told in words"
    ),
    Kind.ENVIRONMENT: Unsupported("Kimi has no setting for variables of commands"),
}

TARGET = Target(
    id="kimi",
    name="Kimi Code",
    programs=("kimi",),
    project_signs=(".kimi-code",),
    user_signs=(".kimi-code",),
    home=".kimi-code",
    home_variable="KIMI_CODE_HOME",
    project={
        **_COMMON,
        Kind.MCP_SERVER: Merge(_servers, "variables, other than bearer tokens; .mcp.json itself is read natively"),
        Kind.PERMISSIONS: Unsupported("Kimi reads rules in the home directory alone", security=True),
        Kind.HOOK: Unsupported("Kimi reads hooks in the home directory alone", security=True),
    },
    user={
        **_COMMON,
        Kind.MCP_SERVER: Merge(_servers, "variables, other than bearer tokens"),
        Kind.PERMISSIONS: Merge(permissions, "allowed paths, folders of searches, and queries"),
        Kind.HOOK: Merge(_hooks, "events that Kimi does not have, and the names of fields"),
    },
    consent=(
        (
            "Start `kimi` in the project once and trust it: before that it reads AGENTS.md, skills and agents, but no"
            " MCP servers of the project."
        ),
    ),
    besides=(
        Besides(".agents/skills/{}", (".kimi-code/skills/{}",)),
        Besides(".kimi-code/skills/{}", (".agents/skills/{}",)),
        Besides(".kimi-code/agents/{}", (".agents/agents/{}",)),
    ),
)
