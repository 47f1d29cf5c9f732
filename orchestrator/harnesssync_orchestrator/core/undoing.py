"""How to take back a transaction, by its record and by what is on disk now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.history import Change, Found, Record, is_as_left
from harnesssync_orchestrator.core.ledger import Entry, Ledger
from harnesssync_orchestrator.core.plan import (
    Conflict,
    ConflictKind,
    Operation,
    Plan,
    Restore,
)
from harnesssync_orchestrator.core.stood import Nothing, Stood, StoodFile, StoodTree, copy_of


def undo_plan(record: Record, now: Mapping[str, Found], ledger: Ledger) -> Plan:
    """How to take a transaction back, path by path.

    What is as it was left is put back as it was before. What stands there as it stood before needs no change, and the
    ledger learns of it. What was never done is left out. Everything else was edited since: a conflict.
    """
    current: dict[str, dict[Address, Entry]] = defaultdict(dict)
    for address, entry in ledger.entries.items():
        current[address.path][address] = entry
    operations: list[Operation] = []
    conflicts: list[Conflict] = []
    adopt: dict[Address, Entry] = {}
    forget: list[Address] = []
    for change in record.changes:
        found, entries = now[change.path], current[change.path]
        gone = tuple(sorted(entries.keys() - change.entries_before.keys()))
        if _is_as_before(change.before, found):
            back = change.entries_before.items()
            adopt.update((each, entry) for each, entry in back if not _is_known(entries.get(each), entry))
            forget.extend(gone)
        elif is_as_left(change, found) or found.stood.digest == change.before.digest:  # but for its mode or its marker
            operations.append(_restore(record, change, found, gone))
        elif not _was_never_made(change, entries):
            conflicts.append(_rewritten(change) if _knows_better(entries, change) else _edited(change))
    return Plan(
        operations=tuple(sorted(operations, key=_removals_first)),
        conflicts=tuple(conflicts),
        adopt=adopt,
        forget=tuple(forget),
    )


def without_revealed(plan: Plan, revealed: Container[str]) -> Plan:
    """The plan without what would bring a credential back into files that git sees: each a conflict."""
    conflicts = tuple(
        Conflict(
            kind=ConflictKind.UNUSABLE,
            address=Address(operation.path),
            owners=operation.owners,
            message=f"{operation.path}: git sees it, and a credential would come back into it; it is left as it is",
            hint="Name it in .gitignore, and git rm --cached it if git tracks it, then undo again, "
            "or harnesssync undo NUMBER for an earlier one",
        )
        for operation in plan.operations
        if operation.path in revealed
    )
    operations = tuple(operation for operation in plan.operations if operation.path not in revealed)
    return replace(plan, operations=operations, conflicts=(*plan.conflicts, *conflicts))


def _restore(record: Record, change: Change, found: Found, gone: tuple[Address, ...]) -> Restore:
    parents = {folder: mode for folder, mode in record.modes.items() if change.path.startswith(folder)}
    return Restore(
        path=change.path,
        owners=_owners(change),
        expected=found.stood.digest,
        origin=record.name,
        before=change.before,
        record=change.entries_before,
        forget=gone,
        made=change.unmade,
        unmade=change.made,
        folders=parents,
    )


def _owners(change: Change) -> tuple[str, ...]:
    entries = (*change.entries_after.values(), *change.entries_before.values())
    return tuple(dict.fromkeys(owner for entry in entries for owner in entry.owners)) or ("history",)


def _removals_first(operation: Operation) -> bool:
    """A file may have to go before a folder of its name comes back."""
    return not (isinstance(operation, Restore) and isinstance(operation.before, Nothing))


def _is_known(now: Entry | None, before: Entry) -> bool:
    """Does the ledger say so already? When it was told is no difference: else there would be something to take back for
    ever, and what came before could never be."""
    return now is not None and replace(now, timestamp=before.timestamp) == before


def _is_as_before(before: Stood, found: Found) -> bool:
    now = found.stood
    if isinstance(before, StoodFile) and isinstance(now, StoodFile):
        return (before.digest, before.mode, copy_of(before)) == (now.digest, now.mode, found.marker)
    if isinstance(before, StoodTree) and isinstance(now, StoodTree):
        return (before.digest, copy_of(before)) == (now.digest, found.marker)
    return before.digest == now.digest  # of a link that leads nowhere nobody can say whether it is one to a folder


def _was_never_made(change: Change, entries: Mapping[Address, Entry]) -> bool:
    """Does the ledger know just what it knew before? Where it was to learn nothing, as of a file of the source, that is
    no sign: only an output whose edit was adopted was to stay as it was."""
    before = _digests(change.entries_before)
    is_a_sign = _digests(change.entries_after) != before or change.after == change.before.digest
    return is_a_sign and _digests(entries) == before


def _digests(entries: Mapping[Address, Entry]) -> dict[Address, str]:
    return {address: entry.digest for address, entry in entries.items()}


def _knows_better(entries: Mapping[Address, Entry], change: Change) -> bool:
    """Has something of ours been made or taken there since?"""
    return _digests(entries) != _digests(change.entries_after)


def _rewritten(change: Change) -> Conflict:
    return Conflict(
        kind=ConflictKind.DRIFT,
        address=Address(change.path),
        owners=_owners(change),
        message=f"{Address(change.path)}: a later sync changed it, and it is left as it is",
        hint="Undo that one first: harnesssync undo takes back the last, undo --list shows them all",
    )


def _edited(change: Change) -> Conflict:
    way_out = "Keep what you need of it elsewhere and delete it, then undo again"
    if not isinstance(change.before, Nothing):  # then it would not be as before
        way_out = "Change it by hand if it is to be as before"
    return Conflict(
        kind=ConflictKind.DRIFT,
        address=Address(change.path),
        owners=_owners(change),
        message=f"{Address(change.path)}: it was edited since, and is left as it is",
        hint=f"{way_out}, or harnesssync undo NUMBER for an earlier one (undo --list shows them)",
    )
