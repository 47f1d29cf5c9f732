"""A second sync of an unchanged project, against a bare walk (`os.scandir` and a stat of every file) of its tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ground import Ground, ground
from benchmarks.measure import Row, milliseconds, side_by_side
from benchmarks.workloads import make_project

BAR = 3.0

_COUNTER = """
import json, os, sys
opened = {"in the project": 0, "to write": 0}
project, lock = sys.argv[1], "sync.lock"
def hook(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, bytes)):
        return
    path, flags = os.fsdecode(arguments[0]), arguments[2] or 0
    opened["in the project"] += path.startswith(project + "/") and not path.startswith(project + "/.git/")
    # The lock is opened to be locked; nothing is written to it.
    opened["to write"] += bool(flags & (os.O_WRONLY | os.O_RDWR)) and not path.endswith(lock)
sys.addaudithook(hook)
from harnesssync_orchestrator import cli
cli.run("harnesssync", ["sync", "--project", project, "--json"])
print(json.dumps(opened), file=sys.stderr)
"""

_WALK = """
import os, sys
def walk(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                walk(entry.path)
walk(sys.argv[1])
"""


def measure(*, quick: bool) -> Iterator[Row]:
    """2,000 skills of 5 files for three targets, after one sync."""
    with ground() as place:
        project = make_project(place.folder / "project", skills=200 if quick else 2000, files=5)
        place.add(project)
        began = time.perf_counter()
        place.run("harnesssync", "sync", "--project", str(project))
        yield Row("first sync, whole process", time.perf_counter() - began, "s")
        yield from _opens(place, project)
        yield from _inside(place, project, rounds=5 if quick else 15)
        pair = side_by_side(
            lambda: place.run("harnesssync", "sync", "--project", str(project)),
            lambda: subprocess.run([sys.executable, "-c", _WALK, str(project)], env=place.environ, check=True),
            rounds=5 if quick else 15,
        )
        yield Row("walk, whole process", milliseconds(pair.reference), "ms")
        yield Row("second sync, whole process", milliseconds(pair.ours), "ms")
        yield Row("second sync / walk, whole processes", pair.ratio, "x", None if quick else BAR)


def _opens(place: Ground, project: Path) -> Iterator[Row]:
    """Files opened: every write and every fsync needs a file that was opened to write."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNTER, str(project)], env=place.environ, capture_output=True, text=True, check=True
    )
    if json.loads(done.stdout)["projects"][0]["state"] != "in step":
        raise RuntimeError(f"the second sync was not the unchanged one: {done.stdout[:500]}")
    opened = json.loads(done.stderr.splitlines()[-1])
    yield Row("sources and outputs opened by the second sync", opened["in the project"], "", 0)
    yield Row("files opened to write by the second sync", opened["to write"], "", 0)


def _inside(place: Ground, project: Path, rounds: int) -> Iterator[Row]:
    """The same without the start of Python and of our modules: as the supervisor does it."""
    figures = place.inside("unchanged_inside.py", project, rounds)
    yield Row("walk, inside a process", figures["walk_ms"], "ms")
    yield Row("second sync, inside a process", figures["sync_ms"], "ms")
    yield Row("second sync / walk, inside a process", figures["ratio"], "x", BAR)


def walk(folder: str) -> None:
    """The reference: read every directory and the status of everything in it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                walk(entry.path)
