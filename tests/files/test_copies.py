"""What stands for a link where none can be made: a copy with a marker, of a file or a folder, from its first day to
its last. On an ordinary file system copies are asked for; on one that has no links, they come by themselves."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.moments import at_every_line

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.core.plan import MakeLink, Remove
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files import linker, swap
from harnesssync_orchestrator.files.cleanup import clean
from harnesssync_orchestrator.files.copying import Marker, digest_at, read_marker
from harnesssync_orchestrator.files.link import Means, create_link
from harnesssync_orchestrator.files.linker import Applied
from harnesssync_orchestrator.files.place import Place

OLD, NEW, FOREIGN = b"old\n", b"new\n", b"somebody's own edit\n"
OWNERS = ("codex",)
TIMESTAMP = "2026-01-02T03:04:05+00:00"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A project with one source and the place of its copy. `inside` is the way to a file in either, `asked` whether a
    copy has to be asked for."""

    root: Path
    inside: str
    asked: bool

    @classmethod
    def make(cls, root: Path, inside: str, *, asked: bool) -> Ground:
        ground = cls(root=root, inside=inside, asked=asked)
        ground.of_source.parent.mkdir(parents=True)
        ground.of_source.write_bytes(OLD)
        return ground

    @property
    def source(self) -> Path:
        return self.root / "source" / "x"

    @property
    def copy(self) -> Path:
        return self.root / "out" / "x"

    @property
    def of_source(self) -> Path:
        return self.source / self.inside

    @property
    def of_copy(self) -> Path:
        return self.copy / self.inside

    @property
    def beside(self) -> list[str]:
        return sorted(path.name for path in self.copy.parent.iterdir()) if self.copy.parent.exists() else []

    def link(self, expected: str | None = None) -> Applied:
        """What a sync does that wants a link here; raises ApplyError."""
        operation = MakeLink(
            path="out/x",
            owners=OWNERS,
            expected=expected,
            source=str(self.source),
            text="../source/x",
            directory=bool(self.inside),
            digest=digest_at(Place.by_path(self.source)) or "",
            copied=self.asked,
        )
        return linker.apply(operation, root=self.root, formats={}, timestamp=TIMESTAMP)

    def remove(self, expected: str) -> Applied:
        operation = Remove(path="out/x", owners=OWNERS, expected=expected, method=Method.COPY)
        return linker.apply(operation, root=self.root, formats={}, timestamp=TIMESTAMP)

    def digest(self) -> str:
        return digest_at(Place.by_path(self.copy)) or ""

    def marker(self) -> Marker | None:
        return read_marker(Place.by_path(self.copy))

    def snapshot(self) -> dict[str, Any]:
        return {
            str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.root.rglob("*"))
        }

    def identities(self) -> dict[str, tuple[int, int]]:
        return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in self.root.rglob("*")}


def edit(file: Path) -> bool:
    """Save as editors do: a new file, renamed over the old. False if there is no folder for it at the moment."""
    other = file.with_name("editor's")
    with suppress(FileNotFoundError):
        other.write_bytes(FOREIGN)
        other.rename(file)
        return True
    return False


