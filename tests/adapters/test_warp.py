"""Warp: finds skills and servers of Claude Code itself."""

from __future__ import annotations

from dataclasses import replace

from tests.adapters.conftest import ROOTS, command, rule, server, skill, source

from harnesssync_adapters.warp import TARGET
from harnesssync_orchestrator.core.desired import Desired, FileOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Warp wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_skills_that_it_finds_itself_are_not_linked() -> None:
    """Those of plugins are."""
    plugin = skill(PROJECT, "far", "/home/dev/.claude/plugins/p/far", layer=Layer.PLUGIN)
    assert {".agents/skills/far"} == {address.path for address in desired(skill(PROJECT, "own"), plugin).wanted}


def test_servers_that_it_finds_itself_are_not_written() -> None:
    """Those that stand elsewhere are; and that it may not expand a variable is told."""
    own = server(PROJECT, "own", Transport.STDIO, command="x", args=["${A}"])
    local = server(PROJECT, "local", Transport.STDIO, command="x", args=[])
    local = replace(local, origin=replace(local.origin, file="/home/dev/.claude.json", private=True))
    result = desired(own, local)
    (wish,) = result.wanted.values()
    assert wish.output.address.pointer == ("mcpServers", "local")
    assert wish.output.private
    assert ["mcp_server own"] == [loss.what for loss in result.losses]


def test_servers_of_a_person_are_found_in_claude_codes_own_file() -> None:
    """`~/.claude.json`."""
    one = server(USER, "s", Transport.STDIO, command="x", args=[])
    one = replace(one, origin=replace(one.origin, file=f"{ROOTS[USER]}/.claude.json"))
    result = desired(one, scope=USER)
    assert not result.wanted
    assert not result.losses


def test_arguments_are_counted_from_nothing() -> None:
    """Text that looks like one is kept apart."""
    result = desired(command(PROJECT, "git:fix", "Fix $0 of $ARGUMENTS, not $5 or $12.\n!`git log`\n"))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".warp/skills/git-fix/SKILL.md"
    text = wish.output.content.decode()
    assert "Fix $ARGUMENTS[0] of $ARGUMENTS, not $ 5 or $ 12." in text.split("---\n")[2]
    assert {"$", "!`git log`"} == {loss.what for loss in result.losses}


def test_rules_of_a_person_are_where_others_share_them() -> None:
    """A link to the person's `CLAUDE.md`."""
    result = desired(rule(USER, ".claude/CLAUDE.md", "Be brief.\n"), scope=USER)
    assert {".agents/AGENTS.md"} == {address.path for address in result.wanted}
