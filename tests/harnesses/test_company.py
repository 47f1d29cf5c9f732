"""What is written for one program, and another one reads as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harnesses.asking import Question, ask
from harnesses.configuration import ENVIRONMENT, SERVER, make_repository, sync, write

pytestmark = pytest.mark.harnesses


@pytest.mark.parametrize("harness", ["opencode", "kilo"])
def test_what_is_for_opencode_reaches_opencode_alone(
    harness: str, programs: Path, places: Callable[[str], tuple[Path, Path]]
) -> None:
    """Kilo Code reads a project's `opencode.json`: what is allowed there would reach it without what is denied, and at
    a server with a variable it complains."""
    project, home = places("station")
    server = {"command": SERVER, "args": ["${STATION_KEY}"], "env": {"TOKEN": "${STATION_TOKEN}"}}
    write(project / ".mcp.json", {"mcpServers": {"files": server}})
    rules = {"allow": ["Bash(make:*)"], "deny": ["Bash(make release:*)"]}
    write(project / ".claude/settings.json", {"permissions": rules})
    make_repository(project)
    sync(project, home, ["opencode"])
    question = Question(
        project=str(project), home=str(home), prefix=str(programs), stand_ins=(SERVER,), environment=ENVIRONMENT
    )
    seen = ask(harness, question)
    assert seen.listed_servers == (("files",) if harness == "opencode" else ())
    assert (seen.warnings, seen.errors) == ((), ())
    assert ({"bash", "?ash"} <= set(seen.permissions)) == (harness == "opencode")
    assert seen.permissions == {} or harness == "opencode"


@pytest.mark.parametrize("harness", ["opencode", "kilo"])
def test_an_agents_md_for_another_program_hides_no_instructions(
    harness: str, programs: Path, places: Callable[[str], tuple[Path, Path]]
) -> None:
    """One in the root, which is all that Cline reads, keeps these two from every `CLAUDE.md`."""
    project, home = places("station")
    write(project / "CLAUDE.md", "Mind the gap.\n")
    write(project / "pkg/CLAUDE.md", "Mind the doors.\n")
    make_repository(project)
    sync(project, home, [harness, "cline"])
    seen = ask(harness, Question(project=str(project), home=str(home), prefix=str(programs), directory="pkg"))
    assert (seen.times("Mind the gap."), seen.times("Mind the doors.")) == (1, 1)
