"""Environment references in configuration values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import grows_with_length

from harnesssync_orchestrator.core.references import Reference, parse_template


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("${TOKEN}", (Reference("TOKEN"),)),
        ("Bearer ${TOKEN}", ("Bearer ", Reference("TOKEN"))),
        ("${A}${B:-x}", (Reference("A"), Reference("B", "x"))),
        ("${A:-}", (Reference("A", ""),)),
        ("$TOKEN ${} ${1A} {env:X}", ("$TOKEN ${} ${1A} {env:X}",)),
        ("", ("",)),
    ],
)
def test_a_value_is_text_and_references(text: str, parts: tuple[object, ...]) -> None:
    """Only Claude Code's own syntax is a reference; all else stays text."""
    assert parse_template(text).parts == parts


@given(st.text(st.sampled_from("${}:-AB_1 x"), max_size=20))
def test_a_template_says_what_was_written(text: str) -> None:
    """Nothing is lost or expanded by parsing."""
    assert str(parse_template(text)) == text


def test_rendering_replaces_references_alone() -> None:
    """Another syntax for the references, the same text around them."""
    template = parse_template("a ${B} {c} ${D:-e}")
    assert template.render(lambda reference: "{env:" + reference.name + "}") == "a {env:B} {c} {env:D}"


@pytest.mark.parametrize("unit", ["${A:-", "${A", "${A:-x}", "${"])
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    """A value of a repository may be as long as its file."""
    assert grows_with_length(parse_template, lambda length: unit * (length // len(unit)), 1 << 19)
