"""Gemini CLI: its own names for tools and events, and placeholders in prompts."""

from __future__ import annotations

import pytest
import tomlkit
import yaml
from tests.adapters.conftest import agent, command, hook, permission, permissions, server, source

from harnesssync_adapters.gemini_cli import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT = Scope.PROJECT


def desired(*items: Item) -> Desired:
    """What Gemini CLI wants of these items in a project."""
    return desired_state([TARGET], source(PROJECT, *items))


def content(*items: Item) -> str:
    """The text of the one file that these items become."""
    (wish,) = [one for one in desired(*items).wanted.values() if isinstance(one.output, FileOutput)]
    assert isinstance(wish.output, FileOutput)
    return wish.output.content.decode()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Fix $ARGUMENTS.", "Fix {{args}}."),
        ("Look: !`git log -1`", "Look: !{git log -1}"),
        ("Look: !`echo $ARGUMENTS`", "Look: !{echo {{args}}}"),
        ("Look: !`echo }`", "Look: `echo }`"),
        ("Look: !`echo } !{touch a}`", "Look: `echo } ! {touch a}`"),
        ("```!\necho !{touch a}\n```", "First run these, and use their output here:\n\n```\necho ! {touch a}\n```"),
        ("Go!$ARGUMENTS, read @$ARGUMENTS", "Go! {{args}}, read @ {{args}}"),
        ("Read @docs/a.md.", "Read @{docs/a.md}."),
        ("Read @./a.md and @../b.md", "Read @{./a.md} and @{../b.md}"),
        ('```python\n@app.get("/a/b")\n```\n@a.md', '```python\n@app.get("/a/b")\n```\n@{a.md}'),
        ('Install `@scope/name`, ask @alice or "@ferry.test".', 'Install `@scope/name`, ask @alice or "@ferry.test".'),
        ("Ask @alice or bob@example.com, not `@x/y`", "Ask @alice or bob@example.com, not `@x/y`"),
        ("{{args}} !{x} @{y}", "{ {args}} ! {x} @ {y}"),
        (
            "Look: !`git log $0`",
            (
                "Look: (first run `git log $1`, and use its output here)\n\nThe arguments are: {{args}} "
                "($1 stands for the first of them, $2 for the second, and so on.)"
            ),
        ),
        ("$ARGUMENTSX, $10 and $5", "{{args}}X, $10 and $5"),
        (r"\$ARGUMENTS and \$0", "$ARGUMENTS and $0"),
    ],
)
def test_a_prompt_is_put_in_its_own_syntax(prompt: str, expected: str) -> None:
    """And what it would take for its own syntax is kept from that."""
    members = tomlkit.parse(content(command(PROJECT, "x", prompt))).unwrap()
    assert members == {"prompt": expected + "\n"}


def test_single_arguments_are_told_to_the_model() -> None:
    """They can't be put in, so the model hears all of them and which is which."""
    result = desired(command(PROJECT, "x", "Use $0."))
    assert "Use $1.\n\nThe arguments are: {{args}}" in content(command(PROJECT, "x", "Use $0."))
    assert ["$0"] == [loss.what for loss in result.losses]


@pytest.mark.parametrize(
    ("tools", "disallowed", "expected"),
    [
        (("Read", "Grep"), (), ["read_file", "read_many_files", "grep_search"]),
        (("Edit",), (), ["replace"]),
        (("Write", "Bash(git:*)"), (), ["write_file"]),
        (("mcp__docs__search", "mcp__files"), (), ["mcp_docs_search", "mcp_files_*"]),
        (("mcp__files", "Read"), ("mcp__files__delete",), ["read_file", "read_many_files"]),
        (("Read", "Write"), ("Write",), ["read_file", "read_many_files"]),
    ],
)
def test_an_agent_gets_no_tool_that_it_had_not(
    tools: tuple[str, ...], disallowed: tuple[str, ...], expected: list[str]
) -> None:
    """A list of the program's own names; a part of a tool becomes none of it."""
    text = content(agent(PROJECT, "a", tools=tools, disallowed_tools=disallowed))
    assert yaml.safe_load(text.split("---\n")[1])["tools"] == expected


def test_an_agent_that_is_denied_a_server_gets_no_wildcard_for_it() -> None:
    """Nothing can be taken out of `mcp_*` again, so the other servers are named one by one."""
    servers = [server(PROJECT, name, Transport.STDIO, command="x", args=[]) for name in ("docs", "files", "my_db")]
    text = content(*servers, agent(PROJECT, "a", disallowed_tools=("mcp__docs", "Bash")))
    tools = yaml.safe_load(text.split("---\n")[1])["tools"]
    assert [tool for tool in tools if tool.startswith("mcp_")] == ["mcp_files_*"]
    assert "run_shell_command" not in tools


@pytest.mark.parametrize("tools", [(), ("Unheard",), ("Bash(git:*)",)])
def test_an_agent_without_any_tool_is_left_out(tools: tuple[str, ...]) -> None:
    """With an empty list it would get all of them."""
    result = desired(agent(PROJECT, "a", tools=tools))
    assert result.wanted == {}
    assert result.losses


def test_names_of_agents_are_made_of_letters_digits_and_hyphens() -> None:
    """Any other is refused by the program."""
    result = desired(agent(PROJECT, "Code Reviewer"))
    assert {".gemini/agents/code-reviewer.md"} == {address.path for address in result.wanted}
    assert "name: Code Reviewer" in {loss.what for loss in result.losses}


