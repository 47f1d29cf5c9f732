"""Repositories without a checkout, or with git's own folder elsewhere: their worktrees come and go all the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import Running

from harnesssync_orchestrator.config import Config, WatchSettings, WorktreeSettings
from harnesssync_orchestrator.service import scanning

pytestmark = pytest.mark.anyio

Until = Callable[..., Awaitable[None]]


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.invalid")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def origin(worktree: Callable[[str], Path]) -> Path:
    root = worktree("origin")
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": {"docs": {"command": "docs"}}}))
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def plain(origin: Path, folder: Path) -> tuple[Path, Path]:
    """What a person names, and the repository; worktrees lie beside it."""
    bare = folder / "repo.git"
    git(origin, "clone", "-q", "--bare", str(origin), str(bare))
    return bare, bare


def hidden(origin: Path, folder: Path) -> tuple[Path, Path]:
    """The same, where the folder names a repository in it."""
    git(origin, "clone", "-q", "--bare", str(origin), str(folder / ".bare"))
    (folder / ".git").write_text("gitdir: ./.bare\n")
    return folder, folder / ".bare"


Layout = Callable[[Path, Path], tuple[Path, Path]]


@pytest.fixture
def folder(short: Path) -> Path:
    """Where a repository and its worktrees lie, in a root."""
    folder = short.resolve() / "source/project"
    folder.mkdir(parents=True)
    return folder


def served(running: Running) -> set[str]:
    fleet = running.supervisor._fleet
    return {fleet.served(each).worker.project.path for each in fleet.ids()}


@pytest.mark.parametrize("layout", [plain, hidden])
async def test_worktrees_of_a_bare_repository_are_served_as_they_come(
    running: Running, origin: Path, folder: Path, until: Until, layout: Layout
) -> None:
    """The repository itself is registered, without being a project; what its worktrees hold by then is approved."""
    named, bare = layout(origin, folder)
    one, two = folder / "one", folder / "two"
    git(bare, "worktree", "add", "-q", str(one))
    async with running.up():
        added = await running.ask("add", path=str(named), targets=["codex"])
        assert (added["path"], added["added"], added["approved"]) == (str(bare), True, ["mcp_server docs"])
        await until(lambda: served(running) == {str(one)} and (one / "AGENTS.md").exists())
        git(bare, "worktree", "add", "-q", str(two))
        await until(lambda: served(running) == {str(one), str(two)} and (two / "AGENTS.md").exists())
        fleet = running.supervisor._fleet
        projects = [fleet.served(each).worker.project for each in fleet.ids()]
        assert [project.targets for project in projects] == [("codex",)] * 2
        assert [[each.folder for each in project.approvals] for project in projects] == [[str(bare)]] * 2
        git(bare, "worktree", "remove", "--force", str(one))
        await until(lambda: served(running) == {str(two)})
        await running.ask("remove", path=str(bare))
        await until(lambda: served(running) == set())


async def test_one_that_has_no_worktree_yet_can_be_added(
    running: Running, origin: Path, folder: Path, until: Until
) -> None:
    """The first comes like all others."""
    named, bare = plain(origin, folder)
    async with running.up():
        assert (await running.ask("add", path=str(named)))["approved"] == []
        assert served(running) == set()
        git(bare, "worktree", "add", "-q", str(folder / "one"))
        await until(lambda: served(running) == {str(folder / "one")})


async def test_worktrees_come_with_a_main_one_that_keeps_its_repository_elsewhere(
    running: Running, short: Path, until: Until
) -> None:
    """Once a person has added it; what they approved there is not approved in the others, of which it can't know."""
    root, repository, linked = (short.resolve() / name for name in ("main", "repository", "linked"))
    git(short, "init", "-q", f"--separate-git-dir={repository}", str(root))
    (root / "CLAUDE.md").write_text("rules")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    async with running.up():
        await running.ask("add", path=str(root))
        git(root, "worktree", "add", "-q", str(linked))
        await until(lambda: served(running) == {str(root), str(linked)})


async def test_nobody_gets_the_worktrees_of_a_repository_by_naming_it(
    running: Running, origin: Path, short: Path
) -> None:
    """A folder whose `.git` names the one of a main worktree is another one."""
    git(origin, "worktree", "add", "-q", str(origin.with_name("linked")))
    stranger = short.resolve() / "stranger"
    stranger.mkdir()
    (stranger / ".git").write_text(f"gitdir: {origin}/.git\n")
    (stranger / "CLAUDE.md").write_text("rules")
    async with running.up():
        await running.ask("add", path=str(stranger))
        await running.supervisor._fleet.follow()
        assert served(running) == {str(stranger)}


@pytest.mark.parametrize("layout", [plain, hidden])
async def test_worktrees_of_a_bare_repository_are_found_in_a_root(
    short: Path,
    readable_log: Any,
    origin: Path,
    folder: Path,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    layout: Layout,
) -> None:
    """Beside it, or in the folder that names it; those elsewhere come along, and one that is taken out stays out."""
    monkeypatch.setattr(scanning, "SOON_S", 0.01)
    _, bare = layout(origin, folder)
    config = Config(watch=WatchSettings(settle_ms=20), worktrees=WorktreeSettings(roots=(str(folder.parent),)))
    running = Running(short / "state", readable_log.log, config=config)
    inside, outside = folder / "inside", short.resolve() / "outside"
    git(bare, "worktree", "add", "-q", str(inside))
    async with running.up():
        await until(lambda: served(running) == {str(inside)})
        git(bare, "worktree", "add", "-q", str(outside))
        await until(lambda: served(running) == {str(inside), str(outside)})
        await running.ask("remove", path=str(inside))
        await until(lambda: served(running) == set())
    async with running.up():
        await until(lambda: readable_log.named("roots.scanned"))
        assert served(running) == set()
