"""How many syncs are in flight at once, with real projects and the real sync."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.config import LimitSettings
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import State
from harnesssync_orchestrator.files import extent
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.locks import FileLock
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.sync import sync
from harnesssync_orchestrator.service.undoing import Asked, undo

pytestmark = pytest.mark.anyio

Until = Callable[..., Awaitable[None]]


@pytest.fixture
async def engine(home: Path, tmp_path: Path, readable_log: Any) -> Engine:
    """An engine that lets one project sync at a time."""
    return Engine(
        targets=TARGETS,
        formats=FORMATS,
        places=replace(Places.from_environment({}, home), managed_dir=tmp_path / "managed"),
        layout=Layout.from_environment({}, home),
        limiting=LimitSettings(projects=1),
        environ={},
        log=readable_log.log,
    )


@pytest.fixture
def project(tmp_path: Path, git: Callable[..., str]) -> Callable[[str], Project]:
    """A repository with instructions, by name."""

    def make(name: str) -> Project:
        root = tmp_path.resolve() / name
        root.mkdir()
        git("init", "-q", cwd=root)
        (root / "CLAUDE.md").write_text(f"This is {name}.\n", encoding="utf-8")
        return Project(path=os.fspath(root), targets=("codex",))

    return make


async def test_bounded_no_more_syncs_in_flight_than_the_limit(
    engine: Engine, project: Callable[[str], Project], until: Until
) -> None:
    """Five projects want to sync at once and two may: two do, at no time more, and all get their turn."""
    engine = replace(engine, limiting=LimitSettings(projects=2))
    places, linkers = engine.limits.unhurried, engine.limits.linking
    others = [object() for _ in range(int(linkers.total_tokens))]
    for other in others:
        linkers.acquire_on_behalf_of_nowait(other)
    projects = [project(str(number)) for number in range(5)]
    async with anyio.create_task_group() as tasks:
        for one in projects:
            tasks.start_soon(sync, one, engine)
        await until(lambda: linkers.statistics().tasks_waiting == 2, "two syncs at their last step")
        assert places.statistics().tasks_waiting == 3
        for other in others:
            linkers.release_on_behalf_of(other)
    assert all((Path(one.path) / "AGENTS.md").exists() for one in projects)
    assert places.borrowed_tokens == 0


async def test_bounded_a_project_that_waits_for_its_lock_takes_nobodys_place(
    engine: Engine, project: Callable[[str], Project], until: Until
) -> None:
    """Another process syncs one project for long: the others go on, though only one may at a time."""
    locked, free = project("locked"), project("free")
    lock = FileLock(engine.layout.sync_lock(locked.id))
    assert lock.try_acquire()
    reports = {}

    async def sync_locked() -> None:
        reports["locked"] = (await sync(locked, engine, Options(lock_timeout_s=60))).report

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sync_locked)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(10):
            assert (await sync(free, engine)).report.state is State.IN_STEP
        assert not reports
        lock.release()
    assert reports["locked"].state is State.IN_STEP


async def test_an_edit_waits_for_no_sync_that_nobody_waits_for(
    engine: Engine, project: Callable[[str], Project], until: Until
) -> None:
    """Large projects have all places and all threads: a small edit is on disk all the same, another sync is not."""
    limits = engine.limits
    taken = [
        (limiter, object())
        for limiter in (limits.unhurried, limits.hashing, limits.linking, limits.ledgers)
        for _ in range(int(limiter.total_tokens))
    ]
    for limiter, holder in taken:
        limiter.acquire_on_behalf_of_nowait(holder)
    edited, other = project("edited"), project("other")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sync, other, engine)
        with anyio.fail_after(10):
            assert (await sync(edited, engine, Options(urgent=True))).report.state is State.IN_STEP
        assert limits.unhurried.statistics().tasks_waiting == 1
        assert not (Path(other.path) / "AGENTS.md").exists()
        for limiter, holder in taken:
            limiter.release_on_behalf_of(holder)
    assert limits.projects.borrowed_tokens == limits.urgent.borrowed_tokens == 0


@pytest.mark.parametrize(("new", "files", "waits"), [(True, 10, False), (True, 40, True), (False, 10, True)])
async def test_a_small_project_that_is_new_waits_for_no_large_one(
    engine: Engine,
    project: Callable[[str], Project],
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    *,
    new: bool,
    files: int,
    waits: bool,
) -> None:
    """Large ones have all places and all threads. Others that are new are taken one by one, and an edit goes before."""
    monkeypatch.setattr(extent, "MOST", 30)
    limits = engine.limits
    taken = [
        (limiter, object())
        for limiter in (limits.unhurried, limits.hashing, limits.linking, limits.ledgers)
        for _ in range(int(limiter.total_tokens))
    ]
    for limiter, holder in taken:
        limiter.acquire_on_behalf_of_nowait(holder)
    newcomers, edited = [project(name) for name in ("one", "two", "three")], project("edited")
    for each in newcomers:
        for number in range(files):
            Path(each.path, f"{number}.txt").touch()
    async with anyio.create_task_group() as tasks:
        for each in newcomers:
            tasks.start_soon(sync, each, engine, Options(new=new))
        if waits:
            await until(lambda: limits.unhurried.statistics().tasks_waiting == 3, "all of them wait")
            assert not any(Path(each.path, "AGENTS.md").exists() for each in newcomers)
        else:
            await until(lambda: all(Path(each.path, "AGENTS.md").exists() for each in newcomers), "they are done")
        with anyio.fail_after(10):
            assert (await sync(edited, engine, Options(urgent=True))).report.state is State.IN_STEP
        for limiter, holder in taken:
            limiter.release_on_behalf_of(holder)
    assert limits.projects.borrowed_tokens == limits.newcomers.borrowed_tokens == limits.urgent.borrowed_tokens == 0


async def test_no_more_linkers_work_at_once_than_the_limit(
    engine: Engine, project: Callable[[str], Project], until: Until
) -> None:
    """Targets that have many outputs have a thread each, if there is one: here they have it one after the other."""
    engine = replace(engine, limiting=LimitSettings(projects=4, linking=1))
    linkers, other = engine.limits.linking, object()
    one = replace(project("one"), targets=("codex", "gemini", "opencode"))
    agents = Path(one.path, ".claude/agents")
    agents.mkdir(parents=True)
    for number in range(60):
        (agents / f"a{number}.md").write_text(f"---\nname: a{number}\ndescription: d\n---\nWork.\n")
    linkers.acquire_on_behalf_of_nowait(other)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sync, one, engine)
        await until(lambda: linkers.statistics().tasks_waiting == 3, "three linkers wait for the one place")
        assert not Path(one.path, ".codex").exists()
        linkers.release_on_behalf_of(other)
    assert len(list(Path(one.path, ".codex/agents").iterdir())) == 60
    assert linkers.borrowed_tokens == 0


@pytest.mark.parametrize("urgent", [True, False])
async def test_who_waits_without_their_place_keeps_nobody_from_theirs(engine: Engine, *, urgent: bool) -> None:
    """Others of their kind go on meanwhile, however many wait."""
    begun: list[object] = []

    async def wait() -> None:
        async with engine.in_place(urgent=urgent) as mine:
            begun.append(mine)
            await mine.without_place(60)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(wait)
        with anyio.fail_after(10):
            while len(begun) < 4:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert engine.limits.projects.borrowed_tokens == engine.limits.unhurried.borrowed_tokens == 0


async def test_an_undo_waits_for_no_sync_that_nobody_waits_for(
    engine: Engine, project: Callable[[str], Project]
) -> None:
    """Not for its threads either."""
    edited, limits = project("edited"), engine.limits
    await sync(edited, engine)
    taken = [
        (limiter, object())
        for limiter in (limits.unhurried, limits.hashing, limits.linking, limits.ledgers)
        for _ in range(int(limiter.total_tokens))
    ]
    for limiter, holder in taken:
        limiter.acquire_on_behalf_of_nowait(holder)

    async def hold(_: tuple[str, ...]) -> bool:
        return False

    with anyio.fail_after(10):
        assert (await undo(edited, engine, Asked(), hold)).exit_code == 0
    assert not (Path(edited.path) / "AGENTS.md").exists()
