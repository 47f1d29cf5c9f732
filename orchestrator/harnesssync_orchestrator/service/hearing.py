"""Whom what a watcher heard concerns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from watchfiles import Change

TEMPORARY = re.compile(r"\.state-.*\.json\.tmp|\.harnesssync-.*\.(?:tmp|old)", re.DOTALL)
"""The names of our own temporary files (`files.store`, `files.temporaries`): each is one half of a write whose other
half is told too."""


def sort_out(
    heard: Iterable[tuple[int, str]], owners: Mapping[str, Collection[str]]
) -> tuple[dict[str, set[str]], list[str]]:
    """The paths that changed by the keys that they concern, and those of watched folders that are not what they were.
    `owners` are the keys of each folder."""
    told: dict[str, set[str]] = {}
    replaced: list[str] = []
    for change, path in heard:
        parent, _, name = path.rpartition("/")
        if name.startswith(".") and TEMPORARY.fullmatch(name):
            continue
        if change != Change.modified and path in owners:
            replaced.append(path)
        for folder in (path, parent or "/"):
            for key in owners.get(folder, ()):
                told.setdefault(key, set()).add(path)
    return told, replaced
