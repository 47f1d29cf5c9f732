"""A worker syncs its project when there is a reason to, once for many edits, and survives whatever its sync does."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from harnesssync_orchestrator.config import WatchSettings
from harnesssync_orchestrator.core.plan import WriteFile
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Counts, Report, State
from harnesssync_orchestrator.errors import HarnessSyncError, StateError
from harnesssync_orchestrator.service.backoff import Backoff
from harnesssync_orchestrator.service.due import Reason
from harnesssync_orchestrator.service.engine import Options, SyncResult
from harnesssync_orchestrator.service.worker import MOST_URGENT, Worker

pytestmark = pytest.mark.anyio

Until = Callable[..., Awaitable[None]]


def report_of(project: Project, *written: str, content: bytes = b"") -> Report:
    operations = tuple(WriteFile(path=path, owners=("codex",), content=content, executable=False) for path in written)
    return Report(
        project_id=project.id,
        path=project.path,
        scope="project",
        state=State.IN_STEP,
        targets=("codex",),
        counts=Counts(synced=len(written)),
        operations=operations,
    )


class Copying:
    """A small sync that is real: AGENTS.md becomes what CLAUDE.md says. Remembers what it did."""

    def __init__(self) -> None:
        self.copied: list[bytes] = []
        self.options: list[Options] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.gate: anyio.Event | None = None
        self.error: Exception | None = None

    async def __call__(self, project: Project, options: Options) -> SyncResult:
        self.options.append(options)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.error is not None:
                raise self.error
            content = (Path(project.path) / "CLAUDE.md").read_bytes()
            if self.gate is not None:
                await self.gate.wait()
            await anyio.lowlevel.checkpoint()
            target = Path(project.path) / "AGENTS.md"
            written: tuple[str, ...] = ()
            if not options.dry_run and (not target.exists() or target.read_bytes() != content):
                target.write_bytes(content)
                written = ("AGENTS.md",)
            self.copied.append(content)
            return SyncResult(report=report_of(project, *written, content=content), watch=frozenset({project.path}))
        finally:
            self.in_flight -= 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "CLAUDE.md").write_bytes(b"first")
    return Project(path=str(tmp_path))


async def never(_project: Project, _changed: frozenset[str]) -> bool:
    """These syncs know nothing of what they wrote."""
    return False


class Published:
    def __init__(self) -> None:
        self.reports: list[Report] = []

    def __call__(self, report: Report) -> None:
        self.reports.append(report)

    @property
    def states(self) -> list[State]:
        return [report.state for report in self.reports]


@asynccontextmanager
async def working(
    project: Project, sync: Any, log: Any, published: Published | None = None, **options: Any
) -> AsyncIterator[Worker]:
    settings = {
        "publish": published or Published(),
        "watch": lambda _key, _folders: None,
        "settings": WatchSettings(settle_ms=30, max_settle_ms=300),
        "log": log,
        **options,
    }
    worker = Worker(project, sync=sync, is_echo=never, **settings)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        yield worker
        tasks.cancel_scope.cancel()


async def test_a_project_is_synced_at_once_when_it_is_taken_up(
    project: Project, readable_log: Any, until: Until
) -> None:
    """After a restart, whatever was missed meanwhile is caught up on; its folders are then watched."""
    sync, watched = Copying(), []
    async with working(project, sync, readable_log.log, watch=lambda key, folders: watched.append((key, folders))):
        await until(lambda: watched)
    assert watched == [(project.id, frozenset({project.path}))]
    assert sync.copied == [b"first"]


async def test_debounce_trailing_ten_edits_are_one_sync_with_the_last(
    project: Project, readable_log: Any, until: Until
) -> None:
    """Ten edits in quick succession: one sync, and what the last one wrote is in it."""
    sync, published = Copying(), Published()
    async with working(project, sync, readable_log.log, published) as worker:
        await until(lambda: len(published.reports) == 1)
        for number in range(10):
            (Path(project.path) / "CLAUDE.md").write_bytes(b"edit %d" % number)
            worker.signal(frozenset({f"{project.path}/CLAUDE.md"}))
            await anyio.lowlevel.checkpoint()
        await until(lambda: len(published.reports) == 2)
    assert sync.copied == [b"first", b"edit 9"]


async def test_debounce_trailing_an_edit_during_a_sync_is_synced_after_it(
    project: Project, readable_log: Any, until: Until
) -> None:
    """The running sync has read the file already: another one follows."""
    sync = Copying()
    sync.gate = anyio.Event()
    async with working(project, sync, readable_log.log) as worker:
        await until(lambda: sync.in_flight)
        (Path(project.path) / "CLAUDE.md").write_bytes(b"late")
        worker.signal(frozenset({f"{project.path}/CLAUDE.md"}))
        sync.gate.set()
        await until(lambda: sync.copied == [b"first", b"late"])


async def test_edits_without_a_pause_do_not_put_a_sync_off_for_ever(
    project: Project, readable_log: Any, until: Until
) -> None:
    """Something writes all the time: the sync takes place while it does."""
    sync = Copying()
    async with working(project, sync, readable_log.log) as worker:
        await until(lambda: sync.copied)
        signals = 0
        while len(sync.copied) < 2:
            worker.signal(frozenset({f"{project.path}/CLAUDE.md"}))
            signals += 1
            await anyio.sleep(0.001)
            assert signals < 1000
    assert signals > 10


async def test_a_request_does_not_wait_for_edits_to_settle(project: Project, readable_log: Any) -> None:
    """A person asked; the report is that of a sync which began after the question."""
    sync = Copying()
    settings = WatchSettings(settle_ms=100, max_settle_ms=60_000)
    async with working(project, sync, readable_log.log, settings=settings) as worker:
        worker.signal(frozenset({f"{project.path}/CLAUDE.md"}))
        report = await worker.request(Options())
    assert report.state is State.IN_STEP
    assert report.finished.endswith("+00:00")


async def test_requests_for_the_same_share_a_sync(project: Project, readable_log: Any, until: Until) -> None:
    """Ten clients ask at once while one sync runs: one more sync answers them all."""
    sync = Copying()
    sync.gate = anyio.Event()
    reports: list[Report] = []
    async with working(project, sync, readable_log.log) as worker:
        await until(lambda: sync.in_flight)

        async def ask() -> None:
            reports.append(await worker.request(Options()))

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            sync.gate.set()
    assert len(reports) == 10
    assert len(sync.copied) == 2


async def test_a_dry_run_is_not_published(project: Project, readable_log: Any, until: Until) -> None:
    """What would be is told to whoever asked; the status stays what is."""
    sync, published = Copying(), Published()
    async with working(project, sync, readable_log.log, published) as worker:
        await until(lambda: published.reports)
        await worker.request(Options(dry_run=True))
    assert len(published.reports) == 1
    assert len(sync.copied) == 2


async def test_crash_isolated_any_error_leaves_the_project_failed_and_the_worker_alive(
    project: Project, readable_log: Any, until: Until
) -> None:
    """An error of ours, of the system, or one that nobody thought of: the status says so, and it is tried again."""
    sync, published = Copying(), Published()
    backoff = Backoff(first=0.01, most=0.02)
    sync.error = StateError("the ledger is of a later version", code="state_newer", hint="Update")
    async with working(project, sync, readable_log.log, published, backoff=backoff):
        await until(lambda: len(published.reports) >= 2)
        sync.error = PermissionError(13, "Permission denied", "/somewhere")
        seen = len(published.reports)
        await until(lambda: len(published.reports) > seen + 1)
        sync.error = ZeroDivisionError("division by zero")
        seen = len(published.reports)
        await until(lambda: len(published.reports) > seen + 1)
        sync.error = None
        await until(lambda: published.states[-1] is State.IN_STEP)
    codes = [report.failures[0].code for report in published.reports if report.failures]
    assert list(dict.fromkeys(codes)) == ["state_newer", "os_error", "internal_error"]
    assert any("ZeroDivisionError" in line.get("exception", "") for line in readable_log.named("project.sync.failed"))
    assert published.reports[-1].failures == ()


async def test_a_failed_sync_counts_nothing_of_the_one_before(
    project: Project, readable_log: Any, until: Until
) -> None:
    """Whoever adds up the lines of the log would count the same outputs twice."""
    sync, published = Copying(), Published()
    async with working(project, sync, readable_log.log, published, backoff=Backoff(first=3600, most=3600)) as worker:
        await until(lambda: published.reports)
        sync.error = StateError("locked")
        await worker.request(Options())
    first, second = readable_log.named("project.sync.completed")
    assert (first["synced"], first["operations"]) == (1, 1)
    assert (second["synced"], second["operations"], second["methods"]) == (0, 0, {})
    assert second["failures"] == ["state_unusable"]


async def test_a_failing_project_is_left_alone_however_much_is_edited(
    project: Project, readable_log: Any, until: Until
) -> None:
    """Edits don't shorten the pause; a person's request does not wait for its end."""
    sync, published = Copying(), Published()
    sync.error = StateError("broken")
    async with working(project, sync, readable_log.log, published, backoff=Backoff(first=3600, most=3600)) as worker:
        await until(lambda: published.reports)
        worker.signal(frozenset({f"{project.path}/CLAUDE.md"}))
        reason, when = worker._earliest()
        assert reason is Reason.RETRY
        assert when > anyio.current_time() + 3000
        sync.error = None
        report = await worker.request(Options())
    assert report.state is State.IN_STEP


async def test_bounded_a_project_is_never_synced_twice_at_once(
    project: Project, readable_log: Any, until: Until
) -> None:
    """Requests of all kinds at the same time are done one after the other."""
    sync = Copying()
    async with working(project, sync, readable_log.log) as worker, anyio.create_task_group() as tasks:
        for options in (Options(), Options(dry_run=True), Options(targets=("codex",)), Options(rehash=True)):
            tasks.start_soon(worker.request, options)
    assert sync.most_in_flight == 1
    assert len(sync.copied) >= 4


async def test_a_project_that_feeds_on_its_own_output_is_halted(
    project: Project, readable_log: Any, until: Until
) -> None:
    """A rule imports what is rendered from it: it would grow for ever. A person's sync lets it go on."""
    published = Published()
    grown = Path(project.path) / "AGENTS.md"
    worker: Worker

    async def growing(project: Project, options: Options) -> SyncResult:
        await anyio.lowlevel.checkpoint()
        content = (grown.read_bytes() if grown.exists() else b"") + b"x"
        grown.write_bytes(content)
        worker.signal(frozenset({str(grown)}))
        return SyncResult(report=report_of(project, "AGENTS.md", content=content), watch=frozenset())

    settings = WatchSettings(settle_ms=1)
    async with working(project, growing, readable_log.log, published, settings=settings) as worker:
        await until(lambda: State.HALTED in published.states)
        worker.signal(frozenset({str(grown)}))
        assert worker._earliest()[1] == math.inf
        assert (await worker.request(Options())).state is State.IN_STEP
    halted = next(report for report in published.reports if report.state is State.HALTED)
    assert halted.halt == "feedback-loop"
    assert "AGENTS.md" in halted.failures[0].message
    assert len(readable_log.named("project.loop.detected")) >= 1


