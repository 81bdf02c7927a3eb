"""The asynchronous client without ``await``, so that one set of tests runs with both clients."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from skymms.aio import AsyncClient


class Blocking:
    """An ``AsyncClient`` in an event loop of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._client = AsyncClient(*args, **options)
        self._runner = asyncio.Runner()
        self._ended = False

    def call(self, operation: Any, **options: Any) -> Any:
        return self._run(self._client.call(operation, **options))

    def fetch(self, url: str, **options: Any) -> bytes:
        return self._run(self._client.fetch(url, **options))

    def _run(self, call: Coroutine[Any, Any, Any]) -> Any:
        # After its ``with`` block, the client has no event loop of its own.
        return asyncio.run(call) if self._ended else self._runner.run(call)

    def __enter__(self) -> Blocking:
        if self._ended:
            self._runner, self._ended = asyncio.Runner(), False
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(self, *raised: object) -> None:
        self._runner.run(self._client.close())
        self._runner.close()
        self._ended = True
