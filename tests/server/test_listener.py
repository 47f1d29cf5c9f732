"""Sockets that only their user can reach, and a server that no peer can bring down or hold up."""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import stat
import sys
import threading
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.errors import AlreadyRunningError, SocketError
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.server import binding
from harnesssync_orchestrator.server.connections import Bounds, Connections, Doing
from harnesssync_orchestrator.server.dispatch import AT_ONCE, FOLLOWERS

pytestmark = pytest.mark.anyio


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
STATUS = PING.replace(b"ping", b"status")


async def test_the_socket_is_reachable_for_its_user_alone(running: Any) -> None:
    """0600 in a folder 0700, whatever the mask of the process."""
    mask = os.umask(0)
    try:
        async with running.up():
            path = running.layout.control_socket
            assert stat.S_IMODE(path.lstat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
            assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []
    finally:
        os.umask(mask)


def test_the_socket_appears_with_its_final_mode(short: Path) -> None:
    """Somebody who looks all the time never sees it with another: there is no moment to slip in."""
    path = short / "s.sock"
    modes: set[int] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            with suppress(FileNotFoundError):
                modes.add(stat.S_IMODE(path.lstat().st_mode))

    watcher = threading.Thread(target=look)
    mask = os.umask(0)
    try:
        watcher.start()
        for _ in range(50):
            with binding.bind(path):
                path.unlink()
    finally:
        os.umask(mask)
        done.set()
        watcher.join()
    assert modes <= {0o600}


def test_peercred_tells_the_user_of_the_other_end() -> None:
    """The kernel says it, not the peer."""
    here, there = socket.socketpair()
    with here, there:
        assert binding.peer(here) == (os.getpid(), os.getuid())


async def test_peercred_another_users_process_is_not_heard(running: Any, readable_log: Any) -> None:
    """The connection is closed without an answer, and the log says who it was."""
    async with running.up(allowed_uid=os.getuid() + 1), running.client() as client:
        with suppress(anyio.BrokenResourceError):
            await client.send(PING)
        assert await client.is_closed()
    assert readable_log.named("connection.refused")[0]["uid"] == os.getuid()


def test_an_ordinary_file_in_the_way_is_refused_and_kept(short: Path) -> None:
    """A socket's path may be given by hand, and wrong."""
    path = short / "notes.txt"
    path.write_bytes(b"precious")
    with pytest.raises(SocketError) as caught:
        binding.bind(path)
    assert caught.value.code == "socket_path_taken"
    assert path.read_bytes() == b"precious"
    assert list(short.iterdir()) == [path]


def test_a_link_in_the_way_is_refused_and_kept(short: Path) -> None:
    """Also one that leads nowhere, or to a socket."""
    (short / "s.sock").symlink_to(short / "nowhere")
    with pytest.raises(SocketError):
        binding.bind(short / "s.sock")
    assert (short / "s.sock").is_symlink()
    assert not (short / "nowhere").exists()


def test_stale_socket_of_a_dead_process_is_replaced(short: Path) -> None:
    """Its file stays after `kill -9`; nobody answers on it."""
    path = short / "s.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with binding.bind(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_stale_socket_or_not_one_that_is_listened_on_is_kept(short: Path) -> None:
    """Its process may be slow, which is not death: it does not even accept here."""
    path = short / "s.sock"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen(0)
        inode = path.lstat().st_ino
        for _ in range(3):
            with pytest.raises(AlreadyRunningError):
                binding.bind(path)
        assert path.lstat().st_ino == inode


def test_a_folder_that_others_may_write_to_is_refused(short: Path) -> None:
    """Anybody could put another socket there. The temporary folder is safe: its sticky bit forbids that."""
    open_folder = short / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    with pytest.raises(SocketError, match="other users can write"):
        binding.bind(open_folder / "s.sock")
    open_folder.chmod(0o1777)
    binding.bind(open_folder / "s.sock").close()


def test_the_longest_path_that_the_layout_allows_can_be_bound(short: Path) -> None:
    """The way over a temporary name takes no more room."""
    layout = Layout(root=short / ("d" * (107 - len(str(short)) - len("//orchestrator.sock"))))
    path = layout.control_socket
    assert path.parent == layout.root
    assert len(os.fsencode(path)) == 107
    binding.bind(path).close()


async def test_a_socket_that_somebody_replaced_is_not_removed(running: Any) -> None:
    """What is removed at the end is ours: the file that we made, not what has its name."""
    async with running.up():
        path = running.layout.control_socket
        path.unlink()
        path.write_bytes(b"somebody else's")
    assert path.read_bytes() == b"somebody else's"


async def test_server_close_clean_releases_sockets_locks_and_descriptors(
    running: Any, worktree: Any, until: Any
) -> None:
    """After a stop there is nothing left open, and a new supervisor can start at once, in the same process even."""
    before, root = None, worktree("a")
    for _ in range(3):
        async with running.up():
            await running.ask("add", path=str(root))
            await until(running.layout.socket_for(project_id(str(root))).exists)
            async with running.client() as client:
                await client.call("sync")
        assert list(running.layout.sockets_dir.iterdir()) == []
        assert not running.layout.control_socket.exists()
        # The thread of the watcher closes its descriptors a moment after it was told to.
        await until(lambda before=before: before is None or descriptors() <= before, "closing everything")
        before = descriptors()


async def test_protocol_fuzz_junk_gets_an_error_and_the_connection_goes_on(running: Any) -> None:
    """Each line of junk has one answer, and the request after it its own."""
    junk = {
        b"\xff\xfe\n": codes.PARSE_ERROR,
        b"hello\n": codes.PARSE_ERROR,
        b"[" * 100_000 + b"\n": codes.INVALID_REQUEST,
        b'{"id":[' + b"1," * 5_000 + b"1]}\n": codes.INVALID_REQUEST,
        b"[" * 1000 + b"\n": codes.PARSE_ERROR,
        b'{"jsonrpc":"2.0","id":1,"method":"' + b"[," * 50_000 + b'"}\n': codes.METHOD_NOT_FOUND,
        b'{"id":' + b"9" * 100_000 + b"}\n": codes.PARSE_ERROR,
        b'{"id":NaN}\n': codes.PARSE_ERROR,
        b"\0" * 1000 + b"\n": codes.PARSE_ERROR,
        b"[]\n": codes.INVALID_REQUEST,
        b"null\n": codes.INVALID_REQUEST,
        b"{}\n": codes.INVALID_REQUEST,
        b'{"jsonrpc":"2.0","id":{},"method":"ping"}\n': codes.INVALID_REQUEST,
        b'{"jsonrpc":"2.0","id":1,"method":5}\n': codes.INVALID_REQUEST,
        b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n': codes.INVALID_REQUEST,
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}\n': codes.INVALID_PARAMS,
        b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}\n': codes.METHOD_NOT_FOUND,
        b'{"jsonrpc":"2.0","id":1,"result":1}\n': codes.INVALID_REQUEST,
    }
    async with running.up(), running.client() as client:
        for line, code in junk.items():
            await client.send(line)
            assert (await client.line())["error"]["code"] == code, line[:60]
            await client.send(PING)
            assert (await client.line())["result"]["pong"] is True


