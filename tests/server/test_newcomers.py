"""What comes while others are served is told from what was there at the start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.server.conftest import Running

pytestmark = pytest.mark.anyio


async def test_only_the_first_sync_of_what_comes_later_is_new(
    running: Running, worktree: Callable[[str], Path], until: Callable[..., Awaitable[None]]
) -> None:
    """At the start all are, and none goes before the others."""
    first, second = worktree("first"), worktree("second")
    running.registry.register(first)
    async with running.up():
        await until(lambda: str(first) in running.sync.synced)
        await running.ask("add", path=str(second))
        await until(lambda: str(second) in running.sync.synced)
        (second / "CLAUDE.md").write_text("others")
        await until(lambda: (second / "AGENTS.md").read_text() == "others")
    asked = [(project.path, options.new) for project, options in running.sync.asked]
    assert [each for each in asked if each[1]] == [(str(second), True)]
    assert asked.index((str(second), True)) < asked.index((str(second), False))
