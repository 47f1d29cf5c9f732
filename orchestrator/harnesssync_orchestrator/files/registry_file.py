"""The file of the registry: what it says, or why that is not known.

One that is gone is not the same as one that never was: what was approved is kept beside it, as it was shown, from when
the registry says so until that is taken back (`files.approving`).
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.files.layout import APPROVED
from harnesssync_orchestrator.files.registered import VERSION, why_wrong
from harnesssync_orchestrator.files.store import quarantine, read_json


def read_registry(path: Path) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The document, an empty one if there is none that can be used, and what is wrong. A corrupt file is set aside."""
    empty: dict[str, Any] = {"version": VERSION, "projects": {}}
    try:
        inode = path.stat().st_ino
    except FileNotFoundError:
        problems = _lost(path)
        return read_registry(path) if problems and path.exists() else (empty, problems)  # the first was just written
    except OSError as error:
        return empty, _unreadable(path, error, "Make it readable for you")
    document, problem = read_json(path, None)
    if problem is None and document is not None:
        reason = why_wrong(document)
        if reason is None:
            return document, ()
        problem = _problem(path, "registry_corrupt", reason, "")
    if problem is None:
        return read_registry(path)  # it vanished between the two looks
    if problem.code == "unreadable":
        return empty, (problem,)
    try:
        backup = quarantine(path, inode=inode)
    except OSError as error:
        return empty, _unreadable(path, error, "Make its folder writable")
    if backup is None:
        return read_registry(path)
    return empty, (
        replace(
            problem,
            code="registry_corrupt",
            message=f"the list of projects is not usable: {problem.message}",
            hint=f"It is kept as {backup.name}. Repair that and rename it back, or add the projects again",
        ),
    )


def _lost(path: Path) -> tuple[Problem, ...]:
    """Where there is no registry: that there was one, which is worth telling until there is a new one."""
    try:
        backups = [name for name in _names(path.parent) if name.startswith(f"{path.name}.bak.")]
        approved = any(name.endswith(".json") for name in _names(path.parent / APPROVED))
    except OSError as error:
        return _unreadable(path, error, "Make its folder readable for you")
    if backups:
        hint = f"Repair {max(backups)} and rename it back, or add the projects again"
        return (_problem(path, "registry_corrupt", "the list of projects was not usable and was set aside", hint),)
    if approved:
        hint = "Put it back if you have a copy, or add the projects again"
        return (_problem(path, "registry_missing", "the list of projects is gone", hint),)
    return ()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone are wanted
    except FileNotFoundError:
        return []


def _unreadable(path: Path, error: OSError, hint: str) -> tuple[Problem, ...]:
    return (_problem(path, "unreadable", error.strerror or str(error), hint),)


def _problem(path: Path, code: str, message: str, hint: str) -> Problem:
    return Problem(code=code, message=message, file=str(path), hint=hint, hides=False)
