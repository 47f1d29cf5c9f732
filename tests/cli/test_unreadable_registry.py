"""A registry that can't be read says nothing about what was approved: nothing is done, or taken away, because of it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.reliability import injection
from tests.reliability.injection import LOOKS, Action, Runner
from tests.reliability.scenes import SCENES
from tests.reliability.stage import Stage
from tests.reliability.sweeping import staged

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A project that was synced, changed and approved anew."""
    change = next(scene for scene in SCENES if scene.name == "change")
    with Runner() as runner, staged(change, runner) as made:
        yield made


@pytest.mark.parametrize("call", ["open", "read"])
def test_a_sync_that_can_not_read_the_registry_changes_nothing(stage: Stage, call: str) -> None:
    """It would else take hooks and servers for not approved, and remove them."""
    registry = str(stage.world.home / ".harnesssync/registry.json")
    at = next(number for number, line in enumerate(stage.calls[LOOKS], 1) if line.split(" ", 2)[1:] == [call, registry])
    ran = stage.run(action=Action.FAIL, error=errno.EIO, classes=LOOKS, at=at)
    assert (ran.code, ran.where) == (4, registry)
    assert Path(registry).name in ran.err
    assert stage.before.differences() == []
