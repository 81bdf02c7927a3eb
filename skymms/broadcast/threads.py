"""Carries the calls of a run with a Client, in threads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from .hooks import instant
from .intents import Intent, groups
from .messages import Messages
from .outcomes import unsent
from .running import Desk, Result


def carry(
    desk: Desk, messages: Messages, call: Callable[[Any], Any], watch: Callable[[Desk], None] | None, threads: int
) -> Result:
    """Carry a run to its end.

    The first Ctrl-C gives back what was not requested and waits for the calls in flight. The second ends at once: the outcomes
    of those calls are then unknown.
    """
    waiting: queue.SimpleQueue[tuple[Sequence[Intent], float] | None] = queue.SimpleQueue()
    answered = threading.Event()

    def work() -> None:
        while (taken := waiting.get()) is not None:
            _request(desk, messages, call, *taken)
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
                if block is not None:
                    for group in groups(block.intents, messages.group):
                        waiting.put((group, block.taken_at))
                if watch is not None:
                    watch(desk)
                answered.wait(max(desk.pause_seconds(), 0.001))
            except KeyboardInterrupt:
                if stopped:
                    desk.finish(abandoned=True)
                    raise
                stopped = True
                desk.stop()
        abandoned = desk.abandoned
        result = desk.finish()
    finally:
        for _ in workers:
            waiting.put(None)
    if not abandoned:
        for worker in workers:
            worker.join()
    if stopped:
        raise KeyboardInterrupt
    return result


def _request(desk: Desk, messages: Messages, call: Callable[[Any], Any], intents: Sequence[Intent], taken_at: float) -> None:
    while (wait := taken_at + intents[0].turn - time.monotonic()) > 0 and not desk.stopping:
        time.sleep(min(wait, 0.1))
    if not desk.may_request(intents[0], taken_at):
        desk.answer([unsent(intent.id, intent.attempt) for intent in intents])
        return
    instant("before the request")
    try:
        reply = call(messages.operation(intents))
    except BaseException as error:
        desk.answer(messages.failures(intents, error))
        return
    instant("after the answer")
    desk.answer(messages.answers(intents, reply))
