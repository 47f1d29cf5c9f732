"""A worktree that is moved is the same one: its outputs stay ours and hidden, and what was approved stays so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Git = Callable[..., str]

SKILL = "---\nname: {0}\ndescription: d\n---\nRead.\n"


def skill(root: Path, name: str) -> Path:
    folder = root / ".claude/skills" / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(SKILL.format(name))
    return folder


def shown(git: Git, *roots: Path) -> list[str]:
    return [git("status", "--short", "--untracked-files=all", cwd=root) for root in roots]


@pytest.fixture
def main(run: Run, worktree: Path) -> Path:
    """A main checkout that is in step."""
    run("ctl", "add", str(worktree), "--target", "codex")
    assert run("sync", cwd=worktree).code == 0
    return worktree


@pytest.fixture
def linked(run: Run, git: Git, main: Path) -> Path:
    """A linked worktree that is in step."""
    root = main.with_name("linked")
    git("worktree", "add", "-q", str(root), cwd=main)
    assert run("sync", "--target", "codex", cwd=root).code == 0
    return root


def move(git: Git, root: Path, main: Path) -> Path:
    git("worktree", "move", str(root), str(root.with_name("moved")), cwd=main)
    return root.with_name("moved")


def move_by_hand(git: Git, root: Path, main: Path) -> Path:
    moved = root.rename(root.with_name("moved"))
    git("worktree", "repair", str(moved), cwd=main)
    return moved


def test_what_can_be_undone_is_listed_before_the_first_sync_at_the_new_place(
    run: Run, git: Git, main: Path, linked: Path
) -> None:
    """Who only looks moves nothing, and sees the same."""
    before = run("undo", "--list", cwd=linked).out.splitlines()[-1:]
    moved = move(git, linked, main)
    after = run("undo", "--list", cwd=moved).out.splitlines()[-1:]
    assert (after, len(after)) == (before, 1)
    assert run("undo", "--dry-run", cwd=moved).out.count("would undo") == 1


@pytest.mark.parametrize("how", [move, move_by_hand])
def test_a_linked_worktree_that_is_moved_stays_hidden_and_ours(
    run: Run, git: Git, main: Path, linked: Path, how: Callable[..., Path]
) -> None:
    """Also if another worktree changes git's file before that is noticed; what goes in the source goes."""
    moved = how(git, linked, main)
    skill(main, "new")
    git("add", ".claude", cwd=main)
    assert run("sync", cwd=main).code == 0
    assert shown(git, moved) == [""]
    assert run("check", "--target", "codex", cwd=moved).code == 0
    ran = run("sync", "--target", "codex", cwd=moved)
    assert (ran.code, "conflict" in ran.out) == (0, False)
    assert shown(git, moved, main) == ["", "A  .claude/skills/new/SKILL.md"]
    assert "not ours" not in (main / ".git/info/exclude").read_text()
    shutil.rmtree(moved / ".claude/skills/pdf")
    assert run("sync", "--target", "codex", cwd=moved).code == 0
    assert not (moved / ".agents").exists()


def test_it_stays_hidden_while_git_does_not_know_where_it_is(run: Run, git: Git, main: Path, linked: Path) -> None:
    """Moved by hand, and repaired only after another worktree has changed git's file."""
    moved = linked.rename(linked.with_name("moved"))
    skill(main, "new")
    assert run("sync", cwd=main).code == 0
    git("worktree", "repair", str(moved), cwd=main)
    assert shown(git, moved) == [""]


def test_what_was_done_at_the_old_place_can_be_undone_at_the_new_one(
    run: Run, git: Git, main: Path, linked: Path
) -> None:
    """Its history goes along."""
    moved = move(git, linked, main)
    assert run("undo", cwd=moved).code == 0
    assert not (moved / "AGENTS.md").is_symlink()
    assert not (moved / ".agents").exists()
    assert shown(git, moved) == [""]


def test_another_worktree_of_that_name_is_not_taken_for_it(run: Run, git: Git, main: Path, linked: Path) -> None:
    """One that was removed, and a new one that git calls the same, have nothing in common."""
    git("worktree", "remove", "--force", str(linked), cwd=main)
    (main / ".claude/skills/pdf/SKILL.md").unlink()
    run("sync", "--confirm", cwd=main)  # which takes what is hidden for a worktree that is gone out of git's file
    other = linked.parent / "elsewhere/linked"
    git("worktree", "add", "-q", "--detach", str(other), cwd=main)
    (other / "AGENTS.md").symlink_to("CLAUDE.md")
    assert run("sync", "--target", "codex", cwd=other).code == 0
    assert run("unlink", "--all", cwd=other).code == 0
    assert (other / "AGENTS.md").is_symlink()  # a person's


