"""`python unchanged_inside.py PROJECT ROUNDS`: second syncs and walks in turns, inside one process."""

from __future__ import annotations

import json
import statistics
import sys
import time

import anyio

from benchmarks.inside import engine, project
from benchmarks.unchanged import walk
from harnesssync_orchestrator.core.report import State
from harnesssync_orchestrator.service.sync import sync


async def main(path: str, rounds: int) -> None:
    made, subject = engine(), project(path)
    syncs, walks = [], []
    for number in range(rounds + 1):
        began = time.perf_counter()
        report = (await sync(subject, made)).report
        synced = time.perf_counter()
        walk(path)
        walked = time.perf_counter()
        if report.state is not State.IN_STEP or report.counts.synced:
            raise RuntimeError(f"not unchanged: {report.state}, {report.counts}")
        if number:
            syncs.append(synced - began)
            walks.append(walked - synced)
    sync_s, walk_s = statistics.median(syncs), statistics.median(walks)
    print(json.dumps({"sync_ms": sync_s * 1000, "walk_ms": walk_s * 1000, "ratio": sync_s / walk_s}))


anyio.run(main, sys.argv[1], int(sys.argv[2]))
