"""Factory Droid, observed with version 0.225.2.

It reads `CLAUDE.md` besides `AGENTS.md`. In `mcp.json` it expands `${NAME}` and `${NAME:-default}` in `env` and
`headers` alone; a server with a reference to what is not set fails. Command files that are links are ignored.
That it calls a server's tools `server___tool` is taken from the program, and was not seen at a hook.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.permissions.droid import permissions
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_agent_private, is_limited, named_servers
from harnesssync_adapters.shared.command_files import prompt_files
from harnesssync_adapters.shared.hook_commands import command_line
from harnesssync_adapters.shared.matchers import Naming, matched, matcher_losses, one_each
from harnesssync_adapters.shared.names import loss, slug, unsafe
from harnesssync_adapters.shared.servers import extra_losses, in_claudes_shape, server_key, unusable
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tools import bare, is_allowed, is_narrowed, split_mcp
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.importing import Importer
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


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` in folders of which `CLAUDE.md` does not say it all; in a home it is no link, which would be ignored
    there. A person's own rules are one file, for all."""
    folders = instructions.folders(view, rules)
    for folder in folders:
        if view.scope is Scope.USER:
            yield FileOutput(
                path=f".factory/{instructions.AGENTS}",
                items=tuple(rule.id for rule in folder.public),
                content=instructions.rendered(folder.public),
                gathers=instructions.ALL_RULES,
            )
            yield from instructions.conditional_losses(view, folder.public)
        elif not instructions.is_claude_md(view, folder):
            yield from instructions.agents_md(view, folder, folder.path(instructions.AGENTS))
            yield from instructions.told_twice(view, folder, "Factory Droid")
    own = [rule for folder in folders for rule in folder.private]
    if own:
        yield FileOutput(
            path=f".factory/{instructions.AGENTS}",
            items=tuple(rule.id for rule in own),
            content=instructions.rendered(own),
            gathers=instructions.ALL_RULES,
            private=True,
        )
        yield from instructions.conditional_losses(view, own)
    for rule in own:
        if rule.directory:
            yield loss(view, rule, rule.name, "it is always loaded, not only for its folder")


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    yield from linked_skills(view, skills)
    yield from skill_losses(view, skills, "Factory Droid")


_TOOLS = {
    "Read": "Read",
    "LS": "LS",
    "Grep": "Grep",
    "Glob": "Glob",
    "Edit": "Edit",
    "MultiEdit": "Edit",
    "Write": "Create",
    "Bash": "Execute",
    "WebFetch": "FetchUrl",
    "WebSearch": "WebSearch",
    "Task": "Task",
    "Agent": "Task",
    "AskUserQuestion": "AskUser",
}
_ALWAYS_THERE = {"TodoWrite": "TodoWrite", "Skill": "Skill", "ExitPlanMode": "ExitSpecMode"}
"""Tools that no list can give or take."""

_MODELS = frozenset({"sonnet", "opus", "haiku"})
"""Names that the program takes for the first of its models that is one of these."""


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    for agent in agents:
        name = slug(agent.name)
        prompt = agent.prompt.strip() or agent.description.strip()
        if (refused := unsafe(view, agent, [name])) is not None or not prompt:
            yield refused or loss(view, agent, str(agent.id), "Factory Droid takes no agent without a prompt")
            continue
        if name != agent.name:
            yield loss(view, agent, f"name: {agent.name}", f"names are made of a-z, 0-9, - and _: it is {name!r} there")
        front: dict[str, JsonValue] = {"name": name, "description": agent.description or name}
        if is_limited(agent):
            tools, servers, absent = _limits(view, agent)
            if not tools:
                why = "an agent without tools is refused, so it is left out"
                yield loss(view, agent, str(agent.id), why)
                continue
            front |= {"tools": tools, "mcpServers": servers}
            for tool in absent:
                yield loss(view, agent, f"tools: {tool}", "Factory Droid has no such tool, or can't give a part of it")
        if agent.model in _MODELS:
            front["model"] = agent.model
        gathered = named_servers(agent)
        yield FileOutput(
            path=f".factory/droids/{name}.md",
            items=(agent.id,),
            content=markdown(front, prompt),
            private=is_agent_private(view, agent, gathered),
            gathers=gathered,
        )
        yield from agent_losses(view, agent, "Factory Droid", kept=("model",) if agent.model in _MODELS else ())


