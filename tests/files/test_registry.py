"""The registered projects: no entry lost, none invented, and trust shared by real worktrees alone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.core.trust import Approval, Standing
from harnesssync_orchestrator.errors import LockTimeoutError, NewerStateError, StateError
from harnesssync_orchestrator.files import registry as registry_module
from harnesssync_orchestrator.files.identity import identify, trust_of
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.files.registry import Registry, get_hash_for_path


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "root" / "registry.json", tmp_path / "root" / "registry.lock")


def again(registry: Registry) -> Registry:
    """Another instance on the same file, as another process has it."""
    return Registry(registry.path, registry.lock_path)


def document(registry: Registry) -> dict[str, Any]:
    value = json.loads(registry.path.read_bytes())
    assert isinstance(value, dict)
    return value


def test_registry_load_empty_makes_no_file(registry: Registry) -> None:
    """Reading an absent registry gives no projects, no problem, and no folder."""
    assert (registry.list_projects(), registry.load().problems, registry.projects()) == ({}, (), ())
    assert registry.project(Path("/src/app")).approvals == ()
    assert not registry.path.parent.exists()


def test_registry_register_project_is_seen_by_other_instances(registry: Registry) -> None:
    """The path need not exist; targets and trust come with it; the folder is private."""
    identifier = registry.register(Path("/Users/test/project"), targets=("codex", "amp"), trusted=True)
    entry = again(registry).list_projects()[identifier]
    assert (entry.path, entry.targets, entry.trusted, entry.scope) == (
        "/Users/test/project",
        ("codex", "amp"),
        True,
        Scope.PROJECT,
    )
    (project,) = again(registry).projects()
    assert (project.id, project.targets, project.approvals) == (identifier, ("codex", "amp"), ())
    assert stat.S_IMODE(registry.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(registry.path.stat().st_mode) == 0o600


def test_registry_file_is_indented_and_tells_time_with_offset(registry: Registry) -> None:
    """People read it, and scripts."""
    identifier = registry.register(Path("/src/日本語"))
    assert '\n  "projects": {\n    "' in registry.path.read_text()
    assert "日本語" in registry.path.read_text()
    active = datetime.fromisoformat(document(registry)["projects"][identifier]["last_active"])
    assert active.utcoffset() == timedelta(0)


def test_registry_ids_are_hashes_of_the_resolved_path(tmp_path: Path, registry: Registry) -> None:
    """A link to a project is that project; asking for an id reads no file."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    identifier = registry.register(tmp_path / "link")
    assert identifier == get_hash_for_path(tmp_path / "real") == project_id(str(tmp_path / "real"))
    assert len(identifier) == 16
    assert list(registry.list_projects()) == [identifier]
    (tmp_path / "loop").symlink_to("loop")
    assert len(get_hash_for_path(tmp_path / "loop")) == 16


def test_registry_reregister_changes_the_time_alone(registry: Registry) -> None:
    """Once registered, a project stays as it was set up, and what a later version noted stays too."""
    times = iter(["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"])
    registry = Registry(registry.path, registry.lock_path, clock=lambda: next(times))
    identifier = registry.register(Path("/src/app"), scope=Scope.USER, targets=("codex",), trusted=False)
    first = document(registry)
    first["projects"][identifier]["later"] = first["more"] = {"x": 1}
    registry.path.write_text(json.dumps(first))
    registry.register(Path("/src/app"))
    first["projects"][identifier]["last_active"] = "2026-01-02T00:00:00+00:00"
    assert document(registry) == first


def test_registry_a_project_is_paused_until_it_is_resumed(tmp_path: Path, registry: Registry) -> None:
    """By path or by id; again changes nothing, registering anew keeps it, and an unknown project is told."""
    identifier = registry.register(tmp_path)
    assert registry.set_paused(tmp_path, True)
    assert again(registry).list_projects()[identifier].paused
    before = registry.path.stat().st_ino
    assert registry.set_paused(identifier, True)
    assert registry.path.stat().st_ino == before
    registry.register(tmp_path)
    assert registry.list_projects()[identifier].paused
    assert registry.set_paused(identifier, False)
    assert not registry.list_projects()[identifier].paused
    assert not registry.set_paused("0" * 16, True)


