"""Drift while a supervisor serves: seen at once, restored or decided about, and never a reason to go in circles."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.server.machine import Machine, eventually

AGENT = ".codex/agents/reviewer.toml"
SERVER = ".codex/config.toml#/mcp_servers/docs"


@pytest.fixture
def project(worktree: Callable[[str], Path]) -> Path:
    """A worktree with a rule, an agent, a skill and a server."""
    root = worktree("a")
    for name, content in {
        ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews.\n---\n\nYou review.\n",
        ".claude/skills/pdf/SKILL.md": "---\nname: pdf\ndescription: Reads.\n---\n\nRead.\n",
        ".mcp.json": json.dumps({"mcpServers": {"docs": {"type": "http", "url": "https://example.invalid/mcp"}}}),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return root


def served(machine: Machine, project: Path, config: str = "") -> None:
    """Serve the project, and wait until it is in step. It is never looked at without an event."""
    machine.layout.root.mkdir(mode=0o700, exist_ok=True)
    log = f"level = 'debug'\nfile = '{log_file(machine)}'"
    machine.layout.config_file.write_text(f"{config}\n[watch]\nrescan_s = 86400\n[log]\n{log}\n")
    machine.start()
    eventually(lambda: log_file(machine).exists() and '"supervisor.started"' in log_file(machine).read_text())
    machine.call("add", path=str(project), targets=["codex"])
    eventually(lambda: the_report(machine)["state"] == "in step" and (project / AGENT).exists())


def log_file(machine: Machine) -> Path:
    """In the home directory, in which the supervisor looks for sources: its own log is no event."""
    return machine.home / "supervisor.log"


def the_report(machine: Machine) -> dict[str, Any]:
    [report] = machine.call("status")["projects"]
    assert isinstance(report, dict)
    return report


def states(machine: Machine) -> dict[str, str]:
    return {each["address"]: each["state"] for each in the_report(machine)["conflicts"]}


def edit(path: Path, old: str, new: str) -> None:
    """As an editor saves: a new file takes the place of what is there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    aside = path.with_name(f"{path.name}.edited")
    aside.write_text(text.replace(old, new), encoding="utf-8")
    aside.replace(path)


def harnesssync(machine: Machine, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(machine.home), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "harnesssync_orchestrator.entry", *arguments]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)


def rests(machine: Machine) -> Callable[[], bool]:
    """Tells whether no sync has begun for a hundred looks in a row: longer than an event takes to become one."""
    seen = {"syncs": -1, "looks": 0}

    def look() -> bool:
        syncs = log_file(machine).read_text().count('"project.sync.started"')
        seen["looks"] = seen["looks"] + 1 if syncs == seen["syncs"] else 0
        seen["syncs"] = syncs
        return seen["looks"] >= 100

    return look


def test_every_edit_of_an_output_is_seen_without_asking(machine: Machine, project: Path) -> None:
    """Of a link, of a file deep in a folder, of a key; nothing is written over."""
    served(machine, project)
    edit(project / "AGENTS.md", "rules", "laws")
    eventually(lambda: states(machine) == {"AGENTS.md": "output-edited"})
    edit(project / AGENT, "You review", "I review")
    eventually(lambda: states(machine).get(AGENT) == "output-edited")
    edit(project / ".codex/config.toml", "https://example.invalid/mcp", "https://mine.invalid/mcp")
    eventually(lambda: states(machine).get(SERVER) == "output-edited")
    assert the_report(machine)["drift"]["output-edited"] == 3
    assert "laws" in (project / "AGENTS.md").read_text()


def test_what_is_deleted_is_made_again(machine: Machine, project: Path) -> None:
    """One output, then a whole folder of them, whose watch went with it."""
    served(machine, project)
    for _ in range(2):
        (project / AGENT).unlink()
        eventually((project / AGENT).exists)
        shutil.rmtree(project / ".codex", ignore_errors=True)  # while it is made again already
        eventually(lambda: (project / AGENT).exists() and (project / ".codex/config.toml").exists())
    eventually(lambda: the_report(machine)["state"] == "in step")


