"""`trust`: approve what a project holds that other harnesses would execute or obey, show it, or take approval back."""

from __future__ import annotations

from pathlib import Path

from harnesssync_orchestrator.files.approving import review_to_json
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.errors import ParameterError
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """A review (docs/json.md) with `newly`, the items that were approved by this, and `revoked`.

    The path is the root of a worktree, which need not be registered. With `show` nothing changes.
    """
    path = context.text("path")
    if path is None or not path.startswith("/") or "\0" in path:
        raise ParameterError("path is an absolute path")
    newly: tuple[str, ...] = ()
    revoked = False
    if context.flag("revoke"):
        review, revoked = await context.supervisor.registration.revoke(Path(path))
    elif context.flag("show"):
        review = await context.supervisor.registration.review(Path(path))
    else:
        review, newly = await context.supervisor.registration.approve(Path(path))
    return encode({**review_to_json(review), "newly": list(newly), "revoked": revoked})
