"""What one harness gets may depend on which others a project has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]

RULE = ".cursor/rules/harnesssync-claude-rules-tests.mdc"


def test_a_rule_for_certain_files_moves_as_harnesses_come_and_go(
    tmp_path: Path, git: Callable[..., str], run: Run
) -> None:
    """Into `AGENTS.md` for the sake of Codex, and out of it; nothing is left behind, and `check` agrees each time."""
    root = tmp_path / "project"
    (root / ".claude/rules").mkdir(parents=True)
    (root / "CLAUDE.md").write_text("Be kind.\n")
    (root / ".claude/rules/tests.md").write_text("---\npaths: tests/**\n---\n\nMind the tests.\n")
    git("init", "-q", cwd=root)
    for targets in (["cursor"], ["cursor", "codex"], ["cursor"]):
        options = [f"--target={target}" for target in targets]
        assert run("ctl", "add", str(root), *options).code == 0
        assert run("sync", cwd=root).code == 0
        is_shared = "codex" in targets
        assert ("Mind the tests." in (root / "AGENTS.md").read_text()) == is_shared
        assert (root / "AGENTS.md").is_symlink() != is_shared
        assert (root / RULE).exists() != is_shared
        ran = run("check", "--json", cwd=root)
        (report,) = json.loads(ran.out)["projects"]
        told = [loss["target"] for loss in report["losses"] if loss["what"] == "paths: tests/**"]
        assert (ran.code, sorted(told)) == (0, sorted(targets) if is_shared else [])
