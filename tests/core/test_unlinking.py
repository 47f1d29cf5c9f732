"""Taking outputs away, of all targets or of some."""

from __future__ import annotations

from harnesssync_orchestrator.core.desired import Address, value_hash
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Missing, Observed, ObservedFile
from harnesssync_orchestrator.core.plan import EditDocument, Remove, Restore
from harnesssync_orchestrator.core.stood import StoodFile
from harnesssync_orchestrator.core.targets import RemoveKey, SetKey
from harnesssync_orchestrator.core.unlinking import give_back, unlink_plan

DIGEST = "a" * 16


def entry(*owners: str, **more: object) -> Entry:
    values: dict[str, object] = {"method": Method.WRITE, "digest": DIGEST, "timestamp": "t", "owners": owners, **more}
    return Entry(**values)  # type: ignore[arg-type]


def test_everything_of_ours_goes() -> None:
    """What is gone already, and what was never ours, is forgotten."""
    ledger = Ledger(
        entries={
            Address("a"): entry("codex"),
            Address("gone"): entry("codex"),
            Address("theirs"): entry("codex", created=False),
        }
    )
    observed = Observed(paths={"a": ObservedFile(DIGEST), "gone": Missing(), "theirs": ObservedFile(DIGEST)})
    plan = unlink_plan(observed, ledger, scope=Scope.PROJECT, targets=None)
    assert [(type(each), each.path) for each in plan.operations] == [(Remove, "a")]
    assert set(plan.forget) == {Address("gone"), Address("theirs")}


def test_what_another_target_wants_too_stays_and_is_its_alone() -> None:
    """Nothing is written for that."""
    ledger = Ledger(entries={Address("a"): entry("codex", "gemini"), Address("b"): entry("gemini")})
    observed = Observed(paths={"a": ObservedFile(DIGEST), "b": ObservedFile(DIGEST)})
    plan = unlink_plan(observed, ledger, scope=Scope.PROJECT, targets=["codex"])
    assert (plan.operations, dict(plan.adopt)) == ((), {Address("a"): entry("gemini")})


def test_what_was_edited_is_a_conflict() -> None:
    """It is somebody's work."""
    plan = unlink_plan(
        Observed(paths={"a": ObservedFile("b" * 16)}),
        Ledger(entries={Address("a"): entry("codex")}),
        scope=Scope.PROJECT,
        targets=None,
    )
    assert (plan.operations, [each.address for each in plan.conflicts]) == ((), [Address("a")])


def test_what_a_person_let_us_replace_is_given_back() -> None:
    """A whole file instead of its removal, the value of a key instead of that of ours. What can't be given back keeps
    its output: a conflict."""
    key = Address("c.json", ("k",))
    merged = entry("codex", method=Method.MERGE, format="json", digest=value_hash(1), origin="000002-00ff")
    ledger = Ledger(entries={Address("a"): entry("codex", origin="000001-00ff"), key: merged})
    observed = Observed(
        paths={"a": ObservedFile(DIGEST), "c.json": ObservedFile("c" * 16)},
        documents={"c.json": Document({"k": 1, "other": 2})},
    )
    before = StoodFile(digest="b" * 16, mode=0o600, mtime_ns=1)
    plan = unlink_plan(observed, ledger, scope=Scope.PROJECT, targets=None)
    whole, edit = plan.operations
    assert isinstance(whole, Remove)
    assert isinstance(edit, EditDocument)
    assert edit.edits == (RemoveKey(("k",)),)
    whole, edit = give_back(plan, ledger, stood={Address("a"): before}, values={key: "own"}, lost={}).operations
    assert isinstance(whole, Restore)
    assert (whole.before, whole.origin, whole.expected, whole.forget) == (
        before,
        "000001-00ff",
        DIGEST,
        (Address("a"),),
    )
    assert isinstance(edit, EditDocument)
    assert edit.edits == (SetKey(("k",), "own"),)
    kept = give_back(plan, ledger, stood={}, values={}, lost={Address("a"): "r: gone", key: "r: gone"})
    assert (kept.operations, {each.address for each in kept.conflicts}) == ((), {Address("a"), key})
