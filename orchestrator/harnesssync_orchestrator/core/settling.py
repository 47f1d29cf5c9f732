"""The ledger after a transaction that was killed: what it had done by then, told from its record and the disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address, value_hash
from harnesssync_orchestrator.core.documents import Gap, position, value_at, value_of
from harnesssync_orchestrator.core.history import Change, Found, Record, is_as_left
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Unparsable
from harnesssync_orchestrator.core.stood import Nothing, StoodFile


def settled(record: Record, now: Mapping[str, Found], ledger: Ledger, present: Collection[str]) -> Ledger:
    """The ledger of a transaction that was killed, with those of its changes that happened.

    `now` is what stands at the paths of the record; `present` are those of its `folders` that are there.
    """
    for change in record.changes:
        found = now[change.path]
        if is_as_left(change, found) and change.after != change.before.digest:
            stamped = {
                address: replace(_as_found(entry, change, found), timestamp=entry.timestamp or record.time)
                for address, entry in change.entries_after.items()
            }
            ledger = ledger.changed(
                record=stamped,
                forget=change.entries_before.keys() - change.entries_after.keys(),
                made=change.made,
                unmade=change.unmade,
            )
        elif isinstance(found.stood, Nothing):  # whoever removed the file since took with it what was to go from it
            ledger = ledger.changed(forget=_old(change))
    return ledger.changed(made=[Address(folder) for folder in record.folders if folder in present])


def _as_found(entry: Entry, change: Change, found: Found) -> Entry:
    """The entry of a change that happened: of a copy, where no link could be made. Of which state of its source it is
    nobody knows any more, so it counts as stale."""
    if found.stood.digest == change.after or entry.method is not Method.SYMLINK:
        return entry
    return replace(entry, method=Method.COPY, digest=found.stood.digest or "")


def edited_since(record: Record, now: Mapping[str, Found]) -> dict[Address, Entry]:
    """The keys and elements that were about to come or to go in files which are now not as they were to become."""
    return {
        address: entry
        for change in record.changes
        if isinstance(now[change.path].stood, StoodFile) and not is_as_left(change, now[change.path])
        for address, entry in {**_old(change), **_new(change)}.items()
    }


def settled_keys(record: Record, documents: Mapping[str, Document | Unparsable], ledger: Ledger) -> Ledger:
    """The ledger with those of them that are there: they are ours, whatever else somebody wrote around them. Without
    this a key that nobody wants any more would stay for ever, and nobody would be told.

    Those that were to go, and are gone, it does not know any more.
    """
    for change in record.changes:
        document = documents.get(change.path)
        if not isinstance(document, Document):
            continue
        values = document.values
        written = {address: entry for address, entry in _new(change).items() if _is_there(values, address, entry)}
        around = [each for each in change.made if written and not isinstance(value_at(values, each.pointer), Gap)]
        gone = [address for address in _old(change) if not _is_anything(values, address)]
        ledger = ledger.changed(record=written, forget=gone, made=around)
    return ledger


def _new(change: Change) -> dict[Address, Entry]:
    return {
        address: entry
        for address, entry in change.entries_after.items()
        if address.pointer and entry.created and entry != change.entries_before.get(address)
    }


def _old(change: Change) -> dict[Address, Entry]:
    gone = change.entries_before.keys() - change.entries_after.keys()
    return {address: change.entries_before[address] for address in gone if address.pointer}


def _is_anything(values: Mapping[str, object], address: Address) -> bool:
    return not isinstance(value_of(values, address), Gap)


def _is_there(values: Mapping[str, object], address: Address, entry: Entry) -> bool:
    found = value_at(values, address.pointer)
    if address.element:
        return isinstance(found, list) and position(found, entry.digest) is not None
    return not isinstance(found, Gap) and value_hash(found) == entry.digest
