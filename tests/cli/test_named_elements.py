"""Elements of arrays that a harness knows by their names: modes of Roo Code, servers of Mistral Vibe and Continue."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import yaml

Run = Callable[..., Any]

MODES = ".roomodes"
ADDRESS = ".roomodes#/customModes#slug=reviewer"
THEIRS: dict[str, Any] = {"slug": "reviewer", "name": "Mine", "roleDefinition": "Mine.", "groups": ["read"]}
OTHER: dict[str, Any] = {"slug": "other", "name": "Other", "roleDefinition": "Other.", "groups": ["read"]}


@pytest.fixture
def worktree(worktree: Path) -> Path:
    """One whose server is nothing that waits for an approval."""
    servers = {"files": {"type": "http", "url": "https://files.example"}}
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    return worktree


def slugs(root: Path) -> list[str]:
    return [mode["slug"] for mode in modes(root)]


def modes(root: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load((root / MODES).read_text())["customModes"])


def write_modes(root: Path, *found: dict[str, Any]) -> bytes:
    (root / MODES).write_text(json.dumps({"customModes": found}, indent=4) + "\n")
    return (root / MODES).read_bytes()


def change_agent(root: Path) -> None:
    agent = root / ".claude/agents/reviewer.md"
    agent.write_text(agent.read_text().replace("Review.", "Review well."))


def roo(run: Run, root: Path, command: str, *more: str) -> Any:
    return run(command, "--target", "roo", *more, cwd=root)


def test_a_mode_of_a_persons_with_the_same_slug_is_a_conflict(run: Run, worktree: Path) -> None:
    """Roo Code would refuse the whole file. Once theirs has gone, ours is written."""
    before = write_modes(worktree, THEIRS, OTHER)
    synced = roo(run, worktree, "sync")
    assert synced.code == 1
    assert f"conflict: {ADDRESS}: you have an entry of this name already. Rename one of the two" in synced.out
    assert f"harnesssync resolve --target roo '{ADDRESS}'" in synced.out
    assert (worktree / MODES).read_bytes() == before
    write_modes(worktree, OTHER)
    assert roo(run, worktree, "sync").code == 0
    assert slugs(worktree) == ["other", "reviewer"]


def test_a_person_may_keep_theirs(run: Run, worktree: Path) -> None:
    """Also when the source says something else afterwards."""
    before = write_modes(worktree, THEIRS)
    assert roo(run, worktree, "resolve", "--keep", ADDRESS).code == 0
    assert roo(run, worktree, "sync").code == 0
    change_agent(worktree)
    assert roo(run, worktree, "sync").code == 0
    assert (worktree / MODES).read_bytes() == before


@pytest.mark.parametrize("undone", ["undo", "unlink"])
def test_theirs_comes_back_when_ours_goes(run: Run, worktree: Path, undone: str) -> None:
    """By an undo byte for byte."""
    before = write_modes(worktree, THEIRS, OTHER)
    assert roo(run, worktree, "resolve", "--restore", ADDRESS).code == 0
    assert sorted(slugs(worktree)) == ["other", "reviewer"]
    assert THEIRS not in modes(worktree)
    if undone == "undo":
        assert run("undo", cwd=worktree).code == 0
        assert (worktree / MODES).read_bytes() == before
    else:
        assert roo(run, worktree, "unlink").code == 0
        assert sorted(modes(worktree), key=str) == sorted([THEIRS, OTHER], key=str)


def test_all_of_theirs_that_had_one_name_come_back(run: Run, worktree: Path) -> None:
    """An array may have several; also one that says what ours does."""
    assert roo(run, worktree, "sync").code == 0
    (ours,) = modes(worktree)
    assert roo(run, worktree, "unlink").code == 0
    second = {**THEIRS, "name": "Mine too"}
    write_modes(worktree, THEIRS, OTHER, second, ours)
    assert roo(run, worktree, "resolve", "--restore", ADDRESS).code == 0
    assert sorted(modes(worktree), key=str) == sorted([OTHER, ours], key=str)
    change_agent(worktree)
    assert roo(run, worktree, "sync").code == 0
    assert roo(run, worktree, "unlink").code == 0
    assert sorted(modes(worktree), key=str) == sorted([THEIRS, OTHER, second, ours], key=str)


def test_one_that_says_the_same_is_a_persons_and_stays(run: Run, worktree: Path) -> None:
    """There are never two of them."""
    assert roo(run, worktree, "sync").code == 0
    content = (worktree / MODES).read_bytes()
    assert roo(run, worktree, "unlink").code == 0
    assert not (worktree / MODES).exists()
    (worktree / MODES).write_bytes(content)
    assert roo(run, worktree, "sync").code == 0
    assert roo(run, worktree, "unlink").code == 0
    assert (worktree / MODES).read_bytes() == content


def test_ours_that_a_person_edited_is_drift_and_not_there_twice(run: Run, worktree: Path) -> None:
    """Also when the source changes, or does not have it any more."""
    write_modes(worktree, OTHER)
    assert roo(run, worktree, "sync").code == 0
    (worktree / MODES).write_text((worktree / MODES).read_text().replace('"Review."', '"Look."'))
    told = roo(run, worktree, "sync")
    assert (told.code, f"{ADDRESS}: it was edited since we wrote it" in told.out) == (1, True)
    change_agent(worktree)
    told = roo(run, worktree, "sync")
    assert f"{ADDRESS}: it was edited since we wrote it, and its source has changed too" in told.out
    assert slugs(worktree) == ["other", "reviewer"]
    assert "Look." in (worktree / MODES).read_text()
    (worktree / ".claude/agents/reviewer.md").unlink()
    told = roo(run, worktree, "sync")
    assert f"{ADDRESS}: it is not wanted any more, but it was edited since we wrote it" in told.out
    assert roo(run, worktree, "resolve", "--restore", ADDRESS).code == 0
    assert slugs(worktree) == ["other"]


def test_ours_again_takes_the_place_of_the_edit(run: Run, worktree: Path) -> None:
    """And when all goes, every byte of a person's is as it was."""
    before = write_modes(worktree, OTHER)
    assert roo(run, worktree, "sync").code == 0
    synced = (worktree / MODES).read_bytes()
    (worktree / MODES).write_text((worktree / MODES).read_text().replace('"Review."', '"Look."'))
    assert roo(run, worktree, "resolve", "--restore", ADDRESS).code == 0
    assert (worktree / MODES).read_bytes() == synced
    change_agent(worktree)
    assert roo(run, worktree, "sync").code == 0
    assert (slugs(worktree), modes(worktree)[1]["roleDefinition"]) == (["other", "reviewer"], "Review well.")
    assert roo(run, worktree, "unlink").code == 0
    assert (worktree / MODES).read_bytes() == before


