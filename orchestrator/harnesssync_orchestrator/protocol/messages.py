"""What is said on the control socket: requests, responses and errors of JSON-RPC 2.0, to and from one line of bytes.

Plain classes, not dataclasses: importing `dataclasses` takes longer than asking a supervisor for its status.
"""

# ruff: noqa: A001, A002 - "id" is the protocol's own word
# ruff: noqa: ANN401 - a result has no type before somebody looks at it

from __future__ import annotations

from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.jsontext import JsonTextError, dumps, loads

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    Id: TypeAlias = int | str | None
    Message: TypeAlias = "Request | Response | ErrorResponse"
else:
    Id = Message = object  # names to import; nothing evaluates annotations

PROTOCOL_VERSION = 1
"""Grows when something is taken away or changes its meaning; additions leave it alone."""


class _Message:
    """Equality and representation by fields; immutable by convention, like the values it holds."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # params and results are mutable

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"


class Request(_Message):
    """A call of `method`. A `notification` has no id and gets no answer."""

    __slots__ = ("id", "method", "notification", "params")

    def __init__(
        self, method: str, params: Mapping[str, Any] | None = None, *, id: Id = None, notification: bool = False
    ) -> None:
        self.method = method
        self.params: Mapping[str, Any] = {} if params is None else params
        self.id = id
        self.notification = notification


class Response(_Message):
    """The result of the request with the same id."""

    __slots__ = ("id", "result")

    def __init__(self, result: Any, *, id: Id) -> None:
        self.result = result
        self.id = id


class ErrorResponse(_Message):
    """Why a request has no result. `code` is one of `codes`; `data` holds `code`, `hint` and `path` in words.

    `id` is None where the request was too broken to have one.
    """

    __slots__ = ("code", "data", "id", "message")

    def __init__(self, code: int, message: str, *, id: Id = None, data: Mapping[str, Any] | None = None) -> None:
        self.code = code
        self.message = message
        self.id = id
        self.data: Mapping[str, Any] = {} if data is None else data


class MessageError(ValueError):
    """A line that is no message. `response` is what a server answers to it."""

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(response.message)
        self.response = response


def encode(message: Message) -> bytes:
    """One line, with its end. Raises TypeError or ValueError when a value has no JSON form."""
    body: dict[str, Any] = {"jsonrpc": "2.0"}
    if isinstance(message, Request):
        if not message.notification:
            body["id"] = message.id
        body["method"] = message.method
        if message.params:
            body["params"] = message.params
    elif isinstance(message, Response):
        body["id"] = message.id
        body["result"] = message.result
    else:
        body["id"] = message.id
        error: dict[str, Any] = {"code": message.code, "message": message.message}
        if message.data:
            error["data"] = message.data
        body["error"] = error
    return dumps(body).encode("ascii") + b"\n"


def pieces_of_result(id: Id, result: bytes) -> tuple[bytes, bytes, bytes]:
    """The line of a response whose result is JSON already, in pieces: encoded once, it is sent to many, and to copy a
    long one takes longer than to send it."""
    return b'{"jsonrpc":"2.0","id":' + dumps(id).encode("ascii") + b',"result":', result, b"}\n"


def decode(line: bytes) -> Message:
    """The message on one line. Raises `MessageError`, which carries the answer to give."""
    try:
        body = loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MessageError(ErrorResponse(codes.PARSE_ERROR, f"not UTF-8 at byte {error.start}")) from None
    except JsonTextError as error:
        raise MessageError(ErrorResponse(codes.PARSE_ERROR, f"not JSON: {error}")) from None
    if isinstance(body, list):
        raise _invalid("batches are not supported: send one request a line")
    if not isinstance(body, dict):
        raise _invalid("a request is an object")
    if "method" in body:
        return _request(body)
    return _response(body)


def _request(body: dict[str, Any]) -> Request:
    id = _id(body)
    method = body["method"]
    if not isinstance(method, str):
        raise _invalid("method is a string", id)
    if body.get("jsonrpc") != "2.0":
        raise _invalid('"jsonrpc":"2.0" is missing', id)
    params = body.get("params")
    if params is not None and not isinstance(params, dict):
        response = ErrorResponse(codes.INVALID_PARAMS, "params are given by name, in an object", id=id)
        raise MessageError(response)
    return Request(method, params, id=id, notification="id" not in body)


def _response(body: dict[str, Any]) -> Response | ErrorResponse:
    id = _id(body)
    if body.get("jsonrpc") != "2.0":
        raise _invalid('"jsonrpc":"2.0" is missing', id)
    if "result" in body:
        return Response(body["result"], id=id)
    error = body.get("error")
    if not isinstance(error, dict):
        raise _invalid("a message has a method, a result or an error", id)
    code, message, data = error.get("code"), error.get("message"), error.get("data")
    if type(code) is not int or not isinstance(message, str):
        raise _invalid("an error has a code and a message", id)
    return ErrorResponse(code, message, id=id, data=data if isinstance(data, dict) else None)


def _id(body: dict[str, Any]) -> Id:
    id = body.get("id")
    if id is None or type(id) is int or isinstance(id, str):
        return id
    raise _invalid("id is a string or a whole number")


def _invalid(message: str, id: Id = None) -> MessageError:
    return MessageError(ErrorResponse(codes.INVALID_REQUEST, message, id=id))
