"""What stands on disk is kept before it is changed, and comes back as it was."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash
from harnesssync_orchestrator.core.history import Change, Record, TransactionKind
from harnesssync_orchestrator.core.ledger import Entry, Method
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.core.plan import EditDocument, Remove, Restore, WriteFile
from harnesssync_orchestrator.core.stood import Nothing, Stood, StoodFile, StoodLink, StoodTree, copy_of
from harnesssync_orchestrator.core.targets import RemoveKey, SetKey
from harnesssync_orchestrator.errors import ApplyError, StateError
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.copying import digest_at
from harnesssync_orchestrator.files.history import records
from harnesssync_orchestrator.files.history.capture import Captured, capture, look, modes
from harnesssync_orchestrator.files.history.pack import PACK, Pack
from harnesssync_orchestrator.files.history.records import Draft
from harnesssync_orchestrator.files.history.restoring import restore
from harnesssync_orchestrator.files.place import Place

OWNERS = ("codex",)
TIME = "2026-01-01T00:00:00+00:00"
MTIME_NS = 1_600_000_000_123_456_789
ENTRY = Entry(method=Method.WRITE, digest="d", timestamp=TIME, owners=OWNERS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "ours" / "history"


def write(path: str, *, expected: str | None, content: bytes = b"new") -> WriteFile:
    return WriteFile(path=path, owners=OWNERS, content=content, executable=False, expected=expected)


def keep(root: Path, history: Path, *operations: WriteFile | Remove | EditDocument) -> tuple[str, Captured]:
    """Capture, and make it last; the name of the record."""
    draft = Draft(history, "00ff")
    captured = capture(root, operations, FORMATS, draft.pack)
    finish(draft)
    return draft.name, captured


def finish(draft: Draft) -> None:
    draft.finish(Record(name=draft.name, kind=TransactionKind.SYNC, time=TIME, changes=()))
    draft.publish()


def put_back(root: Path, history: Path, name: str, path: str, before: Stood, expected: str | None) -> tuple[str, ...]:
    operation = Restore(path=path, owners=OWNERS, origin=name, before=before, expected=expected)
    with Below(root) as below:
        return restore(operation, below, history)


# --- files and links ---


def test_a_file_comes_back_with_its_mode_and_time(root: Path, history: Path) -> None:
    """To the nanosecond, and in a folder that has to be made again."""
    path = root / "x" / "a.md"
    path.parent.mkdir()
    path.write_bytes(b"old\r\n\xff")
    path.chmod(0o4750)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    name, captured = keep(root, history, write("x/a.md", expected=short_hash(b"old\r\n\xff")))
    before = captured.stood["x/a.md"]
    assert before == StoodFile(digest=short_hash(b"old\r\n\xff"), mode=0o4750, mtime_ns=MTIME_NS)
    path.unlink()
    path.parent.rmdir()
    assert put_back(root, history, name, "x/a.md", before, None) == ("x/",)
    status = path.stat()
    assert (path.read_bytes(), stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (b"old\r\n\xff", 0o4750, MTIME_NS)


def test_a_file_comes_back_in_the_place_of_another(root: Path, history: Path) -> None:
    """If that is still what is expected; else nothing happens."""
    path = root / "a.md"
    path.write_bytes(b"old")
    name, captured = keep(root, history, write("a.md", expected=short_hash(b"old")))
    path.write_bytes(b"an edit")
    with pytest.raises(ApplyError, match="changed"):
        put_back(root, history, name, "a.md", captured.stood["a.md"], short_hash(b"new"))
    assert path.read_bytes() == b"an edit"
    put_back(root, history, name, "a.md", captured.stood["a.md"], short_hash(b"an edit"))
    assert path.read_bytes() == b"old"
    assert [each.name for each in root.iterdir()] == ["a.md"]


def test_a_link_comes_back_saying_what_it_said(root: Path, history: Path) -> None:
    """It is not followed, whatever it leads to, and needs no pack."""
    (root / "l").symlink_to("/nowhere/\udcff")
    name, captured = keep(root, history, write("l", expected=link_hash("/nowhere/\udcff")))
    assert captured.stood["l"] == StoodLink(text="/nowhere/\udcff")
    assert not (history / name / PACK).exists()
    (root / "l").unlink()
    (root / "l").write_bytes(b"new")
    put_back(root, history, name, "l", captured.stood["l"], short_hash(b"new"))
    assert str((root / "l").readlink()) == "/nowhere/\udcff"


def test_names_that_are_not_utf8_are_kept_too(root: Path, history: Path) -> None:
    """In the pack and in the record."""
    name_of_file = os.fsdecode(b"\xff-\xe6\x97\xa5 \n.md")
    (root / name_of_file).write_bytes(b"old")
    name, captured = keep(root, history, write(name_of_file, expected=short_hash(b"old")))
    (root / name_of_file).unlink()
    put_back(root, history, name, name_of_file, captured.stood[name_of_file], None)
    assert (root / name_of_file).read_bytes() == b"old"


def test_what_is_made_anew_needs_no_look(root: Path, history: Path) -> None:
    """Nothing stood there: whoever makes it sees to that."""
    name, captured = keep(root, history, write("x/a.md", expected=None))
    assert captured.stood == {"x/a.md": Nothing()}
    assert [path.name for path in (history / name).iterdir()] == ["record.json"]


def test_what_is_to_go_goes(root: Path, history: Path) -> None:
    """A file, a link or a folder, if it is what is expected."""
    (root / "f").write_bytes(b"new")
    (root / "l").symlink_to("f")
    (root / "t").mkdir()
    (root / "t" / "x").write_bytes(b"x")
    expected = {"f": short_hash(b"new"), "l": link_hash("f"), "t": digest_at(Place.by_path(root / "t"))}
    for path, digest in expected.items():
        with pytest.raises(ApplyError):
            put_back(root, history, "000001-00ff", path, Nothing(), "0" * 16)
        put_back(root, history, "000001-00ff", path, Nothing(), digest)
    assert list(root.iterdir()) == []


# --- folders ---


def test_a_folder_comes_back_with_all_that_was_in_it(root: Path, history: Path) -> None:
    """Files, links, empty folders, read-only ones, with modes and times; where something else stands by now."""
    tree = root / "t"
    (tree / "in" / "deep").mkdir(parents=True)
    (tree / "empty").mkdir()
    (tree / "in" / "deep" / "run.sh").write_bytes(b"#!/bin/sh\n")
    (tree / "in" / "deep" / "run.sh").chmod(0o755)
    (tree / "in" / "deep.txt").write_bytes(b"")
    (tree / "in" / "link").symlink_to("deep/run.sh")
    os.utime(tree / "in" / "deep.txt", ns=(MTIME_NS, MTIME_NS))
    (tree / "in").chmod(0o555)
    digest = digest_at(Place.by_path(tree)) or ""
    before = _picture(tree)
    remove = Remove(path="t", owners=OWNERS, expected=digest, method=Method.COPY)
    name, captured = keep(root, history, remove)
    assert captured.stood["t"] == StoodTree(digest=digest)
    tree.rename(root / "moved")
    (root / "t").write_bytes(b"new")
    put_back(root, history, name, "t", captured.stood["t"], short_hash(b"new"))
    assert _picture(tree) == before
    for folder in (tree / "in", root / "moved" / "in"):
        folder.chmod(0o755)


def _picture(folder: Path) -> dict[str, object]:
    return {
        path.relative_to(folder).as_posix(): (
            stat.S_IMODE(path.lstat().st_mode),
            path.lstat().st_mtime_ns if path.is_file() and not path.is_symlink() else None,
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize(("number", "comes"), [(errno.EPERM, True), (errno.ENOTSUP, True), (errno.EIO, False)])
def test_where_neither_modes_nor_times_can_be_set_the_content_comes_back(
    root: Path, history: Path, monkeypatch: pytest.MonkeyPatch, number: int, comes: bool
) -> None:
    """FAT that somebody else has mounted lets us do neither. A disk error is one, and changes nothing."""
    (root / "x" / "inner").mkdir(parents=True)
    (root / "x" / "inner" / "a").write_bytes(b"old")
    (root / "f").write_bytes(b"old")
    digest = digest_at(Place.by_path(root / "x")) or ""
    remove = Remove(path="x", owners=OWNERS, expected=digest, method=Method.COPY)
    name, captured = keep(root, history, remove, write("f", expected=short_hash(b"old")))
    shutil.rmtree(root / "x")
    (root / "f").unlink()

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    if comes:
        monkeypatch.setattr(os, "fchmod", refuse)
    monkeypatch.setattr(os, "utime", refuse)
    for path in ("x", "f"):
        if comes:
            put_back(root, history, name, path, captured.stood[path], None)
        else:
            with pytest.raises(ApplyError):
                put_back(root, history, name, path, captured.stood[path], None)
    there = {each.relative_to(root).as_posix() for each in root.rglob("*")}
    assert there == ({"x", "x/inner", "x/inner/a", "f"} if comes else set())
    if comes:
        assert ((root / "x/inner/a").read_bytes(), (root / "f").read_bytes()) == (b"old", b"old")


def test_the_marker_of_an_edited_copy_does_not_vouch_for_the_edit(root: Path, history: Path) -> None:
    """It comes back saying what it said: the edit is no copy of ours."""
    (root / "a.md").write_bytes(b"edited")
    marker = root / marker_name("a.md")
    marker.write_text(f"/source\n{short_hash(b'copied')}\n")
    before = marker.read_bytes()
    name, captured = keep(root, history, write("a.md", expected=short_hash(b"edited")))
    stood = captured.stood["a.md"]
    assert isinstance(stood, StoodFile)
    assert (stood.marker, stood.marked, copy_of(stood)) == ("/source", short_hash(b"copied"), "")
    (root / "a.md").write_bytes(b"new")
    marker.write_text(f"/source\n{short_hash(b'new')}\n")
    put_back(root, history, name, "a.md", stood, short_hash(b"new"))
    assert ((root / "a.md").read_bytes(), marker.read_bytes()) == (b"edited", before)


def test_a_folder_that_holds_more_than_its_digest_covers_is_not_touched(root: Path, history: Path) -> None:
    """A repository that somebody began in it, say: it could not be proved to be what was planned for."""
    tree = root / "t"
    (tree / ".git").mkdir(parents=True)
    (tree / "a").write_bytes(b"a")
    digest = digest_at(Place.by_path(tree)) or ""
    (tree / ".git" / "HEAD").write_bytes(b"ref")
    _, captured = keep(root, history, Remove(path="t", owners=OWNERS, expected=digest, method=Method.COPY))
    assert [error.code for _, error in captured.failed] == ["changed_underneath"]


# --- what is found to be different ---


def test_what_is_not_as_expected_is_not_touched(root: Path, history: Path) -> None:
    """It was edited since the plan was made; the others go on."""
    (root / "a.md").write_bytes(b"an edit")
    (root / "b.md").write_bytes(b"old")
    _, captured = keep(
        root, history, write("a.md", expected=short_hash(b"old")), write("b.md", expected=short_hash(b"old"))
    )
    assert [operation.path for operation in captured.operations] == ["b.md"]
    assert [(operation.path, error.code) for operation, error in captured.failed] == [("a.md", "changed_underneath")]


@pytest.fixture
def special(root: Path) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(root)
        one.bind("s")
        os.chdir(here)
        yield "s"


def test_special_files_and_links_on_the_way_are_never_opened(root: Path, history: Path, special: str) -> None:
    """A pipe would hang, and a folder that is a link leads elsewhere."""
    os.mkfifo(root / "p")
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "a.md").write_bytes(b"old")
    (root / "x").symlink_to("elsewhere")
    paths = ["p", special, "x/a.md", "gone/a.md"]
    _, captured = keep(root, history, *(write(path, expected=short_hash(b"old")) for path in paths))
    assert [operation.path for operation, _ in captured.failed] == paths
    assert captured.operations == []


def test_what_can_not_be_read_is_not_touched(
    public_folder: Path, tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """What can't be kept must not be replaced."""
    (public_folder / "a.md").write_bytes(b"old")
    (public_folder / "a.md").chmod(0o000)
    draft = Draft(tmp_path / "history", "00ff")
    with as_nobody():
        captured = capture(public_folder, [write("a.md", expected=short_hash(b"old"))], FORMATS, draft.pack)
    draft.discard()
    assert [error.code for _, error in captured.failed] == ["not_writable"]


