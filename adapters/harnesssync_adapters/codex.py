"""Codex CLI, observed with version 0.169.0.

Project files below `.codex` are read once the person trusts the project. Everything is literal there: `${NAME}`
is never expanded, and a server sees only the variables that its table names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harnesssync_adapters.formats.toml_text import toml_document
from harnesssync_adapters.permissions.codex import permissions
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_limited, limits
from harnesssync_adapters.shared.command_skills import command_skills
from harnesssync_adapters.shared.environment import variables
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_adapters.shared.matchers import is_pattern
from harnesssync_adapters.shared.names import is_private, loss, unsafe
from harnesssync_adapters.shared.servers import extra_losses, server_key
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tools import may_write
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
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
from harnesssync_orchestrator.core.references import Reference, Template
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, View

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.importing import Importer

_CONFIG = ".codex/config.toml"
_DOCUMENT_LIMIT = 32 * 1024  # the default of `project_doc_max_bytes`: what is longer is cut


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else f".codex/{instructions.AGENTS}"
        yield from instructions.agents_md(view, folder, folder.path(name))
        yield from _too_long(view, folder.public, folder.path(name))
        if folder.private:
            yield from _override(view, folder)


def _override(view: View, folder: instructions.Folder) -> Iterator[Output | Loss]:
    """`AGENTS.override.md` is read instead of `AGENTS.md`, so it holds the public text too."""
    everything = (*folder.public, *folder.private)
    yield FileOutput(
        path=folder.path("AGENTS.override.md"),
        items=tuple(rule.id for rule in everything),
        content=instructions.rendered(everything),
        gathers=instructions.ALL_RULES,
        private=True,
    )
    yield from instructions.conditional_losses(view, folder.private)
    yield from _too_long(view, everything, folder.path("AGENTS.override.md"))


def _too_long(view: View, rules: Sequence[Rule], path: str) -> Iterator[Loss]:
    if rules and len(instructions.rendered(rules)) > _DOCUMENT_LIMIT:
        yield loss(view, rules[0], path, f"{path} is longer than 32 KiB, where Codex stops reading")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, "Codex")


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    for agent in agents:
        stem = agent.name.replace(":", "-")
        if (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        members: dict[str, JsonValue] = {
            "name": agent.name,
            "description": agent.description or agent.name,
            "developer_instructions": (agent.prompt.strip() or agent.description or agent.name) + "\n",
        }
        is_planner = agent.metadata.get("permissionMode") == "plan"
        if is_planner or not may_write(agent.tools, agent.disallowed_tools):
            members["sandbox_mode"] = "read-only"
        yield FileOutput(
            path=f".codex/agents/{stem}.toml",
            items=(agent.id,),
            content=toml_document(members).encode(),
            private=is_private(view, agent),
        )
        if is_limited(agent):
            sandboxed = "; it can change no file" if "sandbox_mode" in members else ""
            why = f"Codex gives every agent a shell and all MCP servers{sandboxed}"
            yield loss(view, agent, limits(agent), why, security=True)
        yield from agent_losses(view, agent, "Codex", kept=("permissionMode",) if is_planner else ())


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Codex has no commands any more: each becomes a skill that is called as `$name`."""
    yield from command_skills(view, items, ".codex/skills", "Codex")


_UNUSABLE_NAME = re.compile(r"[^A-Za-z0-9_./-]")


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if _UNUSABLE_NAME.search(server.name):
            why = "Codex starts no server whose name has other characters than A-Z, a-z, 0-9 and _ - . /"
            yield loss(view, server, str(server.id), why)
            continue
        losses: dict[str, str] = {}
        value = _stdio(server, losses) if server.transport is Transport.STDIO else _http(server, losses)
        if value is not None:
            if server.timeout_ms is not None:
                value["tool_timeout_sec"] = _seconds(server.timeout_ms)
            yield server_key(view, server, _CONFIG, ("mcp_servers", server.name), value, format="toml")
        for what, why in losses.items():
            yield loss(view, server, what, why)
        yield from extra_losses(view, server, "Codex")


def _stdio(server: McpServer, losses: dict[str, str]) -> dict[str, JsonValue] | None:
    parts = [("command", server.command or Template(("",))), *((f"args: {one}", one) for one in server.args)]
    referring = [what for what, template in parts if not template.is_literal]
    if referring:
        for what in referring:
            losses[what] = "Codex expands no variables, so the server is left out"
        return None
    environment: dict[str, JsonValue] = {}
    passed: list[str] = []
    for name, template in server.env.items():
        references = template.references
        if template.is_literal:
            environment[name] = str(template)
        elif len(template.parts) == 1 and references[0].name == name:
            passed.append(name)
            if references[0].default is not None:
                losses[f"env {name}={template}"] = "Codex passes the variable on without its default"
        else:
            losses[f"env {name}={template}"] = "Codex passes variables on under their own name only: it is left out"
    value: dict[str, JsonValue] = {"command": str(server.command or ""), "args": [str(one) for one in server.args]}
    if environment:
        value["env"] = environment
    if passed:
        value["env_vars"] = passed
    return value


