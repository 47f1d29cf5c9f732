"""Codex: everything is literal, and little can be limited."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tomlkit
import yaml
from tests.adapters.conftest import agent, command, hook, server, skill, source, variable

from harnesssync_adapters.codex import TARGET
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import RemoveKey, SetKey

PROJECT = Scope.PROJECT


def desired(*items: Item) -> Desired:
    """What Codex wants of these items in a project."""
    return desired_state([TARGET], source(PROJECT, *items))


def value(*items: Item) -> dict[str, object]:
    """The one key that these items become."""
    (wish,) = desired(*items).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    return wish.output.value  # type: ignore[return-value]


def file(*items: Item) -> FileOutput:
    """The one file that these items become."""
    (wish,) = desired(*items).wanted.values()
    assert isinstance(wish.output, FileOutput)
    return wish.output


@pytest.mark.parametrize(
    ("env", "expected", "lost"),
    [
        ({"A": "literal"}, {"env": {"A": "literal"}}, 0),
        ({"A": "${A}"}, {"env_vars": ["A"]}, 0),
        ({"A": "${A:-d}"}, {"env_vars": ["A"]}, 1),
        ({"A": "${B}"}, {}, 1),
        ({"A": "x${A}"}, {}, 1),
        ({"A": "$A and ${}"}, {"env": {"A": "$A and ${}"}}, 0),
    ],
)
def test_a_variable_is_passed_on_by_name_or_lost(env: dict[str, str], expected: dict[str, object], lost: int) -> None:
    """Never written as `${A}`, which the server would get as it stands."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=[], env=env)
    assert value(one) == {"command": "run", "args": [], **expected}
    assert len(desired(one).losses) == lost


@pytest.mark.parametrize(
    ("header", "text", "expected"),
    [
        ("Authorization", "Bearer ${T}", {"bearer_token_env_var": "T"}),
        ("authorization", "Bearer ${T}", {"bearer_token_env_var": "T"}),
        ("Authorization", "${T}", {"env_http_headers": {"Authorization": "T"}}),
        ("X-Key", "Bearer ${T}", {}),
        ("X-Key", "${T:-d}", {}),
        ("X-Key", "static", {"http_headers": {"X-Key": "static"}}),
    ],
)
def test_a_header_comes_from_one_variable_or_is_lost(header: str, text: str, expected: dict[str, object]) -> None:
    """`headers` would be ignored without a word, and `bearer_token` stops the program."""
    one = server(PROJECT, "s", Transport.HTTP, url="https://x.example/mcp", headers={header: text})
    assert value(one) == {"url": "https://x.example/mcp", **expected}
    assert len(desired(one).losses) == (0 if expected else 1)


@pytest.mark.parametrize(
    "one",
    [
        server(PROJECT, "s", Transport.STDIO, command="${BIN}", args=[]),
        server(PROJECT, "s", Transport.STDIO, command="run", args=["--key=${KEY}"]),
        server(PROJECT, "s", Transport.HTTP, url="https://${HOST}/mcp"),
        server(PROJECT, "s", Transport.SSE, url="https://x.example/sse"),
        server(PROJECT, "s", Transport.WEBSOCKET, url="wss://x.example"),
        *(server(PROJECT, name, Transport.STDIO, command="run", args=[]) for name in ("a b", "ä", 'a"b', "a\nb")),
    ],
)
def test_a_server_that_could_not_work_is_left_out(one: Item) -> None:
    """And told."""
    assert desired(one).wanted == {}
    assert desired(one).losses


@pytest.mark.parametrize("name", ["a.b", "a/b", "UPPER", "mcp_servers", "0"])
def test_names_of_servers_survive_as_keys(name: str) -> None:
    """A dot is no path; taken out again, the file is as it was."""
    (wish,) = desired(server(PROJECT, name, Transport.STDIO, command="run", args=['"', "\\", "\x00"])).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    before = b"# mine\nmodel = 'x'\n"
    after = FORMATS["toml"].edit(before, [SetKey(wish.output.pointer, wish.output.value)])
    assert tomlkit.parse(after.decode()).unwrap()["mcp_servers"] == {
        name: {"command": "run", "args": ['"', "\\", "\x00"]}
    }
    assert before == FORMATS["toml"].edit(after, [RemoveKey(wish.output.pointer)])


@pytest.mark.parametrize(
    ("tools", "disallowed", "sandbox"),
    [
        (None, (), None),
        (("Read", "Grep"), (), "read-only"),
        (("Read", "Bash"), (), "read-only"),
        (("Read", "Edit"), (), None),
        (("Edit(src/**)",), (), "read-only"),
        ((), (), "read-only"),
        (None, ("Edit", "Write", "NotebookEdit"), "read-only"),
        (None, ("Bash",), None),
        (("Edit",), ("Edit",), "read-only"),
    ],
)
def test_an_agent_that_can_change_no_file_gets_a_sandbox(
    tools: tuple[str, ...] | None, disallowed: tuple[str, ...], sandbox: str | None
) -> None:
    """It is all that can be limited, so every limit is besides a loss of security."""
    one = agent(PROJECT, "a", tools=tools, disallowed_tools=disallowed)
    assert tomlkit.parse(file(one).content.decode()).unwrap().get("sandbox_mode") == sandbox
    limited = tools is not None or bool(disallowed)
    assert [loss.security for loss in desired(one).losses] == ([True] if limited else [])


