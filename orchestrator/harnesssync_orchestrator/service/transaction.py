"""The writing part of a sync, an undo or an unlink: what is there is kept, then the intent, the linkers, the ledger.

Killed at any moment, it can be told from the record and the disk which of its changes happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from harnesssync_orchestrator.core.changes import changes
from harnesssync_orchestrator.core.desired import Address, short_hash
from harnesssync_orchestrator.core.history import Change, Record, TransactionKind
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import EditDocument, Operation, Plan, Remove, Restore
from harnesssync_orchestrator.files.history.capture import Captured, capture, modes
from harnesssync_orchestrator.files.history.pack import unwritable
from harnesssync_orchestrator.files.history.records import Draft, disown, retire, sweep
from harnesssync_orchestrator.files.linker import History
from harnesssync_orchestrator.files.state import encode_ledger, save_ledger
from harnesssync_orchestrator.files.store import now
from harnesssync_orchestrator.files.turns import in_turn
from harnesssync_orchestrator.service.hiding import hidden_lines, patterns
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
        return await self.start.in_thread(self.kept, plan)

    def kept(self, plan: Plan) -> Plan:
        """The same. Blocking."""
        return self._keep(plan) if plan.operations else plan

    async def carry_out(self, plan: Plan, *, finish: Callable[[], Awaitable[None]] | None = None) -> None:
        """Carry out a plan that was kept, and record it. What is about to be written is recorded before the first
        change, and what was written also when this is cancelled midway. `finish` comes before the end: killed in it,
        the transaction is unfinished."""
        engine = self.start.engine
        if self.unfinished is not None:
            await self.start.in_thread(self._let_go, plan, self.unfinished)
        if self._draft is not None and finish is None and len(plan.operations) <= AT_ONCE:
            work = partial(in_turn, self._carry_out_at_once, plan, self._draft)
            await anyio.to_thread.run_sync(work, limiter=engine.limits.linking)
            return
        try:
            if self._draft is not None:
                await self._in_thread(self._announce, plan, self._draft)
                await link(plan, self.root, engine.formats, now(), engine.limits, self.outcome, self.history)
            if finish is not None:
                await finish()
        finally:
            with anyio.CancelScope(shield=True):
                await self._record(plan)

    def _keep(self, plan: Plan) -> Plan:
        start, folder = self.start, self.start.engine.layout.history_dir(self.start.project)
        sweep(folder)
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
        about = changes(captured.operations, captured.stood, captured.edited, self.ledger, name)
        return Record(
            name=name,
            kind=self.kind,
            time=now(),
            changes=about,
            undoes="" if captured.failed else self.undoes,
            folders=tuple(address.path for address in self._folders),
            modes=modes(self.root, _may_go(self.ledger, captured.operations)),
            exclude=self._hidden(about),
        )

    def _hidden(self, about: Iterable[Change]) -> tuple[str, ...] | None:
        """The lines in `info/exclude` of what is ours already: others are of a sync that was killed before it began."""
        lines = hidden_lines(self.start)
        if not lines:
            return lines
        return tuple(sorted(patterns(change.path for change in about if change.entries_before).intersection(lines)))

    def _announce(self, plan: Plan, draft: Draft) -> None:
        """Say what is about to be written, and only then give the record its name."""
        self._save(intending(self.ledger, plan, self._folders, self.name))
        draft.publish()

    def _let_go(self, plan: Plan, before: Record) -> None:
        """An undo that was killed, and that this does not end, has taken nothing back. Raises StateError."""
        if not before.undoes or (before.undoes == self.undoes and not plan.operations):
            return
        folder = self.start.engine.layout.history_dir(self.start.project)
        try:
            disown(folder, before)
        except OSError as error:
            raise unwritable(folder, error) from error

    def _carry_out_at_once(self, plan: Plan, draft: Draft) -> None:
        """The same in this thread, one linker after the other. Cancelled, it ends after the operation in hand."""
        try:
            self._announce(plan, draft)
            link_at_once(plan, self.root, self.start.engine.formats, now(), self.outcome, self.history)
        finally:
            self._record_now(plan)

    async def _record(self, plan: Plan) -> None:
        if self.outcome.done or not plan.is_empty or self.ledger.pending or self.ledger.transaction:
            await self._in_thread(self._record_now, plan)

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
        folder = self.start.engine.layout.history_dir(self.start.project)
        retire(folder, keep=settings.keep, days=settings.days, needed=needed)

    def _save(self, ledger: Ledger) -> None:
        file, content = self.start.engine.layout.ledger_file(self.start.project), encode_ledger(ledger)
        save_ledger(file, ledger, content=content)
        self.saved = {str(file): short_hash(content)}
        self.start.memory.ledger = (content, ledger)
        self.ledger = ledger

    async def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        """Make and save a ledger in a thread: it may have thousands of entries."""
        await anyio.to_thread.run_sync(partial(in_turn, work, *arguments), limiter=self.start.engine.limits.ledgers)


AT_ONCE = 16
"""So few operations take less time than the turns of the event loop that several linkers would take."""

_SYNCS = frozenset({TransactionKind.SYNC, TransactionKind.RESOLVE})


def _may_go(ledger: Ledger, operations: list[Operation]) -> list[str]:
    """The folders of ours above what goes."""
    going = [operation.path for operation in operations if isinstance(operation, (Remove, EditDocument, Restore))]
    folders = {address.path for address in ledger.made if address.path.endswith("/") and not address.pointer}
    return sorted(folder for folder in folders if any(path.startswith(folder) for path in going))
