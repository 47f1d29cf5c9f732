"""What we know of git is what git says itself."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.files.git import (
    busy,
    busy_with,
    common_dir,
    git_dir,
    is_bare,
    is_linked,
    obstacle,
    records,
    repository,
    worktree_root,
)


def says(git: Any, folder: Path, *question: str) -> Path:
    return Path(git("rev-parse", "--path-format=absolute", *question, cwd=folder)).resolve()


# --- worktrees ---


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES])
def test_what_can_not_be_looked_at_is_not_taken_for_no_repository(
    main: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Trust hangs on the repository: it must not end because there are too many open files. So does what is hidden from
    git: an undo that saw no repository would leave it hidden, and say that it succeeded."""

    def stat(*_arguments: object, **_options: object) -> os.stat_result:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat)
        with pytest.raises(OSError, match=os.strerror(number)):
            repository(main)


def test_a_worktree_is_found_also_below_folders_that_nobody_here_may_enter(
    public_folder: Path, as_nobody: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies above is somebody else's."""
    inner = public_folder / "above" / "project"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    (public_folder / "above").chmod(0)
    with as_nobody():
        assert worktree_root(Path()) is None


def test_a_worktree_is_found_as_git_finds_it(tmp_path: Path, main: Path, git: Any) -> None:
    """From a sub-folder, in linked worktrees, submodules and repositories whose folder of git is elsewhere."""
    git("worktree", "add", "-q", "../linked", cwd=main)
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(main), "module", cwd=main)
    git("init", "-q", f"--separate-git-dir={tmp_path / 'elsewhere'}", "separate", cwd=tmp_path)
    for folder in (main, tmp_path / "linked", main / "module", tmp_path / "separate"):
        inner = folder / "a" / "b"
        inner.mkdir(parents=True)
        assert worktree_root(inner) == says(git, folder, "--show-toplevel") == folder
        found = git_dir(folder)
        assert found is not None
        assert found.resolve() == says(git, folder, "--git-dir")
        assert common_dir(folder) == says(git, folder, "--git-common-dir")
    assert common_dir(tmp_path / "linked") == common_dir(main) == repository(tmp_path / "linked") == main / ".git"
    assert repository(main) == main / ".git"
    assert repository(main / "module") == main / ".git" / "modules" / "module"
    assert repository(tmp_path / "separate") is None  # nothing there says that it belongs to this folder


def test_a_worktree_is_found_through_a_link(tmp_path: Path, main: Path) -> None:
    """The answer is the real path: that is what ids are made of."""
    (tmp_path / "link").symlink_to("main")
    assert worktree_root(tmp_path / "link") == main


def test_outside_of_a_worktree_there_is_none(tmp_path: Path, git: Any) -> None:
    """Nowhere, in a bare repository, in a folder that only looks like one, on a path with a loop."""
    git("init", "-q", "--bare", "bare.git", cwd=tmp_path)
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / ".git").write_bytes(b"\xff nonsense")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ".git").write_text("gitdir: /nowhere/at/all\n")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("bare.git", "empty", "junk", "broken", "loop", "missing"):
        assert worktree_root(tmp_path / name) is None, name
        assert common_dir(tmp_path / name) is None, name
        assert repository(tmp_path / name) is None, name


def test_a_worktree_with_an_odd_name_is_found(tmp_path: Path, main: Path, git: Any) -> None:
    """Spaces at the end and bytes that are not UTF-8 are part of a name."""
    odd = tmp_path / os.fsdecode(b"odd \xff ")
    git("worktree", "add", "-q", "-b", "odd", str(odd), cwd=main)
    assert (worktree_root(odd), common_dir(odd), repository(odd)) == (odd, main / ".git", main / ".git")


# --- busy ---


def test_git_is_busy_while_it_holds_its_index(main: Path) -> None:
    """The name of what is in the way is for messages."""
    assert (busy(main), obstacle(main)) == (False, None)
    (main / ".git" / "index.lock").write_bytes(b"")
    assert (busy(main), obstacle(main)) == (True, "index.lock")
    lock = main / ".git" / "index.lock"
    assert busy_with(main) == f"a command of git is at work in it: wait for it or, if it was killed, delete {lock}"


