"""What operations are about to do to paths and to the ledger, drawn up before the first of them is carried out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.history import Change
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.plan import (
    EditDocument,
    MakeLink,
    Operation,
    Remove,
    Restore,
    WriteFile,
)
from harnesssync_orchestrator.core.stood import Stood

_NOT_OURS = frozenset({Drift.FOREIGN, Drift.KEPT})


def changes(
    operations: Iterable[Operation],
    stood: Mapping[str, Stood],
    edited: Mapping[str, bytes | None],
    ledger: Ledger,
    name: str,
    *,
    adopted: Mapping[str, Stood] | None = None,
) -> tuple[Change, ...]:
    """What the operations are about to do. `edited` has the bytes that each merged file will have, None if it goes.

    The `adopted` outputs stay as they are. They belong to the record all the same: once the source is as before, they
    are edits again, and not what we wrote.
    """
    adopted = adopted or {}
    known: dict[str, dict[Address, Entry]] = defaultdict(dict)
    paths = {*adopted, *(operation.path for operation in operations)}
    for address, entry in ledger.entries.items():
        if address.path in paths:
            known[address.path][address] = entry
    return (
        *(
            _change(operation, stood[operation.path], edited.get(operation.path), known[operation.path], name)
            for operation in operations
        ),
        *(_witness(path, output, known[path]) for path, output in adopted.items()),
    )


def _witness(path: str, stood: Stood, entries: Mapping[Address, Entry]) -> Change:
    return Change(path=path, before=stood, after=stood.digest, entries_before=entries, entries_after=entries)


def _change(
    operation: Operation, before: Stood, edited: bytes | None, entries: Mapping[Address, Entry], name: str
) -> Change:
    address = Address(operation.path)
    after: str | None = None
    source, new, gone = "", dict(entries), set[Address]()
    made: tuple[Address, ...] = ()
    unmade: tuple[Address, ...] = ()
    if isinstance(operation, MakeLink):
        after, source = link_hash(operation.text), operation.source
        new[address] = _entry(Method.SYMLINK, after, operation)
    elif isinstance(operation, WriteFile):
        after = short_hash(operation.content)
        new[address] = _entry(Method.WRITE, after, operation)
    elif isinstance(operation, EditDocument):
        after = None if edited is None else short_hash(edited)
        new.update(operation.record)
        gone.update(operation.forget)
        made = operation.made if operation.expected is not None else (*operation.made, address)
        unmade = operation.unmade if edited is not None else (*operation.unmade, address)
    elif isinstance(operation, Restore):
        after = operation.before.digest
        new.update(operation.record)
        gone.update(operation.forget)
        made, unmade = operation.made, operation.unmade
    elif isinstance(operation, Remove):
        gone.add(address)
    else:
        after = short_hash(operation.content)
    new = {each: entry for each, entry in new.items() if each not in gone}
    return Change(
        path=operation.path,
        before=before,
        after=after,
        source=source,
        entries_before=entries,
        entries_after=with_origins(operation, new, entries, name),
        made=made,
        unmade=unmade,
    )


def _entry(method: Method, digest: str, operation: MakeLink | WriteFile) -> Entry:
    source = operation.source if isinstance(operation, MakeLink) else ""
    return Entry(
        method=method,
        digest=digest,
        timestamp="",
        owners=operation.owners,
        source=source,
        yields=operation.yields,
        unlisted=operation.unlisted,
        once=isinstance(operation, WriteFile) and operation.once,
    )


def with_origins(
    operation: Operation, after: Mapping[Address, Entry], before: Mapping[Address, Entry], name: str
) -> dict[Address, Entry]:
    """The entries that an operation leaves, made to remember what stood there before we ever wrote.

    `before` are those of the ledger so far, `name` is the record of the transaction.
    """
    return {address: _with_origin(operation, address, entry, before, name) for address, entry in after.items()}


def _with_origin(
    operation: Operation, address: Address, entry: Entry, before: Mapping[Address, Entry], name: str
) -> Entry:
    known = before.get(address)
    if entry.origin or entry is known or isinstance(operation, Restore):  # which brings entries back as they were
        return entry
    if known is not None and known.created:
        return replace(entry, origin=known.origin) if known.origin else entry
    if operation.expected is not None and operation.states.get(address) in _NOT_OURS:
        return replace(entry, origin=name)  # a person let us replace what is theirs
    return entry
