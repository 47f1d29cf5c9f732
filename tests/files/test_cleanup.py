"""What is cleared away is ours beyond doubt; everything else stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash
from harnesssync_orchestrator.core.ledger import CONTAINER, Entry, Ledger, Method
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.files.cleanup import clean, cleanup_stale_symlinks
from harnesssync_orchestrator.files.copying import Marker, digest_at, write_marker
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.temporaries import telling_name

NEW = ".harnesssync-0123456789abcdef.tmp"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ledger(path: str = "out/x", digest: str = "d", **entries: Any) -> Ledger:
    entry = Entry(method=Method.COPY, digest=digest, timestamp="", owners=("codex",))
    return Ledger(entries={Address(path): entry}, **entries)


@pytest.mark.needs("links")
def test_cleanup_links_removes_broken_ones_of_ours_and_counts_them(tmp_path: Path) -> None:
    """Two lead to nothing, one in a circle, one is right."""
    (tmp_path / "target").write_text("x", encoding="utf-8")
    texts = {"a": "gone", "b": "also/gone", "circle": "circle", "valid": "target"}
    for name, text in texts.items():
        (tmp_path / name).symlink_to(text)
    recorded = {name: link_hash(text) for name, text in texts.items()}
    assert cleanup_stale_symlinks(tmp_path, recorded) == 3
    assert names(tmp_path) == ["target", "valid"]


@pytest.mark.needs("links")
def test_cleanup_links_never_removes_those_of_a_person(tmp_path: Path) -> None:
    """A broken link that we did not make, and one of our name that says something else."""
    (tmp_path / "theirs").symlink_to("gone")
    (tmp_path / "ours").symlink_to("changed by somebody")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    recorded = {"ours": link_hash("gone"), "file": short_hash(b"x"), "missing": "0"}
    assert cleanup_stale_symlinks(tmp_path, recorded) == 0
    assert names(tmp_path) == ["file", "ours", "theirs"]


@pytest.mark.parametrize("kind", ["missing", "empty", "file"])
def test_cleanup_links_finds_nothing_where_no_folder_is(tmp_path: Path, kind: str) -> None:
    """No folder, an empty one or a file: none, and no error."""
    path = tmp_path / "x"
    if kind == "empty":
        path.mkdir()
    elif kind == "file":
        path.write_text("x", encoding="utf-8")
    assert cleanup_stale_symlinks(path, {"a": link_hash("gone")}) == 0


def test_cleanup_links_tolerates_a_folder_without_permission(public_folder: Path, as_nobody: Callable[[], Any]) -> None:
    """It is tried again another time; so is a link that leads where we may not look."""
    secret = public_folder / "secret"
    secret.mkdir()
    (secret / "target").write_text("x", encoding="utf-8")
    secret.chmod(0o700)
    (public_folder / "broken").symlink_to("gone")
    (public_folder / "hidden").symlink_to("secret/target")
    recorded = {"broken": link_hash("gone"), "hidden": link_hash("secret/target")}
    with as_nobody():
        assert cleanup_stale_symlinks(public_folder, recorded) == 0
        assert cleanup_stale_symlinks(secret, recorded) == 0
    assert names(public_folder) == ["broken", "hidden", "secret"]


@pytest.mark.parametrize("linking", [False, pytest.param(True, marks=pytest.mark.needs("links"))])
def test_cleanup_markers_of_copies_that_are_gone(tmp_path: Path, *, linking: bool) -> None:
    """A marker goes when its copy is gone; one beside a copy stays, and so does what only looks like one."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "here").mkdir()
    for name in ("here", "gone"):
        write_marker(Place.by_path(out / name), Marker("/source", "0" * 16))
    (out / marker_name("foreign")).write_text("one line of somebody", encoding="utf-8")
    (out / marker_name("folder")).mkdir()
    if linking:
        (out / marker_name("link")).symlink_to(marker_name("here"))
    assert clean(tmp_path, ledger()).markers == 1
    stay = ("here", "foreign", "folder", *(("link",) if linking else ()))
    assert names(out) == sorted([*map(marker_name, stay), "here"])


