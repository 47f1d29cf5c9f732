"""What a registry says, as values, and how its document is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Problem, Scope
from harnesssync_orchestrator.core.projects import project_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryEntry:
    """One project. `last_active` is when it was last registered, UTC with offset. `trusted` is what a person said,
    None if nobody said anything. `common_dir` is the repository that acknowledges the worktree, "" if none does.
    A `paused` project is not synced by itself."""

    path: str
    last_active: str
    scope: Scope = Scope.PROJECT
    targets: tuple[str, ...] = ()
    trusted: bool | None = None
    common_dir: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the registry says: projects by id, and what is wrong with it."""

    projects: Mapping[str, RegistryEntry] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def trusts(self, path: str, common_dir: str) -> bool:
        """What a person said of this path; failing that, whether one trusts another worktree of its repository."""
        entry = self.projects.get(project_id(path))
        if entry is not None and entry.path == path and entry.trusted is not None:
            return entry.trusted
        return bool(common_dir) and any(
            other.trusted is True and other.common_dir == common_dir for other in self.projects.values()
        )


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
    return Registered(projects=projects, problems=(*problems, *wrong))


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


def why_wrong(document: object) -> str | None:
    """Why a document is no registry at all; None if it is one."""
    if not isinstance(document, dict):
        return f"expected an object, found {type(document).__name__}"
    if not isinstance(document.get("projects"), dict):
        return "it has no object named projects"
    return None
