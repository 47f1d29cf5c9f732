"""The block in a worktree's `.gitignore`: which lines of the file are ours."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.files.gitignore_block import Gitignore


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_persons_first_pattern_is_none_of_ours(end: bytes, mark: bytes) -> None:
    """It stands right below the block."""
    theirs = Gitignore(mark + b"/.cursor" + end + b"/build" + end)
    both = Gitignore(theirs.saying([b"/AGENTS.md", b"/.codex/"]))
    lines = (both.content or b"").removeprefix(mark).splitlines()
    ours = [lines[number - 1] for number in both.numbers]
    assert lines[-2:] == [b"/.cursor", b"/build"]
    assert ours == lines[:-2]
    assert ours[0].startswith(b"# >>> harnesssync")
    assert ours[-1] == b"# <<< harnesssync"
    assert list(theirs.numbers) == []
