"""What a link says, and how a path leads from a folder to a target."""

from __future__ import annotations

from collections.abc import Sequence

from harnesssync_orchestrator.core.items import Scope


def link_text(path: str, source: str, root: str, scope: Scope) -> str:
    """What a link at `path` says: relative for a source inside a project, so that the tree can move."""
    inside = source.startswith(root.rstrip("/") + "/")
    if scope is Scope.USER or not inside:
        return source
    return "/".join(way(_parts(path)[:-1], _parts(source[len(root.rstrip("/")) + 1 :])))


def _parts(path: str) -> list[str]:
    """As `PurePosixPath` has them, which takes longer to say so than all else here."""
    return [part for part in path.split("/") if part not in {"", "."}]


def way(folder: Sequence[str], target: Sequence[str]) -> list[str]:
    """The parts of the path that leads from a folder to a target, both given by their parts below one root."""
    shared = 0
    while shared < min(len(folder), len(target)) and folder[shared] == target[shared]:
        shared += 1
    return [*[".."] * (len(folder) - shared), *target[shared:]]
