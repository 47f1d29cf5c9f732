"""What a scan finds in the folders that a person named, where it goes, and where it does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.files.identity import identify
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.files.roots import YOUNG_S, is_gone, is_young, scan

Clone = Callable[..., Path]


@pytest.fixture
def src(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "src"


@pytest.fixture
def clone(src: Path, git: Callable[..., str]) -> Clone:
    """A repository below the root, by default one that uses Claude Code."""

    def make(name: str, *, sign: str = "CLAUDE.md") -> Path:
        root = src / name
        root.mkdir(parents=True)
        git("init", "-q", cwd=root)
        if sign:
            (root / sign).mkdir() if sign == ".claude" else (root / sign).write_text("rules")
        return root

    return make


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "state/registry.json", tmp_path / "state/registry.lock")


def found(src: Path, *, depth: int = 4, leave: frozenset[str] = frozenset()) -> set[str]:
    return {os.path.relpath(path, src) for path in scan([str(src)], depth=depth, leave=leave).found}


def test_of_many_clones_those_are_found_that_use_claude_code(src: Path, clone: Clone) -> None:
    for sign in ("CLAUDE.md", "CLAUDE.local.md", ".claude", ".mcp.json"):
        clone(f"uses{sign}", sign=sign)
    for number in range(20):
        clone(f"other{number}", sign="")
    clone("reads-agents-md", sign="AGENTS.md")
    assert found(src) == {"usesCLAUDE.md", "usesCLAUDE.local.md", "uses.claude", "uses.mcp.json"}


def test_a_scan_never_enters_a_project(src: Path, clone: Clone, git: Callable[..., str]) -> None:
    """Neither its submodules, nor what lies in it, nor a repository without a worktree; of worktrees git's own records
    tell."""
    outer = clone("outer")
    clone("outer/vendor/inner")
    clone("plain", sign="")
    clone("plain/inner")
    git("commit", "-q", "--allow-empty", "-m", "first", cwd=outer)
    git("worktree", "add", "-q", str(src / "linked"), cwd=outer)
    (src / "linked/CLAUDE.md").write_text("rules")
    git("clone", "-q", "--bare", str(outer), str(src / "bare"), cwd=src)
    shutil.copytree(outer, src / "bare/inside")
    assert found(src) == {"outer"}


def test_a_scan_goes_where_people_keep_their_work(src: Path, clone: Clone) -> None:
    """Not into hidden folders, nor those of packages, nor through links, nor deeper than it is told to."""
    for name in ("github.com/org/deep", ".cache/hidden", "app/node_modules/package", "near"):
        clone(name)
    elsewhere = clone("../elsewhere")
    (src / "link").symlink_to(elsewhere)
    assert found(src) == {"github.com/org/deep", "near"}
    assert found(src, depth=2) == {"near"}
    assert found(src, leave=frozenset({str(src / "github.com")})) == {"near"}


def test_a_root_that_is_a_project_is_the_only_one_in_it(src: Path, clone: Clone) -> None:
    """But for a home directory, which is no project."""
    clone(".")
    clone("inner")
    assert found(src) == {"."}
    assert found(src, leave=frozenset({str(src)})) == {"inner"}


def test_folders_where_repositories_lie_are_to_be_watched(src: Path, clone: Clone) -> None:
    """Few, and no project's."""
    for name in ("one", "org/two", "org/three"):
        clone(name)
    (src / "notes/of/mine").mkdir(parents=True)
    assert scan([str(src)], depth=4).folders == {str(src), str(src / "org")}


