"""The supervisor as what a process is for: signals end it, and nothing keeps it from ending."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import TaskStatus
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.service.supervisor import Server, Supervisor

FORCE_S = 4.8
"""Seconds after which a process that was told to stop ends, though a thread is stuck in a dead file system."""

_M_ARENA_MAX, ARENAS = -8, 2
"""mallopt(3), <malloc.h>."""


def share_memory() -> None:
    """Let all threads that come take their memory from few places. To be called before there are any.

    glibc gives threads places of their own, up to eight for each processor, and what a sync has needed stays there:
    after two edits of each of 200 projects a supervisor of them held 146 MiB, and holds 116 MiB so. No thread waits
    longer for that: it has the interpreter when it asks for memory.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


async def serve(
    supervisor: Supervisor,
    server: Server,
    *,
    log: FilteringBoundLogger,
    ready: Callable[[], None] = lambda: None,
    force_s: float = FORCE_S,
    force_exit: Callable[[int], object] = os._exit,
) -> None:
    """Run a supervisor as what this process is for: until SIGTERM, SIGINT, or a request to stop.

    Returns after a clean stop. Where a thread is stuck, `force_exit` ends the process after five seconds: locks go
    with it, and every file is whole, because writes are atomic. Raises what `Supervisor.run` raises.
    """

    def force() -> None:
        log.error("supervisor.stop.forced", waited_s=force_s)
        force_exit(4)

    def tell(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        log.warning("supervisor.callback.failed", message=str(context.get("exception") or context["message"]))

    # Left to itself, asyncio prints what went wrong in its own callbacks, between our lines of JSON.
    asyncio.get_running_loop().set_exception_handler(tell)
    deadline = threading.Timer(force_s, force)
    deadline.daemon = True
    failure: HarnessSyncError | None = None

    async def stop_on_signals(*, task_status: TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async for number in signals:
                supervisor.stop(number.name)

    async def start_deadline() -> None:
        await supervisor.stopping.wait()
        deadline.start()

    async with anyio.create_task_group() as tasks:
        await tasks.start(stop_on_signals)
        tasks.start_soon(start_deadline)
        try:
            await supervisor.run(server, ready=ready)
        except HarnessSyncError as error:  # raised in here, it would arrive as one of a group
            failure = error
        tasks.cancel_scope.cancel()
    deadline.cancel()
    if failure is not None:
        raise failure
