"""What the registry says of a project at the moment in which a sync has its lock.

Whoever pauses a project, or takes targets or approvals away, writes that into the registry first. A sync that nobody
asked for may have waited for the lock since long before, with what was true then: it looks again.
"""

from __future__ import annotations

import time
from contextlib import suppress

from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.files.hashing import is_racy
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.reading import Signature
from harnesssync_orchestrator.files.registered import Registered
from harnesssync_orchestrator.files.registry import Registry


class Registrations:
    """The registry, for syncs: read anew only when its file has changed. May be used by several threads."""

    def __init__(self) -> None:
        self._read: tuple[Signature, Registered] | None = None

    def now(self, project: Project, layout: Layout) -> Project | None:
        """The project as it is registered; None if it is not any more. Blocking.

        Where the registry can't be read, what was known of the project still holds.
        """
        registered = self._registered(layout)
        entry = registered.projects.get(project.id)
        if entry is not None:
            return registered.project(entry.path)
        return None if registered.is_known else project

    def _registered(self, layout: Layout) -> Registered:
        looked_ns, signature = time.time_ns(), None
        with suppress(OSError):  # `load` says what is wrong with it
            signature = Signature.of(layout.registry_file.stat())
        known = self._read
        if known is not None and known[0] == signature:
            return known[1]
        registered = Registry(layout.registry_file, layout.registry_lock).load()
        if signature is not None and not is_racy(signature, looked_ns):
            self._read = (signature, registered)
        return registered
