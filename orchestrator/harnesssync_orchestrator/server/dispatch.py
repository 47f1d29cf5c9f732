"""From a request to the method that answers it."""

from __future__ import annotations

import difflib

from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.protocol import methods as names
from harnesssync_orchestrator.protocol.messages import Request
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.errors import NotAllowedError
from harnesssync_orchestrator.server.methods import CONTROL_ONLY, METHODS
from harnesssync_orchestrator.service.supervisor import Supervisor


class Dispatcher:
    """Answers requests for one supervisor; `server.listener.Server` calls it."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    async def __call__(self, request: Request, scope: str | None) -> bytes:
        """The result as JSON. Raises HarnessSyncError."""
        method = METHODS.get(request.method)
        if method is None:
            near = difflib.get_close_matches(request.method, METHODS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "server.info lists the methods"
            raise HarnessSyncError(f"there is no method {request.method!r:.80}", code="method_not_found", hint=hint)
        allowed = self._allowed(scope)
        if request.method not in allowed:
            hint = "The control socket does it"
            raise NotAllowedError(f"{request.method!r} is not for a project's own socket", hint=hint)
        return await method(Context(supervisor=self._supervisor, params=request.params, scope=scope, allowed=allowed))

    def _allowed(self, scope: str | None) -> frozenset[str]:
        if scope is None:
            return frozenset(METHODS)
        if self._supervisor.only is not None:
            return frozenset(METHODS) - CONTROL_ONLY | {names.STOP}
        return frozenset(METHODS) - CONTROL_ONLY
