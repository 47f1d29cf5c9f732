"""From the return of `git worktree add` to the new worktree complete, with the supervisor running."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ground import Ground, ground
from benchmarks.measure import Row
from benchmarks.workloads import make_project

BAR_MS = 300.0
TIMEOUT_S = 20.0


def measure(*, quick: bool) -> Iterator[Row]:
    """A repository of 50 skills for three targets is added once; then worktrees of it are made, and removed again."""
    with ground() as place:
        project = make_project(place.folder / "project", skills=50, files=3)
        _git(place, project, "add", "--all")
        _git(place, project, "commit", "-q", "-m", "everything")
        place.add(project)
        with place.supervisor():
            place.run("harnesssync", "ctl", "sync", "--wait", cwd=project)
            outputs = [path for path in _OUTPUTS if os.path.lexists(project / path)]
            latencies = [_add(place, project, outputs, number) for number in range(3 if quick else 20)]
    yield Row("git worktree add to the new worktree complete, median", statistics.median(latencies), "ms", BAR_MS)
    yield Row("git worktree add to the new worktree complete, slowest", max(latencies), "ms")


def _add(place: Ground, project: Path, outputs: list[str], number: int) -> float:
    """Milliseconds from the command's return to the moment when all outputs are there."""
    worktree = place.folder / f"worktree-{number}"
    _git(place, project, "worktree", "add", "-q", str(worktree))
    began = time.perf_counter()
    while not all(os.path.lexists(worktree / output) for output in outputs):
        if time.perf_counter() - began > TIMEOUT_S:
            raise RuntimeError(f"the worktree was not complete within {TIMEOUT_S:g} s")
        time.sleep(0.001)
    arrived = time.perf_counter()
    time.sleep(0.3)  # let the supervisor come to rest, so that the next one does not come in between
    return (arrived - began) * 1000


def _git(place: Ground, project: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.invalid")
    subprocess.run(["git", *identity, *arguments], cwd=project, env=place.environ, check=True, capture_output=True)


_OUTPUTS = (
    "AGENTS.md",
    ".agents/skills/skill-0000",
    ".agents/skills/skill-0049",
    ".codex/agents/agent-000.toml",
    ".gemini/agents/agent-000.md",
    ".opencode/agents/agent-000.md",
    ".gemini/settings.json",
)
