"""`ctl status`, of one project and of all, with peers of every kind behind the sockets."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.console import Console
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.ctl import places
from harnesssync_orchestrator.ctl.rendering import synced
from harnesssync_orchestrator.files.registry import Registry

Harnesssync = Callable[..., Any]
Peers = Callable[..., Any]
Report = Callable[..., dict[str, Any]]


@pytest.fixture
def registry(home: Path) -> Registry:
    """The registry that the command will read."""
    return Registry(home / ".harnesssync" / "registry.json", home / ".harnesssync" / "registry.lock")


def supervisor_of(*reports: dict[str, Any]) -> Callable[[str, dict[str, Any]], Any]:
    """Answers `status` with these projects, and with an error for others."""

    def handle(method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert method == "status"
        wanted = params.get("project")
        found = [report for report in reports if wanted in (None, report["path"], report["id"])]
        if wanted is not None and not found:
            raise LookupError(f"{wanted} is not registered")
        return {"supervisor": {"pid": 7, "version": "0.1.0"}, "projects": found}

    return handle


def test_status_all_of_an_empty_registry_says_so_and_makes_nothing(harnesssync: Harnesssync, home: Path) -> None:
    """The exact words, exit code 0, and a home as empty as before."""
    before = sorted(home.rglob("*"))
    ran = harnesssync("ctl", "status", "--all")
    assert (ran.out, ran.err, ran.code) == ("No projects registered.\n", "", 0)
    assert sorted(home.rglob("*")) == before


def test_status_all_tells_running_stopped_and_stale_apart(
    harnesssync: Harnesssync,
    registry: Registry,
    peers: Peers,
    control: Path,
    tmp_path: Path,
    make_report: Report,
) -> None:
    """Running is what a live process answers for; stale wins, whoever answers."""
    paths = {name: tmp_path / name for name in ("drifted", "gone", "own", "served", "stopped")}
    for path in paths.values():
        path.mkdir()
        registry.register(path, targets=["codex"])
    shutil.rmtree(paths["gone"])
    conflict = {"kind": "drift", "address": "AGENTS.md", "targets": ["codex"], "message": "m", "hint": "", "items": []}
    peers(
        control,
        supervisor_of(
            make_report(paths["served"]),
            make_report(paths["gone"]),
            make_report(paths["drifted"], state="conflict", conflicts=[conflict]),
        ),
    )
    peers(
        Path(places.project_socket(os.environ, project_id(str(paths["own"])))), supervisor_of(make_report(paths["own"]))
    )
    ran = harnesssync("ctl", "status", "--all")
    assert ran.out.splitlines() == [
        "Projects:",
        f"  {paths['drifted']}  [running]  conflict, 12 unchanged, 1 conflict",
        f"  {paths['gone']}  [stale - path not found]",
        f"  {paths['stopped']}  [stopped]",
        f"  {paths['own']}  [running]  in step, 12 unchanged",
        f"  {paths['served']}  [running]  in step, 12 unchanged",
        "5 projects: 1 in conflict, 1 stale, 1 stopped, 2 in step",
    ]
    assert (ran.err, ran.code) == ("", 1)


def test_status_all_needs_no_supervisor(harnesssync: Harnesssync, registry: Registry, tmp_path: Path) -> None:
    """The registry alone gives the list; a socket file without a process behind it is no life."""
    registry.register(tmp_path, targets=["codex"])
    dead = Path(places.project_socket(os.environ, project_id(str(tmp_path))))
    dead.parent.mkdir(parents=True)
    dead.touch()
    ran = harnesssync("ctl", "status", "--all")
    assert (ran.out, ran.err, ran.code) == (f"Projects:\n  {tmp_path}  [stopped]\n", "", 0)
    ran = harnesssync("ctl", "status", "--all", "--json")
    document = json.loads(ran.out)
    assert document["supervisor"] is None
    (row,) = document["projects"]
    assert (row["status"], row["path"], row["targets"]) == ("stopped", str(tmp_path), ["codex"])


def test_status_after_a_killed_process_says_stopped(
    harnesssync: Harnesssync, registry: Registry, peers: Peers, control: Path, tmp_path: Path, make_report: Report
) -> None:
    """The socket file that a killed process leaves is not taken for it."""
    registry.register(tmp_path)
    peer = peers(control, supervisor_of(make_report(tmp_path)))
    assert "[running]" in harnesssync("ctl", "status", "--all").out
    peer.close()
    assert control.exists()
    assert "[stopped]" in harnesssync("ctl", "status", "--all").out


@pytest.mark.parametrize("hung", ["control", "own", "both", "junk", "garbage"])
def test_status_all_timeout_of_a_hung_socket_holds_nothing_up(
    hung: str,
    harnesssync: Harnesssync,
    registry: Registry,
    peers: Peers,
    control: Path,
    tmp_path: Path,
    make_report: Report,
) -> None:
    """A hundred projects, one of them hung: all are answered for within two seconds, beyond what the command takes when
    nobody is there to be asked, and the hung one is marked."""
    paths = [tmp_path / f"p{number:03}" for number in range(100)]
    rows = {}
    for path in paths:
        path.mkdir()
        rows[project_id(str(path))] = {"path": str(path), "last_active": "2026-01-01T00:00:00+00:00"}
    registry.path.parent.mkdir()
    registry.path.write_text(json.dumps({"version": "1.0", "projects": rows}))
    own = Path(places.project_socket(os.environ, project_id(str(paths[7]))))
    began = time.monotonic()
    harnesssync("ctl", "status", "--all")
    anyway = time.monotonic() - began
    if hung in ("control", "both"):
        peers(control)
    else:
        peers(control, supervisor_of(*(make_report(path) for path in paths if path != paths[7])))
    if hung in ("own", "both"):
        peers(own)
    elif hung == "junk":
        peers(own, says=b"SSH-2.0-OpenSSH_9.6\r\n")
    elif hung == "garbage":
        peers(own, lambda _method, _params: {"projects": [7]})
    began = time.monotonic()
    ran = harnesssync("ctl", "status", "--all")
    passed = time.monotonic() - began
    *lines, summary = ran.out.splitlines()
    assert ran.code == 3, "silence is worse than all that is in step"
    assert len(lines) == 101
    assert summary.startswith("100 projects: ")
    assert passed < 2 + 3 * anyway
    if hung == "control":
        assert "the supervisor does not answer" in ran.err
        assert sum("[stopped]" in line for line in lines) == 100
    else:
        assert lines[1] == f"  {paths[7]}  [stopped]  not answering", "worst first"
        assert sum("not answering" in line for line in lines) == 1
        assert sum("[running]" in line for line in lines) == (0 if hung == "both" else 99)


def test_status_escape_of_control_characters_in_paths(
    harnesssync: Harnesssync, registry: Registry, tmp_path: Path
) -> None:
    """A path can't fake a line, nor colour one; the JSON has it as it is."""
    evil = tmp_path / "a\n  /srv/fake  [running]\x1b[31m"
    evil.mkdir(parents=True)
    registry.register(evil)
    ran = harnesssync("ctl", "status", "--all")
    assert ran.out == f"Projects:\n  {tmp_path}/a\\n  /srv/fake  [running]\\x1b[31m  [stopped]\n"
    document = json.loads(harnesssync("ctl", "status", "--all", "--json").out)
    assert document["projects"][0]["path"] == str(evil)


