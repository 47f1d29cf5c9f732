"""Where Claude Code keeps its files on this machine, and what a worktree is to have of its main checkout's.

Sources, observed with Claude Code 2.1.330: `CLAUDE_CONFIG_DIR` moves `~/.claude`, and `.claude.json` with it into that
folder. A linked worktree uses the entry of its main checkout below `projects` in `.claude.json`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.items import INHERITABLE

_MANAGED_DIRS = {
    "darwin": "/Library/Application Support/ClaudeCode",
    "win32": r"C:\Program Files\ClaudeCode",
}
_MANAGED_DIR = "/etc/claude-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Absolute paths. `state_file` is the `.claude.json` with servers and per-project choices of the user.

    `inherits` are those of `INHERITABLE` that a linked worktree is to have of its main checkout where git does not
    carry them there.
    """

    home: Path
    config_dir: Path
    state_file: Path
    managed_dir: Path
    inherits: frozenset[str] = frozenset(INHERITABLE)

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
