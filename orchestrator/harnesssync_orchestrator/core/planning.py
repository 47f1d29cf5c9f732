"""From desired, observed and ledger to a plan, before anything is written.

The rule for every output, with the digests of what is wanted, what is there and what we last wrote:

| there        | in the ledger            | then                                             |
|--------------|--------------------------|--------------------------------------------------|
| as wanted    | whatever                 | unchanged, or adopted into the ledger            |
| nothing      | whatever                 | make it                                          |
| different    | and just as we left it   | change it                                        |
| different    | but not as we left it    | drift: a conflict, unless decided (`core.drift`) |
| different    | unknown                  | foreign: a conflict, unless a person decided     |
| different    | kept                     | a person's: left alone, no conflict              |
| not wanted   | and just as we left it   | remove it                                        |
| not wanted   | but not as we left it    | drift: a conflict, unless a person decided       |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    ElementOutput,
    KeyOutput,
    LinkOutput,
    Loss,
    Output,
    Wanted,
)
from harnesssync_orchestrator.core.drift import Choice, Drift, Resolution
from harnesssync_orchestrator.core.exposure import WhollyOurs, containers_of, why_exposed
from harnesssync_orchestrator.core.halts import why_halt
from harnesssync_orchestrator.core.items import Kind, Scope, Source
from harnesssync_orchestrator.core.ledger import CONTAINER, Entry, Ledger
from harnesssync_orchestrator.core.observed import Missing, Observed, PathState
from harnesssync_orchestrator.core.plan import (
    Conflict,
    ConflictKind,
    EditDocument,
    HaltReason,
    Held,
    MakeLink,
    Plan,
    Remove,
    WriteFile,
)
from harnesssync_orchestrator.core.planning_files import (
    Decision,
    digest_of,
    file_decision,
    link_decision,
    removal_decision,
)
from harnesssync_orchestrator.core.planning_merges import DocumentWork, document_decision
from harnesssync_orchestrator.core.trust import Trust


def plan(
    desired: Desired,
    observed: Observed,
    ledger: Ledger,
    *,
    source: Source,
    trust: Trust,
    targets: Collection[str] | None = None,
    confirmed: bool = False,
    resolution: Resolution | None = None,
) -> Plan:
    """What one sync of one scope would do.

    `observed` must cover every path that `desired` and `ledger` name. Outputs that a harness would execute or obey are
    held back unless `trust` permits all their items (and removed, if they were written while it did). Too much that
    would go at once halts the plan, unless `confirmed`; `targets` are the chosen ones, see `why_halt`.
    `resolution` says what to do about drift; without it every edit is left alone.
    """
    halted = why_halt(source, desired, ledger, targets=targets, confirmed=confirmed)
    if halted is not None:
        return Plan(halt=halted.reason, halt_message=halted.message)
    whole = WhollyOurs(desired, observed, ledger)
    wanted, held, losses = _permitted(desired, observed, whole, source, trust)
    decision = Decision(resolution=resolution or Resolution(), scope=source.scope, tracked=observed.tracked)
    for clash in desired.clashes:
        decision.conflicts.append(_clash_conflict(clash.address, clash.owners, clash.reason))
    untouchable = {clash.address for clash in desired.clashes}
    # What is kept stays so while its output only waits for trust.
    waiting = {address for address in desired.wanted if address in ledger.entries and ledger.entries[address].kept}
    stale = {address for address in ledger.entries if address not in wanted and address not in untouchable | waiting}
    stale = {address for address in stale if address.path not in observed.unasked}
    partly_unread = any(problem.hides for problem in source.problems)
    unread: set[Address] = set()
    if partly_unread and not confirmed:
        # What is missing may only be unreadable for the moment; what is there but may not be written may go.
        unread = {address for address in stale - desired.wanted.keys() if ledger.entries[address].created}
        stale.intersection_update(desired.wanted)

    documents: dict[str, DocumentWork] = defaultdict(DocumentWork)
    for address, wish in wanted.items():
        output, entry = wish.output, ledger.entries.get(address)
        if isinstance(output, (KeyOutput, ElementOutput)):
            documents[address.path].wanted.append(Wanted(output, wish.owners))
            continue
        state = observed.paths[address.path]
        if entry is not None and _is_kept(address, wish, state, entry, decision.resolution):
            decision.leave_kept(address, wish, entry)
        elif partly_unread and entry is not None and _names_other_items(output):
            decision.unchanged += 1
        elif isinstance(output, LinkOutput):
            link_decision(decision, wish, output, state, entry, ledger, source)
        else:
            file_decision(decision, wish, output, state, entry, ledger)
    for address in sorted(stale):
        if address.pointer:
            documents[address.path].stale.append((address, ledger.entries[address]))
        else:
            removal_decision(decision, address, ledger.entries[address], observed.paths[address.path])
    for path, work in documents.items():
        document_decision(decision, path, work, observed, ledger)
    made = _made_but_not_recorded(ledger, decision)
    return Plan(
        operations=tuple(sorted(decision.operations, key=_removals_first)),
        adopt=decision.adopt,
        forget=tuple(decision.forget),
        conflicts=tuple(decision.conflicts),
        losses=(*desired.losses, *losses),
        held=held,
        kept=tuple(decision.kept),
        made=made,
        exclude=_to_exclude(source, wanted, observed, ledger.changed(made=made), decision, whole),
        unchanged=decision.unchanged,
        halt=HaltReason.SOURCE_UNPARSABLE if unread else None,
        halt_message=f"some of the source can't be read, so {_outputs(len(unread))} can't be removed" if unread else "",
    )


def _outputs(number: int) -> str:
    return "1 output" if number == 1 else f"{number} outputs"


def _is_kept(address: Address, wish: Wanted[Output], state: PathState, entry: Entry, resolution: Resolution) -> bool:
    """Did a person decide to keep what is there, until now? What they delete is made again."""
    takes_back = resolution.of(address, wish.owners, Drift.KEPT) is Choice.RESTORE
    return entry.kept and not isinstance(state, Missing) and not takes_back


def _names_other_items(output: Output) -> bool:
    """An agent's limits name the servers that there are: written while one can't be read, they would say less."""
    return any(item.kind == Kind.AGENT.value for item in output.items)


def _made_but_not_recorded(ledger: Ledger, decision: Decision) -> tuple[Address, ...]:
    """Containers that an unfinished sync was about to make, and did make: something that it wrote is in them.

    When the ledger was lost, those around what is taken for ours: they go when nothing is left in them.
    """
    if ledger.lost:
        taken = (address for address, entry in decision.adopt.items() if entry.created and address.pointer)
        return tuple(container for address in taken for container in containers_of(address))
    ours = [address for address, entry in decision.adopt.items() if ledger.pending.get(address) == entry.digest]
    containers = [address for address, digest in ledger.pending.items() if digest == CONTAINER]
    return tuple(container for container in containers if any(container.holds(address) for address in ours))


def _removals_first(operation: object) -> bool:
    """A removal may clear the place that another output needs (a name that changed its case)."""
    return isinstance(operation, (MakeLink, WriteFile))


def _permitted(
    desired: Desired, observed: Observed, whole: WhollyOurs, source: Source, trust: Trust
) -> tuple[dict[Address, Wanted[Output]], tuple[Held, ...], list[Loss]]:
    """The outputs that may be written here and now; why the others may not."""
    wanted: dict[Address, Wanted[Output]] = {}
    held: list[Held] = []
    losses: list[Loss] = []
    verdicts = trust.held(source)
    for address, wish in desired.wanted.items():
        output = wish.output
        why = why_exposed(output, observed, whole)
        if why:
            losses.extend(
                Loss(target=owner, item=item, what=str(item), why=why) for owner in wish.owners for item in output.items
            )
        elif output.executes and (why_held := trust.why_output_held(output.items, verdicts)):
            held.append(Held(address=address, owners=wish.owners, items=output.items, why=why_held))
        else:
            wanted[address] = wish
    return wanted, tuple(held), losses


def _clash_conflict(address: Address, owners: tuple[str, ...], reason: str) -> Conflict:
    return Conflict(
        kind=ConflictKind.CLASH,
        address=address,
        owners=owners,
        message=f"{address} can't be written for {', '.join(owners)}: {reason}",
        hint="Rename one of the items that want it",
    )


def _to_exclude(
    source: Source,
    wanted: dict[Address, Wanted[Output]],
    observed: Observed,
    ledger: Ledger,
    decision: Decision,
    whole: WhollyOurs,
) -> tuple[str, ...]:
    """Paths that git should not show: what we made, unless git tracks it or a person has put something into it.

    An edited output is not ours to hide, also while nothing is said of it (its source can't be read for now), and a
    merged file of ours in which no key of ours is left is a person's, were it for a comment.
    """
    if source.scope is not Scope.PROJECT:
        return ()
    left = dict(_entries(ledger, decision))
    ours = {
        address.path
        for address, entry in left.items()
        if not address.pointer and entry.created and digest_of(observed.paths[address.path]) == entry.digest
    }
    documents = (address.path for address in ledger.made if not address.pointer and not address.path.endswith("/"))
    filled = {address.path for address in left if address.pointer and address.path in observed.documents}
    ours |= {path for path in documents if path in filled and path in whole}
    ours |= {each.path for each in decision.operations if each.expected is None or isinstance(each, _WHOLE)}
    ours |= {address.path for address, wish in wanted.items() if wish.output.private or wish.output.secrets}
    gone = {operation.path for operation in decision.operations if isinstance(operation, Remove)}
    seen = (each for each in decision.conflicts if each.kind is not ConflictKind.UNUSABLE)  # may be just as it was
    blocked = {conflict.address.path for conflict in seen if not conflict.address.pointer}
    blocked |= {kept.address.path for kept in decision.kept if not kept.address.pointer}
    return tuple(sorted(ours - gone - blocked - observed.tracked))


_WHOLE = (MakeLink, WriteFile)
"""What they make, also in the place of something else, is ours as a whole."""


def _entries(ledger: Ledger, decision: Decision) -> Iterator[tuple[Address, Entry]]:
    """What the ledger will say, but for wholes that are made or removed."""
    edits = [operation for operation in decision.operations if isinstance(operation, EditDocument)]
    gone = {*decision.forget, *(address for operation in edits for address in operation.forget)}
    yield from ((address, entry) for address, entry in ledger.entries.items() if address not in gone)
    yield from decision.adopt.items()
    for operation in edits:
        yield from operation.record.items()
