"""What the tests of both clients share: a key, a message, time-outs, retries, and a call that is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from misbehaving_server import Faulty

from skymms import Retries, SendMMS, Slideshow

#: The API key in these tests. It must not appear in any output.
CANARY = "canary-5fa1c0de-key"
SEND = SendMMS(Slideshow("coupon", subject="Free").slide("Hi!"), to="15551234888", sender="60856")
#: Time-outs that are short enough to wait for, and long enough not to be reached by chance.
SOON = (0.4, 0.4)
QUICK = Retries(count=3, first=0.001, longest=0.002)


async def cancel_after_request(client: Any, server: Faulty, operation: Any = SEND) -> Any:
    """Call, cancel the call as soon as the server has received its request, and return its ``CancelledError``."""
    task = asyncio.ensure_future(client.call(operation))
    while not server.requests:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    return raised.value
