"""The permissions of merged files of a person's, which a credential of ours takes from everybody else.

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


def is_for_others(mode: int) -> bool:
    """Do permissions give anything to anybody but the owner?"""
    return bool(mode & _FOR_OTHERS)


def tightened(mode: int) -> int:
    """What is left of permissions for the owner alone."""
    return mode & _FOR_ITS_OWNER


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
