"""A slice of the sweep `singleton`: one race of each kind."""

from __future__ import annotations

import os

import pytest
from tests.reliability import singleton


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="contenders are forked")
def test_split_brain_every_race_to_serve_has_one_winner(monkeypatch: pytest.MonkeyPatch) -> None:
    """After kills, stops, removed locks and folders, and with a child that inherited the lock: `make sweep-singleton`
    holds a thousand."""
    monkeypatch.setattr(singleton, "PATIENCE_S", 60.0)  # other tests run beside this one
    kinds = list(dict.fromkeys(singleton.RACES))
    counts, wrong = singleton.run([singleton.RACES.index(kind) for kind in kinds], seed=7)
    assert wrong == []
    assert set(counts) == {kind.__name__ for kind in kinds}