def test_a_merged_file_is_kept_whole_and_edited_once(root: Path, history: Path) -> None:
    """What it will say is known before the first change; a file that we made goes with its last key."""
    content = b'{"own": 1, "k": 2}\n'
    (root / "c.json").write_bytes(content)
    (root / "d.json").write_bytes(b'{"k": 2}')

    def edit(path: str, expected: bytes | None, *edits: SetKey | RemoveKey, goes: bool = False) -> EditDocument:
        digest = None if expected is None else short_hash(expected)
        return EditDocument(
            path=path, owners=OWNERS, expected=digest, format="json", edits=edits, record={}, remove_when_empty=goes
        )

    name, captured = keep(
        root,
        history,
        edit("c.json", content, SetKey(("k",), 3)),
        edit("d.json", b'{"k": 2}', RemoveKey(("k",)), goes=True),
        edit("new.json", None, SetKey(("k",), 1)),
    )
    assert captured.edited["c.json"] == b'{"own": 1, "k": 3}\n'
    assert captured.edited["d.json"] is None
    assert captured.edited["new.json"] is not None
    pack = Pack(history / name / PACK)
    assert pack.content("c.json") == content
    pack.close()


def test_looking_tells_what_stands_where(root: Path) -> None:
    """And has no digest for what is nobody's business."""
    (root / "a.md").write_bytes(b"a")
    (root / "a.md").chmod(0o600)
    (root / "l").symlink_to("a.md")
    os.mkfifo(root / "p")
    found = look(root, ["a.md", "l", "p", "gone", "a.md/below"])
    assert found["a.md"].stood == StoodFile(
        digest=short_hash(b"a"), mode=0o600, mtime_ns=(root / "a.md").stat().st_mtime_ns
    )
    assert found["l"].stood == StoodLink(text="a.md")
    assert found["gone"].stood == Nothing()
    assert found["p"].stood.digest == ""
    assert found["a.md/below"].stood.digest == ""


