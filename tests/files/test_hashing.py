"""Hashes of file contents: right, bounded, and remembered."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from harnesssync_orchestrator.files import hashing
from harnesssync_orchestrator.files.hashing import (
    BUFFER_BYTES,
    COARSE_NS,
    LARGE_BYTES,
    MOST_BYTES_IN_BATCH,
    MOST_IN_BATCH,
    RACY_NS,
    HashCache,
    hash_batch,
    hash_file,
    is_racy,
    plan_batches,
)
from harnesssync_orchestrator.files.reading import Signature, SpecialFileError, TooLargeError

A_SECOND_NS = 1_000_000_000


def signature_of(path: Path) -> Signature:
    return Signature.of(path.lstat())


@pytest.mark.parametrize(
    ("content", "digest"),
    [
        (b"", "e3b0c44298fc1c14"),
        (b"hello world", "b94d27b9934d3e08"),
        (b"abc", "ba7816bf8f01cfea"),
        (b"a" * 1_000_000, "cdc76e5c9914fb92"),
    ],
)
def test_hash_vectors(tmp_path: Path, content: bytes, digest: str) -> None:
    """Published values of SHA-256 (FIPS 180-2), cut to 16 digits."""
    path = tmp_path / "file"
    path.write_bytes(content)

    assert hash_file(path) == digest
    assert hash_batch([str(path)]) == {str(path): digest}


@pytest.mark.parametrize("size", [1, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3 * BUFFER_BYTES])
def test_hash_at_the_edges_of_the_buffer(tmp_path: Path, size: int) -> None:
    """No byte is left out or counted twice."""
    content = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(content)

    assert hash_file(path) == hashlib.sha256(content).hexdigest()[:16]


def test_hash_of_a_file_that_tells_no_size() -> None:
    """Files below /proc are regular and say that they are empty."""
    assert hash_file("/proc/version") == hashlib.sha256(Path("/proc/version").read_bytes()).hexdigest()[:16]


def test_hash_file_digest_fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is that of `hashlib.file_digest`, and the same where Python has none."""
    path = tmp_path / "file"
    path.write_bytes(os.urandom(500_000))
    ours = hash_file(path)
    if hasattr(hashlib, "file_digest"):
        with path.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest()[:16] == ours

    monkeypatch.delattr(hashlib, "file_digest", raising=False)

    assert hash_file(path) == ours


def test_bench_file_digest(tmp_path: Path) -> None:
    """Reading in a loop of our own is not slower than `hashlib.file_digest`, which is why that is not used."""
    large = tmp_path / "large"
    large.write_bytes(os.urandom(16 * 1024 * 1024))
    library: Callable[..., object] | None = getattr(hashlib, "file_digest", None)

    def by_library() -> None:
        with large.open("rb", buffering=0) as file:
            if library is None:
                hashlib.sha256(file.read())
            else:
                library(file, "sha256")

    ours = theirs = float("inf")
    for _ in range(40):  # interleaved, and as often as it takes on a busy machine: the best of each is compared
        ours = min(ours, duration(lambda: hash_file(large)))
        theirs = min(theirs, duration(by_library))
        if ours < theirs * 1.4:
            break

    assert ours < theirs * 1.4


def duration(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_hash_missing_vs_unreadable(public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]) -> None:
    """Missing is the empty text; what is there and can't be read is an error."""
    closed = public_folder / "closed"
    closed.write_text("x")
    closed.chmod(0)
    dangling = public_folder / "dangling"
    dangling.symlink_to("nowhere")

    assert hash_file(public_folder / "missing") == ""
    assert hash_file(closed / "below-a-file") == ""
    assert hash_file(dangling) == ""
    assert hash_file("/no\0name") == ""
    with as_nobody():
        with pytest.raises(PermissionError):
            hash_file(closed)
        digests = hash_batch([str(closed), str(public_folder / "missing")])
    assert isinstance(digests[str(closed)], PermissionError)
    assert digests[str(public_folder / "missing")] == ""


