"""What a registry says, as values, and how its document is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Problem, Scope
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.trust import Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryEntry:
    """One project. `last_active` is when it was last registered, UTC with offset. `trusted` is what a person said of
    it, None if nobody said anything: yes means nothing without an approval of what was there then. `common_dir` is the
    repository that acknowledges the worktree, "" if none does. A `paused` project is not synced by itself."""

    path: str
    last_active: str
    scope: Scope = Scope.PROJECT
    targets: tuple[str, ...] = ()
    trusted: bool | None = None
    common_dir: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the registry says: projects by id, what was approved by folder, and what is wrong with it."""

    projects: Mapping[str, RegistryEntry] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def is_known(self) -> bool:
        """False where the registry can't be read: that is not an empty one."""
        return not any(problem.code in {"unreadable", "registry_corrupt"} for problem in self.problems)

    def project(self, path: str, *, scope: Scope = Scope.PROJECT, common_dir: str = "") -> Project:
        """The project at a path as syncs take it. One that is not registered still has what was approved for its
        repository, whose folder is then `common_dir`."""
        entry = self.projects.get(project_id(path))
        if entry is None or entry.path != path:
            return Project(path=path, scope=scope, approvals=self._approvals(path, common_dir))
        approvals = () if entry.trusted is False else self._approvals(path, entry.common_dir)
        return Project(
            path=path,
            scope=entry.scope,
            targets=entry.targets,
            approvals=approvals,
            outdated=entry.trusted is True and not approvals,
            paused=entry.paused,
        )

    def _approvals(self, *folders: str) -> tuple[Approval, ...]:
        return tuple(self.approvals[folder] for folder in dict.fromkeys(folders) if folder in self.approvals)


def parse_registry(document: Mapping[str, Any], path: Path, problems: tuple[Problem, ...]) -> Registered:
    """The projects of a document that `why_wrong` finds nothing wrong with. An entry that can't be used becomes a
    problem, and hides no other."""
    projects: dict[str, RegistryEntry] = {}
    wrong: list[Problem] = []
    for identifier, row in document["projects"].items():
        try:
            projects[identifier] = parse_entry(row)
        except (ValueError, TypeError) as error:
            hint = "Remove the project and add it again"
            message = f"the entry of project {identifier} is not usable: {error}"
            wrong.append(Problem(code="registry_entry", message=message, file=str(path), hint=hint, hides=False))
    approvals: dict[str, Approval] = {}
    rows = document.get("approvals", {})
    for folder, row in rows.items() if isinstance(rows, dict) else ():
        try:
            approvals[folder] = parse_approval(folder, row)
        except (ValueError, TypeError, KeyError) as error:
            message = f"what was approved for {folder} is not usable: {error}"
            hint = f"Look at it and approve it again: harnesssync ctl trust {folder.removesuffix('/.git')}"
            wrong.append(Problem(code="registry_entry", message=message, file=str(path), hint=hint, hides=False))
    return Registered(projects=projects, approvals=approvals, problems=(*problems, *wrong))


def parse_entry(row: object) -> RegistryEntry:
    """Raises TypeError or ValueError."""
    if not isinstance(row, dict) or not isinstance(row.get("path"), str):
        raise TypeError("it has no path")
    targets = row.get("targets", [])
    trusted = row.get("trusted")
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise TypeError("its targets are not a list of names")
    if not isinstance(trusted, (bool, type(None))):
        raise TypeError("trusted is neither true nor false")
    paused = row.get("paused", False)
    if not isinstance(paused, bool):
        raise TypeError("paused is neither true nor false")
    return RegistryEntry(
        path=row["path"],
        last_active=str(row.get("last_active", "")),
        scope=Scope(row.get("scope", Scope.PROJECT.value)),
        targets=tuple(targets),
        trusted=trusted,
        common_dir=str(row.get("common_dir", "")),
        paused=paused,
    )


def parse_approval(folder: str, row: object) -> Approval:
    """Raises KeyError, TypeError or ValueError."""
    if not isinstance(row, dict):
        raise TypeError("it is no table")
    numbers = (row["device"], row["inode"], row["owner"])
    marks = row["fingerprints"]
    if not all(type(number) is int for number in numbers):
        raise TypeError("its folder is not told by numbers")
    if not isinstance(marks, list) or not all(isinstance(mark, str) for mark in marks):
        raise TypeError("its fingerprints are not a list of texts")
    device, inode, owner = numbers
    return Approval(folder=folder, device=device, inode=inode, owner=owner, fingerprints=frozenset(marks))


def add_approval(document: dict[str, Any], approval: Approval, time: str) -> None:
    """Note an approval in a registry's document, with the time when a person gave it. What was approved before stays
    approved, unless it was of another folder that stood there, or of another user's."""
    approvals = document.get("approvals")
    if not isinstance(approvals, dict):
        approvals = document["approvals"] = {}
    with suppress(KeyError, TypeError, ValueError):
        known = parse_approval(approval.folder, approvals[approval.folder])
        if replace(known, fingerprints=approval.fingerprints) == approval:
            approval = replace(approval, fingerprints=known.fingerprints | approval.fingerprints)
    approvals[approval.folder] = {
        "device": approval.device,
        "inode": approval.inode,
        "owner": approval.owner,
        "fingerprints": sorted(approval.fingerprints),
        "time": time,
    }


def take_back_approvals(document: dict[str, Any], folders: Collection[str]) -> bool:
    """Forget what was approved for these folders, and that a person trusts projects in them. False if nothing was."""
    approvals = document.get("approvals")
    changed = False
    for folder in folders:
        if isinstance(approvals, dict) and approvals.pop(folder, None) is not None:
            changed = True
    for row in document["projects"].values():
        if not isinstance(row, dict) or row.get("trusted") is not True:
            continue
        if row.get("path") in folders or row.get("common_dir") in folders:
            row["trusted"] = None
            changed = True
    return changed


def why_wrong(document: object) -> str | None:
    """Why a document is no registry at all; None if it is one."""
    if not isinstance(document, dict):
        return f"expected an object, found {type(document).__name__}"
    if not isinstance(document.get("projects"), dict):
        return "it has no object named projects"
    return None
