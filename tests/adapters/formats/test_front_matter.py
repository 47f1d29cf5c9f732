"""Markdown with front matter: any YAML reader gets the values back."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harnesssync_adapters.formats.front_matter import markdown

texts = st.text(st.characters(blacklist_categories=["Cs"]))
values = st.one_of(
    texts, st.booleans(), st.integers(), st.lists(texts, max_size=3), st.dictionaries(texts, texts, max_size=3)
)


def read(content: bytes) -> tuple[dict[str, Any], str]:
    """Front matter and body, by another reader of YAML than the writer's class."""
    _, header, body = content.decode().split("---\n", 2)
    return yaml.safe_load(header), body


@given(st.dictionaries(texts, values, min_size=1, max_size=4))
def test_front_matter_is_read_back_equal(front: dict[str, Any]) -> None:
    """Texts with any characters, lists and nested maps."""
    content = markdown(front, "Body.")
    header = content.decode().removeprefix("---\n").removesuffix("---\n\nBody.\n")
    assert front == yaml.safe_load(header)


@pytest.mark.parametrize(
    "word", ["no", "1.0", "12:30", "~", "=", "0x1F", "2026-01-01", "", " x ", "- a", "a: b # c", "{x}", "é"]
)
def test_words_that_yaml_versions_read_differently_are_quoted(word: str) -> None:
    """Quoted they are text to a reader of YAML 1.1 and of 1.2 alike."""
    content = markdown({"name": word, "list": [word]}, "Body.")
    assert f'name: "{word}"'.encode() in content
    assert read(content)[0] == {"name": word, "list": [word]}


def test_keys_stand_plain_where_they_can() -> None:
    """Some readers know plain keys only; keys that would be something else stay quoted."""
    content = markdown({"permission": {"*": "deny", "on": "x", "srv_*": "deny"}}, "Body.").decode()
    assert "\npermission:\n" in content
    assert '  "on": "x"\n' in content
    assert '  "*": "deny"\n' in content


def test_the_body_follows_an_empty_line_and_ends_in_one_line_ending() -> None:
    """White space around it is not part of the text."""
    assert markdown({"a": 1}, "\n\nBody.\n\n").endswith(b"---\n\nBody.\n")
