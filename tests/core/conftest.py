"""Values from which the tests of the pure core are built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harnesssync_orchestrator.core.items import Item, Kind, Layer, McpServer, Origin, Scope, Skill, Transport
from harnesssync_orchestrator.core.references import parse_template
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Render, Renderer, Support, Target, Unsupported

ROOT = "/w/project"


@pytest.fixture
def skill() -> Callable[[str], Skill]:
    """A project's skill of a given name."""

    def make(name: str) -> Skill:
        folder = f"{ROOT}/.claude/skills/{name}"
        origin = Origin(layer=Layer.PROJECT, file=f"{folder}/SKILL.md")
        return Skill(name=name, origin=origin, folder=name, description="d", source=folder, digest="d" * 16)

    return make


@pytest.fixture
def server() -> Callable[[str], McpServer]:
    """A project's stdio server of a given name."""

    def make(name: str) -> McpServer:
        origin = Origin(layer=Layer.PROJECT, file=f"{ROOT}/.mcp.json")
        return McpServer(name=name, origin=origin, transport=Transport.STDIO, command=parse_template("run"))

    return make


@pytest.fixture
def source() -> Callable[..., Source]:
    """A project's source with some items."""

    def make(*items: Item, scope: Scope = Scope.PROJECT) -> Source:
        return Source(scope=scope, root=ROOT, items=tuple(items))

    return make


@pytest.fixture
def target() -> Callable[..., Target]:
    """A target that renders one kind by a given renderer and has no support for anything else."""

    def make(name: str, kind: Kind | None = None, render: Renderer | None = None) -> Target:
        supports: dict[Kind, Support] = {kind: Unsupported("it has none") for kind in Kind}
        if kind is not None and render is not None:
            supports[kind] = Render(render)
        return Target(
            id=name,
            name=name.title(),
            programs=(),
            project_signs=(),
            user_signs=(),
            home=f".{name}",
            home_variable=f"{name.upper()}_HOME",
            project=supports,
            user=supports,
        )

    return make
