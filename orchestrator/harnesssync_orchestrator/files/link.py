"""Making a link, by the best means that a system has: symbolic link, directory junction, or a marked copy.

What a system reports is not believed: after each attempt it is checked that the link is there and leads to the source.
Nothing that stands at the destination is replaced unless it is proved to be ours.
"""

from __future__ import annotations

import errno
import os
import platform as system
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from harnesssync_orchestrator.core.desired import link_hash
from harnesssync_orchestrator.core.ledger import Method
from harnesssync_orchestrator.core.links import way
from harnesssync_orchestrator.files.copying import (
    Marker,
    copy,
    digest_at,
    look_at_any,
    read_marker,
    remove_marker,
    write_marker,
)
from harnesssync_orchestrator.files.place import Place, is_junction, is_link
from harnesssync_orchestrator.files.replacing import put
from harnesssync_orchestrator.files.temporaries import our_name, telling_name

Strategy = Literal["native", "junction", "copy"]

_METHODS: dict[Strategy, tuple[Method, ...]] = {
    "native": (Method.SYMLINK, Method.COPY),
    "junction": (Method.SYMLINK, Method.JUNCTION, Method.COPY),
    "copy": (Method.SYMLINK, Method.COPY),
}

FINAL = frozenset(
    {
        errno.EEXIST,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ENOSPC,
        errno.EROFS,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.EIO,
        errno.ESTALE,
        getattr(errno, "EDQUOT", errno.ENOSPC),
    }
)
"""Errors that another method would meet as well. Anything else says: this file system has no such links, or you may
not make them."""

_READ_BY_CMD = frozenset("&|<>^()@,;=!")
"""Characters that the command interpreter of Windows gives a meaning of their own unless they stand in quotes."""


@dataclass(frozen=True, slots=True)
class Made:
    """How an output was made. `digest` is that of a link's text, or of the copy; `left_out` says, as sentences, what
    a copy does not contain."""

    method: Method
    digest: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Means:
    """What the system offers: its name (`platform.system()`), and the calls that make links."""

    platform: str
    symlink: Callable[..., None] = os.symlink
    run: Callable[..., Any] = subprocess.run

    @classmethod
    def of_this_system(cls) -> Means:
        return cls(system.system())


def os_strategy(platform: str | None = None) -> Strategy:
    """What a system is known for: `native` links, directory `junction`s beside them, or, unknown, `copy`.

    A native link is tried first everywhere: Windows has them for developers, and most unknown systems have them.
    """
    name = platform or system.system()
    if name in {"Darwin", "Linux"}:
        return "native"
    return "junction" if name == "Windows" else "copy"


def link_text(source: PurePath, destination: PurePath, root: PurePath | None) -> str:
    """What a link at `destination` to `source` says: relative if both are inside `root`, else absolute.

    All are absolute, and the folder of `destination` holds no links.
    """
    if root is None or not (source.is_relative_to(root) and destination.is_relative_to(root)):
        return os.fspath(source)
    return os.fspath(PurePath(*way(destination.parent.parts, source.parts)))


def create_link(
    source: Path,
    destination: Path,
    *,
    relative_to: Path | None = None,
    platform: str | None = None,
    recorded: str | None = None,
    means: Means | None = None,
) -> tuple[bool, str]:
    """Link `destination` to `source` (both absolute), making parents as needed.

    Returns `(True, "symlink")`, `(True, "junction")`, `(True, "copy")` or `(False, "failed: …")`, and never raises.
    A link that is right already is left as it is. Anything else that stands at `destination` is replaced only if it
    is ours: its digest is `recorded`, or is the one in the marker beside it.

    With `relative_to`, nothing is made outside of that folder, also not through a link on the way, and a source
    inside of it is linked relatively.
    """
    means = means or Means(platform or system.system())
    try:
        place, root = _resolve(destination, relative_to)
        text = link_text(source, place.path, root)
        return True, _bring_about(place, source, text, recorded, means).value
    except (OSError, ValueError) as error:  # ValueError: no system has a name with a NUL in it
        return False, f"failed: {error}"


def _resolve(destination: Path, relative_to: Path | None) -> tuple[Place, Path | None]:
    """The real place of a destination, its folder made."""
    root = Path(os.path.realpath(relative_to)) if relative_to is not None else None
    folder = Path(os.path.realpath(destination.parent))  # pathlib raises no OSError for links in a circle
    if root is not None and not folder.is_relative_to(root):
        raise PermissionError(errno.EPERM, f"it is outside of {root}", str(destination))
    folder.mkdir(parents=True, exist_ok=True)
    return Place.by_path(folder / destination.name), root


