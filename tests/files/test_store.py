"""Writing: files of ours as a whole, outputs below a root, and nothing of anybody else's ever lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from harnesssync_orchestrator.core.desired import link_hash, short_hash
from harnesssync_orchestrator.errors import ApplyError, StateError
from harnesssync_orchestrator.files import folder, swap
from harnesssync_orchestrator.files.store import (
    Below,
    check_private,
    quarantine,
    read_json,
    remove_below,
    sweep,
    symlink_below,
    to_json,
    write_atomic,
    write_below,
)

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


# --- files of ours ---


def test_a_state_file_is_0600_in_folders_that_are_0700(tmp_path: Path) -> None:
    """What is ours is for nobody else, whatever the umask says."""
    file = tmp_path / "root" / "projects" / "state.json"
    former = os.umask(0)
    try:
        write_atomic(file, b"{}")
    finally:
        os.umask(former)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file.parent, file.parent.parent)] == [0o700, 0o700]
    assert names(file.parent) == {"state.json"}


def test_a_file_keeps_its_mode_unless_another_is_asked_for(tmp_path: Path) -> None:
    """Replacing content changes nothing else."""
    file = tmp_path / "config.json"
    file.write_bytes(OLD)
    file.chmod(0o640)
    write_atomic(file, NEW)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (NEW, 0o640)
    write_atomic(file, NEW, mode=0o600)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_at_a_state_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """A planted link can't make us write elsewhere."""
    victim, file = tmp_path / "victim", tmp_path / "state.json"
    victim.write_bytes(OLD)
    file.symlink_to(victim)
    write_atomic(file, NEW)
    assert (victim.read_bytes(), file.is_symlink(), file.read_bytes()) == (OLD, False, NEW)


def test_state_enospc_leaves_the_old_content_and_no_temporary(tmp_path: Path) -> None:
    """A write that fails half-way, here at a limit on the size of files, changes nothing and is told."""
    file = tmp_path / "state.json"
    file.write_bytes(OLD)
    result = run_python(
        """
        import errno, resource, sys
        from pathlib import Path
        from harnesssync_orchestrator.files.store import write_atomic
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            write_atomic(Path(sys.argv[1]), b"x" * 100_000)
        except OSError as error:
            print(errno.errorcode[error.errno])
        """,
        file,
    )
    assert result.stdout == "EFBIG\n", result.stderr
    assert (file.read_bytes(), names(tmp_path)) == (OLD, {"state.json"})


def test_a_value_that_json_has_no_form_for_is_refused_before_any_write() -> None:
    """Serialising comes first: no half of a document can reach a file."""
    with pytest.raises(TypeError):
        to_json({"path": object()})
    with pytest.raises(ValueError, match="Out of range"):
        to_json(float("nan"))


def test_state_kill9_leaves_the_old_or_the_new_document(tmp_path: Path) -> None:
    """A hundred writers killed at any moment: the file is always one whole document, and orphans are swept."""
    file = tmp_path / "state.json"
    result = run_python(
        """
        import json, os, random, signal, sys, time
        from pathlib import Path
        from harnesssync_orchestrator.files.store import sweep, to_json, write_atomic
        file, seed = Path(sys.argv[1]), random.Random(7)
        orphans = swept = rounds = 0
        write_atomic(file, to_json({"n": 0, "padding": "0" * 20_000}))
        for number in range(100):
            child = os.fork()
            if child == 0:
                while True:
                    for digit in "123456789":
                        write_atomic(file, to_json({"n": int(digit), "padding": digit * 20_000}))
            time.sleep(seed.random() / 100)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            document = json.loads(file.read_bytes())
            assert document["padding"] == str(document["n"]) * 20_000
            orphans += len(list(file.parent.iterdir())) - 1
            swept += len(sweep(file.parent))
            rounds += 1
        print(rounds, orphans == swept, [each.name for each in file.parent.iterdir()])
        """,
        file,
    )
    assert result.stdout == "100 True ['state.json']\n", result.stderr