def test_hash_of_a_folder_is_an_error(tmp_path: Path) -> None:
    """Folders have tree digests."""
    with pytest.raises(IsADirectoryError):
        hash_file(tmp_path)
    assert isinstance(hash_batch([str(tmp_path)])[str(tmp_path)], IsADirectoryError)


def test_hash_symlink_target(tmp_path: Path) -> None:
    """A link hashes what it leads to, so that linking instead of copying is no drift."""
    target = tmp_path / "target"
    target.write_text("one")
    other = tmp_path / "other"
    other.write_text("one")
    link = tmp_path / "link"
    link.symlink_to(target)
    before = hash_file(link)

    link.unlink()
    link.symlink_to(other)

    assert before == hash_file(target) == hash_file(link)


def test_hash_special_files_are_refused_without_waiting(tmp_path: Path) -> None:
    """Nobody writes to this pipe, and /dev/zero never ends."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    device = tmp_path / "device"
    device.symlink_to("/dev/zero")

    for path in (pipe, device):
        with pytest.raises(SpecialFileError):
            hash_file(path)
        assert isinstance(hash_batch([str(path)])[str(path)], SpecialFileError)


def test_hash_of_a_sparse_terabyte_is_refused(tmp_path: Path) -> None:
    """Its size is known before the first byte; a file that grows meanwhile is stopped at the limit too."""
    huge = tmp_path / "huge"
    huge.touch()
    os.truncate(huge, 1 << 40)

    with pytest.raises(TooLargeError):
        hash_file(huge)
    with pytest.raises(TooLargeError):
        hash_file("/proc/kallsyms", limit=BUFFER_BYTES)


def test_hash_crlf_binary(tmp_path: Path) -> None:
    """Bytes count: line endings differ, and no encoding is an error."""
    contents = [b"a\n", b"a\r\n", "é".encode("latin-1"), "é".encode("utf-16"), b"\xff\x00\xfe"]
    paths = [tmp_path / str(number) for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)

    assert len({hash_file(path) for path in paths}) == len(contents)


HASH_200_MB = """
import resource, sys
from harnesssync_orchestrator.files.hashing import hash_file
hash_file(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
digest = hash_file(sys.argv[2])
print(digest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_hash_large_rss(tmp_path: Path) -> None:
    """Hashing 200 MB takes less than 16 MB more memory than hashing a byte."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    large.touch()
    os.truncate(large, 200_000_000)
    expected = hashlib.sha256()
    for _ in range(200):
        expected.update(bytes(1_000_000))

    digest, rise = run_python(HASH_200_MB, str(small), str(large)).split()

    assert digest == expected.hexdigest()[:16]
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(rise) * unit < 16_000_000


def run_python(code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_hash_perf_50(tmp_path: Path) -> None:
    """Fifty skills hash in less than 100 ms, and so at less than 5 ms a file."""
    paths: list[str] = []
    for number in range(50):
        path = tmp_path / f"skill-{number}.md"
        path.write_bytes(random.Random(number).randbytes(4_000))  # noqa: S311 - only content
        paths.append(str(path))

    assert min(duration(lambda: hash_batch(paths)) for _ in range(5)) < 0.1


def test_perf_small_hashing_ten_projects_of_fifty_skills(tmp_path: Path) -> None:
    """Ten projects of fifty skills hash in less than 100 ms each, on average."""
    for project in range(10):
        folder = tmp_path / str(project)
        folder.mkdir()
        for number in range(50):
            (folder / f"{number}.md").write_bytes(b"# Skill\n" * 500)
    projects = [[str(path) for path in folder.iterdir()] for folder in tmp_path.iterdir()]

    assert sum(duration(partial(hash_batch, paths)) for paths in projects) / len(projects) < 0.1


def test_small_files_share_batches_and_large_ones_go_alone() -> None:
    """Large first, the largest ahead, so that no thread is left with the longest work at the end."""
    files = [("a", 1), ("big", LARGE_BYTES), ("b", 2), ("bigger", LARGE_BYTES + 1), ("c", 3)]

    large, small = [(["bigger"], True), (["big"], True)], [(["a", "b"], False), (["c"], False)]
    assert plan_batches(files, 2) == [*large, *small]
    assert plan_batches(files, 1) == [*large, (["a", "b", "c"], False)]
    assert plan_batches([], 2) == []
    assert plan_batches([("a", 1)], 0) == [(["a"], False)]


@pytest.mark.parametrize("width", [1, 2, 8])
def test_large_files_are_shared_out_in_ever_smaller_batches(width: int) -> None:
    """Few batches, for each costs a thread a start, and small ones last, so that no thread waits for another."""
    files = [(str(number), LARGE_BYTES + number * 9000) for number in range(200)]

    batches = plan_batches(files, width)

    sizes = dict(files)
    carried = [sum(sizes[path] for path in batch.paths) for batch in batches]
    assert sorted(path for batch in batches for path in batch.paths) == sorted(sizes)
    assert all(batch.large and batch.paths for batch in batches)
    assert max(carried) <= MOST_BYTES_IN_BATCH
    assert len(batches) < len(files)
    assert carried[-1] <= sum(carried) / (2 * width)
    assert batches[0].paths[0] == "199"


@pytest.mark.parametrize("count", [0, 1, 7, 100])
@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_every_small_file_is_in_exactly_one_of_at_most_width_batches(count: int, width: int) -> None:
    """Nothing is lost by dividing."""
    files = [(str(number), number) for number in range(count)]

    batches = plan_batches(files, width)

    assert [path for batch in batches for path in batch.paths] == [path for path, _ in files]
    assert len(batches) <= width
    assert all(batch.paths for batch in batches)


def test_no_batch_takes_long() -> None:
    """Whoever else needs a thread gets it in between."""
    batches = plan_batches([(str(number), 1) for number in range(50_000)], 2)
    assert max(len(batch.paths) for batch in batches) == MOST_IN_BATCH
    assert sum(len(batch.paths) for batch in batches) == 50_000


def test_the_cache_answers_only_for_the_same_signature(tmp_path: Path) -> None:
    """Size, times, inode and mode all count."""
    path = tmp_path / "file"
    path.write_text("x")
    signature = signature_of(path)
    cache = HashCache()
    cache.put(str(path), signature, "0123456789abcdef", signature.ctime_ns + A_SECOND_NS)

    assert cache.get(str(path), signature) == "0123456789abcdef"
    for field in Signature._fields:
        other = signature._replace(**{field: getattr(signature, field) + 1})
        assert cache.get(str(path), other) is None
    assert cache.get("/elsewhere", signature) is None


def test_a_change_that_restores_size_and_time_is_noticed(tmp_path: Path) -> None:
    """The change time can't be set by a program, so forging the modification time hides nothing."""
    path = tmp_path / "file"
    path.write_text("old")
    before = path.stat()
    cache = HashCache()
    cache.put(str(path), signature_of(path), hash_file(path), before.st_ctime_ns + A_SECOND_NS)

    wait_for_tick(tmp_path, before.st_ctime_ns)
    path.write_text("new")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert cache.get(str(path), signature_of(path)) is None


def wait_for_tick(folder: Path, after_ns: int) -> None:
    """Touch a file until the clock of the file system has gone on."""
    probe = folder / "probe"
    probe.touch()
    while probe.stat().st_ctime_ns <= after_ns:
        probe.touch()


def test_a_file_changed_just_before_it_was_read_is_not_remembered(tmp_path: Path) -> None:
    """Another change within the same tick of the clock would leave the same signature."""
    path = tmp_path / "file"
    path.write_text("x")
    signature = signature_of(path)
    cache = HashCache()
    cache.put(str(path), signature, "0123456789abcdef", signature.ctime_ns + A_SECOND_NS)

    cache.put(str(path), signature, "0123456789abcdef", signature.ctime_ns + RACY_NS - 1)

    assert is_racy(signature, signature.ctime_ns + RACY_NS - 1)
    assert cache.get(str(path), signature) is None
    assert not is_racy(signature, signature.ctime_ns + RACY_NS)


def test_a_file_system_that_knows_whole_seconds_is_believed_after_two() -> None:
    """FAT: a second edit within its step leaves the same stamp."""
    changed_ns = 1_600_000_000 * A_SECOND_NS
    coarse = Signature(size=1, mtime_ns=changed_ns, ctime_ns=changed_ns, inode=1, mode=0o100644)
    assert is_racy(coarse, changed_ns + COARSE_NS - 1)
    assert not is_racy(coarse, changed_ns + COARSE_NS)


def test_hash_forced_verify(tmp_path: Path) -> None:
    """Content that differs under an equal signature (a damaged disk) is found when everything is read again."""
    path = tmp_path / "file"
    path.write_text("what the disk holds now")
    signatures = {str(path): signature_of(path)}
    cache = HashCache()
    cache.put(str(path), signatures[str(path)], "aaaaaaaaaaaaaaaa", time.time_ns() + A_SECOND_NS)

    assert cache.divide(signatures) == ({str(path): "aaaaaaaaaaaaaaaa"}, [])
    known, unknown = cache.divide(signatures, verify=True)
    assert (known, unknown) == ({}, [(str(path), path.stat().st_size)])
    cache.put_all(signatures, hash_batch([str(path)]), time.time_ns() + A_SECOND_NS)
    assert cache.get(str(path), signatures[str(path)]) == hash_file(path)


def test_errors_and_missing_files_are_not_remembered(tmp_path: Path) -> None:
    """They may be gone at the next look."""
    signature = signature_of(tmp_path)
    cache = HashCache()

    cache.put_all(
        {"/a": signature, "/b": signature},
        {"/a": PermissionError("no"), "/b": ""},
        signature.ctime_ns + A_SECOND_NS,
    )

    assert len(cache) == 0


def test_a_cache_survives_being_saved(tmp_path: Path) -> None:
    """Also for names that are no text and inodes beyond 63 bits."""
    name = os.fsdecode(b"/tmp/r\xe9sum\xe9")
    signature = Signature(1, -5, 3, 2**64 - 1, 0o100644)
    cache = HashCache()
    cache.put(name, signature, "0123456789abcdef", A_SECOND_NS)
    assert cache.changed

    loaded = HashCache.load(cache.dump())

    assert loaded.get(name, signature) == "0123456789abcdef"
    assert not loaded.changed


def test_a_cache_forgets_files_that_are_no_longer_of_use() -> None:
    """And knows whether saving it again is worth it."""
    cache = HashCache()
    cache.put("/a", Signature(1, 2, 3, 4, 5), "0123456789abcdef", A_SECOND_NS)
    cache = HashCache.load(cache.dump())
    seen: list[tuple[bool, int]] = []

    for paths in (["/a", "/b"], ["/b"]):
        cache.keep_only(paths)
        seen.append((cache.changed, len(cache)))

    assert seen == [(False, 1), (True, 0)]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xc1", b"not a cache", b"\x92\xa1x\x90", HashCache().dump()[:-1], os.urandom(1000)],
)
def test_a_damaged_or_foreign_cache_is_empty(content: bytes) -> None:
    """It is only a cache."""
    assert len(HashCache.load(content)) == 0


def test_a_cache_of_another_version_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its fields mean is unknown."""
    cache = HashCache()
    cache.put("/a", Signature(1, 2, 3, 4, 5), "0123456789abcdef", A_SECOND_NS)
    monkeypatch.setattr(hashing, "_FORMAT", "harnesssync-hashes-0")
    content = cache.dump()
    monkeypatch.undo()

    assert len(HashCache.load(content)) == 0
    assert len(HashCache.load(cache.dump())) == 1
