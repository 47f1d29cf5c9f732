"""What can be asked on the control socket, and on a project's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.errors import LockTimeoutError, StateError
from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.server.methods import METHODS, status
from harnesssync_orchestrator.service.engine import Options

pytestmark = pytest.mark.anyio

Worktree = Callable[[str], Path]


async def test_server_info_tells_version_protocol_and_methods(running: Any) -> None:
    """A client can find out what it may ask before it does."""
    async with running.up():
        info = await running.ask("server.info")
    assert info["version"] == "1.2.3"
    assert info["protocol"] == 1
    assert info["capabilities"] == sorted(METHODS)
    assert info["project"] is None


async def test_ping_is_answered_by_a_process(running: Any) -> None:
    """With its number, for messages."""
    async with running.up():
        answer = await running.ask("ping")
    assert answer["pong"] is True
    assert answer["pid"] > 0


async def test_add_registers_syncs_and_watches_a_project(running: Any, worktree: Worktree, until: Any) -> None:
    """From a folder inside of it, even; an edit then arrives without anybody asking."""
    root = worktree("a")
    (root / "deep").mkdir()
    async with running.up():
        added = await running.ask("add", path=str(root / "deep"), targets=["codex"])
        assert added == {
            "id": project_id(str(root)),
            "path": str(root),
            "added": True,
            "approved": [],
            "foreign": False,
        }
        await until((root / "AGENTS.md").exists)
        (root / "CLAUDE.md").write_bytes(b"new")
        await until(lambda: (root / "AGENTS.md").read_bytes() == b"new")
        assert (await running.ask("add", path=str(root)))["added"] is False
        [row] = (await running.ask("list"))["projects"]
    assert row["path"] == str(root)
    assert row["targets"] == ["codex"]
    assert row["trusted"] is True


async def test_status_is_that_of_the_latest_sync(running: Any, worktree: Worktree) -> None:
    """For one project by path or id, and for all in the order of their paths."""
    b, a = worktree("b"), worktree("a")
    async with running.up():
        for root in (b, a):
            await running.ask("add", path=str(root))
            await running.ask("sync", projects=[str(root)])
        everything = await running.ask("status")
        by_id = await running.ask("status", project=project_id(str(a)))
        by_path = await running.ask("status", project=str(a))
    assert [row["path"] for row in everything["projects"]] == [str(a), str(b)]
    assert {row["status"] for row in everything["projects"]} == {"running"}
    assert {row["state"] for row in everything["projects"]} == {"in step"}
    assert everything["supervisor"]["version"] == "1.2.3"
    assert by_id["projects"] == by_path["projects"] == everything["projects"][:1]


async def test_diff_tells_what_a_sync_would_do_and_does_nothing(running: Any, worktree: Worktree, until: Any) -> None:
    """The output stays as it is until a sync is due."""
    root = worktree("a")
    running.sync.watches = False
    async with running.up():
        await running.ask("add", path=str(root))
        await until((root / "AGENTS.md").exists)
        running.sync.looking_gate = anyio.Event()
        async with running.client() as client:
            request = b'{"jsonrpc":"2.0","id":7,"method":"diff","params":{"projects":["%s"]}}\n'
            await client.send(request % str(root).encode())
            await until(lambda: running.sync.looking)
            (root / "CLAUDE.md").write_bytes(b"new")
            running.sync.looking_gate.set()
            [report] = (await client.line())["result"]["projects"]
        assert report["state"] == "out of step"
        assert [operation["path"] for operation in report["operations"]] == ["AGENTS.md"]
        assert (root / "AGENTS.md").read_bytes() == b"rules of a"


async def test_sync_without_waiting_is_queued(running: Any, worktree: Worktree, until: Any) -> None:
    """The answer names the projects; the syncs follow."""
    root = worktree("a")
    async with running.up():
        await running.ask("add", path=str(root))
        await until(lambda: running.sync.synced)
        before = len(running.sync.synced)
        assert await running.ask("sync", wait=False) == {"queued": [project_id(str(root))]}
        await until(lambda: len(running.sync.synced) > before)


async def test_remove_forgets_a_project_and_leaves_its_outputs(running: Any, worktree: Worktree, until: Any) -> None:
    """Its socket goes; its folder may be gone already."""
    root = worktree("a")
    identifier = project_id(str(root))
    async with running.up():
        await running.ask("add", path=str(root))
        await until(lambda: (root / "AGENTS.md").exists() and running.layout.socket_for(identifier).exists())
        assert await running.ask("remove", path=str(root)) == {"id": identifier, "path": str(root), "removed": True}
        assert (await running.ask("remove", path=str(root)))["removed"] is False
        assert (await running.ask("status"))["projects"] == []
        assert not running.layout.socket_for(identifier).exists()
    assert (root / "AGENTS.md").exists()


async def test_an_unknown_project_is_an_error_with_a_hint(running: Any) -> None:
    """Not an empty answer."""
    async with running.up():
        for method, params in (("status", {"project": "/no"}), ("sync", {"projects": ["/no"]})):
            error = await running.ask(method, **params)
            assert error["code"] == codes.UNKNOWN_PROJECT
            assert "ctl add" in error["data"]["hint"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("statsu", {}, codes.METHOD_NOT_FOUND),
        ("status", {"project": 3}, codes.INVALID_PARAMS),
        ("sync", {"projects": "all"}, codes.INVALID_PARAMS),
        ("sync", {"projects": [1]}, codes.INVALID_PARAMS),
        ("sync", {"wait": "yes"}, codes.INVALID_PARAMS),
        ("sync", {"targets": ["codecks"]}, codes.INVALID_PARAMS),
        ("sync", {"lock_timeout": -1}, codes.INVALID_PARAMS),
        ("sync", {"lock_timeout": True}, codes.INVALID_PARAMS),
        ("add", {}, codes.INVALID_PARAMS),
        ("add", {"path": "relative"}, codes.INVALID_PARAMS),
        ("add", {"path": "/nul\0"}, codes.INVALID_PARAMS),
        ("add", {"path": "/does/not/exist"}, codes.INVALID_PARAMS),
        ("add", {"path": "/tmp", "targets": ["codecks"]}, codes.INVALID_PARAMS),
        ("add", {"path": "/"}, codes.INVALID_PARAMS),
        ("add", {"path": "/", "scope": "world"}, codes.INVALID_PARAMS),
        ("remove", {}, codes.INVALID_PARAMS),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(
    running: Any, method: str, params: dict[str, Any], code: int
) -> None:
    """The registry stays empty, and the next request is answered."""
    async with running.up(), running.client() as client:
        error = await client.call(method, **params)
        assert error["code"] == code
        assert error["message"]
        assert (await client.call("list"))["projects"] == []


async def test_a_misspelt_method_is_told_the_nearest(running: Any) -> None:
    """As a command line would."""
    async with running.up():
        error = await running.ask("statsu")
    assert "'status'" in error["data"]["hint"]


async def test_a_projects_own_socket_is_scoped_to_it(running: Any, worktree: Worktree, until: Any) -> None:
    """It answers about its project without being told which, and about no other; nor does it stop the supervisor."""
    a, b = worktree("a"), worktree("b")
    own = project_id(str(a))
    async with running.up():
        for root in (a, b):
            await running.ask("add", path=str(root))
        await until(running.layout.socket_for(own).exists)
        async with running.client(own) as client:
            assert (await client.call("server.info"))["project"] == own
            assert [row["path"] for row in (await client.call("status"))["projects"]] == [str(a)]
            assert [row["path"] for row in (await client.call("sync"))["projects"]] == [str(a)]
            for method, params in (
                ("status", {"project": str(b)}),
                ("sync", {"projects": [str(a), str(b)]}),
                ("add", {"path": str(b)}),
                ("remove", {"path": str(b)}),
                ("list", {}),
                ("trust", {"path": str(b)}),
                ("pause", {"projects": [str(b)]}),
                ("stop", {}),
            ):
                assert (await client.call(method, **params))["code"] == codes.NOT_ALLOWED
            assert sorted((await client.call("server.info"))["capabilities"]) == [
                "diff",
                "history",
                "pause",
                "ping",
                "resolve",
                "resume",
                "server.info",
                "status",
                "sync",
                "undo",
            ]


async def test_a_lock_that_somebody_holds_is_an_error_for_one_project(running: Any, worktree: Worktree) -> None:
    """Among several projects it is in the report of that one, and the others are synced."""
    a, b = worktree("a"), worktree("b")
    async with running.up():
        for root in (a, b):
            await running.ask("add", path=str(root))
        running.sync.errors[str(a)] = LockTimeoutError("process 12 still holds the lock after 1 s")
        error = await running.ask("sync", projects=[str(a)], lock_timeout=1)
        both = (await running.ask("sync"))["projects"]
    assert error["code"] == codes.LOCK_TIMEOUT
    assert "process 12" in error["message"]
    assert [report["state"] for report in both] == ["failed", "in step"]


async def test_crash_isolated_a_failing_project_does_not_touch_another(
    running: Any, worktree: Worktree, until: Any
) -> None:
    """One raises at every sync, and stays visible as failed; the other one's edits arrive."""
    a, b = worktree("a"), worktree("b")
    running.sync.errors[str(a)] = StateError("the ledger is of a later version", code="state_newer", hint="Update")
    async with running.up():
        for root in (a, b):
            await running.ask("add", path=str(root))
        await until((b / "AGENTS.md").exists)
        (b / "CLAUDE.md").write_bytes(b"goes on")
        await until(lambda: (b / "AGENTS.md").read_bytes() == b"goes on")
        rows = (await running.ask("status"))["projects"]
    assert [row["state"] for row in rows] == ["failed", "in step"]
    assert rows[0]["failures"][0]["code"] == "state_newer"
    assert rows[0]["failures"][0]["hint"] == "Update"


