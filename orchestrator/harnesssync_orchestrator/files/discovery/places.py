"""Where Claude Code keeps its files on this machine, and in which main checkout a worktree belongs.

Sources, observed with Claude Code 2.1.330: `CLAUDE_CONFIG_DIR` moves `~/.claude`, and `.claude.json` with it into that
folder. A linked worktree uses the entry of its main checkout below `projects` in `.claude.json`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.files.reading import Looked

_MANAGED_DIRS = {
    "darwin": "/Library/Application Support/ClaudeCode",
    "win32": r"C:\Program Files\ClaudeCode",
}
_MANAGED_DIR = "/etc/claude-code"

_MAX_POINTER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Absolute paths. `state_file` is the `.claude.json` with servers and per-project choices of the user."""

    home: Path
    config_dir: Path
    state_file: Path
    managed_dir: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: Path) -> Places:
        """The places for the environment variables `environ` and the home directory `home`."""
        managed_dir = Path(_MANAGED_DIRS.get(sys.platform, _MANAGED_DIR))
        moved = environ.get("CLAUDE_CONFIG_DIR")
        if moved:
            config_dir = home / moved  # an absolute value replaces `home`
            return cls(
                home=home, config_dir=config_dir, state_file=config_dir / ".claude.json", managed_dir=managed_dir
            )
        return cls(home=home, config_dir=home / ".claude", state_file=home / ".claude.json", managed_dir=managed_dir)

    @property
    def plugins_dir(self) -> Path:
        return self.config_dir / "plugins"


def main_checkout(root: str, looked: Looked) -> str | None:
    """The main checkout of the linked worktree `root`; None if `root` is none, or its main one is bare or gone.

    Reads the files that git keeps for it (gitrepository-layout(5)): `.git` of a linked worktree names its folder
    below the common directory, whose `commondir` leads there; the main checkout holds the common directory as `.git`.
    That folder's `gitdir` has to lead back to the worktree.
    """
    pointer = _first_line(Path(root, ".git"), looked)
    if pointer is None or not pointer.startswith("gitdir:"):
        return None
    git_dir = Path(root, pointer.removeprefix("gitdir:").strip())
    common = _first_line(git_dir / "commondir", looked)
    if common is None:
        return None
    common_dir = Path(os.path.normpath(git_dir / common))
    if common_dir.name != ".git" or not common_dir.is_dir():
        return None
    # A folder that somebody unpacked can name any repository: only what the repository knows itself is its worktree.
    back = _first_line(git_dir / "gitdir", looked)
    if back is None or os.path.realpath(Path(git_dir, back).parent) != os.path.realpath(root):
        return None
    checkout = str(common_dir.parent)
    return checkout if checkout != root else None


def _first_line(path: Path, looked: Looked) -> str | None:
    try:
        content = looked.read(str(path), _MAX_POINTER_BYTES)
    except OSError:  # no such worktree: a directory, nothing, or nothing that we may read
        return None
    return os.fsdecode(content).split("\n", 1)[0].rstrip("\r")
