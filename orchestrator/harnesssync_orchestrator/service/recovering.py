"""After a transaction that was killed: what it left behind goes, and what it had done is in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from harnesssync_orchestrator.core.desired import Address, Desired
from harnesssync_orchestrator.core.history import Record
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.settling import edited_since, settled, settled_keys
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.errors import HarnessSyncError, StateError
from harnesssync_orchestrator.files import store
from harnesssync_orchestrator.files.cleanup import clean
from harnesssync_orchestrator.files.history import records
from harnesssync_orchestrator.files.history.capture import look
from harnesssync_orchestrator.files.observe import observe
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.service.start import Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """The ledger as it should be, the record of the transaction that was killed, and what is to be told."""

    ledger: Ledger
    unfinished: Record | None = None
    problems: tuple[Problem, ...] = ()


def recover(start: Start, ledger: Ledger, *, only_to_look: bool) -> Recovered:
    """Recover, if there is something to recover from. Blocking. Raises StateError.

    With `only_to_look` nothing on disk changes. What was begun in our own folders, and that no ledger names, is not
    looked for by a sync that knows what changed: it does no harm there until one comes that looks at everything.
    """
    layout, root = start.engine.layout, Path(start.project.path)
    history = start.history_dir
    if not only_to_look and not start.options.changed:
        records.sweep(history)
        ledgers = layout.ledger_file(start.project).parent
        for folder in {ledgers, layout.project_dir(start.project.id), layout.whereabouts_dir, layout.root}:
            store.sweep(folder)
    if not ledger.pending and not ledger.transaction:
        return Recovered(ledger=ledger)
    record, problems = _record(history, ledger)
    if not only_to_look:
        cleaned = clean(root, _with_paths(ledger, record))
        ledger = ledger.changed(record=cleaned.recovered)
        problems += tuple(_left_over(root / path) for path in cleaned.kept)
    if record is None:
        return Recovered(ledger=ledger, problems=problems)
    present = [folder for folder in record.folders if (root / folder).is_dir()]
    now = look(root, (change.path for change in record.changes))
    ledger = settled(record, now, ledger, present)
    if edited := edited_since(record, now):
        asked = Ledger(entries=edited)
        seen = observe(root, Desired(), asked, start.engine.formats, start.memory.cache, Looked(), frozenset())
        ledger = settled_keys(record, seen.documents, ledger)
    return Recovered(ledger=ledger, unfinished=record, problems=problems)


def _record(history: Path, ledger: Ledger) -> tuple[Record | None, tuple[Problem, ...]]:
    """The record of the transaction that was killed; without it, the digests in the ledger must do."""
    if not ledger.transaction or ledger.transaction not in records.names(history):
        return None, ()  # it was killed before it began
    try:
        return records.load(history, ledger.transaction), ()
    except StateError as error:
        return None, problems_of([error])


def _with_paths(ledger: Ledger, record: Record | None) -> Ledger:
    """A ledger in which everything is pending that the transaction was about to write, wherever that is."""
    if record is None:
        return ledger
    digests = {Address(change.path): change.after for change in record.changes if change.after is not None}
    return replace(ledger, pending={**digests, **ledger.pending})


def _left_over(path: Path) -> Problem:
    return Problem(
        code="left_over",
        message="a sync that was killed set this aside, and it is not known what it is",
        file=str(path),
        hint="Look at it, and delete it or put it back",
        hides=False,
    )


def problems_of(errors: Iterable[HarnessSyncError]) -> tuple[Problem, ...]:
    """What is wrong with records that can't be read."""
    return tuple(
        Problem(code=error.code, message=error.message, file=error.path, hint=error.hint, hides=False)
        for error in errors
    )