async def test_a_person_who_edits_all_the_time_is_no_loop(project: Project, readable_log: Any, until: Until) -> None:
    """Thirty edits, thirty syncs that write, each also told of its own output: nothing is halted."""
    sync, published = Copying(), Published()
    async with working(project, sync, readable_log.log, published, settings=WatchSettings(settle_ms=0)) as worker:
        for number in range(30):
            (Path(project.path) / "CLAUDE.md").write_bytes(b"edit %d" % number)
            worker.signal(frozenset({f"{project.path}/CLAUDE.md", f"{project.path}/AGENTS.md"}))
            await until(lambda number=number: sync.copied[-1:] == [b"edit %d" % number])
            seen = len(sync.copied)
            worker.signal(frozenset({f"{project.path}/AGENTS.md"}))
            await until(lambda seen=seen: len(sync.copied) > seen)
    assert State.HALTED not in published.states


async def test_stopping_ends_the_sync_in_hand_first(project: Project, readable_log: Any, until: Until) -> None:
    """Who waits for the running sync gets its report; who waits for a later one is told that there is none."""
    sync = Copying()
    results: dict[str, object] = {}
    worker = Worker(
        project,
        sync=sync,
        is_echo=never,
        publish=Published(),
        watch=lambda _key, _folders: None,
        settings=WatchSettings(),
        log=readable_log.log,
    )

    async def ask(name: str, options: Options) -> None:
        try:
            results[name] = await worker.request(options)
        except HarnessSyncError as error:
            results[name] = error

    sync.gate = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, "running", Options())
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(worker.run)
        await until(lambda: sync.in_flight)
        tasks.start_soon(ask, "later", Options(dry_run=True))
        await anyio.wait_all_tasks_blocked()
        worker.stop(HarnessSyncError("stopping", code="shutting_down"))
        await anyio.wait_all_tasks_blocked()
        assert results == {}
        sync.gate.set()
    assert isinstance(results["running"], Report)
    assert isinstance(results["later"], HarnessSyncError)
    assert (Path(project.path) / "AGENTS.md").read_bytes() == b"first"


