"""The footprint of a sync notices every change by `lstat` alone, and never takes a young time stamp at its word."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest

from harnesssync_orchestrator.files.footprint import Footprint, is_unchanged
from harnesssync_orchestrator.files.hashing import RACY_NS
from harnesssync_orchestrator.files.reading import Looked, Signature
from harnesssync_orchestrator.files.tree import list_tree


def look(root: Path, *, began_ns: int | None = None) -> Footprint:
    """The footprint of a look at everything in `root`, and at what is missing there; a second later unless said."""
    looked = Looked(time.time_ns() + 10**9 if began_ns is None else began_ns)
    list_tree(str(root), looked)
    looked.lstat(str(root / "missing"))
    looked.lstat(str(root / "link"))
    return Footprint.of(looked, key="codex gemini", result=b"in step")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a file, a folder with a file, and a link that leads out."""
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "file").write_text("one")
    (tmp_path / "tree" / "inner" / "file").write_text("one")
    (tmp_path / "tree" / "link").symlink_to("/nowhere")
    return tmp_path / "tree"


def test_nothing_changed_is_unchanged(root: Path) -> None:
    """Reading is no change."""
    footprint = look(root)
    (root / "file").read_text()
    list(root.iterdir())

    assert is_unchanged(footprint)


def edit(root: Path) -> None:
    (root / "inner" / "file").write_text("two")