async def test_protocol_fuzz_random_bytes_never_end_the_supervisor(running: Any, readable_log: Any) -> None:
    """Noise, cut and joined requests, in pieces of any size."""
    chance = random.Random(20260101)  # noqa: S311 - the same noise each time
    valid = [PING, b'{"jsonrpc":"2.0","id":2,"method":"status"}\n', b"\n", b'{"jsonrpc":"2.0"', b"}\n"]
    async with running.up():
        for _ in range(60):
            data = b"".join(
                chance.choice(valid) if chance.random() < 0.6 else chance.randbytes(chance.randrange(200))
                for _ in range(chance.randrange(1, 12))
            )
            async with running.client() as client:
                while data:
                    size = chance.randrange(1, 80)
                    await client.send(data[:size])
                    data = data[size:]
                await client.stream.send_eof()
                assert await client.is_closed()
        assert (await running.ask("ping"))["pong"] is True
    assert readable_log.named("request.failed") == []


async def test_protocol_fuzz_a_line_of_64_mib_is_not_kept(running: Any) -> None:
    """It is answered as soon as it is too long, and skipped; the next line is heard."""
    async with running.up(), running.client() as client:
        piece = b"x" * (1 << 20)
        for _ in range(64):
            await client.send(piece)
        await client.send(b"\n" + PING)
        assert (await client.line())["error"]["code"] == codes.LINE_TOO_LONG
        assert (await client.line())["result"]["pong"] is True


async def test_protocol_fuzz_half_a_line_is_closed_after_a_while(running: Any, until: Any) -> None:
    """A peer that sends a byte now and then takes a place for some seconds, not for ever."""
    async with running.up(bounds=Bounds(line_s=0.1)), running.client() as client:
        await client.send(b'{"jsonrpc"')
        assert await client.is_closed()
        await until(lambda: running.server.connections == 0)


