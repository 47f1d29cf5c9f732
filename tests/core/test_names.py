"""Names that are to become names of files."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.core.names import why_unsafe


@pytest.mark.parametrize("name", ["pdf-tools", "日本語", "a.b", "a b", "x" * 200, "émile", "con-tools"])
def test_ordinary_names_are_safe(name: str) -> None:
    """Scripts of any language, dots and spaces inside are fine."""
    assert why_unsafe(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../../x", "/etc/passwd", "a/b", "a\\b", "a:b", "a\0b", "a\nb", "a\x1b[31m", "a\u202eb"),
        *("-rf", ".git", " a", "a ", "a.", "CON", "nul.txt", "com1", "x" * 201, "é" * 101, "a\ud800", "a\u200b", "a?"),
    ],
)
def test_names_that_could_leave_or_deceive_are_refused(name: str) -> None:
    """Each with a reason that a person understands."""
    assert why_unsafe(name)
