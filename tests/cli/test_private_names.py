"""The names of servers that only a person has get into no file that a team would get."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Git = Callable[..., str]

OURS = ".opencode/agents/rev.md"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.fixture
def project(run: Run, worktree: Path, git: Git) -> Path:
    """Its agent is limited, so that servers which it does not name are denied to it; in OpenCode by their names."""
    agent = worktree / ".claude/agents/rev.md"
    agent.parent.mkdir(parents=True, exist_ok=True)
    agent.write_text("---\nname: rev\ndescription: Reviews\ntools: Read, mcp__mine__look\n---\nReview.\n")
    git("add", ".", cwd=worktree)
    git("commit", "-qm", "all", cwd=worktree)
    run("ctl", "add", str(worktree), "--target", "opencode")
    assert run("sync", cwd=worktree).code == 0
    return worktree


def have(home: Path, project: Path, *names: str) -> None:
    """A person has local servers there."""
    servers = {name: {"type": "http", "url": f"https://{name}.example"} for name in names}
    (home / ".claude.json").write_text(json.dumps({"projects": {str(project): {"mcpServers": servers}}}))


def test_an_agent_that_names_private_servers_is_hidden(run: Run, project: Path, home: Path, git: Git) -> None:
    """It still denies them, and one that the agent's own file names is no secret."""
    have(home, project, "mine")
    assert run("sync", cwd=project).code == 0
    have(home, project, "mine", "priv", "privs")
    assert run("sync", cwd=project).code == 0
    assert '"priv_*": "deny"' in (project / OURS).read_text()
    assert git("status", "--porcelain", "-uall", cwd=project) == ""


def test_a_tracked_one_names_none(run: Run, project: Path, home: Path, git: Git) -> None:
    """A team gets it. What it can't deny for that is told."""
    git("add", "-f", OURS, cwd=project)
    git("commit", "-qm", "Share it", cwd=project)
    have(home, project, "mine", "priv", "privs")
    ran = run("sync", "--json", cwd=project)
    (row,) = json.loads(ran.out)["projects"]
    told = [(each["item"], each["security"]) for each in row["losses"] if "private servers" in each["why"]]
    assert (ran.code, told) == (0, [("agent rev", True)])
    assert git("status", "--porcelain", "-uall", cwd=project) == ""
    agent = project / ".claude/agents/rev.md"
    agent.write_text(agent.read_text().replace("Review.", "Review it all."))
    assert run("sync", cwd=project).code == 0
    text = (project / OURS).read_text()
    assert ("Review it all." in text, "priv" in text, '"deny"' in text) == (True, False, True)
    git("rm", "-q", "--cached", OURS, cwd=project)
    git("commit", "-qm", "Share it no more", cwd=project)
    assert run("sync", cwd=project).code == 0
    assert '"priv_*": "deny"' in (project / OURS).read_text()


def test_a_tracked_one_with_a_credential_is_not_even_written_without_them(
    run: Run, project: Path, home: Path, git: Git
) -> None:
    """Neither form is for a team. It is told as it is where a person has no private servers."""
    git("add", "-f", OURS, cwd=project)
    git("commit", "-qm", "Share it", cwd=project)
    agent = project / ".claude/agents/rev.md"
    agent.write_text(agent.read_text() + f"Use {TOKEN} for it.\n")
    for servers in (("mine",), ("mine", "priv")):
        have(home, project, *servers)
        ran = run("sync", "--json", cwd=project)
        (row,) = json.loads(ran.out)["projects"]
        assert [each["item"] for each in row["losses"] if each["credential"]] == ["agent rev"]
        assert [each["why"] for each in row["losses"] if "private servers" in each["why"]] == []
        assert not any(TOKEN in file.read_text() for file in (project / ".opencode").rglob("*.*") if file.is_file())
        explained = run("explain", OURS, cwd=project).out
        assert "is a credential, written out" in explained
        assert TOKEN not in explained
