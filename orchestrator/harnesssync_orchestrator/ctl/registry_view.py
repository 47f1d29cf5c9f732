"""The registry as the client sees it: read, never written."""

from __future__ import annotations

import os

from harnesssync_orchestrator.ctl.places import registry_file
from harnesssync_orchestrator.protocol.jsontext import loads

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Entry:
    """One project of the registry. `trusted` is None where nobody has said anything. One that was `found` is a worktree
    of a repository that was added, and is treated as that is; one with a `root` was found in that folder. A bare
    repository is not `served`: it only leads its worktrees."""

    __slots__ = ("found", "id", "last_active", "path", "paused", "root", "scope", "served", "targets", "trusted")

    def __init__(self, identifier: str, row: Mapping[str, Any]) -> None:
        self.id = identifier
        self.path: str = row["path"]
        self.scope = str(row.get("scope") or "project")
        self.targets = [str(target) for target in row.get("targets") or ()]
        self.trusted = row.get("trusted")
        self.paused = row.get("paused") is True
        self.found = row.get("found") is True
        self.root = str(row.get("root") or "")
        self.served = row.get("common_dir") != self.path
        self.last_active = str(row.get("last_active") or "")

    def to_json(self) -> dict[str, Any]:
        names = ("id", "path", "scope", "targets", "trusted", "paused", "found", "root", "last_active")
        return {name: getattr(self, name) for name in names}


class UnreadableRegistryError(ValueError):
    """The file is no registry or gone, or some of it is not usable: `entries` are those that are."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__("the registry is not usable")
        self.entries = entries


def read(environ: Mapping[str, str]) -> list[Entry]:
    """All projects, by path; none if there never was a registry.

    Raises `UnreadableRegistryError` when the file can't be read or understood, when one was set aside because of that,
    and when one is gone: none of these is the same as empty.
    """
    path = registry_file(environ)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes longer to import than this takes to read
            document = loads(file.read().decode("utf-8-sig"))
        rows = document["projects"].items()
    except FileNotFoundError:
        if _was_there(path):
            raise UnreadableRegistryError([]) from None
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableRegistryError([]) from error
    entries = sorted((Entry(*row) for row in rows if _is_usable(row[1])), key=lambda entry: entry.path)
    if len(entries) < len(rows):
        raise UnreadableRegistryError(entries)
    return entries


def _is_usable(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("path"), str):
        return False
    return isinstance(row.get("targets", []), list) and isinstance(row.get("trusted"), (bool, type(None)))


def _was_there(path: str) -> bool:
    """Was one set aside, or is something kept that was approved in one?"""
    folder, _, name = path.rpartition("/")
    return _holds(folder or "/", f"{name}.bak.", "") or _holds(f"{folder}/approved", "", ".json")


def _holds(folder: str, start: str, end: str) -> bool:
    try:
        return any(each.startswith(start) and each.endswith(end) for each in os.listdir(folder))  # noqa: PTH208 - see above
    except OSError:
        return False
