"""What made each part of an output, and what would stand there and does not: from the state that a sync works with.

Nothing here looks at a disk or decides anything: whether an output is in step, in conflict, kept or held back is what
the plan of a sync says.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from harnesssync_orchestrator.core.conditions import unmet
from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    LinkOutput,
    Loss,
    Output,
)
from harnesssync_orchestrator.core.documents import Gap, elements_at, value_at
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.exposure import WhollyOurs
from harnesssync_orchestrator.core.foreign import Foreign, foreign_parts
from harnesssync_orchestrator.core.items import Item, ItemId, LocalFile, Origin, Permissions, Rule, Skill
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Missing, Observed, is_gone
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.public_forms import permitted_form
from harnesssync_orchestrator.core.source import Source


class Form(enum.Enum):
    """What a part of an output is."""

    LINK = "link"
    COPY = "copy"
    FILE = "file"
    KEY = "key"
    ELEMENT = "element"


class Reason(enum.Enum):
    """Why what is wanted is not there as wanted."""

    HELD = "held"
    EXPOSED = "exposed"
    CONDITION = "condition"
    CONFLICT = "conflict"
    KEPT = "kept"
    UNREAD = "unread"
    NOT_WRITTEN = "not-written"


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a part is not there as it is wanted. `detail` is, of what is held back, the word for why (`core.trust`)."""

    reason: Reason
    message: str = ""
    hint: str = ""
    detail: str = ""


_UNREAD = Withheld(Reason.UNREAD, "some of the source can't be read")


@dataclass(frozen=True, slots=True)
class Maker:
    """An item that made a part, and where it was read: one origin for each file that has a say in it. `imports` are the
    files that it imports."""

    item: ItemId
    origins: tuple[Origin, ...]
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A whole output, or one key or element of a merged file.

    `index` is that of an element that is there. `ours` says that we wrote it (and that somebody may have edited it
    since), `there` that anything stands in its place. `state` is None where nobody compared. `makers` is empty for what
    only the ledger knows: the item that made it is gone. `source` is where a link leads.
    """

    address: Address
    form: Form
    there: bool
    ours: bool
    state: Drift | None
    owners: tuple[str, ...]
    makers: tuple[Maker, ...] = ()
    index: int | None = None
    source: str = ""
    entry: Entry | None = None
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a sync knows of the files that are asked about: all of it, or the part that concerns them."""

    source: Source
    desired: Desired
    ledger: Ledger
    observed: Observed
    plan: Plan
    whole: WhollyOurs = field(init=False)
    states: Mapping[Address, Drift] = field(init=False)
    withheld: Mapping[Address, tuple[Withheld, Drift | None]] = field(init=False)
    items: Mapping[ItemId, tuple[Item | LocalFile, ...]] = field(init=False)

    def __post_init__(self) -> None:
        plan, items = self.plan, dict[ItemId, tuple[Item | LocalFile, ...]]()
        for item in (*self.source.items, *self.source.files):
            items[item.id] = (*items.get(item.id, ()), item)
        withheld: dict[Address, tuple[Withheld, Drift | None]] = {}
        withheld.update((each.address, (Withheld(Reason.HELD, detail=each.why.value), None)) for each in plan.held)
        withheld.update((each.address, (Withheld(Reason.KEPT), Drift.KEPT)) for each in plan.kept)
        withheld.update(
            (each.address, (Withheld(Reason.CONFLICT, each.message, each.hint), each.state)) for each in plan.conflicts
        )
        withheld.update((address, (_UNREAD, state)) for each in plan.waiting for address, state in each.states.items())
        found = chain.from_iterable(operation.states.items() for operation in plan.operations)
        object.__setattr__(self, "whole", WhollyOurs(self.desired, self.observed, self.ledger))
        object.__setattr__(self, "states", dict(found))
        object.__setattr__(self, "withheld", withheld)
        object.__setattr__(self, "items", items)


def addresses(path: str, desired: Desired, ledger: Ledger) -> tuple[Address, ...]:
    """The addresses of outputs at a path, and, where that is a folder, below it; `""` is the root."""
    folder = f"{path}/" if path else ""
    known = {*desired.wanted, *ledger.entries, *(clash.address for clash in desired.clashes)}
    return tuple(sorted(each for each in known if each.path == path or each.path.startswith(folder)))


def holder(path: str, desired: Desired, ledger: Ledger) -> Address | None:
    """The output of ours, a link or a copy, inside of which a path lies."""
    folders = path.split("/")
    for depth in range(len(folders) - 1, 0, -1):
        address = Address("/".join(folders[:depth]))
        entry, wish = ledger.entries.get(address), desired.wanted.get(address)
        linked = entry is not None and entry.method in (Method.SYMLINK, Method.JUNCTION, Method.COPY)
        if linked or (wish is not None and isinstance(wish.output, LinkOutput)):
            return address
    return None


