"""What may be private and hidden from git: only what is wholly ours, whatever a killed sync left of it."""

from __future__ import annotations

from harnesssync_orchestrator.core.desired import Address, Desired, value_hash
from harnesssync_orchestrator.core.exposure import WhollyOurs
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Observed, ObservedFile

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
