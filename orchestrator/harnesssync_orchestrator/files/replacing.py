"""Putting something new in the place of something known, so that an edit in between is never lost."""

from __future__ import annotations

import errno
import os
import shutil
import stat

from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.folder import Folder
from harnesssync_orchestrator.files.swap import exchange, rename_exclusively


def put(folder: Folder, temporary: str, name: str, relative: str, *, expected: str | None, new: str) -> None:
    """Give `temporary`, whose digest is `new`, its real name, if what stands there has the digest `expected`.

    The temporary is gone afterwards, also when this raises: ApplyError `changed_underneath` or OSError.
    """
    try:
        if expected is None:
            _put_where_nothing_is(folder, temporary, name)
        elif exchange(folder.at(temporary), folder.at(name), dir_fd=folder.fd):
            _confirm_exchanged(folder, temporary, name, relative, expected=expected, new=new)
        else:
            confirm(folder, name, relative, expected)
            os.replace(folder.at(temporary), folder.at(name), src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
    except BaseException:
        if digest_of_any(folder, temporary) == new:  # never what somebody else wrote
            folder.discard(temporary)
        raise


def put_back(folder: Folder, aside: str, name: str, relative: str) -> None:
    """Give something that was taken aside its name back; if that name is taken by now, say where it is."""
    try:
        if not rename_exclusively(folder.at(aside), folder.at(name), dir_fd=folder.fd):
            folder.rename_if_free(aside, name)
    except FileExistsError as error:
        raise ApplyError(
            f"it was changed twice while it was being removed; the earlier content is in {aside}",
            code="changed_underneath",
            path=relative,
            hint="Look at both, keep what you need, then sync again",
        ) from error


def confirm(folder: Folder, name: str, relative: str, expected: str | None) -> None:
    """Raise ApplyError if what stands at a name has not the digest that was expected."""
    found = digest_of_any(folder, name)
    if found == expected:
        return
    if found == "":
        raise ApplyError(
            "a folder or a special file stands there",
            code="obstructed",
            path=relative,
            hint="Move it away, then sync again",
        )
    raise changed(relative)


def changed(relative: str) -> ApplyError:
    return ApplyError(
        "somebody changed it since it was looked at",
        code="changed_underneath",
        path=relative,
        hint="Nothing was overwritten. Sync again",
    )


def digest_of_any(folder: Folder, name: str) -> str | None:
    """`Folder.digest`, but "" (the digest of nothing) for a folder, a FIFO or a device."""
    try:
        return folder.digest(name)
    except IsADirectoryError:
        return ""


def remove_tree(folder: Folder, name: str) -> None:
    """Remove a folder with all that is in it. Links in it are removed, never followed."""
    if folder.fd is None:
        shutil.rmtree(folder.path / name)
        return
    os.chmod(name, 0o700, dir_fd=folder.fd)
    for _, folders, files, descriptor in os.fwalk(name, topdown=True, dir_fd=folder.fd):
        # Copies keep the modes of their sources: a read-only folder has to be opened up before it can be emptied.
        for inner in folders:
            if stat.S_ISDIR(os.stat(inner, dir_fd=descriptor, follow_symlinks=False).st_mode):
                os.chmod(inner, 0o700, dir_fd=descriptor)
        for inner in files:
            os.unlink(inner, dir_fd=descriptor)
    for _, folders, _, descriptor in os.fwalk(name, topdown=False, dir_fd=folder.fd):
        for inner in folders:
            if stat.S_ISLNK(os.stat(inner, dir_fd=descriptor, follow_symlinks=False).st_mode):
                os.unlink(inner, dir_fd=descriptor)
            else:
                os.rmdir(inner, dir_fd=descriptor)
    os.rmdir(name, dir_fd=folder.fd)


def _put_where_nothing_is(folder: Folder, temporary: str, name: str) -> None:
    if rename_exclusively(folder.at(temporary), folder.at(name), dir_fd=folder.fd):
        return
    try:
        os.link(folder.at(temporary), folder.at(name), src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
    except OSError as error:  # no hard links either: look, then rename
        if error.errno == errno.EEXIST:
            raise
        folder.rename_if_free(temporary, name)
        return
    folder.discard(temporary)


def _confirm_exchanged(folder: Folder, temporary: str, name: str, relative: str, *, expected: str, new: str) -> None:
    """Look at what came out of an exchange: discard it if it is what was expected, else exchange back."""
    if digest_of_any(folder, temporary) == expected:
        folder.discard(temporary)
        return
    try:
        exchange(folder.at(temporary), folder.at(name), dir_fd=folder.fd)
        if digest_of_any(folder, temporary) != new:
            # Somebody replaced our content in this very moment. What they wrote is the newest: it gets the name,
            # and what they replaced keeps the random one rather than be lost.
            exchange(folder.at(temporary), folder.at(name), dir_fd=folder.fd)
    except FileNotFoundError:  # somebody removed ours in this very moment
        put_back(folder, temporary, name, relative)
    raise changed(relative)
