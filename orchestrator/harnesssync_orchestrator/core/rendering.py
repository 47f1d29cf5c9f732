"""From items to the desired state: every target renders every kind, and what they want is brought together.

An output that several targets want alike exists once, with all its owners. Outputs that can't all exist are
clashes: none of them is written, whichever came first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TypeVar

from harnesssync_orchestrator.core.credentials import Credential, all_credentials, held_by
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
)
from harnesssync_orchestrator.core.items import Item, ItemId, Kind, Scope
from harnesssync_orchestrator.core.losses import not_too_many, redacted
from harnesssync_orchestrator.core.public_forms import with_public_forms
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.standby import called_by, told
from harnesssync_orchestrator.core.targets import Target, Unsupported, View

_T = TypeVar("_T")

_NAMED = 4  # items of a clash that are told by name


class Renderings:
    """What was made of the items of one project, kind by kind: an edit most often concerns one of them alone."""

    __slots__ = ("_credentials", "_rendered")

    def __init__(self) -> None:
        self._rendered: dict[tuple[str, Kind], tuple[_Basis, tuple[Output | Loss, ...]]] = {}
        self._credentials: dict[Kind, tuple[tuple[Item, ...], dict[ItemId, tuple[Credential, ...]]]] = {}

    def of(self, target: Target, source: Source, company: tuple[Target, ...]) -> Iterator[Output | Loss]:
        """All outputs and losses of a target in its company. Only what other items led to is rendered anew."""
        for kind in Kind:
            items = source.of(kind)
            if not items:
                continue
            known = self._rendered.get((target.id, kind))
            if known is None or not known[0].holds(target, source, company):
                view = View(target=target.id, source=source, company=company)
                results = tuple(_rendered(target, kind, view, items))
                if kind is Kind.AGENT:
                    render = partial(_rendered, target, kind)
                    results = with_public_forms(results, items, source, render, target=target.id, company=company)
                around = company if view.around else None
                known = (_Basis.of(target, source, {kind, *view.looked}, around), results)
                self._rendered[target.id, kind] = known
            yield from known[1]
        if target.carries is not None:
            yield from target.carries(View(target=target.id, source=source))

    def credentials(self, source: Source) -> dict[ItemId, tuple[Credential, ...]]:
        """As `all_credentials` gives them."""
        found: dict[ItemId, tuple[Credential, ...]] = {}
        for kind in Kind:
            items, known = source.of(kind), self._credentials.get(kind)
            if known is None or known[0] != items:
                known = self._credentials[kind] = (items, all_credentials(items))
            found |= known[1]
        return found


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a rendering came from."""

    target: Target
    scope: Scope
    root: str
    items: Mapping[Kind, tuple[Item, ...]]
    company: tuple[Target, ...] | None

    @classmethod
    def of(cls, target: Target, source: Source, kinds: Iterable[Kind], company: tuple[Target, ...] | None) -> _Basis:
        return cls(target, source.scope, source.root, {kind: source.of(kind) for kind in kinds}, company)

    def holds(self, target: Target, source: Source, company: tuple[Target, ...]) -> bool:
        """Is all of it still the same?"""
        same = target is self.target and (source.scope, source.root) == (self.scope, self.root)
        same = same and self.company in (None, company)
        return same and all(source.of(kind) == items for kind, items in self.items.items())


def desired_state(
    targets: Sequence[Target],
    source: Source,
    *,
    homes: Mapping[str, str | None] | None = None,
    renderings: Renderings | None = None,
    company: Sequence[Target] = (),
) -> Desired:
    """The outputs and losses of all `targets` for `source`, in the order of the targets; in the company of others, if
    the project has more than these.

    `homes` gives, for targets whose folder an environment variable moves, its path relative to the home
    directory, or None if it lies outside of it (then everything that would go there is a loss). `renderings` are those
    of the same project before, if there were some.
    """
    renderings = renderings or Renderings()
    outputs: dict[Address, list[tuple[str, Output]]] = defaultdict(list)
    losses: list[Loss] = []
    written_out = renderings.credentials(source)
    around = tuple(company or targets)
    for target in targets:
        for result in _relocated(target, source.scope, renderings.of(target, source, around), homes or {}):
            if isinstance(result, Loss):
                losses.append(result)
            else:
                output = replace(result, secrets=held) if (held := held_by(result, written_out)) else result
                outputs[output.address].append((target.id, output))
    wanted: dict[Address, Wanted[Output]] = {}
    standby: dict[Address, Wanted[Output]] = {}
    clashes: list[Clash] = []
    for address in _given_way(outputs):
        del outputs[address]
    for address, wishes in ((address, _lasting(all_wishes)) for address, all_wishes in outputs.items()):
        if len(wishes) > 1 and len({_essence(output) for _, output in wishes}) > 1:
            owners = _distinct(owner for owner, _ in wishes)
            items = _distinct(chain.from_iterable(output.items for _, output in wishes))
            more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
            reason = f"different content is wanted here, by {', '.join(map(str, items[:_NAMED]))}{more}"
            clashes.append(Clash(address=address, owners=owners, reason=reason, items=items))
        else:
            wish = _shared(wishes)
            (standby if wish.output.only_beside else wanted)[address] = wish
    clashes.extend(_nested(wanted))
    for clash in clashes:
        wanted.pop(clash.address, None)
    desired = called_by((), Desired(wanted=wanted, standby=standby, clashes=tuple(clashes)))
    all_told = redacted(not_too_many(told(losses, desired.wanted)), written_out)
    return replace(desired, losses=tuple(all_told))


