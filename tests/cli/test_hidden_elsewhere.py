"""All worktrees read one `info/exclude`: what one hides would hide what a person has in another, which git destroys."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Git = Callable[..., str]
AGENT = ".codex/agents/reviewer.toml"
HOURS = "# hours of work\n"


@pytest.fixture
def other(run: Run, worktree: Path, git: Git) -> Path:
    """A second worktree; and a branch on which git tracks what is an output in both."""
    agents = worktree / ".claude/agents"
    agents.mkdir(parents=True, exist_ok=True)
    (agents / "reviewer.md").write_text("---\nname: reviewer\ndescription: Reviews.\n---\nReview.\n")
    git("add", "--all", cwd=worktree)
    git("commit", "-q", "-m", "one", cwd=worktree)
    git("switch", "-q", "-c", "has-codex", cwd=worktree)
    (worktree / AGENT).parent.mkdir(parents=True)
    (worktree / AGENT).write_text("tracked = 1\n")
    git("add", "--force", AGENT, cwd=worktree)
    git("commit", "-q", "-m", "two", cwd=worktree)
    git("switch", "-q", "-", cwd=worktree)
    root = worktree.with_name("other")
    git("worktree", "add", "-q", "-b", "side", str(root), cwd=worktree)
    for each in (worktree, root):
        run("ctl", "add", str(each), "--target", "codex")
    return root


def status(git: Git, root: Path) -> list[str]:
    return git("status", "--porcelain", "--untracked-files=all", cwd=root).splitlines()


def test_an_edit_is_shown_though_another_worktree_has_that_output(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """Git would replace it without a word when it switches to a branch that has such a file. Once it is decided about,
    all is hidden as before."""
    for root in (worktree, other):
        assert run("sync", cwd=root).code == 0
    exclude = (worktree / ".git/info/exclude").read_bytes()
    with (worktree / AGENT).open("a") as file:
        file.write(HOURS)
    assert run("sync", cwd=worktree).code == 1
    assert status(git, worktree) == [f"?? {AGENT}"]
    switched = subprocess.run(["git", "switch", "has-codex"], cwd=worktree, capture_output=True, check=False)
    assert (switched.returncode, HOURS in (worktree / AGENT).read_text()) == (1, True)
    for _ in range(2):  # the price: the other worktree's own output is shown there, and that is no reason to complain
        assert status(git, other) == [f"?? {AGENT}"]
        assert run("check", cwd=other).code == 0
        assert run("sync", cwd=other).code == 0
    assert status(git, worktree) == [f"?? {AGENT}"]
    assert run("resolve", AGENT, "--restore", cwd=worktree).code == 0
    assert (status(git, worktree), status(git, other)) == ([], [])
    assert (worktree / ".git/info/exclude").read_bytes() == exclude


def test_what_a_person_has_is_shown_though_another_worktree_gets_such_an_output_later(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """Also where nobody has ever synced; but what git tracks needs no help."""
    (other / AGENT).parent.mkdir(parents=True)
    (other / AGENT).write_text(HOURS)
    assert run("sync", cwd=worktree).code == 0
    assert status(git, other) == [f"?? {AGENT}"]
    git("add", "--all", cwd=other)
    git("commit", "-q", "-m", "mine", cwd=other)
    (other / AGENT).unlink()
    run("unlink", "--all", cwd=worktree)
    git("checkout", "-q", ".", cwd=other)
    assert run("sync", cwd=worktree).code == 0
    assert (status(git, worktree), status(git, other)) == ([], [])


def test_what_is_private_stays_hidden_and_that_is_told(run: Run, git: Git, worktree: Path, other: Path) -> None:
    """A credential that git sees is worse; what it hides elsewhere is named."""
    token = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    server = {"command": "node", "env": {"GITHUB_TOKEN": token}}
    (other / ".gitignore").write_text(".mcp.json\n")
    git("add", "--all", cwd=other)
    git("commit", "-q", "-m", "ignore", cwd=other)
    (other / ".mcp.json").write_text(json.dumps({"mcpServers": {"docs": server}}))
    run("ctl", "add", str(other), "--target", "codex")
    assert run("sync", cwd=other).code == 0
    assert token in (other / ".codex/config.toml").read_text()
    config = worktree / ".codex/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('model = "mine"\n')
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": {"docs": {"command": "node"}}}))
    run("ctl", "add", str(worktree), "--target", "codex")
    told = run("sync", cwd=worktree).out
    assert "git does not show that you have /.codex/config.toml here" in told
    assert not any(".codex" in line for line in status(git, other))
