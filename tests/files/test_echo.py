"""What a watcher tells of is our own writing exactly as long as that still stands there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.desired import link_hash, short_hash
from harnesssync_orchestrator.files.echo import FOLDER, is_echo


@pytest.fixture
def written(tmp_path: Path) -> dict[str, str | None]:
    """A file, a link and a folder that were made, and a file that was removed with its folder."""
    (tmp_path / "file").write_bytes(b"ours")
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "folder").mkdir()
    return {
        str(tmp_path / "file"): short_hash(b"ours"),
        str(tmp_path / "link"): link_hash("elsewhere"),
        str(tmp_path / "folder"): FOLDER,
        str(tmp_path / "gone/file"): None,
    }


def test_what_stands_as_it_was_written_is_an_echo(written: dict[str, str | None]) -> None:
    """All of it, and any part."""
    assert is_echo(written, written)
    assert all(is_echo([path], written) for path in written)


def test_no_path_and_any_other_path_are_none(tmp_path: Path, written: dict[str, str | None]) -> None:
    """Without a path, anything may have changed."""
    assert not is_echo([], written)
    assert not is_echo([*written, str(tmp_path / "other")], written)


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: (root / "file").write_bytes(b"mine"),
        lambda root: (root / "file").unlink(),
        lambda root: ((root / "file").unlink(), (root / "file").mkdir()),
        lambda root: ((root / "file").unlink(), (root / "file").symlink_to("file")),
        lambda root: ((root / "link").unlink(), (root / "link").symlink_to("mine")),
        lambda root: ((root / "link").unlink(), (root / "link").write_bytes(b"elsewhere")),
        lambda root: (root / "folder").rmdir(),
        lambda root: ((root / "folder").rmdir(), (root / "folder").symlink_to(".")),
        lambda root: ((root / "gone").mkdir(), (root / "gone/file").write_bytes(b"mine")),
    ],
)
def test_whatever_somebody_changed_since_is_none(
    tmp_path: Path, written: dict[str, str | None], edit: Callable[[Path], object]
) -> None:
    """Also in the moment between our write and this look."""
    edit(tmp_path)
    assert not is_echo(written, written)
