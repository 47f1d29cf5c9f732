"""Records of transactions as values: what happened, and how to take it back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harnesssync_orchestrator.core.changes import changes
from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.history import Change, Found, Record, TransactionKind, expired, latest, undone
from harnesssync_orchestrator.core.history_documents import from_document, to_document
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.plan import ConflictKind, EditDocument, MakeLink, Remove, Restore, WriteFile
from harnesssync_orchestrator.core.settling import settled
from harnesssync_orchestrator.core.stood import Nothing, Stood, StoodFile, StoodLink, StoodTree
from harnesssync_orchestrator.core.targets import SetKey
from harnesssync_orchestrator.core.undoing import undo_plan

OWNERS = ("codex",)
OLD, NEW, OTHER = short_hash(b"old"), short_hash(b"new"), short_hash(b"other")
PATH = Address("a.md")
MTIME_NS = 1_600_000_000_123_456_789


def entry(digest: str, **more: object) -> Entry:
    return replace(Entry(method=Method.WRITE, digest=digest, timestamp="t", owners=OWNERS), **more)  # type: ignore[arg-type]


def file(digest: str, mode: int = 0o644) -> StoodFile:
    return StoodFile(digest=digest, mode=mode, mtime_ns=MTIME_NS)


def record(number: int, *changes: Change, kind: TransactionKind = TransactionKind.SYNC, undoes: str = "") -> Record:
    return Record(name=name(number), kind=kind, time="now", changes=changes, undoes=undoes)


def name(number: int) -> str:
    return f"{number:06}-00ff"


def undo_of(number: int, *, by: int) -> Record:
    return record(by, kind=TransactionKind.UNDO, undoes=name(number))


REWRITTEN = Change(
    path="a.md",
    before=file(OLD),
    after=NEW,
    entries_before={PATH: entry(OLD)},
    entries_after={PATH: entry(NEW, timestamp="")},
)
MADE = Change(path="a.md", before=Nothing(), after=NEW, entries_after={PATH: entry(NEW)})


# --- which one is undone ---


def test_the_last_transaction_that_is_no_undo_comes_first() -> None:
    """And after it was undone the one before it."""
    records = [record(1), record(2)]
    assert latest(records, done=undone(records)) == records[1]
    records.append(undo_of(2, by=3))
    assert latest(records, done=undone(records)) == records[0]
    records.append(undo_of(1, by=4))
    assert latest(records, done=undone(records)) is None


def test_what_was_undone_can_be_undone_again_when_its_undo_was_undone() -> None:
    """However often."""
    records = [record(1), undo_of(1, by=2), undo_of(2, by=3)]
    assert undone(records) == {name(2)}
    records.append(undo_of(1, by=4))
    assert undone(records) == {name(1), name(2)}
    records.append(undo_of(4, by=5))
    assert undone(records) == {name(2), name(4)}


def test_an_unfinished_undo_has_undone_nothing() -> None:
    """It was killed: it is begun again."""
    records = [record(1), undo_of(1, by=2)]
    assert undone(records, unfinished=name(2)) == frozenset()


def test_a_record_expires_by_its_number_or_its_age() -> None:
    """Whichever comes first."""
    names = [name(number) for number in range(1, 5)]
    ages = dict(zip(names, (9 * 86_400.0, 8 * 86_400.0, 1.0, 0.0), strict=True))
    assert expired(names, ages, keep=3, days=30) == (name(1),)
    assert expired(names, ages, keep=9, days=8) == (name(1),)
    assert expired(names, ages, keep=1, days=30) == tuple(names[:3])


# --- how it is undone ---


def test_what_is_as_it_was_left_is_put_back() -> None:
    """With the ledger's entries as they were."""
    plan = undo_plan(record(1, REWRITTEN), {"a.md": Found(file(NEW))}, Ledger(entries={PATH: entry(NEW)}))
    assert plan.operations == (
        Restore(
            path="a.md",
            owners=OWNERS,
            expected=NEW,
            origin=name(1),
            before=file(OLD),
            record={PATH: entry(OLD)},
        ),
    )
    assert not plan.conflicts


