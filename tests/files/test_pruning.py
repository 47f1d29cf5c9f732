"""Folders of ours go when nothing is left in them, and no others."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.files.pruning import Pruned, prune


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_folders_of_ours_go_when_they_are_empty(root: Path) -> None:
    """The deepest first; one in which somebody keeps something stays."""
    made = (Address("a/"), Address("a/b/"), Address("a/b/c/"), Address("d/"), Address("gone/"), Address("x.json"))
    (root / "a" / "b" / "c").mkdir(parents=True)
    (root / "d").mkdir()
    (root / "d" / "mine").write_text("mine", encoding="utf-8")
    assert set(prune(root, made).gone) == {Address("a/"), Address("a/b/"), Address("a/b/c/"), Address("gone/")}
    assert not (root / "a").exists()
    assert (root / "d" / "mine").exists()


def test_a_folder_of_ours_that_became_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    """An empty folder behind the link stays, which is no failure: it is not ours."""
    (tmp_path / "outside" / "b").mkdir(parents=True)
    (root / "a").symlink_to(tmp_path / "outside")
    assert prune(root, [Address("a/"), Address("a/b/")]) == Pruned((), ())
    assert (root / "a" / "b").is_dir()


def test_an_empty_folder_of_ours_that_can_not_be_removed_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would stay for ever: nothing would be left to do in it. One that is not empty is no failure."""
    (root / "empty").mkdir()
    (root / "used").mkdir()
    (root / "used" / "mine").write_text("mine", encoding="utf-8")

    def rmdir(path: str, *, dir_fd: int | None = None) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "rmdir", rmdir)
    pruned = prune(root, [Address("empty/"), Address("used/")])
    assert pruned.gone == ()
    assert [(address.path, error.code) for address, error in pruned.failed] == [("empty/", "not_writable")]


def test_a_removal_that_may_not_last_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run then looks whether the folder is gone."""
    (root / "empty").mkdir()

    def fsync(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    pruned = prune(root, [Address("empty/")])
    assert pruned.gone == (Address("empty/"),)
    assert [address for address, _ in pruned.failed] == [Address("empty/")]
