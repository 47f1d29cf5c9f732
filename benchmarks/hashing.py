"""Hashing through the threads of the service, against one thread that reads and hashes file by file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ground import ground
from benchmarks.measure import Row
from benchmarks.workloads import LARGE, make_project

SMALL_BAR, LARGE_BAR = 1.4, 0.65


def measure(*, quick: bool) -> Iterator[Row]:
    """12,000 small files, which gain nothing from a second thread, and 50 of a mebibyte, which do."""
    with ground() as place:
        workload = {"skills": 200, "files": 5, "large": 5} if quick else LARGE
        project = make_project(place.folder / "project", **workload)
        script = Path(__file__).with_name("hashing_inside.py")
        done = subprocess.run(
            [sys.executable, str(script), str(project), "3" if quick else "15"],
            env={**place.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=True,
        )
    for name, bar in (("small", SMALL_BAR), ("large", LARGE_BAR)):
        figures = json.loads(done.stdout)[name]
        yield Row(f"{figures['files']} {name} files, one thread", figures["reference_ms"], "ms")
        yield Row(f"{figures['files']} {name} files, the service", figures["ours_ms"], "ms")
        yield Row(f"{name} files, the service / one thread", figures["ratio"], "x", None if quick else bar)
