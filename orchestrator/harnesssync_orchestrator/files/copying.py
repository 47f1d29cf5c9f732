"""Copies of sources, for systems that can't link: made whole or not at all, and marked as ours.

Beside a copy `foo` stands its marker `.harnesssync-source-foo.txt`: the absolute path of the source, and in the line
after it the digest of the copy as we made it. A copy is ours when the digest still fits.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from harnesssync_orchestrator.core.desired import link_hash
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.files.folder import Folder, set_mode, where_possible, write_all
from harnesssync_orchestrator.files.hashing import hash_batch
from harnesssync_orchestrator.files.opened import OPEN_FLAGS
from harnesssync_orchestrator.files.place import Place, is_link
from harnesssync_orchestrator.files.reading import Looked, Signature, SpecialFileError, require_regular
from harnesssync_orchestrator.files.temporaries import our_name
from harnesssync_orchestrator.files.tree import TreeListing, list_tree, tree_digest
from harnesssync_orchestrator.files.turns import fsync

_MAX_MARKER_BYTES = 64 * 1024
_PERMISSIONS = 0o777  # set-user-id and its like do not travel with a copy
_CREATE_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_COPY_BYTES = 1024 * 1024

LITTER = frozenset({"__pycache__", ".DS_Store"})
"""What Python and Finder leave in a folder: it goes with the folder."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What a marker says: the absolute path of the source, and the digest of the copy when it was made."""

    source: str
    digest: str


def read_marker(place: Place) -> Marker | None:
    """The marker beside a copy. None if there is none that we wrote: links and foreign text don't count.

    Raises OSError if that can't be known.
    """
    beside = place.beside(marker_name(place.name))
    status = beside.lstat()
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_MARKER_BYTES:
        return None
    try:
        descriptor = os.open(beside.handle, OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0), dir_fd=beside.fd)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        text = file.read(_MAX_MARKER_BYTES).decode("utf-8", "surrogateescape")
    source, _, digest = text.removesuffix("\n").rpartition("\n")
    return Marker(source, digest) if source else None


def write_marker(place: Place, marker: Marker) -> None:
    """Write the marker beside the copy at `place`, over an older marker of ours.

    Raises FileExistsError when something else has its name.
    """
    beside = place.beside(marker_name(place.name))
    if beside.lstat() is not None and read_marker(place) is None:
        raise FileExistsError(errno.EEXIST, "something else stands where the marker of a copy goes", str(beside.path))
    temporary = beside.beside(our_name())
    try:
        descriptor = os.open(temporary.handle, _CREATE_FLAGS, 0o644, dir_fd=temporary.fd)
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{marker.source}\n{marker.digest}\n".encode("utf-8", "surrogateescape"))
            file.flush()
            fsync(file.fileno())
        temporary.rename_to(beside)
    except BaseException:
        temporary.remove()
        raise


def remove_marker(place: Place) -> bool:
    """Remove the marker beside `place`; False if there is none of ours. Raises OSError."""
    if read_marker(place) is None:
        return False
    place.folder.discard(marker_name(place.name))
    return True


@contextmanager
def marker_going(place: Place) -> Generator[None]:
    """Remove one of ours after what is done inside, which does not begin if nobody can tell whose it is. Raises
    OSError."""
    is_ours = read_marker(place) is not None
    yield
    if is_ours:
        place.folder.discard(marker_name(place.name))


def digest_at(place: Place) -> str | None:
    """The digest of what stands at a place: of a link's text, a file's bytes or a folder's tree; None for nothing.

    Raises SpecialFileError for anything else, and OSError for what can't be read.
    """
    status = place.lstat()
    if status is None:
        return None
    if is_link(status):
        return link_hash(place.readlink())
    if stat.S_ISDIR(status.st_mode):
        return _digest_of_tree(place)
    require_regular(status, str(place.path))
    return place.folder.digest(place.name)


def look_at_any(place: Place) -> str | None:
    """What `digest_at` gives, but "" for what holds more than its digest covers, or has none."""
    status = place.lstat()
    if status is not None and stat.S_ISDIR(status.st_mode) and not is_link(status):
        return _digest_of_tree(place, wholly=True)
    try:
        return digest_at(place)
    except SpecialFileError:
        return ""


def _digest_of_tree(place: Place, *, wholly: bool = False) -> str:
    """Trees are read by path. Was it all the time the path of what stands here, no folder on the way swapped?"""
    _require_path(place)
    listing = list_tree(str(place.path), Looked())
    if listing.error is not None:  # a folder that can't be listed is no empty one
        raise listing.error
    digest = "" if wholly and _holds_more(place.path, listing) else digest_of_listing(listing)
    _require_path(place)
    return digest


