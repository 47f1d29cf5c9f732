"""A person, git, several targets and a process that may die, in any order, on one real project; and after each step a
look at every byte of it, against what the model says.

What must hold after every step:

- every file and link of a person is there as they left it, or where their own step put it;
- nothing is on disk that the model does not know, and nothing is missing;
- state, exit code, conflicts, held outputs and counts of the report are those of the model;
- what needed no change has its inode and time still, so a second sync writes nothing;
- git hides our outputs and nothing of a person's, and the rest of `info/exclude` is untouched;
- after unlinking everything the tree is the person's own, byte for byte, without an empty folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.reliability.model import Model
from tests.reliability.model_looking import Looking, equal, values_in
from tests.reliability.model_person import WHICH, when
from tests.reliability.model_source import File
from tests.reliability.model_values import Said
from tests.reliability.model_world import Thing, address, said, withdrawn

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.drift import Choice
from harnesssync_orchestrator.files.hashing import RACY_NS


@dataclass
class Transaction:
    """A change of the product that was done: the model before and after, the paths that it changed, and what stood
    there."""

    before: Model
    after: Model
    changed: frozenset[str]
    found_before: dict[str, Thing]
    found_after: dict[str, Thing]
    undone: bool = False


class Machine(Looking):
    """Steps of the product, and what must be true after each."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Transaction] = []
        self.kills = 0

    @rule(confirmed=st.booleans())
    def sync(self, confirmed: bool) -> None:
        """A sync of what the person did."""
        self.step(lambda model: model.sync(confirmed=confirmed), lambda: self.synced(confirmed=confirmed))

    @rule()
    def sync_twice(self) -> None:
        """The second has nothing left to do."""
        self.sync(confirmed=True)
        assert not self.step(lambda model: model.sync(confirmed=True), lambda: self.synced(confirmed=True))

    @rule()
    def look_without_writing(self) -> None:
        """A dry run says what a sync would, and writes nothing."""
        expected = self.model.copy().sync()
        before = self.rig.look()
        report = said(self.rig.sync(self.model, dry_run=True))
        told = (expected.conflicts, expected.held, expected.kept, expected.halt)
        equal((report.conflicts, report.held, report.kept, report.halt), told)
        self.look(before, changed=frozenset())

    @rule(which=WHICH, choice=st.sampled_from(["restore", "keep"]))
    def resolve_a_conflict(self, which: int, choice: str) -> None:
        """What a person lets us replace is in the history."""
        expected = self.model.copy().sync(confirmed=True)
        places = sorted({(path, pointer) for _, path, pointer in expected.conflicts} | expected.kept)
        known = {*self.model.ledger, *self.model.permitted()[0]}
        there = sorted(at for at in known if (at.path, at.pointer) in places)
        if not there:
            return
        at = there[which % len(there)]
        if choice == "restore" and at.pointer and at not in self.model.permitted()[0]:
            return  # with a key that goes goes a comment beside it: it is in the history, but which one nobody can say
        before = self.rig.look().get(at.path)
        choices = ((Address.parse(address(at)), Choice(choice)),)
        self.step(
            lambda model: model.sync(confirmed=True, choice=(at, choice)),
            lambda: said(self.rig.sync(self.model, confirmed=True, choices=choices)),
        )
        if before is not None and isinstance(before.what, File) and self.rig.look().get(at.path) != before:
            assert before.what.content in self.rig.kept()

    @rule(calls=st.integers(0, 80), confirmed=st.booleans())
    def sync_and_die(self, calls: int, confirmed: bool) -> None:
        self.dying(calls, lambda model: model.sync(confirmed=confirmed), lambda: self.synced(confirmed=confirmed))

    @rule(calls=st.integers(0, 80))
    def unlink_and_die(self, calls: int) -> None:
        self.dying(calls, lambda model: model.unlink(), lambda: withdrawn(self.rig.unlink(self.model)))

    @rule()
    def wait_a_moment(self) -> None:
        """Until what was written is old enough for a sync to remember that it has seen it."""
        ends = time.time_ns() + 2 * RACY_NS
        while time.time_ns() < ends:
            self.rig.root.stat()

    @rule()
    def restart(self) -> None:
        """Another process goes on, with what the last one kept on disk."""
        self.rig.engine = None

    @rule()
    def unlink_everything(self) -> None:
        """The tree is the person's own then."""
        self.step(lambda model: model.unlink(), lambda: withdrawn(self.rig.unlink(self.model)))
        equal(self.rig.empty_folders(), [])

    @rule()
    @when(lambda self: self.to_undo() is not None)
    def undo(self) -> None:
        """Byte for byte, and what was edited since stays."""
        self.undo_until(None)

    @rule(calls=st.integers(0, 80))
    @when(lambda self: self.to_undo() is not None)
    def undo_and_die(self, calls: int) -> None:
        self.undo_until(calls)

    def undo_until(self, calls: int | None) -> None:
        """Undo, and die after so many calls that change something."""
        done = self.to_undo()
        assert done is not None
        after, conflicts = self.undone(done)
        before = self.rig.look()

        def do() -> Said:
            return withdrawn(self.rig.undo(self.model))

        found = do() if calls is None else self.killed_on_the_way(calls, after, before, do, by_path=True)
        if found is not None:
            equal(found, Said(state="undone", exit_code=1 if conflicts else 0, conflicts=conflicts))
            self.model = after
            done.undone = not conflicts
            self.look(before, changed=frozenset(done.changed))

    def to_undo(self) -> Transaction | None:
        """The last transaction that can be taken back; None if there is none, or if nobody knows which it is."""
        if self.killed or self.model.unrecorded:
            return None
        for transaction in reversed(self.history):
            if transaction.undone:
                continue
            after, conflicts = self.undone(transaction)
            if conflicts or after.ledger != self.model.ledger or after.wholes != self.model.wholes:
                return transaction
            if after.documents != self.model.documents:
                return transaction
        return None

    def undone(self, done: Transaction) -> tuple[Model, frozenset[tuple[str, str, tuple[str, ...]]]]:
        """What is left when a transaction is taken back, path by path."""
        after, conflicts, found = self.model.copy(), set(), self.rig.look()
        for path in done.changed:
            now = found.get(path)
            if now == done.found_before.get(path):
                after.take_over(done.before, path, entries_only=True)
            elif now == done.found_after.get(path):
                after.take_over(done.before, path, entries_only=False)
            elif not after.entries(path) == done.before.entries(path) != done.after.entries(path):
                conflicts.add(("drift", path, ()))
        return after, frozenset(conflicts)

    # --- one step of the product, and what is to be seen of it

    def synced(self, **options: Any) -> Said:
        return said(self.rig.sync(self.model, **options))

    def step(self, expect: Callable[[Model], Said], do: Callable[[], Said]) -> bool:
        """Let model and product do the same; True if anything changed."""
        after, before = self.model.copy(), self.rig.look()
        expected = expect(after)
        return self.settle(after, before, expected, do())

    def dying(self, calls: int, expect: Callable[[Model], Said], do: Callable[[], Said]) -> None:
        """Let the product do it and die on the way, or be done before."""
        after = self.model.copy()
        expected = expect(after)
        before = self.rig.look()
        if (found := self.killed_on_the_way(calls, after, before, do)) is not None:
            self.settle(after, before, expected, found)

    def killed_on_the_way(
        self, calls: int, after: Model, before: dict[str, Thing], do: Callable[[], Said], *, by_path: bool = False
    ) -> Said | None:
        """What was said, if it was done before; else the model is as the product left things."""
        ledger = self.rig.ledger_stamp()
        found = self.rig.killed(calls, do)
        if found is None:
            self.killed, self.history = True, []
            self.kills += 1
            self.model = self.as_found(after, ledger, by_path=by_path)
            self.look(before, changed=None)
        return found

    def settle(self, after: Model, before: dict[str, Thing], expected: Said, found: Said) -> bool:
        """Hold what was said against the model, and then the disk."""
        if self.killed:  # what an earlier process had done may count as done now, or as found
            counts = {"synced": 0, "skipped": 0, "cleaned": 0}
            found, expected = replace(found, **counts), replace(expected, **counts)
        equal(found, expected)
        changed = frozenset(
            path
            for path in {*after.wholes, *self.model.wholes, *after.documents, *self.model.documents}
            if after.wholes.get(path) != self.model.wholes.get(path)
            or values_in(after, path) != values_in(self.model, path)
        )
        former, self.model = self.model.copy(), after
        former.recover()
        stops = expected.halt is not None and expected.halt != "source-unparsable"
        if not stops:
            self.killed = False
        there = self.look(before, changed=changed)
        if changed:
            self.history.append(Transaction(former, self.model.copy(), changed, before, there))
        if expected.state == "unlinked":
            equal(self.rig.excluded(), frozenset())
        elif not stops:
            equal(self.rig.excluded(), self.model.excluded())
        return bool(changed)
