"""The watcher tells each project what changed in its folders, whatever happens to the folders meanwhile."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from watchfiles import Change

from harnesssync_orchestrator.config import WatchSettings
from harnesssync_orchestrator.service import shortage, watch
from harnesssync_orchestrator.service.notifier import Inotify, Stop, open_notifier
from harnesssync_orchestrator.service.watch import Watcher

pytestmark = pytest.mark.anyio


class Told:
    """Collects what a watcher tells."""

    def __init__(self) -> None:
        self.all: list[tuple[str, frozenset[str]]] = []

    def __call__(self, key: str, paths: frozenset[str]) -> None:
        self.all.append((key, paths))

    def paths(self, key: str) -> set[str]:
        return {path for who, paths in self.all if who == key for path in paths}

    def rescans(self, key: str) -> int:
        return sum(who == key and not paths for who, paths in self.all)


@asynccontextmanager
async def watching(told: Told, log: Any, **options: Any) -> AsyncIterator[Watcher]:
    settings = options.pop("settings", WatchSettings())
    watcher = Watcher(settings=settings, changed=told, log=log, **options)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watcher.run)
        yield watcher
        tasks.cancel_scope.cancel()


def folders(*paths: Path) -> frozenset[str]:
    return frozenset(str(path) for path in paths)


async def test_an_edit_is_told_to_the_project_whose_folder_it_is_in(
    tmp_path: Path, readable_log: Any, until: Any
) -> None:
    """Another project hears nothing of it, and a folder below is not watched unless asked for."""
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(tmp_path / "a"))
        watcher.watch("b", folders(tmp_path / "b"))
        await until(lambda: watcher.watched == folders(tmp_path / "a", tmp_path / "b"))
        (tmp_path / "a" / "deep" / "unseen").write_bytes(b"x")
        (tmp_path / "a" / "CLAUDE.md").write_bytes(b"x")
        await until(lambda: str(tmp_path / "a" / "CLAUDE.md") in told.paths("a"))
    assert str(tmp_path / "a" / "deep" / "unseen") not in told.paths("a")
    assert told.paths("b") == set()


async def test_a_folder_of_two_projects_tells_both(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """A worktree reads the skills of its main checkout: one edit, two syncs."""
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("main", folders(tmp_path))
        watcher.watch("linked", folders(tmp_path))
        await until(lambda: watcher.watched)
        (tmp_path / "x").write_bytes(b"x")
        await until(lambda: told.paths("main") and told.paths("linked"))


async def test_a_newly_watched_folder_asks_for_one_more_look(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """What happened between the sync that named it and its watch was seen by nobody."""
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(tmp_path))
        await until(lambda: told.rescans("a") == 1)
        watcher.watch("a", folders(tmp_path))
        await anyio.wait_all_tasks_blocked()
        assert told.rescans("a") == 1


async def test_no_edit_is_lost_while_watchers_are_replaced(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """Folders are added all the time; files made meanwhile in the first one are all told."""
    first = tmp_path / "first"
    first.mkdir()
    told = Told()
    asked = [first]
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(first))
        await until(lambda: watcher.watched)
        expected = set()
        for number in range(40):
            folder = tmp_path / f"n{number}"
            folder.mkdir()
            asked.append(folder)
            watcher.watch("a", folders(*asked))
            await until(lambda: watcher.watched == folders(*asked))
            file = first / f"f{number}"
            file.write_bytes(b"x")
            expected.add(str(file))
        await until(lambda: expected <= told.paths("a"), "every file")
        await until(lambda: watcher.watchers <= 4, "old watchers being let go")


async def test_a_folder_that_is_made_anew_is_watched_again(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """A branch switch deletes and makes folders; a watch follows the old one into nowhere."""
    skills = tmp_path / "skills"
    (skills / "pdf").mkdir(parents=True)
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        asked = folders(tmp_path, skills, skills / "pdf")
        watcher.watch("a", asked)
        await until(lambda: watcher.watched == asked)
        skills.rename(tmp_path / "old")
        (skills / "pdf").mkdir(parents=True)
        await until(lambda: str(skills) in told.paths("a"))
        watcher.watch("a", asked)
        await until(lambda: watcher.watched == asked)
        (skills / "pdf" / "SKILL.md").write_bytes(b"x")
        await until(lambda: str(skills / "pdf" / "SKILL.md") in told.paths("a"))


async def test_a_root_that_vanishes_is_told(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """The project's own folder is renamed away, and comes back."""
    root = tmp_path / "project"
    root.mkdir()
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(root))
        await until(lambda: watcher.watched)
        root.rename(tmp_path / "elsewhere")
        await until(lambda: str(root) in told.paths("a"))
        watcher.watch("a", folders(tmp_path))
        await until(lambda: watcher.watched == folders(tmp_path))
        (tmp_path / "elsewhere").rename(root)
        await until(lambda: sum(str(root) in paths for _, paths in told.all) > 1)


