"""Finding what a repository holds that needs a person's approval, and approving just that. Everything here blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.items import Item, Scope
from harnesssync_orchestrator.core.trust import Approval, Trust, fingerprint
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.identity import identify
from harnesssync_orchestrator.files.reading import Looked


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What needs approval in a project now: the items, and what an approval of all of them says.

    A folder of another user is `foreign`: a person has to say of it by itself that it may be read.
    """

    items: tuple[Item, ...]
    approval: Approval
    foreign: bool


def find(root: Path, places: Places) -> Found:
    """Read the source of a worktree, which is resolved. Raises OSError if it is not there."""
    identity = identify(root)
    source = discover(Scope.PROJECT, root, places, Looked()).source
    items = tuple(Trust(root=str(root)).bound(source))
    marks = [mark for item in items if (mark := fingerprint(item)) is not None]
    return Found(items=items, approval=identity.approving(marks), foreign=identity.is_foreign)


def approval_on_adding(root: Path, places: Places) -> Approval | None:
    """What a person approves by adding a project: everything that is there now, but of another user's folder nothing.

    That is not even read. Raises OSError if it is not there.
    """
    return None if identify(root).is_foreign else find(root, places).approval
