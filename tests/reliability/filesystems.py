"""The sweep `filesystems`: a project on file systems of many kinds, in every stage of its life.

On each kind the same steps are taken, one after the other: the first sync, a second one, edits of the sources, an edit
of an output, names that are the same for this file system, a read-only mount, undo, and unlinking everything. After
each it is looked at what must hold. Where symbolic links can be made and permissions are kept, the tests of the write
path run on it as well, and a part of the sweep `races`. FAT is mounted by a second kernel where the machine's has none.
What can't be mounted is named, with what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.reliability import injection, sweeping, user_mode
from tests.reliability.lives import STEPS, Ground
from tests.reliability.mounting import KINDS, Kind
from tests.reliability.races import RACES
from tests.reliability.stage import Scene, Stage
from tests.reliability.world import World

REPOSITORY = Path(__file__).parents[2]
WRITE_PATH = ("below", "link", "linker", "plan_on_disk", "cleanup", "exclude")


def steps(kind: Kind) -> dict[str, list[str]]:
    """All steps of a project's life on one kind; what was wrong in each."""
    with kind.mounted() as place, tempfile.TemporaryDirectory(prefix="harnesssync-home-") as folder:
        ground = Ground(kind, World.make(Path(folder), project=place / "project"), place)
        return {step.__name__: step(ground) for step in STEPS}


def write_path(kind: Kind) -> list[str]:
    """The tests of the write path, with their temporary folders on this kind."""
    files = [f"tests/files/test_{name}.py" for name in WRITE_PATH]
    with kind.mounted() as place:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-n0",
                "-o",
                f"cache_dir={place}/c",
                f"--basetemp={place}/t",
                *files,
            ],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    return [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))] or (
        [done.stdout[-1000:] + done.stderr[-1000:]] if done.returncode else []
    )


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


def checks_of(kind: Kind, races_every: int) -> dict[str, list[str]]:
    """Everything that is looked at on one kind, and what was wrong in it."""
    found = {f"{kind.name}:{step}": lines for step, lines in steps(kind).items()}
    if kind.links and kind.modes:
        found[f"{kind.name}:write_path"] = write_path(kind)
        found[f"{kind.name}:races"] = raced(kind, races_every)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Play everything on every kind; the exit code is 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description="The sweep 'filesystems': see docs/reliability.md.")
    parser.add_argument("--kind", action="append", choices=[kind.name for kind in KINDS], help="this kind alone")
    parser.add_argument("--races-every", type=int, default=241, metavar="N", help="each N-th case of the races")
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.within:  # user_mode has asked
        user_mode.answer(checks_of(next(kind for kind in KINDS if kind.name in options.kind), options.races_every))
        return 0
    began, checks, kinds = time.monotonic(), 0, list[str]()
    wrong: dict[str, list[str]] = {}
    lacking: dict[str, str] = {}
    for kind in KINDS:
        if options.kind and kind.name not in options.kind:
            continue
        if not kind.is_known() and kind.name in user_mode.KINDS and user_mode.missing() is None:
            found = dict(user_mode.ask("tests.reliability.filesystems", "--kind", kind.name, "--within"))
        elif reason := kind.missing():
            lacking[kind.name] = reason
            continue
        else:
            found = checks_of(kind, options.races_every)
        kinds.append(kind.name)
        failed = {name: lines for name, lines in found.items() if lines}
        checks, wrong = checks + len(found), {**wrong, **failed}
        print(f"  filesystems {kind.name}: {len(found)} checks, {len(failed)} wrong", flush=True)
        for name, lines in failed.items():
            print(f"\n{name}", *(f"    {line[:1200]}" for line in lines[:8]), sep="\n", flush=True)
    for name, reason in lacking.items():
        print(f"not on this machine: {name} ({reason})")
    if wrong:
        kind_name = next(iter(wrong)).partition(":")[0]
        print(f"\nOne of them alone: PYTHONPATH=. python tests/reliability/filesystems.py --kind {kind_name}")
    seconds = time.monotonic() - began
    told = f"{len(wrong)} wrong, {len(lacking)} kinds missing, {seconds:.0f} s"
    print(f"sweep filesystems: {checks} checks on {len(kinds)} kinds, {told}")
    if not options.kind:
        counts = {"checks": checks, "kinds": kinds, "wrong": wrong, "missing": lacking, "seconds": round(seconds, 1)}
        sweeping.record("filesystems", dict(counts))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
