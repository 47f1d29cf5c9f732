"""Goose: what it reads itself, variables that `env_keys` names, and hooks of a plugin."""

from __future__ import annotations

import json

import pytest
from tests.adapters.conftest import agent, hook, permission, permissions, server, skill, source

from harnesssync_adapters.goose import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(scope: Scope, *items: Item) -> Desired:
    """What Goose wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_skills_and_agents_are_read_natively() -> None:
    """But for those of plugins, which lie elsewhere."""
    plugin = skill(PROJECT, "pdf", "/home/dev/.claude/plugins/tools/skills/pdf", layer=Layer.PLUGIN)
    theirs = agent(PROJECT, "plugin-agent", source="/home/dev/.claude/plugins/tools/agents/x.md")
    items = [skill(PROJECT, "mine"), plugin, agent(PROJECT, "mine"), theirs]
    paths = {address.path for address in desired(PROJECT, *items).wanted}
    assert paths == {".agents/skills/pdf", ".goose/agents/plugin-agent.md"}


def test_an_agent_that_should_have_less_than_all_tools_is_told() -> None:
    """It has those of the session."""
    result = desired(PROJECT, agent(PROJECT, "a", tools=("Read",)))
    assert [True] == [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("transport", "fields", "expected"),
    [
        (
            Transport.STDIO,
            {"command": "run", "args": ["a"], "env": {"T": "${T}", "L": "l"}, "timeout_ms": 1500},
            {"type": "stdio", "cmd": "run", "args": ["a"], "envs": {"L": "l"}, "env_keys": ["T"], "timeout": 2},
        ),
        (
            Transport.HTTP,
            {"url": "https://x.example", "headers": {"A": "Bearer ${T}", "B": "${U}-${T}"}},
            {
                "type": "streamable_http",
                "uri": "https://x.example",
                "headers": {"A": "Bearer ${T}", "B": "${U}-${T}"},
                "envs": {},
                "env_keys": ["T", "U"],
            },
        ),
    ],
)
def test_an_extension_names_the_variables_that_it_needs(
    transport: Transport, fields: dict[str, object], expected: dict[str, object]
) -> None:
    """They are looked up when it starts."""
    (wish,) = desired(USER, server(USER, "My.S", transport, **fields)).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.pointer == ("extensions", "mys")
    assert wish.output.value == {"enabled": True, "name": "My.S", "description": "My.S", **expected}


@pytest.mark.parametrize(
    ("transport", "fields"),
    [
        (Transport.SSE, {"url": "https://x.example"}),
        (Transport.STDIO, {"command": "run", "args": ["${T}"]}),
        (Transport.STDIO, {"command": "run", "args": [], "env": {"T": "${U}"}}),
        (Transport.STDIO, {"command": "run", "args": [], "env": {"t": "${t}"}}),
        (Transport.HTTP, {"url": "https://x.example", "headers": {"A": "${T:-d}"}}),
        (Transport.HTTP, {"url": "https://x.example", "headers": {"A": "$x ${T}"}}),
    ],
)
def test_a_server_that_it_can_not_tell_of_is_left_out(transport: Transport, fields: dict[str, object]) -> None:
    """Rather than started with a reference for a value."""
    result = desired(USER, server(USER, "s", transport, **fields))
    assert result.wanted == {}
    assert len(result.losses) == 1


def test_hooks_are_those_of_a_plugin() -> None:
    """Tools bear other names, and a matcher matches anywhere unless it is anchored."""
    given = hook(PROJECT, "PreToolUse", "Bash|mcp__docs__.*", '"$CLAUDE_PROJECT_DIR"/x')
    outputs = {address.path: wish.output for address, wish in desired(PROJECT, given).wanted.items()}
    element = outputs[".agents/plugins/harnesssync-goose/hooks/hooks.json"]
    assert isinstance(element, ElementOutput)
    assert element.value["matcher"] == "^(?:(developer__)?shell|docs__.*)$"
    assert element.value["hooks"] == [{"type": "command", "command": '"$(git rev-parse --show-toplevel)"/x'}]
    manifest = outputs[".agents/plugins/harnesssync-goose/plugin.json"]
    assert isinstance(manifest, FileOutput)
    assert json.loads(manifest.content)["name"] == "harnesssync-goose"


def test_no_plugin_is_made_of_hooks_that_it_does_not_have() -> None:
    """A guard that is lost is one of security."""
    result = desired(PROJECT, hook(PROJECT, "PermissionRequest", "", "x"))
    assert result.wanted == {}
    assert [True] == [loss.security for loss in result.losses]


def test_permissions_are_lost_as_a_matter_of_security() -> None:
    """Its own list is about whole tools, and what is allowed stands first there."""
    result = desired(USER, permissions(USER, permission(USER, "deny", "Bash(rm:*)")))
    assert [True] == [loss.security for loss in result.losses]
