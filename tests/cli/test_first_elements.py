"""Denials that stand before a person's own rules, for harnesses that obey the first that matches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

AMP = """{
  // mine
  "amp.permissions": [
    // all of it
    {"tool": "Bash", "action": "allow"}
  ]
}
"""
AUGGIE = """{"toolPermissions": [{"toolName": "launch-process", "permission": {"type": "allow"}}]}
"""
TARGETS = [("amp", ".amp/settings.json", "amp.permissions", AMP)]
TARGETS += [("auggie", ".augment/settings.json", "toolPermissions", AUGGIE)]


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with two denials."""
    root = (tmp_path / "project").resolve()
    (root / ".claude").mkdir(parents=True)
    deny = {"permissions": {"deny": ["Bash(rm:*)", "Bash(sudo:*)"]}}
    (root / ".claude/settings.json").write_text(json.dumps(deny))
    git("init", "-q", cwd=root)
    return root


def allowances(file: Path, key: str) -> list[bool]:
    """Of each rule, whether it allows."""
    text = "".join(line for line in file.read_text().splitlines() if not line.strip().startswith("//"))
    return ["allow" in json.dumps(one) for one in json.loads(text)[key]]


@pytest.mark.parametrize(("target", "path", "key", "theirs"), TARGETS, ids=["amp", "auggie"])
def test_a_denial_stands_before_what_a_person_allows(
    run: Run, repository: Path, target: str, path: str, key: str, theirs: str
) -> None:
    """And `unlink` gives every byte back."""
    file = repository / path
    file.parent.mkdir()
    file.write_text(theirs)
    assert run("sync", "--target", target, cwd=repository).code == 0
    assert allowances(file, key) == [False, False, True]
    assert run("check", "--target", target, cwd=repository).code == 0
    assert run("unlink", "--target", target, cwd=repository).code == 0
    assert file.read_text() == theirs


@pytest.mark.parametrize(("target", "path", "key", "theirs"), TARGETS, ids=["amp", "auggie"])
def test_a_denial_that_came_to_stand_behind_is_moved(
    run: Run, repository: Path, target: str, path: str, key: str, theirs: str
) -> None:
    """`check` does not call it in step, and the next sync puts it first."""
    file = repository / path
    assert run("sync", "--target", target, cwd=repository).code == 0
    values = json.loads(file.read_text())
    (allowance,) = json.loads("\n".join(one for one in theirs.splitlines() if "//" not in one))[key]
    file.write_text(json.dumps({**values, key: [allowance, *values[key]]}))
    assert run("check", "--target", target, cwd=repository).code != 0
    assert run("sync", "--target", target, cwd=repository).code == 0
    assert allowances(file, key) == [False, False, True]
    assert run("check", "--target", target, cwd=repository).code == 0
