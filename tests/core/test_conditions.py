"""Conditions: what a merged file must be like for anything of ours to go into it."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.core.conditions import unmet
from harnesssync_orchestrator.core.desired import Condition, ElementOutput, FileOutput, Output
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.observed import (
    Document,
    Missing,
    Observed,
    ObservedFile,
    Obstructed,
    PathState,
    Unparsable,
)

THERE = Condition(there=True, why="it is needed")
ALONE = Condition(without=(("Stop",), ("hooks", "stop")), why="it would hide yours")


def output(condition: Condition | None) -> Output:
    """An element of a list."""
    return ElementOutput(
        path="c.json",
        items=(ItemId("hook", "Stop"),),
        format="json",
        pointer=("hooks", "Stop"),
        value=1,
        condition=condition,
    )


def observed(state: PathState, document: Document | Unparsable | None = None) -> Observed:
    """The file as it is there."""
    return Observed(paths={"c.json": state}, documents={} if document is None else {"c.json": document})


@pytest.mark.parametrize(
    ("condition", "seen", "holds"),
    [
        (None, observed(Missing()), True),
        (THERE, observed(Missing()), False),
        (THERE, observed(ObservedFile("h"), Document({})), True),
        (THERE, observed(Obstructed("folder", "elsewhere")), True),
        (ALONE, observed(Missing()), True),
        (ALONE, observed(ObservedFile("h"), Document({"hooks": {"Stop": []}})), True),
        (ALONE, observed(ObservedFile("h"), Document({"Stop": []})), False),
        (ALONE, observed(ObservedFile("h"), Document({"hooks": {"stop": []}})), False),
        (ALONE, observed(ObservedFile("h"), Document({"hooks": []})), True),
        (ALONE, observed(ObservedFile("h"), Unparsable("no JSON")), True),
    ],
)
def test_a_condition_is_about_what_is_there(condition: Condition | None, seen: Observed, holds: bool) -> None:
    """What can't be looked into is left to those who decide about conflicts."""
    assert unmet(output(condition), seen) is (None if holds else condition)


def test_a_whole_file_has_none() -> None:
    """It is ours alone."""
    whole = FileOutput(path="c.json", items=(ItemId("rule", "x"),), content=b"x")
    assert unmet(whole, observed(Missing())) is None
