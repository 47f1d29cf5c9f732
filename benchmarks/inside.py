"""Syncs inside this process, with the engine that the installed commands compose."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.ground import TARGETS
from harnesssync_orchestrator.cli import Ground
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.files.approving import find
from harnesssync_orchestrator.oneshot.work import Quiet
from harnesssync_orchestrator.service.sync import Engine


def engine() -> Engine:
    """To be called inside a running event loop."""
    place = Ground(os.environ)
    return place.engine(place.config(), Quiet())


def project(path: str) -> Project:
    """As it was registered, with what it holds approved."""
    root = Path(path).resolve()
    return Project(path=str(root), targets=TARGETS, approvals=(find(root, Ground(os.environ).places()).approval,))
