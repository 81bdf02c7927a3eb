"""Carries the calls of a run with a Client, in threads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from .blocks import Intent
from .hooks import instant
from .outcomes import from_error, from_reply, unsent
from .running import Desk, Result


def carry(
    desk: Desk, build: Callable[[Intent], Any], call: Callable[[Any], Any], watch: Callable[[Desk], None] | None, threads: int
) -> Result:
    """Carry a run to its end.

    The first Ctrl-C gives back what was not requested and waits for the calls in flight. The second ends at once: the outcomes
    of those calls are then unknown.
    """
    intents: queue.SimpleQueue[tuple[Intent, float] | None] = queue.SimpleQueue()
    answered = threading.Event()

    def work() -> None:
        while (taken := intents.get()) is not None:
            _request(desk, build, call, *taken)
            answered.set()

    workers = [threading.Thread(target=work, name=f"skymms-send-{number}", daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    stopped = False
    try:
        while not desk.over:
            try:
                answered.clear()
                block = desk.exchange()
                for intent in block.intents if block is not None else ():
                    intents.put((intent, block.taken_at))  # type: ignore[union-attr]  # there are intents
                if watch is not None:
                    watch(desk)
                answered.wait(max(desk.pause_seconds(), 0.001))
            except KeyboardInterrupt:
                if stopped:
                    desk.finish(abandoned=True)
                    raise
                stopped = True
                desk.stop()
        result = desk.finish()
    finally:
        for _ in workers:
            intents.put(None)
    for worker in workers:
        worker.join()
    if stopped:
        raise KeyboardInterrupt
    return result


def _request(desk: Desk, build: Callable[[Intent], Any], call: Callable[[Any], Any], intent: Intent, taken_at: float) -> None:
    while (wait := taken_at + intent.turn - time.monotonic()) > 0 and not desk.stopping:
        time.sleep(min(wait, 0.1))
    if not desk.may_request(intent, taken_at):
        desk.answer(unsent(intent.id, intent.attempt))
        return
    instant("before the request")
    try:
        reply = call(build(intent))
    except BaseException as error:
        desk.answer(from_error(intent.id, intent.attempt, error))
        return
    instant("after the answer")
    desk.answer(from_reply(intent.id, intent.attempt, reply))
