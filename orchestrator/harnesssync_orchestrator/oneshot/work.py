"""`sync`, `check`, `status` and `diff` of one project, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harnesssync_orchestrator.console import Console, visible
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.report import Report, to_json
from harnesssync_orchestrator.ctl import rendering
from harnesssync_orchestrator.ctl.options import Parsed, check_targets
from harnesssync_orchestrator.ctl.projects import resolve, user_scope
from harnesssync_orchestrator.errors import StateError, UsageError
from harnesssync_orchestrator.files.git import repository
from harnesssync_orchestrator.files.whereabouts import moved_from
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty
from harnesssync_orchestrator.service.engine import Options
from harnesssync_orchestrator.service.start import unchanged_now

if TYPE_CHECKING:
    from typing import TypeVar

    from harnesssync_orchestrator.cli import Ground
    from harnesssync_orchestrator.config import Config
    from harnesssync_orchestrator.files.registered import Registered

    T = TypeVar("T")


def run(name: str, parsed: Parsed, ground: Ground) -> int:
    """Run one of the four; the exit code is that of the report. Raises `HarnessSyncError`s."""
    console = Console(verbose=parsed.flag("verbose"), environ=ground.environ)
    targets = parsed.texts("target")
    check_targets(targets, [target.id for target in ground.targets()])
    project = project_of(parsed, ground, console)
    config = ground.config()
    check_chosen(targets, project, config)
    options = Options(
        targets=targets,
        dry_run=name != "sync" or parsed.flag("dry-run"),
        confirmed=parsed.flag("confirm"),
        rehash=parsed.flag("rehash"),
        lock_timeout_s=lock_timeout(parsed, config),
    )
    report = run_sync(project, ground, config, options)
    if parsed.flag("json"):
        console.line(dumps_pretty({"projects": [to_json(report)]}))
    else:
        _show(name, console, report, options)
    return report.exit_code


def run_sync(project: Project, ground: Ground, config: Config, options: Options) -> Report:
    """One sync. Raises `HarnessSyncError`s, OSError, KeyboardInterrupt."""
    engine = ground.engine(config, Quiet())
    if (result := unchanged_now(project, engine, options)) is not None:
        return result.report
    from harnesssync_orchestrator.oneshot.loop import sync_in_loop  # noqa: PLC0415 - takes longer than all the rest

    return sync_in_loop(project, engine, options)


def lock_timeout(parsed: Parsed, config: Config) -> float:
    """Seconds to wait for a lock: as asked for, else as configured."""
    seconds = parsed.seconds("lock-timeout")
    return config.lock_timeout_s if seconds is None else seconds


def project_of(parsed: Parsed, ground: Ground, console: Console) -> Project:
    """The project that is meant, with the targets and the trust that the registry keeps for it."""
    registry = ground.registry()
    registered = registry.load()
    for problem in registered.problems:
        if problem.code == "unreadable":  # what was approved is not known, and nothing may be taken away for that
            raise StateError(problem.message, path=problem.file, hint=problem.hint)
        console.warn(visible(str(problem)))
    if parsed.flag("user"):
        if parsed.text("project"):
            raise UsageError("--user and --project name two different projects")
        path, scope = user_scope(ground.environ), Scope.USER
    else:
        paths = {entry.path for entry in registered.projects.values()}
        path, scope = resolve(parsed.text("project"), ground.environ, lambda: paths), Scope.PROJECT
    return registered_project(registered, path, scope, ground)


def registered_project(registered: Registered, path: str, scope: Scope, ground: Ground) -> Project:
    """The project at a path. What the registry says of one that was moved counts for it where it is now."""
    common, before = str(repository(Path(path)) or ""), ""
    if scope is Scope.PROJECT and project_id(path) not in registered.projects:
        before = moved_from(ground.layout(), path)
    return registered.project(path, scope=scope, common_dir=common, before=before)


def check_chosen(asked: Sequence[str], project: Project, config: Config) -> None:
    """A person who chose targets and asks for another one gets told, instead of outputs that the next sync removes."""
    chosen = project.targets or config.targets
    others = [target for target in asked if chosen and target not in chosen]
    if others:
        all_of_them = " ".join(f"--target {target}" for target in (*chosen, *others))
        raise UsageError(
            f"{others[0]} is not among the targets that were chosen here: {', '.join(chosen)}",
            path=project.path,
            hint=f"To choose anew: harnesssync ctl add {project.path} {all_of_them}",
        )


def _show(name: str, console: Console, report: Report, options: Options) -> None:
    document = {**to_json(report), "asked": options.targets}
    if name == "diff":
        from harnesssync_orchestrator.oneshot.changes import show_changes  # noqa: PLC0415 - needs what compares texts

        console.header(visible(report.path))
        show_changes(console, report)
        rendering.conclusion(console, document)
    elif name == "status":
        rendering.standing(console, document)
    elif name == "sync" and not options.dry_run:
        rendering.synced(console, document)
    else:
        rendering.planned(console, document)


class Quiet:
    """A log that goes nowhere: a person at a command line reads the report, which says all of it."""

    def debug(self, event: str, **fields: object) -> None: ...

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...
