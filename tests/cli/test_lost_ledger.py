"""Where a ledger is gone, git's own file says that outputs of ours are here: what holds a credential stays hidden."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
TOKEN = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
SERVERS = {"docs": {"type": "http", "url": "https://docs.example", "headers": {"Authorization": f"Bearer {TOKEN}"}}}


def lose_the_ledger(home: Path, worktree: Path) -> Path:
    for ledger in (home / ".harnesssync/projects").glob("*/state.json"):
        ledger.unlink()
    return worktree


def lose_all(home: Path, worktree: Path) -> Path:
    shutil.rmtree(home / ".harnesssync")
    return worktree


def move(_home: Path, worktree: Path) -> Path:
    return worktree.rename(worktree.with_name("moved"))


def move_to_another_file_system(_home: Path, worktree: Path) -> Path:
    moved = Path(shutil.copytree(worktree, worktree.with_name("moved"), symlinks=True))
    shutil.rmtree(worktree)
    return moved


@pytest.mark.parametrize("lose", [lose_the_ledger, lose_all, move, move_to_another_file_system])
def test_a_credential_that_we_wrote_stays_hidden_and_can_be_taken_back(
    run: Run, home: Path, worktree: Path, git: Callable[..., str], lose: Callable[[Path, Path], Path]
) -> None:
    """What is as it should be is taken over again."""
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": SERVERS}))
    (worktree / ".gitignore").write_text(".mcp.json\n")
    git("add", "--all", cwd=worktree)
    run("ctl", "add", str(worktree), "--target", "codex")
    assert run("sync", cwd=worktree).code == 0
    output = ".codex/config.toml"
    assert TOKEN in (worktree / output).read_text()

    root = lose(home, worktree)
    for _ in range(2):
        run("sync", "--target", "codex", cwd=root)
        git("add", "--all", cwd=root)
        assert (root / output).exists()
        assert output not in git("ls-files", cwd=root).splitlines()
    assert run("unlink", "--all", cwd=root).code == 0
    assert not (root / output).exists()


def test_what_git_would_show_again_is_hidden_again(run: Run, worktree: Path, git: Callable[..., str]) -> None:
    """Though nothing else has changed since the last sync."""
    run("ctl", "add", str(worktree), "--target", "codex")
    for _ in range(2):
        assert run("sync", cwd=worktree).code == 0
    exclude = worktree / ".git/info/exclude"
    hidden = exclude.read_text()
    exclude.write_text("")
    assert ".codex" in git("status", "--short", cwd=worktree)
    assert run("sync", cwd=worktree).code == 0
    assert ".codex" not in git("status", "--short", cwd=worktree)
    assert hidden.partition("# >>>")[2] == exclude.read_text().partition("# >>>")[2]


def test_a_damaged_ledger_is_told_where_no_target_was_chosen(run: Run, home: Path, worktree: Path) -> None:
    """It decides about targets then, and is asked before anything else: that must not take the word from the sync."""
    (worktree / ".codex").mkdir()
    run("ctl", "add", str(worktree))
    assert run("sync", cwd=worktree).code == 0
    [ledger] = (home / ".harnesssync/projects").glob("*/state.json")
    ledger.write_text("{broken")
    ran = run("sync", "--json", cwd=worktree)
    [report] = json.loads(ran.out)["projects"]
    assert (ran.code, [problem["file"] for problem in report["problems"]]) == (1, [str(ledger)])
    assert list(ledger.parent.glob("state.json*bak*")) or list(ledger.parent.glob("*.bak"))


def damage_the_ledger(home: Path, worktree: Path) -> Path:
    for ledger in (home / ".harnesssync/projects").glob("*/state.json"):
        ledger.write_text("{broken")
    return worktree


@pytest.mark.parametrize("lose", [lose_the_ledger, damage_the_ledger])
def test_nothing_is_unlinked_or_shown_when_nobody_knows_what_was_written(
    run: Run, home: Path, worktree: Path, git: Callable[..., str], lose: Callable[[Path, Path], Path]
) -> None:
    """And it is said what to do: after that, all of it goes."""
    git("add", "--all", cwd=worktree)
    run("ctl", "add", str(worktree), "--target", "codex")
    assert run("sync", cwd=worktree).code == 0
    lose(home, worktree)
    for _ in range(2):
        ran = run("unlink", "--all", cwd=worktree)
        assert ran.code == 4
        assert "its ledger is lost" in ran.err
        assert git("status", "--short", cwd=worktree) == ""
        assert (worktree / "AGENTS.md").is_symlink()
    assert run("sync", cwd=worktree).code == 0
    run("unlink", "--all", cwd=worktree)
    assert git("status", "--short", "--ignored", cwd=worktree) == ""
