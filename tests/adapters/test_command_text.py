"""The text of slash commands, taken apart."""

from __future__ import annotations

import pytest
from tests.growth import grows_with_length

from harnesssync_adapters.shared.commands import File, parts


def test_a_mention_in_code_is_none() -> None:
    """Before, between and after code it is."""
    found = [part for part in parts("@a/b `@c/d` @e/f\n```\n@g/h\n```\n@i/j") if isinstance(part, File)]
    assert [part.path for part in found] == ["a/b", "e/f", "i/j"]


@pytest.mark.parametrize("unit", ["`a` @b/c ", "!`", "```\n", "@a/", "`"])
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    """Thousands of mentions among thousands of pieces of code."""
    assert grows_with_length(parts.__wrapped__, lambda length: unit * (length // len(unit)), 1 << 19)
