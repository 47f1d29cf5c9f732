"""Sub-agents, with the tools and models that they are given."""

from __future__ import annotations

from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Agent, Layer, Scope


def test_an_agent_has_its_front_matter_and_prompt(world: Any, agent_text: Any) -> None:
    """The name is that of the front matter, wherever the file lies."""
    text = agent_text("reviewer", "Use when: code changed", "tools: Read, Bash(git log:*)\nmodel: opus\ncolor: red\n")
    world.in_project({".claude/agents/team/x.md": text})
    agent = world.items(Agent)["reviewer"]
    assert agent.description == "Use when: code changed"
    assert agent.prompt == "You help."
    assert agent.tools == ("Read", "Bash(git log:*)")
    assert agent.model == "opus"
    assert agent.metadata["color"] == "red"
    assert agent.source == str(world.project / ".claude/agents/team/x.md")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", None),
        ("tools:\n", None),
        ("tools: '*'\n", None),
        ("tools: []\n", ()),
        ("tools: ''\n", ()),
        ("tools: Read\n", ("Read",)),
        ("tools:\n  - Read\n  - Grep\n", ("Read", "Grep")),
        ("tools: Read Grep,Glob\n", ("Read", "Grep", "Glob")),
        ("tools: Bash(npm run:*), mcp__db__query\n", ("Bash(npm run:*)", "mcp__db__query")),
    ],
)
def test_tools_are_all_some_or_none(world: Any, agent_text: Any, written: str, expected: object) -> None:
    """No entry means all of them, an empty one none."""
    world.in_project({".claude/agents/a.md": agent_text("a", more=written)})
    assert world.items(Agent)["a"].tools == expected


def test_disallowed_tools_are_kept(world: Any, agent_text: Any) -> None:
    """They are a restriction, which must not be lost."""
    world.in_project({".claude/agents/a.md": agent_text("a", more="disallowedTools: Bash, Write\n")})
    assert world.items(Agent)["a"].disallowed_tools == ("Bash", "Write")


def test_an_escaped_line_break_in_a_description_is_one(world: Any, agent_text: Any) -> None:
    """So does Claude Code's own editor write them."""
    world.in_project({".claude/agents/a.md": agent_text("a", "First.\\nSecond: <example>")})
    assert world.items(Agent)["a"].description == "First.\nSecond: <example>"


def test_notes_among_the_agents_are_no_agents(world: Any) -> None:
    """And no problem either."""
    world.in_project({".claude/agents/README.md": "# Our agents\n", ".claude/agents/n.txt": "x"})
    assert (world.items(Agent), world.problems()) == ({}, [])


@pytest.mark.parametrize("missing", ["name", "description"])
def test_an_incomplete_agent_is_told(world: Any, missing: str) -> None:
    """Claude Code leaves it out without a word."""
    given = "description" if missing == "name" else "name"
    world.in_project({".claude/agents/a.md": f"---\n{given}: x\n---\nPrompt\n"})
    (problem,) = world.problems()
    assert problem.code == "agent_incomplete"
    assert missing in problem.message
    assert world.items(Agent) == {}


def test_an_agent_whose_front_matter_is_broken_hides_removals(world: Any) -> None:
    """It was perhaps saved in the middle of an edit."""
    world.in_project({".claude/agents/a.md": '---\nname: a\ndescription: "x" y\n---\nPrompt\n'})
    (problem,) = world.problems()
    assert (problem.code, problem.line, problem.hides) == ("front_matter_invalid", 3, True)


def test_an_agent_whose_name_is_still_being_typed_hides_removals(world: Any) -> None:
    """It is no agent of another name."""
    world.in_project({".claude/agents/a.md": "---\nname: [\ndescription: x\n---\nPrompt\n"})
    (problem,) = world.problems()
    assert (world.items(Agent), problem.code, problem.hides) == ({}, "front_matter_invalid", True)


def test_of_two_agents_with_one_name_the_inner_one_counts(world: Any, agent_text: Any) -> None:
    """The other is told."""
    world.in_project(
        {".claude/agents/a.md": agent_text("same", "Outer"), ".claude/agents/sub/b.md": agent_text("same", "Inner")}
    )
    source = world.read()
    assert [item.description for item in source.items] == ["Inner"]
    assert [(problem.code, problem.file) for problem in source.problems] == [
        ("agent_name_taken", str(world.project / ".claude/agents/a.md"))
    ]


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "x\u202ey", "nul"])
def test_an_agent_with_an_unsafe_name_is_refused(world: Any, agent_text: Any, name: str) -> None:
    """Its name would be that of a file."""
    world.in_project({".claude/agents/a.md": agent_text(f'"{name}"'), ".claude/agents/b.md": agent_text("good")})
    assert list(world.items(Agent)) == ["good"]
    assert world.codes() == ["name_unsafe"]


def test_an_agent_of_the_user_replaces_an_administrators(world: Any, agent_text: Any) -> None:
    """The innermost layer counts for agents."""
    world.in_managed({".claude/agents/a.md": agent_text("a", "Managed"), ".claude/agents/m.md": agent_text("m")})
    world.in_home({".claude/agents/a.md": agent_text("a", "User")})
    agents = world.items(Agent, Scope.USER)
    assert {name: agent.origin.layer for name, agent in agents.items()} == {"a": Layer.USER, "m": Layer.MANAGED}
