"""Text of files that git ignores never comes into a file that git tracks or shows."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.files import asking_git

Run = Callable[..., Any]
Git = Callable[..., str]

PASSWORD = "DB_PASSWORD=hunter2"
OWN = "Only I say this."


@pytest.fixture
def project(worktree: Path, git: Git) -> Path:
    """A rule of a team's, and one of a person's own; there is a file of theirs that a rule may import."""
    git("rm", "-rqf", ".", cwd=worktree)
    (worktree / ".claude/rules").mkdir(parents=True, exist_ok=True)
    (worktree / ".claude/rules/team.md").write_text("We all say this.\n")
    (worktree / ".claude/rules/own.md").write_text(OWN + "\n")
    (worktree / "CLAUDE.md").write_text("Be kind.\n")
    (worktree / ".gitignore").write_text(".env\n.claude/rules/own.md\n")
    (worktree / ".env").write_text(PASSWORD + "\n")
    git("add", ".", cwd=worktree)
    git("commit", "-qm", "all", cwd=worktree)
    return worktree


def commit_output(run: Run, project: Path, git: Git) -> None:
    """A team commits an AGENTS.md of ours, of what all of it has."""
    own = project / ".claude/rules/own.md"
    text = own.read_text()
    own.unlink()
    assert run("sync", "--target", "codex", "--target", "cursor", cwd=project).code == 0
    git("add", "-f", "AGENTS.md", cwd=project)
    git("commit", "-qm", "outputs", cwd=project)
    own.write_text(text)


def shown(project: Path, git: Git) -> str:
    """The text of all that a team would get of the project with the next `git add --all`."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard", cwd=project).splitlines()
    return "\n".join((project / name).read_text() for name in names if (project / name).is_file())


@pytest.mark.parametrize("way", ["tracked", "negated", "negated later"])
@pytest.mark.parametrize("imports", [False, True])
def test_what_git_ignores_comes_into_no_file_that_it_shows(
    run: Run, project: Path, git: Git, way: str, *, imports: bool
) -> None:
    """Neither a rule nor what a rule imports; what has a place of its own for private text goes there, hidden."""
    ignored = (project / ".gitignore").read_text()
    if way == "tracked":
        commit_output(run, project, git)
    elif way == "negated":
        (project / ".gitignore").write_text(ignored + "!AGENTS.md\n")
    else:
        assert run("sync", "--target", "codex", "--target", "cursor", cwd=project).code == 0
        (project / ".gitignore").write_text(ignored + "!AGENTS.md\n")
    if imports:
        (project / "CLAUDE.md").write_text("Be kind.\n\n@.env\n")
    assert run("sync", "--target", "codex", "--target", "cursor", cwd=project).code == 0
    seen = shown(project, git)
    assert OWN not in seen
    assert PASSWORD not in seen
    assert "We all say this." in (project / "AGENTS.md").read_text()
    hidden = (project / "AGENTS.override.md").read_text()
    assert OWN in hidden
    assert (PASSWORD in hidden) is imports
    again = run("sync", "--json", "--target", "codex", "--target", "cursor", cwd=project)
    assert json.loads(again.out)["projects"][0]["operations"] == []


def test_where_there_is_no_other_place_it_is_left_out_and_told(run: Run, project: Path, git: Git) -> None:
    """A server of a file that git ignores, and a file of settings that is a person's and that git shows."""
    server = {"type": "http", "url": "https://own.example/mcp"}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"own": server}}))
    (project / ".gitignore").write_text(".mcp.json\n")
    (project / ".cursor").mkdir(exist_ok=True)
    (project / ".cursor/mcp.json").write_text('{"mcpServers": {"mine": {"url": "https://mine.example"}}}\n')
    ran = run("sync", "--json", "--target", "cursor", cwd=project)
    (row,) = json.loads(ran.out)["projects"]
    assert "own.example" not in (project / ".cursor/mcp.json").read_text()
    (loss,) = [loss for loss in row["losses"] if loss["item"] == "mcp_server own"]
    assert loss["why"].startswith("it is private, and .cursor/mcp.json holds things of yours")


def test_what_git_tracks_all_the_same_is_a_teams(run: Run, project: Path, git: Git) -> None:
    """A pattern hides nothing that was added."""
    git("add", "-f", ".claude/rules/own.md", cwd=project)
    (project / ".gitignore").write_text(".claude/rules/own.md\n!AGENTS.md\n")
    assert run("sync", "--target", "codex", cwd=project).code == 0
    assert OWN in (project / "AGENTS.md").read_text()


