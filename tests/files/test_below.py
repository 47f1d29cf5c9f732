"""Outputs below a root: nothing leaves it, and nothing of anybody else's is ever lost."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
from tests.moments import at_every_line

from harnesssync_orchestrator.core.desired import link_hash, short_hash
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files import swap, temporaries
from harnesssync_orchestrator.files.below import Below, remove_below, symlink_below, write_below
from harnesssync_orchestrator.files.folder import Folder
from harnesssync_orchestrator.files.place import remove_tree

OLD, NEW, FOREIGN = b"old\n", b"new\n", b"somebody's own edit\n"


def run_python(script: str, *arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def names(path: Path) -> set[str]:
    return {each.name for each in path.iterdir()}


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


# --- outputs below a root ---


def test_a_new_output_comes_with_its_folders(tmp_path: Path) -> None:
    """The folders that were made are told, outermost first, so that they can go again with it."""
    assert write_below(tmp_path, ".x/skills/a.md", NEW, mode=0o644, expected=None) == (".x/", ".x/skills/")
    assert write_below(tmp_path, ".x/skills/b.md", NEW, mode=0o755, expected=None) == ()
    assert (tmp_path / ".x/skills/a.md").read_bytes() == NEW
    assert names(tmp_path / ".x/skills") == {"a.md", "b.md"}


@pytest.mark.needs("modes")
def test_a_new_output_has_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    """A script can be run."""
    for name, mode in (("a.md", 0o644), ("b.sh", 0o755)):
        write_below(tmp_path, name, NEW, mode=mode, expected=None)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode


@pytest.mark.needs("modes")
def test_the_umask_of_the_user_holds_for_a_new_output(tmp_path: Path) -> None:
    """Somebody whose files are private wants these private too."""
    former = os.umask(0o077)
    try:
        write_below(tmp_path, "a.md", NEW, mode=0o644, expected=None)
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == 0o600


@pytest.mark.needs("modes")
@pytest.mark.parametrize(
    ("before", "executable", "after"),
    [(0o640, None, 0o640), (0o640, True, 0o750), (0o755, False, 0o644), (0o755, None, 0o755), (0o4755, None, 0o755)],
)
def test_a_replaced_output_keeps_its_mode(tmp_path: Path, before: int, executable: bool | None, after: int) -> None:
    """Save for the executable bits, if these are asked for, and for setuid bits, which are not passed on."""
    file = tmp_path / "a"
    file.write_bytes(OLD)
    file.chmod(before)
    write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD), executable=executable)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (NEW, after)


@pytest.mark.needs("modes")
@pytest.mark.parametrize(("there", "after"), [(0o600, 0o664), (0o640, 0o640), (0o400, 0o400)])
def test_an_output_gets_permissions_back_of_which_it_has_just_its_owners(
    tmp_path: Path, there: int, after: int
) -> None:
    """With others, somebody has given it those meanwhile."""
    file = tmp_path / "a"
    file.write_bytes(OLD)
    file.chmod(there)
    with Below(tmp_path) as below:
        below.write("a", NEW, mode=0o644, expected=short_hash(OLD), back=0o664)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (NEW, after)


@pytest.mark.parametrize("expected", [None, short_hash(OLD)])
def test_an_output_that_is_not_as_expected_is_left_alone(tmp_path: Path, expected: str | None) -> None:
    """Whether nothing was expected or something else: what a person wrote stays, and the error says so."""
    (tmp_path / "a").write_bytes(FOREIGN)
    with pytest.raises(ApplyError) as caught:
        write_below(tmp_path, "a", NEW, mode=0o644, expected=expected)
    assert (caught.value.code, caught.value.path) == ("changed_underneath", "a")
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (FOREIGN, {"a"})


def test_an_output_that_vanished_is_not_made_again(tmp_path: Path) -> None:
    """Somebody's removal is an edit too."""
    with pytest.raises(ApplyError) as caught:
        write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert (caught.value.code, names(tmp_path)) == ("changed_underneath", set())


