"""GitHub Copilot: its command line, observed with version 1.0.102, and VS Code, whose sessions read the same files.

In a project it reads Claude Code's own files: `CLAUDE.md` with its imports, `.claude/rules`, skills, agents, commands
at the top of their folder, hooks of both settings files (with Claude Code's names of tools), and `.mcp.json` with
its variables. Nothing is written for these, or all would be there twice. Into a command it puts nothing: the model is
shown `$ARGUMENTS`. A conditional rule is not told before a file calls for it. Of the home directory it reads nothing of
Claude Code's. That VS Code reads `.mcp.json` and `~/.copilot` is documented, and not observed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.permissions.copilot import permissions
from harnesssync_adapters.shared import hook_commands, hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_agent_private, is_limited, limits, named_servers
from harnesssync_adapters.shared.command_skills import called_losses, command_skills
from harnesssync_adapters.shared.conditional import because
from harnesssync_adapters.shared.names import found_at, is_private, loss, unsafe
from harnesssync_adapters.shared.rule_files import NATIVE_RULES, glob_losses, otherwise, told_globs
from harnesssync_adapters.shared.servers import extra_losses, in_claudes_shape, server_key, unusable
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tool_groups import absent_losses, granted
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, LinkOutput, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, Kind, McpServer, Rule, Scope, Skill, Transport
from harnesssync_orchestrator.core.targets import Besides, Link, Merge, Render, Support, Target, Unsupported, View

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.importing import Importer


def _is_in(view: View, source: str, folder: str) -> bool:
    """Does a project's file lie directly in this folder of it? What a home directory has is not read."""
    return view.scope is Scope.PROJECT and posixpath.dirname(source) == posixpath.join(view.root, folder).rstrip("/")


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    if view.scope is Scope.USER:
        for folder in instructions.folders(view, rules):
            yield from instructions.agents_md(view, folder, ".copilot/copilot-instructions.md")
        return
    for rule in rules:
        if posixpath.basename(rule.name) == "CLAUDE.md" and not rule.name.endswith(".claude/CLAUDE.md"):
            continue
        if rule.name.startswith(".claude/rules/"):
            for pattern in otherwise(rule):
                yield loss(
                    view, rule, f"paths: {pattern}", "GitHub Copilot takes it for a glob, and perhaps fewer files"
                )
            continue
        globs = told_globs(rule, joined=True) or ("**",)
        stem = rule.name.removesuffix(".md").replace("/", "-").lstrip(".")
        yield FileOutput(
            path=f".github/instructions/harnesssync-{stem}.instructions.md",
            items=(rule.id,),
            content=markdown({"applyTo": ",".join(globs)}, rule.expanded.replace("\r\n", "\n")),
            private=is_private(view, rule),
        )
        yield from glob_losses(view, rule, "GitHub Copilot", joined=True)
    for folder in instructions.folders(view, rules):
        yield from instructions.told_twice_beside(view, folder, "GitHub Copilot")
        for rule in folder.public:
            if rule.globs and (reason := because(view, rule)):
                why = f"GitHub Copilot reads it in AGENTS.md as well, always{reason}"
                yield loss(view, rule, f"paths: {', '.join(rule.globs)}", why)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    """Links for skills of plugins, and in a home directory for all."""
    native = {skill.source for skill in skills if _is_in(view, found_at(view, skill), ".claude/skills")}
    for result in linked_skills(view, skills):
        if not (isinstance(result, LinkOutput) and result.source in native):
            yield result
    yield from skill_losses(view, skills, "GitHub Copilot")


