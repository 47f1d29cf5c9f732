"""What narrows an allowance, and that no harness is allowed what Claude Code would not allow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.conftest import permission, permissions, source
from tests.adapters.permission_readers import READERS, Allows
from tests.adapters.test_golden import tree
from tests.adapters.uses import ROOT, USES, Use, claude_allows, rules

from harnesssync_adapters import TARGETS
from harnesssync_adapters.permissions.narrowing import globs_meet, narrowing
from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import Kind, Layer, PermissionRule, Scope
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import Native, Target, Unsupported

BY_ID = {target.id: target for target in TARGETS}
PLACES = [
    pytest.param(target, scope, id=f"{target.id}-{scope.value}")
    for target in TARGETS
    for scope in Scope
    if not isinstance(target.support(scope, Kind.PERMISSIONS), (Unsupported, Native))
]
BRIEF = [
    *(("allow", text) for text in ("Edit", "Bash(git:*)", "Read", "WebFetch")),
    *(("ask", text) for text in ("Edit(src/**)", "Bash(git push:*)")),
    *(("deny", text) for text in ("Edit(/infra/**)", "Read(secret/**)", "WebFetch(domain:evil.example)")),
]


def given_rules(scope: Scope, pairs: list[tuple[str, str]]) -> list[PermissionRule]:
    return [permission(scope, action, text) for action, text in pairs]


def allowed(target: Target, scope: Scope, some: list[PermissionRule]) -> Allows:
    """What the harness does unasked, by what is written for it."""
    return READERS[target.id](tree(target, source(scope, permissions(scope, *some))))


@pytest.mark.parametrize(("target", "scope"), PLACES)
@given(data=st.data())
def test_nothing_is_allowed_that_claude_code_would_not_allow(target: Target, scope: Scope, data: st.DataObject) -> None:
    """Of commands, files, addresses and tools of servers, whatever denies or asks."""
    some = data.draw(rules(scope))
    allows = allowed(target, scope, some)
    wider = [use for use in USES if allows(use) and not claude_allows(some, use)]
    assert wider == []


@pytest.mark.parametrize(("target", "scope"), PLACES)
def test_a_whole_tool_is_not_allowed_beside_what_the_harness_can_not_be_told(target: Target, scope: Scope) -> None:
    """Each of these allowances is narrowed."""
    some = given_rules(scope, BRIEF)
    allows = allowed(target, scope, some)
    assert [use for use in USES if allows(use) and not claude_allows(some, use)] == []


@pytest.mark.parametrize(
    ("name", "scope", "pairs", "use"),
    [
        ("cursor", Scope.PROJECT, [("allow", "Edit"), ("deny", "Edit(/infra/**)")], Use("Edit", f"{ROOT}/src/a.py")),
        ("cursor", Scope.PROJECT, [("allow", "Bash(git:*)"), ("ask", "Bash(npm:*)")], Use("Bash", "git log")),
        ("crush", Scope.PROJECT, [("allow", "Read"), ("deny", "WebFetch(domain:x.y)")], Use("Read", f"{ROOT}/top.py")),
        ("crush", Scope.PROJECT, [("allow", "Edit"), ("deny", "Write")], Use("Edit", f"{ROOT}/top.py")),
        ("continue", Scope.USER, [("allow", "Edit"), ("ask", "Bash(ls:*)")], Use("Edit", f"{ROOT}/top.py")),
        ("gemini", Scope.USER, [("allow", "Bash"), ("deny", "Bash(git push:*)")], Use("Bash", "git log")),
        ("opencode", Scope.PROJECT, [("allow", "Read"), ("deny", "Read(secret)")], Use("Read", f"{ROOT}/top.py")),
        ("opencode", Scope.PROJECT, [("allow", "Read"), ("deny", "Grep")], Use("Read", f"{ROOT}/top.py")),
        ("qwen", Scope.PROJECT, [("allow", "Edit"), ("ask", "Edit(src/**)")], Use("Write", f"{ROOT}/top.py")),
        ("zed", Scope.USER, [("allow", "Edit"), ("ask", "Write(src/**)")], Use("Edit", f"{ROOT}/top.py")),
        ("vibe", Scope.USER, [("allow", "Bash"), ("deny", "Bash(git push:*)")], Use("Bash", "git log")),
        ("kimi", Scope.USER, [("allow", "Edit"), ("deny", "Edit(/infra/**)")], Use("Edit", f"{ROOT}/top.py")),
        ("codex", Scope.PROJECT, [("allow", "Bash(git:*)"), ("ask", "Bash(ls*)")], Use("Bash", "git log")),
        ("windsurf", Scope.PROJECT, [("allow", "Edit"), ("ask", "Edit(src/**)")], Use("Edit", f"{ROOT}/top.py")),
    ],
)
def test_an_allowance_is_kept_beside_what_the_harness_can_be_told(
    name: str, scope: Scope, pairs: list[tuple[str, str]], use: Use
) -> None:
    """Or beside what is about something else."""
    assert allowed(BY_ID[name], scope, given_rules(scope, pairs))(use)


def losses(name: str, scope: Scope, *some: PermissionRule) -> list[Loss]:
    return list(desired_state([BY_ID[name]], source(scope, permissions(scope, *some))).losses)


def test_an_allowance_that_is_left_out_says_what_narrows_it() -> None:
    """It is no matter of security: it is asked again."""
    some = given_rules(Scope.PROJECT, [("allow", "Edit"), ("ask", "Edit(src/**)")])
    first, second = losses("cursor", Scope.PROJECT, *some)
    assert first.what == "allow Edit"
    assert first.why == "`ask Edit(src/**)` narrows it, which Cursor can't be told in full"
    assert second.what == "ask Edit(src/**)"
    assert [False, False] == [first.security, second.security]


@pytest.mark.parametrize(("text", "security"), [("Edit(src/**)", True), ("Bash(git push:*)", False)])
def test_a_question_about_what_a_person_allows_everywhere_is_lost_as_a_matter_of_security(
    text: str, security: bool
) -> None:
    """What the home directory allows, the harness does not ask about in this project."""
    mine = permission(Scope.PROJECT, "allow", "Edit", layer=Layer.USER)
    (loss,) = losses("cursor", Scope.PROJECT, mine, permission(Scope.PROJECT, "ask", text))
    assert loss.security == security
    assert ("your own rules allow Edit" in loss.why) == security


@pytest.mark.parametrize("name", ["qwen", "zed", "kimi", "opencode"])
@pytest.mark.parametrize("text", ["*", "mcp__*", "mcp__*__rm"])
def test_a_denial_for_tools_of_any_name_is_told_to_be_lost(name: str, text: str) -> None:
    """It is not written as the name of one tool."""
    found = losses(name, Scope.USER, permission(Scope.USER, "deny", text))
    assert [(f"deny {text}", True)] == [(loss.what, loss.security) for loss in found]


@pytest.mark.parametrize(
    ("allowance", "rule", "narrows"),
    [
        ("Bash", "Bash(git push:*)", True),
        ("Bash(git:*)", "Bash", True),
        ("Bash(git:*)", "Bash(git push:*)", True),
        ("Bash(git:*)", "Bash(git)", True),
        ("Bash(git:*)", "Bash(* --force)", True),
        ("Bash(git:*)", 'Bash("git" push:*)', True),
        ("Bash(git:*)", "Bash(gitk:*)", False),
        ("Bash(git log:*)", "Bash(git push:*)", False),
        ("Bash(npm test)", "Bash(npm test -- -u)", False),
        ("Bash(npm test)", "Read(src/**)", False),
        ("Edit", "Write(src/**)", True),
        ("Write", "Edit(src/**)", True),
        ("Grep", "Read(secret/**)", True),
        ("Read", "Edit(src/**)", False),
        ("Read(src/**)", "Read(secret/**)", False),
        ("Read(src/**)", "Read(*.key)", True),
        ("Read(src/**)", "Read(/src/a)", True),
        ("Read(src/**)", "Read(SRC/a)", True),
        ("Read(src/lib/**)", "Read(src)", True),
        ("Read(src/**)", "Read(//repo/src/a)", True),
        ("Read(src/**)", "Read(~/x)", True),
        ("Read(src/**)", "Read(a/../src/b)", True),
        ("Read(src/**)", "Read(.)", True),
        ("WebFetch(domain:x.y)", "WebFetch(domain:X.Y)", True),
        ("WebFetch(domain:x.y)", "WebFetch(domain:a.x.y)", True),
        ("WebFetch(domain:x.y)", "WebFetch(domain:*.x.y)", True),
        ("WebFetch(domain:x.y)", "WebFetch(domain:xx.y)", False),
        ("WebFetch(domain:x.y)", "WebSearch", False),
        ("mcp__docs", "mcp__docs__rm", True),
        ("mcp__docs__rm", "mcp__docs", True),
        ("mcp__docs__rm", "mcp__*__rm", True),
        ("mcp__docs__rm", "mcp__docs__find", False),
        ("mcp__docs", "mcp__docs2", False),
        ("Task", "Agent(Explore)", True),
        ("Agent(Plan)", "Agent(Explore)", False),
        ("Skill(pdf:*)", "Skill(pdf)", True),
        ("Edit", "*", True),
    ],
)
def test_a_rule_narrows_what_it_may_be_about_too(allowance: str, rule: str, narrows: bool) -> None:
    """Whether it denies or asks; what allows narrows nothing."""
    given_allowance = permission(Scope.PROJECT, "allow", allowance)
    some = {action: permission(Scope.PROJECT, action, rule) for action in ("deny", "ask", "allow")}
    expected = [some["deny"], some["ask"]] if narrows else []
    assert expected == list(narrowing(given_allowance, some.values()))


@given(one=st.text("ab*", max_size=5), other=st.text("ab*", max_size=5), text=st.text("ab", max_size=5))
def test_globs_meet_if_a_text_matches_both(one: str, other: str, text: str) -> None:
    """And they do so in either order."""

    def matches(glob: str) -> bool:
        return re.fullmatch(glob.replace("*", ".*"), text) is not None

    assert globs_meet(one, other) == globs_meet(other, one)
    assert globs_meet(one, other) or not (matches(one) and matches(other))
