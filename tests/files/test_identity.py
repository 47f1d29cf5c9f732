"""Which folder a project is, and whose."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.trust import Approval, Standing
from harnesssync_orchestrator.files.identity import identify, trust_of, writable_by_others
from harnesssync_orchestrator.files.reading import Looked

MARK = "a" * 64
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to another user")


@pytest.fixture
def root(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with a commit."""
    root = tmp_path.resolve() / "project"
    root.mkdir()
    git("init", "-q", cwd=root)
    git("commit", "-q", "--allow-empty", "-m", "begin", cwd=root)
    return root


def project(root: Path, *approvals: Approval) -> Project:
    return Project(path=str(root), approvals=approvals)


def test_an_approval_holds_for_the_folder_that_it_was_given_for(root: Path) -> None:
    """And for every worktree that its repository acknowledges."""
    approval = identify(root).approving([MARK])
    trust = trust_of(project(root, approval))
    assert (trust.standing, trust.approved, trust.root) == (Standing.APPROVED, frozenset({MARK}), str(root))
    assert trust_of(project(root)).standing is Standing.UNAPPROVED


def test_a_worktree_has_what_was_approved_for_its_repository(root: Path, git: Callable[..., str]) -> None:
    """Also one that was removed and made anew at the same place; not a copy that only says so."""
    approval = identify(root).approving([MARK])
    linked = root.parent / "linked"
    for _ in range(2):
        git("worktree", "add", "-q", "--force", str(linked), cwd=root)
        assert trust_of(project(linked, approval)).approved == {MARK}
        copy = root.parent / "copy"
        shutil.copytree(linked, copy)
        assert trust_of(project(copy, approval)).standing is Standing.UNAPPROVED
        shutil.rmtree(copy)
        git("worktree", "remove", "--force", str(linked), cwd=root)


def test_a_look_that_fails_does_not_end_trust(public_folder: Path, as_nobody: Any) -> None:
    """What executes would be taken out of files, and put in again at another place."""
    root = public_folder / "closed" / "project"
    root.mkdir(parents=True)
    approval = identify(root).approving([MARK])
    root.parent.chmod(0)
    with as_nobody(), pytest.raises(PermissionError):
        trust_of(project(root, approval))


def test_another_folder_at_the_same_path_has_no_approval(root: Path) -> None:
    """Whatever was moved or cloned there."""
    approval = identify(root).approving([MARK])
    shutil.copytree(root, root.parent / "copy")
    root.rename(root.parent / "away")
    (root.parent / "copy").rename(root)
    trust = trust_of(project(root, approval))
    assert (trust.standing, trust.approved) == (Standing.REPLACED, frozenset())
    (root / ".git").rename(root / "git")
    assert trust_of(project(root, approval)).standing is Standing.UNAPPROVED


def inherited(root: Path, approval: Approval) -> Approval:
    """The approval as if what stands there now had got the inode of the approved folder."""
    return replace(approval, inode=identify(root).inode)


@pytest.mark.parametrize("kind", ["main", "linked", "bare", "elsewhere"])
def test_a_repository_that_gets_the_inode_of_the_approved_one_has_no_approval(
    root: Path, git: Callable[..., str], kind: str
) -> None:
    """As the next clone at the same path may; also one that tells nothing of when it was made."""
    place = {"main": root, "linked": root.parent / "linked", "bare": root, "elsewhere": root}[kind]

    def made(*options: str) -> None:
        shutil.rmtree(root)
        shutil.rmtree(root.parent / "linked", ignore_errors=True)
        shutil.rmtree(root.parent / "git", ignore_errors=True)
        kinds = {"bare": ("--bare",), "elsewhere": (f"--separate-git-dir={root.parent / 'git'}",)}
        git("init", "-q", *options, *kinds.get(kind, ()), str(root), cwd=root.parent)
        if kind == "linked":
            git("commit", "-q", "--allow-empty", "-m", "begin", cwd=root)
            git("worktree", "add", "-q", str(place), cwd=root)

    made()
    approval = identify(place).approving([MARK])
    assert trust_of(project(place, approval)).approved == {MARK}
    for options in ((), ("--template=",)):
        made(*options)
        trust = trust_of(project(place, inherited(place, approval)))
        assert (trust.standing, sorted(trust.approved)) == (Standing.REPLACED, [])


