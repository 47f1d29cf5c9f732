"""How a configuration that was kept for another harness becomes one of Claude Code's: what an adapter declares of it.

An adapter names the files that it has to see, and gives a pure function from these to what would stand in Claude Code's
layout. Whether that is there already, or in the way of something else, is not its business (`core.import_planning`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.items import Kind, Scope

SETTINGS = ".claude/settings.json"
"""Where hooks, permissions and variables stand, in a project and in a home alike."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A file of the other harness."""

    content: bytes
    executable: bool = False

    @property
    def text(self) -> str:
        """The content as text, with line feeds alone. Raises UnicodeDecodeError."""
        return self.content.decode("utf-8-sig").replace("\r\n", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What there is of the other harness's, without what we wrote there ourselves.

    Paths are relative to the scope's root, with `/`. `values` are those of the `files` that are JSON, TOML or YAML.
    `links` are those that lead to another of the files.
    """

    scope: Scope
    files: Mapping[str, Readable] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def matching(self, *patterns: str) -> Iterator[tuple[str, Readable]]:
        """The files whose path one of the patterns fits, in order; see `fits`."""
        for path in sorted(self.files):
            if any(fits(path, pattern) for pattern in patterns):
                yield path, self.files[path]

    def table(self, path: str, *pointer: str) -> Mapping[str, Any]:
        """The table at a pointer of a file; empty where there is none."""
        value: Any = self.values.get(path, {})
        for key in pointer:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """`source` is the file that it comes from, and `key` its place in that, `""` for all of it. `path` is where it goes
    in Claude Code's layout, relative to the scope's root."""

    kind: Kind
    source: str
    path: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile(_New):
    """A whole file. One that stands there already with one of the contents `alike`, or with the line `line` in it, says
    the same."""

    content: bytes
    alike: tuple[bytes, ...] = ()
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFolder(_New):
    """A folder with all that is in it: files by their path below it."""

    files: Mapping[str, Readable]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey(_New):
    """A key of a JSON file."""

    pointer: tuple[str, ...]
    value: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class NewElement(_New):
    """An element of an array in a JSON file."""

    pointer: tuple[str, ...]
    value: JsonValue


New = NewFile | NewFolder | NewKey | NewElement


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What can't be said in Claude Code's layout: the file, the key in it, and why. A `security` loss means that
    something which is forbidden there would not be forbidden."""

    source: str
    key: str
    why: str
    security: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """What has to be seen of a harness's files in each scope, as patterns (`fits`), and what becomes of it. `formats`
    are those of settings in files whose ending does not tell it."""

    project: tuple[str, ...]
    user: tuple[str, ...]
    read: Callable[[Documents], Iterable[New | Lost]]
    formats: Mapping[str, str] = field(default_factory=dict)

    def patterns(self, scope: Scope) -> tuple[str, ...]:
        return self.project if scope is Scope.PROJECT else self.user


def fits(path: str, pattern: str) -> bool:
    """Does a path fit a pattern? `*` is any text in a name, `**` any number of folders, also none."""
    return _fit(path.split("/"), pattern.split("/"))


def _fit(parts: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_fit(parts[depth:], wanted[1:]) for depth in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], wanted[0]) and _fit(parts[1:], wanted[1:])
