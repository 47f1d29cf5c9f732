"""The first and a second sync as whole processes, against a bare script that does the floor of the job."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.ground import Ground, ground
from benchmarks.measure import Row, milliseconds, side_by_side
from benchmarks.workloads import LARGE, SMALL, make_project

BAR = 2.0
REFERENCE = Path(__file__).with_name("reference.py")
FIRST_ROUNDS = 3
COLD_ROUNDS = 5
CACHES = Path("/proc/sys/vm/drop_caches")


def measure(*, quick: bool) -> Iterator[Row]:
    """2,000 skills of 5 files, 50 of them with a file of a mebibyte, for three targets.

    Each first sync has a tree of its own: where a file system keeps no journal, making files takes long after many
    were removed.
    """
    with ground() as place:
        origin = make_project(place.folder / "origin", **(SMALL if quick else LARGE))
        ours, theirs = list[float](), list[float]()
        for number in range(FIRST_ROUNDS):
            ours.append(_first(place, _copy(place, origin, f"ours-{number}"), _sync))
            theirs.append(_first(place, _copy(place, origin, f"theirs-{number}"), _reference))
        yield Row("reference, first time", median(theirs) * 1000, "ms")
        yield Row("first sync", median(ours) * 1000, "ms")
        yield Row("first sync / reference", median(ours) / median(theirs), "x", None if quick else BAR)
        synced, seen = place.folder / "ours-0", place.folder / "theirs-0"
        pair = side_by_side(lambda: _sync(place, synced), lambda: _reference(place, seen), rounds=5 if quick else 15)
        yield Row("reference, nothing changed", milliseconds(pair.reference), "ms")
        yield Row("second sync, nothing changed", milliseconds(pair.ours), "ms")
        yield Row("second sync / reference", pair.ratio, "x", None if quick else BAR)
        yield from _cold(lambda: _sync(place, synced), lambda: _reference(place, seen))
        yield from _others(place, origin)


def _cold(ours: Callable[[], object], reference: Callable[[], object]) -> Iterator[Row]:
    """Both with nothing in the page cache, our own modules neither. Only root may empty it: nothing for others."""
    if not os.access(CACHES, os.W_OK):
        return
    found: dict[Callable[[], object], list[float]] = {ours: [], reference: []}
    for _ in range(COLD_ROUNDS):
        for work, seconds in found.items():
            os.sync()
            CACHES.write_text("3", encoding="ascii")
            seconds.append(_timed(work))
    yield Row("reference, nothing changed, cold", median(found[reference]), "ms")
    yield Row("second sync, nothing changed, cold", median(found[ours]), "ms")
    yield Row("second sync / reference, cold", median(found[ours]) / median(found[reference]), "x", BAR)


def _others(place: Ground, origin: Path) -> Iterator[Row]:
    """What other things take that one may think of."""
    files = [str(file) for file in (origin / ".claude").rglob("*") if file.is_file()]
    yield Row("sha256sum of every file", _timed(lambda: _silent("sha256sum", *files)), "ms")
    copied = str(place.folder / "copied")
    yield Row("cp -a of the sources", _timed(lambda: _silent("cp", "-a", str(origin / ".claude"), copied)), "ms")
    yield Row("a link for each skill, in Python", _timed(lambda: _link_all(origin, place.folder / "links")), "ms")


def _silent(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _link_all(origin: Path, folder: Path) -> None:
    folder.mkdir()
    for skill in (origin / ".claude/skills").iterdir():
        (folder / skill.name).symlink_to(skill)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _copy(place: Ground, origin: Path, name: str) -> Path:
    root = place.folder / name
    shutil.copytree(origin, root, symlinks=True)
    return root


def _first(place: Ground, project: Path, work: Callable[[Ground, Path], object]) -> float:
    """Seconds, with the sources in the page cache."""
    if work is _sync:
        place.add(project)
    began = time.perf_counter()
    work(place, project)
    return time.perf_counter() - began


def _sync(place: Ground, project: Path) -> object:
    return place.run("harnesssync", "sync", "--project", str(project))


def _reference(place: Ground, project: Path) -> object:
    state = f"{project}.json"
    return subprocess.run([sys.executable, str(REFERENCE), state, str(project)], env=place.environ, check=True)
