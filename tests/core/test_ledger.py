"""The ledger as values and as a document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method, from_document, to_document

ENTRY = Entry(method=Method.WRITE, digest="a" * 16, timestamp="2026-01-01T00:00:00+00:00", owners=("codex", "gemini"))


def test_a_ledger_is_the_same_after_it_was_a_document() -> None:
    """With shared outputs, containers and an unfinished sync."""
    ledger = Ledger(
        entries={
            Address("日本語.md"): ENTRY,
            Address("c.toml", ("a", "b.c")): Entry(
                method=Method.MERGE, digest="b" * 16, timestamp="t", owners=("codex",), created=False, format="toml"
            ),
            Address("mine.md"): replace(ENTRY, kept=True, created=False),
            Address("c.toml", ("secret",)): replace(ENTRY, method=Method.MERGE, format="toml", mode=0o664),
            Address("replaced.md"): replace(ENTRY, origin="000003-00112233aabbccdd"),
            Address(".claude/rules/tone.md"): replace(ENTRY, yields=True, unlisted=True),
            Address(".env"): replace(ENTRY, yields=True, once=True),
        },
        made=frozenset([Address(".agents/"), Address("c.toml", ("a",))]),
        pending={Address("x"): "c" * 16},
        transaction="000004-00112233aabbccdd",
        last_sync="2026-01-01T00:00:00+00:00",
    )
    assert from_document(to_document(ledger)) == ledger


def test_a_ledger_without_the_later_members_is_read() -> None:
    """Files of earlier versions have no origin, kept, mode and transaction; nothing is written for their defaults."""
    document = to_document(Ledger(entries={Address("AGENTS.md"): ENTRY}))
    assert "transaction" not in document
    assert document["targets"]["codex"]["AGENTS.md"].keys() == {"hash", "timestamp", "method"}
    assert from_document(document).entries == {Address("AGENTS.md"): ENTRY}


def test_an_empty_ledger_has_the_documented_form() -> None:
    """The form that a file without any entry has."""
    document = to_document(Ledger())
    assert (document["version"], document["targets"], document["last_sync"]) == ("1.0", {}, None)


def test_a_shared_output_stands_under_each_owner() -> None:
    """So that a reader who knows one target finds all of its outputs."""
    document = to_document(Ledger(entries={Address("AGENTS.md"): ENTRY}))
    assert document["targets"]["codex"]["AGENTS.md"] == document["targets"]["gemini"]["AGENTS.md"]


@pytest.mark.parametrize(
    "document",
    [
        {"version": "2.0", "targets": {}},
        {"version": "1.0", "targets": {"codex": {"a": {"hash": 1, "timestamp": "t", "method": "write"}}}},
        {"version": "1.0", "targets": {"codex": {"a": {"timestamp": "t", "method": "write"}}}},
        {"version": "1.0", "targets": {"codex": {"a": {"hash": "x", "timestamp": "t", "method": "magic"}}}},
        {"version": "1.0"},
        {"version": "1.0", "targets": {"codex": []}},
    ],
)
def test_a_document_that_is_no_ledger_is_refused(document: dict[str, object]) -> None:
    """Never read in part: a forgotten entry would be a forgotten ownership."""
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        from_document(document)


def test_an_integer_version_is_read_too() -> None:
    """A version written as a number by another program is the same version."""
    assert from_document({"version": 1, "targets": {}}) == Ledger()
