"""A registry that is damaged or gone says nothing of what was approved: that is neither a yes nor a no."""

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
def written(run: Run, worktree: Path) -> Path:
    """What was written for a harness, by a sync of a project that a person added."""
    run("ctl", "add", str(worktree), "--target", "codex")
    assert run("sync", cwd=worktree).code == 0
    return worktree / ".codex/config.toml"


@pytest.fixture
def damaged(written: Path, registry: Path) -> Path:
    """The same, with a registry that was then damaged."""
    registry.write_text(registry.read_text().removesuffix(END))
    return written


@pytest.fixture(params=["damaged", "gone"])
def lost(request: pytest.FixtureRequest, written: Path, registry: Path) -> Path:
    """The same, with a registry that was then damaged or deleted."""
    if request.param == "gone":
        registry.unlink()
        return written
    lost: Path = request.getfixturevalue("damaged")
    return lost


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
        assert ("the list of projects is" in ran.err) is not again
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


def test_a_registry_that_is_repaired_says_what_it_said(run: Run, worktree: Path, damaged: Path, registry: Path) -> None:
    """Nobody has to answer anything then."""
    before = damaged.read_bytes()
    ran = run("sync", cwd=worktree)
    assert (ran.code, "It is kept as registry.json.bak." in ran.err) == (1, True)
    (backup,) = registry.parent.glob("registry.json.bak.*")
    backup.write_text(backup.read_text() + END)
    backup.rename(registry)
    ran = run("sync", cwd=worktree)
    assert (ran.code, ran.err, damaged.read_bytes()) == (0, "", before)


def test_a_list_that_is_gone_is_told_until_there_is_one(
    run: Run, worktree: Path, written: Path, registry: Path
) -> None:
    """To ask for it is not to begin a new one."""
    registry.unlink()
    for _ in range(2):
        ran = run("ctl", "status", "--all")
        assert (ran.out, "the list of projects is gone" in ran.err) == ("No projects registered.\n", True)
        assert not registry.exists()
    run("ctl", "add", str(worktree))
    assert (run("ctl", "list").err, written.exists()) == ("", True)


@pytest.mark.parametrize("revoked", [True, False])
def test_without_anything_that_was_approved_no_list_is_missed(
    run: Run, worktree: Path, written: Path, registry: Path, revoked: bool
) -> None:
    """A person who never added a project, or took back what they approved, is told of no loss; what was not approved
    goes."""
    assert run("ctl", "trust", "--revoke", str(worktree)).code == 0 if revoked else True
    registry.unlink()
    for file in () if revoked else (registry.parent / "approved").iterdir():
        file.unlink()
    ran = run("sync", "--target", "codex", cwd=worktree)
    assert (ran.code, "gone" in ran.err, "not approved" in ran.out) == (1, False, True)
    assert not written.exists()
