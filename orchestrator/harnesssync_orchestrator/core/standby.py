"""Outputs that are wanted only beside something else: a harness reads Claude Code's own file, until one of another name
stands there and hides it from that harness. Then that one is to say the same, and what a person has there is told. And
losses that are told only beside a file of another harness, which this one reads besides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address, Desired, FileOutput, Loss, Output, Wanted
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.observed import Observed, digest_of, is_gone


def called_by(taken: Collection[str], desired: Desired) -> Desired:
    """With those wanted too beside which something stands, in one of the `taken` paths or by another output."""
    if not desired.standby:
        return desired
    wanted, waiting = dict(desired.wanted), dict(desired.standby)
    paths = {*taken, *(address.path for address in wanted)}
    while called := _called(waiting, paths):
        for address in called:
            wanted[address] = waiting.pop(address)
            paths.add(address.path)
    return desired if len(waiting) == len(desired.standby) else replace(desired, wanted=wanted)


def _called(waiting: Mapping[Address, Wanted[Output]], paths: Collection[str]) -> list[Address]:
    verdicts: dict[frozenset[str], bool] = {}  # all outputs of a project may name the same paths
    for wish in waiting.values():
        beside = wish.output.only_beside
        if beside not in verdicts:
            verdicts[beside] = not beside.isdisjoint(paths)
    return [address for address, wish in waiting.items() if verdicts[wish.output.only_beside]]


def told(losses: Iterable[Loss], wanted: Mapping[Address, Wanted[Output]]) -> Iterator[Loss]:
    """Without those that are told beside a file which is not written."""
    for loss in losses:
        if not loss.beside:
            yield loss
        elif (wish := wanted.get(Address(loss.beside))) is not None and isinstance(wish.output, FileOutput):
            yield replace(loss, beside="")


def called(desired: Desired, observed: Observed, ledger: Ledger, known: Collection[str]) -> Desired:
    """As `called_by` what is there and is to stay. `known` are the targets whose outputs go once nobody wants them."""
    beside = {path for wish in desired.standby.values() for path in wish.output.only_beside}
    return called_by([path for path in beside if _stays(path, observed, ledger, known)], desired)


def _stays(path: str, observed: Observed, ledger: Ledger, known: Collection[str]) -> bool:
    """Does something stand there that is not ours alone, or in whose place what a person had would be put back?"""
    state, entry = observed.paths[path], ledger.entries.get(Address(path))
    if entry is None or is_gone(state):
        return not is_gone(state)
    is_ours = entry.created and not entry.kept and not entry.origin and entry.digest == digest_of(state)
    return not is_ours or set(known).isdisjoint(entry.owners)
