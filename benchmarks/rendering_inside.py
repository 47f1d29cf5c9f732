"""`python rendering_inside.py PROJECT ROUNDS`: the sources read and rendered in turns, inside one process."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator.cli import Ground
from harnesssync_orchestrator.core.desired import Desired
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.reading import Looked


def read_bytes(files: list[str]) -> None:
    """The least that reading can be: each file opened, read and closed."""
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        os.read(descriptor, 1 << 16)
        os.close(descriptor)


def read(root: Path, places: Places) -> Source:
    """The source as a sync discovers it. The contents of skills are hashed elsewhere: here all have one digest."""
    found = discover(Scope.PROJECT, root, places, Looked())
    return found.complete({path: "0" * 16 for listing in found.trees.values() for path in listing.contents})


def main(project: str, rounds: int) -> None:
    root, places = Path(project), Ground(os.environ).places()
    inside = (root / ".claude").rglob("*")
    files = [str(file) for file in (root / "CLAUDE.md", root / ".mcp.json", *inside) if file.is_file()]
    bytes_s, reading_s, rendering_s = [], [], []
    desired = Desired()
    for _ in range(rounds + 1):
        began = time.perf_counter()
        read_bytes(files)
        reading = time.perf_counter()
        source = read(root, places)
        rendering = time.perf_counter()
        desired = desired_state(TARGETS, source)
        rendered = time.perf_counter()
        if desired.clashes or source.problems:
            raise RuntimeError(f"not what was to be measured: {desired.clashes}, {source.problems}")
        bytes_s.append(reading - began)
        reading_s.append(rendering - reading)
        rendering_s.append(rendered - rendering)
    figures = {
        "files": len(files),
        "outputs": len(desired.wanted),
        "bytes_ms": statistics.median(bytes_s[1:]) * 1000,
        "reading_ms": statistics.median(reading_s[1:]) * 1000,
        "rendering_ms": statistics.median(rendering_s[1:]) * 1000,
        "first_ms": rendering_s[0] * 1000,
    }
    print(json.dumps(figures))


main(sys.argv[1], int(sys.argv[2]))
