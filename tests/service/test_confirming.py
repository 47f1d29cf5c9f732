"""Syncs that nobody asked for leave the second look at what they wrote to a later one, and miss nothing meanwhile."""

from __future__ import annotations

import gc
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import anyio
import pytest

from harnesssync_orchestrator.config import WatchSettings
from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.drift import Choice
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.files.exclude_block import Exclude
from harnesssync_orchestrator.files.hashing import RACY_NS
from harnesssync_orchestrator.oneshot.work import Quiet
from harnesssync_orchestrator.service.engine import Engine, Options, SyncResult
from harnesssync_orchestrator.service.memory import Memories, Memory
from harnesssync_orchestrator.service.sync import WRITTEN_S, is_echo, sync
from harnesssync_orchestrator.service.worker import Worker

pytestmark = pytest.mark.anyio

Until = Callable[..., Awaitable[None]]
AGENT = "---\nname: reviewer\ndescription: Reviews\n---\n%s\n"
SERVERS = '{"mcpServers": {"docs": {"type": "http", "url": "https://docs.example"}}}'
OUTPUT = ".codex/agents/reviewer.toml"


@dataclass
class Ground:
    """A registered project, and the engine that syncs it."""

    root: Path
    engine: Engine
    project: Project

    def edit(self, text: str) -> None:
        (self.root / ".claude/agents/reviewer.md").write_text(AGENT % text, encoding="utf-8")

    def path(self, output: str) -> str:
        return str(self.root / output)

    @property
    def ledger(self) -> str:
        return str(self.engine.layout.ledger_file(self.project))

    async def answer(self, *changed: str) -> SyncResult:
        """The sync that a worker runs when these paths changed, and nothing else; without any, anything may have."""
        return await sync(self.project, self.engine, Options(automatic=True, changed=frozenset(changed)))

    async def hears(self, *changed: str) -> bool:
        """Is it our own echo, when these paths changed?"""
        return await is_echo(self.project, self.engine, frozenset(changed))

    def another_process(self) -> Engine:
        return replace(self.engine, memories=Memories())


@pytest.fixture
async def ground(registered: Callable[[Any], tuple[Project, Engine]]) -> Ground:
    project, engine = registered(Quiet())
    ground = Ground(Path(project.path), engine, project)
    ground.edit("First.")
    return ground


@dataclass
class WorkerGround:
    """A worker of the project, and what it told so far."""

    ground: Ground
    worker: Worker
    reports: list[Report]
    until: Until


@pytest.fixture
def project_worker(ground: Ground, readable_log: Any, until: Until) -> WorkerGround:
    async def sync_one(project: Project, options: Options) -> SyncResult:
        return await sync(project, ground.engine, options)

    async def hears(project: Project, changed: frozenset[str]) -> bool:
        return await is_echo(project, ground.engine, changed)

    reports: list[Report] = []
    worker = Worker(
        ground.project,
        sync=sync_one,
        is_echo=hears,
        publish=reports.append,
        watch=lambda _key, _folders: None,
        settings=WatchSettings(settle_ms=30, max_settle_ms=300),
        log=readable_log.log,
    )
    return WorkerGround(ground, worker, reports, until)


def written(result: SyncResult) -> Iterable[str]:
    return [operation.path for operation in result.report.operations]


async def test_what_was_written_is_known_again_without_a_look_at_the_source(ground: Ground) -> None:
    """An edit that nobody told of shows that: it is answered to when it is told."""
    result = await ground.answer()
    assert (list(written(result)), result.confirmed) == ([OUTPUT], False)
    ground.edit("Second.")
    ours = [ground.path(each) for each in (OUTPUT, ".codex/agents", ".codex")]
    assert await ground.hears(*ours, ground.ledger)
    assert not await ground.hears(*ours, ground.path(".claude/agents/reviewer.md"))
    assert list(written(await ground.answer(ground.path(".claude/agents/reviewer.md")))) == [OUTPUT]
    assert "Second." in (ground.root / OUTPUT).read_text(encoding="utf-8")


