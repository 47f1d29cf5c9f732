"""Syncs that nobody asked for follow the registry as it is once they have the project's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.oneshot.work import Quiet
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.registrations import Registrations
from harnesssync_orchestrator.service.sync import sync

pytestmark = pytest.mark.anyio


@dataclass
class Ground:
    """A registered project, as a worker knew it when it was registered, and what syncs it."""

    root: Path
    engine: Engine
    registry: Registry
    project: Project

    async def sync(self, *, automatic: bool) -> Report:
        return (await sync(self.project, self.engine, Options(automatic=automatic))).report

    @property
    def outputs(self) -> set[str]:
        return {name for name in os.listdir(self.root) if name in {"AGENTS.md", "GEMINI.md"}}  # noqa: PTH208 - names


@pytest.fixture
async def ground(tmp_path: Path, home: Path, git: Callable[..., str]) -> Ground:
    root = (tmp_path / "project").resolve()
    root.mkdir()
    git("init", "-q", cwd=root)
    (root / "CLAUDE.md").write_text("# Rules\n", encoding="utf-8")
    layout = Layout.from_environment({}, home)
    registry = Registry(layout.registry_file, layout.registry_lock)
    registry.register(root, targets=("codex", "gemini"))
    engine = Engine(
        targets=TARGETS,
        formats=FORMATS,
        places=Places.from_environment({}, home),
        layout=layout,
        environ={},
        log=Quiet(),
    )
    return Ground(root, engine, registry, registry.load().project(str(root)))


async def _while_it_waits(ground: Ground, change: Callable[[], object]) -> Report:
    """An automatic sync that waits for the project's lock while the registry is changed."""
    lock, reports = ground.engine.layout.sync_lock(ground.project.id), list[Report]()

    async def wait_and_sync() -> None:
        reports.append(await ground.sync(automatic=True))

    async with anyio.create_task_group() as tasks, ground.engine.locks.held(ground.project.id, lock, 5):
        tasks.start_soon(wait_and_sync)
        await anyio.wait_all_tasks_blocked()
        change()
    return reports[0]


async def test_a_sync_that_waited_while_its_project_was_paused_leaves_it_alone(ground: Ground) -> None:
    """Whatever it knew when it began to wait; when a person asks for a sync, it takes place."""
    report = await _while_it_waits(ground, lambda: ground.registry.set_paused(ground.project.id, paused=True))
    assert (report.state, ground.outputs) == (State.PAUSED, set())
    assert (await ground.sync(automatic=False)).state is State.IN_STEP
    assert "AGENTS.md" in ground.outputs


async def test_a_sync_that_waited_while_a_target_was_taken_away_writes_nothing_for_it(ground: Ground) -> None:
    """`unlink` of one target does so before it takes away what was written for it."""
    report = await _while_it_waits(ground, lambda: ground.registry.register(ground.root, targets=("codex",)))
    assert (report.state, report.targets) == (State.IN_STEP, ("codex",))


async def test_a_sync_that_waited_while_its_project_was_removed_leaves_it_alone(ground: Ground) -> None:
    """What is not registered is not synced by itself."""
    report = await _while_it_waits(ground, lambda: ground.registry.unregister(ground.project.id))
    assert (report.state, ground.outputs) == (State.PAUSED, set())


async def test_a_registry_that_can_not_be_read_changes_nothing_for_a_project(ground: Ground) -> None:
    """It is not an empty one."""
    report = await _while_it_waits(ground, lambda: ground.registry.path.write_text("{"))
    assert (report.state, report.targets) == (State.IN_STEP, ("codex", "gemini"))


def test_a_registry_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    """However soon after the last look."""
    layout = Layout.from_environment({}, tmp_path)
    registry, registrations = Registry(layout.registry_file, layout.registry_lock), Registrations()
    registry.register(tmp_path)
    project = registry.load().project(str(tmp_path))
    assert registrations.now(project, layout) == project
    registry.set_paused(project.id, paused=True)
    paused = registrations.now(project, layout)
    assert paused is not None
    assert paused.paused
    registry.unregister(project.id)
    assert registrations.now(project, layout) is None
