"""A project that nobody has trusted in the harness itself: nothing breaks, and text is still read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harnesses import comparison
from harnesses.configuration import ENVIRONMENT
from harnesses.conftest import Arrange, Situation
from harnesses.expected import of_home

pytestmark = pytest.mark.harnesses


@pytest.fixture(scope="session")
def untrusted(look: Arrange, full: Situation) -> Situation:
    """The full configuration in programs that do not trust the project."""
    return replace(look(full.project, full.home, trusted=False), expected=full.expected, reports=full.reports)


def test_nothing_breaks_where_the_project_is_not_trusted(untrusted: Situation, harness: str) -> None:
    """The programs start, and complain of nothing but that they are not to trust it."""
    seen = untrusted.seen(harness)
    assert seen.errors == ()
    assert [warning for warning in seen.warnings if "trusted" not in warning] == []


def test_rules_are_read_where_the_project_is_not_trusted(untrusted: Situation, harness: str) -> None:
    """But for Gemini CLI, which takes no turn before the folder is trusted, and Qwen Code, which reads the user's."""
    seen = untrusted.seen(harness)
    assert (seen.refusal is not None) == (harness == "gemini")
    if seen.refusal is None:
        expected = untrusted.expected if harness != "qwen" else of_home(untrusted.home, ENVIRONMENT)
        assert list(comparison.rules(expected, seen, untrusted.losses(harness))) == []


def test_skills_are_there_where_the_project_is_not_trusted(untrusted: Situation, harness: str) -> None:
    """Gemini CLI lists those of the user, the others all of them."""
    seen = untrusted.seen(harness)
    everything = untrusted.expected if harness != "gemini" else of_home(untrusted.home, ENVIRONMENT)
    assert list(comparison.skills(everything, seen, untrusted.losses(harness))) == []


def test_servers_of_an_untrusted_project_do_not_start(untrusted: Situation, harness: str) -> None:
    """OpenCode and Factory Droid know no trust; the others start the user's own servers alone."""
    names = {server.name for server in untrusted.seen(harness).servers}
    own = {server.name for server in of_home(untrusted.home, ENVIRONMENT).servers}
    if harness in ("opencode", "droid"):
        assert names > own
    else:
        assert names == (own if untrusted.seen(harness).refusal is None else set())
