"""Following how projects stand: every change of what is chosen is told, and nothing that is known is forgotten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.ctl import following, places
from harnesssync_orchestrator.files.registry import Registry

Harnesssync = Callable[..., Any]
Peers = Callable[..., Any]
Report = Callable[..., dict[str, Any]]
Answer = dict[str, Any]


@pytest.fixture
def registry(home: Path) -> Registry:
    return Registry(home / ".harnesssync" / "registry.json", home / ".harnesssync" / "registry.lock")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSE_S", 0.0)


def supervisor_of(whole: list[Answer], news: list[Answer]) -> Callable[[str, dict[str, Any]], Any]:
    """Answers those who ask for everything with each of `whole` in turn, the last for ever, and those who follow with
    each of `news`, after which it fails."""
    wholes, following_news = iter(whole[:-1]), iter(news)

    def handle(_method: str, params: dict[str, Any]) -> Any:
        answer = next(wholes, whole[-1]) if "after" not in params else following_answer(following_news)
        return {"supervisor": {"pid": 7}, "revision": 5, **answer}

    return handle


def following_answer(news: Iterator[Answer]) -> Answer:
    try:
        return next(news)
    except StopIteration:
        raise LookupError("that was all") from None


def since(*projects: dict[str, Any], gone: tuple[str, ...] = ()) -> Answer:
    return {"since": 5, "projects": list(projects), "gone": list(gone)}


def told(harnesssync: Harnesssync, *arguments: str) -> list[Any]:
    """The lines of JSON, without the error that ends them."""
    *lines, last = map(
        json.loads, harnesssync("ctl", "status", "--all", "--watch", "--json", *arguments).out.splitlines()
    )
    assert "error" in last
    return lines


def states(line: dict[str, Any]) -> dict[str, str]:
    return {Path(row["path"]).name: row["state"] for row in line["projects"]}


def test_that_a_project_leaves_what_is_chosen_is_told_once(
    harnesssync: Harnesssync, peers: Peers, control: Path, make_report: Report
) -> None:
    """And of one that was never told nothing is, nor that it is gone."""
    failed, well, other = make_report("/a", state="failed"), make_report("/a"), make_report("/b")
    news = [since(well), since({**other, "state": "paused"}), since(failed), since(gone=("/a", "/b")), since(well)]
    peers(control, supervisor_of([{"projects": [failed, other]}], news))
    lines = told(harnesssync, "--state", "failed")
    assert [states(line) for line in lines] == [{"a": "failed"}, {"a": "in step"}, {"a": "failed"}, {}]
    assert [line.get("gone") for line in lines] == [None, [], [], ["/a"]]


def test_what_the_registry_knows_stays_with_each_change(
    harnesssync: Harnesssync, peers: Peers, control: Path, registry: Registry, tmp_path: Path, make_report: Report
) -> None:
    """Also of those that nobody serves, when the supervisor can't say what has changed."""
    served, stopped = tmp_path / "served", tmp_path / "stopped"
    for path in (served, stopped):
        path.mkdir()
        registry.register(path, trusted=True)
    first, paused = make_report(served, halt="git-busy"), make_report(served, state="paused")
    del paused["halt"]
    whole = {"projects": [paused]}
    peers(control, supervisor_of([{"projects": [first]}, whole], [since(paused), whole]))
    begin, change = told(harnesssync)
    assert [row["status"] for row in begin["projects"]] == ["running", "stopped"]
    [row] = change["projects"]
    assert (row["state"], row["trusted"], "halt" in row, change["gone"]) == ("paused", True, False, [])


def test_what_a_daemon_of_its_own_says_stays(
    harnesssync: Harnesssync, peers: Peers, control: Path, registry: Registry, worktree: Path, make_report: Report
) -> None:
    """The supervisor only says that another serves the project, and who that is is asked again."""
    registry.register(worktree)
    elsewhere = make_report(worktree, state="failed", failures=[{"code": "served_elsewhere", "message": "m"}])
    own = Path(places.project_socket(os.environ, project_id(str(worktree))))
    answers = [{"projects": [make_report(worktree)]}, {"projects": [make_report(worktree, state="conflict")]}]
    peers(own, supervisor_of(answers, []))
    peers(control, supervisor_of([{"projects": [elsewhere]}], [since(elsewhere)]))
    assert [states(line) for line in told(harnesssync)] == [{"work": "in step"}, {"work": "conflict"}]


def test_that_there_is_nothing_is_shown_too(
    harnesssync: Harnesssync, peers: Peers, control: Path, make_report: Report
) -> None:
    """At first, and when nothing is left, of which a supervisor that was started anew can't say that it is gone."""
    nothing: Answer = {"projects": []}
    peers(control, supervisor_of([nothing], [since(make_report("/a")), nothing]))
    first, _, row, *_, last = harnesssync("ctl", "status", "--all", "--watch").out.splitlines()
    assert (first, row.split()[0], last) == ("No projects registered.", "/a", "No projects registered.")
