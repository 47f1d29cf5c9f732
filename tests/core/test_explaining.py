"""What is a person's in a merged file, and on which line an item stands: told by values and text alone."""

from __future__ import annotations

from typing import Any

import pytest

from harnesssync_orchestrator.core.desired import Address, Desired, value_hash
from harnesssync_orchestrator.core.explaining import Known, foreign
from harnesssync_orchestrator.core.foreign import Foreign
from harnesssync_orchestrator.core.items import Hook, Layer, McpServer, Origin, Scope, Transport
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Observed, ObservedFile
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.source_lines import line_of

ORIGIN = Origin(layer=Layer.PROJECT, file="/p/.mcp.json")


def entry(value: Any, **more: Any) -> Entry:
    return Entry(method=Method.MERGE, digest=value_hash(value), timestamp="", owners=("codex",), format="json", **more)


def known(values: Any, entries: dict[Address, Entry], made: frozenset[Address] = frozenset()) -> Known:
    return Known(
        source=Source(scope=Scope.PROJECT, root="/p"),
        desired=Desired(),
        ledger=Ledger(entries=entries, made=made),
        observed=Observed(paths={"a.json": ObservedFile("x")}, documents={"a.json": Document(values)}),
        plan=Plan(),
    )


@pytest.mark.parametrize(
    ("values", "ours", "expected"),
    [
        ({}, [], []),
        ({"a": {"b": 1}}, [], [Foreign(("a",))]),
        ({"a": {"b": 1, "c": 2}}, [Address("a.json", ("a", "b"))], [Foreign(("a", "c"))]),
        ({"a": {"b": {"c": 2}}}, [Address("a.json", ("a", "b"))], []),
        ({"a": [1, 2, 1]}, [Address("a.json", ("a",), value_hash(1))], [Foreign(("a",), 1), Foreign(("a",), 2)]),
        ({"a": "text"}, [Address("a.json", ("a", "b"))], [Foreign(("a",))]),
    ],
)
def test_a_persons_part_is_named_by_its_outermost_key(
    values: Any, ours: list[Address], expected: list[Foreign]
) -> None:
    """Where nothing of ours is below; of equal elements only as many are ours as we wrote."""
    assert list(foreign("a.json", known(values, {address: entry(1) for address in ours}))) == expected


def test_what_is_kept_or_was_there_before_is_a_persons(tmp_path: Any) -> None:
    """An emptied container that we made is not."""
    addresses = [Address("a.json", (name,)) for name in ("kept", "before")]
    entries = {addresses[0]: entry(1, created=False, kept=True), addresses[1]: entry(1, created=False)}
    found = known({"kept": 1, "before": 1, "made": {}}, entries, frozenset({Address("a.json", ("made",))}))
    assert list(foreign("a.json", found)) == [Foreign(("kept",)), Foreign(("before",))]


def test_a_line_is_told_only_where_it_is_certain() -> None:
    """By the key of a server, by the command of a hook; not if that stands there twice."""
    server = McpServer(name="filés", origin=ORIGIN, transport=Transport.STDIO)
    assert line_of(server, '{\n "mcpServers": {\n  "filés" : {"args": ["filés"]}}}') == 3
    assert line_of(server, '{\n"fil\\u00e9s": 1}') == 2
    assert line_of(server, '{"filés": 1, "x": {"filés": 2}}') is None
    hook = Hook(name="Stop[]#1", origin=ORIGIN, event="Stop", matcher="", type="command", command='say "x"')
    assert line_of(hook, '{\n\n"command": "say \\"x\\""}') == 3
