"""How many times a second the supervisor says how 200 projects stand, against a server of constant bytes."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.ground import ground
from benchmarks.measure import Row
from benchmarks.workloads import make_project

PROJECTS = 200
BAR = 2.5
"""A constant answer may be sent so many times as often: ours is checked for who asks, parsed and routed."""


def measure(*, quick: bool) -> Iterator[Row]:
    """50 clients in a process of their own ask for the status of all, each again when it has its answer."""
    with ground() as place:
        count = 20 if quick else PROJECTS
        for number in range(count):
            place.add(make_project(place.folder / f"project-{number:03}", skills=1, files=1))
        with place.supervisor():
            place.run("harnesssync", "ctl", "sync", "--all", "--wait")
            socket = place.home / ".harnesssync/orchestrator.sock"
            figures = place.inside("answers_inside.py", socket, count, 1 if quick else 3)
            brief = place.inside("answers_inside.py", socket, count, 1 if quick else 3, "brief")
    yield Row("bytes of one answer", figures["bytes"], "")
    yield Row("answers of a server of constant bytes", figures["reference"], "/s")
    yield Row("answers of the supervisor", figures["ours"], "/s")
    yield Row("constant / ours", figures["reference"] / figures["ours"], "x", None if quick else BAR)
    yield Row("bytes of what `ctl status --all` asks for", brief["bytes"], "")
    yield Row("constant / ours, of that", brief["reference"] / brief["ours"], "x")
