"""The registry without a supervisor: what the client's commands that change it do when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.files.approving import Approving, review_to_json


class Registering:
    """Results are those of the protocol's methods `add`, `remove`, `trust` and `pause`. All raise LockTimeoutError,
    StateError and UsageError."""

    def __init__(self, approving: Approving) -> None:
        self._approving = approving
        self._registry = approving.registry

    def add(self, path: str, *, scope: str, targets: Sequence[str]) -> dict[str, Any]:
        """Register, and approve what is there; nothing of it in another user's folder."""
        known = any(entry.path == path for entry in self._registry.load().projects.values())
        if scope == Scope.PROJECT.value:
            identifier, found = self._approving.add(Path(path), targets=targets)
        else:
            found = None
            identifier = self._registry.register(Path(path), scope=Scope(scope), targets=targets, trusted=True)
        return {
            "id": identifier,
            "path": path,
            "added": not known,
            "approved": found.names if found else [],
            "foreign": scope == Scope.PROJECT.value and found is None,
        }

    def remove(self, path: str) -> dict[str, Any]:
        """Forget, whether the folder exists or not."""
        projects = self._registry.load().projects
        identifier = next((each for each, entry in projects.items() if entry.path == path), None)
        removed = identifier is not None and self._registry.unregister(identifier)
        return {"id": identifier, "path": path, "removed": removed}

    def trust(self, path: str, *, show: bool, revoke: bool) -> dict[str, Any]:
        """Approve what is there now, only show it, or take approval back."""
        root = Path(path)
        if revoke:
            review, revoked = self._approving.revoke(root)
            return {**review_to_json(review), "newly": [], "revoked": revoked}
        if show:
            return {**review_to_json(self._approving.review(root)), "newly": [], "revoked": False}
        review, newly = self._approving.approve(root)
        return {**review_to_json(review), "newly": list(newly), "revoked": False}

    def pause(self, path: str | None, *, paused: bool) -> dict[str, Any]:
        """Pause a project, or let it go on; without a path all of them. One that is not registered is not told."""
        projects = self._registry.list_projects()
        chosen = {each: entry for each, entry in projects.items() if path in (None, entry.path)}
        done = {each: entry for each, entry in chosen.items() if self._registry.set_paused(each, paused)}
        rows = [
            {"id": each, "path": entry.path, "scope": entry.scope.value, "paused": paused}
            for each, entry in done.items()
        ]
        return {"projects": rows}

    def problems(self) -> list[str]:
        """What is wrong with the registry; one that is corrupt has been set aside when this returns."""
        return [str(problem) for problem in self._registry.load().problems]
