"""Rules as files of their own: their names, and the files for which they hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.adapters.conftest import rule

from harnesssync_adapters.shared.rule_files import file_stem, globs
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.files.discovery.globs import matches

PROJECT = Scope.PROJECT
FILES = [
    *("a.py", "src/a.py", "src/deep/a.py", "lib/src/a.py", "lib/src/deep/b.md", "tests/unit/a_test.py", "Makefile"),
    *(".github/workflows/ci.yml", "lib/.github/x", "docs/a.md", "docs/deep/a.md", "srcs/a.py"),
]


@pytest.mark.parametrize(
    "pattern",
    [
        *("*.py", "/*.py", "**/*.py", "src", "/src", "src/", "src/*", "src/**", "src/*.py", "src/**/*.py", "**/src"),
        *("lib/src", "lib/src/", "Makefile", ".github", "/.github/", "docs/*.md", "docs/?.md", "*", "**/*", "[ab].py"),
    ],
)
def test_globs_mean_what_a_line_of_gitignore_means(pattern: str, tmp_path: Path) -> None:
    """As which Claude Code reads `paths:`. git says what that is."""
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    (tmp_path / ".git/info/exclude").write_text(f"{pattern}\n")
    asked = ["git", "check-ignore", "--no-index", *FILES]
    found = subprocess.run(asked, cwd=tmp_path, check=False, capture_output=True, text=True).stdout.splitlines()
    given = globs(rule(PROJECT, ".claude/rules/a.md", "x\n", globs=(pattern,)))
    assert [file for file in FILES if any(matches(glob, file) for glob in given)] == found
    assert found


def test_in_a_folder_they_begin_there() -> None:
    """`paths:` of a rule are relative to the folder that has `.claude` in it."""
    there = rule(PROJECT, "api/.claude/rules/a.md", "x\n", directory="api", globs=("*.py", "src/**"))
    assert globs(there) == ("api/**/*.py", "api/src/**")
    assert globs(rule(PROJECT, "api/CLAUDE.md", "x\n", directory="api")) == ("api/**",)
    assert globs(rule(PROJECT, "CLAUDE.md", "x\n")) == ()


def test_no_two_rules_have_one_file() -> None:
    """Also where a folder and a hyphen, or letters that names do not keep, would give the same."""
    rules = [
        f".claude/rules/{name}.md" for name in ("a-b", "a/b", "A-b", "a b", "ä", "ö", "日本", "中国", "a.b", "x" * 200)
    ]
    rules += [
        "CLAUDE.md",
        "CLAUDE.local.md",
        ".claude/CLAUDE.md",
        "a/b/CLAUDE.md",
        "a-b/CLAUDE.md",
        "x" * 200 + "/CLAUDE.md",
    ]
    stems = [file_stem(rule(PROJECT, name, "x\n")) for name in rules]
    assert len({stem.lower() for stem in stems}) == len(rules)
    assert max(map(len, stems)) < 100
    assert stems[0] == "harnesssync-claude-rules-a-b"
