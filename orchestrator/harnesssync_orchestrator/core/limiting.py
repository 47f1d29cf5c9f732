"""The part of a plan that concerns some targets, for a run that is about them alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.ledger import Entry
from harnesssync_orchestrator.core.plan import MakeLink, Operation, Plan, WriteFile


def limited_to(plan: Plan, targets: Collection[str], entries: Mapping[Address, Entry]) -> Plan:
    """The part that concerns some targets; the rest stays so on disk, and in the ledger with these entries."""
    wanted = frozenset(targets)
    left_out = {
        operation.path
        for operation in plan.operations
        if not wanted.intersection(operation.owners) and _replaces_nothing_of_ours(operation)
    }
    limited = replace(
        plan,
        exclude=tuple(path for path in plan.exclude if path not in left_out),
        operations=tuple(operation for operation in plan.operations if wanted.intersection(operation.owners)),
        adopt={address: entry for address, entry in plan.adopt.items() if wanted.intersection(entry.owners)},
        forget=tuple(each for each in plan.forget if each in entries and wanted.issuperset(entries[each].owners)),
        conflicts=tuple(conflict for conflict in plan.conflicts if wanted.intersection(conflict.owners)),
        losses=tuple(loss for loss in plan.losses if loss.target in wanted),
        held=tuple(held for held in plan.held if wanted.intersection(held.owners)),
        kept=tuple(kept for kept in plan.kept if wanted.intersection(kept.owners)),
        stuck=tuple(each for each in plan.stuck if wanted.intersection(entries[each].owners)),
        waiting=tuple(operation for operation in plan.waiting if wanted.intersection(operation.owners)),
    )
    return limited.halted_by_what_waits()


def _replaces_nothing_of_ours(operation: Operation) -> bool:
    """Is there nothing, or something of a person's, where an output is to be?"""
    if operation.expected is None:
        return True
    return isinstance(operation, (MakeLink, WriteFile)) and operation.state is not Drift.SOURCE_CHANGED