def test_another_users_repository_is_let_be(src: Path, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone("theirs")
    monkeypatch.setattr(os, "getuid", lambda: os.lstat(src).st_uid + 1)
    assert found(src) == set()


def test_a_root_that_is_not_there_is_told_and_hides_no_other(src: Path, clone: Clone) -> None:
    clone("one")
    scanned = scan([str(src / "gone"), str(src)], depth=4)
    assert set(scanned.found) == {str(src / "one")}
    assert scanned.unreadable == {str(src / "gone"): "No such file or directory"}


def test_a_folder_that_leads_nowhere_hides_no_other(src: Path, clone: Clone) -> None:
    """What git would read as a path may be anything in a folder that somebody unpacked."""
    clone("one")
    for name, common in (("a", b"../\0\n"), ("b", b"loop\n")):
        git_folder = clone(name) / ".git"
        (git_folder / "commondir").write_bytes(common)
        (git_folder / "loop").symlink_to("loop")
    assert found(src) == {"one"}


def test_no_folder_is_read_below_which_nothing_is_looked_for(
    src: Path, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all folders, most are the deepest."""
    clone("org/one")
    (src / "org/notes/of").mkdir(parents=True)
    read: list[str] = []
    scandir = os.scandir

    def reading(folder: str) -> object:
        read.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", reading)
    assert found(src, depth=2) == {"org/one"}
    assert read == [str(src), str(src / "org")]


def test_a_clone_in_the_making_is_looked_at_again(src: Path, clone: Clone) -> None:
    """Until it has its files, and not for ever."""
    root = clone("new", sign="")
    assert set(scan([str(src)], depth=4).unready) == {str(root)}
    head = root / ".git/HEAD"
    began = head.stat().st_mtime
    os.utime(head, (began, began - 2 * YOUNG_S))
    assert is_young(str(root)), "it has no index yet"
    (root / ".git/index").touch()
    assert not is_young(str(root))
    (root / ".git/index.lock").touch()
    assert is_young(str(root))
    os.utime(head, (began, began - 86400))
    assert not is_young(str(root)), "what holds that lock is gone"


def test_what_is_gone_is_told_from_what_can_not_be_seen_now(src: Path, clone: Clone) -> None:
    """An empty folder may be where a disk belongs."""
    root, _ = clone("org/one"), clone("two")
    assert not is_gone(str(root), str(src))
    shutil.rmtree(root)
    assert not is_gone(str(root), str(src)), "org is empty"
    (src / "org").rmdir()
    assert is_gone(str(root), str(src))
    shutil.rmtree(src)
    assert not is_gone(str(root), str(src)), "the root is not there either"


def test_what_a_person_says_of_a_repository_that_was_found_counts(src: Path, clone: Clone, registry: Registry) -> None:
    """One that they take out stays out; one that they add, trust or pause is theirs, and stays when its root is not
    named any more."""
    one, two, three, four, five = (clone(name) for name in ("one", "two", "three", "four", "five"))
    registry.follow({}, (), scanned=dict.fromkeys(map(str, (one, two, three, four, five)), str(src)))
    assert {entry.root for entry in registry.load().projects.values()} == {str(src)}
    registry.unregister(one)
    registry.register(two, targets=["codex"])
    registry.approve(four, identify(four).approving(("f" * 64,)))
    registry.set_paused(five, paused=True)
    assert registry.load().left_out == {str(one)}
    registry.keep_roots([])
    assert {entry.path for entry in registry.load().projects.values()} == {str(two), str(four), str(five)}
    registry.register(one)
    assert registry.load().left_out == frozenset()


def test_with_a_repository_that_was_found_go_its_worktrees(
    src: Path, clone: Clone, registry: Registry, tmp_path: Path
) -> None:
    """When its root is not named any more; those that a person added stay, and lead."""
    root, linked, added = clone("one"), tmp_path / "linked", tmp_path / "added"
    common = f"{root}/.git"
    registry.follow({str(linked): common}, (), scanned={str(root): str(src)})
    assert registry.load().leaders[common].path == str(root)
    registry.keep_roots([])
    assert not registry.load().projects
    registry.follow({str(linked): common, str(added): common}, (), scanned={str(root): str(src)})
    registry.register(added, targets=["codex"])
    assert registry.load().leaders[common].path == str(added), "before one that nobody added"
    assert registry.load().project(str(linked)).targets == ("codex",)
    registry.keep_roots([])
    assert set(registry.load().projects) == {project_id(str(path)) for path in (linked, added)}