def test_sigint_state_finishes_the_write_and_then_ends(tmp_path: Path) -> None:
    """An interrupt in the middle of a save waits for it: the new document is there, and the exit status is 130."""
    file = tmp_path / "state.json"
    file.write_bytes(OLD)
    result = run_python(
        """
        import os, signal, sys
        from pathlib import Path
        from harnesssync_orchestrator.files import folder
        from harnesssync_orchestrator.files.store import write_atomic
        fsync = os.fsync
        def interrupted(descriptor):
            os.kill(os.getpid(), signal.SIGINT)
            fsync(descriptor)
        os.fsync = interrupted
        try:
            write_atomic(Path(sys.argv[1]), b"new\\n")
        except KeyboardInterrupt:
            sys.exit(130)
        """,
        file,
    )
    assert result.returncode == 130, result.stderr
    assert (file.read_bytes(), names(tmp_path)) == (NEW, {"state.json"})


def test_sweep_takes_only_abandoned_temporaries_of_ours(tmp_path: Path) -> None:
    """A living writer's file, a person's file and a folder stay; a dead writer's and an old one go."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    token = "0123456789abcdef"
    living, gone, old, odd = (
        tmp_path / f".state-{os.getpid()}-{token}.json.tmp",
        tmp_path / f".state-{dead.pid}-{token}.json.tmp",
        tmp_path / f".state-{os.getpid()}-{token[::-1]}.json.tmp",
        tmp_path / ".state-of-the-art.json.tmp",
    )
    for file in (living, gone, old, odd):
        file.write_bytes(OLD)
    os.utime(old, (1, 1))
    assert set(sweep(tmp_path)) == {gone, old}
    assert names(tmp_path) == {living.name, odd.name}
    assert sweep(tmp_path / "missing") == ()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"a": 1,\n  b}', (2, 3)),
        (b"", (1, 1)),
        (b'{"a": "\xff"}', (1, None)),
        (b"[" * 100_000, None),
    ],
    ids=["syntax", "empty", "no UTF-8", "too deep"],
)
def test_read_json_safe_tells_where_a_file_is_wrong(
    tmp_path: Path, content: bytes, place: tuple[int, int | None] | None
) -> None:
    """The default comes with a problem, which has line and column where they are known."""
    file = tmp_path / "x.json"
    file.write_bytes(content)
    value, problem = read_json(file, {"default": True})
    assert problem is not None
    assert (value, problem.code) == ({"default": True}, "json_invalid")
    assert place is None or (problem.line, problem.column) == place


def test_read_json_safe_of_a_missing_and_of_an_unreadable_file_differ(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """Missing is the default and no problem; unreadable is one; a byte order mark is none."""
    file = public_folder / "x.json"
    assert read_json(file, 5) == (5, None)
    file.write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(file, 5) == ([1], None)
    file.chmod(0)
    with as_nobody():
        value, problem = read_json(file, 5)
    assert problem is not None
    assert (value, problem.code) == (5, "unreadable")


def test_text_of_any_kind_comes_back_from_json_and_stays_readable(tmp_path: Path) -> None:
    """Characters stay as they are; bytes that are not UTF-8 are held as escapes, and none is lost."""
    value = {"日本語": os.fsdecode(b"/tmp/\xff\x80 caf\xc3\xa9\n"), "emoji": "🦊"}
    content = to_json(value)
    assert json.loads(content) == value
    assert "日本語" in content.decode()
    assert rb"\udcff\udc80" in content
    assert os.fsencode(json.loads(content)["日本語"]) == b"/tmp/\xff\x80 caf\xc3\xa9\n"
    write_atomic(tmp_path / "x.json", content)
    assert read_json(tmp_path / "x.json", None) == (value, None)


def test_a_broken_file_is_kept_under_another_name(tmp_path: Path) -> None:
    """Each time under a new one, so that no backup replaces another."""
    kept = []
    for content in (OLD, NEW):
        (tmp_path / "x.json").write_bytes(content)
        kept.append(quarantine(tmp_path / "x.json"))
    assert [each and each.read_bytes() for each in kept] == [OLD, NEW]
    assert all(each is not None and each.name.startswith("x.json.bak.20") for each in kept)
    assert quarantine(tmp_path / "x.json") is None


def test_a_good_file_that_took_the_place_of_a_broken_one_is_not_moved(tmp_path: Path) -> None:
    """Between seeing that a file is broken and setting it aside, somebody may have saved a good one."""
    file = tmp_path / "x.json"
    file.write_bytes(b"{")
    broken = file.stat().st_ino
    write_atomic(file, b"{}")
    assert quarantine(file, inode=broken) is None
    assert (names(tmp_path), file.read_bytes()) == ({"x.json"}, b"{}")


def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path: Path) -> None:
    """Sockets and locks in it could be exchanged; the message says how to repair it."""
    tmp_path.chmod(0o700)
    check_private(tmp_path)
    tmp_path.chmod(0o770)
    with pytest.raises(StateError, match="chmod 700"):
        check_private(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(StateError, match="a link"):
        check_private(tmp_path / "link")


# --- outputs below a root ---


def test_a_new_output_comes_with_its_folders(tmp_path: Path) -> None:
    """The folders that were made are told, outermost first, so that they can go again with it."""
    assert write_below(tmp_path, ".x/skills/a.md", NEW, mode=0o644, expected=None) == (".x/", ".x/skills/")
    assert write_below(tmp_path, ".x/skills/b.md", NEW, mode=0o755, expected=None) == ()
    assert (tmp_path / ".x/skills/a.md").read_bytes() == NEW
    assert [stat.S_IMODE((tmp_path / ".x/skills" / name).stat().st_mode) for name in ("a.md", "b.md")] == [0o644, 0o755]
    assert names(tmp_path / ".x/skills") == {"a.md", "b.md"}


def test_the_umask_of_the_user_holds_for_a_new_output(tmp_path: Path) -> None:
    """Somebody whose files are private wants these private too."""
    former = os.umask(0o077)
    try:
        write_below(tmp_path, "a.md", NEW, mode=0o644, expected=None)
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == 0o600


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


@pytest.mark.parametrize("kind", ["folder", "fifo"])
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


def test_a_hard_link_of_an_output_keeps_its_content(tmp_path: Path) -> None:
    """Another name of the file that is replaced is another file afterwards."""
    (tmp_path / "a").write_bytes(OLD)
    os.link(tmp_path / "a", tmp_path / "precious")
    write_below(tmp_path, "a", NEW, mode=0o644, expected=short_hash(OLD))
    assert ((tmp_path / "precious").read_bytes(), (tmp_path / "a").read_bytes()) == (OLD, NEW)


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
        from harnesssync_orchestrator.files.store import write_below
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


# --- links and removals ---


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
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(ApplyError):
        remove_below(tmp_path, "a", short_hash(NEW))
    with pytest.raises(ApplyError):
        remove_below(tmp_path, "link", short_hash(OLD))
    assert names(tmp_path) == {"a", "link"}
    remove_below(tmp_path, "link", link_hash("a"))
    remove_below(tmp_path, "a", short_hash(OLD))
    remove_below(tmp_path, "a", short_hash(OLD))
    remove_below(tmp_path, "never/there", short_hash(OLD))
    assert names(tmp_path) == set()


def test_a_copied_folder_goes_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    """Links in it are removed and not followed; read-only folders are no obstacle."""
    outside, copy = tmp_path / "outside", tmp_path / "root" / "copy"
    outside.mkdir()
    (outside / "precious").write_bytes(OLD)
    (copy / "inner" / "deep").mkdir(parents=True)
    (copy / "inner" / "deep" / "file").write_bytes(OLD)
    (copy / "inner" / "away").symlink_to(outside)
    (copy / "inner").chmod(0o555)
    with Below(tmp_path / "root") as below:
        with pytest.raises(ApplyError) as caught:
            below.remove_tree("copy", lambda folder: False)
        assert caught.value.code == "changed_underneath"
        assert (copy / "inner" / "deep" / "file").read_bytes() == OLD
        below.remove_tree("copy", lambda folder: (folder / "inner" / "deep" / "file").read_bytes() == OLD)
        below.remove_tree("copy", lambda folder: True)
    assert (names(tmp_path / "root"), names(outside)) == (set(), {"precious"})


def test_a_folder_is_removed_only_when_it_is_empty(tmp_path: Path) -> None:
    """True means that it is gone, now or before."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    with Below(tmp_path) as below:
        assert [below.rmdir(path) for path in ("a/", "a/b/", "a/b/", "a/")] == [False, True, True, True]
        (tmp_path / "link").symlink_to("elsewhere")
        with pytest.raises(ApplyError):
            below.rmdir("link/")


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
    ours, former, foreign = (folder.temporary_name(short_hash(NEW), short_hash(OLD)) for _ in range(3))
    for name, content in ((ours, NEW), (former, OLD), (foreign, FOREIGN), (".harnesssync-source-x.txt", OLD)):
        (tmp_path / name).write_bytes(content)
    with Below(tmp_path) as below:
        assert below.sweep("") == (foreign,)
        assert below.sweep("missing") == ()
    assert names(tmp_path) == {foreign, ".harnesssync-source-x.txt"}


