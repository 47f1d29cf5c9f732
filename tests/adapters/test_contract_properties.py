"""What holds for every target over real bytes: a second sync has nothing to do, and what a person wrote stays.

`tests/core/test_planning_properties.py` has plans over outputs of no target, and `formats` edits of no plan. Here are
both, with all that a target makes of any part of the rich source, in files that a person has put other things into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import tomlkit
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import Address, Desired, ElementOutput, KeyOutput, link_hash, short_hash
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import (
    Document,
    Missing,
    Observed,
    ObservedFile,
    ObservedLink,
    ObservedTree,
    PathState,
)
from harnesssync_orchestrator.core.plan import EditDocument, MakeLink, Operation, Plan, Remove, WriteFile
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.core.trust import OWN

SETTINGS = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
THEIRS = "theirs"


@dataclass
class Disk:
    """Files by bytes, links by text and copied folders by digest, and what the ledger says of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)

    def sync(self, desired: Desired, source: Source) -> Plan:
        """One whole sync."""
        observed = self._observe(desired)
        result = plan(desired, observed, self.ledger, source=source, trust=OWN, confirmed=True)
        for operation in result.operations:
            self._perform(operation)
        self.ledger = self.ledger.changed(record=result.adopt, forget=result.forget)
        return result

    def _observe(self, desired: Desired) -> Observed:
        addresses = {*desired.wanted, *self.ledger.entries}
        formats = {wish.output.path: wish.output.format for wish in desired.wanted.values() if _is_merged(wish.output)}
        formats |= {address.path: entry.format for address, entry in self.ledger.entries.items() if address.pointer}
        return Observed(
            paths={address.path: self._state(address.path) for address in addresses},
            documents={
                path: Document(FORMATS[name].parse(self.files[path]))
                for path, name in formats.items()
                if path in self.files
            },
        )

    def _state(self, path: str) -> PathState:
        if path in self.links:
            return ObservedLink(self.links[path], None)
        if path in self.copies:
            return ObservedTree(self.copies[path], marker=True)
        return ObservedFile(short_hash(self.files[path])) if path in self.files else Missing()

    def _perform(self, operation: Operation) -> None:
        path, address = operation.path, Address(operation.path)
        if isinstance(operation, EditDocument):
            edited = FORMATS[operation.format]
            made = {*operation.made, *([address] if path not in self.files else [])}
            unmade = set(operation.unmade)
            self.files[path] = edited.edit(self.files.get(path, edited.empty), operation.edits)
            if operation.remove_when_empty and self.files[path].strip() == edited.empty.strip():
                del self.files[path]
                unmade.add(address)
            self.ledger = self.ledger.changed(
                record=operation.record, forget=operation.forget, made=made, unmade=unmade
            )
            return
        self.links.pop(path, None)
        self.files.pop(path, None)
        self.copies.pop(path, None)
        if isinstance(operation, Remove):
            self.ledger = self.ledger.changed(forget=[address])
            return
        assert isinstance(operation, (MakeLink, WriteFile))
        source_digest = ""
        if isinstance(operation, MakeLink) and operation.copied:
            self.copies[path], method, digest = operation.digest, Method.COPY, operation.digest
            source_digest = operation.digest
        elif isinstance(operation, MakeLink):
            self.links[path], method, digest = operation.text, Method.SYMLINK, link_hash(operation.text)
        else:
            self.files[path], method, digest = operation.content, Method.WRITE, short_hash(operation.content)
        entry = Entry(method=method, digest=digest, source_digest=source_digest, timestamp="", owners=operation.owners)
        self.ledger = self.ledger.changed(record={address: entry})


def _is_merged(output: object) -> bool:
    return isinstance(output, (KeyOutput, ElementOutput))


def parts(rich: Source) -> st.SearchStrategy[Source]:
    """Any of the items of a source, in their order."""
    chosen = st.lists(st.booleans(), min_size=len(rich.items), max_size=len(rich.items))
    return chosen.map(
        lambda wanted: replace(rich, items=tuple(item for item, is_in in zip(rich.items, wanted, strict=True) if is_in))
    )


