"""Approving what is there, as a person does before a test looks at what comes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.files.approving import find
from harnesssync_orchestrator.files.discovery.places import Places


def approved(project: Project, places: Places) -> Project:
    """The project with everything approved that it holds now, and nothing that comes later."""
    if project.scope is Scope.USER or not Path(project.path).is_dir():
        return project
    return replace(project, approvals=(find(Path(project.path), places).approval,))
