"""From an edit of one file to its arrival on disk in every target, with the supervisor running."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ground import Ground, ground
from benchmarks.measure import Row
from benchmarks.workloads import make_project
from harnesssync_orchestrator.config import load

BAR_MS = 250.0
SETTLING_BAR_MS = 100.0
TIMEOUT_S = 10.0


def measure(*, quick: bool) -> Iterator[Row]:
    """An agent is edited: it is rendered into a file of its own for each of the three targets."""
    with ground() as place:
        project = make_project(place.folder / "project", skills=50, files=3)
        place.add(project)
        with place.supervisor():
            place.run("harnesssync", "ctl", "sync", "--wait", cwd=project)
            latencies = [edit(project, number) for number in range(5 if quick else 30)]
            settling = _settling(place)
    yield Row("edit to all three targets on disk, median", statistics.median(latencies), "ms", BAR_MS)
    yield Row("edit to all three targets on disk, slowest", max(latencies), "ms")
    yield Row("of which settling (configured)", settling, "ms", SETTLING_BAR_MS)


def edit(project: Path, number: int, *, rest_s: float = 0.3) -> float:
    """Milliseconds from the end of the write to the moment when all three outputs hold it. The rest after it lets the
    supervisor come to an end, so that the next edit does not fall into this sync."""
    source = project / ".claude/agents/agent-000.md"
    mark = f"mark-{number}-{time.monotonic_ns()}"
    outputs = [project / name for name in _OUTPUTS]
    text = source.read_text(encoding="utf-8").split("\nmark-")[0]
    source.write_text(f"{text}\n{mark}\n", encoding="utf-8")
    began = time.perf_counter()
    while not all(mark in output.read_text(encoding="utf-8") for output in outputs):
        if time.perf_counter() - began > TIMEOUT_S:
            raise RuntimeError(f"the edit did not arrive within {TIMEOUT_S:g} s")
        time.sleep(0.001)
    arrived = time.perf_counter()
    time.sleep(rest_s)
    return (arrived - began) * 1000


def _settling(place: Ground) -> float:
    return float(load(place.home / ".harnesssync/config.toml").watch.settle_ms)


_OUTPUTS = (".codex/agents/agent-000.toml", ".gemini/agents/agent-000.md", ".opencode/agents/agent-000.md")
