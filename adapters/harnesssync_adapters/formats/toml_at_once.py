"""Several edits of one TOML document, each of which costs what it touches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harnesssync_adapters.formats.text_edits import Replacement
from harnesssync_adapters.formats.toml_cuts import appended, entry_cut, inline_cuts, inside
from harnesssync_adapters.formats.toml_lines import ScatteredError
from harnesssync_adapters.formats.toml_syntax import Path, load
from harnesssync_adapters.formats.toml_text import toml_key, toml_path, toml_value
from harnesssync_adapters.formats.toml_tree import Tree
from harnesssync_orchestrator.core.desired import JsonValue, value_hash
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, Edit, RemoveElement, RemoveKey, SetKey

ABSENT: list[JsonValue] = []
"""Stands for a key that is not there; told apart from an empty array by identity."""


def look_up(values: JsonValue, pointer: Path) -> JsonValue:
    """The value at `pointer`, or `ABSENT`. Raises `DocumentError` where something else than a table is on the way."""
    for depth, key in enumerate(pointer):
        if not isinstance(values, dict):
            raise DocumentError(f"{toml_path(pointer[:depth])} is not a table")
        if key not in values:
            return ABSENT
        values = values[key]
    return values


def nested(keys: Path, value: JsonValue) -> JsonValue:
    """A value inside of tables."""
    for key in reversed(keys):
        value = {key: value}
    return value


class AtOnce:
    """A document with some edits in it. What it says is known without reading it anew after each of them; that it says
    so is looked at in the end, by `is_right`."""

    def __init__(self, text: str) -> None:
        self._values: dict[str, Any] = load(text)
        self._tree = Tree(text)

    @property
    def text(self) -> str:
        return self._tree.text

    def is_right(self) -> bool:
        """Is the text valid, and does it say what was asked for? The order of keys is that of the lines."""
        try:
            return _canonical(load(self.text)) == _canonical(self._values)
        except DocumentError:
            return False

    def apply(self, edit: Edit) -> None:
        """Make one edit. Raises ScatteredError where that takes the whole text, and DocumentError where it can't be
        made; after that nothing of this is to be used any more but the edits before."""
        found = look_up(self._values, edit.pointer)
        if isinstance(edit, SetKey):
            self._set(edit.pointer, edit.value)
        elif isinstance(edit, RemoveKey):
            if found is not ABSENT:
                self._remove(edit.pointer)
        elif not isinstance(found, list):
            raise DocumentError(f"{toml_path(edit.pointer)} is not an array")
        elif isinstance(edit, RemoveElement):
            self._remove_element(edit, found)
        elif found is ABSENT:
            self._set(edit.pointer, [edit.value])
        else:
            self._add(edit, found)

    def _add(self, edit: AddElement, found: list[JsonValue]) -> None:
        line = self._tree.statement_at(edit.pointer)
        node = None if line is None else inside(line.statement, edit.pointer)
        if line is None or node is None:
            raise ScatteredError
        self._tree.rewrite(line, [appended(line.text, node, toml_value(edit.value), self._tree.newline)])
        found.append(_plain(edit.value))

    def _remove_element(self, edit: RemoveElement, found: list[JsonValue]) -> None:
        index = next((i for i, one in enumerate(found) if value_hash(one) == edit.element), None)
        if index is None:
            return
        line = self._tree.statement_at(edit.pointer)
        node = None if line is None else inside(line.statement, edit.pointer)
        if line is None or node is None:
            raise ScatteredError
        self._tree.rewrite(line, [entry_cut(line.text, node, (node.entries or [])[index])])
        del found[index]

    def _set(self, pointer: Path, value: JsonValue) -> None:
        found = look_up(self._values, pointer)
        if found is ABSENT:
            self._insert(pointer, value)
            return
        line = self._tree.statement_at(pointer)
        if line is not None:
            node = inside(line.statement, pointer)
            if node is None:
                raise ScatteredError
            if value_hash(found) != value_hash(value):
                self._tree.rewrite(line, [Replacement(node.start, node.end, toml_value(value))])
                self._holder(pointer)[pointer[-1]] = _plain(value)
            return
        self._set_table(pointer, value, found)

    def _set_table(self, pointer: Path, value: JsonValue, found: JsonValue) -> None:
        """Set what is a table of its own: key by key where that gives the right order, else anew."""
        branch = self._tree.branch(pointer)
        if branch is None or branch.block is None or not isinstance(found, dict):
            raise ScatteredError
        if value_hash(found) == value_hash(value):
            return
        if isinstance(value, Mapping):
            left = [key for key in found if key in value]
            new = [key for key in value if key not in found]
            if any(isinstance(value[key], Mapping) for key in new):
                raise ScatteredError  # a header of its own
            if [*left, *new] == [*value]:
                for key in [key for key in found if key not in value]:
                    self._remove((*pointer, key))
                for key, one in value.items():
                    self._set((*pointer, key), one)
                return
        self._remove(pointer)
        self._insert(pointer, value)

    def _insert(self, pointer: Path, value: JsonValue) -> None:
        depth = next(i for i in range(len(pointer) - 1, -1, -1) if look_up(self._values, pointer[:i]) is not ABSENT)
        parent, missing = pointer[:depth], pointer[depth:]
        line = self._tree.statement_at(parent) if parent else None
        if line is not None:
            node = inside(line.statement, parent)
            if node is None:
                raise ScatteredError
            member = f"{toml_key(missing[0])} = {toml_value(nested(missing[1:], value))}"
            self._tree.rewrite(line, [appended(line.text, node, member, self._tree.newline)])
        else:
            self._tree.insert(pointer, value, parent)
        self._holder(pointer)[pointer[-1]] = _plain(value)

    def _remove(self, pointer: Path) -> None:
        line = self._tree.statement_at(pointer)
        if line is not None and line.path != pointer:
            statement = line.statement
            self._tree.rewrite(line, [*inline_cuts(line.text, statement.node, pointer[len(line.path) :])])
            del self._holder(pointer)[pointer[-1]]
            return
        for path in self._tree.remove(pointer):
            del self._holder(path)[path[-1]]

    def _holder(self, pointer: Path) -> dict[str, Any]:
        """The table in which a key is, made if it is not there."""
        values = self._values
        for key in pointer[:-1]:
            values = values.setdefault(key, {})
        return values


def _plain(value: JsonValue) -> Any:  # noqa: ANN401
    """A value of our own, as TOML would say it."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value if value is None or isinstance(value, (str, bool, int, float)) else [_plain(one) for one in value]


def _canonical(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)
