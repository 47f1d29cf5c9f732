"""What we know of git is what git says itself."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.files import git as our_git
from harnesssync_orchestrator.files.git import (
    busy,
    common_dir,
    git_dir,
    ignored,
    obstacle,
    repository,
    tracked,
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
        git(*way_out, cwd=linked)
        assert obstacle(linked) is None


def test_outside_of_a_worktree_git_is_never_busy(tmp_path: Path) -> None:
    """There is nobody to wait for."""
    assert not busy(tmp_path)


# --- tracked ---


def test_tracked_paths_are_those_in_the_index(main: Path, git: Any) -> None:
    """Also a folder with something tracked in it; names are names and no patterns."""
    names = ["a b", "[x]", "*", ":(top)y", "-n", "日本語", os.fsdecode(b"\xff"), "line\nbreak", "dir/sub/file"]
    for name in names:
        (main / name).parent.mkdir(parents=True, exist_ok=True)
        (main / name).write_text("x")
    git("--literal-pathspecs", "add", "--", *names, cwd=main)
    (main / "untracked").write_text("x")
    others = ["untracked", "missing", "x", "dir/other", "?"]
    assert tracked(main, [*names, *others, "dir", "dir/sub"]) == (frozenset([*names, "dir", "dir/sub"]), ())


def test_tracked_asks_about_any_number_of_paths(main: Path) -> None:
    """More than fit on one command line."""
    paths = [f"{'x' * 200}/{number}" for number in range(20_000)]
    assert tracked(main, [*paths, "README.md"]) == (frozenset({"README.md"}), ())


def test_tracked_is_asked_of_the_worktree_and_not_of_the_environment(
    tmp_path: Path, main: Path, git: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a hook, GIT_DIR and GIT_INDEX_FILE name what is being committed."""
    other = tmp_path / "other"
    other.mkdir()
    git("init", "-q", cwd=other)
    for name in ("GIT_DIR", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert tracked(main, ["README.md"])[0] == {"README.md"}


def test_tracked_runs_nothing_that_the_repository_names(main: Path, git: Any, tmp_path: Path) -> None:
    """A monitor of file systems is a program, and this configuration is not ours."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'it-ran'}\n")
    program.chmod(0o755)
    git("config", "core.fsmonitor", str(program), cwd=main)
    assert tracked(main, ["README.md"])[0] == {"README.md"}
    assert not (tmp_path / "it-ran").exists()


def test_tracked_changes_nothing(main: Path) -> None:
    """Not even the index, which git likes to refresh."""
    (main / "README.md").touch()
    before = (main / ".git" / "index").stat().st_mtime_ns
    tracked(main, ["README.md"])
    assert (main / ".git" / "index").stat().st_mtime_ns == before


def test_without_git_nothing_is_known_and_that_is_told(
    main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown is not untracked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found, (problem,) = tracked(main, ["README.md"])
    assert (found, problem.code, problem.hides) == (frozenset(), "git_missing", False)


def test_a_repository_that_git_refuses_is_told(main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that belongs to somebody else: git says so, and how to allow it."""
    monkeypatch.setitem(
        our_git.__dict__, "_environment", lambda environ: {**environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    )
    found, (problem,) = tracked(main, ["README.md"])
    assert (found, problem.code) == (frozenset(), "git_failed")
    assert "dubious ownership" in problem.message


def test_outside_of_a_worktree_nothing_is_tracked(tmp_path: Path) -> None:
    """And no process is started to find out."""
    assert tracked(tmp_path, ["x"], environ={"PATH": ""}) == (frozenset(), ())


# --- ignored ---


def test_patterns_decide_as_git_itself_says(main: Path) -> None:
    """Hidden by one, shown again by one, or neither; whatever characters a path has. Our own file does not count."""
    (main / ".gitignore").write_text("*.secret\n/out/*\n!/out/shown.json\n/:odd\n[x].json\n")
    (main / "sub").mkdir()
    (main / "sub" / ".gitignore").write_text("!keep.secret\n")
    (main / ".git" / "info").mkdir(exist_ok=True)
    (main / ".git" / "info" / "exclude").write_text("/ours.json\n!/forced.json\n")
    asked = ["a.secret", "out/x", "out/shown.json", "sub/keep.secret", "plain", ":odd", "x.json", "ours.json"]
    found, problems = ignored(main, [*asked, "forced.json", "日本語.secret"])
    assert problems == ()
    assert found.hidden == {"a.secret", "out/x", ":odd", "x.json", "日本語.secret"}
    assert found.shown == {"out/shown.json", "sub/keep.secret", "forced.json"}


def test_below_a_link_nothing_is_asked(main: Path, tmp_path: Path) -> None:
    """Git would refuse to answer for all the others as well."""
    (main / ".gitignore").write_text("*.secret\n")
    (tmp_path / "elsewhere").mkdir()
    (main / "link").symlink_to(tmp_path / "elsewhere")
    found, problems = ignored(main, ["link/a.secret", "b.secret"])
    assert problems == ()
    assert found.hidden == {"b.secret"}


def test_without_git_there_is_no_answer_but_a_problem(main: Path) -> None:
    """What can't be known is not taken for hidden."""
    found, problems = ignored(main, ["x"], environ={"PATH": str(main)})
    assert found.hidden == frozenset()
    assert [problem.code for problem in problems] == ["git_missing"]


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
