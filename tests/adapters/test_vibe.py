"""Mistral Vibe: which lists stand in the place of which, and how its hooks say no."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import tomlkit
from tests.adapters.conftest import agent, command, hook, permission, permissions, server, source

from harnesssync_adapters.vibe import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(scope: Scope, *items: Item) -> Desired:
    """What Vibe wants of these items."""
    return desired_state([TARGET], source(scope, *items))


def placed(scope: Scope, *items: Item) -> list[tuple[str, Any]]:
    """Where the merged outputs stand, and their values."""
    outputs = [wish.output for wish in desired(scope, *items).wanted.values()]
    merged = [output for output in outputs if isinstance(output, (KeyOutput, ElementOutput))]
    return [(".".join(output.pointer), output.value) for output in merged]


@pytest.mark.parametrize(
    ("action", "text", "expected"),
    [
        ("deny", "Bash(rm -rf:*)", [("tools.bash.denylist", "rm -rf")]),
        ("deny", "Bash(npm publish)", [("tools.bash.denylist", "npm publish")]),
        ("deny", "Bash", [("disabled_tools", "bash")]),
        ("deny", "Edit", [("disabled_tools", "edit"), ("disabled_tools", "write_file")]),
        ("deny", "mcp__a.b", [("disabled_tools", "a_b_*")]),
        ("deny", "mcp__docs__search", [("disabled_tools", "docs_search")]),
        (
            "deny",
            "Read(./secrets/**)",
            [("tools.read_file.denylist", "*/secrets/*"), ("tools.grep.denylist", "*/secrets/*")],
        ),
        (
            "deny",
            "Write(//etc/x)",
            [("tools.write_file.denylist", "/etc/x"), ("tools.write_file.denylist", "/etc/x/*")],
        ),
        ("deny", "Write(~/.ssh/**)", [("tools.write_file.denylist", "*/.ssh/*")]),
        ("deny", "Write(.env)", [("tools.write_file.denylist", "*/.env"), ("tools.write_file.denylist", "*/.env/*")]),
        ("deny", "Write(.git/**)", [("tools.write_file.denylist", "*/.git/*")]),
        ("deny", "Write(.env.*)", [("tools.write_file.denylist", "*/.env.*")]),
        ("deny", "Write(src/.env.*)", [("tools.write_file.denylist", "*/src/.env.*")]),
        (
            "ask",
            "Bash(git push:*)",
            [("tools.bash.sensitive_patterns", "sudo"), ("tools.bash.sensitive_patterns", "git push")],
        ),
        ("ask", "WebFetch", [("tools.web_fetch.permission", "ask")]),
        ("allow", "WebFetch", [("tools.web_fetch.permission", "always")]),
        ("allow", "Bash(npm run lint:*)", [("tools.bash.allowlist", "npm run lint")]),
    ],
)
def test_a_persons_rules_go_to_the_lists_of_a_tool(action: str, text: str, expected: list[tuple[str, object]]) -> None:
    """What is denied is looked at first, then what must be asked for; `sudo` is asked for as Vibe ships it."""
    assert expected == placed(USER, permissions(USER, permission(USER, action, text)))


@pytest.mark.parametrize(
    ("action", "text", "security"),
    [
        ("allow", "Bash(npm test)", False),
        ("allow", "Bash(git * main)", False),
        ("allow", "Read(src/**)", False),
        ("allow", "mcp__files__list", False),
        ("deny", "Bash(sudo*)", True),
        ("deny", "WebFetch(domain:x.example)", True),
        ("deny", "LS", True),
    ],
)
def test_a_rule_that_it_can_not_say_is_lost(action: str, text: str, security: bool) -> None:
    """Nothing more permissive is written in its place."""
    result = desired(USER, permissions(USER, permission(USER, action, text)))
    assert result.wanted == {}
    assert [security] == [loss.security for loss in result.losses]


@pytest.mark.parametrize(
    ("allowed", "restricted"),
    [("Bash(git:*)", "Bash(git * --force)"), ("Bash", "Bash(*rm*)"), ("WebFetch", "WebFetch(domain:x.example)")],
)
def test_nothing_is_allowed_of_which_a_part_must_be_asked_for(allowed: str, restricted: str) -> None:
    """Where the part can't be said."""
    rules = [permission(USER, "allow", allowed), permission(USER, "ask", restricted)]
    assert placed(USER, permissions(USER, *rules)) == []


def test_a_project_only_turns_tools_off() -> None:
    """Any other setting of a project would stand in the place of a person's own, denials too."""
    rules = [permission(PROJECT, "deny", "WebSearch"), permission(PROJECT, "deny", "Bash(rm:*)")]
    given = permissions(PROJECT, *rules, permission(PROJECT, "ask", "WebFetch"))
    assert placed(PROJECT, given) == [("disabled_tools", "web_search")]
    assert [True, False] == [loss.security for loss in desired(PROJECT, given).losses]


