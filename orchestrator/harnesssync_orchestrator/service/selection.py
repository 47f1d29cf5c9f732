"""Which targets a project gets, and where an environment variable puts their folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.core.trust import Trust
from harnesssync_orchestrator.files.detection import targets_in_use


def select(
    project: Project,
    targets: Sequence[Target],
    chosen: Collection[str],
    known: Collection[str],
    home: Path,
    environ: Mapping[str, str],
    asked: Collection[str] = (),
    *,
    inherits: bool = True,
    written: Callable[[], Ledger | None] = Ledger,
) -> tuple[Target, ...]:
    """The `targets` that a person has `chosen` (for the project, or else in the configuration); if none, those that are
    in use, `asked` for now, or `known` from earlier syncs.

    `written` gives what we have written in the home directory, None if nobody can tell: none of that shows that a
    target is in use. One that was in use keeps its outputs when its program is gone for a while (an update, another
    PATH): only what a person said takes a target away. They do so too for linked worktrees, by saying that none
    `inherits` anything.
    """
    if not chosen:
        chosen = {
            *known,
            *asked,
            *targets_in_use(targets, project.scope, Path(project.path), home, environ, written=written),
        }
    return tuple(target for target in targets if target.id in chosen and (inherits or not target.only_linked))


def moved_homes(targets: Sequence[Target], home: Path, environ: Mapping[str, str]) -> dict[str, str | None]:
    """For targets whose folder an environment variable moves: its path below home, None if it is not below home."""
    homes: dict[str, str | None] = {}
    for target in targets:
        value = environ.get(target.home_variable or "", "")
        if not target.home_variable or not value:
            continue
        moved = (home / value).resolve() if not value.startswith("~/") else (home / value[2:]).resolve()
        homes[target.id] = moved.relative_to(home).as_posix() if moved.is_relative_to(home) else None
    return homes


def selection_key(
    project: Project, targets: Sequence[Target], homes: Mapping[str, str | None], trust: Trust, version: str
) -> str:
    """Stands for everything besides files that decides what a sync does: another key, another sync."""
    ids = ",".join(target.id for target in targets)
    moved = ",".join(f"{name}={path}" for name, path in sorted(homes.items()))
    return f"{version} {project.scope is Scope.USER} {trust.key()} {ids} {moved}"
