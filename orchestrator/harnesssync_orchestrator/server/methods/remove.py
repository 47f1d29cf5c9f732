"""`remove`: forget a project. Its outputs stay where they are."""

from __future__ import annotations

from pathlib import Path

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.errors import ParameterError
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"id", "path", "removed"}`; `removed` is false for a path that was not registered. An id is taken as well."""
    path = context.text("path")
    if not path or "\0" in path:
        raise ParameterError("path is a path or an id")
    identifier, real, removed = await context.supervisor.registration.remove(
        Path(path) if path.startswith("/") else path
    )
    return encode({"id": identifier, "path": real, "removed": removed})
