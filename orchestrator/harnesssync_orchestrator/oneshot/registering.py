"""The registry without a supervisor: what the client's `add`, `remove` and `prune` do when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.files.approving import approval_on_adding
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.registry import Registry


class Registering:
    """Results are those of the protocol's methods `add` and `remove`."""

    def __init__(self, registry: Registry, places: Places) -> None:
        self._registry = registry
        self._places = places

    def add(self, path: str, *, scope: str, targets: Sequence[str]) -> dict[str, Any]:
        """Register, and approve what is there. Raises LockTimeoutError, StateError, OSError."""
        known = any(entry.path == path for entry in self._registry.load().projects.values())
        approval = approval_on_adding(Path(path), self._places) if scope == Scope.PROJECT.value else None
        identifier = self._registry.register(
            Path(path),
            scope=Scope(scope),
            targets=targets or None,
            trusted=True if scope == Scope.USER.value else None,
            approval=approval,
        )
        return {"id": identifier, "path": path, "added": not known}

    def remove(self, path: str) -> dict[str, Any]:
        """Forget, whether the folder exists or not. Raises LockTimeoutError, StateError."""
        projects = self._registry.load().projects
        identifier = next((each for each, entry in projects.items() if entry.path == path), None)
        removed = identifier is not None and self._registry.unregister(identifier)
        return {"id": identifier, "path": path, "removed": removed}

    def problems(self) -> list[str]:
        """What is wrong with the registry; one that is corrupt has been set aside when this returns."""
        return [str(problem) for problem in self._registry.load().problems]