_GROUPS = {
    "read": ("Read", "LS"),
    "edit": ("Edit", "MultiEdit", "Write", "NotebookEdit"),
    "search": ("Grep", "Glob"),
    "execute": ("Bash",),
    "web": ("WebFetch", "WebSearch"),
    "agent": ("Task", "Agent"),
    "todo": ("TodoWrite",),
}
"""Its names for groups of tools, as documented."""


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    folder = ".github/agents" if view.scope is Scope.PROJECT else ".copilot/agents"
    native = posixpath.join(view.root, ".claude/agents/")
    for agent in agents:
        if view.scope is Scope.PROJECT and found_at(view, agent).startswith(native):
            continue
        stem = agent.name.replace(":", "-")
        if (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        front: dict[str, JsonValue] = {"name": stem, "description": agent.description or agent.name}
        if is_limited(agent):
            tools = granted(view, agent, _GROUPS, lambda server, tool: f"{server}/{tool or '*'}")
            front["tools"] = list(tools.names)
            if tools.wider:
                why = f"GitHub Copilot gives tools in groups: it also has {', '.join(tools.wider)}"
                yield loss(view, agent, limits(agent), why, security=True)
            why = "GitHub Copilot has no such tool or part of it, or only together with a denied one"
            yield from absent_losses(view, agent, tools, "GitHub Copilot", why)
        gathered = named_servers(agent)
        yield FileOutput(
            path=f"{folder}/{stem}.agent.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_agent_private(view, agent, gathered),
            gathers=gathered,
        )
        yield from agent_losses(view, agent, "GitHub Copilot")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Those at the top of `.claude/commands` are read as skills, with nothing put in; the others become some."""
    others = []
    read = {command.id: command for command in items if _is_in(view, found_at(view, command), ".claude/commands")}
    skills = {command.path[-1]: command for command in read.values()}
    for command in items:
        if command.id not in read:
            if (other := skills.get("-".join(command.path))) is None:
                others.append(command)
            else:
                why = f"GitHub Copilot reads {other.id} itself as the skill of that name: rename one of them"
                yield loss(view, command, str(command.id), why)
            continue
        for part in (part for part in prompts.distinct(command.prompt) if not isinstance(part, str)):
            yield loss(view, command, part.written, "GitHub Copilot shows the model the text as it is written")
        yield from called_losses(view, command, "GitHub Copilot")
    folder = ".github/skills" if view.scope is Scope.PROJECT else ".copilot/skills"
    yield from command_skills(view, others, folder, "GitHub Copilot")


_EXPANDED = re.compile(r"\$[\w{]")
_URL = re.compile(r"https?://(?:[^/?#@]*@)?(?:[^/?#:]+|\[[^\]]*\])(?::[0-9]+)?(?:[/?#]|$)", re.IGNORECASE)
"""What it takes for a URL before it puts variables in. A default has a colon, so there can't be one in a host."""

_TYPES = {Transport.STDIO: "local", Transport.HTTP: "http", Transport.SSE: "sse"}


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        refused = unusable(view, server, "GitHub Copilot", lambda text: _EXPANDED.search(text) is not None)
        invalid = _invalid(view, server)
        if view.scope is Scope.PROJECT:
            if found_at(view, server) != posixpath.join(view.root, ".mcp.json"):
                why = "GitHub Copilot reads a project's servers from .mcp.json alone, which is not ours to write"
                yield loss(view, server, str(server.id), why)
            elif server.transport is Transport.WEBSOCKET:
                yield loss(view, server, "type: ws", "GitHub Copilot has no WebSocket transport")
            elif refused is not None:
                yield loss(view, server, refused.what, "GitHub Copilot expands what Claude Code takes literally")
            elif invalid is not None:
                yield invalid
        elif refused is not None or invalid is not None:
            yield from (each for each in (refused, invalid) if each is not None)
            continue
        else:
            value: dict[str, JsonValue] = {**in_claudes_shape(server, _TYPES), "tools": ["*"]}
            if server.timeout_ms is not None:
                value["timeout"] = server.timeout_ms
            yield server_key(view, server, ".copilot/mcp-config.json", ("mcpServers", server.name), value)
        yield from extra_losses(view, server, "GitHub Copilot")


def _invalid(view: View, server: McpServer) -> Loss | None:
    """The loss of a server that it skips for its URL, which is none as long as nothing stands for its variables."""
    if server.url is None or server.url.is_literal or _URL.match(str(server.url)):
        return None
    why = "it skips a server whose URL begins with a variable, or has one for its port, or a default in its host"
    return loss(view, server, f"url: {server.url}", why)


_EVENTS = frozenset(
    {
        *("PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest", "UserPromptSubmit", "Stop"),
        *("SubagentStart", "SubagentStop", "PreCompact", "SessionStart", "SessionEnd", "Notification"),
    }
)  # as documented


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """Hooks of plugins, and in a home directory all: Claude Code's shape is taken there, its names of tools too."""
    native = {posixpath.join(view.root, ".claude", name) for name in ("settings.json", "settings.local.json")}
    folder = ".github/hooks" if view.scope is Scope.PROJECT else ".copilot/hooks"
    for hook in items:
        is_read = view.scope is Scope.PROJECT and hook.origin.file in native
        lost = hooks.without_event if is_read else hooks.unusable
        if (refused := lost(view, hook, hook.event if hook.event in _EVENTS else "", "GitHub Copilot")) is not None:
            yield refused
            continue
        if is_read:
            yield from hooks.read_losses(view, hook, "GitHub Copilot")
        else:
            yield hooks.hook_element(
                view,
                hook,
                path=f"{folder}/harnesssync.json",
                event=hook.event,
                matcher=hook.matcher,
                command=hook_commands.command_line(hook),
                timeout=hook.timeout_s,
            )
        told = hook_commands.DECIDING if is_read else ()
        yield from hooks.setting_losses(view, hook, "GitHub Copilot", kept=told)


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Render(
        _rules, "imports and conditional rules of a home; CLAUDE.md, .claude/rules and AGENTS.md are read natively"
    ),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills is read natively"),
    Kind.AGENT: Render(_agents, "models; .claude/agents is read natively"),
    Kind.COMMAND: Render(
        _commands, "arguments are told in words, or left in .claude/commands, which is read natively, not its folders"
    ),
    Kind.MCP_SERVER: Merge(_servers, "servers of a project that are not in .mcp.json, which is read natively"),
    Kind.PERMISSIONS: Merge(permissions, "all but denials of domains"),
    Kind.HOOK: Merge(_hooks, "events that it does not have; .claude/settings.json is read natively"),
    Kind.ENVIRONMENT: Unsupported("GitHub Copilot has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.copilot import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="copilot",
    name="GitHub Copilot",
    programs=("copilot",),
    project_signs=(".github/copilot-instructions.md", ".github/instructions", ".github/agents", ".github/copilot"),
    user_signs=(".copilot",),
    # `code` on the PATH, or `.vscode` in a project, says nothing about it.
    extensions=("github.copilot",),
    home=".copilot",
    home_variable="COPILOT_HOME",
    project=_SUPPORT,
    user=_SUPPORT,
    consent=(
        "Start `copilot` in the project once and trust the folder: before that it starts no MCP servers and no hooks.",
    ),
    importer=_importer,
    shared=NATIVE_RULES,
    besides=(
        Besides(
            ".claude/rules/{}.md",
            (".github/instructions/{}.instructions.md",),
            native=True,
            scope=Scope.PROJECT,
        ),
        Besides(
            ".claude/rules/copilot-instructions.md",
            (".github/copilot-instructions.md",),
            native=True,
            scope=Scope.PROJECT,
        ),
        Besides(
            ".claude/skills/{}",
            (".agents/skills/{}", ".github/skills/{}"),
            native=True,
            scope=Scope.PROJECT,
        ),
        Besides(
            ".claude/agents/{}.md",
            (".github/agents/{}.agent.md", ".github/agents/{}.md"),
            native=True,
            scope=Scope.PROJECT,
        ),
        Besides(".agents/skills/{}", (".github/skills/{}",), scope=Scope.PROJECT),
        Besides(".agents/skills/{}", (".copilot/skills/{}",), scope=Scope.USER),
        Besides(".github/skills/{}", (".agents/skills/{}",), scope=Scope.PROJECT),
        Besides(".copilot/skills/{}", (".agents/skills/{}",), scope=Scope.USER),
    ),
)
