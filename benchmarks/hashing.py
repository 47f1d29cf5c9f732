"""Hashing through the threads of the service, against one thread that reads and hashes file by file."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.ground import ground
from benchmarks.measure import Row
from benchmarks.workloads import LARGE, make_project

SMALL_BAR, LARGE_BAR = 1.4, 0.65


def measure(*, quick: bool) -> Iterator[Row]:
    """12,000 small files, which gain nothing from a second thread, and 50 of a mebibyte, which do."""
    with ground() as place:
        workload = {"skills": 200, "files": 5, "large": 5} if quick else LARGE
        project = make_project(place.folder / "project", **workload)
        figures = place.inside("hashing_inside.py", project, 3 if quick else 15)
    for name, bar in (("small", SMALL_BAR), ("large", LARGE_BAR)):
        found = figures[name]
        yield Row(f"{found['files']} {name} files, one thread", found["reference_ms"], "ms")
        yield Row(f"{found['files']} {name} files, the service", found["ours_ms"], "ms")
        yield Row(f"{name} files, the service / one thread", found["ratio"], "x", None if quick else bar)
