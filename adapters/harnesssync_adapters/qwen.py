"""Qwen Code, observed with version 0.24.4.

It reads a project's `.mcp.json` itself, but expands no variables in it: servers with references are written to its
settings, which stand before that file. In settings, `$NAME` and `${NAME}` are expanded in every text; a reference to
what is not set, and one with a default, stay as they are. It ignores rule files that are links. In a folder that is not
trusted it starts no servers, not even those of the home directory.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.permissions.qwen import SETTINGS, permissions
from harnesssync_adapters.shared import commands, hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses
from harnesssync_adapters.shared.command_skills import command_losses
from harnesssync_adapters.shared.environment import variables
from harnesssync_adapters.shared.gemini_prompts import in_gemini_syntax, runs
from harnesssync_adapters.shared.hook_commands import command_line
from harnesssync_adapters.shared.matchers import Naming, matched, matcher_losses, one_each
from harnesssync_adapters.shared.names import found_at, has_skill, is_private, loss, unsafe
from harnesssync_adapters.shared.qwen_tools import TOOLS, allowed_tools, denied_tools, would_expand
from harnesssync_adapters.shared.rule_files import by_globs, glob_losses, rule_file, told_globs
from harnesssync_adapters.shared.servers import extra_losses, server_key, templates, unusable
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.importing import Importer
from harnesssync_orchestrator.core.items import (
    Agent,
    Command,
    EnvironmentVariable,
    Hook,
    Kind,
    McpServer,
    Rule,
    Scope,
    Skill,
    Transport,
)
from harnesssync_orchestrator.core.references import Template
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, SharedRules, Support, Target, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md`, which is read beside `QWEN.md`. Rule files may be conditional: a person's own, and those
    that hold for certain files alone."""
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else f".qwen/{instructions.AGENTS}"
        yield from instructions.agents_md(view, folder, folder.path(name))
        for rule in (*folder.apart, *folder.private):
            told = told_globs(rule)
            yield rule_file(view, rule, ".qwen/rules", {"paths": list(told)} if told else {}, told=told)
            yield from glob_losses(view, rule, "Qwen Code")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, "Qwen Code")


