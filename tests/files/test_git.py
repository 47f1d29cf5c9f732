"""What we know of git is what git says itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.errors import LockTimeoutError, StateError
from harnesssync_orchestrator.files import git as our_git
from harnesssync_orchestrator.files.git import (
    busy,
    common_dir,
    git_dir,
    obstacle,
    repository,
    tracked,
    update_exclude,
    worktree_root,
)
from harnesssync_orchestrator.files.locks import held


@pytest.fixture
def main(tmp_path: Path, git: Any) -> Path:
    """A repository with a commit."""
    folder = tmp_path / "main"
    folder.mkdir()
    git("init", "-q", cwd=folder)
    (folder / "README.md").write_text("x")
    git("add", ".", cwd=folder)
    git("commit", "-q", "-m", "begin", cwd=folder)
    return folder


def says(git: Any, folder: Path, *question: str) -> Path:
    return Path(git("rev-parse", "--path-format=absolute", *question, cwd=folder)).resolve()


# --- worktrees ---


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


# --- exclude ---


def untracked(folder: Path) -> set[str]:
    """What `git status` shows as new; names as bytes, since they need not be text."""
    command = ["git", "status", "--porcelain", "-z", "--untracked-files=all"]
    found = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.split(b"\0")
    return {os.fsdecode(line[3:]) for line in found if line.startswith(b"??")}


ODD_NAMES = [
    "plain.md",
    "with space.md",
    " leading",
    "trailing ",
    "trailing  ",
    "# hash",
    "!bang",
    "[x]",
    "a*b",
    "a?b",
    "back\\slash",
    "ends\\",
    "日本語",
    "tab\t",
    "line\nbreak",
    "return\r",
    "dir/inner #",
    os.fsdecode(b"\xff\xfe"),
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_an_excluded_output_is_hidden_from_git_and_nothing_else_is(main: Path, tmp_path: Path, name: str) -> None:
    """Whatever its name; files with names alike, and one of the same name deeper down, stay visible."""
    others = ["plain.mdx", "axb", "x", "trailing", "back/slash", "deeper/plain.md", "bang", "hash", "tab", "return"]
    for path in (name, *others):
        (main / path).parent.mkdir(parents=True, exist_ok=True)
        (main / path).write_text("x")
    assert len(untracked(main)) == len(others) + 1
    assert update_exclude(main / ".git", "0" * 16, [name], lock=tmp_path / "x.lock")
    assert untracked(main) == set(others)


def test_an_excluded_link_and_folder_are_hidden(main: Path, tmp_path: Path) -> None:
    """A skill is a link to a folder, or a copied folder."""
    (main / ".agents" / "skills" / "copied").mkdir(parents=True)
    (main / ".agents" / "skills" / "copied" / "SKILL.md").write_text("x")
    (main / ".agents" / "skills" / "linked").symlink_to("copied")
    (main / ".agents" / "skills" / "own").symlink_to("copied")
    paths = [".agents/skills/copied", ".agents/skills/linked"]
    update_exclude(main / ".git", "0" * 16, paths, lock=tmp_path / "x.lock")
    assert untracked(main) == {".agents/skills/own"}


@pytest.mark.parametrize(
    "foreign",
    [None, b"", b"*.log\n", b"*.log", b"# comment\r\n*.log\r\n", b"\n\n", b"\xff\xfe\n", b"# worktree x\n/y\n"],
)
def test_taking_all_paths_out_gives_the_earlier_file_back(main: Path, tmp_path: Path, foreign: bytes | None) -> None:
    """Byte for byte, and no file where there was none; in between nothing foreign changes."""
    file = main / ".git" / "info" / "exclude"
    file.unlink()
    if foreign is not None:
        file.write_bytes(foreign)
    lock = tmp_path / "x.lock"
    for paths in (["AGENTS.md"], ["AGENTS.md", "x"], ["y"]):
        assert update_exclude(main / ".git", "a" * 16, paths, lock=lock)
        assert file.read_bytes().startswith(foreign or b"")
    update_exclude(main / ".git", "b" * 16, ["z"], lock=lock)
    update_exclude(main / ".git", "a" * 16, [], lock=lock)
    update_exclude(main / ".git", "b" * 16, [], lock=lock)
    assert (file.read_bytes() if file.exists() else None) == foreign


def test_lines_that_a_person_adds_below_the_block_stay(main: Path, tmp_path: Path) -> None:
    """The block is changed where it stands."""
    file, lock = main / ".git" / "info" / "exclude", tmp_path / "x.lock"
    file.write_bytes(b"above")
    update_exclude(main / ".git", "a" * 16, ["x"], lock=lock)
    file.write_bytes(file.read_bytes() + b"below")
    update_exclude(main / ".git", "a" * 16, ["y"], lock=lock)
    assert file.read_bytes().endswith(b"/y\n# <<< harnesssync\nbelow")
    update_exclude(main / ".git", "a" * 16, [], lock=lock)
    assert file.read_bytes() == b"above\nbelow"


def test_the_same_paths_again_write_nothing(main: Path, tmp_path: Path) -> None:
    """In any order; not even the lock is taken."""
    file = main / ".git" / "info" / "exclude"
    update_exclude(main / ".git", "a" * 16, ["x", "y"], lock=tmp_path / "x.lock")
    before = file.stat()
    with held(tmp_path / "x.lock"):
        assert not update_exclude(main / ".git", "a" * 16, ["y", "x", "y"], lock=tmp_path / "x.lock", timeout=0)
        with pytest.raises(LockTimeoutError):
            update_exclude(main / ".git", "a" * 16, ["z"], lock=tmp_path / "x.lock", timeout=0.01)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_worktrees_share_the_file_and_each_has_its_section(main: Path, git: Any, tmp_path: Path) -> None:
    """A path is hidden in all of them until the last one lets go."""
    git("worktree", "add", "-q", "../linked", cwd=main)
    linked, lock = tmp_path / "linked", tmp_path / "x.lock"
    for folder in (main, linked):
        (folder / "AGENTS.md").write_text("x")
        shared = common_dir(folder)
        assert shared is not None
        update_exclude(shared, folder.name.ljust(16, "0"), ["AGENTS.md"], lock=lock)
    update_exclude(main / ".git", "main".ljust(16, "0"), [], lock=lock)
    assert (untracked(main), untracked(linked)) == (set(), set())
    update_exclude(main / ".git", "linked".ljust(16, "0"), [], lock=lock)
    assert (untracked(main), untracked(linked)) == ({"AGENTS.md"}, {"AGENTS.md"})


def test_worktrees_that_update_at_once_lose_no_section(main: Path, tmp_path: Path) -> None:
    """Four processes, ten updates each."""
    script = """
