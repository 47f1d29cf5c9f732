"""How time and memory grow with projects and with files: what one more of them costs, at every size."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence

from benchmarks.fleet import register
from benchmarks.ground import Ground, ground
from benchmarks.measure import Row
from benchmarks.system import resident_mib
from benchmarks.workloads import make_project

PROJECTS = (1, 10, 100, 300, 1000)
FILES = (100, 1_000, 10_000, 100_000)
EACH = 5
"""Files of one skill."""
BAR = 1.3
"""Linear or better: up to the largest size one more costs at most so many times what it costs up to the size below.
Caches and directories that grow make it a little more than once."""
ROUNDS = 5


def measure(*, quick: bool) -> Iterator[Row]:
    """A supervisor with more and more projects, and one project with more and more files."""
    yield from _by_files(FILES[:2] if quick else FILES)
    yield from _by_projects(PROJECTS[:3] if quick else PROJECTS)


def _by_files(sizes: Sequence[int]) -> Iterator[Row]:
    first, second, peak = list[float](), list[float](), list[float]()
    for files in sizes:
        with ground() as place:
            project = make_project(place.folder / "project", skills=files // EACH, files=EACH)
            place.add(project)
            sync = ("harnesssync", "sync", "--project", project)
            ran = place.measured(*sync)
            first.append(ran.seconds)
            peak.append(ran.peak_mib)
            second.append(min(place.measured(*sync).seconds for _ in range(ROUNDS)))
        yield Row(f"{files} files: first sync", first[-1], "s")
        yield Row(f"{files} files: peak memory of it", peak[-1], "MiB")
        yield Row(f"{files} files: second sync", second[-1] * 1000, "ms")
    yield from _slopes(
        "file", sizes, {"first sync": (first, "s"), "second sync": (second, "s"), "memory": (peak, "MiB")}
    )


def _by_projects(sizes: Sequence[int]) -> Iterator[Row]:
    """One supervisor, to which projects are added."""
    synced, memory = list[float](), list[float]()
    with ground() as place:
        pattern, made = make_project(place.folder / "pattern", skills=10, files=3), 0
        with place.supervisor() as supervisor:
            for count in sizes:
                more = [place.folder / f"project-{number:04}" for number in range(made, count)]
                for project in more:
                    shutil.copytree(pattern, project)
                register(place, more)
                made = count
                place.run("harnesssync", "ctl", "sync", "--all", "--wait")
                time.sleep(1.0)
                synced.append(min(_seconds(place) for _ in range(ROUNDS)))
                memory.append(resident_mib(supervisor.pid))
                yield Row(f"{count} projects: sync of all, nothing changed", synced[-1] * 1000, "ms")
                yield Row(f"{count} projects: memory of the supervisor", memory[-1], "MiB")
    yield from _slopes("project", sizes, {"sync of all": (synced, "s"), "memory": (memory, "MiB")})


def _seconds(place: Ground) -> float:
    began = time.perf_counter()
    place.run("harnesssync", "ctl", "sync", "--all", "--wait")
    return time.perf_counter() - began


_UNITS = {"s": (1e6, "µs"), "MiB": (1024.0, "KiB")}


def _slopes(one: str, sizes: Sequence[int], what: dict[str, tuple[list[float], str]]) -> Iterator[Row]:
    """What one more costs, from the smallest size up to each other, and how the last of these relates to the one
    before."""
    for name, (values, unit) in what.items():
        factor, small = _UNITS[unit]
        pairs = list(zip(sizes, values, strict=True))
        (least, base), *others = pairs
        costs = [(value - base) / (size - least) * factor for size, value in others]
        for (size, _), cost in zip(others, costs, strict=True):
            yield Row(f"{name}: each {one} more, up to {size}", cost, small)
        if len(costs) > 1:
            yield Row(f"{name}: the last of these / the one before", costs[-1] / costs[-2], "x", BAR)
