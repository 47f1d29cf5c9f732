"""Which `@path` of a text is an import."""

from __future__ import annotations

import time

import pytest

from harnesssync_orchestrator.files.discovery.mentions import find_mentions


@pytest.mark.parametrize(
    "text",
    [
        "@a.md",
        "See @a.md for more",
        "- a list @a.md",
        "> quoted @a.md",
        "## Heading @a.md",
        "| a table | @a.md |",
        "- item\n\n    @a.md",
        "an unclosed ` tick @a.md",
        "\\`@a.md\\`",
        "<!-- a comment --> @a.md",
        "<details>\n\n@a.md\n\n</details>",
        "text\n    @a.md",
        "```\ncode\n```\n@a.md",
        "~~~~\n~~~\n~~~~\n@a.md",
        "1. one\n\n   ```\n   code\n   ```\n\n2. @a.md",
        "`code` @a.md `code`",
    ],
)
def test_a_mention_in_prose_is_found(text: str) -> None:
    """In any block that is read as text."""
    (mention,) = find_mentions(text)
    assert mention.path.rstrip("`\\") == "a.md"


@pytest.mark.parametrize(
    "text",
    [
        "me@a.md",
        "`@a.md`",
        "``a ` @a.md``",
        "`code\n@a.md` over two lines",
        "```\n@a.md\n```",
        "```python\n@a.md",
        "~~~\n@a.md\n~~~",
        "~~~~\n~~~\n@a.md\n~~~~",
        "- item\n\n  ```\n  @a.md\n  ```",
        "Para.\n\n    @a.md",
        "- item\n\n      @a.md",
        "<!-- @a.md -->",
        "<!--\n@a.md\n\n@b.md\n-->",
        "text <!-- @a.md --> text",
        "text <!-- over\n@a.md\n--> lines",
        "<div>@a.md</div>",
        "<details>\n@a.md\n</details>",
        "@@a.md",
        "@ a.md",
        "@",
        "@#123",
        "(@a.md)",
        '"@a.md"',
        "https://x.y/@a.md",
        "",
    ],
)
def test_what_is_no_mention_is_left_alone(text: str) -> None:
    """Code, HTML, comments, mail addresses, and what Claude Code does not take for a path."""
    assert find_mentions(text) == ()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("@./docs/a.md", "./docs/a.md"),
        ("@~/notes.md", "~/notes.md"),
        ("@/etc/a.md", "/etc/a.md"),
        ("@../a.md", "../a.md"),
        (r"@docs/with\ space.md x", "docs/with space.md"),
        ("@docs/a.md#section", "docs/a.md"),
        ("@docs/a.md, and", "docs/a.md,"),
        ("@.hidden", ".hidden"),
    ],
)
def test_the_path_is_taken_as_written(text: str, path: str) -> None:
    """Punctuation belongs to it, a fragment does not."""
    assert [mention.path for mention in find_mentions(text)] == [path]


def test_positions_cover_the_whole_mention() -> None:
    """So that it can be replaced."""
    text = "See @a.md and\n@b.md#part\n"
    assert [text[m.start : m.end] for m in find_mentions(text)] == ["@a.md", "@b.md#part"]
    assert [m.alone for m in find_mentions(text)] == [False, True]


def test_long_hostile_text_takes_linear_time() -> None:
    """Backticks, brackets or comments without end cost what other text does; the limit is that of a slow machine."""
    started = time.process_time()
    for piece in ("`", "` ", "@a ", "<!-- ", "- ", "\\`", "[", "*@", "``` "):
        find_mentions("@x " + piece * (100_000 // len(piece)))
        find_mentions("@x\n" + (piece + "\n") * (20_000 // len(piece)))
    assert time.process_time() - started < 5
