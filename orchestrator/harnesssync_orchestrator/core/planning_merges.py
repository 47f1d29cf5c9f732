"""The decisions about keys and array elements of files that people also edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harnesssync_orchestrator.core.desired import Address, ElementOutput, MergeOutput, Output, Wanted, value_hash
from harnesssync_orchestrator.core.documents import (
    Gap,
    after,
    missing_containers,
    position,
    value_at,
)
from harnesssync_orchestrator.core.drift import Choice, Drift, classify
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Missing, Observed, ObservedFile, Obstructed, Unparsable, Unusable
from harnesssync_orchestrator.core.plan import Conflict, ConflictKind, EditDocument
from harnesssync_orchestrator.core.planning_files import Decision, is_gone, orphan, written
from harnesssync_orchestrator.core.targets import AddElement, Edit, RemoveElement, RemoveKey, SetKey


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
    edits: list[Edit] = field(default_factory=list)
    record: dict[Address, Entry] = field(default_factory=dict)
    forget: list[Address] = field(default_factory=list)
    found: dict[Address, Drift] = field(default_factory=dict)

    def write(self, edit: Edit, address: Address, now: Entry, state: Drift) -> None:
        self.edits.append(edit)
        self.record[address] = now
        self.found[address] = state

    def take_away(self, edit: Edit, address: Address) -> None:
        self.edits.append(edit)
        self.forget.append(address)
        self.found[address] = Drift.ORPHAN


def document_decision(decision: Decision, path: str, work: DocumentWork, observed: Observed, ledger: Ledger) -> None:
    """Decide about one merged file: at most one operation, which edits it in one write."""
    state = observed.paths[path]
    if isinstance(state, Missing):
        values: Mapping[str, Any] = {}
    elif isinstance(state, ObservedFile):
        document = observed.documents[path]
        if isinstance(document, Unparsable):
            decision.conflicts.append(_unparsable(path, document, work, ledger))
            return
        values = document.values
    elif is_gone(state) and not work.wanted:
        decision.forget.extend(address for address, _ in work.stale)
        return
    else:
        decision.conflicts.append(_no_file(path, state, work, ledger))
        return
    changes = _Changes()
    for wish in work.wanted:
        _decide_wanted(decision, changes, wish, values, ledger)
    for address, entry in work.stale:
        _decide_stale(decision, changes, address, entry, values)
    if not changes.edits:
        decision.forget.extend(changes.forget)
        return
    made = [Address(path, pointer) for pointer in missing_containers(values, changes.edits)]
    unmade = _emptied(path, after(values, changes.edits), ledger, made)
    changes.edits.extend(RemoveKey(address.pointer) for address in unmade)
    decision.operations.append(
        EditDocument(
            path=path,
            owners=work.owners,
            items=work.items,
            expected=state.digest if isinstance(state, ObservedFile) else None,
            format=next(_formats(work)),
            edits=tuple(changes.edits),
            record=changes.record,
            forget=tuple(changes.forget),
            made=tuple(made),
            unmade=tuple(unmade),
            remove_when_empty=Address(path) in ledger.made,
            found=changes.found,
            delicate=any(wish.output.private or wish.output.secrets for wish in work.wanted),
            secret=any(wish.output.secrets for wish in work.wanted),
        )
    )


def _formats(work: DocumentWork) -> Iterator[str]:
    yield from (wish.output.format for wish in work.wanted)
    yield from (entry.format for _, entry in work.stale)


def _decide_wanted(
    decision: Decision, changes: _Changes, wish: Wanted[MergeOutput], values: Mapping[str, Any], ledger: Ledger
) -> None:
    output, address = wish.output, wish.output.address
    entry = ledger.entries.get(address)
    digest = value_hash(output.value)
    now = Entry(method=Method.MERGE, digest=digest, timestamp="", owners=wish.owners, format=output.format)
    found = value_at(values, output.pointer)
    is_element = isinstance(output, ElementOutput)
    is_blocked = found is Gap.BLOCKED or (is_element and found is not Gap.ABSENT and not isinstance(found, list))
    there = None if isinstance(found, Gap) else value_hash(found)
    if is_element and not is_blocked:
        there = digest if isinstance(found, list) and position(found, digest) is not None else None
    wrote = written(entry, there)
    state = classify(wanted=digest, there=_BLOCKED if is_blocked else there, wrote=wrote)
    choice = decision.resolution.of(address, wish.owners, state)
    if entry is not None and entry.kept and (there is not None or is_blocked) and choice is not Choice.RESTORE:
        decision.leave_kept(address, wish, entry)
    elif state is Drift.IN_STEP:
        decision.keep(address, entry, now, ledger)
    elif not is_blocked and (there is None or there == wrote or choice is Choice.RESTORE):
        edit = AddElement(output.pointer, output.value) if is_element else SetKey(output.pointer, output.value)
        changes.write(edit, address, now, state)
    elif choice is Choice.KEEP:
        decision.let_keep(address, wish, replace(now, digest=there or ""))
    else:
        _not_ours(decision, address, wish, state, blocked=is_blocked)


_BLOCKED = "?"
"""In place of the digest of a value that stands where a table or a list is needed: it is nobody's."""