@pytest.mark.parametrize("kind", ["folder", pytest.param("fifo", marks=pytest.mark.needs("pipes"))])
def test_a_folder_or_a_fifo_in_the_way_is_an_obstruction(tmp_path: Path, kind: str) -> None:
    """It is neither opened, which could block for ever, nor replaced."""
    if kind == "folder":
        (tmp_path / "a").mkdir()
    else:
        os.mkfifo(tmp_path / "a")
    for expected in (None, short_hash(OLD)):
        with pytest.raises(ApplyError) as caught:
            write_below(tmp_path, "a", NEW, mode=0o644, expected=expected)
        assert caught.value.code == "obstructed"
    assert names(tmp_path) == {"a"}


@pytest.mark.needs("links")
@pytest.mark.parametrize("relative", ["out/a", "out/b/c"])
def test_no_escape_via_symlink_in_the_way(tmp_path: Path, relative: str) -> None:
    """A link as a parent is refused, for every kind of change, also when it stays inside."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    (outside / "b").mkdir(parents=True)
    (outside / "a").write_bytes(OLD)
    (root / "out").symlink_to(outside)
    changes: list[Callable[[], object]] = [
        lambda: write_below(root, relative, NEW, mode=0o644, expected=None),
        lambda: symlink_below(root, relative, "x", directory=False),
        lambda: remove_below(root, relative, short_hash(OLD)),
    ]
    for change in changes:
        with pytest.raises(ApplyError) as caught:
            change()
        assert caught.value.code == "obstructed"
    assert (names(outside), (outside / "a").read_bytes(), names(root)) == ({"a", "b"}, OLD, {"out"})


@pytest.mark.parametrize(
    "relative", ["", "/etc/x", "../x", "a/../../x", "a//b", ".", "a/.", ".git/hooks/x", "a/.GIT/config", "a\0b"]
)
def test_a_path_that_could_lead_elsewhere_is_refused(tmp_path: Path, relative: str) -> None:
    """Whoever made it up: the last door checks too."""
    with pytest.raises(ApplyError) as caught:
        write_below(tmp_path, relative, NEW, mode=0o644, expected=None)
    assert (caught.value.code, names(tmp_path)) == ("unsafe_path", set())


def test_a_root_that_is_gone_is_not_made(tmp_path: Path) -> None:
    """An unmounted disk must not be replaced by a folder."""
    with pytest.raises(ApplyError):
        write_below(tmp_path / "gone", "a", NEW, mode=0o644, expected=None)
    assert names(tmp_path) == set()


@pytest.mark.needs("hard links")
def test_a_hard_link_of_an_output_keeps_its_content(tmp_path: Path) -> None:
    """Another name of the file that is replaced is another file afterwards."""
    (tmp_path / "a").write_bytes(OLD)
    os.link(tmp_path / "a", tmp_path / "precious")
    write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert ((tmp_path / "precious").read_bytes(), (tmp_path / "a").read_bytes()) == (OLD, NEW)


@pytest.mark.needs("links")
def test_a_dangling_link_at_an_output_is_not_written_through(tmp_path: Path) -> None:
    """It would make the file it names, anywhere."""
    (tmp_path / "a").symlink_to(tmp_path / "authorized_keys")
    with pytest.raises(ApplyError):
        write_below(tmp_path, "a", NEW, mode=0o644, expected=None)
    assert names(tmp_path) == {"a"}


def test_enospc_target_keeps_the_old_content(tmp_path: Path) -> None:
    """A write that fails half-way leaves the output as it was, and no temporary and no folder behind."""
    (tmp_path / "a").write_bytes(OLD)
    result = run_python(
        """
        import resource, sys
        from pathlib import Path
        from harnesssync_orchestrator.core.desired import short_hash
        from harnesssync_orchestrator.errors import ApplyError
        from harnesssync_orchestrator.files.below import write_below
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        for relative, expected in (("a", short_hash(b"old\\n")), ("made/for/b", None)):
            try:
                write_below(Path(sys.argv[1]), relative, b"x" * 100_000, mode=0o644, expected=expected)
            except ApplyError as error:
                print(error.code)
        """,
        tmp_path,
    )
    assert result.stdout == "disk_full\ndisk_full\n", result.stderr
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (OLD, {"a"})


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC may also come as late as the sync."""
    (tmp_path / "a").write_bytes(OLD)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ApplyError) as caught:
        write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert caught.value.code == "disk_full"
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (OLD, {"a"})


