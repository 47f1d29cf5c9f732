"""Stand-ins for MCP servers and hooks that keep what they were started or called with.

Each server offers one tool with a name of its own, so the request to the model tells which of the program's servers
it is. Over HTTP it speaks the streamable transport, and the older one of events at paths that end in `/sse`.
As a program (`python stub_mcp.py LOG KIND NAME ARGUMENT…`) it is a server over standard input and output, or a hook.
"""

from __future__ import annotations

import json
import os
import queue
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOOL = "arrived_at_"

_USUAL_HEADERS = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "host",
        "last-event-id",
        "mcp-method",
        "mcp-name",
        "mcp-protocol-version",
        "mcp-session-id",
        "pragma",
        "priority",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "traceparent",
        "transfer-encoding",
        "user-agent",
    ]
)


def reply(message: Mapping[str, Any], ident: str) -> dict[str, Any] | None:
    """The answer to a JSON-RPC message; None for one that asks for none."""
    if message.get("id") is None or "method" not in message:
        return None
    offered = {"name": TOOL + ident, "description": "Stands in.", "inputSchema": {"type": "object", "properties": {}}}
    results: dict[str, dict[str, Any]] = {
        "initialize": {
            "protocolVersion": (message.get("params") or {}).get("protocolVersion", "2025-06-18"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "stand-in", "version": "1"},
        },
        "tools/list": {"tools": [offered]},
        "prompts/list": {"prompts": []},
        "resources/list": {"resources": []},
        "resources/templates/list": {"resourceTemplates": []},
        "ping": {},
    }
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
    if message["method"] in results:
        return {**answer, "result": results[message["method"]]}
    return {**answer, "error": {"code": -32601, "message": "not here"}}


def read_log(log: Path) -> list[dict[str, Any]]:
    """What the programs among the stand-ins wrote down: `kind`, `argv`, `environment`, `ident`."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def server(port: int, calls: dict[str, dict[str, Any]]) -> Any:
    """Serve on a loopback port. `calls` gets, by ident, the `url` and the `headers` of whoever called."""
    # Only here: as a program, this file stands alone.
    from harnesses.stub_model import Handler, LoopbackServer

    streams: dict[str, queue.Queue[dict[str, Any]]] = {}

    class McpHandler(Handler):
        def _note(self) -> str:
            path = self.path.partition("?")[0]
            ident = f"{port}{re.sub(r'[^a-z0-9]', '', path)}"
            call = calls.setdefault(ident, {"url": f"http://127.0.0.1:{port}{self.path}", "headers": {}})
            found = {name.lower(): value for name, value in self.headers.items()}
            call["headers"].update({name: value for name, value in found.items() if name not in _USUAL_HEADERS})
            return ident

        def do_GET(self) -> None:  # noqa: N802 - the name that http.server looks for
            if "well-known" in self.path:  # where a client looks for a login
                self.send_json({}, status=404)
                return
            ident = self._note()
            if not self.path.partition("?")[0].endswith("/sse"):
                self.send_json({"error": "no events here"}, status=405)
                return
            session = f"{ident}.{len(streams)}"
            answers = streams[session] = queue.Queue()
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(f"event: endpoint\ndata: /messages?session={session}\n\n".encode())
            self.wfile.flush()
            while True:  # a daemon thread: it ends with the program, or when the client hangs up
                self.wfile.write(f"event: message\ndata: {json.dumps(answers.get())}\n\n".encode())
                self.wfile.flush()

        def do_DELETE(self) -> None:  # noqa: N802 - the name that http.server looks for
            self.send_json({})

        def do_POST(self) -> None:  # noqa: N802 - the name that http.server looks for
            body = self.body()
            messages = [one for one in (body if isinstance(body, list) else [body]) if isinstance(one, dict)]
            session = self.path.rpartition("?session=")[2]
            if session in streams:
                for message in messages:
                    if (answer := reply(message, session.partition(".")[0])) is not None:
                        streams[session].put(answer)
                self.send(b"", status=202)
                return
            ident = self._note()
            if self.path.partition("?")[0].endswith("/sse"):
                self.send_json({"error": "events only"}, status=405)
                return
            answers = [answer for message in messages if (answer := reply(message, ident)) is not None]
            if answers:
                self.send_json(answers[0] if len(answers) == 1 else answers, headers={"Mcp-Session-Id": "1"})
            else:
                self.send(b"", status=202)

    return LoopbackServer(McpHandler, port)


def main(log: str, kind: str, *argv: str) -> None:
    """Be the program `argv[0]`: write down how it was started, and answer as long as somebody asks."""
    ident = str(os.getpid())
    record = {"kind": kind, "argv": argv, "environment": dict(os.environ), "ident": ident}
    with Path(log).open("a", encoding="utf-8") as file:  # one write of a line: others append at the same time
        file.write(json.dumps(record) + "\n")
    if kind == "hook":
        sys.stdin.read()
        return
    for line in sys.stdin:
        answer = reply(json.loads(line), ident)
        if answer is not None:
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