def test_our_own_writing_is_no_reason_to_sync_again(machine: Machine, project: Path) -> None:
    """It is known again, and then there is rest."""
    served(machine, project)
    for number in range(8):
        (project / "CLAUDE.md").write_text(f"# Rules {number}\n")
        (project / ".claude/agents/reviewer.md").write_text(
            f"---\nname: reviewer\ndescription: Reviews.\n---\n\nYou review {number}.\n"
        )
        eventually(lambda number=number: f"review {number}" in (project / AGENT).read_text())
    eventually(rests(machine))
    report = the_report(machine)
    assert (report["state"], report["halt"]) == ("in step", None)
    assert "project.loop.detected" not in log_file(machine).read_text()
    written = log_file(machine).read_text().count('"project.sync.completed"')
    assert written <= 8 * 5


def test_a_policy_restores_at_once_until_it_is_a_quarrel(machine: Machine, project: Path) -> None:
    """A program that undoes it each time stops us, not we it: the project halts, and says so."""
    served(machine, project, '[drift]\npolicy = "restore"')
    edit(project / AGENT, "You review", "I review")
    eventually(lambda: "You review" in (project / AGENT).read_text())
    eventually(rests(machine))
    assert the_report(machine)["halt"] is None
    for number in range(20):
        if the_report(machine)["halt"]:
            break
        edit(project / AGENT, "You review", f"I review {number}")
        eventually(lambda: "You review" in (project / AGENT).read_text() or the_report(machine)["halt"])
    assert the_report(machine)["halt"] == "feedback-loop"


def test_what_another_process_decides_is_seen(machine: Machine, project: Path) -> None:
    """A one-shot `resolve --keep` changes nothing but the ledger."""
    served(machine, project)
    edit(project / AGENT, "You review", "I review")
    eventually(lambda: AGENT in states(machine))
    assert harnesssync(machine, "resolve", AGENT, "--keep", cwd=project).returncode == 0
    eventually(lambda: the_report(machine)["state"] == "in step")
    assert [kept["address"] for kept in the_report(machine)["kept"]] == [AGENT]


def test_the_supervisor_carries_out_decisions(machine: Machine, project: Path) -> None:
    """One at a time, or all that can be resolved so; a choice that there is not is the asker's mistake."""
    served(machine, project)
    edit(project / "AGENTS.md", "rules", "laws")
    edit(project / AGENT, "You review", "I review")
    eventually(lambda: len(states(machine)) == 2)
    refused = harnesssync(machine, "ctl", "resolve", "--keep", cwd=project)
    assert (refused.returncode, "ADDRESS" in refused.stderr) == (2, True)
    unknown = harnesssync(machine, "ctl", "resolve", "AGENT.md", "--keep", cwd=project)
    assert (unknown.returncode, "Did you mean AGENTS.md?" in unknown.stderr) == (2, True)
    ran = harnesssync(machine, "ctl", "resolve", "AGENTS.md", "--adopt", "--json", cwd=project)
    answer = json.loads(ran.stdout)
    assert (ran.returncode, answer["resolved"]) == (1, [{"address": "AGENTS.md", "choice": "adopt"}])
    assert (project / "CLAUDE.md").read_text() == "laws of a"
    assert (project / "AGENTS.md").is_symlink()
    other = harnesssync(machine, "ctl", "resolve", "--target", "gemini", AGENT, "--keep", cwd=project)
    assert (other.returncode, f"nothing is in conflict at '{AGENT}'" in other.stderr) == (2, True)
    ran = harnesssync(machine, "ctl", "resolve", "--target", "codex", "--restore", "--all", cwd=project)
    assert (ran.returncode, f"restored: {AGENT}" in ran.stdout) == (0, True)
    assert "You review" in (project / AGENT).read_text()
    eventually(lambda: the_report(machine)["state"] == "in step")
