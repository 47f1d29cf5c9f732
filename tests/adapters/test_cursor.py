"""Cursor: much is read of Claude Code's own files; rules for its command line are not the editor's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.adapters.conftest import agent, command, hook, permission, permissions, rule, server, skill, source

from harnesssync_adapters import codex
from harnesssync_adapters.cursor import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Cursor wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_skills_and_agents_that_it_reads_are_not_written() -> None:
    """But that an agent's tools are not limited there is told."""
    assert desired(skill(PROJECT, "own"), agent(PROJECT, "free")) == Desired()
    result = desired(agent(PROJECT, "a", tools=("Read",)))
    assert result.wanted == {}
    assert [True] == [loss.security for loss in result.losses]


def test_an_agent_of_a_plugin_that_only_reads_stays_so() -> None:
    """It is the one limit that can be said."""
    theirs = replace(agent(PROJECT, "p:a", tools=("Read", "Grep")), source="/home/dev/.claude/plugins/p/agents/a.md")
    (wish,) = desired(theirs).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".cursor/agents/p-a.md"
    assert b"readonly: true" in wish.output.content


def test_rules_of_a_person_are_private_rule_files() -> None:
    """For all files, or for those of their folder."""
    given = [rule(PROJECT, f"{folder}CLAUDE.local.md", "Mine.\n", directory=folder[:-1]) for folder in ("", "api/")]
    everywhere, there = (wish.output for wish in desired(*given).wanted.values())
    assert isinstance(everywhere, FileOutput)
    assert isinstance(there, FileOutput)
    assert everywhere.private
    assert everywhere.path == ".cursor/rules/harnesssync-claude-local.mdc"
    assert b"alwaysApply: true" in everywhere.content
    assert b'alwaysApply: false\nglobs: "api/**"' in there.content


def test_references_are_of_its_own_kind() -> None:
    """`${env:NAME}`, without a default, which is told."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=["-k=${K:-d}"], env={"T": "${T}"})
    result = desired(one)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {"command": "run", "args": ["-k=${env:K}"], "env": {"T": "${env:T}"}}
    assert ["${K:-d}"] == [loss.what for loss in result.losses]
    hazard = server(PROJECT, "s", Transport.STDIO, command="run", args=["${userHome }"])
    assert desired(hazard).wanted == {}


def test_a_command_is_text_alone() -> None:
    """Without front matter, which would be told to the model."""
    (wish,) = desired(command(PROJECT, "git:fix", "Fix $0: !`git log`", description="Fix")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".cursor/commands/git-fix.md"
    assert wish.output.content.decode() == (
        "Fix (word 1 of what the user typed after the name of this command):"
        " (first run `git log`, and use its output here)\n"
    )


@pytest.mark.parametrize(
    ("action", "text", "written"),
    [
        ("deny", "Bash(rm:*)", ["Shell(rm)"]),
        ("deny", "Bash(git push:*)", ["Shell(git:push*)"]),
        ("deny", "Bash(npm publish)", ["Shell(npm:publish*)"]),
        ("deny", "Bash(sudo*)", []),
        ("allow", "Bash(ls:*)", ["Shell(ls)"]),
        ("allow", "Bash(npm run lint:*)", []),
        ("allow", "Bash(ls)", []),
        ("deny", "Read(.env)", ["Read(**/.env)", "Read(**/.env/**)"]),
        ("deny", "Edit(//etc/**)", ["Write(/etc/**)"]),
        ("allow", "Write(src/**)", []),
        ("deny", "WebFetch(domain:evil.example)", ["WebFetch(evil.example)"]),
        ("deny", "mcp__docs", ["Mcp(docs:*)"]),
        ("deny", "mcp__docs__find", ["Mcp(docs:find)"]),
        ("deny", "WebSearch", []),
        ("ask", "Bash(git push:*)", []),
    ],
)
def test_rules_for_the_command_line_are_never_wider(action: str, text: str, written: list[str]) -> None:
    """And no denial goes without the word that the editor does not read it, or that it is lost."""
    result = desired(permissions(PROJECT, permission(PROJECT, action, text)))
    outputs = [wish.output for wish in result.wanted.values() if isinstance(wish.output, ElementOutput)]
    assert written == [output.value for output in outputs]
    assert {output.path for output in outputs} <= {".cursor/cli.json"}
    assert result.losses or action == "allow"


def test_hooks_are_read_where_a_person_wants_it() -> None:
    """Nothing is written, or they would run twice; those of plugins are lost."""
    own = hook(PROJECT, "PreToolUse", "Bash", "guard")
    theirs = replace(own, origin=replace(own.origin, file="/home/dev/.claude/plugins/p/hooks/hooks.json"))
    for one in (own, theirs):
        result = desired(one)
        assert result.wanted == {}
        assert [True] == [loss.security for loss in result.losses]


def test_a_command_that_codex_has_as_a_skill_is_there_twice() -> None:
    """Cursor's documentation names `.codex/skills` among the folders of skills that it reads."""
    items = source(PROJECT, command(PROJECT, "git:fix", "Fix it.\n"))
    assert desired_state([TARGET], items).losses == ()
    (loss,) = desired_state([TARGET, codex.TARGET], items).losses
    assert (loss.target, str(loss.item), loss.what) == ("cursor", "command git:fix", ".codex/skills/git-fix")
