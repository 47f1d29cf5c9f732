"""Permissions: rules of all layers that bind, and none that Claude Code would skip."""

from __future__ import annotations

from typing import Any

from harnesssync_orchestrator.core.items import Action, Layer, Permissions, Scope


def rules_of(permissions: Permissions) -> list[tuple[str, str, str, bool]]:
    """Action, text, layer and privacy of every rule."""
    return [(r.action.value, r.text, r.origin.layer.value, r.origin.private) for r in permissions.rules]


def test_a_projects_permissions_hold_the_rules_of_all_layers(world: Any) -> None:
    """Outer layers first, and private, so that no project's allow defeats a user's deny."""
    world.in_managed({"managed-settings.json": {"permissions": {"deny": ["Bash(sudo:*)"]}}})
    world.in_home({".claude/settings.json": {"permissions": {"deny": ["Read(~/.ssh/**)"], "defaultMode": "plan"}}})
    world.in_project(
        {
            ".claude/settings.json": {"permissions": {"allow": ["Bash(npm run lint:*)"], "ask": ["WebFetch"]}},
            ".claude/settings.local.json": {
                "permissions": {
                    "allow": ["Bash(make)"],
                    "additionalDirectories": ["../docs"],
                    "defaultMode": "acceptEdits",
                }
            },
        }
    )
    permissions = world.items(Permissions)["permissions"]
    assert rules_of(permissions) == [
        ("deny", "Bash(sudo:*)", "managed", True),
        ("deny", "Read(~/.ssh/**)", "user", True),
        ("allow", "Bash(npm run lint:*)", "project", False),
        ("ask", "WebFetch", "project", False),
        ("allow", "Bash(make)", "local", True),
    ]
    assert permissions.default_mode == "acceptEdits"
    assert permissions.additional_directories == ("../docs",)
    assert permissions.origin.layer is Layer.PROJECT


def test_a_project_that_says_nothing_has_no_permissions(world: Any) -> None:
    """Those of the user are in the user scope."""
    world.in_home({".claude/settings.json": {"permissions": {"deny": ["Read(.env)"]}}})
    assert world.items(Permissions) == {}
    assert rules_of(world.items(Permissions, Scope.USER)["permissions"]) == [("deny", "Read(.env)", "user", True)]


def test_equal_rules_of_one_file_are_one(world: Any) -> None:
    """Lists join without doubles."""
    world.in_project({".claude/settings.json": {"permissions": {"allow": ["Read", "Read"]}}})
    assert len(world.items(Permissions)["permissions"].rules) == 1


def test_a_rule_is_taken_apart(world: Any) -> None:
    """Into tool and specifier."""
    world.in_project({".claude/settings.json": {"permissions": {"allow": ["Bash(npm run test:*)", "Bash(*)", "Edit"]}}})
    rules = world.items(Permissions)["permissions"].rules
    assert [(rule.tool, rule.specifier) for rule in rules] == [
        ("Bash", "npm run test:*"),
        ("Bash", None),
        ("Edit", None),
    ]
    assert {rule.action for rule in rules} == {Action.ALLOW}


def test_rules_that_are_wrong_are_told_and_the_others_hold(world: Any) -> None:
    """And no output is removed meanwhile: a deny may be among them."""
    world.in_project(
        {".claude/settings.json": {"permissions": {"deny": ["Bash(rm", "Read()", 5, "read", "Read(.env)"]}}}
    )
    source = world.read()
    assert [rule.text for rule in source.items[0].rules] == ["Read(.env)"]
    assert [(problem.code, problem.hides) for problem in source.problems] == [("permission_rule_invalid", True)] * 4


def test_an_administrator_can_make_his_rules_the_only_ones(world: Any) -> None:
    """`allowManagedPermissionRulesOnly`."""
    world.in_managed(
        {"managed-settings.json": {"allowManagedPermissionRulesOnly": True, "permissions": {"allow": ["Read"]}}}
    )
    world.in_home({".claude/settings.json": {"permissions": {"allow": ["Bash"]}}})
    world.in_project({".claude/settings.json": {"permissions": {"allow": ["Write"]}}})
    assert world.items(Permissions) == {}
    assert [rule.text for rule in world.items(Permissions, Scope.USER)["permissions"].rules] == ["Read"]
