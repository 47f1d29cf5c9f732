"""Kiro: steering, and tools in groups."""

from __future__ import annotations

import json

import pytest
import yaml
from tests.adapters.conftest import agent, hook, rule, server, source

from harnesssync_adapters.kiro import TARGET
from harnesssync_orchestrator.core.desired import Desired, FileOutput
from harnesssync_orchestrator.core.items import Agent, Hook, Item, Rule, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Kiro wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def file(result: Desired) -> FileOutput:
    """The one file among its outputs."""
    (output,) = [wish.output for wish in result.wanted.values() if isinstance(wish.output, FileOutput)]
    return output


def front(result: Desired) -> dict[str, object]:
    """The front matter of that file, which must be its first bytes."""
    text = file(result).content.decode()
    assert text.startswith("---\n")
    return yaml.safe_load(text.split("---\n")[1])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (rule(PROJECT, "CLAUDE.local.md", "x\n"), {"inclusion": "always"}),
        (
            rule(PROJECT, "a/CLAUDE.local.md", "x\n", directory="a"),
            {"inclusion": "fileMatch", "fileMatchPattern": "a/**"},
        ),
        (
            rule(PROJECT, "mine.local.md", "x\n", globs=("*.py", "*.pyi")),
            {"inclusion": "fileMatch", "fileMatchPattern": ["**/*.py", "**/*.pyi"]},
        ),
    ],
)
def test_a_persons_own_rule_is_steering_that_says_when_it_holds(one: Rule, expected: dict[str, object]) -> None:
    """And stays out of what the team commits."""
    result = desired(one)
    assert expected == front(result)
    assert file(result).private


def test_rules_of_a_folder_are_steering_too() -> None:
    """Kiro looks for `AGENTS.md` in the root alone."""
    result = desired(rule(PROJECT, "api/CLAUDE.md", "Fastify.\n", directory="api"))
    assert front(result)["fileMatchPattern"] == "api/**"
    assert not file(result).private


def test_in_a_home_directory_nothing_is_conditional() -> None:
    """Kiro never loads such steering there: so it is always in view, and that is told."""
    result = desired(rule(Scope.USER, ".claude/rules/a.md", "x\n", globs=("*.py",)), scope=Scope.USER)
    assert file(result).path == ".kiro/steering/AGENTS.md"
    assert ["paths: *.py"] == [loss.what for loss in result.losses]


@pytest.mark.parametrize(
    ("one", "tools", "is_wider"),
    [
        (agent(PROJECT, "a", tools=("Read", "Grep", "Glob")), ["read"], False),
        (agent(PROJECT, "a", tools=("Read", "Bash")), ["read", "shell"], True),
        (agent(PROJECT, "a", tools=("Read", "Bash(git:*)"), disallowed_tools=("Grep",)), None, False),
        (agent(PROJECT, "a", disallowed_tools=("Edit",)), ["read", "shell", "web", "@docs"], False),
        (agent(PROJECT, "a", disallowed_tools=("Edit", "mcp__docs__rm")), ["read", "shell", "web"], False),
        (agent(PROJECT, "a", tools=("mcp__docs__find", "mcp__docs")), ["@docs/find", "@docs"], False),
    ],
)
def test_an_agent_gets_groups_of_tools_but_none_that_it_was_denied_a_part_of(
    one: Agent, tools: list[str] | None, is_wider: bool
) -> None:
    """What it gets more than it had is told as a matter of security; with no tool at all it would get all."""
    result = desired(server(PROJECT, "docs", Transport.STDIO, command="x", args=[]), one)
    if tools is None:
        assert not any(isinstance(wish.output, FileOutput) for wish in result.wanted.values())
    else:
        assert tools == front(result)["tools"]
    assert is_wider == any(loss.security for loss in result.losses)


@pytest.mark.parametrize(
    ("one", "matchers"),
    [
        (hook(PROJECT, "PreToolUse", "Bash", "x"), ["shell"]),
        (hook(PROJECT, "PostToolUse", "Edit|Write|Read", "x"), ["write", "read"]),
        (hook(PROJECT, "PreToolUse", "*", "x"), [None]),
        (hook(PROJECT, "Stop", "", "x"), [None]),
    ],
)
def test_a_hook_runs_for_the_groups_of_the_tools_that_it_names(one: Hook, matchers: list[str | None]) -> None:
    """Once for each group."""
    document = json.loads(file(desired(one)).content)
    assert document["version"] == "v1"
    assert matchers == [entry.get("matcher") for entry in document["hooks"]]


def test_a_guard_of_a_tool_that_has_no_group_is_a_loss_of_security() -> None:
    """Of several tools, those that have one are still guarded."""
    result = desired(hook(PROJECT, "PreToolUse", "mcp__docs__.*", "x"))
    assert not result.wanted
    assert [True] == [loss.security for loss in result.losses]
    result = desired(hook(PROJECT, "PreToolUse", "Bash|Task", "x"))
    assert len(result.wanted) == 1
    assert [True] == [loss.security for loss in result.losses]


def test_hooks_of_the_same_event_have_files_of_their_own() -> None:
    """So that one that waits for approval holds back no other."""
    two = [hook(PROJECT, "PreToolUse", tool, "x") for tool in ("Bash", "Edit")]
    assert len(desired(*two).wanted) == 2


def test_a_reference_in_an_argument_leaves_the_server_out() -> None:
    """Kiro's documentation speaks of `env` and `headers` alone."""
    assert not desired(server(PROJECT, "s", Transport.STDIO, command="x", args=["${A}"])).wanted
    assert desired(server(PROJECT, "s", Transport.STDIO, command="x", args=[], env={"A": "${A}"})).wanted
