"""What is swept: one command in one situation, how it went undisturbed, and whether a disturbed run did any harm.

A `Stage` plays one `Scene` over and over in one folder. Before each run everything is put back as it was, in place,
so that what did not change keeps its inode.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.reliability.injection import CHANGES, LOOKS, Fault, Ran, Runner
from tests.reliability.world import PROJECT_FILES, Pictured, World, differences, picture

OURS = "home/.harnesssync"
EXCLUDE = "project/.git/info/exclude"
_TIMES = frozenset({"timestamp", "last_sync", "last_active", "time", "transaction", "origin"})
_CHOICES = frozenset({"paused"})  # an undo pauses the project, and may be killed before it comes to that
_TEMPORARY = re.compile(r"\.harnesssync-[0-9a-f]+(-[0-9a-f]+)*\.(tmp|old)|\.state-.*\.tmp")
_BLOCK = re.compile(rb"# >>> harnesssync.*# <<< harnesssync\n", re.DOTALL)
_MEMORIES = re.compile(r".*\.msgpack")

ONE_AT_A_TIME = "[limits]\nprojects = 1\nhashing = 1\nlinking = 1\nledgers = 1\n"
"""With this configuration two runs make the same calls in the same order, whatever the threads do."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`arguments` are the command that is disturbed; `again` what puts everything right afterwards. `prepare` brings
    a world with a registered, never synced project into the situation. `files` picks paths (below the world) that
    only `again` brings in step, so that they may lag behind when the command says that it succeeded."""

    name: str
    prepare: Callable[[Stage], None]
    arguments: tuple[str, ...] = ("sync",)
    again: tuple[str, ...] = ("sync",)
    without_links: bool = False
    threads: bool = False


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A tree as it was, to be brought back."""

    root: Path
    paths: Mapping[str, Pictured]
    times: Mapping[str, int]

    @classmethod
    def of(cls, root: Path) -> Saved:
        paths = picture(root)
        return cls(root=root, paths=paths, times={path: one.stamp[1] for path, one in paths.items()})

    def differences(self) -> list[str]:
        """How the tree differs by now."""
        return differences(self.paths, picture(self.root))

    def restore(self) -> None:
        """Bring the tree back; what is as it was is not touched, and keeps its inode."""
        now = picture(self.root)
        for path in sorted(now.keys() - self.paths.keys(), reverse=True):
            _remove(self.root / path)
        for path, wanted in sorted(self.paths.items()):
            there = now.get(path)
            if there != wanted:
                _make(self.root / path, wanted, there)
        for path, wanted in sorted(self.paths.items(), reverse=True):
            if wanted.kind != "link":
                full, time = self.root / path, self.times[path]
                if full.stat().st_mtime_ns != time:
                    os.utime(full, ns=(time, time))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _make(path: Path, wanted: Pictured, there: Pictured | None) -> None:
    if there is not None and there.kind != wanted.kind:
        _remove(path)
    if wanted.kind == "folder":
        path.mkdir(exist_ok=True)
        path.chmod(wanted.mode)
    elif wanted.kind == "link":
        path.unlink(missing_ok=True)
        path.symlink_to(os.fsdecode(wanted.content))
    else:
        path.write_bytes(wanted.content)
        path.chmod(wanted.mode)