def test_what_git_does_in_the_approved_repository_leaves_it_approved(root: Path, git: Callable[..., str]) -> None:
    """And a move, which the registry follows."""
    approval = identify(root).approving([MARK])
    git("init", "-q", cwd=root)
    git("gc", "-q", cwd=root)
    git("config", "core.fileMode", "false", cwd=root)
    assert trust_of(project(root, approval)).approved == {MARK}
    moved = root.rename(root.parent / "moved")
    assert trust_of(project(moved, replace(approval, folder=str(moved / ".git")))).approved == {MARK}


def test_a_repository_whose_files_were_all_touched_is_another(root: Path) -> None:
    """A restored one can't be told from one that was unpacked there."""
    approval = identify(root).approving([MARK])
    (root / ".git" / "description").touch()
    assert trust_of(project(root, approval)).standing is Standing.REPLACED


@pytest.mark.parametrize("kind", ["main", "linked"])
def test_modes_owners_and_hard_links_of_a_repository_leave_it_approved(
    root: Path, git: Callable[..., str], kind: str
) -> None:
    """As a `chmod -R`, a `chown -R` and a `cp -al` change all of its files."""
    place = root if kind == "main" else root.parent / "linked"
    git("worktree", "add", "-q", str(root.parent / "linked"), cwd=root)
    approval, own = identify(place).approving([MARK]), identify(root).approving([MARK])
    for each in [path for path in (root / ".git").rglob("*") if path.is_file()]:
        ctime = each.stat().st_ctime_ns
        while each.stat().st_ctime_ns == ctime:  # the clock of a file system may be a coarse one
            each.chmod(0o600)
            os.chown(each, os.getuid(), os.getgid())
    shutil.copytree(root / ".git", root.parent / "copy", copy_function=os.link)
    assert trust_of(project(place, approval)).approved == {MARK}
    assert trust_of(project(root, own)).approved == {MARK}


def test_approvals_without_a_mark_hold_as_before(root: Path) -> None:
    """Those of earlier versions, and of folders without git, whatever files there are called."""
    approval = identify(root).approving([MARK])
    assert trust_of(project(root, replace(approval, mark=""))).approved == {MARK}
    shutil.rmtree(root / ".git")
    (root / "description").write_text("About this project.")
    plain = identify(root).approving([MARK])
    (root / "description").write_text("More about it.")
    assert (plain.mark, trust_of(project(root, plain)).approved) == ("", frozenset({MARK}))


