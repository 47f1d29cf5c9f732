"""The sweep `filesystems`: a project on file systems of many kinds, in every stage of its life.

On each kind the same steps are taken, one after the other: the first sync, a second one, edits of the sources, an edit
of an output, names that are the same for this file system, a read-only mount, undo, and unlinking everything. After
each it is looked at what must hold. Where symbolic links can be made and permissions are kept, the tests of the write
path run on it as well, and a part of the sweep `races`. What this machine can't mount is named, with what it lacks.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.reliability import injection, sweeping
from tests.reliability.mounting import KINDS, Kind, run
from tests.reliability.races import RACES
from tests.reliability.scenes import Scene, Stage
from tests.reliability.world import PROJECT_FILES, Pictured, World, picture

REPOSITORY = Path(__file__).parents[2]
SKILL = ".agents/skills/pdf"
MARKER = ".agents/skills/.harnesssync-source-pdf.txt"
EDITED = "edited by a person\n"
THEIRS = {
    ".codex/config.toml": ("# mine\n", 'model = "o4"\r\n', "[mcp_servers.own]\n", "# keep"),
    ".gemini/settings.json": ('"theme": "dark" /* mine */', '"own": {"command": "own"}'),
    ".agents/skills/own/SKILL.md": ("Keep me.\n",),
}
"""What of a person's has to be in files that outputs are merged into, or that stand beside them."""

WRITE_PATH = ("below", "link", "linker", "plan_on_disk", "cleanup", "exclude")
_IN_STEP, _DIFFERS, _FAILED = 0, 1, 4


@dataclass
class Ground:
    """A world whose project stands on a file system of some kind. `before` is the project before the first sync."""

    kind: Kind
    world: World
    mounted: Path
    before: Mapping[str, Pictured] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.picture()

    @property
    def project(self) -> Path:
        return self.world.project

    def picture(self) -> dict[str, Pictured]:
        return picture(self.project, without=(".git/index", ".git/objects", ".git/logs"))

    def expect(self, code: int, *arguments: str) -> list[str]:
        """Run a command; what is wrong if it ends otherwise, or not as a command should."""
        ran = self.world.run(*arguments)
        if ran.returncode == code and "Traceback" not in ran.stderr:
            return []
        return [
            f"{' '.join(arguments)} ended with {ran.returncode}, not {code}: {ran.stdout[-800:]}{ran.stderr[-800:]}"
        ]


def first_sync(ground: Ground) -> list[str]:
    """Everything arrives: skills by links, or as marked copies; nothing of a person's is lost."""
    wrong = ground.expect(_IN_STEP, "sync")
    linked = (ground.project / SKILL).is_symlink()
    if linked != ground.kind.links:
        wrong.append(f"the skill is {'' if linked else 'no '}link")
    if (ground.project / MARKER).exists() == linked:
        wrong.append("a marker stands beside a link, or none beside a copy")
    return wrong + _outputs(ground) + ground.expect(_IN_STEP, "check")


def second_sync(ground: Ground) -> list[str]:
    """Nothing is written: every inode and time stays."""
    stamps = {path: one.stamp for path, one in ground.picture().items()}
    wrong = ground.expect(_IN_STEP, "sync")
    after = {path: one.stamp for path, one in ground.picture().items()}
    changed = [path for path in stamps if after.get(path) != stamps[path] and not path.startswith(".git")]
    return wrong + [f"was written again: {path}" for path in changed]


def sources_change(ground: Ground) -> list[str]:
    """One is edited, one renamed, one removed, one added."""
    skills = ground.project / ".claude/skills"
    ground.world.write(
        {
            ".claude/skills/pdf/SKILL.md": PROJECT_FILES[".claude/skills/pdf/SKILL.md"] + "Changed.\n",
            ".claude/skills/new/SKILL.md": "---\nname: new\ndescription: Came later\n---\nNew.\n",
            "CLAUDE.md": "# Rules\n\nUse spaces. See @docs/style.md\n",
        }
    )
    (skills / "日本語").rename(skills / "漢字")
    (ground.project / ".claude/agents/reviewer.md").unlink()
    wrong = ground.expect(_IN_STEP, "sync") + _outputs(ground)
    for name, there in {"new": True, "漢字": True, "日本語": False}.items():
        if (ground.project / ".agents/skills" / name / "SKILL.md").exists() != there:
            wrong.append(f"the skill {name} is {'not ' if there else ''}there")
    return wrong


def an_output_is_edited(ground: Ground) -> list[str]:
    """It stays and is told, in a rendered file and in a copy; without the edit all is in step again."""
    rendered = ground.project / ".gemini/commands/fix/issue.toml"
    files = [rendered] if ground.kind.links else [rendered, ground.project / SKILL / "SKILL.md"]
    contents = [file.read_bytes() for file in files]
    for file in files:
        file.write_text(EDITED)
    wrong = ground.expect(_DIFFERS, "sync")
    for file, content in zip(files, contents, strict=True):
        if file.read_text() != EDITED:
            wrong.append(f"an edit of {file.name} was lost")
        file.write_bytes(content)
    return wrong + ground.expect(_IN_STEP, "sync")


