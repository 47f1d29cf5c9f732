"""Whole configurations: everything that a person wrote is found, in the right scope and layer."""

from __future__ import annotations

from typing import Any

import pytest

from harnesssync_orchestrator.core.items import (
    Agent,
    Command,
    EnvironmentVariable,
    Hook,
    Item,
    Kind,
    Layer,
    McpServer,
    Permissions,
    Rule,
    Scope,
    Skill,
)
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.reading import Looked


@pytest.fixture
def full(world: Any, skill_text: Any, agent_text: Any) -> Any:
    """Something of every kind in every layer: managed, user, plugin, project, local."""

    def layer(name: str) -> dict[str, Any]:
        return {
            "env": {f"{name}_VAR".upper(): name},
            "permissions": {"deny": [f"Read({name}/**)"]},
            "hooks": {"Stop": [{"hooks": [{"type": "command", "command": name}]}]},
        }

    def folders(prefix: str, name: str) -> dict[str, Any]:
        return {
            f"{prefix}skills/{name}-skill/SKILL.md": skill_text(name),
            f"{prefix}agents/{name}-agent.md": agent_text(f"{name}-agent"),
            f"{prefix}commands/{name}-command.md": name,
        }

    def server(name: str) -> dict[str, Any]:
        return {"mcpServers": {f"{name}-server": {"command": name}}}

    world.in_managed(
        {"CLAUDE.md": "managed", "managed-settings.json": layer("managed"), **folders(".claude/", "managed")}
    )
    world.in_home(
        {
            ".claude/CLAUDE.md": "user",
            ".claude/settings.json": {**layer("user"), "enabledPlugins": {"uplug@market": True}},
            **folders(".claude/", "user"),
            ".claude.json": {**server("user"), "projects": {str(world.project): server("local")}},
        }
    )
    installed = {}
    for plugin in ("uplug", "pplug"):
        place = f".claude/plugins/cache/market/{plugin}/1"
        world.in_home(
            {
                **folders(f"{place}/", plugin),
                f"{place}/.mcp.json": server(plugin),
                f"{place}/hooks/hooks.json": {"hooks": layer(plugin)["hooks"]},
            }
        )
        installed[f"{plugin}@market"] = [{"scope": "user", "installPath": str(world.home / place)}]
    world.in_home({".claude/plugins/installed_plugins.json": {"version": 2, "plugins": installed}})
    world.in_project(
        {
            "CLAUDE.md": "project",
            "CLAUDE.local.md": "local",
            ".claude/settings.json": {**layer("project"), "enabledPlugins": {"pplug@market": True}},
            ".claude/settings.local.json": layer("local"),
            **folders(".claude/", "project"),
            ".mcp.json": server("project"),
        }
    )
    return world


def found(world: Any, kind: type[Item], scope: Scope = Scope.PROJECT) -> list[tuple[str, str]]:
    """Name and layer of every item of a type."""
    return [(item.name, item.origin.layer.value) for item in world.read(scope).items if isinstance(item, kind)]


def test_discovery_fixture_finds_four_of_four(world: Any, skill_text: Any, agent_text: Any) -> None:
    """One file of rules, two skills, one agent."""
    world.in_project(
        {
            "CLAUDE.md": "# Rules\n",
            ".claude/skills/one/SKILL.md": skill_text("One"),
            ".claude/skills/two/SKILL.md": skill_text("Two"),
            ".claude/agents/helper.md": agent_text("helper"),
        }
    )
    source = world.read()
    assert [str(item.id) for item in source.items] == ["rule CLAUDE.md", "skill one", "skill two", "agent helper"]
    assert source.problems == ()


def test_src_01_rules_of_every_layer_are_found(full: Any) -> None:
    """The user's and the administrator's for the user, project and local for the project."""
    assert found(full, Rule) == [("CLAUDE.md", "project"), ("CLAUDE.local.md", "local")]
    assert found(full, Rule, Scope.USER) == [("managed/CLAUDE.md", "managed"), (".claude/CLAUDE.md", "user")]


def test_src_02_skills_of_every_layer_are_found(full: Any) -> None:
    """Those of plugins where the plugin is enabled."""
    assert found(full, Skill) == [("pplug:pplug-skill", "plugin"), ("project-skill", "project")]
    assert found(full, Skill, Scope.USER) == [
        ("uplug:uplug-skill", "plugin"),
        ("managed-skill", "managed"),
        ("user-skill", "user"),
    ]


def test_src_03_agents_of_every_layer_are_found(full: Any) -> None:
    """With the plugin's name in front."""
    assert found(full, Agent) == [("pplug:pplug-agent", "plugin"), ("project-agent", "project")]
    assert found(full, Agent, Scope.USER) == [
        ("uplug:uplug-agent", "plugin"),
        ("managed-agent", "managed"),
        ("user-agent", "user"),
    ]


def test_src_04_commands_of_every_layer_are_found(full: Any) -> None:
    """With the plugin's name in front."""
    assert found(full, Command) == [("pplug:pplug-command", "plugin"), ("project-command", "project")]
    assert found(full, Command, Scope.USER) == [
        ("uplug:uplug-command", "plugin"),
        ("managed-command", "managed"),
        ("user-command", "user"),
    ]


