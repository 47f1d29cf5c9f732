"""Locks between processes: held by the living alone, waited for with patience that ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harnesssync_orchestrator.errors import LockTimeoutError
from harnesssync_orchestrator.files import holders, locks
from harnesssync_orchestrator.files.guard import Guard, name_of
from harnesssync_orchestrator.files.holders import holder
from harnesssync_orchestrator.files.locks import FileLock, held

HOLD = """
import sys
from pathlib import Path
from harnesssync_orchestrator.files.locks import held
with held(Path(sys.argv[1]), 5):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate()


def test_project_lock_that_another_process_holds_is_waited_for_and_names_it(tmp_path: Path) -> None:
    """After the time that was allowed, the error tells which process is in the way."""
    lock = tmp_path / "a" / "sync.lock"
    with another_process(lock) as process:
        with pytest.raises(LockTimeoutError, match=rf"process {process.pid} still holds the lock after 0\.05 s"):
            FileLock(lock).acquire(0.05)
        assert holder(lock) == process.pid
    with held(lock):
        assert holder(lock) == os.getpid()
    assert holder(lock) is None


def test_project_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    """The kernel gives it back; no file has to be cleared away for that."""
    lock = tmp_path / "sync.lock"
    with another_process(lock) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with held(lock):
            assert lock.exists()


def test_project_lock_of_one_project_is_none_of_another(tmp_path: Path) -> None:
    """Two projects never block each other."""
    with another_process(tmp_path / "a" / "sync.lock"), held(tmp_path / "b" / "sync.lock") as lock:
        assert lock.is_held


def test_project_lock_is_had_as_soon_as_the_holder_ends(tmp_path: Path) -> None:
    """Whoever waits long enough gets it."""
    path, waiting = tmp_path / "sync.lock", FileLock(tmp_path / "sync.lock")
    with another_process(path) as process:
        thread = threading.Thread(target=waiting.acquire, args=(30.0,))
        thread.start()
        assert process.stdin is not None
        process.stdin.close()
        thread.join(30)
        assert waiting.is_held
        process.stdin = None  # closed already
    waiting.release()
    with held(path):
        pass


def test_two_locks_on_one_file_exclude_each_other_within_a_process(tmp_path: Path) -> None:
    """Threads are no exception, and giving back what is not held does nothing."""
    first, second = FileLock(tmp_path / "x.lock"), FileLock(tmp_path / "x.lock")
    assert (first.try_acquire(), second.try_acquire(), first.try_acquire()) == (True, False, False)
    second.release()
    first.release()
    assert second.try_acquire()
    second.release()


def test_a_wait_can_be_called_off(tmp_path: Path) -> None:
    """Whoever shuts down does not wait for a lock."""
    cancelled = threading.Event()
    cancelled.set()
    with held(tmp_path / "x.lock"), pytest.raises(LockTimeoutError):
        FileLock(tmp_path / "x.lock").acquire(600, cancelled=cancelled)


def test_a_lock_on_a_file_that_was_exchanged_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody removes the lock file between opening and locking: two holders of two files would both feel safe."""
    path, lock_it = tmp_path / "x.lock", locks._lock
    locked: list[object] = []

    def swapped(descriptor: int) -> bool:
        if not locked:
            path.unlink()
            path.write_bytes(b"")
        locked.append(os.fstat(descriptor).st_ino)
        return lock_it(descriptor)

    monkeypatch.setattr(locks, "_lock", swapped)
    lock = FileLock(path)
    assert lock.try_acquire()
    assert locked[-1] == path.stat().st_ino != locked[0]
    monkeypatch.undo()
    assert not FileLock(path).try_acquire()
    lock.release()


def test_taking_a_lock_again_writes_nothing_and_its_file_stays(tmp_path: Path) -> None:
    """A sync that has nothing to do leaves no new time stamp anywhere."""
    path = tmp_path / "x.lock"
    with held(path):
        pass
    os.utime(path, ns=(5, 5))
    with held(path):
        pass
    assert (path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_mode & 0o777) == (5, 0, 0o600)


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """A lock file is a file."""
    (tmp_path / "x.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        FileLock(tmp_path / "x.lock").try_acquire()
    assert not (tmp_path / "elsewhere").exists()


def test_a_child_that_outlives_its_parent_does_not_keep_the_lock(tmp_path: Path) -> None:
    """A program started meanwhile inherits nothing."""
    path = tmp_path / "x.lock"
    lock = FileLock(path)
    assert lock.try_acquire()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        with held(path):
            assert child.poll() is None


def test_where_the_system_tells_no_holder_the_file_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, where there is no /proc/locks."""
    monkeypatch.setattr(holders, "_KERNEL_LOCKS", tmp_path / "no such file")
    path = tmp_path / "x.lock"
    path.write_bytes(b"something longer than a number")
    with held(path):
        assert (holder(path), path.read_text()) == (os.getpid(), f"{os.getpid()}\n")
    path.write_bytes(b"no number")
    assert holder(path) is None


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of sockets that are no files")


