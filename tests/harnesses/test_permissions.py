"""What a program that tells it would let happen, by the rules that are written for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harnesses.asking import Question, ask
from harnesses.configuration import ENVIRONMENT, make_repository, sync, write

pytestmark = pytest.mark.harnesses


def test_amp_rejects_what_is_denied_and_asks_about_the_rest(
    programs: Path, places: Callable[[str], tuple[Path, Path]]
) -> None:
    """By the settings of the home and of the project, each alone: the latter has the denials of both."""
    project, home = places("station")
    rules = {"allow": ["Bash(make:*)"], "deny": ["Bash(deploy:*)"]}
    write(project / ".claude/settings.json", {"permissions": rules})
    write(home / ".claude/settings.json", {"permissions": {"deny": ["Bash(teardown)"]}})
    make_repository(project)
    sync(project, home, ["amp"])
    seen = ask("amp", Question(project=str(project), home=str(home), prefix=str(programs), environment=ENVIRONMENT))
    assert (seen.errors, seen.warnings) == ((), ())
    denied = {"deploy --now": "reject", "make && deploy": "reject"}
    free = {"deployed": "ask", "make": "ask"}
    assert seen.permissions["answers"] == {
        "user": {**dict.fromkeys(denied, "ask"), **free, "teardown": "reject"},
        "workspace": {**denied, **free, "teardown": "reject"},
    }
    assert {rule["action"] for some in seen.permissions["rules"].values() for rule in some} == {"reject"}
