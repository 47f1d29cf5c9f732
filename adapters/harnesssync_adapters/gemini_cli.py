"""Gemini CLI, observed with version 0.61.0.

`.gemini/settings.json` is read in trusted folders. In it every string is expanded: `$NAME`, `${NAME}` and
`${NAME:-default}`. Lists in it are replaced, not joined, by those of a project, `context.fileName` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.formats.toml_text import toml_document
from harnesssync_adapters.permissions.gemini_cli import permissions
from harnesssync_adapters.shared import commands, hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_agent_private, is_limited, named_servers
from harnesssync_adapters.shared.command_skills import command_losses
from harnesssync_adapters.shared.gemini_prompts import in_gemini_syntax, runs
from harnesssync_adapters.shared.gemini_tools import SETTINGS, TOOLS, agent_tools, narrowed_servers, setting
from harnesssync_adapters.shared.hook_commands import CLAUDES_DIR, PROJECT_DIR, command_line, literal_directories
from harnesssync_adapters.shared.matchers import Naming, matched, matcher_losses, single_barred
from harnesssync_adapters.shared.names import has_skill, is_private, loss, slug, unsafe
from harnesssync_adapters.shared.servers import extra_losses, server_key, unusable
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import (
    Agent,
    Command,
    Hook,
    Kind,
    McpServer,
    Rule,
    Scope,
    Skill,
    Transport,
)
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, Unsupported, View

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.importing import Importer


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md`, which the settings must name. `GEMINI.md` stays first: there the program writes its memories,
    which is also why a person's own `GEMINI.md` is neither a link nor a file of ours."""
    public = [rule for rule in rules if not (rule.origin.private and view.scope is Scope.PROJECT)]
    for folder in instructions.folders(view, rules):
        name = instructions.AGENTS if view.scope is Scope.PROJECT else f".gemini/{instructions.AGENTS}"
        yield from instructions.agents_md(view, folder, folder.path(name))
        for rule in folder.private:
            if not rule.name.endswith("CLAUDE.local.md"):
                yield loss(view, rule, rule.name, "Gemini CLI finds a person's own rules as CLAUDE.local.md only")
    for name in ("GEMINI.md", instructions.AGENTS):
        if public:
            yield setting(view, public, ("context", "fileName"), name, private=False)
    own = [rule for rule in rules if rule not in public and rule.name.endswith("CLAUDE.local.md")]
    if own:
        if not public:
            yield setting(view, own, ("context", "fileName"), "GEMINI.md", private=True)
        yield setting(view, own, ("context", "fileName"), "CLAUDE.local.md", private=True)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, "Gemini CLI")


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """Files of our own: linked ones are ignored, and Claude Code's `tools: Read, Grep` is refused."""
    for agent in agents:
        name = slug(agent.name)
        if (refused := unsafe(view, agent, [name])) is not None:
            yield refused
            continue
        if name != agent.name:
            yield loss(view, agent, f"name: {agent.name}", f"names are made of a-z, 0-9, - and _: it is {name!r} there")
        front: dict[str, JsonValue] = {"name": name, "description": agent.description or name, "kind": "local"}
        if is_limited(agent):
            tools, absent = agent_tools(view, agent)
            if not tools:
                why = "an agent without tools can't be written: it would get all of them, so it is left out"
                yield loss(view, agent, str(agent.id), why)
                continue
            front["tools"] = tools
            for tool in absent:
                yield loss(view, agent, f"tools: {tool}", "Gemini CLI has no such tool, or not that part of it")
        turns = agent.metadata.get("maxTurns")
        if isinstance(turns, int) and turns > 0:
            front["max_turns"] = turns
        gathered: frozenset[Kind] = named_servers(agent) if narrowed_servers(agent) else frozenset()
        yield FileOutput(
            path=f".gemini/agents/{name}.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_agent_private(view, agent, gathered),
            gathers=gathered,
        )
        yield from agent_losses(view, agent, "Gemini CLI", kept=("maxTurns",))


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    for command in items:
        if (refused := unsafe(view, command, command.path)) is not None:
            yield refused
            continue
        if has_skill(view, command.name):
            continue
        members: dict[str, JsonValue] = {"description": commands.described(command)} if command.description else {}
        prompt, losses = in_gemini_syntax(command.prompt, "Gemini CLI")
        yield FileOutput(
            path=f".gemini/commands/{'/'.join(command.path)}.toml",
            items=(command.id,),
            content=toml_document({**members, "prompt": prompt}).encode(),
            private=is_private(view, command),
            executes=runs(prompt),
        )
        for what, why in losses.items():
            yield loss(view, command, what, why)
        yield from command_losses(view, command, "Gemini CLI")


_EXPANDED = re.compile(r"\$[\w{]")


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "Gemini CLI", _would_expand)) is not None:
            yield refused
            continue
        yield server_key(view, server, SETTINGS, ("mcpServers", server.name), _server(server))
        yield from extra_losses(view, server, "Gemini CLI")
        if "_" in server.name:
            why = "Gemini CLI's policies can't tell where a name with underscores ends: prefer hyphens"
            yield loss(view, server, f"name: {server.name}", why)


