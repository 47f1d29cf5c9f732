"""Roo Code: agents as modes, and tools in groups."""

from __future__ import annotations

import pytest
from tests.adapters.conftest import agent, command, rule, server, skill, source

from harnesssync_adapters.roo import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Agent, Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Roo Code wants of these items."""
    return desired_state([TARGET], source(scope, *items))


@pytest.mark.parametrize(
    ("one", "groups", "is_wider"),
    [
        (agent(PROJECT, "a"), ["read", "edit", "command", "mcp"], False),
        (agent(PROJECT, "a", tools=("Read", "Grep", "Glob", "Bash")), ["read", "command"], False),
        (agent(PROJECT, "a", tools=("Read", "mcp__docs__find")), ["read"], True),
        (agent(PROJECT, "a", disallowed_tools=("Write", "mcp__docs")), ["read", "command"], False),
        (agent(PROJECT, "a", tools=("WebSearch",)), None, False),
    ],
)
def test_a_mode_has_the_groups_of_the_agents_tools(one: Agent, groups: list[str] | None, is_wider: bool) -> None:
    """None of which a tool was taken from it, and no servers where it may not use all of them."""
    result = desired(one)
    found = [wish.output.value for wish in result.wanted.values() if isinstance(wish.output, ElementOutput)]
    assert ([groups] if groups else []) == [value["groups"] for value in found]  # type: ignore[index, call-overload]
    assert is_wider == any(loss.security for loss in result.losses)


def test_a_mode_is_an_element_among_a_teams_own() -> None:
    """With a name that Roo Code takes."""
    (wish,) = desired(agent(PROJECT, "tools:Code_Review")).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.pointer == ("customModes",)
    assert wish.output.value["slug"] == "tools-code-review"  # type: ignore[index, call-overload]


def test_a_linked_skill_must_have_the_name_of_its_folder() -> None:
    """A plugin's skill gives way to the project's of the same name, and is then not loaded."""
    plugin = skill(PROJECT, "pdf", "/home/dev/.claude/plugins/tools/skills/pdf", layer=Layer.PLUGIN)
    result = desired(skill(PROJECT, "pdf"), plugin)
    assert {".roo/skills/pdf", ".roo/skills/tools-pdf"} == {address.path for address in result.wanted}
    assert ["name: pdf"] == [loss.what for loss in result.losses]


def test_a_persons_own_rule_is_a_file_in_the_folder_of_rules() -> None:
    """All of which are loaded, always."""
    (wish,) = desired(rule(PROJECT, "CLAUDE.local.md", "Mine.\n")).wanted.values()
    assert wish.output.path == ".roo/rules/harnesssync-claude-local.md"
    assert wish.output.private


def test_a_command_keeps_its_hint() -> None:
    """What is typed behind its name is told in words."""
    (wish,) = desired(command(PROJECT, "fix", "Fix $1.\n", argument_hint="[n]")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert b'argument-hint: "[n]"' in wish.output.content
    assert b"$1" not in wish.output.content


def test_a_servers_transport_and_variables_have_names_of_their_own() -> None:
    """`streamable-http`, `${env:NAME}`, seconds."""
    headers = {"Authorization": "Bearer ${T}"}
    one = server(PROJECT, "s", Transport.HTTP, url="https://x.example", headers=headers, timeout_ms=1500)
    (wish,) = desired(one).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {
        "type": "streamable-http",
        "url": "https://x.example",
        "headers": {"Authorization": "Bearer ${env:T}"},
        "timeout": 2,
    }
    assert not desired(server(PROJECT, "s", Transport.STDIO, command="x", args=["${T:-d}"])).wanted


def test_servers_and_modes_of_a_person_are_out_of_reach() -> None:
    """The editor keeps them."""
    one = server(USER, "s", Transport.STDIO, command="x", args=[])
    assert not desired(one, agent(USER, "a"), scope=USER).wanted