def test_git_is_busy_during_a_rebase_and_a_merge(tmp_path: Path, main: Path, git: Any) -> None:
    """Of this worktree: another one goes on."""
    git("worktree", "add", "-q", "-b", "side", "../linked", cwd=main)
    linked = tmp_path / "linked"
    for folder, text in ((main, "main"), (linked, "side")):
        (folder / "README.md").write_text(text)
        git("commit", "-q", "-a", "-m", text, cwd=folder)
    for command, way_out in ((("rebase", "main"), ("rebase", "--abort")), (("merge", "main"), ("merge", "--abort"))):
        assert subprocess.run(["git", *command], cwd=linked, capture_output=True, check=False).returncode != 0
        assert (busy(linked), busy(main)) == (True, False)
        assert busy_with(linked) == f"a {command[0]} is under way in it: end it, git status says how"
        git(*way_out, cwd=linked)
        assert obstacle(linked) is None


def test_outside_of_a_worktree_git_is_never_busy(tmp_path: Path) -> None:
    """There is nobody to wait for."""
    assert not busy(tmp_path)


def test_pipes_and_endless_files_in_place_of_gits_own_keep_nobody_waiting(main: Path) -> None:
    """As an unpacked archive can hold them."""
    (main / ".git" / "commondir").unlink(missing_ok=True)
    os.mkfifo(main / ".git" / "commondir")
    assert common_dir(main) == main / ".git"
    (main / "inner").mkdir()
    os.mkfifo(main / "inner" / ".git")
    assert git_dir(main / "inner") is None
    with (main / "sub.git").open("wb") as file:
        file.truncate(1 << 40)
    (main / "other").mkdir()
    (main / "sub.git").rename(main / "other" / ".git")
    assert git_dir(main / "other") is None


@pytest.mark.parametrize("name", [b"a\0b\n", b"a\0b/.git\n"])
@pytest.mark.parametrize("file", ["commondir", "gitdir"])
def test_names_that_no_folder_has_lead_nowhere(main: Path, tmp_path: Path, git: Any, file: str, name: bytes) -> None:
    """A record that somebody damaged, or unpacked: no project, and no reason to stop."""
    git("worktree", "add", "-q", "-b", "side", "../linked", cwd=main)
    record = main / ".git/worktrees/linked"
    (record / file).write_bytes(name)
    assert repository(tmp_path / "linked") is None
    ((told, root),) = records(main / ".git")
    assert told == record
    assert root is None or repository(root) is None
    (main / ".git/commondir").write_bytes(b"a\0b\n")
    assert (common_dir(main), repository(main)) == (None, None)
    (main / "loop").symlink_to("loop")
    (main / ".git/commondir").write_bytes(b"../loop\n")
    assert repository(main) is None


# --- what a linked worktree has of its main checkout ---


def test_a_repository_without_a_checkout_says_so(tmp_path: Path, git: Any) -> None:
    """Also where its folder is called as in a checkout."""
    for name in ("plain", "bare"):
        (tmp_path / name).mkdir()
    git("init", "-q", cwd=tmp_path / "plain")
    git("init", "-q", "--bare", str(tmp_path / "bare/.git"), cwd=tmp_path)
    assert [is_bare(tmp_path / name / ".git") for name in ("plain", "bare", "none")] == [False, True, False]
    git("config", "core.bare", "yes", cwd=tmp_path / "plain")
    assert is_bare(tmp_path / "plain/.git")


def test_only_a_linked_worktree_is_one(tmp_path: Path, git: Any) -> None:
    """Neither the main one nor a folder in it."""
    main, linked = tmp_path / "main", tmp_path / "linked"
    (main / "folder").mkdir(parents=True)
    git("init", "-q", cwd=main)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=main)
    git("worktree", "add", "-q", str(linked), cwd=main)
    assert [is_linked(folder) for folder in (main, main / "folder", linked, tmp_path)] == [False, False, True, False]
