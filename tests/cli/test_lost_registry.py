"""A registry that is damaged says nothing of what was approved: that is neither a yes nor a no."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
END = "\n}\n"


@pytest.fixture
def registry(home: Path) -> Path:
    return home / ".harnesssync/registry.json"


@pytest.fixture
def lost(run: Run, worktree: Path, registry: Path) -> Path:
    """A synced project whose registry was then damaged; what was written for a harness."""
    run("ctl", "add", str(worktree), "--target", "codex")
    assert run("sync", cwd=worktree).code == 0
    registry.write_text(registry.read_text().removesuffix(END))
    return worktree / ".codex/config.toml"


def test_a_sync_takes_nothing_away_and_says_what_to_do(
    run: Run, worktree: Path, lost: Path, registry: Path, git: Callable[..., str]
) -> None:
    """Each time, also when there is a registry again in which another project was entered."""
    before, other = lost.read_bytes(), worktree.parent / "other"
    git("init", "-q", str(other), cwd=worktree)
    for again in (False, True):
        ran = run("sync", cwd=worktree)
        assert (ran.code, lost.read_bytes()) == (1, before)
        assert "whether it was approved is not known any more" in ran.out
        assert f"to let it through: harnesssync ctl trust {worktree}" in ran.out
        assert f"to remove it: harnesssync ctl trust --revoke {worktree}" in ran.out
        assert ("It is kept as registry.json.bak." in ran.err) is not again
        assert run("ctl", "add", str(other)).code == 0
    assert "lost" in json.loads(registry.read_text())


def test_what_is_new_is_not_let_through(run: Run, worktree: Path, lost: Path) -> None:
    """Though nothing is taken away."""
    (worktree / ".mcp.json").write_text(
        '{"mcpServers": {"files": {"command": "npx", "args": ["files"]}, "evil": {"command": "evil"}}}\n'
    )
    before = lost.read_bytes()
    assert run("sync", "--target", "codex", cwd=worktree).code == 1
    assert lost.read_bytes() == before


@pytest.mark.parametrize("answer", [["add"], ["trust"], ["trust", "--revoke"]], ids=" ".join)
def test_an_answer_is_carried_out_by_the_next_sync(run: Run, worktree: Path, lost: Path, answer: list[str]) -> None:
    """Adding the project again is one, too."""
    before = lost.read_bytes()
    run("sync", cwd=worktree)
    assert run("ctl", *answer, str(worktree)).code == 0
    assert run("sync", cwd=worktree).code == (1 if "--revoke" in answer else 0)
    assert (lost.read_bytes() if lost.exists() else b"") == (b"" if "--revoke" in answer else before)


def test_a_registry_that_is_repaired_says_what_it_said(run: Run, worktree: Path, lost: Path, registry: Path) -> None:
    """Nobody has to answer anything then."""
    before = lost.read_bytes()
    assert run("sync", cwd=worktree).code == 1
    (backup,) = registry.parent.glob("registry.json.bak.*")
    backup.write_text(backup.read_text() + END)
    backup.rename(registry)
    ran = run("sync", cwd=worktree)
    assert (ran.code, ran.err, lost.read_bytes()) == (0, "", before)