@pytest.fixture
def with_id(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the file system of everything say that it is called so; some on which tests run have no id."""
    real = os.statvfs(root)

    def call_it(number: int) -> None:
        told = os.statvfs_result((*real[:10], number))
        monkeypatch.setattr(os, "statvfs", lambda _path: told)

    return call_it


def test_a_file_system_that_is_mounted_anew_under_another_number_is_known_by_its_id(
    root: Path, with_id: Callable[[int], None]
) -> None:
    """As after a restart of the machine, or when a disk is plugged in again."""
    with_id(7)
    approval = identify(root).approving([MARK])
    before = replace(approval, device=approval.device + 1)
    assert trust_of(project(root, before)).approved == {MARK}
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    root.rename(root.parent / "away")
    copy.rename(root)
    assert trust_of(project(root, before)).standing is Standing.REPLACED


@pytest.mark.parametrize(("noted", "now"), [(0, 0), (0, 7), (7, 0), (7, 8)])
def test_where_nothing_says_which_file_system_it_is_an_approval_is_in_doubt(
    root: Path, with_id: Callable[[int], None], noted: int, now: int
) -> None:
    """Under another number; what was approved is then neither let through nor forgotten."""
    with_id(now)
    approval = replace(identify(root).approving([MARK]), filesystem=noted, doubted=frozenset({"b" * 64}))
    trust = trust_of(project(root, replace(approval, device=approval.device + 1)))
    assert (trust.standing, trust.approved) == (Standing.REMOUNTED, frozenset())
    assert trust.doubted == {MARK, "b" * 64}
    other = replace(approval, device=approval.device + 1, owner=approval.owner + 1)
    assert trust_of(project(root, other)).standing is Standing.OTHER_OWNER


def test_another_file_system_under_the_same_number_is_in_doubt(root: Path, with_id: Callable[[int], None]) -> None:
    """A second disk gets the number of the first when that is gone, and the same inodes are in use on both."""
    with_id(7)
    approval = identify(root).approving([MARK])
    with_id(8)
    assert trust_of(project(root, approval)).standing is Standing.REMOUNTED


def test_what_was_approved_before_the_registry_was_lost_is_not_known(root: Path) -> None:
    """What a person has said since is; an earlier version's trust is told as what it was."""
    approval = identify(root).approving([MARK])
    lost = trust_of(replace(project(root), forgotten=True))
    assert (lost.standing, lost.forgotten, lost.approved) == (Standing.FORGOTTEN, True, frozenset())
    known = trust_of(replace(project(root, approval), forgotten=True))
    assert (known.standing, known.forgotten, known.approved) == (Standing.APPROVED, True, frozenset({MARK}))
    assert trust_of(replace(project(root), outdated=True)).standing is Standing.OUTDATED


def test_a_folder_that_is_not_there_has_no_approval(root: Path) -> None:
    """And is no error: the sync tells that it is gone."""
    approval = identify(root).approving([MARK])
    shutil.rmtree(root)
    assert trust_of(project(root, approval)).approved == frozenset()


def test_the_user_scope_needs_no_approval(tmp_path: Path) -> None:
    """A home directory holds a person's own configuration."""
    assert trust_of(Project(path=str(tmp_path), scope=Scope.USER)).standing is Standing.OWN


@as_root
@pytest.mark.parametrize("part", [".", ".git"])
def test_what_belongs_to_another_user_is_foreign_until_that_is_approved(root: Path, part: str) -> None:
    """Its root or its repository; and it is no longer what was approved when it was one's own."""
    before = identify(root).approving([MARK])
    os.chown(root / part, 12345, -1)
    assert identify(root).is_foreign
    for known in (project(root), project(root, before)):
        assert (trust_of(known).standing, trust_of(known).approved) == (Standing.FOREIGN, frozenset())
    approval = identify(root).approving([MARK])
    assert trust_of(project(root, approval)).approved == {MARK}
    os.chown(root / part, os.getuid(), -1)
    assert trust_of(project(root, approval)).standing is Standing.OTHER_OWNER


@as_root
def test_a_worktree_of_another_user_shares_no_approval(root: Path, git: Callable[..., str]) -> None:
    """Though the repository acknowledges it."""
    approval = identify(root).approving([MARK])
    linked = root.parent / "linked"
    git("worktree", "add", "-q", str(linked), cwd=root)
    os.chown(linked, 12345, -1)
    assert trust_of(project(linked, approval)).standing is Standing.FOREIGN


def test_a_repository_of_another_user_is_foreign(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without the rights of root: here it is this process that is another user's."""
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert trust_of(project(root)).standing is Standing.FOREIGN


@pytest.mark.parametrize("part", [".", ".claude", ".claude/settings.json"])
def test_a_file_that_others_may_change_or_replace_is_told(root: Path, part: str) -> None:
    """Itself, or any folder from it up to the project's root; and the look is recorded."""
    file = root / ".claude" / "settings.json"
    file.parent.mkdir()
    file.write_text("{}")
    assert writable_by_others([str(file)], str(root), Looked()) == frozenset()
    (root / part).chmod((root / part).stat().st_mode | stat.S_IWOTH)
    looked = Looked()
    assert writable_by_others([str(file), str(root.parent / "x")], str(root), looked) == {str(file)}
    assert str(file) in looked.seen
    if part == ".claude":
        (root / part).chmod(0o1777)  # as /tmp is: others make files of their own, and can't rename this one
        assert writable_by_others([str(file)], str(root), Looked()) == frozenset()
