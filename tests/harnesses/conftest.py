"""Situations: a project and a home, synced by the real command, and what each program then sees of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# The tests of this folder share modules, and its programs start some of them: it is a package of its own.
sys.path.insert(0, str(Path(__file__).parents[1]))

from harnesses import install
from harnesses.asking import ALONE, HARNESSES, Question, ask
from harnesses.comparison import Losses
from harnesses.configuration import ENVIRONMENT, SERVER, build_full, build_plain, sync
from harnesses.expected import Expected, of_home, of_project
from harnesses.seen import Seen

# Read before a test's own environment hides the variable.
PREFIX = install.prefix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the source of `project` and `home` says, the reports of their sync, and what the programs see."""

    project: Path
    home: Path
    expected: Expected
    reports: list[dict[str, Any]]
    answers: Mapping[str, Future[Seen]] = field(default_factory=dict)

    def seen(self, harness: str) -> Seen:
        """What a program sees: waits for its answer."""
        return self.answers[harness].result()

    def losses(self, harness: str) -> Losses:
        return Losses.of(self.reports, harness)


# Public configuration is nothing that this repository has: without a folder of it there is no test of it.
collect_ignore = [] if os.environ.get("HARNESSSYNC_REAL_CONFIG") else ["test_public_configuration.py"]

Arrange = Callable[..., Situation]
Keep = Callable[[str, Callable[[], Situation]], Situation]


@pytest.fixture(scope="session")
def selected(request: pytest.FixtureRequest) -> list[str]:
    """The harnesses of the tests that are about to run: the others are not asked."""
    parameters = (getattr(item, "callspec", None) for item in request.session.items)
    return sorted({one.params["harness"] for one in parameters if one is not None and "harness" in one.params})


@pytest.fixture(scope="session")
def programs(selected: list[str]) -> Path:
    """The folder of the installed programs. Their absence is a failure: who runs these tests wants them run."""
    if absent := install.missing(PREFIX, selected):
        pytest.fail(f"Not installed: {', '.join(absent)}. Run: make test-harnesses")
    return PREFIX


@pytest.fixture(params=sorted(HARNESSES))
def harness(request: pytest.FixtureRequest) -> str:
    """Each harness in its turn."""
    return str(request.param)


@pytest.fixture
def company(harness: str) -> Sequence[str]:
    """The harnesses that are written for in one project together with this one."""
    return [harness] if harness in ALONE else [one for one in HARNESSES if one not in ALONE]


@pytest.fixture(scope="session")
def situations() -> dict[tuple[str, ...], Situation]:
    return {}


@pytest.fixture
def keep(situations: dict[tuple[str, ...], Situation], company: Sequence[str]) -> Keep:
    """Arrange a situation of this name once for each company, and remember it."""

    def find(name: str, arrange: Callable[[], Situation]) -> Situation:
        key = (name, *company)
        if key not in situations:
            situations[key] = arrange()
        return situations[key]

    return find


@pytest.fixture(scope="session")
def asking_pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def look(programs: Path, selected: list[str], company: Sequence[str], asking_pool: ThreadPoolExecutor) -> Arrange:
    """Sync a project and a home as they are now, and ask the programs; further arguments are for the `Question`."""

    def look_at(project: Path, home: Path, **question: Any) -> Situation:
        expected = of_project(project, home, ENVIRONMENT) + of_home(home, ENVIRONMENT)
        # What goes on purpose may be much of what there is.
        reports = sync(project, home, company, "--confirm")
        asked = Question(
            project=str(project),
            home=str(home),
            prefix=str(programs),
            stand_ins=(SERVER,),
            environment=ENVIRONMENT,
            **question,
        )
        answers = {harness: asking_pool.submit(ask, harness, asked) for harness in company if harness in selected}
        return Situation(project=project, home=home, expected=expected, reports=reports, answers=answers)

    return look_at


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """An empty project of a name, and an empty home."""

    def make(name: str) -> tuple[Path, Path]:
        top = tmp_path_factory.mktemp(name).resolve()
        project, home = top / name, top / "home"
        project.mkdir()
        home.mkdir()
        return project, home

    return make


@pytest.fixture
def full(keep: Keep, look: Arrange, places: Callable[[str], tuple[Path, Path]]) -> Situation:
    """A configuration with something of everything."""

    def arrange() -> Situation:
        project, home = places("station")
        build_full(project, home)
        return look(project, home, call_commands=True)

    return keep("full", arrange)


@pytest.fixture
def plain(keep: Keep, look: Arrange, places: Callable[[str], tuple[Path, Path]]) -> Situation:
    """A configuration of plain instructions and one command alone."""

    def arrange() -> Situation:
        project, home = places("ferry")
        build_plain(project, home)
        return look(project, home, call_commands=True)

    return keep("plain", arrange)
