"""`python answers_inside.py SOCKET PROJECTS SECONDS [brief]`: 50 clients that ask for the status of all, or for what
`ctl status --all` shows of it, at two servers in turns, once all are in step and nothing is left to do."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

CLIENTS = 50
ROUNDS = 3
REQUESTS = {
    False: b'{"jsonrpc":"2.0","id":1,"method":"status"}\n',
    True: b'{"jsonrpc":"2.0","id":1,"method":"status","params":{"brief":true}}\n',
}


class Client(asyncio.Protocol):
    """Asks again as soon as it has its answer, a line. `answers` counts those of all clients."""

    def __init__(self, request: bytes, counted: list[int]) -> None:
        self._request = request
        self._counted = counted
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\n"):
            self._counted[0] += 1
            if self._transport is not None:
                self._transport.write(self._request)


class Constant(asyncio.Protocol):
    """Answers whatever it is asked with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._transport is not None and data.endswith(b"\n"):
            self._transport.write(self._answer)


async def answers_of(path: str, request: bytes, seconds: float) -> float:
    """Answers a second."""
    counted = [0]
    loop = asyncio.get_running_loop()
    made = [await loop.create_unix_connection(lambda: Client(request, counted), path) for _ in range(CLIENTS)]
    await asyncio.sleep(0.2)
    before, began = counted[0], time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (counted[0] - before) / (time.perf_counter() - began)
    for transport, _ in made:
        transport.close()
    return rate


async def one_answer(path: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 24)
    writer.write(request)
    answer = await reader.readline()
    writer.close()
    return answer


def answer_at_rest(path: str, request: bytes, projects: int) -> bytes:
    """Until then answers change, grow, and wait for the syncs, while those of the other server do not."""
    while True:
        answer = asyncio.run(one_answer(path, request))
        told = json.loads(answer)["result"]
        in_step = [each for each in told["projects"] if each["state"] == "in step"]
        if len(in_step) == projects and not any(told["supervisor"]["queue"].values()):
            return answer
        time.sleep(0.1)


async def serve_constant(path: str, answer: bytes) -> None:
    server = await asyncio.get_running_loop().create_unix_server(lambda: Constant(answer), path)
    async with server:
        await server.serve_forever()


def main(path: str, projects: int, seconds: float, *, brief: bool) -> None:
    request = REQUESTS[brief]
    answer = answer_at_rest(path, request, projects)
    with tempfile.TemporaryDirectory() as folder:
        other = f"{folder}/constant.sock"
        child = os.fork()
        if child == 0:
            asyncio.run(serve_constant(other, answer))
            os._exit(0)
        try:
            while not Path(other).exists():
                time.sleep(0.01)
            ours, reference = [], []
            for _ in range(ROUNDS):
                ours.append(asyncio.run(answers_of(path, request, seconds)))
                reference.append(asyncio.run(answers_of(other, request, seconds)))
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    print(
        json.dumps({"bytes": len(answer), "ours": statistics.median(ours), "reference": statistics.median(reference)})
    )


main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), brief=sys.argv[4:] == ["brief"])
