"""Junie: agents in Claude Code's own form, hooks from the home directory alone."""

from __future__ import annotations

import yaml
from tests.adapters.conftest import agent, hook, rule, server, source

from harnesssync_adapters.junie import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Junie wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def front(result: Desired) -> dict[str, object]:
    """The front matter of the one file."""
    (output,) = [wish.output for wish in result.wanted.values() if isinstance(wish.output, FileOutput)]
    return yaml.safe_load(output.content.decode().split("---\n")[1])  # type: ignore[no-any-return]


def test_an_agents_tools_are_lists_and_never_wider() -> None:
    """Of a part of a tool it gets nothing, of a denied part it loses all."""
    one = agent(PROJECT, "a", tools=("Read", "Bash(git:*)"), disallowed_tools=("Edit(src/**)", "mcp__docs"))
    result = desired(one)
    assert front(result)["tools"] == ["Read"]
    assert front(result)["disallowedTools"] == ["Edit", "mcp__docs"]
    assert ["tools: Bash(git:*)"] == [loss.what for loss in result.losses]
    assert not desired(agent(PROJECT, "b", tools=("Bash(git:*)",))).wanted
    assert not desired(agent(PROJECT, "c", tools=())).wanted


def test_a_persons_own_rules_stand_in_a_folder_of_which_every_file_is_loaded() -> None:
    """So conditions are lost, and told."""
    result = desired(rule(PROJECT, "CLAUDE.local.md", "x\n", globs=("*.py",)))
    (wish,) = result.wanted.values()
    assert wish.output.path == ".junie/rules/harnesssync-claude-local.md"
    assert wish.output.private
    assert ["paths: *.py"] == [loss.what for loss in result.losses]


def test_hooks_of_a_project_are_ignored_and_those_of_a_person_are_not() -> None:
    """Claude Code's shape, its names of tools, seconds."""
    assert not desired(hook(PROJECT, "PreToolUse", "Bash", "guard")).wanted
    (wish,) = desired(hook(USER, "PreToolUse", "Bash", "guard", timeout_s=2.5), scope=USER).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.pointer == ("hooks", "PreToolUse")
    handler = {"type": "command", "command": "guard", "timeout": 3}
    assert wish.output.value == {"matcher": "Bash", "hooks": [handler]}


def test_an_event_that_junie_does_not_have_is_told() -> None:
    """`PostToolUse`, for one."""
    result = desired(hook(USER, "PostToolUse", "Edit", "format"), scope=USER)
    assert not result.wanted
    assert [False] == [loss.security for loss in result.losses]


def test_a_server_that_needs_a_variable_is_left_out() -> None:
    """Nothing says that Junie expands any."""
    assert not desired(server(PROJECT, "s", Transport.STDIO, command="x", args=[], env={"A": "${A}"})).wanted
