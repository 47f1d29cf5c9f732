"""Neovim: one file for Avante, and what CodeCompanion reads anyway."""

from __future__ import annotations

import pytest
from tests.adapters.conftest import ROOTS, rule, server, skill, source

from harnesssync_adapters.neovim import TARGET
from harnesssync_orchestrator.core.desired import Desired, FileOutput, LinkOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What the plugins want of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_avante_gets_a_link_while_claude_md_says_it_all() -> None:
    """Else all rules of the root in one file."""
    plain = rule(PROJECT, "CLAUDE.md", "Be brief.\n")
    (wish,) = desired(plain).wanted.values()
    assert isinstance(wish.output, LinkOutput)
    assert wish.output.path == "avante.md"
    (wish,) = desired(plain, rule(PROJECT, ".claude/rules/a.md", "More.\n")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert b"Be brief.\n\nMore.\n" in wish.output.content


def test_avante_gets_its_file_where_claude_md_leads_to_agents_md() -> None:
    """It looks into no other."""
    own = f"{ROOTS[PROJECT]}/AGENTS.md"
    one = rule(PROJECT, "CLAUDE.md", "@AGENTS.md\n", expanded="By hand.\n", imports=(own,), plain=False)
    (wish,) = desired(one).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert b"By hand." in wish.output.content


def test_what_only_one_of_the_plugins_reads_is_told() -> None:
    """A person's own rules, and those of a home directory."""
    assert ["CLAUDE.local.md"] == [loss.what for loss in desired(rule(PROJECT, "CLAUDE.local.md", "Mine.\n")).losses]
    result = desired(rule(USER, ".claude/CLAUDE.md", "Mine.\n"), scope=USER)
    assert not result.wanted
    assert len(result.losses) == 1


@pytest.mark.parametrize(("scope", "folder"), [(PROJECT, ".codecompanion/skills"), (USER, ".agents/skills")])
def test_skills_that_lie_elsewhere_are_linked_where_codecompanion_looks(scope: Scope, folder: str) -> None:
    """The others it finds itself."""
    plugin = skill(scope, "far", "/home/dev/.claude/plugins/p/far", layer=Layer.PLUGIN)
    assert {f"{folder}/far"} == {address.path for address in desired(skill(scope, "own"), plugin, scope=scope).wanted}


@pytest.mark.parametrize("value", ["", "$: op read x", "${cmd: op read x}", "$HOME"])
def test_a_text_that_mcphub_would_replace_leaves_the_server_out(value: str) -> None:
    """A repository must not have it run something."""
    result = desired(server(PROJECT, "s", Transport.STDIO, command="x", args=[], env={"A": value}))
    assert not result.wanted
    assert len(result.losses) == 1


def test_a_reference_is_written_where_mcphub_replaces_it() -> None:
    """In `env` and `headers`."""
    assert desired(server(PROJECT, "s", Transport.HTTP, url="https://x.example", headers={"A": "Bearer ${T}"})).wanted
    assert not desired(server(PROJECT, "s", Transport.STDIO, command="x", args=["${T}"])).wanted
