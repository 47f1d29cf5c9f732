"""Messages to lines and back, and what is said to lines that are no messages."""

from __future__ import annotations

import json

import pytest

from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.messages import (
    ErrorResponse,
    MessageError,
    Request,
    Response,
    decode,
    encode,
    pieces_of_result,
)

MESSAGES = [
    Request("ping", id=1),
    Request("status", {"project": "/srv/日本語"}, id="a"),
    Request("status", {"project": "/srv/not-utf8-\udcff"}, id=2),
    Request("watch", id=None),
    Request("exit", notification=True),
    Response({"pong": True}, id=1),
    Response(None, id="a"),
    ErrorResponse(codes.METHOD_NOT_FOUND, "no such method", id=7, data={"hint": "did you mean ping?"}),
    ErrorResponse(codes.PARSE_ERROR, "not JSON"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=repr)
def test_a_message_survives_the_journey(message: Request | Response | ErrorResponse) -> None:
    """Decoding what was encoded gives an equal message, on one line of ASCII."""
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode(line) == message


def test_messages_are_json_rpc_to_other_programs() -> None:
    """A general JSON parser sees the members that JSON-RPC 2.0 names."""
    assert json.loads(encode(Request("status", {"project": "x"}, id=3))) == {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "status",
        "params": {"project": "x"},
    }
    assert "id" not in json.loads(encode(Request("exit", notification=True)))
    assert json.loads(encode(ErrorResponse(-32601, "no", id=3))) == {
        "jsonrpc": "2.0",
        "id": 3,
        "error": {"code": -32601, "message": "no"},
    }


def test_a_result_that_is_encoded_already_is_spliced_in() -> None:
    """An answer made once can be sent under any id."""
    assert decode(b"".join(pieces_of_result("a\n", b'{"projects":[]}'))) == Response({"projects": []}, id="a\n")
    assert b"".join(pieces_of_result(None, b"1")) == encode(Response(1, id=None))


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (b"x", codes.PARSE_ERROR, "not JSON"),
        (b'{"id"', codes.PARSE_ERROR, "not JSON"),
        (b"\xff\xfe", codes.PARSE_ERROR, "not UTF-8 at byte 0"),
        (b'{"jsonrpc":"2.0","method":"ping","id":NaN}', codes.PARSE_ERROR, "NaN is not JSON"),
        (b'{"jsonrpc":"2.0","method":"ping","id":1} {}', codes.PARSE_ERROR, "something follows"),
        (b'{"id":' + b"9" * 100_000 + b"}", codes.PARSE_ERROR, "digits"),
        (b"[" * 200_000, codes.PARSE_ERROR, "nested too deeply"),
        (b"\0" * 1000, codes.PARSE_ERROR, "not JSON"),
        (b"[]", codes.INVALID_REQUEST, "batches"),
        (b"null", codes.INVALID_REQUEST, "object"),
        (b"1", codes.INVALID_REQUEST, "object"),
        (b'""', codes.INVALID_REQUEST, "object"),
        (b'{"jsonrpc":"2.0"}', codes.INVALID_REQUEST, "a method, a result or an error"),
        (b'{"method":"ping","id":1}', codes.INVALID_REQUEST, '"jsonrpc":"2.0"'),
        (b'{"jsonrpc":"2.0","method":1,"id":1}', codes.INVALID_REQUEST, "method is a string"),
        (b'{"jsonrpc":"2.0","method":"ping","id":1.5}', codes.INVALID_REQUEST, "id is"),
        (b'{"jsonrpc":"2.0","method":"ping","id":true}', codes.INVALID_REQUEST, "id is"),
        (b'{"jsonrpc":"2.0","method":"ping","id":{}}', codes.INVALID_REQUEST, "id is"),
        (b'{"jsonrpc":"2.0","method":"ping","params":[1],"id":1}', codes.INVALID_PARAMS, "by name"),
        (b'{"jsonrpc":"2.0","error":"x","id":1}', codes.INVALID_REQUEST, "a method, a result or an error"),
        (b'{"jsonrpc":"2.0","error":{"code":"x","message":""},"id":1}', codes.INVALID_REQUEST, "code"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else "",
)
def test_protocol_fuzz_a_broken_line_is_answered_with_its_reason(line: bytes, code: int, message: str) -> None:
    """Whatever arrives, the answer is an error with a number and a reason, never another exception."""
    with pytest.raises(MessageError) as caught:
        decode(line)
    assert caught.value.response.code == code
    assert message in caught.value.response.message


def test_an_error_keeps_the_id_of_its_request() -> None:
    """Where the id could be read, the sender learns which of its requests was wrong."""
    with pytest.raises(MessageError) as caught:
        decode(b'{"jsonrpc":"2.0","method":"ping","params":3,"id":"seven"}')
    assert caught.value.response.id == "seven"


def test_a_line_may_end_as_on_windows() -> None:
    """A carriage return before the end of line is white space."""
    assert decode(b'{"jsonrpc":"2.0","method":"ping","id":1}\r') == Request("ping", id=1)
