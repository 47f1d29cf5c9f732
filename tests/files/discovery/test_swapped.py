"""A folder or a file that is exchanged for a link to elsewhere while it is read, at each call that asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.result import Discovery
from harnesssync_orchestrator.files.hashing import hash_batch, hash_file
from harnesssync_orchestrator.files.opened import BY_DESCRIPTOR
from harnesssync_orchestrator.files.reading import Looked

pytestmark = pytest.mark.skipif(not BY_DESCRIPTOR, reason="folders can't be opened here")

CANARY = "canary-3f9c"
CALLS = ("stat", "lstat", "open", "fstat", "listdir", "scandir", "readlink")
SKILL = ".claude/skills/x"
SWAPPED = (".claude", ".claude/skills", SKILL, f"{SKILL}/deep", f"{SKILL}/deep/notes.md", f"{SKILL}/SKILL.md")


@pytest.fixture
def secrets(world: Any) -> Path:
    """A folder of the home directory in which everything has the names that it has in the project."""
    text = f"---\nname: y\ndescription: {CANARY}\n---\n{CANARY}\n"
    files = ("SKILL.md", "more.md", "deep/notes.md", "deep/secret.md", "secret.md")
    world.in_home({f"mine/{SKILL}/{file}": text for file in files})
    folder: Path = world.home / "mine"
    return folder


@contextmanager
def swapping(path: Path, there: Path, at: int, patch: pytest.MonkeyPatch) -> Iterator[Callable[[], bool]]:
    """Put a link in the place of `path` before the `at`-th call that asks the system for anything; tells whether it was
    made."""
    count = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == at:
                path.rename(f"{path}.away")
                path.symlink_to(there)
            return call(*given, **named)

        return instead

    with patch.context() as calls:
        for name in CALLS:
            calls.setattr(os, name, counted(getattr(os, name)))
        yield lambda: count >= at
    if count >= at:
        path.unlink()
        Path(f"{path}.away").rename(path)


@pytest.fixture
def project(world: Any) -> Path:
    """A skill with a folder in it, a file there, and a link to that file."""
    text = "---\nname: x\ndescription: d\n---\nGood\n"
    world.in_project({f"{SKILL}/SKILL.md": text, f"{SKILL}/deep/notes.md": "Notes\n", f"{SKILL}/more.md": "More\n"})
    root: Path = world.project
    (root / SKILL / "linked.md").symlink_to("deep/notes.md")
    (root / SKILL / "linked").symlink_to("deep")
    return root


def read(world: Any) -> tuple[Discovery, dict[str, str | OSError]]:
    """What is discovered, and then hashed, as a sync does it."""
    found = discover(Scope.PROJECT, world.project, world.places, Looked())
    return found, hash_batch(found.contents, seen=found.contents)


@pytest.mark.parametrize("swapped", SWAPPED)
def test_nothing_of_what_a_link_leads_to_is_read(
    world: Any, project: Path, secrets: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its text, nor its names, nor a hash of it, whenever the link comes."""
    outside = secrets / swapped
    files = [file for file in (outside.rglob("*") if outside.is_dir() else [outside]) if file.is_file()]
    known = {hash_file(file) for file in files}
    at, done = 0, False
    while not done:
        at += 1
        with swapping(project / swapped, outside, at, monkeypatch) as happened:
            found, digests = read(world)
            done = not happened()
        assert CANARY not in repr(found.source), at
        assert not known.intersection(digest for digest in digests.values() if isinstance(digest, str)), at
        listed = {file.relative for tree in found.trees.values() for file in tree.files}
        assert not any("secret" in name for name in listed), (at, listed)
    assert at > 20
    found, digests = read(world)
    assert [item.name for item in found.source.items] == ["x"]
    assert len([digest for digest in digests.values() if isinstance(digest, str) and digest]) == 3
