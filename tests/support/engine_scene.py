"""A broadcast that the workers of an engine send, each of which is a process of its own and may be killed.

The engines are procrastinate, and Celery over Redis and over RabbitMQ. The servers are ``SKYMMS_TEST_REDIS`` and
``SKYMMS_TEST_RABBITMQ``, by default those of this machine.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from broadcast_scene import SOON, Scene, scene
from broadcast_worker import KEY
from counting_gateway import Behaviour
from stores import missing

from skymms.broadcast import Ledger, Phase

ENGINES = ("procrastinate", "redis", "rabbitmq")
BROKERS = {
    "redis": os.environ.get("SKYMMS_TEST_REDIS", "redis://127.0.0.1:6379/0"),
    "rabbitmq": os.environ.get("SKYMMS_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//"),
}
#: With these constants lost slices are replaced within seconds.
QUICK = SOON | {
    "slices._STARTING": 1.5,
    "slices._WAITING": 4.0,
    "slices._AFTER_ERROR": 0.5,
    "celery._LOOK_EVERY": 0.5,
    "procrastinate._LOOK": "* * * * * *",
}


class EngineScene:
    """A scene with workers. ``broker`` is another broker than that of this machine."""

    def __init__(
        self,
        found: Scene,
        engine: str,
        *,
        seconds: float,
        broker: str | None = None,
        patch: dict[str, Any] | None = None,
        transport: dict[str, Any] | None = None,
    ) -> None:
        self.scene = found
        self.engine = engine
        self.broker = broker or BROKERS.get(engine, "")
        self.queue = f"skymms-test-{secrets.token_hex(6)}"
        self._settings = {
            "seconds": seconds, "broker": self.broker, "queue": self.queue, "transport": transport or {},
            "patch": QUICK | (patch or {}),
        }  # fmt: skip
        self._directory = tempfile.TemporaryDirectory()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.log = Path(self._directory.name, "log")
        self._module = "procrastinate_workers" if engine == "procrastinate" else "celery_workers"
        if engine == "procrastinate":
            self._run("-m", "procrastinate", f"--app={self._module}.app", "schema", "--apply")

    def start(self, workers: int) -> None:
        """Start the broadcast."""
        self._run("-c", f"from {self._module} import slices; slices.start('spring', workers={workers})")

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start one more worker, with one process that sends."""
        if self.engine == "procrastinate":
            command = ["procrastinate", f"--app={self._module}.app", "worker"]
        else:
            command = ["celery", "-A", self._module, "worker", "--concurrency=1", "--loglevel=INFO", "--without-mingle"]
            command += ["--without-gossip", f"--hostname={secrets.token_hex(4)}@test"]
        return self._add(command)

    def add_clock(self) -> None:
        """Start Celery's beat. The workers of procrastinate have a clock."""
        if self.engine != "procrastinate":
            self._add(["celery", "-A", self._module, "beat", f"--schedule={self._directory.name}/beat", "--pidfile="])

    def _add(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", *command], env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [sys.executable, *command], env=self._environment(), capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr

    def _environment(self) -> dict[str, str]:
        # Workers that are killed cannot write what coverage measured.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        return kept | {
            "PYTHONPATH": str(Path(__file__).parent),
            "SKYMMS_ENGINE": json.dumps(self._settings),
            "SKYMMS_LEDGER": self.scene.where,
            "SKYMMS_API_KEY": KEY,
            "SKYMMS_URL": self.scene.gateway.url,
        }

    def wait_until(self, phase: Phase, seconds: float = 60.0) -> None:
        """Wait for a state of the broadcast."""
        ends = time.monotonic() + seconds
        with Ledger(self.scene.where) as ledger:
            while (status := ledger["spring"].status()).phase is not phase:
                assert time.monotonic() < ends, f"{status}\n{self.output()[-6000:]}"
                time.sleep(0.1)

    def wait_for(self, text: str, count: int = 1, seconds: float = 30.0) -> None:
        """Wait until the workers have printed a text."""
        ends = time.monotonic() + seconds
        while self.output().count(text) < count:
            assert time.monotonic() < ends, self.output()[-6000:]
            time.sleep(0.05)

    def output(self) -> str:
        """What the workers have printed."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self, worker: subprocess.Popen[bytes], dice: random.Random) -> None:
        """Kill all processes of a worker, or only its first one, or only the one that sends."""
        group, first = worker.pid, [worker.pid]
        children = [int(pid) for pid in Path(f"/proc/{group}/task/{group}/children").read_text().split()]
        chosen = dice.choice([[*first, *children], first, children or first])
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if worker.pid in chosen:
            worker.wait()
            self.workers.remove(worker)

    def end(self) -> None:
        """Kill the workers, and remove their queue."""
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        if self.engine != "procrastinate":
            with suppress(OSError):
                _delete_queue(self.broker, self.queue)
        self._directory.cleanup()


def _delete_queue(broker: str, queue: str) -> None:
    from kombu.connection import Connection  # type: ignore[import-untyped]
    from kombu.exceptions import OperationalError  # type: ignore[import-untyped]

    with suppress(OperationalError), Connection(broker, connect_timeout=3) as connection:
        connection.default_channel.queue_delete(queue)


def require_broker(engine: str) -> None:
    """Skip the test if the broker does not answer."""
    if engine == "procrastinate":
        return
    from kombu.connection import Connection

    try:
        with Connection(BROKERS[engine], connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1)
    except Exception as error:
        missing(f"no broker answers at {BROKERS[engine]} ({type(error).__name__})")


@contextmanager
def engine_scene(
    where: str,
    engine: str,
    count: int,
    behave: Behaviour | None = None,
    *,
    seconds: float = 1.0,
    delay: float = 0.01,
    broker: str | None = None,
    patch: dict[str, Any] | None = None,
    transport: dict[str, Any] | None = None,
    **settings: Any,
) -> Generator[EngineScene]:
    """Set a scene: a gateway, a broadcast, and an engine without workers."""
    if broker is None:
        require_broker(engine)
    with scene(where, count, behave, delay=delay, **settings) as found:
        work = EngineScene(found, engine, seconds=seconds, broker=broker, patch=patch, transport=transport)
        try:
            yield work
        finally:
            work.end()
