"""Lists of patterns, and what patterns match."""

from __future__ import annotations

import time

import pytest

from harnesssync_orchestrator.files.discovery.globs import expand_braces, matches, split_list, split_tools


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ("src/*.{ts,tsx}, lib/**", ["src/*.{ts,tsx}", "lib/**"]),
        ("", []),
        (" , ,", []),
    ],
)
def test_commas_outside_of_braces_separate(text: str, expected: list[str]) -> None:
    """Spaces around them don't count."""
    assert split_list(text) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.{ts,tsx}", ["*.ts", "*.tsx"]),
        ("{a,b}/{c,d}", ["a/c", "a/d", "b/c", "b/d"]),
        ("plain", ["plain"]),
        ("{}", ["{}"]),
        ("{a", ["{a"]),
        ("{a,b}" * 12, ["{a,b}" * 12]),
    ],
)
def test_braces_are_written_out(pattern: str, expected: list[str]) -> None:
    """Unless they stand for too much."""
    assert expand_braces(pattern) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Read, Grep", ["Read", "Grep"]),
        ("Bash(git log:*) Read", ["Bash(git log:*)", "Read"]),
        ("Bash(a, b), Bash(c (d) e)", ["Bash(a, b)", "Bash(c (d) e)"]),
        ("Read) Grep", ["Read)", "Grep"]),
        ("", []),
    ],
)
def test_tools_are_separated_outside_of_parentheses(text: str, expected: list[str]) -> None:
    """By commas, spaces or both."""
    assert split_tools(text) == expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/a/*.md", "/a/x.md", True),
        ("/a/*.md", "/a/b/x.md", False),
        ("**/x.md", "/a/b/x.md", True),
        ("/a/**/x.md", "/a/x.md", True),
        ("/a/**", "/a/b/c", True),
        ("/a/?/x", "/a/b/x", True),
        ("/a/[bc]/x", "/a/c/x", True),
        ("/a/{b,c}/x", "/a/c/x", True),
        ("a/x", "/a/x", False),
    ],
)
def test_patterns_match_whole_paths(pattern: str, path: str, expected: bool) -> None:
    """Name by name."""
    assert matches(pattern, path) is expected


def test_no_pattern_takes_exponential_time() -> None:
    """Neither many `**` nor many `*` in one name."""
    started = time.process_time()
    assert not matches("/".join(["**", "a*"] * 40) + "/z", "/" + "/".join(["a" * 50] * 60))
    assert not matches("*a" * 40 + "z", "a" * 200)
    assert time.process_time() - started < 2
