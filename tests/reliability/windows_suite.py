"""The write path on Windows. Not collected on other systems: `windows.py` runs it by wine, and on Windows itself
`python -m pytest tests/reliability/windows_suite.py` does.

What wine can't do is left to fakes in `tests/files/test_link.py`: it makes no links and no junctions. It says that it
made them, and that is what is tested here.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.core.ledger import Method
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.core.plan import MakeLink, Remove, WriteFile
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.below import Below, remove_below, write_below
from harnesssync_orchestrator.files.copying import read_marker
from harnesssync_orchestrator.files.link import create_link
from harnesssync_orchestrator.files.linker import Applied, apply
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.temporaries import held_name

OLD, NEW, FOREIGN = b"old\n", b"new\n", b"somebody's own edit\n"
LINKED = {"symlink", "junction"}


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A skill with a script."""
    folder = tmp_path / "source" / "pdf"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_bytes(b"---\r\nname: pdf\r\n---\r\n\xe6\x97\xa5\r\n")
    (folder / "scripts" / "run.sh").write_bytes(b"#!/bin/sh\n")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def skill_link(root: Path, skill: Path, expected: str | None = None) -> MakeLink:
    return MakeLink(
        path=".agents/skills/pdf",
        owners=("codex",),
        expected=expected,
        source=str(skill),
        text="../../source/pdf",
        directory=True,
        digest="",
    )


def perform(operation: MakeLink | WriteFile | Remove, root: Path) -> Applied:
    return apply(operation, root=root, formats={}, timestamp="2026-01-02T03:04:05+00:00")


def test_this_is_windows() -> None:
    """Or what wine shows of it: otherwise nothing here means anything."""
    assert (sys.platform, os.altsep) == ("win32", "/")


def test_a_link_that_was_only_promised_becomes_a_copy(skill: Path, tmp_path: Path) -> None:
    """Whatever the system said: what stands there in the end has the content, and nothing else was left."""
    done, how = create_link(skill, tmp_path / "out" / "pdf")
    assert done, how
    assert (tmp_path / "out" / "pdf" / "SKILL.md").read_bytes() == (skill / "SKILL.md").read_bytes()
    assert names(tmp_path / "out") == (["pdf"] if how in LINKED else [marker_name("pdf"), "pdf"])


def test_a_file_is_copied_byte_for_byte(skill: Path, tmp_path: Path) -> None:
    """Line ends too."""
    done, how = create_link(skill / "SKILL.md", tmp_path / "AGENTS.md")
    assert done, how
    assert (tmp_path / "AGENTS.md").read_bytes() == (skill / "SKILL.md").read_bytes()


def test_a_copy_follows_its_source_and_an_edited_one_stays(skill: Path, tmp_path: Path) -> None:
    """The marker proves the first to be ours, and not the second."""
    copy = tmp_path / "out" / "pdf"
    if create_link(skill, copy)[1] in LINKED:
        pytest.skip("this Windows makes links")
    (skill / "SKILL.md").write_bytes(NEW)
    assert create_link(skill, copy) == (True, "copy")
    assert (copy / "SKILL.md").read_bytes() == NEW
    (copy / "SKILL.md").write_bytes(FOREIGN)
    (skill / "SKILL.md").write_bytes(OLD)
    assert create_link(skill, copy)[0] is False
    assert (copy / "SKILL.md").read_bytes() == FOREIGN
    assert names(tmp_path / "out") == [marker_name("pdf"), "pdf"]


def test_an_output_lives_and_goes_as_the_linker_says(skill: Path, tmp_path: Path) -> None:
    """Made, refreshed, removed; with its marker."""
    applied = perform(skill_link(tmp_path, skill), tmp_path)
    skills = tmp_path / ".agents" / "skills"
    [entry] = applied.record.values()
    assert (skills / "pdf" / "SKILL.md").read_bytes() == (skill / "SKILL.md").read_bytes()
    if entry.method is Method.COPY:
        assert read_marker(Place.by_path(skills / "pdf"))
        (skill / "SKILL.md").write_bytes(NEW)
        [entry] = perform(skill_link(tmp_path, skill, entry.digest), tmp_path).record.values()
        assert (skills / "pdf" / "SKILL.md").read_bytes() == NEW
    perform(Remove(path=".agents/skills/pdf", owners=("codex",), expected=entry.digest, method=entry.method), tmp_path)
    assert names(skills) == []