def part(address: Address, known: Known) -> Part:
    """All that is known about one output."""
    wish, entry = known.desired.wanted.get(address), known.ledger.entries.get(address)
    output = wish.output if wish is not None else None
    there, index = _presence(address, known.observed)
    withheld, state = _withheld(address, known, there=there)
    return Part(
        address=address,
        form=_form(address, output, entry),
        there=there,
        ours=there and entry is not None and entry.created and not entry.kept,
        state=state,
        owners=wish.owners if wish is not None else _owners(address, entry, known.desired),
        makers=tuple(_makers(output, known.items)) if output is not None else (),
        index=index,
        source=output.source if isinstance(output, LinkOutput) else entry.source if entry is not None else "",
        entry=entry,
        withheld=withheld,
    )


def foreign(path: str, known: Known) -> tuple[Foreign, ...]:
    """What of a merged file is not ours, by the outermost key that holds nothing of ours."""
    document = known.observed.documents.get(path)
    if not isinstance(document, Document):
        return ()
    ours = [
        (address, entry.digest)
        for address, entry in known.ledger.entries.items()
        if address.path == path and entry.created and not entry.kept
    ]
    return tuple(foreign_parts(document.values, path, ours, known.ledger.made))


def losses(path: str, parts: Sequence[Part], known: Known) -> tuple[Loss, ...]:
    """What of the source can't be expressed in this file.

    Those are the losses of items that made some of it, for its targets; in a merged file, into which all items of a
    kind go, also those of items of which nothing came; and those that name the path itself.
    """
    makers = {(owner, maker.item) for each in parts for owner in each.owners for maker in each.makers}
    merged = {
        (owner, maker.item.kind)
        for each in parts
        if each.address.pointer
        for owner in each.owners
        for maker in each.makers
    }
    written = {
        (owner, item) for wish in known.desired.wanted.values() for owner in wish.owners for item in wish.output.items
    }
    return tuple(
        loss
        for loss in known.desired.losses
        if (loss.target, loss.item) in makers
        or ((loss.target, loss.item.kind) in merged and (loss.target, loss.item) not in written)
        or (path and loss.what == path)
    )


def sourced(file: str, source: Source) -> tuple[Item, ...]:
    """The items that are read from a file (its absolute path), or from the folder in which it lies."""
    return tuple(item for item in source.items if _reads(item, file))


def _reads(item: Item, file: str) -> bool:
    if isinstance(item, Skill):
        return file == item.source or file.startswith(f"{item.source}/")
    imports = item.imports if isinstance(item, Rule) else ()
    return file in imports or any(origin.file == file for origin in _origins(item))


def _origins(item: Item | LocalFile) -> tuple[Origin, ...]:
    if isinstance(item, Permissions):
        return tuple(dict.fromkeys(rule.origin for rule in item.rules)) or (item.origin,)
    return (item.origin,)


def _makers(output: Output, known: Mapping[ItemId, tuple[Item | LocalFile, ...]]) -> Iterator[Maker]:
    for name in output.items:
        items = known.get(name, ())
        if isinstance(output, LinkOutput):  # two skills of one name are told apart by their folders
            items = tuple(item for item in items if getattr(item, "source", "") == output.source) or items
        origins = tuple(dict.fromkeys(origin for item in items for origin in _origins(item)))
        yield Maker(name, origins, tuple(file for item in items if isinstance(item, Rule) for file in item.imports))


def _form(address: Address, output: Output | None, entry: Entry | None) -> Form:
    if address.pointer:
        return Form.ELEMENT if address.element else Form.KEY
    if entry is not None and entry.method is Method.COPY:
        return Form.COPY
    linked = entry is not None and entry.method in (Method.SYMLINK, Method.JUNCTION)
    return Form.LINK if linked or isinstance(output, LinkOutput) else Form.FILE


def _owners(address: Address, entry: Entry | None, desired: Desired) -> tuple[str, ...]:
    if entry is not None:
        return entry.owners
    return next((clash.owners for clash in desired.clashes if clash.address == address), ())


def _presence(address: Address, observed: Observed) -> tuple[bool, int | None]:
    """Does anything stand at an address? Of an element, at which index."""
    state = observed.paths.get(address.path, Missing())
    if not address.pointer:
        return not is_gone(state), None
    document = observed.documents.get(address.path)
    if not isinstance(document, Document):
        return False, None
    if not address.element:
        return not isinstance(value_at(document.values, address.pointer), Gap), None
    index = next(iter(elements_at(document.values, address)), None)
    return index is not None, index


def _withheld(address: Address, known: Known, *, there: bool) -> tuple[Withheld | None, Drift | None]:
    """What the plan says of an output: why it is not as wanted, and its state."""
    wish = known.desired.wanted.get(address)
    told = known.withheld.get(address) or known.withheld.get(Address(address.path))
    if told is not None and (wish is not None or told[0].reason is not Reason.HELD):
        return told
    if wish is not None and (why := permitted_form(wish, known.observed, known.whole)[1]):
        return Withheld(Reason.EXPOSED, why), None
    if wish is not None and (condition := unmet(wish.output, known.observed)) is not None:
        return Withheld(Reason.CONDITION, condition.why), None
    if known.plan.stops:
        return None, None
    state = known.states.get(address, Drift.IN_STEP if wish is not None else Drift.ORPHAN)
    return (Withheld(Reason.NOT_WRITTEN) if wish is not None and not there else None), state
