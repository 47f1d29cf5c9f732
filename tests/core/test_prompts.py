"""The text of prompts, taken apart."""

from __future__ import annotations

import pytest
from tests.growth import grows_with_length

from harnesssync_orchestrator.core.prompts import (
    Argument,
    Arguments,
    File,
    Shell,
    may_run,
    mentions,
    parts,
    placeholders,
    renumbered,
)


def test_a_mention_in_code_is_none() -> None:
    """Before, between and after code it is."""
    found = [part for part in parts("@a/b `@c/d` @e/f\n```\n@g/h\n```\n@i/j") if isinstance(part, File)]
    assert [part.path for part in found] == ["a/b", "e/f", "i/j"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a$0-b $1st $0_x $$1", ["a", Argument(1, "$0"), "-b $1st $0_x $", Argument(2, "$1")]),
        ("$ARGUMENTSx", [Arguments(), "x"]),
        (r"\$0 \$ARGUMENTS[0] \\$0", ["$0 $ARGUMENTS[0] \\\\", Argument(1, "$0")]),
        ("$2 for $4", ["$2 for $4"]),
        ("K=!`a` (!`b`) !`c`\n!`d`", ["K=!`a` (!`b`) ", Shell("c"), "\n", Shell("d")]),
        ("```!\na\nb\n```\nc", [Shell("a\nb", is_block=True), "\nc"]),
        ("$1, $2", [Argument(2, "$1"), ", ", Argument(3, "$2")]),
        (r"\$5k, !`echo $4`, \$4 and $5", ["$5k, ", Shell("echo $4"), ", $4 and $5"]),
        ("$ARGUMENTS[7] and $10", [Argument(8, "$ARGUMENTS[7]"), " and $10"]),
    ],
)
def test_parts_are_found_as_claude_code_finds_them(prompt: str, expected: list[object]) -> None:
    """As seen: arguments count from nothing, as whole words, and a backslash keeps one; what may be money is that.

    What stands in the middle of a word is not run.
    """
    assert list(parts(prompt)) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("State: !`git status`", True),
        ("K=!`a`", True),
        ("!$ARGUMENTS`a`", True),
        ("!$0$ARGUMENTS[1]`a`", True),
        ("!!$ARGUMENTS!`a`", True),
        ("Fix it! See `a` and ! `b`.", False),
        ("Never `!important`, `$0` or `echo $1`.", False),
    ],
)
def test_what_a_harness_may_run_is_more_than_what_claude_code_runs(prompt: str, expected: bool) -> None:
    """Some look for the two signs alone, also once nothing is left of what stood between them."""
    assert may_run(prompt) is expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("git log $0 $1", "git log $1 $2"),
        ("git log $ARGUMENTS[0]", "git log $1"),
        (r"echo \$0 $5 $ARGUMENTS", r"echo \$0 $5 $ARGUMENTS"),
    ],
)
def test_arguments_of_a_shell_command_are_counted_anew(command: str, expected: str) -> None:
    """But for what is kept as text, and for amounts of money."""
    assert renumbered(command) == expected


@pytest.mark.parametrize("unit", ["`a` @b/c ", "!`", "```\n", "@a/", "`", "$5 ", "```!\n", "```!\na\n", "x\\$0 "])
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    """Thousands of mentions among thousands of pieces of code."""
    assert grows_with_length(parts.__wrapped__, lambda length: unit * (length // len(unit)), 1 << 19)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail a@b.example.com, pay $ARG or $5, `@a/b`.", []),
        ("Fix $ARGUMENTS, and $ARGUMENTS again, with $1.", ["$ARGUMENTS", "$1"]),
        ("Now:\n!`git status`\n!`git log`\nSee @docs/a.md.", ["!`git status`", "@docs/a.md"]),
        ("```\nawk '{print $1}'\n```", []),
        ("```\nrm $0\n```\nof $ARGUMENTS", ["$0", "$ARGUMENTS"]),
        ("Take $0.\n```!\nls\n```\n", ["$0", "```!\nls\n```"]),
        ("Now:\r\n```!\r\nls\r\npwd\r\n```\r\nThen.\r\n", ["```!\nls\npwd\n```"]),
        (
            "Run ${CLAUDE_SKILL_DIR}/a, `${CLAUDE_SKILL_DIR}/b` as ${CLAUDE_SESSION_ID}, not ${CLAUDE_OTHER}.",
            ["${CLAUDE_SKILL_DIR}", "${CLAUDE_SESSION_ID}"],
        ),
    ],
)
def test_the_first_of_each_kind_stands_for_the_others_in_a_skill(text: str, expected: list[str]) -> None:
    """An argument in code may be a shell's own, as long as no arguments are put in elsewhere."""
    assert [part.written for part in placeholders(text)] == expected


def test_an_argument_in_code_is_one_where_the_skill_takes_arguments() -> None:
    """Claude Code puts it in there, too."""
    text = "```\ngit fetch origin $0\n```\n"
    assert [part.written for part in placeholders(text, takes_arguments=True)] == ["$0"]


def test_a_block_keeps_what_is_behind_it() -> None:
    """Also with the line endings of Windows."""
    assert list(parts("```!\r\na\r\n```\r\nb")) == [Shell("a", is_block=True), "\r\nb"]


@pytest.mark.parametrize("unit", ["Words, and more words.\n", "Mail a@b.c and pay $5 for `$1`.\n", "`", "!`", "@a/"])
def test_looking_for_them_takes_time_in_proportion_to_the_text(unit: str) -> None:
    """Skills are many, and their texts long."""
    assert grows_with_length(placeholders, lambda length: unit * (length // len(unit)), 400_000)


def test_a_mention_is_known_by_where_it_stands() -> None:
    """Of a person's name Claude Code makes nothing, nor of what stands in code."""
    text = "@a/b, (@c.md) `@d.md` @alice $0 \\$0 !`e @f.md` a@g.md @./h/ @ i.md\n"
    assert [text[begin:].split(maxsplit=1)[0] for begin in mentions(text)] == ["a/b,", "c.md)", "./h/"]


def test_a_number_that_is_too_long_for_one_is_text() -> None:
    """Python reads no more than 4,300 digits as a number."""
    assert list(parts(f"$ARGUMENTS[{'9' * 5000}]")) == [Arguments(), f"[{'9' * 5000}]"]
    assert renumbered(f"echo $ARGUMENTS[{'9' * 5000}]") == f"echo $ARGUMENTS[{'9' * 5000}]"