def test_a_path_that_is_not_utf_8_is_shown_and_told(
    harnesssync: Harnesssync, registry: Registry, tmp_path: Path
) -> None:
    """Bytes are escaped for people, and survive in JSON as lone surrogates do."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    odd.mkdir()
    registry.register(odd)
    assert "\\udcff" in harnesssync("ctl", "status", "--all").out
    document = json.loads(harnesssync("ctl", "status", "--all", "--json").out)
    assert document["projects"][0]["path"] == str(odd)


def test_a_corrupt_registry_is_kept_and_told_on_standard_error(harnesssync: Harnesssync, registry: Registry) -> None:
    """Standard output stays what a program expects; the file is not lost, and the loss is told until it is mended."""
    registry.path.parent.mkdir()
    registry.path.write_text("{ not json")
    ran = harnesssync("ctl", "status", "--all", "--json")
    assert json.loads(ran.out) == {"supervisor": None, "projects": []}
    assert "registry.json" in ran.err
    (backup,) = registry.path.parent.glob("registry.json.bak.*")
    assert backup.read_text() == "{ not json"
    assert backup.name in ran.err
    again = harnesssync("ctl", "status", "--all")
    assert again.out == "No projects registered.\n"
    assert backup.name in again.err


def test_one_bad_entry_does_not_hide_the_others(harnesssync: Harnesssync, registry: Registry, tmp_path: Path) -> None:
    """The good projects are listed, and the bad one is told of."""
    registry.register(tmp_path)
    document = json.loads(registry.path.read_text())
    document["projects"]["0000000000000000"] = {"path": 7}
    registry.path.write_text(json.dumps(document))
    ran = harnesssync("ctl", "status", "--all")
    assert ran.out == f"Projects:\n  {tmp_path}  [stopped]\n"
    assert "0000000000000000" in ran.err


def test_status_default_is_the_project_around_the_working_directory(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """From a folder inside, about the worktree alone, with what a person should know of it."""
    loss = {"target": "codex", "item": "agent a", "what": "model: opus", "why": "no such thing.", "security": False}
    denied = {**loss, "item": "permissions", "what": "deny Read(./.env)", "security": True}
    held = {"address": ".codex/hooks.json", "targets": ["codex"], "items": ["hook Stop#1"]}
    problem = {"code": "c", "message": "bad", "file": "/f", "line": 3, "column": None, "hint": "Mend it"}
    alike = {**denied, "what": "deny Read(./*.pem)"}
    hook = {**denied, "item": "hook Stop#1", "what": "hook Stop#1", "why": "It has no hooks"}
    losses = [loss, denied, alike, hook]
    peer = peers(control, supervisor_of(make_report(worktree, losses=losses, held=[held], problems=[problem])))
    inside = worktree / "inside"
    inside.mkdir()
    ran = harnesssync("ctl", "status", cwd=inside)
    assert peer.requests == [("status", {"project": str(worktree)})]
    assert ran.out.splitlines() == [
        "",
        f"[{worktree}]",
        "  [running] in step, 12 unchanged, 1 problem, 1 held back",
        "  targets: codex, gemini",
        (
            "  ! held back: hook Stop#1: not approved. A harness would execute or obey this; to look: "
            f"harnesssync ctl trust --show {worktree}; to let it through: harnesssync ctl trust {worktree}"
        ),
        "  ! /f:3: bad. Mend it",
        "  ! security: codex can't express permissions: deny Read(./.env), deny Read(./*.pem). no such thing.",
        "  ! security: codex can't express hook Stop#1. It has no hooks",
        "  · 1 loss; --verbose shows it",
    ]
    assert ran.code == 1


def test_another_project_is_asked_about_from_here(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, tmp_path: Path, git: Any, make_report: Report
) -> None:
    """`--project` before or after the command, and the environment."""
    other = tmp_path / "other"
    other.mkdir()
    git("init", "-q", cwd=other)
    peers(control, supervisor_of(make_report(worktree), make_report(other)))
    for ran in (
        harnesssync("ctl", "--project", str(other), "status", cwd=worktree),
        harnesssync("ctl", "status", "--project=../other", cwd=worktree),
        harnesssync("ctl", "status", cwd=worktree, environ={"HARNESSSYNC_WORKTREE": str(other)}),
    ):
        assert (f"[{other}]" in ran.out, f"[{worktree}]" in ran.out, ran.code) == (True, False, 0)


def test_a_project_with_a_daemon_of_its_own_is_found(
    harnesssync: Harnesssync, peers: Peers, worktree: Path, make_report: Report
) -> None:
    """Without a supervisor, the socket of the project answers."""
    peers(Path(places.project_socket(os.environ, project_id(str(worktree)))), supervisor_of(make_report(worktree)))
    ran = harnesssync("ctl", "status", "--json", cwd=worktree)
    assert (json.loads(ran.out)["projects"][0]["status"], ran.code) == ("running", 0)


def test_status_without_a_supervisor_shows_the_registry(
    harnesssync: Harnesssync, registry: Registry, worktree: Path
) -> None:
    """What is known is told; the exit code says that nobody serves it, as systemctl's does."""
    registry.register(worktree, targets=["codex"])
    ran = harnesssync("ctl", "status", cwd=worktree)
    assert ran.out == f"\n[{worktree}]\n  [stopped]\n  targets: codex\n"
    assert "no supervisor is running" in ran.err
    assert ran.code == 3


