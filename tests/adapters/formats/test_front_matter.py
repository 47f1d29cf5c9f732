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


def test_very_long_keys_are_read_back_at_any_depth() -> None:
    """YAML takes a long text for a key only where it is told that it is one."""
    key = "x" * 2000
    front = {key: {key: {key: "deep"}}, "list": [{key: ["a"]}], "short": {"a": {key: 1}}}
    assert read(markdown(front, "Body."))[0] == front


def test_keys_stand_plain_where_they_can() -> None:
    """Some readers know plain keys only; keys that would be something else stay quoted."""
    content = markdown({"permission": {"*": "deny", "on": "x", "srv_*": "deny"}}, "Body.").decode()
    assert "\npermission:\n" in content
    assert '  "on": "x"\n' in content
    assert '  "*": "deny"\n' in content


def test_the_body_follows_an_empty_line_and_ends_in_one_line_ending() -> None:
    """White space around it is not part of the text."""
    assert markdown({"a": 1}, "\n\nBody.\n\n").endswith(b"---\n\nBody.\n")


class _Dumper(yaml.SafeDumper):
    """PyYAML with every text in double quotes, and nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))

letters = st.characters(min_codepoint=0x20, max_codepoint=0x24F, blacklist_categories=["Cc", "Cf"])
words = st.text(letters | st.sampled_from("\t\n“„→漢"), max_size=20)
keys = st.text(letters, max_size=20).map("{} ".format)
nested = st.recursive(
    words | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(keys, nested, min_size=1, max_size=4))
def test_it_is_laid_out_as_pyyaml_lays_it_out(front: dict[str, Any]) -> None:
    """The writer with which every program was tried first. All keys end in a space here, so that none is plain."""
    written = yaml.dump(front, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**20)
    assert markdown(front, "Body.").decode() == f"---\n{written}---\n\nBody.\n"


@pytest.mark.parametrize("length", [999, 1030, 5000])
def test_a_long_key_is_read_back(length: int) -> None:
    """YAML takes a key of more than 1,024 characters only where it is told that it is one."""
    front = {"permission": {"x " * (length // 2): "deny", "list": {"y" * length: ["a", {"b": "c"}]}}}
    assert read(markdown(front, "Body."))[0] == front


def test_half_a_surrogate_pair_stops_nothing() -> None:
    """No file can hold it, and no sync ends because of it: it is spelled as an escape."""
    assert b'name: "a\\ud800"' in markdown({"name": "a\ud800"}, "Body.")
