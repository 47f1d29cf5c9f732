"""Elements of arrays that a harness knows by a name in them: what stands under one, and which of ours has which."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from harnesssync_orchestrator.core.desired import Address, Desired, ElementOutput, MergeOutput, value_hash
from harnesssync_orchestrator.core.documents import Gap, elements_at, value_at
from harnesssync_orchestrator.core.drift import UNKNOWN
from harnesssync_orchestrator.core.ledger import Entry, Ledger
from harnesssync_orchestrator.core.observed import Document, Observed
from harnesssync_orchestrator.core.targets import AddElement, Edit, RemoveElement, SetKey


class Elements:
    """The arrays of one document by the hashes of their elements: each is hashed once, however many outputs ask. `ours`
    are the hashes of those that are ours, or are to be."""

    def __init__(self, values: Mapping[str, Any], ours: Collection[str] = ()) -> None:
        self.values = values
        self._ours = frozenset(ours)
        self._known: dict[tuple[str, ...], tuple[dict[str, int], int | None]] = {}

    def has(self, pointer: tuple[str, ...], digest: str) -> bool:
        return digest in self._hashed(pointer)[0]

    def is_behind_others(self, pointer: tuple[str, ...], digest: str) -> bool:
        """Does an element that is not ours stand before the first with this hash, or anywhere if there is none?"""
        first, others = self._hashed(pointer)
        return others is not None and others < first.get(digest, others + 1)

    def _hashed(self, pointer: tuple[str, ...]) -> tuple[dict[str, int], int | None]:
        """The index of the first element with each hash, and that of the first which is not ours."""
        if pointer not in self._known:
            found = value_at(self.values, pointer)
            first: dict[str, int] = {}
            for index, value in enumerate(found if isinstance(found, list) else ()):
                first.setdefault(value_hash(value), index)
            others = min((index for digest, index in first.items() if digest not in self._ours), default=None)
            self._known[pointer] = first, others
        return self._known[pointer]

    def digests_at(self, address: Address) -> list[str]:
        """Those of the elements that an address names."""
        if address.name is not None:
            return digests_at(self.values, address)
        return [address.element] if self.has(address.pointer, address.element) else []


def digests_at(values: Mapping[str, Any], address: Address) -> list[str]:
    """Those of the elements that an address names. An array may have several of one name, and a harness refuses it."""
    found = value_at(values, address.pointer)
    return [value_hash(found[index]) for index in elements_at(values, address)] if isinstance(found, list) else []


def digest_there(output: MergeOutput, elements: Elements, entry: Entry | None) -> tuple[str | None, bool]:
    """The digest of what is in an output's place; and whether it stands beside ours, since a person put it there.

    None for nothing, also where one that is to be first stands behind another than ours; `UNKNOWN` where a value stands
    in the way of the table or the list that is needed. Of several elements of a name it is that of one which is not
    ours, if there is such a one.
    """
    found = value_at(elements.values, output.pointer)
    if found is Gap.ABSENT:
        return None, False
    if isinstance(found, Gap):
        return UNKNOWN, False
    if not isinstance(output, ElementOutput):
        return value_hash(found), False
    if not isinstance(found, list):
        return UNKNOWN, False
    there, wanted = elements.digests_at(output.address), value_hash(output.value)
    if output.first and elements.is_behind_others(output.pointer, wanted):
        return None, False
    made = entry.digest if entry is not None and entry.created else wanted
    others = [digest for digest in there if digest not in (made, wanted)]
    if not others:
        return (made if made in there else wanted) if there else None, False
    return others[0], entry is not None and entry.created and made in there


def writing(output: MergeOutput, elements: Elements, entry: Entry | None) -> list[Edit]:
    """What puts an output in its place. An element is added before those of its name go: an array that we did not make
    is never left empty in between. One that is to be first may stand further behind, and is moved."""
    if not isinstance(output, ElementOutput):
        return [SetKey(output.pointer, output.value)]
    if output.first:
        former = [RemoveElement(output.pointer, entry.digest)] if entry is not None and entry.created else []
        return [*former, AddElement(output.pointer, output.value, first=True)]
    there, wanted = elements.digests_at(output.address), value_hash(output.value)
    edits: list[Edit] = [] if wanted in there else [AddElement(output.pointer, output.value)]
    if wanted in there:
        there.remove(wanted)
    return [*edits, *(RemoveElement(output.pointer, digest) for digest in there)]


def known_by_name(ledger: Ledger, desired: Desired, observed: Observed) -> tuple[Ledger, Mapping[Address, Address]]:
    """The ledger of a release that knew all elements by their values, with the names of those that have one; and which
    entries have got another address by that, the old by the new. The format is the one by which the file is read now.
    """
    moved: dict[Address, Address] = {}
    formats: dict[Address, str] = {}
    nameless = [each for each in ledger.entries if each.element and each.name is None]
    for address, wish in desired.wanted.items() if nameless or ledger.pending else ():
        if address.name is None or address in ledger.entries or not isinstance(wish.output, ElementOutput):
            continue
        document = observed.documents.get(address.path)
        digests = digests_at(document.values, address) if isinstance(document, Document) else []
        former = [Address(address.path, address.pointer, each) for each in (*digests, value_hash(wish.output.value))]
        if (old := next((each for each in former if each in ledger.entries), None)) is not None:
            moved[address], formats[address] = old, wish.output.format
    if not moved:
        return ledger, {}
    new = {old: address for address, old in moved.items()}
    entries = {new.get(address, address): entry for address, entry in ledger.entries.items()}
    entries |= {address: replace(entries[address], format=name) for address, name in formats.items()}
    pending = {new.get(address, address): digest for address, digest in ledger.pending.items()}
    return replace(ledger, entries=entries, pending=pending), moved