async def test_counters_isolated_between_syncs_and_projects(tmp_path: Path, readable_log: Any, until: Until) -> None:
    """The canonical line of each sync carries its own counts, with the project that they belong to."""
    sync = Copying()
    projects = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CLAUDE.md").write_bytes(b"x")
        projects.append(Project(path=str(tmp_path / name)))
    async with working(projects[0], sync, readable_log.log) as a, working(projects[1], sync, readable_log.log):
        await until(lambda: len(readable_log.named("project.sync.completed")) == 2)
        await a.request(Options())
    lines = readable_log.named("project.sync.completed")
    assert [(line["project_id"], line["synced"]) for line in lines[2:]] == [(projects[0].id, 0)]
    assert {(line["project_id"], line["synced"]) for line in lines[:2]} == {(each.id, 1) for each in projects}


async def test_what_the_registry_says_anew_is_synced(project: Project, readable_log: Any, until: Until) -> None:
    """Other targets, or trust: the project is synced with them without an edit."""
    sync = Copying()
    async with working(project, sync, readable_log.log) as worker:
        await until(lambda: sync.copied)
        worker.change(replace(project, targets=("gemini",)))
        await until(lambda: len(sync.copied) == 2)
    assert worker.project.targets == ("gemini",)


async def test_what_is_queued_already_is_not_queued_again(project: Project, readable_log: Any, until: Until) -> None:
    """However often somebody asks without waiting; and of different wishes there are only so many."""
    sync = Copying()
    sync.gate = anyio.Event()
    async with working(project, sync, readable_log.log) as worker:
        await until(lambda: sync.in_flight)
        for _ in range(1000):
            worker.queue(Options(rehash=True))
        for number in range(63):
            worker.queue(Options(lock_timeout_s=float(number)))
        with pytest.raises(HarnessSyncError, match="many syncs") as caught:
            worker.queue(Options(lock_timeout_s=64.0))
        assert caught.value.code == "busy"
        worker.change(project)  # what the registry says is never too much
        assert len(worker._requests) == 65
        sync.gate.set()
        await until(lambda: not worker._requests and not sync.in_flight)


