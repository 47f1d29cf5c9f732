"""The supervisor of 200 projects that are in step starts again: until it answers, and until it has looked at all."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.fleet import PROJECTS, make_fleet, register
from benchmarks.ground import COMMANDS, Ground, ground
from benchmarks.measure import Row, milliseconds, side_by_side
from benchmarks.system import processor_s
from harnesssync_orchestrator.ctl import client

BAR_S = 2.0
TIMEOUT_S = 60.0
LOOK_S = 0.05

_COUNTER = """
import atexit, json, os, sys
opened, projects = set(), sys.argv[1]
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.fsdecode(arguments[0])
        if path.startswith(projects) and "/.git/" not in path and not path.endswith("/.git"):
            opened.add(path)
sys.addaudithook(hook)
atexit.register(lambda: print(json.dumps(sorted(opened)), flush=True))
from harnesssync_orchestrator import cli
sys.exit(cli.run("harnesssync-orchestrator", ["serve"]))
"""


def measure(*, quick: bool) -> Iterator[Row]:
    """Each with 50 skills of 3 files, for three targets, after one sync and a stop."""
    with ground() as place:
        projects = make_fleet(place.folder / "fleet", PROJECTS // 10 if quick else PROJECTS)
        with place.supervisor():
            register(place, projects)
            place.run("harnesssync", "ctl", "sync", "--all", "--wait", "--json")
            pair = side_by_side(
                lambda: place.run("harnesssync", "ctl", "status", "--all"),
                lambda: subprocess.run([sys.executable, "-c", "pass"], env=place.environ, check=True),
                rounds=5 if quick else 20,
            )
            yield Row(f"ctl status --all of {len(projects)}, whole process", milliseconds(pair.ours), "ms")
        command = [str(COMMANDS / "harnesssync-orchestrator"), "serve"]
        started = [_restart(place, command, len(projects)) for _ in range(2 if quick else 5)]
        counted = [sys.executable, "-c", _COUNTER, str(place.folder / "fleet")]
        opened = json.loads(_restart(place, counted, len(projects)).printed)
    answered, ready = (statistics.median(each) for each in zip(*((s.answered, s.ready) for s in started), strict=True))
    yield Row("start to the first answer, median", answered, "s", BAR_S)
    yield Row(f"start to all {len(projects)} in step, median", ready, "s", BAR_S)
    yield Row("processor time of that, median", statistics.median(one.processor for one in started), "s")
    yield Row("sources and outputs opened by that", len(opened), "", 0)


@dataclass(frozen=True, slots=True)
class Started:
    """Seconds to the first answer and until all projects are in step, of a clock and of a processor, and what the
    process prints at its end."""

    answered: float
    ready: float
    processor: float
    printed: str


def _restart(place: Ground, command: list[str], number: int) -> Started:
    began = time.perf_counter()
    with _running(place, command) as child:
        _wait(lambda: _in_step(place) is not None)
        answered = time.perf_counter() - began
        _wait(lambda: _in_step(place) == number)
        ready, processor = time.perf_counter() - began, processor_s(child.pid)
    assert child.stdout is not None
    return Started(answered, ready, processor, child.stdout.read())


@contextmanager
def _running(place: Ground, command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with (place.folder / "restarted.log").open("wb") as log:
        child = subprocess.Popen(command, env=place.environ, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield child
        finally:
            child.terminate()
            child.wait(10)


def _in_step(place: Ground) -> int | None:
    """How many projects are in step and at rest, None if nobody answers."""
    try:
        status = client.ask(place.environ, "status", {"brief": True})
    except client.NoSupervisorError:
        return None
    return [row["state"] for row in status["projects"]].count("in step")


def _wait(condition: Callable[[], bool]) -> None:
    ends = time.perf_counter() + TIMEOUT_S
    while not condition():
        if time.perf_counter() > ends:
            raise RuntimeError(f"it did not come about within {TIMEOUT_S:g} s")
        time.sleep(LOOK_S)
