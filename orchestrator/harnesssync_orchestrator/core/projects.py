"""What a project is, and its identifier."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache

from harnesssync_orchestrator.core.desired import HASH_DIGITS
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.trust import Approval


@lru_cache(maxsize=4096)
def project_id(path: str) -> str:
    """First 16 hex digits of SHA-256 of a resolved absolute path, as bytes by `os.fsencode`."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:HASH_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One registered git worktree, or the user scope (then `path` is the home directory).

    `path` is resolved and absolute. `targets` are those that the registry keeps for it; empty means those of
    the configuration. `approvals` are what a person approved for it, or for its repository: whether they still hold is
    decided by looking at the folder (`files.identity`). `outdated` says that an earlier version let all of it through,
    `forgotten` that what a person said of it, besides these, is not known any more. A `paused` project is not synced by
    itself.
    """

    path: str
    scope: Scope = Scope.PROJECT
    targets: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    outdated: bool = False
    forgotten: bool = False
    paused: bool = False

    @property
    def id(self) -> str:
        return project_id(self.path)