def _rendered(target: Target, kind: Kind, view: View, items: tuple[Item, ...]) -> Iterator[Output | Loss]:
    support = target.support(view.scope, kind)
    if isinstance(support, Unsupported):
        for item in items:
            yield Loss(target=target.id, item=item.id, what=str(item.id), why=support.why, security=support.security)
    elif (render := support.render) is not None:
        yield from render(view, items)


def _relocated(
    target: Target, scope: Scope, results: Iterable[Output | Loss], homes: Mapping[str, str | None]
) -> Iterator[Output | Loss]:
    """Outputs below the target's home folder, moved to where an environment variable puts that folder."""
    if scope is not Scope.USER or target.id not in homes:
        yield from results
        return
    moved, prefix = homes[target.id], target.home + "/"
    for result in results:
        if isinstance(result, Loss) or not result.path.startswith(prefix):
            yield result
        elif moved is None:
            why = f"{target.home_variable} names a folder outside the home directory"
            yield from (Loss(target=target.id, item=item, what=result.path, why=why) for item in result.items)
        else:
            yield replace(result, path=f"{moved}/{result.path[len(prefix) :]}")


def _essence(output: Output) -> tuple[object, ...]:
    """What must agree for two outputs at one address to be the same output."""
    if isinstance(output, LinkOutput):
        return ("link", output.source)
    if isinstance(output, FileOutput):
        return ("file", output.content, output.executable)
    return ("value", output.format, repr(output.value), isinstance(output, ElementOutput))


def _shared(wishes: Sequence[tuple[str, Output]]) -> Wanted[Output]:
    """One output for all who want it; private or executing for one means private or executing."""
    owners, first = _distinct(owner for owner, _ in wishes), wishes[0][1]
    is_plain = len(first.items) < 2 and len(first.secrets) < 2  # nothing can be there twice
    if is_plain and all(output is first or output == first for _, output in wishes):
        return Wanted(first, owners)
    output = replace(
        first,
        items=_distinct(chain.from_iterable(output.items for _, output in wishes)),
        private=any(output.private for _, output in wishes),
        executes=any(output.executes for _, output in wishes),
        secrets=_distinct(chain.from_iterable(output.secrets for _, output in wishes)),
        gathers=frozenset(chain.from_iterable(output.gathers for _, output in wishes)),
        only_beside=_beside([output.only_beside for _, output in wishes]),
    )
    return Wanted(output, owners)


def _beside(paths: Sequence[frozenset[str]]) -> frozenset[str]:
    """Where an output is wanted only beside something: nowhere, if one of those who want it wants it anyway."""
    return frozenset(chain.from_iterable(paths)) if all(paths) else frozenset()


def _lasting(wishes: Sequence[tuple[str, Output]]) -> Sequence[tuple[str, Output]]:
    """Of several wishes for one place those that are not for once."""
    if len(wishes) == 1:
        return wishes
    return [each for each in wishes if not (isinstance(each[1], FileOutput) and each[1].once)] or wishes


def _given_way(outputs: Mapping[Address, Sequence[tuple[str, Output]]]) -> list[Address]:
    """Files that are written once, and in whose place, or around it, something else is wanted."""
    once = [
        address
        for address, wishes in outputs.items()
        if all(isinstance(output, FileOutput) and output.once for _, output in wishes)
    ]
    others = {address.path for address in outputs.keys() - once} if once else frozenset[str]()
    around = {folder for path in others for folder in _above(path)}
    return [
        address
        for address in once
        if address.path in around or any(path in others for path in (address.path, *_above(address.path)))
    ]


def _above(path: str) -> list[str]:
    folders = path.split("/")
    return ["/".join(folders[:depth]) for depth in range(1, len(folders))]


def _distinct(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))


def _nested(wanted: Mapping[Address, Wanted[Output]]) -> Iterator[Clash]:
    """Outputs inside another output: writing them would write through it, into a source.

    A link, or a file of our own, can hold nothing else; neither can a key whose value is wholly ours.
    """
    whole = {address.path for address in wanted if not address.pointer}
    keys = {address for address, wish in wanted.items() if isinstance(wish.output, KeyOutput)}
    known: dict[str, str | None] = {"": None}

    def whole_at(path: str) -> str | None:
        """What is whole of the path and the folders above it, the topmost. Of a folder it is found out once."""
        new: list[str] = []
        while path not in known:
            new.append(path)
            path = path.rpartition("/")[0]
        holder = known[path]
        for one in reversed(new):
            holder = known[one] = holder or (one if one in whole else None)
        return holder

    for address, wish in wanted.items():
        holder = whole_at(address.path if address.pointer else address.path.rpartition("/")[0])
        if holder is None and address.pointer:
            depths = range(1, len(address.pointer) + (1 if address.element else 0))
            prefixes = (Address(address.path, address.pointer[:depth]) for depth in depths)
            holder = next((str(prefix) for prefix in prefixes if prefix in keys), None)
        if holder is not None:
            yield Clash(address=address, owners=wish.owners, reason=f"it would lie inside {holder}")
