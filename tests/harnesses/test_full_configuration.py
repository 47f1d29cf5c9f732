"""A configuration with something of everything, as the real programs see it after a sync."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harnesses import comparison
from harnesses.configuration import CODE, ENVIRONMENT, build_full
from harnesses.conftest import Situation
from harnesses.expected import of_home, of_project
from harnesses.seen import squeezed

pytestmark = pytest.mark.harnesses


def test_the_source_says_something_of_every_kind(places: Callable[[str], tuple[Path, Path]]) -> None:
    """An expectation that is empty would be met by a program that sees nothing."""
    project, home = places("station")
    build_full(project, home)
    said = of_project(project, home, ENVIRONMENT) + of_home(home, ENVIRONMENT)
    counts = (len(kind) for kind in (said.servers, said.skills, said.agents, said.commands, said.rules, said.hooks))
    assert tuple(counts) == (10, 6, 6, 7, 7, 9)


def test_programs_find_nothing_to_complain_about(full: Situation, harness: str) -> None:
    """No command fails, and no configuration is called wrong."""
    seen = full.seen(harness)
    assert (seen.errors, seen.warnings) == ((), ())


def test_every_server_arrives_as_it_is_written(full: Situation, harness: str) -> None:
    """Commands, arguments, environment, URLs and headers, as the servers themselves got them."""
    assert list(comparison.servers(full.expected, full.seen(harness), full.losses(harness))) == []


def test_every_skill_is_there_once(full: Situation, harness: str) -> None:
    """Skills of the project, the user and plugins, with their descriptions."""
    assert list(comparison.skills(full.expected, full.seen(harness), full.losses(harness))) == []


def test_every_agent_is_there_once(full: Situation, harness: str) -> None:
    """Agents of the project, the user and plugins, with their descriptions and, where they are told, their prompts."""
    assert list(comparison.agents(full.expected, full.seen(harness), full.losses(harness))) == []


def test_every_command_is_there_and_says_what_is_written(full: Situation, harness: str) -> None:
    """The model gets the text of a command that is called, with the arguments in it."""
    assert list(comparison.commands(full.expected, full.seen(harness), full.losses(harness))) == []


def test_every_rule_reaches_the_model_once(full: Situation, harness: str) -> None:
    """Line by line, imports and conditional rules and a person's own ones included."""
    assert list(comparison.rules(full.expected, full.seen(harness), full.losses(harness))) == []


def test_every_hook_runs_once(full: Situation, harness: str) -> None:
    """Those of the beginning of a session, of a prompt and of the end of a turn; no program calls a tool here."""
    # Factory Droid runs no hook of a prompt in `exec`, which is how it is asked here.
    events = ("SessionStart", "Stop") if harness == "droid" else ("SessionStart", "UserPromptSubmit", "Stop")
    assert list(comparison.hooks(full.expected, full.seen(harness), full.losses(harness), events)) == []


def test_code_in_a_command_is_told_as_it_is_written(plain: Situation, harness: str) -> None:
    """A decorator is no mention of a file, and nothing in a block of code is an argument."""
    seen = plain.seen(harness)
    called = seen.called
    assert called or seen.refusal is not None or "command watch" in plain.losses(harness).about("command watch")
    assert [told for told in called.values() if squeezed(CODE) not in squeezed(told)] == []