@pytest.mark.parametrize(
    ("transport", "fields", "expected"),
    [
        (
            Transport.HTTP,
            {"url": "https://x.example", "headers": {"X-Key": "k-${T}", "A": "b"}},
            {
                "name": "s",
                "transport": "streamable-http",
                "url": "https://x.example",
                "headers": {"A": "b"},
                "api_key_env": "T",
                "api_key_header": "X-Key",
                "api_key_format": "k-{token}",
            },
        ),
        (
            Transport.STDIO,
            {"command": "/opt/my tool", "args": ["a b"], "timeout_ms": 1500},
            {"name": "s", "transport": "stdio", "command": "'/opt/my tool'", "args": ["a b"], "tool_timeout_sec": 1.5},
        ),
    ],
)
def test_a_server_is_a_table_of_the_list(
    transport: Transport, fields: dict[str, object], expected: dict[str, object]
) -> None:
    """A command is taken apart as by a shell there, and one header may come from a variable."""
    assert [("mcp_servers", expected)] == placed(PROJECT, server(PROJECT, "s", transport, **fields))


@pytest.mark.parametrize(
    ("transport", "fields"),
    [
        (Transport.STDIO, {"command": "run", "args": [], "env": {"T": "${T}"}}),
        (Transport.STDIO, {"command": "run", "args": ["${T}"]}),
        (Transport.HTTP, {"url": "https://x.example", "headers": {"A": "${A}", "B": "${B}"}}),
        (Transport.HTTP, {"url": "https://x.example", "headers": {"A": "{x} ${A}"}}),
        (Transport.SSE, {"url": "https://x.example"}),
    ],
)
def test_a_server_that_would_get_a_literal_reference_is_left_out(
    transport: Transport, fields: dict[str, object]
) -> None:
    """Its programs see no variable that is not written down."""
    result = desired(PROJECT, server(PROJECT, "s", transport, **fields))
    assert result.wanted == {}
    assert result.losses


@pytest.mark.parametrize(("exits", "expected"), [(0, 0), (1, 0), (2, 2)])
def test_only_the_exit_code_2_of_a_hook_says_no(exits: int, expected: int) -> None:
    """As in Claude Code; a word on its output is not taken for an answer."""
    ((_, value),) = placed(PROJECT, hook(PROJECT, "PreToolUse", "Bash", f"echo word; echo why >&2; exit {exits} # end"))
    assert (value["strict"], value["match"]) == (True, "re:bash")
    done = subprocess.run(["sh", "-c", value["command"]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (expected, "", "why\n")


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [("Edit|Bash", "re:(edit|write_file)|bash"), ("mcp__files__.*", "re:files_.*"), ("*", None)],
)
def test_matchers_get_its_names_of_tools(matcher: str, expected: str | None) -> None:
    """Of a server's tools too."""
    ((_, value),) = placed(PROJECT, hook(PROJECT, "PostToolUse", matcher, "x"))
    assert expected == value.get("match")
    assert "strict" not in value


def test_agents_are_files_with_its_names_of_tools() -> None:
    """One without any tool would get all of them."""
    given = agent(PROJECT, "a", tools=("Read", "Edit", "Bash(git:*)"), disallowed_tools=("mcp__docs",))
    (wish,) = desired(PROJECT, given).wanted.values()
    assert isinstance(wish.output, FileOutput)
    members = tomlkit.parse(wish.output.content.decode()).unwrap()
    assert (members["enabled_tools"], members["disabled_tools"]) == (["read_file", "edit"], ["docs_*"])
    assert desired(PROJECT, agent(PROJECT, "a", tools=("Glob",))).wanted == {}


def test_commands_become_skills_with_names_that_it_accepts() -> None:
    """Others are refused by the program."""
    (address,) = desired(PROJECT, command(PROJECT, "Git:Commit_All", "x")).wanted
    assert address.path == ".vibe/skills/git-commit-all/SKILL.md"


def test_servers_whose_names_become_one_are_a_clash() -> None:
    """Vibe's names are unique, and have no dots. Two that say the same are one."""
    named = {name: server(USER, name, Transport.STDIO, command="x", args=[name]) for name in ("a.b", "a_b")}
    result = desired(USER, *named.values(), server(USER, "c", Transport.STDIO, command="x", args=[]))
    assert [str(address) for address in result.wanted] == [".vibe/config.toml#/mcp_servers#name=c"]
    (clash,) = result.clashes
    assert clash.items == tuple(one.id for one in named.values())
    assert clash.reason.endswith(" by mcp_server a.b, mcp_server a_b")
    alike = [server(USER, name, Transport.STDIO, command="x", args=[]) for name in named]
    (wish,) = desired(USER, *alike).wanted.values()
    assert wish.output.items == tuple(one.id for one in alike)
