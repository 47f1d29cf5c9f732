"""A small world to break: a home and a project with configuration of every kind, things of a person's in the way of
most outputs, and pictures of a tree that can be compared byte for byte."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TARGETS = ("codex", "gemini", "opencode")
PYTHON_PATH = os.pathsep.join(
    str(Path(__file__).parents[2] / root) for root in ("orchestrator", "adapters")
)  # for processes that run with another environment, and for Pythons that have not installed the project

PROJECT_FILES: Mapping[str, str] = {
    "CLAUDE.md": "# Rules\n\nUse tabs. See @docs/style.md\n",
    "docs/style.md": "Short sentences.\n",
    ".claude/rules/tests.md": "---\npaths: tests/**\n---\nName tests as sentences.\n",
    ".claude/skills/pdf/SKILL.md": "---\nname: pdf\ndescription: Reads PDF files\n---\nRun scripts/read.sh\n",
    ".claude/skills/pdf/scripts/read.sh": "#!/bin/sh\necho read\n",
    ".claude/skills/日本語/SKILL.md": "---\nname: 日本語\ndescription: Says it in Japanese\n---\nHai.\n",
    ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews\ntools: Read, Grep\n---\nReview it.\n",
    ".claude/commands/fix/issue.md": "---\ndescription: Fix an issue\n---\nFix $ARGUMENTS now.\n",
    ".mcp.json": (
        '{"mcpServers": {"files": {"command": "files-server", "args": ["--root", "."], "env": {"TOKEN": "${TOKEN}"}},'
        ' "docs": {"type": "http", "url": "https://docs.example/mcp"}}}\n'
    ),
    ".claude/settings.json": (
        '{"permissions": {"allow": ["Bash(git status)"], "deny": ["Read(./secrets/**)", "Bash(rm -rf:*)"]},'
        ' "hooks": {"PostToolUse": [{"matcher": "Edit", "hooks": [{"type": "command", "command": "fmt"}]}]},'
        ' "env": {"EDITOR_MODE": "fast"}}\n'
    ),
}
"""What Claude Code would read: one of each kind at least."""

FOREIGN_FILES: Mapping[str, str] = {
    ".codex/config.toml": '# mine\nmodel = "o4"\r\n[mcp_servers.own]\ncommand = "own"  # keep\n',
    ".gemini/settings.json": '{\n    "theme": "dark" /* mine */,\n    "mcpServers": {"own": {"command": "own"}}\n}\n',
    ".agents/skills/own/SKILL.md": "---\nname: own\ndescription: Mine\n---\nKeep me.\n",
    "README.md": "# A project\n",
}
"""What a person put where outputs go, and which nobody may lose."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Paths are absolute and resolved. `environ` is all that a process of ours gets to see of the machine;
    `foreign` are the files of a person's, by their path below the project."""

    root: Path
    home: Path
    project: Path
    environ: Mapping[str, str]
    foreign: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        root: Path,
        *,
        foreign: Mapping[str, str] = FOREIGN_FILES,
        project: Path | None = None,
    ) -> World:
        """Make home, repository and configuration below an existing folder, register the project and trust it.

        `project` is a folder to be made elsewhere, on another file system say.
        """
        root = root.resolve()
        home, project = root / "home", (project or root / "project").absolute()
        for folder in (home, project):
            folder.mkdir(mode=0o755)
        environ = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHON_PATH,
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "A. Tester",
            "GIT_AUTHOR_EMAIL": "tester@example.invalid",
            "GIT_COMMITTER_NAME": "A. Tester",
            "GIT_COMMITTER_EMAIL": "tester@example.invalid",
        }
        world = cls(root=root, home=home, project=project, environ=environ, foreign=foreign)
        world.write({**PROJECT_FILES, **foreign})
        with contextlib.suppress(OSError):  # FAT has no permissions
            (project / ".claude/skills/pdf/scripts/read.sh").chmod(0o755)
        world.git("init", "-q", "-b", "main")
        world.git("add", "-A")
        world.git("commit", "-q", "-m", "begin")
        world.run("ctl", "add", str(project), *(f"--target={target}" for target in TARGETS), check=True)
        return world

    def write(self, files: Mapping[str, str]) -> None:
        """Write files below the project, exactly these bytes."""
        for name, content in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())

    def git(self, *arguments: str) -> str:
        """Run git in the project. Raises CalledProcessError."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.project, env=dict(self.environ), check=True, capture_output=True, text=True
        )
        return done.stdout

    def run(
        self, *arguments: str, check: bool = False, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `harnesssync` in the project, as a process of its own. With `check`, raises unless it exits with 0."""
        return subprocess.run(
            [sys.executable, "-m", "harnesssync_orchestrator", *arguments],
            cwd=self.project,
            env={**self.environ, **(environ or {})},
            check=check,
            capture_output=True,
            text=True,
        )


@dataclass(frozen=True)
class Pictured:
    """One path: `content` is a file's bytes or what a link says. `stamp` is (inode, mtime in ns), not compared."""

    kind: str
    mode: int
    content: bytes
    stamp: tuple[int, int] = field(compare=False)


def picture(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, Pictured]:
    """Everything below a folder by its relative path, links not followed; `without` paths and what is below them."""
    return dict(_pictured(folder, folder, without))


def _pictured(folder: Path, root: Path, without: tuple[str, ...]) -> Iterator[tuple[str, Pictured]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        relative = path.relative_to(root).as_posix()
        if relative in without:
            continue
        status = entry.stat(follow_symlinks=False)
        stamp = (status.st_ino, status.st_mtime_ns)
        mode = stat.S_IMODE(status.st_mode)
        if entry.is_symlink():
            yield relative, Pictured("link", 0, os.fsencode(path.readlink()), stamp)
        elif entry.is_dir():
            yield relative, Pictured("folder", mode, b"", stamp)
            yield from _pictured(path, root, without)
        elif entry.is_file():
            yield relative, Pictured("file", mode, path.read_bytes(), stamp)
        else:
            yield relative, Pictured("special", mode, b"", stamp)


def differences(before: Mapping[str, Pictured], after: Mapping[str, Pictured]) -> list[str]:
    """What came, went or changed, one line each; nothing when both are the same byte for byte."""
    lines = [f"gone: {path}" for path in before.keys() - after.keys()]
    lines += [f"new: {path}" for path in after.keys() - before.keys()]
    for path in before.keys() & after.keys():
        if before[path] != after[path]:
            lines.append(f"changed: {path}: {before[path]} -> {after[path]}")
    return sorted(lines)
