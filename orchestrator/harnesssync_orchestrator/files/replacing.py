"""Putting something new in the place of something known, so that an edit in between is never lost.

One way for all kinds of things: files, links and whole folders. What is new stands ready under a temporary name. Both
names are exchanged in one step, and only then is it looked at what came out: if that is not what was expected, the
names are exchanged back. Where a system can't exchange names, what stands there is first taken away under a name that
tells where it belongs (`temporaries.held_name`), looked at, and what is new gets its place only if nothing else has it
by then.
"""

from __future__ import annotations

from collections.abc import Callable

from harnesssync_orchestrator.files.copying import look_at_any
from harnesssync_orchestrator.files.folder import RefusalError
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.relative import is_refused
from harnesssync_orchestrator.files.swap import exchange
from harnesssync_orchestrator.files.temporaries import (
    held,
    held_name,
    is_ours,
    replaces_nothing,
    telling_name,
    told_digests,
)

Look = Callable[[Place], str | None]
"""Gives the digest of what stands at a place, None for nothing, and "" for what can't be what is expected."""


def look_at_file(place: Place) -> str | None:
    """The digest of a file or link; "" for a folder, a FIFO or a device, none of which is opened."""
    try:
        return place.folder.digest(place.name)
    except IsADirectoryError:
        return ""


def confirm(place: Place, expected: str | None, look: Look = look_at_file) -> None:
    """Raise RefusalError if what stands at a place has not the digest that was expected."""
    found = look(place)
    if found == expected:
        return
    if found == "":
        raise RefusalError(
            "obstructed",
            "a folder, a special or a huge file stands there",
            str(place.path),
            hint="Move it away, then sync again",
        )
    raise _changed(place)


def put(new: Place, place: Place, *, digest: str, expected: str | None, look: Look = look_at_file) -> None:
    """Give what stands at `new`, and has this digest, its real place, if what stands there is as expected.

    If something is replaced, the name of `new` is one of `telling_name`: what is found there after a crash has one of
    the two digests, or is an edit. Nothing stands at `new` afterwards, also when this raises: RefusalError or OSError.
    Then `place` is as it was.
    """
    try:
        if expected is None:
            new.rename_to_free(place)
        else:
            _replace(new, place, digest=digest, expected=expected, look=look)
    except BaseException:
        if new.lstat() is not None and look(new) == digest:  # never what somebody else wrote
            new.discard()
        raise


def take(place: Place, expected: str, look: Look = look_at_file) -> None:
    """Remove what stands at a place, if it is as expected; nothing happens if it is gone.

    It is looked at after it was taken away, so that nobody can slip in an edit between the look and the removal: such
    an edit is put back. Raises RefusalError for it.
    """
    aside = place.beside(telling_name(expected, expected))
    try:
        place.rename_to(aside)
    except FileNotFoundError:
        return
    _confirm_taken(aside, place, expected, look)
    aside.discard()


def put_back(aside: Place, place: Place) -> None:
    """Give something that was taken aside its name back; if that name is taken by now, say where it is."""
    try:
        aside.rename_to_free(place)
    except FileExistsError as error:
        raise _changed(place, aside.name) from error


def settle(place: Place) -> bool:
    """Put back or remove what a crash left under a temporary name. False for what may be an edit, which stays."""
    if found := held(place.name):
        real = place.beside(found.name)
        if real.lstat() is None and look_at_any(place) == found.old and not is_refused(found.name):
            put_back(place, real)
        elif look_at_any(real) == found.new and look_at_any(place) == found.old:
            place.discard()
        else:
            return False
    elif digests := told_digests(place.name):
        if not replaces_nothing(place.name) and look_at_any(place) not in digests:
            return False
        place.discard()
    elif is_ours(place.name):
        place.remove()
    return True


def _replace(new: Place, place: Place, *, digest: str, expected: str, look: Look) -> None:
    if exchange(new.handle, place.handle, dir_fd=new.fd):
        _confirm_exchanged(new, place, digest=digest, expected=expected, look=look)
        new.discard()
    else:
        _replace_in_two_steps(new, place, digest=digest, expected=expected, look=look)


def _confirm_exchanged(out: Place, place: Place, *, digest: str, expected: str, look: Look) -> None:
    """Look at what came out of an exchange; exchange back if it is not what was expected."""
    if _looks_like(out, expected, look):
        return
    kept = ""
    try:
        exchange(out.handle, place.handle, dir_fd=out.fd)
        if _looks_like(out, digest, look):
            out.discard()
        else:
            # Somebody replaced ours in this very moment. What they wrote is the newest: it gets the name, and what
            # they replaced keeps the random one rather than be lost.
            exchange(out.handle, place.handle, dir_fd=out.fd)
            kept = out.name
    except FileNotFoundError:  # somebody removed ours in this very moment
        put_back(out, place)
    raise _changed(place, kept)


def _replace_in_two_steps(new: Place, place: Place, *, digest: str, expected: str, look: Look) -> None:
    name = held_name(digest, expected, place.name)
    if name is None:  # too long to be held: a look, and then the step
        confirm(place, expected, look)
        new.rename_to(place)
        return
    aside = place.beside(name)
    place.rename_to(aside)
    _confirm_taken(aside, place, expected, look)
    try:
        new.rename_to_free(place)
    except BaseException:
        if place.lstat() is None:
            put_back(aside, place)
        else:  # somebody saved it in this very moment, over what we hold: it would be gone anyway
            aside.discard()
        raise
    aside.discard()


def _confirm_taken(aside: Place, place: Place, expected: str, look: Look) -> None:
    if not _looks_like(aside, expected, look):
        put_back(aside, place)
        raise _changed(place)


def _looks_like(place: Place, digest: str, look: Look) -> bool:
    """What can't be read has no digest that anybody could expect."""
    try:
        return look(place) == digest
    except OSError:
        return False


def _changed(place: Place, kept: str = "") -> RefusalError:
    """`kept` is the name under which an edit stands that could not keep its own, since a later one has it."""
    return RefusalError(
        "changed_underneath",
        f"it was changed twice at the same moment; the earlier content is in {kept}"
        if kept
        else "somebody changed it since it was looked at",
        str(place.path),
        hint="Look at both, keep what you need, then sync again" if kept else "Nothing was overwritten. Sync again",
    )
