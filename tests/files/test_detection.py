"""A target is in use where it left a sign, or where its program is installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Kind, Scope
from harnesssync_orchestrator.core.targets import Target, Unsupported
from harnesssync_orchestrator.files.detection import targets_in_use

NOTHING = {kind: Unsupported("not needed here") for kind in Kind}


def target(identifier: str, **more: str) -> Target:
    """A target with signs `.x` in projects and `.config/x` at home, and the program `x-cli`."""
    return Target(
        id=identifier,
        name=identifier.title(),
        programs=(f"{identifier}-cli",),
        project_signs=(f".{identifier}", f"{identifier}.json"),
        user_signs=(f".config/{identifier}",),
        home=f".{identifier}",
        project=NOTHING,
        user=NOTHING,
        home_variable=more.get("home_variable"),
    )


TARGETS = (target("beta"), target("alpha", home_variable="ALPHA_HOME"))


def test_nothing_is_in_use_on_an_empty_machine(tmp_path: Path) -> None:
    """Without signs and programs."""
    for scope in Scope:
        assert targets_in_use(TARGETS, scope, tmp_path, tmp_path, {}) == ()


def test_a_sign_in_the_project_counts_for_the_project(tmp_path: Path) -> None:
    """A folder, a file or a dangling link; targets come in their own order."""
    project, home = tmp_path / "project", tmp_path / "home"
    (project / ".alpha").mkdir(parents=True)
    (project / "beta.json").symlink_to("nowhere")
    assert targets_in_use(TARGETS, Scope.PROJECT, project, home, {}) == ("beta", "alpha")
    assert targets_in_use(TARGETS, Scope.USER, project, home, {}) == ()


def test_a_sign_at_home_counts_for_the_user(tmp_path: Path) -> None:
    """Not for every project."""
    (tmp_path / ".config" / "beta").mkdir(parents=True)
    assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path, {}) == ("beta",)
    assert targets_in_use(TARGETS, Scope.PROJECT, tmp_path / "project", tmp_path, {}) == ()


def test_a_moved_home_is_where_its_variable_says(tmp_path: Path) -> None:
    """The usual sign then says nothing."""
    (tmp_path / ".config" / "alpha").mkdir(parents=True)
    environment = {"ALPHA_HOME": str(tmp_path / "moved")}
    assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path, environment) == ()
    (tmp_path / "moved").mkdir()
    assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path, environment) == ("alpha",)


def test_an_installed_program_counts_everywhere(tmp_path: Path) -> None:
    """Only if it may be run."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, mode in (("alpha-cli", 0o755), ("beta-cli", 0o644)):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(mode)
    for scope in Scope:
        assert targets_in_use(TARGETS, scope, tmp_path, tmp_path, {"PATH": str(programs)}) == ("alpha",)


def test_a_target_for_linked_worktrees_is_in_use_in_each_of_them(tmp_path: Path, git: Any) -> None:
    """Whatever signs and programs there are, if the repository has a main checkout."""
    (tmp_path / "main/.alpha").mkdir(parents=True)
    git("init", "-q", cwd=tmp_path / "main")
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=tmp_path / "main")
    git("clone", "-q", "--bare", str(tmp_path / "main"), str(tmp_path / "bare"), cwd=tmp_path)
    for repository in ("main", "bare"):
        git("worktree", "add", "-q", str(tmp_path / f"of-{repository}"), cwd=tmp_path / repository)
    targets = (replace(target("alpha"), only_linked=True),)
    in_use = {
        name: targets_in_use(targets, Scope.PROJECT, tmp_path / name, tmp_path, {})
        for name in ("main", "bare", "of-main", "of-bare")
    }
    assert in_use == {"main": (), "bare": (), "of-main": ("alpha",), "of-bare": ()}
    assert targets_in_use(targets, Scope.USER, tmp_path / "of-main", tmp_path, {}) == ()
