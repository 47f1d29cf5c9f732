"""Ground for tests of the service: a log that can be read back, and waiting for a condition instead of a time."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.typing import FilteringBoundLogger

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.config import LogSettings
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.logs import open_log
from harnesssync_orchestrator.service.engine import Engine


class ReadableLog:
    """The real logger, writing to memory. `lines` parses what it wrote."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.log: FilteringBoundLogger = open_log(LogSettings(level="debug", format="json"), stream=self.stream)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture
def readable_log() -> ReadableLog:
    return ReadableLog()


@pytest.fixture
def registered(tmp_path: Path, home: Path, git: Callable[..., str]) -> Callable[[Any], tuple[Project, Engine]]:
    """Register a new, empty project for Codex; gives it, and an engine with this log."""

    def register(log: Any) -> tuple[Project, Engine]:
        root = (tmp_path / "project").resolve()
        (root / ".claude/agents").mkdir(parents=True)
        git("init", "-q", cwd=root)
        layout = Layout.from_environment({}, home)
        registry = Registry(layout.registry_file, layout.registry_lock)
        registry.register(root, targets=("codex",))
        places = Places.from_environment({}, home)
        engine = Engine(targets=TARGETS, formats=FORMATS, places=places, layout=layout, environ={}, log=log)
        return registry.load().project(str(root)), engine

    return register


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait until a condition holds; fail after ten seconds, saying what was waited for."""

    async def wait(condition: Callable[[], object], what: str = "the condition") -> None:
        with anyio.move_on_after(10):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await anyio.sleep(0.005)
            return
        pytest.fail(f"{what} did not come about in ten seconds")

    return wait
