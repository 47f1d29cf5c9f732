"""The sweep `socket`: everything that a peer can do wrong to a supervisor, one kind after the other.

    PYTHONPATH=. python tests/reliability/sockets.py [--abuse NAME…] [--seed N] [--rounds N]

Each kind of abuse is a process of its own. While it goes on, this one asks for `ping` and `status` over new connections
all the time. After each: the supervisor lives, has answered others within a second, has logged no fault of its own, has
its descriptors back, and has not grown by more than 16 MiB since the beginning.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.reliability import fuzzing
from tests.reliability.load import ground, make_projects
from tests.reliability.processes import Daemon, ask, connect, eventually, write_result

LONGEST_ANSWER_S = 1.0
MOST_GROWTH = 16 << 20
LONGEST_ABUSE_S = 60.0
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
STATUS = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n'
MIB = 1 << 20

ABUSES: dict[str, Callable[[Peer], None]] = {}


class Peer:
    """What a process that abuses has: the control socket, a project with its own socket, and dice."""

    def __init__(self, control: str, own: str, project: str, seed: int) -> None:
        self.control, self.own, self.project = control, own, project
        self.chance = random.Random(seed)  # noqa: S311 - the same again

    def connect(self, timeout: float = 5.0, at: str = "") -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connect(connection, at or self.control, timeout)
        return connection

    def many(self, count: int) -> list[socket.socket]:
        return [self.connect() for _ in range(count)]

    def say(self, *data: bytes, listen: bool = True) -> bytes:
        """Send, and give what comes back until the other side or we have had enough."""
        answer = b""
        with contextlib.suppress(OSError), self.connect() as connection:
            for each in data:
                connection.sendall(each)
            connection.shutdown(socket.SHUT_WR)
            while listen and (heard := connection.recv(65536)):
                answer = (answer + heard)[-65536:]
        return answer

    def request(self, method: str, **params: Any) -> bytes:
        return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"


def abuse(function: Callable[[Peer], None]) -> Callable[[Peer], None]:
    ABUSES[function.__name__] = function
    return function


# --- lines


@abuse
def a_line_of_200_mib(peer: Peer) -> None:
    peer.say(*[b"x" * MIB] * 200)


@abuse
def lines_that_are_just_too_long(peer: Peer) -> None:
    peer.say(*[b"x" * 300_000 + b"\n"] * 50)


@abuse
def half_lines_on_every_connection(peer: Peer) -> None:
    connections = peer.many(64)
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.sendall(b"[" + b" " * 250_000)
    peer.say(PING)


@abuse
def half_a_line_and_gone(peer: Peer) -> None:
    for _ in range(300):
        peer.say(PING[:20], listen=False)


@abuse
def a_byte_at_a_time(peer: Peer) -> None:
    connections = peer.many(64)
    for byte in PING[:12]:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.send(bytes([byte]))
        time.sleep(0.05)


@abuse
def tiny_lines(peer: Peer) -> None:
    peer.say(b"{}\n" * 65536)


@abuse
def blank_lines(peer: Peer) -> None:
    peer.say(*[b"\n" * MIB, b" \r\n" * 100_000, PING])


@abuse
def other_ends_of_lines(peer: Peer) -> None:
    peer.say(PING.replace(b"\n", b"\r\n"), PING.replace(b"\n", b"\r"), PING.replace(b"\n", b"\x0c"))


# --- JSON


@abuse
def deep_lists(peer: Peer) -> None:
    for depth in (100, 999, 1001, 5_000, 100_000, 250_000):
        peer.say(b"[" * depth + b"\n", b'{"id":' + b"[" * depth + b"]" * depth + b"}\n")


@abuse
def deep_objects(peer: Peer) -> None:
    for depth in (900, 10_000, 50_000):
        peer.say(b'{"a":' * depth + b"1" + b"}" * depth + b"\n")


@abuse
def wide_values(peer: Peer) -> None:
    wide = (
        b"[" + b"[]," * 80_000 + b"0]\n",
        b'{"params":[' + b"{}," * 80_000 + b"0]}\n",
        b"[" + b"1," * 120_000 + b"1]\n",
    )
    for _ in range(20):
        peer.say(*wide)


@abuse
def large_requests_that_wait(peer: Peer) -> None:
    junk = {f"junk{n}": [n] for n in range(900)} | {"text": "x" * 200_000}
    connections = peer.many(60)
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.sendall(peer.request("sync", projects=[peer.project], rehash=True, **junk))
    time.sleep(1)


@abuse
def long_numbers(peer: Peer) -> None:
    for digits in (4_000, 5_000, 200_000):
        peer.say(b'{"jsonrpc":"2.0","method":"ping","id":' + b"9" * digits + b"}\n", b"1e" + b"9" * digits + b"\n")


@abuse
def not_utf_8(peer: Peer) -> None:
    peer.say(
        b"\xff\xfe\n", PING.decode().encode("utf-16"), b"\xef\xbb\xbf" + PING, b'{"id":"\xc3"}\n', b"\xed\xa0\x80\n"
    )


@abuse
def not_json(peer: Peer) -> None:
    peer.say(b'{"id":NaN}\n{"a":1,"a":2}\n{"id":"\\ud800"}\nhello\nGET / HTTP/1.1\r\n\r\n{"id":Infinity}\n\'{}\'\n')


@abuse
def not_objects(peer: Peer) -> None:
    peer.say(b'[]\nnull\n1\n""\ntrue\n' * 1000)


@abuse
def batches(peer: Peer) -> None:
    peer.say(b"[" + b",".join([PING.strip()] * 900) + b"]\n")


@abuse
def noise(peer: Peer) -> None:
    for _ in range(20):
        peer.say(peer.chance.randbytes(50_000))


@abuse
def zeros(peer: Peer) -> None:
    peer.say(b"\0" * MIB, b"\n", b"\0" * 1000 + b"\n")


@abuse
def mutated_requests(peer: Peer) -> None:
    for _ in range(40):
        peer.say(b"".join(fuzzing.line(peer.chance) for _ in range(50)))


# --- requests


@abuse
def long_names_of_methods(peer: Peer) -> None:
    for name in ("status" + "x" * 200_000, "\x1b[2J\x07", "\u202estatus", "\ud800", "", "../../etc/passwd"):
        peer.say(peer.request(name))


@abuse
def wrong_parameters(peer: Peer) -> None:
    methods = (
        "status",
        "sync",
        "diff",
        "add",
        "remove",
        "list",
        "ping",
        "server.info",
        "trust",
        "pause",
        "resolve",
        "undo",
    )
    names = (
        "project",
        "projects",
        "targets",
        "path",
        "wait",
        "dry_run",
        "lock_timeout",
        "scope",
        "trusted",
        "addresses",
    )
    for method in methods:
        lines = [
            peer.request(method, **{name: value}) for name in names for value in fuzzing.STRANGE if value is not None
        ]
        peer.say(*lines)


@abuse
def strange_paths_to_add(peer: Peer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/fifo")
        os.symlink("loop", f"{folder}/loop")  # noqa: PTH211 - as a shell does
        for path in (
            "/nowhere",
            "/" + "a" * 5000,
            "/" + "a/" * 5000,
            "/\ud800",
            "/a\0b",
            "relative",
            "~",
            "/proc/self/fd",
            "/dev/null",
            f"{folder}/fifo",
            f"{folder}/loop",
            "/proc/self/mem",
            "//",
            "/" + "\x1b[31m",
        ):
            peer.say(peer.request("add", path=path), peer.request("remove", path=path))


@abuse
def very_many_names(peer: Peer) -> None:
    peer.say(peer.request("sync", projects=["x" * 40] * 3900), peer.request("sync", targets=["codex"] * 3900))
    peer.say(peer.request("status", project="/" + "x" * 250_000))


@abuse
def syncs_without_waiting(peer: Peer) -> None:
    lines = [peer.request("sync", wait=False, lock_timeout=n / 1000) for n in range(5000)]
    peer.say(*lines)


@abuse
def syncs_on_every_connection(peer: Peer) -> None:
    connections = peer.many(100)
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.sendall(peer.request("sync") * 3)
    time.sleep(0.5)


@abuse
def much_on_every_connection(peer: Peer) -> None:
    connections = peer.many(64)
    ends = time.monotonic() + 3
    while time.monotonic() < ends:
        for number, connection in enumerate(connections):
            connection.setblocking(False)
            try:
                connection.send(PING * 400)
                while connection.recv(1 << 20):
                    pass
            except BlockingIOError:
                pass
            except OSError:  # it had to make room
                connection.close()
                connections[number] = peer.connect()


@abuse
def notifications(peer: Peer) -> None:
    peer.say(b'{"jsonrpc":"2.0","method":"ping"}\n' * 10_000, b'{"jsonrpc":"2.0","method":"nothing"}\n' * 1000)


@abuse
def answers_to_nothing(peer: Peer) -> None:
    peer.say(b'{"jsonrpc":"2.0","id":1,"result":{}}\n' * 3000, b'{"jsonrpc":"2.0","id":1,"error":{}}\n' * 3000)


@abuse
def what_a_project_s_socket_does_not_do(peer: Peer) -> None:
    with peer.connect(at=peer.own) as connection, connection.makefile("rb") as answers:
        asked = [peer.request(method, path="/nowhere") for method in ("add", "remove", "list", "stop", "trust")]
        asked += [peer.request(method, projects=["/nowhere"]) for method in ("sync", "diff", "pause", "resume")]
        for line in (*asked, peer.request("status", project="/nowhere")):
            connection.sendall(line)
            assert "error" in json.loads(answers.readline()), line


# --- connections


@abuse
def idle_connections(peer: Peer) -> None:
    connections = peer.many(300)
    peer.say(PING)
    del connections


@abuse
def connections_come_and_go(peer: Peer) -> None:
    for _ in range(5000):
        peer.connect().close()


@abuse
def connections_from_eight_processes(peer: Peer) -> None:
    children = []
    for _ in range(8):
        if (child := os.fork()) == 0:
            with contextlib.suppress(OSError):
                for _ in range(500):
                    peer.connect().close()
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


@abuse
def nobody_reads_pongs(peer: Peer) -> None:
    connection = peer.connect(timeout=2)
    with contextlib.suppress(OSError):
        connection.sendall(PING * 50_000)


@abuse
def nobody_reads_statuses(peer: Peer) -> None:
    connections = peer.many(64)
    for connection in connections:
        connection.settimeout(0.05)
        with contextlib.suppress(OSError):
            connection.sendall(STATUS * 400)
    time.sleep(1)


@abuse
def answers_are_not_waited_for(peer: Peer) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError):
            peer.say(STATUS * 3, listen=False)


@abuse
def everything_is_asked_before_anything_is_read(peer: Peer) -> None:
    with peer.connect(timeout=20) as connection:
        sender = threading.Thread(target=connection.sendall, args=(PING * 10_000,))
        sender.start()
        with connection.makefile("rb") as answers:
            for _ in range(10_000):
                assert b"pong" in answers.readline()
        sender.join()


@abuse
def half_closed_connections(peer: Peer) -> None:
    for how in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
        for _ in range(100):
            with peer.connect() as connection, contextlib.suppress(OSError):
                connection.shutdown(how)
                connection.send(PING)


@abuse
def other_kinds_of_sockets(peer: Peer) -> None:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as connection, contextlib.suppress(OSError):
            connection.connect(peer.control)


@abuse
def descriptors_in_passing(peer: Peer) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    for _ in range(20):
        with peer.connect(timeout=1) as connection, contextlib.suppress(OSError):
            for _ in range(50):
                socket.send_fds(connection, [PING], [null] * 50)


@abuse
def out_of_band(peer: Peer) -> None:
    with peer.connect() as connection, contextlib.suppress(OSError):
        for _ in range(100):
            connection.send(PING[:5], socket.MSG_OOB)


@abuse
def killed_in_the_middle(peer: Peer) -> None:
    for _ in range(20):
        if (child := os.fork()) == 0:
            with contextlib.suppress(OSError):
                connections = peer.many(4)
                os.kill(os.getppid(), 0)
                while True:
                    for connection in connections:
                        connection.sendall(STATUS * 20)
        time.sleep(0.03)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@abuse
def stopped_with_answers_to_take(peer: Peer) -> None:
    if (child := os.fork()) == 0:
        connections = peer.many(64)
        for connection in connections:
            connection.settimeout(0.02)
            with contextlib.suppress(OSError):
                connection.sendall(STATUS * 200)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(child, os.WUNTRACED)
    time.sleep(1)
    peer.say(PING)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@abuse
def the_socket_is_removed(peer: Peer) -> None:
    os.unlink(peer.control)  # noqa: PTH108 - a path as it was given
    eventually(lambda: os.path.exists(peer.control), 5)  # noqa: PTH110 - see above


# --- the sweep


@dataclass(slots=True)
class Witness:
    """Asks all the time, over a new connection each, in a thread; keeps how long each answer took, in seconds."""

    control: Path
    waits: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def watching(self, *, removed: bool) -> Iterator[None]:
        """`removed` says that for a moment there is no socket to reach."""
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                for method in ("ping", "status"):
                    began = time.monotonic()
                    try:
                        ask(self.control, method)
                    except (OSError, ValueError) as error:
                        if not (removed and isinstance(error, FileNotFoundError)):
                            self.lost.append(f"{method}: {error!r}")
                    self.waits.append(time.monotonic() - began)
                done.wait(0.02)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@dataclass(slots=True)
class Found:
    """What one kind of abuse did: the longest wait of others, bytes of growth since the beginning, what was wrong."""

    longest_s: float
    growth: int
    took_s: float
    wrong: list[str] = field(default_factory=list)


def run(names: Sequence[str], *, seed: int = 1, projects: int = 40) -> dict[str, Found]:
    """Each kind of abuse, in this order, against one supervisor."""
    found: dict[str, Found] = {}
    with ground() as folder:
        home = folder / "home"
        home.mkdir()
        roots = make_projects(folder, projects)
        with Daemon(home, folder / "log") as daemon:
            ids = [daemon.call("add", path=str(root), targets=["codex", "gemini"])["id"] for root in roots]
            for _ in range(3):
                daemon.call("sync", timeout=120)
            own = home / ".harnesssync" / "sockets" / f"{ids[0]}.sock"
            eventually(own.exists)
            # What the first error, the first long line and the first crowd load or make is not counted as growth.
            for name in ("not_json", "idle_connections", "wrong_parameters"):
                _play(name, (str(daemon.socket), str(own), str(roots[0]), str(seed)))
            _at_rest(daemon)
            before = (daemon.resident(), daemon.descriptors())
            for name in names:
                found[name] = _one(daemon, name, (str(daemon.socket), str(own), str(roots[0]), str(seed)), before)
                if daemon.process.poll() is not None:
                    break
    return found


def _one(daemon: Daemon, name: str, arguments: Sequence[str], before: tuple[int, int]) -> Found:
    lines = len(daemon.log())
    witness = Witness(daemon.socket)
    began = time.monotonic()
    with witness.watching(removed=name == "the_socket_is_removed"):
        complaint = _play(name, arguments)
    took_s = time.monotonic() - began
    wrong = [f"the abuse itself failed: {complaint}"] if complaint else []
    wrong += [f"not answered: {lost}" for lost in witness.lost[:3]]
    if daemon.process.poll() is not None:
        return Found(0, 0, took_s, [*wrong, f"the supervisor ended with {daemon.process.returncode}"])
    _at_rest(daemon)
    longest_s = max(witness.waits)
    growth = daemon.resident() - before[0]
    if longest_s > LONGEST_ANSWER_S:
        wrong.append(f"an answer took {longest_s:.2f} s")
    if growth > MOST_GROWTH:
        wrong.append(f"it has grown by {growth / MIB:.1f} MiB")
    with contextlib.suppress(AssertionError):
        eventually(lambda: daemon.descriptors() <= before[1] + 4, 5)
    if daemon.descriptors() > before[1] + 4:
        wrong.append(f"it has {daemon.descriptors() - before[1]} descriptors more")
    for line in daemon.log()[lines:]:
        try:
            event = json.loads(line)
        except ValueError:
            wrong.append(f"the log has a line that is no JSON: {line[:200]}")
        else:
            if event["event"] in {"request.failed", "supervisor.callback.failed"} or "exception" in event:
                wrong.append(f"a fault of ours: {line[-1500:]}")
    return Found(longest_s, growth, took_s, wrong)


def _at_rest(daemon: Daemon) -> None:
    """Wait until it has nothing to do: what was asked for is being worked on even when nobody waits for it."""
    spent = -1.0
    ends = time.monotonic() + LONGEST_ABUSE_S
    while spent != (now := daemon.processor_s()) and time.monotonic() < ends and daemon.process.poll() is None:
        spent = now
        time.sleep(0.25)


def _play(name: str, arguments: Sequence[str]) -> str:
    """Do one kind of abuse in a process of its own; what it complains about."""
    command = [sys.executable, "-m", "tests.reliability.sockets", "--play", name, *arguments]
    where = Path(__file__).parents[2]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        done = subprocess.run(
            command, cwd=where, env=environ, capture_output=True, text=True, timeout=LONGEST_ABUSE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done within {LONGEST_ABUSE_S:g} s"
    return done.stderr[-1000:] if done.returncode else ""


def figures(found: Mapping[str, Found], fuzzed: int) -> dict[str, Any]:
    """What is kept of a sweep."""
    return {
        "sweep": "socket",
        "kinds": len(found),
        "wrong": {name: one.wrong for name, one in found.items() if one.wrong},
        "longest_answer_ms": round(1000 * max(one.longest_s for one in found.values())),
        "growth_mib": round(max(one.growth for one in found.values()) / MIB, 1),
        "fuzzed": fuzzed,
    }


def main() -> int:
    """Run it in full, or the kinds that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--abuse", action="append", choices=list(ABUSES), help="this kind alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=100_000, help="of the fuzzer of the parser")
    parser.add_argument("--play", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.play:
        name, control, own, project, seed = given.play
        ABUSES[name](Peer(control, own, project, int(seed)))
        return 0
    wrong = [] if given.abuse else fuzzing.check_parser(given.rounds, given.seed)
    for line in wrong[:10]:
        print(line)
    found = run(given.abuse or list(ABUSES), seed=given.seed)
    for name, one in found.items():
        told = (
            f"longest answer {one.longest_s * 1000:5.0f} ms, grown by {one.growth / MIB:5.1f} MiB, {one.took_s:4.1f} s"
        )
        print(f"{'ok   ' if not one.wrong else 'WRONG'} {name:44} {told}")
        for line in one.wrong:
            print(f"        {line}")
    known = figures(found, 0 if given.abuse else given.rounds)
    passed = not wrong and not known["wrong"] and len(found) == len(given.abuse or ABUSES)
    if not given.abuse:
        write_result("socket", {**known, "passed": passed})
    print(
        f"socket: {len(found)} kinds of abuse, {known['fuzzed']} fuzzed inputs, longest answer "
        f"{known['longest_answer_ms']} ms, growth {known['growth_mib']} MiB: {'passed' if passed else 'FAILED'}"
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
