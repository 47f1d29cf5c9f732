"""Where our own files are. Folders are made by those who write (0700), not here."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harnesssync_orchestrator.core.desired import HASH_DIGITS
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.errors import SocketError

MAX_SOCKET_BYTES = 107 if sys.platform == "linux" else 103
"""The longest path of a Unix socket: `sun_path` holds 108 bytes on Linux and 104 on macOS, with a final zero."""

APPROVED = "approved"
"""The folder of what was approved, as it was shown. Of what the registry beside it says, it is the only other sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All paths of ours below `root` (`~/.harnesssync`). `registry` and `socket` are given when they are elsewhere.

    A socket whose path would be too long moves to a short folder of its own: `hs-<hash of the root>` below
    `runtime` (`$XDG_RUNTIME_DIR`), or else `harnesssync-<uid>-<hash of the root>` in `/tmp`. The server makes it
    0700; server and client both refuse it when it is not their user's.
    """

    root: Path
    registry: Path | None = None
    socket: Path | None = None
    runtime: Path | None = None

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        home: Path,
        *,
        root: Path | None = None,
        registry: Path | None = None,
        socket: Path | None = None,
    ) -> Layout:
        """An argument beats the environment, which beats the default. Empty variables count as unset.

        `HARNESSSYNC_HOME` is the root; `HARNESSSYNC_REGISTRY_FILE` and `HARNESSSYNC_SOCKET` beat their older names
        `HARNESS_REGISTRY_FILE` and `HARNESS_SOCKET`. `~` is the home directory; a relative path counts from here.
        """
        runtime = environ.get("XDG_RUNTIME_DIR", "")
        chosen = _absolute(root, home) or _from(environ, home, "HARNESSSYNC_HOME") or home / ".harnesssync"
        return cls(
            # Two ways to spell one folder are one home, with one supervisor that both of them find.
            root=Path(os.path.realpath(chosen)),
            registry=_absolute(registry, home)
            or _from(environ, home, "HARNESSSYNC_REGISTRY_FILE", "HARNESS_REGISTRY_FILE"),
            socket=_absolute(socket, home) or _from(environ, home, "HARNESSSYNC_SOCKET", "HARNESS_SOCKET"),
            # The base directory specification: a path that is not absolute is to be ignored.
            runtime=Path(runtime) if runtime.startswith("/") else None,
        )

    # --- shared by all projects ---

    @property
    def config_file(self) -> Path:
        return self.root / "config.toml"

    @property
    def registry_file(self) -> Path:
        return self.registry or self.root / "registry.json"

    @property
    def registry_lock(self) -> Path:
        return self.registry_file.with_suffix(".lock")

    @property
    def supervisor_lock(self) -> Path:
        """Held by the one supervisor, for life."""
        return self.root / "orchestrator.lock"

    @property
    def control_socket(self) -> Path:
        """The supervisor's socket. Raises SocketError if its path is too long and was chosen so."""
        if self.socket is not None:
            return _fitting(self.socket)
        return self._socket(self.root / "orchestrator.sock")

    @property
    def logs_dir(self) -> Path:
        return self.root / "logs"

    @property
    def locks(self) -> Path:
        """Locks on things that are not ours, such as a repository's exclude file."""
        return self.root / "locks"

    def approved_file(self, folder: Path) -> Path:
        """What was approved for a repository (its common folder) or a worktree, as it was shown."""
        return self.root / APPROVED / f"{_short(folder)}.json"

    def exclude_lock(self, common_dir: Path) -> Path:
        """The lock on what all worktrees of one repository share."""
        return self.locks / f"exclude-{_short(common_dir)}.lock"

    @property
    def archive_dir(self) -> Path:
        """What was kept of worktrees that are gone."""
        return self.root / "archive"

    @property
    def whereabouts_dir(self) -> Path:
        return self.root / "whereabouts"

    def whereabouts_file(self, device: int, inode: int) -> Path:
        """At which path the worktree in this folder was synced last."""
        return self.whereabouts_dir / f"{device:x}-{inode:x}.json"

    # --- one project ---

    @property
    def sockets_dir(self) -> Path:
        return self.root / "sockets"

    def socket_for(self, project_id: str) -> Path:
        """The socket of one project. Raises SocketError if no folder is short enough."""
        return self._socket(self.sockets_dir / f"{project_id}.sock")

    @property
    def projects_dir(self) -> Path:
        return self.root / "projects"

    def project_dir(self, project_id: str) -> Path:
        return _project_dir(self.root, project_id)

    def gitignore_note(self, project_id: str) -> Path:
        """What stood in a project's `.gitignore` in the place of our block; there while the block is ours."""
        return self.project_dir(project_id) / "gitignore"

    @property
    def user_ledger(self) -> Path:
        return self.root / "state.json"

    def ledger_file(self, project: Project) -> Path:
        """What we last wrote for a project; the user scope's is the one that stands in the root."""
        if project.scope is Scope.USER:
            return self.user_ledger
        return _ledger_file(self.root, project.id)

    def sync_lock(self, project_id: str) -> Path:
        """Held during one sync of a project."""
        return self.project_dir(project_id) / "sync.lock"

    def owner_lock(self, project_id: str) -> Path:
        """Held by whatever serves a project, for as long as it does: the supervisor, or an isolated daemon."""
        return self.project_dir(project_id) / "owner.lock"

    def cache_file(self, project_id: str) -> Path:
        return self.project_dir(project_id) / "hashes.msgpack"

    def footprint_file(self, project_id: str) -> Path:
        return self.project_dir(project_id) / "footprint.msgpack"

    def _socket(self, preferred: Path) -> Path:
        if _fits(preferred):
            return preferred
        if self.runtime is not None:
            short = self.runtime / f"hs-{_short(self.root)}" / preferred.name
            if _fits(short):
                return short
        if hasattr(os, "getuid"):
            short = Path(f"/tmp/harnesssync-{os.getuid()}-{_short(self.root)}") / preferred.name  # noqa: S108 - 0700, owner checked
            if _fits(short):
                return short
        return _fitting(preferred)


@lru_cache(maxsize=4096)
def _project_dir(root: Path, project_id: str) -> Path:
    return root / "projects" / project_id


@lru_cache(maxsize=4096)
def _ledger_file(root: Path, project_id: str) -> Path:
    """Asked for at every event in a folder: one object, whose text is made once."""
    return _project_dir(root, project_id) / "state.json"


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= MAX_SOCKET_BYTES


def _fitting(path: Path) -> Path:
    if _fits(path):
        return path
    raise SocketError(
        f"a socket's path may have {MAX_SOCKET_BYTES} bytes, this one has {len(os.fsencode(path))}",
        code="socket_path_too_long",
        path=str(path),
        hint="Set HARNESSSYNC_SOCKET or HARNESSSYNC_HOME to a shorter path",
    )


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:HASH_DIGITS]


def _from(environ: Mapping[str, str], home: Path, *names: str) -> Path | None:
    for name in names:
        if environ.get(name):
            return _absolute(Path(environ[name]), home)
    return None


def _absolute(path: Path | None, home: Path) -> Path | None:
    if path is None:
        return None
    if path.parts[:1] == ("~",):
        path = home.joinpath(*path.parts[1:])
    return path.absolute()
