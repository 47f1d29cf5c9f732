"""Which project a command means."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.ctl import places, projects
from harnesssync_orchestrator.ctl.client import own_socket
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.files.git import bare_repository, worktree_root
from harnesssync_orchestrator.files.layout import Layout

Git = Callable[..., str]


def nothing_registered() -> set[str]:
    return set()


@pytest.fixture
def two(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two worktrees; the working directory is inside the first."""
    roots = tmp_path / "a", tmp_path / "b"
    for root in roots:
        (root / "sub").mkdir(parents=True)
        git("init", "-q", cwd=root)
    monkeypatch.chdir(roots[0] / "sub")
    return roots


def test_project_resolution_order_is_option_then_environment_then_working_directory(two: tuple[Path, Path]) -> None:
    """Each beats all that come after it."""
    a, b = map(str, two)
    resolve = projects.resolve
    assert resolve(None, {}, nothing_registered) == a
    assert resolve(None, {"HARNESSSYNC_WORKTREE": b}, nothing_registered) == b
    assert resolve(None, {"HARNESS_WORKTREE": b}, nothing_registered) == b
    assert resolve(None, {"HARNESSSYNC_WORKTREE": a, "HARNESS_WORKTREE": b}, nothing_registered) == a
    assert resolve(b, {"HARNESSSYNC_WORKTREE": a}, nothing_registered) == b
    assert resolve(None, {"HARNESSSYNC_WORKTREE": ""}, nothing_registered) == a


def test_a_path_may_be_relative_inside_behind_a_link_or_below_home(
    two: tuple[Path, Path], tmp_path: Path, home: Path
) -> None:
    """Every way of writing a path leads to the root of its worktree."""
    b = two[1]
    (tmp_path / "link").symlink_to(b)
    (home / "below").symlink_to(b)
    for named in ("../../b", "../../b/sub", str(tmp_path / "link" / "sub"), str(b) + "/", "~/below"):
        assert projects.resolve(named, dict(os.environ), nothing_registered) == str(b)


def test_a_linked_worktree_is_a_project_of_its_own(two: tuple[Path, Path], git: Git, tmp_path: Path) -> None:
    """It has its own root, id and socket; inside it the main worktree is not meant."""
    a = two[0]
    git("commit", "-q", "--allow-empty", "-m", "begin", cwd=a)
    linked = tmp_path / "aw"
    git("worktree", "add", "-q", str(linked), cwd=a)
    assert projects.worktree_around(str(linked)) == str(linked)
    assert project_id(str(linked)) != project_id(str(a))


def test_the_worktree_is_the_one_that_the_service_finds(two: tuple[Path, Path], git: Git, tmp_path: Path) -> None:
    """The quick search and the service's agree, also about what only looks like a worktree."""
    git("init", "-q", "--bare", str(tmp_path / "bare.git"), cwd=tmp_path)
    (tmp_path / "looks" / ".git").mkdir(parents=True)
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / ".git").write_text("gitdir: /nowhere\n")
    for name, line in (("nothing.git", "bare ="), ("word.git", "bare"), ("not.git", "bare = off")):
        git("init", "-q", "--bare", str(tmp_path / name), cwd=tmp_path)
        config = tmp_path / name / "config"
        config.write_text(config.read_text().replace("bare = true", line))
    git("init", "-q", "--bare", str(tmp_path / "hidden" / ".bare"), cwd=tmp_path)
    (tmp_path / "hidden" / ".git").write_text("gitdir: ./.bare\n")
    git("init", "-q", f"--separate-git-dir={tmp_path / 'apart.git'}", str(tmp_path / "apart"), cwd=tmp_path)
    git("commit", "-q", "--allow-empty", "-m", "begin", cwd=two[0])
    git("worktree", "add", "-q", str(tmp_path / "linked"), cwd=two[0])
    others = (
        "bare.git",
        "nothing.git",
        "word.git",
        "not.git",
        "looks",
        "points",
        "hidden",
        "hidden/.bare",
        "apart",
        "apart.git",
        "linked",
    )
    for place in (two[0], two[0] / "sub", two[0] / ".git", tmp_path, *(tmp_path / name for name in others)):
        for here, there in ((projects.worktree_around, worktree_root), (projects.bare_repository, bare_repository)):
            found = there(place)
            assert here(str(place)) == (None if found is None else str(found)), (place, here)
    assert projects.bare_repository(str(tmp_path / "hidden")) == str(tmp_path / "hidden/.bare")
    assert projects.worktree_around(str(tmp_path / "hidden")) is None