@pytest.mark.parametrize("choice", ["keep", "restore"])
def test_one_that_a_person_puts_beside_ours_is_told(run: Run, worktree: Path, choice: str) -> None:
    """Whichever they choose, one is left."""
    assert roo(run, worktree, "sync").code == 0
    (ours,) = modes(worktree)
    write_modes(worktree, ours, THEIRS)
    assert f"{ADDRESS}: you have an entry of this name already" in roo(run, worktree, "sync").out
    assert roo(run, worktree, "resolve", f"--{choice}", ADDRESS).code == 0
    assert modes(worktree) == [THEIRS if choice == "keep" else ours]
    assert roo(run, worktree, "sync").code == 0


def of_an_earlier_release(home: Path) -> int:
    """Make the ledgers name all elements by their values, as they did; how many elements that were."""
    count = 0
    for file in home.rglob("*.json"):
        document = json.loads(file.read_text())
        for rows in document.get("targets", {}).values() if isinstance(document, dict) else ():
            if not isinstance(rows, dict):
                continue
            for address in [each for each in rows if re.search(r"#[a-z]+=", each)]:
                row = rows.pop(address)
                rows[f"{address.rpartition('#')[0]}#{row['hash']}"] = {**row, "format": "json"}
                count += 1
        file.write_text(json.dumps(document))
    return count


