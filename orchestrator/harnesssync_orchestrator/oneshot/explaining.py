"""`explain`: says what made each part of a file, and what would be there and is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harnesssync_orchestrator.console import Console, visible
from harnesssync_orchestrator.core.explanation import to_json
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.ctl.options import Parsed
from harnesssync_orchestrator.ctl.projects import resolve, user_scope
from harnesssync_orchestrator.errors import StateError, UsageError
from harnesssync_orchestrator.oneshot.explanations import show
from harnesssync_orchestrator.oneshot.loop import in_loop
from harnesssync_orchestrator.oneshot.placing import Placed, place, place_in, spelled
from harnesssync_orchestrator.oneshot.work import lock_timeout, registered_project
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty
from harnesssync_orchestrator.service.explaining import explain

if TYPE_CHECKING:
    from harnesssync_orchestrator.cli import Ground


def run(parsed: Parsed, ground: Ground) -> int:
    """Explain one file; 0 if it is, or holds, an output of ours, else 1. Raises `HarnessSyncError`s."""
    console = Console(verbose=parsed.flag("verbose"), environ=ground.environ)
    project, placed = _placed(parsed, ground, console)
    config = ground.config()
    timeout = lock_timeout(parsed, config)
    found = in_loop(ground, config, lambda engine: explain(project, engine, placed.file, lock_timeout_s=timeout))
    if parsed.flag("json"):
        console.line(dumps_pretty(to_json(found)))
    else:
        show(console, to_json(found))
    return found.exit_code


def _placed(parsed: Parsed, ground: Ground, console: Console) -> tuple[Project, Placed]:
    """The project, and the file below it: the project around the file, unless another one is named."""
    registered = ground.registry().load()
    for problem in registered.problems:
        if problem.code == "unreadable":
            raise StateError(problem.message, path=problem.file, hint=problem.hint)
        console.warn(visible(str(problem)))
    paths = {entry.path for entry in registered.projects.values()}
    path = spelled(parsed.argument or "", ground.environ)
    named = parsed.text("project")
    if parsed.flag("user"):
        if named:
            raise UsageError("--user and --project name two different projects")
        placed = place_in(path, user_scope(ground.environ), Scope.USER)
    elif named:
        placed = place_in(path, resolve(named, ground.environ, lambda: paths), Scope.PROJECT)
    else:
        placed = place(path, ground.environ, paths)
    return registered_project(registered, placed.root, placed.scope, ground), placed
