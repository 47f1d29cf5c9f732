"""How long the event loop is held while 10,000 files are discovered, hashed, planned and linked."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.ground import ground
from benchmarks.measure import Row
from benchmarks.workloads import make_project

BAR_MS = 50.0


def measure(*, quick: bool) -> Iterator[Row]:
    """A first sync inside one process, while a task on the same loop asks every millisecond how late it is."""
    with ground() as place:
        project = make_project(place.folder / "project", skills=200 if quick else 2000, files=5)
        place.add(project)
        figures = place.inside("loop_lag_inside.py", project)
    yield Row("hashing 10,000 files", figures["hash_s"], "s")
    yield Row("longest hold of the loop while they are hashed", figures["hash_lag_ms"], "ms", BAR_MS)
    yield Row("first sync, inside a process", figures["sync_s"], "s")
    yield Row("longest hold of the loop during that sync", figures["sync_lag_ms"], "ms", BAR_MS)