def test_a_stale_project_can_be_asked_about(harnesssync: Harnesssync, registry: Registry, tmp_path: Path) -> None:
    """Its folder is gone; the registry remembers."""
    gone = tmp_path / "gone"
    registry.register(gone)
    ran = harnesssync("ctl", "status", "--project", str(gone))
    assert "[stale - path not found]" in ran.out


def test_an_unregistered_project_is_told_how_to_be_added(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path
) -> None:
    """The supervisor runs, and does not know the project."""
    peers(control, supervisor_of())
    ran = harnesssync("ctl", "status", cwd=worktree)
    assert (ran.out, ran.code) == ("", 2)
    assert f"not registered. Add it with: harnesssync ctl add {worktree}" in ran.err


def test_colour_is_for_terminals_alone(
    worktree: Path, harnesssync: Harnesssync, peers: Peers, control: Path, make_report: Report
) -> None:
    """None in a pipe, some at a terminal, none there with NO_COLOR."""
    peers(control, supervisor_of(make_report(worktree)))
    assert "\x1b" not in harnesssync("ctl", "status", cwd=worktree).out
    assert re.search(r"\x1b\[32m\[running\]\x1b\[0m", at_terminal(worktree, {}))
    plain = at_terminal(worktree, {"NO_COLOR": "1"})
    assert "[running]" in plain
    assert "\x1b" not in plain


