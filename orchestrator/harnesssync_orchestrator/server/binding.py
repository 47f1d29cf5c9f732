"""Making a Unix socket that nobody else can connect to, not even for the moment between making and restricting it.

A path that holds something other than a dead socket of ours is refused: what is there is never deleted for us.
Blocking functions; a thread runs them, under the lock that says who may listen there.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harnesssync_orchestrator.errors import AlreadyRunningError, SocketError
from harnesssync_orchestrator.files.store import make_private

BACKLOG = 128
PROBE_S = 1.0


def bind(path: Path) -> socket.socket:
    """A listening socket at `path`, mode 0600. Its folder is made (0700) if it is missing.

    Raises SocketError when something is in the way, AlreadyRunningError when something answers there.
    """
    try:
        if not path.parent.exists():
            make_private(path.parent)
        _check_folder(path.parent)
        _clear(path)
        return _listen(path)
    except OSError as error:
        raise SocketError(
            f"no socket can be made here: {error.strerror or error}",
            path=str(path),
            hint="HARNESSSYNC_SOCKET chooses another place",
        ) from error


def unlink(path: Path, inode: tuple[int, int]) -> None:
    """Remove a socket's file, if it is still the one with this device and inode."""
    with suppress(FileNotFoundError):
        if identity(path) == inode:
            path.unlink()


def gone(sockets: Mapping[Path, tuple[int, int]]) -> list[Path]:
    """Those whose file is not there any more, or is another one than that with this device and inode."""
    missing = []
    for path, inode in sockets.items():
        try:
            if identity(path) != inode:
                missing.append(path)
        except (FileNotFoundError, NotADirectoryError):
            missing.append(path)
        except OSError:
            pass  # it can't be told
    return missing


def identity(path: Path) -> tuple[int, int]:
    """Device and inode."""
    status = path.lstat()
    return status.st_dev, status.st_ino


class Peer(NamedTuple):
    """The process at the other end when it connected; None for what the system does not tell."""

    pid: int | None
    uid: int | None


if sys.platform == "linux":

    def peer(connection: socket.socket) -> Peer:
        """Who connected, as the kernel noted it (unix(7), SO_PEERCRED)."""
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _ = struct.unpack("3i", credentials)
        return Peer(pid, uid)

elif sys.platform == "darwin":

    def peer(connection: socket.socket) -> Peer:
        """Who connected, as the kernel noted it (unix(4), LOCAL_PEERCRED)."""
        # struct xucred of <sys/ucred.h>: version, uid, …; <sys/un.h>: SOL_LOCAL 0, LOCAL_PEERCRED 1, LOCAL_PEERPID 2
        _, uid = struct.unpack_from("=II", connection.getsockopt(0, 1, 76))
        return Peer(connection.getsockopt(0, 2), uid)

else:

    def peer(connection: socket.socket) -> Peer:  # noqa: ARG001 - nobody to ask
        """Not told here: the socket's mode alone keeps others out."""
        return Peer(None, None)


def _check_folder(folder: Path) -> None:
    """Whoever can write in the folder can put another socket there. `/tmp` is safe: its sticky bit forbids that."""
    status = folder.stat()
    if status.st_uid not in {os.geteuid(), 0}:
        raise SocketError(f"the socket's folder belongs to user {status.st_uid}", path=str(folder))
    if status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX:
        raise SocketError("other users can write in the socket's folder", path=str(folder), hint="chmod go-w it")


def _clear(path: Path) -> None:
    """Remove a dead socket of ours; refuse anything else."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise SocketError(
            "something that is not a socket is in the way",
            code="socket_path_taken",
            path=str(path),
            hint="It is left alone: move it, or choose another path by HARNESSSYNC_SOCKET",
        )
    if status.st_uid != os.getuid():
        raise SocketError("another user's socket is in the way", code="socket_path_taken", path=str(path))
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            unlink(path, (status.st_dev, status.st_ino))
            return
        except (TimeoutError, BlockingIOError):
            pass  # its queue is full: a slow answer is not death
    raise AlreadyRunningError("another process answers on this socket", path=str(path), hint="Stop it first")


def _listen(path: Path) -> socket.socket:
    # Made in a private folder and moved from there: nobody can reach it before its mode is right, and the mask of
    # file modes, which all threads share, stays as it is. The folder's name is shorter than any of our sockets' names.
    listener = socket.socket(socket.AF_UNIX)
    folder = Path(tempfile.mkdtemp(prefix=".", dir=path.parent))
    made = folder / "s"
    try:
        folder.chmod(0o700)  # where the mask of the process took that away
        listener.bind(str(made))
        made.chmod(0o600)
        listener.listen(BACKLOG)
        listener.setblocking(False)
        # A link, not a rename: should something have appeared at the path, it is not replaced.
        os.link(made, path, follow_symlinks=False)
    except BaseException:
        listener.close()
        raise
    finally:
        made.unlink(missing_ok=True)
        folder.rmdir()
    return listener
