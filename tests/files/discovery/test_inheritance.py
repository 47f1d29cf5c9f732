"""What a linked worktree inherits, read with a real git: which layer it is, and where Claude Code would miss it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Absent, Layer
from harnesssync_orchestrator.files.copying import Marker, digest_at, write_marker
from harnesssync_orchestrator.files.discovery.main_checkout import MainCheckout
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.reading import Looked


@pytest.fixture
def main(world: Any, git: Any, skill_text: Any) -> Path:
    """The main checkout; the world's project becomes a worktree of it in which git tracks a skill."""
    root: Path = world.project
    git("init", "-q", cwd=root)
    world.in_project({".claude/skills/shared/SKILL.md": skill_text("Shared")})
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", "x", cwd=root)
    git("worktree", "add", "-q", str(root.parent / "worktree"), cwd=root)
    return root


def found(world: Any) -> dict[str, tuple[Layer, Absent | None]]:
    return {str(item.id): (item.origin.layer, item.origin.absent) for item in world.read().items}


def test_an_item_says_where_it_is_missed(world: Any, main: Path, skill_text: Any) -> None:
    """What Claude Code finds by itself is inherited too, and missed nowhere."""
    world.in_project({".claude/skills/mine/SKILL.md": skill_text("Mine"), ".claude/commands/ship.md": "Ship"})
    world.project = main.parent / "worktree"
    hidden = ".claude/.gitignore"
    assert found(world) == {
        "skill shared": (Layer.PROJECT, None),
        "skill mine": (
            Layer.INHERITED,
            Absent(
                path=".claude/skills/mine",
                source=f"{main}/.claude/skills/mine",
                digest=next(iter(absent.digest for _, absent in found(world).values() if absent)),
                hidden_by=hidden,
            ),
        ),
        "command ship": (Layer.INHERITED, None),
    }


def test_a_marked_copy_of_ours_is_not_the_worktrees_own(world: Any, main: Path, skill_text: Any) -> None:
    """Where there are no links. Without its marker it is, and when somebody has edited it."""
    world.in_project({".claude/skills/mine/SKILL.md": skill_text("Mine")})
    world.project = main.parent / "worktree"
    copy = world.project / ".claude/skills/mine"
    shutil.copytree(main / ".claude/skills/mine", copy)
    assert found(world)["skill mine"][0] is Layer.PROJECT
    digest = digest_at(Place.by_path(copy))
    write_marker(Place.by_path(copy), Marker(str(main / ".claude/skills/mine"), digest or ""))
    assert found(world)["skill mine"][0] is Layer.INHERITED
    (copy / "more.md").write_text("mine")
    assert found(world)["skill mine"][0] is Layer.PROJECT


def test_a_link_to_what_is_gone_hides_nothing(world: Any, main: Path) -> None:
    """It may be ours: what it led to was deleted, and so it has to go."""
    world.project = main.parent / "worktree"
    (world.project / ".claude/skills/mine").symlink_to(main / ".claude/skills/mine")
    source = world.read()
    assert [str(item.id) for item in source.items] == ["skill shared"]
    assert source.problems == ()


def test_a_link_to_another_place_leads_out_as_ever(world: Any, main: Path, skill_text: Any) -> None:
    """Only the same place in the main checkout is what the worktree lacks."""
    world.in_project({".claude/skills/mine/SKILL.md": skill_text("Mine")})
    world.project = main.parent / "worktree"
    (world.project / ".claude/skills/other").symlink_to(main / ".claude/skills/mine")
    assert world.codes() == ["outside_project"]


def test_nothing_is_inherited_while_git_can_not_say(world: Any, main: Path, skill_text: Any) -> None:
    """And nothing is taken for gone."""
    world.in_project({".claude/skills/mine/SKILL.md": skill_text("Mine")})
    (main / ".git/index").write_text("no index")
    world.project = main.parent / "worktree"
    (problem,) = world.problems()
    assert (problem.code, problem.hides) == ("git_failed", True)
    assert found(world).keys() == {"skill shared"}


def test_what_has_no_place_of_its_own_stays_behind(world: Any, main: Path, skill_text: Any, agent_text: Any) -> None:
    """Commands that are folders, and what lies behind a link to a folder."""
    elsewhere = main / "elsewhere"
    world.in_project(
        {
            ".claude/commands/deep/SKILL.md": skill_text("Deep"),
            ".claude/commands/flat.md": "Flat",
            ".claude/agents/one.md": agent_text("one"),
            "elsewhere/two.md": agent_text("two"),
        }
    )
    (main / ".claude/agents/linked").symlink_to(elsewhere)
    world.project = main.parent / "worktree"
    for kind in ("commands", "agents"):
        (world.project / ".claude" / kind).mkdir()
    assert found(world).keys() == {"skill shared", "command flat", "agent one"}


def test_only_a_linked_worktree_has_a_main_checkout(main: Path) -> None:
    """And only one that both sides know of."""
    worktree = main.parent / "worktree"
    checkout = MainCheckout.of(str(worktree), Looked())
    assert checkout == MainCheckout(path=str(main), worktree=str(worktree))
    assert MainCheckout.of(str(main), Looked()) is None
    stranger = main.parent / "stranger"
    stranger.mkdir()
    (stranger / ".git").write_bytes((worktree / ".git").read_bytes())
    assert MainCheckout.of(str(stranger), Looked()) is None