@pytest.mark.parametrize(
    ("event", "matcher", "theirs", "matchers"),
    [
        ("PreToolUse", "Bash", "BeforeTool", ["run_shell_command"]),
        ("PostToolUse", "Write|MultiEdit", "AfterTool", ["write_file|replace"]),
        ("PreToolUse", "Edit", "BeforeTool", ["(replace|write_file)"]),
        ("PreToolUse", "mcp__files__.*", "BeforeTool", ["mcp_files_.*"]),
        ("PreToolUse", "", "BeforeTool", [None]),
        ("SessionStart", "startup|resume", "SessionStart", ["startup", "resume"]),
        ("Notification", "permission_prompt", "Notification", ["ToolPermission"]),
        ("Stop", "", "AfterAgent", [None]),
    ],
)
def test_events_and_tools_of_hooks_get_their_names(
    event: str, matcher: str, theirs: str, matchers: list[str | None]
) -> None:
    """Tools are matched by a pattern, the rest as a whole: there each alternative is one handler."""
    outputs = [wish.output for wish in desired(hook(PROJECT, event, matcher, "x", timeout_s=2)).wanted.values()]
    assert all(isinstance(output, ElementOutput) and output.pointer == ("hooks", theirs) for output in outputs)
    assert matchers == [output.value.get("matcher") for output in outputs]  # type: ignore[union-attr]
    assert {2000} == {output.value["hooks"][0]["timeout"] for output in outputs}  # type: ignore[union-attr,index,call-overload]


@pytest.mark.parametrize("text", ["pa$word", "$HOME/x", "${", "a${b c}"])
def test_a_literal_that_would_be_expanded_leaves_the_server_out(text: str) -> None:
    """Claude Code takes `$HOME` as it stands, Gemini CLI does not."""
    result = desired(server(PROJECT, "s", Transport.STDIO, command="run", args=[text]))
    assert result.wanted == {}
    assert [text] == [loss.what for loss in result.losses]


@pytest.mark.parametrize(
    ("transport", "expected"),
    [
        (Transport.HTTP, {"httpUrl": "https://x.example/sse"}),
        (Transport.SSE, {"url": "https://x.example/sse", "type": "sse"}),
    ],
)
def test_the_transport_is_taken_from_its_type(transport: Transport, expected: dict[str, str]) -> None:
    """Not from letters in its URL."""
    (wish,) = desired(server(PROJECT, "s", transport, url="https://x.example/sse")).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == expected


def test_references_stay_references() -> None:
    """With their defaults, and never with their values."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=["${A:-d}"], env={"T": "x${T}"})
    (wish,) = desired(one).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == {"command": "run", "args": ["${A:-d}"], "env": {"T": "x${T}"}}


def test_denying_a_server_shuts_it_out() -> None:
    """By its name, since a wildcard can't name every server."""
    rule = permission(PROJECT, "deny", "mcp__my_db")
    (wish,) = desired(permissions(PROJECT, rule)).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert (wish.output.pointer, wish.output.value) == (("mcp", "excluded"), "my_db")


@pytest.mark.parametrize("written", ["$CLAUDE_PROJECT_DIR", "${CLAUDE_PROJECT_DIR}"])
def test_a_hook_finds_the_project_also_if_its_path_holds_a_space(written: str) -> None:
    """Gemini CLI quotes the path that it puts in the place of the form without braces, inside of quotes too."""
    (wish,) = desired(hook(PROJECT, "PreToolUse", "Bash", f'"{written}"/guard.sh')).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert '"${CLAUDE_PROJECT_DIR}"/guard.sh' in str(wish.output.value)


@pytest.mark.parametrize(("event", "security"), [("PreToolUse", True), ("PostToolUse", False)])
def test_a_default_that_gemini_would_put_in_too_early_is_told(event: str, security: bool) -> None:
    """`${c:-}` is empty once the settings are read, whatever the hook has put into `c`."""
    given = hook(PROJECT, event, "Bash", 'c=$(cat); case "${c:-}" in *rm*) exit 2;; esac')
    (lost,) = [loss for loss in desired(given).losses if "${c:-}" in loss.what]
    assert security == lost.security


@pytest.mark.parametrize(
    ("event", "theirs", "security"), [("PreToolUse", "Before", True), ("PostToolUse", "After", False)]
)
def test_what_a_hook_is_told_by_other_names_is_a_loss(event: str, theirs: str, security: bool) -> None:
    """A script that looks for `Bash` in `tool_name`, or for the event, finds neither."""
    told = {loss.what.rpartition(": ")[2]: loss for loss in desired(hook(PROJECT, event, "Bash", "x")).losses}
    assert set(told) == {"tool_name", "hook_event_name"}
    assert told["tool_name"].why.endswith("run_shell_command for Bash")
    assert told["hook_event_name"].why.endswith(f"{theirs}Tool for {event}")
    assert {security} == {loss.security for loss in told.values()}


def test_a_hook_for_an_event_of_the_same_name_is_told_nothing_else() -> None:
    """A session begins by the same name there."""
    assert desired(hook(PROJECT, "SessionStart", "", "x")).losses == ()
