"""OpenHands' command line, observed with version 1.16.0 (openhands-sdk 1.21.0).

It reads `CLAUDE.md` itself, besides `AGENTS.md`, and a link between the two once. Of hooks it reads one file: that of
the project, or else that of the home directory. Servers are read in the home directory, where `${NAME}` and
`${NAME:-default}` are expanded; their programs get no variables but those that are written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses
from harnesssync_adapters.shared.command_skills import command_skills
from harnesssync_adapters.shared.hook_commands import command_line
from harnesssync_adapters.shared.matchers import Matched, Naming, is_apart, matched, matcher_losses, of_server, one_each
from harnesssync_adapters.shared.names import is_private, loss, slug, unsafe
from harnesssync_adapters.shared.servers import extra_losses, server_key, unusable
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tools import is_allowed
from harnesssync_orchestrator.core.desired import Condition, FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
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
    """`AGENTS.md` where `CLAUDE.md`, which is read anyway, does not say it all. Skills without triggers are read."""
    if view.scope is Scope.USER:
        yield FileOutput(
            path=".openhands/microagents/harnesssync-user.md",
            items=tuple(rule.id for rule in rules),
            content=instructions.rendered(rules),
            gathers=instructions.ALL_RULES,
        )
        yield from instructions.conditional_losses(view, rules)
        return
    yield from instructions.besides_claude_md(view, rules, "OpenHands")
    yield from instructions.one_private_file(view, rules, ".openhands/skills/harnesssync-local.md")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, "OpenHands")


_TURNS = "maxTurns"


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """An agent has the tools that are listed and no others. One tool reads and writes files: who may not write gets
    none of it. A name that is no tool, such as Claude Code's `Read`, is an error when the agent is called."""
    for agent in agents:
        name = slug(agent.name)
        if (refused := unsafe(view, agent, [name])) is not None:
            yield refused
            continue
        if name != agent.name:
            yield loss(view, agent, f"name: {agent.name}", f"it is {name!r} there")
        has = {tool for tool in ("Bash", "TodoWrite", *_FILES) if is_allowed(tool, agent.tools, agent.disallowed_tools)}
        tools = [theirs for tool, theirs in (("Bash", "terminal"), ("TodoWrite", "task_tracker")) if tool in has]
        if has >= _FILES:
            tools.insert(0, "file_editor")
        absent = [tool for tool in agent.tools or () if tool not in has or (tool in _FILES and not has >= _FILES)]
        if absent:
            why = "OpenHands has no such tool, not that part of it, or only one that could do more"
            yield loss(view, agent, f"tools: {', '.join(absent)}", why)
        if not tools:
            yield loss(view, agent, str(agent.id), "none of its tools is left, so it is left out")
            continue
        front: dict[str, JsonValue] = {"name": name, "description": agent.description or name, "tools": tools}
        turns = agent.metadata.get(_TURNS)
        if isinstance(turns, int) and turns > 0:
            front["max_iteration_per_run"] = turns
        yield FileOutput(
            path=f".openhands/agents/{name}.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_private(view, agent),
        )
        yield from agent_losses(view, agent, "OpenHands", kept=(_TURNS,))


_FILES = frozenset({"Read", "Edit", "Write"})


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """OpenHands has no commands: each becomes a skill."""
    yield from command_skills(view, items, ".openhands/skills", "OpenHands")


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "OpenHands", lambda text: "${" in text)) is not None:
            yield refused
            continue
        yield server_key(view, server, ".openhands/mcp.json", ("mcpServers", server.name), _server(server))
        if server.timeout_ms is not None:
            yield loss(view, server, f"timeout: {server.timeout_ms}", "OpenHands has no such setting")
        yield from extra_losses(view, server, "OpenHands")


def _server(server: McpServer) -> dict[str, JsonValue]:
    if server.transport is Transport.STDIO:
        value: dict[str, JsonValue] = {"command": str(server.command or ""), "args": [str(one) for one in server.args]}
        if server.env:
            value["env"] = {name: str(one) for name, one in server.env.items()}
        return value
    value = {"url": str(server.url or ""), "transport": "http" if server.transport is Transport.HTTP else "sse"}
    if server.headers:
        value["headers"] = {name: str(one) for name, one in server.headers.items()}
    return value


_EVENTS = frozenset({"PreToolUse", "PostToolUse", "UserPromptSubmit", "SessionStart", "SessionEnd", "Stop"})
"""An event of any other name would make the whole file an error."""
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse"})


