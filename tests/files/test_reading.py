"""Looking at hostile files neither hangs nor fills memory, and every look is recorded."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harnesssync_orchestrator.files.opened import OutsideError
from harnesssync_orchestrator.files.reading import (
    Looked,
    Signature,
    SpecialFileError,
    TooLargeError,
)


def test_reading_gives_the_bytes_and_records_the_file(tmp_path: Path) -> None:
    """What was read is what is recorded."""
    path = tmp_path / "CLAUDE.md"
    path.write_bytes(b"# Rules\r\n")
    looked = Looked()

    assert looked.read(str(path)) == b"# Rules\r\n"
    assert looked.seen == {str(path): Signature.of(path.lstat())}


def test_non_utf8_content_is_read_as_bytes(tmp_path: Path) -> None:
    """Decoding is the business of whoever knows the format."""
    path = tmp_path / "latin.md"
    path.write_bytes(b"caf\xe9 \xff\xfe\x00")

    assert Looked().read(str(path)) == b"caf\xe9 \xff\xfe\x00"


def test_non_utf8_names_are_looked_at_like_others(tmp_path: Path) -> None:
    """A name that is no text still names a file."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sum\xe9.md")
    Path(name).write_text("x")
    looked = Looked()

    assert looked.read(name) == b"x"
    assert [entry.path for entry in looked.scan(str(tmp_path))] == [name]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
def test_every_size_is_read_to_the_end(tmp_path: Path, size: int) -> None:
    """Also at the edges of the buffers."""
    content = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(content)

    assert Looked().read(str(path)) == content


def test_a_file_that_tells_no_size_is_read_to_the_end() -> None:
    """Files below /proc are regular and say that they are empty."""
    assert Looked().read("/proc/self/status").startswith(b"Name:")


def test_a_link_is_followed_and_every_step_is_recorded(tmp_path: Path) -> None:
    """Relinking any step, or editing the end, is a change."""
    (tmp_path / "real").write_text("text")
    (tmp_path / "step").symlink_to("real")
    (tmp_path / "link").symlink_to(tmp_path / "step")
    looked = Looked()

    assert looked.read(str(tmp_path / "link")) == b"text"
    assert set(looked.seen) == {str(tmp_path / name) for name in ("link", "step", "real")}


def test_a_missing_file_is_recorded_as_missing(tmp_path: Path) -> None:
    """So that its appearing is a change."""
    looked = Looked()
    path = str(tmp_path / "no" / "CLAUDE.md")

    assert looked.lstat(path) is None
    with pytest.raises(FileNotFoundError):
        looked.read(path)
    assert looked.scan(path) == ()
    assert looked.seen == {path: None}


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 300, "y/" * 3000 + "z"])
def test_a_name_that_no_file_can_have_is_missing(tmp_path: Path, name: str) -> None:
    """An import of an absurd path is a missing import, and no crash."""
    looked = Looked()

    assert looked.lstat(f"{tmp_path}/{name}") is None
    with pytest.raises(FileNotFoundError):
        looked.read(f"{tmp_path}/{name}")
    assert looked.seen == {}


def test_the_first_look_counts(tmp_path: Path) -> None:
    """A change between two looks must show up in the next sync."""
    path = tmp_path / "file"
    path.write_text("old")
    looked = Looked()
    looked.lstat(str(path))
    before = Signature.of(path.lstat())

    path.write_text("newer")
    looked.read(str(path))

    assert looked.seen == {str(path): before}


def test_looking_again_replaces_the_record(tmp_path: Path) -> None:
    """For outputs that were just written."""
    path = tmp_path / "file"
    looked = Looked()
    looked.lstat(str(path))
    path.write_text("made")

    looked.look_again(str(path))

    assert looked.seen == {str(path): Signature.of(path.lstat())}


def test_a_pipe_a_socket_and_a_device_are_never_opened(tmp_path: Path) -> None:
    """Opening a pipe waits for its other end; opening a device may do anything."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        descriptor = os.open(tmp_path, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{descriptor}/socket")  # the path itself may be too long for a socket
        os.close(descriptor)

        for name in ("pipe", "device", "socket"):
            with pytest.raises(SpecialFileError):
                Looked().read(str(tmp_path / name))


def test_a_folder_is_not_a_file_and_a_file_not_a_folder(tmp_path: Path) -> None:
    """Each has its own error."""
    path = tmp_path / "file"
    path.touch()

    with pytest.raises(IsADirectoryError):
        Looked().read(str(tmp_path))
    with pytest.raises(NotADirectoryError):
        Looked().scan(str(path))


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    """And no endless loop."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(OSError, match="symbolic links"):
        Looked().read(str(tmp_path / "a"))


def test_a_sparse_terabyte_is_refused_unread(tmp_path: Path) -> None:
    """Its size is known before the first byte."""
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, 1 << 40)

    with pytest.raises(TooLargeError, match="1099511627776 bytes"):
        Looked().read(str(path))