@pytest.fixture(params=["", "SKILL.md"], ids=["file", "folder"])
def inside(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ground(tmp_path: Path, inside: str, lacking: frozenset[str]) -> Ground:
    ground = Ground.make(tmp_path / "project", inside, asked="links" not in lacking)
    if inside:
        (ground.source / "scripts").mkdir()
        (ground.source / "scripts" / "run.sh").write_bytes(b"#!/bin/sh\n")
    return ground


@pytest.fixture
def means(lacking: frozenset[str]) -> Means:
    """Means that make no links: those of this system where the file system has none."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no links here")

    return Means.of_this_system() if "links" in lacking else Means("Linux", refuse)


def test_a_copy_comes_with_its_marker(ground: Ground) -> None:
    """The same bytes, and beside them what they are a copy of; the ledger knows it for a copy, which is warned of."""
    applied = ground.link()
    assert ground.of_copy.read_bytes() == OLD
    assert (ground.beside, ground.copy.is_symlink()) == ([marker_name("x"), "x"], False)
    assert ground.marker() == Marker(str(ground.source), ground.digest())
    assert applied.record == {
        Address("out/x"): Entry(
            method=Method.COPY,
            digest=ground.digest(),
            timestamp=TIMESTAMP,
            owners=OWNERS,
            source=str(ground.source),
            source_digest=digest_at(Place.by_path(ground.source)) or "",
        )
    }
    assert bool(applied.warnings) is not ground.asked


def test_a_copy_that_is_right_is_not_made_again(ground: Ground, means: Means) -> None:
    """Same inodes, same times."""
    assert create_link(ground.source, ground.copy, means=means) == (True, "copy")
    before = ground.identities()
    assert create_link(ground.source, ground.copy, means=means) == (True, "copy")
    assert ground.identities() == before


def test_a_copy_is_made_anew_when_its_source_changes(ground: Ground, means: Means) -> None:
    """With all that came and went in it, and its marker; by what the ledger says, and by the marker alone."""
    ground.link()
    former = ground.digest()
    ground.of_source.write_bytes(NEW)
    if ground.inside:
        shutil.rmtree(ground.source / "scripts")
        (ground.source / "more.md").write_bytes(NEW)
    ground.link(former)
    assert (ground.of_copy.read_bytes(), ground.beside) == (NEW, [marker_name("x"), "x"])
    assert ground.marker() == Marker(str(ground.source), ground.digest())
    assert ground.digest() == digest_at(Place.by_path(ground.source)) != former
    ground.of_source.write_bytes(OLD)
    assert create_link(ground.source, ground.copy, means=means) == (True, "copy")
    assert (ground.of_copy.read_bytes(), ground.beside) == (OLD, [marker_name("x"), "x"])


def test_a_copy_goes_with_its_marker(ground: Ground) -> None:
    """Also when its source is gone before; a second time nothing is there to do."""
    ground.link()
    digest = ground.digest()
    shutil.rmtree(ground.source.parent)
    assert ground.remove(digest).forget == (Address("out/x"),)
    assert ground.beside == []
    assert ground.remove(digest).forget == (Address("out/x"),)


def test_an_edited_copy_stays_whatever_is_to_happen(ground: Ground, means: Means) -> None:
    """When its source changes, and when it is to go; and its marker does not vouch for the edit."""
    ground.link()
    former = ground.digest()
    assert edit(ground.of_copy)
    ground.of_source.write_bytes(NEW)
    before = ground.snapshot()
    for change in (ground.link, ground.remove):
        with pytest.raises(ApplyError) as caught:
            change(former)
        assert caught.value.code == "changed_underneath"
        assert ground.snapshot() == before
    assert create_link(ground.source, ground.copy, means=means)[0] is False
    entry = Entry(method=Method.COPY, digest=former, timestamp="", owners=OWNERS)
    cleaned = clean(ground.root, Ledger(entries={Address("out/x"): entry}, pending={Address("out/x"): ""}))
    assert (cleaned.recovered, cleaned.markers) == ({}, 0)
    assert ground.snapshot() == before


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("change", ["refresh", "remove"])
def test_an_edit_of_a_copied_folder_at_any_moment_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: frozenset[str], change: str, *, exchange: bool
) -> None:
    """Somebody saves a file in it between any two lines of ours: what could be saved is there in the end, under its
    name, and no marker says that it is ours."""
    if not exchange:
        monkeypatch.setattr(swap, "_system_call", lambda: None)
    check_every_moment(tmp_path, "SKILL.md", change, asked="links" not in lacking)


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(True, marks=pytest.mark.needs("exclusive renames")),
        pytest.param(False, marks=pytest.mark.needs("hard links")),
    ],
)
@pytest.mark.parametrize("change", ["refresh", "remove"])
def test_an_edit_of_a_copied_file_at_any_moment_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: frozenset[str], change: str, *, exchange: bool
) -> None:
    """As in a folder. Where no rename spares what is there, the last step of a refresh is as that of any file."""
    if not exchange:
        monkeypatch.setattr(swap, "_system_call", lambda: None)
    check_every_moment(tmp_path, "", change, asked="links" not in lacking)


def check_every_moment(tmp_path: Path, inside: str, change: str, *, asked: bool) -> None:
    grounds: dict[Path, Ground] = {}
    former: dict[Path, str] = {}
    saved: dict[Path, bool] = {}

    def prepare(name: Path) -> Path:
        ground = grounds[name] = Ground.make(tmp_path / name, inside, asked=asked)
        ground.link()
        former[name] = ground.digest()
        ground.of_source.write_bytes(NEW)
        return name

    changes: dict[str, Callable[[Path], object]] = {
        "refresh": lambda name: grounds[name].link(former[name]),
        "remove": lambda name: grounds[name].remove(former[name]),
    }

    def act(name: Path) -> None:
        saved[name] = edit(grounds[name].of_copy)

    lines = at_every_line(changes[change], act, prepare)
    assert len(lines) > 30
    assert sum(saved.values()) > 30
    for name, is_saved in saved.items():
        ground = grounds[name]
        assert not is_saved or ground.of_copy.read_bytes() == FOREIGN, name
        assert set(ground.beside) <= {marker_name("x"), "x"}, name
        marker = ground.marker()
        assert not is_saved or marker is None or marker.digest != ground.digest(), name


MARKERS: dict[str, Callable[[Ground, str], bytes]] = {
    "another's bytes": lambda ground, _: f"{ground.source}\n{'0' * 16}\n".encode(),
    "one line": lambda ground, _: f"{ground.source}\n".encode(),
    "nothing": lambda _, __: b"",
    "the digest alone": lambda _, theirs: f"{theirs}\n".encode(),
    "no text": lambda _, __: b"\xff\x00\n",
}


@pytest.mark.parametrize("said", MARKERS)
def test_a_marker_that_does_not_prove_it_makes_nothing_ours(ground: Ground, means: Means, said: str) -> None:
    """Something of a person's stands where a copy would, beside a file with the name of a marker: both stay, for a
    link, a removal and a cleaning."""
    ground.of_copy.parent.mkdir(parents=True)
    ground.of_copy.write_bytes(FOREIGN)
    (ground.copy.parent / marker_name("x")).write_bytes(MARKERS[said](ground, ground.digest()))
    before = ground.snapshot()
    assert create_link(ground.source, ground.copy, means=means)[0] is False
    for change, expected in ((ground.link, None), (ground.link, "0" * 16), (ground.remove, "0" * 16)):
        with pytest.raises(ApplyError):
            change(expected)
    assert clean(ground.root, Ledger(pending={Address("out/x"): "0" * 16})).recovered == {}
    assert ground.snapshot() == before


@pytest.mark.parametrize("kind", ["folder", "text"])
def test_what_has_the_name_of_a_marker_and_is_none_stays(ground: Ground, kind: str) -> None:
    """No copy is made then, and nothing of it is left."""
    marker = ground.copy.parent / marker_name("x")
    marker.parent.mkdir()
    if kind == "folder":
        (marker / "inner").mkdir(parents=True)
    else:
        marker.write_bytes(b"")
    before = ground.snapshot()
    with pytest.raises(ApplyError):
        ground.link()
    assert ground.snapshot() == before


def test_a_marker_whose_copy_is_gone_is_cleared_away(ground: Ground) -> None:
    """Somebody removed the copy: the marker speaks of nothing, and of nothing that comes there later."""
    ground.link()
    digest = ground.digest()
    ground.copy.rename(ground.root / "moved")
    entry = Entry(method=Method.COPY, digest=digest, timestamp="", owners=OWNERS)
    assert clean(ground.root, Ledger(entries={Address("out/x"): entry})).markers == 1
    assert ground.beside == []


def test_a_copy_that_fails_to_be_made_anew_stays_as_it_was(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the new one is brought to it: the former one is there, with its marker."""
    ground.link()
    former = ground.digest()
    ground.of_source.write_bytes(NEW)
    before = ground.snapshot()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ApplyError) as caught:
        ground.link(former)
    assert caught.value.code == "disk_full"
    assert ground.snapshot() == before
