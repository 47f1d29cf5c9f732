"""One command in one situation, how it went undisturbed, and whether a disturbed run did any harm.

A `Stage` plays one `Scene` over and over in one folder. Before each run everything is put back as it was, in place,
so that what did not change keeps its inode.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.reliability.injection import CHANGES, LOOKS, Fault, Ran, Runner
from tests.reliability.saving import OURS, Saved, change, changes, normal
from tests.reliability.world import Pictured, World, picture

EXCLUDE = "project/.git/info/exclude"
_TEMPORARY = re.compile(r"\.harnesssync-[0-9a-f]+(-[0-9a-f]+)*\.(tmp|old)|\.state-.*\.tmp")
_WORD = re.compile(rb"[^\s,{}]+")
_DOCUMENTS = (".codex/config.toml", ".gemini/settings.json", "opencode.json", "opencode.jsonc")
"""How the paths of what keys are merged into end."""

_BLOCK = re.compile(rb"# >>> harnesssync.*# <<< harnesssync\n", re.DOTALL)

ONE_AT_A_TIME = "[limits]\nprojects = 1\nhashing = 1\nlinking = 1\nledgers = 1\n"
"""With this configuration two runs make the same calls in the same order, whatever the threads do."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`arguments` are the command that is disturbed; `again` what puts everything right afterwards. `prepare` brings
    a world with a registered, never synced project into the situation. `without_links`: on a file system that has
    none. `threads`: with the usual number of them, so that the order of calls is not that of the run before."""

    name: str
    prepare: Callable[[Stage], None]
    arguments: tuple[str, ...] = ("sync",)
    again: tuple[str, ...] = ("sync",)
    without_links: bool = False
    threads: bool = False


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
            to_be, was = (change(each, there) for each in (allowed[1], allowed[0]))
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
            wrong = list(changes(before, _without_ours(normal(picture(self.world.root)))))
            if not wrong:
                return []
            if ran.code not in {0, 1}:
                return [f"undo ended with {ran.code}: {ran.out[-600:]}{ran.err}"]
            closest = min(closest, wrong, key=len)
        return [f"not as before, when undone: {line}" for line in closest]

    def unsettled(self, *, in_order: bool = True) -> list[str]:
        """What is not as after an undisturbed run when the next one has put things right. Not `in_order`: see
        `strays`."""
        ran = self.again()
        found = []
        if ran.code != self.settled_code:
            found.append(f"the next run ended with {ran.code}, not {self.settled_code}: {ran.out[-600:]}{ran.err}")
        return found + self.strays(in_order=in_order)

    def strays(self, *, in_order: bool = True) -> list[str]:
        """How the tree differs from what an undisturbed run and the next one leave.

        Not `in_order` is after a run that could not read all of its source. What comes into a document later stands
        behind what came before it, as when a person adds it later. So of the documents that are merged the words
        count, not their order; whether each stands where it belongs the ledger tells, which counts in full.
        """
        now, after = normal(picture(self.world.root)), dict(self.after)
        if not in_order:
            for path in now.keys() & after.keys():
                if path.endswith(_DOCUMENTS):
                    now[path], after[path] = _sorted(now[path]), _sorted(after[path])
        return [f"not as after a clean run: {line}" for line in changes(after, now)]

    def is_done(self) -> bool:
        """Is everything, but for our own memories, as the undisturbed command leaves it?"""
        now = normal(picture(self.world.root))
        done = {
            path: one
            for path, one in now.items()
            if not (path.startswith(OURS + "/") and _TEMPORARY.fullmatch(path.rpartition("/")[2]))
        }  # what a memory was to be saved under goes with the next run
        return done in (self.left, self.after)


def _without_block(exclude: Pictured | None) -> Pictured | None:
    return None if exclude is None else replace(exclude, content=_BLOCK.sub(b"", exclude.content))


def _sorted(document: Pictured) -> Pictured:
    return replace(document, content=b"\n".join(sorted(_WORD.findall(document.content))))


def _without_ours(paths: Mapping[str, Pictured]) -> dict[str, Pictured]:
    return {path: one for path, one in paths.items() if path != OURS and not path.startswith(OURS + "/")}
