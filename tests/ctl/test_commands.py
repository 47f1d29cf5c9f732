"""What each command asks a supervisor, what it does without one, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.ctl import places
from harnesssync_orchestrator.files.registry import Registry

Harnesssync = Callable[..., Any]
Peers = Callable[..., Any]
Report = Callable[..., dict[str, Any]]


@pytest.fixture
def registry(home: Path) -> Registry:
    """The registry that the command reads and writes."""
    return Registry(home / ".harnesssync" / "registry.json", home / ".harnesssync" / "registry.lock")


OPERATIONS = [
    {"kind": "MakeLink", "path": ".agents/skills/a", "targets": ["codex", "gemini"], "items": ["skill a"]},
    {"kind": "MakeLink", "path": ".agents/skills/b", "targets": ["codex", "gemini"], "items": ["skill b"]},
    {"kind": "EditDocument", "path": ".codex/config.toml", "targets": ["codex"], "items": ["mcp_server files"]},
    {"kind": "Remove", "path": ".gemini/agents/old.md", "targets": ["gemini"], "items": []},
]


def test_sync_asks_for_the_project_and_tells_what_was_done(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """Counts per target, and a summary."""
    counts = {"synced": 3, "skipped": 9, "cleaned": 1, "errors": 0}
    done = make_report(worktree, operations=OPERATIONS, counts=counts)
    peer = peers(control, lambda _method, _params: {"projects": [done]})
    ran = harnesssync("ctl", "sync", cwd=worktree)
    assert peer.requests == [("sync", {"wait": True, "projects": [str(worktree)]})]
    assert ran.out.splitlines() == [
        "",
        f"[{worktree}]",
        "  ✓ codex: 2 linked, 1 merged",
        "  ✓ gemini: 2 linked, 1 removed",
        "  3 synced, 1 cleaned",
    ]
    assert (ran.err, ran.code) == ("", 0)


def test_sync_passes_on_what_was_asked_for(
    harnesssync: Harnesssync, peers: Peers, control: Path, make_report: Report
) -> None:
    """Every option has its parameter."""
    peer = peers(control, lambda _method, _params: {"projects": []})
    line = ["--all", "--target", "codex", "--target", "gemini", "--dry-run", "--confirm", "--lock-timeout", "3"]
    assert harnesssync("ctl", "sync", *line).code == 0
    assert peer.requests == [
        (
            "sync",
            {"wait": True, "targets": ["codex", "gemini"], "dry_run": True, "confirmed": True, "lock_timeout": 3.0},
        )
    ]


def test_sync_without_waiting_says_what_was_asked_for(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path
) -> None:
    """The supervisor goes on alone."""
    peer = peers(control, lambda _method, _params: {"queued": ["0123456789abcdef"]})
    ran = harnesssync("ctl", "sync", "--no-wait", cwd=worktree)
    assert peer.requests[0][1]["wait"] is False
    assert (ran.code, "asked for 1 sync;" in ran.out) == (0, True)


def test_a_second_sync_has_nothing_to_do(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """What is right already is no work, and is counted only when asked for."""
    peers(control, lambda _method, _params: {"projects": [make_report(worktree)]})
    assert harnesssync("ctl", "sync", cwd=worktree).out == f"\n[{worktree}]\n  nothing to do\n"
    assert harnesssync("ctl", "sync", "--verbose", cwd=worktree).out == f"\n[{worktree}]\n  12 skipped\n"


def test_what_holds_for_several_projects_is_told_once(
    harnesssync: Harnesssync, peers: Peers, control: Path, tmp_path: Path, make_report: Report
) -> None:
    """A harness asks for its consent in each of them, and in the same words."""
    notes = ["Trust it in Codex.", "Look at the hooks."]
    reports = [make_report(tmp_path / name, notes=notes, counts={"synced": 1}) for name in ("a", "b")]
    peers(control, lambda _method, _params: {"projects": reports})
    shown = harnesssync("ctl", "sync", "--all").out
    assert [shown.count(note) for note in notes] == [1, 1]


def test_diff_shows_every_change(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """A line each, and exit code 1 because there are some. A document that is there already gets edited."""
    (worktree / ".codex").mkdir()
    (worktree / ".codex" / "config.toml").touch()
    report = make_report(worktree, operations=OPERATIONS, state="out of step")
    peer = peers(control, lambda _method, _params: {"projects": [report]})
    ran = harnesssync("ctl", "diff", cwd=worktree)
    assert peer.requests == [("diff", {"projects": [str(worktree)]})]
    assert ran.out.splitlines() == [
        "",
        f"[{worktree}]",
        "  + .agents/skills/a (codex, gemini)",
        "  + .agents/skills/b (codex, gemini)",
        "  ~ .codex/config.toml (codex)",
        "  - .gemini/agents/old.md (gemini)",
        "  out of step, 4 changes, 12 unchanged",
    ]
    assert ran.code == 1


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, 0),
        ({"state": "conflict"}, 1),
        ({"state": "halted", "halt": "source-missing"}, 1),
        ({"state": "partial"}, 4),
        ({"state": "failed"}, 4),
        ({"failures": [{"code": "c", "message": "no room", "hint": "Make some", "path": "x", "target": "codex"}]}, 4),
    ],
    ids=repr,
)
def test_the_exit_code_tells_the_truth(
    members: dict[str, Any],
    code: int,
    harnesssync: Harnesssync,
    peers: Peers,
    control: Path,
    worktree: Path,
    make_report: Report,
) -> None:
    """A sync that was blocked or failed does not end as if it had worked, nor is it silent."""
    peers(control, lambda _method, _params: {"projects": [make_report(worktree, **members)]})
    ran = harnesssync("ctl", "sync", cwd=worktree)
    assert ran.code == code
    if members.get("halt"):
        assert "halted (source-missing)" in ran.out
    if members.get("failures"):
        assert "  ✗ codex: x: no room. Make some" in ran.out
        assert "1 errors" in ran.out


@pytest.mark.parametrize("command", ["sync", "diff", "ping", "stop"])
def test_what_needs_a_supervisor_says_so_without_one(command: str, harnesssync: Harnesssync, worktree: Path) -> None:
    """Exit code 3, where it would be, and how to start it."""
    ran = harnesssync("ctl", command, cwd=worktree)
    assert (ran.out, ran.code) == ("", 3)
    assert "orchestrator.sock: no supervisor is running. Start one with: harnesssync-orchestrator serve" in ran.err


def test_an_error_is_json_too_when_json_was_asked_for(harnesssync: Harnesssync, worktree: Path) -> None:
    """A program that reads the output gets the same code and hint."""
    ran = harnesssync("ctl", "sync", "--json", cwd=worktree)
    error = json.loads(ran.out)["error"]
    assert (error["code"], ran.code) == ("no_supervisor", 3)
    assert error["path"].endswith("orchestrator.sock")


def test_ping_is_answered(harnesssync: Harnesssync, peers: Peers, control: Path) -> None:
    """In words and in JSON."""
    peers(control, lambda _method, _params: {"pong": True, "pid": 7})
    assert harnesssync("ctl", "ping").out == "pong from process 7\n"
    assert json.loads(harnesssync("ctl", "ping", "--json").out) == {"pong": True, "pid": 7}


@pytest.mark.parametrize(
    ("says", "message"),
    [
        (None, "no answer within 0.2 s"),
        (b"HTTP/1.1 400 Bad Request\r\n", "what it says is not JSON-RPC"),
        (b'{"jsonrpc":"2.0","id":1,"result":[1]}\n', "who answers there is no supervisor"),
        (b'{"jsonrpc":"2.0","id":99,"result":{"pong":true}}\n', "no answer within 0.2 s"),
    ],
)
def test_whoever_is_no_supervisor_is_not_waited_for(
    says: bytes | None, message: str, harnesssync: Harnesssync, peers: Peers, control: Path
) -> None:
    """Silence ends with the time that HARNESSSYNC_TIMEOUT gives, junk at once."""
    peers(control, says=says)
    ran = harnesssync("ctl", "ping", environ={"HARNESSSYNC_TIMEOUT": "0.2"})
    assert (message in ran.err, ran.code) == (True, 3)


@pytest.fixture
def crowded(control: Path) -> Iterator[socket.socket]:
    """A process at the control socket that accepts nobody, and before which as many wait as may."""
    control.parent.mkdir(mode=0o700)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(control))
        listener.listen(0)
        while True:
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            try:
                waiting.connect(str(control))
            except BlockingIOError:
                break
        yield listener


full = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue refuses, as if nobody were there")


@full
@pytest.mark.usefixtures("crowded")
def test_a_supervisor_whose_queue_is_full_is_silent_not_gone(
    harnesssync: Harnesssync, control: Path, worktree: Path, registry: Registry
) -> None:
    """Nobody is told to start another."""
    registry.register(worktree)
    hurry = {"HARNESSSYNC_TIMEOUT": "0.2"}
    ran = harnesssync("ctl", "ping", environ=hurry)
    assert (ran.code, f"{control}: the supervisor takes no connection. Its log says more" in ran.err) == (3, True)
    ran = harnesssync("ctl", "pause", cwd=worktree, environ=hurry)
    assert (ran.code, "noted, but the supervisor does not know of it yet" in ran.err) == (3, True)


@full
def test_a_queue_that_is_full_for_a_moment_is_waited_for(
    harnesssync: Harnesssync, crowded: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor at work takes who comes in its time."""
    accepted: list[socket.socket] = []

    def accept(_: float) -> None:
        accepted.append(crowded.accept()[0])

    monkeypatch.setattr(time, "sleep", accept)
    ran = harnesssync("ctl", "ping", environ={"HARNESSSYNC_TIMEOUT": "0.2"})
    for each in accepted:
        each.close()
    assert (len(accepted), ran.code, "no answer within 0.2 s" in ran.err) == (1, 3, True)


