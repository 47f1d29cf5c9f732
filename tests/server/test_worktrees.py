"""A repository is given once; its worktrees come and go by themselves."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import Running

from harnesssync_orchestrator.config import Config, WatchSettings, WorktreeSettings

pytestmark = pytest.mark.anyio

Until = Callable[..., Awaitable[None]]


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.invalid")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def repository(worktree: Callable[[str], Path]) -> Path:
    root = worktree("main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def running(short: Path, readable_log: Any) -> Running:
    return Running(short / "state", readable_log.log)


def served(running: Running) -> dict[str, str]:
    """The projects' paths, with what a sync has made in each."""
    fleet = running.supervisor._fleet
    paths = [fleet.served(each).worker.project.path for each in fleet.ids()]
    outputs = [Path(path, "AGENTS.md") for path in paths]
    return {path: output.read_text() if output.exists() else "" for path, output in zip(paths, outputs, strict=True)}


async def test_worktrees_come_and_go_with_those_of_git(running: Running, repository: Path, until: Until) -> None:
    """Each is complete, and listed; one that was there before as well."""
    first, second = repository.with_name("first"), repository / ".claude/worktrees/second"
    git(repository, "worktree", "add", "-q", str(first))
    async with running.up():
        await running.ask("add", path=str(repository), targets=["codex"])
        await until(lambda: served(running).get(str(first)) == "rules of main")
        git(repository, "worktree", "add", "-q", str(second))
        await until(lambda: served(running).get(str(second)) == "rules of main")
        rows = {row["path"]: row for row in (await running.ask("list"))["projects"]}
        assert {path: row["found"] for path, row in rows.items()} == {
            str(repository): False,
            str(first): True,
            str(second): True,
        }
        fleet = running.supervisor._fleet
        assert {fleet.served(each).worker.project.targets for each in fleet.ids()} == {("codex",)}
        git(repository, "worktree", "remove", "--force", str(second))
        await until(lambda: served(running).keys() == {str(repository), str(first)})


async def test_a_worktree_that_is_only_deleted_goes_when_git_prunes_it(
    running: Running, repository: Path, until: Until
) -> None:
    """And one that is moved is served where it is now."""
    gone, moved = repository.with_name("gone"), repository.with_name("moved")
    async with running.up():
        await running.ask("add", path=str(repository))
        for path in (gone, moved):
            git(repository, "worktree", "add", "-q", str(path))
        await until(lambda: served(running).keys() == {str(repository), str(gone), str(moved)})
        shutil.rmtree(gone)
        git(repository, "worktree", "prune")
        await until(lambda: served(running).keys() == {str(repository), str(moved)})
        git(repository, "worktree", "move", str(moved), str(moved.with_name("elsewhere")))
        await until(lambda: served(running).keys() == {str(repository), str(moved.with_name("elsewhere"))})


async def test_a_worktree_that_a_person_removes_stays_out(running: Running, repository: Path, until: Until) -> None:
    """Until they add it again. With the repository all go that came by it."""
    linked, other = repository.with_name("linked"), repository.with_name("other")
    for path in (linked, other):
        git(repository, "worktree", "add", "-q", str(path))
    async with running.up():
        await running.ask("add", path=str(repository))
        await until(lambda: served(running).keys() == {str(repository), str(linked), str(other)})
        await running.ask("remove", path=str(linked))
        await running.supervisor._fleet.follow()
        assert served(running).keys() == {str(repository), str(other)}
        await running.ask("add", path=str(linked))
        await until(lambda: served(running).keys() == {str(repository), str(linked), str(other)})
        await running.ask("remove", path=str(repository))
        await running.supervisor._fleet.follow()
        assert served(running).keys() == {str(linked), str(other)}  # the one that was added leads from now on
        await running.ask("remove", path=str(linked))
        await until(lambda: not served(running))


async def test_a_folder_that_only_says_that_it_is_a_worktree_is_none(
    running: Running, repository: Path, short: Path
) -> None:
    """The repository has to say so too, and the folder has to point back."""
    stranger = short / "stranger"
    stranger.mkdir()
    (stranger / ".git").write_text(f"gitdir: {repository}/.git/worktrees/stranger\n")
    record = repository / ".git/worktrees/liar"
    record.mkdir(parents=True)
    (record / "gitdir").write_text(f"{short}/victim/.git\n")
    (short / "victim").mkdir()
    async with running.up():
        await running.ask("add", path=str(repository))
        await running.supervisor._fleet.follow()
        assert served(running).keys() == {str(repository)}


async def test_a_person_may_turn_it_off(running: Running, repository: Path) -> None:
    """By the configuration."""
    git(repository, "worktree", "add", "-q", str(repository.with_name("linked")))
    running.config = Config(watch=WatchSettings(settle_ms=20), worktrees=WorktreeSettings(follow=False))
    async with running.up():
        await running.ask("add", path=str(repository))
        await running.supervisor._fleet.follow()
        assert served(running).keys() == {str(repository)}
