"""Cursor, its editor and its command line, as the documentation describes them: none of this was observed.

It reads `AGENTS.md` in every folder, skills of `.agents/skills` and `.codex/skills`, and of Claude Code's own files
skills and agents, and hooks if a person switches that on. In `mcp.json` it expands `${env:NAME}`. A home directory has
no rule files: a person's rules are kept in the editor's settings.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.permissions.cursor import permissions
from harnesssync_adapters.shared import hooks, instructions
from harnesssync_adapters.shared.agents import agent_losses, is_limited, limits
from harnesssync_adapters.shared.command_files import command_files
from harnesssync_adapters.shared.names import found_at, is_private, loss, unsafe
from harnesssync_adapters.shared.rule_files import by_joined_globs, glob_losses, rule_file, told_globs
from harnesssync_adapters.shared.servers import extra_losses, in_claudes_shape, server_key, templates, unusable
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_adapters.shared.tools import is_allowed, may_write
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, LinkOutput, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Hook, ItemId, Kind, McpServer, Rule, Skill
from harnesssync_orchestrator.core.references import Template
from harnesssync_orchestrator.core.targets import (
    Besides,
    Link,
    Merge,
    Native,
    Render,
    SharedRules,
    Support,
    Target,
    Unsupported,
    View,
)

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.importing import Importer


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md`, and files of Cursor's for a person's own rules, and for those that hold for some files alone."""
    for folder in instructions.folders(view, rules):
        yield from instructions.agents_md(view, folder, folder.path(instructions.AGENTS))
        for rule in (*folder.apart, *folder.private):
            told = told_globs(rule, joined=True)
            front: dict[str, JsonValue] = {"alwaysApply": not told}
            if told:
                front["globs"] = ",".join(told)
            yield rule_file(view, rule, ".cursor/rules", front, told=told, suffix=".mdc")
            yield from glob_losses(view, rule, "Cursor", joined=True)


def _skills(view: View, skills: Sequence[Skill]) -> Iterator[Output | Loss]:
    """Links only for skills that it does not read itself."""
    folder = posixpath.join(view.root, ".claude/skills")
    native = {skill.source for skill in skills if posixpath.dirname(found_at(view, skill)) == folder}
    for result in linked_skills(view, skills):
        if not (isinstance(result, LinkOutput) and result.source in native):
            yield result
    yield from skill_losses(view, skills, "Cursor")


