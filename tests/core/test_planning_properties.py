"""Properties of plans over a disk made of values: carried out, a plan leaves nothing to do and nothing is lost."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    ElementOutput,
    FileOutput,
    KeyOutput,
    LinkOutput,
    Output,
    Wanted,
    link_hash,
    short_hash,
    value_hash,
)
from harnesssync_orchestrator.core.documents import after
from harnesssync_orchestrator.core.items import EnvironmentVariable, ItemId, Layer, Origin, Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Missing, Observed, ObservedFile, ObservedLink, PathState
from harnesssync_orchestrator.core.plan import EditDocument, MakeLink, Operation, Plan, Remove, WriteFile
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.trust import OWN

ROOT = "/w"
SOURCE = Source(
    scope=Scope.PROJECT,
    root=ROOT,
    items=(EnvironmentVariable(name="A", origin=Origin(layer=Layer.PROJECT, file="/w/x"), value="1"),),
)
ITEMS = (ItemId("skill", "s"),)
DOCUMENTS = ("c.json", "d.json")


@dataclass
class Disk:
    """Links by text, files by bytes and merged files by value."""

    links: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def observe(self, desired: Desired, ledger: Ledger) -> Observed:
        paths = {address.path for address in (*desired.wanted, *ledger.entries)}
        return Observed(
            paths={path: self._state(path) for path in paths},
            documents={path: Document(values) for path, values in self.documents.items()},
        )

    def _state(self, path: str) -> PathState:
        if path in self.links:
            return ObservedLink(self.links[path], None)
        if path in self.files:
            return ObservedFile(short_hash(self.files[path]))
        if path in self.documents:
            return ObservedFile(value_hash(self.documents[path]))
        return Missing()

    def perform(self, operation: Operation, ledger: Ledger) -> Ledger:
        path, address = operation.path, Address(operation.path)
        if isinstance(operation, EditDocument):
            new = path not in self.documents
            self.documents[path] = after(self.documents.get(path, {}), operation.edits)
            made = {*operation.made, *([address] if new else [])}
            unmade = set(operation.unmade)
            if operation.remove_when_empty and not self.documents[path]:
                del self.documents[path]
                unmade.add(address)
            return ledger.changed(record=operation.record, forget=operation.forget, made=made, unmade=unmade)
        self.links.pop(path, None)
        self.files.pop(path, None)
        if isinstance(operation, Remove):
            return ledger.changed(forget=[address])
        if isinstance(operation, MakeLink):
            self.links[path] = operation.text
            entry = Entry(
                method=Method.SYMLINK, digest=link_hash(operation.text), timestamp="", owners=operation.owners
            )
        else:
            assert isinstance(operation, WriteFile)
            self.files[path] = operation.content
            entry = Entry(
                method=Method.WRITE, digest=short_hash(operation.content), timestamp="", owners=operation.owners
            )
        return ledger.changed(record={address: entry})


def carry_out(disk: Disk, desired: Desired, ledger: Ledger) -> tuple[Plan, Ledger]:
    """One whole sync."""
    result = plan(desired, disk.observe(desired, ledger), ledger, source=SOURCE, trust=OWN, confirmed=True)
    for operation in result.operations:
        ledger = disk.perform(operation, ledger)
    return result, ledger.changed(record=result.adopt, forget=result.forget)


def output(draw: st.DrawFn) -> Output:
    kind = draw(st.sampled_from(["link", "file", "key", "element"]))
    name = draw(st.sampled_from("abc"))
    if kind == "link":
        source = f"/w/{draw(st.sampled_from('xy'))}"
        return LinkOutput(path=f"l{name}", items=ITEMS, source=source, directory=True, digest="5" * 16)
    if kind == "file":
        content = draw(st.sampled_from([b"1", b"2"]))
        return FileOutput(path=f"f{name}", items=ITEMS, content=content)
    path, value = draw(st.sampled_from(DOCUMENTS)), draw(st.sampled_from([1, "two", {"three": 3}]))
    pointer = draw(st.sampled_from([("mcp", name), ("tools", "allow", name)]))
    if kind == "key":
        return KeyOutput(path=path, items=ITEMS, format="json", pointer=pointer, value=value)
    return ElementOutput(path=path, items=ITEMS, format="json", pointer=("hooks", name), value=value)


@st.composite
def desires(draw: st.DrawFn) -> Desired:
    """What some sync wants: any of the outputs, each address once."""
    outputs = [output(draw) for _ in range(draw(st.integers(0, 6)))]
    return Desired(wanted={one.address: Wanted(one, ("codex",)) for one in outputs})


@st.composite
def disks(draw: st.DrawFn) -> Disk:
    """What a person keeps at the places where we would write."""
    names = st.sampled_from("abc")
    values = st.dictionaries(st.sampled_from("abcz"), st.sampled_from([1, "two", "mine"]), max_size=2)
    arrays = st.dictionaries(names, st.lists(st.sampled_from([1, "mine"]), max_size=2), max_size=1)
    document = st.fixed_dictionaries(
        {}, optional={"mcp": values, "tools": st.just({"allow": {}}), "hooks": arrays, "theirs": st.integers(0, 3)}
    )
    return Disk(
        links=draw(st.dictionaries(names.map("l".__add__), st.sampled_from(["x", "elsewhere"]), max_size=1)),
        files=draw(st.dictionaries(names.map("f".__add__), st.sampled_from([b"1", b"mine"]), max_size=1)),
        documents=draw(st.dictionaries(st.sampled_from(DOCUMENTS), document, max_size=2)),
    )


@settings(max_examples=300)
@given(disks(), st.lists(desires(), min_size=1, max_size=4))
def test_planning_after_applying_is_empty(disk: Disk, wishes: list[Desired]) -> None:
    """Whatever came before, a second sync of the same items has nothing to do."""
    ledger = Ledger()
    for desired in wishes:
        _, ledger = carry_out(disk, desired, ledger)
        again, ledger = carry_out(disk, desired, ledger)
        assert again.is_empty


@settings(max_examples=300)
@given(disks(), st.lists(desires(), max_size=4))
def test_unlinking_everything_gives_the_disk_back(disk: Disk, wishes: list[Desired]) -> None:
    """After any number of syncs, a sync that wants nothing leaves exactly what a person had."""
    before, ledger = copy.deepcopy(disk), Ledger()
    for desired in (*wishes, Desired()):
        _, ledger = carry_out(disk, desired, ledger)
    assert disk == before
    assert ledger.entries == {}
    assert all(address.path.endswith("/") for address in ledger.made)


@settings(max_examples=200)
@given(disks(), desires())
def test_a_crash_at_any_operation_heals_itself(disk: Disk, desired: Desired) -> None:
    """With the intent recorded, a later sync ends where an undisturbed one ends, and knows what is ours."""
    whole = copy.deepcopy(disk)
    full, expected = carry_out(whole, desired, Ledger())
    for stop in range(len(full.operations) + 1):
        broken = copy.deepcopy(disk)
        pending = Ledger(pending=full.intent)
        for operation in full.operations[:stop]:
            broken.perform(operation, Ledger())
        _, healed = carry_out(broken, desired, pending)
        assert broken == whole
        assert _ours(healed) == _ours(expected)


def _ours(ledger: Ledger) -> dict[Address, Entry]:
    return {address: replace(entry, format="", source="", timestamp="") for address, entry in ledger.entries.items()}
