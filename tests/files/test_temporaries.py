"""The names that things bear for a moment: each kind is known again by its own function and by no other."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.files.temporaries import (
    Held,
    held,
    held_name,
    is_ours,
    our_name,
    telling_name,
    told_digests,
)

NEW, OLD = short_hash(b"new"), short_hash(b"old")


@pytest.mark.parametrize(
    ("name", "ours", "digests"),
    [
        (".harnesssync-0123456789abcdef.tmp", True, set()),
        (f".harnesssync-0123456789abcdef-{NEW}-{OLD}-AGENTS.md.old", False, set()),
        (f".harnesssync-0123456789abcdef-{NEW}-{OLD}.tmp", False, {NEW, OLD}),
        (".harnesssync-0123456789abcdef.tmpx", False, set()),
        (".harnesssync-0123456789abcdef.old\n", False, set()),
        (".harnesssync-source-pdf.txt", False, set()),
        (".harnesssync-0123456789abcdeX.tmp", False, set()),
        ("AGENTS.md", False, set()),
    ],
)
def test_a_name_is_of_one_kind(name: str, *, ours: bool, digests: set[str]) -> None:
    """Whoever cleans up after a crash must not take one for another, nor a person's file for any."""
    assert (is_ours(name), set(told_digests(name))) == (ours, digests)


def test_a_name_that_is_given_is_known_again() -> None:
    """Also one for what replaces nothing."""
    assert is_ours(our_name())
    assert not held(our_name())
    assert told_digests(telling_name(NEW, OLD)) == {NEW, OLD}
    assert told_digests(telling_name(NEW, None)) == {NEW, "0" * 16}


def test_no_two_names_are_alike() -> None:
    """Nobody can guess one, and so nobody can have planted it."""
    assert len({our_name() for _ in range(50)}) == 50


@pytest.mark.parametrize("name", ["AGENTS.md", "日本語-\n-x.old", "caf\udce9"])
def test_what_is_held_tells_where_it_belongs(name: str) -> None:
    """Any name that a file may have comes back from it."""
    made = held_name(NEW, OLD, name)
    assert made is not None
    assert held(made) == Held(NEW, OLD, name)
    assert (is_ours(made), told_digests(made), held(name)) == (False, frozenset(), None)


def test_what_has_a_long_name_is_not_held() -> None:
    """No file system of note takes more than 255 bytes."""
    assert held_name(NEW, OLD, "n" * 180) is not None
    assert held_name(NEW, OLD, "é" * 100) is None
