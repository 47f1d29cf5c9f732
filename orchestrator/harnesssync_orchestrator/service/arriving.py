"""A worktree that was moved is the same one: what is kept of it goes along to its new path."""

from __future__ import annotations

from pathlib import Path

from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.files import whereabouts
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.service.engine import Options


def arrive(project: Project, layout: Layout, options: Options) -> Path:
    """Let what is kept of a project that has no ledger by its path be kept by it, if the project was moved there. Where
    its ledger is then: who only looks changes nothing, and is told where it still is. Blocking.

    Raises LockTimeoutError, StateError, OSError.
    """
    file = layout.ledger_file(project)
    if options.dry_run:
        return whereabouts.ledger_of(layout, project.path) or file
    if before := whereabouts.moved_from(layout, project.path):
        Registry(layout.registry_file, layout.registry_lock).move(before, project.path)
        whereabouts.take_over_shown(layout, before, project.path)
    whereabouts.take_over(layout, project.path, timeout=options.lock_timeout_s)
    return file