@pytest.mark.parametrize("change", ["nothing", "source", "gone", "edit"])
def test_a_ledger_of_an_earlier_release_still_knows_ours(run: Run, worktree: Path, home: Path, change: str) -> None:
    """By their values: what is ours is changed, goes, or is drift, as before."""
    before = write_modes(worktree, OTHER)
    assert roo(run, worktree, "sync").code == 0
    assert of_an_earlier_release(home) == 1
    if change == "source":
        change_agent(worktree)
    elif change == "edit":
        (worktree / MODES).write_text((worktree / MODES).read_text().replace('"Review."', '"Look."'))
    elif change == "gone":
        assert roo(run, worktree, "unlink").code == 0
        assert (worktree / MODES).read_bytes() == before
        return
    (worktree / "CLAUDE.md").write_text("# Rules\n\nBe kinder.\n")  # something to do, whatever the last look says
    synced = roo(run, worktree, "sync")
    assert synced.code == (1 if change == "edit" else 0)
    assert ("it was edited since we wrote it" in synced.out) == (change == "edit")
    assert slugs(worktree) == ["other", "reviewer"]
    assert of_an_earlier_release(home) == 1
    if change != "edit":
        assert roo(run, worktree, "unlink").code == 0
        assert (worktree / MODES).read_bytes() == before


def test_modes_that_a_person_wrote_as_yaml_stay_that(run: Run, worktree: Path) -> None:
    """Which is what Roo Code reads. What ours says changes, and goes, with every byte of theirs as it was."""
    theirs = (
        "# mine\ncustomModes:\n  - slug: other\n    roleDefinition: >-\n      Some\n      text.  \n    groups: [read]\n"
    )
    (worktree / MODES).write_text(theirs)
    assert roo(run, worktree, "sync").code == 0
    assert (worktree / MODES).read_text().startswith(theirs)
    assert slugs(worktree) == ["other", "reviewer"]
    change_agent(worktree)
    assert roo(run, worktree, "sync").code == 0
    assert modes(worktree)[1]["roleDefinition"] == "Review well."
    assert roo(run, worktree, "unlink").code == 0
    assert (worktree / MODES).read_text() == theirs


def test_modes_that_an_earlier_release_wrote_may_become_yaml(run: Run, worktree: Path, home: Path) -> None:
    """It read them as JSON, and its ledger says so."""
    assert roo(run, worktree, "sync").code == 0
    assert of_an_earlier_release(home) == 1
    (worktree / MODES).write_text(yaml.safe_dump({"mine": 1, "customModes": modes(worktree)}, sort_keys=False))
    assert roo(run, worktree, "sync").code == 0
    assert roo(run, worktree, "unlink").code == 0
    assert yaml.safe_load((worktree / MODES).read_text()) == {"mine": 1}


def test_a_server_of_the_same_name_is_a_conflict_in_vibe(run: Run, worktree: Path, home: Path) -> None:
    """Whose names of servers are unique; an edit of ours can be taken into the source."""
    config = worktree / ".vibe/config.toml"
    config.parent.mkdir()
    config.write_text('# mine\n[[mcp_servers]]\nname = "files"\ntransport = "stdio"\ncommand = "mine"\n')
    before = config.read_bytes()
    told = run("sync", "--target", "vibe", cwd=worktree)
    address = ".vibe/config.toml#/mcp_servers#name=files"
    assert (told.code, f"conflict: {address}: you have an entry of this name already" in told.out) == (1, True)
    assert config.read_bytes() == before
    config.unlink()
    assert run("sync", "--target", "vibe", cwd=worktree).code == 0
    config.write_text(config.read_text().replace("//files.", "//more."))
    assert run("sync", "--target", "vibe", cwd=worktree).code == 1
    assert len(tomlkit.parse(config.read_text()).unwrap()["mcp_servers"]) == 1
    assert run("resolve", "--target", "vibe", "--adopt", address, cwd=worktree).code == 0
    assert "https://more.example" in (worktree / ".mcp.json").read_text()
    assert run("sync", "--target", "vibe", cwd=worktree).code == 0


def test_a_server_of_the_same_name_is_a_conflict_in_continue(run: Run, home: Path) -> None:
    """Which reads those of the home directory alone."""
    (home / ".claude.json").write_text(
        json.dumps({"mcpServers": {"mine": {"type": "http", "url": "https://a.example"}}})
    )
    config = home / ".continue/config.yaml"
    config.parent.mkdir()
    config.write_text(
        "name: x\nversion: 1.0.0\nschema: v1\nmodels: []\nmcpServers:\n  - name: mine\n    command: theirs\n"
    )
    before = config.read_bytes()
    told = run("sync", "--user", "--target", "continue", cwd=home)
    address = ".continue/config.yaml#/mcpServers#name=mine"
    assert (told.code, f"conflict: {address}: you have an entry of this name already" in told.out) == (1, True)
    assert config.read_bytes() == before