def test_git_is_asked_about_sources_only_where_it_shows_an_output(
    run: Run, project: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not at all when nothing has changed."""
    asked: list[Sequence[str]] = []
    truly = asking_git.ignored

    def noted(folder: Path, paths: Sequence[str], **more: Any) -> Any:
        asked.append(paths)
        return truly(folder, paths, **more)

    monkeypatch.setattr(asking_git, "ignored", noted)
    run("ctl", "add", str(project), "--target", "codex")
    assert run("sync", cwd=project).code == 0
    assert OWN in (project / "AGENTS.md").read_text()
    assert asked == []
    git("add", "-f", "AGENTS.md", cwd=project)
    (project / "CLAUDE.md").write_text("Be kinder.\n")
    assert run("sync", cwd=project).code == 0
    assert any(".claude/rules/own.md" in paths for paths in asked)
    run("sync", cwd=project)  # once a tick of the clock has gone by, so that signatures hold
    asked.clear()
    assert run("sync", cwd=project).code == 0
    assert asked == []


def test_a_link_out_of_the_project_is_as_private_as_git_takes_it(
    run: Run, project: Path, git: Git, tmp_path: Path
) -> None:
    """Behind a folder that is a link git sees nothing: it is the link that it ignores."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "mine.md").write_text("Out there I say this.\n")
    (project / ".claude/rules/mine").symlink_to(notes)
    (project / ".gitignore").write_text(".claude/rules/own.md\n.claude/rules/mine\n!AGENTS.md\n")
    run("ctl", "add", str(project), "--target", "codex")
    assert run("sync", cwd=project).code == 0
    assert "Out there" not in (project / "AGENTS.md").read_text()
    assert "Out there" in (project / "AGENTS.override.md").read_text()


def test_where_git_gives_no_answer_what_it_shows_is_neither_written_nor_removed(
    run: Run, project: Path, git: Git
) -> None:
    """It may be private by now, or not."""
    commit_output(run, project, git)
    before = (project / "AGENTS.md").read_bytes()
    (project / ".claude/rules/team.md").write_text("We say something else.\n")
    exclude = project / ".git/info/exclude"
    exclude.rename(exclude.with_name("kept"))
    exclude.mkdir()
    assert run("sync", "--target", "codex", cwd=project).code == 4
    assert (project / "AGENTS.md").read_bytes() == before
    exclude.rmdir()
    exclude.with_name("kept").rename(exclude)
    assert run("sync", "--target", "codex", cwd=project).code == 0
    assert "We say something else." in (project / "AGENTS.md").read_text()
    assert OWN not in (project / "AGENTS.md").read_text()


def test_where_git_gives_no_answer_what_it_hides_stays_too(
    run: Run, project: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that a person edits too names the rule, so git is asked about its text, and all that has it waits."""
    (project / ".gemini").mkdir()
    (project / ".gemini/settings.json").write_text('{"theme": "dark"}\n')
    git("add", ".gemini", cwd=project)
    assert run("sync", "--target", "codex", "--target", "gemini", cwd=project).code == 0
    before = (project / "AGENTS.md").read_bytes()
    truly, wrapped = shutil.which("git"), tmp_path / "programs/git"
    wrapped.parent.mkdir()
    wrapped.write_text(f'#!/bin/sh\ncase "$*" in *check-ignore*) exit 128;; esac\nexec {truly} "$@"\n')
    wrapped.chmod(0o755)
    (project / ".claude/rules/own.md").unlink()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(wrapped.parent), prepend=os.pathsep)
        assert run("sync", "--target", "codex", "--target", "gemini", cwd=project).code == 1
    assert (project / "AGENTS.md").read_bytes() == before
    assert run("sync", "--target", "codex", "--target", "gemini", cwd=project).code == 0
    assert OWN not in (project / "AGENTS.md").read_text()


@pytest.mark.parametrize("place", [".gitignore", ".git/info/exclude", ".gemini/.gitignore"])
def test_git_is_not_asked_where_it_would_wait_for_a_pipe(run: Run, project: Path, git: Git, place: str) -> None:
    """It is told, what git might show stays as it is, and what has other text goes on."""
    (project / ".gemini").mkdir()
    (project / ".gemini/settings.json").write_text('{"theme": "dark"}\n')
    git("add", ".gemini", cwd=project)
    assert run("sync", "--target", "codex", "--target", "gemini", cwd=project).code == 0
    before = (project / "AGENTS.md").read_bytes()
    (project / ".claude/agents").mkdir()
    (project / ".claude/agents/fine.md").write_text("---\nname: fine\ndescription: Fine\n---\nWork.\n")
    (project / "CLAUDE.md").write_text("Be kinder.\n")
    (project / place).unlink(missing_ok=True)
    os.mkfifo(project / place)
    found = run("sync", "--target", "codex", "--target", "gemini", cwd=project)
    assert "is a named pipe" in found.out
    assert "timed out" not in found.out
    assert found.code != 0
    assert (project / "AGENTS.md").read_bytes() == before
    assert place == ".git/info/exclude" or (project / ".codex/agents/fine.toml").exists()