async def test_protocol_fuzz_a_peer_that_trickles_gets_no_more_time(running: Any) -> None:
    """The time is for the line, not for the byte."""
    async with running.up(bounds=Bounds(line_s=0.2)), running.client() as client:
        with anyio.fail_after(10), suppress(anyio.BrokenResourceError):
            while True:
                await client.send(b"x")
                await anyio.sleep(0.02)


async def test_an_idle_connection_is_kept(running: Any) -> None:
    """A line that never began has no deadline of its own: clients may keep a connection for later."""
    async with running.up(bounds=Bounds(line_s=0.05)), running.client() as client:
        await client.call("ping")
        await anyio.sleep(0.15)
        assert (await client.call("ping"))["pong"] is True


async def test_a_line_has_its_time_from_its_own_beginning(running: Any, clock: Any, until: Any) -> None:
    """However long nothing was said before."""
    async with running.up(), running.client() as client:
        await client.call("ping")
        clock.turn(Bounds().line_s + 1)
        await client.send(PING[:20])
        await until(lambda: {connection.heard for connection in running.server._connections._open} == {20})
        await client.send(PING[20:])
        assert (await client.line())["result"]["pong"] is True
        clock.turn(Bounds().line_s + 1)
        await client.send(PING + PING[:20])
        assert (await client.line())["result"]["pong"] is True
        await client.send(PING[20:])
        assert (await client.line())["result"]["pong"] is True


async def test_a_line_loses_no_time_while_what_was_asked_before_it_is_answered(
    running: Any, clock: Any, until: Any, worktree: Any
) -> None:
    """Half of it came together with that."""
    async with running.up(), running.client() as client:
        await running.ask("add", path=str(worktree("a")))
        await until(lambda: running.sync.synced)
        running.sync.gate = anyio.Event()
        await client.send(PING[:20])
        await until(lambda: {connection.heard for connection in running.server._connections._open} == {20})
        await client.send(PING[20:] + b'{"jsonrpc":"2.0","id":2,"method":"sync"}\n' + PING[:20])
        await until(lambda: running.server._answer._work.taken)
        clock.turn(Bounds().line_s + 1)
        running.sync.gate.set()
        assert [(await client.line())["id"] for _ in range(2)] == [1, 2]
        await client.send(PING[20:])
        assert (await client.line())["result"]["pong"] is True


async def test_half_a_line_is_closed_when_its_time_is_over(running: Any, clock: Any, until: Any) -> None:
    """Also when its last piece has just come, and whatever lines came before it."""
    async with running.up(bounds=Bounds(line_s=600)), running.client() as client:
        await client.send(PING + PING[:10])
        assert (await client.line())["result"]["pong"] is True
        clock.turn(599)
        await client.send(PING[10:20])
        await until(lambda: {connection.heard for connection in running.server._connections._open} == {20})
        clock.turn(1)
        assert await client.is_closed()


async def test_a_peer_that_never_reads_holds_up_nobody(running: Any, until: Any, readable_log: Any) -> None:
    """Its answers fill the socket; then it is closed, and others are answered all the while."""
    async with running.up(bounds=Bounds(write_s=0.3)), running.client() as deaf:

        async def talk() -> None:
            try:
                while True:
                    await deaf.send(PING * 1000)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk)
            while not readable_log.named("connection.expired"):
                with anyio.fail_after(5):
                    assert (await running.ask("ping"))["pong"] is True
    assert "not read" in readable_log.named("connection.expired")[0]["what"]


async def test_too_many_connections_push_out_the_longest_idle_one(running: Any) -> None:
    """Whoever has just been answered stays, and there is always room for one who asks."""
    async with running.up(bounds=Bounds(connections=8)), AsyncExitStack() as stack:
        clients = []
        for _ in range(8):
            client = await stack.enter_async_context(running.client())
            await client.call("ping")
            clients.append(client)
        await clients[0].call("ping")
        async with running.client() as late:
            assert (await late.call("ping"))["pong"] is True
            assert (await clients[0].call("ping"))["pong"] is True
            assert await clients[1].is_closed()


