"""`undo` and `unlink` of one project, in this process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from harnesssync_orchestrator.console import Console
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.withdrawal import to_json
from harnesssync_orchestrator.ctl import withdrawals
from harnesssync_orchestrator.ctl.commands.undo import number_of
from harnesssync_orchestrator.ctl.options import Parsed, check_targets
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.oneshot.loop import in_loop
from harnesssync_orchestrator.oneshot.work import lock_timeout, project_of
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty
from harnesssync_orchestrator.service.undoing import Asked, history, undo, unlink

if TYPE_CHECKING:
    from harnesssync_orchestrator.cli import Ground


def run(name: str, parsed: Parsed, ground: Ground) -> int:
    """Run one of the two; the exit code. Raises `HarnessSyncError`s."""
    console = Console(verbose=parsed.flag("verbose"), environ=ground.environ)
    targets = _targets(parsed, ground) if name == "unlink" else None
    number = number_of(parsed) if name == "undo" else None
    project, config = project_of(parsed, ground, console), ground.config()
    if name == "undo" and parsed.flag("list"):
        found = in_loop(ground, config, partial(history, project))
        _show(console, parsed, found, withdrawals.history)
        return withdrawals.exit_code(found)
    asked = Asked(
        number=number,
        dry_run=parsed.flag("dry-run"),
        lock_timeout_s=lock_timeout(parsed, config),
    )
    hold = partial(_hold, ground.registry(), project)
    if name == "undo":
        done = in_loop(ground, config, lambda engine: undo(project, engine, asked, hold))
    else:
        done = in_loop(ground, config, lambda engine: unlink(project, engine, targets, asked, hold))
    _show(console, parsed, to_json(done), withdrawals.withdrawn)
    return done.exit_code


def _show(
    console: Console, parsed: Parsed, row: dict[str, Any], show: Callable[[Console, dict[str, Any]], None]
) -> None:
    if parsed.flag("json"):
        console.line(dumps_pretty({"projects": [row]}))
    else:
        show(console, row)


def _targets(parsed: Parsed, ground: Ground) -> tuple[str, ...] | None:
    """The targets whose outputs are to go, None for all. Raises UsageError unless one or the other was said."""
    targets = parsed.texts("target")
    check_targets(targets, [target.id for target in ground.targets()])
    if parsed.flag("all") == bool(targets):
        raise UsageError("unlink needs either --all or --target", hint="harnesssync status shows the targets")
    return targets or None


async def _hold(registry: Registry, project: Project, left: tuple[str, ...]) -> bool:
    """Pause the project if it is registered; with targets that are `left`, let it have just these instead."""
    return await anyio.to_thread.run_sync(_hold_in_registry, registry, project, left)


def _hold_in_registry(registry: Registry, project: Project, left: tuple[str, ...]) -> bool:
    if not left:
        return registry.set_paused(project.id, paused=True)
    if all(entry.path != project.path for entry in registry.load().projects.values()):
        return False
    registry.register(Path(project.path), scope=project.scope, targets=left)
    return True
