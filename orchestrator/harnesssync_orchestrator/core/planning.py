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
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from harnesssync_orchestrator.core.conditions import unmet
from harnesssync_orchestrator.core.desired import (
    Address,
    Clash,
    Desired,
    ElementOutput,
    FileOutput,
    KeyOutput,
    LinkOutput,
    Loss,
    Output,
    Wanted,
    short_hash,
    value_hash,
)
from harnesssync_orchestrator.core.draft import Draft
from harnesssync_orchestrator.core.drift import Choice, Drift, Resolution
from harnesssync_orchestrator.core.elements import known_by_name
from harnesssync_orchestrator.core.exposure import WhollyOurs, containers_of
from harnesssync_orchestrator.core.halts import why_halt
from harnesssync_orchestrator.core.ledger import CONTAINER, Entry, Ledger
from harnesssync_orchestrator.core.observed import Missing, Observed, PathState
from harnesssync_orchestrator.core.plan import (
    Conflict,
    ConflictKind,
    EditDocument,
    Held,
    MakeLink,
    Plan,
    WriteFile,
)
from harnesssync_orchestrator.core.planning_exclude import hiding
from harnesssync_orchestrator.core.planning_files import decide_file, decide_link, decide_removal
from harnesssync_orchestrator.core.planning_merges import DocumentWork, decide_document
from harnesssync_orchestrator.core.planning_once import decide_once, lasts, without_taken
from harnesssync_orchestrator.core.planning_unread import Unread, let_wait
from harnesssync_orchestrator.core.public_forms import permitted_form
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.trust import Trust


def plan(
    desired: Desired,
    observed: Observed,
    ledger: Ledger,
    *,
    source: Source,
    trust: Trust,
    targets: Collection[str] | None = None,
    known: Collection[str] | None = None,
    confirmed: bool = False,
    resolution: Resolution | None = None,
    asked: Sequence[str] = (),
) -> Plan:
    """What one sync of one scope would do.

    `observed` must cover every path that `desired` and `ledger` name. Outputs that a harness would execute or obey are
    held back unless `trust` permits all their items (and removed, if they were written while it did; but where that is
    in doubt, what says what the source still says is left as it is). Too much that would go at once halts the plan,
    unless `confirmed`; `targets` are the chosen ones, see `why_halt`. What belongs to none of the `known` ones (None:
    to whichever) stays: the package of a target may only be broken for the moment.
    `resolution` says what to do about drift; without it every edit is left alone. `asked` as in a `Draft`.
    """
    ledger, moved = known_by_name(ledger, desired, observed)
    desired = without_taken(desired, observed, ledger)
    halted = why_halt(source, desired, ledger, targets=targets, is_another=trust.is_another, confirmed=confirmed)
    if halted is not None:
        return Plan(halt=halted.reason, halt_message=halted.message)
    whole = WhollyOurs(desired, observed, ledger)
    wanted, held, losses = _permitted(desired, observed, ledger, whole, source, trust)
    staying = {each.address for each in held if each.stays}
    mine = _of(known, ledger)
    unread = Unread.of(source, confirmed=confirmed)
    stale, stuck = _unwanted(wanted, staying, desired, observed, mine, is_unread=bool(unread))
    draft = Draft(observed, ledger, source.scope, resolution or Resolution(), asked)
    draft.conflicts.extend(_clash_conflict(clash) for clash in desired.clashes)
    _decide(draft, wanted, stale, source.root, unread)
    _name(draft, moved)
    made = _made_but_not_recorded(draft)
    seen = hiding(draft, wanted, ledger.changed(made=made), whole)
    return Plan(
        operations=tuple(sorted(draft.operations, key=_removals_first)),
        adopt=draft.adopt,
        forget=tuple(draft.forget),
        conflicts=tuple(draft.conflicts),
        losses=(*desired.losses, *losses),
        held=held,
        kept=tuple(draft.kept),
        made=made,
        exclude=seen.hidden,
        private=seen.private,
        theirs=seen.theirs,
        unchanged=draft.unchanged,
        stuck=stuck,
        waiting=tuple(draft.waiting),
        unsure=_unsure(draft, stuck, wanted, source),
    ).halted_by_what_waits()


