"""The decisions about keys and array elements of files that people also edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harnesssync_orchestrator.core.desired import Address, KeyOutput, MergeOutput, Wanted, value_hash
from harnesssync_orchestrator.core.documents import (
    Gap,
    after,
    missing_containers,
    value_at,
)
from harnesssync_orchestrator.core.draft import Draft, written
from harnesssync_orchestrator.core.drift import UNKNOWN, Choice, Drift, classify
from harnesssync_orchestrator.core.elements import Elements, digest_there, writing
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.modes import to_give_back, to_note
from harnesssync_orchestrator.core.observed import (
    Document,
    Missing,
    ObservedFile,
    Obstructed,
    PathState,
    Unparsable,
    Unusable,
    is_gone,
)
from harnesssync_orchestrator.core.plan import Conflict, ConflictKind, EditDocument, Kept
from harnesssync_orchestrator.core.targets import Edit, RemoveElement, RemoveKey


@dataclass
class DocumentWork:
    """What is wanted in one merged file, and what we left there that nobody wants any more."""

    wanted: list[Wanted[MergeOutput]] = field(default_factory=list)
    stale: list[tuple[Address, Entry]] = field(default_factory=list)

    @property
    def owners(self) -> tuple[str, ...]:
        names = [owner for wish in self.wanted for owner in wish.owners]
        names += [owner for _, entry in self.stale for owner in entry.owners]
        return tuple(dict.fromkeys(names))

    @property
    def items(self) -> tuple[ItemId, ...]:
        return tuple(dict.fromkeys(item for wish in self.wanted for item in wish.output.items))


@dataclass
class _Changes:
    """What is to be done in one file. `mode` is what a credential that enters it is to note (`core.modes`), `absent` is
    what somebody else took out of it, `elements` what is there in arrays."""

    elements: Elements
    mode: int = 0
    edits: list[Edit] = field(default_factory=list)
    record: dict[Address, Entry] = field(default_factory=dict)
    forget: list[Address] = field(default_factory=list)
    found: dict[Address, Drift] = field(default_factory=dict)
    absent: set[Address] = field(default_factory=set)

    def write(self, edits: Iterable[Edit], address: Address, now: Entry, state: Drift) -> None:
        self.edits.extend(edits)
        self.record[address] = now
        self.found[address] = state

    def take_away(self, edits: Iterable[Edit], address: Address) -> None:
        self.edits.extend(edits)
        self.forget.append(address)
        self.found[address] = Drift.ORPHAN


def decide_document(draft: Draft, path: str, work: DocumentWork) -> None:
    """Decide about one merged file: at most one operation, which edits it in one write."""
    state = draft.observed.paths[path]
    if is_gone(state) and not work.wanted:
        draft.forget.extend(address for address, _ in work.stale)
    elif isinstance(state, Missing):
        _decide_values(draft, path, work, {}, expected=None)
    elif not isinstance(state, ObservedFile):
        draft.conflicts.append(_no_file(draft, path, state, work))
    elif isinstance(document := draft.observed.documents[path], Unparsable):
        draft.conflicts.append(_unparsable(draft, path, document, work))
    else:
        _decide_values(draft, path, work, document.values, expected=state.digest, mode=state.mode)


def _decide_values(
    draft: Draft, path: str, work: DocumentWork, values: Mapping[str, Any], *, expected: str | None, mode: int = 0
) -> None:
    """Decide about the keys and elements of a file in which `values` are."""
    before = {address: entry for address, entry in draft.ledger.entries.items() if address.path == path}
    ours = frozenset(address.element for address in (*before, *(wish.output.address for wish in work.wanted)))
    elements = Elements(values, ours)
    changes = _Changes(elements, to_note(mode, before.values()) if expected is not None else 0)
    for wish in work.wanted:
        _decide_wanted(draft, changes, wish)
    for address, entry in work.stale:
        _decide_stale(draft, changes, address, entry)
    gone = changes.absent.union(changes.forget)
    left = {**{address: entry for address, entry in before.items() if address not in gone}, **changes.record}
    back = to_give_back(mode, before.values(), left.values())
    if not (changes.edits or back):
        return
    made = [Address(path, pointer) for pointer in missing_containers(values, changes.edits)]
    unmade = _emptied(path, after(values, changes.edits), draft.ledger, made)
    changes.edits.extend(RemoveKey(address.pointer) for address in unmade)
    draft.operations.append(
        EditDocument(
            path=path,
            owners=work.owners,
            items=work.items,
            expected=expected,
            format=next(_formats(work)),
            edits=tuple(changes.edits),
            record=changes.record,
            forget=tuple(changes.forget),
            made=tuple(made),
            unmade=tuple(unmade),
            remove_when_empty=Address(path) in draft.ledger.made,
            found=changes.found,
            mode=back,
            delicate=any(wish.output.private or wish.output.secrets for wish in work.wanted),
            secret=any(wish.output.secrets for wish in work.wanted),
        )
    )


def _formats(work: DocumentWork) -> Iterator[str]:
    yield from (wish.output.format for wish in work.wanted)
    yield from (entry.format for _, entry in work.stale)


def _decide_wanted(draft: Draft, changes: _Changes, wish: Wanted[MergeOutput]) -> None:
    output, address = wish.output, wish.output.address
    entry, digest = draft.entry(address), value_hash(output.value)
    there, is_beside = digest_there(output, changes.elements, entry)
    wrote = None if is_beside else written(entry, there)
    state = classify(wanted=digest, there=there, wrote=wrote)
    choice = draft.resolution.of(address, wish.owners, state)
    now = Entry(method=Method.MERGE, digest=digest, timestamp="", owners=wish.owners, format=output.format)
    rival = _rival(draft, output, digest)
    is_there = there is not None or rival is not None
    if entry is not None and entry.kept and is_there and choice is not Choice.RESTORE:
        draft.leave_kept(address, wish, entry)
    elif rival is not None:
        _decide_beside(draft, wish, now, rival, is_there=there is not None)
    elif state is Drift.IN_STEP:
        draft.in_step(address, now)
    elif there is None or (there != UNKNOWN and (there == wrote or choice is Choice.RESTORE)):
        entered = replace(now, mode=changes.mode if output.secrets else 0)
        changes.write(
            writing(output, changes.elements, entry), address, entered, Drift.OUTPUT_EDITED if is_beside else state
        )
    elif choice is Choice.KEEP and is_beside and entry is not None:
        kept = replace(now, digest=there, created=False, kept=True)
        changes.write([RemoveElement(address.pointer, entry.digest)], address, kept, Drift.KEPT)
        draft.kept.append(Kept(address=address, owners=wish.owners, items=output.items))
    elif choice is Choice.KEEP:
        draft.let_keep(address, wish, replace(now, digest="" if there == UNKNOWN else there))
    else:
        _leave(draft, wish, state, blocked=there == UNKNOWN)


def _rival(draft: Draft, output: MergeOutput, digest: str) -> str | None:
    """Another file in which a person has something else under the same key; None if there is none."""
    for path in output.rivals if isinstance(output, KeyOutput) else ():
        document = draft.observed.documents.get(path)
        found = value_at(document.values, output.pointer) if isinstance(document, Document) else Gap.ABSENT
        if isinstance(found, Gap):
            continue
        there, entry = value_hash(found), draft.entry(Address(path, output.pointer))
        is_ours = entry is not None and entry.created and entry.digest == there
        if there != digest and not is_ours:
            return path
    return None


def _decide_beside(draft: Draft, wish: Wanted[MergeOutput], now: Entry, rival: str, *, is_there: bool) -> None:
    """Leave a key alone that a person has in another file. They may keep that, if there is none of ours."""
    may_keep = not is_there
    if may_keep and draft.resolution.of(wish.output.address, wish.owners, Drift.FOREIGN) is Choice.KEEP:
        draft.let_keep(wish.output.address, wish, replace(now, digest=""))
        return
    message = f"you have an entry of this name in {rival}"
    hint = "Rename one of the two, or delete yours, then sync again"
    choices = (Choice.KEEP,) if may_keep else ()
    draft.leave(ConflictKind.FOREIGN, wish, message, hint, state=Drift.FOREIGN, choices=choices)


def _decide_stale(draft: Draft, changes: _Changes, address: Address, entry: Entry) -> None:
    found = value_at(changes.elements.values, address.pointer)
    there = changes.elements.digests_at(address) if address.element else [""]
    choice = draft.resolution.of(address, entry.owners, Drift.ORPHAN)
    if isinstance(found, Gap) or not there:
        draft.forget.append(address)
        changes.absent.add(address)
    elif not entry.created or choice is Choice.KEEP:
        draft.forget.append(address)
    elif address.element and (entry.digest in there or choice is Choice.RESTORE):
        going = [entry.digest] if entry.digest in there else there
        changes.take_away([RemoveElement(address.pointer, digest) for digest in going], address)
    elif not address.element and (choice is Choice.RESTORE or value_hash(found) == entry.digest):
        changes.take_away([RemoveKey(address.pointer)], address)
    else:
        draft.leave_orphan(address, entry, choices=(Choice.RESTORE, Choice.KEEP))


def _emptied(path: str, values: Mapping[str, Any], ledger: Ledger, made: list[Address]) -> list[Address]:
    """Containers that we made and in which nothing is left, innermost first."""
    ours = {address for address in ledger.made if address.path == path and address.pointer}.union(made)
    gone: list[Address] = []
    for address in sorted(ours, key=lambda address: len(address.pointer), reverse=True):
        found = value_at(values, address.pointer)
        if found is Gap.ABSENT or found is Gap.BLOCKED:
            continue
        if isinstance(found, (dict, list)) and not found:
            gone.append(address)
            values = after(values, [RemoveKey(address.pointer)])
    return gone


def _leave(draft: Draft, wish: Wanted[MergeOutput], state: Drift, *, blocked: bool) -> None:
    """Say why a key or an element can't be written, and what to do."""
    choices = (Choice.RESTORE, Choice.KEEP)
    if blocked:
        message = "a value of yours stands where a table or list is needed"
        hint = "Change that value to a table or list, or leave this target out"
        draft.leave(ConflictKind.FOREIGN, wish, message, hint, state=state, choices=(Choice.KEEP,))
    elif state is Drift.FOREIGN:
        message = "you have an entry of this name already"
        hint = "Rename one of the two, or delete yours, then sync again"
        draft.leave(ConflictKind.FOREIGN, wish, message, hint, state=state, choices=choices)
    else:
        draft.leave_edited(wish, "the key", state, choices)


