"""What we wrote is private, and a person edits it: git sees it no more than before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Git = Callable[..., str]

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
KEY = ".gemini/settings.json"
WHOLE = ".gemini/agents/secret.md"


@pytest.fixture
def project(run: Run, worktree: Path, git: Git) -> Path:
    """Its sources are kept out of git, and hold a credential; Gemini CLI has it, too."""
    (worktree / ".gitignore").write_text(".mcp.json\n.claude/\n")
    server = {"type": "http", "url": "https://old.example/mcp", "headers": {"Authorization": f"Bearer {TOKEN}"}}
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": {"secret": server}}))
    agent = worktree / ".claude/agents/secret.md"
    agent.parent.mkdir(parents=True, exist_ok=True)
    agent.write_text(f"---\nname: secret\ndescription: Knows\n---\nUse {TOKEN}.\n")
    git("rm", "-rq", "--cached", ".mcp.json", ".claude", cwd=worktree)
    git("add", ".", cwd=worktree)
    git("commit", "-qm", "all", cwd=worktree)
    run("ctl", "add", str(worktree), "--target", "gemini")
    assert run("sync", cwd=worktree).code == 0
    return worktree


@pytest.fixture
def edited(project: Path) -> Path:
    """A person has edited what holds it."""
    for path in (KEY, WHOLE):
        text = (project / path).read_text()
        assert TOKEN in text
        (project / path).write_text(text.replace("old.example", "new.example").replace("Use", "Always use"))
    return project


def seen(git: Git, project: Path) -> list[str]:
    """What git shows, and whoever adds everything takes along."""
    shown = git("status", "--porcelain", "-uall", cwd=project).splitlines()
    return [line for line in shown if TOKEN in (project / line[3:]).read_text()]


def test_an_edit_is_a_conflict_and_stays_hidden(run: Run, edited: Path, git: Git) -> None:
    """The rest of it is what we wrote. It is an edit like any other besides."""
    ran = run("sync", "--json", cwd=edited)
    (row,) = json.loads(ran.out)["projects"]
    assert ran.code == 1
    assert {(each["address"], each["kind"]) for each in row["conflicts"]} == {
        (f"{KEY}#/mcpServers/secret", "drift"),
        (WHOLE, "drift"),
    }
    assert seen(git, edited) == []
    assert row["losses"] == []


def test_what_a_person_keeps_stays_hidden(run: Run, edited: Path, git: Git) -> None:
    """Also at the next sync, which has nothing to do."""
    run("resolve", "--keep", "--all", cwd=edited)
    assert seen(git, edited) == []
    assert run("sync", cwd=edited).code == 0
    assert seen(git, edited) == []
    assert "new.example" in (edited / KEY).read_text()


@pytest.mark.parametrize("command", [("unlink", "--all"), ("undo",)])
def test_what_was_edited_stays_hidden_when_all_else_is_taken_back(
    run: Run, edited: Path, git: Git, command: tuple[str, ...]
) -> None:
    """Until somebody has removed it."""
    assert run(*command, cwd=edited).code == 1
    assert "new.example" in (edited / KEY).read_text()
    assert seen(git, edited) == []
    for path in (KEY, WHOLE):
        (edited / path).unlink()
    assert run("unlink", "--all", cwd=edited).code == 0
    assert "harnesssync" not in (edited / ".git/info/exclude").read_text()


def test_what_stands_in_a_project_that_was_moved_stays_hidden(run: Run, project: Path, git: Git) -> None:
    """Onto another file system: no ledger knows of it there."""
    moved = Path(shutil.copytree(project, project.with_name("moved"), symlinks=True))
    shutil.rmtree(project)
    for source, old in ((".mcp.json", "old.example"), (".claude/agents/secret.md", "Use")):
        text = (moved / source).read_text()
        (moved / source).write_text(text.replace(old, "new"))
    run("ctl", "add", str(moved), "--target", "gemini")
    for _ in range(3):
        assert run("sync", cwd=moved).code == 1
        assert "old.example" in (moved / KEY).read_text()
        assert "Use" in (moved / WHOLE).read_text()
        assert seen(git, moved) == []
