"""The supervisor as a process of its own: `harnesssync-orchestrator serve`, with signals, restarts and rivals."""

from __future__ import annotations

import json
import os
import platform
import pty
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.server.machine import Machine, eventually

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.files.layout import Layout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_graceful_shutdown_by_a_signal(machine: Machine, worktree: Any, number: signal.Signals) -> None:
    """Exit code 0 within five seconds; sockets and temporary files are gone, outputs are whole."""
    root = worktree("a")
    daemon = machine.serve()
    machine.call("add", path=str(root), targets=["codex"])
    [report] = machine.call("sync")["projects"]
    assert report["state"] == "in step"
    assert (root / "AGENTS.md").read_bytes() == b"rules of a"
    began = time.monotonic()
    daemon.process.send_signal(number)
    assert daemon.wait() == 0
    assert time.monotonic() - began < 5
    left = [path for path in machine.layout.root.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]
    assert left == []
    assert list(machine.layout.root.rglob("*.tmp")) == []


def test_of_many_started_at_once_one_wins(machine: Machine) -> None:
    """The others end with an error that says why; the winner answers."""
    daemons = [machine.start() for _ in range(8)]
    eventually(lambda: sum(daemon.is_alive for daemon in daemons) == 1)
    losers = [daemon for daemon in daemons if not daemon.is_alive]
    assert {daemon.wait() for daemon in losers} == {4}
    assert all("already running: process" in daemon.said for daemon in losers)
    [winner] = [daemon for daemon in daemons if daemon.is_alive]
    eventually(machine.layout.control_socket.exists)
    assert machine.call("ping")["pid"] == winner.process.pid


def test_stale_socket_after_kill_9_is_taken_over(machine: Machine, worktree: Any) -> None:
    """The file stays and nobody answers; the next one resumes the projects."""
    root = worktree("a")
    daemon = machine.serve()
    machine.call("add", path=str(root), targets=["codex"])
    daemon.process.kill()
    daemon.wait()
    assert stat.S_ISSOCK(machine.layout.control_socket.lstat().st_mode)
    with pytest.raises(ConnectionRefusedError):
        machine.call("ping")
    machine.serve()
    eventually(lambda: machine.call("status")["projects"][0]["state"] == "in step")
    assert (root / "AGENTS.md").exists()


def test_no_cross_writes_when_another_project_changes(machine: Machine, worktree: Any) -> None:
    """A change of one project's rules, agents and servers leaves another's files, ledger and caches as they are."""
    a, b = worktree("a"), worktree("b")
    machine.serve()
    for root in (a, b):
        machine.call("add", path=str(root), targets=["codex", "gemini", "opencode"])
    assert [report["state"] for report in machine.call("sync")["projects"]] == ["in step", "in step"]
    # What was just written is looked at again, and remembered, once its stamps are old enough to be believed.
    eventually(lambda: all(report["unchanged"] for report in machine.call("sync")["projects"]))
    folders = [b, machine.layout.project_dir(project_id(str(b)))]
    before = {path: signature(path) for folder in folders for path in (folder, *folder.rglob("*"))}
    (a / ".claude" / "agents").mkdir(parents=True)
    (a / ".claude" / "agents" / "reviewer.md").write_text("---\nname: reviewer\ndescription: R\n---\nReview.\n")
    (a / ".mcp.json").write_text('{"mcpServers": {"docs": {"type": "http", "url": "https://example.invalid"}}}')
    (a / "CLAUDE.md").write_text("other rules")
    eventually(
        lambda: (a / ".codex" / "agents" / "reviewer.toml").exists() and (a / ".opencode/opencode.json").exists()
    )
    machine.call("sync", projects=[str(a)])
    assert "example.invalid" in (a / ".codex" / "config.toml").read_text()
    assert {path: signature(path) for folder in folders for path in (folder, *folder.rglob("*"))} == before


def signature(path: Path) -> tuple[int, int, int, int]:
    """What changes with a file: inode, size and both times."""
    found = path.lstat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def test_an_ordinary_file_named_as_the_socket_is_refused(machine: Machine, short: Path) -> None:
    """By either name of the variable; the file is not deleted."""
    precious = short / "f"
    precious.write_bytes(b"precious")
    for name in ("HARNESS_SOCKET", "HARNESSSYNC_SOCKET"):
        daemon = machine.start(**{name: str(precious)})
        assert daemon.wait() == 4
        assert "not a socket" in daemon.said
        assert precious.read_bytes() == b"precious"


