"""Zed: one file of instructions, and permissions that are a person's own."""

from __future__ import annotations

import re

import pytest
from tests.adapters.conftest import permission, permissions, rule, server, skill, source

from harnesssync_adapters.zed import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Zed wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def said(action: str, text: str) -> dict[str, list[str]]:
    """The patterns that a rule of a person becomes, by tool."""
    found: dict[str, list[str]] = {}
    for wish in desired(permissions(USER, permission(USER, action, text)), scope=USER).wanted.values():
        assert isinstance(wish.output, ElementOutput)
        assert isinstance(wish.output.value, dict)
        found.setdefault(wish.output.pointer[3], []).append(str(wish.output.value["pattern"]))
    return found


def test_claude_md_is_read_where_it_says_it_all() -> None:
    """Imports it does not follow, and of sub-folders it reads none."""
    assert not desired(rule(PROJECT, "CLAUDE.md", "Be brief.\n")).wanted
    imports = rule(PROJECT, "CLAUDE.md", "@a.md\n", imports=("/repo/a.md",), plain=False)
    assert {"AGENTS.md"} == {address.path for address in desired(imports).wanted}
    nested = desired(rule(PROJECT, "api/CLAUDE.md", "Use it.\n", directory="api"))
    assert not nested.wanted
    assert len(nested.losses) == 1


def test_a_skill_under_another_name_than_its_folders_is_told() -> None:
    """Zed would not load it; but what a person alone may call stays so."""
    result = desired(skill(PROJECT, "pdf", **{"disable-model-invocation": True}), skill(PROJECT, "Bad_Name"))
    assert ["name: Bad_Name"] == [loss.what for loss in result.losses]


@pytest.mark.parametrize("text", ["npm run build; rm x", "npm run build && x", "npm run build $(x)", "npm run builder"])
def test_what_is_allowed_runs_nothing_else(text: str) -> None:
    """Not even if Zed would not take the command apart."""
    (pattern,) = said("allow", "Bash(npm run build:*)")["terminal"]
    assert re.search(pattern, "npm run build")
    assert re.search(pattern, "npm run build --fast")
    assert not re.search(pattern, text)


@pytest.mark.parametrize(
    ("text", "denied", "free"),
    [
        ("Edit(./secrets/**)", ["secrets/a", "repo/secrets/a/b"], ["secretsx/a", "my-secrets/a"]),
        ("Edit(.env)", [".env", "repo/a/.env"], [".envrc", "x.env"]),
        ("Edit(src/**/*.key)", ["src/a.key", "repo/src/a/b.key"], ["src/a.keys", "src/key"]),
        ("Edit(//etc/passwd)", ["/etc/passwd"], ["repo/etc/passwd"]),
        ("Write(a?.txt)", ["ab.txt"], ["a/.txt", "a.txt"]),
    ],
)
def test_a_path_that_must_not_change_is_kept_from_every_tool_that_changes(
    text: str, denied: list[str], free: list[str]
) -> None:
    """Whether or not Zed writes the project's folder before it."""
    found = said("deny", text)
    assert {"edit_file", "delete_path", "move_path", "save_file"} <= set(found)
    for (pattern,) in found.values():
        assert all(re.search(pattern, path) for path in denied)
        assert not any(re.search(pattern, path) for path in free)


@pytest.mark.parametrize("text", ["Edit(src/**)", "Write", "Read(src/**)", "WebFetch(domain:*.x.example)", "mcp__docs"])
def test_nothing_is_allowed_that_can_not_be_said_exactly(text: str) -> None:
    """Then Zed asks."""
    assert said("allow", text) == {}


@pytest.mark.parametrize(
    ("url", "is_denied"),
    [
        ("https://evil.example/a", True),
        ("evil.example", True),
        ("http://u@evil.example:8080", True),
        ("https://notevil.example", False),
        ("https://evil.example.org", False),
        ("https://good.example/?u=https://evil.example/", False),
    ],
)
def test_a_domain_is_found_where_it_stands_in_an_address(url: str, is_denied: bool) -> None:
    """With or without a scheme, a user or a port."""
    (pattern,) = said("deny", "WebFetch(domain:evil.example)")["fetch"]
    assert is_denied == bool(re.search(pattern, url))


def test_of_several_answers_for_a_servers_tool_the_strictest_stays() -> None:
    """There is room for one."""
    rules = [permission(USER, action, "mcp__docs__rm") for action in ("allow", "deny", "ask")]
    (wish,) = desired(permissions(USER, *rules), scope=USER).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.pointer[3:] == ("mcp:docs:rm", "default")
    assert wish.output.value == "deny"
    assert not wish.output.executes


@pytest.mark.parametrize(
    "text", ["Read(./.env)", "Grep", "mcp__docs", "Task", "WebFetch(domain:*.evil.example)", "Edit(~/x)"]
)
def test_a_denial_that_zed_can_not_enforce_is_a_loss_of_security(text: str) -> None:
    """It is told one by one."""
    result = desired(permissions(USER, permission(USER, "deny", text)), scope=USER)
    assert [(f"deny {text}", True)] == [(loss.what, loss.security) for loss in result.losses]


def test_a_server_that_needs_a_variable_is_left_out() -> None:
    """Nothing says that Zed expands any."""
    assert not desired(server(PROJECT, "s", Transport.STDIO, command="x", args=[], env={"A": "${A}"})).wanted