async def test_reading_is_no_change(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """A sync that reads its source must not wake itself; nor do our temporary files."""
    (tmp_path / "CLAUDE.md").write_bytes(b"x")
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(tmp_path))
        await until(lambda: told.rescans("a"))
        (tmp_path / "CLAUDE.md").read_bytes()
        list(tmp_path.iterdir())
        (tmp_path / ".state-x.json.tmp").write_bytes(b"x")
        (tmp_path / ".state-x.json.tmp").unlink()
        (tmp_path / "end").write_bytes(b"x")
        await until(lambda: told.paths("a"))
    assert told.paths("a") == {str(tmp_path / "end")}


async def test_a_folder_that_is_not_there_is_left_out(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """The others are watched all the same."""
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(tmp_path, tmp_path / "gone"))
        await until(lambda: watcher.watched == folders(tmp_path))


@contextmanager
def a_folder_with_rights() -> Iterator[Path]:
    """A folder of a user to whom rights matter: who is root is somebody else until it is gone."""
    folder = Path(tempfile.mkdtemp(prefix="harnesssync-", dir="/tmp"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder.resolve()
    finally:
        if is_root:
            os.seteuid(0)
        shutil.rmtree(folder)


@pytest.mark.parametrize("polling", [False, True])
async def test_a_folder_that_we_may_not_read_takes_no_other_with_it(
    readable_log: Any, until: Any, *, polling: bool
) -> None:
    """Neither those that are watched with it, nor those that come later; and it is watched when it may be read."""
    told, settings = Told(), WatchSettings(polling=polling, poll_ms=50)
    with a_folder_with_rights() as root:
        closed, beside, later = (root / name for name in ("closed", "beside", "later"))
        for folder in (closed, beside, later):
            folder.mkdir()
        closed.chmod(0o000)
        async with watching(told, readable_log.log, settings=settings) as watcher:
            watcher.watch("a", folders(root, closed, beside))
            await until(lambda: watcher.watched == folders(root, beside))
            watcher.watch("b", folders(later))
            await until(lambda: watcher.watched == folders(root, beside, later))
            assert watcher.polled == (watcher.watched if polling else frozenset())
            for folder in (beside, later):
                (folder / "x").touch()
                await until(lambda folder=folder: str(folder / "x") in told.paths("a") | told.paths("b"))
            closed.chmod(0o700)
            if polling:  # which does not see rights
                watcher.watch("c", folders(closed))
            await until(lambda: closed.as_posix() in watcher.watched)
            (closed / "x").touch()
            await until(lambda: str(closed / "x") in told.paths("a"))
    [line] = readable_log.named("watch.denied")
    assert (line["folders"], str(closed) in line["message"]) == (1, True)
    assert not readable_log.named("watch.failed")
    assert not readable_log.named("watch.restarted")


async def test_what_was_moved_is_watched_anew_whichever_watcher_has_it(
    tmp_path: Path, readable_log: Any, until: Any
) -> None:
    """A folder is told that it was moved, those in it are not, and another watcher may have them."""
    skills = tmp_path / "skills"
    (skills / "pdf").mkdir(parents=True)
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(skills / "pdf"))
        await until(lambda: watcher.watched)
        watcher.watch("a", folders(skills, skills / "pdf"))
        await until(lambda: watcher.watched == folders(skills, skills / "pdf"))
        assert watcher.watchers == 2
        skills.rename(tmp_path / "old")
        (skills / "pdf").mkdir(parents=True)
        await until(lambda: str(skills) in told.paths("a"))
        await until(lambda: watcher.watched == folders(skills, skills / "pdf"))
        (skills / "pdf" / "SKILL.md").write_bytes(b"x")
        await until(lambda: str(skills / "pdf" / "SKILL.md") in told.paths("a"))


async def test_a_project_that_is_forgotten_hears_nothing(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """Its folders stay watched for others only."""
    told = Told()
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(tmp_path))
        watcher.watch("b", folders(tmp_path))
        await until(lambda: watcher.watched)
        watcher.watch("a", frozenset())
        (tmp_path / "x").write_bytes(b"x")
        await until(lambda: told.paths("b"))
    assert told.paths("a") == set()


async def test_watcher_crash_fallback_when_the_system_has_no_watch_to_give(
    tmp_path: Path, readable_log: Any, until: Any
) -> None:
    """The process is out of file descriptors: the folder is polled, the log says so, and edits are seen."""
    told = Told()
    settings = WatchSettings(poll_ms=50)

    def starved(paths: list[str], *, polling: bool, poll_ms: int) -> Any:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if not polling:
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            return open_notifier(paths, polling=polling, poll_ms=poll_ms)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    async with watching(told, readable_log.log, settings=settings, open_notifier=starved) as watcher:
        watcher.watch("a", folders(tmp_path))
        await until(lambda: watcher.polled == folders(tmp_path))
        assert (watcher.polls_for("a"), watcher.polls_for("b")) == (True, False)
        (tmp_path / "x").write_bytes(b"x")
        await until(lambda: str(tmp_path / "x") in told.paths("a"))
        (tmp_path / "b").mkdir()
        watcher.watch("b", folders(tmp_path / "b"))
        await until(lambda: watcher.polled == folders(tmp_path, tmp_path / "b"))
    first, second = readable_log.named("watch.failed")
    assert "open files" in first["message"]
    assert first["message"] == second["message"], "it was not tried again, and nothing else is said"


async def test_where_watches_run_out_those_are_polled_that_get_none(
    tmp_path: Path, readable_log: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others notice nothing, and it is tried again after a while."""
    monkeypatch.setattr(shortage, "AGAIN_S", 0.5)
    monkeypatch.setattr(watch, "CALM_S", 0.1)
    room = Room(6)
    made = {key: [tmp_path / key / str(number) for number in range(3)] for key in "abc"}
    for inner in made.values():
        for folder in inner:
            folder.mkdir(parents=True)
    everything = folders(tmp_path, *made["a"], *made["b"], *made["c"])
    told = Told()
    settings = WatchSettings(poll_ms=50)
    async with watching(told, readable_log.log, settings=settings, open_notifier=room.open_notifier) as watcher:
        for key, inner in made.items():
            watcher.watch(key, folders(tmp_path, *inner))
        await until(lambda: watcher.polled and watcher.watched == everything)
        assert len(watcher.polled) == 4
        assert watcher.polled > folders(*made["c"]), "project by project"
        assert [watcher.polls_for(key) for key in "abc"] == [False, True, True]
        for key, inner in made.items():
            (inner[2] / "x").write_bytes(b"x")
            await until(lambda key=key, inner=inner: str(inner[2] / "x") in told.paths(key))
        line, *_ = readable_log.named("watch.failed")
        assert (line["folders"], "no more watches" in line["message"]) == (4, True)
        room.left = 100
        await until(lambda: watcher.watched == everything and not watcher.polled)


class Room:
    """So many watches are left, whoever takes them; one that was taken never comes back."""

    def __init__(self, left: int) -> None:
        self.left = left

    def open_notifier(self, paths: list[str], *, polling: bool, poll_ms: int) -> Any:
        room = self

        class Scarce(Inotify):
            def _add(self, folder: str) -> None:
                if not room.left:
                    raise OSError(errno.ENOSPC, "")
                room.left -= 1
                super()._add(folder)

        return open_notifier(paths, polling=polling, poll_ms=poll_ms) if polling else Scarce(paths)


def test_what_is_told_is_what_the_system_tells(tmp_path: Path) -> None:
    """What comes, goes, and changes, by its name, also one that is no UTF-8; and that the folder itself has gone."""
    root, odd = tmp_path / "root", Path(os.fsdecode(os.fsencode(tmp_path) + b"/root/\xff"))
    root.mkdir()
    (root / "there").touch()
    notifier, stop = Inotify([str(root)]), Stop()
    assert notifier.watch(50, 10, 0, stop) == "timeout"
    odd.touch()
    (root / "there").write_bytes(b"x")
    (root / "there").rename(tmp_path / "elsewhere")
    heard = notifier.watch(50, 10, 10_000, stop)
    assert {(Change.added, str(odd)), (Change.modified, f"{root}/there")} <= set(heard)
    assert (Change.deleted, f"{root}/there") in heard
    shutil.rmtree(root)
    assert (Change.deleted, str(root)) in notifier.watch(50, 10, 10_000, stop)
    stop.set()
    assert notifier.watch(50, 10, 10_000, stop) == "stop"
    notifier.close()
    stop.close()
    with pytest.raises(FileNotFoundError):
        Inotify([str(root)])


def test_a_wait_can_be_ended_without_stopping(tmp_path: Path) -> None:
    """What the system has to tell comes first, and the next wait is one again."""
    notifier, stop = Inotify([str(tmp_path)]), Stop()
    stop.wake()
    assert notifier.watch(50, 10, 3_600_000, stop) == "timeout"
    assert notifier.watch(50, 10, 0, stop) == "timeout"
    (tmp_path / "x").touch()
    stop.wake()
    assert (Change.added, f"{tmp_path}/x") in notifier.watch(50, 10, 3_600_000, stop)
    assert notifier.watch(50, 10, 3_600_000, stop) == "timeout"
    stop.wake()
    stop.set()
    assert notifier.watch(50, 10, 3_600_000, stop) == "stop"
    notifier.close()
    stop.close()
    stop.wake()  # its descriptors may be somebody else's by now


def test_of_more_than_is_read_at_once_nothing_is_passed_over(tmp_path: Path) -> None:
    """As after a switch of branches."""
    notifier, stop = Inotify([str(tmp_path)]), Stop()
    names = [f"{number:04}-" + "x" * 200 for number in range(1000)]
    for name in names:
        (tmp_path / name).touch()
    heard = notifier.watch(50, 10, 10_000, stop)
    assert not isinstance(heard, str)
    assert {path for change, path in heard if change == Change.added} == {f"{tmp_path}/{name}" for name in names}
    notifier.close()
    stop.close()


@pytest.mark.parametrize("mask", [0x400, 0x2000, 0x8000], ids=["IN_DELETE_SELF", "IN_UNMOUNT", "IN_IGNORED"])
def test_a_folder_of_which_nothing_more_is_heard_is_told_as_gone(tmp_path: Path, mask: int) -> None:
    """By all of its names, and once: by then another watcher may watch what has come in its place."""
    (tmp_path / "link").symlink_to(tmp_path)
    notifier, stop = Inotify([str(tmp_path), f"{tmp_path}/link"]), Stop()
    [number] = notifier._folders
    ours, theirs = os.pipe()
    os.dup2(ours, notifier._descriptor)
    os.write(theirs, struct.pack("iIII", number, mask, 0, 0) + struct.pack("iIII", number, 0x8000, 0, 0))
    heard = notifier.watch(0, 0, 10_000, stop)
    assert heard == {(Change.deleted, str(tmp_path)), (Change.deleted, f"{tmp_path}/link")}
    os.set_blocking(ours, False)
    os.write(theirs, struct.pack("iIII", number, 0x8000, 0, 0))
    assert notifier.watch(0, 0, 0, stop) == "timeout"
    notifier.close()
    stop.close()
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that can be unmounted."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "tmpfs", str(place)]
    can_mount = sys.platform == "linux" and os.geteuid() == 0
    if not can_mount or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


def test_a_folder_that_is_unmounted_is_told_as_gone(disk: Path) -> None:
    """With all that are watched in it: what is heard at these paths from then on is something else's."""
    (disk / "inner").mkdir()
    notifier, stop = Inotify([str(disk), f"{disk}/inner"]), Stop()
    subprocess.run(["umount", str(disk)], check=True)
    assert notifier.watch(50, 10, 10_000, stop) == {(Change.deleted, str(disk)), (Change.deleted, f"{disk}/inner")}
    notifier.close()
    stop.close()


async def test_watcher_crash_fallback_while_it_runs(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """The system's watcher breaks off: the projects look again, and are polled from then on."""
    told = Told()
    broken: list[bool] = []

    class Breaking:
        """A real notifier that raises, once told to, as the library does when its thread has died."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def watch(self, *arguments: Any) -> Any:
            if broken:
                raise RuntimeError("error in underlying watcher")
            return self.inner.watch(*arguments)

        def close(self) -> None:
            self.inner.close()

    def fragile(paths: list[str], *, polling: bool, poll_ms: int) -> Any:
        notifier = open_notifier(paths, polling=polling, poll_ms=poll_ms)
        return notifier if polling else Breaking(notifier)

    settings = WatchSettings(poll_ms=50)
    async with watching(told, readable_log.log, settings=settings, open_notifier=fragile) as watcher:
        watcher.watch("a", folders(tmp_path))
        await until(lambda: told.rescans("a") == 1)
        broken.append(True)
        await until(lambda: watcher.polled == folders(tmp_path))
        await until(lambda: told.rescans("a") == 2)
        (tmp_path / "x").write_bytes(b"x")
        await until(lambda: str(tmp_path / "x") in told.paths("a"))
    assert len(readable_log.named("watch.failed")) == 1


async def test_polling_can_be_asked_for(tmp_path: Path, readable_log: Any, until: Any) -> None:
    """On a network file system, edits of other machines come without a notice."""
    told = Told()
    async with watching(told, readable_log.log, settings=WatchSettings(polling=True, poll_ms=50)) as watcher:
        watcher.watch("a", folders(tmp_path))
        await until(lambda: watcher.polled)
        (tmp_path / "x").write_bytes(b"x")
        await until(lambda: told.paths("a"))


async def test_many_folders_take_few_watchers(
    tmp_path: Path, readable_log: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred projects share a handful, though one watcher holds only so much."""
    monkeypatch.setattr(watch, "LARGEST", 64)
    told = Told()
    made = []
    for number in range(200):
        folder = tmp_path / f"p{number}"
        folder.mkdir()
        made.append(folder)
    ready: Callable[[], bool]
    async with watching(told, readable_log.log) as watcher:
        for folder in made:
            watcher.watch(folder.name, folders(folder))
        ready = lambda: watcher.watched == folders(*made)  # noqa: E731
        await until(ready)
        assert watcher.watchers <= 8
        (made[77] / "x").write_bytes(b"x")
        await until(lambda: told.paths("p77"))
    assert {key for key, paths in told.all if paths} == {"p77"}


async def test_the_number_of_watchers_is_bounded(
    tmp_path: Path, readable_log: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of very many folders each watcher has more: a user may not have one for every few."""
    monkeypatch.setattr(watch, "LARGEST", 4)
    monkeypatch.setattr(watch, "MOST", 5)
    made = [tmp_path / str(number) for number in range(100)]
    for folder in made:
        folder.mkdir()
    async with watching(Told(), readable_log.log) as watcher:
        watcher.watch("a", folders(*made))
        await until(lambda: watcher.watched == folders(*made))
        assert watcher.watchers == 5


async def test_a_few_watchers_are_left_as_they_are_until_it_is_calm(
    tmp_path: Path, readable_log: Any, until: Any
) -> None:
    """Else the same folders would be watched anew for every project that comes."""
    made = [tmp_path / str(number) for number in range(4)]
    async with watching(Told(), readable_log.log) as watcher:
        for number, folder in enumerate(made, 1):
            folder.mkdir()
            watcher.watch(folder.name, folders(folder))
            await until(lambda number=number: len(watcher.watched) == number)
        assert watcher.watchers == 4, "nothing was watched twice"
        assert watcher.watched == folders(*made)


async def test_in_calm_times_one_watcher_is_enough(
    tmp_path: Path, readable_log: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several were made one after the other; put together, they still tell everything."""
    monkeypatch.setattr(watch, "CALM_S", 0.2)
    told = Told()
    large, small = tmp_path / "large", tmp_path / "small"
    inner = [large / str(number) for number in range(20)]
    for folder in (*inner, small):
        folder.mkdir(parents=True)
    async with watching(told, readable_log.log) as watcher:
        watcher.watch("a", folders(*inner))
        await until(lambda: len(watcher.watched) == 20)
        watcher.watch("b", folders(small))
        await until(lambda: len(watcher.watched) == 21)
        assert watcher.watchers == 2
        await until(lambda: watcher.watchers == 1)
        (small / "x").write_bytes(b"x")
        (inner[7] / "x").write_bytes(b"x")
        await until(lambda: told.paths("b") and told.paths("a"))