def _decide_stale(
    decision: Decision, changes: _Changes, address: Address, entry: Entry, values: Mapping[str, Any]
) -> None:
    found = value_at(values, address.pointer)
    there = isinstance(found, list) and position(found, entry.digest) is not None if address.element else True
    choice = decision.resolution.of(address, entry.owners, Drift.ORPHAN)
    is_gone = found is Gap.ABSENT or found is Gap.BLOCKED or not there
    if not entry.created or is_gone or choice is Choice.KEEP:
        decision.forget.append(address)
    elif address.element:
        changes.take_away(RemoveElement(address.pointer, entry.digest), address)
    elif choice is Choice.RESTORE or (not isinstance(found, Gap) and value_hash(found) == entry.digest):
        changes.take_away(RemoveKey(address.pointer), address)
    else:
        decision.conflicts.append(orphan(decision, address, entry, choices=(Choice.RESTORE, Choice.KEEP)))


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


def _not_ours(decision: Decision, address: Address, wish: Wanted[Output], state: Drift, *, blocked: bool) -> None:
    if blocked:
        decision.conflict(
            ConflictKind.FOREIGN,
            address,
            wish,
            "a value of yours stands where a table or list is needed",
            "Change that value to a table or list, or leave this target out",
            state=state,
            choices=(Choice.KEEP,),
        )
    elif state is not Drift.FOREIGN:
        both = state is Drift.BOTH
        decision.conflict(
            ConflictKind.DRIFT,
            address,
            wish,
            "it was edited since we wrote it" + (", and its source has changed too" if both else ""),
            "Take your edit into the source and delete the key, then sync again",
            state=state,
            choices=(Choice.RESTORE, Choice.KEEP) if both else (Choice.RESTORE, Choice.KEEP, Choice.ADOPT),
        )
    else:
        decision.conflict(
            ConflictKind.FOREIGN,
            address,
            wish,
            "you have an entry of this name already",
            "Rename one of the two, or delete yours, then sync again",
            state=state,
            choices=(Choice.RESTORE, Choice.KEEP),
        )


def _unparsable(path: str, document: Unparsable, work: DocumentWork, ledger: Ledger) -> Conflict:
    place = f" (line {document.line}, column {document.column})" if document.line else ""
    return Conflict(
        kind=ConflictKind.UNPARSABLE,
        address=Address(path),
        owners=work.owners,
        message=f"{path}{place}: {document.message}; the file is left as it is",
        hint="Mend it, then sync again",
        items=work.items,
        state=_state_of_file(path, ledger),
    )


def _state_of_file(path: str, ledger: Ledger) -> Drift:
    """Of a merged file that can't be looked into: has a person changed what we wrote, or is it all theirs?"""
    ours = any(address.path == path and entry.created for address, entry in ledger.entries.items())
    return Drift.OUTPUT_EDITED if ours else Drift.FOREIGN


def _no_file(path: str, state: object, work: DocumentWork, ledger: Ledger) -> Conflict:
    if isinstance(state, Obstructed):
        message, kind = f"{state.parent} above it is a link or no folder", ConflictKind.OBSTRUCTED
    elif isinstance(state, Unusable):
        message, kind = state.reason, ConflictKind.UNUSABLE
    else:
        message, kind = "it is a link or a folder, and nothing is written through it", ConflictKind.OBSTRUCTED
    return Conflict(
        kind=kind,
        address=Address(path),
        owners=work.owners,
        message=f"{path}: {message}",
        hint="Put a regular file there, or leave this target out",
        items=work.items,
        state=_state_of_file(path, ledger),
    )
