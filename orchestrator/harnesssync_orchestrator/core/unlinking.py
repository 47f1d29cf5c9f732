"""Taking outputs away: of all targets, or of some, and giving back what stood there before we ever wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from types import MappingProxyType

from harnesssync_orchestrator.core.desired import Address, JsonValue
from harnesssync_orchestrator.core.draft import Draft
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.items import ItemId, Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger
from harnesssync_orchestrator.core.observed import Observed
from harnesssync_orchestrator.core.plan import Conflict, ConflictKind, EditDocument, Operation, Plan, Remove, Restore
from harnesssync_orchestrator.core.planning_files import decide_removal
from harnesssync_orchestrator.core.planning_merges import DocumentWork, decide_document
from harnesssync_orchestrator.core.stood import Stood
from harnesssync_orchestrator.core.targets import AddElement, Edit, RemoveElement, RemoveKey, SetKey


def unlink_plan(observed: Observed, ledger: Ledger, *, scope: Scope, targets: Collection[str] | None) -> Plan:
    """How to take away what we wrote for some `targets`, None for all of them.

    An output that another target wants too stays, and is that one's alone. One that was edited is a conflict. What was
    never ours is forgotten. `observed` must cover every path of the ledger.
    """
    draft = Draft(observed, ledger, scope)
    documents: dict[str, DocumentWork] = defaultdict(DocumentWork)
    for address, entry in sorted(ledger.entries.items()):
        others = () if targets is None else tuple(owner for owner in entry.owners if owner not in targets)
        if others:
            if others != entry.owners:
                draft.adopt[address] = replace(entry, owners=others)
        elif address.pointer:
            documents[address.path].stale.append((address, entry))
        else:
            decide_removal(draft, address, entry)
    for path, work in documents.items():
        decide_document(draft, path, work)
    return Plan(
        operations=tuple(draft.operations),
        adopt=draft.adopt,
        forget=tuple(draft.forget),
        conflicts=tuple(draft.conflicts),
    )


def give_back(
    plan: Plan,
    ledger: Ledger,
    *,
    stood: Mapping[Address, Stood],
    values: Mapping[Address, JsonValue],
    lost: Mapping[Address, str],
    elements: Mapping[Address, tuple[JsonValue, ...]] = MappingProxyType({}),
) -> Plan:
    """The plan in which what goes gives way to what a person once let us replace.

    `stood` is what stood in the place of whole outputs, `values` of keys, and `elements` all that had the name of an
    element, as far as their `Entry.origin` has it. Where its record is `lost`, for the reason given, the output stays:
    it is the last that leads there.
    """
    operations: list[Operation] = []
    conflicts = list(plan.conflicts)
    for operation in plan.operations:
        missing = [address for address in _going(operation) if address in lost]
        if missing:
            conflicts.extend(_not_to_be_given_back(operation, address, lost[address]) for address in missing)
        else:
            operations.append(_giving_back(operation, ledger.entries, stood, values, elements))
    return replace(plan, operations=tuple(operations), conflicts=tuple(conflicts))


def going(operations: Iterable[Operation]) -> frozenset[Address]:
    """The outputs that go, so that something else may have to come back."""
    return frozenset(address for operation in operations for address in _going(operation))


def _going(operation: Operation) -> tuple[Address, ...]:
    if isinstance(operation, Remove):
        return (operation.address,)
    return operation.forget if isinstance(operation, EditDocument) else ()


def _not_to_be_given_back(operation: Operation, address: Address, reason: str) -> Conflict:
    return Conflict(
        kind=ConflictKind.UNUSABLE,
        address=address,
        owners=operation.owners,
        message=f"{address}: it is not wanted any more, but what stood there before can't be given back ({reason})",
        hint="Take that out of the record yourself, as far as it is there, and delete this; then try again",
        items=operation.items or (ItemId("output", str(address)),),
        state=Drift.ORPHAN,
    )


def _giving_back(
    operation: Operation,
    entries: Mapping[Address, Entry],
    stood: Mapping[Address, Stood],
    values: Mapping[Address, JsonValue],
    elements: Mapping[Address, tuple[JsonValue, ...]],
) -> Operation:
    if isinstance(operation, Remove) and operation.address in stood:
        return Restore(
            path=operation.path,
            owners=operation.owners,
            expected=operation.expected,
            state=operation.state,
            origin=entries[operation.address].origin,
            before=stood[operation.address],
            forget=(operation.address,),
        )
    if isinstance(operation, EditDocument):
        back = [address for address in operation.forget if address in values or elements.get(address)]
        holding = {each for each in operation.unmade if any(each.holds(address) for address in back)}
        stay = {each.pointer for each in holding}  # they are not empty after all
        left = [edit for edit in operation.edits if not (isinstance(edit, RemoveKey) and edit.pointer in stay)]
        names = {(each.pointer, entries[each].digest): elements[each] for each in back if each.element}
        edits = tuple(chain.from_iterable(_value_back(operation, edit, values, names) for edit in left))
        return replace(operation, edits=edits, unmade=tuple(each for each in operation.unmade if each not in holding))
    return operation


def _value_back(
    operation: EditDocument,
    edit: Edit,
    values: Mapping[Address, JsonValue],
    names: Mapping[tuple[tuple[str, ...], str], tuple[JsonValue, ...]],
) -> tuple[Edit, ...]:
    """What is done in place of an edit. `names` are the elements that come back, by those of ours that go for them."""
    if isinstance(edit, RemoveElement):
        return *(AddElement(edit.pointer, each) for each in names.get((edit.pointer, edit.element), ())), edit
    address = Address(operation.path, edit.pointer)
    if isinstance(edit, RemoveKey) and address in values and address in operation.forget:
        return (SetKey(edit.pointer, values[address]),)
    return (edit,)
