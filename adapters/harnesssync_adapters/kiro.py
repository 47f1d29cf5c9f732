"""Kiro, the IDE 1 and the CLI 3, unverified: by their documentation of October 2026 (kiro.dev/docs).

Documented: `AGENTS.md` of the project's root (/steering), `.kiro/steering`, `.kiro/skills`, agents as Markdown with
groups of tools (/custom-agents), `.kiro/hooks/*.json` (/hooks), `${NAME}` in the `env` and `headers` of servers
(/mcp/configuration) once a person has approved the name. Steering of a home directory is always loaded: its
`fileMatch` does not trigger (kirodotdev/Kiro#9176). Of permissions there are several shapes that contradict each other.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_agent_private, is_limited, limits, named_servers
from harnesssync_adapters.shared.command_files import command_files
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_adapters.shared.names import is_private, loss, unsafe
from harnesssync_adapters.shared.rule_files import by_globs, glob_losses, rule_file, told_globs
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tool_groups import absent_losses, granted
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output, short_hash
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Link, Merge, Render, SharedRules, Support, Target, Unsupported, View

_STEERING = ".kiro/steering"
_GROUPS = {
    "read": ("Read", "Grep", "Glob", "LS"),
    "write": ("Edit", "Write", "MultiEdit", "NotebookEdit"),
    "shell": ("Bash",),
    "web": ("WebFetch", "WebSearch"),
}


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` of the root; what stands in other folders, or is a person's own, as steering."""
    for folder in instructions.folders(view, rules):
        steering = (*folder.apart, *folder.private)
        if view.scope is Scope.USER:
            yield from instructions.agents_md(view, folder, f"{_STEERING}/{instructions.AGENTS}")
        elif not folder.directory:
            yield from instructions.agents_md(view, folder, instructions.AGENTS)
        else:
            steering = (*folder.public, *folder.private)
        for rule in steering:
            told = told_globs(rule)
            yield rule_file(view, rule, _STEERING, _inclusion(told), told=told)
            yield from glob_losses(view, rule, "Kiro")


def _inclusion(globs: Sequence[str]) -> dict[str, JsonValue]:
    if not globs:
        return {"inclusion": "always"}
    return {"inclusion": "fileMatch", "fileMatchPattern": globs[0] if len(globs) == 1 else list(globs)}


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills, ".kiro/skills")
    yield from skill_losses(view, skills, "Kiro")


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    for agent in agents:
        stem = agent.name.replace(":", "-")
        if (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        front: dict[str, JsonValue] = {"name": agent.name, "description": agent.description or agent.name}
        if is_limited(agent):
            tools = granted(view, agent, _GROUPS, lambda server, tool: f"@{server}/{tool}" if tool else f"@{server}")
            if not tools.names:
                why = "an agent without tools can't be written: it would get all of them, so it is left out"
                yield loss(view, agent, str(agent.id), why)
                continue
            front["tools"] = list(tools.names)
            if tools.wider:
                why = f"Kiro gives tools in groups: it also has {', '.join(tools.wider)}"
                yield loss(view, agent, limits(agent), why, security=True)
            why = "Kiro has no such tool, or only together with a denied one"
            yield from absent_losses(view, agent, tools, "Kiro", why)
        gathered = named_servers(agent)
        yield FileOutput(
            path=f".kiro/agents/{stem}.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_agent_private(view, agent, gathered),
            gathers=gathered,
        )
        yield from agent_losses(view, agent, "Kiro")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    yield from command_files(view, items, ".kiro/prompts", "Kiro", front=lambda _: {})


_DIALECT = Dialect(
    harness="Kiro",
    remote={Transport.HTTP: {}, Transport.SSE: {}},
    reference=lambda name: f"${{{name}}}",
    expanded=frozenset({"env", "headers"}),
    timeout=("timeout", 1),
)


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    yield from mcp_servers(view, servers, _DIALECT, ".kiro/settings/mcp.json")


_EVENTS = frozenset({"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop"})
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse"})


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """One file for each hook: it is read whole, and one that is not approved must not hold back the others."""
    for hook in items:
        refused = hooks.unusable(view, hook, hook.event if hook.event in _EVENTS else "", "Kiro")
        if refused is not None:
            yield refused
            continue
        guards = hook.event in hooks.GUARDS
        groups, absent = _groups(hook.matcher) if hook.event in _TOOL_EVENTS else ([""], [])
        if absent:
            why = f"Kiro has no group of tools for {', '.join(absent)}"
            yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
        if hook.matcher and hook.event not in _TOOL_EVENTS:
            why = "Kiro runs it each time: it has matchers for tools alone"
            yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why)
        yield from hooks.setting_losses(view, hook, "Kiro")
        if not groups:
            continue
        name = f"harnesssync-{hook.event.lower()}-{short_hash(hook.name.encode('utf-8', 'surrogateescape'))[:8]}"
        entries = [_entry(hook, name, group) for group in groups]
        text = json.dumps({"version": "v1", "hooks": entries}, indent=2, ensure_ascii=False) + "\n"
        yield FileOutput(
            path=f".kiro/hooks/{name}.json",
            items=(hook.id,),
            content=text.encode("utf-8", "surrogateescape"),
            private=is_private(view, hook),
            executes=True,
        )


def _entry(hook: Hook, name: str, group: str) -> dict[str, JsonValue]:
    command = command_line(hook, GIT_DIR)
    entry: dict[str, JsonValue] = {"name": f"{name}-{group}" if group else name, "trigger": hook.event}
    if group:
        entry["matcher"] = group
    entry["action"] = {"type": "command", "command": command}
    if hook.timeout_s is not None:
        entry["timeout"] = math.ceil(hook.timeout_s)
    return entry


_NAMES = re.compile(r"[A-Za-z]+(?:\|[A-Za-z]+)*")


def _groups(matcher: str) -> tuple[list[str], list[str]]:
    """The groups of the tools that a matcher names, `""` for all tools, and what has no group."""
    if matcher in ("", "*", ".*"):
        return [""], []
    if _NAMES.fullmatch(matcher) is None:
        return [], [matcher]
    found = {tool: group for group, tools in _GROUPS.items() for tool in tools}
    names = matcher.split("|")
    return list(dict.fromkeys(found[name] for name in names if name in found)), [n for n in names if n not in found]


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; others become steering"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models, and single tools: it gives them in groups"),
    Kind.COMMAND: Render(_commands, "arguments are told in words"),
    Kind.MCP_SERVER: Merge(_servers, "variables in commands, arguments and URLs, defaults of variables, WebSocket"),
    Kind.PERMISSIONS: Unsupported(
        "Kiro's documentation has several shapes for permissions, which contradict each other", security=True
    ),
    Kind.HOOK: Render(_hooks, "events that Kiro does not have; it runs them for groups of tools, under its own names"),
    Kind.ENVIRONMENT: Unsupported("Kiro has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.kiro import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="kiro",
    name="Kiro",
    programs=("kiro", "kiro-cli"),
    project_signs=(".kiro",),
    user_signs=(".kiro",),
    home=".kiro",
    importer=_importer,
    project={**_SUPPORT, Kind.RULE: Link(_rules, f"{instructions.UNSHARED}; others become steering")},
    user=_SUPPORT,
    shared=SharedRules(below=False, apart=by_globs),
    consent=(
        (
            "Approve the names of variables that MCP servers refer to, when Kiro warns of them or in its setting"
            " `Mcp Approved Env Vars`: until then a server gets the reference as it is written."
        ),
    ),
)
