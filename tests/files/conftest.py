"""Ground for tests of file functions: a user without rights, also when the tests run as root, and a repository."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65534


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """A context in which permissions hold: root, whom none stops, becomes another user for its length."""

    @contextmanager
    def become() -> Iterator[None]:
        user = os.geteuid()
        if user == 0:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(user)

    return become


@pytest.fixture
def as_root() -> None:
    """For tests in which files are given to others: only root may do that."""
    if os.geteuid() != 0:
        pytest.skip("only root may give files to others")


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """An empty folder that every user may enter, unlike those of `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix="harnesssync-test-")).resolve()
    folder.chmod(0o755)
    yield folder
    for path, folders, _ in os.walk(folder):
        for name in folders:
            Path(path, name).chmod(0o700)
    shutil.rmtree(folder)


@pytest.fixture
def main(tmp_path: Path, git: Any) -> Path:
    """A repository with a commit."""
    folder = tmp_path / "main"
    folder.mkdir()
    git("init", "-q", cwd=folder)
    (folder / "README.md").write_text("x")
    git("add", ".", cwd=folder)
    git("commit", "-q", "-m", "begin", cwd=folder)
    return folder
