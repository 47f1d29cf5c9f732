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

QUICK = frozenset({names.SERVER_INFO, names.PING, names.STATUS, names.STOP})
"""What is answered from memory, and so at any time. Not so whoever waits for news (`after`)."""
AT_ONCE = 48
"""Requests in work at most, fewer than there may be connections: some are always left to ask how things stand."""
LONGEST_NEAR = 40
"""Of a longer name this much is compared with those that exist: comparing takes room and time by the length."""


class Dispatcher:
    """Answers requests for one supervisor; `server.listener.Server` calls it."""

    def __init__(self, supervisor: Supervisor, *, at_once: int = AT_ONCE) -> None:
        self._supervisor = supervisor
        self._at_once = at_once
        self._in_work = 0

    async def __call__(self, request: Request, scope: str | None) -> bytes:
        """The result as JSON. Raises HarnessSyncError."""
        method = METHODS.get(request.method)
        if method is None:
            short = request.method[:LONGEST_NEAR]
            near = difflib.get_close_matches(short, METHODS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "server.info lists the methods"
            raise HarnessSyncError(f"there is no method {request.method!r:.80}", code="method_not_found", hint=hint)
        allowed = self._allowed(scope)
        if request.method not in allowed:
            hint = "The control socket does it"
            raise NotAllowedError(f"{request.method!r} is not for a project's own socket", hint=hint)
        context = Context(supervisor=self._supervisor, params=request.params, scope=scope, allowed=allowed)
        if request.method in QUICK and "after" not in request.params:
            return await method(context)
        if self._in_work >= self._at_once:
            message = f"{self._in_work} requests are being worked on already"
            raise HarnessSyncError(message, code="busy", hint="Ask again in a while")
        self._in_work += 1
        try:
            return await method(context)
        finally:
            self._in_work -= 1

    def _allowed(self, scope: str | None) -> frozenset[str]:
        if scope is None:
            return frozenset(METHODS)
        if self._supervisor.only is not None:
            return frozenset(METHODS) - CONTROL_ONLY | {names.STOP}
        return frozenset(METHODS) - CONTROL_ONLY
