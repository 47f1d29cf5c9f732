"""The sweep `races`: the process is stopped at each call of a run, somebody else acts, and the process goes on.

Somebody saves, writes, removes or replaces the output that is written next, or was written last; or swaps a folder on
the way to it for a link to a copy of that folder elsewhere, in which everything looks as it does in the real one. Then:

- *no escape*: where the link leads, everything stays as it is, byte for byte, and nothing that stands there alone gets
  into the project;
- *no lost edit*: what was saved stands where it was saved, or under another name that the run told;
- every other path is as before, or as it was to become; the run ends by itself, and the next one changes none of this.

A link in the place of `.git` or `.git/info` is left out: git itself follows it, and so whoever can put it there has the
repository.
"""

from __future__ import annotations

import errno
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.reliability.injection import CHANGES, LOOKS, Action, Ran
from tests.reliability.saving import OURS, normal
from tests.reliability.scenes import SCENES
from tests.reliability.stage import Stage
from tests.reliability.sweeping import MISSED, Case, Sweep, main
from tests.reliability.world import Pictured, differences, picture

if TYPE_CHECKING:
    from tests.reliability.stage import Scene

MARK = "edited-by-somebody-meanwhile"
CANARY = "only-outside-of-the-project"
OUTSIDE, MOVED = "outside", "moved"
"""Below the world: where a swapped folder's link leads, and where the folder itself went."""

SKILL = "project/.claude/skills/pdf"
"""A source that is copied where no links can be made."""

_IDLE = frozenset({"close", "readdir", "flock"})
"""Calls before which a stop shows nothing that a stop before the next call doesn't."""

_UNEXPECTED = 70
"""The exit code for an error of ours."""


@dataclass(frozen=True)
class Way:
    """The calls of the undisturbed run below the project, and the outputs that it changes, all by path relative to
    the world."""

    calls: tuple[tuple[str, str], ...]
    outputs: frozenset[str]

    @classmethod
    def of(cls, stage: Stage) -> Way:
        ran = stage.run(classes=CHANGES | LOOKS, log=True, prefix=str(stage.world.project))
        stage.before.restore()
        start = len(str(stage.world.root)) + 1
        calls = (line.split(" ", 2) for line in ran.calls)
        return cls(tuple((name, path[start:]) for _, name, path in calls), frozenset(_outputs(stage)))

    def stops(self) -> Iterator[int]:
        """The numbers, from 1, of the calls before which something may happen."""
        for at, (name, path) in enumerate(self.calls, 1):
            if name not in _IDLE and (at == 1 or self.calls[at - 2] != (name, path)):
                yield at

    def output(self, at: int, *, following: bool) -> str | None:
        """The output that the calls from one on come to first, or the one that those before it came to last."""
        calls = self.calls[at - 1 :] if following else self.calls[: at - 1][::-1]
        for _, path in calls:
            for output in self.outputs:
                if path == output or path.startswith(output + "/"):
                    return output
        return None


def _outputs(stage: Stage) -> Iterator[str]:
    """Files and links of the project that the run changes; of a copied folder that folder."""
    before, after = normal(stage.before.paths), stage.left
    everything = before.keys() | after.keys()
    copies = [path.replace("/.harnesssync-source-", "/")[:-4] for path in everything if "/.harnesssync-source-" in path]
    for path in everything:
        if not path.startswith("project/") or before.get(path) == after.get(path) or ".harnesssync-" in path:
            continue
        copy = next((copy for copy in copies if path == copy or path.startswith(copy + "/")), None)
        one = after.get(path) or before[path]
        if copy is not None or one.kind != "folder":
            yield copy or path


# --- what somebody does meanwhile


def save(path: Path) -> None:
    """As editors do: a new file, renamed over the old. Of a folder, the first of its files."""
    file = _file_of(path)
    content = _marked(file)
    if file.parent.is_dir():
        other = file.with_name("editor's")
        other.write_text(content)
        other.replace(file)


def write(path: Path) -> None:
    """In place, keeping the inode."""
    file = _file_of(path)
    if file.parent.is_dir() and not file.is_symlink():
        file.write_text(_marked(file))


def remove(path: Path) -> None:
    """Whatever it is."""
    if path.is_dir() and not path.is_symlink():
        try:
            shutil.rmtree(path)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            # By FUSE, a file that is open only gets another name as long as it is, in the same folder.
            mounted = next(folder for folder in path.parents if folder.is_mount())
            path.rename(tempfile.mkdtemp(prefix="removed-", dir=mounted))
    else:
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """A folder of theirs stands there now, with a file in it."""
    if path.parent.is_dir():
        remove(path)
        path.mkdir()
        (path / "theirs.md").write_text(MARK)


def swap(path: Path, root: Path) -> None:
    """A folder goes away, and a link that bears its name leads to a copy of it elsewhere, with more in it."""
    if not path.is_dir() or path.is_symlink():
        return
    shutil.copytree(path, root / OUTSIDE, symlinks=True)
    (root / OUTSIDE / "canary.md").write_text(CANARY)
    for folder in [each for each in (root / OUTSIDE).rglob("*") if each.is_dir() and not each.is_symlink()]:
        (folder / "canary.md").write_text(CANARY)
    path.rename(root / MOVED)
    path.symlink_to(root / OUTSIDE)


def _file_of(path: Path) -> Path:
    if path.is_symlink() or not path.is_dir():
        return path
    return next((each for each in sorted(path.rglob("*")) if each.is_file()), path / "SKILL.md")


