"""Antigravity, its editor and its command line, unverified: by the documentation of October 2026.

Documented (antigravity.google/docs: /rules, /skills, /hooks, /subagents, /mcp): `AGENTS.md` or `GEMINI.md` of the root,
rules in `.agents/rules` with a trigger, workflows in `.agents/workflows`, hooks in groups by name with its own names of
tools. Rules that git ignores through `.gitignore` are not loaded; those of `info/exclude` are. Nothing says that
variables are expanded in `mcp_config.json`, nor what a hook must do to forbid; of permissions, nothing for a project.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_limited, limits
from harnesssync_adapters.shared.command_files import command_files, described
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import is_private, loss, unsafe
from harnesssync_adapters.shared.rule_files import limited_rules, trigger_losses, triggered
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tool_groups import absent_losses, granted
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, Render, Support, Target, Unsupported, View

_NAME = "Antigravity"
_RULE_LIMIT = 12_000  # by one page; another says 24,000 bytes
_TOOLS = {
    "view_file": ("Read",),
    "replace_file_content": ("Edit", "MultiEdit"),
    "multi_replace_file_content": ("Edit", "MultiEdit"),  # several changes at once
    "write_to_file": ("Write",),
    "run_command": ("Bash",),
    "grep_search": ("Grep",),
    "find_by_name": ("Glob",),
    "list_dir": ("LS",),
    "read_url_content": ("WebFetch",),
    "search_web": ("WebSearch",),
    "invoke_subagent": ("Task", "Agent"),
}


def _folder(view: View) -> str:
    return ".agents" if view.scope is Scope.PROJECT else ".gemini/config"


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` of the root; what stands in other folders, or is a person's own, in the folder of rules."""
    for folder in instructions.folders(view, rules):
        is_shared = view.scope is Scope.PROJECT and not folder.directory
        if is_shared:
            yield from instructions.agents_md(view, folder, instructions.AGENTS)
        for rule in (*folder.apart, *folder.private) if is_shared else (*folder.public, *folder.private):
            yield triggered(view, rule, f"{_folder(view)}/rules")
            yield from trigger_losses(view, rule, _NAME, _RULE_LIMIT)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills, f"{_folder(view)}/skills")
    yield from skill_losses(view, skills, _NAME)


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    for agent in agents:
        stem = agent.name.replace(":", "-")
        if (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        front: dict[str, JsonValue] = {"name": agent.name, "description": agent.description or agent.name}
        if is_limited(agent):
            tools = granted(view, agent, _TOOLS, lambda _server, _tool: None)
            if not tools.names:
                why = "an agent without tools can't be written: it would get all of them, so it is left out"
                yield loss(view, agent, str(agent.id), why)
                continue
            front["tools"] = list(tools.names)
            if tools.wider:
                why = f"{_NAME} has one tool for several: it also has {', '.join(tools.wider)}"
                yield loss(view, agent, limits(agent), why, security=True)
            yield from absent_losses(view, agent, tools, _NAME, f"{_NAME} has no such tool, or has no name for it")
        yield FileOutput(
            path=f".gemini/config/agents/{stem}.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_private(view, agent),
        )
        yield from agent_losses(view, agent, _NAME)


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    project = view.scope is Scope.PROJECT
    folder = ".agents/workflows" if project else ".gemini/antigravity/global_workflows"
    yield from command_files(view, items, folder, _NAME, front=described)


_DIALECT = Dialect(harness=_NAME, url="serverUrl", remote={Transport.HTTP: {}, Transport.SSE: {}})


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    yield from mcp_servers(view, servers, _DIALECT, f"{_folder(view)}/mcp_config.json")


_EVENTS = frozenset({"PreToolUse", "PostToolUse", "Stop"})
_NAMES = re.compile(r"[A-Za-z]+(?:\|[A-Za-z]+)*")


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """In a group of our own."""
    for hook in items:
        refused = hooks.unusable(view, hook, hook.event if hook.event in _EVENTS else "", _NAME)
        if refused is not None:
            yield refused
            continue
        guards = hook.event in hooks.GUARDS
        matcher, absent = _matcher(hook.matcher)
        if absent:
            why = f"{_NAME} has no name for {', '.join(absent)}"
            yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
        yield from hooks.setting_losses(view, hook, _NAME)
        if matcher is None:
            continue
        if guards:
            why = f"it runs, but {_NAME} does not say what a hook must do to forbid"
            yield loss(view, hook, str(hook.id), why, security=True)
        command = command_line(hook, GIT_DIR)
        handler: dict[str, JsonValue] = {"type": "command", "command": command}
        if hook.timeout_s is not None:
            handler["timeout"] = math.ceil(hook.timeout_s)
        yield ElementOutput(
            path=f"{_folder(view)}/hooks.json",
            items=(hook.id,),
            private=is_private(view, hook),
            executes=True,
            format="json",
            pointer=("harnesssync", hook.event),
            value={**({"matcher": matcher} if matcher else {}), "hooks": [handler]},
        )


def _matcher(matcher: str) -> tuple[str | None, list[str]]:
    """A matcher over its own names, each whole; None if it has none for any, and those of which it has none."""
    if matcher in ("", "*", ".*"):
        return "", []
    if _NAMES.fullmatch(matcher) is None:
        return None, [matcher]
    words = matcher.split("|")
    found = [f"^{name}$" for name, tools in _TOOLS.items() if any(word in tools for word in words)]
    return "|".join(found) or None, [word for word in words if not any(word in tools for tools in _TOOLS.values())]


_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(
        _rules, "imports and conditional rules: then AGENTS.md is rendered; others become rules of its own"
    ),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.COMMAND: Render(_commands, "become workflows; arguments are told in words"),
    Kind.MCP_SERVER: Merge(_servers, "variables, time-outs, WebSocket"),
    Kind.PERMISSIONS: Unsupported(
        "Antigravity documents permissions for its command line alone, and no two sources agree on them", security=True
    ),
    Kind.HOOK: Merge(_hooks, "events that it does not have; whether one can forbid is not documented"),
    Kind.ENVIRONMENT: Unsupported("Antigravity has no setting for variables of commands"),
}

TARGET = Target(
    id="antigravity",
    name=_NAME,
    programs=("agy", "antigravity"),
    project_signs=(".agents/rules", ".agents/workflows", ".agents/mcp_config.json"),
    user_signs=(".gemini/antigravity", ".gemini/antigravity-cli", ".gemini/config"),
    home=".gemini/config",
    project={
        **_COMMON,
        Kind.RULE: Link(_rules, f"{instructions.UNSHARED}; others become rules of its own"),
        Kind.AGENT: Unsupported("its agents stand in .agents/agents, where other harnesses read agents in other forms"),
    },
    user={**_COMMON, Kind.AGENT: Render(_agents, "models, and tools of servers")},
    shared=limited_rules(_RULE_LIMIT, below=False),
)
