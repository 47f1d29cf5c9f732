"""Auggie: what it reads itself, rules of which the first counts, and hooks without a shell."""

from __future__ import annotations

import re
import subprocess

import pytest
from tests.adapters.conftest import agent, command, hook, permission, permissions, rule, server, skill, source

from harnesssync_adapters.auggie import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(scope: Scope, *items: Item) -> Desired:
    """What Auggie wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def elements(scope: Scope, *items: Item) -> list[tuple[str, object]]:
    """The elements that these items become, and the lists in which they stand."""
    outputs = [wish.output for wish in desired(scope, *items).wanted.values()]
    return [(".".join(one.pointer), one.value) for one in outputs if isinstance(one, ElementOutput)]


def test_what_it_reads_itself_is_not_written_again() -> None:
    """Instructions, skills, commands and agents of Claude Code."""
    items = [
        rule(PROJECT, "CLAUDE.md", "Be brief.\n"),
        skill(PROJECT, "pdf"),
        command(PROJECT, "git:commit", "Commit."),
        agent(PROJECT, "a"),
    ]
    result = desired(PROJECT, *items)
    assert (result.wanted, result.losses) == ({}, ())


def test_what_plugins_bring_is_linked_or_written() -> None:
    """It lies elsewhere."""
    folder = "/home/dev/.claude/plugins/tools"
    items = [
        skill(PROJECT, "pdf", f"{folder}/skills/pdf", layer=Layer.PLUGIN),
        command(PROJECT, "tools:commit", "Commit.", source=f"{folder}/commands/commit.md"),
    ]
    paths = {address.path for address in desired(PROJECT, *items).wanted}
    assert paths == {".agents/skills/pdf", ".augment/commands/tools/commit.md"}


def test_an_agent_that_should_have_less_than_all_tools_is_told() -> None:
    """It is read, but the names of its tools are not understood."""
    assert [True] == [loss.security for loss in desired(PROJECT, agent(PROJECT, "a", tools=("Read",))).losses]


def test_rules_of_a_person_say_that_they_always_hold() -> None:
    """The front matter stands first."""
    (wish,) = desired(USER, rule(USER, ".claude/CLAUDE.md", "Be brief.\n")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.content.startswith(b"---\ntype: always_apply\n---\n\n")


@pytest.mark.parametrize(
    ("text", "denied", "left"),
    [
        ("Bash(rm -rf:*)", ["rm -rf /", "cd a && rm -rf b", "x\nrm -rf", "(rm -rf a)"], ["echo rm -rf", "rm -rfx"]),
        ("Bash(npm publish)", ["npm publish", "a; npm publish && b"], ["npm publish --dry-run"]),
        ("Bash(sudo*)", ["sudo x", "sudoedit y"], ["echo sudo"]),
        ("Bash(echo [a]:*)", ["echo [a] b"], ["echo a"]),
    ],
)
def test_a_denied_command_is_found_wherever_it_stands(text: str, denied: list[str], left: list[str]) -> None:
    """The pattern is looked for in the whole command line."""
    ((key, value),) = elements(USER, permissions(USER, permission(USER, "deny", text)))
    assert key == "toolPermissions"
    assert isinstance(value, dict)
    assert (value["toolName"], value["permission"]) == ("launch-process", {"type": "deny"})
    assert [True] * len(denied) == [re.search(value["shellInputRegex"], line) is not None for line in denied]
    assert [False] * len(left) == [re.search(value["shellInputRegex"], line) is not None for line in left]


@pytest.mark.parametrize(
    ("text", "names"),
    [("Bash", ["launch-process"]), ("WebSearch", ["web-search"]), ("Write", ["save-file"])],
)
def test_a_denied_tool_is_removed(text: str, names: list[str]) -> None:
    """The lists of all settings are joined."""
    found = elements(PROJECT, permissions(PROJECT, permission(PROJECT, "deny", text)))
    assert found == [("removedTools", name) for name in names]


@pytest.mark.parametrize(
    ("action", "text", "security"),
    [
        ("allow", "Bash(npm test)", False),
        ("ask", "WebFetch", False),
        ("deny", "Read(./.env)", True),
        ("deny", "mcp__docs", True),
    ],
)
def test_other_rules_are_lost(action: str, text: str, security: bool) -> None:
    """What is allowed or asked for would stand before a denial that comes later."""
    result = desired(USER, permissions(USER, permission(USER, action, text)))
    assert result.wanted == {}
    assert [security] == [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("transport", "fields", "expected"),
    [
        (
            Transport.STDIO,
            {"command": "run", "args": ["${T:-d}"], "env": {"T": "${T}"}},
            {"command": "run", "args": ["${T:-d}"], "env": {"T": "${T}"}},
        ),
        (
            Transport.SSE,
            {"url": "https://x.example", "headers": {"A": "Bearer ${T}"}},
            {"type": "sse", "url": "https://x.example", "headers": {"A": "Bearer ${T}"}},
        ),
    ],
)
def test_references_of_servers_stay_references(
    transport: Transport, fields: dict[str, object], expected: dict[str, object]
) -> None:
    """With their defaults."""
    (wish,) = desired(PROJECT, server(PROJECT, "s", transport, **fields)).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == expected


def test_hooks_are_run_by_a_shell_that_they_name() -> None:
    """Nothing is expanded before it."""
    written = 'echo "${HOME:-x}" "$CLAUDE_PROJECT_DIR"'
    ((key, value),) = elements(PROJECT, hook(PROJECT, "UserPromptSubmit", "", written, timeout_s=1.5))
    assert key == "hooks.PromptSubmit"
    assert isinstance(value, dict)
    (handler,) = value["hooks"]
    assert handler == {
        "type": "command",
        "command": "sh",
        "args": ["-c", 'echo "\\${HOME:-x}" "$AUGMENT_PROJECT_DIR"'],
        "timeout": 1500,
    }
    script = handler["args"][1].replace("\\${", "${")  # as the program hands it on
    environment = {"AUGMENT_PROJECT_DIR": "/p", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "x /p\n"


def test_matchers_hold_both_names_of_a_tool() -> None:
    """It knows some of Claude Code's."""
    ((_, value),) = elements(PROJECT, hook(PROJECT, "PreToolUse", "Bash|Write", "x"))
    assert isinstance(value, dict)
    assert value["matcher"] == "(Bash|launch-process)|(Write|save-file)"