def _unsure(
    draft: Draft, stuck: Sequence[Address], wanted: Mapping[Address, Wanted[Output]], source: Source
) -> frozenset[Address]:
    """What waits also when a person confirms: for a file that can't be read at all."""
    if not (stuck or draft.waiting):
        return frozenset()
    unread = Unread.of(source, confirmed=True)
    changes = [Address(operation.path) for operation in draft.waiting]
    lacking = {address for address in changes if unread.is_in(wanted[address].output)}
    return frozenset(lacking.union(stuck if unread else ()))


def _of(targets: Collection[str] | None, ledger: Ledger) -> Ledger:
    """The part of the ledger that belongs to some targets, also where others share it."""
    if targets is None or ledger.owners <= set(targets):
        return ledger
    mine = {address: entry for address, entry in ledger.entries.items() if not set(targets).isdisjoint(entry.owners)}
    return replace(ledger, entries=mine)


def _unwanted(
    wanted: Collection[Address],
    staying: Collection[Address],
    desired: Desired,
    observed: Observed,
    ledger: Ledger,
    *,
    is_unread: bool,
) -> tuple[list[Address], tuple[Address, ...]]:
    """What the ledger has and nobody wants any more, in order; and which outputs of ours are not among it since their
    items may only be unreadable for the moment. What is there but may not be written may go all the same."""
    # What is kept stays so while its output only waits for trust.
    waiting = {address for address in desired.wanted if address in ledger.entries and ledger.entries[address].kept}
    untouchable = waiting.union(staying, (clash.address for clash in desired.clashes))
    stale = {address for address in ledger.entries if address not in wanted and address not in untouchable}
    stale = {each for each in stale if each.path not in observed.unasked and not lasts(each, ledger, observed)}
    stuck: set[Address] = set()
    if is_unread:
        stuck = {address for address in stale - desired.wanted.keys() if ledger.entries[address].created}
        stale.intersection_update(desired.wanted)
    return sorted(stale), tuple(sorted(stuck))


def _decide(
    draft: Draft, wanted: Mapping[Address, Wanted[Output]], stale: Iterable[Address], root: str, unread: Unread
) -> None:
    """Decide about every output: wholes one by one, keys and elements by the file that they are in."""
    documents: dict[str, DocumentWork] = defaultdict(DocumentWork)
    for address, wish in wanted.items():
        output, entry = wish.output, draft.entry(address)
        if isinstance(output, (KeyOutput, ElementOutput)):
            documents[address.path].wanted.append(Wanted(output, wish.owners))
        elif entry is not None and _is_kept(address, wish, draft.state(address), entry, draft.resolution):
            draft.leave_kept(address, wish, entry)
        else:
            _decide_whole(draft, wish, output, root)
            if entry is not None and unread.is_in(output):
                let_wait(draft, output, entry)
    for address in stale:
        entry = draft.ledger.entries[address]
        if address.pointer:
            documents[address.path].stale.append((address, entry))
        else:
            decide_removal(draft, address, entry)
    for path, work in documents.items():
        decide_document(draft, path, work)


def _name(draft: Draft, moved: Mapping[Address, Address]) -> None:
    """Let the ledger have the entries of an earlier release under the addresses that they have by now. Of one that is
    written or goes the operation says so: should that fail, the ledger is as it was."""
    left = dict(moved)
    for number, operation in enumerate(draft.operations):
        if isinstance(operation, EditDocument):
            named = [each for each in left if each in operation.record or each in operation.forget]
            former = tuple(left.pop(each) for each in named)
            draft.operations[number] = replace(operation, forget=(*operation.forget, *former))
    for address, former_address in left.items():
        draft.forget.append(former_address)
        if address not in draft.forget:
            draft.adopt.setdefault(address, draft.ledger.entries[address])


