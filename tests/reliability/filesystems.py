"""The sweep `filesystems`: a project on file systems of many kinds, in every stage of its life.

On each kind the same steps are taken, one after the other: the first sync, a second one, edits of the sources, an edit
of an output, names that are the same for this file system, a read-only mount, undo, and unlinking everything. After
each it is looked at what must hold. The tests of the write path run on it as well, all but those that need what the
kind is shown to lack, which are counted; and where links can be made and permissions are kept, a part of the sweep
`races`. FAT is mounted by a second kernel where the machine's has none. What can't be mounted is named, with what is
missing.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.needs import NEEDS, lacking_here, works
from tests.reliability import injection, sweeping, user_mode
from tests.reliability.lives import STEPS, Ground
from tests.reliability.mounting import KINDS, Kind
from tests.reliability.races import RACES
from tests.reliability.stage import Scene, Stage
from tests.reliability.world import World

REPOSITORY = Path(__file__).parents[2]
WRITE_PATH = ("below", "copies", "link", "linker", "plan_on_disk", "cleanup", "exclude")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was looked at on one kind, with what was wrong in it, and how many tests were skipped, by the reason."""

    checks: Mapping[str, Sequence[str]]
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def wrong(self) -> dict[str, Sequence[str]]:
        return {name: lines for name, lines in self.checks.items() if lines}

    def __str__(self) -> str:
        told = f"{len(self.checks)} checks, {len(self.wrong)} wrong"
        if not self.skipped:
            return told
        reasons = "; ".join(f"{count}: {reason}" for reason, count in sorted(self.skipped.items()))
        return f"{told} ({sum(self.skipped.values())} tests skipped, {reasons})"


def steps(kind: Kind) -> dict[str, list[str]]:
    """All steps of a project's life on one kind; what was wrong in each."""
    with kind.mounted() as place, tempfile.TemporaryDirectory(prefix="harnesssync-home-") as folder:
        ground = Ground(kind, World.make(Path(folder), project=place / "project"), place)
        return {step.__name__: step(ground) for step in STEPS}


def lacks(kind: Kind) -> list[str]:
    """Is what is said to be missing on this kind missing, and nothing else? Else tests would be skipped for nothing."""
    with kind.mounted() as place:
        missing = {need for need in NEEDS if not works(need, place)}
    said = set(kind.lacks)
    return [f"there is no {need}, of which nothing is said" for need in sorted(missing - said)] + [
        f"{need} are said to be missing, and are there" for need in sorted(said - missing)
    ]


def write_path(kind: Kind, names: Sequence[str] = WRITE_PATH) -> tuple[list[str], dict[str, int]]:
    """The tests of the write path, with their temporary folders on this kind: what was wrong, and how many were
    skipped, by the reason."""
    files = [f"tests/files/test_{name}.py" for name in names]
    lacking = [f"--lacking={need}" for need in kind.lacks]
    with kind.mounted() as place, tempfile.TemporaryDirectory(prefix="harnesssync-report-") as folder:
        report = Path(folder, "report.xml")
        places = ["-o", f"cache_dir={folder}/cache", f"--basetemp={place}/t", f"--junitxml={report}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", *places, *lacking, *files],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            return [done.stdout[-1000:] + done.stderr[-1000:]], {}
        tests = list(ET.parse(report).iter("testcase"))  # noqa: S314 - pytest has just written it
    reasons = [one.get("message", "") for test in tests for one in test.iter("skipped")]
    wrong = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    # A test that skips itself says nothing of the file system.
    wrong += [f"skipped for another reason: {reason}" for reason in reasons if reason not in _declared(kind)]
    if not tests or (done.returncode and not wrong):
        wrong.append(done.stdout[-1000:] + done.stderr[-1000:])
    return wrong, dict(Counter(reasons))


def _declared(kind: Kind) -> set[str]:
    """The reasons for which `tests/conftest.py` skips where this is lacking."""
    lacking = sorted(kind.lacks)
    return {lacking_here(chosen) for count in range(1, len(lacking) + 1) for chosen in combinations(lacking, count)}


def raced(kind: Kind, every: int) -> list[str]:
    """A part of the sweep `races` on this kind, where names are exchanged or, on some, can't be."""
    if injection.missing():
        return []
    with kind.mounted() as place:

        @contextlib.contextmanager
        def staged(scene: Scene, runner: injection.Runner) -> Iterator[Stage]:
            with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
                yield Stage.make(scene, Path(folder), runner)

        found = replace(RACES, staged=staged).run([scene.name for scene in RACES.scenes], every=every)
    return [f"{case}: {line}" for case, lines in found.wrong.items() for line in lines]


def checks_of(kind: Kind, races_every: int) -> Found:
    """Everything that is looked at on one kind, and what was wrong in it."""
    checks: dict[str, Sequence[str]] = {f"{kind.name}:{step}": lines for step, lines in steps(kind).items()}
    checks[f"{kind.name}:lacks"] = lacks(kind)
    checks[f"{kind.name}:write_path"], skipped = write_path(kind)
    if kind.links and kind.modes:
        checks[f"{kind.name}:races"] = raced(kind, races_every)
    return Found(checks=checks, skipped=skipped)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play everything on every kind; the exit code is 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description="The sweep 'filesystems': see docs/reliability.md.")
    parser.add_argument("--kind", action="append", choices=[kind.name for kind in KINDS], help="this kind alone")
    parser.add_argument("--races-every", type=int, default=241, metavar="N", help="each N-th case of the races")
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.within:  # user_mode has asked
        found = checks_of(next(kind for kind in KINDS if kind.name in options.kind), options.races_every)
        user_mode.answer(asdict(found))
        return 0
    began, checks, kinds = time.monotonic(), 0, list[str]()
    wrong: dict[str, Sequence[str]] = {}
    skipped: dict[str, Mapping[str, int]] = {}
    lacking: dict[str, str] = {}
    for kind in KINDS:
        if options.kind and kind.name not in options.kind:
            continue
        if not kind.is_known() and kind.name in user_mode.KINDS and user_mode.missing() is None:
            found = Found(**user_mode.ask("tests.reliability.filesystems", "--kind", kind.name, "--within"))
        elif reason := kind.missing():
            lacking[kind.name] = reason
            continue
        else:
            found = checks_of(kind, options.races_every)
        kinds.append(kind.name)
        checks, wrong = checks + len(found.checks), {**wrong, **found.wrong}
        if found.skipped:
            skipped[kind.name] = found.skipped
        print(f"  filesystems {kind.name}: {found}", flush=True)
        for name, lines in found.wrong.items():
            print(f"\n{name}", *(f"    {line[:1200]}" for line in lines[:8]), sep="\n", flush=True)
    for name, reason in lacking.items():
        print(f"not on this machine: {name} ({reason})")
    if wrong:
        kind_name = next(iter(wrong)).partition(":")[0]
        print(f"\nOne of them alone: PYTHONPATH=. python tests/reliability/filesystems.py --kind {kind_name}")
    seconds = time.monotonic() - began
    tests = sum(sum(each.values()) for each in skipped.values())
    told = f"{len(wrong)} wrong, {len(lacking)} kinds missing, {tests} tests skipped, {seconds:.0f} s"
    print(f"sweep filesystems: {checks} checks on {len(kinds)} kinds, {told}")
    if not options.kind:
        counts = {"checks": checks, "kinds": kinds, "wrong": wrong, "missing": lacking, "skipped": skipped}
        sweeping.record("filesystems", {**counts, "seconds": round(seconds, 1)})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