def test_a_folder_without_permission_is_told_as_such(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """The hint says what to do."""
    (public_folder / "a").write_bytes(OLD)
    with as_nobody(), pytest.raises(ApplyError, match="writable for you") as caught:
        write_below(public_folder, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert caught.value.code == "not_writable"
    assert (public_folder / "a").read_bytes() == OLD


@pytest.mark.needs("modes")
def test_a_replaced_output_keeps_owner_group_and_attributes(tmp_path: Path, as_root: None) -> None:
    """A configuration that root brings up to date is still that of the person whose it was, access lists and all."""
    file = tmp_path / "a"
    file.write_bytes(OLD)
    file.chmod(0o640)
    os.chown(file, 4711, 4712)
    attributes = {}
    if sys.platform == "linux":
        with suppress(OSError):  # no such thing here
            os.setxattr(file, "user.note", b"mine")
            attributes = {"user.note": b"mine"}
    write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    status = file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (4711, 4712, 0o640)
    if attributes:
        assert os.getxattr(file, "user.note") == b"mine"


@pytest.mark.parametrize(("number", "written"), [(errno.ENOSYS, True), (errno.EPERM, True), (errno.EIO, False)])
def test_where_there_are_no_modes_the_content_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, written: bool
) -> None:
    """FAT can't set any. Another error is one: then the old file stays."""
    (tmp_path / "a").write_bytes(OLD)

    def refuse(descriptor: int, mode: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fchmod", refuse)
    if written:
        write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    else:
        with pytest.raises(ApplyError):
            write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (NEW if written else OLD, {"a"})


def test_a_group_that_can_not_be_kept_gains_nothing(
    public_folder: Path, as_root: None, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """The file belongs to a group of whoever writes it then: the members of that may do what everybody may."""
    file = public_folder / "a"
    file.write_bytes(OLD)
    file.chmod(0o664)
    os.chown(file, 4711, 4712)
    public_folder.chmod(0o777)
    with as_nobody():
        write_below(public_folder, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (NEW, 0o644)


# --- links and removals ---


@pytest.mark.needs("links")
def test_a_link_is_made_and_made_anew_only_from_what_was_expected(tmp_path: Path) -> None:
    """A right one keeps its inode; one that somebody pointed elsewhere stays."""
    assert symlink_below(tmp_path, ".x/a", "../source", directory=True) == (".x/",)
    inode = (tmp_path / ".x/a").lstat().st_ino
    assert symlink_below(tmp_path, ".x/a", "../source", directory=True) == ()
    assert (tmp_path / ".x/a").lstat().st_ino == inode
    symlink_below(tmp_path, ".x/a", "../other", directory=True, expected=link_hash("../source"))
    assert (tmp_path / ".x/a").readlink() == Path("../other")
    for expected in (None, link_hash("../source")):
        with pytest.raises(ApplyError) as caught:
            symlink_below(tmp_path, ".x/a", "../third", directory=True, expected=expected)
        assert caught.value.code == "changed_underneath"
    assert ((tmp_path / ".x/a").readlink(), names(tmp_path / ".x")) == (Path("../other"), {"a"})


@pytest.mark.needs("links")
def test_a_file_takes_the_place_of_a_link_of_ours_and_the_other_way_round(tmp_path: Path) -> None:
    """`AGENTS.md` changes from linked to rendered when its source begins to import something."""
    (tmp_path / "CLAUDE.md").write_bytes(OLD)
    symlink_below(tmp_path, "AGENTS.md", "CLAUDE.md", directory=False)
    write_below(tmp_path, "AGENTS.md", NEW, mode=0o644, expected=link_hash("CLAUDE.md"))
    assert ((tmp_path / "AGENTS.md").read_bytes(), (tmp_path / "CLAUDE.md").read_bytes()) == (NEW, OLD)
    symlink_below(tmp_path, "AGENTS.md", "CLAUDE.md", directory=False, expected=short_hash(NEW))
    assert ((tmp_path / "AGENTS.md").readlink(), names(tmp_path)) == (Path("CLAUDE.md"), {"AGENTS.md", "CLAUDE.md"})


def test_only_what_is_as_expected_is_removed(tmp_path: Path) -> None:
    """What is gone already is no error; what changed stays."""
    (tmp_path / "a").write_bytes(OLD)
    with pytest.raises(ApplyError):
        remove_below(tmp_path, "a", short_hash(NEW))
    assert names(tmp_path) == {"a"}
    remove_below(tmp_path, "a", short_hash(OLD))
    remove_below(tmp_path, "a", short_hash(OLD))
    remove_below(tmp_path, "never/there", short_hash(OLD))
    assert names(tmp_path) == set()


@pytest.mark.needs("links")
def test_only_a_link_that_is_as_expected_is_removed(tmp_path: Path) -> None:
    """What it leads to is neither compared nor removed."""
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(ApplyError):
        remove_below(tmp_path, "link", short_hash(OLD))
    assert names(tmp_path) == {"a", "link"}
    remove_below(tmp_path, "link", link_hash("a"))
    assert names(tmp_path) == {"a"}


@pytest.mark.parametrize("linking", [False, pytest.param(True, marks=pytest.mark.needs("links"))])
def test_a_folder_of_ours_goes_with_all_that_is_in_it(tmp_path: Path, linking: bool) -> None:
    """Links in it are removed and not followed; read-only folders are no obstacle."""
    outside, copy = tmp_path / "outside", tmp_path / "root" / "copy"
    outside.mkdir()
    (outside / "precious").write_bytes(OLD)
    (copy / "inner" / "deep").mkdir(parents=True)
    (copy / "inner" / "deep" / "file").write_bytes(OLD)
    if linking:
        (copy / "inner" / "away").symlink_to(outside)
    (copy / "inner").chmod(0o555)
    root = Folder.root(tmp_path / "root")
    remove_tree(root, "copy")
    root.close()
    assert (names(tmp_path / "root"), names(outside)) == (set(), {"precious"})


def test_a_folder_of_ours_goes_where_nobody_may_set_modes(
    public_folder: Path, as_root: None, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """FAT that somebody else mounted gives all files to one user, and everybody may write: what may go goes."""
    (public_folder / "copy" / "inner").mkdir(parents=True)
    (public_folder / "copy" / "inner" / "file").write_bytes(OLD)
    for folder in (public_folder, public_folder / "copy", public_folder / "copy" / "inner"):
        folder.chmod(0o777)
    root = Folder.root(public_folder)
    with as_nobody():
        remove_tree(root, "copy")
    root.close()
    assert names(public_folder) == set()


def test_a_folder_of_ours_whose_mode_can_not_be_set_for_once_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk is told as what it is."""
    (tmp_path / "copy").mkdir()

    def fchmod(descriptor: int, mode: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fchmod", fchmod)
    root = Folder.root(tmp_path)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        remove_tree(root, "copy")
    root.close()
    assert names(tmp_path) == {"copy"}


def test_a_folder_is_removed_only_when_it_is_empty(tmp_path: Path) -> None:
    """True means that it is gone, now or before."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    with Below(tmp_path) as below:
        assert [below.rmdir(path) for path in ("a/", "a/b/", "a/b/", "a/")] == [False, True, True, True]


@pytest.mark.needs("links")
def test_a_link_is_no_folder_to_remove(tmp_path: Path) -> None:
    """It stays, and so does what it leads to."""
    (tmp_path / "link").symlink_to("elsewhere")
    with Below(tmp_path) as below, pytest.raises(ApplyError):
        below.rmdir("link/")
    assert names(tmp_path) == {"link"}


@pytest.mark.needs("links")
def test_many_links_in_one_folder_cost_one_sync_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folder that changed is synced, and only once."""
    fsync, synced = os.fsync, []

    def counting(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", counting)
    with Below(tmp_path) as below:
        for number in range(200):
            below.symlink(f".x/skills/{number}", "../../source", directory=True)
    assert sorted(synced) == sorted(each.stat().st_ino for each in (tmp_path, tmp_path / ".x", tmp_path / ".x/skills"))


def test_changes_in_more_folders_than_are_kept_open_all_arrive(tmp_path: Path) -> None:
    """The number of open files does not grow with the number of folders."""
    before = open_files()
    with Below(tmp_path) as below:
        for number in range(150):
            below.write(f"{number}/a", NEW, mode=0o644, expected=None)
        assert open_files() < before + 80
    assert open_files() == before
    assert len(list(tmp_path.glob("*/a"))) == 150


def test_what_a_killed_process_left_is_swept_unless_it_is_an_edit(tmp_path: Path) -> None:
    """A temporary tells what it should hold: anything else in it is somebody's, and is kept and named."""
    ours, former, foreign = (temporaries.telling_name(short_hash(NEW), short_hash(OLD)) for _ in range(3))
    for name, content in ((ours, NEW), (former, OLD), (foreign, FOREIGN), (".harnesssync-source-x.txt", OLD)):
        (tmp_path / name).write_bytes(content)
    with Below(tmp_path) as below:
        assert below.sweep("") == (foreign,)
        assert below.sweep("missing") == ()
    assert names(tmp_path) == {foreign, ".harnesssync-source-x.txt"}


def test_a_replacement_that_is_not_yet_whole_can_be_told_from_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed while it writes leaves a part, which must not stay for ever as somebody's."""
    (tmp_path / "a.md").write_bytes(OLD)
    unfinished: set[str] = set()
    really = os.fsync

    def fsync(descriptor: int) -> None:
        unfinished.update(names(tmp_path) - {"a.md"})
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_below(tmp_path, "a.md", NEW, mode=0o644, expected=short_hash(OLD))
    assert [temporaries.is_ours(name) for name in unfinished] == [True]
    assert names(tmp_path) == {"a.md"}


@pytest.mark.parametrize("meanwhile", [None, NEW, FOREIGN])
def test_what_was_held_when_a_process_was_killed_has_its_name_again(tmp_path: Path, meanwhile: bytes | None) -> None:
    """Unless what is new had arrived, then it goes; or something else did, then both stay."""
    held = temporaries.held_name(short_hash(NEW), short_hash(OLD), "a")
    (tmp_path / held).write_bytes(OLD)
    if meanwhile is not None:
        (tmp_path / "a").write_bytes(meanwhile)
    with Below(tmp_path) as below:
        assert below.sweep("") == ((held,) if meanwhile == FOREIGN else ())
    assert (tmp_path / "a").read_bytes() == (meanwhile or OLD)
    assert names(tmp_path) == ({"a", held} if meanwhile == FOREIGN else {"a"})


def test_what_is_held_by_nobody_of_ours_is_not_let_into_git(tmp_path: Path) -> None:
    """A name that somebody planted says that it belongs where git looks for its own files."""
    planted = temporaries.held_name(short_hash(NEW), short_hash(OLD), ".git")
    (tmp_path / planted).write_bytes(OLD)
    with Below(tmp_path) as below:
        assert below.sweep("") == (planted,)
    assert names(tmp_path) == {planted}


# --- somebody else acts at any moment ---


def edit(file: Path) -> None:
    """Save as editors do: a new file, renamed over the old."""
    other = file.with_name("editor's")
    other.write_bytes(FOREIGN)
    other.rename(file)


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(True, marks=pytest.mark.needs("exclusive renames")),
        pytest.param(False, marks=pytest.mark.needs("hard links")),
    ],
)
@pytest.mark.parametrize(
    "kind", ["replace", "create", pytest.param("relink", marks=pytest.mark.needs("links")), "remove"]
)
def test_an_edit_at_any_moment_of_a_change_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, exchange: bool
) -> None:
    """Somebody saves the output between any two lines of ours: their text has the name in the end, always. Also where
    the system can't exchange names."""
    if not exchange:
        monkeypatch.setattr(swap, "_system_call", lambda: None)
    link = link_hash("old")
    changes: dict[str, Callable[[Path], object]] = {
        "replace": lambda root: write_below(root, "d/a", NEW, mode=0o644, expected=short_hash(OLD)),
        "create": lambda root: write_below(root, "d/a", NEW, mode=0o644, expected=None),
        "relink": lambda root: symlink_below(root, "d/a", "new", directory=False, expected=link),
        "remove": lambda root: remove_below(root, "d/a", short_hash(OLD)),
    }
    grounds: list[Path] = []

    def prepare(name: Path) -> Path:
        ground = tmp_path / name
        (ground / "d").mkdir(parents=True)
        if kind == "relink":
            (ground / "d" / "a").symlink_to("old")
        elif kind != "create":
            (ground / "d" / "a").write_bytes(OLD)
        grounds.append(ground)
        return ground

    moments = len(at_every_line(changes[kind], lambda ground: edit(ground / "d" / "a"), prepare))
    assert moments > 30
    for ground in grounds[:moments]:
        assert (ground / "d" / "a").read_bytes() == FOREIGN, ground
        assert names(ground / "d") == {"a"}, ground


IN_THE_STEP = {
    "except FileNotFoundError:",
    "return None",
    "self.rename_to(other)",
    "return self.folder.at(self.name)",
    "return name if self.fd is not None else str(self.path / name)",
    "return self.folder.fd",
    "_patiently(os.replace, self.handle, other.handle, src_dir_fd=self.fd, dst_dir_fd=other.fd)",
    'if sys.platform == "win32":',
    "rename(source, destination, **descriptors)",
}
"""Our lines from the last look at a free name, which found nothing, to the renaming."""


@pytest.mark.parametrize("kind", ["replace", "create", "remove"])
def test_where_no_rename_spares_what_is_there_an_edit_is_lost_only_in_the_last_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """On FAT by FUSE names can neither be exchanged nor linked, and so somebody can come in between the last look and
    the renaming, which have nothing else between them. At every other moment their text has the name in the end."""
    monkeypatch.setattr(swap, "_system_call", lambda: None)

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    changes: dict[str, Callable[[Path], object]] = {
        "replace": lambda root: write_below(root, "d/a", NEW, mode=0o644, expected=short_hash(OLD)),
        "create": lambda root: write_below(root, "d/a", NEW, mode=0o644, expected=None),
        "remove": lambda root: remove_below(root, "d/a", short_hash(OLD)),
    }

    def prepare(name: Path) -> Path:
        ground = tmp_path / name
        (ground / "d").mkdir(parents=True)
        if kind != "create":
            (ground / "d" / "a").write_bytes(OLD)
        return ground

    lines = at_every_line(changes[kind], lambda ground: edit(ground / "d" / "a"), prepare)
    assert len(lines) > 30
    said = [(tmp_path / str(number) / "d" / "a").read_bytes() for number in range(len(lines))]
    lost = [line for line, content in zip(lines, said, strict=True) if content != FOREIGN]
    assert set(lost) == (set() if kind == "remove" else IN_THE_STEP)
    assert all(names(tmp_path / str(number) / "d") == {"a"} for number in range(len(lines)))


@pytest.mark.needs("links")
@pytest.mark.parametrize("kind", ["replace", "create", "link", "remove"])
def test_a_parent_swapped_for_a_link_at_any_moment_leads_nowhere(tmp_path: Path, kind: str) -> None:
    """Somebody moves the folder away and puts a link to another place there: nothing there changes, ever."""
    outside = tmp_path / "outside"
    (outside / "e").mkdir(parents=True)
    (outside / "a").write_bytes(OLD)
    changes: dict[str, Callable[[Path], object]] = {
        "replace": lambda root: write_below(root, "d/a", NEW, mode=0o644, expected=short_hash(OLD)),
        "create": lambda root: write_below(root, "d/e/new", NEW, mode=0o644, expected=None),
        "link": lambda root: symlink_below(root, "d/new", "x", directory=False),
        "remove": lambda root: remove_below(root, "d/a", short_hash(OLD)),
    }

    def prepare(name: Path) -> Path:
        assert (names(outside), names(outside / "e"), (outside / "a").read_bytes()) == ({"a", "e"}, set(), OLD), name
        ground = tmp_path / name
        (ground / "d").mkdir(parents=True)
        (ground / "d" / "a").write_bytes(OLD)
        return ground

    def act(ground: Path) -> None:
        (ground / "d").rename(ground / "moved")
        (ground / "d").symlink_to(outside)

    assert len(at_every_line(changes[kind], act, prepare)) > 30
    prepare(Path("end"))


def test_two_edits_around_an_exchange_leave_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One edit just before the exchange, another just after: the second has the name, and neither is ours."""
    file = tmp_path / "a"
    file.write_bytes(OLD)
    exchange = swap.exchange

    def busy(first: str, second: str, *, dir_fd: int | None) -> bool:
        monkeypatch.setattr("harnesssync_orchestrator.files.replacing.exchange", exchange)
        file.write_bytes(b"first edit")
        done = exchange(first, second, dir_fd=dir_fd)
        edit(file)
        return done

    monkeypatch.setattr("harnesssync_orchestrator.files.replacing.exchange", busy)
    with pytest.raises(ApplyError):
        write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert file.read_bytes() == FOREIGN
    assert all(each.read_bytes() != NEW for each in tmp_path.iterdir())


@pytest.mark.parametrize("hard_links", [True, False])
def test_without_the_renames_of_the_system_the_rules_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    """Some file systems can neither exchange names nor link: then it is compared right before it is replaced."""
    monkeypatch.setattr(swap, "_system_call", lambda: None)
    if not hard_links:

        def refuse(*arguments: object, **options: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", refuse)
    write_below(tmp_path, "a", OLD, mode=0o644, expected=None)
    write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert (tmp_path / "a").read_bytes() == NEW
    edit(tmp_path / "a")
    for expected in (None, short_hash(NEW)):
        with pytest.raises(ApplyError):
            write_below(tmp_path, "a", OLD, mode=0o644, expected=expected)
    with Below(tmp_path) as below, pytest.raises(ApplyError):
        below.remove("a", short_hash(NEW))
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (FOREIGN, {"a"})


def test_a_write_killed_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """And what it leaves beside is recognised and swept. Where names can't be exchanged, the old is missing until then
    if it was killed right after it was taken away."""
    result = run_python(
        """
        import os, random, signal, sys, time
        from pathlib import Path
        from harnesssync_orchestrator.core.desired import short_hash
        from harnesssync_orchestrator.files.below import Below, write_below
        from harnesssync_orchestrator.files.swap import exchange
        root, seed = Path(sys.argv[1]), random.Random(11)
        contents = [bytes([65 + n]) * 50_000 for n in range(5)]
        (root / "a").write_bytes(contents[0])
        (root / "b").write_bytes(b"")
        exchanges = exchange(str(root / "a"), str(root / "b"), dir_fd=None)
        (root / "a" if exchanges else root / "b").unlink()
        if exchanges:
            (root / "b").rename(root / "a")
        for number in range(60):
            child = os.fork()
            if child == 0:
                while True:
                    old = (root / "a").read_bytes()
                    new = contents[(contents.index(old) + 1) % 5]
                    write_below(root, "a", new, mode=0o644, expected=short_hash(old))
            time.sleep(seed.random() / 100)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if not exchanges:
                with Below(root) as below:
                    below.sweep("")
            assert (root / "a").read_bytes() in contents
        with Below(root) as below:
            kept = [name for name in below.sweep("") if (root / name).read_bytes() in contents]
        print(kept)
        """,
        tmp_path,
    )
    assert result.stdout == "[]\n", result.stderr


def test_an_interrupt_in_a_write_leaves_no_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C is no reason to leave litter in somebody's project."""
    (tmp_path / "a").write_bytes(OLD)

    def interrupted(descriptor: int) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (OLD, {"a"})
