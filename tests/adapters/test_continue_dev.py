"""Continue: what it reads itself, its references, and patterns over one argument."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.conftest import command, hook, permission, permissions, rule, server, skill, source

from harnesssync_adapters.continue_dev import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, LinkOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(scope: Scope, *items: Item) -> Desired:
    """What Continue wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def elements(scope: Scope, *items: Item) -> list[tuple[str, Any]]:
    """The elements that these items become, and the lists in which they stand."""
    outputs = [wish.output for wish in desired(scope, *items).wanted.values()]
    return [(output.pointer[0], output.value) for output in outputs if isinstance(output, ElementOutput)]


def test_skills_of_the_project_are_read_natively() -> None:
    """Those of plugins are not, and a link to one would not be seen: there is a copy."""
    plugin = skill(PROJECT, "pdf", "/home/dev/.claude/plugins/tools/skills/pdf", layer=Layer.PLUGIN)
    result = desired(PROJECT, skill(PROJECT, "mine"), plugin)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, LinkOutput)
    assert (wish.output.path, wish.output.copied) == (".continue/skills/pdf", True)
    assert result.losses == ()


def test_a_persons_own_skills_are_copied() -> None:
    """Into the one folder of skills that it reads in a home."""
    (wish,) = desired(Scope.USER, skill(Scope.USER, "mine")).wanted.values()
    assert isinstance(wish.output, LinkOutput)
    assert (wish.output.path, wish.output.copied) == (".continue/skills/mine", True)


@pytest.mark.parametrize(
    ("transport", "fields", "expected"),
    [
        (
            Transport.STDIO,
            {"command": "run", "args": ["--t=${T}"], "env": {"T": "${T}", "U": "u-${T}"}},
            {
                "name": "s",
                "command": "run",
                "args": ["--t=${{ secrets.T }}"],
                "env": {"U": "u-${{ secrets.T }}"},
            },
        ),
        (
            Transport.HTTP,
            {"url": "https://x.example", "headers": {"Authorization": "Bearer ${T}"}},
            {
                "name": "s",
                "type": "streamable-http",
                "url": "https://x.example",
                "requestOptions": {"headers": {"Authorization": "Bearer ${{ secrets.T }}"}},
            },
        ),
        (Transport.SSE, {"url": "https://x.example"}, {"name": "s", "type": "sse", "url": "https://x.example"}),
    ],
)
def test_references_become_its_own(
    transport: Transport, fields: dict[str, object], expected: dict[str, object]
) -> None:
    """A variable under its own name is passed on anyway."""
    assert [("mcpServers", expected)] == elements(USER, server(USER, "s", transport, **fields))


@pytest.mark.parametrize("argument", ["${T:-d}", "${{ x }}"])
def test_a_server_that_would_get_another_text_is_left_out(argument: str) -> None:
    """A reference without its variable stays as it is there."""
    result = desired(USER, server(USER, "s", Transport.STDIO, command="run", args=[argument]))
    assert result.wanted == {}
    assert [argument] == [loss.what for loss in result.losses]


@pytest.mark.parametrize(
    ("action", "text", "expected"),
    [
        ("deny", "Bash(rm -rf:*)", [("exclude", "Bash(rm -rf)"), ("exclude", "Bash(rm -rf *)")]),
        ("deny", "Edit", [("exclude", "Edit"), ("exclude", "MultiEdit"), ("exclude", "Write")]),
        ("deny", "WebFetch(domain:x.y)", [("exclude", "Fetch(*://x.y*)"), ("exclude", "Fetch(*.x.y*)")]),
        ("deny", "mcp__docs__search", [("exclude", "search")]),
        ("ask", "WebFetch", [("ask", "Fetch")]),
        ("allow", "Bash(npm test)", [("allow", "Bash(npm test)")]),
    ],
)
def test_rules_stand_in_three_lists(action: str, text: str, expected: list[tuple[str, str]]) -> None:
    """What is excluded first, whatever is allowed."""
    assert expected == elements(USER, permissions(USER, permission(USER, action, text)))


@pytest.mark.parametrize(
    ("action", "text", "security"),
    [
        ("deny", "Read(./.env)", True),
        ("deny", "mcp__docs", True),
        ("deny", "Bash(echo (x))", True),
        ("deny", "WebSearch", True),
        ("allow", "Bash(npm run lint:*)", False),
        ("allow", "mcp__docs__search", False),
        ("allow", "WebFetch(domain:x.y)", False),
    ],
)
def test_a_rule_that_it_can_not_say_is_lost(action: str, text: str, security: bool) -> None:
    """Parentheses inside a pattern would even stop the program."""
    result = desired(USER, permissions(USER, permission(USER, action, text)))
    assert result.wanted == {}
    assert [security] == [loss.security for loss in result.losses]


def test_a_denied_command_is_told_to_get_through_behind_another() -> None:
    """A command line is compared as a whole."""
    result = desired(USER, permissions(USER, permission(USER, "deny", "Bash(rm:*)")))
    assert result.wanted
    assert [True] == [loss.security for loss in result.losses]


@pytest.mark.parametrize("action", ["deny", "ask"])
def test_a_rule_for_a_tool_of_a_server_is_told_to_hold_for_every_server(action: str) -> None:
    """It bears its own name alone, which another server's tool may bear as well."""
    result = desired(USER, permissions(USER, permission(USER, action, "mcp__mine__del")))
    assert result.wanted
    (loss,) = result.losses
    assert (loss.what, loss.security) == (f"{action} mcp__mine__del", False)
    assert loss.why == "it holds for the tool `del` of every server"


def test_rules_and_commands_are_files_of_its_own_folder() -> None:
    """A person's own rules apart from those that a team shares."""
    items = [
        rule(PROJECT, "CLAUDE.md", "Be brief.\n"),
        rule(PROJECT, "CLAUDE.local.md", "Mine.\n"),
        command(PROJECT, "git:commit", "Commit."),
    ]
    private = {address.path: wish.output.private for address, wish in desired(PROJECT, *items).wanted.items()}
    assert private == {
        "AGENTS.md": False,
        ".continue/rules/harnesssync-local.md": True,
        ".continue/skills/git-commit/SKILL.md": False,
    }


def test_hooks_are_lost_as_a_matter_of_security() -> None:
    """They are read, and never run."""
    assert [True] == [loss.security for loss in desired(USER, hook(USER, "PreToolUse", "Bash", "x")).losses]


def test_no_configuration_is_made_for_servers_alone() -> None:
    """Continue would refuse it, and be of no use at all."""
    (wish,) = desired(USER, server(USER, "s", Transport.HTTP, url="https://x.example")).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.condition is not None
    assert wish.output.condition.there
