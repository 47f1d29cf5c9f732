"""What the ledger says before and after the linkers worked, so that a sync may be killed at any moment between.

All of it blocks, and takes a while with thousands of outputs: for a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.ledger import CONTAINER, Entry, Ledger
from harnesssync_orchestrator.core.plan import Operation, Plan
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.pruning import prune
from harnesssync_orchestrator.files.store import now
from harnesssync_orchestrator.service.linking import Outcome


def intending(ledger: Ledger, plan: Plan, folders: Iterable[Address], transaction: str) -> Ledger:
    """The ledger before the first change, with what is about to be written, and the `folders` that have to be made.
    `transaction` names the record of it.

    What an earlier sync that was killed had finished is taken over now: nothing of it is forgotten if this one is
    killed too.
    """
    pending = {**ledger.pending, **plan.intent, **dict.fromkeys(folders, CONTAINER)}
    return replace(_adopting(ledger, plan), pending=pending, transaction=transaction)


def recorded(ledger: Ledger, plan: Plan, outcome: Outcome, root: Path, transaction: str, *, limited: bool) -> Ledger:
    """The ledger after the last change. Folders of ours that are empty now are removed.

    A run that was `limited` to some targets has settled nothing about what is pending for the others. Where an
    operation failed, it may have done a part of its work: the next run finds out, as after a kill.
    """
    ledger = outcome.recorded_in(_adopting(ledger, plan), transaction).changed(forget=plan.forget)
    left: dict[Address, str] = {}
    try:
        pruned = prune(root, _perhaps_empty(ledger))
    except ApplyError as error:  # the root is gone: what was done must be recorded all the same
        outcome.fail(error, path=error.path)
        left.update((address, CONTAINER) for address in _perhaps_empty(ledger) if address.path.endswith("/"))
    else:
        ledger = ledger.changed(unmade=pruned.gone)
        for address, reason in pruned.failed:
            outcome.fail(reason, path=address.path)
            left[address] = CONTAINER
    if {operation.path for operation in plan.operations} - {one.operation.path for one in outcome.done}:
        return replace(ledger, pending={**ledger.pending, **left}, lost=False, last_sync=now())
    settled = {*plan.intent, *plan.adopt}
    left.update((address, digest) for address, digest in ledger.pending.items() if limited and address not in settled)
    return replace(ledger, pending=left, transaction="", lost=False, last_sync=now())


def _perhaps_empty(ledger: Ledger) -> Iterator[Address]:
    """The folders of ours in which, by what the ledger says, nothing of ours is any more."""
    filled: set[str] = set()
    for address in ledger.entries:
        folder = address.path
        while (folder := folder.rpartition("/")[0]) and folder not in filled:
            filled.add(folder)
    return (address for address in ledger.made if address.path.rstrip("/") not in filled)


def _adopting(ledger: Ledger, plan: Plan) -> Ledger:
    stamp = now()
    adopted = {
        address: replace(_with_what_was(entry, ledger.entries.get(address)), timestamp=stamp)
        for address, entry in plan.adopt.items()
    }
    return ledger.changed(record=adopted, made=plan.made)


def _with_what_was(entry: Entry, known: Entry | None) -> Entry:
    """An entry that is made anew still tells what was there before we ever wrote."""
    if known is None or not known.created:
        return entry
    return replace(entry, origin=entry.origin or known.origin, mode=0 if entry.kept else known.mode)


def missing_folders(root: Path, operations: Iterable[Operation]) -> tuple[Address, ...]:
    """As `Ledger.made` names them."""
    folders: set[str] = set()
    for operation in operations:
        folder = operation.path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return tuple(Address(f"{folder}/") for folder in sorted(folders) if not (root / folder).exists())
