"""`ctl trust`, `pause` and `resume`: with a supervisor, and without one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.console import Console
from harnesssync_orchestrator.ctl.waiting import halted
from harnesssync_orchestrator.files.registry import Registry

Harnesssync = Callable[..., Any]
Peers = Callable[..., Any]
Report = Callable[..., dict[str, Any]]
HOOK = "hook Stop[]#1"


@pytest.fixture
def registry(home: Path) -> Registry:
    """The registry that the command reads and writes."""
    return Registry(home / ".harnesssync" / "registry.json", home / ".harnesssync" / "registry.lock")


def hook(root: Path, command: str) -> None:
    content = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}
    (root / ".claude").mkdir(exist_ok=True)
    (root / ".claude" / "settings.json").write_text(json.dumps(content))


def test_trust_shows_approves_and_takes_back_without_a_supervisor(harnesssync: Harnesssync, worktree: Path) -> None:
    """The exit code tells whether something waits, and every answer what to type next."""
    hook(worktree, "fmt")
    ran = harnesssync("ctl", "trust", "--show", cwd=worktree)
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "",
        f"[{worktree}]",
        f"  ! held back: {HOOK} (.claude/settings.json): not approved",
        "      event: Stop",
        "      type: command",
        "      command: fmt",
        f"  To approve all of it: harnesssync ctl trust {worktree}",
    ]
    ran = harnesssync("ctl", "trust", str(worktree))
    assert (ran.code, f"  ✓ approved: {HOOK} (.claude/settings.json)" in ran.out.splitlines()) == (0, True)
    assert "1 approved before" in harnesssync("ctl", "trust", cwd=worktree).out
    hook(worktree, "evil")
    ran = harnesssync("ctl", "trust", "--show", cwd=worktree)
    assert ran.code == 1
    assert "      - command: fmt" in ran.out.splitlines()
    assert "      + command: evil" in ran.out.splitlines()
    ran = harnesssync("ctl", "trust", "--revoke", cwd=worktree)
    assert (ran.code, "taken back" in ran.out, "1 held back from now on" in ran.out) == (0, True, True)
    assert "nothing was approved" in harnesssync("ctl", "trust", "--revoke", cwd=worktree).out


def test_another_repository_with_the_inode_of_the_approved_one_has_nothing_approved(
    harnesssync: Harnesssync, worktree: Path, registry: Registry, git: Callable[..., str]
) -> None:
    """A program of the project may be another in it, which the configuration does not show."""
    hook(worktree, "./check.sh")
    assert harnesssync("ctl", "trust", cwd=worktree).code == 0
    (worktree / ".git").rename(worktree.parent / "git")
    git("init", "-q", cwd=worktree)
    document = json.loads(registry.path.read_text())
    document["approvals"][f"{worktree}/.git"]["inode"] = (worktree / ".git").stat().st_ino
    registry.path.write_text(json.dumps(document))
    ran = harnesssync("ctl", "trust", "--show", "--json", cwd=worktree)
    assert (ran.code, [row["why"] for row in json.loads(ran.out)["waiting"]]) == (1, ["replaced"])


def test_trust_tells_where_there_is_nothing_to_approve(harnesssync: Harnesssync, worktree: Path) -> None:
    """And ends well."""
    for line in (("trust",), ("trust", "--show")):
        ran = harnesssync("ctl", *line, cwd=worktree)
        assert (ran.code, "nothing here needs approval" in ran.out) == (0, True)


def test_trust_in_json_is_what_the_documentation_says(harnesssync: Harnesssync, worktree: Path) -> None:
    """Every member of it is named there."""
    hook(worktree, "fmt")
    review = json.loads(harnesssync("ctl", "trust", "--json", cwd=worktree).out)
    assert (review["newly"], review["standing"], review["registered"]) == ([HOOK], "approved", False)
    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    for member in (*review, *review["approved"][0]):
        assert f"`{member}`" in text, member


def test_trust_asks_a_supervisor_that_runs(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, registry: Registry
) -> None:
    """The registry is then the supervisor's to write."""
    review = {"path": str(worktree), "approved": [], "waiting": [], "newly": [], "revoked": False}
    peer = peers(control, lambda _method, _params: review)
    assert harnesssync("ctl", "trust", "--show", cwd=worktree).code == 0
    assert peer.requests == [("trust", {"path": str(worktree), "show": True, "revoke": False})]
    assert registry.load().approvals == {}


