"""`harnesssync ctl status` as a whole process, against `python -c pass` of the same environment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.ground import ground
from benchmarks.measure import Row, milliseconds, side_by_side
from benchmarks.workloads import make_project

BAR = 2.0


def measure(*, quick: bool) -> Iterator[Row]:
    """With a supervisor running that has synced one project of 20 skills."""
    with ground() as place:
        project = make_project(place.folder / "project", skills=20, files=5)
        place.add(project)
        with place.supervisor():
            place.run("harnesssync", "ctl", "sync", "--wait", cwd=project)
            pair = side_by_side(
                lambda: place.run("harnesssync", "ctl", "status", cwd=project),
                lambda: subprocess.run([sys.executable, "-c", "pass"], env=place.environ, check=True),
                rounds=10 if quick else 40,
            )
    yield Row("python -c pass", milliseconds(pair.reference), "ms")
    yield Row("harnesssync ctl status", milliseconds(pair.ours), "ms")
    yield Row("harnesssync ctl status / python -c pass", pair.ratio, "x", BAR)