class Working:
    """Answers of a supervisor that works at a sync until `done`, and leaves all pings but the first `answered` ones
    without an answer until it is `over`."""

    def __init__(self, report: dict[str, Any], *, answered: int) -> None:
        self.done = threading.Event()
        self.over = threading.Event()
        self.unanswered = threading.Event()
        self._report = report
        self._left = answered

    def __call__(self, method: str, _params: dict[str, Any]) -> Any:
        if method == "sync":
            self.done.wait(60)
            return {"projects": [self._report]}
        self._left -= 1
        if self._left == 0:
            self.unanswered.set()
        if self._left < 0:
            self.unanswered.set()
            self.over.wait(60)
        return {"pong": True}


def test_work_may_last_while_pings_are_answered(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """Ten times as long as a question may: it is asked for once, and its result is told."""
    working = Working(make_report(worktree), answered=1000)
    peer = peers(control, working)
    threading.Thread(target=_end_after, args=(working, peer, 3), daemon=True).start()
    ran = harnesssync("ctl", "sync", cwd=worktree, environ={"HARNESSSYNC_TIMEOUT": "0.2"})
    assert (ran.err, ran.code) == ("", 0)
    assert [method for method, _ in peer.requests] == ["sync"]
    assert peer.pings >= 3


def _end_after(working: Working, peer: Any, pings: int) -> None:
    ends = time.monotonic() + 30
    while peer.pings < pings and time.monotonic() < ends:
        time.sleep(0.01)
    working.done.set()


def test_who_falls_silent_at_work_is_told_and_asked_no_more(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """It may do the work all the same: nobody else is asked for it, and it is said."""
    working = Working(make_report(worktree), answered=1)
    peer = peers(control, working)
    own = peers(Path(places.project_socket(os.environ, places.project_id(str(worktree)))), working)
    ran = harnesssync("ctl", "sync", cwd=worktree, environ={"HARNESSSYNC_TIMEOUT": "0.2"})
    working.over.set()
    working.done.set()
    assert (ran.out, ran.code) == ("", 3)
    assert f"{control}: it has fallen silent: no answer to a ping within 0.2 s. What was asked for may be" in ran.err
    assert [method for method, _ in peer.requests] == ["sync"]
    assert own.requests == []


def test_a_result_that_came_counts_more_than_a_ping_that_was_not_answered(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, make_report: Report
) -> None:
    """What was done is told."""
    working = Working(make_report(worktree), answered=1)

    def handle(method: str, params: dict[str, Any]) -> Any:
        if method == "ping" and working.unanswered.is_set():
            working.done.set()
        return working(method, params)

    peers(control, handle)
    ran = harnesssync("ctl", "sync", cwd=worktree, environ={"HARNESSSYNC_TIMEOUT": "1"})
    working.over.set()
    assert (ran.err, ran.code) == ("", 0)


def test_a_time_that_is_no_number_is_told(harnesssync: Harnesssync) -> None:
    """Also under the variable's older name."""
    ran = harnesssync("ctl", "ping", environ={"HARNESS_TIMEOUT": "soon"})
    assert (ran.code, "'soon', not a number of seconds" in ran.err) == (2, True)


def test_a_socket_variable_that_names_a_file_leaves_it_alone(harnesssync: Harnesssync, tmp_path: Path) -> None:
    """Nobody listens there, and the file stays."""
    file = tmp_path / "precious"
    file.write_text("mine")
    assert harnesssync("ctl", "ping", environ={"HARNESS_SOCKET": str(file)}).code == 3
    assert file.read_text() == "mine"


def test_stop_waits_until_it_has_stopped(harnesssync: Harnesssync, peers: Peers, control: Path) -> None:
    """The connection's end is the end of the supervisor."""
    peer = peers(control, lambda _method, _params: {"stopping": True})
    ran = harnesssync("ctl", "stop")
    assert (ran.out, ran.code) == ("  ✓ stopped\n", 0)
    assert peer.requests == [("stop", {})]


def test_a_remote_error_is_told_with_its_hint(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path
) -> None:
    """What the supervisor says about an unknown project is a usage error here."""

    def handle(_method: str, _params: dict[str, Any]) -> Any:
        raise LookupError("this project is not registered")

    peers(control, handle)
    ran = harnesssync("ctl", "sync", cwd=worktree)
    assert (ran.code, "this project is not registered" in ran.err) == (2, True)


# --- the registry ---


def test_add_works_on_the_registry_without_a_supervisor(
    harnesssync: Harnesssync, registry: Registry, worktree: Path
) -> None:
    """Registered and trusted, with its targets, from a folder inside; again is no error."""
    inside = worktree / "inside"
    inside.mkdir()
    ran = harnesssync("ctl", "add", ".", "--target", "codex", "--target", "gemini", cwd=inside)
    assert (ran.code, f"added: {worktree}" in ran.out) == (0, True)
    (entry,) = registry.list_projects().values()
    assert (entry.path, entry.trusted, entry.targets) == (str(worktree), True, ("codex", "gemini"))
    assert f"already registered: {worktree}" in harnesssync("ctl", "add", str(worktree)).out
    (entry,) = registry.list_projects().values()
    assert entry.targets == ("codex", "gemini")


def test_add_asks_a_supervisor_that_runs(
    harnesssync: Harnesssync, peers: Peers, control: Path, worktree: Path, registry: Registry
) -> None:
    """The registry is then the supervisor's to write."""
    peer = peers(control, lambda _method, _params: {"id": "0", "path": str(worktree), "added": True})
    assert harnesssync("ctl", "add", str(worktree), "--target=codex").code == 0
    assert peer.requests == [("add", {"path": str(worktree), "trusted": True, "targets": ["codex"]})]
    assert registry.list_projects() == {}


def test_add_of_the_home_directory_is_the_user_scope(harnesssync: Harnesssync, registry: Registry, home: Path) -> None:
    """It is no worktree, and needs none."""
    ran = harnesssync("ctl", "add", "--user")
    assert (ran.code, "To sync once: harnesssync sync --user; " in ran.out) == (0, True)
    (entry,) = registry.list_projects().values()
    assert (entry.path, entry.scope) == (str(home), Scope.USER)


def test_add_says_what_syncs_that_project(harnesssync: Harnesssync, worktree: Path, tmp_path: Path) -> None:
    """From wherever it is typed."""
    ran = harnesssync("ctl", "add", str(worktree), cwd=tmp_path)
    assert f"To sync once: harnesssync sync --project {worktree}; " in ran.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["add", "--target", "codx", "."], "there is no target 'codx'. Did you mean codex?"),
        (["sync", "--target", "codx"], "there is no target 'codx'. Did you mean codex?"),
        (["add", "/nowhere/at/all"], "/nowhere/at/all: there is no such folder"),
        (["add", "/"], "/: Not inside a git worktree"),
        (["add", ".", "--user"], "give one of them"),
        (["status", "--all", "--project", "."], "--all speaks of every project"),
        (["sync", "--all", "--user"], "--all speaks of every project"),
        (["remove"], "not registered. harnesssync ctl list shows what is"),
        (["stauts"], "harnesssync ctl has no command 'stauts'. Did you mean status?"),
        (["list", "--project", "."], "list has no option --project"),
        ([], "harnesssync ctl needs a command"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_a_usage_error(line: list[str], message: str, harnesssync: Harnesssync, worktree: Path) -> None:
    """Exit code 2, nothing on standard output, and nothing made."""
    ran = harnesssync("ctl", *line, cwd=worktree)
    assert (ran.out, ran.code) == ("", 2)
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_remove_forgets_also_what_is_gone(harnesssync: Harnesssync, registry: Registry, worktree: Path) -> None:
    """A folder that is there, and one that is not."""
    gone = worktree.parent / "gone"
    registry.register(worktree)
    registry.register(gone)
    assert harnesssync("ctl", "remove", cwd=worktree).code == 0
    assert [entry.path for entry in registry.list_projects().values()] == [str(gone)]
    ran = harnesssync("ctl", "remove", str(gone), "--json")
    assert (json.loads(ran.out)["removed"], ran.code) == (True, 0)
    assert registry.list_projects() == {}


def test_remove_tells_which_worktrees_go_too(
    harnesssync: Harnesssync, registry: Registry, worktree: Path, git: Callable[..., str]
) -> None:
    """They were found for its sake. What was written into them stays, and the way to take that away is named."""
    linked = worktree.parent / "linked"
    registry.register(worktree)
    registry.follow({str(linked): str(worktree / ".git")}, ())
    ran = harnesssync("ctl", "remove", cwd=worktree)
    assert f"removed, as a worktree of it: {linked}" in ran.out
    assert "harnesssync unlink --all" in ran.out + ran.err
    registry.register(worktree)
    registry.follow({str(linked): str(worktree / ".git")}, ())
    ran = harnesssync("ctl", "remove", "--json", cwd=worktree)
    assert json.loads(ran.out)["worktrees"] == [str(linked)]
    assert registry.list_projects() == {}


def test_list_gives_paths_a_line_each(harnesssync: Harnesssync, registry: Registry, worktree: Path) -> None:
    """For other programs; verbose and JSON tell more."""
    registry.register(worktree, targets=["codex"], trusted=True)
    registry.register(worktree.parent / "z")
    assert harnesssync("ctl", "list").out == f"{worktree}\n{worktree.parent / 'z'}\n"
    assert f"{worktree}  codex, trusted\n" in harnesssync("ctl", "list", "-v").out
    rows = json.loads(harnesssync("ctl", "list", "--json").out)["projects"]
    assert [(row["path"], row["targets"], row["trusted"], row["scope"]) for row in rows] == [
        (str(worktree), ["codex"], True, "project"),
        (str(worktree.parent / "z"), [], None, "project"),
    ]


def test_prune_forgets_what_is_gone_alone(harnesssync: Harnesssync, registry: Registry, worktree: Path) -> None:
    """A dry run first says what it would be."""
    gone = worktree.parent / "gone"
    gone.mkdir()
    registry.register(gone)
    registry.register(worktree)
    assert "nothing to do" in harnesssync("ctl", "prune").out
    shutil.rmtree(gone)
    assert f"to be removed: {gone}" in harnesssync("ctl", "prune", "--dry-run").out
    assert len(registry.list_projects()) == 2
    assert json.loads(harnesssync("ctl", "prune", "--json").out) == {"pruned": [str(gone)], "dry_run": False}
    assert [entry.path for entry in registry.list_projects().values()] == [str(worktree)]


def test_the_registry_may_be_elsewhere(harnesssync: Harnesssync, worktree: Path, home: Path, tmp_path: Path) -> None:
    """Either name of the variable; then nothing is made below home."""
    elsewhere = tmp_path / "r.json"
    assert harnesssync("ctl", "add", str(worktree), environ={"HARNESS_REGISTRY_FILE": str(elsewhere)}).code == 0
    ran = harnesssync("ctl", "list", environ={"HARNESSSYNC_REGISTRY_FILE": str(elsewhere)})
    assert ran.out == f"{worktree}\n"
    assert not (home / ".harnesssync").exists()


def test_a_linked_worktree_is_added_beside_its_main_one(
    harnesssync: Harnesssync, worktree: Path, git: Callable[..., str]
) -> None:
    """Two rows, two ids."""
    linked = worktree.parent / "linked"
    git("worktree", "add", "-q", str(linked), cwd=worktree)
    harnesssync("ctl", "add", str(worktree))
    harnesssync("ctl", "add", str(linked))
    lines = harnesssync("ctl", "status", "--all").out.splitlines()
    assert lines == ["Projects:", f"  {linked}  [stopped]", f"  {worktree}  [stopped]", "2 projects: 2 stopped"]


def test_json_of_a_command_survives_a_path_that_is_not_utf_8(
    harnesssync: Harnesssync, tmp_path: Path, git: Any
) -> None:
    """A worktree may have any name."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    odd.mkdir()
    git("init", "-q", cwd=odd)
    ran = harnesssync("ctl", "add", "--json", str(odd))
    assert json.loads(ran.out)["path"] == str(odd)
