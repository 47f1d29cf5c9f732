"""MCP servers in the shape that most harnesses share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.adapters.conftest import server, source

from harnesssync_adapters import TARGETS
from harnesssync_adapters.shared.mcp_servers import Dialect, mcp_servers
from harnesssync_orchestrator.core.desired import KeyOutput, Loss
from harnesssync_orchestrator.core.items import McpServer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import Target, View

PROJECT = Scope.PROJECT
KNOWN = Dialect(
    harness="Heron",
    remote={Transport.HTTP: {"type": "http"}},
    url="serverUrl",
    reference=lambda name: f"${{env:{name}}}",
    expanded=frozenset({"env", "headers"}),
    timeout=("timeout", 1000),
)
UNKNOWN = Dialect(harness="Heron", remote={Transport.HTTP: {}})


def rendered(one: McpServer, dialect: Dialect) -> tuple[object, list[Loss]]:
    """The value of a server, None if there is none, and the losses."""
    view = View(target="heron", source=source(PROJECT, one))
    results = list(mcp_servers(view, [one], dialect, "servers.json"))
    values = [result.value for result in results if isinstance(result, KeyOutput)]
    return (values or [None])[0], [result for result in results if isinstance(result, Loss)]


def test_references_are_written_in_the_syntax_of_the_harness() -> None:
    """Never as their values."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=["-v"], env={"A": "x-${TOKEN}"})
    assert rendered(one, KNOWN) == ({"command": "run", "args": ["-v"], "env": {"A": "x-${env:TOKEN}"}}, [])


def test_a_default_is_told_to_be_lost() -> None:
    """Nothing has been found that takes one."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=[], env={"A": "${TOKEN:-none}"})
    value, losses = rendered(one, KNOWN)
    assert value == {"command": "run", "args": [], "env": {"A": "${env:TOKEN}"}}
    assert ["${TOKEN:-none}"] == [loss.what for loss in losses]


@pytest.mark.parametrize(
    ("dialect", "fields"),
    [
        (KNOWN, {"command": "run", "args": ["${A}"]}),
        (KNOWN, {"command": "${A}", "args": []}),
        (UNKNOWN, {"command": "run", "args": [], "env": {"A": "${A}"}}),
        (UNKNOWN, {"command": "run", "args": ["$HOME"]}),
        (KNOWN, {"command": "run", "args": ["${env:HOME}"]}),
        (KNOWN, {"command": "run", "args": [], "env": {"$A": "1"}}),
    ],
)
def test_a_server_is_left_out_where_text_would_arrive_as_something_else(
    dialect: Dialect, fields: dict[str, object]
) -> None:
    """A reference as literal text, or a literal text expanded."""
    value, losses = rendered(server(PROJECT, "s", Transport.STDIO, **fields), dialect)
    assert value is None
    assert len(losses) == 1


@pytest.mark.parametrize("transport", [Transport.SSE, Transport.WEBSOCKET])
def test_a_server_is_left_out_that_could_not_be_reached(transport: Transport) -> None:
    """Its transport is told."""
    value, losses = rendered(server(PROJECT, "s", transport, url="https://x.example"), KNOWN)
    assert value is None
    assert [f"type: {transport.value}"] == [loss.what for loss in losses]


def test_a_time_out_is_rounded_up_to_the_unit_of_the_harness() -> None:
    """Or told to be lost."""
    one = server(PROJECT, "s", Transport.HTTP, url="https://x.example", timeout_ms=1500, extra={"oauth": {}})
    value, losses = rendered(one, KNOWN)
    assert value == {"type": "http", "serverUrl": "https://x.example", "timeout": 2}
    assert ["oauth"] == [loss.what for loss in losses]
    assert ["timeout: 1500", "oauth"] == [loss.what for loss in rendered(one, UNKNOWN)[1]]


@pytest.mark.parametrize("target", [one for one in TARGETS if one.id in ("codex", "gemini", "qwen", "roo")])
def test_a_folder_to_start_in_is_not_said_to_be_unknown_to_a_harness_that_has_that(target: Target) -> None:
    """It is left out since Claude Code itself has not been seen to start a server there."""
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=[], extra={"cwd": "/srv", "x": 1})
    losses = desired_state([target], source(PROJECT, one)).losses
    assert [("cwd", False), ("x", True)] == [(loss.what, "no such setting" in loss.why) for loss in losses]


def test_a_default_leaves_the_server_out_where_an_unset_variable_stays_as_it_is_written() -> None:
    """It would arrive as literal text, in the usual case."""
    keeping = replace(KNOWN, keeps_unset=True)
    one = server(PROJECT, "s", Transport.STDIO, command="run", args=[], env={"A": "${TOKEN:-none}"})
    assert rendered(one, keeping)[0] is None
    assert rendered(server(PROJECT, "s", Transport.STDIO, command="run", args=[], env={"A": "${T}"}), keeping)[0]
