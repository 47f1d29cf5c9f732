"""Cline: files instead of links, one folder for all, and servers of the home directory."""

from __future__ import annotations

import pytest
from tests.adapters.conftest import command, hook, permission, permissions, rule, server, source

from harnesssync_adapters.cline import TARGET
from harnesssync_orchestrator.core.desired import Desired, FileOutput, KeyOutput, LinkOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(scope: Scope, *items: Item) -> Desired:
    """What Cline wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def test_rules_of_a_person_are_files_and_no_links() -> None:
    """A linked rule file is ignored; a link at `AGENTS.md` is followed."""
    (wish,) = desired(USER, rule(USER, ".claude/CLAUDE.md", "Be brief.\n")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert (wish.output.path, wish.output.content[-10:]) == (".cline/rules/harnesssync-user.md", b"Be brief.\n")
    (wish,) = desired(PROJECT, rule(PROJECT, "CLAUDE.md", "Be brief.\n")).wanted.values()
    assert isinstance(wish.output, LinkOutput)


def test_private_rules_of_all_folders_stand_in_one_file_of_another_name() -> None:
    """Of two rule files with one name only one is used, in whatever folders they are."""
    items = [
        rule(PROJECT, "CLAUDE.local.md", "Mine.\n"),
        rule(PROJECT, "api/CLAUDE.local.md", "Mine too.\n", directory="api"),
    ]
    result = desired(PROJECT, *items)
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert (wish.output.path, wish.output.private) == (".cline/rules/harnesssync-local.md", True)
    assert ["api/CLAUDE.local.md"] == [loss.what for loss in result.losses]


def test_rules_of_a_folder_are_told_as_lost() -> None:
    """It looks for `AGENTS.md` in the root alone."""
    result = desired(PROJECT, rule(PROJECT, "api/CLAUDE.md", "Fastify.\n", directory="api"))
    assert result.wanted == {}
    assert ["api/CLAUDE.md"] == [loss.what for loss in result.losses]


def test_a_command_in_a_folder_is_a_workflow_without_one() -> None:
    """What is typed after its name stands behind the text."""
    (wish,) = desired(PROJECT, command(PROJECT, "git:commit", "Commit $ARGUMENTS.")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".cline/workflows/git-commit.md"
    assert b"Commit (what the user typed after the name of this workflow)." in wish.output.content


@pytest.mark.parametrize(
    ("transport", "fields", "expected"),
    [
        (
            Transport.STDIO,
            {"command": "run", "args": ["a"], "env": {"T": "${T}", "L": "l"}, "timeout_ms": 1500},
            {"type": "stdio", "command": "run", "args": ["a"], "env": {"L": "l"}, "timeout": 2},
        ),
        (
            Transport.HTTP,
            {"url": "https://x.example/sse", "headers": {"A": "b"}},
            {"type": "streamableHttp", "url": "https://x.example/sse", "headers": {"A": "b"}},
        ),
        (Transport.SSE, {"url": "https://x.example"}, {"type": "sse", "url": "https://x.example"}),
        (Transport.HTTP, {"url": "https://x.example", "headers": {"Authorization": "Bearer ${T}"}}, None),
        (Transport.STDIO, {"command": "run", "args": ["${T}"]}, None),
    ],
)
def test_servers_of_the_home_directory_tell_their_type(
    transport: Transport, fields: dict[str, object], expected: dict[str, object] | None
) -> None:
    """One that needs a variable in a header is left out: it would get the reference as it stands."""
    outputs = [wish.output for wish in desired(USER, server(USER, "s", transport, **fields)).wanted.values()]
    values = [output.value for output in outputs if isinstance(output, KeyOutput)]
    assert values == ([] if expected is None else [expected])


def test_what_a_project_can_not_say_is_lost() -> None:
    """What is denied or guarded as a matter of security."""
    items = [
        server(PROJECT, "s", Transport.STDIO, command="run", args=[]),
        permissions(PROJECT, permission(PROJECT, "deny", "Bash(rm:*)")),
        hook(PROJECT, "PreToolUse", "Bash", "x"),
    ]
    result = desired(PROJECT, *items)
    assert result.wanted == {}
    assert [False, True, True] == [loss.security for loss in result.losses]
