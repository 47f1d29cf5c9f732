"""Which harnesses are in use here: by the files that they leave, and by the programs that are installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.files import git


def targets_in_use(
    targets: Sequence[Target], scope: Scope, root: Path, home: Path, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """The identifiers of the targets in use, in the order of `targets`.

    A target is in use where one of its signs stands (below `root` in a project, below `home` for the user, or in the
    folder that its own environment variable names), or where one of its programs is on `PATH`. One for linked worktrees
    is in use in those that have a main checkout.
    """
    path = environ.get("PATH", "")
    is_linked = scope is Scope.PROJECT and git.is_linked(root)
    return tuple(
        target.id
        for target in targets
        if (
            is_linked
            if target.only_linked
            else _has_sign(target, scope, root, home, environ) or _is_installed(target, path)
        )
    )


def _has_sign(target: Target, scope: Scope, root: Path, home: Path, environ: Mapping[str, str]) -> bool:
    if scope is Scope.PROJECT:
        return any(_exists(root / sign) for sign in target.project_signs)
    if target.home_variable and environ.get(target.home_variable):
        return _exists(home / environ[target.home_variable])
    return any(_exists(home / sign) for sign in target.user_signs)


def _is_installed(target: Target, path: str) -> bool:
    return bool(path) and any(shutil.which(program, path=path) for program in target.programs)


def _exists(path: Path) -> bool:
    """Also a dangling link is a sign, and one that can't be looked at is none."""
    return os.path.lexists(path)
