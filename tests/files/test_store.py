"""Files of ours: written as a whole, or not at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.store import (
    check_private,
    quarantine,
    read_json,
    sweep,
    to_json,
    write_atomic,
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
