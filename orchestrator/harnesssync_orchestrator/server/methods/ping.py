"""`ping`: is somebody there?"""

from __future__ import annotations

import os

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.snapshot import encode


async def answer(_context: Context) -> bytes:
    """`{"pong": true, "pid"}`."""
    return encode({"pong": True, "pid": os.getpid()})
