"""Kimi Code: what it reads of Claude Code's own, what it expands, and its globs."""

from __future__ import annotations

import pytest
import yaml
from tests.adapters.conftest import agent, command, hook, permission, permissions, server, source

from harnesssync_adapters.kimi import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER
ANY = r"*([\s\S])"
START = r"?(*([\s\S])[;&|(`\n{]*( ))"


def desired(scope: Scope, *items: Item) -> Desired:
    """What Kimi wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def values(scope: Scope, *items: Item) -> list[object]:
    """The values of the keys and elements that these items become."""
    outputs = [wish.output for wish in desired(scope, *items).wanted.values()]
    return [output.value for output in outputs if isinstance(output, (KeyOutput, ElementOutput))]


def test_a_server_that_it_reads_itself_is_not_written_again() -> None:
    """`.mcp.json` is read natively, and says the same."""
    assert values(PROJECT, server(PROJECT, "s", Transport.STDIO, command="run", args=["a"])) == []


@pytest.mark.parametrize(
    ("transport", "fields", "expected"),
    [
        (
            Transport.HTTP,
            {"url": "https://x.example", "headers": {"Authorization": "Bearer ${T}", "X": "y"}},
            {"url": "https://x.example", "headers": {"X": "y"}, "bearerTokenEnvVar": "T"},
        ),
        (Transport.SSE, {"url": "https://x.example"}, {"url": "https://x.example", "transport": "sse"}),
        (
            Transport.STDIO,
            {"command": "run", "args": [], "env": {"T": "${T}", "L": "l"}},
            {"command": "run", "args": [], "env": {"L": "l"}},
        ),
        (
            Transport.STDIO,
            {"command": "run", "args": [], "timeout_ms": 1500},
            {"command": "run", "args": [], "toolTimeoutMs": 1500},
        ),
        (Transport.STDIO, {"command": "run", "args": ["${T}"]}, {"command": "false", "enabled": False}),
        (
            Transport.HTTP,
            {"url": "https://x.example", "headers": {"X-Key": "${T}"}},
            {"url": "http://off", "enabled": False},
        ),
    ],
)
def test_what_it_would_misunderstand_is_said_again_or_switched_off(
    transport: Transport, fields: dict[str, object], expected: dict[str, object]
) -> None:
    """An entry of the same name in its own file stands before the one that it reads natively."""
    assert values(PROJECT, server(PROJECT, "s", transport, **fields)) == [expected]


def test_a_server_of_the_home_directory_is_written_or_left_out() -> None:
    """There nothing is read natively, so nothing needs to be switched off."""
    plain = server(USER, "plain", Transport.STDIO, command="run", args=[])
    hidden = server(USER, "hidden", Transport.STDIO, command="run", args=["${T}"])
    assert values(USER, plain, hidden) == [{"command": "run", "args": []}]
    assert ["args: ${T}"] == [loss.what for loss in desired(USER, plain, hidden).losses]


@pytest.mark.parametrize(
    ("action", "text", "expected"),
    [
        ("deny", "Bash(rm -rf:*)", [rf"Bash({START}rm -rf?([ \t\n;&|)]{ANY}))"]),
        ("deny", "Bash(npm publish)", [rf"Bash({START}npm publish?(*( )[\n;&|)]{ANY}))"]),
        ("deny", "Bash", ["Bash"]),
        ("allow", "Bash(npm test)", ["Bash(npm test)"]),
        ("allow", "Bash(npm run lint:*)", ["Bash(npm run lint?( +([A-Za-z0-9_.,:=@%+/ -])))"]),
        ("allow", "Bash(echo [a])", [r"Bash(echo \[a\])"]),
        ("deny", "Read(./.env)", [f"Read(.env?(/{ANY}))", f"ReadMediaFile(.env?(/{ANY}))"]),
        ("deny", "Edit(//etc/**)", [f"Edit(/etc/{ANY})", f"Write(/etc/{ANY})"]),
        ("deny", "Write(*.pem)", [f"Write(?({ANY}/)*([^/]).pem?(/{ANY}))"]),
        ("ask", "WebFetch", ["FetchURL"]),
        ("allow", "WebFetch(domain:a.b)", ["FetchURL(https://a.b?(/*([A-Za-z0-9_.,:=&?%+/ -])))"]),
        ("deny", "WebFetch(domain:*.1)", [f"FetchURL([hH][tT][tT][pP]?([sS])://?({ANY}[@.])1?(.)?([:/?#]{ANY}))"]),
        ("deny", "mcp__docs", ["mcp__docs__*"]),
        ("deny", "mcp__docs__search", ["mcp__docs__search"]),
        ("deny", "Skill(pdf)", ["Skill(pdf)"]),
    ],
)
def test_rules_become_globs_that_allow_no_more_and_deny_no_less(action: str, text: str, expected: list[str]) -> None:
    """Commands are compared with all their parts, paths as they were given and from the root."""
    found = values(USER, permissions(USER, permission(USER, action, text)))
    assert found == [{"decision": action, "pattern": pattern} for pattern in expected]


@pytest.mark.parametrize("text", ["Read(src/**)", "LS", "Grep(x)", "NotebookEdit", "WebSearch(x)"])
def test_an_allowance_that_it_can_not_say_is_lost(text: str) -> None:
    """It asks, then."""
    result = desired(USER, permissions(USER, permission(USER, "allow", text)))
    assert result.wanted == {}
    assert [False] == [loss.security for loss in result.losses]


def test_arguments_count_from_zero_in_its_skills() -> None:
    """As in Claude Code. Amounts of money would vanish."""
    result = desired(PROJECT, command(PROJECT, "x", "Use $0 of $ARGUMENTS for $100."))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.content.endswith(b"Use $ARGUMENTS[0] of $ARGUMENTS for $ 100.\n")
    assert [("$", True)] == [(loss.what, "a space keeps it as text" in loss.why) for loss in result.losses]


def test_agents_get_its_names_of_tools() -> None:
    """A part of a tool becomes none of it."""
    given = agent(PROJECT, "My_Agent", tools=("Read", "WebFetch", "Bash(git:*)", "mcp__docs"))
    result = desired(PROJECT, given)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, FileOutput)
    front = yaml.safe_load(wish.output.content.decode().split("---\n")[1])
    assert front["name"] == "my-agent"
    assert front["tools"] == ["Read", "FetchURL", "mcp__docs__*"]
    assert {"name: My_Agent", "tools: Bash(git:*)"} == {loss.what for loss in result.losses}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"event": "PreToolUse", "matcher": "Bash", "timeout_s": 0.5},
            {"event": "PreToolUse", "matcher": "^(?:Bash)$", "command": "x", "timeout": 1},
        ),
        (
            {"event": "PostToolUse", "matcher": "WebFetch|mcp__a__.*", "timeout_s": 900},
            {"event": "PostToolUse", "matcher": "^(?:FetchURL|mcp__a__.*)$", "command": "x", "timeout": 600},
        ),
        ({"event": "Stop", "matcher": "*"}, {"event": "Stop", "command": "x"}),
    ],
)
def test_hooks_of_the_home_directory_are_tables_of_its_configuration(
    given: dict[str, object], expected: dict[str, object]
) -> None:
    """Its matchers match anywhere unless they are anchored; times are whole seconds up to ten minutes."""
    event, matcher = str(given.pop("event")), str(given.pop("matcher"))
    assert values(USER, hook(USER, event, matcher, "x", **given)) == [expected]


def test_hooks_of_a_project_are_lost_as_a_matter_of_security() -> None:
    """What one forbids is not forbidden."""
    result = desired(PROJECT, hook(PROJECT, "PreToolUse", "Bash", "x"))
    assert result.wanted == {}
    assert [True] == [loss.security for loss in result.losses]
