"""Front matter as people write it, with what Claude Code makes of it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from tests.growth import grows_with_length

from harnesssync_orchestrator.files.discovery.frontmatter import FrontMatter, split_front_matter


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("name: pdf\ndescription: Reads PDFs", {"name": "pdf", "description": "Reads PDFs"}),
        ("description: Use when: a PDF is open", {"description": "Use when: a PDF is open"}),
        ("globs: *.ts", {"globs": "*.ts"}),
        ("name: @scope/tool", {"name": "@scope/tool"}),
        ('description: Says "no": always', {"description": 'Says "no": always'}),
        ("description: >-\n  one\n  two", {"description": "one two"}),
        ("description: |\n  one\n  two", {"description": "one\ntwo\n"}),
        ("tools:\n  - Read\n  - Grep", {"tools": ["Read", "Grep"]}),
        ("tools: [Read, 'Bash(git log:*)']", {"tools": ["Read", "Bash(git log:*)"]}),
        ("name: '日本語 😀'", {"name": "日本語 😀"}),
        ("description: it's fine", {"description": "it's fine"}),
        ("name: x\nmetadata:\n\tkey: value", {"name": "x", "metadata": {"key": "value"}}),
        ("a: first\na: second", {"a": "second"}),
        ("# only a comment", {}),
        ("", {}),
    ],
)
def test_values_are_read_as_claude_code_reads_them(block: str, expected: dict[str, Any]) -> None:
    """Also those that strict YAML refuses: unquoted colons, wildcards, at signs, tabs."""
    found = split_front_matter(f"---\n{block}\n---\nBody\n" if block else "---\n---\nBody\n")
    assert (found.metadata, found.body, found.flaw) == (expected, "Body\n", None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("1.10", 1.1),
        ("0o17", 15),
        ("010", 10),
        ("0x1F", 31),
        ("-3", -3),
        ("2026-01-02", "2026-01-02"),
        ("12:30", "12:30"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("1_000", "1_000"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_scalars_follow_yaml_1_2(written: str, expected: object) -> None:
    """`no` is a word, a date is text, and there are no sexagesimal numbers."""
    assert split_front_matter(f"---\nvalue: {written}\n---\n").metadata == {"value": expected}


def test_keys_are_text() -> None:
    """As in JSON, also those that look like numbers."""
    assert split_front_matter("---\n1: a\ntrue: b\nin: {2: c}\n---\n").metadata == {
        "1": "a",
        "true": "b",
        "in": {"2": "c"},
    }


def test_windows_line_ends_are_read() -> None:
    """The body keeps them."""
    found = split_front_matter("---\r\nname: x\r\nlist:\r\n  - a\r\n  - b\r\n---\r\nOne\r\nTwo\r\n")
    assert found.metadata == {"name": "x", "list": ["a", "b"]}
    assert found.body == "One\r\nTwo\r\n"


def test_windows_line_ends_are_no_part_of_a_value_without_quotes() -> None:
    """Also where the block is read a second time, with quotes around what is no YAML."""
    found = split_front_matter("---\r\ndescription: Use when: a PDF is open\r\nname: x\r\n---\r\nBody\r\n")
    assert found.metadata == {"description": "Use when: a PDF is open", "name": "x"}


@pytest.mark.parametrize(
    "text", ["Just text\n", "\n---\nname: x\n---\n", "--- \nno end\n", "", "---", "----\nx\n----\n"]
)
def test_a_file_without_a_block_is_all_body(text: str) -> None:
    """An empty line before the block makes it text, as for Claude Code."""
    found = split_front_matter(text)
    assert (found.present, found.metadata, found.body) == (False, {}, text)


def test_a_broken_block_is_a_flaw_and_the_body_still_counts() -> None:
    """The flaw names the line in the file, and what to do."""
    found = split_front_matter('---\nname: x\ndescription: "quoted" and more\n---\nBody\n')
    assert (found.metadata, found.body) == ({}, "Body\n")
    assert found.flaw is not None
    assert (found.flaw.code, found.flaw.line) == ("front_matter_invalid", 3)
    assert found.flaw.hint


@pytest.mark.parametrize("name", ["[", "[a", "[a, b", "{", "{a: b"])
def test_a_name_that_begins_a_list_is_not_finished(name: str) -> None:
    """Somebody is typing. Claude Code takes it for the name, and what had another name until now would go."""
    found = split_front_matter(f"---\ndescription: x\nname: {name}\n---\nBody\n")
    assert (found.metadata, found.body, found.is_broken) == ({}, "Body\n", True)
    assert found.flaw is not None
    assert (found.flaw.line, "the front matter is broken" in found.flaw.message) == (3, True)


@pytest.mark.parametrize("block", ["name: [draft] review", "name: '['", "description: [a", "paths: {a"])
def test_brackets_elsewhere_are_text_as_for_claude_code(block: str) -> None:
    """It puts quotes around them."""
    key, value = block.split(": ")
    found = split_front_matter(f"---\n{block}\n---\nBody\n")
    assert (found.metadata, found.is_broken) == ({key: value.strip("'")}, False)


def test_a_list_is_no_front_matter() -> None:
    """Only a table of keys is."""
    found = split_front_matter("---\n- a\n- b\n---\nBody\n")
    assert found.metadata == {}
    assert found.flaw is not None


def test_three_dashes_in_a_value_end_the_block_and_are_told() -> None:
    """Claude Code looks for the next `---`, wherever it stands."""
    found = split_front_matter("---\nname: x\ndescription: before --- after\n---\nBody\n")
    assert found.metadata == {"name": "x", "description": "before"}
    assert found.flaw is not None
    assert (found.flaw.code, found.flaw.line) == ("front_matter_ambiguous", 3)


@pytest.mark.parametrize(
    "block",
    [
        "a: &a [x, x, x, x, x, x, x, x]\n"
        + "\n".join(f"{n}: &{n} [{', '.join([f'*{p}'] * 8)}]" for p, n in zip("abcdefgh", "bcdefghi", strict=True)),
        "a: &a\n  b: *a",
        "value: !!python/object/apply:os.system [touch /tmp/x]",
        "value: " + "[" * 20_000,
        "value: " + "{a: " * 20_000,
        "x" * 100_000,
        "? [a]\n: b",
        "value: \x00",
    ],
)
def test_a_hostile_block_is_harmless(block: str) -> None:
    """Aliases that stand for billions, tags that call functions, nesting without end: text at best, and at once."""
    started = time.process_time()
    found = split_front_matter(f"---\n{block}\n---\nBody\n")
    assert time.process_time() - started < 2
    assert all(isinstance(value, str) for value in found.metadata.values())
    assert found.metadata or found.flaw


def test_equal_blocks_do_not_share_their_tables() -> None:
    """A reader that changes one must not change another."""
    first, second = (split_front_matter("---\nname: x\n---\n") for _ in range(2))
    assert first.metadata == second.metadata
    assert first.metadata is not second.metadata


@pytest.mark.parametrize("text", ["---\n" + "\n" * 1_000_000, "---" + " " * 1_000_000, "---\n" + "--" * 500_000])
def test_a_block_that_never_ends_is_given_up_at_once(text: str) -> None:
    """White space can be shared out between the parts of a pattern in very many ways."""
    assert grows_with_length(split_front_matter, lambda length: text[:length], len(text))


@pytest.mark.parametrize("unit", ["- ", "? ", "a:\n" + " " * 60])
def test_nesting_without_end_is_refused_and_does_not_end_the_process(unit: str) -> None:
    """The C parser composes by recursion, in a thread with a stack of its own."""
    result: list[FrontMatter] = []
    work = threading.Thread(target=lambda: result.append(split_front_matter(f"---\na:\n  {unit * 20_000}\n---\nBody")))
    work.start()
    work.join()
    assert [found.metadata for found in result] == [{}]
    assert result[0].flaw is not None
    assert result[0].body == "Body"


def test_tables_that_are_merged_again_and_again_are_refused() -> None:
    """Ten lines would stand for billions of entries."""
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    found = split_front_matter("---\n" + "\n".join(lines) + "\n---\n")
    assert found.metadata == {}
    assert found.flaw is not None


def test_a_table_that_is_merged_once_is_read() -> None:
    """The limit is far from what anybody writes."""
    found = split_front_matter("---\nbase: &b {x: 1}\nuse: {<<: *b, y: 2}\n---\n")
    assert found.metadata["use"] == {"x": 1, "y": 2}
