"""A supervisor with 200 projects: a sync of all with nothing changed, an edit, its memory, and what it does at rest."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.edit import edit
from benchmarks.floor import REFERENCE
from benchmarks.ground import TARGETS, Ground, ground
from benchmarks.measure import Row, milliseconds, side_by_side
from benchmarks.system import processor_s, resident_mib
from benchmarks.workloads import FLEET, make_project
from harnesssync_orchestrator.ctl import client

PROJECTS = 200
SYNC_BAR, MEDIAN_BAR_MS, LAST_BAR_MS, MEMORY_BAR_MIB, IDLE_BAR = 1.5, 60.0, 250.0, 150.0, 0.5
REST_S = 30.0
"""After this the syncs that look once more at what was written are over."""


def measure(*, quick: bool) -> Iterator[Row]:
    """50 skills of 3 files each, for three targets."""
    with ground() as place:
        count = 10 if quick else PROJECTS
        projects = make_fleet(place.folder / "ours", count)
        reference = [str(place.folder / "seen.json"), *map(str, make_fleet(place.folder / "theirs", count))]
        with place.supervisor() as supervisor:
            register(place, projects)
            place.run("harnesssync", "ctl", "sync", "--all", "--wait")
            pair = side_by_side(
                lambda: place.run("harnesssync", "ctl", "sync", "--all", "--wait"),
                lambda: subprocess.run([sys.executable, str(REFERENCE), *reference], check=True),
                rounds=3 if quick else 10,
            )
            yield Row("reference, one process for all, nothing changed", milliseconds(pair.reference), "ms")
            yield Row("ctl sync --all --wait, nothing changed", milliseconds(pair.ours), "ms")
            yield Row("ctl sync --all --wait / reference", pair.ratio, "x", None if quick else SYNC_BAR)
            yield from _edits(projects, 20 if quick else 400)
            time.sleep(1.0 if quick else REST_S)
            yield from _at_rest(supervisor.pid, 1.0 if quick else REST_S)


def make_fleet(folder: Path, count: int) -> list[Path]:
    """Projects with the same content."""
    first = make_project(folder / "project-000", **FLEET)
    others = [folder / f"project-{number:03}" for number in range(1, count)]
    for other in others:
        shutil.copytree(first, other)
    return [first, *others]


def register(place: Ground, projects: Sequence[Path]) -> None:
    """By the socket: a process for each takes longer."""
    for project in projects:
        client.ask(place.environ, "add", {"path": str(project), "targets": list(TARGETS)}, works=True)


def _edits(projects: Sequence[Path], count: int) -> Iterator[Row]:
    """One project after the other, while the others rest."""
    latencies = sorted(edit(projects[number % len(projects)], number, rest_s=0.05) for number in range(count))
    yield Row("edit to all three targets on disk, median", statistics.median(latencies), "ms", MEDIAN_BAR_MS)
    yield Row("the same, 99 of 100", latencies[int(0.99 * (count - 1))], "ms", LAST_BAR_MS)


def _at_rest(pid: int, seconds: float) -> Iterator[Row]:
    yield Row("memory of the supervisor", resident_mib(pid), "MiB", MEMORY_BAR_MIB)
    before = processor_s(pid)
    time.sleep(seconds)
    used = processor_s(pid) - before
    yield Row("processor at rest, of one core", used / seconds * 100, "%", IDLE_BAR)
