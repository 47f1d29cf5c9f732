"""Hashing in threads: every file once, within the limiter, and the event loop goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from harnesssync_orchestrator.files.hashing import LARGE_BYTES, hash_batch, hash_file
from harnesssync_orchestrator.service.hashing import hash_files

pytestmark = pytest.mark.anyio


def make_files(folder: Path, count: int, size: int) -> list[tuple[str, int]]:
    files: list[tuple[str, int]] = []
    for number in range(count):
        path = folder / str(number)
        path.write_bytes(number.to_bytes(4, "big") * (size // 4))
        files.append((str(path), size))
    return files


async def longest_gap(work: Callable[[], Awaitable[object]]) -> float:
    """The longest time in seconds that a task, which asks for nothing but its turn, waits for it during `work`."""
    longest = 0.0
    turn = anyio.Event()
    async with anyio.create_task_group() as group:

        async def tick() -> None:
            nonlocal longest, turn
            last = time.perf_counter()
            while True:
                turn.set()
                turn = anyio.Event()
                await anyio.sleep(0.0005)
                now = time.perf_counter()
                longest = max(longest, now - last)
                last = now

        group.start_soon(tick)
        await turn.wait()
        await work()
        await turn.wait()  # only now is a gap counted that lasted until the end of the work
        group.cancel_scope.cancel()
    return longest


@pytest.mark.parametrize(("count", "size"), [(500, 64 * 1024), (10_000, 400)])
async def test_hash_loop_lag_is_a_fraction_of_hashing_in_the_loop(tmp_path: Path, count: int, size: int) -> None:
    """The loop waits for a thread's turn of the interpreter, and not for the files."""
    files = make_files(tmp_path, count, size)
    limiter = anyio.CapacityLimiter(2)

    async def inline() -> None:
        hash_batch([path for path, _ in files])

    in_threads = in_the_loop = float("inf")
    for _ in range(20):  # as often as it takes on a busy machine: the best of each is compared
        in_the_loop = min(in_the_loop, await longest_gap(inline))
        in_threads = min(in_threads, await longest_gap(partial(hash_files, files, limiter, 1)))
        if in_threads < in_the_loop * 0.6:
            break

    assert in_threads < in_the_loop * 0.6


async def test_every_file_is_hashed_once(tmp_path: Path) -> None:
    """Small and large ones, with any width."""
    files = make_files(tmp_path, 30, 100)
    large = tmp_path / "large"
    large.write_bytes(os.urandom(LARGE_BYTES))
    files.append((str(large), LARGE_BYTES))

    for width in (0, 1, 2, 7):
        digests = await hash_files(files, anyio.CapacityLimiter(4), width)
        assert digests == {path: hash_file(path) for path, _ in files}


async def test_nothing_to_hash_is_an_empty_answer() -> None:
    """And no error."""
    assert await hash_files([], anyio.CapacityLimiter(1), 2) == {}


async def test_one_bad_file_does_not_cost_the_others(tmp_path: Path) -> None:
    """Its error stands where its digest would."""
    files = make_files(tmp_path, 2, 100)
    (tmp_path / "folder").mkdir()

    digests = await hash_files(
        [*files, (str(tmp_path / "folder"), 1), (str(tmp_path / "gone"), 1)], anyio.CapacityLimiter(1), 2
    )

    assert isinstance(digests[str(tmp_path / "folder")], IsADirectoryError)
    assert digests[str(tmp_path / "gone")] == ""
    assert [digests[path] for path, _ in files] == [hash_file(path) for path, _ in files]


async def test_no_more_threads_work_than_the_limiter_allows(tmp_path: Path) -> None:
    """The limiter is shared by all projects, whatever width each asks for."""
    files = make_files(tmp_path, 40, LARGE_BYTES)
    limiter = anyio.CapacityLimiter(2)
    borrowed: list[float] = []

    async def hash_and_watch() -> None:
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                while True:
                    borrowed.append(limiter.borrowed_tokens)
                    await anyio.lowlevel.checkpoint()

            group.start_soon(watch)
            await hash_files(files, limiter, 8)
            group.cancel_scope.cancel()

    await hash_and_watch()

    assert 1 <= max(borrowed) <= 2
    assert limiter.borrowed_tokens == 0


async def test_cancelling_ends_after_the_batch_at_work(tmp_path: Path) -> None:
    """No thread is left behind, and its place in the limiter is free again."""
    files = make_files(tmp_path, 200, LARGE_BYTES)
    limiter = anyio.CapacityLimiter(1)
    finished = False

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:

            async def cancel_when_at_work() -> None:
                while not limiter.borrowed_tokens:
                    await anyio.lowlevel.checkpoint()
                scope.cancel()

            group.start_soon(cancel_when_at_work)
            await hash_files(files, limiter, 4)
            finished = True

    assert not finished
    assert limiter.borrowed_tokens == 0
