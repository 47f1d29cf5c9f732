"""A small world for discovery: a home, a project and a managed folder, filled by the tests with real files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from harnesssync_orchestrator.core.items import INHERITABLE, Scope
from harnesssync_orchestrator.core.source import Problem, Source
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.discovery.result import Discovery
from harnesssync_orchestrator.files.hashing import hash_file
from harnesssync_orchestrator.files.reading import Looked

Found = TypeVar("Found")


def write_files(folder: Path, files: Mapping[str, str | bytes | dict[str, Any] | list[Any]]) -> None:
    """Write files below `folder`: text, bytes, or a value as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content) if isinstance(content, dict | list) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)


@dataclass
class World:
    """`project` is a worktree, `home` a home directory, `managed` what an administrator writes."""

    project: Path
    home: Path
    managed: Path
    looked: Looked = field(default_factory=Looked)
    inherits: frozenset[str] = frozenset(INHERITABLE)

    @property
    def places(self) -> Places:
        return Places(
            home=self.home,
            config_dir=self.home / ".claude",
            state_file=self.home / ".claude.json",
            managed_dir=self.managed,
            inherits=self.inherits,
        )

    def in_project(self, files: Mapping[str, Any]) -> None:
        write_files(self.project, files)

    def in_home(self, files: Mapping[str, Any]) -> None:
        write_files(self.home, files)

    def in_managed(self, files: Mapping[str, Any]) -> None:
        write_files(self.managed, files)

    def discover(self, scope: Scope = Scope.PROJECT) -> Discovery:
        self.looked = Looked()
        return discover(scope, self.project if scope is Scope.PROJECT else self.home, self.places, self.looked)

    def read(self, scope: Scope = Scope.PROJECT) -> Source:
        """The complete source, with digests of the real bytes."""
        found = self.discover(scope)
        return found.complete({path: hash_file(Path(path)) for path in found.contents})

    def items(self, kind: type[Found], scope: Scope = Scope.PROJECT) -> dict[str, Found]:
        """The items of one type by name."""
        return {item.name: item for item in self.read(scope).items if isinstance(item, kind)}

    def problems(self, scope: Scope = Scope.PROJECT) -> list[Problem]:
        return list(self.read(scope).problems)

    def codes(self, scope: Scope = Scope.PROJECT) -> list[str]:
        return [problem.code for problem in self.read(scope).problems]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty world."""
    folders = [tmp_path.resolve() / name for name in ("project", "home", "managed")]
    for folder in folders:
        folder.mkdir()
    return World(*folders)


def skill(description: str, name: str | None = None, body: str = "Do it.\n") -> str:
    """The text of a `SKILL.md`."""
    named = f"name: {name}\n" if name else ""
    return f"---\n{named}description: {description}\n---\n{body}"


def agent(name: str, description: str = "Helps.", more: str = "", prompt: str = "You help.\n") -> str:
    """The text of an agent's file."""
    return f"---\nname: {name}\ndescription: {description}\n{more}---\n{prompt}"


@pytest.fixture
def skill_text() -> Any:
    return skill


@pytest.fixture
def agent_text() -> Any:
    return agent
