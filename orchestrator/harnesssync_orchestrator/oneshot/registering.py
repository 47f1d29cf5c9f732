"""The registry without a supervisor: what the client's `add`, `remove` and `prune` do when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.files.registry import Registry


class Registering:
    """Results are those of the protocol's methods `add` and `remove`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def add(self, path: str, *, scope: str, targets: Sequence[str]) -> dict[str, Any]:
        """Register and trust. Raises LockTimeoutError, StateError."""
        known = any(entry.path == path for entry in self._registry.load().projects.values())
        identifier = self._registry.register(Path(path), scope=Scope(scope), targets=targets or None, trusted=True)
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
