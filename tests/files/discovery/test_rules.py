"""Instructions are found in every place where Claude Code reads them, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Layer, Rule, Scope
from harnesssync_orchestrator.files.discovery import subfolders


def test_a_projects_rules_come_in_the_order_in_which_they_are_read(world: Any) -> None:
    """The root's files first, then those of folders below."""
    world.in_project(
        {
            "packages/api/CLAUDE.md": "API",
            "packages/api/.claude/rules/db.md": "DB",
            "packages/CLAUDE.md": "Packages",
            "CLAUDE.local.md": "Mine",
            ".claude/rules/b/deep.md": "Deep",
            ".claude/rules/z.md": "Z",
            ".claude/CLAUDE.md": "Second",
            "CLAUDE.md": "First",
        }
    )
    assert [(rule.name, rule.directory) for rule in world.items(Rule).values()] == [
        ("CLAUDE.md", ""),
        (".claude/CLAUDE.md", ""),
        (".claude/rules/z.md", ""),
        (".claude/rules/b/deep.md", ""),
        ("CLAUDE.local.md", ""),
        ("packages/CLAUDE.md", "packages"),
        ("packages/api/CLAUDE.md", "packages/api"),
        ("packages/api/.claude/rules/db.md", "packages/api"),
    ]


def test_a_persons_own_rules_are_private(world: Any) -> None:
    """`CLAUDE.local.md` must not reach what a team commits."""
    world.in_project({"CLAUDE.md": "Ours", "CLAUDE.local.md": "Mine", "sub/CLAUDE.local.md": "Mine too"})
    private = {rule.name: (rule.origin.private, rule.origin.layer) for rule in world.items(Rule).values()}
    assert private == {
        "CLAUDE.md": (False, Layer.PROJECT),
        "CLAUDE.local.md": (True, Layer.LOCAL),
        "sub/CLAUDE.local.md": (True, Layer.LOCAL),
    }


def test_the_user_scope_has_the_users_and_the_managed_rules(world: Any) -> None:
    """The administrator's first."""
    world.in_managed({"CLAUDE.md": "Managed", ".claude/rules/m.md": "M"})
    world.in_home({".claude/CLAUDE.md": "User", ".claude/rules/u.md": "U", "CLAUDE.md": "not read"})
    rules = world.items(Rule, Scope.USER)
    assert list(rules) == ["managed/CLAUDE.md", "managed/rules/m.md", ".claude/CLAUDE.md", ".claude/rules/u.md"]
    assert [rule.origin.layer for rule in rules.values()] == [Layer.MANAGED, Layer.MANAGED, Layer.USER, Layer.USER]


def test_a_projects_rules_do_not_include_the_users(world: Any) -> None:
    """Each scope has its own."""
    world.in_home({".claude/CLAUDE.md": "User"})
    world.in_project({"CLAUDE.md": "Project"})
    assert list(world.items(Rule)) == ["CLAUDE.md"]


def test_paths_make_a_rule_conditional(world: Any) -> None:
    """As a list or with commas, with braces written out; `**` alone is no condition."""
    world.in_project(
        {
            ".claude/rules/list.md": '---\npaths:\n  - "src/**/*.ts"\n  - lib/**\n---\nText\n',
            ".claude/rules/text.md": "---\npaths: src/**/*.{ts,tsx}, lib/**\n---\nText\n",
            ".claude/rules/all.md": '---\npaths: "**"\n---\nText\n',
            ".claude/rules/other.md": "---\ntitle: Other\n---\nText\n",
            ".claude/rules/plain.md": "Text\n",
        }
    )
    rules = world.items(Rule)
    assert rules[".claude/rules/list.md"].globs == ("src/**/*.ts", "lib/**")
    assert rules[".claude/rules/text.md"].globs == ("src/**/*.ts", "src/**/*.tsx", "lib/**")
    assert rules[".claude/rules/all.md"].globs == ()
    assert rules[".claude/rules/other.md"].globs == ()
    assert [rule.plain for rule in rules.values()] == [False, False, False, True, False]
    assert {rule.text for rule in rules.values()} == {"Text\n"}


def test_a_link_to_a_hand_kept_file_names_that_file(world: Any) -> None:
    """`CLAUDE.md -> AGENTS.md` means that `AGENTS.md` is the source."""
    world.in_project({"AGENTS.md": "Rules\n"})
    (world.project / "CLAUDE.md").symlink_to("AGENTS.md")
    rule = world.items(Rule)["CLAUDE.md"]
    assert rule.source == str(world.project / "AGENTS.md")
    assert rule.origin.file == str(world.project / "CLAUDE.md")