def test_trust_is_noted_where_a_supervisor_is_silent(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, registry: Registry
) -> None:
    """That this does not know of it yet is told, with exit code 3; of a look, which changes nothing, its own counts."""
    hook(worktree, "fmt")
    peers(control)
    hurry = {"HARNESSSYNC_TIMEOUT": "0.2"}
    ran = harnesssync("ctl", "trust", "--show", cwd=worktree, environ=hurry)
    assert (ran.code, f"held back: {HOOK}" in ran.out) == (1, True)
    assert ran.err.startswith(f"  ⚠ {control}: no answer within 0.2 s. kill -CONT {os.getpid()} ")
    ran = harnesssync("ctl", "trust", cwd=worktree, environ=hurry)
    assert (ran.code, f"approved: {HOOK}" in ran.out, len(registry.load().approvals)) == (3, True, 1)
    told = f"  ⚠ noted, but the supervisor does not know of it yet: {control}: no answer within 0.2 s."
    assert ran.err.startswith(told)
    ran = harnesssync("ctl", "trust", "--revoke", "--json", cwd=worktree, environ=hurry)
    assert (ran.code, json.loads(ran.out)["revoked"], ran.err.startswith(told)) == (3, True, True)
    assert registry.load().approvals == {}


def test_add_tells_what_it_approves(harnesssync: Harnesssync, worktree: Path) -> None:
    """And how to see more of it."""
    hook(worktree, "fmt")
    ran = harnesssync("ctl", "add", str(worktree))
    assert f"approved: {HOOK}" in ran.out
    assert f"harnesssync ctl trust --show {worktree}" in ran.out


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to another user")
def test_add_of_another_users_folder_approves_nothing_and_says_what_to_type(
    harnesssync: Harnesssync, worktree: Path
) -> None:
    """Until then a sync does nothing there."""
    hook(worktree, "fmt")
    os.chown(worktree, 12345, -1)
    ran = harnesssync("ctl", "add", str(worktree))
    assert ran.code == 0
    assert "it belongs to another user" in ran.out
    ran = harnesssync("sync", "--target", "codex", cwd=worktree)
    assert (ran.code, "halted (foreign-owner)" in ran.out) == (1, True)
    assert f"harnesssync ctl trust {worktree}" in ran.out
    assert harnesssync("ctl", "trust", cwd=worktree).code == 0
    assert "halted" not in harnesssync("check", "--target", "codex", cwd=worktree).out


def test_pause_and_resume_without_a_supervisor_change_the_registry(
    harnesssync: Harnesssync, worktree: Path, registry: Registry
) -> None:
    """One project or all; one that is not registered is a mistake."""
    assert harnesssync("ctl", "pause", cwd=worktree).code == 2
    registry.register(worktree)
    ran = harnesssync("ctl", "pause", cwd=worktree)
    assert (ran.code, f"paused: {worktree}" in ran.out) == (0, True)
    assert "not trusted, paused" in harnesssync("ctl", "list", "--verbose").out
    assert json.loads(harnesssync("ctl", "status", "--all", "--json").out)["projects"][0]["paused"] is True
    ran = harnesssync("ctl", "resume", "--all", "--json")
    (row,) = json.loads(ran.out)["projects"]
    assert (ran.code, row["path"], row["paused"]) == (0, str(worktree), False)
    assert not registry.project(worktree).paused
    command = f"harnesssync sync --confirm --project {worktree}"
    assert command in harnesssync("ctl", "resume", str(worktree)).out


