"""A bare repository is given once, as any other, and is no project itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Git = Callable[..., str]


@pytest.fixture
def folder(worktree: Path, git: Git) -> Path:
    """A folder whose `.git` names a bare repository in it, with a worktree in it."""
    folder = worktree.with_name("project")
    git("clone", "-q", "--bare", str(worktree), str(folder / ".bare"), cwd=worktree)
    (folder / ".git").write_text("gitdir: ./.bare\n")
    git("worktree", "add", "-q", str(folder / "one"), cwd=folder)
    return folder


@pytest.mark.parametrize("named", ["", ".bare"])
def test_it_is_added_and_removed(run: Run, folder: Path, named: str) -> None:
    """Without a supervisor too; what its worktrees held is approved for all of them."""
    bare, path = str(folder / ".bare"), str(folder / named)
    ran = run("ctl", "add", path, "--target", "codex")
    assert (ran.code, ran.err) == (0, "")
    assert f"added: {bare}" in ran.out
    assert "approved: mcp_server files" in ran.out
    assert [row["path"] for row in json.loads(run("ctl", "list", "--json").out)["projects"]] == [bare]
    assert run("ctl", "list", "--verbose").out == f"{bare}  codex, trusted, a bare repository\n"
    assert run("ctl", "status", "--all").out == "No projects registered.\n"
    assert run("sync", "--target", "codex", cwd=folder / "one").code == 0
    assert "files" in (folder / "one/.codex/config.toml").read_text()
    assert run("ctl", "remove", path).code == 0
    assert run("ctl", "list").out == ""


@pytest.mark.parametrize("named", ["", ".bare"])
def test_it_can_t_be_synced(run: Run, folder: Path, named: str) -> None:
    """It has no files; that is said, with what can be done, whether it is registered or not."""
    for _ in range(2):
        ran = run("sync", "--project", str(folder / named))
        assert (ran.code, ran.out) == (2, "")
        assert "it is a bare repository, which has no files" in ran.err
        assert "Name one of its worktrees" in ran.err
        run("ctl", "add", str(folder))
    assert run("sync", cwd=folder).code == 2
