"""A cloned repository can neither make us read what is not its own, nor stop us from reading the rest."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.trust import Everything
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.mcp import MAX_SERVERS
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.discovery.result import Discovery
from harnesssync_orchestrator.files.reading import Looked

CANARY = "canary-3f9c"


@pytest.fixture
def secrets(world: Any) -> Path:
    """A home with files that nobody may see, in the forms that Claude Code would read."""
    text = f"---\nname: x\ndescription: {CANARY}\n---\n{CANARY}\n"
    world.in_home(
        {
            ".ssh/id_rsa": CANARY,
            ".ssh/SKILL.md": text,
            ".ssh/a.md": text,
            "settings.json": {"env": {"A": CANARY}},
            "mcp.json": {"mcpServers": {"s": {"command": CANARY}}},
        }
    )
    return Path(world.home)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("CLAUDE.md", ".ssh/id_rsa"),
        ("CLAUDE.local.md", ".ssh/id_rsa"),
        (".claude/CLAUDE.md", ".ssh/id_rsa"),
        (".claude/rules", ".ssh"),
        (".claude/rules/x.md", ".ssh/id_rsa"),
        (".claude/rules/sub", ".ssh"),
        (".claude/skills", "."),
        (".claude/skills/x", ".ssh"),
        (".claude/skills/x/SKILL.md", ".ssh/SKILL.md"),
        (".claude/agents", ".ssh"),
        (".claude/agents/x.md", ".ssh/a.md"),
        (".claude/commands/x.md", ".ssh/a.md"),
        (".claude/commands/sub", ".ssh"),
        (".claude/settings.json", "settings.json"),
        (".claude/settings.local.json", "settings.json"),
        (".mcp.json", "mcp.json"),
        ("sub/CLAUDE.md", ".ssh/id_rsa"),
    ],
)
@pytest.mark.parametrize("form", ["absolute", "relative", "chain"])
def test_a_link_out_of_the_project_is_not_followed(
    world: Any, secrets: Path, link: str, target: str, form: str
) -> None:
    """Nothing of what it leads to appears anywhere; it is told, with a remedy."""
    path = world.project / link
    path.parent.mkdir(parents=True, exist_ok=True)
    leads_to = secrets / target
    if form == "relative":
        path.symlink_to(os.path.relpath(leads_to, path.parent))
    elif form == "chain":
        (world.project / "step").symlink_to(leads_to)
        path.symlink_to(os.path.relpath(world.project / "step", path.parent))
    else:
        path.symlink_to(leads_to)
    world.in_project({".claude/commands2/x": "", "good/CLAUDE.md": "Good"})
    found = world.discover()
    assert CANARY not in repr(found)
    assert [item.name for item in found.source.items] == ["good/CLAUDE.md"]
    assert "outside_project" in [problem.code for problem in found.source.problems]
    assert all(problem.hint for problem in found.source.problems)


def test_a_whole_folder_that_is_a_link_out_is_not_followed(world: Any, secrets: Path) -> None:
    """Each file in it lies outside."""
    world.in_home({"other/CLAUDE.md": CANARY, "other/settings.json": {"env": {"A": CANARY}}})
    (world.project / ".claude").symlink_to(secrets / "other")
    found = world.discover()
    assert CANARY not in repr(found)
    assert found.source.items == ()


@pytest.mark.parametrize(
    "place",
    ["CLAUDE.md", ".claude/settings.json", ".mcp.json", ".claude/skills/x/SKILL.md", ".claude/agents/x.md"],
)
@pytest.mark.parametrize("thing", ["pipe", "socket", "folder", "circle", "dangling", "sparse"])
def test_what_is_no_file_stops_nothing(world: Any, skill_text: Any, place: str, thing: str, tmp_path: Path) -> None:
    """No waiting, no exception; the others are read."""
    path = world.project / place
    path.parent.mkdir(parents=True, exist_ok=True)
    match thing:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            short = tmp_path / "s"
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(short))
            short.rename(path)
        case "folder":
            path.mkdir()
        case "circle":
            path.symlink_to(path.name)
        case "dangling":
            path.symlink_to("nothing")
        case _:
            with path.open("wb") as file:
                file.truncate(1 << 40)
    world.in_project({".claude/skills/good/SKILL.md": skill_text("Good")})
    source = world.discover().source
    assert [item.name for item in source.items] == ["good"]
    if thing == "dangling" and "agents" in place:
        assert [(problem.code, problem.hides) for problem in source.problems] == [("link_dangling", False)]
    elif thing == "dangling" or (thing == "folder" and "agents" in place):  # folders in folders may have any name
        assert source.problems == ()
    else:
        assert source.problems
        assert all(problem.hint and problem.file for problem in source.problems)


@pytest.mark.parametrize("place", [".claude/rules/x.md", ".claude/rules/in/x.md", ".claude/skills/x", "CLAUDE.md"])
def test_a_link_in_a_circle_is_to_be_removed(world: Any, place: str) -> None:
    """Nobody can make it readable."""
    (world.project / place).parent.mkdir(parents=True, exist_ok=True)
    (world.project / place).symlink_to(place.rpartition("/")[2])
    [problem] = world.read().problems
    assert (problem.code, problem.file, problem.hint) == ("link_loop", str(world.project / place), "Remove the link.")


def test_a_link_to_nothing_is_told_where_an_item_would_be(world: Any) -> None:
    """A rule, or the folder of a skill; not what an editor leaves beside a file that it has open, nor other names."""
    places = (".claude/rules/x.md", ".claude/skills/x", ".claude/rules/.#x.md", ".claude/rules/x.txt")
    for place in places:
        (world.project / place).parent.mkdir(parents=True, exist_ok=True)
        (world.project / place).symlink_to("nothing")
    told = {problem.file: problem.hint for problem in world.read().problems}
    assert told == {str(world.project / place): "Remove it, or put back what it leads to." for place in places[:2]}


@pytest.mark.parametrize("folder", [".claude/skills", ".claude/agents", ".claude/rules", ".claude/commands"])
def test_a_file_where_a_folder_belongs_is_told(world: Any, folder: str) -> None:
    """The other kinds go on."""
    world.in_project({folder: "text", "CLAUDE.md": "Good"})
    source = world.read()
    assert [item.name for item in source.items] == ["CLAUDE.md"]
    assert [problem.code for problem in source.problems] == ["not_a_folder"]


def test_what_may_not_be_read_is_told_and_hides_removals(public_folder: Path, as_nobody: Any) -> None:
    """Unreadable is not missing."""
    (public_folder / "CLAUDE.md").write_text("secret")
    (public_folder / "CLAUDE.md").chmod(0)
    (public_folder / ".claude" / "skills").mkdir(parents=True)
    (public_folder / ".claude").chmod(0o755)
    (public_folder / ".claude" / "skills").chmod(0)
    (public_folder / "CLAUDE.local.md").write_text("Good")
    (public_folder / "CLAUDE.local.md").chmod(0o644)
    places = Places.from_environment({}, public_folder / "home")
    with as_nobody():
        source = discover(Scope.PROJECT, public_folder, places, Looked()).source
    assert [item.name for item in source.items] == ["CLAUDE.local.md"]
    problems = [(problem.code, problem.hides) for problem in source.problems]
    assert problems == [("file_unreadable", True), ("file_unreadable", True)]


def test_a_root_that_can_not_be_looked_at_is_not_taken_for_missing(public_folder: Path, as_nobody: Any) -> None:
    """It is not even a source without anything in it, of which much would be removed if a person has confirmed that."""
    root = public_folder / "closed" / "project"
    root.mkdir(parents=True)
    root.parent.chmod(0)
    with as_nobody(), pytest.raises(PermissionError):
        discover(Scope.PROJECT, root, Places.from_environment({}, public_folder / "home"), Looked())


def test_folders_in_folders_without_end_are_cut(world: Any) -> None:
    """Neither recursion nor a path that is too long gets through."""
    deep = world.project / ".claude" / "rules" / "/".join(["d"] * 60)
    deep.mkdir(parents=True)
    (deep / "x.md").write_text("Deep")
    world.in_project({".claude/rules/a.md": "A", ".claude/rules/b/c.md": "C"})
    assert [item.name for item in world.read().items] == [".claude/rules/a.md", ".claude/rules/b/c.md"]


def test_an_endless_line_and_control_characters_are_text(world: Any) -> None:
    """Rules may hold anything; names and messages may not."""
    world.in_project({"CLAUDE.md": "x" * 1_000_000 + "\x00\x1b[31m\u202e", ".claude/rules/\x1b[31m.md": "X"})
    source = world.read()
    assert [item.name for item in source.items] == ["CLAUDE.md"]
    assert [problem.message.isprintable() for problem in source.problems] == [True]


def test_no_message_carries_control_characters_or_a_flood(world: Any) -> None:
    """Whatever a repository writes where a message quotes it."""
    evil = "\x1b]0;owned\x07\u202e" + "A" * 5000
    world.in_home({"x": "exists"})
    world.in_project(
        {
            ".mcp.json": {"mcpServers": {evil: {}, "b": {"type": evil}}},
            ".claude/settings.json": {
                "permissions": {"allow": [f"Bash({evil}"]},
                "hooks": {evil: "x", f"{evil}2": [{}], f"{evil}3": [{"hooks": [{}]}]},
                "env": {evil: None},
                "enabledPlugins": {f"{evil}@x": True},
            },
            "CLAUDE.md": f"@../home/x{evil[:9]}\n@~/x\n",
        }
    )
    problems = world.problems()
    assert len({problem.code for problem in problems}) >= 6
    for problem in problems:
        assert problem.message.isprintable()
        assert problem.hint.isprintable()
        assert len(problem.message) < 400


@pytest.mark.parametrize(
    "server",
    [
        {"command": "c", "extra": "DEEP"},
        {"command": "c", "timeout": "HUGE"},
        {"command": "c", "timeout": "INFINITE"},
    ],
)
def test_values_beyond_all_measure_end_nothing(world: Any, server: dict[str, str]) -> None:
    """Neither a depth at which recursion ends, nor a time that no number of a program holds."""
    text = json.dumps({"mcpServers": {"s": server, "good": {"command": "good"}}})
    text = text.replace('"DEEP"', "[" * 800 + "]" * 800).replace('"HUGE"', "9" * 400).replace('"INFINITE"', "1e999")
    world.in_project({".mcp.json": text, "CLAUDE.md": "Good", ".claude/settings.json": {"env": {"A": "1"}}})
    source = world.read()
    names = [item.name for item in source.items]
    assert {"CLAUDE.md", "A"} <= set(names)
    assert "good" in names or source.problems[0].code == "json_invalid"
    assert [item.timeout_ms for item in source.items if item.name == "s"] in ([], [None])


def test_thousands_of_servers_are_cut_and_told(world: Any) -> None:
    """Each would be an edit of its own."""
    world.in_project({".mcp.json": {"mcpServers": {f"s{n}": {"command": "c"} for n in range(3000)}}})
    source = world.read()
    assert len(source.items) == MAX_SERVERS
    assert [problem.code for problem in source.problems] == ["mcp_too_many"]


def discovered(world: Any, allowed: Any = frozenset()) -> Discovery:
    return discover(Scope.PROJECT, world.project, world.places, Looked(), allowed=allowed)


def test_what_leads_out_is_read_once_a_person_allowed_just_that(world: Any) -> None:
    """A shared file, a folder of skills, and an import with another one in it; told before with the way to allow it."""
    world.in_home(
        {
            "shared/CLAUDE.md": "Shared\n",
            "shared/x/SKILL.md": "---\nname: x\ndescription: d\n---\nX\n",
            "shared/a.md": "A\n@b.md\n",
            "shared/b.md": "B\n",
        }
    )
    world.in_project({".claude/CLAUDE.md": "@../../home/shared/a.md\n", ".claude/skills/good/SKILL.md": "Good\n"})
    (world.project / "CLAUDE.md").symlink_to(world.home / "shared/CLAUDE.md")
    (world.project / ".claude/skills/x").symlink_to(world.home / "shared/x")
    refused = discovered(world)
    assert {item.name for item in refused.source.items} == {".claude/CLAUDE.md", "good"}
    codes = ["import_outside_project", "outside_project", "outside_project"]
    assert sorted(problem.code for problem in refused.source.problems) == codes
    assert all("harnesssync ctl trust" in problem.hint for problem in refused.source.problems)
    marks = frozenset(discovered(world, Everything()).reaches)
    allowed = discovered(world, marks)
    assert {item.name for item in allowed.source.items} == {"CLAUDE.md", ".claude/CLAUDE.md", "good", "x"}
    assert allowed.source.problems == ()
    assert "B" in next(item.expanded for item in allowed.source.items if item.name == ".claude/CLAUDE.md")


def test_a_link_that_leads_out_to_nothing_is_told_as_that(world: Any) -> None:
    """Approving what is not there would be no remedy."""
    (world.project / "CLAUDE.md").symlink_to(world.home / "gone.md")
    [problem] = discovered(world).source.problems
    assert (problem.code, "nothing is there" in problem.message) == ("outside_project", True)
    assert "ctl trust" not in problem.hint


def test_what_may_have_been_allowed_is_not_read_and_not_taken_for_gone_either(world: Any) -> None:
    """Neither a link nor an import: both may have been followed by the sync before."""
    world.in_home({"shared/x/SKILL.md": "---\nname: x\ndescription: d\n---\nX\n", "shared/a.md": "A\n"})
    world.in_project({"CLAUDE.md": "@../home/shared/a.md\n", ".claude/skills/good/SKILL.md": "Good\n"})
    (world.project / ".claude/skills/x").symlink_to(world.home / "shared/x")
    refused = discovered(world)
    assert [problem.hides for problem in refused.source.problems] == [False, False]
    for mark in refused.reaches:
        found = discover(Scope.PROJECT, world.project, world.places, Looked(), doubted=frozenset({mark}))
        assert found.source.items == refused.source.items
        assert sorted(problem.hides for problem in found.source.problems) == [False, True]


def test_a_link_that_leads_elsewhere_since_it_was_allowed_is_refused_again(world: Any, secrets: Path) -> None:
    """What a person allowed is this link to that place."""
    world.in_home({"shared.md": "Shared\n"})
    link = world.project / "CLAUDE.md"
    link.symlink_to(world.home / "shared.md")
    marks = frozenset(discovered(world).reaches)
    assert [item.name for item in discovered(world, marks).source.items] == ["CLAUDE.md"]
    link.unlink()
    link.symlink_to(secrets / ".ssh/id_rsa")
    assert discovered(world, marks).source.items == ()


def test_a_folder_that_calls_itself_a_worktree_of_another_repository_inherits_nothing(world: Any, git: Any) -> None:
    """The repository itself has to know it."""
    world.in_home({"theirs/.claude/settings.local.json": {"env": {"A": CANARY}}, "theirs/x": "x"})
    theirs = world.home / "theirs"
    git("init", "-q", cwd=theirs)
    git("add", "x", cwd=theirs)
    git("commit", "-qm", "x", cwd=theirs)
    git("worktree", "add", "-q", str(world.home / "linked"), cwd=theirs)
    world.in_project({".git": (world.home / "linked/.git").read_text(), "CLAUDE.md": "Good"})
    assert CANARY not in repr(discovered(world))
    linked = discover(Scope.PROJECT, world.home / "linked", world.places, Looked())
    assert CANARY in repr(linked)
