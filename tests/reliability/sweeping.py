"""A sweep: many cases of one kind, the count of what went wrong, and how to play one of them again.

Each sweep is a program, `python tests/reliability/<sweep>.py`, with the same options, and has a slice of its cases
among the tests. What it found goes to `.cache/reliability/<sweep>.json` as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path

from tests.reliability.injection import Runner
from tests.reliability.scenes import SCENES
from tests.reliability.stage import Scene, Stage

REPOSITORY = Path(__file__).parents[2]
MEMORY = "/dev/shm"
"""Where files cost no disk: what a fault does to the product does not depend on the disk below."""


@dataclass(frozen=True, order=True)
class Case:
    """One fault in one scene. `str` gives its name, `parse` the case of a name."""

    scene: str
    fault: str
    at: int

    def __str__(self) -> str:
        return f"{self.scene}:{self.fault}:{self.at}"

    @classmethod
    def parse(cls, text: str) -> Case:
        scene, fault, at = text.rsplit(":", 2)
        return cls(scene, fault, int(at))


@dataclass
class Found:
    """What a sweep found: how many cases ran, of which scenes, how many did not come to their fault, and what was
    wrong in which case."""

    runs: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, other: Found) -> None:
        self.runs.update(other.runs)
        self.missed += other.missed
        self.wrong.update(other.wrong)


MISSED = ["the fault was not reached"]
"""What a check answers when the run was over before its call came: nothing was tested."""


@contextmanager
def staged(scene: Scene, runner: Runner) -> Generator[Stage]:
    """A stage in a temporary folder, in memory where there is such a folder."""
    folder = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="harnesssync-sweep-", dir=folder, ignore_cleanup_errors=True) as place:
        yield Stage.make(scene, Path(place), runner)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """`cases` lists those of one scene that is ready; `check` plays one and says what was wrong. `staged` makes the
    place where a scene is played."""

    name: str
    cases: Callable[[Stage], Sequence[Case]]
    check: Callable[[Stage, Case], list[str]]
    scenes: tuple[Scene, ...] = SCENES
    staged: Callable[[Scene, Runner], AbstractContextManager[Stage]] = staged

    def scene(self, name: str) -> Scene:
        return next(scene for scene in self.scenes if scene.name == name)

    def run(
        self, scenes: Iterable[str], *, every: int = 1, turn: int | None = None, part: tuple[int, int] = (0, 1)
    ) -> Found:
        """Play every case (or each `every`-th) of some scenes in this process, with `turn` only those of `in_turn`. Of
        several processes, `part` is (which, of how many): each takes its share."""
        found, began = Found(), time.monotonic()
        with ExitStack() as stack:
            runner = stack.enter_context(Runner())
            for name in scenes:
                with self.staged(self.scene(name), runner) as stage:
                    cases = self.cases(stage) if turn is None else in_turn(self.cases(stage), turn)
                    for case in cases[::every][part[0] :: part[1]]:
                        self._play(stage, case, found)
        found.seconds = time.monotonic() - began
        return found

    def play(self, cases: Iterable[Case]) -> Found:
        """Play some cases, each in a world of its own."""
        found = Found()
        with Runner() as runner:
            for case in cases:
                with self.staged(self.scene(case.scene), runner) as stage:
                    self._play(stage, case, found)
        return found

    def _play(self, stage: Stage, case: Case, found: Found) -> None:
        stage.before.restore()
        wrong = self.check(stage, case)
        found.runs[case.scene] += 1
        if wrong is MISSED:
            found.missed += 1
        elif wrong:
            found.wrong[str(case)] = wrong


def in_turn(cases: Sequence[Case], turn: int) -> list[Case]:
    """Of the cases that a scene lists for one call, one: at the first call the one with the number `turn`, at each
    further call the next one. So every call has its fault, and every fault its calls."""
    calls = (list(same) for _, same in groupby(cases, key=lambda case: case.at))
    return [same[(turn + number) % len(same)] for number, same in enumerate(calls)]


# --- as a program


def main(sweep: Sweep, arguments: Sequence[str] | None = None, *, least: int) -> int:
    """Run a sweep, say what it found, and give the exit code: 0 if nothing was wrong and at least `least` cases ran."""
    parser = argparse.ArgumentParser(description=f"The sweep {sweep.name!r}: see docs/reliability.md.")
    parser.add_argument("--scene", action="append", choices=[scene.name for scene in sweep.scenes])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="play each N-th case only")
    parser.add_argument("--turn", type=int, metavar="N", help="at each call one fault only: the N-th, then the next")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--case", action="append", metavar="SCENE:FAULT:CALL", help="play this case alone")
    options = parser.parse_args(arguments)
    if options.case:
        found = sweep.play(Case.parse(text) for text in options.case)
        tell(sweep.name, found, write=False)
        return 1 if found.wrong or found.missed else 0
    scenes = options.scene or [scene.name for scene in sweep.scenes]
    began = time.monotonic()
    found = Found()
    with ProcessPoolExecutor(options.jobs) as pool:
        work = [
            (sweep, scene, options.every, options.turn, (index, options.jobs))
            for scene in scenes
            for index in range(options.jobs)
        ]
        for scene, part in zip((each[1] for each in work), pool.map(_part, work), strict=True):
            found.add(part)
            told = f"{part.runs.total()} runs in {part.seconds:.0f} s, {len(part.wrong)} wrong"
            print(f"  {sweep.name} {scene}: {told}", *part.wrong, flush=True)
    found.seconds = time.monotonic() - began
    complete = options.every == 1 and options.turn is None and not options.scene
    tell(sweep.name if complete else f"{sweep.name}-part", found, write=True)
    enough = not complete or found.runs.total() - found.missed >= least
    if not enough:
        print(f"{sweep.name}: fewer than {least} cases came to their fault")
    return 0 if enough and not found.wrong else 1


def _part(work: tuple[Sweep, str, int, int | None, tuple[int, int]]) -> Found:
    sweep, scene, every, turn, part = work
    return sweep.run([scene], every=every, turn=turn, part=part)


def tell(name: str, found: Found, *, write: bool) -> None:
    """Say what was found: what was wrong, how to repeat it, and one last line with the counts."""
    for case, wrong in list(found.wrong.items())[:20]:
        print(f"\n{case}")
        for line in wrong[:6]:
            print(f"    {line[:1500]}")
    program = Path(sys.argv[0]).name
    if found.wrong:
        some = next(iter(found.wrong))
        print(f"\nOne of them alone: PYTHONPATH=. python tests/reliability/{program} --case '{some}'")
    runs = found.runs.total()
    print(
        f"sweep {name}: {runs} runs, {len(found.wrong)} wrong, {found.missed} over before their fault, "
        f"{found.seconds:.0f} s"
    )
    if write:
        record(
            name,
            {
                "runs": runs,
                "missed": found.missed,
                "wrong": len(found.wrong),
                "seconds": round(found.seconds, 1),
                "scenes": dict(found.runs),
                "cases": {case: wrong[:3] for case, wrong in list(found.wrong.items())[:500]},
            },
        )


def record(name: str, counts: dict[str, object]) -> None:
    """Keep the counts of a complete sweep in `.cache/reliability/<name>.json`, with date and commit."""
    file = REPOSITORY / ".cache" / "reliability" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    ).stdout.strip()
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    file.write_text(json.dumps({"sweep": name, "date": date, "commit": commit, **counts}, indent=2) + "\n")
