"""Replacing and removing what is ours, of any kind, so that an edit in between is never lost.

For files and links `replacing` does the same; here whole folders take part, whose digests can't be told by their names.
"""

from __future__ import annotations

import errno

from harnesssync_orchestrator.files import swap
from harnesssync_orchestrator.files.copying import discard, is_exactly, remove
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.temporaries import former_name


def exchange(new: Place, place: Place, expected: str) -> None:
    """Put what stands at `new` in the place of what has the digest `expected`, which is removed.

    The names are swapped in one step where the system can do that. What came out is looked at afterwards, so that
    nobody can slip in an edit between the look and the step: such an edit gets its name back. Raises
    FileExistsError for it. Whatever fails, `place` is as it was, and `new` is removed.
    """
    aside = place.beside(former_name())
    try:
        new.rename_to(aside)
        if not swap.exchange(aside.handle, place.handle, dir_fd=place.fd):
            aside.rename_to(new)
            _exchange_in_two_steps(new, place, expected)
            return
    except BaseException:
        remove(new)
        discard(aside)
        raise
    try:
        _require_digest(aside, expected, place)
    except BaseException:
        swap.exchange(aside.handle, place.handle, dir_fd=place.fd)
        discard(aside)
        raise
    discard(aside)


def _exchange_in_two_steps(new: Place, place: Place, expected: str) -> None:
    aside = move_aside(place, expected)
    try:
        new.rename_to(place)
    except BaseException:
        aside.rename_to(place)
        raise
    discard(aside)


def move_aside(place: Place, expected: str) -> Place:
    """Rename what stands at a place, if it has the digest `expected`; where it stands now.

    It is looked at after the move, so that nobody can slip in an edit between the look and the move: such an edit is
    moved back. Raises FileExistsError for it, FileNotFoundError if nothing is there.
    """
    aside = place.beside(former_name())
    place.rename_to(aside)
    try:
        _require_digest(aside, expected, place)
    except BaseException:
        aside.rename_to_free(place)
        raise
    return aside


def _require_digest(aside: Place, expected: str, place: Place) -> None:
    if not is_exactly(aside, expected):
        raise FileExistsError(errno.EEXIST, "it was changed in the meantime, and stays", str(place.path))
