"""Trust, pause and resume through a supervisor, and what it does when the registry is changed beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.core.report import State

pytestmark = pytest.mark.anyio

Worktree = Callable[[str], Path]
HOOK = "hook Stop[]#1"


def hook(root: Path, command: str) -> None:
    content = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}
    (root / ".claude").mkdir(exist_ok=True)
    (root / ".claude" / "settings.json").write_text(json.dumps(content))


async def state(running: Any, root: Path) -> str:
    [row] = (await running.ask("status", project=str(root)))["projects"]
    return str(row["state"])


async def test_add_tells_what_it_has_approved(running: Any, worktree: Worktree) -> None:
    """Only what is there then; without `trusted` nothing."""
    root, other = worktree("a"), worktree("b")
    for each in (root, other):
        hook(each, "fmt")
    async with running.up():
        assert (await running.ask("add", path=str(root)))["approved"] == [HOOK]
        assert (await running.ask("add", path=str(other), trusted=False))["approved"] == []
        review = await running.ask("trust", path=str(root), show=True)
        assert [row["item"] for row in review["approved"]] == [HOOK]
        hook(root, "other")
        review = await running.ask("trust", path=str(root), show=True)
        assert [(row["item"], row["why"]) for row in review["waiting"]] == [(HOOK, "changed")]
        assert "+ command: other" in review["waiting"][0]["difference"]


async def test_trust_and_its_end_reach_the_project_at_once(running: Any, worktree: Worktree, until: Any) -> None:
    """The worker goes on with what is approved now, and syncs."""
    root = worktree("a")
    hook(root, "fmt")
    async with running.up():
        await running.ask("add", path=str(root), trusted=False)
        await until(lambda: str(root) in running.sync.synced)
        answer = await running.ask("trust", path=str(root))
        assert (answer["newly"], answer["standing"], answer["waiting"]) == ([HOOK], "approved", [])
        await until(lambda: len(running.sync.asked[-1][0].approvals) == 1)
        answer = await running.ask("trust", path=str(root), revoke=True)
        assert (answer["revoked"], answer["standing"], len(answer["waiting"])) == (True, "unapproved", 1)
        await until(lambda: running.sync.asked[-1][0].approvals == ())


async def test_trust_given_beside_the_supervisor_is_noticed(running: Any, worktree: Worktree, until: Any) -> None:
    """Whoever changes the registry: it is watched."""
    root = worktree("a")
    async with running.up():
        await running.ask("add", path=str(root), trusted=False)
        await until(lambda: str(root) in running.sync.synced)
        running.approving().approve(root)
        await until(lambda: len(running.sync.asked[-1][0].approvals) == 1)
        running.registry.set_paused(root, paused=True)
        await until(lambda: running.supervisor.board.status(project_id(str(root))).count(b'"paused"') == 1)


async def test_a_paused_project_waits_until_it_is_resumed(running: Any, worktree: Worktree, until: Any) -> None:
    """Also through an end of the supervisor; resuming syncs it, confirmed."""
    a, b = worktree("a"), worktree("b")
    async with running.up():
        for root in (a, b):
            await running.ask("add", path=str(root))
        await until(lambda: {str(a), str(b)} <= set(running.sync.synced))
        paused = await running.ask("pause", projects=[str(a)])
        assert paused == {"projects": [{"id": project_id(str(a)), "path": str(a), "scope": "project", "paused": True}]}
        assert await state(running, a) == State.PAUSED.value
        assert await state(running, b) != State.PAUSED.value
    running.sync.synced.clear()
    async with running.up():
        await until(lambda: str(b) in running.sync.synced)
        assert str(a) not in running.sync.synced
        assert await state(running, a) == State.PAUSED.value
        [report] = (await running.ask("resume", projects=[str(a)]))["projects"]
        assert report["state"] == State.IN_STEP.value
        assert any(project.path == str(a) and options.confirmed for project, options in running.sync.asked)
        assert await state(running, a) == State.IN_STEP.value
        assert [row["paused"] for row in (await running.ask("list"))["projects"]] == [False, False]
        assert len((await running.ask("pause"))["projects"]) == 2
        assert [row["paused"] for row in (await running.ask("list"))["projects"]] == [True, True]


@pytest.mark.parametrize("path", [None, "relative", "/nul\0"])
async def test_trust_needs_a_path(running: Any, path: str | None) -> None:
    """An absolute one."""
    async with running.up():
        assert (await running.ask("trust", path=path))["data"]["code"] == "invalid_params"
        assert (await running.ask("trust", path="/nowhere/at/all"))["data"]["code"] == "usage"