def _limits(view: View, agent: Agent) -> tuple[list[str], list[str], list[str]]:
    """The tools and the servers that an agent has there, and the tools that it can't have.

    One name that the program does not know, such as a tool of a server that is not connected, and it refuses the whole
    agent: servers are given as a whole or not at all.
    """
    usable = [tool for tool in _TOOLS if is_allowed(tool, agent.tools, agent.disallowed_tools)]
    if agent.tools is None:
        usable = [tool for tool in usable if tool not in ("Task", "Agent", "MultiEdit")]
    narrowed = {mcp[0] for tool in agent.disallowed_tools if (mcp := split_mcp(bare(tool))) is not None}
    named = {tool: split_mcp(tool) for tool in agent.tools or ()}
    servers = [mcp[0] for mcp in named.values() if mcp is not None and mcp[1] is None]
    if agent.tools is None:
        servers = [server.name for server in view.of(Kind.MCP_SERVER)]
    servers = [server for server in servers if server not in narrowed]
    absent = [
        tool
        for tool, mcp in named.items()
        if (mcp[0] not in servers if mcp is not None else is_narrowed(tool) or tool not in {**_TOOLS, **_ALWAYS_THERE})
    ]
    return list(dict.fromkeys(_TOOLS[tool] for tool in usable)), servers, absent


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Of a file in a folder the program takes the name alone."""
    yield from prompt_files(view, items, ".factory/commands", "Factory Droid", numbered=False)


_TYPES = {Transport.STDIO: "stdio", Transport.HTTP: "http", Transport.SSE: "sse"}


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "Factory Droid", _never)) is not None:
            yield refused
            continue
        elsewhere = [one for one in (server.command, *server.args, server.url) if one is not None and one.references]
        if elsewhere:
            why = "Factory Droid expands variables in env and headers alone, so the server is left out"
            yield loss(view, server, ", ".join(map(str, elsewhere)), why)
            continue
        value = in_claudes_shape(server, _TYPES)
        if server.timeout_ms is not None:
            value["timeoutMs"] = server.timeout_ms
        yield server_key(view, server, ".factory/mcp.json", ("mcpServers", server.name), value)
        yield from extra_losses(view, server, "Factory Droid")


def _never(text: str) -> bool:  # noqa: ARG001 - it expands what Claude Code expands
    return False


_EVENTS = frozenset(
    {
        *("PreToolUse", "PostToolUse", "Notification", "UserPromptSubmit", "Stop"),
        *("SubagentStop", "PreCompact", "SessionStart", "SessionEnd"),
    }
)  # all that the program knows
_TOOL_EVENTS = frozenset({"PreToolUse", "PostToolUse"})
_MATCHED = {
    **one_each({**_TOOLS, **_ALWAYS_THERE, "MultiEdit": "Edit"}),
    "Edit": ("Edit", "ApplyPatch"),
    "Write": ("Create", "ApplyPatch"),
}
_TOLD = {**_TOOLS, **_ALWAYS_THERE, "Edit": "Edit or ApplyPatch", "Write": "Create or ApplyPatch"}
"""Tools as hooks match them, and are told of them: some models change files by `ApplyPatch` instead."""

_SERVER_TOOL = re.compile(r"mcp__([A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*)__")


def _of_server(alternative: str) -> str | None:
    """One that is a pattern for servers stays as it is, and matches nothing."""
    return _SERVER_TOOL.sub(r"\1___", alternative) if alternative.startswith("mcp__") else None


_NAMING = Naming(harness="Factory Droid", tools=_MATCHED, server=_of_server)


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """`hooks.json` has the events at its top. `CLAUDE_PROJECT_DIR` is set for the command, as by Claude Code."""
    for hook in items:
        refused = hooks.unusable(view, hook, hook.event if hook.event in _EVENTS else "", "Factory Droid")
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
            yield from hooks.absent_tools(view, hook, _MATCHED, "Factory Droid")
            yield from hooks.other_names(view, hook, _TOLD, "Factory Droid")
            if "mcp__" in matcher:
                why = "Factory Droid calls a server's tools server___tool: the pattern matches none of them"
                yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=hook.event in hooks.GUARDS)
        yield hooks.hook_element(
            view,
            hook,
            path=".factory/hooks.json",
            event=hook.event,
            matcher=matcher,
            command=command_line(hook),
            timeout=hook.timeout_s,
            within=(),
        )
        yield from hooks.setting_losses(view, hook, "Factory Droid")


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(
        _rules, "imports and conditional rules: then AGENTS.md is rendered, and read beside CLAUDE.md, which is native"
    ),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Render(_agents, "single tools of servers, and tools that it does not have"),
    Kind.COMMAND: Render(_commands, "files, shell commands and single arguments: the model is told of them in words"),
    Kind.MCP_SERVER: Merge(_servers, "variables in commands, arguments and URLs, WebSocket"),
    Kind.PERMISSIONS: Merge(permissions, "all but denials of commands"),
    Kind.HOOK: Merge(_hooks, "events that it does not have; a hook is told other names of tools"),
    Kind.ENVIRONMENT: Unsupported("Factory Droid has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.droid import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="droid",
    name="Factory Droid",
    programs=("droid",),
    project_signs=(".factory",),
    user_signs=(".factory",),
    home=".factory",
    importer=_importer,
    project=_SUPPORT,
    user=_SUPPORT,
    besides=(Besides(".agents/skills/{}", (".factory/skills/{}", ".agent/skills/{}")),),
)
