"""Which tools a hook runs for: in no harness for others than in Claude Code, unless that is told."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from tests.adapters.conftest import hook, source
from tests.adapters.test_hook_commands import WRITERS

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator.core.desired import Desired, FileOutput
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import Target

PROJECT, USER = Scope.PROJECT, Scope.USER
SAME_NAMES = frozenset({"copilot", "junie"})
RENAMING = [(target, scope) for target, scope in WRITERS if target.id not in SAME_NAMES]


def rendered(target: Target, scope: Scope, matcher: str) -> tuple[list[object], Desired]:
    """The matchers that are written, None for all tools."""
    result = desired_state([target], source(scope, hook(scope, "PreToolUse", matcher, "guard")))
    found: list[object] = []
    for wish in result.wanted.values():
        if isinstance(wish.output, FileOutput):
            found += [entry.get("matcher") for entry in json.loads(wish.output.content).get("hooks", ())]
        else:
            value = wish.output.value  # type: ignore[union-attr]
            found.append(value.get("matcher", value.get("match")))  # type: ignore[union-attr]
    return found, result


def named(name: str) -> Target:
    (found,) = (target for target in TARGETS if target.id == name)
    return found


@pytest.mark.parametrize(("target", "scope"), RENAMING, ids=lambda one: getattr(one, "id", one))
@pytest.mark.parametrize("matcher", ["(?!Edit).*", "(?!MultiEdit|Write).*", "^(?!.*Edit)", ".*Edit"])
def test_a_pattern_about_a_tool_that_is_another_there_leaves_the_hook_out(
    target: Target, scope: Scope, matcher: str
) -> None:
    """Where one tool stands for several, what excludes one of them would let the others pass."""
    found, result = rendered(target, scope, matcher)
    told = [loss.security for loss in result.losses if loss.what.endswith(f": matcher {matcher}")]
    assert (found, told[:1]) == ([], [True])


@pytest.mark.parametrize("matcher", ["(?!Read).*", ".{4}", "[a-z]+", "bash", "[x|Bash|y]"])
@pytest.mark.parametrize("name", ["openhands", "goose", "vibe", "gemini", "crush", "qwen", "auggie"])
def test_what_their_own_names_may_match_by_chance_is_left_out(name: str, matcher: str) -> None:
    """Claude Code's names have capitals: a pattern of small letters matches none of them."""
    target = named(name)
    scope = PROJECT
    found, result = rendered(target, scope, matcher)
    assert found == []
    assert True in [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openhands", []),
        ("goose", []),
        ("vibe", []),
        ("auggie", []),
        ("kiro", []),
        ("antigravity", []),
        ("gemini", ["mcp_.*"]),
        ("crush", ["mcp_.*"]),
        ("qwen", ["mcp__.*"]),
        ("codex", ["mcp__.*"]),
        ("droid", ["mcp__.*"]),
    ],
)
def test_a_hook_for_all_servers_runs_for_none_of_the_harnesss_own_tools(name: str, expected: Sequence[str]) -> None:
    """A name without `mcp__` may be that of any tool."""
    found, result = rendered(named(name), PROJECT, "mcp__.*")
    assert found == expected
    lost = name not in ("gemini", "crush", "qwen", "codex")
    assert lost == any(loss.security for loss in result.losses if ": matcher mcp__" in loss.what)


@pytest.mark.parametrize(
    ("name", "server"), [("openhands", "file"), ("openhands", "task"), ("vibe", "web"), ("goose", "developer")]
)
def test_a_server_whose_tools_would_be_called_like_their_own_is_left_out(name: str, server: str) -> None:
    """`file_.*` is a file editor, too."""
    found, result = rendered(named(name), PROJECT, f"mcp__{server}__.*")
    assert found == []
    assert True in [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("name", "matcher", "expected"),
    [
        ("goose", "Bash|mcp__.*__drop", "^(?:(developer__)?shell)$"),
        ("openhands", "Bash|Edit.*", "terminal"),
        ("openhands", "^(Bash|Write)$", "terminal|file_editor"),
        ("vibe", "^Bash$|mcp__db__(read|write)", "re:bash|db_(read|write)"),
        ("crush", "mcp__db__drop|Bash", "mcp_db_drop|bash"),
        ("gemini", "mcp__db__drop__all", "mcp_db_drop__all"),
        ("droid", "(?!Read).*", "(?!Read).*"),
        ("codex", "^(Edit|Write)$", "^(Edit|Write)$"),
    ],
)
def test_of_several_alternatives_those_with_a_name_stay(name: str, matcher: str, expected: str) -> None:
    """One that has none is told."""
    found, result = rendered(named(name), PROJECT, matcher)
    assert [expected] == found
    is_part = ".*__" in matcher or "Edit.*" in matcher
    assert is_part == any("has no name for" in loss.why for loss in result.losses)


@pytest.mark.parametrize("name", ["openhands", "goose", "gemini", "crush", "qwen", "auggie", "kimi"])
@pytest.mark.parametrize("matcher", ["Write$", "^Write", "(Bash|Grep)$", "^(Bash|Grep)", "^Edit|Write$", "mcp__a__b$"])
def test_a_pattern_with_one_anchor_is_no_name(name: str, matcher: str) -> None:
    """`Write$` matches `TodoWrite` and `Edit$` `NotebookEdit`: what is not written of it is told."""
    target = named(name)
    scope = PROJECT if (target, PROJECT) in WRITERS else USER
    found, result = rendered(target, scope, matcher)
    told = [loss.security for loss in result.losses if loss.what.endswith(f": matcher {matcher}")]
    assert (found, told[:1]) == ([], [True])


@pytest.mark.parametrize("matcher", ["^mcp__db__.*$", "^mcp__db__.*", "mcp__db__.*$"])
def test_anchors_of_all_that_a_server_has_say_nothing_more(matcher: str) -> None:
    """Whatever follows its name."""
    assert rendered(named("crush"), PROJECT, matcher)[0] == rendered(named("crush"), PROJECT, "mcp__db__.*")[0] != []


def test_all_tools_of_a_server_with_a_star_at_its_end_have_no_name() -> None:
    """As a pattern it is any number of underscores, and anchored it would match nothing."""
    found, result = rendered(named("goose"), PROJECT, "mcp__db__*")
    assert found == []
    assert True in [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("name", "matcher", "several"),
    [
        ("goose", "Edit", "Edit and Read and Write"),
        ("goose", "Bash", None),
        ("openhands", "Bash|Edit", "Edit and Read and Write"),
        ("openhands", "Read|Edit|Write", None),
        ("openhands", "Task", None),
        ("openhands", ".*", None),
        ("vibe", "Edit", "Edit and Write"),
        ("vibe", "MultiEdit", None),
    ],
)
def test_a_tool_that_does_what_several_do_in_claude_code_is_told(name: str, matcher: str, several: str | None) -> None:
    """The hook runs for what it was not written for."""
    _, result = rendered(named(name), PROJECT, matcher)
    told = [loss.why for loss in result.losses if "has one tool for" in loss.why]
    assert bool(told) == (several is not None)
    assert all(f"has one tool for {several}: the hook runs for all that it does" in why for why in told)
