"""The events that both clients report to an observer, the exceptions of an observer, and the log."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from typing import Any

import pytest
from cellcast_server import AcceptingGateway, account
from client_calls import CANARY, QUICK, SOON, cancel_after_request
from misbehaving_server import SENT, Faulty, closed_url, drop, http, refused, stall
from recorder import METHODS, Recorder

from skymms import (
    Account,
    Client,
    ConfigurationError,
    HttpResponse,
    ListMMS,
    Operation,
    ProtocolError,
    RecipientError,
    SendMMS,
    SkymmsError,
    Slideshow,
    ThrottledError,
    TransportError,
)
from skymms.aio import AsyncClient
from skymms.cellcast import CellcastSend
from skymms.transport import events, observer
from skymms.transport.exchange import Exchange
from skymms.transport.observer import Reporter, observers

pytestmark = pytest.mark.compat

SEND = SendMMS(Slideshow("coupon", subject="Free").slide("Secret text"), to="15551234888", sender="60856")
LISTED = http(b"<RESPONSE><STATUS>Success</STATUS><MMSIDS>1,2</MMSIDS></RESPONSE>")


class Stop(Exception):
    """Raised by an observer to stop a call."""

    sent_maybe: bool
    partial: Any


@pytest.fixture
def client(kind: Any) -> Any:
    def made(server: Faulty, observer: object | None = None, **options: Any) -> Any:
        account = Account(CANARY, url=server.url)
        return kind(account, **{"timeout": SOON, "retries": QUICK, "observer": observer, **options})

    return made


class TestEvents:
    def test_the_events_of_a_successful_call(self, client):
        seen = Recorder()
        with Faulty(http(SENT)) as server, client(server, seen) as calling:
            reply = calling.call(SEND)
        assert seen.methods == ["request_started", "response_received", "part_finished", "call_finished"]
        assert {event.operation for _, event in seen.events} == {SEND}
        assert all(event.operation is SEND for _, event in seen.events)
        assert {(event.part, event.attempt, event.dialect) for _, event in seen.events} == {(1, 1, "skycore")}
        (call_id,) = {event.call_id for _, event in seen.events}
        assert re.fullmatch("[0-9a-f]{32}", call_id)
        assert seen.one("response_received").status == 200
        assert 0 < seen.one("response_received").seconds < 5
        assert seen.one("part_finished").reply is reply
        end = seen.one("call_finished")
        assert (end.reply, end.error, end.sent_maybe) == (reply, None, True)

    def test_the_events_of_a_retry(self, client):
        seen = Recorder()
        with Faulty(http(refused("E106")), http(SENT)) as server, client(server, seen) as calling:
            calling.call(SEND)
        assert seen.methods == [
            *("request_started", "response_received", "attempt_failed", "retry_scheduled"),
            *("request_started", "response_received", "part_finished", "call_finished"),
        ]
        assert [event.attempt for _, event in seen.events] == [1, 1, 1, 1, 2, 2, 2, 2]
        failed = seen.one("attempt_failed")
        assert (failed.left, failed.error.sent_maybe, failed.reason) == (True, False, "ThrottledError E106")
        assert type(failed.error) is ThrottledError
        retry = seen.one("retry_scheduled")
        assert retry.reason == "ThrottledError E106"
        assert retry.seconds > 0

    @pytest.mark.parametrize(("operation", "maybe"), [(SEND, True), (ListMMS(), False)])
    def test_the_events_of_a_request_without_a_response(self, client, operation, maybe):
        seen = Recorder()
        with Faulty(drop) as server, client(server, seen, retries=0) as calling, pytest.raises(TransportError) as raised:
            calling.call(operation)
        assert seen.methods == ["request_started", "attempt_failed", "call_finished"]
        failed, end = seen.one("attempt_failed"), seen.one("call_finished")
        assert (failed.left, failed.error) == (True, raised.value)
        assert "the request may have arrived" in failed.reason
        assert (end.error, end.reply, end.sent_maybe) == (raised.value, None, maybe)

    def test_the_events_of_a_connection_that_was_never_made(self, kind):
        seen = Recorder()
        with kind(Account(CANARY, url=closed_url()), retries=0, observer=seen) as calling, pytest.raises(TransportError):
            calling.call(SEND)
        assert seen.one("attempt_failed").left is False
        assert seen.one("call_finished").sent_maybe is False

    def test_the_events_of_an_invalid_operation(self, client):
        seen = Recorder()
        wrong = SendMMS(SEND.slideshow, to="", sender="60856")
        with Faulty(http(SENT)) as server, client(server, seen) as calling, pytest.raises(SkymmsError) as raised:
            calling.call(wrong)
        assert seen.methods == ["call_finished"]
        assert (seen.one("call_finished").error, seen.one("call_finished").sent_maybe) == (raised.value, False)

    def test_the_events_of_a_call_of_several_requests_have_the_numbers_of_each(self, kind):
        numbers = tuple(f"+6149157{last:04}" for last in range(1500))
        seen = Recorder()
        whole = CellcastSend(Slideshow("", subject="s").slide("Hi", image="http://a.example/a.png"), to=numbers)
        with AcceptingGateway() as server, kind(account(server), observer=seen) as calling:
            calling.call(whole)
        assert [(event.part, len(event.operation.to)) for event in seen.all("request_started")] == [(1, 1000), (2, 500)]
        assert [len(event.reply.queued) for event in seen.all("part_finished")] == [1000, 500]
        assert seen.one("call_finished").operation is whole
        assert len(seen.one("call_finished").reply.queued) == 1500
        assert len({event.call_id for _, event in seen.events}) == 1

    def test_the_events_of_each_call_have_an_id_of_their_own(self, client):
        seen = Recorder()
        with Faulty(http(SENT)) as server, client(server, seen) as calling:
            calling.call(SEND)
            calling.call(SEND)
        assert len({event.call_id for event in seen.all("call_finished")}) == 2

    def test_the_events_of_a_cancelled_call_end_with_the_cancellation(self):
        seen = Recorder()

        async def job(server: Faulty) -> None:
            async with AsyncClient(Account(CANARY, url=server.url), observer=seen) as client:
                await cancel_after_request(client, server, SEND)

        with Faulty(stall) as server:
            asyncio.run(job(server))
        assert seen.methods == ["request_started", "call_finished"]
        end = seen.one("call_finished")
        assert (type(end.error), end.sent_maybe) == (asyncio.CancelledError, True)

    def test_events_show_neither_recipient_nor_text_nor_key(self, client):
        seen = Recorder()
        with Faulty(http(refused("E106")), http(SENT)) as server, client(server, seen) as calling:
            calling.call(SEND)
        shown = " ".join(repr(event) for _, event in seen.events)
        assert not [secret for secret in (CANARY, "15551234888", "Secret text") if secret in shown]
        assert "RequestStarted(" in shown

    def test_events_are_frozen_and_listed_for_each_method(self, client):
        seen = Recorder()
        with Faulty(http(SENT)) as server, client(server, seen) as calling:
            calling.call(SEND)
        with pytest.raises(AttributeError):
            seen.one("part_finished").attempt = 2
        assert tuple(events.EVENTS) == METHODS == observer.METHODS


class TestRequestStarted:
    """``request_started`` is called before the bytes leave, and can stop the call."""

    def test_request_started_is_called_before_the_server_receives_anything(self, client):
        received = []

        class Ledger:
            def request_started(self, event):
                received.append(len(server.requests))

        with Faulty(http(SENT)) as server, client(server, Ledger()) as calling:
            calling.call(SEND)
            calling.call(SEND)
        assert received == [0, 1]

    @pytest.mark.parametrize("stop", [Stop("full"), KeyboardInterrupt(), ConfigurationError("no ledger", sent_maybe=True)])
    def test_request_started_can_stop_the_first_request_with_its_own_exception(self, client, stop):
        seen = Recorder({"request_started": stop})
        with Faulty(http(SENT)) as server, client(server, seen) as calling, pytest.raises(type(stop)) as raised:
            calling.call(SEND)
        assert raised.value is stop
        assert stop.sent_maybe is False
        assert not getattr(stop, "__notes__", [])
        assert server.requests == []
        assert seen.methods == ["request_started", "call_finished"]
        assert seen.one("call_finished").error is stop

    @pytest.mark.parametrize("put_off", [http(refused("E106")), None], ids=["throttled", "not connected"])
    def test_request_started_can_stop_a_retry_of_a_message_that_was_not_sent(self, kind, put_off):
        stop = Stop()
        seen = Recorder({"request_started": stop}, at=2)
        with Faulty(put_off or b"") as server:
            account = Account(CANARY, url=server.url if put_off else closed_url())
            with kind(account, retries=QUICK, observer=seen) as calling, pytest.raises(Stop):
                calling.call(SEND)
            assert len(server.requests) == (1 if put_off else 0)
        assert stop.sent_maybe is False

    def test_request_started_can_stop_the_second_request_of_a_call_of_which_the_first_was_sent(self, kind):
        numbers = tuple(f"+6149157{last:04}" for last in range(1500))
        operation = CellcastSend(Slideshow("", subject="s").slide("Hi", image="http://a.example/a.png"), to=numbers)
        stop = Stop()
        seen = Recorder({"request_started": stop}, at=2)
        with (
            AcceptingGateway() as server,
            kind(account(server), observer=seen) as calling,
            pytest.raises(Stop) as raised,
        ):
            calling.call(operation)
        assert raised.value is stop
        assert stop.sent_maybe is True
        assert len(server.requests) == 1
        assert (len(stop.partial.queued), len(stop.partial.not_sent), stop.partial.maybe_sent) == (1000, 500, ())


class TestExceptionsOfObserver:
    """An exception passes through unchanged, and its ``sent_maybe`` is true if the message may have been sent."""

    @pytest.mark.parametrize(
        ("method", "act", "operation", "maybe", "make"),
        [
            ("response_received", http(SENT), SEND, True, Stop),
            ("response_received", LISTED, ListMMS(), False, Stop),
            ("attempt_failed", drop, SEND, True, Stop),
            ("attempt_failed", http(refused("E106")), SEND, False, Stop),
            ("retry_scheduled", http(refused("E106")), SEND, False, Stop),
            ("part_finished", http(SENT), SEND, True, Stop),
            ("part_finished", LISTED, ListMMS(), False, Stop),
            ("call_finished", http(SENT), SEND, True, Stop),
            ("call_finished", LISTED, ListMMS(), False, Stop),
            ("call_finished", http(refused("E104")), SEND, False, Stop),
            ("call_finished", drop, SEND, True, Stop),
            # The classes of this library have a ``sent_maybe`` of their own.
            ("part_finished", http(SENT), SEND, True, ProtocolError),
            ("call_finished", http(refused("E104")), SEND, False, ProtocolError),
        ],
    )
    def test_an_observers_exception_is_raised_unchanged_with_sent_maybe(self, client, method, act, operation, maybe, make):
        stop = make()
        seen = Recorder({method: stop})
        with Faulty(act) as server, client(server, seen) as calling, pytest.raises(make) as raised:
            calling.call(operation)
        assert raised.value is stop
        assert stop.sent_maybe is maybe
        assert len(server.requests) == 1
        assert seen.methods[-1] == "call_finished"
        assert seen.methods.count("call_finished") == 1

    @pytest.mark.parametrize("method", ["part_finished", "call_finished"])
    def test_an_observers_exception_keeps_the_reply(self, client, method):
        stop = Stop()
        with Faulty(http(SENT)) as server, client(server, Recorder({method: stop})) as calling, pytest.raises(Stop):
            calling.call(SEND)
        assert stop.partial.tracking_id == "MMS_12345"

    def test_an_observers_exception_replaces_an_error_in_the_reply(self):
        class RefusingAccount(Account):
            def parts(self, operation: Operation[Any]) -> Any:
                yield operation
                raise RecipientError("E110")

        stop = Stop()
        reporter = Reporter(SEND, observer=Recorder({"part_finished": stop}))
        exchange = Exchange(RefusingAccount(CANARY), SEND, retries=QUICK, random=lambda: 0.0, reporter=reporter)
        exchange.start()
        with pytest.raises(Stop):
            exchange.advance(HttpResponse(200, {}, SENT))
        assert stop.sent_maybe is True

    def test_an_observers_exception_between_several_requests_keeps_the_replies(self, kind):
        numbers = tuple(f"+6149157{last:04}" for last in range(1500))
        operation = CellcastSend(Slideshow("", subject="s").slide("Hi", image="http://a.example/a.png"), to=numbers)
        stop = Stop()
        seen = Recorder({"part_finished": stop})
        with AcceptingGateway() as server, kind(account(server), observer=seen) as calling, pytest.raises(Stop):
            calling.call(operation)
        assert (len(stop.partial.queued), len(stop.partial.not_sent)) == (1000, 500)
        assert stop.sent_maybe is True


class TestObserverArgument:
    def test_an_observer_may_be_any_object_with_some_or_none_of_the_methods(self, client):
        with Faulty(http(SENT)) as server, client(server, object()) as calling:
            assert calling.call(SEND).mms_id == "35674"

    def test_an_observer_with_async_methods_is_refused(self, client):
        class Ledger:
            async def request_started(self, event): ...

        with Faulty(http(SENT)) as server, pytest.raises(ConfigurationError, match="request_started must be a plain function"):
            client(server, Ledger())

    def test_a_class_as_observer_is_refused(self, client):
        with Faulty(http(SENT)) as server, pytest.raises(ConfigurationError, match="pass an object"):
            client(server, Recorder)

    def test_several_observers_are_called_in_order(self, client):
        first, second = Recorder(), Recorder()
        with Faulty(http(SENT)) as server, client(server, observers(first, object(), second)) as calling:
            calling.call(SEND)
        assert first.events == second.events
        assert len(first.events) == 4

    def test_several_observers_have_no_other_methods(self):
        assert not hasattr(observers(Recorder()), "text")
        with pytest.raises(ConfigurationError, match="pass an object"):
            observers(Recorder)

    def test_when_one_of_several_observers_stops_a_call_each_gets_call_finished(self, client):
        stop, late = Stop(), Stop()
        seen = [Recorder(), Recorder({"request_started": stop, "call_finished": late}), Recorder()]
        with Faulty(http(SENT)) as server, client(server, observers(*seen)) as calling, pytest.raises(Stop) as raised:
            calling.call(SEND)
        assert raised.value is late
        assert late.__context__ is stop
        assert server.requests == []
        assert [one.methods for one in seen] == [
            ["request_started", "call_finished"],
            ["request_started", "call_finished"],
            ["call_finished"],
        ]


class TestLog:
    @pytest.fixture
    def records(self, caplog):
        caplog.set_level(logging.INFO, logger="skymms")

        def shown():
            return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "skymms"]

        return shown

    def test_a_call_is_logged_as_one_line_with_operation_tracking_id_and_seconds(self, client, records):
        with Faulty(http(SENT)) as server, client(server) as calling:
            calling.call(SEND)
        ((level, line),) = records()
        assert level == "INFO"
        assert re.fullmatch(r"SendMMS: done, tracking id MMS_12345 \(0\.\d{3} s\)", line)

    def test_a_warning_is_logged_if_a_message_may_have_been_sent(self, client, records):
        with Faulty(drop) as server, client(server) as calling, pytest.raises(TransportError):
            calling.call(SEND)
        ((level, line),) = records()
        assert level == "WARNING"
        assert line.startswith("SendMMS: failed: TransportError: the connection to http://127.0.0.1")
        assert "it may have been sent (" in line

    def test_a_refusal_is_logged_without_a_warning(self, client, records):
        with Faulty(http(refused("E104"))) as server, client(server) as calling, pytest.raises(SkymmsError):
            calling.call(SEND)
        ((level, line),) = records()
        assert (level, line.partition(" (")[0]) == ("INFO", "SendMMS: failed: AuthenticationError E104")

    def test_the_log_says_why_a_request_is_sent_again(self, client, records):
        with Faulty(http(refused("E106")), http(SENT)) as server, client(server) as calling:
            calling.call(SEND)
        assert records()[0] == ("INFO", "waiting 0.0 s before sending SendMMS again: ThrottledError E106")
        assert len(records()) == 2

    def test_the_log_does_not_quote_a_response_outside_the_protocol(self, client, records):
        odd = http(b"<html>to 15551234888</html>", "500 Oops")
        with Faulty(odd) as server, client(server) as calling, pytest.raises(ProtocolError):
            calling.call(SEND)
        ((level, line),) = records()
        assert level == "WARNING"
        assert line.startswith("SendMMS: failed: ProtocolError HTTP 500; it may have been sent")

    def test_the_logger_has_a_handler_so_that_a_program_without_logging_prints_nothing(self):
        assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("skymms").handlers)


def test_the_calls_of_threads_that_share_a_client_have_ids_of_their_own():
    seen = Recorder()
    with Faulty(http(SENT)) as server, Client(Account(CANARY, url=server.url), observer=seen) as client:
        threads = [threading.Thread(target=lambda: [client.call(SEND) for _ in range(10)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    by_call: dict[str, list[str]] = {}
    for method, event in seen.events:
        by_call.setdefault(event.call_id, []).append(method)
    assert len(by_call) == 40
    assert set(map(tuple, by_call.values())) == {("request_started", "response_received", "part_finished", "call_finished")}
