"""How projects stand in a word each: which is worst, which are chosen, how many there are."""

from __future__ import annotations

from typing import Any

import pytest

from harnesssync_orchestrator.ctl.glance import STATES, Choice, states, summary, worst_first
from harnesssync_orchestrator.errors import UsageError


def row(path: str = "/p", **members: Any) -> dict[str, Any]:
    return {"path": path, "status": "running", "state": "in step", "activity": "idle", "targets": ["codex"], **members}


AMISS = {
    "failed": row(state="partial"),
    "silent": row(status="stopped", silent=True),
    "unknown": row(state="mending", activity="waiting"),
    "halted": row(state="halted", failures=[{}]),
    "conflict": row(state="conflict", conflicts=[{}]),
    "held": row(omitted={"held": 3}),
    "problems": row(problems=[{}]),
    "out-of-step": row(state="out of step"),
    "paused": row(state="paused"),
    "stale": row(status="stale"),
    "stopped": row(status="stopped"),
    "syncing": row(activity="syncing"),
    "waiting": row(activity="waiting", state="never synced"),
    "never-synced": row(state="never synced"),
    "in-step": row(),
}


def test_every_state_has_a_word_and_its_place() -> None:
    assert {word: states(each)[0] for word, each in AMISS.items()} == {word: word for word in STATES}
    shuffled = sorted(AMISS.values(), key=str)
    assert [states(each)[0] for each in worst_first(shuffled)] == list(STATES)


def test_a_failure_beside_a_state_is_worse_than_that() -> None:
    assert states(row(state="conflict", failures=[{}])) == ["failed", "conflict"]


def test_alike_projects_are_in_the_order_of_their_paths() -> None:
    assert [each["path"] for each in worst_first([row("/b"), row("/a")])] == ["/a", "/b"]


def test_a_project_is_found_by_each_of_its_states() -> None:
    both = row(state="conflict", held=[{}])
    assert [Choice(states=[word]).takes(both) for word in ("conflict", "held", "running", "in-step")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/src", ["/src", "/src/a", "/src/a/b"]),
        ("/src/a", ["/src/a", "/src/a/b"]),
        ("/", ["/src", "/src/a", "/src/a/b", "/srcs/c"]),
        ("*/b", ["/src/a/b"]),
        ("/src?/*", ["/srcs/c"]),
    ],
)
def test_a_path_is_a_folder_or_a_pattern(path: str, found: list[str]) -> None:
    rows = [row(each) for each in ("/src", "/src/a", "/src/a/b", "/srcs/c")]
    assert [each["path"] for each in rows if Choice(paths=[path]).takes(each)] == found


def test_choices_are_put_together() -> None:
    """Of one kind any, of each kind one."""
    choice = Choice(states=["failed", "paused"], targets=["codex", "gemini"])
    assert choice.takes(row(state="paused"))
    assert not choice.takes(row(state="paused", targets=["opencode"]))
    assert not choice.takes(row())
    assert Choice().is_everything
    assert not choice.is_everything


def test_an_unknown_state_is_told_with_those_that_exist() -> None:
    with pytest.raises(UsageError, match="there is no state 'broken'") as raised:
        Choice(states=["broken"])
    assert "halted" in raised.value.hint


def test_the_summary_counts_each_project_once() -> None:
    """By its worst, besides what is done about it, which is counted for itself."""
    rows = [
        row(),
        row(activity="syncing"),
        row(state="conflict", held=[{}]),
        row(state="never synced", activity="waiting"),
    ]
    assert summary(rows, {"queue": {"waiting": 1, "syncing": 1}}) == (
        "4 projects: 1 in conflict, 1 never synced, 2 in step; 1 waiting, 1 syncing"
    )
    assert summary(rows[:1] * 2, None) == "2 projects: 2 in step"