def test_src_05_servers_of_every_layer_are_found(full: Any) -> None:
    """User and local servers in `.claude.json`, those of the project in `.mcp.json`."""
    assert found(full, McpServer) == [
        ("plugin_pplug_pplug-server", "plugin"),
        ("project-server", "project"),
        ("local-server", "local"),
    ]
    assert found(full, McpServer, Scope.USER) == [("plugin_uplug_uplug-server", "plugin"), ("user-server", "user")]


def test_src_06_settings_of_every_layer_are_found(full: Any) -> None:
    """Environment, hooks and permissions; outer rules stand in the project's permissions too."""
    assert found(full, EnvironmentVariable) == [("LOCAL_VAR", "local"), ("PROJECT_VAR", "project")]
    assert found(full, EnvironmentVariable, Scope.USER) == [("MANAGED_VAR", "managed"), ("USER_VAR", "user")]
    assert found(full, Hook) == [("Stop[]#1", "project"), ("Stop[]#2", "local"), ("Stop[]#3", "plugin")]
    assert found(full, Hook, Scope.USER) == [("Stop[]#1", "managed"), ("Stop[]#2", "user"), ("Stop[]#3", "plugin")]
    rules = {scope: full.items(Permissions, scope)["permissions"].rules for scope in Scope}
    assert [(rule.text, rule.origin.private) for rule in rules[Scope.PROJECT]] == [
        ("Read(managed/**)", True),
        ("Read(user/**)", True),
        ("Read(project/**)", False),
        ("Read(local/**)", True),
    ]
    assert [rule.text for rule in rules[Scope.USER]] == ["Read(managed/**)", "Read(user/**)"]


def test_nothing_is_wrong_with_a_full_configuration(full: Any) -> None:
    """No problem in either scope, and names are unique."""
    for scope in Scope:
        source = full.read(scope)
        assert source.problems == ()
        assert len({item.id for item in source.items}) == len(source.items)
        assert {kind for kind in Kind if source.of(kind)} == set(Kind)


def test_two_readings_are_equal(full: Any) -> None:
    """Also in order, and in what they looked at."""
    first, looked = full.read(), full.looked.seen
    assert full.read() == first
    assert full.looked.seen == looked


def test_the_digest_changes_exactly_when_an_item_does(full: Any) -> None:
    """Not with files that Claude Code does not read."""
    before = full.read().digest
    full.in_project({"src/main.py": "print()", "AGENTS.md": "other"})
    assert full.read().digest == before
    full.in_project({".claude/commands/project-command.md": "changed"})
    assert full.read().digest != before


def test_a_root_that_is_gone_is_not_present(world: Any) -> None:
    """Which is not the same as an empty one."""
    assert world.read().present
    world.project.rmdir()
    source = world.read()
    assert (source.present, source.items, source.problems) == (False, (), ())


def test_a_worktree_without_a_folder_uses_that_of_its_main_checkout(
    world: Any, git: Any, skill_text: Any, agent_text: Any
) -> None:
    """Claude Code does so for skills, agents and commands, each by itself; what it inherits is private."""
    git("init", "-q", cwd=world.project)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=world.project)
    worktree = world.project.parent / "worktree"
    git("worktree", "add", "-q", str(worktree), cwd=world.project)
    world.in_project(
        {
            ".claude/skills/main/SKILL.md": skill_text("Main"),
            ".claude/agents/main.md": agent_text("main"),
            ".claude/commands/ship.md": "Ship",
            "CLAUDE.md": "not inherited",
            ".claude/rules/r.md": "not inherited",
            ".mcp.json": {"mcpServers": {"not-inherited": {"command": "x"}}},
        }
    )
    world.in_home({".claude.json": {"projects": {str(world.project): {"mcpServers": {"local": {"command": "x"}}}}}})
    world.project, world.inherits = worktree, frozenset()
    world.in_project({".claude/agents/own.md": agent_text("own")})
    source = world.read()
    assert [(str(item.id), item.origin.layer, item.origin.private) for item in source.items] == [
        ("skill main", Layer.INHERITED, True),
        ("agent own", Layer.PROJECT, False),
        ("command ship", Layer.INHERITED, True),
        ("mcp_server local", Layer.LOCAL, True),
    ]


def test_places_follow_the_environment(tmp_path: Any) -> None:
    """`CLAUDE_CONFIG_DIR` moves the folder, and `.claude.json` into it."""
    plain = Places.from_environment({}, tmp_path)
    assert (plain.config_dir, plain.state_file) == (tmp_path / ".claude", tmp_path / ".claude.json")
    moved = Places.from_environment({"CLAUDE_CONFIG_DIR": str(tmp_path / "cfg")}, tmp_path)
    assert (moved.config_dir, moved.state_file) == (tmp_path / "cfg", tmp_path / "cfg" / ".claude.json")
    assert moved.managed_dir.is_absolute()


def test_a_moved_configuration_is_read(world: Any, skill_text: Any) -> None:
    """And the usual place is not."""
    world.in_home({"cfg/skills/a/SKILL.md": skill_text("A"), ".claude/skills/b/SKILL.md": skill_text("B")})
    places = Places.from_environment({"CLAUDE_CONFIG_DIR": str(world.home / "cfg")}, world.home)
    items = discover(Scope.USER, world.home, places, Looked()).source.items
    assert [item.name for item in items] == ["a"]