_AGENT_NAME = re.compile(r"(?![-_])[\w-]{2,50}(?<![-_])")
_RESERVED = frozenset({"self", "system", "user", "model", "tool", "config", "default", "main"})
_SHORTEST_PROMPT = 10
_KEPT_MODES = frozenset({"plan", "default"})


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    for agent in agents:
        name = agent.name.replace(":", "-")
        prompt = agent.prompt.strip()
        if _AGENT_NAME.fullmatch(name) is None or name.lower() in _RESERVED:
            yield loss(view, agent, f"name: {agent.name}", "Qwen Code takes no such name, so the agent is left out")
            continue
        if len(prompt) < _SHORTEST_PROMPT:
            yield loss(view, agent, str(agent.id), "Qwen Code takes no prompt of fewer than ten characters")
            continue
        front: dict[str, JsonValue] = {"name": name, "description": agent.description.strip() or name}
        tools, absent = allowed_tools(agent.tools or ())
        if agent.tools is not None and not tools:
            why = "an agent without tools can't be written: it would get all of them, so it is left out"
            yield loss(view, agent, str(agent.id), why)
            continue
        if tools:
            front["tools"] = tools
        if denied := denied_tools(agent.disallowed_tools):
            front["disallowedTools"] = denied
        mode = agent.metadata.get("permissionMode")
        if mode in _KEPT_MODES:
            front["permissionMode"] = str(mode)
        turns = agent.metadata.get("maxTurns")
        if isinstance(turns, int) and turns > 0:
            front["maxTurns"] = turns
        yield FileOutput(
            path=f".qwen/agents/{name}.md",
            items=(agent.id,),
            content=markdown(front, prompt),
            private=is_private(view, agent),
        )
        for tool in absent:
            yield loss(view, agent, f"tools: {tool}", "Qwen Code has no such tool, or can't name that part of it")
        kept = ("maxTurns", *(("permissionMode",) if mode in _KEPT_MODES else ()))
        yield from agent_losses(view, agent, "Qwen Code", kept=kept)


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    for command in items:
        if (refused := unsafe(view, command, command.path)) is not None:
            yield refused
            continue
        if has_skill(view, command.name):
            continue
        prompt, losses = in_gemini_syntax(command.prompt, "Qwen Code")
        front: dict[str, JsonValue] = {"description": commands.described(command)}
        if command.argument_hint:
            front["argument-hint"] = command.argument_hint
        yield FileOutput(
            path=f".qwen/commands/{'/'.join(command.path)}.md",
            items=(command.id,),
            content=markdown(front, prompt),
            private=is_private(view, command),
            executes=runs(prompt),
        )
        for what, why in losses.items():
            yield loss(view, command, what, why)
        yield from command_losses(view, command, "Qwen Code")


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        refers = any(one.references for one in templates(server))
        is_read = view.scope is Scope.PROJECT and found_at(view, server) == posixpath.join(view.root, ".mcp.json")
        expands = would_expand if refers or not is_read else _never
        if (refused := unusable(view, server, "Qwen Code", expands)) is not None:
            yield refused
            if is_read:
                yield loss(view, server, str(server.id), "it is still read from .mcp.json, and does not work there")
            continue
        unset = _unset(server)
        for what in unset:
            why = "Qwen Code has no defaults, so the server is left out"
            if is_read:
                why = "Qwen Code has no defaults: while the variable is unset, the reference stays as text"
            yield loss(view, server, what, why)
        if unset and not is_read:
            continue
        if refers or not is_read:
            yield server_key(view, server, SETTINGS, ("mcpServers", server.name), _server(server))
        yield from _variable_losses(view, server)
        yield from extra_losses(view, server, "Qwen Code")


def _never(text: str) -> bool:  # noqa: ARG001 - in .mcp.json nothing is expanded
    return False


def _server(server: McpServer) -> dict[str, JsonValue]:
    value: dict[str, JsonValue] = {}
    if server.transport is Transport.STDIO:
        value["command"] = _text(server.command or Template(("",)))
        value["args"] = [_text(one) for one in server.args]
        if environment := {name: _text(one) for name, one in server.env.items() if not _has_default(one)}:
            value["env"] = environment
    else:
        value["httpUrl" if server.transport is Transport.HTTP else "url"] = _text(server.url or Template(("",)))
        if server.headers:
            value["headers"] = {name: _text(one) for name, one in server.headers.items()}
    if server.timeout_ms is not None:
        value["timeout"] = server.timeout_ms
    return value


def _text(template: Template) -> str:
    return template.render(lambda reference: f"${{{reference.name}}}")


def _has_default(template: Template) -> bool:
    return any(reference.default is not None for reference in template.references)


def _unset(server: McpServer) -> list[str]:
    """The values that need a default, and can't do without."""
    given = (server.command, *server.args, server.url, *server.headers.values())
    return [str(template) for template in given if template is not None and _has_default(template)]


def _variable_losses(view: View, server: McpServer) -> Iterator[Loss]:
    """Variables with a default are not written. One under its own name is passed on to the server anyway."""
    for name, template in server.env.items():
        if _has_default(template):
            inherits = len(template.parts) == 1 and template.references[0].name == name
            why = "passes the variable on without its default" if inherits else "has no defaults: it is left out"
            yield loss(view, server, f"env {name}={template}", f"Qwen Code {why}")