def test_one_file_under_two_names_is_one_rule(world: Any) -> None:
    """Claude Code reads it once."""
    world.in_project({"CLAUDE.md": "Rules\n", ".claude/rules/x.md": "X"})
    (world.project / ".claude" / "CLAUDE.md").symlink_to("../CLAUDE.md")
    (world.project / ".claude" / "rules" / "again").symlink_to(".")
    assert list(world.items(Rule)) == ["CLAUDE.md", ".claude/rules/x.md"]
    assert world.problems() == []


def test_a_linked_rules_folder_is_read(world: Any) -> None:
    """As long as it stays in the project."""
    world.in_project({"docs/rules/a.md": "A", ".claude/settings.json": {}})
    (world.project / ".claude" / "rules").symlink_to("../docs/rules")
    assert list(world.items(Rule)) == [".claude/rules/a.md"]


def test_only_markdown_is_a_rule(world: Any) -> None:
    """By its ending, in small letters; empty files are none either."""
    world.in_project(
        {".claude/rules/a.txt": "A", ".claude/rules/B.MD": "B", ".claude/rules/empty.md": " \n", "AGENTS.md": "X"}
    )
    assert world.items(Rule) == {}


def test_folders_that_are_not_the_projects_are_not_entered(world: Any, git: Any) -> None:
    """Other repositories and worktrees, packages, virtual environments, hidden folders, and what a link leads to."""
    world.in_project(
        {
            "CLAUDE.md": "Root",
            "node_modules/x/CLAUDE.md": "no",
            "env/pyvenv.cfg": "home = /usr",
            "env/CLAUDE.md": "no",
            "env/lib/x/CLAUDE.md": "no",
            ".worktrees/w/CLAUDE.md": "no",
            "worktree/.git": "gitdir: elsewhere",
            "worktree/CLAUDE.md": "no",
            "clone/sub/CLAUDE.md": "no",
            "src/CLAUDE.md": "Yes",
        }
    )
    git("init", "-q", cwd=world.project / "clone")
    (world.project / "linked").symlink_to("src")
    assert list(world.items(Rule)) == ["CLAUDE.md", "src/CLAUDE.md"]


def test_every_folder_is_remembered(world: Any) -> None:
    """So that instructions which come later are noticed."""
    (world.project / "src" / "deep").mkdir(parents=True)
    world.read()
    assert {str(world.project / "src"), str(world.project / "src" / "deep")} <= set(world.looked.seen)


def test_a_project_with_too_many_folders_is_cut_and_told(world: Any, monkeypatch: Any) -> None:
    """And removes nothing meanwhile."""
    monkeypatch.setattr(subfolders, "MAX_FOLDERS", 3)
    for number in range(5):
        Path(world.project, f"f{number}").mkdir()
    (problem,) = world.problems()
    assert (problem.code, problem.hides) == ("project_too_large", True)


def test_broken_front_matter_leaves_the_rule(world: Any) -> None:
    """Its text holds for every file, and the mistake is told with its line. Nothing is removed meanwhile: a harness
    may have a file of its own for what holds for some paths alone."""
    world.in_project({".claude/rules/a.md": '---\npaths: "x" y\n---\nText\n'})
    source = world.read()
    assert source.items[0].text == "Text\n"
    assert [(problem.code, problem.line, problem.hides) for problem in source.problems] == [
        ("front_matter_invalid", 2, True)
    ]


@pytest.mark.parametrize(
    ("pattern", "excluded"),
    [
        ("{root}/packages/old/CLAUDE.md", {"packages/old/CLAUDE.md"}),
        ("**/old/**", {"packages/old/CLAUDE.md", "packages/old/.claude/rules/a.md"}),
        ("**/packages/*/CLAUDE.md", {"packages/old/CLAUDE.md", "packages/new/CLAUDE.md"}),
        ("**/{old,new}/CLAUDE.md", {"packages/old/CLAUDE.md", "packages/new/CLAUDE.md"}),
        ("**/[no]ew/CLAUDE.md", {"packages/new/CLAUDE.md"}),
        ("**/[z-a]/CLAUDE.md", set()),
        ("packages/old/CLAUDE.md", set()),
    ],
)
def test_settings_exclude_rules(world: Any, pattern: str, excluded: set[str]) -> None:
    """`claudeMdExcludes` has patterns for absolute paths."""
    names = {"CLAUDE.md", "packages/old/CLAUDE.md", "packages/old/.claude/rules/a.md", "packages/new/CLAUDE.md"}
    world.in_project(dict.fromkeys(names, "Text"))
    world.in_project({".claude/settings.json": {"claudeMdExcludes": [pattern.replace("{root}", str(world.project))]}})
    assert names - set(world.items(Rule)) == excluded
