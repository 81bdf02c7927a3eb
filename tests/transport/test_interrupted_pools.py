"""An exception out of a signal handler cannot block a pool: not at any instruction, and not with ``pool_block=True``.

A trace function raises where a signal handler could: before each instruction of the functions that take a connection out of a
pool and put it back, and before each line of everything else that urllib3 does in between.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import requests.adapters
from client_calls import CANARY, SEND
from misbehaving_server import SENT, Echo, Faulty, http, stall

from skymms import Account, Client, SendMMS, TransportError

#: The functions around a pool, by the file that they are in.
TRACED = ("urllib3/connectionpool.py", "transport/pools.py", "skymms/client.py", "queue.py", "threading.py")
IN_DETAIL = ("transport/pools.py", "queue.py")


class Interruption(Exception):
    """What the signal handler raises."""


class Interrupter:
    """Raises ``Interruption`` at the traced point with this number; ``reached`` is False if there are fewer points."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.reached = False

    def __enter__(self) -> Interrupter:
        sys.settrace(self._trace)
        return self

    def __exit__(self, *raised: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: Any, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.endswith(TRACED):
            return None
        if name.endswith(IN_DETAIL):
            frame.f_trace_lines, frame.f_trace_opcodes = False, True
        if event in {"line", "opcode"} and not self.reached:
            self._left -= 1
            if self._left < 0:
                self.reached = True
                sys.settrace(None)
                raise Interruption
        return self._trace


@pytest.fixture
def echo() -> Iterator[Faulty]:
    with Echo() as server:
        yield server


@pytest.fixture
def no_hang() -> Iterator[None]:
    """Break a call that hangs: a lock in the main thread can be interrupted."""

    def hang(*args: Any) -> None:
        pytest.fail("a call hangs")

    before = signal.signal(signal.SIGALRM, hang)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def numbered(number: int) -> SendMMS:
    return SendMMS(SEND.slideshow, to=f"1555{number:07}", sender="60856")


def pooled_session(*, block: bool) -> requests.Session:
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=1, pool_block=block))
    return session


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs SIGALRM")
# An interruption may hit a finalizer, which Python reports and nobody can raise.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("no_hang")
@pytest.mark.parametrize("block", [False, True], ids=["pool", "pool_block"])
# Its trace functions take the place of the one that measures coverage, and do not put it back.
@pytest.mark.unmeasured
@pytest.mark.parametrize("kept", [False, True], ids=["error dropped", "error kept"])
def test_no_interruption_blocks_later_calls(echo, block, kept):
    errors = []
    with pooled_session(block=block) as session:
        client = Client(Account(CANARY, url=echo.url), session=session, timeout=(5, 5), retries=0)
        client.call(numbered(1))
        point = 0
        reached = True
        while reached:
            signal.setitimer(signal.ITIMER_REAL, 20)
            with Interrupter(point) as interrupter:
                try:
                    client.call(numbered(2 * point + 2))
                except Interruption as error:
                    if kept:
                        # Its traceback refers to all that was in use.
                        errors.append(error)
            reached = interrupter.reached
            # One connection at a time: a lost place in the pool would block this call.
            number = 2 * point + 3
            assert client.call(numbered(number)).mms_id == f"1555{number:07}"
            point += 1
        client.close()
    assert point > 300
    assert bool(errors) == kept


class TestLimitedPool:
    """``pool_block=True`` in a session of the caller limits how many connections are in use."""

    @staticmethod
    def client(server: Faulty, session: requests.Session, **options: Any) -> Client:
        return Client(Account(CANARY, url=server.url), **{"session": session, "timeout": (5, 5), "retries": 0, **options})

    @pytest.mark.parametrize("block", [False, True])
    def test_each_of_many_threads_gets_its_own_answer(self, echo, block):
        answers = {}
        with pooled_session(block=block) as session, self.client(echo, session) as client:

            def call(number: int) -> None:
                answers[number] = client.call(numbered(number)).mms_id

            threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        assert answers == {number: f"1555{number:07}" for number in range(12)}
        assert echo.connections == 1 if block else echo.connections >= 1

    def test_a_call_that_gets_no_connection_in_time_sent_nothing(self):
        with Faulty(stall) as server, pooled_session(block=True) as session:
            first = self.client(server, session, timeout=(5, 3))
            waiting = threading.Thread(target=self.swallow, args=(first.call,))
            waiting.start()
            while not server.requests:
                time.sleep(0.001)
            second = self.client(server, session, timeout=(0.2, 5))
            with pytest.raises(TransportError, match=r"in use.*nothing was sent") as raised:
                second.call(SEND)
            assert not raised.value.sent_maybe
            waiting.join()
            assert len(server.requests) == 1

    @pytest.mark.parametrize("fault", [b"", b"garbage\r\n\r\n", http(SENT, Connection="close")])
    def test_failed_calls_free_their_connection(self, fault):
        def act(connection: Any, closing: threading.Event) -> None:
            connection.sendall(fault)

        with Faulty(act) as server, pooled_session(block=True) as session, self.client(server, session) as client:
            for _ in range(3):
                self.swallow(client.call)
        assert len(server.requests) == 3

    def test_a_response_that_the_caller_holds_counts(self, echo):
        # The session is the caller's: a response that was not read to its end occupies the connection.
        with pooled_session(block=True) as session, self.client(echo, session, timeout=(0.2, 5)) as client:
            held = session.post(echo.url, data="to=15550000001", stream=True, timeout=5)
            with pytest.raises(TransportError, match="in use"):
                client.call(SEND)
            held.close()
            client.call(SEND)

    @staticmethod
    def swallow(call: Callable[[Any], Any]) -> None:
        with contextlib.suppress(TransportError):
            call(SEND)
