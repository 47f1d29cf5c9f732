"""The repositories in the folders that a person named (`[worktrees] roots`) are registered as they come.

Looked through at the start, every few minutes, and when something comes or goes where repositories lie. Nothing of what
is found so is approved: nobody has looked at it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import anyio
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.files.roots import Scanned, is_young, scan, uses_claude_code

SETTLE_S = 0.2
"""What comes is often not alone."""
REST = 10
"""It rests this many times longer than it looks, however much comes and goes."""
SOON_S = 1.0
"""So long until those are looked at again that git is still making."""


class Scanning:
    """Registers what lies in `roots` (resolved), `depth` levels down, but for what is to `leave`. `in_thread` is where
    it blocks, `watch` gets the folders to watch, and `changed` is called when the registry is another one."""

    def __init__(
        self,
        roots: Sequence[str],
        *,
        depth: int,
        every_s: float,
        leave: Collection[str],
        registry: Registry,
        in_thread: Callable[..., Awaitable[Any]],
        watch: Callable[[frozenset[str]], None],
        changed: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._roots = roots
        self._depth = depth
        self._every_s = every_s
        self._leave = leave
        self._registry = registry
        self._in_thread = in_thread
        self._watch = watch
        self._changed = changed
        self._log = log
        self._wake = anyio.Event()
        self._unreadable: Mapping[str, str] = {}
        self._has_begun = False

    async def begin(self) -> None:
        """Forget what was found in folders that are not named any more. What was kept of it stays where it is."""
        with self._boundary():
            await self._in_thread(self._registry.keep_roots, self._roots)
            self._has_begun = True

    def signal(self, paths: Collection[str]) -> None:
        """Something has changed where repositories lie, anything if no paths are known. Files there are none."""
        if not paths or not all(os.path.isfile(path) for path in paths):  # noqa: PTH113 - a string costs less
            self._wake.set()

    async def run(self) -> None:
        """Look through all of it, and again, until cancelled."""
        while self._roots:
            self._wake = anyio.Event()
            began = anyio.current_time()
            unready: dict[str, str] = {}
            with self._boundary():
                scanned: Scanned = await self._in_thread(scan, self._roots, depth=self._depth, leave=self._leave)
                unready = dict(scanned.unready)
                self._watch(scanned.folders)
                self._tell_unreadable(scanned.unreadable)
                new = await self._take_in(scanned.found)
                took_s = round(anyio.current_time() - began, 6)
                self._log.debug("roots.scanned", repositories=len(scanned.found), new=new, duration_s=took_s)
            took_s = anyio.current_time() - began
            with anyio.move_on_after(self._every_s):
                await self._wait_with(unready)
                await anyio.sleep(max(SETTLE_S, took_s * REST))
            if not self._has_begun:
                await self.begin()
            self._changed()  # what is gone is noticed there

    @contextmanager
    def _boundary(self) -> Generator[None]:
        """Where any error of a look ends: it is told, and tried again at the next one. What is registered is served
        all the same."""
        try:
            yield
        except HarnessSyncError as error:
            self._log.error("registry.write.failed", code=error.code, message=error.message, hint=error.hint)
        except OSError as error:
            self._log.error("roots.look.failed", code="os_error", message=str(error), hint="")
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the supervisor
            message = f"{type(error).__name__}: {error}"
            self._log.exception("roots.look.failed", code="internal_error", message=message, hint="")

    async def _wait_with(self, unready: dict[str, str]) -> None:
        """Wait for a reason to look again; meanwhile see what becomes of those that git is still making."""
        while unready:
            with anyio.move_on_after(SOON_S):
                await self._wake.wait()
                return
            left: dict[str, str] = {}
            with self._boundary():
                ready = {each: root for each, root in unready.items() if await self._in_thread(uses_claude_code, each)}
                await self._take_in(ready)
                left = {
                    each: root
                    for each, root in unready.items()
                    if each not in ready and await self._in_thread(is_young, each)
                }
            unready = left
        await self._wake.wait()

    async def _take_in(self, found: Mapping[str, str]) -> int:
        """Register those that nobody has registered or taken out; how many these are."""
        registered = await self._in_thread(self._registry.load)
        if not registered.is_known:
            return 0
        new = {
            path: root
            for path, root in found.items()
            if project_id(path) not in registered.projects and path not in registered.left_out
        }
        if new:
            await self._in_thread(self._registry.follow, {}, (), scanned=new)
            self._changed()
        return len(new)

    def _tell_unreadable(self, unreadable: Mapping[str, str]) -> None:
        for root, message in unreadable.items():
            if self._unreadable.get(root) != message:
                self._log.warning("roots.read.failed", path=root, message=message)
        self._unreadable = unreadable
