"""Elements of arrays by their names: what counts as in the place of ours, and what puts ours there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harnesssync_orchestrator.core.desired import Address, Desired, ElementOutput, JsonValue, Wanted, value_hash
from harnesssync_orchestrator.core.documents import after, value_at
from harnesssync_orchestrator.core.drift import UNKNOWN
from harnesssync_orchestrator.core.elements import Elements, digest_there, known_by_name, writing
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Document, Observed


def named(says: str, name: str = "x") -> dict[str, JsonValue]:
    return {"name": name, "says": says}


NEW, OLD, THEIRS, OTHER = named("new"), named("old"), named("theirs"), named("other", "y")
OUTPUT = ElementOutput(path="c.json", items=(), format="json", pointer=("all",), value=NEW, identity="name")
OURS = Entry(method=Method.MERGE, digest=value_hash(OLD), timestamp="", owners=("one",), format="json")


@pytest.mark.parametrize(
    ("values", "entry", "there", "is_beside"),
    [
        ({}, OURS, None, False),
        ({"all": [OTHER, "x", ["name", "x"]]}, OURS, None, False),
        ({"all": {"name": "x"}}, OURS, UNKNOWN, False),
        ({"all": [OTHER, NEW]}, None, NEW, False),
        ({"all": [THEIRS]}, None, THEIRS, False),
        ({"all": [NEW, THEIRS]}, None, THEIRS, False),
        ({"all": [OLD, OTHER]}, OURS, OLD, False),
        ({"all": [THEIRS]}, OURS, THEIRS, False),
        ({"all": [NEW]}, OURS, NEW, False),
        ({"all": [NEW, OLD]}, OURS, OLD, False),
        ({"all": [OLD, THEIRS]}, OURS, THEIRS, True),
        ({"all": [OLD, THEIRS]}, replace(OURS, created=False, kept=True), OLD, False),
    ],
)
def test_what_stands_in_the_place_of_an_element(values: Any, entry: Entry | None, there: Any, is_beside: bool) -> None:
    """Nothing, ours, or what has its name, which is never taken for ours."""
    digest = value_hash(there) if isinstance(there, dict) else there
    assert digest_there(OUTPUT, Elements(values), entry) == (digest, is_beside)


@pytest.mark.parametrize("there", [[], [OTHER], [OLD], [NEW], [OLD, OTHER, THEIRS], [THEIRS, NEW, NEW, OTHER]])
def test_ours_is_then_the_only_one_of_its_name(there: list[Any]) -> None:
    """And what has another name stays."""
    found = value_at(after({"all": there}, writing(OUTPUT, Elements({"all": there}), None)), ("all",))
    assert isinstance(found, list)
    assert [each for each in found if each["name"] == "x"] == [NEW]
    assert [each for each in found if each["name"] != "x"] == [each for each in there if each == OTHER]


@pytest.mark.parametrize(
    ("value", "there", "moves"),
    [(OLD, [OLD], True), (OLD, [NEW], False), (NEW, [THEIRS], True), (OTHER, [OTHER, NEW], False)],
)
def test_an_entry_by_value_gets_the_name_of_that(value: Any, there: list[Any], moves: bool) -> None:
    """Of what is there, or of what is wanted; of another name it stays what it is."""
    former = Address("c.json", ("all",), value_hash(value))
    ledger = Ledger(entries={former: replace(OURS, digest=value_hash(value))})
    desired = Desired(wanted={OUTPUT.address: Wanted(OUTPUT, ("one",))})
    observed = Observed(documents={"c.json": Document({"all": there})})
    known, moved = known_by_name(ledger, desired, observed)
    assert dict(moved) == ({OUTPUT.address: former} if moves else {})
    assert list(known.entries) == [OUTPUT.address if moves else former]
