"""One watcher of the system's, over a fixed set of folders: inotify on Linux, what `watchfiles` has elsewhere.

`watchfiles` alone would not do: it passes over the system's word that events were lost (IN_Q_OVERFLOW has no path), so
that an edit could stay unseen for minutes; it holds the interpreter while it arms; and it wakes up a hundred times a
second to see whether it is to stop.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from watchfiles import Change

# Documented for direct use: https://watchfiles.helpmanual.io/api/rust_backend/
from watchfiles._rust_notify import RustNotify

OVERFLOW = "overflow"
"""Said instead of what changed: more did than the system could keep."""

FAILURES = (OSError, RuntimeError)
"""What a watcher fails with: `watchfiles` raises `WatchfilesRustInternalError`, which is a RuntimeError."""
DENIALS = frozenset({errno.EACCES, errno.EPERM})
"""Reasons that are about one folder alone."""
POLLED = 4000
"""So many folders can be polled each second at a tenth of a processor."""

# inotify(7), <sys/inotify.h>
_MODIFY, _ATTRIB, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x2, 0x4, 0x8, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_UNMOUNT, _Q_OVERFLOW, _IGNORED, _ONLYDIR = 0x2000, 0x4000, 0x8000, 0x0100_0000
_ADDED, _DELETED = _MOVED_TO | _CREATE, _MOVED_FROM | _DELETE | _DELETE_SELF | _MOVE_SELF
_ENDED = _DELETE_SELF | _UNMOUNT | _IGNORED
_WANTED = _MODIFY | _ATTRIB | _CLOSE_WRITE | _ADDED | _DELETED
_HEAD = struct.Struct("iIII")
"""wd, mask, cookie, length of the name that follows."""
_LONGEST = _HEAD.size + 256
"""Bytes of one event."""
_BUFFER = 64 * 1024
"""Bytes read at once. A mebibyte, once asked for, was kept by the allocator for every watcher."""
_READS = 16
"""So often in a row: as much as the system keeps by default, 16,384 events, if their names are not long."""
WOKEN_MS, IDLE_MS = 60_000, 500
"""How long a notifier with nothing to tell is waited for, if it can be woken, and if it can't."""