def test_what_was_made_is_removed() -> None:
    """And forgotten."""
    plan = undo_plan(record(1, MADE), {"a.md": Found(file(NEW))}, Ledger(entries={PATH: entry(NEW)}))
    (operation,) = plan.operations
    assert isinstance(operation, Restore)
    assert (operation.before, operation.forget, operation.record) == (Nothing(), (PATH,), {})


def test_a_copy_of_the_source_counts_as_the_link_that_could_not_be_made() -> None:
    """Its marker tells so."""
    change = replace(MADE, after=link_hash("src"), source="/w/src")
    ledger = Ledger(entries={PATH: entry(OTHER, method=Method.COPY)})
    copy = StoodTree(digest=OTHER)
    assert undo_plan(record(1, change), {"a.md": Found(copy, "/w/src")}, ledger).operations
    assert undo_plan(record(1, change), {"a.md": Found(copy, "/w/other")}, ledger).conflicts
    assert undo_plan(record(1, change), {"a.md": Found(copy)}, ledger).conflicts


def test_what_was_edited_since_is_a_conflict() -> None:
    """Nothing is planned for it."""
    plan = undo_plan(record(1, REWRITTEN), {"a.md": Found(file(OTHER))}, Ledger(entries={PATH: entry(NEW)}))
    assert [conflict.kind for conflict in plan.conflicts] == [ConflictKind.DRIFT]
    assert plan.is_empty


def test_what_stands_there_as_before_only_changes_the_ledger() -> None:
    """A person has undone it by hand."""
    plan = undo_plan(record(1, REWRITTEN), {"a.md": Found(file(OLD))}, Ledger(entries={PATH: entry(NEW)}))
    assert (plan.operations, dict(plan.adopt)) == ((), {PATH: entry(OLD)})
    gone = undo_plan(record(1, MADE), {"a.md": Found(Nothing())}, Ledger(entries={PATH: entry(NEW)}))
    assert (gone.operations, gone.forget) == ((), (PATH,))


def test_the_mode_belongs_to_what_stood_there() -> None:
    """The same bytes with other permissions are not as before; as left, they are put back."""
    same = replace(REWRITTEN, before=file(NEW, 0o600))
    plan = undo_plan(record(1, same), {"a.md": Found(file(NEW))}, Ledger(entries={PATH: entry(NEW)}))
    assert [operation.path for operation in plan.operations] == ["a.md"]


def test_what_was_never_done_is_left_out() -> None:
    """The sync found something else there and failed: that is no edit of anything of ours."""
    assert undo_plan(record(1, MADE), {"a.md": Found(file(OTHER))}, Ledger()).is_empty
    assert not undo_plan(record(1, MADE), {"a.md": Found(file(OTHER))}, Ledger()).conflicts


@pytest.mark.parametrize("before", [Nothing(), file(OLD)])
def test_a_source_that_was_edited_since_is_a_conflict(before: Stood) -> None:
    """The ledger knows nothing of it, before or after: it can't tell whether it was written."""
    adopted = Change(path="a.md", before=before, after=NEW)
    plan = undo_plan(record(1, adopted), {"a.md": Found(file(OTHER))}, Ledger())
    assert [conflict.kind for conflict in plan.conflicts] == [ConflictKind.DRIFT]
    assert plan.is_empty
    (conflict,) = plan.conflicts
    assert ("delete it" in conflict.hint) == (before == Nothing())
    assert undo_plan(record(1, adopted), {"a.md": Found(file(NEW))}, Ledger()).operations


