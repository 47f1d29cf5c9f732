"""Where in the source an edit of an output belongs: a guess, which holds only if rendering it gives just that output.

Nothing is known here of how a target renders. A changed line of an output is looked for in the files of its items, and
is changed there if it is found exactly once; a changed key of a merged value, in the object of the same name. Whoever
asks renders the changed source and compares: only then is the guess right.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.targets import Edit, RemoveKey, SetKey

CONTEXT = 3
"""Unchanged lines around a change that are looked for together with it, at most, where it alone is not unique."""

_QUOTES = "\"'"


class NotAdoptableError(ValueError):
    """An edit can't be taken into the source. The message says why, as half a sentence."""


@dataclass(frozen=True, slots=True)
class _Replacement:
    """Lines `start` to `end` of the file `path` give way to `lines`."""

    path: str
    start: int
    end: int
    lines: list[str]


def take_in(before: str, after: str, sources: Mapping[str, str], *, conditional: Container[str] = ()) -> dict[str, str]:
    """The files of the source that change, with their new text, if `after` is an edit of the rendered text `before`.

    `sources` are the files that the output is made from, by path; of them `conditional` hold for some files of the
    project alone, while the output holds for more. Raises NotAdoptableError.
    """
    old, new = before.split("\n"), after.split("\n")
    files = {path: text.split("\n") for path, text in sources.items()}
    replacements = [_place(change, old, new, files) for change in _changes(old, new)]
    changed: dict[str, str] = {}
    for path, lines in files.items():
        own = sorted((each for each in replacements if each.path == path), key=lambda each: (each.start, each.end))
        if path in conditional and any(_adds_at_the_end(each, lines) for each in own):
            raise NotAdoptableError("what it adds may be meant for more than just the files of the rule above it")
        if any(first.end > second.start for first, second in pairwise(own)):
            raise NotAdoptableError("two changes of it meet at one place of the source")
        for each in reversed(own):
            lines[each.start : each.end] = each.lines
        if own:
            changed[path] = "\n".join(lines)
    return changed


def _adds_at_the_end(change: _Replacement, lines: list[str]) -> bool:
    """Are there more lines than before, and nothing of the file after them? Then another rule may begin there."""
    return len(change.lines) > change.end - change.start and not any(line.strip() for line in lines[change.end :])


@dataclass(frozen=True, slots=True)
class _Change:
    """Lines `start` to `end` of the old text became lines `new_start` to `new_end` of the new one."""

    start: int
    end: int
    new_start: int
    new_end: int


def _changes(old: list[str], new: list[str]) -> Iterator[_Change]:
    for kind, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield _Change(start, end, new_start, new_end)


def _place(change: _Change, old: list[str], new: list[str], files: Mapping[str, list[str]]) -> _Replacement:
    """Where a change belongs. What is only inserted is found by the lines around it."""
    was, now = old[change.start : change.end], new[change.new_start : change.new_end]
    for above, below in _CONTEXTS:
        first, last = max(0, change.start - above), min(len(old), change.end + below)
        found = _found(files, old[first:last])
        if len(found) == 1:
            path, start = found[0]
            start += change.start - first
            return _Replacement(path, start, start + len(was), now)
    if len(was) == len(now) == 1:
        part, instead = _differing(was[0], now[0])
        places = [(path, at, line) for path, lines in files.items() for at, line in enumerate(lines) if part in line]
        if part and len(places) == 1 and places[0][2].count(part) == 1:
            path, at, line = places[0]
            return _Replacement(path, at, at + 1, [line.replace(part, instead)])
    raise NotAdoptableError("what it changes is not found exactly once in the source")


_CONTEXTS = (
    (0, 0),
    *((lines, lines) for lines in range(1, CONTEXT + 1)),
    *((lines, 0) for lines in range(1, CONTEXT + 1)),
    *((0, lines) for lines in range(1, CONTEXT + 1)),
)
"""How many unchanged lines above and below are looked for together with a change, in the order of trying."""


def _found(files: Mapping[str, list[str]], block: list[str]) -> list[tuple[str, int]]:
    """Where these lines stand, one below another; nowhere if they say nothing."""
    if not any(line.strip() for line in block):
        return []
    return [
        (path, at)
        for path, lines in files.items()
        for at in range(len(lines) - len(block) + 1)
        if lines[at] == block[0] and lines[at : at + len(block)] == block
    ]


def _differing(old: str, new: str) -> tuple[str, str]:
    """The part of a line that changed, widened to the quotes around it: what a format puts around a text is its own."""
    first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    most = min(len(old), len(new)) - first
    last = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    while first > 0 and old[first - 1] not in _QUOTES:
        first -= 1
    while last > 0 and old[-last] not in _QUOTES:
        last -= 1
    return old[first : len(old) - last], new[first : len(new) - last]


def take_in_keys(before: JsonValue, after: JsonValue, pointer: tuple[str, ...]) -> tuple[Edit, ...]:
    """The edits of a document of the source that has the same keys in an object at `pointer`: those that changed.

    Raises NotAdoptableError when the values are no objects.
    """
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        raise NotAdoptableError("it is no table of keys")
    edits: list[Edit] = [RemoveKey((*pointer, key)) for key in before if key not in after]
    edits += [
        SetKey((*pointer, key), value) for key, value in after.items() if key not in before or before[key] != value
    ]
    return tuple(edits)
