"""What was kept of a worktree that is gone: put aside for a while, so that nothing of it is taken for a later one's."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from harnesssync_orchestrator.core.history import DAY_S
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.store import make_private
from harnesssync_orchestrator.files.whereabouts import forget


def archive(layout: Layout, project_id: str, *, days: int) -> Path | None:
    """Put the folder of a project aside, ledger, history and all, and remove those that were `days` ago. None if there
    is nothing. Raises OSError."""
    folder = layout.archive_dir
    make_private(folder)
    with suppress(OSError):
        for old in folder.iterdir():
            if time.time() - old.stat().st_mtime > days * DAY_S:
                shutil.rmtree(old, ignore_errors=True)
                forget(layout, old.name.partition("-")[0])
    kept = folder / f"{project_id}-{time.time_ns()}"
    try:
        layout.project_dir(project_id).rename(kept)
    except FileNotFoundError:
        return None
    kept.touch()  # its time is that of its end
    return kept
