"""OpenCode: reads much itself, and stops at one wrong value."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from tests.adapters.conftest import agent, command, permission, permissions, server, skill, source

from harnesssync_adapters.kilo import TARGET as KILO
from harnesssync_adapters.opencode import TARGET
from harnesssync_orchestrator.core.desired import Desired, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.prompts import placeholders
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import Target

PROJECT = Scope.PROJECT


def desired(*items: Item) -> Desired:
    """What OpenCode wants of these items in a project."""
    return desired_state([TARGET], source(PROJECT, *items))


def front(*items: Item) -> dict[str, object]:
    """The front matter of the one file that these items become."""
    (wish,) = [one for one in desired(*items).wanted.values() if isinstance(one.output, FileOutput)]
    assert isinstance(wish.output, FileOutput)
    return yaml.safe_load(wish.output.content.decode().split("---\n")[1])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("tools", "disallowed", "kept"),
    [
        (("Read", "Grep"), (), {"read", "grep", "list"}),
        (("Write",), (), {"edit"}),
        (("NotebookEdit",), (), set()),
        (("Bash(git:*)",), (), set()),
        ((), (), set()),
    ],
)
def test_an_agent_is_denied_every_tool_that_it_had_not(
    tools: tuple[str, ...], disallowed: tuple[str, ...], kept: set[str]
) -> None:
    """Nothing is allowed: an agent's permissions stand behind all others, and would defeat their denials."""
    permission = front(agent(PROJECT, "a", tools=tools, disallowed_tools=disallowed))["permission"]
    assert isinstance(permission, dict)
    assert set(permission.values()) == {"deny"}
    every = {"read", "edit", "bash", "grep", "glob", "list", "webfetch", "websearch", "task", "todowrite", "skill"}
    assert every - set(permission) == kept


def test_disallowed_tools_alone_are_denied() -> None:
    """The rest stays as it is for everybody."""
    permission = front(agent(PROJECT, "a", disallowed_tools=("Write", "mcp__docs", "mcp__files__rm")))["permission"]
    assert permission == {"edit": "deny", "docs_*": "deny", "files_rm": "deny"}


def test_an_agent_with_tools_is_denied_the_servers_that_it_does_not_name() -> None:
    """By the names that OpenCode gives to their tools."""
    servers = [server(PROJECT, name, Transport.STDIO, command="x", args=[]) for name in ("a.b", "docs")]
    permission = front(*servers, agent(PROJECT, "a", tools=("Read", "mcp__docs__find")))["permission"]
    assert isinstance(permission, dict)
    assert permission.get("a_b_*") == "deny"
    assert "docs_*" not in permission


def test_a_mode_that_only_plans_is_a_loss_of_security() -> None:
    """OpenCode's agents have no modes."""
    losses = desired(agent(PROJECT, "a", metadata={"permissionMode": "plan", "color": "red"})).losses
    assert [("permissionMode: plan", True)] == [(loss.what, loss.security) for loss in losses]


def test_an_agent_without_limits_has_no_permissions_of_its_own() -> None:
    """It has those of the session."""
    assert front(agent(PROJECT, "a")) == {"description": agent(PROJECT, "a").description, "mode": "subagent"}


def test_skills_that_people_call_are_commands_to_it() -> None:
    """As seen with 1.18.33: `/fix a` puts `a` in the place of `$1` and of `$ARGUMENTS`, nothing in that of `$2`, and
    runs what is in !`…`."""
    text = "Fix $ARGUMENTS, first $0.\n!`git log`\nSee @docs/a.md."
    losses = desired(replace(skill(PROJECT, "fix"), placeholders=placeholders(text))).losses
    assert {loss.what: loss.security for loss in losses} == {"$0": False, "!`git log`": True}


def test_skills_that_it_reads_itself_are_not_linked() -> None:
    """Only those that lie elsewhere are."""
    own, plugin = skill(PROJECT, "own"), skill(PROJECT, "far", "/home/dev/.claude/plugins/p/far", layer=Layer.PLUGIN)
    assert {".agents/skills/far"} == {address.path for address in desired(own, plugin).wanted}


