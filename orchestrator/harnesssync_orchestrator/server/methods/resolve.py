"""`resolve`: carry out what a person decides about conflicts of one project, and sync it."""

from __future__ import annotations

from dataclasses import replace

from harnesssync_orchestrator.core.drift import Choice
from harnesssync_orchestrator.core.report import to_json
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.errors import ParameterError
from harnesssync_orchestrator.server.methods.sync import targets
from harnesssync_orchestrator.service.engine import Options
from harnesssync_orchestrator.service.resolving import Choices, chosen, settled
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"projects": [report], "resolved": [{"address", "choice"}…]}`.

    `addresses` absent means every conflict that can be resolved in this way; `targets` are as for `sync`. An edit that
    comes in between the look and the sync is covered by the choice too: what is replaced is in the history.
    """
    project = context.project()
    if project is None:
        raise ParameterError("project is a path or an id")
    word = context.text("choice")
    if word not in {each.value for each in Choice}:
        raise ParameterError(f"choice is one of {', '.join(each.value for each in Choice)}")
    supervisor = context.supervisor
    options = Options(targets=targets(context), lock_timeout_s=supervisor.lock_timeout_s)
    report = await supervisor.sync(project, replace(options, dry_run=True))
    choices: Choices = ()
    if report.tells_conflicts:
        choices = chosen(report, Choice(word), context.texts("addresses"))
        report = await supervisor.sync(project, replace(options, choices=choices))
    resolved = [{"address": str(address), "choice": choice.value} for address, choice in settled(report, choices)]
    return encode({"projects": [{**to_json(report), "status": "running"}], "resolved": resolved})
