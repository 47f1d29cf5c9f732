"""Addresses and hashes of outputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnesssync_orchestrator.core.desired import Address, ElementOutput, link_hash, short_hash, value_hash

# Text as `os.fsdecode` gives it: any character, and single bytes that are not UTF-8 as lone surrogates.
NAMES = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.integers(0xDC80, 0xDCFF).map(chr)), min_size=1, max_size=8
)


@given(
    NAMES, st.lists(NAMES, max_size=3), st.one_of(st.just(""), st.just("0123456789abcdef"), NAMES.map("name={}".format))
)
def test_an_address_is_the_same_after_it_was_text(path: str, pointer: list[str], element: str) -> None:
    """Ledgers name outputs by text, so the text must give back the very address."""
    address = Address(path, tuple(pointer), element if pointer else "")
    assert Address.parse(str(address)) == address
    str(address).encode()


def test_addresses_read_well() -> None:
    """The forms that documentation and messages show."""
    assert str(Address("AGENTS.md")) == "AGENTS.md"
    assert str(Address(".codex/config.toml", ("mcp_servers", "files"))) == ".codex/config.toml#/mcp_servers/files"
    assert str(Address(".codex/hooks.json", ("hooks", "Stop"), "0a1b")) == ".codex/hooks.json#/hooks/Stop#0a1b"
    assert str(Address(".roomodes", ("customModes",), "slug=review")) == ".roomodes#/customModes#slug=review"


@pytest.mark.parametrize("text", ["a#b", "a#/b#c#d"])
def test_text_that_is_no_address_is_refused(text: str) -> None:
    """A damaged ledger must not turn into a wrong path."""
    with pytest.raises(ValueError, match="not an address"):
        Address.parse(text)


def test_hash_vectors() -> None:
    """Known SHA-256 values, cut to 16 digits."""
    assert short_hash(b"hello world") == "b94d27b9934d3e08"
    assert short_hash(b"") == "e3b0c44298fc1c14"


def test_the_order_of_keys_is_part_of_a_value() -> None:
    """OpenCode reads its permissions in order, so an exchanged pair is a change."""
    assert value_hash({"a": 1, "b": 2}) != value_hash({"b": 2, "a": 1})
    assert value_hash({"a": [1, "ü"]}) == value_hash({"a": [1, "ü"]})


def test_a_link_is_told_from_a_file_of_the_same_text() -> None:
    """Else a link that was replaced by a file with its text would look untouched."""
    assert link_hash("../x") != short_hash(b"../x")


def test_an_element_is_put_first_in_json_alone() -> None:
    """The other formats append, and would leave a denial behind what it denies."""
    with pytest.raises(ValueError, match="toml"):
        ElementOutput(path="c.toml", items=(), format="toml", pointer=("a",), value=1, first=True)
