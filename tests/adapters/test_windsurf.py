"""Windsurf and Devin: rules that say when they hold, and much that Devin takes from Claude Code itself."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.conftest import agent, command, hook, permission, permissions, rule, server, source
from tests.adapters.test_permissions import claude, commands, rules

from harnesssync_adapters.windsurf import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Layer, PermissionRule, Rule, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What it wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def front(result: Desired) -> dict[str, object]:
    """The front matter of the one file."""
    (output,) = [wish.output for wish in result.wanted.values() if isinstance(wish.output, FileOutput)]
    return yaml.safe_load(output.content.decode().split("---\n")[1])  # type: ignore[no-any-return]


def said(*given_rules: PermissionRule, scope: Scope = PROJECT) -> dict[str, list[str]]:
    """What these permissions become, by the list in which it stands."""
    found: dict[str, list[str]] = {}
    for wish in desired(permissions(scope, *given_rules), scope=scope).wanted.values():
        assert isinstance(wish.output, ElementOutput)
        found.setdefault(wish.output.pointer[1], []).append(str(wish.output.value))
    return found


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (rule(PROJECT, "CLAUDE.local.md", "x\n"), {"trigger": "always_on"}),
        (rule(PROJECT, "a/CLAUDE.local.md", "x\n", directory="a"), {"trigger": "glob", "globs": "a/**"}),
        (rule(PROJECT, "b.local.md", "x\n", globs=("*.py", "c/**")), {"trigger": "glob", "globs": "**/*.py,c/**"}),
        (rule(PROJECT, "c.local.md", "x\n", globs=("*.{a,b}",)), {"trigger": "always_on"}),
    ],
)
def test_a_persons_own_rule_says_when_it_holds(one: Rule, expected: dict[str, object]) -> None:
    """In the words of its front matter; a glob with a comma has none."""
    result = desired(one)
    assert expected == front(result)
    assert all(wish.output.private for wish in result.wanted.values())
    assert (len(result.losses) == 1) == any("," in glob for glob in one.globs)


@pytest.mark.parametrize(
    ("one", "scope"),
    [
        (rule(PROJECT, "CLAUDE.local.md", "x" * 12_001), PROJECT),
        (rule(USER, ".claude/CLAUDE.md", "x" * 6_001), USER),
        (command(PROJECT, "a", "x" * 12_001), PROJECT),
    ],
)
def test_what_is_longer_than_it_reads_is_told(one: Item, scope: Scope) -> None:
    """It would be cut."""
    assert len(desired(one, scope=scope).losses) == 1


def test_an_agent_gets_its_tools_by_devins_names() -> None:
    """And none that it was denied."""
    one = agent(PROJECT, "a", tools=("Read", "Bash", "WebSearch", "mcp__docs__find"))
    result = desired(one)
    assert front(result)["allowed-tools"] == ["read", "exec", "mcp__docs__find"]
    assert ["tools: WebSearch"] == [loss.what for loss in result.losses]
    assert front(desired(agent(PROJECT, "b", disallowed_tools=("Bash", "Edit"))))["allowed-tools"] == [
        "read",
        "write",
        "grep",
        "glob",
        "webfetch",
    ]


def test_servers_of_a_project_are_read_where_they_are() -> None:
    """What Devin may make something else of, or does not see, is told."""
    plain = server(PROJECT, "a", Transport.STDIO, command="x", args=[])
    referring = server(PROJECT, "b", Transport.STDIO, command="x", args=["${A}"])
    result = desired(plain, referring)
    assert not result.wanted
    assert ["mcp_server b"] == [loss.what for loss in result.losses]


def test_servers_of_a_person_have_references_of_its_own() -> None:
    """`${env:NAME}`."""
    one = server(USER, "a", Transport.SSE, url="https://x.example", headers={"A": "Bearer ${T}"})
    (wish,) = desired(one, scope=USER).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {"serverUrl": "https://x.example", "headers": {"A": "Bearer ${env:T}"}}


def test_hooks_are_not_written_a_second_time() -> None:
    """But that a guard may not run is told as a matter of security."""
    result = desired(hook(PROJECT, "PreToolUse", "Bash", "guard"), hook(PROJECT, "Stop", "", "done"))
    assert not result.wanted
    assert [True] == [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Bash", ["exec"]),
        ("Bash(rm -rf:*)", ["Exec(rm -rf)"]),
        ("Bash(npm publish)", ["Exec(npm publish)"]),
        ("Read(./.env)", ["Read(.env)", "Read(.env/**)"]),
        ("Read(.env)", ["Read(.env)", "Read(**/.env)", "Read(.env/**)", "Read(**/.env/**)"]),
        ("Edit(//etc/**)", ["Write(/etc/**)"]),
        ("Edit", ["edit", "write"]),
        ("WebFetch(domain:evil.example)", ["Fetch(domain:evil.example)"]),
        ("mcp__docs", ["mcp__docs__*"]),
        ("mcp__docs__rm", ["mcp__docs__rm"]),
    ],
)
def test_denials_are_told_in_devins_words(text: str, denied: list[str]) -> None:
    """For Devin alone: that Cascade does not obey them is told too."""
    result = desired(permissions(PROJECT, permission(PROJECT, "deny", text)))
    assert {"deny": denied} == said(permission(PROJECT, "deny", text))
    assert [True] == [loss.security for loss in result.losses if loss.what == "all denials"]


@pytest.mark.parametrize("text", ["Bash(sudo*)", "Bash(a && b)", "WebSearch", "WebFetch", "Task", "Grep(src/**)"])
def test_a_denial_without_words_is_a_loss_of_security(text: str) -> None:
    """It is told one by one."""
    result = desired(permissions(PROJECT, permission(PROJECT, "deny", text)))
    assert [(f"deny {text}", True)] == [(loss.what, loss.security) for loss in result.losses]


@pytest.mark.parametrize("text", ["Bash(npm test)", "Bash(npm:*)", "Read(src/*.py)", "Write(src/**)", "Read(a?)"])
def test_nothing_is_allowed_that_might_reach_further(text: str) -> None:
    """To a chain of commands, or past a folder."""
    assert said(permission(PROJECT, "allow", text)) == {}


@given(given_rules=st.lists(rules, max_size=5), command=commands)
def test_no_command_is_allowed_that_claude_code_would_not_allow(
    given_rules: list[PermissionRule], command: str
) -> None:
    """Only all of them are, and a denial that was written beats that."""
    found = said(*given_rules)
    denied = [text for key in ("deny", "ask") for text in found.get(key, [])]
    prefixes = [text[len("Exec(") : -1] for text in denied if text != "exec"]
    stopped = "exec" in denied or any(f"{command} ".startswith(f"{prefix} ") for prefix in prefixes)
    if "exec" in found.get("allow", []) and not stopped:
        allowing = [one for one in given_rules if one.action.value == "allow"]
        assert claude(allowing, command) == "allow"


def test_a_persons_own_denials_stay_out_of_what_a_team_commits() -> None:
    """Devin has a file for them."""
    one = permissions(PROJECT, permission(PROJECT, "deny", "Bash(curl:*)", layer=Layer.USER))
    (address,) = desired(one).wanted
    assert address.path == ".devin/config.local.json"
