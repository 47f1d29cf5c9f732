"""The permissions of files that are written over: of merged ones of a person's a credential of ours takes them from
everybody else.

What they were before is noted with the entry of that credential, and comes back when the last such entry of the file
goes, unless the person has changed them meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import and_

from harnesssync_orchestrator.core.ledger import Entry

_FOR_OTHERS = 0o077
_FOR_ITS_OWNER = 0o700
_EXECUTABLE = 0o111
_READABLE = 0o444


def is_for_others(mode: int) -> bool:
    """Do permissions give anything to anybody but the owner?"""
    return bool(mode & _FOR_OTHERS)


def tightened(mode: int) -> int:
    """What is left of permissions for the owner alone."""
    return mode & _FOR_ITS_OWNER


def kept_mode(now: int, mode: int, *, executable: bool | None, back: int) -> int:
    """The permissions of a file that has those `now` and is written over with `mode`: its own, less what it gave to
    others if `mode` gives them nothing. `executable` sets or takes the executable bits; None leaves them, unless `mode`
    has some. It gets those `back`, if that is not 0 and what was left of them is what it has."""
    kept = _with_executable(now, mode, executable=executable)
    if back and kept == tightened(back):
        return back
    return kept if is_for_others(mode) else tightened(kept)


def to_note(mode: int, entries: Collection[Entry]) -> int:
    """What a credential is to note that enters a file: the permissions which it has now, `mode`; or if those are its
    owner's alone already, what the other `entries` in the file have noted. 0 if nothing has to come back."""
    return mode if is_for_others(mode) else _noted(entries)


def to_give_back(mode: int, before: Collection[Entry], after: Collection[Entry]) -> int:
    """The permissions that a file gets back whose entries were those `before`, and are those `after`; 0 if it keeps
    those that it has, `mode`."""
    noted = 0 if _noted(after) else _noted(before)
    return noted if mode == tightened(noted) else 0


def _noted(entries: Collection[Entry]) -> int:
    """By the last of them: who gave a file back to others while a credential was in it meant it. Of several at once,
    what all of them say."""
    noted = [entry for entry in entries if entry.mode]
    last = max((entry.timestamp for entry in noted), default="")
    return reduce(and_, (entry.mode for entry in noted if entry.timestamp == last)) if noted else 0


def _with_executable(kept: int, mode: int, *, executable: bool | None) -> int:
    if executable or (executable is None and mode & _EXECUTABLE):
        return kept | ((kept & _READABLE) >> 2)
    return kept if executable is None else kept & ~_EXECUTABLE
