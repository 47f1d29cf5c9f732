"""Much happens at once: a program rewrites everything, git switches branches and rebases, the system loses events."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.server.machine import Daemon, Machine, eventually

AGENTS = 100


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.invalid")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def describe(root: Path, text: str) -> None:
    """Give a project a hundred agents that say this, and instructions that do."""
    folder = root / ".claude/agents"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(AGENTS):
        agent = f"---\nname: agent-{number}\ndescription: Reviews\n---\n{text}\n"
        (folder / f"agent-{number}.md").write_text(agent, encoding="utf-8")
    (root / "CLAUDE.md").write_text(f"{text}\n", encoding="utf-8")


def says(root: Path, text: str) -> bool:
    """Do all outputs say this?"""
    outputs = [root / f".codex/agents/agent-{number}.toml" for number in range(AGENTS)]
    return all(output.exists() and text in output.read_text() for output in (*outputs, root / "AGENTS.md"))


def writing(daemon: Daemon, root: Path) -> list[int]:
    """How much each sync of a project wrote that wrote anything."""
    lines = [json.loads(line) for line in daemon.said.splitlines()]
    completed = [line for line in lines if line["event"] == "project.sync.completed" and line["path"] == str(root)]
    return [line["operations"] for line in completed if line["operations"]]


@pytest.fixture
def root(machine: Machine, worktree: Callable[[str], Path]) -> Path:
    made = worktree("a")
    describe(made, "first")
    git(made, "add", ".claude", "CLAUDE.md")
    git(made, "commit", "-q", "-m", "first")
    return made


def serve(machine: Machine, root: Path) -> Daemon:
    """A supervisor that has synced the project, and looks at it again only if it is told to."""
    machine.layout.config_file.parent.mkdir(parents=True)
    machine.layout.config_file.write_text('[watch]\nrescan_s = 3600\n[log]\nlevel = "debug"\n')
    daemon = machine.serve()
    machine.call("add", path=str(root), targets=["codex"])
    eventually(lambda: says(root, "first") and writing(daemon, root))
    probe(root)
    eventually(lambda: writing(daemon, root)[-2:] == [1, 1])
    return daemon


def probe(root: Path) -> None:
    """Two edits that are answered by two syncs, each of which writes one output: whatever was told before was heard."""
    source, output = root / ".claude/agents/probe.md", root / ".codex/agents/probe.toml"
    source.write_text("---\nname: probe\ndescription: Looks\n---\n", encoding="utf-8")
    eventually(output.exists)
    source.unlink()
    eventually(lambda: not output.exists())


def written_since(before: int, daemon: Daemon, root: Path) -> list[int]:
    """What syncs wrote from then on, up to a probe."""
    probe(root)
    eventually(lambda: len(writing(daemon, root)) >= before + 3)
    *written, first, second = writing(daemon, root)[before:]
    assert (first, second) == (1, 1), "the probe's"
    return written


def test_ten_thousand_events_are_one_sync_with_the_last_edit(machine: Machine, root: Path) -> None:
    """And what that sync writes leads to no other that writes. The supervisor is held meanwhile: a pause in the storm
    would be one to sync in."""
    daemon = serve(machine, root)
    before = len(writing(daemon, root))
    os.kill(daemon.process.pid, signal.SIGSTOP)
    file = root / ".claude/agents/agent-0.md"
    text = file.read_text()
    for number in range(5_000):  # each is two events at least: it is emptied, and written
        file.write_text(text.replace("first", f"edit-{number}-"))
    describe(root, "last")
    os.kill(daemon.process.pid, signal.SIGCONT)
    eventually(lambda: says(root, "last"))
    assert written_since(before, daemon, root) == [AGENTS]


def test_a_switch_of_branches_is_one_sync(machine: Machine, root: Path) -> None:
    """Git holds its lock until it has written everything, and a sync waits for that."""
    git(root, "switch", "-q", "-c", "other")
    describe(root, "other")
    git(root, "commit", "-q", "-a", "-m", "other")
    git(root, "switch", "-q", "-")
    daemon = serve(machine, root)
    before = len(writing(daemon, root))
    git(root, "switch", "-q", "other")
    eventually(lambda: says(root, "other"))
    assert written_since(before, daemon, root) == [AGENTS]


def test_a_rebase_is_one_sync_with_what_it_ends_with(machine: Machine, root: Path) -> None:
    """Of the commits in between no output is made."""
    git(root, "branch", "-q", "base")
    for number in range(5):
        describe(root, f"commit-{number}-")
        git(root, "commit", "-q", "-a", "-m", str(number))
    git(root, "branch", "-q", "work")
    git(root, "reset", "-q", "--hard", "base")
    (root / "unrelated").write_text("x")
    git(root, "add", "unrelated")
    git(root, "commit", "-q", "-m", "unrelated")
    daemon = serve(machine, root)
    before = len(writing(daemon, root))
    git(root, "rebase", "-q", "HEAD", "work")
    eventually(lambda: says(root, "commit-4-"))
    assert written_since(before, daemon, root) == [AGENTS]


def test_when_the_system_loses_events_everything_is_looked_at(machine: Machine, root: Path) -> None:
    """A process that was stopped finds its queue full: the last edit is not in it, and is synced all the same. Nor is
    it in there that a folder was replaced, and edits in the new one are heard."""
    daemon = serve(machine, root)
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    os.kill(daemon.process.pid, signal.SIGSTOP)
    agents = [root / f".claude/agents/agent-{number}.md" for number in range(2)]
    for number in range(most + 1000):
        os.utime(agents[number % 2], ns=(number, number))  # the same file twice in a row would be one event
    (root / ".claude/agents").rename(root / "old")
    describe(root, "last")
    os.kill(daemon.process.pid, signal.SIGCONT)
    eventually(lambda: says(root, "last"))
    eventually(lambda: '"watch.overflowed"' in daemon.said)  # the word of it comes last
    probe(root)
