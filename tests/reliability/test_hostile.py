"""A slice of the sweep `hostile`: one in fifteen of the trees that somebody made to harm."""

from __future__ import annotations

import pytest
from tests.reliability import injection
from tests.reliability.hostile import CANARY, LEAST, play, sweep
from tests.reliability.hostile_cases import EVIL, SECRET, Case, Ground, cases
from tests.reliability.injection import Runner

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))

STRIDE = 15


@pytest.mark.slow
def test_a_hostile_tree_reads_writes_and_stops_nothing() -> None:
    """Precious files as they were, no canary anywhere, no wait, and the good items there: `make sweep-hostile`."""
    found = sweep(every=STRIDE)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(cases()) >= LEAST


def _leak(ground: Ground) -> None:
    ground.write("CLAUDE.md", f"---\npaths: x\n---\n{CANARY}\n")


def _unmade(ground: Ground) -> None:
    (ground.project / ".git").rename(ground.project / "git")


def _run_something(ground: Ground) -> None:
    ground.write(".claude/agents/x.md", f"---\nname: x\ndescription: d\n---\n{EVIL} {SECRET}\n")


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Case(name="planted:canary", set_up=_leak), "a canary is in AGENTS.md"),
        (Case(name="planted:evil", set_up=_run_something), f"untrusted: {EVIL} is in .codex/agents/x.toml"),
        (Case(name="planted:gone", set_up=_unmade), "missing: .agents/skills/good"),
    ],
)
def test_the_sweep_sees_what_it_looks_for(case: Case, expected: str) -> None:
    """Each of its looks finds what is put there on purpose."""
    with Runner() as runner:
        assert any(line.startswith(expected) for line in play(case, runner))
