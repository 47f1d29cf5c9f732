"""Which harnesses are in use here: by the files that they leave, and by the programs that are installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.markers import marked_name
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.place import is_link

EDITORS = (".vscode", ".vscode-insiders", ".vscode-oss", ".vscode-server", ".cursor", ".windsurf")
"""Folders in the home directory in which an editor keeps extensions, each as `publisher.name-version`."""


def targets_in_use(
    targets: Sequence[Target],
    scope: Scope,
    root: Path,
    home: Path,
    environ: Mapping[str, str],
    *,
    written: Callable[[], Ledger | None] = Ledger,
) -> tuple[str, ...]:
    """The identifiers of the targets in use, in the order of `targets`.

    A target is in use where one of its signs stands (below `root` in a project; below `home`, or in the folder that its
    own environment variable names, for all), where an editor has one of its extensions, or where one of its programs is
    on `PATH`. What we have `written` ourselves in the home directory is no sign, nor, where that can't be told (None),
    is anything there. One for linked worktrees is in use in those that have a main checkout.
    """
    path = environ.get("PATH", "")
    is_linked = scope is Scope.PROJECT and git.is_linked(root)
    at_home = _Home(home, frozenset(sign for target in targets for sign in target.user_signs), written)
    return tuple(
        target.id
        for target in targets
        if (
            is_linked
            if target.only_linked
            else (scope is Scope.PROJECT and any(_exists(root / sign) for sign in target.project_signs))
            or _has_home(target, at_home, environ)
            or at_home.has_extension(target.extensions)
            or _is_installed(target, path)
        )
    )


def _has_home(target: Target, home: _Home, environ: Mapping[str, str]) -> bool:
    if target.home_variable and (moved := environ.get(target.home_variable)):
        place = home.path / moved.removeprefix("~/")
        inside = place.is_relative_to(home.path)
        return home.has(place.relative_to(home.path).as_posix(), target) if inside else _exists(place)
    return any(home.has(sign, target) for sign in target.user_signs)


@dataclass(frozen=True)
class _Home:
    """A home directory, the `signs` of all targets in it, and what of it we have `written`."""

    path: Path
    signs: frozenset[str]
    written: Callable[[], Ledger | None]
    _listed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def has(self, sign: str, target: Target) -> bool:
        """Does anything stand there that tells of this target: neither ours, nor what another target leaves there?"""
        if not _exists(self.path / sign):
            return False
        others = frozenset(each for each in self.signs.difference(target.user_signs) if each.startswith(f"{sign}/"))
        return self._tells(sign, frozenset(each for each in others if _exists(self.path / each)))

    def has_extension(self, names: Sequence[str]) -> bool:
        """Has an editor one of these extensions?"""
        return bool(names) and any(
            entry.lower().startswith(tuple(f"{name}-" for name in names))
            for editor in EDITORS
            for entry in self._entries(f"{editor}/extensions")
        )

    def _tells(self, path: str, others: frozenset[str]) -> bool:
        if path in others or self._outputs is None or path in self._outputs or marked_name(path.rpartition("/")[2]):
            return False
        if path not in self._made and not any(each.startswith(f"{path}/") for each in others):
            return True
        if _is_folder(self.path / path):
            return any(self._tells(f"{path}/{name}", others) for name in self._entries(path))
        return path not in self._made

    @cached_property
    def _ledger(self) -> Ledger | None:
        return self.written()

    @cached_property
    def _outputs(self) -> frozenset[str] | None:
        """The paths of outputs; None if nobody can tell."""
        if self._ledger is None or self._ledger.lost:
            return None
        return frozenset(each.path for each in (*self._ledger.entries, *self._ledger.pending) if not each.pointer)

    @cached_property
    def _made(self) -> frozenset[str]:
        """The paths of folders and merged files that came into being for outputs, as far as that is known."""
        ledger = self._ledger or Ledger()
        return frozenset(each.path.rstrip("/") for each in (*ledger.made, *ledger.pending))

    def _entries(self, folder: str) -> tuple[str, ...]:
        if folder not in self._listed:
            self._listed[folder] = tuple(_names(self.path / folder))
        return self._listed[folder]


def _names(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        yield from sorted(os.listdir(folder))  # noqa: PTH208 - names alone are wanted


def _is_installed(target: Target, path: str) -> bool:
    return bool(path) and any(shutil.which(program, path=path) for program in target.programs)


def _is_folder(path: Path) -> bool:
    with suppress(OSError):
        return path.is_dir() and not is_link(path.lstat())
    return False


def _exists(path: Path) -> bool:
    """Also a dangling link is a sign, and one that can't be looked at is none."""
    return os.path.lexists(path)