def test_modes_are_those_of_folders_that_are_there(root: Path) -> None:
    """Not of links to folders."""
    (root / "x").mkdir(mode=0o750)
    (root / "y").symlink_to("x")
    assert modes(root, ["x/", "gone/"]) == {"x/": 0o750}


# --- records ---


def test_a_pack_can_be_read_without_us(root: Path, history: Path) -> None:
    """It is a plain tar file, with paths as they were."""
    (root / "a.md").write_bytes(b"old")
    name, _ = keep(root, history, write("a.md", expected=short_hash(b"old")))
    with tarfile.open(history / name / PACK) as tar:
        assert tar.getnames() == ["before/a.md"]


def test_a_file_that_gets_shorter_while_it_is_kept_harms_no_other(
    root: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes it anew at just that moment: its operation fails, and what is kept after it can be restored."""
    (root / "a.md").write_bytes(b"a" * 3000)
    (root / "b.md").write_bytes(b"b" * 3000)
    read = os.read

    def truncating(descriptor: int, size: int) -> bytes:
        os.truncate(root / "a.md", 100)
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", truncating)
    name, captured = keep(
        root,
        history,
        write("a.md", expected=short_hash(b"a" * 3000)),
        write("b.md", expected=short_hash(b"b" * 3000)),
    )
    monkeypatch.undo()
    assert [operation.path for operation in captured.operations] == ["b.md"]
    assert [(error.path, error.code) for _, error in captured.failed] == [("a.md", "changed_underneath")]
    (root / "b.md").write_bytes(b"new")
    put_back(root, history, name, "b.md", captured.stood["b.md"], short_hash(b"new"))
    assert (root / "b.md").read_bytes() == b"b" * 3000


def test_a_damaged_pack_changes_nothing(root: Path, history: Path) -> None:
    """Whether it can't be read, is cut short or holds other bytes."""
    (root / "a.md").write_bytes(b"old")
    name, captured = keep(root, history, write("a.md", expected=short_hash(b"old")))
    (root / "a.md").write_bytes(b"new")
    pack = history / name / PACK
    whole = pack.read_bytes()
    for content in (b"", b"junk", whole[:600], whole.replace(b"old", b"odd")):
        pack.write_bytes(content)
        with pytest.raises(ApplyError) as caught:
            put_back(root, history, name, "a.md", captured.stood["a.md"], short_hash(b"new"))
        assert caught.value.code == "history_damaged"
    assert [(path.name, path.read_bytes()) for path in root.iterdir()] == [("a.md", b"new")]


def test_records_are_numbered_and_read_in_order(history: Path) -> None:
    """Numbers grow beyond what is there, and a foreign name is nobody's."""
    assert records.names(history) == []
    for number in range(1, 4):
        draft = Draft(history, f"{number:04x}")
        assert draft.name == f"{number:06}-{number:04x}"
        finish(draft)
    (history / "notes").mkdir()
    found, errors = records.load_all(history)
    assert ([record.number for record in found], errors) == ([1, 2, 3], {})


def test_a_record_that_can_not_be_read_is_told_and_hides_no_other(history: Path) -> None:
    """Nothing is guessed about it."""
    for _ in range(2):
        draft = Draft(history, "00ff")
        finish(draft)
    (history / "000001-00ff" / "record.json").write_text("{")
    found, errors = records.load_all(history)
    assert ([record.number for record in found], [error.code for error in errors.values()]) == (
        [2],
        ["history_damaged"],
    )
    with pytest.raises(StateError):
        records.load(history, "000001-00ff")


def test_an_undo_that_was_not_finished_is_disowned(history: Path) -> None:
    """The rest of its record stays."""
    draft = Draft(history, "00ff")
    one = Record(name=draft.name, kind=TransactionKind.UNDO, time=TIME, changes=(), undoes="000007-00ff")
    draft.finish(one)
    assert records.names(history) == []
    draft.publish()
    records.disown(history, records.load(history, draft.name))
    after = records.load(history, draft.name)
    assert (after.undoes, after.kind, after.time) == ("", one.kind, one.time)


def test_records_that_are_needed_are_never_retired(history: Path) -> None:
    """Neither for their number nor for their age."""
    for _ in range(4):
        draft = Draft(history, "00ff")
        finish(draft)
    os.utime(history / "000003-00ff", (0, 0))
    records.retire(history, keep=2, days=30, needed={"000001-00ff"})
    assert records.names(history) == ["000001-00ff", "000004-00ff"]


def test_records_that_a_kept_one_would_give_back_the_use_of_are_kept_too(history: Path) -> None:
    """Undoing a removal brings back an entry, and with it the claim to what stood there before we ever wrote."""
    address = Address("a.md")
    entries = {address: replace(ENTRY, origin="000001-00ff")}
    removal = Change(path="a.md", before=Nothing(), after=None, entries_before=entries)
    for changes in ((), (), (removal,), ()):
        draft = Draft(history, "00ff")
        draft.finish(Record(name=draft.name, kind=TransactionKind.SYNC, time=TIME, changes=changes))
        draft.publish()
    records.retire(history, keep=2, days=30, needed=())
    assert records.names(history) == ["000001-00ff", "000003-00ff", "000004-00ff"]
    records.retire(history, keep=1, days=30, needed=())
    assert records.names(history) == ["000004-00ff"]


def test_what_a_killed_process_had_begun_is_swept(history: Path) -> None:
    """And is no record before."""
    draft = Draft(history, "00ff")
    (history / ".gone-000001-00ff").mkdir()
    assert records.names(history) == []
    records.sweep(history)
    assert list(history.iterdir()) == []
    draft.discard()
