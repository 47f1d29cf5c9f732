"""Reading and changing a merged file's plain values by pointer: what its text will say after some edits."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

from harnesssync_orchestrator.core.desired import Address, JsonValue, value_hash
from harnesssync_orchestrator.core.targets import AddElement, Edit, RemoveElement, RemoveKey, SetKey


class Gap(enum.Enum):
    """Why there is no value at a pointer. `ABSENT`: nothing is there, which is not the same as `null`. `BLOCKED`:
    a parent is there, but is no object, so nothing can be put below it."""

    ABSENT = "absent"
    BLOCKED = "blocked"


def value_at(values: Mapping[str, Any], pointer: Iterable[str]) -> JsonValue | Gap:
    """The value at `pointer`, or the `Gap` there."""
    value: JsonValue = values
    for key in pointer:
        if not isinstance(value, Mapping):
            return Gap.BLOCKED
        if key not in value:
            return Gap.ABSENT
        value = value[key]
    return value


def position(elements: Iterable[Any], element: str) -> int | None:
    """Index of the first element with this `value_hash`."""
    return next((index for index, value in enumerate(elements) if value_hash(value) == element), None)


def elements_at(values: Mapping[str, Any], address: Address) -> list[int]:
    """The indices of the elements that an address names: several may have one name."""
    found = value_at(values, address.pointer)
    if not isinstance(found, list):
        return []
    if (named := address.name) is None:
        index = position(found, address.element)
        return [] if index is None else [index]
    key, name = named
    return [index for index, one in enumerate(found) if isinstance(one, Mapping) and one.get(key) == name]


def value_of(values: Mapping[str, Any], address: Address) -> JsonValue | Gap:
    """The value of a key, or the first of the elements, that an address names."""
    found = value_at(values, address.pointer)
    if not address.element or not isinstance(found, list):
        return Gap.BLOCKED if address.element and not isinstance(found, Gap) else found
    indices = elements_at(values, address)
    return found[indices[0]] if indices else Gap.ABSENT


def after(values: Mapping[str, Any], edits: Iterable[Edit]) -> dict[str, Any]:
    """The values after `edits`, which share with those before what is not edited: neither may be changed in place.
    The edits must fit (no parent is `Gap.BLOCKED`)."""
    result: dict[str, Any] = dict(values)
    copied: dict[int, Any] = {}
    hashes: dict[tuple[str, ...], list[str]] = {}  # of the arrays of which something was removed
    for edit in edits:
        *parents, last = edit.pointer
        container: dict[str, Any] = result
        for key in parents:
            container = _copied(container, key, {}, copied)
        if isinstance(edit, SetKey):
            hashes.clear()
            container[last] = edit.value
        elif isinstance(edit, RemoveKey):
            hashes.clear()
            container.pop(last, None)
        elif isinstance(edit, AddElement):
            elements = _copied(container, last, [], copied)
            place = 0 if edit.first else len(elements)
            elements.insert(place, edit.value)
            if edit.pointer in hashes:
                hashes[edit.pointer].insert(place, value_hash(edit.value))
        elif isinstance(edit, RemoveElement):
            if edit.pointer not in hashes:
                hashes[edit.pointer] = [value_hash(one) for one in container.get(last, ())]
            known = hashes[edit.pointer]
            if edit.element in known:
                index = known.index(edit.element)
                del known[index], _copied(container, last, [], copied)[index]
    return result


def _copied(container: dict[str, Any], key: str, empty: Any, copied: dict[int, Any]) -> Any:  # noqa: ANN401
    """The object or array at `key`, copied when it is changed for the first time. `copied` keeps each copy alive, so
    that no other value gets its identity."""
    value = container.get(key, empty)
    if id(value) not in copied:
        value = container[key] = copy(value)
        copied[id(value)] = value
    return value


def missing_containers(values: Mapping[str, Any], edits: Iterable[Edit]) -> list[tuple[str, ...]]:
    """Pointers of the objects and arrays that `edits` bring into being, outermost first, each once."""
    made: dict[tuple[str, ...], None] = {}
    for edit in edits:
        if not isinstance(edit, (SetKey, AddElement)):
            continue
        deepest = len(edit.pointer) + (1 if isinstance(edit, AddElement) else 0)
        for depth in range(1, deepest):
            pointer = edit.pointer[:depth]
            if value_at(values, pointer) is Gap.ABSENT:
                made[pointer] = None
    return list(made)


def residue(
    values: Mapping[str, Any], ours: Iterable[tuple[Address, str]], containers: Iterable[Address]
) -> dict[str, Any]:
    """What is left of the values without those that are ours, given by address and digest (an address may have
    several: any of them), and without the emptied ones of `containers`."""
    edits: list[Edit] = []
    for address, digest in ours:
        found = value_at(values, address.pointer)
        if isinstance(found, Gap):
            continue
        if address.element:
            if isinstance(found, list) and position(found, digest) is not None:
                edits.append(RemoveElement(address.pointer, digest))
        elif value_hash(found) == digest:
            edits.append(RemoveKey(address.pointer))
    left = after(values, edits)
    for container in sorted(containers, key=lambda container: len(container.pointer), reverse=True):
        if container.pointer and value_at(left, container.pointer) in ({}, []):
            left = after(left, [RemoveKey(container.pointer)])
    return left
