"""Where both commands begin: an old Python, the start-up, and the ends that are nobody's fault."""

from __future__ import annotations

import ast
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import harnesssync_orchestrator
from harnesssync_orchestrator import __version__
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.ctl.commands import NAMES
from harnesssync_orchestrator.files.layout import Layout

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]
PACKAGE = Path(harnesssync_orchestrator.__file__).parent


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 9, 18)])
def test_python_floor_is_told_in_a_sentence(version: tuple[int, ...]) -> None:
    """A Python that is too old gets a reason and a way out, and a failing exit code."""
    code = (
        f"import runpy, sys; sys.version_info = {version!r}; sys.argv = ['harnesssync', '--version']\n"
        "runpy.run_module('harnesssync_orchestrator.entry', run_name='__main__')"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False)
    assert result.returncode == 1
    assert f"needs Python 3.10 or newer, and this is {version[0]}.{version[1]} (" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("value", "said"), [("", "HOME is empty"), ("here", "HOME is no absolute path: 'here'")], ids=["empty", "relative"]
)
@pytest.mark.parametrize("command", [["status"], ["sync"], ["ctl", "status"], ["ctl", "add"]], ids=" ".join)
def test_a_home_that_is_nowhere_is_told(
    run: Run, worktree: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str, command: list[str]
) -> None:
    """With an empty one everything would be kept in the root directory, with a relative one wherever one is."""
    monkeypatch.setenv("HOME", value)
    ran = run(*command, cwd=worktree)
    assert (ran.code, said in ran.err, "or unset it" in ran.err) == (2, True, True)
    assert not (worktree / "here").exists()


@pytest.mark.parametrize("name", ["__init__.py", "entry.py", "__main__.py"])
def test_python_floor_check_is_understood_by_old_pythons(name: str) -> None:
    """What runs before the check has no syntax that Python 3.4 lacks, nor a future import that 3.6 lacks."""
    source = (PACKAGE / name).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 4))
    assert "annotations" not in source.replace("from __future__ import annotations`", "")


HEAVY = ("anyio", "argparse", "asyncio", "dataclasses", "enum", "hashlib", "inspect", "json", "msgspec", "pathlib")
HEAVIER = ("pydantic", "re", "socket", "structlog", "typing", "watchfiles", "yaml", "harnesssync_adapters")


@pytest.mark.parametrize("line", [["status"], ["status", "--all"], ["ping"], ["list"]], ids=" ".join)
def test_ctl_imports_nothing_that_is_slow(line: list[str], tmp_path: Path, git: Callable[..., str]) -> None:
    """A question to the supervisor starts in little more than the time that Python itself takes."""
    git("init", "-q", cwd=tmp_path)
    code = (
        "import sys; before = set(sys.modules); from harnesssync_orchestrator.cli import run\n"
        f"run('harnesssync', ['ctl', *{line!r}])\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        f"print('slow:', sorted(new & set({HEAVY + HEAVIER!r})))"
    )
    # -S: what the machine's site-packages import at start (coverage, editable installs) is not ours.
    environ = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environ, check=True
    )
    assert result.stdout.splitlines()[-1] == "slow: []"


def test_what_was_printed_comes_out_before_a_bad_end(tmp_path: Path) -> None:
    """The process ends itself, without what Python does at its end."""
    code = (
        "import sys; from harnesssync_orchestrator import cli, entry\n"
        "cli.run = lambda *_: print('printed') or print('told', file=sys.stderr) or 4\n"
        "entry.client()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (4, "printed\n", "told\n")


@pytest.mark.parametrize("program", ["harnesssync", "harnesssync-orchestrator"])
def test_both_programs_tell_their_version_and_help(program: str, run: Run) -> None:
    """Also with no command at all."""
    assert run("--version", program=program).out == f"{program} {__version__}\n"
    helped, bare = run("--help", program=program), run(program=program)
    assert helped.out == bare.out
    assert (helped.code, bare.code) == (0, 0)
    for name in ("sync", "check", "status", "diff", "targets", "ctl"):
        assert f"\n  {name} " in helped.out
    assert ("\n  serve " in helped.out) is (program == "harnesssync-orchestrator")


def test_the_help_of_ctl_names_every_command(run: Run) -> None:
    """And the exit codes."""
    out = run("ctl", "--help").out
    for name in NAMES:
        assert f"\n  {name} " in out
    assert "3 no supervisor" in out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["snyc"], "harnesssync has no command 'snyc'. Did you mean sync?"),
        (["serve"], "harnesssync does not serve. Use harnesssync-orchestrator serve"),
        (["--wat"], "harnesssync has no option --wat"),
        (["sync", "--dryrun"], "sync has no option --dryrun. Did you mean --dry-run?"),
        (["sync", "--target", "opencod"], "there is no target 'opencod'. Did you mean opencode?"),
        (["targets", "codx"], "there is no target 'codx'. Did you mean codex?"),
        (["targets", "nope"], "there is no target 'nope'. There are: codex, gemini, opencode"),
        (["sync", "--bogus"], "sync has no option --bogus. sync --help lists them"),
        (["sync", "here"], "sync does not take 'here'"),
        (["check"], "Not inside a git worktree. Use --project PATH to name one"),
        (["check", "--project", "/nowhere/at/all"], "/nowhere/at/all: there is no such folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_in_the_command_line_ends_with_2(line: list[str], message: str, run: Run, tmp_path: Path) -> None:
    """One line on standard error that says what is wrong, nothing on standard output."""
    ran = run(*line, cwd=tmp_path)
    assert (ran.out, ran.code) == ("", 2)
    assert ran.err.count("\n") == 1
    assert message in ran.err


def test_a_reader_that_goes_away_is_no_error(start: Start) -> None:
    """`harnesssync targets | head -0` ends quietly, as programs do whose pipe is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    process = start("targets", stdout=writing)
    os.close(writing)
    assert (process.communicate(timeout=60)[1], process.returncode) == ("", 141)


def test_output_that_can_not_be_written_is_an_error(start: Start) -> None:
    """A full disk behind `>` is told, and not taken for success."""
    with Path("/dev/full").open("wb") as full:
        process = start("targets", stdout=full)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 4
    assert "No space left on device" in err
    assert "Traceback" not in err


def test_an_interrupt_ends_with_130_and_without_a_traceback(start: Start, worktree: Path, home: Path) -> None:
    """Ctrl+C while a sync waits for a lock that another process holds."""
    lock = Layout.from_environment(os.environ, home).sync_lock(project_id(str(worktree)))
    lock.parent.mkdir(parents=True, mode=0o700)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = start("sync", "--target", "codex", "--lock-timeout", "60", cwd=worktree)
        while process.poll() is None and "anon_inode:[eventpoll]" not in open_files(process.pid):
            pass  # until its event loop runs, which is when it begins to wait
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("", "", 130)


def open_files(pid: int) -> set[str]:
    """What a process has open."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            found.add(str(descriptor.readlink()))
    return found
