"""One supervisor, many projects: who may run, what it follows, how it ends, and how much it takes on."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.errors import AlreadyRunningError, HarnessSyncError, SocketError
from harnesssync_orchestrator.files.locks import FileLock
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.server.dispatch import AT_ONCE, FOLLOWERS
from harnesssync_orchestrator.service import supervisor as supervisor_module
from harnesssync_orchestrator.service.process import serve

pytestmark = pytest.mark.anyio

Worktree = Callable[[str], Path]


async def test_a_second_supervisor_is_refused_and_the_first_unharmed(running: Any) -> None:
    """The error says whose process is in the way; the socket stays the first one's."""
    async with running.up():
        inode = running.layout.control_socket.lstat().st_ino
        second = type(running)(running.layout.root, running.log)
        with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()} is the supervisor"):
            await _run_alone(second)
        assert running.layout.control_socket.lstat().st_ino == inode
        assert (await running.ask("ping"))["pong"] is True


async def test_a_file_in_the_sockets_way_keeps_it_from_starting(running: Any) -> None:
    """It says so, keeps the file, and gives its lock back."""
    running.layout.root.mkdir()
    running.layout.control_socket.write_bytes(b"precious")
    with pytest.raises(SocketError, match="not a socket"):
        await _run_alone(running)
    assert running.layout.control_socket.read_bytes() == b"precious"
    with FileLock(running.layout.supervisor_lock) as lock:
        assert lock.is_held


async def _run_alone(running: Any, **options: Any) -> None:
    """Start a supervisor that is expected not to: raises its own error, which is not one of a group."""
    running.make(**options)
    await running.supervisor.run(running.server)


async def test_multi_project_isolation_two_projects_share_nothing_but_the_registry(
    running: Any, worktree: Worktree, until: Any
) -> None:
    """Two worktrees at once: two sockets, two entries, and an edit in one touches nothing of the other."""
    a, b = worktree("a"), worktree("b")
    async with running.up():
        for root in (a, b):
            await running.ask("add", path=str(root))
        sockets = [running.layout.socket_for(project_id(str(root))) for root in (a, b)]
        await until(lambda: all(path.exists() for path in sockets))
        await until(lambda: all((root / "AGENTS.md").exists() for root in (a, b)))
        await running.ask("sync")
        assert sockets[0] != sockets[1]
        assert set(json.loads(running.layout.registry_file.read_bytes())["projects"]) == {
            project_id(str(root)) for root in (a, b)
        }
        before = {path: path.stat().st_mtime_ns for path in b.iterdir()}
        (a / "CLAUDE.md").write_bytes(b"new")
        await until(lambda: (a / "AGENTS.md").read_bytes() == b"new")
        assert {path: path.stat().st_mtime_ns for path in b.iterdir()} == before