def test_references_become_its_own() -> None:
    """`{env:NAME}`, without a default, which is told."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=["-k=${K:-d}"], env={"T": "x${T}"})
    (wish,) = desired(one).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    argv = ["run", "-k={env:K}"]
    assert wish.output.value == {"type": "local", "command": argv, "environment": {"T": "x{env:T}"}}
    assert ["${K:-d}"] == [loss.what for loss in desired(one).losses]


@pytest.mark.parametrize("text", ["{env:HOME}", "{file:~/.ssh/id_ed25519}"])
def test_a_literal_that_would_be_expanded_leaves_the_server_out(text: str) -> None:
    """A repository must not read a file into a header."""
    result = desired(server(PROJECT, "s", Transport.HTTP, url="https://x.example", headers={"X": text}))
    assert result.wanted == {}
    assert result.losses


def test_the_text_of_a_command_stays_as_it_is() -> None:
    """The placeholders are the same; a command that runs a program without asking is told."""
    prompt = "Fix $ARGUMENTS.\n!`git status`\n@docs/a.md\n"
    result = desired(command(PROJECT, "git:fix", prompt, description="Fix: it"))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".opencode/commands/git/fix.md"
    assert wish.output.content.decode() == f'---\ndescription: "Fix: it"\n---\n\n{prompt}'
    assert [True] == [loss.security for loss in result.losses]


@pytest.mark.parametrize("target", [TARGET, KILO], ids=lambda one: one.id)
@pytest.mark.parametrize(
    ("prompt", "runs"),
    [("```!\ntouch x\n```", False), ("!`touch x`", True), ("```!\necho '!`touch x`'\n```", True)],
)
def test_a_block_of_commands_is_told_to_be_text_or_to_be_run(target: Target, prompt: str, runs: bool) -> None:
    """Never both: these look only for !`command`, also in a block."""
    losses = desired_state([target], source(PROJECT, command(PROJECT, "x", prompt))).losses
    assert [(loss.why.endswith("runs it without asking"), loss.security) for loss in losses] == [(runs, runs)]
    if target is TARGET:  # Kilo runs nothing of a skill
        called = replace(skill(PROJECT, "y"), placeholders=placeholders(prompt))
        assert [(loss.why, loss.security) for loss in desired(called).losses] == [
            (loss.why, loss.security) for loss in losses
        ]


@pytest.mark.parametrize("member", ["env", "headers"])
def test_a_name_that_would_be_expanded_leaves_the_server_out(member: str) -> None:
    """OpenCode puts files in as text before it reads any JSON, and refuses to start if one is missing."""
    transport = Transport.STDIO if member == "env" else Transport.HTTP
    fields = {"command": "npx"} if member == "env" else {"url": "https://a.example"}
    result = desired(server(PROJECT, "a", transport, **fields, **{member: {"X{file:./none}": "1"}}))
    assert not result.wanted
    assert ["X{file:./none}"] == [loss.what for loss in result.losses]


def test_arguments_are_counted_from_one() -> None:
    """In OpenCode; all else in a prompt stays as it is written."""
    prompt = "Fix $ARGUMENTS[0] and $1 of $ARGUMENTS, see @docs/a.md: !`git log $0`"
    (wish,) = desired(command(PROJECT, "x", prompt)).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.content.decode().endswith("Fix $1 and $2 of $ARGUMENTS, see @docs/a.md: !`git log $1`\n")


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("Fix $0 of $1, $1 first.", ["$1"]),
        ("Fix $ARGUMENTS[0].", ["$ARGUMENTS[0]"]),
        ("Fix $0: !`git log $1`", ["!`git log $1`"]),
        ("Fix $ARGUMENTS, for $50.", []),
    ],
)
def test_that_the_last_argument_takes_what_is_left_is_told(prompt: str, told: list[str]) -> None:
    """As seen with 1.18.33: `/x a b c` puts `b c` in the place of `$2` where there is no `$3`, also in what it runs."""
    losses = desired(command(PROJECT, "x", prompt)).losses
    assert [loss.what for loss in losses if "arguments that are left" in loss.why] == told


def test_an_amount_of_money_is_kept() -> None:
    """OpenCode would put nothing in its place, as in that of the fifth argument that nobody typed."""
    result = desired(command(PROJECT, "x", "Ask $0 for $5 or $100."))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.content.endswith(b"Ask $1 for $ 5 or $ 100.\n")
    assert {"$", "$0"} == {loss.what for loss in result.losses}


def test_no_permission_stands_where_another_program_reads_it_without_its_denials() -> None:
    """Kilo Code reads a project's `opencode.json`, and nothing in `.opencode`."""
    given = [permission(PROJECT, "allow", "Bash(git:*)"), permission(PROJECT, "deny", "Bash(git push:*)")]
    assert {(address.path, *address.pointer) for address in desired(permissions(PROJECT, *given)).wanted} == {
        (".opencode/opencode.json", "permission", "bash"),
        (".opencode/opencode.jsonc", "permission", "?ash"),
    }
