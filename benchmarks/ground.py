"""Where measurements run: a folder of their own with an empty home, and the installed commands as children."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

TARGETS = ("codex", "gemini", "opencode")
COMMANDS = Path(sys.executable).parent


_WATCH = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
sys.exit(done.returncode)
"""
# A process of its own: the system counts the memory of who starts a program to the program's peak.


class Ran(NamedTuple):
    """A whole process: how long it took, and its peak memory."""

    seconds: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Ground:
    """`folder` is for projects, `home` is an empty home directory, `environ` leads everything there."""

    folder: Path
    home: Path
    environ: dict[str, str]

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run one of the installed commands and return what it prints. Raises on any exit code but 0."""
        command = [str(COMMANDS / arguments[0]), *arguments[1:]]
        done = subprocess.run(command, cwd=cwd, env=self.environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def measured(self, *command: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Ran:
        """Run a program, found on PATH or beside this Python, with some more in its environment. Raises on any exit
        code but 0."""
        program = COMMANDS / command[0]
        words = [str(program if program.exists() else command[0]), *map(str, command[1:])]
        done = subprocess.run(
            [sys.executable, "-c", _WATCH, *words],
            cwd=cwd,
            env={**self.environ, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)[:200]} ended with {done.returncode}: {done.stderr}")
        return Ran(*json.loads(done.stdout))

    def inside(self, script: str, *arguments: object) -> dict[str, Any]:
        """What a script beside this one prints, as JSON: it measures inside a process of its own."""
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)],
            env={**self.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{script} ended with {done.returncode}: {done.stderr}")
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures

    def add(self, project: Path) -> None:
        """Register a project for the three targets, and trust it."""
        targets = [word for target in TARGETS for word in ("--target", target)]
        self.run("harnesssync", "ctl", "add", str(project), *targets)

    @contextlib.contextmanager
    def supervisor(self) -> Iterator[subprocess.Popen[bytes]]:
        """A running supervisor, ready when this is entered and ended when it is left."""
        log = (self.folder / "supervisor.log").open("wb")
        child = subprocess.Popen([str(COMMANDS / "harnesssync-orchestrator"), "serve"], env=self.environ, stderr=log)
        try:
            while subprocess.run(
                [str(COMMANDS / "harnesssync"), "ctl", "ping"], env=self.environ, capture_output=True, check=False
            ).returncode:
                if child.poll() is not None:
                    raise RuntimeError(f"the supervisor ended with {child.returncode}: see {log.name}")
            yield child
        finally:
            child.terminate()
            child.wait(10)
            log.close()


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """A fresh ground. Compiled modules may be kept, as in an ordinary installation."""
    with tempfile.TemporaryDirectory(prefix="harnesssync-bench-") as name:
        folder = Path(name).resolve()
        home = folder / "home"
        home.mkdir()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("HARNESS", "CLAUDE", "CODEX_"))}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        environ = {**kept, "HOME": str(home), "GIT_CONFIG_GLOBAL": "/dev/null", "XDG_RUNTIME_DIR": str(folder)}
        yield Ground(folder, home, environ)