@pytest.fixture
def may_load(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until it is set, a supervisor reads what is registered and has not begun."""
    event, load = threading.Event(), Registry.load
    monkeypatch.setattr(Registry, "load", lambda registry: (event.wait(10), load(registry))[1])
    return event


async def test_all_projects_are_asked_for_as_soon_as_it_listens(
    running: Any, worktree: Worktree, until: Any, may_load: threading.Event
) -> None:
    """While it still reads what is registered, it can say that it lives; for all else it is waited."""
    roots = [worktree(name) for name in "ab"]
    for root in roots:
        running.registry.register(root)
    told: dict[str, set[str]] = {}

    async def ask(method: str) -> None:
        told[method] = {row["path"] for row in (await running.ask(method))["projects"]}

    running.make()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.supervisor.run, running.server)
        await until(running.layout.control_socket.exists)
        async with anyio.create_task_group() as asking:
            asking.start_soon(ask, "sync")
            asking.start_soon(ask, "status")
            assert (await running.ask("ping"))["pong"] is True
            may_load.set()
        running.supervisor.stop("test")
    assert told == {method: {*map(str, roots)} for method in ("sync", "status")}


async def test_many_may_ask_how_things_stand_before_it_has_begun(
    running: Any, until: Any, may_load: threading.Event
) -> None:
    """They take no place from followers. Some connections are left for those who ask whether it lives."""
    told: list[dict[str, Any]] = []

    async def ask() -> None:
        told.append(await running.ask("status"))

    running.make()
    dispatcher = running.server._answer
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.supervisor.run, running.server)
        await until(running.layout.control_socket.exists)
        async with anyio.create_task_group() as asking:
            for _ in range(AT_ONCE + FOLLOWERS):
                asking.start_soon(ask)
            await until(lambda: told or dispatcher._beginning.taken == AT_ONCE + FOLLOWERS)
            error = await running.ask("status")
            assert (await running.ask("ping"))["pong"] is True
            may_load.set()
        assert dispatcher._beginning.taken == 0
        running.supervisor.stop("test")
    assert [answer.get("projects") for answer in told] == [[]] * (AT_ONCE + FOLLOWERS), told
    assert error["message"] == f"{AT_ONCE + FOLLOWERS} requests are waiting for the supervisor to begin already"


async def test_a_stop_before_it_has_begun_is_told_those_who_wait_for_that(
    running: Any, worktree: Worktree, until: Any, may_load: threading.Event
) -> None:
    """That all of no projects are in step, or that this one is not registered, would be wrong."""
    root = worktree("a")
    running.registry.register(root)
    told: list[Any] = []

    async def ask(method: str, params: dict[str, Any]) -> None:
        told.append(await running.ask(method, **params))

    running.make()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.supervisor.run, running.server)
        await until(running.layout.control_socket.exists)
        async with running.client() as late:
            async with anyio.create_task_group() as asking:
                asking.start_soon(ask, "status", {})
                asking.start_soon(ask, "status", {"project": str(root)})
                asking.start_soon(ask, "status", {"after": 1})
                asking.start_soon(ask, "sync", {})
                asking.start_soon(ask, "sync", {"projects": [str(root)]})
                await until(lambda: running.server.connections == 6)
                assert (await late.call("stop")) == {"stopping": True}
            told.append(await late.call("status"))
            may_load.set()
    assert [answer.get("data", {}).get("code") for answer in told] == ["shutting_down"] * 6, told


async def test_a_linked_worktree_is_a_project_of_its_own(
    running: Any, worktree: Worktree, git: Any, until: Any
) -> None:
    """It has its own id and socket; the main checkout is another project."""
    main = worktree("a")
    git("add", ".", cwd=main)
    git("commit", "-q", "-m", "rules", cwd=main)
    git("worktree", "add", "-q", str(main.parent / "aw"), cwd=main)
    async with running.up():
        ids = [(await running.ask("add", path=str(path)))["id"] for path in (main, main.parent / "aw")]
        await until(lambda: all(running.layout.socket_for(each).exists() for each in ids))
        rows = (await running.ask("status"))["projects"]
    assert len(set(ids)) == 2
    assert [row["id"] for row in rows] == ids


async def test_what_others_register_is_noticed(running: Any, worktree: Worktree, until: Any) -> None:
    """The client writes the registry itself when it finds no supervisor; one that starts meanwhile sees it."""
    root = worktree("a")
    async with running.up():
        await until(lambda: str(running.layout.root) in running.supervisor._fleet._watcher.watched)
        running.registry.register(root)
        await until((root / "AGENTS.md").exists)
        running.registry.unregister(root)
        await until(lambda: running.supervisor.ids() == [])


async def test_a_corrupt_registry_takes_no_project_away(
    running: Any, worktree: Worktree, until: Any, readable_log: Any
) -> None:
    """It is set aside and told; what was served is served."""
    root = worktree("a")
    async with running.up():
        await running.ask("add", path=str(root))
        await until((root / "AGENTS.md").exists)
        running.layout.registry_file.write_bytes(b"{")
        await until(lambda: readable_log.named("registry.read.failed"))
        (root / "CLAUDE.md").write_bytes(b"new")
        await until(lambda: (root / "AGENTS.md").read_bytes() == b"new")


async def test_a_registry_that_is_gone_takes_no_project_away(
    running: Any, worktree: Worktree, until: Any, readable_log: Any
) -> None:
    """What was approved is still there to tell that there was one."""
    root = worktree("a")
    (root / ".mcp.json").write_text('{"mcpServers": {"files": {"command": "npx"}}}\n')
    async with running.up():
        await running.ask("add", path=str(root))
        await until((root / "AGENTS.md").exists)
        running.layout.registry_file.unlink()
        await until(lambda: readable_log.named("registry.read.failed"))
        (root / "CLAUDE.md").write_bytes(b"new")
        await until(lambda: (root / "AGENTS.md").read_bytes() == b"new")


async def test_a_restart_resumes_the_registered_projects(running: Any, worktree: Worktree, until: Any) -> None:
    """What was edited meanwhile is caught up on without being asked."""
    root = worktree("a")
    async with running.up():
        await running.ask("add", path=str(root), targets=["gemini"])
        await until((root / "AGENTS.md").exists)
    (root / "CLAUDE.md").write_bytes(b"edited while nobody looked")
    async with running.up():
        await until(lambda: (root / "AGENTS.md").read_bytes() == b"edited while nobody looked")
        [row] = (await running.ask("status"))["projects"]
    assert row["targets"] == ["gemini"]


async def test_graceful_shutdown_finishes_the_sync_in_hand(running: Any, worktree: Worktree, until: Any) -> None:
    """Nobody can connect any more; the client that waits gets its report; then everything is released."""
    root = worktree("a")
    async with running.up():
        await running.ask("add", path=str(root))
        await until(lambda: running.sync.synced)
        running.sync.gate = gate = anyio.Event()
        (root / "CLAUDE.md").write_bytes(b"in hand")
        async with running.client() as client:
            request = {"jsonrpc": "2.0", "id": 1, "method": "sync", "params": {"projects": [str(root)]}}
            await client.send(json.dumps(request).encode() + b"\n")
            await until(lambda: running.sync.in_flight)
            running.supervisor.stop("SIGTERM")
            await until(lambda: not running.layout.control_socket.exists())
            with pytest.raises(OSError, match=r"No such file|refused"):
                await anyio.connect_unix(running.layout.control_socket)
            gate.set()
            assert (await client.line())["result"]["projects"][0]["state"] == "in step"
            assert await client.is_closed()
    assert (root / "AGENTS.md").read_bytes() == b"in hand"


async def test_graceful_shutdown_does_not_wait_for_ever(running: Any, worktree: Worktree, until: Any) -> None:
    """A sync that does not end is cut short; who waits is told."""
    root = worktree("a")
    async with running.up(finish_s=0.1):
        await running.ask("add", path=str(root))
        await until(lambda: running.sync.synced)
        running.sync.gate = anyio.Event()
        async with running.client() as client:
            await client.send(b'{"jsonrpc":"2.0","id":1,"method":"sync"}\n')
            await until(lambda: running.sync.in_flight)
            running.supervisor.stop("SIGTERM")
            with anyio.fail_after(5):
                assert await client.is_closed()
    assert running.sync.in_flight == 0
    with FileLock(running.layout.owner_lock(project_id(str(root)))) as lock:
        assert lock.is_held


async def test_an_isolated_daemon_serves_its_project_alone(running: Any, worktree: Worktree, until: Any) -> None:
    """It registers its project once it owns it, listens on that one's socket only, and can be stopped there."""
    a, b = worktree("a"), worktree("b")
    running.registry.register(b)
    own = project_id(str(a))
    async with running.up(only=a):
        assert not running.layout.control_socket.exists()
        assert own in running.registry.list_projects()
        async with running.client(own) as client:
            assert "stop" in (await client.call("server.info"))["capabilities"]
            assert [row["path"] for row in (await client.call("status"))["projects"]] == [str(a)]
            await until((a / "AGENTS.md").exists)
            assert not (b / "AGENTS.md").exists()
            await client.call("stop")
            assert await client.is_closed()
    assert not running.layout.socket_for(own).exists()


async def test_the_supervisor_leaves_a_project_to_its_isolated_daemon(
    running: Any, worktree: Worktree, until: Any, readable_log: Any
) -> None:
    """Its status says who serves it; other projects go on; a second daemon for it is refused."""
    a, b = worktree("a"), worktree("b")
    isolated = type(running)(running.layout.root, readable_log.log)
    async with isolated.up(only=a), running.up():
        await running.ask("add", path=str(b))
        await until((b / "AGENTS.md").exists)
        await until(lambda: readable_log.named("project.claim.failed"))
        rows = (await running.ask("status"))["projects"]
        assert [row["state"] for row in rows] == ["failed", "in step"]
        assert rows[0]["failures"][0]["code"] == "served_elsewhere"
        assert f"process {os.getpid()}" in rows[0]["failures"][0]["message"]
        [report] = (await running.ask("sync", projects=[str(a)]))["projects"]
        assert report["failures"][0]["code"] == "served_elsewhere"
        assert str(a) not in running.sync.synced
        third = type(running)(running.layout.root, readable_log.log)
        with pytest.raises(AlreadyRunningError, match="serves this project"):
            await _run_alone(third, only=a)


async def test_scale_100_projects_are_served_by_few_watchers(running: Any, short: Path, until: Any) -> None:
    """All in step, a status at once, and few watchers."""
    roots = []
    for number in range(100):
        root = short / f"p{number:03}"
        (root / ".git").mkdir(parents=True)
        (root / ".git" / "HEAD").write_bytes(b"ref: refs/heads/main\n")
        (root / "CLAUDE.md").write_bytes(b"x")
        running.registry.register(root)
        roots.append(root)
    async with running.up():
        await until(lambda: len(set(running.sync.synced)) == 100)
        with anyio.fail_after(1):
            rows = (await running.ask("status"))["projects"]
        assert len(rows) == 100
        watcher = running.supervisor._fleet._watcher
        await until(lambda: {str(root) for root in roots} <= watcher.watched)
        await until(lambda: watcher.watchers <= 6)
        (roots[42] / "CLAUDE.md").write_bytes(b"new")
        await until(lambda: (roots[42] / "AGENTS.md").read_bytes() == b"new")


async def test_a_project_whose_folder_is_gone_stays_visible(
    running: Any, short: Path, worktree: Worktree, until: Any
) -> None:
    """It fails, is tried again, and others go on."""
    a, b = worktree("a"), worktree("b")
    async with running.up():
        for root in (a, b):
            await running.ask("add", path=str(root))
        await until(lambda: all((root / "AGENTS.md").exists() for root in (a, b)))
        a.rename(short / "elsewhere")
        [report] = (await running.ask("sync", projects=[str(a)]))["projects"]
        assert report["state"] == "failed"
        rows = (await running.ask("status"))["projects"]
    assert [row["state"] for row in rows] == ["failed", "in step"]


async def _serve(running: Any, **options: Any) -> None:
    """`serve` in this process: signals reach it, and it returns when it has stopped."""
    running.make(finish_s=0.05)
    await serve(running.supervisor, running.server, log=running.log, **options)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_graceful_shutdown_begins_with_a_signal(running: Any, readable_log: Any, number: signal.Signals) -> None:
    """The log says which; `serve` returns, and nothing is left that could end the process later."""
    forced: list[int] = []
    with anyio.fail_after(5):
        await _serve(running, ready=lambda: os.kill(os.getpid(), number), force_s=0.5, force_exit=forced.append)
    assert readable_log.named("supervisor.stop.requested")[0]["reason"] == number.name
    assert len(readable_log.named("supervisor.stopped")) == 1
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(0.4)  # it was told to end: it does so before its time
            assert not thread.is_alive()
    assert forced == []


async def test_graceful_shutdown_ends_even_if_a_thread_is_stuck(
    running: Any, worktree: Worktree, readable_log: Any
) -> None:
    """A write into a dead network file system can't be cancelled: the process ends without it."""
    running.registry.register(worktree("a"))
    released = threading.Event()
    forced: list[int] = []

    def force_exit(code: int) -> None:
        forced.append(code)
        released.set()

    async def stuck(project: Any, options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        await anyio.to_thread.run_sync(released.wait)
        return await copying(project, options)

    copying, running.sync = running.sync, stuck
    with anyio.fail_after(10):
        await _serve(running, force_s=0.3, force_exit=force_exit)
    assert forced == [4]
    assert readable_log.named("supervisor.stop.forced")[0]["level"] == "error"


async def test_what_keeps_it_from_starting_is_raised_as_it_is(running: Any) -> None:
    """Not as one of a group: the command line tells it to a person."""
    with FileLock(running.layout.supervisor_lock), pytest.raises(AlreadyRunningError):
        await _serve(running)


async def test_errors_of_the_event_loop_are_logged_as_events(running: Any, readable_log: Any) -> None:
    """And not printed between the lines of JSON."""

    def fail() -> None:
        raise ZeroDivisionError("in a callback")

    def ready() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(fail)
        loop.call_soon(running.supervisor.stop, "test")

    with anyio.fail_after(5):
        await _serve(running, ready=ready)
    assert readable_log.named("supervisor.callback.failed")[0]["message"] == "in a callback"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor looks often whether its locks are still there."""
    monkeypatch.setattr(supervisor_module, "KEEP_S", 0.02)


async def test_split_brain_a_removed_lock_file_is_taken_anew(running: Any, quick: None, until: Any) -> None:
    """Somebody cleared it away: before long the file excludes others again, and nothing has stopped."""
    async with running.up():
        running.layout.supervisor_lock.unlink()
        await until(running.layout.supervisor_lock.exists)
        await until(lambda: not FileLock(running.layout.supervisor_lock).try_acquire())
        second = type(running)(running.layout.root, running.log)
        with pytest.raises(AlreadyRunningError):
            await _run_alone(second)
        assert (await running.ask("ping"))["pong"] is True


async def test_split_brain_a_lock_that_is_released_was_not_lost(
    running: Any, quick: None, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops just when a thread looks whether the lock is still there."""
    looks, released = threading.Event(), threading.Event()
    keep, release = FileLock.keep, FileLock.release

    def keep_slowly(lock: FileLock) -> bool:
        looks.set()
        released.wait(10)
        return keep(lock)

    def release_and_tell(lock: FileLock) -> None:
        release(lock)
        released.set()

    async with running.up():
        monkeypatch.setattr(FileLock, "keep", keep_slowly)
        monkeypatch.setattr(FileLock, "release", release_and_tell)
        await until(looks.is_set)
    with FileLock(running.layout.supervisor_lock) as lock:
        assert lock.is_held


async def test_split_brain_a_supervisor_whose_folder_is_removed_ends(
    running: Any, quick: None, worktree: Worktree, until: Any
) -> None:
    """Its projects may be served by somebody else from then on. It says why, also if a sync made the folder again."""
    root = worktree("a")
    failure: list[HarnessSyncError] = []
    running.make()
    ready = anyio.Event()

    async def live() -> None:
        try:
            await running.supervisor.run(running.server, ready=ready.set)
        except HarnessSyncError as error:
            failure.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(live)
        await ready.wait()
        await running.ask("add", path=str(root))
        await until((root / "AGENTS.md").exists)
        shutil.rmtree(running.layout.root)
        with anyio.fail_after(10):
            await until(lambda: failure)
    assert [error.code for error in failure] == ["lock_lost"]


async def test_split_brain_a_project_whose_lock_somebody_else_took_is_given_up(
    running: Any, quick: None, worktree: Worktree, until: Any
) -> None:
    """Its folder was removed and another process was quicker: the project is then shown as served by that one."""
    root = worktree("a")
    lock = FileLock(running.layout.owner_lock(project_id(str(root))))
    async with running.up():
        await running.ask("add", path=str(root))
        await until((root / "AGENTS.md").exists)
        lock.path.unlink()
        assert lock.try_acquire()
        await until(lambda: _failure_codes(running) == ["served_elsewhere"])
        (root / "CLAUDE.md").write_bytes(b"changed by hand")
        [report] = (await running.ask("sync"))["projects"]
        assert report["failures"][0]["code"] == "served_elsewhere"
        assert (root / "AGENTS.md").read_bytes() != b"changed by hand"
    lock.release()


def _failure_codes(running: Any) -> list[str]:
    projects = json.loads(running.supervisor.board.status())["projects"]
    return [failure["code"] for project in projects for failure in project["failures"]]
