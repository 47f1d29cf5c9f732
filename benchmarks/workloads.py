"""Source trees of a given size, the same at every run: skills as people keep them, with references and scripts."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

FLEET = {"skills": 50, "files": 3}
"""Each of the 200 projects of the workload `fleet`."""
LARGE = {"skills": 2000, "files": 5, "large": 50}
"""The one project of the workload `large`."""
SMALL = {"skills": 20, "files": 5}

_WORDS = (
    *("review", "test", "deploy", "schema", "cache", "index", "query", "retry", "token", "parser"),
    *("worker", "event", "branch", "commit", "rule", "signal", "batch", "shard"),
)

_SERVERS = (
    {"command": "npx", "args": ["-y", "server-files"], "env": {"KEY": "${KEY}"}},
    {"type": "http", "url": "http://127.0.0.1:1/mcp"},
)


LARGE_BYTES = 1 << 20


def make_project(
    root: Path, *, skills: int, files: int, agents: int | None = None, servers: int = 2, large: int = 0
) -> Path:
    """A git repository with `skills` skills of `files` files each (from 300 bytes to 6 KiB), as many commands as
    `agents` (without a number one for every twenty skills), a `CLAUDE.md` and MCP servers; `large` of the skills have
    a file of a mebibyte besides. Returns `root`."""
    dice = random.Random(20_260_101)
    claude = root / ".claude"
    for number in range(skills):
        folder = claude / "skills" / f"skill-{number:04}"
        _write(folder / "SKILL.md", _skill(dice, number))
        for other in range(1, files):
            inner = ("references", "scripts", "assets")[other % 3]
            _write(folder / inner / f"part-{other}.md", _text(dice, dice.randint(300, 6000)))
        if number < large:
            (folder / "assets").mkdir(exist_ok=True)
            (folder / "assets/large.bin").write_bytes(dice.randbytes(LARGE_BYTES))
    for number in range(max(1, skills // 20) if agents is None else agents):
        _write(claude / "agents" / f"agent-{number:03}.md", _agent(dice, number))
        _write(claude / "commands" / f"command-{number:03}.md", _command(dice, number))
    _write(root / "CLAUDE.md", "# Conventions\n\n" + _text(dice, 2000))
    declared = {f"server-{number:02}": _SERVERS[number % 2] for number in range(servers)}
    _write(root / ".mcp.json", json.dumps({"mcpServers": declared}) + "\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})
    return root


def _skill(dice: random.Random, number: int) -> str:
    return (
        f"---\nname: skill-{number:04}\ndescription: Use when a {dice.choice(_WORDS)} meets a {dice.choice(_WORDS)}."
        f"\n---\n\n# Skill {number}\n\n{_text(dice, 1500)}"
    )


def _agent(dice: random.Random, number: int) -> str:
    return (
        f"---\nname: agent-{number:03}\ndescription: Knows about {dice.choice(_WORDS)}.\ntools: Read, Grep\n---\n\n"
        + _text(dice, 1500)
    )


def _command(dice: random.Random, number: int) -> str:
    return f"---\ndescription: Do {dice.choice(_WORDS)} number {number}\n---\n\nFor $ARGUMENTS:\n\n{_text(dice, 800)}"


def _text(dice: random.Random, length: int) -> str:
    words: list[str] = []
    size = 0
    while size < length:
        word = dice.choice(_WORDS)
        words.append(word + (".\n" if dice.random() < 0.1 else " "))
        size += len(words[-1])
    return "".join(words) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