def test_the_limit_is_the_last_length_that_is_read(tmp_path: Path) -> None:
    """A file of exactly the limit is read, one byte more is refused."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert Looked().read(str(path), limit=5) == b"12345"
    with pytest.raises(TooLargeError):
        Looked().read(str(path), limit=4)
    with pytest.raises(TooLargeError):
        Looked().read("/proc/self/status", limit=10)


def test_what_may_not_be_read_is_not_missing(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """An error of permission passes through, from files and from folders."""
    (public_folder / "secret").mkdir()
    (public_folder / "secret" / "file").write_text("x")
    (public_folder / "file").write_text("x")
    (public_folder / "file").chmod(0)
    (public_folder / "secret").chmod(0)
    looked = Looked()

    with as_nobody():
        with pytest.raises(PermissionError):
            looked.read(str(public_folder / "file"))
        with pytest.raises(PermissionError):
            looked.scan(str(public_folder / "secret"))
        with pytest.raises(PermissionError):
            looked.lstat(str(public_folder / "secret" / "file"))

    assert set(looked.seen) == {str(public_folder / name) for name in ("file", "secret", "secret/file")}


def test_a_scan_tells_the_kinds_apart_in_the_order_of_names(tmp_path: Path) -> None:
    """Links are not followed, whatever they lead to."""
    (tmp_path / "b-file").touch()
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "c-link").symlink_to("a-folder")
    os.mkfifo(tmp_path / "d-pipe")
    looked = Looked()

    entries = looked.scan(str(tmp_path))

    assert [(entry.name, entry.kind) for entry in entries] == [
        ("a-folder", "dir"),
        ("b-file", "file"),
        ("c-link", "link"),
        ("d-pipe", "special"),
    ]
    assert entries[0].path == str(tmp_path / "a-folder")
    assert set(looked.seen) == {str(tmp_path)}


def test_a_linked_folder_is_scanned_and_both_are_recorded(tmp_path: Path) -> None:
    """An entry that appears behind the link changes the folder, not the link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.md").touch()
    (tmp_path / "link").symlink_to("real")
    looked = Looked()

    entries = looked.scan(str(tmp_path / "link"))

    assert [entry.path for entry in entries] == [str(tmp_path / "link" / "x.md")]
    assert set(looked.seen) == {str(tmp_path / "link"), str(tmp_path / "real")}


def listed(root: Path) -> Looked:
    looked = Looked()
    looked.scan(str(root))
    looked.scan(str(root / "sources"))
    return looked


def test_folders_where_only_outputs_appeared_are_set_aside(tmp_path: Path) -> None:
    """The root is read for its sources, and outputs stand in it: the look after writing counts for it."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "stale").touch()
    looked = listed(tmp_path)
    (tmp_path / ".agents" / "skills").mkdir(parents=True)
    (tmp_path / ".agents" / "skills" / "x").symlink_to("../../sources")
    (tmp_path / "stale").unlink()

    now = looked.set_aside([str(tmp_path / ".agents" / "skills" / "x"), str(tmp_path / "stale")])

    assert now.seen == {str(tmp_path): Signature.of(tmp_path.lstat())}
    assert set(looked.seen) == {str(tmp_path / "sources")}
    assert now.began_ns >= looked.began_ns


@pytest.mark.parametrize("name", ["CLAUDE.local.md", ".agents-2"])
def test_folders_where_something_else_appeared_stay_as_they_were_seen(tmp_path: Path, name: str) -> None:
    """A source that somebody added while outputs were written must show up in the next sync."""
    (tmp_path / "sources").mkdir()
    looked = listed(tmp_path)
    before = dict(looked.seen)
    (tmp_path / ".agents").mkdir()
    (tmp_path / name).touch()

    now = looked.set_aside([str(tmp_path / ".agents" / "skills")])

    assert now.seen == {}
    assert looked.seen == before


def test_a_folder_that_is_gone_stays_as_it_was_seen(tmp_path: Path) -> None:
    """Its return would be a change."""
    root = tmp_path / "root"
    (root / "sources").mkdir(parents=True)
    looked = listed(root)
    root.rename(tmp_path / "elsewhere")

    assert looked.set_aside([str(root / "out")]).seen == {}
    assert looked.seen[str(root)] is not None


def test_what_leads_out_of_the_folders_that_are_allowed_is_not_read(tmp_path: Path) -> None:
    """Whatever a look before said: the open file itself tells where it lies."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    (inside / "link").symlink_to(outside)
    allowed = (str(inside.resolve()),)
    assert Looked().read(str(inside / "file"), within=allowed) == b"inside"
    assert Looked().read(str(inside / "link" / "file"), within=(*allowed, str(outside.resolve()))) == b"outside"
    with pytest.raises(OutsideError):
        Looked().read(str(inside / "link" / "file"), within=allowed)
