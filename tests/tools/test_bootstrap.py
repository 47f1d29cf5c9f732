"""Making the environment: which Python is taken, and what is said when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).resolve().parents[2] / "tools" / "bootstrap"
BASICS = ("cat", "command", "dirname", "id", "rm", "sh", "tr")

Bootstrap = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The only folder on PATH: that of a machine with a shell and no Python."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in BASICS:
        found = shutil.which(name)
        if found:
            (programs / name).symlink_to(found)
    return programs


@pytest.fixture
def bootstrap(tmp_path: Path, machine: Path) -> Bootstrap:
    """Run a copy of the script in a folder with a space in its name."""
    script = tmp_path / "a clone" / "tools" / "bootstrap"
    script.parent.mkdir(parents=True)
    shutil.copy(BOOTSTRAP, script)

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(machine), "HOME": os.environ["HOME"], **variables}
        return subprocess.run([script, *arguments], env=environment, capture_output=True, text=True, check=False)

    return run


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_machine_without_python_is_told_what_it_needs(bootstrap: Bootstrap) -> None:
    """The message says the oldest version that will do, and how to name one."""
    result = bootstrap("run")
    assert result.returncode == 2
    assert "No Python from 3.10 on was found" in result.stderr
    assert "make PYTHON=" in result.stderr


def test_an_old_python_and_a_shim_that_leads_nowhere_are_passed_over(bootstrap: Bootstrap, machine: Path) -> None:
    """A name on PATH is tried before it is believed."""
    put(machine, "python3.13", "echo 'no such version is installed' >&2; exit 127")
    put(machine, "python3", "exit 1  # what `sys.exit(sys.version_info < (3, 10))` gives on an old one")
    result = bootstrap("run")
    assert (result.returncode, "No Python from 3.10 on" in result.stderr) == (2, True)


def test_a_python_without_venv_and_pip_is_told_the_package_to_install(bootstrap: Bootstrap, machine: Path) -> None:
    """Debian's python3 comes without ensurepip; the message names the package that brings it."""
    put(machine, "python3", f'case "$*" in *pip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"')
    result = bootstrap("run")
    assert result.returncode == 2
    assert "apt install python3-venv" in result.stderr


def test_a_named_python_is_taken_and_no_other(bootstrap: Bootstrap, machine: Path) -> None:
    """PYTHON=… is a decision: when it does not do, the others are not tried."""
    put(machine, "python3", "exit 0")
    result = bootstrap("run", PYTHON=str(machine / "missing"))
    assert result.returncode == 2
    assert f"tried: {machine}/missing" in result.stderr
