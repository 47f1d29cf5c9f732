"""Qwen Code: reads `.mcp.json`, but not what is referred to in it; rules in Claude Code's words with other meanings."""

from __future__ import annotations

import pytest
import yaml
from tests.adapters.conftest import (
    agent,
    command,
    hook,
    permission,
    permissions,
    rule,
    server,
    source,
    variable,
)

from harnesssync_adapters.qwen import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What Qwen Code wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def front(*items: Item) -> dict[str, object]:
    """The front matter of the one file that these items become."""
    (wish,) = [one for one in desired(*items).wanted.values() if isinstance(one.output, FileOutput)]
    assert isinstance(wish.output, FileOutput)
    return yaml.safe_load(wish.output.content.decode().split("---\n")[1])  # type: ignore[no-any-return]


def test_a_server_that_it_reads_itself_is_not_written() -> None:
    """Where nothing is to be expanded, `.mcp.json` says all."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=["$HOME"])
    assert desired(one) == Desired()


def test_a_server_with_references_is_written_before_the_one_that_it_reads() -> None:
    """In `.mcp.json` the references would arrive as text."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=["-k", "${K}"], env={"T": "x${T}"})
    (wish,) = desired(one).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert (wish.output.path, wish.output.pointer) == (".qwen/settings.json", ("mcpServers", "s"))
    assert wish.output.value == {"command": "run", "args": ["-k", "${K}"], "env": {"T": "x${T}"}}


def test_in_a_home_every_server_is_written() -> None:
    """Nothing of `~/.claude.json` is read."""
    one = server(Scope.USER, "s", Transport.HTTP, url="https://a.example/mcp", headers={"X": "1"}, timeout_ms=5000)
    (wish,) = desired(one, scope=Scope.USER).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {"httpUrl": "https://a.example/mcp", "headers": {"X": "1"}, "timeout": 5000}


@pytest.mark.parametrize(
    ("name", "template", "why"),
    [("T", "${T:-d}", "passes the variable on"), ("T", "${U:-d}", "left out"), ("T", "a${T:-d}", "left out")],
)
def test_a_variable_with_a_default_is_left_out(name: str, template: str, why: str) -> None:
    """While it is unset, the reference would arrive as text; set, the server inherits it under its own name."""
    result = desired(server(PROJECT, "s", Transport.STDIO, command="run", args=[], env={name: template}))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {"command": "run", "args": []}
    (lost,) = result.losses
    assert why in lost.why


def test_a_default_in_an_argument_is_lost_with_the_server_unless_it_is_read_anyway() -> None:
    """Read from `.mcp.json` it would arrive as text always, written to the settings only while it is unset."""
    one = server(Scope.USER, "s", Transport.STDIO, command="run", args=["${A:-d}"])
    assert desired(one, scope=Scope.USER).wanted == {}
    given = server(PROJECT, "s", Transport.STDIO, command="run", args=["${A:-d}"])
    (wish,) = desired(given).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {"command": "run", "args": ["${A}"]}
    assert ["${A:-d}"] == [loss.what for loss in desired(given).losses]


@pytest.mark.parametrize("text", ["pa$word", "a${b c}"])
def test_a_literal_that_would_be_expanded_leaves_the_server_out(text: str) -> None:
    """In settings every text is expanded."""
    one = server(Scope.USER, "s", Transport.STDIO, command="run", args=[text])
    assert desired(one, scope=Scope.USER).wanted == {}
    assert [text] == [loss.what for loss in desired(one, scope=Scope.USER).losses]


@pytest.mark.parametrize(
    ("action", "text", "written"),
    [
        ("deny", "Bash(rm -rf:*)", ["Bash(rm -rf *)"]),
        ("deny", "Bash(npm publish)", ["Bash(npm publish)"]),
        ("allow", "Bash(npm test)", []),
        ("allow", "Bash(npm test:*)", ["Bash(npm test *)"]),
        ("allow", "Bash(git * main)", []),
        ("ask", "Bash(git * main)", ["Bash(git * main)"]),
        ("deny", 'Bash(echo "a b":*)', []),
        ("deny", "Bash(echo $HOME)", []),
        ("deny", "Read(.env)", ["Read(**/.env)", "Read(**/.env/**)"]),
        ("deny", "Read(./secrets/**)", ["Read(./secrets/**)"]),
        ("deny", "Edit(//etc/)", ["Edit(//etc)", "Edit(//etc/**)"]),
        ("deny", "Read(~/.ssh)", ["Read(~/.ssh)", "Read(~/.ssh/**)"]),
        ("deny", "Read(a{b,c})", []),
        ("allow", "Read(src)", ["Read(**/src)"]),
        ("allow", "Write(src/**)", []),
        ("deny", "Write(src/**)", ["Write(src/**)"]),
        ("deny", "WebFetch(domain:evil.example)", ["WebFetch(domain:evil.example)"]),
        ("deny", "WebFetch(domain:*.evil.example)", ["WebFetch(domain:evil.example)"]),
        ("allow", "WebFetch(domain:good.example)", []),
        ("deny", "mcp__docs__*", ["mcp__docs"]),
        ("deny", "mcp__docs__find(x)", []),
        ("deny", "Task(explorer)", ["Agent(explorer)"]),
        ("deny", "LS", ["ListFiles"]),
        ("deny", "KillShell", []),
    ],
)
def test_a_rule_means_the_same_or_is_stricter(action: str, text: str, written: list[str]) -> None:
    """What would allow more, or would not deny what it says, is lost."""
    result = desired(permissions(PROJECT, permission(PROJECT, action, text)))
    outputs = [wish.output for wish in result.wanted.values()]
    assert all(isinstance(output, ElementOutput) and output.pointer == ("permissions", action) for output in outputs)
    assert written == [output.value for output in outputs]  # type: ignore[union-attr]
    if not written:
        assert [action == "deny"] == [loss.security for loss in result.losses]