async def test_a_flood_of_connections_that_say_nothing_keeps_nobody_out(running: Any) -> None:
    """Three hundred of them, and a client is answered at once."""
    async with running.up():
        silent = []
        for _ in range(300):
            peer = socket.socket(socket.AF_UNIX)
            peer.setblocking(False)
            while peer.connect_ex(str(running.layout.control_socket)):  # noqa: ASYNC110 - a socket has no event
                await anyio.sleep(0.001)  # the queue is full: the server has its turn first
            silent.append(peer)
        with anyio.fail_after(2):
            assert (await running.ask("ping"))["pong"] is True
        assert running.server.connections <= 64
        for peer in silent:
            peer.close()


async def test_running_out_of_descriptors_only_delays(running: Any, readable_log: Any, until: Any) -> None:
    """A connection that can't be accepted waits, and is answered when there is room again."""
    async with running.up():
        await running.ask("ping")
        with socket.socket(socket.AF_UNIX) as peer:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            try:
                peer.connect(str(running.layout.control_socket))
                peer.sendall(PING)
                await until(lambda: readable_log.named("listener.starved"))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            answer = await anyio.to_thread.run_sync(peer.recv, 1000)
    assert b"pong" in answer
    assert "open files" in readable_log.named("listener.starved")[0]["message"]


async def test_a_fault_of_ours_is_told_without_its_details(running: Any, readable_log: Any) -> None:
    """The log has the traceback; the peer learns that there was one, and goes on."""
    async with running.up(), running.client() as client:
        running.supervisor.board.status = None
        error = await client.call("status")
        assert error["code"] == codes.INTERNAL_ERROR
        assert (await client.call("ping"))["pong"] is True
    [line] = readable_log.named("request.failed")
    assert line["method"] == "status"
    assert "TypeError" in line["exception"]


async def test_notifications_get_no_answer(running: Any) -> None:
    """JSON-RPC: what has no id is not answered, not even with an error."""
    async with running.up(), running.client() as client:
        await client.send(b'{"jsonrpc":"2.0","method":"ping"}\n{"jsonrpc":"2.0","method":"nothing"}\n' + PING)
        assert (await client.line())["id"] == 1