def test_the_socket_can_be_elsewhere(machine: Machine, short: Path) -> None:
    """An empty variable counts as unset; a given path is used as it is."""
    machine.serve(HARNESS_SOCKET=str(short / "s"), HARNESSSYNC_SOCKET="")
    assert machine.call("ping", at=short / "s")["pong"] is True
    assert not machine.layout.control_socket.exists()


def test_daemon_registers_with_registry_that_the_environment_names(
    machine: Machine, worktree: Any, short: Path
) -> None:
    """An isolated daemon registers its project, answers on the project's socket, and may run beside the supervisor."""
    root = worktree("a")
    registry = short / "r.json"
    machine.serve("--project", str(root), HARNESS_REGISTRY_FILE=str(registry))
    identifier = project_id(str(root))
    assert json.loads(registry.read_bytes())["projects"][identifier]["path"] == str(root)
    own = machine.layout.socket_for(identifier)
    assert machine.call("status", at=own)["projects"][0]["path"] == str(root)
    rival = machine.start("--project", str(root), HARNESS_REGISTRY_FILE=str(registry))
    assert rival.wait() == 4
    assert "already running" in rival.said
    machine.serve()
    assert machine.call("ping")["pong"] is True


def test_a_home_with_a_long_path_works_all_the_same(machine: Machine, short: Path) -> None:
    """A socket's path is limited; a short folder stands in, private to the user."""
    long_home = short / ("d" * 120)
    long_home.mkdir()
    runtime = short / "run"
    runtime.mkdir(mode=0o700)
    machine.serve(HOME=str(long_home), XDG_RUNTIME_DIR=str(runtime))
    layout = Layout(root=long_home / ".harnesssync", runtime=runtime)
    assert machine.call("ping", at=layout.control_socket)["pong"] is True
    assert stat.S_IMODE(layout.control_socket.parent.stat().st_mode) == 0o700


def test_a_wrong_setting_is_told_before_anything_starts(machine: Machine) -> None:
    """With the file, the key, and what was probably meant."""
    machine.layout.root.mkdir()
    machine.layout.config_file.write_bytes(b"[watch]\nsetle_ms = 5\n")
    daemon = machine.start()
    assert daemon.wait() == 4
    assert "config.toml: line 2: unknown key `watch.setle_ms`. Did you mean `watch.settle_ms`?" in daemon.said
    assert not machine.layout.supervisor_lock.exists()


