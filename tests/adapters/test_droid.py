"""Factory Droid: reads `CLAUDE.md` besides `AGENTS.md`, and can forbid commands, but allow none."""

from __future__ import annotations

import pytest
import yaml
from tests.adapters.conftest import agent, command, hook, permission, permissions, rule, server, source

from harnesssync_adapters.droid import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Factory Droid wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def front(*items: Item) -> dict[str, object]:
    """The front matter of the one file that these items become."""
    (wish,) = [one for one in desired(*items).wanted.values() if isinstance(one.output, FileOutput)]
    assert isinstance(wish.output, FileOutput)
    return yaml.safe_load(wish.output.content.decode().split("---\n")[1])  # type: ignore[no-any-return]


def test_what_claude_md_says_alone_is_not_written_again() -> None:
    """It reads that file itself."""
    assert desired(rule(PROJECT, "CLAUDE.md", "Hello.\n")) == Desired()


def test_a_rendered_file_is_told_beside_the_one_that_it_reads() -> None:
    """The text of `CLAUDE.md` is then there twice, and that is said."""
    imported = rule(PROJECT, "CLAUDE.md", "@a.md\n", expanded="A.\n", imports=("/repo/a.md",), plain=False)
    result = desired(imported)
    assert {"AGENTS.md"} == {address.path for address in result.wanted}
    assert ["told once"] == [loss.what for loss in result.losses]


def test_in_a_home_the_rules_are_a_file_and_no_link() -> None:
    """A link would be ignored there."""
    (wish,) = desired(rule(Scope.USER, ".claude/CLAUDE.md", "Mine.\n"), scope=Scope.USER).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert b"Mine." in wish.output.content


def test_rules_of_a_person_are_one_private_file() -> None:
    """Beside those of the team, and for all folders."""
    given = [rule(PROJECT, f"{folder}CLAUDE.local.md", f"Mine {folder}.\n", directory=folder) for folder in ("", "api")]
    (wish,) = desired(*given).wanted.values()
    assert wish.output.path == ".factory/AGENTS.md"
    assert wish.output.private


@pytest.mark.parametrize(
    ("action", "text", "blocked"),
    [
        ("deny", "Bash(rm -rf:*)", "rm -rf"),
        ("deny", "Bash(npm publish)", "npm publish"),
        ("deny", "Bash(./deploy.sh:*)", "deploy.sh"),
        ("deny", "Bash(sudo*)", None),
        ("deny", "Bash", None),
        ("deny", 'Bash(echo "a b":*)', None),
        ("deny", "Bash(a && b)", None),
        ("deny", "Read(.env)", None),
        ("deny", "mcp__docs", None),
        ("allow", "Bash(ls:*)", None),
        ("ask", "Bash(git push:*)", None),
    ],
)
def test_commands_are_blocked_and_nothing_is_allowed(action: str, text: str, blocked: str | None) -> None:
    """Its list of what is allowed holds whole programs, and one of what asks would take the place of its own."""
    result = desired(permissions(PROJECT, permission(PROJECT, action, text)))
    outputs = [wish.output for wish in result.wanted.values()]
    assert [blocked] * (blocked is not None) == [one.value for one in outputs if isinstance(one, ElementOutput)]
    if blocked is None:
        assert [action == "deny"] == [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("tools", "expected", "servers"),
    [
        (("Read", "Bash"), ["Read", "Execute"], []),
        (("Edit", "Write"), ["Edit", "Create"], []),
        (("Read", "Bash(git:*)"), ["Read"], []),
        (("Read", "TodoWrite", "mcp__docs", "mcp__files__list"), ["Read"], ["docs"]),
    ],
)
def test_an_agent_has_tools_by_their_own_names(tools: tuple[str, ...], expected: list[str], servers: list[str]) -> None:
    """One that is not known would have the whole agent refused."""
    given = front(agent(PROJECT, "a", tools=tools))
    assert (expected, servers) == (given["tools"], given["mcpServers"])


def test_what_an_agent_must_not_use_is_left_out_of_its_list() -> None:
    """With all other tools, and the other servers."""
    servers = [server(PROJECT, name, Transport.STDIO, command="x", args=[]) for name in ("docs", "files")]
    given = front(*servers, agent(PROJECT, "a", disallowed_tools=("Bash", "Edit", "Write", "mcp__docs")))
    assert given["tools"] == ["Read", "LS", "Grep", "Glob", "FetchUrl", "WebSearch", "AskUser"]
    assert given["mcpServers"] == ["files"]


def test_the_name_of_a_family_of_models_stays() -> None:
    """It takes the first of its own models that is one."""
    assert front(agent(PROJECT, "a", model="sonnet"))["model"] == "sonnet"
    assert "model" not in front(agent(PROJECT, "a", model="claude-x"))


def test_a_command_is_told_in_words_what_it_can_not_have() -> None:
    """Only all arguments at once are put in; files lie side by side."""
    (wish,) = desired(command(PROJECT, "git:fix", "Fix $0: !`git log`, @docs/a.md")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".factory/commands/git-fix.md"
    told = wish.output.content.decode()
    assert "Fix $1: (first run `git log`, and use its output here), (the content of the file `docs/a.md`)" in told
    assert "The arguments are: $ARGUMENTS" in told


def test_references_stay_where_they_are_expanded() -> None:
    """In `env` and `headers`; elsewhere they would arrive as text."""
    one = server(PROJECT, "s", Transport.HTTP, url="https://a.example", headers={"X": "a${K:-d}"}, timeout_ms=5)
    (wish,) = desired(one).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    headers = {"X": "a${K:-d}"}
    assert wish.output.value == {"type": "http", "url": "https://a.example", "headers": headers, "timeoutMs": 5}
    assert desired(server(PROJECT, "s", Transport.STDIO, command="run", args=["${K}"])).wanted == {}


@pytest.mark.parametrize(
    ("matcher", "theirs", "security"),
    [
        ("Bash", "Execute", [True]),
        ("Edit|Write", "(Edit|ApplyPatch)|(Create|ApplyPatch)", [True]),
        ("Read", "Read", []),
        ("mcp__my_db__.*", "my_db___.*", []),
        ("mcp__.*", "mcp__.*", [True]),
        ("NotebookEdit", "NotebookEdit", [True]),
        ("", None, [True]),
    ],
)
def test_hooks_match_their_names_of_tools(matcher: str, theirs: str | None, security: list[bool]) -> None:
    """And a script that looks for Claude Code's is said not to find them."""
    result = desired(hook(PROJECT, "PreToolUse", matcher, "guard", timeout_s=5))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert (wish.output.path, wish.output.pointer) == (".factory/hooks.json", ("PreToolUse",))
    assert theirs == wish.output.value.get("matcher")  # type: ignore[union-attr]
    assert security == [loss.security for loss in result.losses]