def _server(server: McpServer) -> dict[str, JsonValue]:
    value: dict[str, JsonValue] = {}
    if server.transport is Transport.STDIO:
        value["command"] = str(server.command or "")
        value["args"] = [str(one) for one in server.args]
        if server.env:
            value["env"] = {name: str(one) for name, one in server.env.items()}
    else:
        if server.transport is Transport.HTTP:
            value["httpUrl"] = str(server.url or "")
        else:
            value |= {"url": str(server.url or ""), "type": "sse"}
        if server.headers:
            value["headers"] = {name: str(one) for name, one in server.headers.items()}
    if server.timeout_ms is not None:
        value["timeout"] = server.timeout_ms
    return value


def _would_expand(text: str) -> bool:
    return _EXPANDED.search(text) is not None


_EVENTS = {
    "PreToolUse": "BeforeTool",
    "PostToolUse": "AfterTool",
    "UserPromptSubmit": "BeforeAgent",
    "Stop": "AfterAgent",
    "SessionStart": "SessionStart",
    "SessionEnd": "SessionEnd",
    "PreCompact": "PreCompress",
    "Notification": "Notification",
}  # as `gemini hooks migrate` maps them, but for SubagentStop, which would fire at every turn's end
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse"})
_TOLD = {tool: " or ".join(names) for tool, names in TOOLS.items()}
_MATCHERS = {"permission_prompt": "ToolPermission"}
_DEFAULT = re.compile(r"\$\{[^{}:]+:-[^{}]*\}")


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """Time-outs are in milliseconds. `CLAUDE_PROJECT_DIR` is set for hooks, as it is by Claude Code; without braces
    the program would put the quoted path itself in its place, also where quotes already stand around it."""
    for hook in items:
        event = _EVENTS.get(hook.event, "")
        if (refused := hooks.unusable(view, hook, event, "Gemini CLI", expands=_would_expand)) is not None:
            yield refused
            continue
        matchers = [hook.matcher]
        if hook.event in _TOOL_EVENTS:
            theirs = matched(hook.matcher, _NAMING)
            yield from matcher_losses(view, hook, theirs, _NAMING)
            if theirs.pattern is None:
                continue
            matchers = [theirs.pattern]
            yield from hooks.absent_tools(view, hook, TOOLS, "Gemini CLI")
            yield from hooks.other_names(view, hook, _TOLD, "Gemini CLI")
        elif hook.matcher not in ("", "*"):  # compared as a whole there: one handler for each alternative
            matchers = [_MATCHERS.get(one, one) for one in hook.matcher.split("|")]
        for matcher in matchers:
            yield hooks.hook_element(
                view,
                hook,
                path=SETTINGS,
                event=event,
                matcher=matcher,
                command=PROJECT_DIR.sub(CLAUDES_DIR, command_line(hook)),
                timeout=None if hook.timeout_s is None else hook.timeout_s * 1000,
            )
        for default in _DEFAULT.findall(hook.command or ""):
            why = "Gemini CLI puts the default in its place when it starts, whatever the hook then sets"
            yield loss(view, hook, f"{hook.id}: {default}", why, security=hook.event in hooks.GUARDS)
        if "args" not in hook.extra and "$CLAUDE_PROJECT_DIR" in literal_directories(hook.command or ""):
            why = "Gemini CLI would put the path in its place, also where a shell would not: braces are put around it"
            yield loss(view, hook, f"{hook.id}: $CLAUDE_PROJECT_DIR", why)
        if event != hook.event:
            why = f"Gemini CLI tells a hook its own names of events: {event} for {hook.event}"
            yield loss(view, hook, f"{hook.id}: hook_event_name", why, security=hook.event in hooks.GUARDS)
        yield from hooks.setting_losses(view, hook, "Gemini CLI")


_NAMING = Naming(harness="Gemini CLI", tools=TOOLS, server=single_barred)

_NO_ENVIRONMENT = Unsupported(
    "the settings of Gemini CLI have no variables for commands; `.gemini/.env` would configure the program itself"
)

_COMMON: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "models, and tools that it does not have"),
    Kind.COMMAND: Render(_commands, "single arguments ($0)"),
    Kind.MCP_SERVER: Merge(_servers, "WebSocket"),
    Kind.HOOK: Merge(_hooks, "events that it does not have; a hook is told other names of tools and events"),
    Kind.ENVIRONMENT: _NO_ENVIRONMENT,
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.gemini_cli import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="gemini",
    name="Gemini CLI",
    programs=("gemini",),
    project_signs=(".gemini", "GEMINI.md"),
    user_signs=(".gemini",),
    home=".gemini",
    project={**_COMMON, Kind.PERMISSIONS: Merge(permissions, "all but denials of, and questions about, whole tools")},
    user={**_COMMON, Kind.PERMISSIONS: Render(permissions, "rules for paths and domains")},
    consent=(
        "Start `gemini` in the project once and trust the folder: before that it loads nothing of the project.",
        "Agents of a project must be acknowledged once in Gemini CLI, and again after they change.",
    ),
    importer=_importer,
    besides=(
        Besides(".agents/skills/{}", (".gemini/skills/{}",)),
        Besides("CLAUDE.md", ("GEMINI.md",), alike=True, scope=Scope.PROJECT),
        Besides("{}/CLAUDE.md", ("{}/GEMINI.md",), alike=True, scope=Scope.PROJECT),
        Besides(".claude/CLAUDE.md", (".gemini/GEMINI.md",), alike=True, scope=Scope.USER),
    ),
)
