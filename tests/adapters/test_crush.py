"""Crush: reads all instructions of one folder, hands what it expands to a shell, and knows whole tools only."""

from __future__ import annotations

import pytest
from tests.adapters.conftest import command, hook, permission, permissions, rule, server, skill, source

from harnesssync_adapters.crush import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Crush wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_what_it_reads_itself_is_not_written() -> None:
    """`CLAUDE.md`, a person's own beside it, and skills."""
    local = rule(PROJECT, "CLAUDE.local.md", "Mine.\n")
    assert desired(rule(PROJECT, "CLAUDE.md", "Hello.\n"), local, skill(PROJECT, "own")) == Desired()


def test_a_rendered_file_is_told_beside_the_one_that_it_reads() -> None:
    """The text of `CLAUDE.md` is then there twice, and that is said."""
    result = desired(rule(PROJECT, "CLAUDE.md", "@a.md\n", expanded="A.\n", plain=False))
    assert {"AGENTS.md"} == {address.path for address in result.wanted}
    assert ["told once"] == [loss.what for loss in result.losses]


def test_a_command_is_a_skill_that_people_may_call() -> None:
    """In a folder of its own."""
    (wish,) = desired(command(PROJECT, "git:fix", "Fix it.\n")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".crush/skills/git-fix/SKILL.md"
    assert b"user-invocable: true" in wish.output.content


def test_references_stay_where_they_are_expanded() -> None:
    """In `env` and `headers`, without a default; time-outs are in seconds."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=["x"], env={"T": "a${T}"}, timeout_ms=1500)
    (wish,) = desired(one).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert (wish.output.path, wish.output.pointer) == ("crush.json", ("mcp", "s"))
    members = {"type": "stdio", "command": "run", "args": ["x"], "env": {"T": "a${T}"}}
    assert wish.output.value == {**members, "timeout": 2}


@pytest.mark.parametrize(
    "fields",
    [
        {"args": ["${K}"]},
        {"args": [], "env": {"K": "${K:-d}"}},
        {"args": [], "env": {"K": "$(id)"}},
        {"args": ["`id`"]},
    ],
)
def test_what_would_arrive_as_text_or_run_in_a_shell_leaves_the_server_out(fields: dict[str, object]) -> None:
    """A value must not become a command."""
    result = desired(server(PROJECT, "s", Transport.STDIO, command="run", **fields))
    assert result.wanted == {}
    assert len(result.losses) == 1


@pytest.mark.parametrize(
    ("action", "text", "pointer", "names"),
    [
        ("allow", "Read", ("permissions", "allowed_tools"), ["view"]),
        ("allow", "mcp__docs__find", ("permissions", "allowed_tools"), ["mcp_docs_find"]),
        ("allow", "Bash(ls:*)", None, []),
        ("deny", "Edit", ("options", "disabled_tools"), ["edit", "multiedit"]),
        ("deny", "Bash(rm:*)", None, []),
        ("deny", "WebFetch", None, []),
        ("deny", "mcp__docs", None, []),
        ("ask", "Bash", None, []),
    ],
)
def test_rules_are_about_whole_tools(action: str, text: str, pointer: tuple[str, ...] | None, names: list[str]) -> None:
    """All others are lost, denials as a matter of security."""
    result = desired(permissions(PROJECT, permission(PROJECT, action, text)))
    outputs = [wish.output for wish in result.wanted.values() if isinstance(wish.output, ElementOutput)]
    assert names == [output.value for output in outputs]
    assert {output.pointer for output in outputs} <= {pointer}
    if not names:
        assert [action == "deny"] == [loss.security for loss in result.losses]


def test_only_a_hook_before_a_tool_is_written() -> None:
    """Flat, with the program's names of tools; what it is told is not verified."""
    result = desired(hook(PROJECT, "PreToolUse", "Bash|Edit", "guard", timeout_s=5), hook(PROJECT, "Stop", "", "x"))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.pointer == ("hooks", "PreToolUse")
    assert wish.output.value == {"matcher": "bash|(edit|multiedit)", "command": "guard", "timeout": 5}
    assert [True, False] == [loss.security for loss in result.losses]
