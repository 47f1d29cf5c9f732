"""That no denial is silently broader in a harness than in Claude Code, where that has one tool for several."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.conftest import agent, permission, permissions, source
from tests.adapters.test_golden import tree
from tests.adapters.test_narrowing import BY_ID, PLACES, allowed, given_rules, losses
from tests.adapters.uses import USES, claude_allows, rules

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import Target

DENIABLE = ["NotebookEdit", "MultiEdit", "Write", "Edit", "Grep", "Glob", "LS", "Read", "Bash", "WebFetch", "WebSearch"]


@pytest.mark.parametrize(("target", "scope"), PLACES)
@settings(max_examples=25)  # each of four renderings, for each target
@given(data=st.data())
def test_a_denial_of_a_tool_that_denies_more_is_told(target: Target, scope: Scope, data: st.DataObject) -> None:
    """Of what the harness did unasked, and Claude Code still does, nothing goes without a word."""
    some = data.draw(rules(scope))
    denied = permission(scope, "deny", data.draw(st.sampled_from(DENIABLE)))
    before, after = allowed(target, scope, some), allowed(target, scope, [*some, denied])
    given_up = [use for use in USES if before(use) and not after(use) and claude_allows([*some, denied], use)]
    told = set(losses(target.id, scope, *some, denied)).difference(losses(target.id, scope, *some))
    assert not given_up or told


@pytest.mark.parametrize(("target", "scope"), PLACES)
@pytest.mark.parametrize(
    ("text", "whole"),
    [("NotebookEdit", "Edit"), ("NotebookEdit(lab/**)", "Edit"), ("MultiEdit", "Edit"), ("Write", "Edit")]
    + [(text, "Read") for text in ("NotebookRead", "LS", "Glob", "Grep")],
)
@pytest.mark.parametrize("action", ["deny", "ask"])
def test_a_rule_about_one_tool_is_not_silently_about_all_of_its_kind(
    target: Target, scope: Scope, text: str, whole: str, action: str
) -> None:
    """What is written for `NotebookEdit` is never what is written for `Edit`."""
    one, all_of_them = (
        {path: content for path, content in written.items() if path != "losses.json"}
        for written in (
            tree(target, source(scope, permissions(scope, permission(scope, action, each)))) for each in (text, whole)
        )
    )
    if one and one == all_of_them:
        assert not text.startswith("NotebookEdit")
        assert f"{action} {text}" in [loss.what for loss in losses(target.id, scope, permission(scope, action, text))]


@pytest.mark.parametrize(("target", "scope"), PLACES)
def test_who_may_edit_notebooks_may_not_edit_all_files(target: Target, scope: Scope) -> None:
    """The allowance is not widened."""
    allows = allowed(target, scope, given_rules(scope, [("allow", "NotebookEdit")]))
    assert [use for use in USES if allows(use)] == []


@pytest.mark.parametrize(
    ("name", "scope", "text", "written"),
    [
        ("cursor", Scope.PROJECT, "NotebookEdit", ["Write(**/*.ipynb)", "Write(/**/*.ipynb)"]),
        ("cursor", Scope.PROJECT, "NotebookEdit(lab/**)", ["Write(lab/**/*.ipynb)"]),
        ("opencode", Scope.PROJECT, "NotebookEdit", ['"*.ipynb": "deny"', '"*/*.ipynb": "deny"']),
        ("kilo", Scope.PROJECT, "NotebookEdit", ['"*.ipynb": "deny"']),
        ("zed", Scope.USER, "NotebookEdit", [r"(?s)(?:^|/)[^/]*\\.ipynb(?:/|$)"]),
        ("windsurf", Scope.PROJECT, "NotebookEdit", ["Write(**/*.ipynb)"]),
    ],
)
def test_a_denial_of_editing_notebooks_is_about_notebooks(
    name: str, scope: Scope, text: str, written: list[str]
) -> None:
    """Where a harness has one tool for all changes of files."""
    some = [permission(scope, "deny", text)]
    files = tree(BY_ID[name], source(scope, permissions(scope, *some)))
    content = b"".join(one for path, one in files.items() if path != "losses.json").decode()
    assert [one for one in written if one not in content] == []
    assert any("of a notebook" in loss.why and not loss.security for loss in losses(name, scope, *some))


@pytest.mark.parametrize("name", ["cursor", "opencode", "zed", "windsurf"])
def test_notebooks_that_can_not_be_named_are_a_loss_of_security(name: str) -> None:
    """A folder is not only of notebooks."""
    some = [permission(Scope.USER, "deny", "NotebookEdit(lab)")]
    assert any(loss.what == "deny NotebookEdit(lab)" and loss.security for loss in losses(name, Scope.USER, *some))


AGENTS = [
    ("kiro", Scope.PROJECT, "write"),
    ("roo", Scope.PROJECT, '"edit"'),
    ("copilot", Scope.USER, "edit"),
]


@pytest.mark.parametrize(("name", "scope", "group"), AGENTS)
def test_a_denial_of_a_tool_that_is_gone_takes_no_group_away(name: str, scope: Scope, group: str) -> None:
    """That the group has it is told all the same."""
    one = agent(scope, "a", prompt="Work.", disallowed_tools=("MultiEdit",))
    files = tree(BY_ID[name], source(scope, one))
    assert any(group in content.decode() for path, content in files.items() if path != "losses.json")
    found = desired_state([BY_ID[name]], source(scope, one)).losses
    assert [True] == [loss.security for loss in found if "MultiEdit" in loss.why]


@pytest.mark.parametrize(("name", "scope", "group"), AGENTS)
@pytest.mark.parametrize("tools", [None, ("Bash", "Edit", "Write")])
@pytest.mark.parametrize("denied", ["NotebookEdit", "NotebookEdit(lab/**)"])
def test_an_agent_that_must_not_edit_notebooks_gets_no_group_that_does(
    name: str, scope: Scope, group: str, tools: tuple[str, ...] | None, denied: str
) -> None:
    """It loses the rest of the group with that, and is told for which tool."""
    one = agent(scope, "a", prompt="Work.", tools=tools, disallowed_tools=(denied,))
    files = tree(BY_ID[name], source(scope, one))
    assert not any(group in content.decode() for path, content in files.items() if path != "losses.json")
    found = desired_state([BY_ID[name]], source(scope, one)).losses
    assert {"tools: Edit", "tools: Write"} == {loss.what for loss in found if "together with NotebookEdit" in loss.why}


@pytest.mark.parametrize(("name", "scope", "group"), AGENTS)
def test_an_agent_that_edits_notebooks_alone_gets_no_group_of_tools(name: str, scope: Scope, group: str) -> None:
    """It would edit all files."""
    one = agent(scope, "a", prompt="Work.", tools=("Bash", "NotebookEdit"))
    files = tree(BY_ID[name], source(scope, one))
    assert not any(group in content.decode() for path, content in files.items() if path != "losses.json")
    assert "tools: NotebookEdit" in [loss.what for loss in desired_state([BY_ID[name]], source(scope, one)).losses]


@pytest.mark.parametrize(("name", "scope", "group"), AGENTS)
def test_an_agent_that_loses_its_group_with_a_denied_tool_is_told(name: str, scope: Scope, group: str) -> None:
    """Also where it has no list of its own."""
    one = agent(scope, "a", prompt="Work.", disallowed_tools=("Write",))
    files = tree(BY_ID[name], source(scope, one))
    assert not any(group in content.decode() for path, content in files.items() if path != "losses.json")
    assert "tools: Edit" in [loss.what for loss in desired_state([BY_ID[name]], source(scope, one)).losses]


@pytest.mark.parametrize("name", ["opencode", "kilo"])
def test_an_agent_that_must_not_edit_notebooks_is_denied_these_files(name: str) -> None:
    """And all files where it must not write, which is told."""
    target, scope = BY_ID[name], Scope.PROJECT
    notebooks = agent(scope, "a", prompt="Work.", disallowed_tools=("NotebookEdit",))
    (content,) = (one for path, one in tree(target, source(scope, notebooks)).items() if path.endswith("a.md"))
    assert yaml.safe_load(content.decode().split("---\n")[1])["permission"] == {"edit": {"*.ipynb": "deny"}}
    writing = agent(scope, "a", prompt="Work.", disallowed_tools=("NotebookEdit", "Write"))
    (content,) = (one for path, one in tree(target, source(scope, writing)).items() if path.endswith("a.md"))
    assert yaml.safe_load(content.decode().split("---\n")[1])["permission"] == {"edit": "deny"}
    assert "tools: Edit" in [loss.what for loss in desired_state([target], source(scope, writing)).losses]