async def test_stop_is_answered_and_then_carried_out(running: Any) -> None:
    """The connection ends when the supervisor has released everything, so that another can be started."""
    async with running.up(), running.client() as client:
        assert await client.call("stop") == {"stopping": True}
        assert await client.is_closed()
        assert not running.layout.control_socket.exists()


async def test_who_waits_for_news_is_told_when_there_are_any(running: Any, worktree: Worktree, until: Any) -> None:
    """Only of what has changed; an answer about one project does not come for another's sake."""
    a, b = worktree("a"), worktree("b")
    running.sync.watches = False
    async with running.up():
        for root in (a, b):
            await running.ask("add", path=str(root))
            await running.ask("sync", projects=[str(root)])
        revision = (await running.ask("status"))["revision"]
        told: dict[str, Any] = {}

        async def wait(name: str, **params: Any) -> None:
            told[name] = await running.ask("status", after=revision, **params)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(wait, "all", brief=True))
            tasks.start_soon(partial(wait, "a", project=str(a)))
            await until(lambda: running.server.connections == 2)
            running.sync.gate = anyio.Event()
            running.supervisor.queue(project_id(str(b)), Options())
            await until(lambda: "all" in told)
            assert [(row["path"], row["activity"]) for row in told["all"]["projects"]] == [(str(b), "syncing")]
            assert told["all"]["supervisor"]["queue"] == {"waiting": 0, "syncing": 1}
            assert "a" not in told
            running.supervisor.queue(project_id(str(a)), Options())
            await until(lambda: "a" in told)
            assert [row["path"] for row in told["a"]["projects"]] == [str(a)]
            running.sync.gate.set()


async def test_who_waits_for_news_when_it_stops_is_told_so(running: Any) -> None:
    async with running.up(), running.client() as client:
        revision = (await client.call("status"))["revision"]
        ping = b'{"jsonrpc":"2.0","id":6,"method":"ping"}\n'
        request = b'{"jsonrpc":"2.0","id":7,"method":"status","params":{"after":%d}}\n'
        await client.send(ping + request % revision)
        assert (await client.line())["id"] == 6, "what comes after it in the same line of bytes is being answered"
        await running.ask("stop")
        assert (await client.line())["error"]["data"]["code"] == "shutting_down"


async def test_without_news_there_is_an_answer_all_the_same(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that whoever waits knows that somebody is there."""
    monkeypatch.setattr(status, "NEWS_S", 0.01)
    async with running.up():
        revision = (await running.ask("status"))["revision"]
        told = await running.ask("status", after=revision)
        assert (told["revision"], told["projects"], told["since"]) == (revision, [], revision)
