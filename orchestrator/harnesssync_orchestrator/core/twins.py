"""Items that a harness finds twice: where we know that it has them, and in another place that it reads as well, with
something of a person's in it. That is often what an import left where it was."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from harnesssync_orchestrator.core.desired import Address, LinkOutput, Loss, Output, Wanted
from harnesssync_orchestrator.core.items import Agent, Command, Item, ItemId, Scope, Skill
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Besides, Target

_ANY = "{}"
_Wanted = Mapping[Address, Wanted[Output]]
_Homes = Mapping[str, str | None]


class Look(NamedTuple):
    """One place in which a target looks besides, as a pattern."""

    target: Target
    besides: Besides
    other: str


class _Place(NamedTuple):
    """Where a target has an item. `address` is that of the output by which it does, None without one; `source` the
    absolute path of what is linked there, or read there, `""` for what is rendered."""

    path: str
    item: ItemId
    address: Address | None
    source: str


class Twin(NamedTuple):
    """What may stand at `other` besides `place`, for a target, and what says the same if it is to be `alike`; the rest
    is as in a place."""

    target: Target
    item: ItemId
    place: str
    other: str
    address: Address | None
    source: str
    alike: bool


def looked_besides(targets: Iterable[Target], scope: Scope, homes: _Homes) -> dict[str, list[Look]]:
    """Where the targets look besides, by the folder in which that is. `homes` are as for `desired_state`."""
    folders: dict[str, list[Look]] = defaultdict(list)
    for target in targets:
        for besides in target.besides:
            for other in besides.others if besides.scope in (None, scope) else ():
                if (moved := _moved(other, target, scope, homes)) is not None:
                    folders[posixpath.dirname(moved.partition(_ANY)[0])].append(Look(target, besides, moved))
    return folders


def _moved(path: str, target: Target, scope: Scope, homes: _Homes) -> str | None:
    """A path in the target's home folder, where an environment variable puts that; None if that is outside."""
    prefix = f"{target.home}/"
    if scope is not Scope.USER or target.id not in homes or not path.startswith(prefix):
        return path
    moved = homes[target.id]
    return None if moved is None else f"{moved}/{path[len(prefix) :]}"


def twins(looks: Iterable[Look], source: Source, wanted: _Wanted, homes: _Homes) -> Iterator[Twin]:
    """What may be there twice. An output is none: what stands in its way is told anyway."""
    ours = frozenset(address.path for address in wanted)
    places: dict[str, list[_Place]] = {}
    for target, besides, other in looks:
        if (pattern := _moved(besides.place, target, source.scope, homes)) is None:
            continue
        if target.id not in places:
            places[target.id] = list(_places(target, source, wanted))
        before, any_, after = pattern.partition(_ANY)
        for each in places[target.id]:
            path, end = each.path, len(each.path) - len(after)
            is_there = (
                path.startswith(before) and path.endswith(after) and end > len(before) if any_ else path == pattern
            )
            twin = other.replace(_ANY, path[len(before) : end]) if is_there else ""
            if is_there and twin not in ours and (besides.native or each.address is not None):
                place = path if besides.native or each.address is None else each.address.path
                yield Twin(target, each.item, place, twin, each.address, each.source, besides.alike)


def _places(target: Target, source: Source, wanted: _Wanted) -> Iterator[_Place]:
    """Where a target has its items: in its outputs, and in Claude Code's layout."""
    brought: dict[ItemId, Address] = {}
    for address, wish in wanted.items():
        if target.id in wish.owners and not address.pointer and wish.output.items:
            linked = wish.output.source if isinstance(wish.output, LinkOutput) else ""
            yield _Place(address.path, wish.output.items[0], address, linked)
            brought.update(dict.fromkeys(wish.output.items, address))
    root = source.root.rstrip("/") + "/"
    for item in source.items:
        found = _found_at(item, root)
        if found.startswith(root):
            yield _Place(found[len(root) :], item.id, brought.get(item.id), found)


def _found_at(item: Item, root: str) -> str:
    """The absolute path by which whoever reads Claude Code's own files finds an item."""
    if item.origin.absent is not None:
        return root + item.origin.absent.path
    return item.source if isinstance(item, (Agent, Command, Skill)) else item.origin.file


def losses_by_twins(there: Iterable[Twin], plan: Plan, ledger: Ledger) -> Iterator[Loss]:
    """What is told of those that are there, unless the other one is ours, or ours is not written."""
    left = {each.address for each in plan.conflicts} | {each.address for each in plan.kept}
    left |= {each.address for each in plan.held}
    told: set[tuple[str, str]] = set()
    for twin in there:
        entry = ledger.entries.get(Address(twin.other))
        is_ours = entry is not None and entry.created
        if twin.address not in left and not is_ours and (twin.target.id, twin.other) not in told:
            told.add((twin.target.id, twin.other))
            why = f"{twin.target.name} reads that besides {twin.place}: delete it if Claude Code's is to count alone"
            yield Loss(target=twin.target.id, item=twin.item, what=twin.other, why=why, twice=True)
