"""What is published is encoded once, fits into a line, and carries every name."""

from __future__ import annotations

import json
import os

import pytest

from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.service.snapshot import MAX_RESULT, Board, Published, encode_projects


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
    assert status["supervisor"] == {"pid": 7}
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