def _snake(event: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


_BESIDE = tuple((name,) for event in sorted(_EVENTS) for name in (event, _snake(event)))
"""Events at the top of the file, where a person may have them: once `hooks` is there, no other key is read."""
_TOOLS = {
    "Bash": "terminal",
    "Read": "file_editor",
    "Edit": "file_editor",
    "MultiEdit": "file_editor",
    "Write": "file_editor",
    "TodoWrite": "task_tracker",
    "Task": "task",
    "Agent": "task",
}
_WORD = re.compile(r"\b[A-Z][A-Za-z]+\b")


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """An exit code of 2 says no, as in Claude Code; on the output `decision: "deny"` does, and nothing else."""
    hides = view.scope is Scope.PROJECT
    for hook in items:
        event = hook.event if hook.event in _EVENTS else ""
        if (refused := hooks.unusable(view, hook, event, "OpenHands")) is not None:
            yield refused
            continue
        is_tool = hook.event in _TOOL_EVENTS
        theirs = matched(hook.matcher, _NAMING) if is_tool else Matched("")
        yield from matcher_losses(view, hook, theirs, _NAMING)
        if theirs.pattern is None:
            continue
        yield hooks.hook_element(
            view,
            hook,
            path=".openhands/hooks.json",
            event=event,
            matcher=theirs.pattern,
            command=command_line(hook, "${OPENHANDS_PROJECT_DIR}"),
            timeout=hook.timeout_s,
            condition=_condition(hook),
        )
        if hides:
            hides = False
            why = "where a project has hooks, OpenHands runs none of the home directory"
            yield loss(view, hook, f"{hook.id}: ~/.openhands/hooks.json", why, security=True)
        if is_tool:
            yield from _tool_losses(view, hook)
        elif hook.matcher not in ("", "*"):
            why = "OpenHands compares names of tools alone, so the hook runs every time"
            yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why)
        yield from hooks.setting_losses(view, hook, "OpenHands")


def _condition(hook: Hook) -> Condition:
    """One event under both of its spellings makes the whole file an error."""
    return Condition(
        without=(*_BESIDE, ("hooks", _snake(hook.event))),
        why=(
            "OpenHands would run no hook of yours any more, or none at all: put your events below `hooks`, and write"
            f" {hook.event} for {_snake(hook.event)}, then sync again"
        ),
        security=hook.event in hooks.GUARDS,
    )


def _of_server(alternative: str) -> str | None:
    """The server's name before the tool's, unless tools of OpenHands' own begin like that."""
    found = of_server(alternative)
    return "_".join(found) if found and is_apart(f"{found[0]}_", _OWN) else None


_OWN = frozenset({*_TOOLS.values(), "browser_navigate", "task_tracker"})
_NAMING = Naming(harness="OpenHands", tools=one_each(_TOOLS), server=_of_server)


def _tool_losses(view: View, hook: Hook) -> Iterator[Loss]:
    guards = hook.event in hooks.GUARDS
    why = (
        "OpenHands tells hooks its own names of tools and of what they are given, and takes `deny` for an answer alone"
    )
    yield loss(view, hook, f"{hook.id}: input and output", why, security=guards)
    if absent := [word for word in _WORD.findall(hook.matcher) if word not in _TOOLS]:
        why = f"OpenHands has no tool of the name {', '.join(absent)}"
        yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
    if "mcp__" in hook.matcher:
        why = "OpenHands puts a server's name before its tools only where there are several servers"
        yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; rules for folders"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models, and tools that it does not have"),
    Kind.COMMAND: Render(_commands, "becomes a skill; arguments are told in words"),
    Kind.PERMISSIONS: Unsupported("OpenHands asks about every action, or about none", security=True),
    Kind.HOOK: Merge(_hooks, "events that it does not have, and names of tools"),
    Kind.ENVIRONMENT: Unsupported("OpenHands has no setting for variables of commands"),
}

TARGET = Target(
    id="openhands",
    name="OpenHands",
    programs=("openhands",),
    project_signs=(".openhands",),
    user_signs=(".openhands",),
    home=".openhands",
    home_variable="OPENHANDS_PERSISTENCE_DIR",
    project={
        **_COMMON,
        Kind.MCP_SERVER: Unsupported(
            "OpenHands takes servers from the home directory alone: sync with --user for those"
        ),
    },
    user={**_COMMON, Kind.MCP_SERVER: Merge(_servers, "time-outs, WebSocket")},
    shared=SharedRules(below=False),
    besides=(
        Besides(".agents/skills/{}", (".openhands/skills/{}",)),
        Besides(".openhands/skills/{}", (".agents/skills/{}",)),
        Besides(".openhands/agents/{}", (".agents/agents/{}",)),
    ),
)