_EVENTS = frozenset(
    {
        *("PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "PermissionRequest", "PermissionDenied"),
        *("SessionStart", "SessionEnd", "UserPromptSubmit", "UserPromptExpansion", "Stop", "StopFailure"),
        *("SubagentStart", "SubagentStop", "PreCompact", "PostCompact", "Notification", "InstructionsLoaded"),
    }
)  # those of Claude Code's that the program has by the same name
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest", "PermissionDenied"})
_NAMING = Naming(harness="Qwen Code", tools=one_each(TOOLS), server=str)
_KEPT_SETTINGS = ("async", "shell", "statusMessage")
_LONGEST = 999  # seconds: from 1000 on it takes a time-out for milliseconds


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """Claude Code's shape and events. `CLAUDE_PROJECT_DIR` is set for the command, as it is by Claude Code."""
    for hook in items:
        event = hook.event if hook.event in _EVENTS else ""
        refused = hooks.unusable(view, hook, event, "Qwen Code", kept=_KEPT_SETTINGS, expands=would_expand)
        if refused is not None:
            yield refused
            continue
        matcher = hook.matcher
        if hook.event in _TOOL_EVENTS:
            theirs = matched(matcher, _NAMING)
            yield from matcher_losses(view, hook, theirs, _NAMING)
            if theirs.pattern is None:
                continue
            matcher = theirs.pattern
            yield from hooks.absent_tools(view, hook, TOOLS, "Qwen Code")
            yield from hooks.other_names(view, hook, TOOLS, "Qwen Code")
        yield hooks.hook_element(
            view,
            hook,
            path=SETTINGS,
            event=hook.event,
            matcher=matcher,
            command=command_line(hook),
            timeout=None if hook.timeout_s is None else min(hook.timeout_s, _LONGEST),
            kept={name: str(value) if name != "async" else value is True for name, value in _kept(hook)},
        )
        if hook.timeout_s is not None and hook.timeout_s > _LONGEST:
            yield loss(view, hook, f"{hook.id}: timeout", f"Qwen Code's time-outs in seconds end at {_LONGEST}")
        yield from hooks.setting_losses(view, hook, "Qwen Code", kept=_KEPT_SETTINGS)


def _kept(hook: Hook) -> Iterator[tuple[str, object]]:
    """A program that is started with its arguments has no shell in Claude Code, whatever `shell` says."""
    for name in _KEPT_SETTINGS:
        if name in hook.extra and (name != "shell" or "args" not in hook.extra):
            yield name, hook.extra[name]


def _environment(view: View, items: Sequence[EnvironmentVariable]) -> Iterator[Output | Loss]:
    yield from variables(view, items, SETTINGS, ("env",), hazard=_hazard)


def _hazard(value: str) -> str | None:
    return "Qwen Code would put a variable in the place of a part of its value" if would_expand(value) else None


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models, and tools that it does not have"),
    Kind.COMMAND: Render(_commands, "single arguments ($0)"),
    Kind.MCP_SERVER: Merge(_servers, "defaults of variables, WebSocket; .mcp.json is read natively"),
    Kind.PERMISSIONS: Merge(permissions, "what would allow more there: single commands, domains"),
    Kind.HOOK: Merge(_hooks, "events that it does not have; a hook is told other names of tools"),
    Kind.ENVIRONMENT: Merge(_environment, "variables that configure Claude Code itself"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.qwen import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="qwen",
    name="Qwen Code",
    programs=("qwen",),
    project_signs=(".qwen", "QWEN.md"),
    user_signs=(".qwen",),
    home=".qwen",
    importer=_importer,
    home_variable="QWEN_HOME",
    project={**_SUPPORT, Kind.RULE: Link(_rules, instructions.UNSHARED)},
    user=_SUPPORT,
    shared=SharedRules(apart=by_globs),
    consent=(
        (
            "Where `security.folderTrust` is on, trust the folder in `qwen` once: before that it loads no rules, MCP"
            " servers or hooks of the project."
        ),
        "Approve the MCP servers of the project with `qwen mcp approve`, and again after they change.",
    ),
    besides=(Besides(".agents/skills/{}", (".qwen/skills/{}",)),),
)
