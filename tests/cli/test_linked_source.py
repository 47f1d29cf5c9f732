"""Skills that are kept where other harnesses look, with a link where Claude Code does: the output is the source."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SKILL = "---\nname: pdf\ndescription: Reads PDF files\n---\nRead it.\n"


@pytest.mark.parametrize("link", ["skills", "skills/pdf"])
def test_what_is_the_source_itself_is_in_step(run: Run, worktree: Path, link: str) -> None:
    """And nothing that anybody is told to delete, nor that goes when ours go."""
    skill = worktree / ".agents/skills/pdf/SKILL.md"
    shutil.rmtree(worktree / ".claude/skills")
    skill.parent.mkdir(parents=True)
    skill.write_text(SKILL)
    at = worktree / ".claude" / link
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(worktree / ".agents" / link)
    run("ctl", "add", str(worktree), "--target", "codex")
    for _ in range(2):
        ran = run("sync", "--target", "codex", cwd=worktree)
        assert (ran.code, "conflict" in ran.out) == (0, False)
    assert run("check", "--target", "codex", cwd=worktree).code == 0
    assert run("unlink", "--all", cwd=worktree).code == 0
    assert skill.read_text() == SKILL