@dataclass
class Stage:
    """One scene, ready to be played. `before` is how it begins; `left` what the undisturbed command leaves, `after`
    what is left when `again` has run too, with exit code `settled_code`. `calls` are those of the undisturbed run,
    by class."""

    scene: Scene
    world: World
    runner: Runner
    before: Saved = field(init=False)
    left: Mapping[str, Pictured] = field(init=False)
    after: Mapping[str, Pictured] = field(init=False)
    code: int = field(init=False)
    settled_code: int = field(init=False)
    calls: Mapping[int, tuple[str, ...]] = field(init=False)

    @classmethod
    def make(cls, scene: Scene, root: Path, runner: Runner) -> Stage:
        """Make the world below an empty folder, and play the scene once undisturbed."""
        world = World.make(root)
        stage = cls(scene=scene, world=world, runner=runner)
        if not scene.threads:
            (world.home / ".harnesssync" / "config.toml").write_text(ONE_AT_A_TIME)
        scene.prepare(stage)
        stage.before = Saved.of(world.root)
        ran = stage.run(log=True)
        stage.code = ran.code
        stage.left = normal(picture(world.root))
        stage.settled_code = stage.again().code
        stage.after = normal(picture(world.root))
        stage.before.restore()
        stage.calls = {CHANGES: ran.calls, LOOKS: stage.run(classes=LOOKS, log=True).calls}
        stage.before.restore()
        return stage

    def prepared(self, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        """Run a command undisturbed, for a scene to begin with. Raises unless it ends with 0 or 1."""
        fault = Fault(prefix=str(self.world.root), without_links=self.scene.without_links)
        environ = {**self.world.environ, **(environ or {})}
        ran = self.runner.run(arguments, cwd=self.world.project, environ=environ, fault=fault)
        if ran.code not in {0, 1}:
            raise AssertionError(f"{arguments} ended with {ran.code}: {ran.out}{ran.err}")

    def run(
        self, arguments: tuple[str, ...] | None = None, meanwhile: Callable[[], None] | None = None, **fault: Any
    ) -> Ran:
        """Run the scene's command, or another one, with a fault."""
        settings = {"prefix": str(self.world.root), "without_links": self.scene.without_links, **fault}
        return self.runner.run(
            arguments or self.scene.arguments,
            cwd=self.world.project,
            environ=self.world.environ,
            fault=Fault(**settings),
            meanwhile=meanwhile,
        )

    def again(self) -> Ran:
        """Put everything right, undisturbed."""
        return self.run(self.scene.again)

    # --- what must hold

    def harm(self, *, whole: bool = True) -> list[str]:
        """What a disturbed run has done that it must not: at any moment every path is as it was before or as it was
        to become, what a person wrote is there, and our own records can be read.

        Not `whole` is a run that could not read all of its source: it does what it can, so an output may then be
        something in between, but none may go that was there and is to stay.
        """
        now = normal(picture(self.world.root))
        before = normal(self.before.paths)
        needed = {path for path in before if path in self.left and path in self.after and before[path].kind != "folder"}
        found = []
        for path in sorted(now.keys() | before.keys()):
            if any(_TEMPORARY.fullmatch(part) for part in path.split("/")) or path.startswith(OURS + "/"):
                continue
            there = now.get(path)
            allowed = [each.get(path) for each in (before, self.left, self.after)]
            if path == EXCLUDE:  # written when outputs come, and again when some are gone: the block has an own test
                allowed, there = [_without_block(each) for each in allowed], _without_block(there)
            if there in allowed or (not whole and path not in needed and there is not None):
                continue
            if there is None and path not in needed and (not whole or self._empty(path, needed)):
                continue
            if not whole and there is not None and len(set(allowed)) > 1:
                continue
            to_be, was = (_difference(each, there) for each in (allowed[1], allowed[0]))
            found.append(f"neither old nor new: {path}: from the new: {to_be}; from the old: {was}")
        return found + self._lost_words(now) + self._unreadable(now)

    @staticmethod
    def _empty(folder: str, needed: set[str]) -> bool:
        """Holds a folder nothing that must be there? Then it may be gone as well."""
        return not any(path.startswith(f"{folder}/") for path in needed)

    def _lost_words(self, now: Mapping[str, Pictured]) -> list[str]:
        """Words of a person's that are gone from files that we write into as well."""
        return [
            f"lost from {path}: {word!r}"
            for path, content in self.world.foreign.items()
            for word in re.split(rb"[\s{}]+", content.encode())
            if f"project/{path}" not in now or word not in now[f"project/{path}"].content
        ]

    @staticmethod
    def _unreadable(now: Mapping[str, Pictured]) -> list[str]:
        found = []
        for path, there in now.items():
            if path.startswith(OURS) and path.endswith(".json") and "/history" not in path:
                try:
                    json.loads(there.content)
                except ValueError as error:
                    found.append(f"not readable: {path}: {error}")
            if ".bak." in path:
                found.append(f"set aside: {path}")
        return found

    def not_undone(self) -> list[str]:
        """What is not as before when everything since was undone, as often as there was something to undo."""
        before, closest = _without_ours(normal(self.before.paths)), [""] * 1000
        for _ in range(4):
            ran = self.run(("undo", "--user") if "--user" in self.scene.arguments else ("undo",))
            wrong = list(_differences(before, _without_ours(normal(picture(self.world.root)))))
            if not wrong:
                return []
            if ran.code not in {0, 1}:
                return [f"undo ended with {ran.code}: {ran.out[-600:]}{ran.err}"]
            closest = min(closest, wrong, key=len)
        return [f"not as before, when undone: {line}" for line in closest]

    def unsettled(self) -> list[str]:
        """What is not as after an undisturbed run when the next one has put things right."""
        ran = self.again()
        found = []
        if ran.code != self.settled_code:
            found.append(f"the next run ended with {ran.code}, not {self.settled_code}: {ran.out[-600:]}{ran.err}")
        return found + self.strays()

    def strays(self) -> list[str]:
        """How the tree differs from what an undisturbed run and the next one leave."""
        now = normal(picture(self.world.root))
        return [f"not as after a clean run: {line}" for line in _differences(self.after, now)]

    def is_done(self) -> bool:
        """Is everything, but for our own memories, as the undisturbed command leaves it?"""
        now = normal(picture(self.world.root))
        done = {
            path: one
            for path, one in now.items()
            if not (path.startswith(OURS + "/") and _TEMPORARY.fullmatch(path.rpartition("/")[2]))
        }  # what a memory was to be saved under goes with the next run
        return done in (self.left, self.after)


def _differences(wanted: Mapping[str, Pictured], now: Mapping[str, Pictured]) -> Iterator[str]:
    for path in sorted(wanted.keys() | now.keys()):
        if wanted.get(path) != now.get(path):
            yield f"{path}: {_difference(wanted.get(path), now.get(path))}"


def _difference(wanted: Pictured | None, now: Pictured | None) -> str:
    """In few words how something differs; of contents the lines that do."""
    if wanted is None or now is None:
        return "gone" if now is None else f"a {now.kind} that should not be there"
    if (wanted.kind, wanted.mode) != (now.kind, now.mode):
        return f"{now.kind} {now.mode:o} instead of {wanted.kind} {wanted.mode:o}"
    lines = [each.content.decode("utf-8", "replace").splitlines() for each in (wanted, now)]
    return " ".join(line for line in difflib.unified_diff(*lines, n=0, lineterm="") if line[:3] not in {"---", "+++"})


def _without_block(exclude: Pictured | None) -> Pictured | None:
    return None if exclude is None else replace(exclude, content=_BLOCK.sub(b"", exclude.content))


def _without_ours(paths: Mapping[str, Pictured]) -> dict[str, Pictured]:
    return {path: one for path, one in paths.items() if path != OURS and not path.startswith(OURS + "/")}


def normal(paths: Mapping[str, Pictured]) -> dict[str, Pictured]:
    """A picture without what may differ between two runs alike: times in our records, and memories that only save
    time."""
    found = {}
    for path, one in paths.items():
        if path.startswith(OURS + "/"):
            if _MEMORIES.fullmatch(path) or "/history" in path:
                continue
            if path.endswith(".json") and one.kind == "file":
                one = replace(one, content=_without_times(one.content))  # noqa: PLW2901 - the same, simplified
        found[path] = one
    return found


def _without_times(content: bytes) -> bytes:
    try:
        return json.dumps(_blanked(json.loads(content)), sort_keys=True, indent=1).encode()
    except ValueError:
        return content


def _blanked(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if key not in _CHOICES}
        return {key: "" if key in _TIMES and inner else _blanked(inner) for key, inner in kept.items()}
    return [_blanked(inner) for inner in value] if isinstance(value, list) else value


# --- the scenes


def _nothing(_stage: Stage) -> None:
    """As made: registered, never synced."""


def _change(stage: Stage) -> None:
    """Synced, then one edit of each kind: changed, added, removed, renamed."""
    stage.prepared("sync")
    world = stage.world
    world.write(
        {
            "CLAUDE.md": "# Rules\n\nUse spaces. See @docs/style.md\n",
            ".claude/rules/docs.md": "---\npaths: docs/**\n---\nShort sentences.\n",
            ".claude/skills/new/SKILL.md": "---\nname: new\ndescription: Came later\n---\nNew.\n",
            ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews well\n---\nReview it twice.\n",
            ".claude/commands/ship.md": "---\ndescription: Ship it\n---\nShip.\n",
            ".claude/skills/pdf/scripts/read.sh": "#!/bin/sh\necho read more\n",
            ".mcp.json": PROJECT_FILES[".mcp.json"].replace("files-server", "files-server-2").replace("docs", "pages"),
        }
    )
    (world.project / ".claude/commands/fix/issue.md").unlink()
    shutil.rmtree(world.project / ".claude/skills/日本語")
    stage.prepared("ctl", "add", str(world.project))


def _removal(stage: Stage) -> None:
    """Synced, then nearly everything taken out of the source."""
    stage.prepared("sync")
    for path in (".claude/skills", ".claude/agents", ".claude/commands", ".claude/rules"):
        shutil.rmtree(stage.world.project / path)
    for path in (".mcp.json", ".claude/settings.json"):
        (stage.world.project / path).unlink()


def _synced(stage: Stage) -> None:
    """Synced once."""
    stage.prepared("sync")


def _changed(stage: Stage) -> None:
    """Synced twice, with edits between."""
    _change(stage)
    stage.prepared("sync")


def _removed(stage: Stage) -> None:
    """Synced twice, the second time with nearly nothing left."""
    _removal(stage)
    stage.prepared("sync", "--confirm")


def _edited(stage: Stage) -> None:
    """Synced, then outputs edited: a link replaced by a file, a rendered file, a key."""
    stage.prepared("sync")
    project = stage.world.project
    for path, old, new in (
        (".codex/agents/reviewer.toml", "Review it.", "Review it well."),
        (".opencode/commands/fix/issue.md", "now.", "at once."),
        (".gemini/settings.json", "https://docs.example/mcp", "https://pages.example/mcp"),
    ):
        file = project / path
        text = file.read_bytes().decode()
        assert old in text, path
        file.write_bytes(text.replace(old, new).encode())


def _user(stage: Stage) -> None:
    """The home directory's own configuration, with things of a person's where outputs go."""
    home = stage.world.home
    for path, content in PROJECT_FILES.items():
        if path not in {".mcp.json", "docs/style.md"}:
            file = home / (path if path.startswith(".claude/") else f".claude/{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
    (home / ".claude.json").write_text(PROJECT_FILES[".mcp.json"])
    for path, content in {".codex/config.toml": 'model = "o4"\n', ".gemini/settings.json": '{"theme": "dark"}'}.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(content)
    with (home / ".harnesssync" / "config.toml").open("r+") as config:
        settings = config.read()
        config.seek(0)
        config.write('targets = ["codex", "gemini", "opencode"]\n' + settings)


def _other_project(stage: Stage) -> None:
    """A second repository, not yet registered."""
    (stage.world.root / "other").mkdir()
    stage.world.git("init", "-q", "-b", "main", "../other")


def _two_projects(stage: Stage) -> None:
    _other_project(stage)
    stage.prepared("ctl", "add", str(stage.world.root / "other"))


SCENES = (
    Scene(name="first", prepare=_nothing),
    Scene(name="change", prepare=_change),
    Scene(name="removal", prepare=_removal, arguments=("sync", "--confirm"), again=("sync", "--confirm")),
    Scene(name="copies-first", prepare=_nothing, without_links=True),
    Scene(name="copies-change", prepare=_change, without_links=True),
    Scene(
        name="copies-removal",
        prepare=_removal,
        without_links=True,
        arguments=("sync", "--confirm"),
        again=("sync", "--confirm"),
    ),
    Scene(name="user", prepare=_user, arguments=("sync", "--user"), again=("sync", "--user")),
    Scene(name="undo", prepare=_synced, arguments=("undo",), again=("undo",)),
    Scene(name="undo-change", prepare=_changed, arguments=("undo",)),
    Scene(name="undo-removal", prepare=_removed, arguments=("undo",), again=("sync", "--confirm")),
    Scene(name="copies-undo", prepare=_synced, arguments=("undo",), again=("undo",), without_links=True),
    Scene(name="unlink", prepare=_changed, arguments=("unlink", "--all"), again=("unlink", "--all")),
    Scene(
        name="restore",
        prepare=_edited,
        arguments=("resolve", "--restore", "--all"),
        again=("resolve", "--restore", "--all"),
    ),
    Scene(
        name="adopt", prepare=_edited, arguments=("resolve", "--adopt", "--all"), again=("resolve", "--adopt", "--all")
    ),
    Scene(name="threads", prepare=_change, threads=True),
    Scene(name="add", prepare=_other_project, arguments=("ctl", "add", "../other"), again=("ctl", "add", "../other")),
    Scene(
        name="remove", prepare=_two_projects, arguments=("ctl", "remove", "../other"), again=("ctl", "add", "../other")
    ),
)