async def test_only_what_somebody_asks_for_is_synced_while_the_registry_says_to_pause(
    project: Project, readable_log: Any, until: Until
) -> None:
    """Every other sync is automatic: it looks at the registry itself, once it has the project's lock."""
    automatic: list[bool] = []

    async def sync(project: Project, options: Options) -> SyncResult:
        await anyio.lowlevel.checkpoint()
        automatic.append(options.automatic)
        return SyncResult(report=report_of(project), watch=frozenset())

    async with working(project, sync, readable_log.log) as worker:
        await until(lambda: automatic == [True])
        worker.signal(frozenset({"x"}))
        await until(lambda: automatic == [True, True])
        worker.change(replace(project, targets=("gemini",)))
        await until(lambda: automatic == [True, True, True])
        await worker.request(Options())
        assert automatic == [True, True, True, False]


async def test_a_paused_project_is_not_synced_by_itself(project: Project, readable_log: Any, until: Until) -> None:
    """Neither when it is taken up nor by an edit; a sync that is asked for takes place, and it stays paused."""
    sync, published = Copying(), Published()
    async with working(replace(project, paused=True), sync, readable_log.log, published) as worker:
        assert worker.report.state is State.PAUSED
        worker.signal(frozenset({f"{project.path}/CLAUDE.md"}))
        asked = await worker.request(Options())
        assert (asked.state, sync.copied) == (State.IN_STEP, [b"first"])
        assert published.states == [State.PAUSED]
        (Path(project.path) / "CLAUDE.md").write_bytes(b"second")
        worker.signal(frozenset({f"{project.path}/CLAUDE.md"}))
        worker.change(replace(project, paused=True, targets=("codex",)))
        worker.change(project)
        await until(lambda: sync.copied[-1] == b"second")
        await until(lambda: published.states[-1] is State.IN_STEP)
    assert sync.copied == [b"first", b"second"]


