"""A project that nobody has trusted in the harness itself: nothing breaks, and text is still read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harnesses import comparison
from harnesses.configuration import ENVIRONMENT
from harnesses.conftest import Arrange, Keep, Situation
from harnesses.expected import of_home

pytestmark = pytest.mark.harnesses


@pytest.fixture
def untrusted(keep: Keep, look: Arrange, full: Situation) -> Situation:
    """The full configuration in programs that do not trust the project."""

    def arrange() -> Situation:
        again = look(full.project, full.home, trusted=False)
        return replace(again, expected=full.expected, reports=full.reports)

    return keep("untrusted", arrange)


WITHOUT_TRUST = ("opencode", "droid", "kilo", "claude-code")
"""Programs that know no trust, Claude Code only when it is asked with `--print`: they read all of a project, and start
its servers."""
WITHOUT_TURNS = ("gemini", "auggie", "amp")
"""Programs that take no turn before they trust the project, or without an account."""
WITHOUT_SERVERS = ("pi", "aider")
"""Programs that have no servers."""


def test_nothing_breaks_where_the_project_is_not_trusted(untrusted: Situation, harness: str) -> None:
    """The programs start, and complain of nothing but that they are not to trust it."""
    seen = untrusted.seen(harness)
    assert seen.errors == ()
    # Qwen Code takes servers that it may not start for some that failed to.
    told = ("trusted", "failed to start") if harness == "qwen" else ("trusted",)
    assert [warning for warning in seen.warnings if not any(word in warning for word in told)] == []


def test_rules_are_read_where_the_project_is_not_trusted(untrusted: Situation, harness: str) -> None:
    """But for Gemini CLI, which takes no turn before; Qwen Code and Vibe read the user's."""
    seen = untrusted.seen(harness)
    assert (seen.refusal is not None) == (harness in WITHOUT_TURNS)
    if seen.refusal is None:
        expected = untrusted.expected if harness not in ("qwen", "vibe") else of_home(untrusted.home, ENVIRONMENT)
        assert list(comparison.rules(expected, seen, untrusted.losses(harness))) == []


def test_skills_are_there_where_the_project_is_not_trusted(untrusted: Situation, harness: str) -> None:
    """Gemini CLI and Vibe list those of the user, the others all of them."""
    seen = untrusted.seen(harness)
    everything = untrusted.expected if harness not in ("gemini", "vibe") else of_home(untrusted.home, ENVIRONMENT)
    assert list(comparison.skills(everything, seen, untrusted.losses(harness))) == []


def test_servers_of_an_untrusted_project_do_not_start(untrusted: Situation, harness: str) -> None:
    """But where there is no trust; the others start the user's own servers alone, and Qwen Code not even those."""
    seen = untrusted.seen(harness)
    names = {server.name for server in seen.servers}
    own = {server.name for server in of_home(untrusted.home, ENVIRONMENT).servers}
    if harness in WITHOUT_TRUST:
        assert names > own
    else:
        assert names == (set() if harness in ("qwen", "gemini", "auggie", *WITHOUT_SERVERS) else own)
