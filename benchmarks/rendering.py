"""Rendering for all targets, against reading the sources: as discovery reads them, and their bytes alone."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.ground import ground
from benchmarks.measure import Row
from benchmarks.workloads import make_project

BAR = 3.0


def measure(*, quick: bool) -> Iterator[Row]:
    """200 skills of 5 files, 50 agents, 50 commands and 20 MCP servers, inside one process that writes nothing.

    Discovery finds every file, and reads and parses those that say something. What it must not cost more than thrice
    is rendering with nothing recalled of an earlier one: as a first sync does it, and one after an edit of everything.
    """
    with ground() as place:
        skills, each = (20, 5) if quick else (200, 50)
        project = make_project(place.folder / "project", skills=skills, files=5, agents=each, servers=20)
        figures = place.inside("rendering_inside.py", project, 5 if quick else 30)
    yield Row("source files", figures["files"], "")
    yield Row("outputs for all targets", figures["outputs"], "")
    yield Row("every byte of the sources, read", figures["bytes_ms"], "ms")
    yield Row("the sources, read by discovery", figures["reading_ms"], "ms")
    yield Row("rendering for all targets", figures["rendering_ms"], "ms")
    yield Row("rendering for all targets, the first time in a process", figures["first_ms"], "ms")
    yield Row("rendering / every byte read", figures["rendering_ms"] / figures["bytes_ms"], "x")
    yield Row(
        "rendering / reading by discovery", figures["rendering_ms"] / figures["reading_ms"], "x", None if quick else BAR
    )
