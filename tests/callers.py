"""The asynchronous client, called as the blocking one is, so that one set of tests runs over both."""

from __future__ import annotations

import asyncio
from typing import Any

from skymms.aio import AsyncClient


class Blocking:
    """An `AsyncClient` in an event loop of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._client = AsyncClient(*args, **options)

    def call(self, operation: Any) -> Any:
        return self._runner.run(self._client.call(operation))

    def fetch(self, url: str, **options: Any) -> bytes:
        return self._runner.run(self._client.fetch(url, **options))

    def __enter__(self) -> Blocking:
        return self

    def __exit__(self, *raised: object) -> None:
        self._runner.run(self._client.close())
        self._runner.close()