def test_a_copy_is_another_one(run: Run, git: Git, main: Path) -> None:
    """What is in it is a person's, who copied it."""
    copy = main.with_name("copy")
    shutil.copytree(main, copy, symlinks=True)
    run("sync", "--target", "codex", cwd=copy)
    (main / ".claude/skills/pdf/SKILL.md").unlink()
    assert run("sync", "--confirm", cwd=main).code == 0
    assert not (main / ".agents").exists()
    assert (copy / ".agents/skills/pdf").is_symlink()


@pytest.mark.parametrize("is_added", [True, False])
def test_a_main_checkout_that_is_moved_is_the_same_project(
    run: Run, git: Git, main: Path, linked: Path, home: Path, is_added: bool
) -> None:
    """With what was approved, whether it is added at its new place or only synced there."""
    moved = main.rename(main.with_name("moved"))
    git("worktree", "repair", cwd=moved)
    assert "files" in (moved / ".codex/config.toml").read_text()
    if is_added:
        run("ctl", "add", str(moved))
    ran = run("check", cwd=moved)
    assert (ran.code, ran.err) == (0, "")
    ran = run("sync", cwd=moved)
    assert (ran.code, "conflict" in ran.out) == (0, False)
    assert "files" in (moved / ".codex/config.toml").read_text()
    assert shown(git, moved, linked) == ["", ""]
    registry = json.loads((home / ".harnesssync/registry.json").read_text())
    [row] = registry["projects"].values()
    assert (row["path"], row["targets"], row["common_dir"]) == (str(moved), ["codex"], f"{moved}/.git")
    assert list(registry["approvals"]) == [f"{moved}/.git"]
    shutil.rmtree(moved / ".claude/skills/pdf")
    assert run("sync", cwd=moved).code == 0
    assert not (moved / ".agents").exists()
    shutil.rmtree(linked / ".claude/skills/pdf")
    assert run("sync", "--target", "codex", cwd=linked).code == 0
    assert not (linked / ".agents").exists()


def test_what_somebody_else_puts_in_its_place_is_not_approved(run: Run, git: Git, main: Path) -> None:
    """What is approved goes with the folder, and stays with it."""
    moved = main.rename(main.with_name("moved"))
    git("clone", "-q", str(moved), str(main), cwd=moved)
    run("ctl", "add", str(moved))
    run("sync", "--target", "codex", cwd=main)
    assert not (main / ".codex/config.toml").exists()


def test_what_a_killed_process_left_beside_the_notes_goes(run: Run, home: Path, main: Path) -> None:
    """The next sync that changes something removes it."""
    left = home / ".harnesssync/whereabouts/.state-999999999-0123456789abcdef.json.tmp"
    left.write_text("{")
    skill(main, "new")
    assert run("sync", cwd=main).code == 0
    assert not left.exists()
    assert list(left.parent.iterdir())


def test_another_repository_that_gets_the_inodes_of_one_that_is_gone_is_not_taken_for_it(
    run: Run, git: Git, main: Path
) -> None:
    """Nothing that was approved of the other counts there: git has made it anew, in folders with the same inodes."""
    for each in (*main.iterdir(), *(main / ".git").iterdir()):
        if each.name != ".git":
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    git("init", "-q", cwd=main)
    other = main.rename(main.with_name("other"))
    (other / ".mcp.json").write_text('{"mcpServers": {"theirs": {"command": "theirs"}}}')
    run("sync", "--target", "codex", cwd=other)
    assert not (other / ".codex/config.toml").exists()
    assert str(main) in run("ctl", "list").out


def test_a_worktree_at_a_path_that_had_another_one_before_is_known_after_a_move(
    run: Run, git: Git, main: Path, linked: Path
) -> None:
    """What was noted of the other one goes."""
    git("worktree", "remove", "--force", str(linked), cwd=main)
    git("worktree", "add", "-q", "--force", str(linked), "HEAD", cwd=main)
    assert run("sync", "--target", "codex", cwd=linked).code == 0
    moved = move(git, linked, main)
    skill(moved, "later")
    assert run("sync", "--target", "codex", cwd=moved).code == 0
    shutil.rmtree(moved / ".claude/skills/later")
    assert run("sync", "--target", "codex", cwd=moved).code == 0
    assert not (moved / ".agents/skills/later").is_symlink()
    assert shown(git, moved) == [""]


def test_what_is_ours_in_its_gitignore_goes_with_the_last_output_also_after_a_move(
    run: Run, git: Git, home: Path, main: Path
) -> None:
    """What stood there before is noted, and the note comes along."""
    (home / ".harnesssync/config.toml").write_text('[git]\nexclude = "gitignore"\n')
    (main / ".gitignore").write_text("mine\n")
    skill(main, "new")
    assert run("sync", cwd=main).code == 0
    assert (main / ".gitignore").read_text() != "mine\n"
    moved = main.rename(main.with_name("elsewhere"))
    run("sync", "--target", "codex", cwd=moved)
    assert run("unlink", "--all", cwd=moved).code == 0
    assert (moved / ".gitignore").read_text() == "mine\n"
