"""Runs of `harnesssync` in which file system calls fail, or are the last: in tens of milliseconds each.

`inject.c` is compiled when it is first needed and preloaded into a server (this file, run as a program), which
imports everything that the product needs, and then forks for each run. The child arms the library and calls the
product as its command would. So a run costs a fork, no start of Python.

Linux with a C compiler; `missing()` says what a machine lacks.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, final

SOURCE = Path(__file__).with_name("inject.c")
REPOSITORY = Path(__file__).parents[2]
LONGEST_RUN_S = 30
"""A run that takes longer is ended by an alarm: it hangs."""


class Action(enum.IntEnum):
    """What happens at a call. `CUT` shuts down the file system as a power cut would, and kills the process."""

    COUNT = 0
    KILL = 1
    FAIL = 2
    SHORTEN = 3
    STOP = 4
    CUT = 5


CHANGES, LOOKS = 1, 2
"""Calls that change something (made, written, renamed, synced …), and those that read, look, lock or close."""

FOR_EVER = -1

_STOPPED = {"stopped": True}
"""What the server says when a run waits at a stop."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is to happen at the call number `at` (from 1) below `prefix`; by default nothing is but counted.

    `times` calls from that one on are hit. `after`: when the call is done, not before. `error` is the error number
    for FAIL. `without_links`: symbolic links are refused throughout, as on file systems that have none.
    """

    prefix: str = "/nowhere"
    at: int = 0
    action: Action = Action.COUNT
    error: int = 0
    times: int = 1
    after: bool = False
    classes: int = CHANGES
    without_links: bool = False
    device: str = ""
    log: bool = False


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a run ended: `code` is the exit code, or minus the number of the signal that ended it.

    `seen` calls were counted and `acted` hit; `what` and `where` are the first call hit and its path. `calls` has a
    line for each call counted, if a log was wanted.
    """

    code: int
    out: str
    err: str
    seen: int
    acted: int
    what: str
    where: str
    calls: tuple[str, ...] = ()


class Plan(ctypes.Structure):
    """`struct plan` of inject.c."""

    _fields_ = (
        ("at", ctypes.c_long),
        ("times", ctypes.c_long),
        ("action", ctypes.c_int),
        ("error", ctypes.c_int),
        ("after", ctypes.c_int),
        ("classes", ctypes.c_int),
        ("without_links", ctypes.c_int),
        ("log", ctypes.c_int),
        ("device", ctypes.c_int),
        ("armed", ctypes.c_int),
        ("seen", ctypes.c_long),
        ("acted", ctypes.c_long),
        ("prefix", ctypes.c_char * 4096),
        ("what", ctypes.c_char * 64),
        ("where", ctypes.c_char * 4096),
    )


def missing() -> str | None:
    """What this machine lacks for faults to be injected; None if it has all."""
    if sys.platform != "linux":
        return "faults are injected on Linux alone"
    return None if _compiler() else "a C compiler (cc) is not installed"