class Stop(threading.Event):
    """An event that a poll can wait for too, and be woken by without it. Only its waiter waits elsewhere than on
    the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.reader, self._writer = os.pipe()

    def set(self) -> None:
        if not self.is_set():
            super().set()
            os.write(self._writer, b".")

    def wake(self) -> None:
        """End a wait; nothing is stopped by that."""
        if not self.is_set():  # nor closed
            os.write(self._writer, b".")

    def woken(self, ready: Collection[int]) -> bool:
        """Was it this, among the descriptors that are `ready`? Then the next wait is one again."""
        return self.reader in ready and bool(os.read(self.reader, 1))

    def close(self) -> None:
        super().set()
        for descriptor in (self.reader, self._writer):
            with suppress(OSError):
                os.close(descriptor)


class Notifier(Protocol):
    """What is used of `RustNotify`: `watch` blocks until something changed and returns it, or a word why not:
    "timeout", also when it was woken, "stop" or `OVERFLOW`."""

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: Stop | None
    ) -> set[tuple[int, str]] | str: ...

    def close(self) -> None: ...


def open_notifier(folders: list[str], *, polling: bool, poll_ms: int) -> Notifier:
    """Watch these folders. Raises FileNotFoundError when one is gone, other OSErrors when watches run out; of polling
    also when one can't be read."""
    if sys.platform == "linux" and not polling:
        return Inotify(folders)
    return RustNotify(folders, False, polling, poll_ms, False, True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A notifier, None for no folder at all, and the `folders` that it watches. Of the others that are there, those
    that the system had no watches for are `left`, and those that we may not read are `denied`, with the reason."""

    notifier: Notifier | None = None
    folders: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    denied: Mapping[str, OSError] = field(default_factory=dict)


def open_those_there(make: Callable[..., Notifier], folders: Collection[str], *, polling: bool, poll_ms: int) -> Opened:
    """A notifier for those of the folders that are there. One that vanishes meanwhile is left out: whoever asked is
    told by its parent. Very many are polled less often."""
    while True:
        # os.path.isdir, measured: four times faster than Path.is_dir, for thousands of folders.
        there = [folder for folder in folders if os.path.isdir(folder)]  # noqa: PTH112 - measured
        denied = _unreadable(there) if polling else {}
        there = [folder for folder in there if folder not in denied] if denied else there
        if not there:
            return Opened(denied=denied)
        with suppress(FileNotFoundError):
            notifier = make(there, polling=polling, poll_ms=poll_ms * max(1, len(there) // POLLED))
            left: frozenset[str] = getattr(notifier, "left", frozenset())
            denied = getattr(notifier, "denied", denied)
            watched = frozenset(there).difference(left, denied)
            if not watched:
                notifier.close()
                return Opened(left=left, denied=denied)
            return Opened(notifier=notifier, folders=watched, left=left, denied=denied)


def _unreadable(folders: Iterable[str]) -> dict[str, OSError]:
    """Those that polling would fail at, and with them all others."""
    denied: dict[str, OSError] = {}
    for folder in folders:
        try:
            os.scandir(folder).close()
        except OSError as error:
            if error.errno in DENIALS:
                denied[folder] = error
    return denied


class Inotify:
    """An inotify instance. `left` are the folders that the system had no watches for, `denied` those that we may not
    read, with the reason: no other one suffers by them.

    Raises FileNotFoundError when a folder is gone, other OSErrors when there are no instances left, or no watch at all.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        # The interpreter is given away for each call: where a mount hangs, it takes as long as that does.
        self._system = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise _error("inotify_init1")
        self._folders: dict[int, tuple[str, ...]] = {}
        self.denied: dict[str, OSError] = {}
        try:
            self.left = frozenset(self._all_but_added(folders))
        except BaseException:
            os.close(self._descriptor)
            raise

    def _all_but_added(self, folders: Iterable[str]) -> Iterator[str]:
        for folder in (rest := iter(folders)):
            try:
                self._add(folder)
            except OSError as error:
                if error.errno in DENIALS:
                    self.denied[folder] = error
                    continue
                if error.errno != errno.ENOSPC or not self._folders:
                    raise
                yield folder
                yield from rest

    def _add(self, folder: str) -> None:
        number = self._system.inotify_add_watch(self._descriptor, os.fsencode(folder), _WANTED | _ONLYDIR)
        if number < 0:
            raise _error(folder)
        # Of one folder under two names, there is one watch.
        self._folders[number] = (*self._folders.get(number, ()), folder)

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: Stop | None
    ) -> set[tuple[int, str]] | str:
        """What changed, gathered until nothing more comes for `step_ms`, but hardly longer than `debounce_ms`."""
        heard: set[tuple[int, str]] = set()
        stopped, anything = _poll(stop_event), _poll(stop_event, self._descriptor)
        ends = time.monotonic() + timeout_ms / 1000
        try:
            while not heard:
                ready = dict(anything.poll(max(0.0, (ends - time.monotonic()) * 1000)))
                if stop_event is not None and stop_event.is_set():
                    return "stop"
                self._take(heard)
                # The word to look up waits until all is told: whoever is retired goes only then.
                if not heard and (not ready or (stop_event is not None and stop_event.woken(ready))):
                    return "timeout"
            # What comes in quick succession is read together: each waking takes the interpreter from somebody else.
            ends = time.monotonic() + debounce_ms / 1000
            while time.monotonic() < ends:
                stopped.poll(step_ms)
                if stop_event is not None and stop_event.is_set():
                    return "stop"
                if not self._take(heard):
                    break
        except _LostError:
            return OVERFLOW
        return heard

    def close(self) -> None:
        os.close(self._descriptor)

    def _take(self, heard: set[tuple[int, str]]) -> bool:
        """Read what the system has, into `heard`. False if it has nothing. Raises _LostError if it has lost some."""
        for reads in range(_READS):
            try:
                events = os.read(self._descriptor, _BUFFER)
            except BlockingIOError:
                return reads > 0
            self._sort(events, heard)
            if len(events) <= _BUFFER - _LONGEST:  # there was no more
                break
        return True

    def _sort(self, events: bytes, heard: set[tuple[int, str]]) -> None:
        at = 0
        while at < len(events):
            number, mask, _, length = _HEAD.unpack_from(events, at)
            at += _HEAD.size + length
            if mask & _Q_OVERFLOW:
                raise _LostError
            if (
                mask & _ENDED
            ):  # nothing more is heard of it, whatever comes in its place; what ends it may be told twice
                heard.update((Change.deleted, folder) for folder in self._folders.pop(number, ()))
                continue
            change = Change.added if mask & _ADDED else Change.deleted if mask & _DELETED else Change.modified
            name = os.fsdecode(events[at - length : at].rstrip(b"\0")) if length else ""
            for folder in self._folders.get(number, ()):
                heard.add((change, f"{folder}/{name}" if name else folder))


class _LostError(Exception):
    """The system had more to tell than it could keep."""


def _poll(stop_event: Stop | None, *descriptors: int) -> select.poll:
    poll = select.poll()
    for descriptor in (*descriptors, *(() if stop_event is None else (stop_event.reader,))):
        poll.register(descriptor, select.POLLIN)
    return poll


def _error(what: str) -> OSError:
    number = ctypes.get_errno()
    if number == errno.ENOTDIR:  # something else stands where the folder was
        number = errno.ENOENT
    return OSError(number, os.strerror(number), what)


__all__ = [
    "FAILURES",
    "OVERFLOW",
    "Inotify",
    "Notifier",
    "Opened",
    "Stop",
    "open_notifier",
    "open_those_there",
]
