"""What a person decides about conflicts, checked against what there is to decide."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.drift import Choice, Drift
from harnesssync_orchestrator.core.plan import Operation, UpdateSource, state_of
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.service.engine import Log

_NOT_AS_LEFT = frozenset({Drift.OUTPUT_EDITED, Drift.BOTH, Drift.FOREIGN})

Choices = tuple[tuple[Address, Choice], ...]
"""As `Options.choices` has them."""


@dataclass(frozen=True, slots=True)
class Decidable:
    """One output about which there is something to decide, and what."""

    address: Address
    choices: tuple[Choice, ...]
    message: str = ""
    hint: str = ""


def decidables(report: Report) -> tuple[Decidable, ...]:
    """The conflicts of a report, and what is kept, which may be restored (or kept, which changes nothing)."""
    conflicts = (Decidable(each.address, each.choices, each.message, each.hint) for each in report.conflicts)
    return (*conflicts, *(Decidable(each.address, (Choice.RESTORE, Choice.KEEP)) for each in report.kept))


def named(report: Report, addresses: Sequence[str]) -> tuple[Decidable, ...]:
    """Those that a person named: by address, or by path, which names everything in a file.

    Raises UsageError for a name of which there is nothing to decide.
    """
    known = decidables(report)
    found: dict[Address, Decidable] = {}
    for text in addresses:
        name = text.removeprefix(f"{report.path}/").removeprefix("./")
        meant = [each for each in known if name in (str(each.address), each.address.path)]
        if not meant:
            names = [str(each.address) for each in known]
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]}?" if near else "`harnesssync status` shows what is in conflict"
            raise UsageError(f"nothing is in conflict at {name!r}, and nothing is kept there", hint=hint)
        found.update((each.address, each) for each in meant)
    return tuple(found.values())


def chosen(report: Report, choice: Choice, addresses: Sequence[str] | None) -> Choices:
    """One choice for some addresses; None means every conflict that has this choice (what is kept stays kept).

    Raises UsageError for one that was named and does not have it.
    """
    if addresses is None:
        return tuple((each.address, choice) for each in report.conflicts if choice in each.choices)
    decided: list[tuple[Address, Choice]] = []
    for each in named(report, addresses):
        if choice not in each.choices:
            possible = ", ".join(f"--{one.value}" for one in each.choices)
            message = each.message or f"{each.address}: it is kept already"
            raise UsageError(
                f"{message}; --{choice.value} is no way to resolve this",
                hint=f"There is {possible}" if possible else each.hint,
            )
        decided.append((each.address, choice))
    return tuple(decided)


def settled(report: Report, choices: Choices) -> Choices:
    """Those of the choices that took effect, by the report of the sync that was to carry them out."""
    if not report.tells_conflicts:
        return ()
    left = {conflict.address for conflict in report.conflicts}
    return tuple((address, choice) for address, choice in choices if address not in left)


def tell(operations: Iterable[Operation], log: Log, *, project_id: str, sync_id: str) -> None:
    """Log what was done about outputs that were not as we left them: under a supervisor nobody may be looking."""
    for operation in operations:
        state = state_of(operation)
        if state in _NOT_AS_LEFT:
            choice = Choice.ADOPT if isinstance(operation, UpdateSource) else Choice.RESTORE
            log.info(
                "output.resolved",
                project_id=project_id,
                sync_id=sync_id,
                output=operation.path,
                state=state.value,
                choice=choice.value,
            )
