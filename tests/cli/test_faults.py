"""How command lines end that do not end well: closed streams, faults of ours, full disks and forbidden folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator import faults

Run = Callable[..., Any]
SERVE = ("harnesssync_orchestrator", "serve")
CHECK = ("harnesssync_orchestrator.entry", "check")

BROKEN = """\
import sys
if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup
raise ExceptionGroup("several", [OSError("seen too"), ExceptionGroup("inner", [KeyError("lost\\x1b")])])
"""
"""A library that fails as no code of ours expects, in a group such as tasks raise."""


def shell(redirection: str, module: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as a shell does, with streams redirected or closed."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m "$@" {redirection}', sys.executable, module, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that can't be used, before the real one."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "anyio.py").write_text(BROKEN)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_nothing_but_what_is_seen(redirection: str, run: Run, worktree: Path) -> None:
    """The exit code says it alone, and the outputs are the same."""
    before = shell(redirection, *CHECK, "--target", "codex", cwd=worktree)
    assert (before.returncode, "Traceback" in before.stderr) == (1, False)
    run("ctl", "add", str(worktree), "--target", "codex")
    synced = shell(redirection, CHECK[0], "sync", cwd=worktree)
    assert (synced.returncode, synced.stderr) == (0, "")
    after = shell(redirection, *CHECK, cwd=worktree)
    assert (after.returncode, after.stderr) == (0, "")


@pytest.mark.parametrize("redirection", [">&-", "2>&-"])
def test_a_mistake_with_a_closed_stream_keeps_its_exit_code(redirection: str, tmp_path: Path) -> None:
    """Also when the message has nowhere to go."""
    ran = shell(redirection, CHECK[0], "snyc", cwd=tmp_path)
    assert (ran.returncode, "Traceback" in ran.stderr) == (2, False)


@pytest.mark.parametrize("line", [CHECK, SERVE], ids=" ".join)
@pytest.mark.usefixtures("broken")
def test_a_fault_of_ours_is_called_so_and_ends_with_4(line: tuple[str, ...], worktree: Path) -> None:
    """Exit code 1 would read as `out of step`; the sentence says how to see where it happened."""
    ran = shell("", *line, cwd=worktree)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert ran.stderr.count("\n") == 1
    assert "this is a fault of harnesssync" in ran.stderr
    assert r"KeyError: 'lost\x1b'" in ran.stderr
    assert "HARNESSSYNC_DEBUG=1" in ran.stderr


@pytest.mark.usefixtures("broken")
def test_a_fault_of_ours_shows_its_traceback_when_asked(worktree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable, and by --verbose."""
    verbose = shell("", *CHECK, "--verbose", cwd=worktree)
    monkeypatch.setenv("HARNESSSYNC_DEBUG", "1")
    debugged = shell("", *CHECK, cwd=worktree)
    for ran in (verbose, debugged):
        assert ran.returncode == 4
        assert "Traceback" in ran.stderr
        assert "anyio.py" in ran.stderr
        assert "this is a fault of harnesssync" in ran.stderr.splitlines()[-1]


@pytest.mark.usefixtures("broken")
def test_a_fault_of_ours_is_json_where_json_was_asked_for(worktree: Path) -> None:
    """A script reads it as it reads every other error."""
    ran = shell("", *CHECK, "--json", cwd=worktree)
    error = json.loads(ran.stdout)["error"]
    assert (ran.returncode, error["code"]) == (4, "internal_error")
    assert error.keys() == {"code", "message", "hint", "path"}


def test_what_is_no_error_is_raised_again() -> None:
    """Whoever asks for the end of the process gets it."""
    with pytest.raises(SystemExit):
        faults.end("harnesssync", [], SystemExit(7))


def test_a_folder_that_can_not_be_made_is_told_with_a_way_out(
    run: Run, worktree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which path, why, and what to do."""
    state = tmp_path / "state"
    state.write_text("an ordinary file\n")
    monkeypatch.setenv("HARNESSSYNC_HOME", str(state))
    ran = run("ctl", "add", str(worktree), "--json")
    assert ran.code == 4
    assert json.loads(ran.out)["error"]["path"] == str(state)
    assert f"harnesssync: {state}: File exists. Something else is in the way there" in ran.err
    assert "HARNESSSYNC_HOME" in ran.err


def test_a_home_that_can_not_be_written_is_told_with_a_way_out(worktree: Path, tmp_path: Path) -> None:
    """Not as a bare number of the system; tried without the rights of the superuser, who may write anywhere."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    code = (
        "import ctypes, os, sys\n"
        "if os.getuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0):\n"  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
        "    sys.exit('the right to write anywhere stays')\n"
        "os.execv(sys.executable, [sys.executable, '-m', *sys.argv[1:]])\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HARNESSSYNC_HOME": str(closed / "state")}
    ran = subprocess.run(
        [sys.executable, "-c", code, CHECK[0], "sync", "--target", "codex"],
        cwd=worktree,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 4
    assert f"{closed / 'state'}: Permission denied. Make it writable for you" in ran.stderr
    assert "HARNESSSYNC_HOME" in ran.stderr


def test_a_full_disk_behind_the_output_is_told_with_a_way_out(tmp_path: Path) -> None:
    """What is full is the output, which has no path."""
    ran = shell(">/dev/full", CHECK[0], "targets", cwd=tmp_path)
    assert ran.returncode == 4
    assert ran.stderr == "harnesssync: standard output: No space left on device. Make room there, then run it again\n"


@pytest.mark.parametrize("wanted", [(), ("--json",)], ids=["sentence", "json"])
def test_a_credential_that_an_error_quotes_is_not_told(wanted: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    """Somebody pastes a command line with a token in it, and the answer ends up in the log of a CI."""
    token = "ghp_" + "a1B2" * 9
    ran = run("sync", f"--{token}", *wanted, cwd=tmp_path)
    assert ran.code == 2
    assert token not in ran.out + ran.err
    assert "sync has no option" in ran.err
