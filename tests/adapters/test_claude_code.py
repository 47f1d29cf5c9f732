"""Claude Code as a target: only what a linked worktree lacks of its main checkout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.adapters.conftest import agent, command, rule, server, skill, source
from tests.adapters.test_golden import assert_golden

from harnesssync_adapters import TARGETS
from harnesssync_adapters.claude_code import TARGET
from harnesssync_orchestrator.core.desired import FileOutput, LinkOutput
from harnesssync_orchestrator.core.items import Absent, Item, Kind, Layer, LocalFile, Origin, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Target

PROJECT = Scope.PROJECT
HIDING = ".claude/.gitignore"


def inherited(item: Item, path: str, hidden_by: str | None = HIDING) -> Item:
    """The item as that of a main checkout, missed at `path`."""
    source = f"/main/{path}"
    copied = path.startswith(".claude/rules/")
    absent = Absent(path=path, source=source, digest="0123456789abcdef", hidden_by=hidden_by, copied=copied)
    origin = Origin(layer=Layer.INHERITED, file=source, private=True, absent=absent)
    return replace(item, origin=origin, **({"source": source} if hasattr(item, "source") else {}))


@pytest.fixture
def linked() -> Source:
    """What a linked worktree lacks, of every kind that it can lack, and an own thing beside it."""
    return source(
        PROJECT,
        rule(PROJECT, "CLAUDE.md", "# Sample\n"),
        inherited(rule(PROJECT, ".claude/rules/tone.md", "Be brief.\n"), ".claude/rules/tone.md"),
        inherited(rule(PROJECT, "CLAUDE.local.md", "My sandbox.\n"), "CLAUDE.local.md", hidden_by=None),
        skill(PROJECT, "shared"),
        inherited(skill(PROJECT, "mine"), ".claude/skills/mine"),
        inherited(agent(PROJECT, "critic"), ".claude/agents/team/critic [1].md"),
        inherited(command(PROJECT, "git:ship", "Ship it.\n"), ".claude/commands/git/ship.md"),
        inherited(server(PROJECT, "notes", Transport.STDIO, command="notes"), ".mcp.json", hidden_by=""),
        inherited(server(PROJECT, "docs", Transport.HTTP, url="http://127.0.0.1/mcp"), ".mcp.json", hidden_by=""),
    )


def test_the_tree_of_a_linked_worktree_is_the_golden_one(linked: Source) -> None:
    """A link for each thing, and what hides them."""
    assert_golden(TARGET, linked, Path("linked"))


def test_a_file_of_servers_waits_for_all_of_them(linked: Source) -> None:
    """One link leads to all; text waits for nobody."""
    outputs = [wish.output for wish in desired_state([TARGET], linked).wanted.values()]
    assert [output.path for output in outputs if output.executes] == [".mcp.json"]
    assert all(output.private and output.yields for output in outputs)


def test_what_hides_the_links_gathers_what_it_hides(linked: Source) -> None:
    """It would show what can't be read for now, and still stands there. A link to one thing waits for no other."""
    outputs = [wish.output for wish in desired_state([TARGET], linked).wanted.values()]
    gathering = {output.path: output.gathers for output in outputs if output.gathers}
    assert gathering == {HIDING: {Kind.RULE, Kind.SKILL, Kind.AGENT, Kind.COMMAND}}


@pytest.mark.parametrize("name", ["opencode", "warp", "auggie", "goose", "crush", "cursor", "copilot"])
def test_who_reads_claude_codes_skills_gets_no_second_link(name: str, linked: Source) -> None:
    """They find the one that stands there for Claude Code."""
    (target,) = [target for target in TARGETS if target.id == name]
    wanted = desired_state([target], linked).wanted.values()
    assert [wish.output.path for wish in wanted if isinstance(wish.output, LinkOutput) and wish.output.directory] == []


def test_nothing_clashes_in_a_linked_worktree(linked: Source) -> None:
    """Nor does anything want to be in what is linked."""
    assert desired_state(TARGETS, linked).clashes == ()


def test_local_files_are_a_persons_once_they_are_there() -> None:
    """And for their owner alone, where they are so in the main checkout."""
    origin = Origin(layer=Layer.INHERITED, file="/main/.env", private=True)
    files = (LocalFile(name=".env", origin=origin, content=b"A=1\n", closed=True),)
    (wish,) = desired_state([TARGET], replace(source(PROJECT), files=files)).wanted.values()
    assert wish.output == FileOutput(
        path=".env", items=(files[0].id,), content=b"A=1\n", private=True, yields=True, once=True, closed=True
    )


def test_it_is_the_only_target_for_linked_worktrees_alone() -> None:
    """So nobody has to know it by name."""
    assert [target for target in TARGETS if target.only_linked] == [TARGET]
    assert isinstance(TARGET, Target)