def _require_path(place: Place) -> None:
    here, there = place.lstat(), place.path.lstat()
    if here is None or (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        raise NotADirectoryError(errno.ENOTDIR, "a folder on the way to it was replaced", str(place.path))


def digest_of_listing(listing: TreeListing) -> str:
    """The tree digest of a folder that has just been listed. Raises OSError for a file that can't be read."""
    digests: dict[str, str] = {}
    for path, digest in hash_batch(listing.contents).items():
        if isinstance(digest, OSError):
            raise digest
        digests[path] = digest
    return tree_digest(listing, digests)


def is_exactly(place: Place, digest: str) -> bool:
    """Does something with this digest stand here, and nothing that its digest does not cover?"""
    return look_at_any(place) == digest


def copy(source: Path, to: Place, digest: str | None = None) -> tuple[str, ...]:
    """Copy a file or a folder to a place where nothing stands: contents, permissions and modification times.

    With `digest`, that of a folder when its place was found to be in order, no other folder is copied, and no file that
    a link leads to. Inside a folder, links are followed as long as they stay in it. Returns what was left out, as
    sentences. Whatever fails, nothing of the copy remains. Raises OSError, FileExistsError if the place is taken.
    """
    to.require_free()
    try:
        if source.is_dir():
            return _copy_folder(source, to, digest)
        if digest is not None:
            _require_no_link(source)
        _copy_file(os.fspath(source), to)
    except BaseException:
        to.remove()
        raise
    return ()


def _require_no_link(source: Path) -> None:
    if os.path.realpath(source) != os.fspath(source):
        raise OSError(errno.ESTALE, "a link took its place since it was read", str(source))


def _copy_folder(source: Path, to: Place, digest: str | None) -> tuple[str, ...]:
    listing = list_tree(os.fspath(source), Looked())
    if digest is not None and digest_of_listing(listing) != digest:
        raise OSError(errno.ESTALE, "it was changed since it was read", str(source))
    left_out = [f"{problem.file} {problem.message}" for problem in listing.problems]
    left_out += [
        f"{source / file.relative} is a link that leads out of the folder or to nothing"
        for file in listing.files
        if file.link
    ]
    os.mkdir(to.handle, 0o755, dir_fd=to.fd)
    top = to.folder.open(to.name)
    try:
        files = (file for file in listing.files if not file.link)
        for inside, group in groupby(files, lambda file: file.relative.rpartition("/")[0]):
            with _folder_in(top, inside) as folder:
                for file in group:
                    _copy_file(file.path, Place(folder, file.relative.rpartition("/")[2]), file.signature)
        top.sync()
    finally:
        top.close()
    return tuple(left_out)


@contextmanager
def _folder_in(top: Folder, relative: str) -> Generator[Folder]:
    """A folder below an open one, made as needed, each part opened in the one before it."""
    with ExitStack() as stack:
        folder = top
        for part in relative.split("/") if relative else ():
            with suppress(FileExistsError):
                os.mkdir(folder.at(part), 0o755, dir_fd=folder.fd)
                folder.sync()
            folder = folder.open(part)
            stack.callback(folder.close)
        yield folder
        folder.sync()


def _copy_file(source: str, to: Place, listed: Signature | None = None) -> None:
    """Copy the file that was `listed`, and no other that has come to its path meanwhile."""
    origin = os.open(source, OPEN_FLAGS)
    try:
        status = os.fstat(origin)
        require_regular(status, source)
        if listed is not None and Signature.of(status).inode != listed.inode:
            raise OSError(errno.ESTALE, "it was replaced while it was read", source)
        copy = os.open(to.handle, _CREATE_FLAGS, 0o600, dir_fd=to.fd)
        try:
            while content := os.read(origin, _COPY_BYTES):
                write_all(copy, content)
            # File systems without links often have no permissions either: the content is what counts.
            if sys.platform != "win32":
                set_mode(copy, status.st_mode & _PERMISSIONS)
                with where_possible():
                    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
            fsync(copy)
        finally:
            os.close(copy)
        if sys.platform == "win32":
            os.utime(to.handle, ns=(status.st_atime_ns, status.st_mtime_ns))
    finally:
        os.close(origin)


def _holds_more(root: Path, listing: TreeListing) -> bool:
    """Is there anything in a copied folder that its listing, and so its digest, does not cover?

    A folder of version control that somebody began in it, say. Folders and what programs leave behind don't count.
    """
    listed = {file.relative for file in listing.files}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in LITTER]
        inside = Path(folder).relative_to(root)
        for name in [*names, *(name for name in folders if (Path(folder) / name).is_symlink())]:
            if name not in LITTER and (inside / name).as_posix() not in listed:
                return True
    return False