def _agents(view: View, agents: Sequence[Agent]) -> Iterator[Output | Loss]:
    """Those of `.claude/agents` are read; those of plugins are written. Their tools can't be limited but to reading."""
    native = posixpath.join(view.root, ".claude/agents/")
    for agent in agents:
        stem = agent.name.replace(":", "-")
        is_read = found_at(view, agent).startswith(native)
        if not is_read and (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        if not is_read:
            front: dict[str, JsonValue] = {"name": stem, "description": agent.description or agent.name}
            front["model"] = "inherit"
            if _only_reads(agent):
                front["readonly"] = True
            yield FileOutput(
                path=f".cursor/agents/{stem}.md",
                items=(agent.id,),
                content=markdown(front, agent.prompt),
                private=is_private(view, agent),
            )
        if is_limited(agent):
            yield loss(view, agent, limits(agent), "Cursor gives an agent all tools, or those that read", security=True)
        yield from agent_losses(view, agent, "Cursor")


def _only_reads(agent: Agent) -> bool:
    bash = is_allowed("Bash", agent.tools, agent.disallowed_tools)
    return not bash and not may_write(agent.tools, agent.disallowed_tools)


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    """Plain Markdown: what is typed behind the name is handed on with the text."""
    for result in command_files(view, items, ".cursor/commands", "Cursor", front=lambda _: {}):
        yield result
        if isinstance(result, FileOutput):
            name = posixpath.basename(result.path).removesuffix(".md")
            yield _found_as_skill(view, result.items[0], f".codex/skills/{name}")


def _found_as_skill(view: View, item: ItemId, folder: str) -> Loss:
    why = "Cursor reads the skills that are written for Codex too: the command is there a second time, as a skill"
    return Loss(target=view.target, item=item, what=folder, why=why, beside=f"{folder}/SKILL.md")


def _servers(view: View, servers: Sequence[McpServer]) -> Iterator[Output | Loss]:
    for server in servers:
        if (refused := unusable(view, server, "Cursor", _would_expand)) is not None:
            yield refused
            continue
        yield server_key(
            view, server, ".cursor/mcp.json", ("mcpServers", server.name), in_claudes_shape(server, {}, _text)
        )
        for reference in (one for template in templates(server) for one in template.references):
            if reference.default is not None:
                yield loss(view, server, str(reference), "Cursor's variables have no default")
        if server.timeout_ms is not None:
            yield loss(view, server, f"timeout: {server.timeout_ms}", "Cursor has no such setting")
        yield from extra_losses(view, server, "Cursor")


def _would_expand(text: str) -> bool:
    return "${" in text


def _text(template: Template) -> str:
    return template.render(lambda reference: f"${{env:{reference.name}}}")


_EVENTS = frozenset(
    {
        *("PreToolUse", "PostToolUse", "UserPromptSubmit", "Stop", "SubagentStop"),
        *("SessionStart", "SessionEnd", "PreCompact"),
    }
)  # those of Claude Code's that are documented to be loaded


def _hooks(view: View, items: Sequence[Hook]) -> Iterator[Output | Loss]:
    """What of hooks is lost: they are read from Claude Code's settings, and nothing is written."""
    native = {posixpath.join(view.root, ".claude", name) for name in ("settings.json", "settings.local.json")}
    for hook in items:
        refused = hooks.without_event(view, hook, hook.event if hook.event in _EVENTS else "", "Cursor")
        guards = hook.event in hooks.GUARDS
        if refused is not None:
            yield refused
        elif hook.origin.file not in native:
            yield loss(view, hook, str(hook.id), "Cursor reads hooks of Claude Code's settings alone", security=guards)
        else:
            why = "Cursor runs it only where third-party configuration is switched on"
            yield loss(view, hook, f"{hook.id}: by itself", why, security=guards)
            yield from hooks.read_losses(view, hook, "Cursor")


_COMMON: Mapping[Kind, Support] = {
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads; .claude/skills is read natively"),
    Kind.AGENT: Render(_agents, "tools can't be limited, other than to reading; .claude/agents is read natively"),
    Kind.COMMAND: Render(
        _commands,
        "arguments, files and shell commands: the model is told of them in words; Codex's skills are read too",
    ),
    Kind.MCP_SERVER: Merge(_servers, "defaults of variables, WebSocket"),
    Kind.PERMISSIONS: Merge(permissions, "what always asks; and all of it in the editor"),
    Kind.HOOK: Native("Claude Code's settings are read, where a person has switched that on", _hooks),
    Kind.ENVIRONMENT: Unsupported("Cursor has no setting for variables of commands"),
}


def _importer() -> Importer:
    from harnesssync_adapters.importing.cursor import IMPORTER  # noqa: PLC0415 - a sync does without

    return IMPORTER


TARGET = Target(
    id="cursor",
    name="Cursor",
    programs=("cursor", "cursor-agent"),
    project_signs=(".cursor", ".cursorrules"),
    user_signs=(".cursor",),
    home=".cursor",
    project={**_COMMON, Kind.RULE: Link(_rules, instructions.UNSHARED)},
    user={**_COMMON, Kind.RULE: Unsupported("Cursor keeps a person's rules in its settings, and in no file")},
    consent=(
        "Switch on Claude Code's hooks in Cursor's settings: Rules, Skills, Subagents, third-party configuration.",
        "Approve the MCP servers of the project once in Cursor.",
    ),
    importer=_importer,
    shared=SharedRules(apart=by_joined_globs),
    besides=(
        Besides(".claude/rules/{}.md", (".cursor/rules/{}.mdc",)),
        Besides(".claude/rules/cursorrules.md", (".cursorrules",)),
        Besides(".claude/skills/{}", (".agents/skills/{}", ".cursor/skills/{}", ".codex/skills/{}"), native=True),
        Besides(".agents/skills/{}", (".cursor/skills/{}", ".codex/skills/{}")),
        Besides(".claude/agents/{}", (".cursor/agents/{}",), native=True),
    ),
)
