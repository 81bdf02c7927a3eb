"""A program that forks, for tests/transport/test_forks.py: ``forking.py CASE URL ROUNDS``.

It runs in a process of its own, because pytest has threads. It exits with 0 if each process got its own answers.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import aiohttp
import requests
import requests.adapters

from skymms import Account, Client, ConfigurationError, SendMMS, Slideshow
from skymms.aio import AsyncClient

# Python 3.12 and later warn of a fork beside threads, which is what programs do.
warnings.filterwarnings("ignore", category=DeprecationWarning)

SHOW = Slideshow("coupon", subject="Free").slide("Hi!")
CHILDREN = 2
CALLS = 3


def message(process: int, number: int) -> SendMMS:
    return SendMMS(SHOW, to=f"1555{process:03}{number:04}", sender="60856")


def check(answer: Any, sent: SendMMS) -> None:
    if answer.mms_id != sent.to:
        sys.exit(f"{sent.to} got the answer to {answer.mms_id}")


def fork(child: Callable[[], None], *, at_once: bool) -> int:
    """Run ``child`` in a forked process, which ends ``at_once`` or as a program does, with exit handlers and finalizers."""
    if (process := os.fork()) == 0:
        child()
        if at_once:
            os._exit(0)
        sys.exit(0)
    return process


def wait_for(processes: list[int]) -> None:
    for process in processes:
        _, status = os.waitpid(process, 0)
        if status:
            sys.exit(f"a child failed: {status}")


def rounds_of(client: Client, rounds: int) -> None:
    def calls(process: int, offset: int) -> None:
        for number in range(CALLS):
            sent = message(process, offset + number)
            check(client.call(sent), sent)

    for at in range(rounds):
        calls(0, at * 10)
        children = [fork(lambda child=child, at=at: calls(child, at * 10), at_once=at > 0) for child in range(1, CHILDREN + 1)]
        calls(0, at * 10 + 5)
        wait_for(children)


def sync(url: str, rounds: int, **options: Any) -> None:
    with Client(Account("key-of-a-test", url=url, **options), retries=0, timeout=(10, 10)) as client:
        rounds_of(client, rounds)


def sync_session(url: str, rounds: int, adapter: requests.adapters.HTTPAdapter | None = None) -> None:
    with requests.Session() as session:
        if adapter is not None:
            session.mount("http://", adapter)
        with Client(Account("key-of-a-test", url=url), session=session, retries=0, timeout=(10, 10)) as client:
            rounds_of(client, rounds)


class SpecialAdapter(requests.adapters.HTTPAdapter):
    """An adapter of the caller's, in whose place the client mounts none."""


def sync_threads(url: str, rounds: int) -> None:
    """Threads call all the time, so locks may be held when the process forks."""
    stop = threading.Event()
    with Client(Account("key-of-a-test", url=url, rate=100_000), retries=0, timeout=(10, 10)) as client:

        def busy(process: int) -> None:
            number = 0
            while not stop.is_set():
                sent = message(process, number % 10_000)
                check(client.call(sent), sent)
                number += 1

        threads = [threading.Thread(target=busy, args=(900 + at,)) for at in range(4)]
        for thread in threads:
            thread.start()
        try:
            rounds_of(client, rounds)
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def run_async(url: str, rounds: int, *, own: bool = True) -> None:
    """A loop that is used before and after the fork; the children use a loop of their own, or refuse."""
    loop = asyncio.new_event_loop()
    account = Account("key-of-a-test", url=url)

    async def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    callers = None if own else loop.run_until_complete(session())
    client = AsyncClient(account, retries=0, timeout=(10, 10), session=callers)

    async def calls(process: int, offset: int) -> None:
        for number in range(CALLS):
            sent = message(process, offset + number)
            check(await client.call(sent), sent)

    def child(process: int, offset: int) -> None:
        for running in (loop.run_until_complete, *(() if own else (asyncio.run,))):
            try:
                running(calls(process, offset))
            except ConfigurationError as error:
                if getattr(error, "sent_maybe", None):
                    sys.exit("sent_maybe")
                if "before a fork" not in str(error):
                    sys.exit(str(error))
            else:
                sys.exit("the session of another process was used")
        if own:

            async def with_a_loop_of_its_own() -> None:
                await calls(process, offset)
                await client.close()

            asyncio.run(with_a_loop_of_its_own())

    for at in range(rounds):
        loop.run_until_complete(calls(0, at * 10))
        at_once = at > 2 or not own
        processes = range(1, CHILDREN + 1)
        children = [fork(lambda process=process, at=at: child(process, at * 10), at_once=at_once) for process in processes]
        # The children end first: they must not disturb what this loop waits on.
        wait_for(children)
        loop.run_until_complete(calls(0, at * 10 + 5))
    loop.run_until_complete(client.close())
    if callers is not None:
        loop.run_until_complete(callers.close())
    loop.close()


def async_coroutine(url: str, rounds: int) -> None:
    """A coroutine that forks, and goes on in both processes."""

    async def job() -> None:
        client = AsyncClient(Account("key-of-a-test", url=url), retries=0, timeout=(10, 10))
        sent = message(0, 1)
        check(await client.call(sent), sent)
        if (process := os.fork()) == 0:
            try:
                await client.call(message(1, 1))
            except ConfigurationError as error:
                os._exit(0 if "before a fork" in str(error) else 1)
            finally:
                os._exit(2)
        wait_for([process])
        check(await client.call(sent), sent)
        await client.close()

    for _ in range(rounds):
        asyncio.run(job())


def unused(url: str, rounds: int) -> None:
    """Clients that are made before the fork, and used after it only: an application that its server loads before it forks."""
    client = Client(Account("key-of-a-test", url=url), retries=0)
    asynchronous = AsyncClient(Account("key-of-a-test", url=url), retries=0)

    def child(process: int) -> None:
        sent = message(process, 1)
        check(client.call(sent), sent)

        async def job() -> None:
            check(await asynchronous.call(sent), sent)
            await asynchronous.close()

        asyncio.run(job())
        client.close()

    for _ in range(rounds):
        wait_for([fork(lambda process=process: child(process), at_once=True) for process in range(4)])


CASES: dict[str, Callable[[str, int], None]] = {
    "own session": sync,
    "session of the caller": sync_session,
    "special adapter": lambda url, rounds: sync_session(url, rounds, SpecialAdapter(pool_maxsize=1)),
    "limited pool": lambda url, rounds: sync_session(
        url, rounds, requests.adapters.HTTPAdapter(pool_maxsize=1, pool_block=True)
    ),
    "threads": sync_threads,
    "async": run_async,
    "async session of the caller": lambda url, rounds: run_async(url, rounds, own=False),
    "coroutine": async_coroutine,
    "unused": unused,
}

if __name__ == "__main__":
    CASES[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