def names_fold(ground: Ground) -> list[str]:
    """A person's file whose name differs from that of an output in case alone, or in its form of Unicode: where both
    names are one it stays, and elsewhere both stand side by side."""
    skill, composed, decomposed = ".claude/skills", "caf\u00e9", "cafe\u0301"
    ground.world.write({f"{skill}/{composed}/SKILL.md": f"---\nname: {composed}\ndescription: Coffee\n---\nHot.\n"})
    ground.world.write({".claude/commands/Loud.md": "---\ndescription: Loud\n---\nBe loud.\n"})
    theirs = {f".agents/skills/{decomposed}": "mine\n", ".gemini/commands/LOUD.toml": "prompt = 'mine'\n"}
    ground.world.write(theirs)
    one = [ground.kind.normalises, ground.kind.folds]
    wrong = ground.expect(_DIFFERS if any(one) else _IN_STEP, "sync")
    for path, content in theirs.items():
        if (ground.project / path).read_text() != content:
            wrong.append(f"{path!r} is not what the person wrote")
        (ground.project / path).unlink()
    # The kernel remembers for a second that there is a file by the other spelling, if FUSE is in between.
    if any(one):
        spelled = [ground.project / path for path in (f".agents/skills/{composed}", ".gemini/commands/Loud.toml")]
        _await(lambda: not any(os.path.lexists(path) for path in spelled))
    wrong += ground.expect(_IN_STEP, "sync") + _outputs(ground)
    shutil.rmtree(ground.project / skill / composed)
    (ground.project / ".claude/commands/Loud.md").unlink()
    return wrong + ground.expect(_IN_STEP, "sync")


def read_only(ground: Ground) -> list[str]:
    """Nothing can be written, which is told, and nothing is lost; when it can be written again all arrives."""
    ground.world.write({".claude/skills/late/SKILL.md": "---\nname: late\ndescription: Late\n---\nLate.\n"})
    before = ground.picture()
    with _read_only(ground.mounted):
        wrong = ground.expect(_FAILED, "sync")
    if ground.picture() != before:
        wrong.append("something changed on a read-only file system")
    wrong += ground.expect(_IN_STEP, "sync") + _outputs(ground)
    shutil.rmtree(ground.project / ".claude/skills/late")
    return wrong + ground.expect(_IN_STEP, "sync")


def an_undo(ground: Ground) -> list[str]:
    """The last sync is taken back, byte for byte; the next one brings it again."""
    wrong = ground.expect(_IN_STEP, "sync")
    before, rules = ground.picture(), (ground.project / "CLAUDE.md").read_text()
    ground.world.write({"CLAUDE.md": "# Rules\n\nUse both. See @docs/style.md\n"})
    wrong += ground.expect(_IN_STEP, "sync") + ground.expect(_IN_STEP, "undo")
    ground.world.write({"CLAUDE.md": rules})
    wrong += [f"not as before the sync: {line}" for line in _differences(before, ground.picture())]
    return wrong + ground.expect(_IN_STEP, "sync") + _outputs(ground)


def unlinked(ground: Ground) -> list[str]:
    """What was there before the first sync is there, byte for byte, and nothing else."""
    wrong = ground.expect(_IN_STEP, "unlink", "--all")
    shutil.rmtree(ground.project / ".claude")
    ground.world.write(PROJECT_FILES)
    with contextlib.suppress(OSError):
        (ground.project / ".claude/skills/pdf/scripts/read.sh").chmod(0o755)
    return wrong + [f"not as before the first sync: {line}" for line in _differences(ground.before, ground.picture())]


STEPS: tuple[Callable[[Ground], list[str]], ...] = (
    first_sync,
    second_sync,
    sources_change,
    an_output_is_edited,
    names_fold,
    read_only,
    an_undo,
    unlinked,
)


def _outputs(ground: Ground) -> list[str]:
    """Outputs say what their sources say, a person's things are there, and no temporary is."""
    source = ground.project / ".claude/skills/pdf"
    wrong = [
        f"{SKILL}/{name} is not what its source is"
        for name in ("SKILL.md", "scripts/read.sh")
        if (ground.project / SKILL / name).read_bytes() != (source / name).read_bytes()
    ]
    if ground.kind.modes and not os.access(ground.project / SKILL / "scripts/read.sh", os.X_OK):
        wrong.append("a script lost its permission")
    for path, texts in THEIRS.items():
        there = (ground.project / path).read_bytes().decode()
        wrong += [f"{path} lost {text!r}" for text in texts if text not in there]
    return wrong + [f"left behind: {path}" for path in ground.picture() if path.endswith((".tmp", ".old"))]


def _differences(before: Mapping[str, Pictured], after: Mapping[str, Pictured]) -> list[str]:
    paths = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    # Git's own files change as git likes.
    return [f"{path}: {before.get(path)} -> {after.get(path)}" for path in sorted(paths) if not _of_git(path)]


def _of_git(path: str) -> bool:
    return path.startswith(".git/") and path != ".git/info/exclude"


def _await(condition: Callable[[], bool]) -> None:
    """Ask until it holds, for a few seconds at most."""
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


@contextlib.contextmanager
def _read_only(place: Path) -> Iterator[None]:
    """By a mount of the same folder over itself: every kind can be made read-only so."""
    run("mount", "--bind", place, place)
    try:
        run("mount", "-o", "remount,bind,ro", place)
        yield
    finally:
        run("umount", place)


# --- the sweep


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Play everything on every kind; the exit code is 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description="The sweep 'filesystems': see docs/reliability.md.")
    parser.add_argument("--kind", action="append", choices=[kind.name for kind in KINDS], help="this kind alone")
    parser.add_argument("--races-every", type=int, default=97, metavar="N", help="each N-th case of the races")
    options = parser.parse_args(arguments)
    began, checks, kinds = time.monotonic(), 0, list[str]()
    wrong: dict[str, list[str]] = {}
    lacking: dict[str, str] = {}
    for kind in KINDS:
        if options.kind and kind.name not in options.kind:
            continue
        if reason := kind.missing():
            lacking[kind.name] = reason
            continue
        kinds.append(kind.name)
        found = {f"{kind.name}:{step}": lines for step, lines in steps(kind).items()}
        if kind.links and kind.modes:
            found[f"{kind.name}:write_path"] = write_path(kind)
            found[f"{kind.name}:races"] = raced(kind, options.races_every)
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
