"""One worker per project: it waits for a reason to sync, lets edits settle, syncs, and tells the result.

    signal → settle → sync → publish

Whatever goes wrong with its project ends here. The project is then visible as failed, and is tried again later.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.config import WatchSettings
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Counts, Failure, Report, State
from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.logs import Clock, utc_now
from harnesssync_orchestrator.service import failing
from harnesssync_orchestrator.service.alarm import Alarm
from harnesssync_orchestrator.service.backoff import Backoff
from harnesssync_orchestrator.service.due import Due, Reason, together
from harnesssync_orchestrator.service.engine import Options, SyncResult
from harnesssync_orchestrator.service.feedback import Feedback
from harnesssync_orchestrator.service.reporting import sync_fields
from harnesssync_orchestrator.service.snapshot import Activity

Sync = Callable[[Project, Options], Awaitable[SyncResult]]
"""One sync of one project, by its options; `service.sync.sync` with its engine filled in."""

IsEcho = Callable[[Project, frozenset[str]], Awaitable[bool]]
"""Are these paths what the last sync wrote itself, and as it left them? `service.sync.is_echo`."""

FEEDBACK_LOOP = "feedback-loop"
MOST_QUEUED = 64
MOST_URGENT = 100
"""So many paths a person edits at once: their sync is urgent. More come from a switch of branches, say."""
CONFIRM_S = 10.0
"""Rest after a sync that wrote, before what it wrote is looked at again. Meanwhile edits of it are seen by watching."""
PASSING_HALTS = frozenset({"git-busy"})
"""Reasons to halt that go away without an edit of the source: these projects are tried again."""


@dataclass(slots=True, eq=False)
class _Request:
    options: Options
    done: anyio.Event = field(default_factory=anyio.Event)
    report: Report | None = None
    error: HarnessSyncError | None = None


class Worker:
    """The only one to sync its project in this process. Everything but `run` may be called at any time on the loop.

    `publish` gets every report that tells the project's state; `watch` the folders to watch; `mark` what it is doing.
    `own` are those files of ours that are watched too, and that are none of the project's. A `new` one came just now.
    """

    def __init__(
        self,
        project: Project,
        *,
        sync: Sync,
        is_echo: IsEcho,
        publish: Callable[[Report], None],
        watch: Callable[[str, frozenset[str]], None],
        settings: WatchSettings,
        log: FilteringBoundLogger,
        lock_timeout_s: float = 10.0,
        mark: Callable[[str, Activity], None] = lambda _project, _activity: None,
        own: frozenset[str] = frozenset(),
        new: bool = False,
        backoff: Backoff | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.project = project
        self._sync = sync
        self._is_echo = is_echo
        self._publish = publish
        self._watch = watch
        self._mark = mark
        self._log = log.bind(project_id=project.id)
        self._defaults = Options(lock_timeout_s=lock_timeout_s, automatic=True)
        self._own = own
        self._new = new
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._feedback = Feedback()
        self._requests: list[_Request] = []
        self._due = Due(settings)
        self._halted = False
        self._changed: frozenset[str] | None = None
        self._confirmed = True
        self._stopping: HarnessSyncError | None = None
        self._alarm = Alarm()
        self.report = Report(
            project_id=project.id,
            path=project.path,
            scope=project.scope.value,
            state=State.PAUSED if project.paused else State.NEVER_SYNCED,
            targets=project.targets,
        )

    # --- what others tell it ---

    def signal(self, paths: frozenset[str]) -> None:
        """Something changed. The sync that follows includes it, also if one is running now."""
        if self._halted or self.project.paused:
            return  # until a person looks, nothing that happens there matters
        self._due.signal(paths, anyio.current_time())
        if self._earliest()[1] < self._alarm.until:
            self._alarm.ring()

    def change(self, project: Project) -> None:
        """The registry says something else about the project: sync with that, unless it says to pause."""
        self.project = project
        if not project.paused:
            self.queue(self._defaults)
        elif self.report.state is not State.PAUSED:
            # An undo pauses, and whoever pauses may change anything: nobody looks at how it stands from here on.
            self.report = replace(self.report, state=State.PAUSED, counts=Counts(), drift={}, operations=())
            self._publish(self.report)

    def queue(self, options: Options) -> None:
        """Sync as soon as possible; nobody waits for it. What is queued already is not queued again. Raises
        HarnessSyncError when very many different ones are."""
        if any(request.options == options for request in self._requests):
            return
        if len(self._requests) >= MOST_QUEUED and options != self._defaults:
            raise HarnessSyncError("many syncs of this project are queued", code="busy", hint="Ask again in a while")
        self._requests.append(_Request(options))
        self._alarm.ring()

    async def request(self, options: Options) -> Report:
        """Sync as soon as possible, beginning after this call. A failure is a report too.

        Raises HarnessSyncError when the worker is stopped before.
        """
        if self._stopping is not None:
            raise self._stopping
        request = _Request(options)
        self._requests.append(request)
        self._alarm.ring()
        await request.done.wait()
        if request.error is not None:
            raise request.error
        assert request.report is not None  # noqa: S101 - one of both is set before `done`
        return request.report

    def stop(self, error: HarnessSyncError) -> None:
        """Let `run` end after the sync in hand. `error` is what those who still wait for one get."""
        self._stopping = error
        self._alarm.ring()

    # --- its life ---

    async def run(self) -> None:
        """Sync whenever there is a reason to, until stopped or cancelled."""
        try:
            while (reason := await self._next()) is not None:
                await self._serve(reason)
        finally:
            error = self._stopping or HarnessSyncError("the supervisor stops", code="shutting_down")
            self._stopping = error
            for request in self._requests:
                request.error = error
                request.done.set()
            self._requests.clear()

    async def _next(self) -> Reason | None:
        while self._stopping is None:
            reason, when = self._earliest()
            if when <= anyio.current_time():
                return reason
            await self._alarm.wait(when)
        return None

    def _earliest(self) -> tuple[Reason, float]:
        if self._requests:
            return Reason.REQUEST, -math.inf
        if self._halted or self.project.paused:
            return Reason.TIMER, math.inf
        return self._due.earliest(fails=self._backoff.failures > 0)

    async def _serve(self, reason: Reason) -> None:
        served: list[_Request] = []
        told = self._due.take() if reason is Reason.WATCH else None
        if told and await self._hears_itself(told):
            return
        options, self._changed = self._defaults, None
        if reason is Reason.REQUEST:
            options = self._requests[0].options
            served = [request for request in self._requests if request.options == options]
            self._requests = [request for request in self._requests if request.options != options]
        if not options.dry_run and not options.targets:
            options = self._answering(options, told)
        try:
            report = await self._once(options, reason)
            if not options.dry_run:
                report = self._judged(report, self._known_changes - self._own, reason)
                # Whoever asked for the sync is told what it found; everybody else that no other will follow.
                self.report = replace(report, state=State.PAUSED) if self.project.paused else report
                self._publish(self.report)
                self._schedule(report)
            for request in served:
                request.report = report
        finally:
            for request in served:
                if request.report is None:
                    request.error = HarnessSyncError("the supervisor stopped before the sync ended", code="cancelled")
                request.done.set()

    @property
    def _known_changes(self) -> frozenset[str]:
        """What the sync answered to; nothing, if anything may have changed."""
        return self._changed or frozenset()

    async def _hears_itself(self, told: frozenset[str]) -> bool:
        """Is this nothing but what the last sync wrote itself, and as it left it? Then nothing is to be done."""
        try:
            return await self._is_echo(self.project, told)
        except Exception:  # noqa: BLE001 - the sync that follows meets the same, and tells of it
            return False

    def _answering(self, options: Options, told: frozenset[str] | None) -> Options:
        """The sync that answers to all that has happened, also while it waits for its place."""
        new = self._new and not self._due.started
        self._changed = together(told, self._due.begin())

        def lately() -> frozenset[str]:
            self._changed = together(self._changed, self._due.begin())
            return self._known_changes

        urgent = options.urgent or 0 < len(self._known_changes) <= MOST_URGENT
        return replace(options, changed=self._known_changes, lately=lately, urgent=urgent, new=new)

    async def _once(self, options: Options, reason: Reason) -> Report:
        """One sync and its canonical line. This is the one place where any error of a project ends."""
        asked = anyio.current_time()
        try:
            self._log.debug("project.sync.started", path=self.project.path, reason=reason.value)
            self._mark(self.project.id, Activity.WAITING)
            result = await self._sync(
                self.project, replace(options, begun=partial(self._mark, self.project.id, Activity.SYNCING))
            )
            report, self._confirmed = result.report, result.confirmed
            self._watch(self.project.id, result.watch)
        except Exception as error:  # noqa: BLE001 - the one boundary: a fault of ours must not end other projects
            report = self.report.failed(failing.told(error, self.project.path, self._log))
        finally:
            self._mark(self.project.id, Activity.IDLE)
        took_s = anyio.current_time() - asked
        report = replace(
            report,
            duration_s=report.duration_s or round(took_s, 6),
            finished=report.finished or self._clock().isoformat(timespec="seconds"),
        )
        waited_s = round(max(0.0, took_s - report.duration_s), 6)
        fields = {**sync_fields(report), "reason": reason.value, "dry_run": options.dry_run, "waited_s": waited_s}
        tell = self._log.info if report.exit_code == 0 else self._log.warning
        is_news = report.operations or report.state is not self.report.state
        if reason in {Reason.WATCH, Reason.CONFIRM, Reason.TIMER} and not is_news:
            tell = self._log.debug  # a file beside the source was saved: that is no event for people
        elif report.exit_code == 4:
            tell = self._log.error
        tell("project.sync.completed", **fields)
        return report

    def _judged(self, report: Report, changed: Collection[str], reason: Reason) -> Report:
        """The report, or that of a halt when the project feeds on itself."""
        if reason is Reason.REQUEST:
            self._halted = False
            self._feedback.reset()
        repeats = self._feedback.observe(report, changed, anyio.current_time())
        if repeats is None:
            return report
        self._halted = True
        outputs = sorted({operation.path for operation in report.operations})
        self._log.error("project.loop.detected", path=report.path, repeats=repeats, outputs=outputs[:10])
        hint = "Take them out of the source, or stop what undoes them; then sync the project by hand"
        message = f"the same is written over and over, {repeats} times in a row: {', '.join(outputs[:3])}"
        failure = Failure(code="feedback_loop", message=message, hint=hint)
        return replace(report, state=State.HALTED, halt=FEEDBACK_LOOP, failures=(*report.failures, failure))

    def _schedule(self, report: Report) -> None:
        now = anyio.current_time()
        self._due.rescan(now)
        if not self._confirmed:
            self._due.confirm(now + CONFIRM_S)
        if report.state in {State.FAILED, State.PARTIAL} or report.halt in PASSING_HALTS:
            delay_s = self._backoff.fail()
            self._due.retry(now + delay_s)
            failures = self._backoff.failures
            self._log.warning("project.retry.scheduled", failures=failures, delay_s=round(delay_s, 3))
        else:
            self._backoff.succeed()
