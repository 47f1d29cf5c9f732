"""What is published is encoded once, fits into a line, and carries every name."""

from __future__ import annotations

import json
import os

import pytest

from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.service.snapshot import GONE, MAX_RESULT, Activity, Board, Published, encode_projects


def report(number: int, *, losses: int = 0, path: str | None = None) -> Report:
    loss = Loss(target="codex", item=ItemId("skill", "pdf"), what="allowed tools", why="it has no such setting")
    return Report(
        project_id=f"{number:016x}",
        path=path or f"/home/somebody/projects/{number:05}",
        scope="project",
        state=State.IN_STEP,
        targets=("codex", "gemini"),
        losses=(loss,) * losses,
    )


def test_status_tells_what_was_published_last() -> None:
    """In the order of the paths, and with the facts of the supervisor."""
    board = Board({"pid": 7})
    board.publish(report(2))
    board.publish(report(1))
    board.publish(report(2, losses=3))
    status = json.loads(board.status())
    assert status["supervisor"] == {"pid": 7, "queue": {"waiting": 0, "syncing": 0}}
    assert [(row["id"], len(row["losses"])) for row in status["projects"]] == [(f"{1:016x}", 0), (f"{2:016x}", 3)]
    assert [row["status"] for row in status["projects"]] == ["running", "running"]


def test_status_of_one_project() -> None:
    board = Board({})
    board.publish(report(1))
    board.publish(report(2))
    assert [row["id"] for row in json.loads(board.status(f"{2:016x}"))["projects"]] == [f"{2:016x}"]
    board.forget(f"{2:016x}")
    with pytest.raises(KeyError):
        board.status(f"{2:016x}")


def test_an_answer_is_encoded_once() -> None:
    """The same bytes for all who ask, until something is published."""
    board = Board({})
    board.publish(report(1))
    assert board.status() is board.status()
    before = board.status()
    board.publish(report(1, losses=1))
    assert board.status() is not before


def test_a_long_report_is_shortened_to_fit_into_a_line() -> None:
    """What is left out is counted; counts and state stay."""
    [row] = json.loads(encode_projects([Published.of(report(1, losses=20_000))]))
    assert 0 < len(row["losses"]) < 20_000
    assert row["omitted"] == {"losses": 20_000 - len(row["losses"])}
    assert row["state"] == "in step"


def test_many_reports_are_shortened_alike() -> None:
    """Three hundred projects with many losses still fit into one line."""
    encoded = encode_projects([Published.of(report(number, losses=500)) for number in range(300)])
    assert len(encoded) <= MAX_RESULT
    assert {len(row["losses"]) for row in json.loads(encoded)} == {10}


def test_a_report_that_fits_is_whole() -> None:
    [row] = json.loads(encode_projects([Published.of(report(1, losses=50))]))
    assert len(row["losses"]) == 50
    assert "omitted" not in row


def test_a_path_that_is_not_utf_8_survives() -> None:
    path = os.fsdecode(b"/caf\xe9")
    board = Board({})
    board.publish(report(1, path=path))
    assert json.loads(board.status())["projects"][0]["path"] == path


def test_what_is_being_done_is_told_and_counted() -> None:
    """Without encoding a report again for it."""
    board = Board({})
    for number in range(3):
        board.publish(report(number))
    board.mark(f"{0:016x}", Activity.WAITING)
    board.mark(f"{1:016x}", Activity.SYNCING)
    status = json.loads(board.status())
    assert [row["activity"] for row in status["projects"]] == ["waiting", "syncing", "idle"]
    assert status["supervisor"]["queue"] == {"waiting": 1, "syncing": 1}
    board.publish(report(1, losses=1))
    assert json.loads(board.status(f"{1:016x}"))["projects"][0]["activity"] == "syncing"


def test_a_thousand_projects_are_told_at_a_glance() -> None:
    """Well within a line, with the numbers of what is left out."""
    board = Board({})
    for number in range(1000):
        board.publish(report(number, losses=500))
    status = board.status(brief=True)
    assert len(status) < MAX_RESULT
    rows = json.loads(status)["projects"]
    assert len(rows) == 1000
    assert {(len(row["losses"]), row["omitted"]["losses"]) for row in rows} == {(1, 499)}


def test_who_follows_is_told_what_has_changed_since() -> None:
    """And nothing else; whoever has another process's revision gets everything."""
    board = Board({}, first=100)
    for number in range(3):
        board.publish(report(number))
    revision = json.loads(board.status())["revision"]
    board.publish(report(1))
    board.forget(f"{2:016x}")
    news = json.loads(board.status(after=revision))
    assert news["since"] == revision
    assert [row["id"] for row in news["projects"]] == [f"{1:016x}"]
    assert news["gone"] == [report(2).path]
    for stranger in (7, revision + 1000):
        told = json.loads(board.status(after=stranger))
        assert "since" not in told
        assert len(told["projects"]) == 2


def test_who_missed_more_than_is_remembered_is_told_everything() -> None:
    """That so much is gone can't be said one by one any more."""
    board = Board({})
    board.publish(report(0))
    revision = json.loads(board.status())["revision"]
    for number in range(1, GONE + 2):
        board.publish(report(number))
        board.forget(f"{number:016x}")
    told = json.loads(board.status(after=revision))
    assert "since" not in told
    assert [row["id"] for row in told["projects"]] == [f"{0:016x}"]


def test_that_a_project_is_polled_is_told() -> None:
    """As long as it is, whatever is published of it meanwhile."""
    board = Board({})
    board.publish(report(1))
    board.poll(f"{1:016x}", polled=True)
    board.publish(report(1, losses=1))
    assert json.loads(board.status(brief=True))["projects"][0]["polled"] is True
    board.poll(f"{1:016x}", polled=False)
    assert json.loads(board.status())["projects"][0]["polled"] is False