@st.composite
def files_of_a_person(draw: st.DrawFn, wishes: Iterable[Desired]) -> dict[str, bytes]:
    """For some of the merged files: keys of a person's in some of the containers that ours go into, comments around
    them, and whichever indentation, line endings and byte order mark."""
    merged = [wish.output for desired in wishes for wish in desired.wanted.values() if _is_merged(wish.output)]
    files = {}
    for path, name in sorted({(output.path, output.format) for output in merged}):
        if draw(st.integers(0, 3)) == 3:
            continue
        values: dict[str, Any] = {}
        for output in sorted((each for each in merged if each.path == path), key=lambda each: each.pointer):
            for depth in range(len(output.pointer)):
                if draw(st.booleans()):
                    _container(values, output.pointer[:depth])[THEIRS] = draw(st.sampled_from([1, "x, }] # //", True]))
            if isinstance(output, ElementOutput) and draw(st.booleans()):
                theirs = {THEIRS: 1} if isinstance(output.value, Mapping) else THEIRS
                _container(values, output.pointer[:-1])[output.pointer[-1]] = [theirs]
        text = _TEXTS[name](values, draw(st.sampled_from([2, 4, "\t"])))
        if values and draw(st.integers(0, 3)) < 3:
            text = _commented(text, "//" if name == "json" else "#", draw(st.randoms(use_true_random=False)))
        if draw(st.booleans()):
            text = text.replace("\n", "\r\n")
        files[path] = (draw(st.sampled_from(["", "\ufeff"])) + text).encode()
    return files


def _container(values: dict[str, Any], pointer: tuple[str, ...]) -> dict[str, Any]:
    for key in pointer:
        values = values.setdefault(key, {THEIRS: 0})
    return values


def _commented(text: str, sign: str, random: Random) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(line + (f"{sign} note {n}\n" if random.random() < 0.5 else "") for n, line in enumerate(lines))


def _yaml(values: Mapping[str, Any], indent: int | str) -> str:
    return yaml.safe_dump(values, indent=4 if indent == 4 else 2) if values else ""


_TEXTS: Mapping[str, Any] = {
    "json": lambda values, indent: json.dumps(values, indent=indent) + "\n",
    "toml": lambda values, _: tomlkit.dumps(values),
    "yaml": _yaml,
    "json-or-yaml": lambda values, indent: (
        json.dumps(values, indent=indent) + "\n" if indent == 2 else _yaml(values, indent)
    ),
}


def _notes(content: bytes) -> list[str]:
    return re.findall("(?:#|//) note [0-9]+", content.decode("utf-8-sig"))


def _keeps(now: Any, before: Any) -> bool:
    """Is everything of before still there, whatever has come beside it?"""
    if isinstance(before, Mapping):
        return isinstance(now, Mapping) and all(key in now and _keeps(now[key], before[key]) for key in before)
    if isinstance(before, list):
        return isinstance(now, list) and [each for each in now if each in before] == before
    return bool(now == before)


@SETTINGS
@given(st.data())
def test_syncing_twice_is_a_no_op(target: Target, rich: Source, data: st.DataObject) -> None:
    """Also after another part of the source, and among what a person wrote: no operation, and not a byte changes."""
    sources = data.draw(st.lists(parts(rich), min_size=1, max_size=2))
    wishes = [desired_state([target], source) for source in sources]
    disk = Disk(data.draw(files_of_a_person(wishes)))
    for source, desired in zip(sources, wishes, strict=True):
        disk.sync(desired, source)
        files, links = dict(disk.files), dict(disk.links)
        assert disk.sync(desired, source).is_empty
        assert (disk.files, disk.links) == (files, links)


@SETTINGS
@given(st.data())
def test_what_a_person_wrote_around_our_keys_survives(target: Target, rich: Source, data: st.DataObject) -> None:
    """Every value and comment, sync after sync; and when nothing is wanted any more, every byte is as it was."""
    sources = data.draw(st.lists(parts(rich), min_size=1, max_size=2))
    wishes = [desired_state([target], source) for source in sources]
    before = data.draw(files_of_a_person(wishes))
    merged = [wish.output for desired in wishes for wish in desired.wanted.values()]
    formats = {output.path: output.format for output in merged if isinstance(output, (KeyOutput, ElementOutput))}
    disk = Disk(dict(before))
    for source, desired in zip(sources, wishes, strict=True):
        disk.sync(desired, source)
        for path, content in before.items():
            document = FORMATS[formats[path]]
            assert _keeps(document.parse(disk.files[path]), document.parse(content))
            assert _notes(disk.files[path]) == _notes(content)
    disk.sync(Desired(), replace(rich, items=rich.items[:1]))
    assert (disk.files, disk.links) == (before, {})


def test_all_targets_together_leave_nothing_to_do(rich: Source) -> None:
    """Outputs that several want exist once, and each of them knows it."""
    disk, desired = Disk(), desired_state(TARGETS, rich)
    assert disk.sync(desired, rich).operations
    assert disk.sync(desired, rich).is_empty
    disk.sync(Desired(), rich)
    assert (disk.files, disk.links) == ({}, {})
