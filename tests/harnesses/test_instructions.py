"""Which instructions reach the model where, and that a person's own stay theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harnesses import comparison
from harnesses.configuration import PRIVATE, build_full, git, sync
from harnesses.conftest import Arrange, Situation

pytestmark = pytest.mark.harnesses

FOLDER = "packages/api"


@pytest.fixture(scope="session")
def inside(look: Arrange, full: Situation) -> Situation:
    """The full configuration, seen from a folder that has instructions of its own."""
    return replace(look(full.project, full.home, directory=FOLDER), expected=full.expected, reports=full.reports)


def test_plain_instructions_reach_the_model_once(plain: Situation, harness: str) -> None:
    """Where `CLAUDE.md` is all there is, it is linked or read as it is, and by no program twice."""
    seen = plain.seen(harness)
    assert list(comparison.rules(plain.expected, seen, plain.losses(harness))) == []
    assert (seen.errors, seen.warnings) == ((), ())
    assert seen.rules["CLAUDE.md"] == 1


def test_a_folder_adds_its_instructions_to_those_above(inside: Situation, harness: str) -> None:
    """In `packages/api` the model is told what holds there, and what holds for all of the project."""
    expected = inside.expected
    if harness == "gemini":
        # It reads the settings of the folder that it is started in alone, where nobody names CLAUDE.local.md.
        expected = replace(expected, rules=tuple(rule for rule in expected.rules if not rule.private))
    assert list(comparison.rules(expected, inside.seen(harness), inside.losses(harness), FOLDER)) == []


def test_private_instructions_reach_the_model(full: Situation, harness: str) -> None:
    """`CLAUDE.local.md` is told once."""
    assert full.seen(harness).times(PRIVATE) == 1


def test_private_things_can_not_be_committed(places: Callable[[str], tuple[Path, Path]]) -> None:
    """Whoever adds everything after a sync commits nothing of what only they have: rules, servers, plugins."""
    project, home = places("station")
    build_full(project, home)
    sync(project, home)
    git(project, "add", "--all")
    private = (PRIVATE, "scratchpad", "desk-checks", "Tidy the desk", "local SessionStart", "make lint", "rm -rf")
    found = {text: _staged_files_with(project, text) for text in private}
    assert {text: files for text, files in found.items() if files} == {}


def _staged_files_with(project: Path, text: str) -> list[str]:
    staged = git(project, "ls-files", "-z").split("\0")[:-1]
    return [file for file in staged if text in git(project, "show", f":{file}")]
