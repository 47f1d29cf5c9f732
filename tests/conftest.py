"""What every test stands on: an empty home, a git with nobody's settings, an environment without our variables."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.needs import NEEDS, lacking_here

VARIABLES_THAT_CHANGE_BEHAVIOUR = (
    "ANTHROPIC_",
    "CLAUDE",
    "CODEX_",
    "COVERAGE_",
    "COPILOT_",
    "CURSOR_",
    "GEMINI_",
    "GIT_",
    "HARNESS",
    "OPENCODE",
    "QWEN_",
    "XDG_",
)
"""Prefixes of environment variables by which the machine that runs the tests could reach into them."""

TERMINAL_VARIABLES = ("CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "WT_SESSION")


def pytest_configure() -> None:
    """Interrupts end a program, also those that tests start: a job in the background would have them all ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--lacking` is for file systems of other kinds, and for them alone: see `tests/needs.py`."""
    parser.addoption(
        "--lacking",
        action="append",
        default=[],
        choices=list(NEEDS),
        help="the file system has none of these: skip the tests that need them (the sweep `filesystems` says so)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what the command line says can't work here, and nothing else."""
    lacking = frozenset(config.getoption("lacking"))
    for item in items:
        needed = {what for mark in item.iter_markers("needs") for what in mark.args}
        if unknown := needed - NEEDS.keys():
            raise pytest.UsageError(f"{item.nodeid} needs {sorted(unknown)}, which tests/needs.py does not know")
        if missing := needed & lacking:
            item.add_marker(pytest.mark.skip(reason=lacking_here(missing)))


@pytest.fixture(scope="session")
def lacking(pytestconfig: pytest.Config) -> frozenset[str]:
    """What was said to be missing on this file system."""
    return frozenset(pytestconfig.getoption("lacking"))


class Git(Protocol):
    """Run git in a folder and return what it prints, without the last line break."""

    def __call__(self, *arguments: str, cwd: Path) -> str: ...


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the supervisor does."""
    return "asyncio"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home directory, which everything that asks the environment for one is led to."""
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(VARIABLES_THAT_CHANGE_BEHAVIOUR) or name in TERMINAL_VARIABLES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / ".local" / "share"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / ".local" / "state"))
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    for name, value in GIT_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    yield folder
    # A test that has taken away a permission must not keep pytest from clearing its folders.
    _make_deletable(folder)


GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "A. Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.invalid",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00+00:00",
    "GIT_COMMITTER_NAME": "A. Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.invalid",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00+00:00",
    # init.defaultBranch without a file: the name of the first branch is the same on every version of git.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "init.defaultBranch",
    "GIT_CONFIG_VALUE_0": "main",
}


@pytest.fixture
def git() -> Git:
    """The real git, with settings of nobody. Raises with git's own message when it fails."""

    def run(*arguments: str, cwd: Path) -> str:
        result = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            pytest.fail(f"git {' '.join(arguments)} in {cwd}: {result.stderr.strip()}")
        return result.stdout.rstrip("\n")

    return run


def _make_deletable(folder: Path) -> None:
    for path, folders, _ in os.walk(folder):
        for name in folders:
            inner = Path(path, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
