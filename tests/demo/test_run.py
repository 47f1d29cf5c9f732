"""The demonstration: what a newcomer sees first must work, and must touch nothing of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[2] / "demo" / "run.py"


def demo(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, RUN],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with a rule and a skill."""
    worktree = tmp_path / "my project"
    skill = worktree / ".claude" / "skills" / "greet" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: greet\ndescription: Greets.\n---\nSay hello.\n")
    (worktree / "CLAUDE.md").write_text("# Rules\n\nBe kind.\n")
    git("init", "--quiet", cwd=worktree)
    git("add", "--all", cwd=worktree)
    git("commit", "--quiet", "--message", "Begin", cwd=worktree)
    return worktree


def everything_in(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_the_demonstration_succeeds_and_leaves_the_home_directory_alone(home: Path, tmp_path: Path) -> None:
    """It ends with exit code 0, shows four running projects, and removes what it made."""
    before = everything_in(home)
    shown = demo(TMPDIR=str(tmp_path))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count("[running]") == 4
    assert "ended with exit code 0" in shown.stdout
    assert everything_in(home) == before
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_to_a_worktree_when_nobody_agrees(project: Path, home: Path) -> None:
    """Without a terminal and without YES=1 the plan is shown, and that is all."""
    before = everything_in(project)
    refused = demo(PROJECT=str(project), TARGETS="codex")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "AGENTS.md" in refused.stdout
    assert "YES=1" in refused.stderr
    assert everything_in(project) == before
    assert not (home / ".harnesssync" / "registry.json").exists()


def test_a_worktree_is_brought_in_step_when_its_owner_agrees(project: Path, home: Path) -> None:
    """With YES=1 it is registered in the user's own home directory, and synced."""
    agreed = demo(PROJECT=str(project), TARGETS="codex gemini", YES="1")
    assert agreed.returncode == 0, agreed.stdout + agreed.stderr
    assert (project / "AGENTS.md").read_text() == "# Rules\n\nBe kind.\n"
    assert (home / ".harnesssync" / "registry.json").is_file()


def test_other_projects_of_theirs_may_be_amiss(project: Path, tmp_path: Path, git: Callable[..., str]) -> None:
    """How they stand is not told as a failure of this one."""
    other = tmp_path / "other"
    broken = other / ".claude" / "agents" / "broken.md"
    broken.parent.mkdir(parents=True)
    broken.write_text("---\nname: [\n---\n")
    git("init", "--quiet", cwd=other)
    harnesssync = [sys.executable, "-m", "harnesssync_orchestrator.entry"]
    subprocess.run([*harnesssync, "ctl", "add", str(other), "--target", "codex"], check=True, capture_output=True)
    checked = subprocess.run([*harnesssync, "check", "--project", str(other)], check=False, capture_output=True)
    assert checked.returncode == 1, checked.stdout
    agreed = demo(PROJECT=str(project), TARGETS="codex", YES="1")
    assert agreed.returncode == 0, agreed.stdout + agreed.stderr
    assert "in step" in agreed.stdout


def test_a_project_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    """A mistyped path is told, and nothing is started."""
    refused = demo(PROJECT=str(tmp_path / "missing"))
    assert (refused.returncode, "there is no such folder" in refused.stderr) == (2, True)
