"""A loop is found; a person's work is not taken for one."""

from __future__ import annotations

from harnesssync_orchestrator.core.plan import MakeLink, Operation, WriteFile
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.service.feedback import MOST_REPEATS, WINDOW_S, Feedback

CHANGED_BY_US = ("/p/AGENTS.md",)


def wrote(content: bytes, *more: Operation) -> Report:
    operation = WriteFile(path="AGENTS.md", owners=("codex",), content=content, executable=False)
    return Report(
        project_id="p", path="/p", scope="project", state=State.IN_STEP, targets=(), operations=(operation, *more)
    )


def nothing() -> Report:
    return Report(project_id="p", path="/p", scope="project", state=State.IN_STEP, targets=())


def test_an_output_that_makes_itself_anew_is_a_loop() -> None:
    """Each sync answers to nothing but the last one's writing, and writes something new."""
    feedback = Feedback()
    found = [feedback.observe(wrote(b"%d" % number), CHANGED_BY_US, number) for number in range(10)]
    assert found[:MOST_REPEATS] == [None] * MOST_REPEATS
    assert found[MOST_REPEATS] == MOST_REPEATS


def test_writing_the_same_over_and_over_is_a_loop() -> None:
    """Somebody's formatter undoes it each time, and touches other files as well."""
    feedback = Feedback()
    changed = (*CHANGED_BY_US, "/p/other")
    found = [feedback.observe(wrote(b"same"), changed, number) for number in range(10)]
    assert found.index(MOST_REPEATS) == MOST_REPEATS


def test_the_same_writing_now_and_then_is_none() -> None:
    """Once a minute is somebody's timer or habit."""
    feedback = Feedback()
    for number in range(50):
        assert feedback.observe(wrote(b"same"), ("/p/CLAUDE.md",), number * (WINDOW_S + 1)) is None


def test_a_person_who_edits_is_none() -> None:
    """The source changes each time, and the output with it."""
    feedback = Feedback()
    for number in range(100):
        assert feedback.observe(wrote(b"%d" % number), ("/p/CLAUDE.md", *CHANGED_BY_US), number / 10) is None


def test_an_output_that_is_looked_at_and_left_is_none() -> None:
    """The usual course: each writing is told once more, and nothing is to be done."""
    feedback = Feedback()
    for number in range(100):
        assert feedback.observe(wrote(b"%d" % number), ("/p/CLAUDE.md",), number) is None
        assert feedback.observe(nothing(), CHANGED_BY_US, number) is None


def test_a_folder_made_for_an_output_counts_as_the_output() -> None:
    """The watcher tells the folder when a link appears in it."""
    link = MakeLink(
        path=".agents/skills/pdf", owners=("codex",), source="/p/x", text="../../x", directory=True, digest="d"
    )
    feedback = Feedback()
    found = [feedback.observe(wrote(b"%d" % number, link), ("/p/.agents/skills",), number) for number in range(10)]
    assert MOST_REPEATS in found


def test_a_look_by_a_person_begins_anew() -> None:
    feedback = Feedback()
    for number in range(100):
        if number % MOST_REPEATS == 0:
            feedback.reset()
        assert feedback.observe(wrote(b"%d" % number), CHANGED_BY_US, number) is None