def test_outside_of_any_worktree_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the working directory nor a named folder is taken for a project by itself."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^Not inside a git worktree\. Use --project"):
        projects.resolve(None, {}, nothing_registered)
    with pytest.raises(UsageError, match=r"Not inside a git worktree\. Use --project"):
        projects.resolve(str(tmp_path), {}, nothing_registered)


def test_a_missing_folder_is_an_error_unless_it_is_registered(tmp_path: Path) -> None:
    """A project whose folder has gone can still be asked about."""
    gone = str(tmp_path / "gone")
    with pytest.raises(UsageError, match="there is no such folder"):
        projects.resolve(gone, {}, nothing_registered)
    assert projects.resolve(gone, {}, lambda: {gone}) == gone


def test_a_path_with_a_nul_byte_is_refused() -> None:
    """No system call fails in the middle of a command."""
    with pytest.raises(UsageError, match="is no path"):
        projects.resolve("a\0b", {}, nothing_registered)


def test_a_removed_working_directory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have removed the folder that a shell stands in."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="the working directory is gone"):
        projects.resolve(None, {}, nothing_registered)


ENVIRONMENTS = [
    {},
    {"HARNESSSYNC_HOME": "~/elsewhere"},
    {"HARNESSSYNC_HOME": "relative"},
    {"HARNESSSYNC_SOCKET": "/run/a.sock", "HARNESSSYNC_REGISTRY_FILE": "/srv/r.json"},
    {"HARNESS_SOCKET": "~/a.sock", "HARNESS_REGISTRY_FILE": "r.json"},
    {"HARNESSSYNC_SOCKET": "/run/new.sock", "HARNESS_SOCKET": "/run/old.sock"},
    {"HARNESSSYNC_SOCKET": "", "HARNESS_SOCKET": ""},
    {"HARNESSSYNC_HOME": "/" + "x" * 120, "XDG_RUNTIME_DIR": "/run/user/7"},
    {"HARNESSSYNC_HOME": "/" + "x" * 120, "XDG_RUNTIME_DIR": "/" + "y" * 120},
    {"HARNESSSYNC_HOME": "/" + "x" * 120, "XDG_RUNTIME_DIR": ""},
]


@pytest.mark.parametrize("environ", ENVIRONMENTS, ids=lambda environ: ",".join(environ) or "nothing")
def test_client_and_service_look_in_the_same_places(
    environ: dict[str, str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's quick answers are those of the layout that the service has."""
    monkeypatch.chdir(tmp_path)
    environ = {"HOME": str(home), **environ}
    layout = Layout.from_environment(environ, home)
    identifier = project_id("/srv/a")
    assert places.control_socket(environ) == str(layout.control_socket)
    assert places.registry_file(environ) == str(layout.registry_file)
    assert places.project_socket(environ, identifier) == str(layout.socket_for(identifier))
    assert places.project_id("/srv/a") == identifier


def test_get_socket_path_uses_worktree_hash(home: Path) -> None:
    """Different worktrees have different sockets, the same has the same, below the folder for sockets."""
    environ = {"HOME": str(home)}
    a, b = own_socket(environ, "/srv/a"), own_socket(environ, "/srv/b")
    assert a != b
    assert a == own_socket(environ, "/srv/a")
    assert a == f"{home}/.harnesssync/sockets/{project_id('/srv/a')}.sock"


def test_ids_are_the_same_for_paths_that_are_not_utf_8() -> None:
    """Paths are bytes, and their ids are of the bytes."""
    path = os.fsdecode(b"/srv/\xff\n")
    assert places.project_id(path) == project_id(path)


def test_a_pipe_in_the_place_of_gits_own_folder_keeps_nobody_waiting(tmp_path: Path) -> None:
    """An archive can hold one; it makes no worktree."""
    (tmp_path / "project").mkdir()
    os.mkfifo(tmp_path / "project" / ".git")
    assert projects.worktree_around(str(tmp_path / "project")) is None
