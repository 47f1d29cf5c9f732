"""aider: which files its configuration names."""

from __future__ import annotations

from tests.adapters.conftest import hook, permission, permissions, rule, source

from harnesssync_adapters.aider import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput
from harnesssync_orchestrator.core.items import Item, Scope
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(scope: Scope, *items: Item) -> Desired:
    """What aider wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def named(result: Desired) -> dict[object, bool]:
    """The files that `read` names, and whether they are private."""
    outputs = [wish.output for wish in result.wanted.values()]
    return {output.value: output.private for output in outputs if isinstance(output, ElementOutput)}


def test_a_plain_file_is_named_itself() -> None:
    """There is no need for another one."""
    result = desired(PROJECT, rule(PROJECT, "CLAUDE.md", "Be brief.\n"))
    assert named(result) == {"CLAUDE.md": False}
    assert len(result.wanted) == 1


def test_several_rules_are_one_file() -> None:
    """The one that the other harnesses share."""
    items = [rule(PROJECT, "CLAUDE.md", "Be brief.\n"), rule(PROJECT, ".claude/rules/a.md", "More.\n")]
    result = desired(PROJECT, *items)
    assert named(result) == {"AGENTS.md": False}
    assert "AGENTS.md" in {address.path for address in result.wanted}


def test_what_is_private_stays_out_of_what_a_team_commits() -> None:
    """Its name is no matter of the team's either."""
    assert named(desired(PROJECT, rule(PROJECT, "CLAUDE.local.md", "Mine.\n"))) == {"CLAUDE.local.md": True}


def test_rules_of_a_folder_are_not_loaded_for_all() -> None:
    """That is told."""
    result = desired(PROJECT, rule(PROJECT, "api/CLAUDE.md", "Fastify.\n", directory="api"))
    assert result.wanted == {}
    assert ["api/CLAUDE.md"] == [loss.what for loss in result.losses]


def test_rules_of_a_person_are_named_from_the_home_directory() -> None:
    """A relative path would be meant from the working directory."""
    plain = rule(USER, ".claude/CLAUDE.md", "Be brief.\n")
    assert named(desired(USER, plain)) == {"~/.claude/CLAUDE.md": False}
    more = rule(USER, ".claude/rules/a.md", "More.\n")
    assert named(desired(USER, plain, more)) == {"~/.aider/harnesssync-user.md": False}


def test_what_forbids_is_lost_as_a_matter_of_security() -> None:
    """Rules and hooks."""
    items = [permissions(PROJECT, permission(PROJECT, "deny", "Bash(rm:*)")), hook(PROJECT, "PreToolUse", "Bash", "x")]
    assert [True, True] == [loss.security for loss in desired(PROJECT, *items).losses]
