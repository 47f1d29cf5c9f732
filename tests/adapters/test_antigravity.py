"""Antigravity: rules with a trigger, and hooks under its own names of tools."""

from __future__ import annotations

import pytest
import yaml
from tests.adapters.conftest import agent, hook, rule, server, source

from harnesssync_adapters.antigravity import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Antigravity wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def front(result: Desired) -> dict[str, object]:
    """The front matter of the one file."""
    (output,) = [wish.output for wish in result.wanted.values() if isinstance(wish.output, FileOutput)]
    return yaml.safe_load(output.content.decode().split("---\n")[1])  # type: ignore[no-any-return]


def matchers(result: Desired) -> list[object]:
    """Those of the hooks, which stand in a group of our own."""
    outputs = [wish.output for wish in result.wanted.values()]
    assert all(isinstance(output, ElementOutput) and output.pointer[0] == "harnesssync" for output in outputs)
    return [output.value.get("matcher") for output in outputs if isinstance(output, ElementOutput)]  # type: ignore[union-attr]


def test_a_rule_of_a_folder_holds_for_its_files() -> None:
    """Antigravity looks for `AGENTS.md` in the root alone."""
    result = desired(rule(PROJECT, "api/CLAUDE.md", "Fastify.\n", directory="api"))
    assert front(result) == {"trigger": "glob", "globs": "api/**"}
    assert {".agents/rules/harnesssync-api-claude.md"} == {address.path for address in result.wanted}


def test_a_persons_own_rule_is_kept_out_of_git_but_not_by_a_gitignore() -> None:
    """Such a file would not be loaded; what is private is hidden by `info/exclude`."""
    result = desired(rule(PROJECT, "CLAUDE.local.md", "Mine.\n"))
    (wish,) = result.wanted.values()
    assert wish.output.private


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ("Bash", "^run_command$"),
        ("Write|Edit", "^replace_file_content$|^multi_replace_file_content$|^write_to_file$"),
        ("", None),
    ],
)
def test_tools_are_matched_by_its_own_names(matcher: str, expected: str | None) -> None:
    """Each whole."""
    assert matchers(desired(hook(PROJECT, "PostToolUse", matcher, "x"))) == [expected]


def test_a_guard_runs_but_is_a_loss_of_security() -> None:
    """It is not documented what it must do to forbid."""
    result = desired(hook(PROJECT, "PreToolUse", "Bash", "guard"))
    assert matchers(result) == ["^run_command$"]
    assert [True] == [loss.security for loss in result.losses]
    unknown = desired(hook(PROJECT, "PreToolUse", "mcp__docs__.*", "guard"))
    assert not unknown.wanted
    assert [True] == [loss.security for loss in unknown.losses]


def test_an_agent_that_must_not_edit_gets_no_tool_that_edits() -> None:
    """It has two of them."""
    tools = front(desired(agent(USER, "a", disallowed_tools=("Edit", "Write")), scope=USER))["tools"]
    assert isinstance(tools, list)
    assert "run_command" in tools
    assert not any("replace" in tool or "write" in tool for tool in tools)


def test_agents_of_a_project_are_not_put_where_others_would_read_them() -> None:
    """That is told."""
    result = desired(agent(PROJECT, "a"))
    assert not result.wanted
    assert len(result.losses) == 1


def test_a_server_that_needs_a_variable_is_left_out() -> None:
    """Nothing says that Antigravity expands any."""
    assert not desired(server(PROJECT, "s", Transport.HTTP, url="https://x.example", headers={"A": "${A}"})).wanted
    assert desired(server(PROJECT, "s", Transport.HTTP, url="https://x.example")).wanted
