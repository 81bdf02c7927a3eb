"""Answers requests: judges them, writes what is to be stored, and says so only when it is on the disk.

The applications for ASGI, WSGI and Django only read requests and write answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from .intake import ANSWER_WITHIN, STORED, UNAVAILABLE, Answer, Intake, Request
from .storing import Post, Stored
from .writer import Writer

#: Longer bodies are parsed in a thread, so that the event loop can go on.
_PARSED_AT_ONCE: Final = 32 * 1024


class Receiver:
    """Answers requests to an inbox. ``answer_within`` is how many seconds a request may take, its body included.

    ``started`` and ``stopped`` are called when an application that has a beginning and an end begins and ends.
    """

    def __init__(
        self,
        intake: Intake,
        writer: Writer,
        *,
        answer_within: float = ANSWER_WITHIN,
        started: Callable[[], object] = lambda: None,
        stopped: Callable[[], object] = lambda: None,
    ) -> None:
        self.intake = intake
        self.answer_within = answer_within
        self._writer = writer
        self._started = started
        self._stopped = stopped

    def deadline(self) -> float:
        """Return when a request that arrives now has to be answered, on the clock of ``time.monotonic()``."""
        return time.monotonic() + self.answer_within

    def answer(self, request: Request, body: bytes, deadline: float) -> Answer:
        """Store a post and return the answer."""
        return self.intake.refuse_body(request, len(body)) or self.store(body, request.headers, deadline)

    def store(self, body: bytes, headers: Mapping[str, str], deadline: float) -> Answer:
        """Store a body that came with these headers, and return the answer."""
        post = self.intake.read(body, headers, time.time())
        return _answer_for(self._writer.write(post, deadline - time.monotonic()))

    async def answer_async(self, request: Request, body: bytes, deadline: float) -> Answer:
        """Store a post and return the answer, in a coroutine."""
        if refused := self.intake.refuse_body(request, len(body)):
            return refused
        post = await self._read(body, request.headers)
        return _answer_for(await self._writer.write_async(post, deadline - time.monotonic()))

    async def _read(self, body: bytes, headers: Mapping[str, str]) -> Post:
        if len(body) <= _PARSED_AT_ONCE:
            return self.intake.read(body, headers, time.time())
        return await asyncio.to_thread(self.intake.read, body, headers, time.time())

    def start(self) -> None:
        """Begin, with the application."""
        self._started()

    def stop(self) -> None:
        """Write what still waits, and end with the application."""
        self._stopped()
        self._writer.stop()


def _answer_for(stored: Stored | None) -> Answer:
    return UNAVAILABLE if stored is None else STORED
