"""Which instructions reach the model where, and that a person's own stay theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harnesses import comparison
from harnesses.asking import HARNESSES
from harnesses.configuration import PRIVATE, build_full, git, sync, write
from harnesses.conftest import Arrange, Keep, Situation

pytestmark = pytest.mark.harnesses

FOLDER = "packages/api"

FOLDER_ALONE = ("gemini", "qwen", "droid", "kilo", "pi")
"""Programs that read settings and rules of the folder that they are started in alone: those of a person's own are in
the root."""

PERSONAL_ALONE = ("cline", "continue", "aider")
"""Programs that read of a project what lies in the folder that they are started in, and nothing of the root."""


@pytest.fixture
def inside(keep: Keep, look: Arrange, full: Situation) -> Situation:
    """The full configuration, seen from a folder that has instructions of its own."""

    def arrange() -> Situation:
        again = look(full.project, full.home, directory=FOLDER)
        return replace(again, expected=full.expected, reports=full.reports)

    return keep("inside", arrange)


def test_plain_instructions_reach_the_model_once(plain: Situation, harness: str) -> None:
    """Where `CLAUDE.md` is all there is, it is linked or read as it is, and by no program twice."""
    seen = plain.seen(harness)
    assert list(comparison.rules(plain.expected, seen, plain.losses(harness))) == []
    assert (seen.errors, seen.warnings) == ((), ())
    assert seen.refusal is not None or seen.rules["CLAUDE.md"] == 1


def test_a_folder_adds_its_instructions_to_those_above(inside: Situation, harness: str) -> None:
    """In `packages/api` the model is told what holds there, and what holds for all of the project."""
    expected = inside.expected
    if harness in PERSONAL_ALONE:
        expected = replace(expected, rules=tuple(rule for rule in expected.rules if rule.personal))
    elif harness in FOLDER_ALONE:
        expected = replace(expected, rules=tuple(rule for rule in expected.rules if not rule.private))
    assert list(comparison.rules(expected, inside.seen(harness), inside.losses(harness), FOLDER)) == []


def test_private_instructions_reach_the_model(full: Situation, harness: str) -> None:
    """`CLAUDE.local.md` is told once, or declared as a loss."""
    seen = full.seen(harness)
    lost = "CLAUDE.local.md" in full.losses(harness).about("rule CLAUDE.local.md")
    assert seen.refusal is not None or seen.times(PRIVATE) == (0 if lost else 1)


def test_private_things_can_not_be_committed(places: Callable[[str], tuple[Path, Path]]) -> None:
    """Whoever adds everything after a sync commits nothing of what only they have: rules, servers, plugins."""
    project, home = places("station")
    build_full(project, home)
    sync(project, home, HARNESSES)
    git(project, "add", "--all")
    assert _staged(project) == {}


def test_private_things_stay_out_of_files_that_are_tracked_already(
    places: Callable[[str], tuple[Path, Path]],
) -> None:
    """Configuration of a harness that a team commits gets nothing of what one person has."""
    project, home = places("station")
    write(project / "opencode.json", {"autoupdate": False})
    write(project / ".gemini/settings.json", {"ui": {"hideTips": True}})
    write(project / ".codex/config.toml", "# Ours.\nmodel_verbosity = 'low'\n")
    build_full(project, home)
    sync(project, home, HARNESSES, ok=(0, 1))
    git(project, "add", "--all")
    assert _staged(project) == {}


PRIVATE_TEXTS = (PRIVATE, "CLAUDE.local.md", "scratchpad", "desk-checks", "Tidy the desk", "local SessionStart")
"""What only one person has: a rule, the mention of it, a server, a plugin's skill and command, a hook."""


def _staged(project: Path) -> dict[str, list[str]]:
    """Which private texts would be committed, with their files. That a file is ignored may be said to everybody."""
    found = {text: _staged_files_with(project, text) for text in PRIVATE_TEXTS}
    return {text: files for text, files in found.items() if files not in ([], [".gitignore"])}


def _staged_files_with(project: Path, text: str) -> list[str]:
    staged = git(project, "ls-files", "-z").split("\0")[:-1]
    return [file for file in staged if text in git(project, "show", f":{file}")]