class Watching:
    """`harnesssync ctl status --watch`, and what it has printed."""

    def __init__(self, machine: Machine, *arguments: str, at_terminal: bool = False) -> None:
        self.said = b""
        command = [sys.executable, "-m", "harnesssync_orchestrator.entry", "ctl", "status", "--watch", *arguments]
        environ = {**os.environ, "HOME": str(machine.home), "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
        self._ours, theirs = pty.openpty() if at_terminal else os.pipe()
        self.process = subprocess.Popen(command, env=environ, stdout=theirs, stderr=subprocess.PIPE, cwd=machine.home)
        os.close(theirs)
        os.set_blocking(self._ours, False)

    def says(self, text: str) -> bool:
        """Has it printed this? To be asked until it has."""
        with suppress(OSError):  # nothing now, or, of a terminal, nothing any more
            self.said += os.read(self._ours, 1 << 20)
        return text.encode() in self.said

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.said.splitlines()]

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it told on standard error."""
        told = self.process.communicate(timeout=10)[1].decode()
        self.says("")
        os.close(self._ours)
        return self.process.returncode, told


def test_a_watch_of_all_tells_each_change_until_the_supervisor_ends(machine: Machine, worktree: Any) -> None:
    """A line of JSON for all of them, then for those that changed; exit code 3, as when there is none."""
    a, b = worktree("a"), worktree("b")
    daemon = machine.serve()
    machine.call("add", path=str(a), targets=["codex"])
    machine.call("sync", projects=[str(a)])
    watching = Watching(machine, "--all", "--json")
    eventually(lambda: watching.says("in step"))
    machine.call("add", path=str(b), targets=["codex"])
    eventually(lambda: watching.says(str(b)) and watching.lines[-1]["projects"][0]["state"] == "in step")
    machine.call("remove", path=str(b))
    eventually(lambda: watching.says(f'"gone":["{b}"]'))
    daemon.process.send_signal(signal.SIGTERM)
    code, told = watching.end()
    assert code == 3
    assert "harnesssync: " in told
    first, *changes, last = watching.lines
    assert [row["path"] for row in first["projects"]] == [str(a)]
    assert {row["path"] for line in changes for row in line["projects"]} <= {str(a), str(b)}
    assert last["error"]["code"] == "no_supervisor"


def test_a_watch_at_a_terminal_draws_anew_and_ends_with_ctrl_c(machine: Machine, worktree: Any) -> None:
    """Without a word; 130, as a shell says it."""
    root = worktree("a")
    machine.serve()
    machine.call("add", path=str(root), targets=["codex"])
    watching = Watching(machine, "--all", at_terminal=True)
    eventually(lambda: watching.says("in step"))
    (root / "CLAUDE.md").write_bytes(b"other rules")
    machine.call("pause", projects=[str(root)])
    eventually(lambda: watching.says("paused"))
    watching.process.send_signal(signal.SIGINT)
    assert watching.end() == (130, "")
    assert watching.said.count(b"\x1b[H\x1b[2J") >= 2


def test_a_watch_of_one_project_needs_only_who_serves_it(machine: Machine, worktree: Any) -> None:
    """Also a daemon of its own; without anybody it ends at once."""
    root = worktree("a")
    nobody = Watching(machine, "--project", str(root))
    assert nobody.end()[0] == 3
    machine.serve("--project", str(root))
    watching = Watching(machine, "--project", str(root), "--json")
    eventually(lambda: watching.says('"state":"in step"'))
    broken = root / ".claude/agents/broken.md"
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text("---\nname: [\n---\n")
    eventually(lambda: watching.says(str(broken)))
    watching.process.send_signal(signal.SIGINT)
    assert watching.end() == (130, "")


@pytest.mark.parametrize(
    "command", [["sync"], ["diff"], ["undo"], ["undo", "--list"], ["resolve", "--all", "--keep"], ["sync", "--all"]]
)
def test_a_supervisor_that_hangs_is_told_and_asked_for_nothing(
    machine: Machine, worktree: Any, command: list[str]
) -> None:
    """Exit code 3, where it is, and what to do; nor does it do later what somebody has given up."""
    root = worktree("a")
    daemon = machine.serve()
    machine.call("add", path=str(root), targets=["codex"])
    machine.call("sync", projects=[str(root)])
    before = machine.call("history", projects=[str(root)])
    daemon.process.send_signal(signal.SIGSTOP)
    ran = ctl(machine, *command, cwd=root)
    daemon.process.send_signal(signal.SIGCONT)
    assert (ran.stdout, ran.returncode) == ("", 3)
    assert f"{machine.layout.control_socket}: no answer within 0.5 s. kill -CONT {daemon.process.pid} " in ran.stderr
    assert "ends it. Its log says more" in ran.stderr
    assert machine.call("history", projects=[str(root)]) == before
    assert (root / "AGENTS.md").exists()


def test_a_pause_is_noted_and_told_when_the_supervisor_hangs(machine: Machine, worktree: Any) -> None:
    """The supervisor notices once it goes on; likewise the end of the pause. Exit code 3: it does not know it yet."""
    root = worktree("a")
    daemon = machine.serve()
    machine.call("add", path=str(root), targets=["codex"])
    for command, state in (("pause", "paused"), ("resume", "in step")):
        machine.call("sync", projects=[str(root)])
        daemon.process.send_signal(signal.SIGSTOP)
        ran = ctl(machine, command, str(root), cwd=root)
        daemon.process.send_signal(signal.SIGCONT)
        assert ran.returncode == 3
        assert "noted, but the supervisor does not know of it yet: " in ran.stderr
        assert "No supervisor is running" not in ran.stdout
        eventually(lambda state=state: machine.call("status")["projects"][0]["state"] == state)


def test_what_changes_the_registry_is_noted_and_told_when_the_supervisor_hangs(machine: Machine, worktree: Any) -> None:
    """As a pause is."""
    root = worktree("a")
    daemon = machine.serve()
    daemon.process.send_signal(signal.SIGSTOP)
    for command in (["add"], ["trust"], ["trust", "--revoke"], ["remove"]):
        ran = ctl(machine, *command, str(root), cwd=root)
        assert (ran.returncode, "noted, but the supervisor does not know of it yet: " in ran.stderr) == (3, True)
        assert "No supervisor is running" not in ran.stdout
    ran = ctl(machine, "trust", "--show", str(root), cwd=root)
    assert f"kill -CONT {daemon.process.pid} " in ran.stderr
    daemon.process.send_signal(signal.SIGCONT)
    assert (ran.returncode, "no answer within 0.5 s" in ran.stderr, "noted" in ran.stderr) == (0, True, False)


def test_a_list_of_all_tells_that_the_supervisor_hangs(machine: Machine, worktree: Any) -> None:
    """By its exit code too."""
    root = worktree("a")
    daemon = machine.serve()
    machine.call("add", path=str(root), targets=["codex"])
    daemon.process.send_signal(signal.SIGSTOP)
    ran = ctl(machine, "status", "--all", cwd=root)
    daemon.process.send_signal(signal.SIGCONT)
    assert (ran.returncode, f"{root}  [stopped]" in ran.stdout) == (3, True)
    assert "the supervisor does not answer: " in ran.stderr
    assert f"kill -CONT {daemon.process.pid} " in ran.stderr


def ctl(machine: Machine, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`harnesssync ctl`, of which a hang fails the test."""
    environ = {**os.environ, "HOME": str(machine.home), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "harnesssync_orchestrator.entry", "ctl", *arguments]
    return subprocess.run(
        command,
        env={**environ, "HARNESSSYNC_TIMEOUT": "0.5"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_git_does_not_carry_arrives_in_every_worktree(machine: Machine, worktree: Any, git: Any) -> None:
    """What is kept out of git in the main checkout, also what is put there later; and goes again."""
    main = worktree("main")
    shared, mine = main / ".claude/skills/shared/SKILL.md", main / ".claude/skills/mine/SKILL.md"
    shared.parent.mkdir(parents=True)
    shared.write_text("---\nname: shared\ndescription: Shared\n---\nDo it.\n")
    (main / ".gitignore").write_text(".env\n")
    (main / ".worktreeinclude").write_text(".env\n")
    git("add", ".", cwd=main)
    git("commit", "-q", "-m", "first", cwd=main)
    roots = [main.with_name("one"), main / ".claude/worktrees/two"]
    machine.serve()
    machine.call("add", path=str(main), targets=["claude-code", "codex"])
    for root in roots:
        git("worktree", "add", "-q", str(root), cwd=main)
    eventually(lambda: all((root / ".agents/skills/shared").is_symlink() for root in roots))
    mine.parent.mkdir()
    mine.write_text("---\nname: mine\ndescription: Mine\n---\nDo it.\n")
    (main / "CLAUDE.local.md").write_text("My own.\n")
    (main / ".env").write_text("A=1\n")
    for place in (".claude/skills/mine", ".agents/skills/mine", "CLAUDE.local.md"):
        eventually(lambda place=place: all((root / place).is_symlink() for root in roots))
    eventually(lambda: all((root / ".env").is_file() for root in roots))
    assert [git("status", "--short", cwd=root) for root in roots] == ["", ""]
    mine.unlink()
    mine.parent.rmdir()
    eventually(lambda: not any((root / ".claude/skills/mine").is_symlink() for root in roots))
    eventually(lambda: not any((root / ".agents/skills/mine").is_symlink() for root in roots))


_ARENAS = """
import ctypes, sys, threading
from harnesssync_orchestrator.service.process import share_memory
if sys.argv[1] == "shared":
    share_memory()
library, together = ctypes.CDLL(None), threading.Barrier(6)
def take():
    together.wait()
    library.malloc(1000)
    together.wait()
threads = [threading.Thread(target=take) for _ in range(6)]
for each in threads:
    each.start()
for each in threads:
    each.join()
library.fopen.restype = ctypes.c_void_p
file = library.fopen(sys.argv[2].encode(), b"w")
library.malloc_info(0, ctypes.c_void_p(file))
library.fclose(ctypes.c_void_p(file))
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="there are no arenas elsewhere"
)
def test_threads_take_their_memory_from_few_places(tmp_path: Path) -> None:
    """Left to itself, the C library has one for each of them."""
    counts = {}
    for how in ("alone", "shared"):
        told = tmp_path / how
        subprocess.run([sys.executable, "-c", _ARENAS, how, str(told)], check=True)
        counts[how] = told.read_text(encoding="utf-8").count("<heap ")
    assert counts["shared"] <= 2 < counts["alone"]
