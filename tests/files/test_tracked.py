"""What git tracks: asked once for each state of the index, and again when that changes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.files import asking_git
from harnesssync_orchestrator.files import tracked as tracked_module
from harnesssync_orchestrator.files.tracked import ask_tracked


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the real git is asked about, each time that it is."""
    questions: list[tuple[str, ...]] = []
    real = asking_git.tracked

    def counted(worktree: Path, paths: list[str], **options: Any) -> Any:
        questions.append(tuple(paths))
        return real(worktree, paths, **options)

    monkeypatch.setattr(asking_git, "tracked", counted)
    return questions


def test_git_is_asked_once_as_long_as_its_index_stays(
    tmp_path: Path, git: Any, asked: list[Any], until_old: Any
) -> None:
    """Starting git is the most expensive part of an edit; the index alone decides what is tracked."""
    git("init", "-q", cwd=tmp_path)
    (tmp_path / "AGENTS.md").write_text("rules")
    index = tmp_path / ".git" / "index"

    def tracked(*paths: str) -> frozenset[str]:
        found, problems = ask_tracked(tmp_path, list(paths), top=tmp_path, index=index, asker="here")
        assert problems == ()
        return found

    assert [tracked("AGENTS.md"), tracked("AGENTS.md")] == [frozenset(), frozenset()]
    assert len(asked) == 1
    git("add", "AGENTS.md", cwd=tmp_path)
    assert tracked("AGENTS.md") == {"AGENTS.md"}
    until_old(index)
    assert tracked("AGENTS.md") == {"AGENTS.md"}
    known = len(asked)
    assert tracked("AGENTS.md") == {"AGENTS.md"}
    assert len(asked) == known
    assert tracked("AGENTS.md", "x") == {"AGENTS.md"}
    assert asked[-1] == ("AGENTS.md", "x")


def test_an_index_that_has_just_been_written_is_not_believed(tmp_path: Path, git: Any, asked: list[Any]) -> None:
    """It may be written once more within a tick of the clock, and look the same."""
    git("init", "-q", cwd=tmp_path)
    index = tmp_path / "index"
    for attempt in range(100):  # a busy machine may not come to look within a tick
        index.write_text(str(attempt))
        before = len(asked)
        for _ in range(2):
            ask_tracked(tmp_path, ["a"], top=tmp_path, index=index, asker="here")
        if len(asked) - before == 2:
            return
    pytest.fail("it was believed each time")


@pytest.fixture
def until_old() -> Any:
    """Wait until a file's change is more than a tick ago."""

    def wait(path: Path) -> None:
        while time.time_ns() - path.stat().st_ctime_ns < 25_000_000:
            os.sched_yield() if hasattr(os, "sched_yield") else time.sleep(0)

    return wait


def test_answers_that_another_thread_forgets_meanwhile_are_asked_for_again(
    tmp_path: Path, git: Any, until_old: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Projects are looked at in several threads, and the memory of answers is cleared when it is full."""

    class Forgetful(dict[Any, Any]):
        def __contains__(self, key: object) -> bool:
            found = super().__contains__(key)
            self.clear()
            return found

    monkeypatch.setattr(tracked_module, "_KNOWN", Forgetful())
    git("init", "-q", cwd=tmp_path)
    (tmp_path / "AGENTS.md").write_text("rules")
    git("add", "AGENTS.md", cwd=tmp_path)
    index = tmp_path / ".git" / "index"
    until_old(index)
    for _ in range(2):
        found = ask_tracked(tmp_path, ["AGENTS.md"], top=tmp_path, index=index, asker="here")
        assert found == (frozenset({"AGENTS.md"}), ())
