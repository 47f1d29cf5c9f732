"""Ten projects of 10 to 50 skills: their first sync as it tells its own time, their hashing and their state."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.ground import Ground, ground
from benchmarks.measure import Row
from benchmarks.workloads import make_project
from harnesssync_orchestrator.files.hashing import hash_batch

PROJECTS = 10
LINK_BAR_MS = 10.0
HASH_BAR_MS = 100.0
STATE_BAR_KB = 100.0


def measure(*, quick: bool) -> Iterator[Row]:
    """A link's share is that of the whole sync: discovery, rendering for three targets and every flush."""
    links, hashes = list[float](), list[float]()
    with ground() as place:
        for number in range(3 if quick else PROJECTS):
            skills = 10 + 40 * number // (PROJECTS - 1)
            root = make_project(place.folder / f"p{number}", skills=skills, files=1)
            place.add(root)
            links.append(_milliseconds(place, root) / skills)
            hashes.append(_hashing(root))
        states = [file.stat().st_size / 1000 for file in place.home.rglob("state.json")]
    yield Row("first sync, for each skill that is linked", median(links), "ms", LINK_BAR_MS)
    yield Row("the slowest of them", max(links), "ms")
    yield Row("hashing every file of a project", max(hashes), "ms", HASH_BAR_MS)
    yield Row("ledger of a project, the largest", max(states), "KB", STATE_BAR_KB)


def _milliseconds(place: Ground, root: Path) -> float:
    report = json.loads(place.run("harnesssync", "sync", "--project", str(root), "--json"))
    return float(report["projects"][0]["duration_s"]) * 1000


def _hashing(root: Path) -> float:
    files = [str(file) for file in (root / ".claude").rglob("*") if file.is_file()]
    began = time.perf_counter()
    hash_batch(files)
    return (time.perf_counter() - began) * 1000
