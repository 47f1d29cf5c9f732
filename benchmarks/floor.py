"""The first and a second sync as whole processes, against a bare script that does the floor of the job."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.ground import Ground, Ran, ground
from benchmarks.measure import Row, in_turns
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
        bar = None if quick else BAR
        yield from _first(place, origin, bar)
        yield from _again(place, place.folder / "ours-0", place.folder / "theirs-0", 5 if quick else 15, bar)


def _first(place: Ground, origin: Path, bar: float | None) -> Iterator[Row]:
    """The first sync, beside other things that one may think of, with the sources in the page cache."""
    files = [str(file) for file in (origin / ".claude").rglob("*") if file.is_file()]
    ran: dict[str, list[Ran]] = {}
    for number in range(FIRST_ROUNDS):
        ours, theirs, linked = (_copy(place, origin, f"{whose}-{number}") for whose in ("ours", "theirs", "linked"))
        place.add(ours)
        for name, command in {
            "first sync": _sync(ours),
            "reference, first time": _reference(theirs),
            "sha256sum of every file": ("sha256sum", *files),
            "cp -a of the sources": ("cp", "-a", origin / ".claude", place.folder / f"copied-{number}"),
            "a link for each skill, in Python": (sys.executable, "-c", _LINKS, linked),
        }.items():
            ran.setdefault(name, []).append(place.measured(*command))
    yield from _rows(ran)
    yield from _ratios("first sync", ran, bar)


def _again(place: Ground, synced: Path, seen: Path, rounds: int, bar: float | None) -> Iterator[Row]:
    """With nothing changed: from the page cache, and, where we may empty it, from the disk, our own modules too."""
    both = {
        "second sync": partial(place.measured, *_sync(synced)),
        "reference, nothing changed": partial(place.measured, *_reference(seen)),
    }
    warm = in_turns(both, rounds)
    yield from _rows(warm)
    yield from _ratios("second sync", warm, bar)
    if not os.access(CACHES, os.W_OK):
        return
    cold = in_turns({f"{name}, cold": run for name, run in both.items()}, COLD_ROUNDS, before=_empty_caches)
    yield from _rows(cold)
    yield from _ratios("second sync, cold", cold, bar)


def _empty_caches() -> None:
    os.sync()
    CACHES.write_text("3", encoding="ascii")


def _rows(ran: Mapping[str, Sequence[Ran]]) -> Iterator[Row]:
    for name, each in ran.items():
        yield Row(name, median(one.seconds for one in each) * 1000, "ms")
        yield Row(f"{name}: peak memory", median(one.peak_mib for one in each), "MiB")


def _ratios(ours: str, ran: Mapping[str, Sequence[Ran]], bar: float | None) -> Iterator[Row]:
    """Of the medians; what is to hold is against the script."""
    seconds = {name: median(one.seconds for one in each) for name, each in ran.items()}
    for name, other in seconds.items():
        if name != ours:
            yield Row(f"{ours} / {name}", seconds[ours] / other, "x", bar if name.startswith("reference") else None)


_LINKS = """
import pathlib, sys
root = pathlib.Path(sys.argv[1])
(root / "links").mkdir()
for skill in (root / ".claude/skills").iterdir():
    (root / "links" / skill.name).symlink_to(skill)
"""


def _copy(place: Ground, origin: Path, name: str) -> Path:
    root = place.folder / name
    shutil.copytree(origin, root, symlinks=True)
    return root


def _sync(project: Path) -> tuple[str | Path, ...]:
    return ("harnesssync", "sync", "--project", project)


def _reference(project: Path) -> tuple[str | Path, ...]:
    return (sys.executable, REFERENCE, f"{project}.json", project)
