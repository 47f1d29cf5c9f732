"""`list`: what is registered."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"projects": [{"id", "path", "scope", "targets", "trusted", "paused", "found", "root", "last_active"}…]}`, by
    path."""
    entries = await context.supervisor.registration.registered()
    rows = [
        {
            "id": identifier,
            "path": entry.path,
            "scope": entry.scope.value,
            "targets": list(entry.targets),
            "trusted": entry.trusted,
            "paused": entry.paused,
            "found": entry.found,
            "root": entry.root,
            "last_active": entry.last_active,
        }
        for identifier, entry in entries.items()
    ]
    return encode({"projects": rows})
