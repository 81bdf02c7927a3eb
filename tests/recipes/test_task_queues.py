"""docs/how-to/task-queues.md: tasks that are repeated, at once and after failures, send one message for each order."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recipe_pages import blocks, run_page

from skymms import MMSError
from skymms.errors import InDoubtError
from skymms.sandbox import Sandbox

PAGE = "how-to/task-queues.md"
TO = "15551234888"


@pytest.fixture
def page(gateway: Sandbox) -> Iterator[Any]:
    """The names of the page, with a gateway that has nothing to do with what the page itself sends."""
    names = run_page(PAGE)
    assert len(gateway.sent) == 2, "one message for each of the two tasks, which ran twice"
    gateway.reset()
    yield names
    names.client.close()


def run_celery(page: Any, order: str, number: str = TO) -> Any:
    return page.confirm_order.apply(args=(order, number), throw=False, retries=10)


def run_procrastinate(page: Any, order: str, number: str = TO) -> Any:
    page.queue.connector.reset()

    async def job() -> Any:
        identifier = await page.confirm_booking.defer_async(booking=order, number=number)
        await page.work(wait=False)
        return page.queue.connector.jobs[identifier]

    return asyncio.run(job())


@pytest.mark.parametrize("times", [2, 5])
def test_a_celery_task_that_is_delivered_again_sends_once(page: Any, gateway: Sandbox, times: int) -> None:
    results = [run_celery(page, "1").get() for _ in range(times)]
    assert len(set(results)) == 1
    assert results[0].startswith("MMS_")
    assert len(gateway.sent) == 1


def test_celery_tasks_that_are_delivered_at_once_send_once(page: Any, gateway: Sandbox) -> None:
    threads = [threading.Thread(target=run_celery, args=(page, "1")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gateway.sent) == 1


@pytest.mark.parametrize(("how", "seconds", "wait"), [("E106", None, 60), ("429", 7, 7), ("E113", None, 60)])
def test_a_celery_task_is_repeated_after_the_wait_that_the_gateway_wants(
    page: Any, gateway: Sandbox, how: str, seconds: int | None, wait: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    retry = page.confirm_order.retry

    def note(**options: Any) -> Any:
        waits.append(options["countdown"])
        return retry(**options)

    monkeypatch.setattr(page.confirm_order, "retry", note)
    gateway.fail(how, seconds=seconds)
    # Without a broker the next run follows at once.
    page.confirm_order.apply(args=("1", TO))
    assert waits == [wait]
    assert gateway.counts["requests"] == 2
    assert len(gateway.sent) == 1


@pytest.mark.parametrize("run", [run_celery, run_procrastinate])
@pytest.mark.parametrize("how", ["drop", "html", "500"])
def test_a_lost_answer_leaves_one_message_and_a_task_that_ends(
    run: Callable[..., Any], how: str, page: Any, gateway: Sandbox
) -> None:
    gateway.fail(how)
    run(page, "1")
    second = run(page, "1")
    assert len(gateway.sent) == 1
    assert getattr(second, "state", None) == "SUCCESS" or second["status"] == "succeeded"
    with pytest.raises(InDoubtError):
        page.ledger.reply_to_key("order-1" if run is run_celery else "booking-1")


@pytest.mark.parametrize("run", [run_celery, run_procrastinate])
def test_a_wrong_number_fails_and_is_not_repeated(run: Callable[..., Any], page: Any, gateway: Sandbox) -> None:
    result = run(page, "1", "12x")
    if run is run_celery:
        assert isinstance(result.result, MMSError)
    else:
        assert (result["status"], result["attempts"]) == ("failed", 1)
    assert gateway.counts["requests"] == 0


def test_a_procrastinate_task_is_repeated_if_nothing_was_sent(page: Any, gateway: Sandbox) -> None:
    gateway.fail("E106")
    job = run_procrastinate(page, "1")
    assert (job["status"], job["attempts"]) == ("todo", 1)
    assert job["scheduled_at"] is not None
    assert not gateway.sent


def test_a_task_of_a_worker_that_was_killed_is_in_doubt_and_not_sent_again(gateway: Sandbox, tmp_path: Path) -> None:
    script = "\n".join(blocks(PAGE)[:2]) + f"\nconfirm_order.apply(args=('1', '{TO}'))\n"
    (tmp_path / "shop.py").write_text(script, encoding="utf-8")
    gateway.fail("stall")
    with subprocess.Popen([sys.executable, "shop.py"], cwd=tmp_path, env={**os.environ}) as worker:
        until = time.monotonic() + 30
        while not gateway.sent:
            assert time.monotonic() < until
            time.sleep(0.01)
        worker.send_signal(signal.SIGKILL)
    ran = subprocess.run(
        [sys.executable, "-c", script + "\nprint(confirm_order.apply(args=('1', '" + TO + "')).get())"],
        cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == "None"
    assert len(gateway.sent) == 1
