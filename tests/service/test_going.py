"""A folder that is being removed: nothing is made anew in it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.service import going
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.sync import sync

pytestmark = pytest.mark.anyio

AGENTS = 200
Ground = tuple[Project, Engine]


@pytest.fixture
async def ground(registered: Callable[[Any], Ground], readable_log: Any) -> Ground:
    """A project in step, with many outputs."""
    project, engine = registered(readable_log.log)
    for number in range(AGENTS):
        text = f"---\nname: a{number}\ndescription: d\n---\nText.\n"
        Path(project.path, f".claude/agents/a{number}.md").write_text(text, encoding="utf-8")
    assert (await sync(project, engine)).report.state is State.IN_STEP
    return project, engine


def outputs(project: Project) -> list[Path]:
    return sorted(Path(project.path, ".codex/agents").iterdir())


async def test_while_more_goes_nothing_comes_back(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again, and then it does, if the folder is still there."""
    monkeypatch.setattr(going, "GOING_S", 1.0)
    project, engine = ground
    reports: list[Report] = []

    async def automatic() -> None:
        reports.append((await sync(project, engine, Options(automatic=True))).report)

    removed = []
    async with anyio.create_task_group() as tasks:
        for output in outputs(project)[:-1]:
            output.unlink()
            removed.append(output)
            if len(removed) == 1:
                tasks.start_soon(automatic)
            await anyio.sleep(0.02)
            if reports:
                break
    assert (reports[0].state, reports[0].halt) == (State.HALTED, "git-busy")
    assert "is being removed" in reports[0].halt_message
    assert not any(output.exists() for output in removed)
    await automatic()
    assert reports[1].halt is None
    assert len(outputs(project)) == AGENTS


async def test_who_asks_for_a_sync_does_not_wait_for_that(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a person's word."""
    monkeypatch.setattr(going, "GOING_S", 3600.0)
    project, engine = ground
    outputs(project)[0].unlink()
    assert (await sync(project, engine)).report.halt is None
    assert len(outputs(project)) == AGENTS
