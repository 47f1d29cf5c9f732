"""SHA-256 of file contents, cut to 16 hex digits, at the speed of the disk and in constant memory.

Small files go to one thread in batches, large ones to all threads at once (`plan_batches`): below about 128 KiB
the interpreter lock costs more than a second core gives. `HashCache` remembers digests by signature, so that a file
which has not changed is not opened again.

`hashlib.file_digest` is not used: measured, it takes as long as the loop here for large files (within 3 %) and twice
as long for small ones, it can't be stopped at a limit, and Python 3.10 has none.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from harnesssync_orchestrator.core.desired import HASH_DIGITS
from harnesssync_orchestrator.files.opened import OPEN_FLAGS, OutsideError
from harnesssync_orchestrator.files.reading import Signature, TooLargeError, require_regular

BUFFER_BYTES = 64 * 1024
"""Bytes a read asks for at most. From 128 KiB up the allocator maps and unmaps memory for every buffer, which
costs a small file more than its hash."""

LARGE_BYTES = 128 * 1024
"""From this size on a second thread pays off: the hash runs without the interpreter lock for long enough."""

MOST_IN_BATCH = 1000
"""Small files that a thread hashes in one go, some ten milliseconds: others wait for the thread meanwhile."""

MOST_BYTES_IN_BATCH = 4 * 1024 * 1024
"""The same for large files. A thread for each of them would be started and waited for as long as it hashes."""

MAX_HASHED_BYTES = 256 * 1024 * 1024
"""Longer files are not hashed: a sparse file may claim a terabyte. In a tree they count by size and time."""

RACY_NS = 20_000_000
"""Time stamps of files come from a clock that ticks every 1 to 10 ms. Two changes within a tick leave the same
stamp, so a stamp is believed only if it was at least two ticks old when the file was read."""

COARSE_NS = 2_000_000_000
"""The same for file systems that know whole seconds only: the step of FAT, which takes the next one or the last."""

_SECOND_NS = 1_000_000_000


def hash_file(path: Path | str, limit: int = MAX_HASHED_BYTES) -> str:
    """Hash of the bytes that `path` leads to, links followed; `""` if nothing is there.

    Raises PermissionError, IsADirectoryError, SpecialFileError, TooLargeError (more than `limit` bytes), OSError for
    a circle of links: what can't be read is not the same as what is missing.
    """
    name = os.fspath(path)
    try:
        require_regular(os.stat(name), name)  # noqa: PTH116 - a device must not even be opened
        return _hash(name, limit)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name that no file can have
        return ""


def hash_batch(
    paths: Iterable[str], limit: int = MAX_HASHED_BYTES, seen: Mapping[str, Signature] | None = None
) -> dict[str, str | OSError]:
    """The work of one thread: each path with its hash, `""` for a missing one, or the error that reading it gave.

    The paths are those of regular files, found so by `lstat` a moment ago. Where their signatures of then are among
    those `seen`, another file that a path leads to by now is not read: a folder on the way may be a link by now.
    """
    digests: dict[str, str | OSError] = {}
    for path in paths:
        signature = None if seen is None else seen.get(path)
        try:
            digests[path] = _hash(path, limit, None if signature is None else signature.inode)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            digests[path] = ""
        except OSError as error:
            digests[path] = error
    return digests


class Batch(NamedTuple):
    """What a thread hashes in one go: `paths` of large files, or of small ones."""

    paths: list[str]
    large: bool


def plan_batches(files: Sequence[tuple[str, int]], width: int) -> list[Batch]:
    """Divide files, given as (path, size), into batches for `hash_batch` in `width` threads, none of which takes long:
    large files first, the largest ahead, small ones in order."""
    width = max(1, width)
    large = sorted(((size, path) for path, size in files if size >= LARGE_BYTES), reverse=True)
    small = [path for path, size in files if size < LARGE_BYTES]
    batches = [Batch(paths, large=True) for paths in _divide(large, width)]
    length = min(MOST_IN_BATCH, max(1, -(-len(small) // width)))
    batches.extend(Batch(small[start : start + length], large=False) for start in range(0, len(small), length))
    return batches


def _divide(files: Sequence[tuple[int, str]], width: int) -> list[list[str]]:
    """Batches of ever fewer bytes, so that all threads end at about the same time."""
    batches: list[list[str]] = []
    left, room = sum(size for size, _ in files), 0
    for size, path in files:
        if size > room:
            batches.append([])
            room = min(MOST_BYTES_IN_BATCH, left // (2 * width))
        batches[-1].append(path)
        room -= size
        left -= size
    return batches


def _hash(path: str, limit: int, inode: int | None = None) -> str:
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        status = os.fstat(descriptor)
        if inode is not None and status.st_ino != inode:
            raise OutsideError(errno.EXDEV, "it was exchanged while it was read", path)
        if not stat.S_ISREG(status.st_mode):
            require_regular(status, path)
        size = status.st_size
        if size > limit:
            raise TooLargeError(errno.EFBIG, f"{size} bytes, more than {limit}", path)
        wanted = size + 1 if size < BUFFER_BYTES else BUFFER_BYTES
        content = os.read(descriptor, wanted)
        digest = hashlib.sha256(content)
        if len(content) < wanted:  # the end was reached: one read for nearly every file
            return digest.hexdigest()[:HASH_DIGITS]
        left = limit - wanted
        while content := os.read(descriptor, BUFFER_BYTES):
            digest.update(content)
            left -= len(content)
            if left < 0:  # a log that grows as fast as it is read would never end
                raise TooLargeError(errno.EFBIG, "grew beyond the limit while it was read", path)
        return digest.hexdigest()[:HASH_DIGITS]
    finally:
        os.close(descriptor)


class HashCache:
    """Digests of files by path, each valid for one signature. Only a cache: losing it costs time, nothing else."""

    __slots__ = ("_entries", "changed")

    def __init__(self) -> None:
        self._entries: dict[str, tuple[tuple[int, int, int, int, int], str]] = {}
        self.changed = False
        """Has anything been put or dropped since loading, so that saving is worth it?"""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, path: str, signature: Signature) -> str | None:
        """The digest of the file, if it still has the signature which it had then."""
        entry = self._entries.get(path)
        return entry[1] if entry is not None and entry[0] == signature else None

    def put(self, path: str, signature: Signature, digest: str, read_ns: int) -> None:
        """Remember a digest. `signature` was taken before the content was read, and reading began at `read_ns`
        (`time.time_ns()`); a file changed so shortly before that another change might not show is not kept."""
        if is_racy(signature, read_ns):
            if self._entries.pop(path, None) is not None:
                self.changed = True
        else:
            self._entries[path] = (signature, digest)
            self.changed = True

    def divide(
        self, signatures: Mapping[str, Signature], *, verify: bool = False
    ) -> tuple[dict[str, str], list[tuple[str, int]]]:
        """Digests of the files that have not changed, and (path, size) of those to hash: all of them to `verify`."""
        known: dict[str, str] = {}
        unknown: list[tuple[str, int]] = []
        for path, signature in signatures.items():
            digest = None if verify else self.get(path, signature)
            if digest is None:
                unknown.append((path, signature.size))
            else:
                known[path] = digest
        return known, unknown

    def put_all(self, signatures: Mapping[str, Signature], digests: Mapping[str, str | OSError], read_ns: int) -> None:
        """`put` for every digest that `hash_batch` gave; errors and files that were gone are not remembered."""
        for path, digest in digests.items():
            if isinstance(digest, str) and digest:
                self.put(path, signatures[path], digest, read_ns)

    def keep_only(self, paths: Iterable[str]) -> None:
        """Forget every path that is not among `paths`."""
        gone = self._entries.keys() - set(paths)
        for path in gone:
            del self._entries[path]
        self.changed = self.changed or bool(gone)

    def dump(self) -> bytes:
        """The cache as MessagePack."""
        signatures = [signature for signature, _ in self._entries.values()]
        digests = [digest for _, digest in self._entries.values()]
        # One text for all paths (none holds a NUL): encoding ten thousand one by one takes longer than all else here.
        return _ENCODER.encode((_FORMAT, os.fsencode("\0".join(self._entries)), signatures, digests))

    @classmethod
    def load(cls, content: bytes) -> HashCache:
        """The inverse of `dump`. Anything else, damaged or of another version, is an empty cache."""
        cache = cls()
        try:
            version, names, signatures, digests = _DECODER.decode(content)
        except (msgspec.DecodeError, ValueError):
            return cache
        paths = os.fsdecode(names).split("\0")
        if version == _FORMAT and len(paths) == len(signatures) == len(digests):
            cache._entries = dict(zip(paths, zip(signatures, digests, strict=True), strict=True))
        return cache


_FORMAT = "harnesssync-hashes-1"
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[str, bytes, list[tuple[int, int, int, int, int]], list[str]])


def is_racy(signature: Signature, looked_ns: int) -> bool:
    """Could the path change after `looked_ns` and keep this signature?

    Every change sets the change time to the present, whatever is done to the modification time, so that a change
    time of more than a tick ago can't come again. Windows has no change time (its `st_ctime` is the creation). A whole
    second is what file systems say that know no fractions: FAT counts in steps of two.
    """
    changed_ns = signature.mtime_ns if os.name == "nt" else signature.ctime_ns
    return changed_ns > looked_ns - (RACY_NS if changed_ns % _SECOND_NS else COARSE_NS)


__all__ = [
    "BUFFER_BYTES",
    "COARSE_NS",
    "LARGE_BYTES",
    "MAX_HASHED_BYTES",
    "RACY_NS",
    "Batch",
    "HashCache",
    "hash_batch",
    "hash_file",
    "is_racy",
    "plan_batches",
]