def test_a_file_is_written_replaced_and_removed_only_as_expected(tmp_path: Path) -> None:
    """An edit stays, and nothing of ours beside it."""
    assert write_below(tmp_path, ".x/a.md", OLD, mode=0o644, expected=None) == (".x/",)
    write_below(tmp_path, ".x/a.md", NEW, mode=0o644, expected=short_hash(OLD))
    assert (tmp_path / ".x" / "a.md").read_bytes() == NEW
    (tmp_path / ".x" / "a.md").write_bytes(FOREIGN)
    for expected in (None, short_hash(NEW)):
        with pytest.raises(ApplyError) as caught:
            write_below(tmp_path, ".x/a.md", OLD, mode=0o644, expected=expected)
        assert caught.value.code == "changed_underneath"
    with pytest.raises(ApplyError):
        remove_below(tmp_path, ".x/a.md", short_hash(NEW))
    assert ((tmp_path / ".x" / "a.md").read_bytes(), names(tmp_path / ".x")) == (FOREIGN, ["a.md"])
    remove_below(tmp_path, ".x/a.md", short_hash(FOREIGN))
    assert names(tmp_path / ".x") == []


def test_an_edit_in_the_middle_of_a_change_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names can't be exchanged here: the old file is taken away first, looked at, and put back."""
    (tmp_path / "a.md").write_bytes(OLD)
    rename_to, edits = Place.rename_to, [FOREIGN]

    def busy(place: Place, other: Place) -> None:
        if place.name == "a.md" and edits:
            place.path.write_bytes(edits.pop())
        rename_to(place, other)

    monkeypatch.setattr(Place, "rename_to", busy)
    with pytest.raises(ApplyError) as caught:
        write_below(tmp_path, "a.md", NEW, mode=0o644, expected=short_hash(OLD))
    assert caught.value.code == "changed_underneath"
    assert ((tmp_path / "a.md").read_bytes(), names(tmp_path)) == (FOREIGN, ["a.md"])


def test_what_somebody_has_open_stays_as_it_is(tmp_path: Path) -> None:
    """Windows lets nobody rename or remove an open file: that is told, nothing is left, and the next try works."""
    (tmp_path / "a.md").write_bytes(OLD)
    with (tmp_path / "a.md").open("rb"):
        for change in (
            lambda: write_below(tmp_path, "a.md", NEW, mode=0o644, expected=short_hash(OLD)),
            lambda: remove_below(tmp_path, "a.md", short_hash(OLD)),
        ):
            with pytest.raises(ApplyError) as caught:
                change()
            assert caught.value.code == "not_writable"
            assert ((tmp_path / "a.md").read_bytes(), names(tmp_path)) == (OLD, ["a.md"])
    write_below(tmp_path, "a.md", NEW, mode=0o644, expected=short_hash(OLD))
    assert (tmp_path / "a.md").read_bytes() == NEW


@pytest.mark.parametrize(
    "name",
    [
        "con.md",
        "NUL",
        "aux",
        "com1.txt",
        "a:b",
        "C:x",
        "..\\x",
        "a\\b",
        "trail.",
        "trail ",
        "x?y",
        "a|b",
        ".GIT/config",
    ],
)
def test_a_name_that_means_something_else_here_is_refused(tmp_path: Path, name: str) -> None:
    """A device, a stream, another folder, or the name without its end."""
    (tmp_path / "trail").write_bytes(OLD)
    with pytest.raises(ApplyError) as caught:
        write_below(tmp_path, name, NEW, mode=0o644, expected=None)
    assert (caught.value.code, names(tmp_path), (tmp_path / "trail").read_bytes()) == ("unsafe_path", ["trail"], OLD)


def test_a_name_in_another_case_is_the_same(tmp_path: Path) -> None:
    """Nothing of a person's is replaced by it."""
    (tmp_path / "agents.md").write_bytes(FOREIGN)
    with pytest.raises(ApplyError) as caught:
        write_below(tmp_path, "AGENTS.md", NEW, mode=0o644, expected=None)
    assert caught.value.code == "changed_underneath"
    assert (tmp_path / "agents.md").read_bytes() == FOREIGN


def test_what_a_killed_process_held_gets_its_name_back(tmp_path: Path) -> None:
    """And what it had not yet put in place goes."""
    held = held_name(short_hash(NEW), short_hash(OLD), "a.md")
    assert held is not None
    (tmp_path / held).write_bytes(OLD)
    with Below(tmp_path) as below:
        assert below.sweep("") == ()
    assert ((tmp_path / "a.md").read_bytes(), names(tmp_path)) == (OLD, ["a.md"])