async def test_requests_on_one_connection_are_answered_in_order(running: Any) -> None:
    """Many may be sent before the first answer is read."""
    async with running.up(), running.client() as client:
        lines = [{"jsonrpc": "2.0", "id": number, "method": "ping"} for number in range(500)]
        await client.send(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        assert [(await client.line())["id"] for _ in range(500)] == list(range(500))


async def test_whoever_asks_much_at_once_lets_others_ask_in_between(running: Any) -> None:
    """Also when all of it came in one piece."""
    async with running.up(), running.client() as much, running.client() as little:
        await much.call("ping")
        await little.call("ping")
        answered = []
        answer = running.server._answer

        async def noting(request: Any, scope: str | None) -> bytes:
            answered.append(request.id)
            return await answer(request, scope)

        running.server._answer = noting
        await much.send(PING * 300)
        await little.send(PING.replace(b"1,", b"2,"))
        assert (await little.line())["id"] == 2
        assert [(await much.line())["id"] for _ in range(300)] == [1] * 300
    assert answered.index(2) < 300


async def test_what_was_asked_at_once_is_answered_though_others_want_its_place(running: Any) -> None:
    """Between two answers it is being worked on as well."""
    async with running.up(bounds=Bounds(connections=1)), running.client() as client:
        await client.send(PING * 200)
        await client.line()
        async with running.client() as other:
            for _ in range(199):
                assert (await client.line())["result"]["pong"] is True
            assert await other.is_closed()


async def test_a_process_that_asks_much_on_all_connections_keeps_no_other_one_out(readable_log: Any) -> None:
    """Another one has the first place that is free, and keeps it when more of the first come."""
    much, little = 1, 2
    connections = Connections(Bounds(connections=3), readable_log.log)
    first, *more = [await connections.admit(much) for _ in range(3)]
    assert first is not None
    for connection in (first, *more):
        connection.does(Doing.WORKING)
    assert await connections.admit(much) is None
    others: list[Any] = []

    async def come() -> None:
        others.append(await connections.admit(little))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await anyio.lowlevel.checkpoint()
        assert others == []
        first.does(Doing.LISTENING)
        connections.noted()
    assert first.scope.cancel_called
    assert await connections.admit(much) is None
    assert [other.scope.cancel_called for other in others] == [False]


async def test_an_answer_that_does_not_fit_into_the_socket_arrives_whole(running: Any) -> None:
    """What is asked meanwhile is answered after it."""
    async with running.up(), running.client() as client:
        report = _long_report("/")
        path = report.path
        running.supervisor.board.publish(report)
        await client.send(STATUS * 2)
        assert (await client.line())["result"]["projects"][0]["path"] == path
        await client.send(PING)
        assert (await client.line())["result"]["projects"][0]["path"] == path
        assert (await client.line())["result"]["pong"] is True


async def test_a_connection_on_which_nothing_is_said_is_closed_after_a_while(running: Any, until: Any) -> None:
    """It takes a place, if only a small one."""
    async with running.up(bounds=Bounds(idle_s=0.1)), running.client() as client:
        assert await client.is_closed()
        await until(lambda: running.server.connections == 0)


async def test_protocol_fuzz_a_line_that_never_ends_is_closed_after_a_while(running: Any) -> None:
    """Also when it is too long already, and nothing of it is kept."""
    async with running.up(bounds=Bounds(line_s=0.3)), running.client() as client:
        with anyio.fail_after(10), suppress(anyio.BrokenResourceError):
            while True:
                await client.send(b"x" * 10_000)
                await anyio.lowlevel.checkpoint()


FLOOD = """
import socket, sys
mine = []
for _ in range(int(sys.argv[2])):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(sys.argv[1])
    mine.append(peer)
print("flooded", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform not in {"linux", "darwin"}, reason="the system does not tell who connects")
async def test_whoever_floods_pushes_out_itself(running: Any, until: Any) -> None:
    """A client that has said nothing for long keeps its connection when another process opens hundreds."""
    async with running.up(bounds=Bounds(connections=8)), running.client() as quiet:
        await quiet.call("ping")
        command = [sys.executable, "-c", FLOOD, str(running.layout.control_socket), "100"]
        flood = await anyio.open_process(command)
        try:
            assert flood.stdout is not None
            with anyio.fail_after(20):
                assert await flood.stdout.receive() == b"flooded\n"
            await until(lambda: running.server.connections == 8)
            assert (await quiet.call("ping"))["pong"] is True
        finally:
            flood.kill()
            await flood.aclose()


async def test_half_lines_take_little_room_together(running: Any, until: Any) -> None:
    """Those that hold most make room; one that asks something short is heard all the same."""
    async with running.up(bounds=Bounds(heard_bytes=100_000)), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(running.client()) for _ in range(10)]
        for client in clients:
            with suppress(anyio.BrokenResourceError):
                await client.send(b"[" + b" " * 30_000)
        await until(lambda: running.server.connections <= 3)
        assert (await running.ask("ping"))["pong"] is True


async def test_answers_that_nobody_takes_take_little_room_together(running: Any, until: Any) -> None:
    """Of many who ask for much and read nothing, those go who have read nothing for longest."""
    async with running.up(bounds=Bounds(told_bytes=3 << 20)), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(running.client()) for _ in range(10)]
        for number, client in enumerate(clients):
            running.supervisor.board.publish(_long_report(f"/{number}"))
            await client.send(STATUS)
            await anyio.wait_readable(client.stream.extra(anyio.abc.SocketAttribute.raw_socket))
        await until(lambda: running.server.connections <= 3)
        assert (await running.ask("ping"))["pong"] is True
        assert (await clients[-1].line())["result"]["projects"][0]["path"] == _long_report("/9").path
        assert await clients[0].is_closed()


async def test_an_answer_that_many_are_slow_to_take_counts_once(running: Any, until: Any) -> None:
    """As it is in memory once. Who holds another one alone has to go first when they are too much together."""
    async with running.up(bounds=Bounds(told_bytes=2 << 20)), AsyncExitStack() as stack:
        running.supervisor.board.publish(_long_report("/shared"))
        clients = [await stack.enter_async_context(running.client()) for _ in range(30)]
        for client in clients:
            await client.send(STATUS)
            await anyio.wait_readable(client.stream.extra(anyio.abc.SocketAttribute.raw_socket))
        assert running.server.connections == 30
        for number in range(3):
            running.supervisor.board.publish(_long_report(f"/{number}"))
            alone = await stack.enter_async_context(running.client())
            await alone.send(STATUS)
            await anyio.wait_readable(alone.stream.extra(anyio.abc.SocketAttribute.raw_socket))
        await until(lambda: running.server.connections == 31)
        for client in clients:
            assert (await client.line())["result"]["projects"][0]["path"] == _long_report("/shared").path


def _long_report(begin: str) -> Report:
    """So long that an answer with it does not fit into a socket."""
    path = begin + "/a" * 400_000
    return Report(project_id="a", path=path, scope="project", state=State.IN_STEP, targets=())


async def test_work_never_takes_all_connections(running: Any, worktree: Any, until: Any) -> None:
    """More requests than may be worked on at once are refused at once; how things stand is always told."""
    root = worktree("a")
    async with running.up(), AsyncExitStack() as stack:
        await running.ask("add", path=str(root))
        running.sync.gate = anyio.Event()
        for _ in range(AT_ONCE):
            client = await stack.enter_async_context(running.client())
            await client.send(b'{"jsonrpc":"2.0","id":1,"method":"sync"}\n')
        dispatcher = running.server._answer
        await until(lambda: dispatcher._work.taken == AT_ONCE)
        assert (await running.ask("sync"))["code"] == codes.BUSY
        assert (await running.ask("status"))["projects"][0]["path"] == str(root)
        running.sync.gate.set()
        await until(lambda: dispatcher._work.taken == 0)
        running.sync.gate = None
        assert (await running.ask("sync"))["projects"][0]["state"] == "in step"


async def test_whoever_waits_for_news_takes_no_place_from_work(running: Any, worktree: Any, until: Any) -> None:
    """Of those who wait there are only so many as well."""
    root = worktree("a")
    async with running.up(), AsyncExitStack() as stack:
        await running.ask("add", path=str(root))
        revision = (await running.ask("status"))["revision"] + 1000
        for _ in range(FOLLOWERS):
            client = await stack.enter_async_context(running.client())
            await client.send(b'{"jsonrpc":"2.0","id":1,"method":"status","params":{"after":%d}}\n' % revision)
        dispatcher = running.server._answer
        await until(lambda: dispatcher._following.taken == FOLLOWERS)
        assert dispatcher._work.taken == 0
        assert (await running.ask("status", after=revision))["code"] == codes.BUSY
        assert (await running.ask("sync"))["projects"][0]["state"] == "in step"
    assert AT_ONCE + FOLLOWERS < Bounds().connections


async def test_a_socket_that_somebody_removed_is_made_again(running: Any, readable_log: Any) -> None:
    """Nobody could reach the supervisor otherwise, nor start another. Those who are connected notice nothing."""
    async with running.up(), running.client() as client:
        path = running.layout.control_socket
        path.unlink()
        await running.server.mend()
        assert (await running.ask("ping"))["pong"] is True
        assert (await client.call("ping"))["pong"] is True
        await running.server.mend()
    assert len(readable_log.named("listener.mended")) == 1
    assert not path.exists()


async def test_what_stands_in_a_removed_sockets_place_is_left_alone(running: Any, readable_log: Any) -> None:
    """It is said once."""
    async with running.up():
        path = running.layout.control_socket
        path.unlink()
        path.write_bytes(b"precious")
        await running.server.mend()
        await running.server.mend()
        path.rename(path.with_name("kept"))
        await running.server.mend()
        assert (await running.ask("ping"))["pong"] is True
    assert [line["code"] for line in readable_log.named("listener.failed")] == ["socket_path_taken"]
    assert path.with_name("kept").read_bytes() == b"precious"


async def test_a_long_name_of_a_method_costs_little(running: Any) -> None:
    """The error names what is near by its beginning alone."""
    async with running.up():
        error = await running.ask("status" + "x" * 200_000)
        assert error["code"] == codes.METHOD_NOT_FOUND
        assert len(error["message"]) < 200


@pytest.mark.parametrize("path", ["/\ud800", "/a\0b", "/" + "a/" * 5000, "relative"])
@pytest.mark.parametrize("method", ["add", "remove", "status", "sync"])
async def test_a_path_that_can_not_be_is_the_askers_mistake(
    running: Any, readable_log: Any, method: str, path: str
) -> None:
    """No fault of ours is logged for it."""
    async with running.up():
        params = {"status": {"project": path}, "sync": {"projects": [path]}}.get(method, {"path": path})
        error = await running.ask(method, **params)
        assert error.get("removed") is False or error["code"] in {codes.INVALID_PARAMS, codes.UNKNOWN_PROJECT}
    assert readable_log.named("request.failed") == []


async def test_what_the_system_refuses_is_told_to_the_peer(running: Any, readable_log: Any) -> None:
    """A name may be too long for the file system, though not for a path."""
    async with running.up():
        error = await running.ask("add", path="/" + "a" * 300)
        assert error["data"]["code"] == "os_error"
    assert "too long" in readable_log.named("request.refused")[0]["message"]
    assert readable_log.named("request.failed") == []
