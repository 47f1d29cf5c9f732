"""The real commands, run in processes of their own on real worktrees."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harnesssync_orchestrator import cli


class Ran(NamedTuple):
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run one of the programs as its entry point does, in this process."""

    def run(*arguments: str, cwd: Path | None = None, program: str = "harnesssync") -> Ran:
        with monkeypatch.context() as patch:
            if cwd is not None:
                patch.chdir(cwd)
            code = cli.run(program, list(arguments))
        captured = capsys.readouterr()
        return Ran(captured.out, captured.err, code)

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start one of the programs in a process of its own, which ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, program: str = "harnesssync", **more: Any) -> subprocess.Popen[str]:
        module = {"harnesssync": "harnesssync_orchestrator.entry"}.get(program, "harnesssync_orchestrator")
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
            **streams,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def worktree(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A worktree with a rule, a skill, an agent and a server for Claude Code."""
    root = tmp_path / "work"
    (root / ".claude" / "skills" / "pdf").mkdir(parents=True)
    (root / ".claude" / "agents").mkdir()
    (root / "CLAUDE.md").write_text("# Rules\n\nBe kind.\n")
    (root / ".claude" / "skills" / "pdf" / "SKILL.md").write_text(
        "---\nname: pdf\ndescription: Read PDFs\n---\nRead.\n"
    )
    (root / ".claude" / "agents" / "reviewer.md").write_text(
        "---\nname: reviewer\ndescription: Reviews\n---\nReview.\n"
    )
    (root / ".mcp.json").write_text('{"mcpServers": {"files": {"command": "npx", "args": ["files"]}}}\n')
    git("init", "-q", cwd=root)
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", "begin", cwd=root)
    return root.resolve()


@pytest.fixture
def linked(main: Path, git: Callable[..., str]) -> Path:
    """A new worktree of the main checkout that a file of tests makes."""
    root = main.with_name("linked")
    git("worktree", "add", "-q", str(root), cwd=main)
    return root
