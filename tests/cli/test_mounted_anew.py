"""A project on a disk that is taken out and put in again: the same folder, on a device of another number."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.mounting import KINDS, attached, make_image, taken

Run = Callable[..., Any]
Mount = Callable[[str], None]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = (tmp_path / "disk").resolve()
    place.mkdir()
    return place


@pytest.fixture
def mount(place: Path, tmp_path: Path) -> Iterator[Mount]:
    """Mounts a disk with one kind of file system; again, the same one under another number."""
    images: dict[str, Path] = {}
    with ExitStack() as all_of_it:
        mounted = ExitStack()

        def mount(kind: str) -> None:
            if (reason := next(each for each in KINDS if each.name == kind).missing()) is not None:
                pytest.skip(reason)
            mounted.close()
            if images:
                all_of_it.enter_context(taken(tmp_path))
            images[kind] = images.get(kind) or make_image(kind, tmp_path)
            mounted.enter_context(attached(kind, images[kind], place))

        all_of_it.callback(mounted.close)
        yield mount


def project(place: Path, git: Callable[..., str], run: Run) -> Path:
    """A repository with a server, in which everything is approved and synced."""
    root = place / "project"
    root.mkdir()
    git("init", "-q", cwd=root)
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": {"files": {"command": "files-server"}}}))
    run("ctl", "add", str(root), "--target", "codex")
    assert run("sync", cwd=root).code == 0
    assert "files-server" in (root / ".codex/config.toml").read_text()
    return root


def test_a_disk_that_knows_itself_stays_trusted(
    place: Path, mount: Mount, run: Run, git: Callable[..., str], home: Path
) -> None:
    """ext4 has an id of its own. What is added to the approval then is added to what was approved before."""
    mount("ext4")
    root = project(place, git, run)
    number = root.stat().st_dev
    mount("ext4")
    assert root.stat().st_dev != number
    assert run("check", cwd=root).code == 0
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": {"more": {"command": "more-server"}}}))
    assert run("check", cwd=root).code == 1
    assert run("ctl", "trust", cwd=root).code == 0
    (row,) = json.loads((home / ".harnesssync/registry.json").read_text())["approvals"].values()
    assert (row["device"], len(row["fingerprints"])) == (root.stat().st_dev, 2)


def test_a_disk_that_does_not_know_itself_loses_nothing_until_a_person_answers(
    place: Path, mount: Mount, run: Run, git: Callable[..., str]
) -> None:
    """XFS gives its device's number for an id: whether it is the same disk, nobody can tell."""
    mount("xfs")
    root = project(place, git, run)
    before = (root / ".codex/config.toml").read_bytes()
    mount("xfs")
    ran = run("sync", cwd=root)
    assert (ran.code, (root / ".codex/config.toml").read_bytes()) == (1, before)
    assert f"to let it through: harnesssync ctl trust {root}" in ran.out
    assert f"stays meanwhile; to remove it: harnesssync ctl trust --revoke {root}" in ran.out
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": {"files": {"command": "evil-server"}}}))
    assert run("sync", cwd=root).code == 1
    assert not (root / ".codex/config.toml").exists()
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": {"files": {"command": "files-server"}}}))
    assert run("sync", cwd=root).code == 1
    assert not (root / ".codex/config.toml").exists()
    assert run("ctl", "trust", cwd=root).code == 0
    assert run("sync", cwd=root).code == 0
    assert (root / ".codex/config.toml").read_bytes() == before
