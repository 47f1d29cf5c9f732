"""Skills are found with their names, descriptions and everything in their folders."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Layer, Scope, Skill


def test_a_skill_has_the_name_of_its_front_matter(world: Any, skill_text: Any) -> None:
    """Other harnesses go by it; the folder's name stays known."""
    world.in_project({".claude/skills/pdf/SKILL.md": skill_text("Reads PDFs", name="pdf-tools")})
    skill = world.items(Skill)["pdf-tools"]
    assert (skill.folder, skill.description) == ("pdf", "Reads PDFs")
    assert skill.source == str(world.project / ".claude/skills/pdf")
    assert skill.metadata == {"name": "pdf-tools", "description": "Reads PDFs"}
    assert skill.origin.file == str(world.project / ".claude/skills/pdf/SKILL.md")
    assert (skill.origin.layer, skill.origin.private) == (Layer.PROJECT, False)


def test_a_skill_without_a_name_has_that_of_its_folder(world: Any, skill_text: Any) -> None:
    """Also when the name is no text."""
    world.in_project(
        {".claude/skills/pdf/SKILL.md": skill_text("Reads"), ".claude/skills/n/SKILL.md": skill_text("N", name="123")}
    )
    assert list(world.items(Skill)) == ["n", "pdf"]


def test_a_skill_without_a_description_is_described_by_its_first_words(world: Any) -> None:
    """As Claude Code does."""
    world.in_project({".claude/skills/a/SKILL.md": "---\nname: a\n---\n\n# Reads files\n\nMore.\n"})
    assert world.items(Skill)["a"].description == "Reads files"


def test_what_claude_code_puts_in_is_found_in_the_text_alone(world: Any) -> None:
    """The front matter is no part of it."""
    text = "---\nname: fix\ndescription: Fixes $0\n---\nFix $ARGUMENTS.\n!`git status`\n"
    world.in_project({".claude/skills/fix/SKILL.md": text, ".claude/skills/fix/more.md": "@docs/more.md\n"})
    assert [part.written for part in world.items(Skill)["fix"].placeholders] == ["$ARGUMENTS", "!`git status`"]


def test_an_argument_in_code_counts_where_the_front_matter_speaks_of_one(world: Any) -> None:
    """Elsewhere it is most often one of a shell's own."""
    text = "description: D\n---\n```\ngit fetch $0\n```\n"
    for name, hint in (("hinted", "argument-hint: branch\n"), ("other", "")):
        world.in_project({f".claude/skills/{name}/SKILL.md": f"---\n{hint}{text}"})
    found = {name: [part.written for part in skill.placeholders] for name, skill in world.items(Skill).items()}
    assert found == {"hinted": ["$0"], "other": []}


def test_two_skills_that_give_one_name_both_stay(world: Any, skill_text: Any) -> None:
    """The second goes by its folder."""
    world.in_project({f".claude/skills/{folder}/SKILL.md": skill_text("D", name="same") for folder in ("a", "b")})
    assert {name: skill.folder for name, skill in world.items(Skill).items()} == {"same": "a", "b": "b"}


@pytest.mark.parametrize("text", ["---\nname: [\n---\nRead.\n", "---\nname: 'pdf\n---\nRead.\n", "---\nname: pdf-too"])
def test_a_skill_that_is_half_saved_hides_removals(world: Any, text: str) -> None:
    """What it is called is not known: what was made under its name must not go."""
    world.in_project({".claude/skills/pdf/SKILL.md": text})
    (problem,) = world.problems()
    assert (list(world.items(Skill)), problem.hides) == (["pdf"], True)
    assert "front matter" in problem.message


def test_only_folders_right_below_are_skills(world: Any, skill_text: Any) -> None:
    """Not deeper ones, not loose files, not other spellings of SKILL.md."""
    world.in_project(
        {
            ".claude/skills/group/inner/SKILL.md": skill_text("Inner"),
            ".claude/skills/loose.md": skill_text("Loose"),
            ".claude/skills/other/README.md": "Nothing",
            ".claude/skills/good/SKILL.md": skill_text("Good"),
        }
    )
    assert list(world.items(Skill)) == ["good"]
    assert world.problems() == []


def test_a_change_anywhere_in_the_folder_changes_the_digest(world: Any, skill_text: Any) -> None:
    """And that of the whole source."""
    world.in_project({".claude/skills/a/SKILL.md": skill_text("A"), ".claude/skills/a/scripts/x.sh": "echo 1"})
    before = world.read()
    world.in_project({".claude/skills/a/scripts/x.sh": "echo 2"})
    after = world.read()
    assert len(before.items[0].digest) == 16
    assert before.items[0].digest != after.items[0].digest
    assert before.digest != after.digest


def test_files_that_are_no_text_belong_to_the_skill(world: Any, skill_text: Any) -> None:
    """Only SKILL.md is read as text."""
    world.in_project(
        {".claude/skills/a/SKILL.md": skill_text("A"), ".claude/skills/a/logo.png": b"\x89PNG\xff\xfe\x00"}
    )
    (listing,) = world.discover().trees.values()
    assert [file.relative for file in listing.files] == ["SKILL.md", "logo.png"]
    assert world.problems() == []


