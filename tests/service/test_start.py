"""The start of a sync, which for an unchanged project is all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NEEDLESS = (
    "harnesssync_orchestrator.core.planning",
    "harnesssync_orchestrator.files.discovery.layers",
    "harnesssync_orchestrator.files.linker",
    "harnesssync_orchestrator.service.run",
)

SYNC = """
import io, json, sys
from contextlib import redirect_stdout
from harnesssync_orchestrator import cli
told = io.StringIO()
with redirect_stdout(told):
    code = cli.run("harnesssync", ["sync", "--json", "--project", sys.argv[1]])
counts = json.loads(told.getvalue())["projects"][0]["counts"]
print(json.dumps([code, counts["synced"], [name for name in json.loads(sys.argv[2]) if name in sys.modules]]))
"""


def sync(root: Path) -> list[object]:
    """Exit code, how many outputs were synced, and what was imported of `NEEDLESS`, by a process of its own."""
    command = [sys.executable, "-c", SYNC, str(root), json.dumps(NEEDLESS)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: list[object] = json.loads(result.stdout)
    return answer


def test_an_unchanged_project_needs_nothing_that_reads_sources_or_writes_outputs(
    tmp_path: Path, home: Path, git: Callable[..., str]
) -> None:
    """Importing that takes longer than the sync itself."""
    root = tmp_path / "project"
    root.mkdir()
    git("init", "-q", cwd=root)
    (root / "CLAUDE.md").write_text("# Rules\n", encoding="utf-8")
    (home / ".harnesssync").mkdir(mode=0o700)
    (home / ".harnesssync/config.toml").write_text('targets = ["codex"]\n', encoding="utf-8")
    assert sync(root) == [0, 1, list(NEEDLESS)]
    assert sync(root) == [0, 0, []]