def at_terminal(cwd: Path, environ: dict[str, str]) -> str:
    """What `ctl status` prints at a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "harnesssync_orchestrator.entry", "ctl", "status"],
        cwd=cwd,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path), **environ},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other side has closed it
            break
        if not data:
            break
        shown += data
    os.close(ours)
    process.wait(timeout=60)
    return shown.decode()


@pytest.mark.parametrize("command", ["ping", "status"])
@pytest.mark.parametrize("thing", ["an ordinary file", "a folder"])
def test_what_is_no_socket_is_named_and_not_taken_for_silence(
    thing: str, command: str, harnesssync: Harnesssync, control: Path, worktree: Path
) -> None:
    """To start a supervisor would not help as long as it is in the way."""
    control.parent.mkdir(parents=True)
    if thing == "a folder":
        control.mkdir()
    else:
        control.write_text("notes\n")
    ran = harnesssync("ctl", command, cwd=worktree)
    assert ran.code == 3
    assert f"{control}: {thing} stands where the supervisor's socket belongs. Move it elsewhere" in ran.err
    assert "no supervisor is running" not in ran.err


def test_a_home_that_is_not_registered_is_added_with_user(
    harnesssync: Harnesssync, peers: Peers, control: Path
) -> None:
    """The path of the home directory would be refused: it is in no worktree."""
    peers(control, supervisor_of())
    ran = harnesssync("ctl", "status", "--user")
    assert ran.code == 2
    assert "Add it with: harnesssync ctl add --user\n" in ran.err


def test_of_many_projects_those_that_are_asked_for_are_shown(
    harnesssync: Harnesssync,
    registry: Registry,
    peers: Peers,
    control: Path,
    tmp_path: Path,
    make_report: Report,
) -> None:
    """A thousand, at a glance: by state, by harness, by folder; and the exit code is that of what is shown."""
    paths = [tmp_path / f"p{number:03}" for number in range(1000)]
    for path in paths:
        path.mkdir()
    reports = [make_report(path) for path in paths]
    reports[500] |= {"state": "paused", "targets": ["codex"]}
    reports[700] |= {"omitted": {"held": 2}}
    reports[900] |= {"state": "failed", "targets": ["codex"], "polled": True, "activity": "waiting"}
    peer = peers(control, supervisor_of(*reports))
    everything = harnesssync("ctl", "status", "--all")
    assert peer.requests == [("status", {"brief": True})]
    lines = everything.out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == [str(paths[900]), str(paths[700]), str(paths[500])]
    assert lines[1] == f"  {paths[900]}  [running]  failed, 12 unchanged, polled, waiting"
    assert lines[2] == f"  {paths[700]}  [running]  in step, 12 unchanged, 2 held back"
    assert lines[-1] == "1000 projects: 1 failed, 1 held back, 1 paused, 997 in step"
    assert everything.code == 4
    for options, shown, code in (
        (["--state", "failed", "--state=paused"], [paths[900], paths[500]], 4),
        (["--state", "held"], [paths[700]], 1),
        (["--path", str(paths[3]), "--path", "*/p00[12]"], paths[1:4], 0),
        (["--path", str(tmp_path), "--state", "paused"], [paths[500]], 1),
    ):
        ran = harnesssync("ctl", "status", "--all", *options)
        assert [line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")] == list(map(str, shown))
        assert ran.code == code
    ran = harnesssync("ctl", "status", "--all", "--target", "gemini", "--json", "--state", "in-step")
    assert len(json.loads(ran.out)["projects"]) == 997
    assert harnesssync("ctl", "status", "--all", "--state", "halted").out == "No such projects.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--all", "--state", "broken"], "there is no state 'broken'"),
        (["--all", "--target", "codx"], "Did you mean codex?"),
        (["--state", "failed"], "--state chooses among all projects. Add --all"),
    ],
)
def test_a_wrong_choice_of_projects_is_told(arguments: list[str], message: str, harnesssync: Harnesssync) -> None:
    ran = harnesssync("ctl", "status", *arguments)
    assert ran.code == 2
    assert message in ran.err


@pytest.mark.parametrize(("copies", "told"), [(3, "3 outputs copied, since no link could be made here"), (0, "")])
def test_copies_for_want_of_links_are_told_however_short_a_report_is(
    make_report: Any, copies: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who made them has counted them: those that were meant as copies are not among them."""
    report = make_report("/w/p", methods={"copy": 5}, omitted={"operations": 5}, copies_for_links=copies)
    synced(Console(environ={}), report)
    err = capsys.readouterr().err
    assert told in err
    assert ("copied" in err) is bool(told)
