"""What a registry says, as values, and how its document is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.core.trust import Approval
from harnesssync_orchestrator.errors import NewerStateError
from harnesssync_orchestrator.files.taken_out import left_out

VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryEntry:
    """One project. `last_active` is when it was last registered, UTC with offset. `trusted` is what a person said of
    it, None if nobody said anything: yes means nothing without an approval of what was there then. `common_dir` is the
    repository that acknowledges the worktree, "" if none does. A `paused` project is not synced by itself. One that was
    `found` is a worktree of a repository that a person added, and is served as that is. `left_out` are the worktrees
    that a person took out again. One with a `root` was found in that folder, which a person named. A bare repository
    is its own `common_dir`.
    """

    path: str
    last_active: str
    scope: Scope = Scope.PROJECT
    targets: tuple[str, ...] = ()
    trusted: bool | None = None
    common_dir: str = ""
    paused: bool = False
    found: bool = False
    left_out: frozenset[str] = frozenset()
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the registry says: projects by id, what was approved by folder, and what is wrong with it.

    With `lost`, another registry was before this one, and what that said is not known, save about the folders that are
    `answered`: of these a person has spoken since. What was approved for those that are `unusable` is not known either.
    `left_out` are the repositories that a person took out, and that no scan brings back.
    """

    projects: Mapping[str, RegistryEntry] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    lost: bool = False
    answered: frozenset[str] = frozenset()
    unusable: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def served(self) -> Mapping[str, RegistryEntry]:
        """Those that have files: not a bare repository, which only leads its worktrees."""
        return {each: entry for each, entry in self.projects.items() if entry.path != entry.common_dir}

    @property
    def is_known(self) -> bool:
        """False where the registry can't be read, or is gone: that is not an empty one."""
        return not any(problem.code in _UNKNOWN for problem in self.problems)

    @property
    def leaders(self) -> Mapping[str, RegistryEntry]:
        """By its common folder, for each repository the worktree that a person added; the first of several, by path,
        but before them all its main one, and after them all one that was found in a root."""
        added = [entry for entry in self.projects.values() if entry.common_dir and not entry.found]
        added.sort(key=lambda entry: (entry.root != "", entry.common_dir != f"{entry.path}/.git", entry.path))
        left_out: dict[str, frozenset[str]] = {}
        for entry in added:
            left_out[entry.common_dir] = left_out.get(entry.common_dir, frozenset()) | entry.left_out
        return {
            entry.common_dir: replace(entry, left_out=left_out[entry.common_dir])
            for entry in reversed(added)
            if entry.scope is Scope.PROJECT
        }

    def project(self, path: str, *, scope: Scope = Scope.PROJECT, common_dir: str = "", before: str = "") -> Project:
        """The project at a path as syncs take it. One that is not registered still has what was approved for its
        repository, whose folder is then `common_dir`; and one that was at the path `before`, all that is said of it."""
        entry = self.projects.get(project_id(path))
        if entry is None and before and (known := self.projects.get(project_id(before))) is not None:
            project = self.project(before)
            folders = {before: path, known.common_dir: common_dir}
            moved = (replace(each, folder=folders.get(each.folder, each.folder)) for each in project.approvals)
            return replace(project, path=path, approvals=tuple(moved))
        if entry is None or entry.path != path:
            forgotten = self._is_forgotten(path, common_dir)
            return Project(path=path, scope=scope, approvals=self._approvals(path, common_dir), forgotten=forgotten)
        approvals = () if entry.trusted is False else self._approvals(path, entry.common_dir)
        return Project(
            path=path,
            scope=entry.scope,
            targets=self._targets(entry),
            approvals=approvals,
            outdated=entry.trusted is True and not approvals,
            forgotten=entry.trusted is not False and self._is_forgotten(path, entry.common_dir),
            paused=entry.paused,
        )

    def _targets(self, entry: RegistryEntry) -> tuple[str, ...]:
        if not entry.found or entry.targets:
            return entry.targets
        leader = self.leaders.get(entry.common_dir)
        return leader.targets if leader is not None else ()

    def _approvals(self, *folders: str) -> tuple[Approval, ...]:
        return tuple(self.approvals[folder] for folder in dict.fromkeys(folders) if folder in self.approvals)

    def _is_forgotten(self, *folders: str) -> bool:
        is_lost = (self.lost or not self.is_known) and self.answered.isdisjoint(folders)
        return is_lost or not self.unusable.isdisjoint(folders)


