"""The registered projects and what was approved: `{"projects": {id: {"path", …}}, "approvals": {folder: {…}}}`.

Reads take no lock and make nothing: the file is only ever replaced as a whole. Changes are read, made and written
under a lock, so that none is lost. What a later version added to an entry stays in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.trust import Approval
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.git import followed, repository
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.files.marking import note_marks
from harnesssync_orchestrator.files.registered import (
    Registered,
    RegistryEntry,
    add_approval,
    note_loss,
    parse_entry,
    parse_registry,
    refuse_newer,
    take_back_approvals,
)
from harnesssync_orchestrator.files.registered_moves import move
from harnesssync_orchestrator.files.registry_file import read_registry
from harnesssync_orchestrator.files.store import now, sweep, to_json, write_atomic
from harnesssync_orchestrator.files.taken_out import keep_roots, let_go_with, take_in_again, was_found, was_scanned

DEFAULT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry in a file, with the lock that guards changes of it."""

    path: Path
    lock_path: Path
    clock: Callable[[], str] = now

    # --- reading ---

    def load(self) -> Registered:
        """All that is registered. A corrupt file is set aside as `<name>.bak.<timestamp>`. That, or that it is gone, is
        told as a problem for as long as no project is registered anew."""
        document, problems = read_registry(self.path)
        return parse_registry(document, self.path, problems)

    def list_projects(self) -> dict[str, RegistryEntry]:
        """The projects by id, in the order of their paths."""
        return dict(sorted(self.load().projects.items(), key=lambda item: item[1].path))

    def projects(self) -> tuple[Project, ...]:
        """The projects as syncs take them, in the order of their paths."""
        known = self.load()
        return tuple(known.project(path) for path in sorted(entry.path for entry in known.projects.values()))

    def project(self, path: Path, *, scope: Scope = Scope.PROJECT) -> Project:
        """One of them, or a worktree that is not registered; it has what was approved for its repository."""
        real = resolved(path)
        return self.load().project(str(real), scope=scope, common_dir=str(repository(real) or ""))

    # --- changing ---

    def register(
        self,
        path: Path,
        *,
        scope: Scope | None = None,
        targets: Sequence[str] | None = None,
        trusted: bool | None = None,
        approval: Approval | None = None,
        before: str = "",
        timeout: float = DEFAULT_TIMEOUT_S,
    ) -> str:
        """Register a project, or note that it is active; gives its id. The path need not exist.

        What is None, and empty `targets`, stays as it was. An `approval` is added to what was approved before. One that
        was at the path `before`, and was moved, is the same. Raises LockTimeoutError, StateError.
        """
        real = str(resolved(path))
        identifier = project_id(real)

        def change(document: dict[str, Any]) -> None:
            projects = document["projects"]
            move(document, before, real, str(repository(Path(real)) or ""))
            row: dict[str, Any] = projects.setdefault(identifier, {"path": real})
            try:
                known = parse_entry(row)
            except (ValueError, TypeError):  # not usable: registering anew is the way to repair it
                row = projects[identifier] = {"path": real}
                known = parse_entry(row)
            if known.path != real:
                raise StateError(
                    f"{real} and {known.path} have the same id {identifier}",
                    code="id_collision",
                    path=str(self.path),
                    hint="Move one of the two projects to another folder",
                )
            if scope is not None and "scope" in row and scope is not known.scope:
                raise StateError(
                    f"{real} is registered with the scope {known.scope.value}",
                    code="scope_taken",
                    path=str(self.path),
                    hint="Remove it first",
                )
            row.pop("found", None)
            row.pop("root", None)
            take_in_again(document, real)
            row["last_active"] = self.clock()
            row["scope"] = (scope or known.scope).value
            if targets:
                row["targets"] = list(targets)
            if trusted is not None or approval is not None:
                row["trusted"] = True if approval is not None else trusted
            if approval is not None:
                add_approval(document, real, approval, self.clock())
            row["common_dir"] = str(followed(Path(real)) or known.common_dir)

        self._change(change, timeout)
        return identifier

    def approve(self, path: Path, approval: Approval, *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        """Add an approval to what was approved for the same folder before, whether the project at `path` is registered
        or not. Raises LockTimeoutError, StateError."""
        real = str(resolved(path))
        identifier = project_id(real)

        def change(document: dict[str, Any]) -> None:
            add_approval(document, real, approval, self.clock())
            if row := document["projects"].get(identifier):
                row.pop("root", None)  # a person has spoken of it: it is theirs, whatever folders are named
                row["trusted"] = True
                row["common_dir"] = str(followed(Path(row["path"])) or "")

        self._change(change, timeout)

    def note_marks(self, found: Sequence[Approval], *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        """Note what `files.marking` found. Raises LockTimeoutError, StateError."""
        self._change(lambda document: note_marks(document, found), timeout)

    def revoke(self, path: Path, *, timeout: float = DEFAULT_TIMEOUT_S) -> bool:
        """Take back what was approved for the project at `path`, and so for all worktrees of its repository. False if
        nothing was. Raises LockTimeoutError, StateError."""
        folders = self.folders(path)
        revoked: list[bool] = []
        self._change(lambda document: revoked.append(take_back_approvals(document, folders)), timeout)
        return revoked == [True]

    def folders(self, path: Path) -> tuple[str, ...]:
        """Those under which a project's approvals stand, also when it is not there any more."""
        real = resolved(path)
        entry = self.load().projects.get(project_id(str(real)))
        common = str(repository(real) or (entry.common_dir if entry else "") or real)
        return tuple(dict.fromkeys((str(real), common)))

    def set_paused(self, path_or_id: Path | str, paused: bool, *, timeout: float = DEFAULT_TIMEOUT_S) -> bool:  # noqa: FBT001 - what is set, and the one thing that is
        """Pause a project, or let it be synced by itself again. False if it is not registered. Raises LockTimeoutError,
        StateError."""
        identifier = _identifier(path_or_id)
        entry = self.load().projects.get(identifier)
        if entry is None or entry.paused is paused:
            return entry is not None
        found: list[bool] = []

        def change(document: dict[str, Any]) -> None:
            if row := document["projects"].get(identifier):
                row.pop("root", None)  # see `approve`
                row["paused"] = paused
                found.append(True)

        self._change(change, timeout)
        return bool(found)

    def unregister(self, path_or_id: Path | str, *, timeout: float = DEFAULT_TIMEOUT_S) -> bool:
        """Forget a project. False if it was not registered. Raises LockTimeoutError, StateError."""
        known = self.load().projects
        identifier = _identifier(path_or_id)
        if identifier not in known:
            return False
        gone: list[object] = []

        def change(document: dict[str, Any]) -> None:
            gone.append(document["projects"].pop(identifier, None))
            let_go_with(document, gone[0])

        self._change(change, timeout)
        return gone != [None]

    def follow(
        self,
        new: Mapping[str, str],
        gone: Collection[str],
        *,
        scanned: Mapping[str, str] = MappingProxyType({}),
        moved: Mapping[str, str] = MappingProxyType({}),
        timeout: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Register worktrees that were found, by path with the common folder of their repository, and what was
        `scanned`, by path with the folder that a person named; forget those that were found once and are gone. Those
        `moved` are neither, by path with the earlier one. Raises LockTimeoutError, StateError."""

        def change(document: dict[str, Any]) -> None:
            projects = document["projects"]
            for path, before in moved.items():
                move(document, before, path, new.get(path) or f"{path}/.git")
            for identifier in gone:
                if was_found(row := projects.get(identifier)) or was_scanned(row):
                    del projects[identifier]
            rows: dict[str, dict[str, Any]] = {path: {"found": True, "common_dir": each} for path, each in new.items()}
            repositories = {path: str(followed(Path(path)) or f"{path}/.git") for path in scanned}
            rows |= {path: {"root": root, "common_dir": repositories[path]} for path, root in scanned.items()}
            rest = {"scope": Scope.PROJECT.value, "last_active": self.clock()}
            for path, row in rows.items():
                projects.setdefault(project_id(path), {"path": path, **row, **rest})

        self._change(change, timeout)

    def move(self, before: str, path: str, *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        """Note that the project that was at `before` is at `path` now. Raises LockTimeoutError, StateError."""
        known = self.load().projects
        if project_id(before) in known and project_id(path) not in known:
            common = str(repository(Path(path)) or "")
            self._change(lambda document: move(document, before, path, common), timeout)

    def keep_roots(self, roots: Collection[str], *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        """Forget what was found in other folders than these. Raises LockTimeoutError, StateError."""
        if any(entry.root and entry.root not in roots for entry in self.load().projects.values()):
            self._change(lambda document: keep_roots(document, roots), timeout)

    def prune(self, *, timeout: float = DEFAULT_TIMEOUT_S) -> dict[str, RegistryEntry]:
        """Forget the projects whose path is not there any more; gives them."""
        stale = {identifier: entry for identifier, entry in self.load().projects.items() if _is_gone(entry.path)}

        def change(document: dict[str, Any]) -> None:
            projects = document["projects"]
            for identifier, entry in stale.items():
                if projects.get(identifier, {}).get("path") == entry.path:
                    del projects[identifier]

        if stale:
            self._change(change, timeout)
        return stale

    # --- the file ---

    def _change(self, change: Callable[[dict[str, Any]], object], timeout: float) -> None:
        with held(self.lock_path, timeout):
            sweep(self.path.parent)
            document, problems = read_registry(self.path)
            unreadable = next((problem for problem in problems if problem.code == "unreadable"), None)
            if unreadable is not None:
                raise StateError(unreadable.message, path=unreadable.file, hint=unreadable.hint)
            refuse_newer(document, self.path)
            if problems:
                note_loss(document, self.clock())  # what is written now would else look like all that was ever said
            change(document)
            try:
                write_atomic(self.path, to_json(document, indent=2))
            except OSError as error:
                raise StateError(
                    f"the registry can't be saved: {error.strerror or error}",
                    path=str(self.path),
                    hint="Make room and give yourself the right to write there; the earlier one is untouched",
                ) from error


def get_hash_for_path(path: Path) -> str:
    """The id of the project at a path, whether it is registered or not. Reads no file."""
    return project_id(str(resolved(path)))


def resolved(path: Path) -> Path:
    """An absolute path with its links resolved, as far as it exists."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links (RuntimeError up to Python 3.12)
        return path.absolute()


def _identifier(path_or_id: Path | str) -> str:
    return path_or_id if isinstance(path_or_id, str) else project_id(str(resolved(path_or_id)))


def _is_gone(path: str) -> bool:
    try:
        return not Path(path).is_dir()
    except OSError:
        return False  # not to be seen is not gone


__all__ = ["DEFAULT_TIMEOUT_S", "Registered", "Registry", "RegistryEntry", "get_hash_for_path", "resolved"]
