"""Supervisors as processes of their own, and what the system says of them: for the sweeps that abuse and load one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, final

from tests.reliability.world import PYTHON_PATH

RESULTS = Path(__file__).parents[2] / ".cache" / "reliability"
START_S = 30.0


def environment(home: Path) -> dict[str, str]:
    """All that a process of ours gets to see of the machine."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHON_PATH,
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
    }


def eventually(condition: Callable[[], object], within: float = 10.0, what: str = "") -> None:
    """Wait until something is true. Raises AssertionError after `within` seconds."""
    ends = time.monotonic() + within
    while not condition():
        assert time.monotonic() < ends, f"it did not come about within {within:g} s: {what}"
        time.sleep(0.005)


def write_result(sweep: str, figures: Mapping[str, Any]) -> None:
    """Keep the figures of one run of a sweep."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**figures, "date": time.strftime("%Y-%m-%d", time.gmtime())}, indent=2)
    (RESULTS / f"{sweep}.json").write_text(text + "\n")


def connect(client: socket.socket, at: Path | str, timeout: float) -> None:
    """Connect, within `timeout` seconds in all: while the queue is full, one with a time limit is refused."""
    client.settimeout(timeout)
    ends = time.monotonic() + timeout
    while True:
        try:
            client.connect(str(at))
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise
            time.sleep(0.001)
        else:
            return


def ask(at: Path | str, method: str, /, *, timeout: float = 10.0, **params: Any) -> Any:
    """The answer of a supervisor's socket: the result, or the error. Raises OSError, and ValueError for junk."""
    with socket.socket(socket.AF_UNIX) as client:
        connect(client, at, timeout)
        client.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
        with client.makefile("rb") as answers:
            answer = json.loads(answers.readline())
    return answer.get("result", answer.get("error"))


@final
class Daemon:
    """A supervisor for a home, ready when the `with` is entered, and gone after it."""

    def __init__(self, home: Path, log: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.socket = home / ".harnesssync" / "orchestrator.sock"
        self._log = log
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "harnesssync_orchestrator", "serve", "--log-format", "json", *arguments],
                env={**environment(home), **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )

    def __enter__(self) -> Daemon:
        try:
            eventually(lambda: self.has_started or self.process.poll() is not None, START_S, "the supervisor starts")
            assert self.process.poll() is None, self._log.read_text()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def has_started(self) -> bool:
        return b'"supervisor.started"' in self._log.read_bytes()

    def log(self) -> list[str]:
        """The lines of its log."""
        return self._log.read_text().splitlines()

    def call(self, method: str, /, *, timeout: float = 10.0, **params: Any) -> Any:
        """Ask its control socket."""
        return ask(self.socket, method, timeout=timeout, **params)

    def stop(self) -> int:
        """End it in order; gives its exit code."""
        self.process.terminate()
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    # --- what the system says of it ---

    def resident(self) -> int:
        """Bytes of memory that are its own now."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208 - a count

    def processor_s(self) -> float:
        """Processor time so far, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
