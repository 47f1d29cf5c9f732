"""The life of a project in steps, for ground that is not common: what must hold after each, wherever it stands."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.reliability.mounting import Kind, run
from tests.reliability.world import PROJECT_FILES, Pictured, World, picture

SKILL = ".agents/skills/pdf"
MARKER = ".agents/skills/.harnesssync-source-pdf.txt"
EDITED = "edited by a person\n"
THEIRS = {
    ".codex/config.toml": ("# mine\n", 'model = "o4"\r\n', "[mcp_servers.own]\n", "# keep"),
    ".gemini/settings.json": ('"theme": "dark" /* mine */', '"own": {"command": "own"}'),
    ".agents/skills/own/SKILL.md": ("Keep me.\n",),
}
"""What of a person's has to be in files that outputs are merged into, or that stand beside them."""

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
