"""Amp: reads much of Claude Code itself, and asks nobody."""

from __future__ import annotations

from tests.adapters.conftest import ROOTS, hook, permission, permissions, rule, server, skill, source

from harnesssync_adapters.amp import TARGET
from harnesssync_orchestrator.core.desired import Desired, KeyOutput, LinkOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Amp wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_a_claude_md_with_imports_is_read_as_it_is() -> None:
    """Amp follows them, so there is no `AGENTS.md` to fall behind."""
    root = rule(PROJECT, "CLAUDE.md", "@docs/a.md\n", imports=(f"{ROOTS[PROJECT]}/docs/a.md",), plain=False)
    nested = rule(PROJECT, "api/CLAUDE.md", "Use it.\n", directory="api")
    result = desired(root, nested)
    assert result.wanted == {}
    assert result.losses == ()


def test_what_claude_md_says_besides_an_agents_md_that_it_imports_is_a_loss() -> None:
    """Amp reads that one, and nothing else."""
    text = "@AGENTS.md\n\nAnd this.\n"
    more = rule(PROJECT, "CLAUDE.md", text, imports=(f"{ROOTS[PROJECT]}/AGENTS.md",), plain=False)
    result = desired(more)
    assert (result.wanted, result.standby) == ({}, {})
    assert [loss.what for loss in result.losses if loss.left_out] == ["CLAUDE.md"]


def test_a_second_rule_of_a_folder_needs_agents_md_there_alone() -> None:
    """`CLAUDE.md` is read where there is no `AGENTS.md`, folder by folder."""
    more = rule(PROJECT, ".claude/rules/more.md", "More.\n")
    nested = rule(PROJECT, "api/CLAUDE.md", "Use it.\n", directory="api")
    result = desired(rule(PROJECT, "CLAUDE.md", "Be brief.\n"), more, nested)
    assert {"AGENTS.md"} == {address.path for address in result.wanted}


def test_a_home_directory_has_its_own_agents_md() -> None:
    """A link to the person's `CLAUDE.md`."""
    result = desired(rule(Scope.USER, ".claude/CLAUDE.md", "Be brief.\n"), scope=Scope.USER)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, LinkOutput)
    assert wish.output.path == ".config/amp/AGENTS.md"


def test_servers_stand_below_one_key_with_a_dot() -> None:
    """Its settings are flat."""
    (wish,) = desired(server(PROJECT, "s", Transport.HTTP, url="https://x.example/${A}")).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.pointer == ("amp.mcpServers", "s")
    assert wish.output.value == {"url": "https://x.example/${A}"}


def test_what_is_forbidden_is_told_to_be_allowed() -> None:
    """Neither rules nor hooks hold there."""
    items = (permissions(PROJECT, permission(PROJECT, "deny", "Bash")), hook(PROJECT, "PreToolUse", "Bash", "guard"))
    assert [True, True] == [loss.security for loss in desired(*items).losses]


def test_only_skills_that_amp_does_not_read_itself_are_linked() -> None:
    """It reads `.claude/skills`, and what is in the folder of Claude Code's plugins."""
    cached = skill(PROJECT, "pdf", "/home/dev/.claude/plugins/cache/m/tools/1/skills/pdf", layer=Layer.PLUGIN)
    elsewhere = skill(PROJECT, "docx", "/opt/tools/skills/docx", layer=Layer.PLUGIN)
    result = desired(skill(PROJECT, "mine"), cached, elsewhere)
    assert [".agents/skills/docx"] == [address.path for address in result.wanted]
