"""A worktree that is moved while a supervisor serves it is seen to be the same one, at once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.server.machine import Machine, eventually

SKILL = "---\nname: {0}\ndescription: d\n---\nRead.\n"


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.invalid")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def skill(root: Path, name: str) -> None:
    folder = root / ".claude/skills" / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(SKILL.format(name))
    git(root, "add", ".")


def shown(*roots: Path) -> list[str]:
    return [git(root, "status", "--short", "--untracked-files=all") for root in roots]


@pytest.fixture
def main(worktree: Callable[[str], Path]) -> Path:
    root = worktree("main")
    skill(root, "pdf")
    git(root, "commit", "-q", "-m", "first")
    return root


def states(machine: Machine) -> dict[str, str]:
    return {each["path"]: each["state"] for each in machine.call("status")["projects"]}


def are_in_step(machine: Machine, *roots: Path) -> bool:
    found = states(machine)
    return found == dict.fromkeys(map(str, roots), "in step") and all((each / "AGENTS.md").exists() for each in roots)


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_linked_worktree_that_is_moved_is_in_step_at_its_new_place(
    machine: Machine, main: Path, by_hand: bool
) -> None:
    """Hidden from git all the time, whatever another one changes meanwhile; what we made goes with its source."""
    linked, other = main.with_name("linked"), main.with_name("other")
    for path in (linked, other):
        git(main, "worktree", "add", "-q", str(path))
    machine.serve()
    machine.call("add", path=str(main), targets=["codex"])
    eventually(lambda: are_in_step(machine, main, linked, other))
    moved = linked.with_name("moved")
    if by_hand:
        linked.rename(moved)
        skill(other, "between")
        eventually((other / ".agents/skills/between").exists)
        git(main, "worktree", "repair", str(moved))
    else:
        git(main, "worktree", "move", str(linked), str(moved))
    skill(other, "new")
    eventually((other / ".agents/skills/new").exists)
    eventually(lambda: are_in_step(machine, main, moved, other))
    assert shown(main, moved) == ["", ""]
    assert "??" not in shown(other)[0]
    assert "not ours" not in (main / ".git/info/exclude").read_text()
    shutil.rmtree(moved / ".claude/skills/pdf")
    eventually(lambda: not (moved / ".agents").exists())


def test_a_main_checkout_that_is_moved_and_added_again_is_the_same_project(machine: Machine, main: Path) -> None:
    """With all of its worktrees, of which nothing was known meanwhile."""
    linked, moved = main.with_name("linked"), main.with_name("moved")
    git(main, "worktree", "add", "-q", str(linked))
    machine.serve()
    machine.call("add", path=str(main), targets=["codex"])
    eventually(lambda: are_in_step(machine, main, linked))
    main.rename(moved)
    git(moved, "worktree", "repair")
    machine.call("add", path=str(moved))
    eventually(lambda: are_in_step(machine, moved, linked))
    assert shown(moved, linked) == ["", ""]
    for root in (moved, linked):
        shutil.rmtree(root / ".claude/skills/pdf")
        eventually(lambda root=root: not (root / ".agents").exists())


def test_what_a_person_said_of_a_worktree_goes_along(machine: Machine, main: Path) -> None:
    """One that was paused stays so, and one that was taken out is not taken in again."""
    paused, out = main.with_name("paused"), main.with_name("out")
    for path in (paused, out):
        git(main, "worktree", "add", "-q", str(path))
    machine.serve()
    machine.call("add", path=str(main), targets=["codex"])
    eventually(lambda: are_in_step(machine, main, paused, out))
    machine.call("pause", projects=[str(paused)])
    machine.call("remove", path=str(out))
    for path in (out, paused):
        git(main, "worktree", "move", str(path), f"{path}-moved")
    eventually(lambda: states(machine) == {str(main): "in step", f"{paused}-moved": "paused"})