def _marked(file: Path) -> str:
    """What a file says, or a new one would, with an edit that leaves it well-formed."""
    try:
        text = file.read_text()
    except (FileNotFoundError, IsADirectoryError):
        text = "{}" if file.suffix == ".json" else ""
    if file.suffix == ".json":
        rest = text.split("{", 1)[1]
        return f'{{"{MARK}": 1{"" if rest.strip() == "}" else ","}{rest}'
    return f"{text}# {MARK}\n"


EDITS: Mapping[str, Callable[[Path], None]] = {"save": save, "write": write, "folder": make_folder}
"""After these the mark stands somewhere, and has to be there in the end."""


# --- the sweep


def cases(stage: Stage) -> Sequence[Case]:
    """For each place to stop: each edit of the output that comes next, a save of the last one, its removal, and a swap
    of each folder on the way to it."""
    way, found = _way(stage), []
    for at in way.stops():
        following, last = way.output(at, following=True), way.output(at, following=False)
        faults = []
        if following is not None:
            faults += [f"{kind} next" for kind in (*EDITS, "remove")]
            if not following.startswith("project/.git/"):
                faults += [f"swap {depth}" for depth in range(1, following.count("/"))]
        if last is not None:
            faults.append("save last")
        if stage.scene.without_links:
            faults.append("swap source")
        found += [Case(stage.scene.name, fault, at) for fault in faults]
    return found


def check(stage: Stage, case: Case) -> list[str]:
    """Play one case, and the next run after it."""
    way, root = _way(stage), stage.world.root
    kind, what = case.fault.split(" ")
    if what == "source":
        path = SKILL
    else:
        output = way.output(case.at, following=what != "last")
        if output is None:
            return MISSED
        path = "/".join(output.split("/")[: int(what) + 1]) if kind == "swap" else output
    actions = {**EDITS, "remove": remove, "swap": partial(swap, root=root)}
    acted: list[bool] = []
    outside: dict[str, Pictured] = {}

    def meanwhile() -> None:
        before = picture(root / "project")
        actions[kind](root / path)
        acted.append(picture(root / "project") != before)
        outside.update(_outside(root))

    ran = stage.run(
        prefix=str(stage.world.project), classes=CHANGES | LOOKS, action=Action.STOP, at=case.at, meanwhile=meanwhile
    )
    if not any(acted):
        return MISSED
    told = ran.out + ran.err
    wrong = _wrong(stage, ran, path, outside, told, edited=kind in EDITS)
    again = stage.again()
    after = _wrong(stage, again, path, outside, told + again.out + again.err, edited=kind in EDITS)
    wrong += [f"after the next run: {line}" for line in after if line not in wrong]
    return [f"{path} at {ran.what} {ran.where}: {line}" for line in wrong]


def _wrong(stage: Stage, ran: Ran, path: str, outside: Mapping[str, Pictured], told: str, *, edited: bool) -> list[str]:
    root = stage.world.root
    found = [f"outside: {line}" for line in differences(outside, _outside(root))]
    if ran.code < 0 or ran.code == _UNEXPECTED or "Traceback" in told:
        found.append(f"ended with {ran.code}: {told[-1500:]}")
    if edited:
        found += _lost(root, path, told, kept=stage.scene.name == "restore")
    for name, content in _files(root):
        if CANARY.encode() in content and not name.startswith(OUTSIDE):
            found.append(f"from outside came into {name}")
    # A source that leads out of the project waits for approval, and nothing that may come of it is removed meanwhile.
    harm = stage.harm(whole=path != SKILL)
    return found + [line for line in harm if not _touched(_path_in(line), path)]


def _path_in(line: str) -> str:
    """The path that a line of `Stage.harm` is about."""
    kind, path = line.split(": ")[:2]
    return path if " from " not in kind else "project/" + kind.partition(" from ")[2]


def _touched(changed: str, path: str) -> bool:
    """May a path have become anything, since somebody acted at another one?"""
    inside = any(changed == each or changed.startswith(each + "/") for each in (path, OUTSIDE, MOVED, OURS))
    made_for_it = path.startswith(changed + "/")  # goes when what it was made for was removed
    rendered = path == SKILL and changed.startswith("project/.")  # what is made of a source that is gone may go too
    return inside or made_for_it or rendered


def _lost(root: Path, path: str, told: str, *, kept: bool) -> list[str]:
    """Is the edit where it was made, or in another place that was told? With `kept`, the run was asked to write ours
    again, and to keep theirs in the history."""
    places = [name for name, content in _files(root) if MARK.encode() in content]
    if any(name == path or name.startswith(path + "/") for name in places):
        return []
    if any(Path(name).name in told or (kept and name.endswith("/before.tar")) for name in places):
        return []
    return [f"the edit is lost; it stands in {places}"]


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    for name, one in picture(root).items():
        if one.kind == "file":
            yield name, one.content


def _outside(root: Path) -> dict[str, Pictured]:
    return picture(root / OUTSIDE) if (root / OUTSIDE).is_dir() else {}


_ways: dict[Path, Way] = {}


def _way(stage: Stage) -> Way:
    """That of a stage, found once."""
    if stage.world.root not in _ways:
        _ways[stage.world.root] = Way.of(stage)
    return _ways[stage.world.root]


def _raced(scene: Scene) -> bool:
    """Scenes in which something is changed in a project, in the same order each time; not the one in which edits are
    taken into the source, so that they change other outputs as they should."""
    return not scene.threads and scene.name not in {"user", "add", "remove", "adopt"}


RACES = Sweep(name="races", cases=cases, check=check, scenes=tuple(filter(_raced, SCENES)))

if __name__ == "__main__":
    sys.exit(main(RACES, least=2000))
