"""What one sync of the model makes of what is wanted, what is there and what we wrote, address by address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.reliability.model_source import DOCUMENTS, At, Wish
from tests.reliability.model_values import (
    ABSENT,
    BLOCKED,
    Document,
    Entry,
    Place,
    Said,
    holder,
    new_containers,
    place,
    same,
    take,
    value_at,
)

if TYPE_CHECKING:
    from tests.reliability.model import Model


class Sync:
    """One sync of a model, or an unlink."""

    def __init__(self, model: Model, *, broken: bool, confirmed: bool, choice: tuple[At, str] | None) -> None:
        self.model = model
        self.broken = broken
        self.confirmed = confirmed
        self.choice = choice
        self.conflicts: set[tuple[str, str, tuple[str, ...]]] = set()
        self.kept: set[Place] = set()
        self.replaced: set[str] = set()
        self.moved: list[str] = []
        self.waiting = False
        self.synced = self.skipped = self.cleaned = 0

    def run(self) -> Said:
        model = self.model
        wanted, held = model.permitted()
        everything = model.wishes()
        stale = [at for at, entry in model.ledger.items() if at not in wanted and not (entry.kept and at in everything)]
        stale = [at for at in stale if at not in held or not model.stays(at, everything[at])]
        if self.broken and not self.confirmed:
            self.waiting = any(at not in everything and model.ledger[at].ours for at in stale)
            stale = [at for at in stale if at in everything]
        self.take_away(stale, wanted)
        state = "halted" if self.waiting else "conflict" if self.conflicts else "in step"
        return Said(
            state=state,
            exit_code=1 if state != "in step" or held or self.broken else 0,
            halt="source-unparsable" if self.waiting else None,
            conflicts=frozenset(self.conflicts),
            held=frozenset(map(place, held)),
            kept=frozenset(self.kept),
            synced=self.synced,
            skipped=self.skipped,
            cleaned=self.cleaned,
        )

    def take_away(self, stale: Sequence[At], wanted: Mapping[At, Wish]) -> None:
        """Take away what is stale, and make what is wanted."""
        for at in sorted(stale):
            if not at.pointer:
                self._remove(at)
        for at, wish in wanted.items():
            if not at.pointer:
                self._whole(at, wish)
        for path in DOCUMENTS:
            here = {at: wish for at, wish in wanted.items() if at.path == path and at.pointer}
            gone = [at for at in sorted(stale) if at.path == path and at.pointer]
            if here or gone:
                self._document(path, here, gone)

    def chosen(self, at: At) -> str:
        return self.choice[1] if self.choice is not None and self.choice[0] == at else ""

    def _whole(self, at: At, wish: Wish) -> None:
        model, there, entry = self.model, self.model.wholes.get(at.path), self.model.ledger.get(at)
        if entry is not None and entry.kept and there is not None and self.chosen(at) != "restore":
            self._leave_kept(at, wish, entry)
        elif there == wish.value:
            self._keep(at, wish)
        elif there is None or (entry is not None and entry.ours and entry.value == there):
            self._record(at, wish, ABSENT)
            model.wholes[at.path] = wish.value
        elif self.chosen(at) == "restore":
            self._record(at, wish, there)
            model.wholes[at.path] = wish.value
        elif self.chosen(at) == "keep":
            self._let_keep(at, wish, there)
        else:
            self.conflicts.add((_kind(entry), at.path, ()))

    def _record(self, at: At, wish: Wish, there: Any) -> None:
        """We write. What is there and not ours comes back one day."""
        entry = self.model.ledger.get(at)
        origin = entry.origin if entry is not None and entry.ours else there
        self.model.ledger[at] = Entry(wish.value, frozenset(wish.owners), origin=origin)
        self.synced += 1

    def _keep(self, at: At, wish: Wish) -> None:
        """It is as wanted."""
        entry = self.model.ledger.get(at)
        now = Entry(wish.value, frozenset(wish.owners), ours=False)
        if entry is not None and not entry.kept and (entry.value, entry.owners) == (now.value, now.owners):
            self.skipped += 1
            return
        ours = entry is not None and (entry.ours or entry.kept)
        origin = entry.origin if entry is not None and entry.ours else ABSENT
        self.model.ledger[at] = replace(now, ours=ours, origin=origin)
        self.synced += 1

    def _leave_kept(self, at: At, wish: Wish, entry: Entry) -> None:
        self.kept.add(place(at))
        if entry.owners != frozenset(wish.owners):
            self.model.ledger[at] = replace(entry, owners=frozenset(wish.owners))
            self.synced += 1

    def _let_keep(self, at: At, wish: Wish, there: Any) -> None:
        self.kept.add(place(at))
        self.model.ledger[at] = Entry(there, frozenset(wish.owners), ours=False, kept=True)
        self.synced += 1

    def _remove(self, at: At) -> None:
        model, there, entry = self.model, self.model.wholes.get(at.path), self.model.ledger[at]
        if not entry.ours or there is None or self.chosen(at) == "keep":
            del model.ledger[at]
        elif there == entry.value or self.chosen(at) == "restore":
            del model.ledger[at]
            del model.wholes[at.path]
            if entry.origin is not ABSENT:
                model.wholes[at.path] = entry.origin
                self.synced += 1
                return
        else:
            self.conflicts.add(("drift", at.path, ()))
            return
        self.cleaned += 1

    def _document(self, path: str, wanted: Mapping[At, Wish], stale: Sequence[At]) -> None:
        model = self.model
        document = model.documents.get(path)
        if document is not None and document.values is None:
            self.conflicts.add(("unparsable", path, ()))
            return
        before: dict[str, Any] = {} if document is None or document.values is None else document.values
        values = deepcopy(before)
        wrote = [self._wanted(at, wish, before, values) for at, wish in wanted.items()]
        takes = [at for at in stale if self._takes(at, before)]
        for at in takes:
            entry = model.ledger.pop(at)
            take(values, at, entry.value if at.element else None)
            if entry.origin is not ABSENT and document is not None:
                document.tokens = document.tokens + re.findall(r"mine-\d{4}", json.dumps(entry.origin))
                holder(values, at.pointer)[at.pointer[-1]] = entry.origin
        if not takes and not any(wrote):
            return
        for pointer in new_containers(before, values):
            model.made.add((path, pointer))
        if document is None:
            document = model.documents[path] = Document({}, [])
            model.made.add((path, ()))
        for pointer in model.drop_empty(path, values):
            model.made.discard((path, pointer))
        document.values = values
        if path in self.replaced:
            document.base = ABSENT
        document.tokens = [word for word in document.tokens if word not in self.moved]
        if not values and not document.tokens and (path, ()) in model.made:
            del model.documents[path]
            model.made.discard((path, ()))

    def _wanted(self, at: At, wish: Wish, before: Mapping[str, Any], values: dict[str, Any]) -> bool:
        """True if something is written."""
        entry, choice = self.model.ledger.get(at), self.chosen(at)
        found = value_at(before, at.pointer)
        blocked = found is BLOCKED or (at.element != "" and found is not ABSENT and not isinstance(found, list))
        there = (
            found
            if not at.element or blocked
            else wish.value
            if found is not ABSENT and wish.value in found
            else ABSENT
        )
        if entry is not None and entry.kept and (there is not ABSENT or blocked) and choice != "restore":
            self._leave_kept(at, wish, entry)
        elif not blocked and there is not ABSENT and same(there, wish.value):
            self._keep(at, wish)
        elif not blocked and (
            there is ABSENT or (entry is not None and entry.ours and same(there, entry.value)) or choice == "restore"
        ):
            if at.element:
                holder(values, at.pointer).setdefault(at.pointer[-1], []).append(wish.value)
            else:
                holder(values, at.pointer)[at.pointer[-1]] = wish.value
            if there is not ABSENT:
                self.replaced.add(at.path)
                self.moved.extend(re.findall(r"mine-\d{4}", json.dumps(there)))
            self._record(at, wish, there)
            return True
        elif choice == "keep":
            self._let_keep(at, wish, there if not blocked else None)
        else:
            self.conflicts.add(("foreign" if blocked else _kind(entry), at.path, at.pointer))
        return False

    def _takes(self, at: At, before: Mapping[str, Any]) -> bool:
        """Is a stale key or element there to be taken away? If it is gone or a person's it is only forgotten."""
        entry, choice = self.model.ledger[at], self.chosen(at)
        found = value_at(before, at.pointer)
        there = found is not ABSENT and found is not BLOCKED
        if at.element:
            there = isinstance(found, list) and entry.value in found
        if not entry.ours or not there or choice == "keep":
            del self.model.ledger[at]
        elif at.element or same(found, entry.value) or choice == "restore":
            self.moved.extend(re.findall(r"mine-\d{4}", json.dumps(found) if not at.element else ""))
            self.cleaned += 1
            return True
        else:
            self.conflicts.add(("drift", at.path, at.pointer))
            return False
        self.cleaned += 1
        return False


def _kind(entry: Entry | None) -> str:
    return "drift" if entry is not None and entry.ours else "foreign"
