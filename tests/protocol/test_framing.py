"""Bytes to messages, however they are cut into pieces."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.framing import MAX_LINE, Framer, Malformed
from harnesssync_orchestrator.protocol.messages import Request, encode

requests = st.builds(
    Request,
    st.text(min_size=1),
    st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.text()), max_size=3),
    id=st.one_of(st.integers(), st.text()),
)


@given(st.lists(requests, max_size=5), st.data())
def test_messages_arrive_whole_and_in_order_however_they_are_cut(messages: list[Request], data: st.DataObject) -> None:
    """Any cut of the stream gives the same messages."""
    stream = b"".join(encode(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    framer = Framer()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += framer.feed(stream[start:end])
    assert found == messages
    assert framer.pending == 0


@given(st.binary(max_size=2000), st.integers(1, 64))
def test_protocol_fuzz_noise_never_raises_and_never_hides_the_next_message(noise: bytes, max_line: int) -> None:
    """After any noise and an end of line, a good request is understood, and no more is held than allowed."""
    framer = Framer(max_line=max(max_line, 60))
    for position in range(0, len(noise), 7):
        framer.feed(noise[position : position + 7])
        assert framer.pending <= max(max_line, 60)
    framer.feed(b"\n")
    assert framer.feed(encode(Request("ping", id=1))) == [Request("ping", id=1)]


def test_a_line_that_is_too_long_is_reported_once_and_skipped() -> None:
    """The error comes as soon as the limit is passed; the rest of that line costs no memory."""
    framer = Framer(max_line=100)
    (first,) = framer.feed(b"x" * 101)
    assert isinstance(first, Malformed)
    assert first.response.code == codes.LINE_TOO_LONG
    assert framer.feed(b"y" * 1000) == []
    assert framer.pending == 0
    assert framer.feed(b"z\n" + encode(Request("ping", id=1))) == [Request("ping", id=1)]


def test_a_line_of_just_the_greatest_length_is_read() -> None:
    """The limit is inclusive, and does not count the end of line."""
    line = encode(Request("ping", {"x": ""}, id=1)).rstrip()
    line = line.replace(b'""', b'"' + b"x" * (MAX_LINE - len(line)) + b'"')
    assert len(line) == MAX_LINE
    assert isinstance(Framer().feed(line + b"\n")[0], Request)
    assert isinstance(Framer().feed(line.replace(b"xx", b"xxx", 1) + b"\n")[0], Malformed)


def test_blank_lines_are_ignored() -> None:
    """An end of line too many, also in the form of Windows, is no error."""
    assert Framer().feed(b"\n\r\n  \n") == []


def test_a_broken_line_leaves_its_neighbours_alone() -> None:
    """Each line is judged by itself."""
    good = encode(Request("ping", id=1))
    found = Framer().feed(good + b"junk\n" + good)
    assert [type(each) for each in found] == [Request, Malformed, Request]


@pytest.mark.parametrize("piece", [1, 4096])
def test_the_time_taken_grows_with_the_bytes_alone(piece: int) -> None:
    """A line that arrives in many pieces is not searched again from its start at each of them."""
    size = MAX_LINE // 2 if piece > 1 else 200_000
    framer = Framer()
    began = time.process_time()
    for _ in range(size // piece):
        framer.feed(b"x" * piece)
    assert time.process_time() - began < 2.0
    assert framer.pending == size // piece * piece


def test_64_kib_of_tiny_lines_are_answered_one_by_one() -> None:
    """Many broken lines in one piece give as many errors."""
    found = Framer().feed(b"{}\n" * 4096)
    assert len(found) == 4096
    assert all(isinstance(each, Malformed) for each in found)


def test_the_error_of_a_broken_line_can_be_sent() -> None:
    """What a server answers to junk is itself a message."""
    (malformed,) = Framer().feed(b"junk\n")
    assert isinstance(malformed, Malformed)
    assert json.loads(encode(malformed.response))["error"]["code"] == codes.PARSE_ERROR
