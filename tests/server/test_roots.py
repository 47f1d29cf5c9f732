"""Repositories in the folders that a person named are served as they come and go, and trusted by nobody."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import Running

from harnesssync_orchestrator.config import Config, WatchSettings, WorktreeSettings
from harnesssync_orchestrator.files import roots
from harnesssync_orchestrator.service import scanning

pytestmark = pytest.mark.anyio

Until = Callable[..., Awaitable[None]]
Worktree = Callable[[str], Path]


@pytest.fixture
def src(short: Path) -> Path:
    return (short / "src").resolve()


@pytest.fixture
def clone(src: Path, worktree: Worktree) -> Worktree:
    """Make a repository in the root, at once, as a rename does."""

    def make(name: str) -> Path:
        made = worktree(f"making-{name}")
        (src / name).parent.mkdir(parents=True, exist_ok=True)
        return made.rename(src / name)

    return make


@pytest.fixture
def running(short: Path, src: Path, readable_log: Any, monkeypatch: pytest.MonkeyPatch) -> Running:
    monkeypatch.setattr(scanning, "SOON_S", 0.01)
    config = Config(watch=WatchSettings(settle_ms=20), worktrees=WorktreeSettings(roots=(str(src),)))
    return Running(short / "state", readable_log.log, config=config)


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.invalid")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True)


def served(running: Running) -> set[str]:
    fleet = running.supervisor._fleet
    return {fleet.served(each).worker.project.path for each in fleet.ids()}


async def test_repositories_in_a_root_come_and_go(running: Running, clone: Worktree, src: Path, until: Until) -> None:
    """Those that were there, and those that come, one by one, deeper down too; what was kept of one that is gone is put
    aside."""
    first, second = clone("first"), clone("org/second")
    async with running.up():
        await until(lambda: served(running) == {str(first), str(second)})
        third, fourth = clone("third"), clone("org/fourth")
        await until(lambda: served(running) == {str(first), str(second), str(third), str(fourth)})
        await until(lambda: all((root / "AGENTS.md").exists() for root in (first, second, third, fourth)))
        rows = (await running.ask("list"))["projects"]
        assert {(row["root"], row["found"], row["trusted"]) for row in rows} == {(str(src), False, None)}
        shutil.rmtree(third)
        await until(lambda: served(running) == {str(first), str(second), str(fourth)})
        await until(lambda: any((running.layout.root / "archive").glob("*")))


async def test_a_clone_is_served_when_it_has_its_files(
    running: Running, clone: Worktree, src: Path, until: Until, readable_log: Any
) -> None:
    """Until then it is looked at often; the others, which never get any, are not served, nor watched."""
    clone("uses")
    async with running.up():
        await until(lambda: served(running) == {str(src / "uses")})
        git(src, "init", "-q", "new")
        await until(lambda: len(readable_log.named("roots.scanned")) >= 2)
        (src / "new/CLAUDE.md").write_text("rules")
        await until(lambda: served(running) == {str(src / "uses"), str(src / "new")})


async def test_one_that_a_person_removes_stays_out(running: Running, clone: Worktree, until: Until) -> None:
    """Also after a restart; until they add it again."""
    first, second = clone("first"), clone("second")
    async with running.up():
        await until(lambda: served(running) == {str(first), str(second)})
        await running.ask("remove", path=str(first))
        third = clone("third")
        await until(lambda: served(running) == {str(second), str(third)})
    async with running.up():
        await until(lambda: served(running) == {str(second), str(third)})
        await running.ask("add", path=str(first))
        assert served(running) == {str(first), str(second), str(third)}


async def test_its_worktrees_come_along(running: Running, clone: Worktree, short: Path, until: Until) -> None:
    """By git's own records, wherever they are."""
    root, linked = clone("first"), short.resolve() / "linked"
    git(root, "commit", "-q", "--allow-empty", "-m", "first")
    async with running.up():
        await until(lambda: served(running) == {str(root)})
        git(root, "worktree", "add", "-q", str(linked))
        await until(lambda: served(running) == {str(root), str(linked)})


async def test_a_registry_that_takes_no_change_ends_nothing(
    running: Running, clone: Worktree, src: Path, until: Until, readable_log: Any
) -> None:
    """What has come is served once it can be noted."""
    root, lock = clone("first"), running.layout.registry_lock
    git(root, "commit", "-q", "--allow-empty", "-m", "first")
    linked = [src.parent / name for name in ("one", "two")]
    async with running.up():
        await until(lambda: served(running) == {str(root)})
        lock.unlink()
        lock.mkdir()
        git(root, "worktree", "add", "-q", str(linked[0]))
        await until(lambda: readable_log.named("registry.write.failed"))
        lock.rmdir()
        git(root, "worktree", "add", "-q", str(linked[1]))
        await until(lambda: served(running) == {str(root), *map(str, linked)})
    assert {line["code"] for line in readable_log.named("registry.write.failed")} == {"os_error"}


async def test_what_lies_in_a_folder_that_is_not_named_any_more_is_forgotten(
    running: Running, clone: Worktree, until: Until
) -> None:
    """Its outputs stay, and so does what was kept of it, should the folder be named again."""
    root = clone("first")
    async with running.up():
        await until(lambda: served(running) == {str(root)} and (root / "AGENTS.md").exists())
    running.config = Config(watch=WatchSettings(settle_ms=20))
    async with running.up():
        assert served(running) == set()
    assert (root / "AGENTS.md").exists()
    assert not (running.layout.root / "archive").exists()


async def test_a_look_that_fails_is_told_and_ends_nothing(
    running: Running, clone: Worktree, src: Path, until: Until, readable_log: Any
) -> None:
    """Neither what was found before can be forgotten now, nor what has come noted; both are once that can be."""
    old, lock = clone("old"), running.layout.registry_lock
    async with running.up():
        await until(lambda: served(running) == {str(old)})
    elsewhere = src.parent / "elsewhere"
    new = clone("new").rename(src.parent / "new")
    elsewhere.mkdir()
    new = new.rename(elsewhere / "new")
    running.config = Config(watch=WatchSettings(settle_ms=20), worktrees=WorktreeSettings(roots=(str(elsewhere),)))
    lock.unlink()
    lock.mkdir()
    async with running.up():
        await until(lambda: len(readable_log.named("roots.look.failed")) >= 2)
        assert served(running) == {str(old)}
        lock.rmdir()
        (elsewhere / "another").mkdir()
        await until(lambda: served(running) == {str(new)})
    assert {line["code"] for line in readable_log.named("roots.look.failed")} == {"os_error"}


async def test_a_fault_in_a_look_ends_nothing(
    running: Running, clone: Worktree, src: Path, until: Until, readable_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as such, and the next look is taken."""
    root = clone("one")
    faults = [ValueError("embedded null byte")]

    def scan(*arguments: Any, **options: Any) -> Any:
        if faults:
            raise faults.pop()
        return roots.scan(*arguments, **options)

    monkeypatch.setattr(scanning, "scan", scan)
    async with running.up():
        await until(lambda: readable_log.named("roots.look.failed"))
        running.supervisor._fleet._scanning.signal(())
        await until(lambda: served(running) == {str(root)})
    [line] = readable_log.named("roots.look.failed")
    assert (line["code"], line["message"]) == ("internal_error", "ValueError: embedded null byte")
