"""`python loop_lag_inside.py PROJECT`: how late a task on the loop is while files are hashed, and during a sync."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from benchmarks.inside import engine, project
from harnesssync_orchestrator.cli import collect_seldom
from harnesssync_orchestrator.service.hashing import hash_files
from harnesssync_orchestrator.service.sync import sync

TICK_S = 0.001


class Lag:
    """The longest time, in milliseconds, by which a tick came late."""

    worst_ms = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tick)
            await anyio.sleep(0.05)
            self.worst_ms = 0.0
            yield
            tasks.cancel_scope.cancel()

    async def _tick(self) -> None:
        while True:
            due = time.perf_counter() + TICK_S
            await anyio.sleep(TICK_S)
            self.worst_ms = max(self.worst_ms, (time.perf_counter() - due) * 1000)


def files_below(folder: Path) -> list[tuple[str, int]]:
    """Path and size of every file."""
    return [(str(file), file.stat().st_size) for file in folder.rglob("*") if file.is_file()]


async def main(path: str) -> None:
    made, subject, lag, files = engine(), project(path), Lag(), files_below(Path(path, ".claude/skills"))
    async with lag.watched():
        began = time.perf_counter()
        await hash_files(files, made.limits.hashing, int(made.limits.hashing.total_tokens))
        hash_s, hash_lag_ms = time.perf_counter() - began, lag.worst_ms
    async with lag.watched():
        began = time.perf_counter()
        await sync(subject, made)
        sync_s, sync_lag_ms = time.perf_counter() - began, lag.worst_ms
    print(json.dumps({"hash_s": hash_s, "hash_lag_ms": hash_lag_ms, "sync_s": sync_s, "sync_lag_ms": sync_lag_ms}))


if __name__ == "__main__":
    collect_seldom()  # as both installed commands begin
    anyio.run(main, sys.argv[1])
