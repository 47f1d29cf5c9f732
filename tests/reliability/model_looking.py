"""Comparing a project with the model, byte for byte, and finding out what a process did before it was killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reliability.model import Model
from tests.reliability.model_person import Person
from tests.reliability.model_source import DOCUMENTS, At, File, Link
from tests.reliability.model_values import ABSENT, Document, Entry, Said
from tests.reliability.model_world import TEMPORARY, Thing, address, digest, document


class Looking(Person):
    """What is there, and whether it should be."""

    def look(self, before: dict[str, Thing], *, changed: frozenset[str] | None) -> dict[str, Thing]:
        """Compare every byte with the model. Only the paths in `changed` may have been written; None for any."""
        found = self.rig.look()
        temporaries = [path for path in found if TEMPORARY.search(path)]
        assert self.killed or not temporaries, temporaries
        expected: dict[str, File | Link] = {path: File(content) for path, content in self.files().items()}
        expected.update(self.model.wholes)
        documents = self.model.documents
        there = {path: thing.what for path, thing in found.items() if path not in {*documents, *temporaries}}
        equal(there, expected)
        for path, wanted in documents.items():
            assert path in found, path
            thing = found[path].what
            assert isinstance(thing, File)
            now = document(path, thing.content)
            equal((path, now.values, _words(now, wanted)), (path, wanted.values, _words(wanted, wanted)))
            if isinstance(wanted.base, bytes) and DOCUMENTS[path] == "toml":
                equal(_lines_of(wanted.base, thing.content), wanted.base.split(b"\n")[:-1])
            if isinstance(wanted.base, bytes) and not self.killed and not self.holds_ours(path):
                equal((path, thing.content), (path, wanted.base))
        if changed is not None:
            self.untouched(before, found, changed)
        return found

    def files(self) -> dict[str, bytes]:
        """What is the person's alone."""
        return {**self.model.source.files(), **self.strangers}

    def holds_ours(self, path: str) -> bool:
        return any(at.path == path and entry.ours for at, entry in self.model.ledger.items())

    def untouched(self, before: dict[str, Thing], found: dict[str, Thing], changed: frozenset[str]) -> None:
        """What had no need to change was not written anew."""
        for path, thing in found.items():
            former = before.get(path)
            if former is not None and former == thing and path not in changed:
                assert former.stamp == thing.stamp, path

    def as_found(self, after: Model, ledger_before: tuple[int, int], *, by_path: bool) -> Model:
        """The model after a process was killed: each output is as before or as after, and so is the ledger."""
        found, before = self.rig.look(), self.model
        result = before.copy()
        for path in {*before.wholes, *after.wholes}:
            what = found[path].what if path in found else None
            assert what in (before.wholes.get(path), after.wholes.get(path)), path
            result.wholes.pop(path, None)
            if what is not None:
                result.wholes[path] = what
        for path in {*before.documents, *after.documents}:
            now = document(path, found[path].what.content) if path in found else None
            for model in (before, after):
                if _same_document(now, model.documents.get(path)):
                    result.take_over(model.copy(), path, entries_only=False)
                    break
            else:
                raise AssertionError(path, now)
        result.ledger = dict(before.ledger)
        if self.rig.ledger_stamp() == ledger_before:
            equal((result.wholes, result.documents), (before.wholes, before.documents))
        else:
            self.read_ledger(before, after, result, by_path=by_path)
        return result

    def read_ledger(self, before: Model, after: Model, result: Model, *, by_path: bool) -> None:
        """Which entries were recorded, and which changes were about to be: with `by_path`, as for an undo, all that the
        ledger says of a path that changes."""
        raw, before = before, before.copy()
        before.recover()
        kept = self.rig.ledger()
        rows: dict[str, dict[str, Any]] = {}
        for owner, owned in kept.get("targets", {}).items():
            for text, row in owned.items():
                rows.setdefault(text, {**row, "owners": set()})["owners"].add(owner)
        for path in raw.made_before:  # what became of an earlier kill was found out before anything else was done
            if _same_document(result.documents.get(path), raw.documents.get(path)):
                result.made = {one for one in result.made if one[0] != path} | {
                    one for one in before.made if one[0] == path
                }
        result.unrecorded, result.made_before = {}, {}
        for at in {*before.ledger, *after.ledger, *raw.ledger}:
            row = rows.pop(address(at), None)
            result.ledger.pop(at, None)
            for model in (after, before, raw):  # raw: of a key in a file that was edited since nobody can know
                entry = model.ledger.get(at)
                if _same_entry(at, row, entry):
                    if entry is not None:
                        result.ledger[at] = entry
                    break
            else:
                raise AssertionError(at, row)
            is_other = before.reads(at) != after.reads(at)
            changes = is_other or (by_path and _differ(before, after, at.path))
            if model is not after and self.rig.began(kept.get("transaction", "")) and changes:
                # What stays as it is tells nothing, but for the file that it is in.
                is_written = _same_document(result.documents.get(at.path), after.documents.get(at.path))
                left = after.reads(at) if is_other or is_written else _NEVER
                result.unrecorded[at] = (model.ledger.get(at), after.ledger.get(at), left)
                result.made_before[at.path] = {one for one in before.made if one[0] == at.path}
        assert not rows, rows


_NEVER = object()


def equal(found: Any, expected: Any) -> None:
    """Raise AssertionError, with nothing but the difference in it."""
    if isinstance(found, dict):
        found, expected = set(found.items()), set(expected.items())
    if isinstance(found, Said):
        found, expected = set(_facts(found)), set(_facts(expected))
    if isinstance(found, (set, frozenset)):
        found, expected = found - expected, expected - found
    assert found == expected, f"found {found}; the model has {expected}"


def _facts(one: Said) -> Iterator[tuple[str, Any]]:
    for name in Said.__dataclass_fields__:
        value = getattr(one, name)
        yield from ((name, each) for each in (value if isinstance(value, frozenset) else [value]))


def _differ(one: Model, other: Model, path: str) -> bool:
    return one.wholes.get(path) != other.wholes.get(path) or values_in(one, path) != values_in(other, path)


def _lines_of(base: bytes, content: bytes) -> list[bytes]:
    """The whole lines of a person's text that are in a file, in order, with the ends that they had."""
    lines = iter(content.split(b"\n"))
    return [line for line in base.split(b"\n")[:-1] if line in lines]


def values_in(model: Model, path: str) -> Any:
    found = model.documents.get(path)
    return None if found is None else (found.values, found.tokens)


def _same_document(now: Document | None, there: Document | None) -> bool:
    if now is None or there is None:
        return now is there
    return (now.values, _words(now, there)) == (there.values, _words(there, there))


def _words(found: Document, there: Document) -> list[str]:
    """A person's words in a document, in order where that is sure."""
    return sorted(found.tokens) if there.base is ABSENT else found.tokens


def _same_entry(at: At, row: dict[str, Any] | None, entry: Entry | None) -> bool:
    if row is None or entry is None:
        return row is None and entry is None
    ours = row.get("created", True)
    return (row["hash"], row["owners"], ours) == (digest(at, entry.value), set(entry.owners), entry.ours)
