"""Plugins: where they lie, what they bring along, and whom it belongs to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import (
    Agent,
    Command,
    Hook,
    Kind,
    Layer,
    McpServer,
    Scope,
    Skill,
    Transport,
)


def install(world: Any, name: str, files: dict[str, Any], *, manifest: dict[str, Any] | None = None) -> str:
    """Install a plugin `name@market` as `claude plugin install` does, for the user; its folder."""
    folder = f".claude/plugins/cache/market/{name}/1.0.0"
    world.in_home({f"{folder}/{path}": content for path, content in files.items()})
    world.in_home({f"{folder}/.claude-plugin/plugin.json": {"name": name, **(manifest or {})}})
    path = str(world.home / folder)
    installed = world.home / ".claude/plugins/installed_plugins.json"
    known = {} if not installed.exists() else json.loads(installed.read_text())["plugins"]
    known[f"{name}@market"] = [{"scope": "user", "installPath": path, "version": "1.0.0"}]
    world.in_home({".claude/plugins/installed_plugins.json": {"version": 2, "plugins": known}})
    return path


def enable(world: Any, *names: str, where: str = ".claude/settings.json", value: bool = True) -> None:
    """Enable plugins in a file of the project."""
    world.in_project({where: {"enabledPlugins": {f"{name}@market": value for name in names}}})


def test_a_plugins_items_have_its_name_in_front(world: Any, skill_text: Any, agent_text: Any) -> None:
    """Skills, agents and commands with colons; servers as in the names of their tools."""
    install(
        world,
        "tools",
        {
            "skills/pdf/SKILL.md": skill_text("Reads"),
            "agents/team/x.md": agent_text("helper"),
            "agents/unnamed.md": "---\ndescription: D\n---\nPrompt\n",
            "commands/git/commit.md": "Commit\n",
            ".mcp.json": {"mcpServers": {"db": {"command": "${CLAUDE_PLUGIN_ROOT}/bin/db", "args": ["${TOKEN}"]}}},
            "hooks/hooks.json": {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x"}]}]}},
            "CLAUDE.md": "not read",
        },
    )
    enable(world, "tools")
    source = world.read()
    assert sorted(str(item.id) for item in source.items) == [
        "agent tools:team:helper",
        "agent tools:unnamed",
        "command tools:git:commit",
        "hook Stop[]#1",
        "mcp_server plugin_tools_db",
        "skill tools:pdf",
    ]
    assert {item.origin.plugin for item in source.items} == {"tools@market"}
    assert {item.origin.layer for item in source.items} == {Layer.PLUGIN}
    assert source.of(Kind.COMMAND)[0].path == ("tools", "git", "commit")


def test_the_plugins_folder_is_written_out(world: Any) -> None:
    """No other harness knows the variable; references to the environment stay."""
    hook = {"type": "command", "command": '"${CLAUDE_PLUGIN_ROOT}/run" $HOME'}
    args = ["${CLAUDE_PLUGIN_ROOT}/run", "$CLAUDE_PLUGIN_ROOT"]
    path = install(
        world,
        "p",
        {
            ".mcp.json": {"s": {"command": "${CLAUDE_PLUGIN_ROOT}/x", "env": {"A": "${TOKEN}"}}},
            "hooks/hooks.json": {"hooks": {"Stop": [{"hooks": [hook, {**hook, "args": args}]}]}},
        },
    )
    enable(world, "p")
    server = world.items(McpServer)["plugin_p_s"]
    assert (str(server.command), str(server.env["A"])) == (f"{path}/x", "${TOKEN}")
    assert world.items(Hook)["Stop[]#1"].command == f'"{path}/run" $HOME'
    assert world.items(Hook)["Stop[]#2"].extra == {"args": [f"{path}/run", "$CLAUDE_PLUGIN_ROOT"]}


def test_the_manifest_adds_skills_and_replaces_commands_and_agents(
    world: Any, skill_text: Any, agent_text: Any
) -> None:
    """As Claude Code reads it."""
    install(
        world,
        "p",
        {
            "skills/std/SKILL.md": skill_text("S"),
            "more/own/SKILL.md": skill_text("O"),
            "single/SKILL.md": skill_text("1"),
            "commands/std.md": "S",
            "cmds/x.md": "X",
            "cmds2/y.md": "Y",
            "agents/std.md": agent_text("std"),
            "agt/q.md": agent_text("q"),
        },
        manifest={
            "skills": ["./more", "./single"],
            "commands": ["./cmds/x.md", "./cmds2"],
            "agents": "./agt/q.md",
            "mcpServers": {"s": {"type": "http", "url": "https://x.example"}},
            "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x"}]}]},
        },
    )
    enable(world, "p")
    assert sorted(world.items(Skill)) == ["p:own", "p:single", "p:std"]
    assert sorted(world.items(Command)) == ["p:x", "p:y"]
    assert sorted(world.items(Agent)) == ["p:q"]
    assert world.items(McpServer)["plugin_p_s"].transport is Transport.HTTP
    assert len(world.items(Hook)) == 1


def test_a_plugin_may_be_one_skill(world: Any, skill_text: Any) -> None:
    """With a `SKILL.md` at its root."""
    install(world, "solo", {"SKILL.md": skill_text("S", name="solo-skill")})
    enable(world, "solo")
    assert list(world.items(Skill)) == ["solo:solo-skill"]


def test_a_plugin_of_a_local_marketplace_is_read_where_it_is_written(world: Any, skill_text: Any) -> None:
    """Not from the copy; the catalogue may say what the manifest does not."""
    install(world, "p", {"skills/old/SKILL.md": skill_text("Old")})
    market = world.home / "market"
    world.in_home(
        {
            "market/.claude-plugin/marketplace.json": {
                "name": "market",
                "plugins": [{"name": "p", "source": "./p", "skills": ["./extra/one"]}],
            },
            "market/p/skills/new/SKILL.md": skill_text("New"),
            "market/p/extra/one/SKILL.md": skill_text("One"),
            ".claude/plugins/known_marketplaces.json": {
                "market": {"source": {"source": "directory", "path": str(market)}, "installLocation": str(market)}
            },
        }
    )
    enable(world, "p")
    assert sorted(world.items(Skill)) == ["p:new", "p:one"]


@pytest.mark.parametrize(
    ("where", "private"), [(".claude/settings.json", False), (".claude/settings.local.json", True)]
)
def test_a_plugin_belongs_to_who_enabled_it(world: Any, skill_text: Any, where: str, private: bool) -> None:
    """One that a local file enables is private."""
    install(world, "p", {"skills/a/SKILL.md": skill_text("A")})
    enable(world, "p", where=where)
    assert [skill.origin.private for skill in world.items(Skill).values()] == [private]
    assert world.items(Skill, Scope.USER) == {}


def test_a_plugin_of_the_user_is_in_the_user_scope(world: Any, skill_text: Any) -> None:
    """And a local file switches one of the project off."""
    install(world, "p", {"skills/a/SKILL.md": skill_text("A")})
    world.in_home({".claude/settings.json": {"enabledPlugins": {"p@market": True}}})
    assert list(world.items(Skill, Scope.USER)) == ["p:a"]
    assert world.items(Skill) == {}
    enable(world, "p")
    enable(world, "p", where=".claude/settings.local.json", value=False)
    assert world.items(Skill) == {}


def test_a_plugin_that_is_not_installed_is_told(world: Any) -> None:
    """With the command that installs it; nothing is removed meanwhile."""
    enable(world, "gone")
    (problem,) = world.problems()
    assert (problem.code, problem.hides) == ("plugin_missing", True)
    assert "claude plugin install gone@market" in problem.hint


@pytest.mark.parametrize("identifier", ["../x@market", "x@../..", "x", "@m", "a/b@m"])
def test_a_plugin_with_an_unsafe_name_is_refused(world: Any, identifier: str) -> None:
    """Its name would be part of paths."""
    world.in_project({".claude/settings.json": {"enabledPlugins": {identifier: True}}})
    assert world.codes() == ["name_unsafe"]


@pytest.mark.parametrize("path", ["../outside", "/etc", "./a/../../../outside"])
def test_a_manifest_can_not_lead_out_of_its_plugin(world: Any, skill_text: Any, path: str) -> None:
    """It is told, and the rest is read."""
    world.in_home({".claude/plugins/cache/market/p/outside/x/SKILL.md": skill_text("CANARY")})
    install(world, "p", {"skills/a/SKILL.md": skill_text("A")}, manifest={"skills": path})
    enable(world, "p")
    assert list(world.items(Skill)) == ["p:a"]
    assert world.codes() == ["plugin_invalid"]


def test_a_link_in_a_plugin_can_not_lead_out_of_it(world: Any, skill_text: Any) -> None:
    """A marketplace is somebody else's repository."""
    world.in_home({"secret/SKILL.md": skill_text("CANARY")})
    folder = install(world, "p", {"skills/a/SKILL.md": skill_text("A")})
    Path(folder, "skills", "b").symlink_to(world.home / "secret")
    enable(world, "p")
    assert list(world.items(Skill)) == ["p:a"]
    assert world.codes() == ["outside_project"]


def test_broken_lists_of_plugins_are_told(world: Any) -> None:
    """Their plugins may only be unreadable for the moment."""
    world.in_home({".claude/plugins/installed_plugins.json": "{"})
    enable(world, "p")
    assert world.codes() == ["json_invalid", "plugin_missing"]
