r"""Every file of ours is written here (outputs: `below`).

A file is made under a temporary name beside its destination, synced, renamed, and the folder synced: readers see the
old content or the new, after a power cut too. Text in our own files is UTF-8 JSON; a path that is not UTF-8 is held
as Python holds it (`os.fsdecode`), its odd bytes written as the JSON escapes `\udc80` to `\udcff`, so that nothing
is lost and everything else stays readable.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import stat
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any

from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.folder import HAS_DIR_FD, Folder
from harnesssync_orchestrator.files.swap import rename_exclusively

PREFIX = ".state-"
SUFFIX = ".json.tmp"
ABANDONED_AFTER_S = 60.0


def now() -> str:
    """The time, UTC with offset, ISO 8601, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def write_atomic(
    path: Path, content: bytes, *, mode: int | None = None, prefix: str = PREFIX, suffix: str = SUFFIX
) -> None:
    """Replace a file as a whole, or make it; missing folders above it are made for its owner alone (0700).

    Without `mode` a file keeps the one it has, and a new one gets 0600. A link at `path` is replaced, never followed.
    On failure the temporary is removed, the old content is intact and the error (OSError) goes on. An interrupt from
    the keyboard waits until the write is done.
    """
    make_private(path.parent)
    with _uninterrupted():
        folder = Folder.root(path.parent)
        temporary = f"{prefix}{os.getpid()}-{secrets.token_hex(8)}{suffix}"
        try:
            former = folder.lstat(path.name)
            if mode is None:
                mode = stat.S_IMODE(former.st_mode) if former and stat.S_ISREG(former.st_mode) else 0o600
            folder.create(temporary, content, mode=mode, exact=True)
            try:
                os.replace(folder.at(temporary), folder.at(path.name), src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
            except BaseException:
                folder.discard(temporary)
                raise
            folder.sync()
        finally:
            folder.close()


def make_private(directory: Path) -> None:
    """Make a folder of ours, and those above it that are missing, for its owner alone. One that exists is left as is.

    Raises OSError.
    """
    missing = []
    here = directory
    while not os.path.isdir(here):  # noqa: PTH112 - before each write
        missing.append(here)
        if here.parent == here:
            break
        here = here.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        if os.name != "nt" and each.stat().st_mode & 0o700 != 0o700:
            each.chmod(0o700)  # the mask of the process took away what we need ourselves
        _sync(each.parent)


def check_private(directory: Path) -> None:
    """Raise StateError unless a folder is a real one, ours, and writable for nobody else."""
    status = directory.lstat()
    if not HAS_DIR_FD:
        return
    reason = None
    if not stat.S_ISDIR(status.st_mode):
        reason = "it is a link or no folder"
    elif status.st_uid != os.geteuid():
        reason = f"it belongs to user {status.st_uid}"
    elif status.st_mode & 0o022:
        reason = "others may write to it"
    if reason:
        raise StateError(
            f"this folder can't be trusted with files of ours: {reason}",
            code="folder_not_private",
            path=str(directory),
            hint=f"Make it yours alone: chmod 700 {directory}",
        )


def to_json(value: object, *, indent: int | None = None) -> bytes:
    """A value as JSON that people can read, with a final line break. Raises TypeError or ValueError."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"  # a lone surrogate becomes its JSON escape


def read_json(path: Path, default: Any) -> tuple[Any, Problem | None]:  # noqa: ANN401 - any JSON value
    """The value in a file; `default` when there is no file, also, with a problem, when it can't be read.

    The problem's code is `json_invalid` (with line and column) or `unreadable`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return default, None
    except OSError as error:
        return default, _problem("unreadable", error.strerror or str(error), path, "Make it readable for you")
    try:
        return json.loads(content.decode("utf-8-sig")), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte {content[error.start]:#04x} is not UTF-8"
        return default, _problem("json_invalid", message, path, "Repair or remove it", line)
    except json.JSONDecodeError as error:
        return default, _problem("json_invalid", error.msg, path, "Repair or remove it", error.lineno, error.colno)
    except RecursionError:
        return default, _problem("json_invalid", "it is nested too deeply", path, "Repair or remove it")


def quarantine(path: Path, *, inode: int | None = None) -> Path | None:
    """Keep a file that can't be read as `<name>.bak.<timestamp>`, and give that path.

    `inode` is that of the file which was found broken. If a good one has taken its place meanwhile, nothing happens
    and the answer is None. Raises OSError.
    """
    folder = Folder.root(path.parent)
    try:
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        names = (f"{path.name}.bak.{stamp}{extra}" for extra in ("", *(f"-{n}" for n in range(2, 1000))))
        backup = next(name for name in names if folder.lstat(name) is None)
        try:
            os.rename(folder.at(path.name), folder.at(backup), src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
        except FileNotFoundError:
            return None
        status = folder.lstat(backup)
        if inode is not None and status is not None and status.st_ino != inode:
            with suppress(FileExistsError):  # an even newer one came: then this backup is one more generation
                if rename_exclusively(folder.at(backup), folder.at(path.name), dir_fd=folder.fd):
                    return None
        folder.sync()
        return path.with_name(backup)
    finally:
        folder.close()


def sweep(directory: Path) -> tuple[Path, ...]:
    """Remove temporaries of ours whose writer is gone, or which are older than a minute; gives what was removed.

    What can't be looked at or removed now is tried again the next time.
    """
    removed = []
    pattern = re.compile(rf"{re.escape(PREFIX)}(\d+)-[0-9a-f]{{16}}{re.escape(SUFFIX)}")
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            match = pattern.fullmatch(entry.name)
            if match is None or not entry.is_file(follow_symlinks=False):
                continue
            with suppress(OSError):
                old = time.time() - entry.stat(follow_symlinks=False).st_mtime > ABANDONED_AFTER_S
                if old or not _is_alive(int(match[1])):
                    Path(entry.path).unlink()
                    removed.append(Path(entry.path))
    return tuple(removed)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # asking would end it: there, age alone decides
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _problem(
    code: str, message: str, path: Path, hint: str, line: int | None = None, column: int | None = None
) -> Problem:
    return Problem(code=code, message=message, file=str(path), hint=hint, line=line, column=column, hides=False)


def _sync(directory: Path) -> None:
    if HAS_DIR_FD:
        folder = Folder.root(directory)
        try:
            folder.sync()
        finally:
            folder.close()


@contextmanager
def _uninterrupted() -> Generator[None]:
    """Let an interrupt from the keyboard wait. A second one is not held back: then somebody is in earnest."""
    former = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or former is None:
        yield
        return
    came = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, former)

    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if came:
            signal.raise_signal(signal.SIGINT)


__all__ = [
    "check_private",
    "make_private",
    "now",
    "quarantine",
    "read_json",
    "sweep",
    "to_json",
    "write_atomic",
]