def _decide_whole(draft: Draft, wish: Wanted[Output], output: FileOutput | LinkOutput, root: str) -> None:
    if isinstance(output, LinkOutput):
        decide_link(draft, wish, output, root)
    elif output.once:
        decide_once(draft, wish, output)
    else:
        decide_file(draft, wish, output)


def _is_kept(address: Address, wish: Wanted[Output], state: PathState, entry: Entry, resolution: Resolution) -> bool:
    """Did a person decide to keep what is there, until now? What they delete is made again."""
    takes_back = resolution.of(address, wish.owners, Drift.KEPT) is Choice.RESTORE
    return entry.kept and not isinstance(state, Missing) and not takes_back


def _made_but_not_recorded(draft: Draft) -> tuple[Address, ...]:
    """Containers that an unfinished sync was about to make, and did make: something that it wrote is in them.

    When the ledger was lost, those around what is taken for ours: they go when nothing is left in them.
    """
    ledger = draft.ledger
    if ledger.lost:
        taken = (address for address, entry in draft.adopt.items() if entry.created and address.pointer)
        return tuple(container for address in taken for container in containers_of(address))
    ours = [address for address, entry in draft.adopt.items() if ledger.pending.get(address) == entry.digest]
    containers = [address for address, digest in ledger.pending.items() if digest == CONTAINER]
    return tuple(container for container in containers if any(container.holds(address) for address in ours))


def _removals_first(operation: object) -> bool:
    """A removal may clear the place that another output needs (a name that changed its case)."""
    return isinstance(operation, (MakeLink, WriteFile))


def _permitted(
    desired: Desired, observed: Observed, ledger: Ledger, whole: WhollyOurs, source: Source, trust: Trust
) -> tuple[dict[Address, Wanted[Output]], tuple[Held, ...], list[Loss]]:
    """The outputs that may be written here and now; why the others may not."""
    wanted: dict[Address, Wanted[Output]] = {}
    held: list[Held] = []
    losses: list[Loss] = []
    verdicts = trust.verdicts(source)
    for address, wished in desired.wanted.items():
        wish, why, left_out = permitted_form(wished, observed, whole)
        losses.extend(left_out)
        output = wish.output
        if why:
            losses.extend(
                Loss(target=owner, item=item, what=str(item), why=why, credential=bool(output.secrets))
                for owner in wish.owners
                for item in output.items
            )
        elif (condition := unmet(output, observed)) is not None:
            losses.extend(
                Loss(target=owner, item=item, what=str(item), why=condition.why, security=condition.security)
                for owner in wish.owners
                for item in output.items
            )
        elif output.executes and (why_held := trust.why_output_held(output.items, verdicts)):
            entry = ledger.entries.get(address)
            stays = why_held.is_doubt and entry is not None and _says_what_it_said(output, entry)
            # A link to a whole file of servers waits for one of them: the others are approved.
            items = tuple(item for item in output.items if verdicts.get(item, why_held) is not None)
            held.append(Held(address=address, owners=wish.owners, items=items, why=why_held, stays=stays))
        else:
            wanted[address] = wish
    return wanted, tuple(held), losses


def _says_what_it_said(output: Output, entry: Entry) -> bool:
    """Would an output be written just as it was? One that says something else would be replaced, were it permitted."""
    if isinstance(output, FileOutput):
        return short_hash(output.content) == entry.digest
    return not isinstance(output, LinkOutput) and value_hash(output.value) == entry.digest


def _clash_conflict(clash: Clash) -> Conflict:
    return Conflict(
        kind=ConflictKind.CLASH,
        address=clash.address,
        owners=clash.owners,
        message=f"{clash.address} can't be written for {', '.join(clash.owners)}: {clash.reason}",
        hint="Rename one of the items that want it",
        items=clash.items,
    )
