"""When a plan must not be carried out by itself, mostly since what would be removed may be gone by mistake.

A branch switch, a disk that is not mounted, a half-finished clone and a slip of a person look alike from here: items
are gone. Little is lost by asking first.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harnesssync_orchestrator.core.desired import Address, Desired
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.source import Source

MOST_REMOVED = 5
"""So many outputs of one target may always go at once."""
MOST_REMOVED_PERCENT = 30
"""Of a target with many outputs, so many of a hundred may."""


class HaltReason(enum.Enum):
    """Why a project does nothing, or, where its source can't be parsed, less than it should."""

    SOURCE_MISSING = "source-missing"
    SOURCE_EMPTIED = "source-emptied"
    SOURCE_UNPARSABLE = "source-unparsable"
    MASS_REMOVAL = "mass-removal"
    ROOT_REPLACED = "root-replaced"
    FOREIGN_OWNER = "foreign-owner"
    GIT_BUSY = "git-busy"

    @property
    def stops(self) -> bool:
        """Is nothing to be done at all? While a source can't be parsed, only what would lack something waits."""
        return self is not HaltReason.SOURCE_UNPARSABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Why a sync stops before it does anything, and what a person should know of it."""

    reason: HaltReason
    message: str


def why_halt(
    source: Source,
    desired: Desired,
    ledger: Ledger,
    *,
    targets: Collection[str] | None = None,
    is_another: bool = False,
    confirmed: bool = False,
) -> Halt | None:
    """Why nothing may be done now, or None. What a person has `confirmed` is done.

    `targets` are the chosen ones, None if every target in the ledger is: what belonged to others alone is to go. It
    `is_another` folder than what was approved, or on another file system: not even one output goes then.
    """
    if confirmed or not ledger.entries:
        return None
    if not source.present:
        message = f"{source.root} is not there, and with it everything that the outputs come from"
        return Halt(reason=HaltReason.SOURCE_MISSING, message=message)
    if not source.items and not any(problem.hides for problem in source.problems):
        message = "there is no configuration of Claude Code left, and every output would be removed"
        return Halt(reason=HaltReason.SOURCE_EMPTIED, message=message)
    if any(problem.hides for problem in source.problems):
        return None  # what may only be unreadable is not removed, see `plan`
    owners = ledger.owners if targets is None else ledger.owners.intersection(targets)
    for target in sorted(owners):
        gone, known = _vanished(target, desired, ledger)
        if is_another and gone:
            message = (
                f"another folder or file system stands at {source.root} than when it was approved, and {gone} of "
                f"{known} outputs for {target} would be removed, since their source is not in it"
            )
            return Halt(reason=HaltReason.ROOT_REPLACED, message=message)
        if gone > MOST_REMOVED and gone * 100 > known * MOST_REMOVED_PERCENT:
            message = f"{gone} of {known} outputs for {target} would be removed at once, since their source is gone"
            return Halt(reason=HaltReason.MASS_REMOVAL, message=message)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How many outputs can't be removed or changed while some of the source can't be read. Is any of it `confirmable`:
    would it be done if a person said so?"""

    removals: int = 0
    changes: int = 0
    confirmable: bool = False

    @property
    def halt(self) -> Halt | None:
        """That this halts a project, if there is any."""
        told = [f"{_outputs(self.removals)} can't be removed"] if self.removals else []
        told += [f"{_outputs(self.changes)} can't be written anew"] if self.changes else []
        message = f"some of the source can't be read, so {' and '.join(told)}"
        return Halt(reason=HaltReason.SOURCE_UNPARSABLE, message=message) if told else None


def _outputs(number: int) -> str:
    return "1 output" if number == 1 else f"{number} outputs"


def _vanished(target: str, desired: Desired, ledger: Ledger) -> tuple[int, int]:
    """How many outputs of a target would go because nothing in the source makes them any more, and of how many.

    Counted by target, since with many targets each item has many outputs. All elements of one array count as one
    output. What is wanted and may not be written (it waits for trust, it would expose something private, two want it),
    or is not called for any more, is not gone; what is a person's does not go.
    """
    ours = _places(
        address
        for address, entry in ledger.entries.items()
        if target in entry.owners and entry.created and not (entry.kept or entry.once)
    )
    wanted = _places((*desired.possible, *(clash.address for clash in desired.clashes)))
    return len(ours - wanted), len(ours)


def _places(addresses: Iterable[Address]) -> frozenset[tuple[str, tuple[str, ...]]]:
    return frozenset((address.path, address.pointer) for address in addresses)
