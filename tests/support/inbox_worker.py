"""A program that forks workers of an inbox and kills them: ``inbox_worker.py '{"where": …}'``.

Forks of a program that has imported everything begin sooner than programs. Its argument is a JSON object:

- ``where`` the store is
- ``log``: a file to which each call of a handler appends a line, ``handler tracking_id status``
- ``handlers``: their names; ``coroutine`` is asynchronous, and ``unsteady`` raises an error in every third call
- ``kills``: how many workers are killed at random instants, before the last one works until nothing is left to do
- ``replies``: how many inbound messages are answered, each by a worker that is killed near the sending
- ``url`` of the gateway that replies are sent to

It prints how many workers were killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

# Loaded by the first call of a client: here, before the forks.
import lxml.etree  # noqa: F401
import requests  # noqa: F401

from skymms import Account, Client, DeliveryReport, InboundSMS, Notice, SendSMS
from skymms.broadcast import Ledger
from skymms.broadcast.hooks import set_hook
from skymms.inbox import Handling, Message, storing, taking, working
from skymms.inbox.storing import open_inbox
from skymms.storage.contract import same

KEY = "k" * 32


def add_logging_handlers(inbox: Handling, names: list[str], log: str, began: Callable[[], object] = lambda: None) -> None:
    """Add handlers that write a line for each call, and call ``began`` at its beginning."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    calls = 0

    def write(name: str, notice: Notice) -> None:
        os.write(file, f"{name} {notice.tracking_id} {getattr(notice, 'status', None)}\n".encode())

    for name in names:
        if name == "coroutine":

            @inbox.on(DeliveryReport, name=name)
            async def later(notice: DeliveryReport) -> None:
                began()
                await asyncio.sleep(0.02)
                write("coroutine", notice)

        else:

            @inbox.on(DeliveryReport, name=name)
            def told(notice: DeliveryReport, message: Message, name: str = name) -> None:
                nonlocal calls
                began()
                calls += 1
                assert notice in message.reports
                if name == "unsteady" and calls % 3 == 0:
                    raise ValueError("unsteady")
                time.sleep(0.02)
                write(name, notice)


def kill_at_random(do: dict[str, Any]) -> int:
    """Kill workers at random instants, and return how many were at work."""
    killed = 0
    for _ in range(do["kills"]):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            with ending():
                inbox = Handling(open_inbox(do["where"]))
                add_logging_handlers(inbox, do["handlers"], do["log"], partial(os.write, writer, b"!"))
                inbox.work(block=True)
        os.close(writer)
        killed += os.read(reader, 1) == b"!"
        os.close(reader)
        time.sleep(random.uniform(0.0, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    inbox = Handling(open_inbox(do["where"]))
    add_logging_handlers(inbox, do["handlers"], do["log"])
    # The lease of the last worker has to end, and failed calls wait a little.
    inbox.work()
    while any_open(inbox):
        time.sleep(0.02)
    inbox.stop()
    return killed


def any_open(inbox: Handling) -> bool:
    """Whether a notice waits for a handler, or a handler is at work."""
    with inbox._store.reading() as transaction:
        return transaction.one(same("SELECT 1 FROM skymms_handling WHERE state IN ('ready', 'working') LIMIT 1")) is not None


#: Before the request leaves, when it is answered, and when its answer is on the disk but the call of the handler is not.
INSTANTS = ("key synced", "key answered", "after reply")


def reply_and_die(do: dict[str, Any], crash: str | None) -> None:
    """Answer the inbound messages, and die at an instant."""
    ledger = Ledger(do["where"])
    inbox = Handling(open_inbox(ledger.store))

    def hook(instant: str) -> None:
        if instant == crash:
            os.kill(os.getpid(), signal.SIGKILL)

    set_hook(hook)
    inbox.reply_with(ledger, Client(Account(KEY, url=do["url"]), timeout=(2, 5)))

    @inbox.on(InboundSMS, name="reply")
    def reply(notice: InboundSMS, message: Message) -> None:
        # Each time another text, as after a change of the program.
        message.reply(SendSMS(f"Thank you at {time.time()}"))
        hook("after reply")

    # The lease of the worker before has to end.
    while True:
        inbox.work(until_idle=True)
        if not any_open(inbox):
            break
        time.sleep(0.01)


def kill_near_replies(do: dict[str, Any]) -> int:
    """Let workers answer messages and die there. The last ones are handed over again before each, and all at the end."""
    store = open_inbox(do["where"])
    killed = 0
    for number in range(do["replies"]):
        sms = InboundSMS(
            "N211", origin="SMS_MO", sender=f"1555123{number:04}", to="60856", text="Hi", transaction_id=f"{number}"
        )
        with store.transaction() as transaction:
            storing.store(transaction, [storing.Post(b"<POSTBACK/>", None, time.time(), (sms,))])
        child = os.fork()
        if child == 0:
            with ending():
                reply_and_die(do, INSTANTS[number % 3])
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        for id in range(max(1, number - 1), number + 2):
            Handling(store).replay(id=id)
    Handling(store).replay(since=datetime.fromtimestamp(0, UTC))
    child = os.fork()
    if child == 0:
        with ending():
            reply_and_die(do, None)
    os.waitpid(child, 0)
    return killed


@contextmanager
def ending() -> Iterator[None]:
    """End this process without what the program would do at its end."""
    try:
        yield
    except BaseException:
        traceback.print_exc()
        os._exit(3)
    os._exit(0)


def main(argument: str) -> None:
    """Run the program."""
    do = json.loads(argument)
    # Workers that were killed are taken for dead soon, and what failed is called again at once.
    taking.LEASE, taking.FIRST_DELAY, taking.FACTOR, taking.ATTEMPTS = 0.3, 0.001, 1.0, 40
    working.RENEW_EVERY, working.POLL = 0.05, 0.02
    if "replies" in do:  # only one worker at a time
        taking.LEASE, working.RENEW_EVERY = 0.02, 0.0
    print(kill_near_replies(do) if "replies" in do else kill_at_random(do), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
