"""What changes the registry while projects are served: they are registered, approved, paused, forgotten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.errors import HarnessSyncError, UsageError
from harnesssync_orchestrator.files.approving import Approving, Review
from harnesssync_orchestrator.files.git import bare_repository, worktree_root
from harnesssync_orchestrator.files.registry import Registry, RegistryEntry, resolved
from harnesssync_orchestrator.files.whereabouts import moved_from
from harnesssync_orchestrator.service.fleet import Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A project that was registered; `is_new` unless it was before. `approved` are the items that were approved by
    that. A `foreign` one is another user's, and nothing of it is approved or even read."""

    id: str
    path: str
    is_new: bool
    approved: tuple[str, ...]
    foreign: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The registry and what follows it. `known_targets` are the identifiers that `add` accepts. All methods raise
    HarnessSyncError."""

    fleet: Fleet
    registry: Registry
    approving: Approving
    known_targets: Collection[str]
    stopping: anyio.Event

    async def add(self, path: Path, *, scope: Scope, targets: tuple[str, ...], trusted: bool | None) -> Added:
        """Register a project and serve it. If it is `trusted`, what it holds now is approved."""
        if self.stopping.is_set():
            raise HarnessSyncError("the supervisor is stopping", code="shutting_down")
        for target in targets:
            if self.known_targets and target not in self.known_targets:
                raise UsageError(f"there is no target {target!r}", hint="`harnesssync targets` lists them")
        root = await self.fleet.in_thread(_root, path, scope)
        before = await self.registered()
        approves = bool(trusted) and scope is Scope.PROJECT
        if approves:
            identifier, found = await self.fleet.in_thread(self.approving.add, root, targets=targets)
        else:
            found, register = None, self.registry.register
            former = await self.fleet.in_thread(moved_from, self.approving.layout, str(root))
            identifier = await self.fleet.in_thread(
                register, root, scope=scope, targets=targets, trusted=trusted, before=former
            )
        await self.fleet.follow()
        return Added(
            id=identifier,
            path=str(root),
            is_new=identifier not in before,
            approved=tuple(found.names) if found else (),
            foreign=approves and found is None,
        )

    async def review(self, path: Path) -> Review:
        """What a person has approved of a project, registered or not."""
        return await self.fleet.in_thread(self.approving.review, resolved(path))

    async def approve(self, path: Path) -> tuple[Review, tuple[str, ...]]:
        """Approve what a project holds now; also the items that were not approved before."""
        approved = await self.fleet.in_thread(self.approving.approve, resolved(path))
        await self.fleet.follow()
        return approved

    async def revoke(self, path: Path) -> tuple[Review, bool]:
        """Take back what was approved of a project; also whether anything was."""
        revoked = await self.fleet.in_thread(self.approving.revoke, resolved(path))
        await self.fleet.follow()
        return revoked

    async def pause(self, identifier: str, *, paused: bool) -> Project:
        """Let a project not be synced by itself, or again; which it is."""
        project = self.fleet.served(identifier).worker.project
        await self.fleet.in_thread(self.registry.set_paused, identifier, paused)
        await self.fleet.follow()
        return project

    async def remove(self, project: Path | str) -> tuple[str, str, bool]:
        """Forget a project, by path or id; its outputs stay. Its id, its path, and whether it was registered."""
        entries = await self.registered()
        identifier = project if isinstance(project, str) else project_id(str(resolved(project)))
        path = entries[identifier].path if identifier in entries else str(project)
        was_there = await self.fleet.in_thread(self.registry.unregister, identifier)
        await self.fleet.follow()
        return identifier, path, was_there

    async def registered(self) -> Mapping[str, RegistryEntry]:
        """What the registry says now."""
        return await self.fleet.in_thread(self.registry.list_projects)


def _root(path: Path, scope: Scope) -> Path:
    """The folder that a project is, from any path inside of it."""
    if not path.is_dir():
        raise UsageError("there is no such folder", path=str(path))
    if scope is Scope.USER:
        return resolved(path)
    root = bare_repository(path) or worktree_root(path)
    if root is None:
        raise UsageError("not inside a git worktree", path=str(path), hint="`git init` makes it one")
    return root
