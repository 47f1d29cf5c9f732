"""A model server on loopback that keeps every request and answers `OK`, in the dialects that the programs speak.

Dialects: OpenAI's responses and chat completions, Anthropic's messages, and Gemini's generateContent; each with and
without streaming.
In chat completions it calls a tool first, once it was told to.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

ANSWER = "OK"


class Handler(BaseHTTPRequestHandler):
    """What both stand-in servers need: reading a JSON body, sending JSON and events, printing nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Nothing: what arrived is kept, not printed."""

    def body(self) -> Any:
        """The body of the request; None if there is none, or it is no JSON."""
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            content = b"".join(self._chunks())
        else:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        try:
            return json.loads(content)
        except ValueError:
            return None

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def send(
        self, content: bytes, *, status: int = 200, kind: str = "application/json", headers: Mapping[str, str] = {}
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def send_json(self, value: object, *, status: int = 200, headers: Mapping[str, str] = {}) -> None:
        self.send(json.dumps(value).encode(), status=status, headers=headers)

    def send_events(self, events: Iterable[tuple[str | None, object]]) -> None:
        """Server-sent events, each with a name or without, and then the end."""
        lines = []
        for name, value in events:
            lines.append(f"event: {name}\n" if name else "")
            lines.append(f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n")
        self.send("".join(lines).encode(), kind="text/event-stream")


class LoopbackServer(ThreadingHTTPServer):
    """Serves on a loopback port until the `with` block ends. Port 0 takes any that is free."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: type[Handler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a program that ends hangs up in the middle of what it is sent."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        super().__exit__(kind, error, trace)


class Model(LoopbackServer):
    """The server. `requests` are the bodies of all that asked for an answer, in their order. `wish` is the tool that
    it calls the next time that it is offered, with arguments."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.wish: tuple[str, Mapping[str, Any]] | None = None
        super().__init__(_ModelHandler)


class _ModelHandler(Handler):
    server: Model

    def do_GET(self) -> None:
        if "models" in self.path:
            model = {"id": "stub", "object": "model", "created": 1, "owned_by": "stub"}
            self.send_json({"object": "list", "data": [model], "models": [{"name": "models/stub"}]})
        else:
            self.send_json({"error": {"message": "not here"}}, status=404)

    def do_POST(self) -> None:
        request = self.body()
        if "countTokens" in self.path:
            self.send_json({"totalTokens": 10})
            return
        if "count_tokens" in self.path:
            self.send_json({"input_tokens": 10})
            return
        dialects = {
            "/responses": self._responses,
            "/completions": self._chat,
            "/messages": self._messages,
            "enerateContent": self._gemini,
        }
        answer = next((answer for sign, answer in dialects.items() if sign in self.path), None)
        if answer is None or not isinstance(request, dict):
            self.send_json({"error": {"message": "not here"}}, status=404)
            return
        self.server.requests.append(request)
        answer(request)

    def _responses(self, request: dict[str, Any]) -> None:
        part = {"type": "output_text", "text": ANSWER, "annotations": []}
        message = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
        usage = {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        }
        response = {
            "id": "r",
            "object": "response",
            "created_at": 1,
            "model": request.get("model", "stub"),
            "status": "completed",
            "output": [message],
            "usage": usage,
            "tools": [],
        }
        if not request.get("stream"):
            self.send_json(response)
            return
        place = {"item_id": "m", "output_index": 0, "content_index": 0}
        begun = {**response, "status": "in_progress", "output": [], "usage": None}
        empty = {**message, "status": "in_progress", "content": []}
        events: tuple[tuple[str, dict[str, Any]], ...] = (
            ("response.created", {"response": begun}),
            ("response.output_item.added", {"output_index": 0, "item": empty}),
            ("response.content_part.added", {**place, "part": {**part, "text": ""}}),
            ("response.output_text.delta", {**place, "delta": ANSWER}),
            ("response.output_text.done", {**place, "text": ANSWER}),
            ("response.output_item.done", {"output_index": 0, "item": message}),
            ("response.completed", {"response": response}),
        )
        self.send_events(
            (kind, {"type": kind, "sequence_number": number, **members})
            for number, (kind, members) in enumerate(events)
        )

    def _chat(self, request: dict[str, Any]) -> None:
        base = {"id": "c", "created": 1, "model": request.get("model", "stub")}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        said: dict[str, Any] = {"role": "assistant", "content": ANSWER}
        reason = "stop"
        if self.server.wish is not None and self.server.wish[0] in dict(tools_of(request)):
            name, arguments = self.server.wish
            self.server.wish = None
            call = {"name": name, "arguments": json.dumps(arguments)}
            said["tool_calls"] = [{"index": 0, "id": "call1", "type": "function", "function": call}]
            reason = "tool_calls"
        if not request.get("stream"):
            choice = {"index": 0, "message": said, "finish_reason": reason}
            self.send_json({**base, "object": "chat.completion", "choices": [choice], "usage": usage})
            return
        chunk = {**base, "object": "chat.completion.chunk"}
        words = {"index": 0, "delta": said, "finish_reason": None}
        end = {"index": 0, "delta": {}, "finish_reason": reason}
        chunks: tuple[object, ...] = (
            {**chunk, "choices": [words]},
            {**chunk, "choices": [end]},
            {**chunk, "choices": [], "usage": usage},
            "[DONE]",
        )
        self.send_events((None, one) for one in chunks)

    def _messages(self, request: dict[str, Any]) -> None:
        said = {"type": "text", "text": ANSWER}
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": request.get("model", "stub"),
            "content": [said],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": usage,
        }
        if not request.get("stream"):
            self.send_json(message)
            return
        begun = {**message, "content": [], "stop_reason": None}
        events: tuple[tuple[str, dict[str, Any]], ...] = (
            ("message_start", {"message": begun}),
            ("content_block_start", {"index": 0, "content_block": {**said, "text": ""}}),
            ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": ANSWER}}),
            ("content_block_stop", {"index": 0}),
            ("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage}),
            ("message_stop", {}),
        )
        self.send_events((kind, {"type": kind, **members}) for kind, members in events)

    def _gemini(self, request: dict[str, Any]) -> None:
        said = {"role": "model", "parts": [{"text": ANSWER}]}
        response = {
            "candidates": [{"content": said, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
            "modelVersion": "stub",
        }
        if "stream" in self.path:
            self.send_events([(None, response)])
        else:
            self.send_json(response)


def text_of(request: object) -> str:
    """Every text of a request, names of members too, a line each."""
    return "\n".join(_texts(request))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def tools_of(request: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tools that a request offers: names (`namespace/name` inside a namespace) and what is said of them."""
    for tool in request.get("tools") or ():
        inner = tool.get("functionDeclarations") or tool.get("tools")
        name = tool.get("name")
        if inner:
            for one in inner:
                yield (f"{name}/{one['name']}" if name else one["name"]), one
        elif name:
            yield name, tool
        elif "function" in tool:
            yield tool["function"]["name"], tool["function"]
