"""One connected socket: what is said on it, for how long that is waited for, and what does not fit into it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from harnesssync_orchestrator.server.wire import CHUNK, SEND_BUFFER, Wire

pytestmark = pytest.mark.anyio

HOUR_S = 3600.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection, neither of which blocks."""
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        there.setblocking(False)
        yield here, there


def later() -> float:
    """A time that no test lives to see."""
    return anyio.current_time() + 3600


async def test_what_is_said_is_heard_in_order_and_a_chunk_at_most_at_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Also what was said while nobody listened; nothing is heard when the peer has gone."""
    here, there = pair
    wire = Wire(here)
    there.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    said = bytes(range(256)) * 256
    there.sendall(said)
    there.close()
    heard = [await wire.receive(later())]
    while heard[-1]:
        heard.append(await wire.receive(later()))
        await anyio.wait_writable(here)  # the loop turns while nobody listens
    wire.close()
    assert b"".join(heard) == said
    assert max(map(len, heard)) <= CHUNK


async def test_while_nobody_listens_nothing_is_done_for_what_is_said(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """The loop would turn without a rest otherwise, for as long as a request takes."""
    here, there = pair
    wire = Wire(here)
    there.send(b"first")
    assert await wire.receive(later()) == b"first"
    there.send(b"second")
    for _ in range(3):
        await anyio.lowlevel.checkpoint()
    assert not asyncio.get_running_loop().remove_reader(here)
    assert await wire.receive(later()) == b"second"
    wire.close()


async def test_a_deadline_holds_for_its_own_wait(pair: tuple[socket.socket, socket.socket], clock: Any) -> None:
    """One that is put off is not met early, and one that comes before an earlier wait's is not missed."""
    here, there = pair
    wire = Wire(here)
    for hours in (1, 9, 2):
        there.send(b"x")
        assert await wire.receive(anyio.current_time() + hours * HOUR_S) == b"x"
    until = anyio.current_time() + 5 * HOUR_S
    ended = anyio.Event()

    async def listen() -> None:
        with pytest.raises(TimeoutError):
            await wire.receive(until)
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        for _ in range(4):  # also when the timers of the waits before are due
            await anyio.wait_writable(here)
            assert not ended.is_set()
            clock.turn(HOUR_S)
        await anyio.wait_writable(here)
        assert not ended.is_set()
        clock.turn(HOUR_S)
        with anyio.fail_after(10):
            await ended.wait()
    there.send(b"too late")
    with pytest.raises(TimeoutError):
        await wire.receive(until)
    wire.close()


async def test_what_does_not_fit_into_the_socket_is_sent_as_the_peer_takes_it(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """From the byte on which was not sent yet."""
    here, there = pair
    wire = Wire(here)
    pieces = (b"head", bytes(range(256)) * 8192, b"tail")
    whole = b"".join(pieces)
    taken = bytearray()

    async def take() -> None:
        while len(taken) < len(whole):
            await anyio.wait_readable(there)
            taken.extend(there.recv(65536))

    sent = wire.send_now(pieces)
    assert len(pieces[0]) < sent < len(whole)
    assert wire.send_now([b"more"]) == 0
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take)
            await wire.send(pieces, sent)
    wire.close()
    assert taken == whole


@pytest.mark.parametrize("sent", range(13))
async def test_what_is_sent_begins_in_the_piece_that_it_has_come_to(
    pair: tuple[socket.socket, socket.socket], sent: int
) -> None:
    """In each of them, at its beginning, and when nothing is left."""
    here, there = pair
    wire = Wire(here)
    await wire.send((b"head", b"body", b"tail"), sent)
    wire.close()
    here.shutdown(socket.SHUT_WR)
    assert there.recv(100) == b"headbodytail"[sent:]


async def test_a_peer_that_has_gone_can_not_be_told_anything(pair: tuple[socket.socket, socket.socket]) -> None:
    """Neither at once nor after a wait."""
    here, there = pair
    wire = Wire(here)
    there.close()
    with pytest.raises(anyio.BrokenResourceError):
        wire.send_now([b"x"])
    with pytest.raises(anyio.BrokenResourceError):
        await wire.send([b"x"])
    wire.close()