def test_registry_concurrent_threads_all_arrive(registry: Registry) -> None:
    """Ten at once, ten entries."""
    threads = [
        threading.Thread(target=again(registry).register, args=(Path(f"/src/{number}"),), kwargs={"timeout": 30})
        for number in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(registry.list_projects()) == 10


def test_registry_concurrent_processes_lose_nothing(registry: Registry) -> None:
    """Ten processes register ten projects each, at once."""
    script = """
import sys
from pathlib import Path
from harnesssync_orchestrator.files.registry import Registry
registry = Registry(Path(sys.argv[1]), Path(sys.argv[2]))
for number in range(10):
    registry.register(Path(f"/src/{sys.argv[3]}/{number}"), timeout=60)
"""
    arguments = (sys.executable, "-c", script, str(registry.path), str(registry.lock_path))
    writers = [subprocess.Popen([*arguments, str(number)]) for number in range(10)]
    assert [writer.wait(60) for writer in writers] == [0] * 10
    assert len(registry.list_projects()) == 100
    assert sorted(each.name for each in registry.path.parent.iterdir()) == ["registry.json", "registry.lock"]


def test_registry_lock_timeout_is_an_error_and_readers_do_not_wait(registry: Registry) -> None:
    """A writer waits as long as it was told to; reads take no lock at all."""
    identifier = registry.register(Path("/src/app"))
    with held(registry.lock_path):
        assert list(registry.list_projects()) == [identifier]
        with pytest.raises(LockTimeoutError, match=str(os.getpid())):
            registry.register(Path("/src/other"), timeout=0.02)
    assert list(registry.list_projects()) == [identifier]


@pytest.mark.parametrize("content", [b"x", b"", b"[]", b"{}", b'{"projects": []}', b"\xff"])
def test_a_corrupt_registry_is_kept_and_told_until_there_is_a_new_one(registry: Registry, content: bytes) -> None:
    """It is never read as empty in silence, and never overwritten."""
    registry.path.parent.mkdir()
    registry.path.write_bytes(content)
    for _ in range(2):
        known = registry.load()
        assert (known.projects, [problem.code for problem in known.problems]) == ({}, ["registry_corrupt"])
    identifier = registry.register(Path("/src/app"))
    (backup,) = registry.path.parent.glob("registry.json.bak.*")
    assert backup.read_bytes() == content
    assert (list(registry.load().projects), registry.load().problems) == ([identifier], ())


def test_registering_over_a_corrupt_registry_keeps_it(registry: Registry) -> None:
    """Also when nobody has looked at it before."""
    registry.path.parent.mkdir()
    registry.path.write_bytes(b'{"projects": {"half')
    registry.register(Path("/src/app"))
    (backup,) = registry.path.parent.glob("registry.json.bak.*")
    assert backup.read_bytes() == b'{"projects": {"half'


def test_an_unreadable_registry_is_told_and_not_replaced(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """What can't be read is not empty."""
    public_folder.chmod(0o777)
    registry = Registry(public_folder / "registry.json", public_folder / "registry.lock")
    identifier = registry.register(Path("/src/app"))
    for name in ("registry.lock", "registry.json"):
        (public_folder / name).chmod(0o666 if name.endswith("lock") else 0)
    with as_nobody():
        assert [problem.code for problem in registry.load().problems] == ["unreadable"]
        with pytest.raises(StateError):
            registry.register(Path("/src/other"))
    assert list(registry.list_projects()) == [identifier]


@pytest.mark.parametrize(
    "row",
    [
        5,
        {},
        {"path": 5},
        {"path": "/x", "targets": "codex"},
        {"path": "/x", "trusted": "yes"},
        {"path": "/x", "paused": "yes"},
        {"path": "/x", "scope": "galaxy"},
    ],
)
def test_one_bad_entry_hides_no_other(registry: Registry, row: object) -> None:
    """It is a problem that names it; a new registration repairs it, and nothing in it was taken for trust."""
    good = registry.register(Path("/src/app"))
    value = document(registry)
    bad = project_id("/x")
    value["projects"][bad] = row
    registry.path.write_text(json.dumps(value))
    known = registry.load()
    assert (list(known.projects), [problem.code for problem in known.problems]) == ([good], ["registry_entry"])
    assert registry.register(Path("/x")) == bad
    assert registry.load().problems == ()
    assert registry.list_projects()[bad].trusted is None


def test_the_registry_of_a_later_version_is_read_and_not_changed(registry: Registry) -> None:
    """It can be looked at; changing it is left to the version that knows it."""
    identifier = registry.register(Path("/src/app"))
    value = document(registry) | {"version": "2.0"}
    registry.path.write_text(json.dumps(value))
    assert list(registry.list_projects()) == [identifier]
    with pytest.raises(NewerStateError):
        registry.register(Path("/src/other"))
    assert document(registry) == value


def test_registry_collision_of_ids_is_an_error(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two paths with one id would share a ledger: the second is refused, the first stays."""
    monkeypatch.setattr(registry_module, "project_id", lambda path: "0" * 16)
    registry.register(Path("/src/a"))
    with pytest.raises(StateError) as caught:
        registry.register(Path("/src/b"))
    assert caught.value.code == "id_collision"
    assert [entry.path for entry in registry.list_projects().values()] == ["/src/a"]


def test_registry_odd_paths_come_back_as_they_were(tmp_path: Path, registry: Registry) -> None:
    """Bytes that are not UTF-8, spaces, line breaks, and both forms of an accent: one entry each."""
    odd = [b"\xff\xfe", b"with space ", b"line\nbreak", "café".encode(), "cafe\u0301".encode(), b"-rf"]
    paths = [tmp_path / os.fsdecode(name) for name in odd]
    for path in (*paths, *paths):
        path.mkdir(exist_ok=True)
        assert registry.register(path) == get_hash_for_path(path)
    assert {entry.path for entry in registry.list_projects().values()} == {str(path) for path in paths}
    assert all(Path(entry.path).is_dir() for entry in registry.list_projects().values())


def test_a_scope_is_not_changed_by_registering_again(registry: Registry) -> None:
    """A home directory under git is one thing or the other."""
    registry.register(Path("/home/someone"), scope=Scope.USER)
    with pytest.raises(StateError, match="Remove it first"):
        registry.register(Path("/home/someone"), scope=Scope.PROJECT)
    registry.register(Path("/home/someone"), scope=Scope.USER)
    assert [project.scope for project in registry.projects()] == [Scope.USER]


def test_a_project_is_forgotten_by_path_or_by_id(registry: Registry) -> None:
    """And nothing is written when there is nothing to forget."""
    first, second = registry.register(Path("/src/a")), registry.register(Path("/src/b"))
    inode = registry.path.stat().st_ino
    assert not registry.unregister(Path("/src/c"))
    assert registry.path.stat().st_ino == inode
    assert (registry.unregister(Path("/src/a")), registry.unregister(first)) == (True, False)
    assert (registry.unregister(second), registry.list_projects()) == (True, {})


def test_pruning_forgets_what_is_gone_and_nothing_else(tmp_path: Path, registry: Registry) -> None:
    """A file where the folder was counts as gone."""
    for name in ("here", "gone", "file"):
        (tmp_path / name).mkdir()
        registry.register(tmp_path / name)
    for name in ("gone", "file"):
        (tmp_path / name).rmdir()
    (tmp_path / "file").write_bytes(b"")
    assert {entry.path for entry in registry.prune().values()} == {str(tmp_path / name) for name in ("gone", "file")}
    assert [entry.path for entry in registry.list_projects().values()] == [str(tmp_path / "here")]
    assert registry.prune() == {}


# --- trust ---


def test_a_change_clears_away_what_a_killed_one_left(registry: Registry, tmp_path: Path) -> None:
    """Else it would stay beside the registry for ever."""
    registry.register(tmp_path)
    left = registry.path.with_name(".state-999999999-0123456789abcdef.json.tmp")
    left.write_text("{")
    registry.register(tmp_path)
    assert not left.exists()


@pytest.fixture
def repository(tmp_path: Path, git: Any) -> Path:
    """A repository with a commit, and a linked worktree beside it."""
    main = tmp_path / "main"
    main.mkdir()
    git("init", "-q", cwd=main)
    git("commit", "-q", "--allow-empty", "-m", "begin", cwd=main)
    git("worktree", "add", "-q", "../linked", cwd=main)
    return main


def approval(path: Path, *fingerprints: str) -> Approval:
    """Of these, for the folder that is there now."""
    return identify(path).approving(fingerprints or ("f" * 64,))


def test_what_is_approved_for_a_repository_is_approved_for_its_worktrees(repository: Path, registry: Registry) -> None:
    """Whether they are registered or not, until a person says no to the one; not for what is beside them."""
    linked = repository.parent / "linked"
    registry.register(linked)
    assert registry.project(linked).approvals == ()
    given = approval(repository)
    registry.register(repository, approval=given)
    assert given.folder == str(repository / ".git")
    assert {project.path: project.approvals for project in registry.projects()} == {
        str(repository): (given,),
        str(linked): (given,),
    }
    registry.unregister(linked)
    assert registry.project(linked).approvals == (given,)
    registry.register(linked, trusted=False)
    assert (registry.project(linked).approvals, registry.project(repository).approvals) == ((), (given,))
    assert registry.project(repository.parent).approvals == ()


def test_approvals_of_one_folder_add_up_and_those_of_another_folder_there_do_not(
    repository: Path, registry: Registry
) -> None:
    """Who switches between branches is asked once for each content; a folder that took its place begins anew."""
    registry.approve(repository, approval(repository, "a" * 64))
    registry.approve(repository.parent / "linked", approval(repository.parent / "linked", "b" * 64))
    (both,) = again(registry).project(repository).approvals
    assert both.fingerprints == {"a" * 64, "b" * 64}
    registry.approve(repository, replace(both, inode=both.inode + 1, fingerprints=frozenset({"c" * 64})))
    (other,) = registry.project(repository).approvals
    assert other.fingerprints == {"c" * 64}


def test_what_was_approved_on_a_file_system_that_may_be_another_one_stays_in_doubt(
    repository: Path, registry: Registry
) -> None:
    """Other worktrees may hold it. Approving it again, or taking everything back, ends that."""
    linked, now = repository.parent / "linked", approval(repository, "a" * 64)
    before = replace(now, device=now.device + 1, filesystem=0, fingerprints=frozenset({"a" * 64, "b" * 64}))
    registry.approve(repository, before)
    registry.approve(repository, replace(now, filesystem=0))
    (known,) = again(registry).project(linked).approvals
    assert known == replace(now, filesystem=0, doubted=frozenset({"b" * 64}))
    registry.approve(linked, replace(now, filesystem=0, fingerprints=frozenset({"b" * 64})))
    (known,) = again(registry).project(linked).approvals
    assert known == replace(now, filesystem=0, fingerprints=frozenset({"a" * 64, "b" * 64}))


def test_an_approval_of_an_earlier_version_holds_as_it_did(repository: Path, registry: Registry) -> None:
    """It says nothing of the file system, nor of a mark; what is added to it does."""
    given = approval(repository, "a" * 64)
    registry.approve(repository, given)
    older = document(registry)
    for name in ("filesystem", "mark"):
        del older["approvals"][str(repository / ".git")][name]
    registry.path.write_text(json.dumps(older))
    (known,) = registry.project(repository).approvals
    assert known == replace(given, filesystem=0, mark="")
    assert trust_of(registry.project(repository)).approved == {"a" * 64}
    registry.approve(repository, replace(given, fingerprints=frozenset({"b" * 64})))
    assert registry.project(repository).approvals == (replace(given, fingerprints=frozenset({"a" * 64, "b" * 64})),)


def forgotten(registry: Registry, *paths: Path) -> list[bool]:
    return [again(registry).project(path).forgotten for path in paths]


def test_what_a_registry_said_that_is_lost_is_not_known_until_a_person_says_it_again(
    repository: Path, registry: Registry
) -> None:
    """Of each worktree by itself, also when a new registry is begun for others; no answer is asked of anybody twice."""
    linked, other = repository.parent / "linked", repository.parent / "other"
    other.mkdir()
    registry.register(repository, approval=approval(repository))
    assert forgotten(registry, repository, linked, other) == [False, False, False]
    registry.path.write_text("{")
    assert forgotten(registry, repository, linked, other) == [True, True, True]
    registry.register(repository)
    assert forgotten(registry, repository, linked, other) == [True, True, True]
    registry.approve(repository, approval(repository))
    assert forgotten(registry, repository, linked, other) == [False, True, True]
    assert len(again(registry).project(linked).approvals) == 1
    registry.register(other, approval=approval(other))
    assert forgotten(registry, repository, linked, other) == [False, True, False]
    assert registry.revoke(linked)
    assert not registry.revoke(linked)
    assert forgotten(registry, repository, linked, other) == [False, False, False]


def test_a_person_who_said_no_since_the_loss_is_not_asked_again(repository: Path, registry: Registry) -> None:
    """Taking back what is not known is an answer, for all worktrees; so is a project that is not trusted."""
    linked = repository.parent / "linked"
    registry.path.parent.mkdir(mode=0o700)
    registry.path.write_text("[]")
    assert registry.revoke(repository)
    assert forgotten(registry, repository, linked) == [False, False]
    registry.path.write_text("[]")
    registry.register(linked, trusted=False)
    assert forgotten(registry, repository, linked) == [True, False]


@pytest.mark.parametrize("lost", [None, {}, [], "x", {"answered": 1}, {"answered": [1, None]}, {"time": []}])
def test_a_loss_that_is_noted_in_another_form_is_a_loss(repository: Path, registry: Registry, lost: object) -> None:
    """And can be answered."""
    registry.register(repository)
    registry.path.write_text(json.dumps({**document(registry), "lost": lost}))
    assert forgotten(registry, repository) == [True]
    registry.approve(repository, approval(repository))
    assert forgotten(registry, repository) == [False]


def test_taking_an_approval_back_takes_it_from_all_worktrees(repository: Path, registry: Registry) -> None:
    """From whichever of them it is taken; again there is nothing to take."""
    linked = repository.parent / "linked"
    registry.register(repository, approval=approval(repository))
    registry.register(linked, approval=approval(linked))
    assert registry.revoke(linked)
    assert [project.approvals for project in registry.projects()] == [(), ()]
    assert [project.outdated for project in registry.projects()] == [False, False]
    assert not registry.revoke(linked)


def test_trust_of_an_earlier_version_is_told_as_outdated(repository: Path, registry: Registry) -> None:
    """It did not note what was there: nothing is approved until a person looks again."""
    identifier = registry.register(repository, trusted=True)
    (project,) = registry.projects()
    assert (project.outdated, project.approvals) == (True, ())
    registry.approve(repository, approval(repository))
    (project,) = registry.projects()
    assert (project.id, project.outdated, len(project.approvals)) == (identifier, False, 1)


def test_a_registry_that_knows_no_approvals_still_loads(registry: Registry) -> None:
    """As the first version wrote it; what it lets through is nothing, and that is told as outdated."""
    identifier = project_id("/src/app")
    row = {
        "path": "/src/app",
        "last_active": "2026-01-01T00:00:00+00:00",
        "scope": "project",
        "targets": ["codex"],
        "trusted": True,
        "common_dir": "/src/app/.git",
    }
    registry.path.parent.mkdir(mode=0o700)
    registry.path.write_text(json.dumps({"version": "1.0", "projects": {identifier: row}}))
    (project,) = registry.projects()
    assert (project.targets, project.approvals, project.outdated, project.paused) == (("codex",), (), True, False)
    assert registry.load().problems == ()


@pytest.mark.parametrize(
    "row",
    [
        *(None, [], {}, {"device": "1"}, {"device": 1, "inode": 2, "owner": True, "fingerprints": []}),
        {"device": 1, "inode": 2, "owner": 0, "mark": 3, "fingerprints": []},
    ],
)
def test_an_approval_that_cannot_be_read_approves_nothing(repository: Path, registry: Registry, row: object) -> None:
    """It is told, the project stays registered, and approving anew repairs it."""
    registry.register(repository, approval=approval(repository))
    broken = document(registry)
    broken["approvals"][str(repository / ".git")] = row
    registry.path.write_text(json.dumps(broken))
    assert (registry.project(repository).approvals, registry.project(repository).forgotten) == ((), True)
    (problem,) = registry.load().problems
    assert f"harnesssync ctl trust {repository}" in problem.hint
    registry.approve(repository, approval(repository))
    assert (registry.load().problems, registry.project(repository).forgotten) == ((), False)


@pytest.mark.parametrize("disguise", ["gitdir", "worktree", "link", "commondir", "submodule"])
def test_a_folder_that_only_claims_to_belong_to_a_trusted_repository_is_not(
    repository: Path, registry: Registry, git: Any, disguise: str
) -> None:
    """Whoever packs an archive can put anything into its `.git`; the repository has to know of it."""
    registry.register(repository, approval=approval(repository))
    evil = repository.parent / "evil"
    evil.mkdir()
    if disguise == "gitdir":
        (evil / ".git").write_text(f"gitdir: {repository}/.git\n")
    elif disguise == "worktree":
        (evil / ".git").write_text(f"gitdir: {repository}/.git/worktrees/linked\n")
    elif disguise == "link":
        (evil / ".git").symlink_to(repository / ".git")
    elif disguise == "submodule":
        git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "module", cwd=repository)
        registry.register(repository / "module", approval=approval(repository / "module"))
        assert registry.list_projects()[get_hash_for_path(repository / "module")].common_dir
        (evil / ".git").write_text(f"gitdir: {repository}/.git/modules/module\n")
    else:
        (evil / ".git").mkdir()
        (evil / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        (evil / ".git" / "commondir").write_text(f"{repository}/.git\n")
    registry.register(evil)
    assert registry.project(evil).approvals == ()
    assert {project.path: project.approvals for project in registry.projects()}[str(evil)] == ()
    borrowed = replace(registry.project(evil), approvals=registry.project(repository).approvals)
    assert trust_of(borrowed).standing is not Standing.APPROVED
