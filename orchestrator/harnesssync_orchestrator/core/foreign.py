"""What of a merged file is a person's: all that the ledger does not have as ours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harnesssync_orchestrator.core.desired import Address, value_hash


@dataclass(frozen=True, slots=True)
class Foreign:
    """A part of a merged file that is a person's: a key, or, with an `index`, an element of an array."""

    pointer: tuple[str, ...]
    index: int | None = None


def foreign_parts(
    values: object, path: str, ours: Iterable[tuple[Address, str]], made: Collection[Address]
) -> Iterator[Foreign]:
    """The outermost keys that hold nothing of ours, and elements that are not ours, in a file with these values.

    `ours` are addresses in it with their digests; `made` the containers that came into being for them.
    """
    yield from _foreign(values, (), ours, made, path)


def _foreign(
    value: object,
    pointer: tuple[str, ...],
    ours: Iterable[tuple[Address, str]],
    made: Collection[Address],
    path: str,
) -> Iterator[Foreign]:
    """The parts of a value that are a person's. `ours` are addresses below or at it, with their digests."""
    here = list(ours)
    if any(address.pointer == pointer and not address.element for address, _ in here):
        return
    if not here and (pointer or not isinstance(value, Mapping)):
        if not (value in ({}, []) and Address(path, pointer) in made):
            yield Foreign(pointer)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            deeper = (*pointer, key)
            below = [(address, digest) for address, digest in here if address.pointer[: len(deeper)] == deeper]
            yield from _foreign(inner, deeper, below, made, path)
    elif isinstance(value, list):
        digests = [digest for address, digest in here if address.element]
        for index, element in enumerate(value):
            digest = value_hash(element)
            if digest in digests:
                digests.remove(digest)
            else:
                yield Foreign(pointer, index)
    else:  # a person put something else in the place of what held ours
        yield Foreign(pointer)
