"""OpenHands: what it reads twice, tools that could do more, and which of two files of hooks counts."""

from __future__ import annotations

import pytest
import yaml
from tests.adapters.conftest import agent, hook, permission, permissions, rule, server, source

from harnesssync_adapters.openhands import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(scope: Scope, *items: Item) -> Desired:
    """What OpenHands wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_a_plain_file_that_it_reads_itself_gets_no_second_copy() -> None:
    """`CLAUDE.md` is read besides `AGENTS.md`."""
    assert desired(PROJECT, rule(PROJECT, "CLAUDE.md", "Be brief.\n")).wanted == {}


def test_where_a_file_is_needed_the_text_that_is_there_twice_is_told() -> None:
    """Imports and other rules are read by no other way."""
    items = [rule(PROJECT, "CLAUDE.md", "Be brief.\n"), rule(PROJECT, ".claude/rules/a.md", "More.\n")]
    result = desired(PROJECT, *items)
    assert ["AGENTS.md"] == [address.path for address in result.wanted]
    assert ["told once"] == [loss.what for loss in result.losses]


def test_rules_elsewhere_are_no_native_ones() -> None:
    """`.claude/CLAUDE.md` is not read."""
    result = desired(PROJECT, rule(PROJECT, ".claude/CLAUDE.md", "Be brief.\n"))
    assert ["AGENTS.md"] == [address.path for address in result.wanted]
    assert result.losses == ()


@pytest.mark.parametrize(
    ("tools", "disallowed", "expected"),
    [
        (None, (), ["file_editor", "terminal", "task_tracker"]),
        (None, ("Write",), ["terminal", "task_tracker"]),
        (("Read", "Edit", "Write"), (), ["file_editor"]),
        (("Read", "Bash"), (), ["terminal"]),
        (("Read", "Bash", "TodoWrite"), ("Bash",), ["task_tracker"]),
    ],
)
def test_an_agent_gets_no_tool_that_could_do_more(
    tools: tuple[str, ...] | None, disallowed: tuple[str, ...], expected: list[str]
) -> None:
    """Reading and writing files is one tool there."""
    (wish,) = desired(PROJECT, agent(PROJECT, "a", tools=tools, disallowed_tools=disallowed)).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert yaml.safe_load(wish.output.content.decode().split("---\n")[1])["tools"] == expected


def test_an_agent_of_which_no_tool_is_left_is_left_out() -> None:
    """It could do nothing."""
    result = desired(PROJECT, agent(PROJECT, "a", tools=("Read", "Grep")))
    assert result.wanted == {}
    assert ["tools: Read, Grep", "agent a"] == [loss.what for loss in result.losses]


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
            {"url": "https://x.example", "transport": "sse", "headers": {"A": "Bearer ${T}"}},
        ),
        (Transport.HTTP, {"url": "https://x.example"}, {"url": "https://x.example", "transport": "http"}),
    ],
)
def test_references_of_servers_stay_references(
    transport: Transport, fields: dict[str, object], expected: dict[str, object]
) -> None:
    """In the home directory; in a project servers are not read."""
    (wish,) = desired(USER, server(USER, "s", transport, **fields)).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == expected
    assert desired(PROJECT, server(PROJECT, "s", transport, **fields)).wanted == {}


@pytest.mark.parametrize(
    ("event", "matcher", "expected"),
    [
        ("PreToolUse", "Bash|Edit", "terminal|file_editor"),
        ("PostToolUse", "mcp__docs__.*", "docs_.*"),
        ("PreToolUse", "", None),
        ("SessionStart", "startup", None),
    ],
)
def test_hooks_get_its_names_of_tools(event: str, matcher: str, expected: str | None) -> None:
    """A matcher that compares anything else would never match."""
    given = hook(USER, event, matcher, '"$CLAUDE_PROJECT_DIR"/x', timeout_s=1.5)
    (wish,) = desired(USER, given).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.value.get("matcher") == expected
    handler = {"type": "command", "command": '"${OPENHANDS_PROJECT_DIR}"/x', "timeout": 2}
    assert wish.output.value["hooks"] == [handler]


def test_hooks_of_a_project_hide_those_of_a_person() -> None:
    """That is told once, as a matter of security."""
    hooks = [hook(PROJECT, "Stop", "", "a"), hook(PROJECT, "SessionEnd", "", "b")]
    result = desired(PROJECT, *hooks)
    assert len(result.wanted) == 2
    assert [True] == [loss.security for loss in result.losses]
    assert desired(USER, hook(USER, "Stop", "", "a")).losses == ()


def test_an_event_that_it_does_not_have_is_left_out() -> None:
    """It would make the whole file an error."""
    result = desired(USER, hook(USER, "PermissionRequest", "", "x"))
    assert result.wanted == {}
    assert [True] == [loss.security for loss in result.losses]


def test_permissions_are_lost_as_a_matter_of_security() -> None:
    """There are no rules."""
    result = desired(USER, permissions(USER, permission(USER, "deny", "Bash(rm:*)")))
    assert [True] == [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("event", "theirs", "security"), [("PreToolUse", "pre_tool_use", True), ("Stop", "stop", False)]
)
def test_hooks_do_not_go_where_they_would_hide_a_persons(event: str, theirs: str, security: bool) -> None:
    """`hooks` hides events at the top of the file; an event in both spellings makes all of it an error."""
    (wish,) = desired(USER, hook(USER, event, "", "x")).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    condition = wish.output.condition
    assert condition is not None
    assert {(event,), (theirs,), ("session_end",), ("hooks", theirs)} <= set(condition.without)
    assert ("hooks", event) not in condition.without
    assert security == condition.security
