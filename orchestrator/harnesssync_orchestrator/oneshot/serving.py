"""`serve`: puts the supervisor together and lets it live until it is told to stop."""

from __future__ import annotations

import gc
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from harnesssync_orchestrator import __version__
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.withdrawal import Withdrawal
from harnesssync_orchestrator.ctl.options import Parsed
from harnesssync_orchestrator.ctl.projects import resolve
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.logs import open_log
from harnesssync_orchestrator.server.dispatch import Dispatcher
from harnesssync_orchestrator.server.listener import Server
from harnesssync_orchestrator.service.engine import Options, SyncResult
from harnesssync_orchestrator.service.limits import allow_descriptors
from harnesssync_orchestrator.service.process import serve, share_memory
from harnesssync_orchestrator.service.supervisor import Supervisor
from harnesssync_orchestrator.service.sync import is_echo, sync
from harnesssync_orchestrator.service.undoing import Asked, Hold, history, undo

if TYPE_CHECKING:
    from harnesssync_orchestrator.cli import Ground
    from harnesssync_orchestrator.config import Config

FORMATS = ("auto", "json", "console")


def run(parsed: Parsed, ground: Ground) -> int:
    """Serve; 0 after an orderly stop. Raises AlreadyRunningError, SocketError, StateError, ConfigError, UsageError."""
    config = ground.config()
    log_format = parsed.text("log-format")
    if log_format is not None:
        if log_format not in FORMATS:
            raise UsageError(f"there is no log format {log_format!r}", hint=f"There are: {', '.join(FORMATS)}")
        config = msgspec.structs.replace(config, log=msgspec.structs.replace(config.log, format=log_format))
    only = None
    if named := parsed.text("project"):
        only = Path(resolve(named, ground.environ, frozenset))
    allow_descriptors()
    share_memory()
    # With several threads at work the loop gets its turn five times as soon as by default.
    sys.setswitchinterval(0.001)
    # What is imported stays for good: left out of garbage collection, a full one holds the loop for less long.
    gc.freeze()
    anyio.run(partial(_serve, ground, config, only))
    return 0


async def _serve(ground: Ground, config: Config, only: Path | None) -> None:
    log = open_log(config.log, environ=ground.environ)
    engine = ground.engine(config, log)

    async def sync_one(project: Project, options: Options) -> SyncResult:
        return await sync(project, engine, options)

    async def is_own(project: Project, changed: frozenset[str]) -> bool:
        return await is_echo(project, engine, changed)

    async def undo_one(project: Project, asked: Asked, hold: Hold) -> Withdrawal:
        return await undo(project, engine, asked, hold)

    supervisor = Supervisor(
        layout=engine.layout,
        registry=ground.registry(),
        sync=sync_one,
        is_echo=is_own,
        config=config,
        approving=ground.approving(),
        log=log,
        version=__version__,
        known_targets=[target.id for target in engine.targets],
        only=only,
        undo=undo_one,
        history=partial(history, engine=engine),
    )
    await serve(supervisor, Server(Dispatcher(supervisor), log=log), log=log)