def test_an_output_that_was_restored_and_edited_again_is_a_conflict() -> None:
    """The ledger says of it what it said before the restore."""
    entries = {PATH: entry(NEW)}
    restored = replace(REWRITTEN, before=file(OLD), entries_before=entries)
    plan = undo_plan(record(1, restored), {"a.md": Found(file(OTHER))}, Ledger(entries=entries))
    assert [conflict.kind for conflict in plan.conflicts] == [ConflictKind.DRIFT]


def test_an_adopted_output_that_was_edited_again_is_no_conflict() -> None:
    """Nothing of it is to be taken back."""
    entries = {PATH: entry(NEW)}
    witness = Change(path="a.md", before=file(OLD), after=OLD, entries_before=entries, entries_after=entries)
    plan = undo_plan(record(1, witness), {"a.md": Found(file(OTHER))}, Ledger(entries=entries))
    assert (plan.conflicts, plan.is_empty) == ((), True)


def test_undoing_what_is_undone_plans_nothing() -> None:
    """With the ledger that an undo leaves, whenever it was."""
    for timestamp in ("then", "later"):
        ledger = Ledger(entries={PATH: entry(OLD, timestamp=timestamp)})
        assert undo_plan(record(1, REWRITTEN), {"a.md": Found(file(OLD))}, ledger).is_empty


def test_things_go_before_others_come() -> None:
    """A file may stand where a folder has to be."""
    inner = replace(REWRITTEN, path="a.md/b", entries_before={Address("a.md/b"): entry(OLD)})
    inner = replace(inner, after=None, entries_after={})
    found = {"a.md/b": Found(Nothing()), "a.md": Found(file(NEW))}
    plan = undo_plan(record(1, inner, MADE), found, Ledger(entries={PATH: entry(NEW)}))
    assert [operation.path for operation in plan.operations] == ["a.md", "a.md/b"]


# --- after a crash ---


def test_a_change_that_happened_is_in_the_ledger_after_a_crash() -> None:
    """With the time of the transaction; one that did not happen is not."""
    ledger = Ledger(entries={PATH: entry(OLD)})
    after = settled(record(1, REWRITTEN), {"a.md": Found(file(NEW))}, ledger, ())
    assert after.entries == {PATH: entry(NEW, timestamp="now")}
    for there in (file(OLD), file(OTHER), Nothing()):
        assert settled(record(1, REWRITTEN), {"a.md": Found(there)}, ledger, ()) == ledger


def test_a_removal_that_happened_is_forgotten_after_a_crash() -> None:
    """With the folders that were made, as far as they are there."""
    change = replace(REWRITTEN, after=None, entries_after={})
    one = replace(record(1, change), folders=("x/", "y/"))
    after = settled(one, {"a.md": Found(Nothing())}, Ledger(entries={PATH: entry(OLD)}), {"x/"})
    assert (dict(after.entries), after.made) == ({}, frozenset({Address("x/")}))


# --- what is recorded ---


def test_a_record_knows_what_each_operation_leaves() -> None:
    """Digests, entries, and for merged files what comes into being."""
    address = Address("c.json", ("k",))
    now = Entry(method=Method.MERGE, digest="d" * 16, timestamp="", owners=OWNERS, format="json")
    operations = (
        MakeLink(path="l", owners=OWNERS, source="/w/s", text="s", directory=True, digest="d"),
        WriteFile(path="f", owners=OWNERS, content=b"new", executable=False),
        EditDocument(path="c.json", owners=OWNERS, format="json", edits=(SetKey(("k",), 1),), record={address: now}),
        Remove(path="r", owners=OWNERS, expected=OLD, method=Method.WRITE),
    )
    ledger = Ledger(entries={Address("r"): entry(OLD), Address("else"): entry(OTHER)})
    stood = {"l": Nothing(), "f": Nothing(), "c.json": Nothing(), "r": file(OLD)}
    link, written, merged, removed = changes(operations, stood, {"c.json": b"{}"}, ledger, name(1))
    assert (link.after, link.source) == (link_hash("s"), "/w/s")
    assert (written.after, written.entries_after[Address("f")].digest) == (NEW, NEW)
    assert (merged.after, merged.made, dict(merged.entries_after)) == (
        short_hash(b"{}"),
        (Address("c.json"),),
        {address: now},
    )
    assert (removed.after, dict(removed.entries_before), dict(removed.entries_after)) == (
        None,
        {Address("r"): entry(OLD)},
        {},
    )


