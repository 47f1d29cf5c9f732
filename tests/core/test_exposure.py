"""What may be private and hidden from git: only what is wholly ours, whatever a killed sync left of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harnesssync_orchestrator.core.desired import Address, Desired, FileOutput, KeyOutput, Output, value_hash
from harnesssync_orchestrator.core.exposure import WhollyOurs, why_exposed
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Missing, Observed, ObservedFile

KEY = Address("c.json", ("mcp", "files"))
WRITTEN, WANTED = {"url": "old"}, {"url": "new"}
LEDGER = Ledger(
    entries={KEY: Entry(method=Method.MERGE, digest=value_hash(WRITTEN), timestamp="t", owners=("codex",))},
    made=frozenset([Address("c.json"), Address("c.json", ("mcp",))]),
    pending={KEY: value_hash(WANTED)},
)


def _is_wholly_ours(value: object) -> bool:
    observed = Observed(paths={"c.json": ObservedFile("h")}, documents={"c.json": Document({"mcp": {"files": value}})})
    return "c.json" in WhollyOurs(Desired(), observed, LEDGER)


def test_a_file_stays_ours_whether_a_killed_sync_came_to_change_it_or_not() -> None:
    """Else the next sync shows it to git, and takes private values out of it."""
    assert _is_wholly_ours(WRITTEN)
    assert _is_wholly_ours(WANTED)
    assert not _is_wholly_ours({"url": "mine"})


SECRET = FileOutput(path="x", items=(ItemId("agent", "a"),), content=b"c", secrets=("the text of agent a",))
MERGED = KeyOutput(
    path="c.json",
    items=(ItemId("mcp_server", "s"),),
    format="json",
    pointer=("mcp", "s"),
    value="v",
    secrets=("the URL of mcp_server s",),
)


def _why(output: Output, *, theirs: bool = False, **known: frozenset[str]) -> str:
    state = Document({"mine": 1}) if theirs else Document({})
    observed = Observed(paths={"x": Missing(), "c.json": ObservedFile("h")}, documents={"c.json": state}, **known)
    ledger = Ledger(made=frozenset([Address("c.json")]))
    return why_exposed(output, observed, WhollyOurs(Desired(), observed, ledger))


def test_a_credential_goes_where_git_does_not_see_it() -> None:
    """Into what is wholly ours and hidden, or ignored by patterns of a person's."""
    assert _why(SECRET) == ""
    assert _why(MERGED) == ""
    assert _why(MERGED, theirs=True, ignored=frozenset(["c.json"])) == ""


@pytest.mark.parametrize("reason", ["tracked", "shown", "unasked"])
def test_a_credential_goes_nowhere_that_git_may_see(reason: str) -> None:
    """The reason names the place and how to write it instead, never the credential."""
    why = _why(SECRET, **{reason: frozenset(["x"])}, ignored=frozenset(["y"]))
    assert why.startswith("the text of agent a is a credential")
    assert "${NAME}" in why


def test_a_credential_does_not_go_beside_things_of_a_persons_that_git_sees() -> None:
    """Such a file is never hidden."""
    assert "holds things of yours" in _why(MERGED, theirs=True)
    assert _why(replace(MERGED, secrets=()), theirs=True, tracked=frozenset(["c.json"])) == ""


def test_what_stays_out_of_info_exclude_must_be_hidden_otherwise() -> None:
    """By an output of ours, or by patterns of a person's."""
    private = replace(SECRET, secrets=(), private=True)
    assert _why(replace(private, hidden_by=".gitignore")) == ""
    shown = replace(private, hidden_by="")
    assert "x is not hidden from git: name it in .gitignore" in _why(shown)
    assert _why(shown, ignored=frozenset(["x"])) == ""
    for hidden_by in ("", ".gitignore"):
        assert "tracked" in _why(replace(private, hidden_by=hidden_by), tracked=frozenset(["x"]))
