"""Binding approvals that were given without a mark, as those of earlier versions were, to the repository that is there.

Such a one holds for every later folder that gets the inode. From the first sync for which it holds it is this folder's.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.trust import Approval
from harnesssync_orchestrator.files.identity import identity_of
from harnesssync_orchestrator.files.registered import parse_approval


def marks_to_note(project: Project, common: Path | None) -> tuple[Approval, ...]:
    """What the project's approvals without a mark, as far as they hold, would say of their folders now. `common` is the
    project's `repository`. Raises OSError."""
    root = Path(project.path)
    folders = {str(folder): folder for folder in (root, common) if folder is not None}
    known = [each for each in project.approvals if not each.mark and each.folder in folders]
    found = [(each, identity_of(root, folders[each.folder]).approving(())) for each in known]
    return tuple(now for each, now in found if _is_to_be_marked(each, now))


def note_marks(document: dict[str, Any], found: Iterable[Approval]) -> None:
    """Note them in a registry's document, unless it says by now that something else was approved."""
    for now in found:
        with suppress(KeyError, TypeError, ValueError):
            row = document["approvals"][now.folder]
            if _is_to_be_marked(parse_approval(now.folder, row), now):
                row["mark"] = now.mark


def _is_to_be_marked(known: Approval, now: Approval) -> bool:
    return bool(now.mark and not known.mark and now.owner == known.owner and now.is_of(known))
