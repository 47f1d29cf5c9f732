"""Slash commands, called by where they lie."""

from __future__ import annotations

from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Command


def test_a_command_is_called_by_its_path(world: Any) -> None:
    """A `name` in the front matter changes nothing."""
    world.in_project(
        {
            ".claude/commands/deploy.md": "---\nname: other\ndescription: Ships it\n---\n"
            "Run $ARGUMENTS and !`git status`\n",
            ".claude/commands/git/flow/commit.md": "Commit with $1 and @README.md\n",
        }
    )
    commands = world.items(Command)
    assert {name: command.path for name, command in commands.items()} == {
        "deploy": ("deploy",),
        "git:flow:commit": ("git", "flow", "commit"),
    }
    assert commands["deploy"].description == "Ships it"
    assert commands["deploy"].prompt == "Run $ARGUMENTS and !`git status`\n"
    assert commands["git:flow:commit"].description == "Commit with $1 and @README.md"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("argument-hint: <file> [line]", "<file> [line]"),
        ("argument-hint: '[file]'", "[file]"),
        ("argument-hint: [file]", "[file]"),
        ("argument-hint: [a] [b]", "[a] [b]"),
        ("argument-hint: 3", "3"),
        ("description: x", ""),
    ],
)
def test_argument_hints_stay_as_written(world: Any, written: str, hint: str) -> None:
    """Although YAML takes brackets for a list."""
    world.in_project({".claude/commands/c.md": f"---\n{written}\n---\nText\n"})
    assert world.items(Command)["c"].argument_hint == hint


@pytest.mark.parametrize(
    ("written", "prompt"),
    [
        ("arguments: [from, to]", "$ARGUMENTS[0] to $ARGUMENTS[1]; $fromage, $From"),
        ("arguments: to from", "$ARGUMENTS[1] to $ARGUMENTS[0]; $fromage, $From"),
        ("arguments: [from]", "$ARGUMENTS[0] to $to; $fromage, $From"),
        ("arguments: [{name: from}, 7, '', to, to]", "$from to $ARGUMENTS[0]; $fromage, $From"),
        ("arguments: 1 from", "$ARGUMENTS[0] to $to; $fromage, $From"),
        ("arguments: [f, fr, from]", "$ARGUMENTS[2] to $to; $fromage, $From"),
        ("arguments: 3", "$from to $to; $fromage, $From"),
        ("description: x", "$from to $to; $fromage, $From"),
    ],
)
def test_named_arguments_are_told_by_their_numbers(world: Any, written: str, prompt: str) -> None:
    """Whole words, in the same case."""
    world.in_project({".claude/commands/c.md": f"---\n{written}\n---\n$from to $to; $fromage, $From\n"})
    assert world.items(Command)["c"].prompt == f"{prompt}\n"


def test_a_backslash_keeps_the_name_of_an_argument(world: Any) -> None:
    """One alone; and what looks like an element of one is none."""
    text = r"\$from, \\$from, $from[0] and $from"
    world.in_project({".claude/commands/c.md": f"---\narguments: [from]\n---\n{text}\n"})
    assert world.items(Command)["c"].prompt == "$from, \\\\$ARGUMENTS[0], $from[0] and $ARGUMENTS[0]\n"


def test_tools_and_model_are_read(world: Any) -> None:
    """With spaces inside of parentheses."""
    world.in_project(
        {".claude/commands/c.md": "---\nallowed-tools: Bash(git add:*), Bash(git status:*)\nmodel: haiku\n---\nText\n"}
    )
    command = world.items(Command)["c"]
    assert command.allowed_tools == ("Bash(git add:*)", "Bash(git status:*)")
    assert command.model == "haiku"


def test_a_command_whose_front_matter_is_broken_hides_removals(world: Any) -> None:
    """It stays a command, as for Claude Code."""
    world.in_project({".claude/commands/c.md": '---\ndescription: "x\n---\nText\n'})
    (problem,) = world.problems()
    assert (list(world.items(Command)), problem.code, problem.hides) == (["c"], "front_matter_invalid", True)


def test_a_skill_hides_the_command_of_its_name(world: Any, skill_text: Any) -> None:
    """Claude Code then runs the skill."""
    world.in_project(
        {
            ".claude/skills/ship/SKILL.md": skill_text("Ships"),
            ".claude/commands/ship.md": "Command",
            ".claude/commands/git/ship.md": "Other",
        }
    )
    assert list(world.items(Command)) == ["git:ship"]


def test_a_folder_with_a_skill_file_is_one_command(world: Any, skill_text: Any) -> None:
    """The other files in it are none."""
    world.in_project(
        {
            ".claude/commands/x/SKILL.md": skill_text("X"),
            ".claude/commands/x/notes.md": "N",
            ".claude/commands/y.md": "Y",
        }
    )
    assert list(world.items(Command)) == ["y", "x"]


@pytest.mark.parametrize("path", ["a b/-x.md", ".hidden.md", "con/x.md", "a:b.md"])
def test_a_command_with_an_unsafe_part_is_refused(world: Any, path: str) -> None:
    """Each part would be that of a path."""
    world.in_project({f".claude/commands/{path}": "X", ".claude/commands/good.md": "G"})
    assert list(world.items(Command)) == ["good"]
    assert world.codes() == ["name_unsafe"]
