"""`python hashing_inside.py PROJECT ROUNDS`: the same files hashed by the service and by one thread, in turns."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import anyio

from benchmarks.loop_lag_inside import files_below
from benchmarks.reference import digest
from harnesssync_orchestrator.config import LimitSettings
from harnesssync_orchestrator.files.hashing import LARGE_BYTES
from harnesssync_orchestrator.service.hashing import hash_files
from harnesssync_orchestrator.service.limits import Limits

Files = list[tuple[str, int]]


async def compare(files: Files, rounds: int) -> dict[str, Any]:
    limits = Limits.create(LimitSettings())
    ours, reference = list[float](), list[float]()
    for number in range(rounds + 1):
        began = time.perf_counter()
        await hash_files(files, limits.hashing, int(limits.hashing.total_tokens))
        hashed = time.perf_counter()
        for path, size in files:
            digest(path, size)
        ended = time.perf_counter()
        if number:
            ours.append(hashed - began)
            reference.append(ended - hashed)
    return {
        "files": len(files),
        "ours_ms": median(ours) * 1000,
        "reference_ms": median(reference) * 1000,
        "ratio": median(ours) / median(reference),
    }


async def main(project: str, rounds: int) -> None:
    files = files_below(Path(project, ".claude"))
    small = [file for file in files if file[1] < LARGE_BYTES]
    large = [file for file in files if file[1] >= LARGE_BYTES]
    print(json.dumps({"small": await compare(small, rounds), "large": await compare(large, rounds)}))


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]))
