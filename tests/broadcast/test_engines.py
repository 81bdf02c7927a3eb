"""Engines: broadcasts that workers of procrastinate and Celery send, which are killed, cut off, and told the same twice.

`make test` runs some of these with each engine, `make test-all` all with all; `make kill-test` kills for longer.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from broadcast_scene import scene
from broadcast_worker import KEY, MESSAGE, recipients
from counting_gateway import OK, CountingGateway
from cutting_proxy import CuttingProxy
from engine_kills import kill_workers
from engine_scene import BROKERS, ENGINES, engine_scene
from exhaustive import EXHAUSTIVE

from skymms import Account, ConfigurationError
from skymms.broadcast import Ledger, Phase
from skymms.broadcast.slices import Slice
from skymms.storage.contract import same

#: For how long workers are killed, with each engine.
KILLING = 10.0 if EXHAUSTIVE else 3.0


def sampled(*engines: str) -> list[str]:
    """These engines in `make test`, and all in `make test-all`."""
    return list(ENGINES if EXHAUSTIVE else engines)


# ------------------------------------------------------------------------------------------------ by hand


@pytest.mark.parametrize("processes", [2, 4])
def test_commands_on_several_machines_share_a_broadcast(postgres_where, processes):
    with scene(postgres_where, 300, delay=0.01, rate=250) as shared:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        environment |= {"SKYMMS_LEDGER": postgres_where, "SKYMMS_API_KEY": KEY, "SKYMMS_URL": shared.gateway.url}
        command = [sys.executable, "-m", "skymms", "broadcast", "run", "spring"]
        commands = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(processes)]
        assert [(one.communicate(timeout=60)[1].count("finished"), one.returncode) for one in commands] == [(1, 0)] * processes
        assert shared.check_done() == {"accepted": 300}


# ------------------------------------------------------------------------------------------------ under fire


@pytest.mark.parametrize("engine", sampled("procrastinate", "redis"))
def test_nobody_is_sent_to_twice_and_nobody_is_lost_when_workers_are_killed(postgres_where, engine, record_property):
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown if the test fails
    figures = kill_workers(postgres_where, engine, KILLING, seed, workers=2, count=250)
    record_property("figures", f"{engine}: {figures}")
    assert figures.killed + figures.stopped > 0
    assert figures.twice == 0


@pytest.mark.parametrize("engine", sampled("rabbitmq"))
def test_a_worker_that_stops_hands_over_and_a_broadcast_that_is_resumed_goes_on(postgres_where, engine):
    # A slice would last for ten minutes: all that follows interrupts slices.
    with engine_scene(postgres_where, engine, 200, seconds=600, rate=40) as work:
        work.add_clock()
        worker = work.add_worker()
        work.start(workers=1)
        work.scene.gateway.wait_for(5)
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
        work.workers.remove(worker)
        before = len(work.scene.gateway.times)
        work.add_worker()
        work.scene.gateway.wait_for(before + 5)
        with Ledger(work.scene.where) as ledger:
            ledger["spring"].pause()
            work.wait_for("spring is paused")
            paused = len(work.scene.gateway.times)
            ledger["spring"].resume()
        work.scene.gateway.wait_for(paused + 5)
        work.wait_until(Phase.DONE)
        assert work.scene.check_done() == {"accepted": 200}


def test_a_slice_longer_than_the_visibility_timeout_is_delivered_again_and_does_nothing(postgres_where):
    delivered_again = threading.Event()

    def behave(number: str, count: int) -> str:
        delivered_again.wait(20)
        return OK

    with engine_scene(postgres_where, "redis", 100, behave, seconds=600, transport={"visibility_timeout": 1}) as work:
        work.add_worker()
        work.start(workers=1)
        work.scene.gateway.wait_for_open(20)
        # Redis takes the slice for lost now, and gives it to a worker that connects.
        work.add_worker()
        work.wait_for("was delivered again")
        delivered_again.set()
        work.wait_until(Phase.DONE)
        assert work.scene.check_done() == {"accepted": 100}


# ------------------------------------------------------------------------------------------------ servers that are restarted


def test_a_redis_server_that_is_restarted_and_forgets_everything(postgres_where, private_redis):
    with engine_scene(postgres_where, "redis", 300, seconds=0.5, rate=60, broker=private_redis.url) as work:
        work.add_clock()
        for _ in range(2):
            work.add_worker()
        work.start(workers=3)
        work.scene.gateway.wait_for(60)
        private_redis.restart()
        work.wait_until(Phase.DONE)
        assert work.scene.check_done() == {"accepted": 300}


@pytest.mark.skipif(not EXHAUSTIVE, reason="in `make test-all`: workers need a while to connect again")
def test_connections_to_rabbitmq_that_are_cut(postgres_where):
    parts = urlsplit(BROKERS["rabbitmq"])
    with CuttingProxy(parts.hostname or "", parts.port or 5672) as proxy:
        broker = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}").geturl()
        with engine_scene(postgres_where, "rabbitmq", 400, seconds=0.5, rate=60, broker=broker) as work:
            work.add_clock()
            for _ in range(2):
                work.add_worker()
            work.start(workers=3)
            for requests in (40, 120):
                work.scene.gateway.wait_for(requests)
                proxy.cut(1.0)
            work.wait_until(Phase.DONE)
            assert work.scene.check_done() == {"accepted": 400}


@pytest.mark.skipif(not EXHAUSTIVE, reason="in `make test-all`: a server of its own takes a while")
def test_a_postgresql_server_that_is_restarted_with_the_ledger_and_the_queue(private_postgres):
    with engine_scene(private_postgres.url, "procrastinate", 300, seconds=0.5, rate=60) as work:
        for _ in range(2):
            work.add_worker()
        work.start(workers=3)
        work.scene.gateway.wait_for(60)
        private_postgres.restart()
        # Workers of procrastinate may end when their database is away; a supervisor starts them again.
        for _ in range(2):
            work.add_worker()
        work.wait_until(Phase.DONE)
        states = work.scene.check_done()
        assert states["accepted"] + states["unknown"] == 300


# ------------------------------------------------------------------------------------------------ what is in the queue


@pytest.fixture
def planned(postgres_where):
    """The URL of a ledger with a broadcast."""
    with Ledger(postgres_where) as ledger:
        ledger.create("spring", MESSAGE, recipients(3))
    return postgres_where


def test_a_job_of_procrastinate_has_no_key_and_no_url(planned):
    from procrastinate import App, testing

    from skymms.broadcast.procrastinate import Slices

    connector = testing.InMemoryConnector()
    app = App(connector=connector)
    Slices(app, ledger=planned).start("spring", workers=2)
    jobs = list(connector.jobs.values())
    assert [(job["task_name"], job["queue_name"]) for job in jobs] == [("skymms.send_slice", "skymms")] * 2
    assert [set(job["args"]) for job in jobs] == [{"broadcast", "slot", "token"}] * 2
    assert [job["args"]["broadcast"] for job in jobs] == ["spring"] * 2


def test_a_message_of_celery_has_no_key_and_no_url(planned):
    from celery import Celery

    from skymms.broadcast.celery import Slices

    app = Celery("test", broker=f"memory://{secrets.token_hex(4)}")
    Slices(app, ledger=planned, queue="mms").start("spring", workers=1)
    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("mms").get(timeout=1)
        arguments, named, _ = message.payload
        message.ack()
    assert arguments == []
    assert set(named) == {"broadcast", "slot", "token"}
    assert named["broadcast"] == "spring"
    assert planned not in str(message.headers)
    look = app.conf.beat_schedule["skymms.look_for_slices"]
    assert look["options"] == {"expires": look["schedule"], "queue": "mms"}


@pytest.fixture
def account():
    """Returns an account at a gateway that accepts everything, as the ``account`` of slices."""
    with CountingGateway() as gateway:
        yield lambda broadcast: Account(KEY, url=gateway.url)


def phase(where: str) -> Phase:
    with Ledger(where) as ledger:
        return ledger["spring"].status().phase


def lose_slices(where: str) -> None:
    with Ledger(where) as ledger, ledger._store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_slice SET due = 0"))


def test_a_worker_of_procrastinate_runs_the_slices_and_looks_for_lost_ones(planned, account):
    from procrastinate import App, testing

    from skymms.broadcast.procrastinate import Slices

    app = App(connector=testing.InMemoryConnector())
    Slices(app, ledger=planned, account=account).start("spring", workers=1)
    connector = testing.InMemoryConnector()  # it forgets the slice
    lose_slices(planned)

    async def work() -> None:
        with app.replace_connector(connector):
            async with app.open_async():
                await app.configure_task("skymms.look_for_slices").defer_async(timestamp=0)
                await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)

    asyncio.run(work())
    assert phase(planned) is Phase.DONE
    assert {job["status"] for job in connector.jobs.values()} == {"succeeded"}


def test_a_worker_of_celery_runs_the_slices_and_looks_for_lost_ones(planned, account):
    from celery import Celery

    from skymms.broadcast.celery import Slices

    app = Celery("test", broker=f"memory://{secrets.token_hex(4)}")
    slices = Slices(app, ledger=planned, account=account, queue="mms-slices")
    slices.start("spring", workers=1)
    lose_slices(planned)
    app.tasks["skymms.look_for_slices"].apply().get()
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("mms-slices")
        messages = [queue.get(timeout=1) for _ in range(2)]
        for message in messages:
            message.ack()
    for message in messages:
        app.tasks["skymms.send_slice"].apply(kwargs=message.payload[1]).get()
    assert phase(planned) is Phase.DONE
    # The processes that send see that the worker is being stopped.
    import_module("celery.signals").worker_shutting_down.send(sender="test", sig="SIGTERM", how="Warm", exitcode=0)
    assert slices._stopping[0] == 1


@pytest.mark.parametrize("engine", ["procrastinate", "celery"])
def test_a_slice_that_cannot_be_queued_is_logged_and_no_error(planned, engine, caplog):
    slices: Any
    if engine == "celery":
        from celery import Celery

        slices = import_module("skymms.broadcast.celery").Slices(Celery("test", broker="redis://127.0.0.1:1/0"), ledger=planned)
        slices._put([Slice("spring", 0, "token")])
    else:
        from procrastinate import App, PsycopgConnector

        app = App(connector=PsycopgConnector(conninfo=planned))
        slices = import_module("skymms.broadcast.procrastinate").Slices(app, ledger=planned)
        asyncio.run(slices._put([Slice("spring", 0, "token")]))
    assert "a slice could not be queued, and is queued later" in caplog.text


def test_procrastinate_without_its_tables_is_explained(planned):
    from procrastinate import App, PsycopgConnector

    from skymms.broadcast.procrastinate import Slices

    slices = Slices(App(connector=PsycopgConnector(conninfo=planned)), ledger=planned)
    with pytest.raises(ConfigurationError, match=r"procrastinate schema --apply`. The workers begin with 'spring'"):
        slices.start("spring", workers=1)


def test_a_broker_that_does_not_answer_is_explained_and_the_broadcast_is_started_all_the_same(planned):
    from celery import Celery

    from skymms.broadcast.celery import Slices

    slices = Slices(Celery("test", broker="redis://127.0.0.1:1/0"), ledger=planned)
    with pytest.raises(ConfigurationError, match=r"the broker of Celery does not take the slices: .*the workers begin with"):
        slices.start("spring", workers=1)


@pytest.mark.parametrize("name", ["worker", "celery_worker"])
def test_the_page_shows_the_workers_of_the_examples(planned, name):
    root = Path(__file__).parents[2]
    example = root / "examples" / "many_machines" / f"{name}.py"
    shown = example.read_text().partition("\n\n")[2]
    assert f"```python\n{shown}```" in (root / "docs" / "how-to" / "many-machines.md").read_text()
    environment = {**os.environ, "SKYMMS_LEDGER": planned, "CELERY_BROKER_URL": "memory://"}
    command = [sys.executable, "-c", f"from {name} import slices; print(type(slices).__module__)"]
    done = subprocess.run(command, cwd=example.parent, env={**environment, "PYTHONPATH": "."}, capture_output=True, text=True)
    assert done.stdout.startswith("skymms.broadcast."), done.stderr


def test_the_modules_of_engines_have_at_most_150_lines():
    import skymms.broadcast

    for name in ("procrastinate", "celery", "slice_tasks", "slices"):
        path = Path(skymms.broadcast.__file__).with_name(f"{name}.py")
        assert len(path.read_text().splitlines()) <= 150