def _bring_about(place: Place, source: Path, text: str, recorded: str | None, means: Means) -> Method:
    status = place.lstat()
    if status is None:
        return make(place, source, text, means=means).method
    if is_link(status) and place.leads_to(source):
        return Method.JUNCTION if is_junction(status) else Method.SYMLINK
    there, marker = digest_at(place), read_marker(place)
    if there is None or (there != recorded and (marker is None or there != marker.digest)):
        raise FileExistsError(errno.EEXIST, "something that is not ours is there, and stays", str(place.path))
    if marker is not None and there == marker.digest and there == digest_at(Place.by_path(source)):
        return Method.COPY
    return make(place, source, text, expected=there, means=means).method


def make(
    place: Place,
    source: Path,
    text: str,
    *,
    expected: str | None = None,
    means: Means | None = None,
    digest: str | None = None,
    copied: bool = False,
) -> Made:
    """Make a link that says `text` and leads to `source`, in a folder that exists.

    With `expected`, what stands there has this digest and is ours, and is replaced; otherwise nothing may stand
    there. With `digest`, a copy is made only of what the source was when it had that digest; what is to be `copied` is
    made in no other way. Whatever fails, what was there is there again. Raises FileExistsError when something else is
    there, FileNotFoundError when the source is gone, OSError when no method worked.
    """
    means = means or Means.of_this_system()
    source.stat()  # a link to nothing would be made without complaint
    if expected is None:
        place.require_free()
    failures: list[str] = []
    for method in (Method.COPY,) if copied else _METHODS[os_strategy(means.platform)]:
        if method is Method.JUNCTION and not source.is_dir():
            continue
        try:
            return _make_by(method, place, source, text, expected, means, digest)
        except NotImplementedError as error:
            failures.append(f"{method.value}: {error}")
        except OSError as error:
            if error.errno in FINAL or method is Method.COPY:
                raise
            failures.append(f"{method.value}: {error.strerror or error}")
    raise OSError(errno.ENOTSUP, "; ".join(failures), str(place.path))


def _make_by(
    method: Method,
    place: Place,
    source: Path,
    text: str,
    expected: str | None,
    means: Means,
    digest: str | None,
) -> Made:
    if method is Method.COPY:
        return _make_copy(place, source, expected, digest)
    at = place if expected is None else place.beside(our_name())
    if method is Method.SYMLINK:
        means.symlink(text, at.handle, target_is_directory=source.is_dir(), dir_fd=at.fd)
    else:
        command = junction_command(str(at.path), str(source))
        means.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    status = at.lstat()
    if status is None or not is_link(status) or not at.leads_to(source):
        _take_back(at, status)
        raise OSError(errno.ENOTSUP, "no such link came into being", str(place.path))
    made = Made(method, link_hash(at.readlink()))
    if expected is not None:
        _put(at, place, made.digest, expected)
        remove_marker(place)
    return made


def _take_back(at: Place, status: os.stat_result | None) -> None:
    """Remove what an attempt left: a link that leads elsewhere, or the empty folder of a failed junction."""
    if status is None:
        return
    if is_link(status):
        at.remove()
    else:
        os.rmdir(at.handle, dir_fd=at.fd)


def _make_copy(place: Place, source: Path, expected: str | None, planned: str | None) -> Made:
    former, digest = read_marker(place), ""
    temporary = place.beside(our_name())
    left_out = copy(source, temporary, planned)
    try:
        digest = digest_at(temporary) or ""
        # The marker comes first: after a crash between the two it speaks of a copy that is not there, which is
        # cleaned up, while a copy without a marker would pass for somebody else's.
        write_marker(place, Marker(os.fspath(source.resolve()), digest))
        _put(temporary, place, digest, expected)
    except BaseException:
        temporary.remove()
        if digest and _is_there(place, digest):
            pass  # only what it replaced could not be removed
        elif former is None:
            remove_marker(place)
        else:
            write_marker(place, former)
        raise
    return Made(Method.COPY, digest, left_out)


def _is_there(place: Place, digest: str) -> bool:
    with suppress(OSError):
        return look_at_any(place) == digest
    return False


def _put(made: Place, place: Place, digest: str, expected: str | None) -> None:
    """Give what was made under a name of ours its real place."""
    if expected is None:
        put(made, place, digest=digest, expected=None, look=look_at_any)
        return
    ready = made.beside(telling_name(digest, expected))
    made.rename_to(ready)
    put(ready, place, digest=digest, expected=expected, look=look_at_any)


def junction_command(destination: str, source: str) -> list[str] | str:
    """How to make a directory junction: `mklink` is a command of the interpreter, not a program.

    Arguments in a list are quoted around spaces only, so a folder called `R&D` would end the command and begin
    another. Where a path holds such a character, this is the whole command line with quotes of ours (a path on
    Windows can hold none). Raises OSError for `%`, which stays a variable even in quotes.
    """
    if "%" in destination + source or '"' in destination + source:
        raise OSError(errno.EINVAL, "mklink would read a variable in the path", destination)
    if _READ_BY_CMD.isdisjoint(destination + source):
        return ["cmd", "/c", "mklink", "/J", destination, source]
    return f'cmd /c mklink /J "{destination}" "{source}"'
