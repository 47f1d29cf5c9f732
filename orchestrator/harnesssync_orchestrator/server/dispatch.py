"""From a request to the method that answers it."""

from __future__ import annotations

import difflib
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.protocol import methods as names
from harnesssync_orchestrator.protocol.messages import Request
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.errors import NotAllowedError
from harnesssync_orchestrator.server.methods import CONTROL_ONLY, METHODS
from harnesssync_orchestrator.service.supervisor import Supervisor

AT_ANY_TIME = frozenset({names.SERVER_INFO, names.PING, names.STOP})
"""What is answered at once, also while the supervisor begins. Everything else waits for that."""
AT_ONCE, FOLLOWERS = 40, 16
"""Requests in work at most, and of those who wait for news (`status` with `after`), together fewer than there may be
connections: some are always left to ask how things stand, which takes no place. As many as both may wait for the
supervisor to begin, whatever they ask, and for the same reason."""
LONGEST_NEAR = 40
"""Of a longer name this much is compared with those that exist: comparing takes room and time by the length."""


@dataclass(slots=True)
class Places:
    """So many at `most` may do the same at a time; `doing` says what."""

    most: int
    doing: str
    taken: int = 0

    @contextmanager
    def one(self) -> Generator[None]:
        """Take one of them. Raises HarnessSyncError when there is none."""
        if self.taken >= self.most:
            message = f"{self.taken} requests are {self.doing} already"
            raise HarnessSyncError(message, code="busy", hint="Ask again in a while")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Dispatcher:
    """Answers requests for one supervisor; `server.listener.Server` calls it."""

    def __init__(self, supervisor: Supervisor, *, at_once: int = AT_ONCE, followers: int = FOLLOWERS) -> None:
        self._supervisor = supervisor
        self._work = Places(at_once, "being worked on")
        self._following = Places(followers, "waiting for news")
        self._beginning = Places(at_once + followers, "waiting for the supervisor to begin")

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
        if request.method in AT_ANY_TIME:
            return await method(context)
        with self._place_for(request):
            if not self._supervisor.has_begun:
                with self._beginning.one():
                    await self._supervisor.beginning()
            return await method(context)

    def _place_for(self, request: Request) -> AbstractContextManager[None]:
        """What is taken while it is answered."""
        if request.method != names.STATUS:
            return self._work.one()
        return self._following.one() if "after" in request.params else nullcontext()

    def _allowed(self, scope: str | None) -> frozenset[str]:
        if scope is None:
            return frozenset(METHODS)
        if self._supervisor.only is not None:
            return frozenset(METHODS) - CONTROL_ONLY | {names.STOP}
        return frozenset(METHODS) - CONTROL_ONLY