async def test_of_a_project_at_rest_next_to_nothing_is_held(ground: Ground) -> None:
    """What its last sync saw, read, rendered and recorded is there while edits may follow, and until it was looked at
    again."""
    memory = ground.engine.memories.of(ground.project.id, ground.engine.layout)
    await ground.answer()
    await ground.answer(ground.path(".claude/agents/reviewer.md"))
    ground.edit("Second.")
    await ground.answer(ground.path(".claude/agents/reviewer.md"))
    busy = _held(memory)
    assert (await ground.answer()).confirmed
    assert _held(memory) < 4096 < busy
    with anyio.fail_after(10):
        while not (await ground.answer()).report.unchanged:
            await anyio.lowlevel.checkpoint()
    assert _held(memory) < 4096


def _held(memory: Memory) -> int:
    """Bytes of everything that is reached from a memory, but for the folders to watch, which the watcher has too."""
    seen, left, total = {id(memory.watched)}, list[object](vars(memory).values()), 0
    while left:
        each = left.pop()
        if id(each) not in seen and not isinstance(each, (type, ModuleType, FunctionType)):
            seen.add(id(each))
            total += sys.getsizeof(each)
            left += gc.get_referents(each)
    return total


async def test_equal_folders_to_watch_are_the_same_ones(ground: Ground) -> None:
    """The watcher holds what it was given first."""
    await ground.answer()
    first = (await ground.answer()).watch
    assert (await ground.answer()).watch is first


async def test_an_edit_of_an_output_in_the_moment_after_it_was_written_is_drift(ground: Ground) -> None:
    """Though it is told in one breath with our own writing."""
    await ground.answer()
    (ground.root / OUTPUT).write_text("mine", encoding="utf-8")
    assert not await ground.hears(ground.path(OUTPUT), ground.ledger)
    result = await ground.answer(ground.path(OUTPUT), ground.ledger)
    assert [conflict.address.path for conflict in result.report.conflicts] == [OUTPUT]


async def test_what_another_process_decided_meanwhile_is_followed(ground: Ground) -> None:
    """It is the ledger alone that changes."""
    await ground.answer()
    (ground.root / OUTPUT).write_text("mine", encoding="utf-8")
    conflict = await ground.answer(ground.path(OUTPUT))
    assert conflict.report.conflicts
    keep = ((Address(OUTPUT), Choice.KEEP),)
    await sync(ground.project, ground.another_process(), Options(choices=keep))
    assert not await ground.hears(ground.ledger)
    result = await ground.answer(ground.ledger)
    assert (result.report.conflicts, [kept.address.path for kept in result.report.kept]) == ((), [OUTPUT])


async def test_a_look_that_finds_nothing_to_do_confirms(ground: Ground) -> None:
    """From then on another process, too, sees by signatures alone that nothing has changed."""
    await ground.answer()
    footprint = ground.engine.layout.footprint_file(ground.project.id)
    assert not footprint.exists()
    for _ in range(100):  # what was written a moment ago can't be told by its signature yet
        assert (await sync(ground.project, ground.engine, Options(automatic=True))).confirmed
        if footprint.exists():
            break
    assert footprint.exists()


async def test_a_sync_that_somebody_asked_for_confirms_at_once(ground: Ground) -> None:
    """They may ask again at once, and another process as well."""
    result = await sync(ground.project, ground.engine, Options())
    assert (list(written(result)), result.confirmed) == ([OUTPUT], True)
    assert ground.engine.layout.footprint_file(ground.project.id).exists()


