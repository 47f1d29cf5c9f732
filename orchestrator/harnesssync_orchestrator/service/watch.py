"""One watcher for all projects: which folders are watched, and whose they are.

Folders are watched one by one, without what is below them: the sources of a project are few folders in a large tree.
`watchfiles` can't add a folder to a running watcher, so there are several, each over a part of the folders: new ones
get a watcher of their own, which takes in those that are not much larger (like the runs of a log-structured merge
tree), so that the number of watchers and the work of arming both stay logarithmic. The old watcher is only let go
when the new one watches and the old one has nothing more to tell: no edit falls in between.

Polling takes over for folders whose watcher fails, also because the system has no more watches to give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import partial

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.config import WatchSettings
from harnesssync_orchestrator.service.hearing import sort_out
from harnesssync_orchestrator.service.notifier import (
    FAILURES,
    IDLE_MS,
    OVERFLOW,
    WOKEN_MS,
    Inotify,
    Notifier,
    Opened,
    open_notifier,
    open_those_there,
)
from harnesssync_orchestrator.service.shards import RATIO, Shard, in_or_below, taken_in
from harnesssync_orchestrator.service.shortage import Denied, Shortage, no_more

DEBOUNCE_MS = 50
STEP_MS = 10
GATHER_S = 0.02
"""Projects that name their folders within this time share one arming."""
REST = 10
"""It rests this many times longer than an arming took, up to a second: while hundreds of projects are taken up, one
after the other, arming would take the interpreter from them all the time."""
LARGEST = 2048
"""Folders in one watcher: arming takes 10 to 25 µs of the interpreter a folder."""
MOST = 32
"""About so many watchers at most: a user may have 128 (fs.inotify.max_user_instances)."""
CALM_S = 5.0
"""When nothing was added for this long, watchers are put together: each takes a thread."""
RESTART_S = REST_S = 1.0
Changed = Callable[[str, frozenset[str]], None]
"""Told a key and the paths that changed for it; no paths mean that anything may have."""


class Watcher:
    """Tells keys (a project's id, the registry) what changed in the folders that they asked for.

    `watch` may be called at any time, on the event loop. A key is told once more as soon as a folder is newly
    watched, because an edit before that went unseen.
    """

    def __init__(
        self,
        *,
        settings: WatchSettings,
        changed: Changed,
        log: FilteringBoundLogger,
        open_notifier: Callable[..., Notifier] = open_notifier,
    ) -> None:
        self._settings = settings
        self._changed = changed
        self._log = log
        self._open_notifier = open_notifier
        self._asked: dict[str, frozenset[str]] = {}
        self._owners: dict[str, tuple[str, ...]] = {}
        self._shards: list[Shard] = []
        self._wake = anyio.Event()
        # Guards the making of watchers: two at once would watch the same folders.
        self._arming = anyio.Lock()
        self._doubtful: set[str] = set()
        self._denied = Denied(log)
        self._shortage = Shortage(no_more())
        # A watcher lives in a thread of its own for as long as it watches; there are only ever a few.
        self._threads = anyio.CapacityLimiter(math.inf)

    @property
    def watched(self) -> frozenset[str]:
        """The folders that are watched now."""
        return frozenset().union(*(shard.folders for shard in self._shards if not shard.retired))

    @property
    def _largest(self) -> int:
        return max(LARGEST, len(self._owners) // MOST)

    @property
    def watchers(self) -> int:
        """How many system watchers there are."""
        return len(self._shards)

    @property
    def polled(self) -> frozenset[str]:
        """The folders that are polled, for want of a system's watch."""
        return frozenset().union(*(shard.folders for shard in self._shards if shard.polling and not shard.retired))

    def polls_for(self, key: str) -> bool:
        """Is any folder of a key polled? Of a change of modes nothing is told then."""
        return any(shard.polling for shard in self._shards) and not self.polled.isdisjoint(self._asked.get(key, ()))

    def watch(self, key: str, folders: frozenset[str]) -> None:
        """From now on, `key` is told of changes in these folders and in no others."""
        before = self._asked.get(key, frozenset())
        if folders == before:
            return
        if folders:
            self._asked[key] = folders
        else:
            self._asked.pop(key, None)
        for folder in before - folders:
            self._owners[folder] = tuple(each for each in self._owners[folder] if each != key)
            if not self._owners[folder]:
                del self._owners[folder]
                # Forgotten, not unwatched: should it be wanted again, it may be another folder of the same name.
                self._unwatch([folder])
        alone = (key,)  # one for nearly all of tens of thousands of folders
        for folder in folders - before:
            others = self._owners.get(folder)
            self._owners[folder] = alone if others is None else (*others, key)
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        rests_until = 0.0
        async with anyio.create_task_group() as tasks:
            try:
                while True:
                    with anyio.move_on_after(CALM_S) as calm:
                        await self._wake.wait()
                    if calm.cancelled_caught:
                        await self._put_together(tasks)
                        with anyio.CancelScope(deadline=self._shortage.until) as waiting:
                            await self._wake.wait()
                        if waiting.cancelled_caught:
                            self._try_again()
                    await anyio.sleep(max(GATHER_S, rests_until - anyio.current_time()))
                    self._wake = anyio.Event()
                    began = anyio.current_time()
                    await self._arm(tasks, polling=self._settings.polling)
                    ended = anyio.current_time()
                    rests_until = ended + min(REST_S, REST * (ended - began))
            finally:
                for shard in self._shards:
                    shard.stop.set()

    async def _arm(self, tasks: TaskGroup, *, polling: bool) -> None:
        """Watch what is asked for and not watched yet, in one new watcher for each `_largest` folders."""
        async with self._arming:
            watched, left = self.watched, list[str]()
            # In the order in which they were asked for, and so project by project: where watches run out, as few
            # projects as may be are polled.
            wanted = [folder for folder in self._owners if folder not in watched]
            for start in range(0, len(wanted), self._largest):
                added = wanted[start : start + self._largest]
                if polling or not self._shortage.is_now:
                    try:
                        added = await self._add(tasks, added, polling=polling)
                    except FAILURES as error:
                        self._shortage.note(error)
                left += added
            if left:
                await self._poll_instead(tasks, left, self._shortage.failure, polling=polling)

    def _try_again(self) -> None:
        """Whoever had the system's watches may have given them back: let go of what is polled, and watch it."""
        self._shortage.is_over()
        for shard in self._shards:
            if shard.polling:
                shard.retire()
        self._wake.set()

    async def _poll_instead(self, tasks: TaskGroup, folders: list[str], error: Exception, *, polling: bool) -> None:
        if not polling:
            self._log.warning("watch.failed", message=str(error), folders=len(folders))
            try:
                await self._add(tasks, folders, polling=True)
            except FAILURES as poll_error:
                error = poll_error
            else:
                return
        self._log.warning("watch.restarted", message=str(error))
        await anyio.sleep(RESTART_S)
        self._wake.set()

    async def _put_together(self, tasks: TaskGroup) -> None:
        """One watcher instead of several that fit into it."""
        async with self._arming:
            small = [shard for shard in self._shards if len(shard.folders) <= self._largest // 2 and not shard.polling]
            if len(small) > 1:
                with suppress(*FAILURES):  # they go on by themselves
                    await self._add(tasks, [], polling=False, ratio=math.inf)

    async def _add(self, tasks: TaskGroup, added: list[str], *, polling: bool, ratio: float = RATIO) -> list[str]:
        """One more watcher, for `added` and for what watchers up to `ratio` times larger hold. Those that are left,
        since the system had no watches for them."""
        began = anyio.current_time()
        absorbed = taken_in(self._shards, added, largest=self._largest, polling=polling, ratio=ratio)
        wanted = [*(folder for shard in absorbed for folder in shard.folders), *added]
        self._doubtful.clear()
        opening = partial(open_those_there, self._open_notifier, polling=polling, poll_ms=self._settings.poll_ms)
        opened: Opened = await anyio.to_thread.run_sync(opening, wanted, limiter=self._threads)
        self._denied.note(set(wanted), opened.denied)
        if opened.left:
            self._shortage.note(no_more())
        if opened.notifier is None:
            return [folder for folder in added if folder in opened.left]
        if opened.left and absorbed:  # each is watched twice for a moment: there is more room without that
            opened.notifier.close()
            return await self._add(tasks, added, polling=polling, ratio=0)
        shard = Shard(opened.notifier, set(opened.folders), polling)
        self._shards.append(shard)
        for old in absorbed:
            old.retire()
        # What was replaced while the watcher was being made may be watched as what it was before.
        if self._doubtful:
            self._unwatch(self._doubtful.copy())
            self._wake.set()
        tasks.start_soon(self._listen, tasks, shard)
        self._log.debug(
            "watch.armed",
            folders=len(shard.folders.intersection(added)),
            total=len(self.watched),
            watchers=sum(not shard.retired for shard in self._shards),
            duration_s=round(anyio.current_time() - began, 6),
        )
        self._tell_all(shard.folders.intersection(added))
        return [folder for folder in added if folder in opened.left]

    async def _listen(self, tasks: TaskGroup, shard: Shard) -> None:
        """Pass on what one watcher tells, until it is stopped, or retired and silent."""
        failure: Exception
        wait_ms = WOKEN_MS if isinstance(shard.notifier, Inotify) else IDLE_MS
        try:
            while True:
                heard = await anyio.to_thread.run_sync(
                    shard.notifier.watch, DEBOUNCE_MS, STEP_MS, wait_ms, shard.stop, limiter=self._threads
                )
                if heard == "stop" or (heard == "timeout" and shard.retired):
                    return
                if heard == OVERFLOW:
                    self._watch_anew(shard)
                elif not isinstance(heard, str):
                    self._pass_on(heard)
        except FAILURES as error:
            failure = error
        finally:
            shard.notifier.close()
            shard.stop.close()
            self._shards.remove(shard)
        if shard.retired:
            self._tell_all(shard.folders)  # its successor watches; what it had not told yet is lost
            return
        async with self._arming:
            folders = [folder for folder in shard.folders if folder in self._owners]
            await self._poll_instead(tasks, folders, failure, polling=shard.polling)

    def _watch_anew(self, shard: Shard) -> None:
        """What was lost may have been that a folder was replaced: none of them is believed to be watched any more."""
        if not shard.folders:  # it goes on losing what nobody needs of it
            return
        self._log.warning("watch.overflowed", folders=len(shard.folders))
        shard.retire()
        lost = frozenset(shard.folders)
        self._unwatch(lost)
        self._wake.set()
        self._tell_all(lost)

    def _pass_on(self, heard: Collection[tuple[int, str]]) -> None:
        told, replaced = sort_out(heard, self._owners)
        if replaced:
            self._unwatch(replaced)
        if replaced or not self._denied.folders.isdisjoint(path for _, path in heard):
            self._wake.set()
        for key, paths in told.items():
            self._changed(key, frozenset(paths))

    def _unwatch(self, folders: Collection[str]) -> None:
        """These folders were deleted, moved or made anew, and with them all below: the watch is blind or elsewhere."""
        self._doubtful.update(folders)
        for shard in self._shards:
            shard.folders -= in_or_below(shard.folders, folders)

    def _tell_all(self, folders: Iterable[str]) -> None:
        """Anything may have changed in these folders."""
        keys = {key for folder in folders for key in self._owners.get(folder, ())}
        for key in keys:
            self._changed(key, frozenset())