def test_pause_and_resume_ask_a_supervisor_that_runs(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """What the resumed sync found is shown, and decides about the exit code."""

    def answer(method: str, _params: Any) -> dict[str, Any]:
        row = {"id": "0", "path": str(worktree), "paused": True}
        return {"projects": [row if method == "pause" else make_report(worktree, state="conflict")]}

    peer = peers(control, answer)
    assert harnesssync("ctl", "pause", "--all").code == 0
    assert harnesssync("ctl", "resume", cwd=worktree).code == 1
    assert peer.requests == [("pause", {}), ("resume", {"projects": [str(worktree)]})]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"state": "in step", "counts": {"skipped": 3}}, "goes on: in step, 3 unchanged"),
        ({"state": "conflict", "counts": {"synced": 2}}, "goes on: conflict, 2 synced"),
        ({"state": "halted", "halt": "git-busy", "counts": {}}, "halted"),
        ({"state": "failed", "counts": {"errors": 1}}, "failed, 1 errors"),
    ],
)
def test_a_project_that_goes_on_says_how_it_stands(
    harnesssync: Harnesssync,
    peers: Peers,
    control: Path,
    worktree: Path,
    make_report: Report,
    report: dict[str, Any],
    said: str,
) -> None:
    """Also where the watcher had done it all before the sync that was asked for, which then has nothing to do."""
    peers(control, lambda _method, _params: {"projects": [make_report(worktree, **report)]})
    ran = harnesssync("ctl", "resume", cwd=worktree)
    assert ("nothing to do" in ran.out, ran.out.splitlines()[-1].strip()) == (False, said)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["trust", "--show", "--revoke"], "contradict each other"),
        (["trust", "/nowhere/at/all"], "there is no such folder"),
        (["pause", "--all", "."], "--all speaks of every project"),
        (["resume", "--all", "--user"], "--all speaks of every project"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_a_usage_error(line: list[str], message: str, harnesssync: Harnesssync, worktree: Path) -> None:
    """Exit code 2, nothing on standard output."""
    ran = harnesssync("ctl", *line, cwd=worktree)
    assert (ran.out, ran.code, message in ran.err) == ("", 2, True)


@pytest.mark.parametrize(
    ("halt", "status", "expected"),
    [
        ("mass-removal", "running", "harnesssync ctl resume /w/p"),
        ("source-emptied", "", "harnesssync sync --confirm --project /w/p"),
        ("source-unparsable", "running", "Repair it; or to remove what is missing: harnesssync ctl resume /w/p"),
        ("foreign-owner", "", "harnesssync ctl trust --show /w/p"),
    ],
)
def test_a_halt_says_what_to_type(halt: str, status: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """According to who told of it: a supervisor, or the command itself."""
    report = {"path": "/w/p", "scope": "project", "halt": halt, "halt_message": "8 of 9", "status": status}
    halted(Console(environ={}), report)
    out = capsys.readouterr().out
    assert f"halted ({halt}): 8 of 9" in out
    assert expected in out


@pytest.mark.parametrize(
    ("removals", "changes", "confirmable", "expected"),
    [
        (1, 0, True, "Repair it; or to remove what is missing: harnesssync sync --confirm --project /w/p"),
        (0, 1, True, "Repair it; or to write anew what would lack it: harnesssync sync --confirm --project /w/p"),
        (2, 1, True, "Repair it; or to remove what is missing and write anew what would lack it: harnesssync sync"),
        (1, 1, False, "Make it readable: nobody can confirm what it says\n"),
    ],
)
def test_what_waits_is_told_with_what_helps(
    removals: int, changes: int, confirmable: bool, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A confirmation is offered for what it does, and only where it does something."""
    waits = {"removals": removals, "changes": changes, "confirmable": confirmable}
    report = {"path": "/w/p", "scope": "project", "halt": "source-unparsable", "halt_message": "some", "waits": waits}
    halted(Console(environ={}), report)
    assert f"halted (source-unparsable): some. {expected}" in capsys.readouterr().out


def test_a_path_is_told_as_it_has_to_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever copies the line must not run what a folder is called."""
    report = {"path": "/w/a; rm -rf 'x'", "scope": "project", "halt": "mass-removal", "status": "running"}
    halted(Console(environ={}), report)
    assert "harnesssync ctl resume '/w/a; rm -rf '\\''x'\\'''" in capsys.readouterr().out