def test_a_skill_that_is_no_utf8_is_kept_and_told(world: Any) -> None:
    """It is linked, so that no byte is lost."""
    world.in_project({".claude/skills/a/SKILL.md": b"---\nname: a\ndescription: caf\xe9\n---\n"})
    source = world.read()
    assert source.items[0].description == "caf�"
    assert [(problem.code, problem.line, problem.hides) for problem in source.problems] == [("not_utf8", 3, False)]


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/b", "a\\\\b", "..", "-rf", "CON", "a:b", "x."])
def test_a_name_that_is_no_file_name_is_not_used(world: Any, skill_text: Any, name: str) -> None:
    """The folder's stands in, and a remedy is told."""
    world.in_project({".claude/skills/safe/SKILL.md": skill_text("D", name=f'"{name}"')})
    source = world.read()
    assert [(item.name, item.folder) for item in source.items] == [("safe", "safe")]
    (problem,) = source.problems
    assert (problem.code, problem.hides) == ("name_unsafe", False)
    assert "name: safe" in problem.hint


@pytest.mark.parametrize("folder", [".hidden", "-x", "aux", "a:b", "trailing.", "line\nbreak", "bell\x07", "rtl\u202e"])
def test_a_folder_with_an_unsafe_name_is_refused(world: Any, skill_text: Any, folder: str) -> None:
    """The others go on; the message can be printed."""
    world.in_project(
        {f".claude/skills/{folder}/SKILL.md": skill_text("D"), ".claude/skills/good/SKILL.md": skill_text("Good")}
    )
    source = world.read()
    assert [item.name for item in source.items] == ["good"]
    (problem,) = source.problems
    assert problem.code == "name_unsafe"
    assert problem.message.isprintable()


def test_a_folder_whose_name_is_no_utf8_is_refused(world: Any, skill_text: Any) -> None:
    """It could not be named in any file that is."""
    world.in_project({f".claude/skills/{os.fsdecode(b'odd-' + bytes([0xFF]))}/SKILL.md": skill_text("D")})
    source = world.read()
    assert source.items == ()
    assert [problem.code for problem in source.problems] == ["name_unsafe"]


def test_a_skill_may_be_a_link_within_the_project(world: Any, skill_text: Any) -> None:
    """Claude Code follows it."""
    world.in_project({"common/pdf/SKILL.md": skill_text("Reads"), ".claude/skills/x/SKILL.md": skill_text("X")})
    (world.project / ".claude/skills/pdf").symlink_to("../../common/pdf")
    assert list(world.items(Skill)) == ["pdf", "x"]


def test_settings_switch_a_skill_off(world: Any, skill_text: Any) -> None:
    """`skillOverrides` names the folder."""
    world.in_project(
        {
            ".claude/skills/a/SKILL.md": skill_text("A"),
            ".claude/skills/b/SKILL.md": skill_text("B"),
            ".claude/settings.json": {"skillOverrides": {"a": "off", "b": "name-only"}},
        }
    )
    assert list(world.items(Skill)) == ["b"]


def test_an_administrators_skill_comes_before_the_users(world: Any, skill_text: Any) -> None:
    """Of two with one folder name."""
    world.in_managed({".claude/skills/a/SKILL.md": skill_text("Managed")})
    world.in_home({".claude/skills/a/SKILL.md": skill_text("User"), ".claude/skills/b/SKILL.md": skill_text("B")})
    skills = world.items(Skill, Scope.USER)
    assert {name: skill.origin.layer for name, skill in skills.items()} == {"a": Layer.MANAGED, "b": Layer.USER}


def test_two_thousand_skills_are_read_in_under_a_second(world: Any, skill_text: Any) -> None:
    """Their front matter is real YAML all the same. The limit is generous for loaded machines."""
    world.in_project(
        {
            f".claude/skills/skill-{n:04}/SKILL.md": skill_text(
                f"Use when working with topic {n}", name=f"skill-{n:04}"
            )
            for n in range(2000)
        }
    )
    started = time.process_time()
    assert len(world.discover().source.items) == 2000
    assert time.process_time() - started < 1


def test_a_link_in_a_circle_is_told_with_what_to_do(world: Any, skill_text: Any) -> None:
    """Two of them make OpenCode and Kilo Code search for ever; a link to another folder is nobody's trouble."""
    world.in_project({".claude/skills/pdf/SKILL.md": skill_text("Reads"), "shared/doc/SKILL.md": skill_text("Docs")})
    skills = world.project / ".claude/skills"
    for name, text in (("up", "../.."), ("loop", "."), ("doc", "../../shared/doc"), ("again", "pdf")):
        (skills / name).symlink_to(text)
    source = world.read()
    assert {skill.folder for skill in world.items(Skill).values()} == {"pdf", "doc", "again"}
    told = [(problem.file, problem.code, problem.hides, problem.hint) for problem in source.problems]
    assert told == [(str(skills / name), "link_loop", False, "Remove the link.") for name in ("loop", "up")]