import sys
from pathlib import Path
from harnesssync_orchestrator.files.git import update_exclude
for number in range(10):
    update_exclude(Path(sys.argv[1]), sys.argv[3] * 16, [f"{sys.argv[3]}{number}"], lock=Path(sys.argv[2]), timeout=60)
"""
    arguments = (sys.executable, "-c", script, str(main / ".git"), str(tmp_path / "x.lock"))
    writers = [subprocess.Popen([*arguments, name]) for name in "abcd"]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    lines = (main / ".git" / "info" / "exclude").read_text().splitlines()
    assert [line for line in lines if line.startswith("/")] == ["/a9", "/b9", "/c9", "/d9"]


@pytest.mark.parametrize("damage", ["no end", "twice"])
def test_a_damaged_block_is_told_and_left(main: Path, tmp_path: Path, damage: str) -> None:
    """Where it ends is a guess, and what follows may be somebody's."""
    file = main / ".git" / "info" / "exclude"
    update_exclude(main / ".git", "a" * 16, ["x"], lock=tmp_path / "x.lock")
    content = file.read_bytes()
    content = content.replace(b"# <<< harnesssync\n", b"mine\n") if damage == "no end" else content * 2
    file.write_bytes(content)
    with pytest.raises(StateError) as caught:
        update_exclude(main / ".git", "a" * 16, ["y"], lock=tmp_path / "x.lock")
    assert (caught.value.code, file.read_bytes()) == ("exclude_damaged", content)


def test_an_exclude_file_that_is_a_link_is_left(main: Path, tmp_path: Path) -> None:
    """Replacing it would cut it off; following it would write to who knows where."""
    shared, file = tmp_path / "shared", main / ".git" / "info" / "exclude"
    shared.write_bytes(b"*.log\n")
    file.unlink()
    file.symlink_to(shared)
    with pytest.raises(StateError, match="a link"):
        update_exclude(main / ".git", "a" * 16, ["x"], lock=tmp_path / "x.lock")
    assert (shared.read_bytes(), file.is_symlink()) == (b"*.log\n", True)


def test_a_repository_without_a_folder_for_it_gets_one(main: Path, tmp_path: Path) -> None:
    """A template of git may leave `info` out."""
    (main / ".git" / "info" / "exclude").unlink()
    (main / ".git" / "info").rmdir()
    (main / "AGENTS.md").write_text("x")
    update_exclude(main / ".git", "a" * 16, ["AGENTS.md"], lock=tmp_path / "x.lock")
    assert untracked(main) == set()
