"""What permissions a file of a person's gets back when our credentials are out of it."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.core.ledger import Entry, Method
from harnesssync_orchestrator.core.modes import to_give_back, to_note


def entry(mode: int, timestamp: str = "2026-01-01T00:00:00+00:00") -> Entry:
    return Entry(method=Method.MERGE, digest="d", timestamp=timestamp, owners=("codex",), mode=mode)


LATER = "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize(
    ("mode", "entries", "noted"),
    [
        (0o644, [], 0o644),
        (0o600, [], 0),
        (0o700, [entry(0)], 0),
        (0o600, [entry(0o664)], 0o664),
        (0o640, [entry(0o664)], 0o640),
    ],
)
def test_a_credential_notes_what_its_file_was_before(mode: int, entries: list[Entry], noted: int) -> None:
    """Of a file that is its owner's alone: what the credential says that made it so, if one did."""
    assert to_note(mode, entries) == noted


@pytest.mark.parametrize(
    ("mode", "before", "after", "back"),
    [
        (0o600, [entry(0o664), entry(0)], [entry(0)], 0o664),
        (0o600, [entry(0o664), entry(0o664)], [entry(0o664)], 0),
        (0o600, [entry(0)], [], 0),
        (0o640, [entry(0o664)], [], 0),
        (0o400, [entry(0o664)], [], 0),
        (0o700, [entry(0o755)], [], 0o755),
        (0o600, [entry(0o755)], [], 0),
        (0o600, [entry(0o664), entry(0o644, LATER)], [], 0o644),
        (0o600, [entry(0o666, LATER), entry(0o644)], [], 0o666),
        (0o600, [entry(0o664), entry(0o646)], [], 0o644),
    ],
)
def test_the_last_credential_gives_back_what_it_noted(
    mode: int, before: list[Entry], after: list[Entry], back: int
) -> None:
    """Unless a person has given the file other permissions; what was noted last counts."""
    assert to_give_back(mode, before, after) == back
