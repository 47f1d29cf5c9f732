"""The registered projects and what was approved: `{"projects": {id: {"path", …}}, "approvals": {folder: {…}}}`.

Reads take no lock and make nothing: the file is only ever replaced as a whole. Changes are read, made and written
under a lock, so that none is lost. What a later version added to an entry stays in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Problem, Scope
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.trust import Approval
from harnesssync_orchestrator.errors import NewerStateError, StateError
from harnesssync_orchestrator.files.git import repository
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.files.registered import (
    Registered,
    RegistryEntry,
    add_approval,
    note_loss,
    parse_entry,
    parse_registry,
    take_back_approvals,
    why_wrong,
)
from harnesssync_orchestrator.files.store import now, quarantine, read_json, sweep, to_json, write_atomic

VERSION = "1.0"
DEFAULT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry in a file, with the lock that guards changes of it."""

    path: Path
    lock_path: Path
    clock: Callable[[], str] = now

    # --- reading ---

    def load(self) -> Registered:
        """All that is registered. A corrupt file is set aside as `<name>.bak.<timestamp>`, and told as a problem for
        as long as no project is registered anew."""
        document, problems = self._read()
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
        timeout: float = DEFAULT_TIMEOUT_S,
    ) -> str:
        """Register a project, or note that it is active; gives its id. The path need not exist.

        What is None, and empty `targets`, stays as it was. An `approval` is added to what was approved before.
        Raises LockTimeoutError, StateError.
        """
        real = str(resolved(path))
        identifier = project_id(real)

        def change(document: dict[str, Any]) -> None:
            projects = document["projects"]
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
            row["last_active"] = self.clock()
            row["scope"] = (scope or known.scope).value
            if targets:
                row["targets"] = list(targets)
            if trusted is not None or approval is not None:
                row["trusted"] = True if approval is not None else trusted
            if approval is not None:
                add_approval(document, real, approval, self.clock())
            row["common_dir"] = str(repository(Path(real)) or known.common_dir)

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
                row["trusted"] = True
                row["common_dir"] = str(repository(Path(row["path"])) or "")

        self._change(change, timeout)

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
        """Pause a project, or let it be synced by itself again. False if it is not registered.

        Raises LockTimeoutError, StateError.
        """
        identifier = _identifier(path_or_id)
        entry = self.load().projects.get(identifier)
        if entry is None or entry.paused is paused:
            return entry is not None
        found: list[bool] = []

        def change(document: dict[str, Any]) -> None:
            if row := document["projects"].get(identifier):
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
        self._change(lambda document: gone.append(document["projects"].pop(identifier, None)), timeout)
        return gone != [None]

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
            document, problems = self._read()
            unreadable = next((problem for problem in problems if problem.code == "unreadable"), None)
            if unreadable is not None:
                raise StateError(unreadable.message, path=unreadable.file, hint=unreadable.hint)
            _refuse_newer(document, self.path)
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

    def _read(self) -> tuple[dict[str, Any], tuple[Problem, ...]]:
        empty: dict[str, Any] = {"version": VERSION, "projects": {}}
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            return empty, self._set_aside()
        except OSError as error:
            return empty, (self._problem("unreadable", error.strerror or str(error), "Make it readable for you"),)
        document, problem = read_json(self.path, None)
        if problem is None and document is not None:
            reason = why_wrong(document)
            if reason is None:
                return document, ()
            problem = self._problem("registry_corrupt", reason, "")
        if problem is None:
            return self._read()  # it vanished between the two looks
        if problem.code == "unreadable":
            return empty, (problem,)
        try:
            backup = quarantine(self.path, inode=inode)
        except OSError as error:
            return empty, (self._problem("unreadable", error.strerror or str(error), "Make its folder writable"),)
        if backup is None:
            return self._read()
        return empty, (
            replace(
                problem,
                code="registry_corrupt",
                message=f"the list of projects is not usable: {problem.message}",
                hint=f"It is kept as {backup.name}. Repair that and rename it back, or add the projects again",
            ),
        )

    def _set_aside(self) -> tuple[Problem, ...]:
        """No registry, but one that was set aside: that is worth telling until there is a new one."""
        try:
            names = [name for name in os.listdir(self.path.parent) if name.startswith(f"{self.path.name}.bak.")]  # noqa: PTH208 - names alone are wanted
        except OSError:
            return ()
        if not names:
            return ()
        hint = f"Repair {max(names)} and rename it back, or add the projects again"
        return (self._problem("registry_corrupt", "the list of projects was not usable and was set aside", hint),)

    def _problem(self, code: str, message: str, hint: str) -> Problem:
        return Problem(code=code, message=message, file=str(self.path), hint=hint, hides=False)


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


def _refuse_newer(document: Mapping[str, Any], path: Path) -> None:
    major = str(document.get("version", VERSION)).split(".")[0]
    if major.isdecimal() and int(major) > int(VERSION.partition(".")[0]):
        raise NewerStateError(
            f"a later version wrote it (format {document['version']}, this one knows {VERSION})",
            path=str(path),
            hint="Update harnesssync-orchestrator; the file is left as it is",
        )


def _is_gone(path: str) -> bool:
    try:
        return not Path(path).is_dir()
    except OSError:
        return False  # not to be seen is not gone


__all__ = ["DEFAULT_TIMEOUT_S", "Registered", "Registry", "RegistryEntry", "get_hash_for_path", "resolved"]
