"""A server that a person has in another file that the harness reads as well as the one that we write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

THEIRS = '{\n  // mine\n  "mcp": {"docs": {"type": "remote", "url": "https://mine.example"}},\n}\n'
SERVERS = {
    "docs": {"type": "http", "url": "https://docs.example"},
    "maps": {"type": "http", "url": "https://m.example"},
}


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with two servers."""
    root = (tmp_path / "project").resolve()
    root.mkdir()
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": SERVERS}))
    git("init", "-q", cwd=root)
    return root


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def named(file: Path) -> set[str]:
    return set(json.loads(file.read_text())["mcp"])


@pytest.mark.parametrize(
    ("target", "rival", "ours"),
    [
        ("opencode", "opencode.json", ".opencode/opencode.json"),
        ("opencode", "opencode.jsonc", ".opencode/opencode.json"),
        ("opencode", ".opencode/opencode.jsonc", ".opencode/opencode.json"),
        ("kilo", "kilo.jsonc", "kilo.json"),
        ("kilo", ".kilo/kilo.json", "kilo.json"),
        ("kilo", "opencode.jsonc", "kilo.json"),
    ],
)
def test_an_entry_of_the_same_name_in_another_file_is_a_conflict(
    run: Run, repository: Path, target: str, rival: str, ours: str
) -> None:
    """As one in the file itself. Once it is gone, ours is written."""
    write(repository / rival, THEIRS)
    synced = run("sync", "--target", target, cwd=repository)
    assert synced.code == 1
    assert f"conflict: {ours}#/mcp/docs: you have an entry of this name in {rival}. Rename one of the two" in synced.out
    assert run("check", "--target", target, cwd=repository).code == 1
    assert named(repository / ours) == {"maps"}
    assert (repository / rival).read_text() == THEIRS
    (repository / rival).unlink()
    assert run("sync", "--target", target, cwd=repository).code == 0
    assert named(repository / ours) == {"docs", "maps"}


def test_a_person_may_keep_it_there(run: Run, repository: Path) -> None:
    """Then nothing more is told, until it is gone."""
    write(repository / "opencode.jsonc", THEIRS)
    address = ".opencode/opencode.json#/mcp/docs"
    assert run("resolve", "--target", "opencode", "--keep", address, cwd=repository).code == 0
    assert run("check", "--target", "opencode", cwd=repository).code == 0
    assert named(repository / ".opencode/opencode.json") == {"maps"}
    (repository / "opencode.jsonc").unlink()
    assert run("sync", "--target", "opencode", cwd=repository).code == 0
    assert named(repository / ".opencode/opencode.json") == {"docs", "maps"}


def test_one_that_says_the_same_is_none(run: Run, repository: Path) -> None:
    """It makes no difference which of the two the harness takes, until one of them says something else."""
    write(repository / "kilo.jsonc", THEIRS.replace("mine.example", "docs.example"))
    assert run("sync", "--target", "kilo", cwd=repository).code == 0
    write(repository / "kilo.jsonc", THEIRS)
    changed = run("sync", "--target", "kilo", cwd=repository)
    assert changed.code == 1
    assert "conflict: kilo.json#/mcp/docs: you have an entry of this name in kilo.jsonc" in changed.out
    assert "harnesssync resolve" not in changed.out  # ours is there as well: to keep theirs would leave both
    assert named(repository / "kilo.json") == {"docs", "maps"}


def test_a_home_has_such_files_as_well(run: Run, home: Path, tmp_path: Path) -> None:
    write(home / ".claude.json", json.dumps({"mcpServers": SERVERS}))
    write(home / ".config/opencode/opencode.jsonc", THEIRS)
    checked = run("check", "--user", "--target", "opencode", cwd=tmp_path)
    assert checked.code == 1
    assert "you have an entry of this name in .config/opencode/opencode.jsonc" in checked.out


def test_servers_that_were_written_elsewhere_before_move(run: Run, home: Path, repository: Path) -> None:
    """From the root's file, where Kilo Code reads them too. What a person has there keeps every byte."""
    options = ("--target", "opencode")
    run("ctl", "add", str(repository), *options)
    now, before = ".opencode/opencode.json", "opencode.json"
    write(repository / now, theirs := '{\n  // mine\n  "theme": "dark"\n}\n')
    assert run("sync", cwd=repository).code == 0
    (repository / now).rename(repository / before)
    (ledger,) = home.glob(".harnesssync/projects/*/state.json")
    ledger.write_text(ledger.read_text().replace(now, before))
    assert run("check", cwd=repository).code == 1
    assert run("sync", cwd=repository).code == 0
    assert (repository / before).read_text() == theirs
    assert named(repository / now) == {"docs", "maps"}
    assert run("check", cwd=repository).code == 0