def test_an_agent_that_only_plans_gets_a_sandbox_too() -> None:
    """The mode is kept in effect; elsewhere it is a loss of security."""
    one = agent(PROJECT, "a", metadata={"permissionMode": "plan"})
    assert tomlkit.parse(file(one).content.decode()).unwrap()["sandbox_mode"] == "read-only"
    assert desired(one).losses == ()


def test_the_text_of_an_agent_comes_back() -> None:
    """Three kinds of quotes, backslashes and an emoji."""
    one = agent(PROJECT, "a")
    members = tomlkit.parse(file(one).content.decode()).unwrap()
    assert members["developer_instructions"] == one.prompt
    assert members["description"] == one.description


def test_an_agent_without_instructions_gets_its_description() -> None:
    """Codex drops an agent that has none."""
    members = tomlkit.parse(file(agent(PROJECT, "a", prompt=" \n", description="")).content.decode()).unwrap()
    assert members["developer_instructions"] == "a\n"


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "con", "-rf", ".hidden", "a\nb", "x" * 300])
def test_an_unsafe_name_is_a_loss_and_no_path(name: str) -> None:
    """Names come from front matter."""
    result = desired(agent(PROJECT, name))
    assert result.wanted == {}
    assert "name of a file" in result.losses[0].why


def test_a_command_becomes_a_skill_in_codexs_own_folder() -> None:
    """In `.agents/skills` the others would show it besides their command."""
    output = file(command(PROJECT, "git:commit", "# Commit\n\nCommit $ARGUMENTS now.\n"))
    assert output.path == ".codex/skills/git-commit/SKILL.md"
    front = yaml.safe_load(output.content.decode().split("---\n")[1])
    assert front == {"name": "git-commit", "description": "Commit"}
    assert b"$ARGUMENTS now" not in output.content.split(b"---\n")[2]


def test_the_model_is_told_what_arguments_a_shell_command_gets() -> None:
    """It sees the text as it is."""
    text = file(command(PROJECT, "log", "See !`git log $1 -- $ARGUMENTS` there.\n")).content.decode()
    typed = "what the user typed after the name of this skill"
    assert f"`git log $2 -- $ARGUMENTS`, and use its output here) ($1 is the first word of {typed}; " in text
    assert f"; $ARGUMENTS is {typed}) there." in text
    plain = file(command(PROJECT, "log", "See !`git log` there.\n")).content.decode()
    assert "$" not in plain


def test_a_command_gives_way_to_a_skill_of_its_name() -> None:
    """As it does in Claude Code."""
    paths = {address.path for address in desired(skill(PROJECT, "x"), command(PROJECT, "x", "Text.")).wanted}
    assert paths == {".agents/skills/x"}


@pytest.mark.parametrize("written", ["$CLAUDE_PROJECT_DIR/x", "${CLAUDE_PROJECT_DIR}/x"])
def test_the_project_folder_of_a_hook_is_asked_of_git(written: str) -> None:
    """Codex sets no variable for it; commands run in a shell."""
    (wish,) = desired(hook(PROJECT, "Stop", "", written)).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.value == {"hooks": [{"type": "command", "command": "$(git rev-parse --show-toplevel)/x"}]}


def test_time_outs_are_whole_seconds() -> None:
    """With a fraction in one of them Codex reads none of the hooks."""
    (wish,) = desired(hook(PROJECT, "Stop", "", "x", timeout_s=1.2)).wanted.values()
    assert isinstance(wish.output, ElementOutput)
    assert wish.output.value["hooks"][0]["timeout"] == 2  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    "name", ["ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK", "MAX_THINKING_TOKENS", "DISABLE_TELEMETRY"]
)
def test_variables_of_claude_code_itself_are_kept_back(name: str) -> None:
    """They would mean nothing there, and may be secrets."""
    result = desired(variable(PROJECT, name, "x"))
    assert result.wanted == {}
    assert len(result.losses) == 1


@pytest.mark.parametrize(("event", "security"), [("PreToolUse", True), ("Stop", False)])
def test_a_guard_that_is_lost_is_a_loss_of_security(event: str, security: bool) -> None:
    """A hook before a tool can forbid it."""
    losses = desired(hook(PROJECT, event, "Read", "", type="prompt", command=None)).losses
    assert [security] == [loss.security for loss in losses]


def test_skills_without_a_description_are_told() -> None:
    """Codex does not show them."""
    losses = desired(skill(PROJECT, "x", description="")).losses
    assert ["skill x"] == [loss.what for loss in losses]


def test_a_command_that_only_people_may_call_is_a_loss_as_a_skill() -> None:
    """The model may use a skill by itself."""
    guarded = replace(command(PROJECT, "deploy", "Deploy.\n"), metadata={"disable-model-invocation": True})
    losses = desired_state([TARGET], source(PROJECT, guarded)).losses
    assert [(loss.what, loss.security) for loss in losses] == [("disable-model-invocation: true", True)]
