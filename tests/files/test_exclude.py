"""Outputs are kept out of `git status`, as git itself sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.core.markers import marker_name, marker_path
from harnesssync_orchestrator.errors import LockTimeoutError, StateError
from harnesssync_orchestrator.files import swap
from harnesssync_orchestrator.files.exclude import update_exclude
from harnesssync_orchestrator.files.git import common_dir
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.files.temporaries import our_name, telling_name


def untracked(folder: Path) -> set[str]:
    """What `git status` shows as new; names as bytes, since they need not be text."""
    command = ["git", "status", "--porcelain", "-z", "--untracked-files=all"]
    found = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.split(b"\0")
    return {os.fsdecode(line[3:]) for line in found if line.startswith(b"??")}


ODD_NAMES = {
    "": ["plain.md", "with space.md", " leading", "# hash", "!bang", "[x]", "日本語", "dir/inner #"],
    "final spaces": ["trailing ", "trailing  "],
    "odd names": ["a*b", "a?b", "back\\slash", "ends\\", "tab\t", "line\nbreak", "return\r"],
    "names of bytes": [os.fsdecode(b"\xff\xfe")],
}
"""By what a file system has to have for them."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.needs(need)] if need else [], id=ascii(name))
        for need, odd in ODD_NAMES.items()
        for name in odd
    ],
)
def test_an_excluded_output_is_hidden_from_git_and_nothing_else_is(main: Path, tmp_path: Path, name: str) -> None:
    """Whatever its name; files with names alike, and one of the same name deeper down, stay visible."""
    others = ["plain.mdx", "axb", "x", "trailing", "back/slash", "deeper/plain.md", "bang", "hash", "tab", "return"]
    for path in (name, *others):
        (main / path).parent.mkdir(parents=True, exist_ok=True)
        (main / path).write_text("x")
    assert len(untracked(main)) == len(others) + 1
    assert update_exclude(main / ".git", "0" * 16, [name], lock=tmp_path / "x.lock")
    assert untracked(main) == set(others)


def test_an_excluded_folder_is_hidden_with_its_marker(main: Path, tmp_path: Path) -> None:
    """A skill that was copied; one of a person's beside it stays visible."""
    skills = main / ".agents" / "skills"
    for name in ("copied", "own"):
        (skills / name).mkdir(parents=True)
        (skills / name / "SKILL.md").write_text("x")
    (skills / marker_name("copied")).write_text("x")
    paths = [".agents/skills/copied", marker_path(".agents/skills/copied")]
    update_exclude(main / ".git", "0" * 16, paths, lock=tmp_path / "x.lock")
    assert untracked(main) == {".agents/skills/own/SKILL.md"}


@pytest.mark.needs("links")
def test_an_excluded_link_is_hidden(main: Path, tmp_path: Path) -> None:
    """A skill that is a link to a folder; one of a person's beside it stays visible."""
    (main / ".agents" / "skills").mkdir(parents=True)
    for name in ("linked", "own"):
        (main / ".agents" / "skills" / name).symlink_to("../..")
    update_exclude(main / ".git", "0" * 16, [".agents/skills/linked"], lock=tmp_path / "x.lock")
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
from harnesssync_orchestrator.files.exclude import update_exclude
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


@pytest.mark.needs("links")
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


def test_a_line_that_somebody_adds_at_the_same_moment_stays(
    main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is saved after we read the file and before ours takes its place: then ours is made anew, with it."""
    file = main / ".git" / "info" / "exclude"
    file.write_text("mine\n")

    def meanwhile(first: str, second: str, *, dir_fd: int | None) -> bool:
        monkeypatch.setattr("harnesssync_orchestrator.files.replacing.exchange", swap.exchange)
        other = file.with_name("editor's")
        other.write_text("mine\nand this\n")
        other.rename(file)
        return swap.exchange(first, second, dir_fd=dir_fd)

    monkeypatch.setattr("harnesssync_orchestrator.files.replacing.exchange", meanwhile)
    assert update_exclude(main / ".git", "0" * 16, ["AGENTS.md"], lock=tmp_path / "lock")
    assert file.read_text().startswith("mine\nand this\n# >>> harnesssync")
    assert "AGENTS.md" in file.read_text()
    assert {each.name for each in file.parent.iterdir()} == {"exclude"}


def test_what_a_killed_process_left_beside_the_file_goes(main: Path, tmp_path: Path) -> None:
    """Also when there is nothing to change any more; but not what may be somebody's edit."""
    folder = main / ".git" / "info"
    update_exclude(main / ".git", "0" * 16, ["AGENTS.md"], lock=tmp_path / "lock")
    before = {each.name for each in folder.iterdir()}
    (folder / our_name()).write_text("a part")
    (folder / telling_name("1" * 16, short_hash(b"former"))).write_bytes(b"former")
    edit = folder / telling_name("1" * 16, "2" * 16)
    edit.write_text("mine")
    assert not update_exclude(main / ".git", "0" * 16, ["AGENTS.md"], lock=tmp_path / "lock")
    assert {each.name for each in folder.iterdir()} == {*before, edit.name}


def test_what_is_there_afterwards_is_given_without_another_look(main: Path, tmp_path: Path) -> None:
    """What somebody has seen and still holds is not read again, and nothing is given then."""
    file, lock = main / ".git" / "info" / "exclude", tmp_path / "lock"
    after = update_exclude(main / ".git", "0" * 16, ["AGENTS.md"], lock=lock)
    assert after is not None
    assert (after.content, after.own.listed) == (file.read_bytes(), ("/AGENTS.md",))
    file.unlink()
    assert update_exclude(main / ".git", "0" * 16, ["AGENTS.md"], lock=lock, seen=after) is None
    assert not file.exists()


def test_a_section_with_a_name_that_is_no_text_goes(main: Path, tmp_path: Path) -> None:
    """It is of no worktree that there is."""
    file = main / ".git" / "info" / "exclude"
    update_exclude(main / ".git", "0" * 16, ["AGENTS.md"], lock=tmp_path / "lock")
    file.write_bytes(file.read_bytes().replace(b"# <<<", b"# worktree \xff\n/CLAUDE.md\n# <<<"))
    update_exclude(main / ".git", "0" * 16, ["x"], lock=tmp_path / "lock", worktrees={"0" * 16: main})
    assert [line for line in file.read_bytes().splitlines() if line.startswith(b"/")] == [b"/x"]
