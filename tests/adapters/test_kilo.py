"""Kilo Code: as OpenCode, but for variables in a project, links that lead out of it, and its own places."""

from __future__ import annotations

import pytest
from tests.adapters.conftest import agent, command, permission, permissions, rule, server, skill, source

from harnesssync_adapters.kilo import TARGET
from harnesssync_orchestrator.core.desired import Desired, FileOutput, KeyOutput, LinkOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Kilo Code wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_a_project_passes_variables_on_under_their_own_name() -> None:
    """They are inherited: one reference in a project's file, and the program refuses it."""
    env = {"T": "${T}", "U": "${V}", "D": "${D:-d}", "L": "x"}
    result = desired(server(PROJECT, "s", Transport.STDIO, command="run", args=[], env=env))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert (wish.output.path, wish.output.pointer) == ("kilo.json", ("mcp", "s"))
    assert wish.output.value == {"type": "local", "command": ["run"], "environment": {"L": "x"}}
    assert ["env U=${V}", "env D=${D:-d}"] == [loss.what for loss in result.losses]


def test_a_project_leaves_out_what_can_not_do_without_a_variable() -> None:
    """A server for its arguments, a header for itself."""
    assert desired(server(PROJECT, "s", Transport.STDIO, command="run", args=["-k=${K}"])).wanted == {}
    (wish,) = desired(
        server(PROJECT, "s", Transport.HTTP, url="https://a.example", headers={"A": "${K}", "B": "b"})
    ).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {"type": "remote", "url": "https://a.example", "headers": {"B": "b"}}


def test_a_home_has_references_of_its_own_kind() -> None:
    """`{env:NAME}`, without a default, which is told."""
    one = server(Scope.USER, "s", Transport.STDIO, command="run", args=["-k=${K:-d}"], env={"T": "x${T}"})
    result = desired(one, scope=Scope.USER)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.path == ".config/kilo/kilo.json"
    argv = ["run", "-k={env:K}"]
    assert wish.output.value == {"type": "local", "command": argv, "environment": {"T": "x{env:T}"}}
    assert ["${K:-d}"] == [loss.what for loss in result.losses]


@pytest.mark.parametrize("text", ["{env:HOME}", "{file:~/.ssh/id_ed25519}"])
def test_a_literal_that_would_be_expanded_leaves_the_server_out(text: str) -> None:
    """A repository must not read a file into a header, nor break the whole file."""
    assert desired(server(PROJECT, "s", Transport.HTTP, url="https://x.example", headers={"X": text})).wanted == {}


def test_skills_are_not_linked_where_they_are_read_or_would_be_ignored() -> None:
    """Those of `.claude/skills` are read, and of those outside of the project there are copies."""
    plugin = skill(PROJECT, "far", "/home/dev/.claude/plugins/p/far", layer=Layer.PLUGIN)
    result = desired(skill(PROJECT, "own"), plugin)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, LinkOutput)
    assert (wish.output.path, wish.output.copied) == (".kilo/skills/far", True)
    assert result.losses == ()


def test_rules_are_written_only_where_claude_md_does_not_say_all() -> None:
    """A person's own are private rule files, since links there are ignored."""
    plain = rule(PROJECT, "CLAUDE.md", "Hello.\n")
    assert (desired(plain).wanted, desired(plain).losses) == ({}, ())
    paths = {address.path for address in desired(plain, rule(PROJECT, ".claude/rules/a.md", "More.\n")).wanted}
    assert paths == {"AGENTS.md"}
    (wish,) = desired(rule(PROJECT, "api/CLAUDE.local.md", "Mine.\n", directory="api")).wanted.values()
    assert wish.output.path == ".kilo/rules/harnesssync-api-CLAUDE.local.md"
    assert wish.output.private
    (users,) = desired(rule(Scope.USER, ".claude/CLAUDE.md", "Mine.\n"), scope=Scope.USER).wanted.values()
    assert users.output.path == ".config/kilo/AGENTS.md"


def test_agents_and_commands_go_to_its_own_folders() -> None:
    """In the form of OpenCode's."""
    found = desired(agent(PROJECT, "a", tools=("Read",)), command(PROJECT, "git:fix", "Fix $ARGUMENTS."))
    assert {address.path for address in found.wanted} == {".kilo/agents/a.md", ".kilo/commands/git/fix.md"}
    (first, _) = found.wanted.values()
    assert isinstance(first.output, FileOutput)
    assert b'bash: "deny"' in first.output.content


def test_denials_stand_in_the_file_that_is_merged_last() -> None:
    """Under a spelling of the tool's name that no other file has."""
    given = [permission(PROJECT, "allow", "Bash(git:*)"), permission(PROJECT, "deny", "Bash(git push:*)")]
    found = desired(permissions(PROJECT, *given)).wanted
    assert {(address.path, *address.pointer) for address in found} == {
        ("kilo.json", "permission", "bash"),
        (".kilo/kilo.json", "permission", "?ash"),
    }
