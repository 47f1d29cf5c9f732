"""Hooks, in the form that Claude Code really has."""

from __future__ import annotations

from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Hook, Layer, Scope


def handler(command: str, **more: object) -> dict[str, Any]:
    """A hook handler that runs a command."""
    return {"type": "command", "command": command, **more}


def test_a_hook_has_event_matcher_command_and_timeout(world: Any) -> None:
    """The handlers of one matcher are numbered."""
    groups = [{"matcher": "Edit|Write", "hooks": [handler("fmt", timeout=30), handler("lint", async_=True)]}]
    world.in_project(
        {".claude/settings.json": {"hooks": {"PostToolUse": groups, "Stop": [{"hooks": [handler("bye")]}]}}}
    )
    hooks = world.items(Hook)
    assert list(hooks) == ["PostToolUse[Edit|Write]#1", "PostToolUse[Edit|Write]#2", "Stop[]#1"]
    first = hooks["PostToolUse[Edit|Write]#1"]
    assert (first.event, first.matcher, first.type, first.command) == ("PostToolUse", "Edit|Write", "command", "fmt")
    assert (first.timeout_s, first.extra) == (30, {})
    assert hooks["PostToolUse[Edit|Write]#2"].extra == {"async_": True}


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"type": "prompt", "prompt": "Is it done?", "model": "haiku"}, "prompt"),
        ({"type": "http", "url": "https://x.example/hook"}, "http"),
        ({"type": "agent", "prompt": "Verify"}, "agent"),
        ({"type": "mcp_tool", "server": "s", "tool": "t"}, "mcp_tool"),
    ],
)
def test_handlers_that_are_no_commands_keep_their_fields(world: Any, entry: dict[str, Any], kind: str) -> None:
    """A target can tell that it loses them."""
    world.in_project({".claude/settings.json": {"hooks": {"Stop": [{"hooks": [entry]}]}}})
    hook = world.items(Hook)["Stop[]#1"]
    assert (hook.type, hook.command) == (kind, None)
    assert hook.extra == {key: value for key, value in entry.items() if key != "type"}


def test_hooks_of_project_and_local_file_both_run(world: Any) -> None:
    """Equal ones once; those of the user are in the user scope."""
    for name, files in (("settings.json", ["a", "same"]), ("settings.local.json", ["b", "same"])):
        hooks = {"Stop": [{"hooks": [handler(command) for command in files]}]}
        world.in_project({f".claude/{name}": {"hooks": hooks}})
    world.in_home({".claude/settings.json": {"hooks": {"Stop": [{"hooks": [handler("u")]}]}}})
    found = [(hook.command, hook.origin.layer, hook.origin.private) for hook in world.items(Hook).values()]
    assert found == [
        ("a", Layer.PROJECT, False),
        ("same", Layer.PROJECT, False),
        ("b", Layer.LOCAL, True),
    ]
    assert [hook.command for hook in world.items(Hook, Scope.USER).values()] == ["u"]


@pytest.mark.parametrize(
    "table",
    [
        {"Stop": "x"},
        {"Stop": [{"command": "x"}]},
        {"Stop": ["x"]},
        {"Stop": [{"hooks": [{"type": "weird"}]}]},
        {"Stop": [{"hooks": [{"command": "x"}]}]},
        {"Stop": [{"hooks": [{"type": "command"}]}]},
        {"Stop": [{"hooks": ["x"]}]},
    ],
)
def test_a_wrong_hook_is_told_and_the_others_run(world: Any, table: dict[str, Any]) -> None:
    """As in Claude Code."""
    hooks = {**table, "SessionStart": [{"hooks": [handler("good")]}]}
    world.in_project({".claude/settings.json": {"hooks": hooks}})
    assert [hook.command for hook in world.items(Hook).values()] == ["good"]
    assert world.codes() == ["hook_invalid"]


def test_all_hooks_can_be_switched_off(world: Any) -> None:
    """The innermost file counts."""
    hooks = {"hooks": {"Stop": [{"hooks": [handler("x")]}]}}
    world.in_project({".claude/settings.json": {**hooks, "disableAllHooks": True}})
    assert world.items(Hook) == {}
    world.in_project({".claude/settings.local.json": {"disableAllHooks": False}})
    assert [hook.command for hook in world.items(Hook).values()] == ["x"]


def test_nobody_but_the_administrator_switches_his_hooks_off(world: Any) -> None:
    """And he can make them the only ones."""
    world.in_managed({"managed-settings.json": {"hooks": {"Stop": [{"hooks": [handler("managed")]}]}}})
    world.in_home({".claude/settings.json": {"disableAllHooks": True, "hooks": {"Stop": [{"hooks": [handler("u")]}]}}})
    assert [hook.command for hook in world.items(Hook, Scope.USER).values()] == ["managed"]
    world.in_managed({"managed-settings.d/x.json": {"allowManagedHooksOnly": True}})
    world.in_home({".claude/settings.json": {"hooks": {"Stop": [{"hooks": [handler("u")]}]}}})
    assert [hook.command for hook in world.items(Hook, Scope.USER).values()] == ["managed"]