# --- somebody else acts at any moment ---


OURS = frozenset(
    sys.modules[f"harnesssync_orchestrator.files.{name}"].__file__ for name in ("below", "folder", "replacing", "swap")
)


def at_line(number: int, act: Callable[[], object], change: Callable[[], object]) -> bool:
    """Let `act` happen before the line of our code that `change` comes to after `number` others; False if there is
    no such line."""
    passed = 0

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal passed
        if frame.f_code.co_filename not in OURS:
            return None
        if event == "line":
            passed += 1
            if passed == number + 1:
                sys.settrace(None)
                act()
                sys.settrace(trace)
        return trace

    sys.settrace(trace)
    try:
        change()
    except ApplyError:
        pass  # what matters is what is on disk
    finally:
        sys.settrace(None)
    return passed > number


def at_every_line(
    change: Callable[[Path], object], act: Callable[[Path], object], prepare: Callable[[Path], Path]
) -> int:
    """Run `change` once for every line of our code in it, with `act` happening before that line; gives their number."""
    number = 0
    while True:
        ground = prepare(Path(str(number)))
        if not at_line(number, partial(act, ground), partial(change, ground)):
            return number
        number += 1


def edit(file: Path) -> None:
    """Save as editors do: a new file, renamed over the old."""
    other = file.with_name("editor's")
    other.write_bytes(FOREIGN)
    other.rename(file)


@pytest.mark.parametrize("kind", ["replace", "create", "relink", "remove"])
def test_an_edit_at_any_moment_of_a_change_survives(tmp_path: Path, kind: str) -> None:
    """Somebody saves the output between any two lines of ours: their text has the name in the end, always."""
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

    moments = at_every_line(changes[kind], lambda ground: edit(ground / "d" / "a"), prepare)
    assert moments > 30
    for ground in grounds[:moments]:
        assert (ground / "d" / "a").read_bytes() == FOREIGN, ground
        assert names(ground / "d") == {"a"}, ground


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

    assert at_every_line(changes[kind], act, prepare) > 30
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
    """And what it leaves beside is recognised and swept."""
    result = run_python(
        """
        import os, random, signal, sys, time
        from pathlib import Path
        from harnesssync_orchestrator.core.desired import short_hash
        from harnesssync_orchestrator.files.store import Below, write_below
        root, seed = Path(sys.argv[1]), random.Random(11)
        contents = [bytes([65 + n]) * 50_000 for n in range(5)]
        (root / "a").write_bytes(contents[0])
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
