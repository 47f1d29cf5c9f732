"""From what a sync found and did to the report that is told about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Counts, Report, State, counted
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.files.store import now
from harnesssync_orchestrator.service.memory import Remembered

if TYPE_CHECKING:  # an unchanged project is reported without what writes outputs, see `start`
    from harnesssync_orchestrator.service.linking import Outcome


def stamped(report: Report, sync_id: str, began: float) -> Report:
    """The report of a sync that ends now. `began` is in seconds of the monotonic clock."""
    return replace(report, sync_id=sync_id, finished=now(), duration_s=round(time.monotonic() - began, 6))


def unchanged_report(project: Project, targets: Sequence[Target], remembered: Remembered) -> Report:
    """Nothing has changed since the last sync, so what it found still holds."""
    return Report(
        project_id=project.id,
        path=project.path,
        scope=project.scope.value,
        state=State.CONFLICT if remembered.conflicts else State.IN_STEP,
        targets=tuple(target.id for target in targets),
        counts=Counts(skipped=remembered.unchanged),
        conflicts=remembered.conflicts,
        kept=remembered.kept,
        drift=remembered.drift,
        losses=remembered.losses,
        held=remembered.held,
        problems=remembered.problems,
        notes=remembered.notes,
        unchanged=True,
    )


def paused_report(project: Project, targets: Sequence[Target]) -> Report:
    """A person paused the project, so nothing was looked at."""
    return Report(
        project_id=project.id,
        path=project.path,
        scope=project.scope.value,
        state=State.PAUSED,
        targets=tuple(target.id for target in targets),
    )


def planned_report(
    project: Project,
    targets: Sequence[Target],
    plan: Plan,
    problems: Sequence[Problem],
    notes: Sequence[str],
    *,
    shown: Sequence[str] = (),
    covered: Sequence[str] = (),
) -> Report:
    """What a sync would do: the report of a dry run, a check or a diff. `shown` is what it would hide from git,
    `covered` what it would have git show."""
    return Report(
        project_id=project.id,
        path=project.path,
        scope=project.scope.value,
        state=_planned_state(plan, (*shown, *covered)),
        targets=tuple(target.id for target in targets),
        counts=Counts(skipped=plan.unchanged),
        due=counted(plan, plan.operations),
        operations=plan.operations,
        conflicts=plan.conflicts,
        kept=plan.kept,
        shown=tuple(shown),
        covered=tuple(covered),
        drift=plan.drift,
        losses=plan.losses,
        held=plan.held,
        problems=tuple(problems),
        notes=tuple(notes),
        halt=plan.halt.value if plan.halt else None,
        halt_message=plan.halt_message,
        waits=plan.waits,
    )


def finished_report(
    project: Project,
    targets: Sequence[Target],
    plan: Plan,
    problems: Sequence[Problem],
    notes: Sequence[str],
    outcome: Outcome,
) -> Report:
    """What a sync did."""
    return replace(
        planned_report(project, targets, plan, problems, notes),
        state=_finished_state(plan, outcome),
        counts=outcome.counts(plan),
        due=Counts(),
        operations=tuple(one.operation for one in outcome.done),
        failures=tuple(outcome.failures),
        methods=outcome.methods(),
        copies_for_links=outcome.copies_for_links(),
    )


def sync_fields(report: Report) -> dict[str, Any]:
    """What the log says of a report, in the words of `events` about `project.sync.completed`."""
    return {
        "project_id": report.project_id,
        "sync_id": report.sync_id,
        "path": report.path,
        "state": report.state.value,
        "synced": report.counts.synced,
        "skipped": report.counts.skipped,
        "cleaned": report.counts.cleaned,
        "errors": report.counts.errors,
        "operations": len(report.operations),
        "conflicts": len(report.conflicts),
        "losses": len(report.losses),
        "held": len(report.held),
        "drift": {state.value: count for state, count in report.drift.items() if count and state is not Drift.IN_STEP},
        "problems": len(report.problems),
        "methods": dict(report.methods),
        "halt": report.halt,
        "failures": [failure.code for failure in report.failures],
        "duration_s": round(report.duration_s, 6),
    }


def _planned_state(plan: Plan, seen_by_git: Sequence[str]) -> State:
    if plan.halt:
        return State.HALTED
    if plan.conflicts:
        return State.CONFLICT
    return State.OUT_OF_STEP if plan.operations or seen_by_git else State.IN_STEP


def _finished_state(plan: Plan, outcome: Outcome) -> State:
    if plan.halt:
        return State.HALTED
    if outcome.failures:
        return State.PARTIAL if outcome.done or plan.unchanged else State.FAILED
    return State.CONFLICT if plan.conflicts else State.IN_STEP
