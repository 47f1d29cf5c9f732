"""Hashing many files in threads while the event loop goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import anyio

from harnesssync_orchestrator.files.hashing import Batch, hash_batch, plan_batches
from harnesssync_orchestrator.files.reading import Signature
from harnesssync_orchestrator.files.turns import in_turn
from harnesssync_orchestrator.service import threads


async def hash_files(
    files: Sequence[tuple[str, int]],
    limiter: anyio.CapacityLimiter,
    width: int,
    seen: Mapping[str, Signature] | None = None,
) -> dict[str, str | OSError]:
    """Hash regular files, given as (path, size), in at most `width` threads at once, each under `limiter`. What they
    were `seen` as is what is read (`hash_batch`).

    The result has every path with its 16 hex digits, `""` for a file that is gone, or the error that reading it gave.
    Cancellation is felt between batches: a thread at work is waited for, since it can't be stopped.
    """
    digests: dict[str, str | OSError] = {}
    batches = iter(await threads.run_sync(partial(plan_batches, files, width), limiter=limiter))

    # A few workers that share the batches, not a task for each: ten thousand tasks would start in one go and hold
    # the loop for a fifth of a second.
    async with anyio.create_task_group() as group:
        for _ in range(max(1, width)):
            group.start_soon(_work, batches, limiter, digests, seen)
    return digests


async def _work(
    batches: Iterator[Batch],
    limiter: anyio.CapacityLimiter,
    digests: dict[str, str | OSError],
    seen: Mapping[str, Signature] | None,
) -> None:
    for batch in batches:
        work: Callable[[], dict[str, str | OSError]] = partial(hash_batch, batch.paths, seen=seen)
        if not batch.large:  # of small files two threads at once take longer than one after the other
            work = partial(in_turn, work)
        digests.update(await threads.run_sync(work, limiter=limiter))