def edit_and_restore_the_time(root: Path) -> None:
    status = (root / "file").stat()
    (root / "file").write_text("two")
    os.utime(root / "file", ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(root: Path) -> None:
    (root / "new").write_text("one")
    (root / "new").replace(root / "file")


def change_mode(root: Path) -> None:
    (root / "file").chmod(0o755)


def relink(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("/nowhere")


def add_to_a_folder(root: Path) -> None:
    (root / "inner" / "new").touch()


def remove_a_file(root: Path) -> None:
    (root / "file").unlink()


def make_what_was_missing(root: Path) -> None:
    (root / "missing").touch()


def remove_everything(root: Path) -> None:
    root.rename(root.with_name("elsewhere"))


@pytest.mark.parametrize(
    "change",
    [
        edit,
        edit_and_restore_the_time,
        replace,
        change_mode,
        relink,
        add_to_a_folder,
        remove_a_file,
        make_what_was_missing,
        remove_everything,
    ],
)
def test_every_change_is_noticed(root: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    """In content, name, mode, link, folder, or in what was not there."""
    footprint = look(root)
    wait_for_tick(tmp_path)

    change(root)

    assert not is_unchanged(footprint)


def wait_for_tick(folder: Path) -> None:
    """Touch a file until the clock of the file system has gone on."""
    probe = folder / "probe"
    probe.touch()
    start = probe.stat().st_ctime_ns
    while probe.stat().st_ctime_ns <= start:
        probe.touch()


def test_a_path_that_can_no_longer_be_looked_at_is_changed(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """Unknown is not unchanged; neither for what was there nor for what was not."""
    (public_folder / "closed").mkdir()
    (public_folder / "closed" / "file").touch()
    there, missing = Looked(time.time_ns() + 10**9), Looked()
    there.lstat(str(public_folder / "closed" / "file"))
    missing.lstat(str(public_folder / "closed" / "missing"))
    assert is_unchanged(Footprint.of(there, key=""))
    assert is_unchanged(Footprint.of(missing, key=""))

    (public_folder / "closed").chmod(0)

    with as_nobody():
        assert not is_unchanged(Footprint.of(there, key=""))
        assert not is_unchanged(Footprint.of(missing, key=""))


def test_a_young_entry_leaves_the_footprint_unsettled(root: Path) -> None:
    """A second change within the same tick of the clock would not show, so the next sync looks again."""
    newest = max(path.lstat().st_ctime_ns for path in (root, *root.rglob("*")))

    young = look(root, began_ns=newest + RACY_NS - 1)
    old = look(root, began_ns=newest + RACY_NS)

    assert (young.settled, is_unchanged(young)) == (False, False)
    assert (old.settled, is_unchanged(old)) == (True, True)


def test_several_looks_make_one_footprint(root: Path) -> None:
    """One at the sources and one at the outputs."""
    later_ns = time.time_ns() + 10**9
    sources, outputs = Looked(later_ns), Looked(later_ns)
    sources.lstat(str(root / "file"))
    sources.lstat(str(root))
    outputs.lstat(str(root / "inner" / "file"))
    outputs.lstat(str(root))
    footprint = Footprint.of(sources, outputs, key="")

    assert is_unchanged(footprint)
    assert len(footprint.paths) == 3
    (root / "file").unlink()
    assert not is_unchanged(footprint)


def test_a_change_between_two_looks_leaves_the_footprint_unsettled(root: Path) -> None:
    """The later look alone would hide it."""
    later_ns = time.time_ns() + 10**9
    first, second = Looked(later_ns), Looked(later_ns)
    first.lstat(str(root / "missing"))
    (root / "missing").touch()
    second.lstat(str(root / "missing"))

    assert not is_unchanged(Footprint.of(first, second, key=""))
    assert is_unchanged(Footprint.of(second, key=""))


def test_a_look_that_was_too_early_is_not_healed_by_a_later_one(root: Path) -> None:
    """What was read after the first may have changed within the same tick, and look the same to the second."""
    changed_ns = (root / "file").lstat().st_ctime_ns
    early, late = Looked(changed_ns), Looked(changed_ns + RACY_NS)
    early.lstat(str(root / "file"))
    late.lstat(str(root / "file"))

    assert not is_unchanged(Footprint.of(early, late, key=""))
    assert is_unchanged(Footprint.of(late, key=""))


def test_a_modification_time_in_the_future_does_not_unsettle(root: Path, tmp_path: Path) -> None:
    """Archives bring such times; the change time, which no program sets, decides."""
    future = time.time() + 10**6
    os.utime(root / "file", (future, future))

    assert is_unchanged(look(root))


def test_a_footprint_survives_being_saved(root: Path) -> None:
    """Also with names that are no text."""
    name = os.fsdecode(b"\xff")
    (root / name).touch()
    footprint = look(root)

    loaded = Footprint.decode(footprint.encode())

    assert loaded == footprint
    assert (loaded.key, loaded.result) == ("codex gemini", b"in step")
    assert is_unchanged(loaded)
    (root / name).unlink()
    assert not is_unchanged(loaded)


def test_a_damaged_or_foreign_footprint_is_never_unchanged(root: Path) -> None:
    """Losing it costs one full sync."""
    content = look(root).encode()

    for damaged in (b"", b"{}", b"\xc1", content[:-1], content + b"x", os.urandom(500)):
        assert Footprint.decode(damaged) == Footprint()
    assert Footprint.decode(content.replace(b"footprint-1", b"footprint-0")) == Footprint()
    assert not is_unchanged(Footprint())


def test_an_empty_look_is_unchanged() -> None:
    """A sync that had nothing to look at has nothing that could change."""
    assert is_unchanged(Footprint.of(Looked(), key=""))


def test_signatures_keep_the_order_of_their_paths(root: Path) -> None:
    """Each path is compared with its own signature, sorted so that neighbours are looked up together."""
    footprint = look(root)

    assert list(footprint.paths) == sorted(footprint.paths)
    for path, signature in zip(footprint.paths, footprint.signatures, strict=True):
        assert signature == Signature.of(os.lstat(path))


CHECK_UNCHANGED = """
import pathlib, sys
from harnesssync_orchestrator.files.footprint import Footprint, is_unchanged

footprint = Footprint.decode(pathlib.Path(sys.argv[1]).read_bytes())
events = []
sys.addaudithook(lambda event, args: events.append(event))
unchanged = is_unchanged(footprint)
print(unchanged, len(footprint.paths), sorted(set(events)))
"""


def test_hash_mtime_cache_of_an_unchanged_project_opens_and_lists_nothing(tmp_path: Path) -> None:
    """Not a file, not a folder: counted by an audit hook in a process of its own."""
    root = tmp_path / "tree"
    for number in range(200):
        (root / str(number)).mkdir(parents=True)
        (root / str(number) / "SKILL.md").write_text("x")
    (tmp_path / "footprint").write_bytes(look(root).encode())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    result = subprocess.run(
        [sys.executable, "-c", CHECK_UNCHANGED, str(tmp_path / "footprint")],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    assert result.stdout.strip() == "True 401 []"


def test_checking_costs_little_more_than_its_system_calls(tmp_path: Path) -> None:
    """At most twice the bare `lstat` of every path, measured side by side."""
    root = tmp_path / "tree"
    for number in range(500):
        (root / str(number)).mkdir(parents=True)
        (root / str(number) / "SKILL.md").write_text("x")
    footprint = look(root)

    ours = bare = float("inf")
    for _ in range(100):  # as often as it takes on a busy machine: the best of each is compared
        start = time.perf_counter()
        assert is_unchanged(footprint)
        middle = time.perf_counter()
        for path in footprint.paths:
            os.lstat(path)
        ours, bare = min(ours, middle - start), min(bare, time.perf_counter() - middle)
        if ours < bare * 2:
            break

    assert ours < bare * 2


@pytest.mark.parametrize("call", ["lstat", "open", "scandir", "listdir"])
def test_a_look_that_failed_is_not_taken_for_what_is_there(
    root: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A disk error or too many open files pass, and nothing that `lstat` tells shows it."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    looked = Looked(time.time_ns() + 10**9)
    monkeypatch.setattr(os, call, fail)
    with suppress(OSError):
        looked.read(str(root / "file"))
    with suppress(OSError):
        looked.scan(str(root))
    if call == "listdir":
        list_tree(str(root), looked)
    monkeypatch.undo()
    looked.lstat(str(root))
    assert not is_unchanged(Footprint.of(looked, key="codex gemini"))
