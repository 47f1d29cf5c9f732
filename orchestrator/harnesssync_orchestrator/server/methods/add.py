"""`add`: register a project, and serve it from now on."""

from __future__ import annotations

from pathlib import Path

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.errors import ParameterError
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"id", "path", "added", "approved", "foreign"}`; `added` is false for a project that was registered already.
    `approved` are the items that were approved by this. A `foreign` project is another user's, and nothing of it is
    approved or even read: that takes `trust`.

    `trusted` is true where absent: a person asks, and on this socket nobody else can.
    """
    path = context.text("path")
    if path is None or not path.startswith("/") or "\0" in path:
        raise ParameterError("path is an absolute path")
    scope = context.text("scope") or Scope.PROJECT.value
    if scope not in {each.value for each in Scope}:
        raise ParameterError("scope is `project` or `user`")
    added = await context.supervisor.registration.add(
        Path(path),
        scope=Scope(scope),
        targets=context.texts("targets") or (),
        trusted=context.flag("trusted", default=True),
    )
    return encode(
        {
            "id": added.id,
            "path": added.path,
            "added": added.is_new,
            "approved": added.approved,
            "foreign": added.foreign,
        }
    )