def _unparsable(draft: Draft, path: str, document: Unparsable, work: DocumentWork) -> Conflict:
    place = f" (line {document.line}, column {document.column})" if document.line else ""
    message = f"{path}{place}: {document.message}; the file is left as it is"
    return _of_file(draft, ConflictKind.UNPARSABLE, path, work, message, "Mend it, then sync again")


def _no_file(draft: Draft, path: str, state: PathState, work: DocumentWork) -> Conflict:
    if isinstance(state, Obstructed):
        reason, kind = f"{state.parent} above it is a link or no folder", ConflictKind.OBSTRUCTED
    elif isinstance(state, Unusable):
        reason, kind = state.reason, ConflictKind.UNUSABLE
    else:
        reason, kind = "it is a link or a folder, and nothing is written through it", ConflictKind.OBSTRUCTED
    is_closed = isinstance(state, Unusable) and state.closed
    remedy = "Give yourself the right to read and write it" if is_closed else "Put a regular file there"
    hint = f"{remedy}, or leave this target out"
    return _of_file(draft, kind, path, work, f"{path}: {reason}", hint)


def _of_file(draft: Draft, kind: ConflictKind, path: str, work: DocumentWork, message: str, hint: str) -> Conflict:
    """About a merged file that can't be looked into: has a person changed what we wrote, or is it all theirs?"""
    ours = any(address.path == path and entry.created for address, entry in draft.ledger.entries.items())
    return Conflict(
        kind=kind,
        address=Address(path),
        owners=work.owners,
        message=message,
        hint=hint,
        items=work.items,
        state=Drift.OUTPUT_EDITED if ours else Drift.FOREIGN,
    )
