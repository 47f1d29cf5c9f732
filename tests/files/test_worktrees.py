"""git's records of worktrees, as they are while git writes them and afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.registered import Registered, RegistryEntry
from harnesssync_orchestrator.files.worktrees import YOUNG_S, Worktrees, folders, tells_of_records


@pytest.fixture
def main(tmp_path: Path, git: Callable[..., str]) -> Path:
    root = tmp_path.resolve() / "main"
    root.mkdir()
    git("init", "-q", cwd=root)
    git("commit", "-q", "--allow-empty", "-m", "first", cwd=root)
    return root


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path / "state")


def registered(root: Path, **found: Path) -> Registered:
    common = str(root / ".git")
    entries = [RegistryEntry(path=str(root), last_active="", common_dir=common)]
    entries += [RegistryEntry(path=str(each), last_active="", common_dir=common, found=True) for each in found.values()]
    return Registered(projects={project_id(entry.path): entry for entry in entries})


def test_a_worktree_is_found_whatever_git_has_written_of_it_by_then(
    main: Path, git: Callable[..., str], layout: Layout
) -> None:
    """As long as something is missing, it is to be looked at again; a look in between hides nothing."""
    linked = main.with_name("linked")
    worktrees = Worktrees(layout)
    assert worktrees.look(registered(main)).is_nothing
    git("worktree", "add", "-q", str(linked), cwd=main)
    record = main / ".git/worktrees/linked"
    parts = {path: path.read_bytes() for path in (record / "gitdir", record / "HEAD", linked / ".git")}
    for path in parts:
        path.unlink()
    linked.rename(main.with_name("not yet"))
    assert (worktrees.look(registered(main)).new, worktrees.look(registered(main)).unready) == ({}, True)
    main.with_name("not yet").rename(linked)
    for path, content in parts.items():
        found = worktrees.look(registered(main))
        assert (found.new, found.unready) == ({}, True)
        path.write_bytes(content)
    found = worktrees.look(registered(main))
    assert (found.new, found.unready) == ({str(linked): str(main / ".git")}, False)
    assert worktrees.look(registered(main, linked=linked)).is_nothing


def test_a_record_that_is_never_completed_is_looked_at_for_a_while(main: Path, layout: Layout) -> None:
    """A killed git leaves one, and anybody can write one that names a folder which does not point back."""
    records = [main / ".git/worktrees" / name for name in ("broken", "liar")]
    for record in records:
        record.mkdir(parents=True)
        assert Worktrees(layout).look(registered(main)).unready
    (records[1] / "gitdir").write_text(f"{main.parent}/.git\n", encoding="utf-8")
    for written in (*records, records[1] / "gitdir"):
        os.utime(written, (0, 0))
    assert not Worktrees(layout).look(registered(main)).unready
    assert YOUNG_S < 60


def test_what_is_watched_is_where_the_next_record_will_come(main: Path, git: Callable[..., str]) -> None:
    """Git makes the folder of the records with the first one. In each it writes anew where a moved one is."""
    common = main / ".git"
    assert folders([str(common)]) == {str(common)}
    git("worktree", "add", "-q", str(main.with_name("linked")), cwd=main)
    assert folders([str(common)]) == {str(common / "worktrees"), str(common / "worktrees/linked")}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/r/.git/worktrees", True),
        ("/r/.git/worktrees/linked", True),
        ("/r/.git/worktrees/linked/gitdir", True),
        ("/r/.git/worktrees/linked/index.lock", False),
        ("/r/.git/worktrees/linked/logs", False),
        ("/r/.git/index.lock", False),
        ("/r/.git/HEAD", False),
    ],
)
def test_what_else_git_does_tells_nothing(path: str, expected: bool) -> None:
    """It changes files with every command."""
    assert tells_of_records(path) is expected
