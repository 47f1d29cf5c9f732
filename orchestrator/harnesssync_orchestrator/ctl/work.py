"""What the commands that have the supervisor work share: whom they speak of, waiting, and showing the reports."""

from __future__ import annotations

import sys

from harnesssync_orchestrator.ctl import client, rendering
from harnesssync_orchestrator.ctl.reports import projects_of
from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed


def ask_for_reports(
    parsed: Parsed, context: Context, console: Console, method: str, params: dict[str, Any]
) -> dict[str, Any]:
    """Ask for work on the project that is meant, or on `--all`; the whole result.

    Raises as `client.ask` does.
    """
    if parsed.flag("all"):
        if parsed.text("project") or parsed.flag("user"):
            raise UsageError("--all speaks of every project: leave --project and --user out")
        with Progress() as progress:
            answer = client.ask(context.environ, method, params, waiting=progress, works=True)
    else:
        path = context.project(parsed, console)
        with Progress() as progress:
            answer = client.ask_about(
                context.environ, path, method, {**params, "projects": [path]}, waiting=progress, works=True
            )
    if not isinstance(answer, dict):
        raise client.NoSupervisorError("who answers there is no supervisor")
    return answer


def show(
    parsed: Parsed, console: Console, answer: Mapping[str, Any], render: Callable[[Console, Mapping[str, Any]], None]
) -> int:
    """Print every report of an answer, each with counters of its own; the exit code of the worst."""
    reports = projects_of(answer)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty({"projects": answer["projects"]}))
    else:
        for report in reports:
            render(console.fresh(), report)
    return max((rendering.exit_code(report) for report in reports), default=0)


class Progress:
    """A line on standard error, at a terminal, while work lasts longer than a second; wiped away at the end."""

    def __init__(self) -> None:
        self._shown = False

    def __call__(self, seconds: float) -> None:
        if sys.stderr.isatty():
            self._shown = True
            sys.stderr.write(f"\rsyncing… {seconds:.0f} s")
            sys.stderr.flush()

    def __enter__(self) -> Progress:  # noqa: PYI034 - Self is younger than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
