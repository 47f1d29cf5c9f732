"""Which outputs git should not show, by what a plan makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harnesssync_orchestrator.core.desired import Address, Output, Wanted
from harnesssync_orchestrator.core.draft import Draft
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.exposure import WhollyOurs
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger
from harnesssync_orchestrator.core.observed import Missing, PathState, Unusable, digest_of
from harnesssync_orchestrator.core.plan import ConflictKind, EditDocument, MakeLink, Remove, WriteFile


@dataclass(frozen=True, slots=True)
class Hiding:
    """Paths by what git should see of them: `hidden` are outputs, `private` those of them that nobody may see; `theirs`
    have the places of outputs and are not ours, so that no worktree may hide them."""

    hidden: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


def hiding(draft: Draft, wanted: Mapping[Address, Wanted[Output]], ledger: Ledger, whole: WhollyOurs) -> Hiding:
    """What git should not show: what we made, unless git tracks it or a person has put something into it.
    `ledger` knows the containers that an unfinished sync made.

    An edited output is not ours to hide, also while nothing is said of it (its source can't be read for now), and a
    merged file of ours in which no key of ours is left is a person's, were it for a comment. What is hidden in another
    way has its like in the main checkout, and must not be hidden there.
    """
    if draft.scope is not Scope.PROJECT:
        return Hiding()
    observed, left = draft.observed, dict(_entries(draft))
    ours = {
        address.path
        for address, entry in left.items()
        if not address.pointer and entry.created and _may_be(observed.paths[address.path], entry.digest)
    }
    documents = (address.path for address in ledger.made if not address.pointer and not address.path.endswith("/"))
    filled = {address.path for address in left if address.pointer and address.path in observed.documents}
    ours |= {path for path in documents if path in filled and path in whole}
    ours |= {each.path for each in draft.operations if each.expected is None or isinstance(each, _WHOLE)}
    private = {address for address, wish in wanted.items() if wish.output.private or wish.output.secrets}
    ours |= {address.path for address in private if address.pointer}  # they only enter files that are all ours
    unlisted = {address.path for address, entry in left.items() if entry.unlisted}
    unlisted |= {address.path for address, wish in wanted.items() if wish.output.hidden_by is not None}
    gone = {operation.path for operation in draft.operations if isinstance(operation, Remove)}
    seen = (each for each in draft.conflicts if each.kind is not ConflictKind.UNUSABLE)  # that may be just as it was
    blocked = {conflict.address.path for conflict in seen if not conflict.address.pointer}
    blocked |= {kept.address.path for kept in draft.kept if not kept.address.pointer}
    blocked |= {each.path for each in draft.waiting if each.state is Drift.BOTH}
    hidden = ours - gone - blocked - unlisted - observed.tracked
    there = {path for path, state in observed.paths.items() if not isinstance(state, Missing)}
    theirs = there - hidden - gone - unlisted - observed.tracked
    # What was brought once stays what it is, also when the main checkout or the setting names it no more.
    once = {address.path for address, entry in left.items() if entry.once}
    secret = hidden & ({address.path for address in private} | once)
    return Hiding(tuple(sorted(hidden)), tuple(sorted(secret)), tuple(sorted(theirs)))


_WHOLE = (MakeLink, WriteFile)
"""What they make, also in the place of something else, is ours as a whole."""


def _may_be(state: PathState, digest: str) -> bool:
    """Does an output stand there as we left it? What can't be looked at may."""
    return isinstance(state, Unusable) or digest_of(state) == digest


def _entries(draft: Draft) -> Iterator[tuple[Address, Entry]]:
    """What the ledger will say, but for wholes that are made or removed."""
    edits = [operation for operation in draft.operations if isinstance(operation, EditDocument)]
    gone = {*draft.forget, *(address for operation in edits for address in operation.forget)}
    yield from ((address, entry) for address, entry in draft.ledger.entries.items() if address not in gone)
    yield from draft.adopt.items()
    for operation in edits:
        yield from operation.record.items()
