"""What is recalled is what a look would see; what changed, and what nobody would tell of, is looked at."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesssync_orchestrator.files import recall as recalling
from harnesssync_orchestrator.files.hashing import RACY_NS
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.recall import Recall


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "project"
    (root / "watched").mkdir(parents=True)
    (root / "elsewhere").mkdir()
    for name in ("watched/a.md", "watched/b.md", "elsewhere/c.md"):
        (root / name).write_text(name, encoding="utf-8")
    time.sleep(2 * RACY_NS / 1e9)  # what is younger is not kept
    return root


@pytest.fixture
def recall(root: Path) -> Recall:
    return Recall(frozenset({str(root), str(root / "watched")}))


def read(recall: Recall, path: Path) -> bytes:
    return Looked(recall=recall).read(str(path))


def test_what_is_watched_is_looked_at_once_until_it_is_told_to_have_changed(root: Path, recall: Recall) -> None:
    """A look at a file that changed without being told shows what is recalled."""
    path = root / "watched/a.md"
    assert read(recall, path) == b"watched/a.md"
    path.write_text("changed", encoding="utf-8")
    assert read(recall, path) == b"watched/a.md"
    recall.forget({str(path)})
    assert read(recall, path) == b"changed"


def test_what_is_not_watched_is_looked_at_each_time(root: Path, recall: Recall) -> None:
    """Nobody would tell."""
    path = root / "elsewhere/c.md"
    read(recall, path)
    path.write_text("changed", encoding="utf-8")
    assert read(recall, path) == b"changed"


def test_what_was_missing_is_recalled_until_something_comes(root: Path, recall: Recall) -> None:
    """Its folder is what tells."""
    path = root / "watched/new.md"
    assert Looked(recall=recall).lstat(str(path)) is None
    path.write_text("new", encoding="utf-8")
    assert Looked(recall=recall).lstat(str(path)) is None
    recall.forget({str(path)})
    assert read(recall, path) == b"new"


def test_a_folder_is_listed_anew_when_something_in_it_came_or_went(root: Path, recall: Recall) -> None:
    """Its own times change with it."""
    folder = str(root / "watched")

    def names() -> list[str]:
        return [entry.name for entry in Looked(recall=recall).scan(folder)]

    def changed_ns() -> int:
        status = Looked(recall=recall).lstat(folder)
        assert status is not None
        return status.st_mtime_ns

    before = changed_ns()
    assert names() == ["a.md", "b.md"]
    (root / "watched/b.md").unlink()
    assert names() == ["a.md", "b.md"]
    recall.forget({str(root / "watched/b.md")})
    assert names() == ["a.md"]
    assert changed_ns() > before


def test_with_a_folder_all_below_it_is_forgotten(root: Path, recall: Recall) -> None:
    """It was exchanged for another one."""
    path = root / "watched/a.md"
    read(recall, path)
    shutil.rmtree(root / "watched")
    recall.forget({str(root / "watched")})
    assert Looked(recall=recall).lstat(str(path)) is None


@pytest.mark.parametrize(
    "age",
    [
        pytest.param(lambda: None, id="now"),
        pytest.param(lambda: time.sleep(2 * RACY_NS / 1e9), id="later"),
    ],
)
def test_what_is_recalled_is_what_was_seen(root: Path, recall: Recall, age: Callable[[], None]) -> None:
    """Also the record of what was looked at, which the next sync compares."""
    (root / "watched/link.md").symlink_to("b.md")
    age()

    def look(looked: Looked) -> tuple[object, ...]:
        paths = [str(root / name) for name in ("watched/a.md", "watched/link.md", "watched/none.md", "elsewhere/c.md")]
        seen = [(looked.follow(path)[0], looked.lstat(path) is None, looked.real(path)) for path in paths]
        return seen, looked.read(paths[1]), looked.scan(str(root / "watched")), looked.seen, looked.listed

    first = look(Looked())
    assert look(Looked(recall=recall)) == first
    assert look(Looked(recall=recall)) == first


def test_a_file_that_could_change_without_a_trace_is_not_kept(root: Path, recall: Recall) -> None:
    """The event of the second change may be the one of the first."""
    path = root / "watched/a.md"
    path.write_text("one", encoding="utf-8")
    assert read(recall, path) == b"one"
    path.write_text("two", encoding="utf-8")
    assert read(recall, path) == b"two"


def test_what_was_read_under_other_bounds_is_read_again(root: Path, recall: Recall) -> None:
    """Whether it may be read at all depends on them."""
    path = str(root / "watched/a.md")
    assert Looked(recall=recall).read(path, within=(str(root),)) == b"watched/a.md"
    with pytest.raises(OSError, match="leads out"):
        Looked(recall=recall).read(path, within=(str(root / "elsewhere"),))


def test_no_more_is_kept_than_fits(root: Path, recall: Recall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is looked at each time."""
    monkeypatch.setattr(recalling, "MOST_BYTES", 15)
    first, second = root / "watched/a.md", root / "watched/b.md"
    read(recall, first)
    read(recall, second)
    for path in (first, second):
        status = path.stat()
        path.write_bytes(b"x" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read(recall, first) == b"watched/a.md"
    assert read(recall, second) == b"x" * 12


def test_it_does_not_hold_for_ever(recall: Recall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should an event get lost."""
    assert recall.holds
    monkeypatch.setattr(recalling, "LASTS_S", 0.0)
    assert not recall.holds


def test_a_folder_of_two_names_is_looked_at_each_time(root: Path) -> None:
    """The system tells of it by one of them alone."""
    (root / "link").symlink_to("watched")
    recall = Recall(frozenset({str(root), str(root / "watched"), str(root / "link")}))
    for path in (root / "watched/a.md", root / "link/a.md"):
        read(recall, path)
    (root / "watched/a.md").write_text("changed", encoding="utf-8")
    assert read(recall, root / "watched/a.md") == read(recall, root / "link/a.md") == b"changed"


def test_what_is_below_an_exchanged_folder_is_forgotten_though_nobody_watches_that(root: Path) -> None:
    """It is told of in the folder above."""
    (root / "v1/inner").mkdir(parents=True)
    (root / "v1/inner/x.md").write_text("one", encoding="utf-8")
    time.sleep(2 * RACY_NS / 1e9)
    recall = Recall(frozenset({str(root), str(root / "v1/inner")}))
    path = root / "v1/inner/x.md"
    assert read(recall, path) == b"one"
    (root / "v1").rename(root / "gone")
    recall.forget({str(root / "v1")})
    assert Looked(recall=recall).lstat(str(path)) is None
