"""Where an edit of an output belongs in the source: found exactly once, or nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnesssync_orchestrator.core.adoption import NotAdoptableError, take_in, take_in_keys
from harnesssync_orchestrator.core.targets import RemoveKey, SetKey

SOURCE = "---\nname: r\n---\n\nOne.\nTwo.\n\nThree.\nTwo and a half.\n"
RENDERED = 'name = "r"\ntext = """\nOne.\nTwo.\n\nThree.\nTwo and a half.\n"""\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One.\n", "1.\n"),
        ("One.\nTwo.\n", "One and two.\n"),
        ("Three.\n", ""),
        ("Two.\n", "Two.\nMore.\n"),
        ("One.\n", "Zero.\nOne.\n"),
        ("Two and a half.\n", "Two and a half.\nThe end.\n"),
    ],
)
def test_changed_lines_change_in_the_source(old: str, new: str) -> None:
    """Replaced, removed or inserted, between what the format of the output puts around them."""
    changed = take_in(RENDERED, RENDERED.replace(old, new), {"r.md": SOURCE})
    assert changed == {"r.md": SOURCE.replace(old, new)}


@pytest.mark.parametrize(("old", "new"), [("Last.\n", "Last.\n\nMore.\n"), ("Last.\n", "The last.\nMore.\n")])
def test_what_is_added_after_a_rule_for_some_files_is_not_taken_for_a_part_of_it(old: str, new: str) -> None:
    """It may be meant for all files. Where a rule holds for all anyway, there is no doubt."""
    rendered = "All.\n\n# Only for `x`\n\nFirst.\nLast.\n"
    sources = {"all.md": "All.\n", "x.md": "---\npaths: x\n---\nFirst.\nLast.\n"}
    edited = rendered.replace(old, new)
    with pytest.raises(NotAdoptableError, match="meant for more than just the files"):
        take_in(rendered, edited, sources, conditional={"x.md"})
    assert take_in(rendered, edited, sources) == {"x.md": sources["x.md"].replace(old, new)}


def test_a_rule_for_some_files_can_be_edited() -> None:
    """Where its own text goes on after what is new."""
    rendered = "All.\n\n# Only for `x`\n\nFirst.\nLast.\n"
    sources = {"all.md": "All.\n", "x.md": "---\npaths: x\n---\nFirst.\nLast.\n"}
    edited = rendered.replace("First.\nLast.", "The first.\nSecond.\nLast.").replace("All.", "All.\nFor all.")
    assert take_in(rendered, edited, sources, conditional={"x.md"}) == {
        "all.md": "All.\nFor all.\n",
        "x.md": "---\npaths: x\n---\nThe first.\nSecond.\nLast.\n",
    }


def test_changes_at_several_places_go_in_together() -> None:
    """From the last to the first, so that none moves another."""
    edited = RENDERED.replace("One.", "A.\nB.").replace("Three.", "C.")
    assert take_in(RENDERED, edited, {"r.md": SOURCE}) == {
        "r.md": SOURCE.replace("One.", "A.\nB.").replace("Three.", "C.")
    }


def test_a_line_that_occurs_twice_is_told_apart_by_its_neighbours() -> None:
    """Three lines above and below, at most."""
    text = "a\nsame\nb\nc\nsame\nd\n"
    assert take_in(text, "a\nsame\nb\nc\nother\nd\n", {"x": text}) == {"x": "a\nsame\nb\nc\nother\nd\n"}


def test_text_within_quotes_is_found_without_them() -> None:
    """A format may quote what another does not."""
    source = "description: Reviews code.\n"
    changed = take_in('d = "Reviews code."\n', 'd = "Reads code, twice."\n', {"r.md": source})
    assert changed == {"r.md": "description: Reads code, twice.\n"}


@pytest.mark.parametrize(
    ("before", "after", "sources"),
    [
        ("x = 1\n", "x = 2\n", {"a": "nothing of it\n"}),
        ("same\n", "other\n", {"a": "same\n", "b": "same\n"}),
        ("same\nsame\nsame\nsame\nsame\n", "same\nsame\nother\nsame\nsame\n", {"a": "same\n" * 20 + "end\n"}),
        ('n = "r"\n', 'n = "q"\n', {"a": "r r\n"}),
        ("", "all new\n", {"a": "text\n"}),
    ],
)
def test_what_is_not_found_exactly_once_is_not_taken_in(before: str, after: str, sources: dict[str, str]) -> None:
    """A guess that could be another one is none."""
    with pytest.raises(NotAdoptableError):
        take_in(before, after, sources)


LINE = st.text(alphabet='ab"', max_size=3)


@given(st.lists(LINE, max_size=8), st.lists(LINE, max_size=8))
def test_an_edit_of_a_text_that_is_its_source_gives_just_that_edit(old: list[str], new: list[str]) -> None:
    """Whatever the edit: either all of it is taken in, or nothing is."""
    before, after = "\n".join(old), "\n".join(new)
    try:
        changed = take_in(before, after, {"x": before})
    except NotAdoptableError:
        return
    assert changed.get("x", before) == after


def test_changed_keys_change_under_the_same_names() -> None:
    """What is the same stays out of it."""
    before = {"command": "npx", "args": ["a"], "env": {"A": "1"}}
    edits = take_in_keys(before, {"command": "npx", "args": ["a", "b"], "cwd": "."}, ("mcpServers", "files"))
    assert edits == (
        RemoveKey(("mcpServers", "files", "env")),
        SetKey(("mcpServers", "files", "args"), ["a", "b"]),
        SetKey(("mcpServers", "files", "cwd"), "."),
    )


def test_a_value_without_keys_is_not_taken_in() -> None:
    """There are no names to go by."""
    with pytest.raises(NotAdoptableError):
        take_in_keys("a", "b", ("mcpServers", "files"))