@pytest.mark.parametrize(
    ("known", "state", "expected", "origin"),
    [
        (None, Drift.FOREIGN, OTHER, name(7)),  # a person let us replace it
        (entry(OLD, created=False, kept=True), Drift.KEPT, OTHER, name(7)),
        (None, Drift.SOURCE_CHANGED, None, ""),  # nothing was there
        (entry(OLD), Drift.OUTPUT_EDITED, OTHER, ""),  # an edit of ours
        (entry(OLD, origin=name(2)), Drift.SOURCE_CHANGED, OLD, name(2)),  # as long as the entry lives
    ],
)
def test_an_entry_remembers_what_stood_there_before_we_ever_wrote(
    known: Entry | None, state: Drift, expected: str | None, origin: str
) -> None:
    """The record of the transaction that replaced it, from then on."""
    operation = WriteFile(path="a.md", owners=OWNERS, content=b"new", executable=False, expected=expected, state=state)
    stood = {"a.md": Nothing() if expected is None else file(expected)}
    ledger = Ledger(entries={} if known is None else {PATH: known})
    (change,) = changes([operation], stood, {}, ledger, name(7))
    assert change.entries_after[PATH].origin == origin


def test_a_record_is_the_same_after_it_was_a_document() -> None:
    """With everything that it can hold, also names that are not UTF-8."""
    whole = Record(
        name=name(12),
        kind=TransactionKind.UNDO,
        time="2026-01-01T00:00:00+00:00",
        undoes=name(11),
        folders=("x/", "x/y/"),
        modes={"x/": 0o750},
        exclude=("/a.md", "/\udcff"),
        changes=(
            REWRITTEN,
            MADE,
            Change(path="l\udcff", before=StoodLink(text="\udcfe", directory=True), after=None),
            Change(path="t", before=StoodTree(digest=OLD, marker="/w/s"), after=NEW, source="/w/s"),
            Change(path="f", before=replace(file(OLD), marker="/w/s"), after=NEW),
            Change(
                path="c.json",
                before=Nothing(),
                after=NEW,
                entries_after={Address("c.json", ("a/b", "~")): entry(NEW, method=Method.MERGE, origin=name(1))},
                made=(Address("c.json"), Address("c.json", ("a/b",))),
                unmade=(Address("c.json", ("x",)),),
            ),
        ),
    )
    assert from_document(name(12), to_document(whole)) == whole
    assert from_document(name(1), to_document(record(1))) == record(1)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"version": "2.0", "kind": "sync", "time": "t", "changes": []},
        {"version": "1.0", "kind": "magic", "time": "t", "changes": []},
        {"version": "1.0", "kind": "sync", "time": "t", "changes": [{}]},
        {"version": "1.0", "kind": "sync", "time": "t", "changes": [{"path": "p", "before": {"kind": "pipe"}}]},
    ],
)
def test_a_document_that_is_no_record_is_refused(document: dict[str, object]) -> None:
    """Never read in part."""
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        from_document(name(1), document)


def test_a_copy_that_lost_its_marker_is_put_back_once_more() -> None:
    """The undo was killed between the two."""
    before = StoodTree(digest=OLD, marker="/w/src")
    change = replace(REWRITTEN, before=before)
    ledger = Ledger(entries={PATH: entry(OLD)})
    assert undo_plan(record(1, change), {"a.md": Found(StoodTree(digest=OLD))}, ledger).operations
    assert undo_plan(record(1, change), {"a.md": Found(StoodTree(digest=OLD), "/w/src")}, ledger).is_empty