def library() -> Path:
    """The compiled library, made once for each version of its source."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    file = REPOSITORY / ".cache" / "reliability" / f"inject-{digest}.so"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = file.with_name(f"{file.name}.{os.getpid()}")
        command = [_compiler() or "cc", "-shared", "-fPIC", "-O1", "-w", "-o", str(made), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        made.replace(file)
    return file


def _compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc")


@final
class Runner:
    """A server of runs, and the way to ask it. One run at a time; to be used in a `with`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={
                **os.environ,
                "LD_PRELOAD": str(library()),
                "PYTHONPATH": os.pathsep.join(str(REPOSITORY / root) for root in ("orchestrator", "adapters")),
                "PYTHONDONTWRITEBYTECODE": "",
                "PYTHONHASHSEED": "0",  # what goes through a set goes in the same order the next time
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """The process that forks for each run."""
        return self._process.pid

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        fault: Fault | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> Ran:
        """Run `harnesssync` with these arguments and this environment, which is all of it.

        `meanwhile` is called whenever the run is stopped; then the run goes on.
        """
        fault = fault or Fault()
        request = {"arguments": list(arguments), "cwd": str(cwd), "environ": dict(environ), "fault": vars(fault)}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        while (answer := json.loads(self._process.stdout.readline())) == _STOPPED:
            if meanwhile is not None:
                meanwhile()
            self._process.stdin.write("go on\n")
            self._process.stdin.flush()
        return Ran(**{**answer, "calls": tuple(answer["calls"])})


# --- the server


def serve() -> None:
    """Answer requests, one a line, until there are no more."""
    shared = ctypes.CDLL(os.environ.pop("LD_PRELOAD"))
    shared.inject_plan.restype = ctypes.POINTER(Plan)
    plan = shared.inject_plan().contents
    with tempfile.TemporaryDirectory(prefix="harnesssync-runs-") as folder:
        _import_all(Path(folder))
        for line in sys.stdin:
            answer = _answer(json.loads(line), plan, shared, Path(folder))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _import_all(folder: Path) -> None:
    """Import what a run imports, as a first run in a child tells: most is imported only where it is used."""
    listing = folder / "modules"
    child = os.fork()
    if child == 0:
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
            os.environ["HOME"] = str(folder / "home")
            project = folder / "project"
            (project / ".claude").mkdir(parents=True)
            (project / ".mcp.json").write_text('{"mcpServers": {"one": {"command": "one"}}}')
            (project / "CLAUDE.md").write_text("# Rules\n")
            subprocess.run(["git", "init", "-q", str(project)], check=False)
            os.chdir(project)
            targets = [f"--target={name}" for name in ("codex", "gemini", "opencode")]
            for arguments in (["ctl", "add", ".", *targets], ["sync", "--json"], ["sync"], ["ctl", "remove", "."]):
                _call(arguments)
        listing.write_text("\n".join(name for name in sys.modules if name.partition(".")[0] != "__main__"))
        os._exit(0)
    os.waitpid(child, 0)
    for name in listing.read_text().splitlines():
        with contextlib.suppress(ImportError):
            __import__(name)


def _answer(request: dict[str, Any], plan: Plan, shared: ctypes.CDLL, folder: Path) -> dict[str, Any]:
    fault = Fault(**request["fault"])
    outputs = [folder / name for name in ("out", "err", "calls")]
    out, err, calls = (os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600) for path in outputs)
    device = os.open(fault.device, os.O_RDONLY) if fault.device else -1
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.dup2(out, 1)
            os.dup2(err, 2)
            signal.alarm(LONGEST_RUN_S)
            os.chdir(request["cwd"])
            os.environ.clear()
            os.environ.update(request["environ"])
            _arm(plan, fault, log=calls if fault.log else -1, device=device)
            shared.inject_arm()
            code = _call(request["arguments"])
            plan.armed = 0
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    status = _wait(child)
    plan.armed = 0
    for descriptor in (out, err, calls, *((device,) if fault.device else ())):
        os.close(descriptor)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": outputs[0].read_text("utf-8", "replace"),
        "err": outputs[1].read_text("utf-8", "replace"),
        "calls": outputs[2].read_text("utf-8", "replace").splitlines() if fault.log else [],
        "seen": plan.seen,
        "acted": plan.acted,
        "what": plan.what.decode(),
        "where": plan.where.decode("utf-8", "replace"),
    }


def _wait(child: int) -> int:
    """Wait for the end of a child; tell each time that it is stopped, and let it go on when told so."""
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return status
        sys.stdout.write(json.dumps(_STOPPED) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()
        os.kill(child, signal.SIGCONT)


def _arm(plan: Plan, fault: Fault, *, log: int, device: int) -> None:
    plan.prefix = os.fsencode(fault.prefix)
    plan.at, plan.times = fault.at, fault.times
    plan.action, plan.error, plan.after = int(fault.action), fault.error, int(fault.after)
    plan.classes, plan.without_links = fault.classes, int(fault.without_links)
    plan.log, plan.device = log, device


def _call(arguments: Sequence[str]) -> int:
    from harnesssync_orchestrator.cli import run

    try:
        return run("harnesssync", list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


if __name__ == "__main__":
    serve()
