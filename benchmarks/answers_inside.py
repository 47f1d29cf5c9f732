"""`python answers_inside.py SOCKET SECONDS`: 50 clients that ask for the status of all, at two servers in turns."""

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
REQUEST = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n'


class Client(asyncio.Protocol):
    """Asks again as soon as it has its answer, a line. `answers` counts those of all clients."""

    def __init__(self, counted: list[int]) -> None:
        self._counted = counted
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\n"):
            self._counted[0] += 1
            if self._transport is not None:
                self._transport.write(REQUEST)


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


async def answers_of(path: str, seconds: float) -> float:
    """Answers a second."""
    counted = [0]
    loop = asyncio.get_running_loop()
    transports = [(await loop.create_unix_connection(lambda: Client(counted), path))[0] for _ in range(CLIENTS)]
    await asyncio.sleep(0.2)
    before, began = counted[0], time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (counted[0] - before) / (time.perf_counter() - began)
    for transport in transports:
        transport.close()
    return rate


async def one_answer(path: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 24)
    writer.write(REQUEST)
    answer = await reader.readline()
    writer.close()
    return answer


async def serve_constant(path: str, answer: bytes) -> None:
    server = await asyncio.get_running_loop().create_unix_server(lambda: Constant(answer), path)
    async with server:
        await server.serve_forever()


def main(path: str, seconds: float) -> None:
    answer = asyncio.run(one_answer(path))
    if len(json.loads(answer)["result"]["projects"]) < CLIENTS // 5:
        raise RuntimeError(f"not what was to be measured: {answer[:200]!r}")
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
                ours.append(asyncio.run(answers_of(path, seconds)))
                reference.append(asyncio.run(answers_of(other, seconds)))
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    print(
        json.dumps({"bytes": len(answer), "ours": statistics.median(ours), "reference": statistics.median(reference)})
    )


main(sys.argv[1], float(sys.argv[2]))
