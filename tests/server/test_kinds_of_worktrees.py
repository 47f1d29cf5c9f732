"""Worktrees of every kind that git makes, with a real supervisor: complete, listed, and taken leave of."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.server.machine import Machine, eventually

from harnesssync_orchestrator.core.projects import project_id

OUTPUTS = ("AGENTS.md", ".codex/agents/reviewer.toml", ".agents/skills/pdf/SKILL.md")


def git(root: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=n", "-c", "user.email=e@example.invalid", "-c", "protocol.file.allow=always")
    return subprocess.run(
        ["git", *settings, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def main(worktree: Callable[[str], Path]) -> Path:
    root = worktree("main")
    for name, text in {
        ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: d\n---\nReview.\n",
        ".claude/skills/pdf/SKILL.md": "---\nname: pdf\ndescription: d\n---\nRead.\n",
    }.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text)
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def in_step(machine: Machine) -> set[str]:
    return {each["path"] for each in machine.call("status")["projects"] if each["state"] == "in step"}


def are_served(machine: Machine, *roots: Path) -> bool:
    """Just these, each in step and complete?"""
    is_complete = all((root / output).exists() for root in roots for output in OUTPUTS)
    return in_step(machine) == set(map(str, roots)) and is_complete


def shown(*roots: Path) -> list[str]:
    return [git(root, "status", "--short", "--untracked-files=all") for root in roots]


@pytest.fixture
def serving(machine: Machine, main: Path) -> Machine:
    machine.serve()
    machine.call("add", path=str(main), targets=["codex"])
    eventually(lambda: are_served(machine, main))
    return machine


def test_one_that_is_made_where_claude_code_makes_its_own(serving: Machine, main: Path) -> None:
    """Inside the main checkout, where git does not look for it, nor does the project around it."""
    inner = main / ".claude/worktrees/inner"
    git(main, "worktree", "add", "-q", str(inner))
    eventually(lambda: are_served(serving, main, inner))
    assert shown(inner) == [""]
    assert not (main / ".codex/agents/inner.toml").exists()


def test_one_inside_another_one(serving: Machine, main: Path) -> None:
    """What is in it belongs to none but itself."""
    outer = main.with_name("outer")
    inner = outer / "below/inner"
    git(main, "worktree", "add", "-q", str(outer))
    git(main, "worktree", "add", "-q", str(inner))
    eventually(lambda: are_served(serving, main, outer, inner))
    (inner / "CLAUDE.md").write_text("inner rules")
    eventually(lambda: (inner / "AGENTS.md").read_text() == "inner rules")
    assert (outer / "AGENTS.md").read_text() == "rules of main"
    git(main, "worktree", "remove", "--force", str(inner))
    eventually(lambda: are_served(serving, main, outer))


def test_one_that_is_locked(serving: Machine, main: Path) -> None:
    """A lock says that it may be on a disk that is not there: it is served like any other."""
    locked = main.with_name("locked")
    git(main, "worktree", "add", "-q", "--lock", "--reason", "on a disk", str(locked))
    eventually(lambda: are_served(serving, main, locked))
    git(main, "worktree", "unlock", str(locked))
    git(main, "worktree", "lock", str(locked))
    (locked / "CLAUDE.md").write_text("other rules")
    eventually(lambda: (locked / "AGENTS.md").read_text() == "other rules")
    assert are_served(serving, main, locked)


def test_one_of_a_submodule(serving: Machine, main: Path, worktree: Callable[[str], Path]) -> None:
    """That is a repository by itself, and its worktrees come once it was added."""
    around = worktree("around")
    git(around, "submodule", "add", "-q", str(main), "part")
    part, linked = around / "part", around.with_name("linked")
    serving.call("add", path=str(part), targets=["codex"])
    git(part, "worktree", "add", "-q", str(linked))
    eventually(lambda: are_served(serving, main, part, linked))
    assert shown(part, linked) == ["", ""]


def test_what_was_kept_of_one_that_is_removed_is_put_aside(serving: Machine, main: Path) -> None:
    """Ledger and history; a later one in its place begins anew, and finds nothing taken for its own."""
    linked = main.with_name("linked")
    git(main, "worktree", "add", "-q", str(linked))
    eventually(lambda: are_served(serving, main, linked))
    ledger = serving.layout.project_dir(project_id(str(linked))) / "state.json"
    written = json.loads(ledger.read_text())["targets"]["codex"].keys()
    git(main, "worktree", "remove", "--force", str(linked))
    archive = serving.layout.root / "archive"
    eventually(lambda: are_served(serving, main) and any(archive.glob("*/state.json")))
    assert not ledger.exists()
    [kept] = archive.iterdir()
    assert kept.name.startswith(project_id(str(linked)))
    assert json.loads((kept / "state.json").read_text())["targets"]["codex"].keys() == written
    assert len(list((kept / "history").glob("*/record.json"))) == 1
    git(main, "worktree", "add", "-q", "--detach", str(linked))
    eventually(lambda: are_served(serving, main, linked))
    assert len(list((ledger.parent / "history").glob("*/record.json"))) == 1
    assert list(archive.iterdir()) == [kept]


def test_a_source_that_an_editor_saves_by_a_rename(serving: Machine, main: Path) -> None:
    """Over the old one, or after that was put aside."""
    source, output = main / ".claude/agents/reviewer.md", main / ".codex/agents/reviewer.toml"
    for number in range(3):
        beside = source.with_name(f".reviewer.{number}")
        beside.write_text(f"---\nname: reviewer\ndescription: d\n---\nSaved {number}.\n")
        beside.replace(source)
        eventually(lambda number=number: f"Saved {number}." in output.read_text())
    source.rename(source.with_name("reviewer.md~"))
    source.write_text("---\nname: reviewer\ndescription: d\n---\nWritten anew.\n")
    eventually(lambda: output.exists() and "Written anew." in output.read_text())
    assert are_served(serving, main)
