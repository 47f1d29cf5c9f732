"""Taking outputs away: of all targets, or of some, and giving back what stood there before we ever wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address, JsonValue
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger
from harnesssync_orchestrator.core.observed import Observed
from harnesssync_orchestrator.core.plan import EditDocument, Operation, Plan, Remove, Restore
from harnesssync_orchestrator.core.planning_files import Decision, removal_decision
from harnesssync_orchestrator.core.planning_merges import DocumentWork, document_decision
from harnesssync_orchestrator.core.stood import Stood
from harnesssync_orchestrator.core.targets import Edit, RemoveKey, SetKey


def unlink_plan(observed: Observed, ledger: Ledger, *, scope: Scope, targets: Collection[str] | None) -> Plan:
    """How to take away what we wrote for some `targets`, None for all of them.

    An output that another target wants too stays, and is that one's alone. One that was edited is a conflict. What was
    never ours is forgotten. `observed` must cover every path of the ledger.
    """
    decision = Decision(scope=scope, tracked=observed.tracked)
    documents: dict[str, DocumentWork] = defaultdict(DocumentWork)
    for address, entry in sorted(ledger.entries.items()):
        others = () if targets is None else tuple(owner for owner in entry.owners if owner not in targets)
        if others:
            if others != entry.owners:
                decision.adopt[address] = replace(entry, owners=others)
        elif address.pointer:
            documents[address.path].stale.append((address, entry))
        else:
            removal_decision(decision, address, entry, observed.paths[address.path])
    for path, work in documents.items():
        document_decision(decision, path, work, observed, ledger)
    return Plan(
        operations=tuple(decision.operations),
        adopt=decision.adopt,
        forget=tuple(decision.forget),
        conflicts=tuple(decision.conflicts),
    )


def give_back(
    plan: Plan, ledger: Ledger, *, stood: Mapping[Address, Stood], values: Mapping[Address, JsonValue]
) -> Plan:
    """The plan in which what goes gives way to what a person once let us replace.

    `stood` is what stood in the place of whole outputs, `values` of keys, as far as their `Entry.origin` has it.
    """
    operations = tuple(_giving_back(operation, ledger.entries, stood, values) for operation in plan.operations)
    return replace(plan, operations=operations)


def _giving_back(
    operation: Operation,
    entries: Mapping[Address, Entry],
    stood: Mapping[Address, Stood],
    values: Mapping[Address, JsonValue],
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
        return replace(operation, edits=tuple(_value_back(operation, edit, values) for edit in operation.edits))
    return operation


def _value_back(operation: EditDocument, edit: Edit, values: Mapping[Address, JsonValue]) -> Edit:
    address = Address(operation.path, edit.pointer)
    if isinstance(edit, RemoveKey) and address in values and address in operation.forget:
        return SetKey(edit.pointer, values[address])
    return edit


def goes(operation: Operation) -> bool:
    """Does something of ours go with an operation, so that something else may have to come back?"""
    return isinstance(operation, (Remove, EditDocument))
