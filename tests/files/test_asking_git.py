"""What git itself says, with the real git: what it tracks, and which of its patterns match."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.files import asking_git
from harnesssync_orchestrator.files.asking_git import ignored, matching, tracked

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
        asking_git.__dict__, "_environment", lambda environ: {**environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
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


def test_files_that_patterns_match_are_those_that_git_does_not_track(tmp_path: Path, git: Any) -> None:
    """By gitignore's rules; other repositories are not entered."""
    git("init", "-q", cwd=tmp_path)
    for name in ("tracked.key", "new.key", "sub/deep.key", "sub/kept.key", "other/own.key"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    git("init", "-q", cwd=tmp_path / "other")
    git("add", "tracked.key", cwd=tmp_path)
    (tmp_path / "patterns").write_text("*.key\n!kept.key\n")
    assert matching(tmp_path, tmp_path / "patterns") == (("new.key", "sub/deep.key"), ())


def test_what_can_not_be_looked_at_is_no_pipe(main: Path) -> None:
    """Git is asked all the same: it tells what is wrong, if anything is."""
    exclude = main / ".git/info/exclude"
    exclude.unlink()
    exclude.symlink_to("x" * 300)
    found, _ = ignored(main, ["file"])
    assert found == asking_git.Ignored()