async def test_what_nobody_told_of_is_found_by_the_next_look_at_everything(ground: Ground) -> None:
    """An event may get lost; a sync that knows what changed looks at nothing else."""
    other, told = ground.root / ".claude/agents/other.md", ground.path(".claude/agents/reviewer.md")
    other.write_text(AGENT.replace("reviewer", "other") % "First.", encoding="utf-8")
    await ground.answer()
    await anyio.sleep(2 * RACY_NS / 1e9)
    await ground.answer(ground.path("anything"))
    other.write_text(AGENT.replace("reviewer", "other") % "Second.", encoding="utf-8")
    ground.edit("Second.")
    assert list(written(await ground.answer(told))) == [OUTPUT]
    assert list(written(await ground.answer())) == [OUTPUT.replace("reviewer", "other")]


def _has_more(reports: list[Report], than: int) -> bool:
    return len(reports) > than


async def test_our_own_echo_leads_to_no_sync(project_worker: WorkerGround) -> None:
    """What else changes does, and an echo of it again does not."""
    ground, worker, reports = project_worker.ground, project_worker.worker, project_worker.reports
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        await project_worker.until(lambda: reports)
        for text in ("Second.", "Third."):
            worker.signal(frozenset({ground.path(OUTPUT), ground.ledger}))
            await anyio.sleep(0.2)
            ground.edit(text)
            known = len(reports)
            worker.signal(frozenset({ground.path(".claude/agents/reviewer.md")}))
            await project_worker.until(partial(_has_more, reports, known))
        tasks.cancel_scope.cancel()
    assert [len(report.operations) for report in reports] == [1, 1, 1]


async def test_what_changes_while_a_sync_waits_for_its_turn_is_part_of_it(project_worker: WorkerGround) -> None:
    """And no reason for another one."""
    ground, worker, reports = project_worker.ground, project_worker.worker, project_worker.reports
    places = ground.engine.limits.projects
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        await project_worker.until(lambda: reports)
        for taken in range(int(places.total_tokens)):
            places.acquire_on_behalf_of_nowait(taken)
        edited = str(ground.root / ".claude/agents/reviewer.md")
        worker.signal(frozenset({edited}))
        await project_worker.until(lambda: places.statistics().tasks_waiting == 1)
        ground.edit("Second.")
        worker.signal(frozenset({edited}))
        for taken in range(int(places.total_tokens)):
            places.release_on_behalf_of(taken)
        await project_worker.until(lambda: len(reports) == 2)
        await anyio.sleep(0.2)
        tasks.cancel_scope.cancel()
    assert "Second." in (ground.root / OUTPUT).read_text(encoding="utf-8")
    assert len(reports) == 2


async def test_a_file_that_is_being_written_is_no_reason_to_halt(ground: Ground) -> None:
    """Many programs empty it first."""
    servers = ground.root / ".mcp.json"
    servers.write_text(SERVERS, encoding="utf-8")
    await ground.answer()
    servers.write_text("", encoding="utf-8")
    async with anyio.create_task_group() as tasks:
        results: list[SyncResult] = []

        async def answer() -> None:
            results.append(await ground.answer(str(servers)))

        tasks.start_soon(answer)
        await anyio.sleep(WRITTEN_S / 4)
        servers.write_text(SERVERS, encoding="utf-8")
    assert [result.report.halt for result in results] == [None]
    servers.write_text("", encoding="utf-8")
    assert (await ground.answer(str(servers))).report.halt == "source-unparsable"


async def test_what_git_hides_is_looked_at_as_seldom_as_can_be(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for the record and once to see that it stays as it is; and once more, under its lock, where it changes."""
    looks: list[str] = []

    def read(common_dir: Path, worktree_id: str) -> Exclude:
        looks.append(worktree_id)
        return real(common_dir, worktree_id)

    real = Exclude.read
    await ground.answer()
    monkeypatch.setattr(Exclude, "read", read)
    ground.edit("Second.")
    await ground.answer()
    changed = len(looks)
    (ground.root / ".claude/agents/second.md").write_text(AGENT.replace("reviewer", "second") % "New.")
    await ground.answer()
    assert (ground.root / ".codex/agents/second.toml").exists()
    assert (changed, len(looks) - changed) == (2, 3)
