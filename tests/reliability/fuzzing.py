"""Lines that nobody would send, made from those that somebody would: the same ones for the same seed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from harnesssync_orchestrator.protocol.framing import Framer, Malformed
from harnesssync_orchestrator.protocol.messages import ErrorResponse, Request, Response, encode

REQUESTS: tuple[dict[str, Any], ...] = (
    {"jsonrpc": "2.0", "id": 1, "method": "ping"},
    {"jsonrpc": "2.0", "id": "a", "method": "status", "params": {"project": "/nowhere"}},
    {"jsonrpc": "2.0", "id": 2, "method": "server.info"},
    {"jsonrpc": "2.0", "id": 3, "method": "list", "params": {}},
    {
        "jsonrpc": "2.0",
        "id": 4,
        "method": "sync",
        "params": {"projects": ["/nowhere"], "targets": ["codex"], "wait": True, "lock_timeout": 0.5, "dry_run": False},
    },
    {"jsonrpc": "2.0", "id": 5, "method": "diff", "params": {"projects": ["0123456789abcdef"]}},
    {
        "jsonrpc": "2.0",
        "id": 6,
        "method": "add",
        "params": {"path": "/nowhere", "targets": ["codex"], "trusted": False},
    },
    {"jsonrpc": "2.0", "id": 7, "method": "remove", "params": {"path": "/nowhere"}},
    {"jsonrpc": "2.0", "method": "ping"},
    {"jsonrpc": "2.0", "id": 8, "result": None},
    {"jsonrpc": "2.0", "id": 9, "error": {"code": -1, "message": "no"}},
)
STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**64,
    10**400,
    1e308,
    -0.0,
    "",
    "\0",
    "\ud800",
    "\x1b]0;owned\x07",
    "\u202e",
    "../..",
    "a" * 300,
    "/" + "a/" * 3000,
    [],
    {},
    [[[[]]]],
    {"": {"": {}}},
    ["codex"] * 50,
    "__class__",
)
PIECES = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"\\u",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\r",
    b" ",
    b"1e999",
    b"NaN",
)
LONGEST = 20_000
NEXT = b'{"jsonrpc":"2.0","id":"next","method":"ping"}\n'


def line(chance: random.Random) -> bytes:
    """One line, with its end and none within."""
    request = copy.deepcopy(chance.choice(REQUESTS))
    for _ in range(chance.randrange(4)):
        _change(request, chance)
    text = json.dumps(request, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(chance.choice((0, 0, 1, 2, 8))):
        text = chance.choice(BYTES)(text, chance)
    return text.replace(b"\n", b" ") + b"\n"


def _change(request: dict[str, Any], chance: random.Random) -> None:
    """Change one member, of the request or of its parameters."""
    params = request.get("params")
    place = params if isinstance(params, dict) and chance.random() < 0.6 else request
    name = chance.choice([*place, "params", "more"])
    if chance.random() < 0.2:
        place.pop(name, None)
    elif name != "method" or chance.random() < 0.3:
        place[name] = copy.deepcopy(chance.choice(STRANGE))


def _replace(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(PIECES) + text[at + chance.randrange(3) :]


def _cut(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] if chance.random() < 0.5 else text[at:]


def _repeat(text: bytes, chance: random.Random) -> bytes:
    at, end = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    return (text[:at] + text[at:end] * chance.choice((2, 3, 100)) + text[end:])[:LONGEST]


def _flip(text: bytes, chance: random.Random) -> bytes:
    if not text:
        return text
    at = chance.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << chance.randrange(8))]) + text[at + 1 :]


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_replace, _cut, _repeat, _flip)


def check_parser(rounds: int, seed: int) -> list[str]:
    """Feed the parser; what was wrong, each with the seed that repeats it."""
    wrong = []
    for number in range(rounds):
        chance = random.Random(seed * 1_000_003 + number)  # noqa: S311 - the same again
        lines = [line(chance) for _ in range(chance.randrange(1, 4))]
        try:
            problem = _problem(b"".join(lines), len(lines), chance)
        except Exception as error:  # noqa: BLE001 - anything that is raised is the finding
            problem = repr(error)
        if problem:
            wrong.append(f"seed {seed}, round {number}: {problem}: {b''.join(lines)[:200]!r}")
    return wrong


def _problem(data: bytes, lines: int, chance: random.Random) -> str:
    limits = {"max_line": chance.choice((64, 1000, 1 << 18)), "frugal": chance.random() < 0.8}
    whole = Framer(**limits).feed(data + NEXT)
    if len(whole) > lines + 1:
        return f"{lines} lines became {len(whole)} messages"
    framer, pieces = Framer(**limits), []
    rest = data + NEXT
    while rest:
        size = chance.choice((1, 7, 100, 10_000))
        pieces += framer.feed(rest[:size])
        rest = rest[size:]
    if list(map(repr, pieces)) != list(map(repr, whole)):
        return "in pieces it says something else"
    if whole[-1] != Request("ping", id="next"):
        return "the next request was not heard"
    if framer.in_line or framer.pending:
        return "something is held"
    for message in whole:
        answer = message.response if isinstance(message, Malformed) else message
        if isinstance(answer, (Request, Response, ErrorResponse)):
            again = Framer(max_line=1 << 30).feed(encode(answer))
            if again != [answer] and "nan" not in repr(answer):
                return f"{answer!r} comes back as {again!r}"
    return ""