@linux_only
@pytest.mark.parametrize("removed", ["lock file", "folder", "everything"])
def test_a_lock_for_life_excludes_others_even_when_its_file_is_removed(tmp_path: Path, removed: str) -> None:
    """Somebody clears away what is in use: the next one who comes finds no file, and is refused all the same."""
    root = tmp_path / "ours"
    path = root / "projects" / "a" / "owner.lock"
    lock, rival = FileLock(path, guarded=root), FileLock(path, guarded=root)
    assert lock.try_acquire()
    if removed == "lock file":
        path.unlink()
    else:
        shutil.rmtree(path.parent if removed == "folder" else root)
    assert not rival.try_acquire()
    assert rival.holder == os.getpid()
    lock.release()
    assert rival.try_acquire()
    rival.release()


@linux_only
def test_a_home_by_another_name_is_the_same_home(tmp_path: Path) -> None:
    """A link to it leads to the same lock and the same guard."""
    root, link = tmp_path / "a" / "ours", tmp_path / "b"
    root.mkdir(parents=True)
    link.symlink_to(root)
    lock = FileLock(root / "x.lock", guarded=root)
    assert lock.try_acquire()
    assert not FileLock(link / "x.lock", guarded=link).try_acquire()
    assert name_of(root / "x.lock", root) == name_of(link / "x.lock", link)
    assert name_of(root / "x.lock", root) != name_of(root / "y.lock", root)
    lock.release()


@linux_only
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody else")
def test_a_name_that_a_stranger_has_taken_refuses_nobody(tmp_path: Path) -> None:
    """Any user can take any name: that must not keep us from starting."""
    path = tmp_path / "ours" / "x.lock"
    path.parent.mkdir()
    name = name_of(path, path.parent)
    ready, done = os.pipe(), os.pipe()
    stranger = os.fork()
    if stranger == 0:  # no test runs here: it takes the name, waits, and is gone
        try:
            os.setuid(65534)
            guard = Guard(name)
            os.write(ready[1], b"x" if guard.take() is None else b"-")
            os.close(done[1])
            os.read(done[0], 1)
        finally:
            os._exit(0)
    try:
        os.close(ready[1])
        assert os.read(ready[0], 1) == b"x"
        with FileLock(path, guarded=path.parent) as lock:
            assert lock.is_held
    finally:
        for descriptor in (ready[0], *done):
            os.close(descriptor)
        os.waitpid(stranger, 0)


def test_a_lock_whose_file_was_removed_is_taken_anew(tmp_path: Path) -> None:
    """By whoever holds it, when it looks for the second time: then the file excludes others again."""
    path = tmp_path / "x.lock"
    lock = FileLock(path)
    assert lock.try_acquire()
    assert lock.keep()
    path.unlink()
    assert lock.keep()
    assert lock.in_doubt
    assert not path.exists()
    assert lock.keep()
    assert not lock.in_doubt
    assert not FileLock(path).try_acquire()
    lock.release()
    assert not lock.keep()


def test_a_lock_that_somebody_else_took_anew_is_lost(tmp_path: Path) -> None:
    """Without a guard the second one has it, and the first learns that it has none."""
    path = tmp_path / "x.lock"
    lock, second = FileLock(path), FileLock(path)
    assert lock.try_acquire()
    path.unlink()
    assert second.try_acquire()
    assert not lock.keep()
    assert second.keep()
    lock.release()
    second.release()


def test_a_lock_whose_folder_was_removed_is_lost_and_the_folder_stays_away(tmp_path: Path) -> None:
    """Whoever removed all that is ours does not get it back from a process that still runs."""
    path = tmp_path / "ours" / "x.lock"
    lock = FileLock(path)
    assert lock.try_acquire()
    shutil.rmtree(path.parent)
    assert [lock.keep(), lock.keep()] == [True, False]
    assert not path.parent.exists()
    lock.release()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who holds a lock")
def test_a_lock_that_a_child_inherited_is_told_to_be_the_childs(tmp_path: Path) -> None:
    """Its parent took it and was killed; the kernel still names the parent, whose number may be a stranger's by now."""
    path = tmp_path / "x.lock"
    fork = f"""
import os, sys
from pathlib import Path
from harnesssync_orchestrator.files.locks import FileLock
lock = FileLock(Path({str(path)!r}))
lock.try_acquire()
child = os.fork()
if child == 0:
    os.close(1)
    sys.stdin.read()
    os._exit(0)
print(child, flush=True)
os.kill(os.getpid(), 9)
"""
    with subprocess.Popen(
        [sys.executable, "-c", fork], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.wait()
        assert not FileLock(path).try_acquire()
        assert holder(path) == child
        with pytest.raises(LockTimeoutError, match=f"process {child} still holds the lock"):
            FileLock(path).acquire(0)
    with held(path, 10):  # the child ends with its input
        pass


@pytest.mark.skipif(os.name == "nt", reason="there is no mask of modes")
@pytest.mark.parametrize("mask", [0o000, 0o177, 0o777])
def test_a_strange_mask_leaves_what_is_ours_usable_and_private(tmp_path: Path, mask: int) -> None:
    """Some scripts take away more than others' rights before they start a program."""
    former = os.umask(mask)
    try:
        with held(tmp_path / "ours" / "a" / "x.lock"):
            pass
    finally:
        os.umask(former)
    modes = [(tmp_path / "ours" / name).stat().st_mode & 0o777 for name in (".", "a", "a/x.lock")]
    assert modes == [0o700, 0o700, 0o600]