def _http(server: McpServer, losses: dict[str, str]) -> dict[str, JsonValue] | None:
    url = server.url or Template(("",))
    if server.transport is not Transport.HTTP:
        losses[f"type: {server.transport.value}"] = "Codex speaks streamable HTTP only, so the server is left out"
        return None
    if not url.is_literal:
        losses[f"url: {url}"] = "Codex expands no variables, so the server is left out"
        return None
    value: dict[str, JsonValue] = {"url": str(url)}
    literal: dict[str, JsonValue] = {}
    named: dict[str, JsonValue] = {}
    for name, template in server.headers.items():
        bearer = _bearer(template) if name.lower() == "authorization" else None
        reference = template.parts[0] if len(template.parts) == 1 else None
        if template.is_literal:
            literal[name] = str(template)
        elif bearer is not None:
            value["bearer_token_env_var"] = bearer
        elif isinstance(reference, Reference) and reference.default is None:
            named[name] = reference.name
        else:
            losses[f"header {name}: {template}"] = "Codex takes a header from one variable, whole: it is left out"
    if literal:
        value["http_headers"] = literal
    if named:
        value["env_http_headers"] = named
    return value


def _bearer(template: Template) -> str | None:
    """The variable of `Bearer ${NAME}`."""
    if len(template.parts) == 2 and template.parts[0] == "Bearer ":
        reference = template.parts[1]
        if isinstance(reference, Reference) and reference.default is None:
            return reference.name
    return None


def _seconds(milliseconds: int) -> JsonValue:
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


_EVENTS = frozenset(
    {
        "PreToolUse",
        "PermissionRequest",
        "PostToolUse",
        "PreCompact",
        "PostCompact",
        "SessionStart",
        "SessionEnd",
        "UserPromptSubmit",
        "SubagentStart",
        "SubagentStop",
        "Stop",
    }
)  # those that the program lists when it is given all of Claude Code's
_TOOL_EVENTS = frozenset({"PreToolUse", "PermissionRequest", "PostToolUse"})
_EDITING = re.compile(r"\b(?:Edit|MultiEdit|Write)\b")
_ABSENT_TOOLS = re.compile(r"\b(Read|Grep|Glob|LS|WebFetch|WebSearch|Task|Agent|TodoWrite|NotebookEdit|Skill)\b")


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    for hook in items:
        refused = hooks.unusable(view, hook, hook.event if hook.event in _EVENTS else "", "Codex")
        if refused is not None:
            yield refused
            continue
        guards = hook.event in hooks.GUARDS
        if hook.event in _TOOL_EVENTS and is_pattern(hook.matcher) and _EDITING.search(hook.matcher):
            why = "Codex changes files by one tool, for which the pattern would take each of these: it is left out"
            yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
            continue
        yield hooks.hook_element(
            view,
            hook,
            path=".codex/hooks.json",
            event=hook.event,
            matcher=hook.matcher,
            command=command_line(hook, GIT_DIR),
            timeout=hook.timeout_s,
        )
        if hook.event == "SessionEnd" and (hook.timeout_s is None or hook.timeout_s > 3):
            yield loss(view, hook, f"{hook.id}: timeout", "Codex gives hooks at the end of a session 3 seconds")
        if hook.event in _TOOL_EVENTS and (tools := _ABSENT_TOOLS.findall(hook.matcher)):
            why = f"Codex has no tool of the name {', '.join(tools)}"
            yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=guards)
        yield from hooks.setting_losses(view, hook, "Codex")


def _environment(view: View, items: Sequence[EnvironmentVariable]) -> Iterator[Output | Loss]:
    yield from variables(view, items, _CONFIG, ("shell_environment_policy", "set"), format="toml")


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "tools can't be limited, other than to reading"),
    Kind.COMMAND: Render(_commands, "becomes a skill, called as $name; arguments are told in words"),
    Kind.MCP_SERVER: Merge(_servers, "SSE, WebSocket, and variables inside arguments or URLs"),
    Kind.PERMISSIONS: Render(permissions, "rules for commands only"),
    Kind.HOOK: Merge(_hooks, "events that Codex does not have"),
    Kind.ENVIRONMENT: Merge(_environment, "variables that configure Claude Code itself"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.codex import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="codex",
    name="Codex",
    programs=("codex",),
    project_signs=(".codex", "AGENTS.override.md"),
    user_signs=(".codex",),
    extensions=("openai.chatgpt",),
    home=".codex",
    home_variable="CODEX_HOME",
    project=_SUPPORT,
    user=_SUPPORT,
    consent=(
        (
            "Start `codex` in the project once and trust it: before that it reads AGENTS.md and skills, but no MCP"
            " servers, agents, rules or hooks of the project."
        ),
        "Review the hooks with `/hooks` in Codex: each must be trusted once, and again after it changes.",
    ),
    importer=_importer,
    besides=(
        Besides(".agents/skills/{}", (".codex/skills/{}",)),
        Besides(".codex/skills/{}", (".agents/skills/{}",)),
    ),
)
