"""MCP servers of all scopes, with references kept as references."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Layer, McpServer, Scope, Transport
from harnesssync_orchestrator.core.references import Reference


def servers(world: Any, entries: dict[str, Any]) -> dict[str, McpServer]:
    """The servers of a project's `.mcp.json`."""
    world.in_project({".mcp.json": {"mcpServers": entries}})
    found: dict[str, McpServer] = world.items(McpServer)
    return found


def test_a_stdio_server_has_its_command_arguments_and_environment(world: Any) -> None:
    """`stdio` need not be said."""
    entry = {"command": "npx", "args": ["-y", "pkg"], "env": {"KEY": "x"}, "timeout": 5000}
    server = servers(world, {"files": entry})["files"]
    assert server.transport is Transport.STDIO
    assert [str(part) for part in (server.command, *server.args)] == ["npx", "-y", "pkg"]
    assert {key: str(value) for key, value in server.env.items()} == {"KEY": "x"}
    assert (server.timeout_ms, server.extra, server.executes) == (5000, {}, True)


@pytest.mark.parametrize(
    ("kind", "transport"),
    [
        ("http", Transport.HTTP),
        ("streamable-http", Transport.HTTP),
        ("sse", Transport.SSE),
        ("ws", Transport.WEBSOCKET),
    ],
)
def test_the_transport_is_that_of_the_type(world: Any, kind: str, transport: Transport) -> None:
    """Whatever the URL looks like."""
    entry = {"type": kind, "url": "https://x.example/sse/ws/mcp", "headers": {"A": "b"}, "headersHelper": "cmd"}
    server = servers(world, {"s": entry})["s"]
    assert server.transport is transport
    assert str(server.url) == "https://x.example/sse/ws/mcp"
    assert {key: str(value) for key, value in server.headers.items()} == {"A": "b"}
    assert server.extra == {"headersHelper": "cmd"}