async def test_a_project_that_is_paused_while_it_is_served_says_so_at_once(
    project: Project, readable_log: Any, until: Until
) -> None:
    """What was found last is still told; a sync that runs at that moment ends."""
    sync, published = Copying(), Published()
    async with working(project, sync, readable_log.log, published) as worker:
        await until(lambda: published.states == [State.IN_STEP])
        worker.change(replace(project, paused=True))
        assert published.states == [State.IN_STEP, State.PAUSED]
        worker.change(replace(project, paused=True))
        assert len(published.states) == 2
        sync.gate = anyio.Event()
        worker.change(project)
        await until(lambda: sync.in_flight == 1)
        worker.change(replace(project, paused=True))
        sync.gate.set()
        await until(lambda: sync.in_flight == 0 and len(published.states) > 2)
    assert published.states[-1] is State.PAUSED


async def test_what_a_sync_left_to_confirm_is_looked_at_when_the_project_has_come_to_rest(
    project: Project, readable_log: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a sync that answers to no path."""
    monkeypatch.setattr("harnesssync_orchestrator.service.worker.CONFIRM_S", 0.02)
    copying = Copying()

    async def sync(project: Project, options: Options) -> SyncResult:
        result = await copying(project, options)
        return replace(result, confirmed=not result.report.operations)

    async with working(project, sync, readable_log.log):
        await until(lambda: len(copying.copied) == 2)
    assert [options.changed for options in copying.options] == [frozenset(), frozenset()]


async def test_a_sync_is_told_the_paths_that_it_answers_to(project: Project, readable_log: Any, until: Until) -> None:
    """Unless others may have changed too."""
    sync, edited = Copying(), frozenset({f"{project.path}/CLAUDE.md"})
    async with working(project, sync, readable_log.log) as worker:
        await until(lambda: sync.copied)
        worker.signal(edited)
        await until(lambda: len(sync.copied) == 2)
        worker.signal(edited)
        worker.signal(frozenset())
        await until(lambda: len(sync.copied) == 3)
    assert [options.changed for options in sync.options] == [frozenset(), edited, frozenset()]


async def test_an_edit_of_a_few_files_is_urgent(project: Project, readable_log: Any, until: Until) -> None:
    """No first sync is, nor one of so many paths as a switch of branches has, nor one of unknown ones."""
    sync, edited = Copying(), frozenset({f"{project.path}/CLAUDE.md"})
    async with working(project, sync, readable_log.log) as worker:
        for number, paths in enumerate((edited, frozenset(map(str, range(MOST_URGENT + 1))), frozenset[str]()), 1):
            await until(lambda number=number: len(sync.copied) == number)  # type: ignore[misc]
            worker.signal(paths)
        await until(lambda: len(sync.copied) == 4)
    assert [options.urgent for options in sync.options] == [False, True, False, False]
