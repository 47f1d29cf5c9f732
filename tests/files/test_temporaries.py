"""The names that things bear for a moment: each kind is known again by its own function and by no other."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.files.temporaries import (
    former_name,
    is_former,
    is_ours,
    our_name,
    telling_name,
    told_digests,
)

NEW, OLD = short_hash(b"new"), short_hash(b"old")


@pytest.mark.parametrize(
    ("name", "ours", "former", "digests"),
    [
        (".harnesssync-0123456789abcdef.tmp", True, False, set()),
        (".harnesssync-0123456789abcdef.old", False, True, set()),
        (f".harnesssync-0123456789abcdef-{NEW}-{OLD}.tmp", False, False, {NEW, OLD}),
        (".harnesssync-0123456789abcdef.tmpx", False, False, set()),
        (".harnesssync-0123456789abcdef.old\n", False, False, set()),
        (".harnesssync-source-pdf.txt", False, False, set()),
        (".harnesssync-0123456789abcdeX.tmp", False, False, set()),
        ("AGENTS.md", False, False, set()),
    ],
)
def test_a_name_is_of_one_kind(name: str, *, ours: bool, former: bool, digests: set[str]) -> None:
    """Whoever cleans up after a crash must not take one for another, nor a person's file for any."""
    assert (is_ours(name), is_former(name), set(told_digests(name))) == (ours, former, digests)


def test_a_name_that_is_given_is_known_again() -> None:
    """Also one for what replaces nothing."""
    assert is_ours(our_name())
    assert is_former(former_name())
    assert told_digests(telling_name(NEW, OLD)) == {NEW, OLD}
    assert told_digests(telling_name(NEW, None)) == {NEW, "0" * 16}


def test_no_two_names_are_alike() -> None:
    """Nobody can guess one, and so nobody can have planted it."""
    assert len({make() for make in (our_name, former_name) for _ in range(50)}) == 100
