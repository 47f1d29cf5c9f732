"""Real supervisors as processes, in a home of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.files.layout import Layout


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in half a minute"
        time.sleep(0.01)


class Daemon:
    """One process, and the file that its standard error goes to."""

    def __init__(self, log: Path, environ: dict[str, str], arguments: tuple[str, ...]) -> None:
        self._log = log
        with log.open("wb") as stderr:
            command = [sys.executable, "-m", "harnesssync_orchestrator", "serve", *arguments]
            self.process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=stderr)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        return self._log.read_text()

    def wait(self) -> int:
        return self.process.wait(10)


class Machine:
    """Starts real supervisors in a home of their own, and talks to them over their socket."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.layout = Layout(root=home / ".harnesssync")
        self.daemons: list[Daemon] = []

    def start(self, *arguments: str, **environ: str) -> Daemon:
        variables = {**os.environ, "HOME": str(self.home), "PYTHONPATH": os.pathsep.join(sys.path), **environ}
        daemon = Daemon(self.home / f"{len(self.daemons)}.log", variables, arguments)
        self.daemons.append(daemon)
        return daemon

    def serve(self, *arguments: str, **environ: str) -> Daemon:
        """Start one, and wait until it says that it has."""
        daemon = self.start(*arguments, **environ)
        eventually(lambda: '"supervisor.started"' in daemon.said or not daemon.is_alive)
        assert daemon.is_alive, daemon.said
        return daemon

    def call(self, method: str, at: Path | None = None, **params: Any) -> Any:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(at or self.layout.control_socket))
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            client.sendall(json.dumps(request).encode() + b"\n")
            with client.makefile("rb") as answers:
                return json.loads(answers.readline()).get("result")

    def end(self) -> None:
        for daemon in self.daemons:
            daemon.process.kill()
            daemon.wait()
