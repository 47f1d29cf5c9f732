"""Amp: reads much of Claude Code itself, and asks nobody without a rule."""

from __future__ import annotations

import re

import pytest
from tests.adapters.conftest import ROOTS, hook, permission, permissions, rule, server, skill, source

from harnesssync_adapters.amp import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, JsonValue, KeyOutput, LinkOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Amp wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_a_claude_md_with_imports_is_read_as_it_is() -> None:
    """Amp follows them, so there is no `AGENTS.md` to fall behind."""
    root = rule(PROJECT, "CLAUDE.md", "@docs/a.md\n", imports=(f"{ROOTS[PROJECT]}/docs/a.md",), plain=False)
    nested = rule(PROJECT, "api/CLAUDE.md", "Use it.\n", directory="api")
    result = desired(root, nested)
    assert result.wanted == {}
    assert result.losses == ()


def test_what_claude_md_says_besides_an_agents_md_that_it_imports_is_a_loss() -> None:
    """Amp reads that one, and nothing else."""
    text = "@AGENTS.md\n\nAnd this.\n"
    more = rule(PROJECT, "CLAUDE.md", text, imports=(f"{ROOTS[PROJECT]}/AGENTS.md",), plain=False)
    result = desired(more)
    assert (result.wanted, result.standby) == ({}, {})
    assert [loss.what for loss in result.losses if loss.left_out] == ["CLAUDE.md"]


def test_a_second_rule_of_a_folder_needs_agents_md_there_alone() -> None:
    """`CLAUDE.md` is read where there is no `AGENTS.md`, folder by folder."""
    more = rule(PROJECT, ".claude/rules/more.md", "More.\n")
    nested = rule(PROJECT, "api/CLAUDE.md", "Use it.\n", directory="api")
    result = desired(rule(PROJECT, "CLAUDE.md", "Be brief.\n"), more, nested)
    assert {"AGENTS.md"} == {address.path for address in result.wanted}


def test_a_home_directory_has_its_own_agents_md() -> None:
    """A link to the person's `CLAUDE.md`."""
    result = desired(rule(Scope.USER, ".claude/CLAUDE.md", "Be brief.\n"), scope=Scope.USER)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, LinkOutput)
    assert wish.output.path == ".config/amp/AGENTS.md"


def test_servers_stand_below_one_key_with_a_dot() -> None:
    """Its settings are flat."""
    (wish,) = desired(server(PROJECT, "s", Transport.HTTP, url="https://x.example/${A}")).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.pointer == ("amp.mcpServers", "s")
    assert wish.output.value == {"url": "https://x.example/${A}"}


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        ("Bash", ["Bash"]),
        ("Edit", ["edit_file", "create_file", "delete_file", "apply_patch"]),
        ("WebFetch", ["read_web_page"]),
        ("mcp__docs", ["mcp__docs__*"]),
        ("mcp__a.b__find", ["mcp__a*b__find"]),
        ("mcp__*__rm", ["mcp__*__rm"]),
        ("*", ["*"]),
    ],
)
@pytest.mark.parametrize("scope", list(Scope))
def test_tools_that_are_denied_are_rejected(scope: Scope, text: str, tools: list[str]) -> None:
    """In the settings of either scope, by Amp's names."""
    found = rejected(scope, text)
    assert [{"tool": tool, "action": "reject"} for tool in tools] == found


@pytest.mark.parametrize(
    ("specifier", "stopped", "free"),
    [
        ("rm -rf:*", ["rm -rf", "rm -rf /", "ls && rm -rf x", "a\nrm -rf x"], ["rm -r", "echo rm -rf", "rm -rfx"]),
        (
            "npm publish",
            ["npm publish", "(npm publish)", "npm publish; ls"],
            ["npm publish-x", "npm publish -n"],
        ),
        ("sudo*", ["sudo", "sudo ls", "sudoedit x"], ["ls"]),
        ("cat /etc/*", ["cat /etc/passwd"], ["cat etc/passwd"]),
    ],
)
def test_a_denied_command_is_rejected_behind_another_one_too(
    specifier: str, stopped: list[str], free: list[str]
) -> None:
    """By a regular expression between slashes, that is looked for line by line."""
    (value,) = rejected(Scope.USER, f"Bash({specifier})")
    assert isinstance(value, dict)
    matches = value["matches"]
    assert isinstance(matches, dict)
    pattern = str(matches["cmd"])
    assert pattern[0] == pattern[-1] == "/"
    for command in stopped:
        assert re.search(pattern[1:-1], command, re.MULTILINE), command
    for command in free:
        assert not re.search(pattern[1:-1], command, re.MULTILINE), command


@pytest.mark.parametrize(
    ("action", "text", "security"),
    [
        ("allow", "Bash(git:*)", False),
        ("allow", "Read", False),
        ("ask", "Bash(git push:*)", True),
        ("deny", "Read(./.env)", True),
        ("deny", "WebFetch(domain:x.y)", True),
        ("deny", "NotebookEdit", True),
    ],
)
def test_other_rules_are_lost(action: str, text: str, security: bool) -> None:
    """What is allowed or asked for would stand before a denial that comes later; without a rule, nothing is asked."""
    result = desired(permissions(PROJECT, permission(PROJECT, action, text)))
    assert result.wanted == {}
    assert [security] == [loss.security for loss in result.losses]


def test_that_amp_asks_more_beside_a_denial_is_told() -> None:
    """Its own rules come along."""
    (loss,) = desired(permissions(PROJECT, permission(PROJECT, "deny", "Bash"))).losses
    assert (loss.what, loss.security) == ("amp.permissions", False)


def test_a_hook_that_forbids_is_told_to_be_lost() -> None:
    """There are none."""
    assert [True] == [loss.security for loss in desired(hook(PROJECT, "PreToolUse", "Bash", "guard")).losses]


def rejected(scope: Scope, text: str) -> list[JsonValue]:
    """The rules that a denial becomes."""
    found = []
    for wish in desired(permissions(scope, permission(scope, "deny", text)), scope=scope).wanted.values():
        assert isinstance(wish.output, ElementOutput)
        assert wish.output.path == (".amp/settings.json" if scope is PROJECT else ".config/amp/settings.json")
        assert wish.output.pointer == ("amp.permissions",)
        assert not wish.output.executes
        found.append(wish.output.value)
    return found


def test_only_skills_that_amp_does_not_read_itself_are_linked() -> None:
    """It reads `.claude/skills`, and what is in the folder of Claude Code's plugins."""
    cached = skill(PROJECT, "pdf", "/home/dev/.claude/plugins/cache/m/tools/1/skills/pdf", layer=Layer.PLUGIN)
    elsewhere = skill(PROJECT, "docx", "/opt/tools/skills/docx", layer=Layer.PLUGIN)
    result = desired(skill(PROJECT, "mine"), cached, elsewhere)
    assert [".agents/skills/docx"] == [address.path for address in result.wanted]