_UNKNOWN = frozenset({"unreadable", "registry_corrupt", "registry_missing"})


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
    unusable: set[str] = set()
    rows = document.get("approvals", {})
    for folder, row in rows.items() if isinstance(rows, dict) else ():
        try:
            approvals[folder] = parse_approval(folder, row)
        except (ValueError, TypeError, KeyError) as error:
            unusable.add(folder)
            message = f"what was approved for {folder} is not usable: {error}"
            hint = f"Look at it and approve it again: harnesssync ctl trust {folder.removesuffix('/.git')}"
            wrong.append(Problem(code="registry_entry", message=message, file=str(path), hint=hint, hides=False))
    return Registered(
        projects=projects,
        approvals=approvals,
        lost="lost" in document,
        answered=frozenset(_answered(document)),
        unusable=frozenset(unusable),
        left_out=left_out(document),
        problems=(*problems, *wrong),
    )


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
    excepted = row.get("left_out", [])
    if not isinstance(excepted, list) or not all(isinstance(each, str) for each in excepted):
        raise TypeError("what is left out is not a list of paths")
    return RegistryEntry(
        path=row["path"],
        last_active=str(row.get("last_active", "")),
        scope=Scope(row.get("scope", Scope.PROJECT.value)),
        targets=tuple(targets),
        trusted=trusted,
        common_dir=str(row.get("common_dir", "")),
        paused=paused,
        found=row.get("found") is True,
        left_out=frozenset(excepted),
        root=str(row.get("root") or ""),
    )


def parse_approval(folder: str, row: object) -> Approval:
    """Raises KeyError, TypeError or ValueError."""
    if not isinstance(row, dict):
        raise TypeError("it is no table")
    numbers = (row["device"], row["inode"], row["owner"])
    filesystem = row.get("filesystem", 0)  # earlier versions did not note it
    if not all(type(number) is int for number in (*numbers, filesystem)):
        raise TypeError("its folder is not told by numbers")
    device, inode, owner = numbers
    mark = row.get("mark", "")  # neither this
    if not isinstance(mark, str):
        raise TypeError("its folder's mark is no text")
    return Approval(
        folder=folder,
        device=device,
        inode=inode,
        owner=owner,
        filesystem=filesystem,
        mark=mark,
        fingerprints=_marks(row["fingerprints"]),
        doubted=_marks(row.get("doubted", [])),
    )


def _marks(marks: object) -> frozenset[str]:
    if not isinstance(marks, list) or not all(isinstance(mark, str) for mark in marks):
        raise TypeError("its fingerprints are not a list of texts")
    return frozenset(marks)


def add_approval(document: dict[str, Any], root: str, approval: Approval, time: str) -> None:
    """Note in a registry's document what a person approved of the project at `root`, and when. What was approved for
    the same folder before stays as it is: see `Approval.added_to`."""
    approvals = document.get("approvals")
    if not isinstance(approvals, dict):
        approvals = document["approvals"] = {}
    with suppress(KeyError, TypeError, ValueError):
        approval = approval.added_to(parse_approval(approval.folder, approvals[approval.folder]))
    row = approvals[approval.folder] = {
        "device": approval.device,
        "inode": approval.inode,
        "owner": approval.owner,
        "filesystem": approval.filesystem,
        "mark": approval.mark,
        "fingerprints": sorted(approval.fingerprints),
        "time": time,
    }
    if approval.doubted:
        row["doubted"] = sorted(approval.doubted)
    _answer(document, [root])


def take_back_approvals(document: dict[str, Any], folders: Collection[str]) -> bool:
    """Forget what was approved for these folders, and that a person trusts projects in them. False if nothing was."""
    approvals = document.get("approvals")
    changed = _answer(document, folders)
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


def note_loss(document: dict[str, Any], time: str) -> None:
    """Note in a registry that is begun anew that there was another one, which is lost: see `Registered`."""
    document["lost"] = {"time": time, "answered": []}


def _answer(document: dict[str, Any], folders: Collection[str]) -> bool:
    """A person has spoken of these folders. False if it was known already what they said."""
    if "lost" not in document:
        return False
    known = _answered(document)
    more = [folder for folder in folders if folder not in known]
    time = document["lost"].get("time", "") if isinstance(document["lost"], dict) else ""
    document["lost"] = {"time": time, "answered": sorted((*known, *more))}
    return bool(more)


def _answered(document: Mapping[str, Any]) -> list[str]:
    """What a file says that a person may have written: nothing, if it is no list of texts."""
    lost = document.get("lost")
    answered = lost.get("answered") if isinstance(lost, dict) else None
    return [folder for folder in answered if isinstance(folder, str)] if isinstance(answered, list) else []


def why_wrong(document: object) -> str | None:
    """Why a document is no registry at all; None if it is one."""
    if not isinstance(document, dict):
        return f"expected an object, found {type(document).__name__}"
    if not isinstance(document.get("projects"), dict):
        return "it has no object named projects"
    return None


def refuse_newer(document: Mapping[str, Any], path: Path) -> None:
    """Raise NewerStateError for the document of a later version, which is not to be changed by this one."""
    major = str(document.get("version", VERSION)).split(".")[0]
    if major.isdecimal() and int(major) > int(VERSION.partition(".")[0]):
        raise NewerStateError(
            f"a later version wrote it (format {document['version']}, this one knows {VERSION})",
            path=str(path),
            hint="Update harnesssync-orchestrator; the file is left as it is",
        )
