"""A linked worktree in which git has next to nothing: Claude Code sees what a person keeps in the main checkout."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harnesses import comparison
from harnesses.configuration import build_full, git, make_repository
from harnesses.conftest import Arrange, Situation

pytestmark = pytest.mark.harnesses

HARNESS = "claude-code"


@pytest.fixture(scope="module")
def arranged() -> dict[str, Situation]:
    return {}


@pytest.fixture(params=[HARNESS])
def harness(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def worktree(look: Arrange, places: Callable[[str], tuple[Path, Path]], arranged: dict[str, Situation]) -> Situation:
    """The worktree of a repository that has the instructions and the shared settings alone, while the rest is ignored
    in the main checkout."""
    if HARNESS not in arranged:
        main, home = places("terminus")
        build_full(main, home)
        shutil.rmtree(main / ".git")
        (main / ".gitignore").write_text("CLAUDE.local.md\n.claude/*\n!.claude/settings.json\n.mcp.json\n")
        make_repository(main)
        linked = main.with_name("siding")
        git(main, "worktree", "add", "--quiet", str(linked))
        # What is said of the main checkout is what the worktree is to have; `git status` of it stays clean.
        of_main = look(main, home)
        situation = look(linked, home, call_commands=True)
        arranged[HARNESS] = replace(situation, expected=of_main.expected)
        assert git(linked, "status", "--porcelain") == ""
    return arranged[HARNESS]


def test_it_finds_nothing_to_complain_about(worktree: Situation, harness: str) -> None:
    seen = worktree.seen(harness)
    assert (seen.errors, seen.warnings) == ((), ())


@pytest.mark.parametrize("kind", ["skills", "agents", "commands", "rules"])
def test_everything_is_there_once(worktree: Situation, harness: str, kind: str) -> None:
    """As in the main checkout itself."""
    compare = getattr(comparison, kind)
    assert list(compare(worktree.expected, worktree.seen(harness), worktree.losses(harness))) == []


def test_its_servers_are_those_of_the_main_checkout(worktree: Situation, harness: str) -> None:
    assert list(comparison.servers(worktree.expected, worktree.seen(harness), worktree.losses(harness))) == []
