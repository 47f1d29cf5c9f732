"""The syntax of permission rules."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.core.items import Action
from harnesssync_orchestrator.core.permission_rules import RuleError, parse_rule


@pytest.mark.parametrize(
    ("text", "tool", "specifier"),
    [
        ("Read", "Read", None),
        ("Bash(npm run lint:*)", "Bash", "npm run lint:*"),
        ("Bash(*)", "Bash", None),
        ("Bash(echo (a) b)", "Bash", "echo (a) b"),
        ("Read(//etc/**)", "Read", "//etc/**"),
        ("WebFetch(domain:example.com)", "WebFetch", "domain:example.com"),
        ("mcp__github", "mcp__github", None),
        ("mcp__github__get_*", "mcp__github__get_*", None),
        ("Agent(Explore)", "Agent", "Explore"),
    ],
)
def test_a_rule_has_a_tool_and_perhaps_a_specifier(text: str, tool: str, specifier: str | None) -> None:
    """Parentheses inside the specifier are literal."""
    assert parse_rule(text, Action.ALLOW) == (tool, specifier)


@pytest.mark.parametrize(
    "text", ["", " ", "Bash(", "Bash(x", "Bash)", "Bash()", "Bash( )", "(x)", "Bash(:*)", "bash(ls)", "mcp__a(x)"]
)
@pytest.mark.parametrize("action", list(Action))
def test_a_rule_that_claude_code_skips_is_an_error(text: str, action: Action) -> None:
    """It says why, and how to write it."""
    with pytest.raises(RuleError) as caught:
        parse_rule(text, action)
    assert caught.value.reason
    assert caught.value.hint


@pytest.mark.parametrize("text", ["*", "mcp__*", "mcp__*__read"])
def test_a_wildcard_for_tools_may_forbid_but_not_allow(text: str) -> None:
    """Unless it names the server that it is about."""
    assert parse_rule(text, Action.DENY).tool == text
    with pytest.raises(RuleError):
        parse_rule(text, Action.ALLOW)
