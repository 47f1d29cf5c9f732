"""The check that links in documents lead somewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import check_links

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, git: Callable[..., str]) -> Write:
    """Write a file into an empty repository."""
    git("init", "--quiet", cwd=tmp_path)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def broken(root: Path) -> list[str]:
    return [line for file in check_links.markdown_files(root) for line in check_links.broken_links(file, root)]


def test_a_link_to_nothing_is_told_with_its_file_and_line(write: Write, tmp_path: Path) -> None:
    """The message leads straight to the place that is to be mended."""
    write("docs/a.md", "# A\n\nSee [b](b.md).\n")
    assert broken(tmp_path) == ["docs/a.md:3: b.md: no such file"]


@pytest.mark.parametrize(
    "target",
    ["b.md", "b.md#the-second-part", "b.md#the-second-part-1", "b.md#by-hand", "#a", "img%20one.png", "sub/"],
)
def test_a_link_to_a_file_a_heading_or_an_anchor_is_fine(write: Write, tmp_path: Path, target: str) -> None:
    """Headings are spelled as GitHub spells them, and a second one of the same text counts up."""
    write("a.md", f"# A\n\n[x]({target})\n")
    write("b.md", '## The `second` part\n\n## The second part\n\n<a id="by-hand"></a>\n')
    write("img one.png", "")
    write("sub/c.md", "# C\n")
    assert broken(tmp_path) == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("b.md#nowhere", "no such heading"),
        ("#nowhere", "no such heading"),
        ("/b.md", "begins with a slash"),
        ("../outside.md", "leads out of the repository"),
    ],
)
def test_a_link_that_works_for_nobody_else_is_told(write: Write, tmp_path: Path, target: str, reason: str) -> None:
    """Missing headings, absolute links, and links out of the repository."""
    write("a.md", f"# A\n\n![x]({target})\n")
    write("b.md", "# B\n")
    [message] = broken(tmp_path)
    assert reason in message


@pytest.mark.parametrize(
    "text",
    ["`[x](nowhere.md)`", "```\n[x](nowhere.md)\n```", "[x](https://example.org/nowhere.md)", "---\na: [b](c)\n---\n"],
)
def test_code_front_matter_and_other_sites_are_left_alone(write: Write, tmp_path: Path, text: str) -> None:
    """What is no relative link is nothing to check."""
    write("a.md", text)
    assert broken(tmp_path) == []


def test_the_exit_code_says_whether_a_link_is_broken(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 and a sentence when all is well; 1 and the places when not."""
    write("a.md", "# A\n")
    assert check_links.main(tmp_path) == 0
    write("b.md", "[x](nowhere.md)\n")
    assert check_links.main(tmp_path) == 1
    assert "b.md:1: nowhere.md: no such file" in capsys.readouterr().out