def test_references_are_never_expanded(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of a variable appears nowhere."""
    monkeypatch.setenv("TOKEN", "CANARY")
    entry = {"command": "x", "args": ["${TOKEN}"], "env": {"A": "Bearer ${TOKEN:-none}"}}
    server = servers(world, {"s": entry})["s"]
    assert server.args[0].parts == (Reference("TOKEN"),)
    assert server.env["A"].parts == ("Bearer ", Reference("TOKEN", "none"))
    assert "CANARY" not in repr(world.read())


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "http://x/sse"},
        {"type": "foo", "command": "x"},
        {"type": "sdk", "name": "x"},
        {"command": ""},
        {"command": 5},
        {"command": "x", "args": "a b"},
        {"command": "x", "args": [1]},
        {"command": "x", "env": {"A": 5}},
        {"type": "http"},
        {"type": "http", "url": "http://x", "headers": ["a"]},
        {},
        [],
        "npx x",
        None,
    ],
)
def test_a_wrong_server_is_told_and_the_others_go_on(world: Any, entry: Any) -> None:
    """With what to do about it."""
    world.in_project({".mcp.json": {"mcpServers": {"bad": entry, "good": {"command": "x"}}}})
    source = world.read()
    assert [item.name for item in source.items] == ["good"]
    (problem,) = source.problems
    assert problem.code == "mcp_server_invalid"
    assert "'bad'" in problem.message
    assert problem.hint


def test_servers_under_another_programs_key_are_told(world: Any) -> None:
    """`servers` is how an editor writes them."""
    world.in_project({".mcp.json": {"servers": {"x": {"command": "y"}}}})
    assert world.codes() == ["mcp_file_invalid"]


@pytest.mark.parametrize("content", ["null", "[]", "3"])
@pytest.mark.parametrize("file", [".mcp.json", ".claude/settings.json"])
def test_a_file_that_holds_no_object_holds_removals_back(world: Any, file: str, content: str) -> None:
    """`null` is no missing file: some programs write it when they have nothing to say any more."""
    world.in_project({file: content})
    (problem,) = world.problems()
    assert (problem.code, problem.file, problem.hides) == ("json_invalid", str(world.project / file), True)


def test_broken_json_is_told_with_line_and_column(world: Any) -> None:
    """And holds removals back."""
    world.in_project({".mcp.json": '{\n  "mcpServers": {"a": {"command": "x",}}\n}'})
    (problem,) = world.problems()
    assert (problem.code, problem.line, problem.hides) == ("json_invalid", 2, True)
    assert problem.column is not None
    assert "comma" in problem.hint


def test_local_servers_beat_those_of_the_project(world: Any) -> None:
    """They lie in the user's `.claude.json`, under the project's path, and are private."""
    world.in_project({".mcp.json": {"mcpServers": {"a": {"command": "shared"}, "b": {"command": "shared"}}}})
    world.in_home(
        {
            ".claude.json": {
                "mcpServers": {"a": {"command": "user"}, "u": {"command": "user"}},
                "projects": {
                    str(world.project): {"mcpServers": {"a": {"command": "local"}, "c": {"command": "local"}}}
                },
            }
        }
    )
    found = {name: (str(s.command), s.origin.layer, s.origin.private) for name, s in world.items(McpServer).items()}
    assert found == {
        "a": ("local", Layer.LOCAL, True),
        "b": ("shared", Layer.PROJECT, False),
        "c": ("local", Layer.LOCAL, True),
    }
    assert {name: str(s.command) for name, s in world.items(McpServer, Scope.USER).items()} == {
        "a": "user",
        "u": "user",
    }


@pytest.mark.parametrize("where", ["project", "local", "user", "managed", "state", "toggle"])
def test_a_server_that_was_rejected_is_left_out(world: Any, where: str) -> None:
    """In any settings file, or in what Claude Code remembers of the project."""
    world.in_project({".mcp.json": {"mcpServers": {"a": {"command": "x"}, "b": {"command": "x"}}}})
    rejected = {"disabledMcpjsonServers": ["a"]}
    match where:
        case "project":
            world.in_project({".claude/settings.json": rejected})
        case "local":
            world.in_project({".claude/settings.local.json": rejected})
        case "user":
            world.in_home({".claude/settings.json": rejected})
        case "managed":
            world.in_managed({"managed-settings.json": rejected})
        case "state":
            world.in_home({".claude.json": {"projects": {str(world.project): rejected}}})
        case _:
            world.in_home({".claude.json": {"projects": {str(world.project): {"disabledMcpServers": ["a"]}}}})
    assert list(world.items(McpServer)) == ["b"]


def test_an_administrators_servers_are_the_only_ones(world: Any) -> None:
    """`managed-mcp.json` takes over all scopes."""
    world.in_managed({"managed-mcp.json": {"mcpServers": {"m": {"command": "x"}}}})
    world.in_project({".mcp.json": {"mcpServers": {"p": {"command": "x"}}}})
    world.in_home({".claude.json": {"mcpServers": {"u": {"command": "x"}}}})
    assert list(world.items(McpServer)) == []
    assert list(world.items(McpServer, Scope.USER)) == ["m"]


def test_the_users_file_may_be_large(world: Any) -> None:
    """It holds the history of every project."""
    world.in_home(
        {".claude.json": json.dumps({"mcpServers": {"u": {"command": "x"}}, "history": "x" * 5_000_000})},
    )
    assert list(world.items(McpServer, Scope.USER)) == ["u"]


def test_a_home_without_servers_is_no_problem(world: Any) -> None:
    """Nor is a `.claude.json` without that key."""
    world.in_home({".claude.json": {"numStartups": 3, "projects": []}})
    assert world.problems() == []
    assert world.problems(Scope.USER) == []


@pytest.mark.parametrize(
    ("entry", "denied"),
    [
        ({"serverName": "a"}, {"a"}),
        ({"serverCommand": ["npx", "b"]}, {"b"}),
        ({"serverUrl": "https://*.example/*"}, {"c"}),
        ({"serverUrl": "https://other.example"}, set()),
        ("nonsense", set()),
    ],
)
def test_a_denied_server_is_given_to_nobody(world: Any, entry: Any, denied: set[str]) -> None:
    """By name, command line or URL, whoever denies it."""
    entries = {
        "a": {"command": "npx", "args": ["a"]},
        "b": {"command": "npx", "args": ["b"]},
        "c": {"type": "http", "url": "https://x.example/mcp"},
    }
    world.in_home({".claude/settings.json": {"deniedMcpServers": [entry]}})
    assert set(entries) - set(servers(world, entries)) == denied


def test_only_allowed_servers_are_given_to_others(world: Any) -> None:
    """A command line on the list makes the name not enough; an empty list allows nothing."""
    entries = {"a": {"command": "npx", "args": ["a"]}, "b": {"command": "b"}, "c": {"type": "sse", "url": "https://x"}}
    allowed: list[dict[str, Any]] = [{"serverName": "b"}, {"serverName": "c"}]
    world.in_managed({"managed-settings.json": {"allowedMcpServers": allowed, "allowManagedMcpServersOnly": True}})
    world.in_home({".claude/settings.json": {"allowedMcpServers": [{"serverName": "a"}]}})
    assert list(servers(world, entries)) == ["b", "c"]
    allowed.append({"serverCommand": ["npx", "a"]})
    world.in_managed({"managed-settings.json": {"allowedMcpServers": allowed, "allowManagedMcpServersOnly": True}})
    assert list(servers(world, entries)) == ["a", "c"]
    world.in_managed({"managed-settings.json": {"allowedMcpServers": [], "allowManagedMcpServersOnly": True}})
    assert list(servers(world, entries)) == []