def test_an_agent_has_tools_by_their_own_names() -> None:
    """Claude Code's names would stand for none."""
    tools = ("Read", "Bash", "Bash(git:*)", "mcp__docs__find", "mcp__files", "Unheard")
    assert front(agent(PROJECT, "a-b", tools=tools))["tools"] == ["read_file", "run_shell_command", "mcp__docs__find"]
    lost = {loss.what for loss in desired(agent(PROJECT, "a-b", tools=tools)).losses}
    assert lost == {"tools: Bash(git:*)", "tools: mcp__files", "tools: Unheard"}


def test_what_an_agent_must_not_use_is_denied_whole() -> None:
    """A part of a tool can't be denied, a server's tools can."""
    disallowed = ("Edit", "Bash(rm:*)", "mcp__docs", "Unheard")
    given = front(agent(PROJECT, "a-b", disallowed_tools=disallowed))
    assert given["disallowedTools"] == ["edit", "run_shell_command", "mcp__docs"]


@pytest.mark.parametrize("tools", [(), ("Unheard",)])
def test_an_agent_without_any_tool_is_left_out(tools: tuple[str, ...]) -> None:
    """With an empty list it would get all of them."""
    result = desired(agent(PROJECT, "a-b", tools=tools))
    assert result.wanted == {}
    assert result.losses


@pytest.mark.parametrize(("name", "prompt"), [("system", "Long enough."), ("a b", "Long enough."), ("a-b", "Short")])
def test_an_agent_that_would_be_refused_is_left_out(name: str, prompt: str) -> None:
    """For its name, or for a prompt that is too short."""
    result = desired(agent(PROJECT, name, prompt=prompt))
    assert result.wanted == {}
    assert len(result.losses) == 1


def test_a_planner_stays_one() -> None:
    """The mode is called the same; one that asks for nothing is not carried over."""
    assert front(agent(PROJECT, "a-b", metadata={"permissionMode": "plan"}))["permissionMode"] == "plan"
    assert "permissionMode" not in front(agent(PROJECT, "a-b", metadata={"permissionMode": "bypassPermissions"}))


def test_commands_keep_their_hint_and_get_other_placeholders() -> None:
    """As Gemini CLI writes them, in Markdown."""
    (wish,) = desired(command(PROJECT, "git:fix", "Fix $ARGUMENTS: !`git log`", argument_hint="[n]")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".qwen/commands/git/fix.md"
    assert wish.output.content.decode().endswith("Fix {{args}}: !{git log}\n")


def test_a_hook_gets_their_names_and_says_so() -> None:
    """A script that looks for `Bash` would let everything pass."""
    result = desired(hook(PROJECT, "PreToolUse", "Bash|mcp__docs__.*", "guard", timeout_s=1200, extra={"async": True}))
    (wish,) = result.wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.value == {
        "matcher": "run_shell_command|mcp__docs__.*",
        "hooks": [{"type": "command", "command": "guard", "timeout": 999, "async": True}],
    }
    assert [True, False] == [loss.security for loss in result.losses]


def test_rules_of_a_person_hold_for_their_folder_alone() -> None:
    """Linked rule files would be ignored, so they are written, and private."""
    given = rule(PROJECT, "packages/api/CLAUDE.local.md", "Mine.\n", directory="packages/api")
    (wish,) = desired(given).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".qwen/rules/harnesssync-packages-api-claude-local.md"
    assert wish.output.private
    assert front(given) == {"paths": ["packages/api/**"]}


def test_a_variable_that_would_be_expanded_is_not_written() -> None:
    """Its value would be another one."""
    assert {("env", "A")} == {address.pointer for address in desired(variable(PROJECT, "A", "1$")).wanted}
    assert desired(variable(PROJECT, "A", "$B")).wanted == {}