def test_clean_removes_what_a_killed_sync_was_making(tmp_path: Path) -> None:
    """A half-made copy, under a name that nobody else uses; names that only look alike stay."""
    out = tmp_path / "out"
    (out / NEW / "scripts").mkdir(parents=True)
    (out / NEW / "scripts" / "run.sh").write_text("x", encoding="utf-8")
    (out / NEW / "scripts").chmod(0o500)
    (out / ".harnesssync-notes.tmp").write_text("mine", encoding="utf-8")
    assert clean(tmp_path, ledger()).temporaries == 1
    assert names(out) == [".harnesssync-notes.tmp"]


@pytest.mark.parametrize("edited", [False, True])
def test_clean_keeps_former_content_that_nobody_knows(tmp_path: Path, *, edited: bool) -> None:
    """What was exchanged when the sync was killed may be an edit: it goes only if it is what was to be replaced."""
    former = tmp_path / "out" / telling_name(short_hash(b"new"), short_hash(b"edit" if not edited else b"old"))
    former.parent.mkdir()
    former.write_bytes(b"edit")
    cleaned = clean(tmp_path, ledger())
    assert names(tmp_path / "out") == ([former.name] if edited else [])
    assert cleaned.kept == ((f"out/{former.name}",) if edited else ())


def test_clean_knows_a_former_copy_by_its_name(tmp_path: Path) -> None:
    """The sync was killed when the new copy had just taken its place."""
    out = tmp_path / "out"
    (out / "x").mkdir(parents=True)
    (out / "x" / "SKILL.md").write_text("old", encoding="utf-8")
    digest = digest_at(Place.by_path(out / "x"))
    (out / "x").rename(out / telling_name("0" * 16, digest))
    assert clean(tmp_path, ledger()).kept == ()
    assert names(out) == []


@pytest.mark.parametrize("edited", [False, True])
def test_clean_recovers_a_copy_that_was_not_recorded_any_more(tmp_path: Path, *, edited: bool) -> None:
    """The marker vouches for it, unless somebody has edited it since."""
    place = Place.by_path(tmp_path / "out" / "x")
    place.path.mkdir(parents=True)
    (place.path / "SKILL.md").write_text("new", encoding="utf-8")
    digest = digest_at(place)
    assert digest is not None
    write_marker(place, Marker("/source", digest))
    if edited:
        (place.path / "SKILL.md").write_text("edited", encoding="utf-8")
    recovered = clean(tmp_path, ledger(pending={Address("out/x"): "0" * 16})).recovered
    entry = Entry(method=Method.COPY, digest=digest, timestamp="", owners=("codex",), source="/source")
    assert recovered == ({} if edited else {Address("out/x"): entry})


def test_clean_sweeps_what_a_killed_write_left(tmp_path: Path) -> None:
    """A finished temporary of a write goes; it is looked for where the sync was about to write, too."""
    name = telling_name(short_hash(b"new"), None)
    (tmp_path / name).write_bytes(b"new")
    clean(tmp_path, Ledger(pending={Address("AGENTS.md"): short_hash(b"new")}))
    assert names(tmp_path) == []


def test_clean_removes_folders_that_a_killed_sync_made_and_did_not_come_to_fill(tmp_path: Path) -> None:
    """Else nobody would know later whose they are, and they would stay when all of ours is removed."""
    (tmp_path / ".x/deep/deeper").mkdir(parents=True)
    (tmp_path / ".y").mkdir()
    (tmp_path / ".y/notes.md").write_text("mine")
    (tmp_path / "theirs").mkdir()
    intended = [".x/", ".x/deep/", ".x/deep/deeper/", ".y/"]
    clean(tmp_path, Ledger(pending={Address(path): CONTAINER for path in intended}))
    assert sorted(each.name for each in tmp_path.iterdir()) == [".y", "theirs"]


@pytest.mark.needs("links")
def test_clean_never_follows_a_link_in_the_way(tmp_path: Path) -> None:
    """The folder of an output was replaced by a link: what it leads to is not ours to clean."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (elsewhere / NEW).write_text("x", encoding="utf-8")
    write_marker(Place.by_path(elsewhere / "x"), Marker("/source", "0" * 16))
    (project / "out").symlink_to(elsewhere)
    cleaned = clean(project, ledger())
    assert (cleaned.markers, cleaned.temporaries, cleaned.kept) == (0, 0, ())
    assert len(names(elsewhere)) == 2


def test_clean_is_quick_about_folders_that_are_gone(tmp_path: Path) -> None:
    """No folder, no work, no error; none is made."""
    assert clean(tmp_path, ledger("a/b/c/d")).kept == ()
    assert os.listdir(tmp_path) == []  # noqa: PTH208
