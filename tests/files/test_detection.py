"""A target is in use where it left a sign, or where its program is installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.items import Kind, Scope
from harnesssync_orchestrator.core.ledger import CONTAINER, Entry, Ledger, Method
from harnesssync_orchestrator.core.targets import Target, Unsupported
from harnesssync_orchestrator.files.detection import EDITORS, targets_in_use

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


def test_a_sign_at_home_counts_everywhere(tmp_path: Path) -> None:
    """For the user, and for every project: whoever has an extension of an editor alone has nothing on `PATH`."""
    (tmp_path / ".config" / "beta").mkdir(parents=True)
    assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path, {}) == ("beta",)
    assert targets_in_use(TARGETS, Scope.PROJECT, tmp_path / "project", tmp_path, {}) == ("beta",)


def test_a_folder_around_signs_is_none(tmp_path: Path) -> None:
    """Every program has something in `.config`."""
    (tmp_path / ".config" / "other").mkdir(parents=True)
    assert targets_in_use(TARGETS, Scope.PROJECT, tmp_path / "project", tmp_path, {}) == ()


@pytest.mark.parametrize("scope", Scope)
def test_what_we_wrote_at_home_is_no_sign(tmp_path: Path, scope: Scope) -> None:
    """Until something else stands beside it: a target would be in use for ever, since we once wrote for it."""
    folder = tmp_path / ".config" / "beta"
    (folder / "agents").mkdir(parents=True)
    (folder / "skill").mkdir()
    for name in ("agents/a.md", "settings.json", "skill/SKILL.md", ".harnesssync-source-skill.txt"):
        (folder / name).write_text("ours")
    entry = Entry(digest="0" * 16, owners=("beta",), method=Method.WRITE, timestamp="")
    wholes = (Address(".config/beta/agents/a.md"), Address(".config/beta/skill"))
    key = Address(".config/beta/settings.json", ("servers", "x"))
    ledger = Ledger(
        entries={**dict.fromkeys(wholes, entry), key: entry},
        made=frozenset(map(Address, (".config/beta/", ".config/beta/agents/", ".config/beta/settings.json"))),
    )

    def found(ledger: Ledger | None) -> tuple[str, ...]:
        return targets_in_use(TARGETS, scope, tmp_path / "project", tmp_path, {}, written=lambda: ledger)

    assert found(ledger) == ()
    assert found(Ledger()) == ("beta",)
    assert found(None) == found(Ledger(lost=True)) == ()  # nobody can tell
    assert found(replace(ledger, made=ledger.made - {Address(".config/beta/settings.json")})) == ("beta",)
    (folder / "agents" / "mine.md").write_text("mine")
    assert found(ledger) == ("beta",)


def test_what_is_in_the_middle_of_being_written_is_no_sign(tmp_path: Path) -> None:
    """A sync of the home directory was killed; the ledger has only what it was about to make."""
    file = tmp_path / ".config" / "beta" / "a.md"
    file.parent.mkdir(parents=True)
    file.write_text("ours")
    ledger = Ledger(pending={Address(".config/beta/"): CONTAINER, Address(".config/beta/a.md"): "0" * 16})
    assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path, {}, written=lambda: ledger) == ()


def test_what_is_below_a_sign_and_another_targets_is_that_ones(tmp_path: Path) -> None:
    """As the folder of one harness in that of another."""
    inner = replace(target("inner"), user_signs=(".config/beta/inner",))
    (tmp_path / ".config/beta/inner").mkdir(parents=True)

    def found() -> tuple[str, ...]:
        return targets_in_use((*TARGETS, inner), Scope.USER, tmp_path, tmp_path, {})

    assert found() == ("inner",)
    (tmp_path / ".config/beta/settings.json").write_text("{}")
    assert found() == ("beta", "inner")


@pytest.mark.parametrize("editor", EDITORS)
def test_an_extension_of_an_editor_counts(tmp_path: Path, editor: str) -> None:
    """Of whatever version; not one whose name begins alike."""
    targets = (replace(target("gamma"), extensions=("maker.gamma",)),)
    extensions = tmp_path / editor / "extensions"
    (extensions / "maker.gammalike-1.0.0").mkdir(parents=True)
    assert targets_in_use(targets, Scope.PROJECT, tmp_path / "project", tmp_path, {}) == ()
    (extensions / "Maker.gamma-1.2.3-linux-x64").mkdir()
    assert targets_in_use(targets, Scope.PROJECT, tmp_path / "project", tmp_path, {}) == ("gamma",)


def test_a_moved_home_is_where_its_variable_says(tmp_path: Path) -> None:
    """The usual sign then says nothing."""
    (tmp_path / ".config" / "alpha").mkdir(parents=True)
    environment = {"ALPHA_HOME": str(tmp_path / "moved")}
    assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path, environment) == ()
    (tmp_path / "moved").mkdir()
    for value in (str(tmp_path / "moved"), "moved", "~/moved"):
        assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path, {"ALPHA_HOME": value}) == ("alpha",)
    elsewhere = {"ALPHA_HOME": str(tmp_path / "moved")}
    assert targets_in_use(TARGETS, Scope.USER, tmp_path, tmp_path / "home", elsewhere) == ("alpha",)


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
