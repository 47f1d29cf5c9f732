"""The writing part of a sync, an undo or an unlink: what is there is kept, then the intent, the linkers, the ledger.

Killed at any moment, it can be told from the record and the disk which of its changes happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio

from harnesssync_orchestrator.core.changes import changes
from harnesssync_orchestrator.core.desired import Address, short_hash
from harnesssync_orchestrator.core.history import Change, Record, TransactionKind
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.plan import EditDocument, Operation, Plan, Remove, Restore
from harnesssync_orchestrator.files.cleanup import remove_markers
from harnesssync_orchestrator.files.history.capture import Captured, capture, modes
from harnesssync_orchestrator.files.history.pack import unwritable
from harnesssync_orchestrator.files.history.records import Draft, disown, retire
from harnesssync_orchestrator.files.linker import History
from harnesssync_orchestrator.files.state import encode_ledger, save_ledger
from harnesssync_orchestrator.files.store import now
from harnesssync_orchestrator.files.turns import in_turn
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.beside import patterns
from harnesssync_orchestrator.service.linking import Outcome, link, link_at_once
from harnesssync_orchestrator.service.recording import intending, missing_folders, recorded
from harnesssync_orchestrator.service.start import Start


@dataclass
class Transaction:
    """One change of a project's outputs, to be made under the project's lock.

    `ledger` is what the ledger says so far, `outcome` what was done so far; both stand also when it is cancelled.
    `undoes` names the record that an undo is to take back as a whole. `unfinished` is the transaction that was killed
    before this one. `name` is that of its own record, once there is one. `saved` has the file of the ledger with
    its digest, once it was written.
    """

    start: Start
    ledger: Ledger
    outcome: Outcome
    kind: TransactionKind = TransactionKind.SYNC
    undoes: str = ""
    unfinished: Record | None = None
    name: str = ""
    history: History = field(default_factory=History)
    saved: dict[str, str | None] = field(default_factory=dict)
    _draft: Draft | None = None
    _folders: tuple[Address, ...] = ()

    @property
    def root(self) -> Path:
        return Path(self.start.project.path)

    async def keep(self, plan: Plan) -> Plan:
        """Keep what the plan is about to replace or remove; gives what of the plan can be carried out.

        Raises StateError when nothing can be kept: then nothing may be changed.
        """
        return await self.start.in_thread(self.keep_now, plan)

    def keep_now(self, plan: Plan) -> Plan:
        """The same. Blocking."""
        return self._keep(plan) if plan.operations else plan

    def found(self) -> None:
        """Begin the ledger of a project that has none. Blocking. Raises StateError.

        Before git is told of the first output: where it hides outputs and there is no ledger, one was lost.
        """
        if not self.ledger.lost and not self.start.has_ledger:
            self._save(self.ledger)

    async def carry_out(self, plan: Plan, *, finish: Callable[[], Awaitable[None]] | None = None) -> None:
        """Carry out a plan that was kept, and record it. What is about to be written is recorded before the first
        change, and what was written also when this is cancelled midway. `finish` comes before the end: killed in it,
        the transaction is unfinished."""
        engine = self.start.engine
        if finish is None and is_small(plan):
            work = partial(in_turn, self.carry_out_now, plan)
            await threads.run_sync(work, limiter=engine.limits.linking)
            return
        await self.start.in_thread(self._begin, plan)
        try:
            if self._draft is not None:
                await self._in_thread(self._announce, plan, self._draft)
                await link(plan, self.root, engine.formats, now(), engine.limits, self.outcome, self.history)
            if finish is not None:
                await finish()
        finally:
            with anyio.CancelScope(shield=True):
                await self._record(plan)

    def carry_out_now(self, plan: Plan) -> None:
        """The same for few operations, one linker after the other. Blocking. Cancelled, it ends after the operation in
        hand."""
        self._begin(plan)
        try:
            if self._draft is not None:
                self._announce(plan, self._draft)
                link_at_once(plan, self.root, self.start.engine.formats, now(), self.outcome, self.history)
        finally:
            if self._has_news(plan):
                self._record_now(plan)

    def discard(self) -> None:
        """Let go of what was kept, since nothing is to be changed after all. Blocking."""
        if self._draft is not None:
            self._draft.discard()
            self._draft = None

    def _begin(self, plan: Plan) -> None:
        """What is about to change is not recalled any more, and the transaction before this one is ended."""
        self.start.memory.forget(_touched(self.root, plan.operations))
        if self.unfinished is not None:
            self._let_go(plan, self.unfinished)
        # Before the ledger forgets them: nothing else knows of a marker beside what is a person's by now.
        remove_markers(self.root, self._given_up(plan))

    def _given_up(self, plan: Plan) -> tuple[str, ...]:
        """The copies whose places something else has taken."""
        entries = ((address, self.ledger.entries.get(address)) for address in plan.forget)
        return tuple(each.path for each, entry in entries if entry and entry.yields and entry.method is Method.COPY)

    def _keep(self, plan: Plan) -> Plan:
        start, folder = self.start, self.start.history_dir
        draft = Draft(folder, start.sync_id)
        try:
            captured = capture(self.root, plan.operations, start.engine.formats, draft.pack)
            if captured.operations:
                draft.finish(self._draw_up(draft.name, captured))
        except BaseException:
            draft.discard()
            raise
        for operation, error in captured.failed:
            self.outcome.fail(error, path=operation.path, target=operation.owners[0])
        if not captured.operations:
            draft.discard()
        else:
            self._draft = draft
            self.name, self.history = draft.name, History(folder=folder, edited=captured.edited)
        return replace(plan, operations=tuple(captured.operations))

    def _draw_up(self, name: str, captured: Captured) -> Record:
        self._folders = missing_folders(self.root, captured.operations)
        known, edited, adopted = captured.stood, captured.edited, captured.adopted
        about = changes(captured.operations, known, edited, self.ledger, name, adopted=adopted)
        hidden, private = self._hidden(about)
        return Record(
            name=name,
            kind=self.kind,
            time=now(),
            changes=about,
            undoes="" if captured.failed else self.undoes,
            folders=tuple(address.path for address in self._folders),
            modes=modes(self.root, _may_go(self.ledger, captured.operations)),
            exclude=hidden,
            private=private,
        )

    def _hidden(self, about: Iterable[Change]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """The lines in `info/exclude` of what is ours already, None if nobody can tell, and the private ones of them:
        others are of a sync that was killed before it began."""
        hidden = self.start.hidden()
        if hidden is None:
            return None, ()
        ours = patterns(change.path for change in about if change.entries_before)
        return tuple(sorted(ours.intersection(hidden.listed))), tuple(sorted(ours.intersection(hidden.listed_private)))

    def _announce(self, plan: Plan, draft: Draft) -> None:
        """Say what is about to be written, and only then give the record its name."""
        self._save(intending(self.ledger, plan, self._folders, self.name))
        draft.publish()

    def _let_go(self, plan: Plan, before: Record) -> None:
        """An undo that was killed, and that this does not end, has taken nothing back. Raises StateError."""
        if not before.undoes or (before.undoes == self.undoes and not plan.operations):
            return
        folder = self.start.history_dir
        try:
            disown(folder, before)
        except OSError as error:
            raise unwritable(folder, error) from error

    async def _record(self, plan: Plan) -> None:
        if self._has_news(plan):
            await self._in_thread(self._record_now, plan)

    def _has_news(self, plan: Plan) -> bool:
        """Is there anything that the ledger does not say yet?"""
        return bool(self.outcome.done or not plan.is_empty or self.ledger.pending or self.ledger.transaction)

    def _record_now(self, plan: Plan) -> None:
        ledger, limited = self.ledger, bool(self.start.options.targets)
        after = recorded(ledger, plan, self.outcome, self.root, self.name, limited=limited)
        self._save(replace(after, last_sync=now() if self.kind in _SYNCS else ledger.last_sync))
        if self.name:
            self._retire(plan)

    def _retire(self, plan: Plan) -> None:
        """Let old records go, but for those that hold what stood there before we ever wrote, what an unfinished
        transaction needs, and what was just put back, perhaps not all of it."""
        settings = self.start.engine.history
        needed = {self.ledger.transaction, *(entry.origin for entry in self.ledger.entries.values())}
        needed |= {operation.origin for operation in plan.operations if isinstance(operation, Restore)}
        folder = self.start.history_dir
        retire(folder, keep=settings.keep, days=settings.days, needed=needed)

    def _save(self, ledger: Ledger) -> None:
        file, content = self.start.engine.layout.ledger_file(self.start.project), encode_ledger(ledger)
        known = self.start.memory.ledger
        save_ledger(file, ledger, content=content, differs=known is not None and known[0] != content)
        self.saved = {str(file): short_hash(content)}
        self.start.memory.forget(self.saved)
        self.start.memory.ledger = (content, ledger)
        self.ledger = ledger

    async def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        """Make and save a ledger in a thread: it may have thousands of entries."""
        await threads.run_sync(partial(in_turn, work, *arguments), limiter=self.start.engine.limits.ledgers)


AT_ONCE = 16
"""So few operations take less time than the turns of the event loop that several linkers would take."""

_SYNCS = frozenset({TransactionKind.SYNC, TransactionKind.RESOLVE})


def is_small(plan: Plan) -> bool:
    """Is there so little to do that one thread does it soonest?"""
    return len(plan.operations) <= AT_ONCE


def _touched(root: Path, operations: Iterable[Operation]) -> frozenset[str]:
    """What these change, with the folders above it, which may come or go with it."""
    top = len(str(root)) + 1
    paths = {f"{root}/{operation.path}" for operation in operations}
    return frozenset(path[:end] for path in paths for end in _up_from(path, top))


def _up_from(path: str, top: int) -> Iterator[int]:
    end = len(path)
    while end > top:
        yield end
        end = path.rfind("/", 0, end)


def _may_go(ledger: Ledger, operations: list[Operation]) -> list[str]:
    """The folders of ours above what goes."""
    going = [operation.path for operation in operations if isinstance(operation, (Remove, EditDocument, Restore))]
    folders = {address.path for address in ledger.made if address.path.endswith("/") and not address.pointer}
    return sorted(folder for folder in folders if any(path.startswith(folder) for path in going))
