"""Compares AsyncClient with aiohttp: CPU time per call, and calls per second with 200 in flight."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from skymms import Account, SendMMS
from skymms.aio import AsyncClient

#: A server that responds after a delay in seconds. It runs in a process of its own, so that its CPU time is not measured.
SERVER = """
import asyncio, sys
delay, answer = float(sys.argv[1]), sys.argv[2].encode()
head = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/xml\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(answer)
async def serve(reader, writer):
    try:
        while True:
            top = await reader.readuntil(b"\\r\\n\\r\\n")
            length = next(int(l[15:]) for l in top.lower().split(b"\\r\\n") if l.startswith(b"content-length:"))
            await reader.readexactly(length)
            if delay: await asyncio.sleep(delay)
            writer.write(head + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
#: The microseconds or calls per second of both, and their ratio.
Figures = tuple[float, float, float]

HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


class Slow:
    """Runs the server as a context manager."""

    def __init__(self, delay: float, answer: bytes) -> None:
        command = [sys.executable, "-c", SERVER, str(delay), answer.decode()]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/API/wxml/1.3/index.php"

    def __enter__(self) -> Slow:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.wait()


async def cpu(call: Callable[[], Awaitable[Any]], number: int) -> float:
    started = time.process_time()
    for _ in range(number):
        await call()
    return (time.process_time() - started) / number * 1e6


async def rate(call: Callable[[], Awaitable[Any]], in_flight: int, number: int) -> float:
    async def some() -> None:
        for _ in range(number // in_flight):
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(in_flight)))
    return number / (time.perf_counter() - started)


async def paired(send: SendMMS, answer: bytes, key: str) -> tuple[Figures, Figures]:
    """(ours, theirs, ratio) of the CPU a call one after the other, and of calls a second with 200 in flight."""
    figures: list[Figures] = []
    for delay, measure in ((0.0, lambda call: cpu(call, 200)), (0.05, lambda call: rate(call, 200, 4000))):
        with Slow(delay, answer) as server:
            account = Account(key, url=server.url)
            body = account.encode(send).body
            async with (
                AsyncClient(account) as client,
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
            ):

                async def bare(session: aiohttp.ClientSession = session, url: str = server.url, body: bytes = body) -> bytes:
                    async with session.post(url, data=body, headers=HEADERS) as response:
                        return await response.read()

                async def ours(client: AsyncClient = client) -> Any:
                    return await client.call(send)

                await ours()
                await bare()
                rounds = [(await measure(ours), await measure(bare)) for _ in range(9)]
        first, second = zip(*rounds, strict=True)
        ratio = statistics.median(a / b for a, b in rounds)
        figures.append((statistics.median(first), statistics.median(second), ratio))
    return figures[0], figures[1]


def flight(send: SendMMS, answer: bytes, key: str) -> tuple[Figures, Figures]:
    """Return both figures."""
    return asyncio.run(paired(send, answer, key))
