"""A `CLAUDE.md` that a harness reads itself, and an `AGENTS.md` that hides it from that harness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

READERS = ("opencode", "kilo", "pi", "amp", "zed")


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with plain instructions, at its root and in a folder."""
    root = (tmp_path / "project").resolve()
    (root / "pkg").mkdir(parents=True)
    (root / "CLAUDE.md").write_text("Be kind.\n")
    (root / "pkg/CLAUDE.md").write_text("Be quick.\n")
    git("init", "-q", cwd=root)
    return root


@pytest.mark.parametrize("target", READERS)
def test_an_agents_md_of_a_persons_that_hides_the_source_is_a_conflict(run: Run, repository: Path, target: str) -> None:
    """As for a harness that reads nothing else. Until it is there nothing is written, and after it nothing is left."""
    assert run("sync", "--target", target, cwd=repository).code == 0
    assert not (repository / "AGENTS.md").exists()
    (repository / "AGENTS.md").write_text("By hand.\n")
    checked = run("check", "--target", target, cwd=repository)
    assert checked.code == 1
    assert "conflict: AGENTS.md: something of yours is already there" in checked.out
    assert run("sync", "--target", target, cwd=repository).code == 1
    assert (repository / "AGENTS.md").read_text() == "By hand.\n"
    (repository / "AGENTS.md").unlink()
    assert run("sync", "--target", target, cwd=repository).code == 0
    assert sorted(repository.glob("**/AGENTS.md")) == []


def test_one_at_the_root_hides_those_of_folders_too(run: Run, repository: Path) -> None:
    """So these get theirs from OpenCode on, also where a person keeps the one at the root."""
    (repository / "AGENTS.md").write_text("By hand.\n")
    assert run("resolve", "--target", "opencode", "--keep", "AGENTS.md", cwd=repository).code == 0
    assert run("check", "--target", "opencode", cwd=repository).code == 0
    assert (repository / "AGENTS.md").read_text() == "By hand.\n"
    assert (repository / "pkg/AGENTS.md").resolve() == repository / "pkg/CLAUDE.md"


def test_what_is_restored_over_does_not_come_back_by_itself(run: Run, repository: Path) -> None:
    """Ours stays, since the one in whose place it is would hide the source again; `unlink` gives that back."""
    (repository / "AGENTS.md").write_text("By hand.\n")
    assert run("resolve", "--target", "kilo", "--restore", "AGENTS.md", cwd=repository).code == 0
    for _ in range(2):
        assert run("sync", "--target", "kilo", cwd=repository).code == 0
        assert (repository / "AGENTS.md").read_text() == "Be kind.\n"
    assert run("unlink", "--all", cwd=repository).code == 0
    assert (repository / "AGENTS.md").read_text() == "By hand.\n"
    assert not (repository / "pkg/AGENTS.md").exists()


def test_a_home_has_such_a_place_as_well(run: Run, home: Path, tmp_path: Path) -> None:
    """OpenCode's own, which it reads before `~/.claude/CLAUDE.md`."""
    for file in (home / ".claude/CLAUDE.md", home / ".config/opencode/AGENTS.md"):
        file.parent.mkdir(parents=True)
        file.write_text(f"{file}\n")
    checked = run("check", "--user", "--target", "opencode", cwd=tmp_path)
    assert checked.code == 1
    assert "conflict: .config/opencode/AGENTS.md: something of yours is already there" in checked.out


@pytest.mark.parametrize("reader", ["opencode", "kilo"])
@pytest.mark.parametrize("other", ["cline", "continue", "antigravity", "kiro", "junie", "roo"])
def test_one_that_is_written_for_another_harness_hides_nothing(
    run: Run, repository: Path, reader: str, other: str
) -> None:
    """What that has at the root alone is made in folders too, and goes with it."""
    options = ("--target", reader, "--target", other)
    assert run("sync", *options, cwd=repository).code == 0
    made = [repository / "AGENTS.md", repository / "pkg/AGENTS.md"]
    assert sorted(repository.glob("**/AGENTS.md")) == made
    assert [file.read_text() for file in made] == ["Be kind.\n", "Be quick.\n"]
    assert run("check", *options, cwd=repository).code == 0
    assert run("unlink", "--target", other, cwd=repository).code == 0
    assert run("sync", "--target", reader, cwd=repository).code == 0
    assert sorted(repository.glob("**/AGENTS.md")) == []
