"""Pi, observed with version 0.73.1.

It reads `CLAUDE.md` in folders without an `AGENTS.md`, puts arguments into prompts, and has neither MCP servers nor
sub-agents nor permissions: what it is to ask for or to forbid is left to extensions in TypeScript.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.command_files import prompt_files
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.skills import linked_skills, skill_losses
from harnesssync_orchestrator.core.desired import FileOutput, Loss, Output
from harnesssync_orchestrator.core.items import Command, Kind, Rule, Scope, Skill
from harnesssync_orchestrator.core.targets import Besides, Link, Render, Support, Target, Unsupported, View


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`AGENTS.md` in folders of which `CLAUDE.md` does not say it all. A person's own rules are appended to the
    program's prompt."""
    folders = instructions.folders(view, rules)
    for folder in folders:
        if view.scope is Scope.USER:
            yield from instructions.agents_md(view, folder, f".pi/agent/{instructions.AGENTS}")
            continue
        path = folder.path(instructions.AGENTS)
        if instructions.is_claude_md(view, folder):
            yield from instructions.unless_hidden(view, folder, path, (path,))
        else:
            yield from instructions.agents_md(view, folder, path)
    own = [rule for folder in folders for rule in folder.private]
    if own:
        yield FileOutput(
            path=".pi/APPEND_SYSTEM.md",
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
    yield from skill_losses(view, skills, "Pi")


def _commands(view: View, items: Sequence[Command]) -> Iterator[Output | Loss]:
    folder = ".pi/prompts" if view.scope is Scope.PROJECT else ".pi/agent/prompts"
    yield from prompt_files(view, items, folder, "Pi", numbered=True)


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Link(_rules, "imports and conditional rules: then AGENTS.md is rendered; CLAUDE.md is read natively"),
    Kind.SKILL: Link(_skills, "settings that only Claude Code reads"),
    Kind.AGENT: Unsupported("Pi has no sub-agents but those of extensions"),
    Kind.COMMAND: Render(_commands, "files and shell commands: the model is told of them in words"),
    Kind.MCP_SERVER: Unsupported("Pi has no MCP servers but those of extensions"),
    Kind.PERMISSIONS: Unsupported("Pi has no permissions: it runs what the model asks for", security=True),
    Kind.HOOK: Unsupported(
        "Pi has no hooks but extensions in TypeScript: what one forbids is not forbidden", security=True
    ),
    Kind.ENVIRONMENT: Unsupported("Pi has no setting for variables of commands"),
}

TARGET = Target(
    id="pi",
    name="Pi",
    programs=("pi",),
    project_signs=(".pi",),
    user_signs=(".pi",),
    home=".pi",
    project=_SUPPORT,
    user=_SUPPORT,
    besides=(
        Besides(".agents/skills/{}", (".pi/skills/{}",), scope=Scope.PROJECT),
        Besides(".agents/skills/{}", (".pi/agent/skills/{}",), scope=Scope.USER),
    ),
)
