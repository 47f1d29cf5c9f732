"""Which targets are in use: by what each of them declares, for the real commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator.core.targets import Target

Run = Callable[..., Any]

HARNESSES = [target for target in TARGETS if not target.only_linked]
SIGNS = [(target.id, sign) for target in HARNESSES for sign in target.user_signs]
SHARED = {".config", ".local", ".local/share", ".agents", ".claude", ".claude.json", ".vscode", ".github"}
"""What other programs make, or what we read, or write for several: none of it tells of one harness."""


@pytest.fixture(autouse=True)
def nothing_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """But git."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


@pytest.fixture
def user(home: Path) -> Path:
    """A home directory in which a person writes for Claude Code."""
    for name, content in {
        "CLAUDE.md": "Be kind.\n",
        "agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews\n---\nReview.\n",
        "commands/fix.md": "Fix it.\n",
        "skills/pdf/SKILL.md": "---\nname: pdf\ndescription: Read PDFs\n---\nRead.\n",
    }.items():
        (home / ".claude" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / ".claude" / name).write_text(content)
    (home / ".claude.json").write_text('{"mcpServers": {"files": {"command": "npx", "args": ["files"]}}}\n')
    return home


def in_use(run: Run, worktree: Path) -> list[str]:
    (report,) = json.loads(run("sync", "--dry-run", "--json", cwd=worktree).out)["projects"]
    targets: list[str] = report["targets"]
    return targets


@pytest.mark.parametrize(("name", "sign"), SIGNS, ids=[sign for _, sign in SIGNS])
def test_a_home_folder_counts_for_a_project(run: Run, worktree: Path, user: Path, name: str, sign: str) -> None:
    """For its own target, and for no other."""
    assert in_use(run, worktree) == []
    (user / sign).mkdir(parents=True)
    assert in_use(run, worktree) == [name]


@pytest.mark.parametrize("target", HARNESSES, ids=lambda target: target.id)
def test_what_we_write_at_home_puts_nothing_in_use(run: Run, worktree: Path, user: Path, target: Target) -> None:
    """Nor is the source a sign. Once the harness itself writes there, it is."""
    assert run("sync", "--user", "--target", target.id).code in (0, 1)
    run("ctl", "trust", str(user))
    assert run("sync", "--user", "--target", target.id).code in (0, 1)
    assert (user / ".harnesssync/state.json").exists()
    assert in_use(run, worktree) == []
    sign = next(sign for sign in target.user_signs if not (user / sign).is_file())
    (user / sign / "own").mkdir(parents=True)
    assert in_use(run, worktree) == [target.id]


def test_no_folder_that_others_make_is_a_sign() -> None:
    """`~/.config` has something of every program, `~/.agents` skills for all harnesses, `~/.claude` is the source."""
    assert SHARED.isdisjoint(sign for _, sign in SIGNS)
    assert SHARED.isdisjoint(sign for target in TARGETS for sign in target.project_signs)


@pytest.mark.parametrize("extension", [each for target in HARNESSES for each in target.extensions])
def test_an_extension_alone_is_enough(run: Run, worktree: Path, user: Path, extension: str) -> None:
    """Whoever works in an editor has no program on the `PATH`."""
    (user / ".vscode/extensions" / f"{extension}-1.2.3").mkdir(parents=True)
    assert in_use(run, worktree) == [target.id for target in HARNESSES if extension in target.extensions]


def test_an_editor_is_not_copilot(
    run: Run, worktree: Path, user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most people who have VS Code, or keep settings for it, have no Copilot: its extension tells."""
    program = tmp_path / "bin/code"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    (worktree / ".vscode").mkdir()
    (worktree / ".vscode/settings.json").write_text("{}\n")
    (user / ".vscode/extensions/ms-python.python-2026.1.0").mkdir(parents=True)
    assert in_use(run, worktree) == []
    (user / ".vscode/extensions/github.copilot-chat-0.30.1").mkdir()
    assert in_use(run, worktree) == ["copilot"]


def test_what_can_not_be_told_puts_nothing_in_use(run: Run, worktree: Path, user: Path) -> None:
    """The ledger of the home directory is damaged: what is there may all be ours."""
    run("sync", "--user", "--target", "codex")
    (user / ".harnesssync/state.json").write_text("{")
    assert in_use(run, worktree) == []
    assert (user / ".harnesssync/state.json").read_text() == "{"
