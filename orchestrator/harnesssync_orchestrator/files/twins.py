"""Looks for what a harness would find twice, in folders that it reads besides. Most of these are not there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harnesssync_orchestrator.core.desired import Desired, Loss
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.core.twins import Twin, looked_besides, losses_by_twins, twins
from harnesssync_orchestrator.files.reading import Looked


def found_twice(
    root: Path,
    targets: Sequence[Target],
    source: Source,
    desired: Desired,
    homes: Mapping[str, str | None],
    plan: Plan,
    ledger: Ledger,
    looked: Looked,
) -> tuple[Loss, ...]:
    """What is told of items that targets find twice below `root`. Blocking; raises nothing for what is on disk."""
    prefix = os.fspath(root).rstrip("/") + "/"
    folders = looked_besides(targets, source.scope, homes)
    there = [each for folder, looks in folders.items() if _is_folder(prefix + folder, looked) for each in looks]
    found = [twin for twin in twins(there, source, desired.wanted, homes) if _is_another(prefix, twin, looked)]
    return tuple(losses_by_twins(found, plan, ledger))


def _is_folder(path: str, looked: Looked) -> bool:
    """Is it a folder, or a link to one? One that is there is not recorded: its signature changes with every entry."""
    is_missing = looked.recall is not None and looked.recall.misses(path)
    if not is_missing and os.path.isdir(path):  # noqa: PTH112 - as in `observe`, for every project
        return True
    _is_there(path, looked)
    return False


def _is_there(path: str, looked: Looked) -> bool:
    try:
        return looked.lstat(path) is not None
    except OSError:  # who may not look there does not know, and the next sync looks again
        return False


def _is_another(prefix: str, twin: Twin, looked: Looked) -> bool:
    """Does something stand there that does not lead to the very thing?"""
    path = prefix + twin.other
    if not _is_there(path, looked) or not os.path.exists(path):  # noqa: PTH110 - as above
        return False
    if twin.alike and not _are_alike(path, twin.source, looked, within=prefix.rstrip("/")):
        return False
    same = {os.path.realpath(prefix + twin.place), os.path.realpath(twin.source) if twin.source else ""}
    return os.path.realpath(path) not in same


def _are_alike(path: str, other: str, looked: Looked, *, within: str) -> bool:
    """Do two files say the same, but for white space at the end? What a link leads out to is not read."""
    try:
        one, two = (looked.read(each, within=(within,)).rstrip() for each in (path, other))
        return one == two
    except OSError:  # what can't be read is told where it matters
        return False
