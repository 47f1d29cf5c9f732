"""Pi: reads what others read, puts in arguments, and has nothing that could forbid anything."""

from __future__ import annotations

from tests.adapters.conftest import command, hook, permission, permissions, rule, source

from harnesssync_adapters.pi import TARGET
from harnesssync_orchestrator.core.desired import Desired, FileOutput, LinkOutput
from harnesssync_orchestrator.core.items import Item, Scope
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Pi wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_claude_md_is_read_where_it_says_it_all() -> None:
    """Folder by folder: an `AGENTS.md` hides the one beside it alone."""
    plain = rule(PROJECT, "CLAUDE.md", "Hello.\n")
    imported = rule(PROJECT, "api/CLAUDE.md", "@a.md\n", directory="api", expanded="A.\n", plain=False)
    assert {"api/AGENTS.md"} == {address.path for address in desired(plain, imported).wanted}


def test_rules_of_a_home_are_linked() -> None:
    """To the folder that the program has there."""
    (wish,) = desired(rule(Scope.USER, ".claude/CLAUDE.md", "Mine.\n"), scope=Scope.USER).wanted.values()
    assert isinstance(wish.output, LinkOutput)
    assert wish.output.path == ".pi/agent/AGENTS.md"


def test_rules_of_a_person_are_appended_to_the_prompt() -> None:
    """In a private file."""
    (wish,) = desired(rule(PROJECT, "CLAUDE.local.md", "Mine.\n")).wanted.values()
    assert wish.output.path == ".pi/APPEND_SYSTEM.md"
    assert wish.output.private


def test_single_arguments_are_put_in() -> None:
    """Shell commands and files are not, and the model is told so."""
    result = desired(command(PROJECT, "git:fix", "Fix $ARGUMENTS[0] of $ARGUMENTS: !`git log`", argument_hint="[n]"))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".pi/prompts/git-fix.md"
    assert wish.output.content.decode().endswith(
        'argument-hint: "[n]"\n---\n\nFix $1 of $ARGUMENTS: (first run `git log`, and use its output here)\n'
    )
    assert ["!`git log`"] == [loss.what for loss in result.losses]


def test_what_is_not_forbidden_any_more_is_told_loudly() -> None:
    """Permissions and hooks are losses of security."""
    result = desired(permissions(PROJECT, permission(PROJECT, "deny", "Bash(rm:*)")), hook(PROJECT, "Stop", "", "x"))
    assert result.wanted == {}
    assert [True, True] == [loss.security for loss in result.losses]
