"""The log: a gateway cannot write into it, and records of urllib3 that hold our key are masked, and no others."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import Any

import pytest
import urllib3
from cellcast_server import ADA
from cellcast_server import account as cellcast_account
from client_calls import CANARY, SEND
from misbehaving_server import SENT, Faulty, http, refused

from skymms import Account, Client, SkymmsError, Slideshow
from skymms.cellcast import CellcastSend
from skymms.transport.logging import loggable_code, loggable_tracking_id, one_line

#: Texts of a gateway that look like records, numbers, or sequences that a terminal obeys.
FORGED = [
    "E1\nINFO:skymms:SendMMS: done",
    "E1&#10;INFO:",
    "E110 15551234888",
    "15551234888",
    "E15551234888",
    "E110\x1b[2K\rdone",
    "E110\u2028INFO",
    "\u0405110",
    "E 110",
    "x" * 41,
    "E110" * 10,
]


@pytest.fixture
def log():
    """Everything that is logged at INFO and above by skymms, as one text."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
    logger = logging.getLogger("skymms")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)


def escaped(text: str) -> bytes:
    """Write a text in XML; control characters, which XML cannot hold, are left out."""
    return "".join(f"&#{ord(one)};" for one in text if one.isprintable() or one in "\n\r\u2028").encode()


class TestGatewaysText:
    @pytest.mark.parametrize("code", FORGED)
    def test_a_code_without_the_shape_of_a_code_is_not_logged(self, kind, log, code):
        body = refused("E110").replace(b"E110", escaped(code))
        with Faulty(http(body)) as server, kind(Account(CANARY, url=server.url)) as client, pytest.raises(SkymmsError):
            client.call(SEND)
        self.check(log.getvalue())

    @pytest.mark.parametrize("code", FORGED)
    def test_a_code_of_cellcast_without_the_shape_of_a_code_is_not_logged(self, kind, log, code):
        body = json.dumps({"meta": {"code": 400, "status": code}, "msg": code}).encode()
        send = CellcastSend(Slideshow("", subject="s").slide("Hi", image="http://a.example/a.png"), to=ADA)
        with (
            Faulty(http(body, "400 Bad Request")) as server,
            kind(cellcast_account(server)) as client,
            pytest.raises(SkymmsError),
        ):
            client.call(send)
        self.check(log.getvalue())

    @pytest.mark.parametrize("tracking_id", [*FORGED[:-2], "x" * 65, "MMS_15551234888", "MMS_1-555-123-4888"])
    def test_a_tracking_id_without_the_shape_of_one_or_with_the_number_is_not_logged(self, kind, log, tracking_id):
        body = SENT.replace(b"MMS_12345", escaped(tracking_id))
        with Faulty(http(body)) as server, kind(Account(CANARY, url=server.url)) as client:
            client.call(SEND)
        self.check(log.getvalue())

    def check(self, text: str) -> None:
        assert text.count("\n") == 1, "one record is one line"
        assert re.fullmatch(
            r"(INFO|WARNING):skymms:[A-Za-z]+: (done|failed: [A-Za-z]+( \d+)?)[^\x1b]* \(\d\.\d+ s\)\n", text
        ), text
        assert "1555" not in text
        assert "INFO:" not in text[10:]

    @pytest.mark.parametrize("code", ["E110", "E226", "N101", "429", "FIELD_INVALID", "CastError", "AUTH_FAILED_NO_DATA"])
    def test_a_code_with_the_shape_of_a_code_is_logged(self, code):
        error: Any = SkymmsError()
        error.code = code
        assert loggable_code(error) == code

    def test_a_tracking_id_is_logged(self):
        class Reply:
            tracking_id = "MMS_12345"

        assert loggable_tracking_id(Reply(), SEND) == "MMS_12345"
        assert loggable_tracking_id(Reply(), object()) == "MMS_12345"
        assert loggable_tracking_id(object(), SEND) == ""

    @pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\x85b", "a\u2028b", "a\x1b[2Kb", "a\x7fb", "a\u202eb"])
    def test_one_line_has_no_control_characters(self, text):
        assert one_line(text).isprintable()


# ------------------------------------------------------------------------------------------------ urllib3


@pytest.fixture
def records():
    """The records of urllib3, as a handler gets them."""
    found: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    logger, handler = logging.getLogger("urllib3"), Keep()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(before)


class TestRecordsOfUrllib3:
    def test_the_address_of_a_get_request_loses_its_query(self, records):
        with Faulty(http(SENT)) as server, Client(Account(CANARY, dialect="skycore-get", url=server.url)) as client:
            client.call(SEND)
        text = "\n".join(record.getMessage() for record in records)
        assert '"GET /API/wxml/1.3/index.php?*** HTTP/1.1" 200' in text
        assert CANARY not in text
        assert "15551234888" not in text
        assert "Hi" not in text

    @pytest.mark.parametrize("key", ["canary+5fa1c0de/key=", "canary%5fa1c0de&key"])
    def test_a_key_that_is_escaped_in_the_address_is_masked(self, records, key):
        with Faulty(http(SENT)) as server, Client(Account(key, dialect="skycore-get", url=server.url)) as client:
            client.call(SEND)
        assert any("?***" in record.getMessage() for record in records)
        assert not any("5fa1c0de" in record.getMessage() for record in records)

    def test_records_of_other_libraries_are_not_changed(self, records):
        Client(Account(CANARY, url="http://127.0.0.1:1/")).close()
        log = logging.getLogger("urllib3.connectionpool")
        error = urllib3.exceptions.ProtocolError("host.example: reset by peer")
        log.warning("Retrying after %r: %s", error, "/search?api_key=their-own-key&q=1", exc_info=error)
        log.warning("%(host)s is slow", {"host": "host.example"})
        first, second = records
        assert first.args == (error, "/search?api_key=their-own-key&q=1")
        assert first.exc_info is not None
        assert first.exc_info[1] is error
        assert second.getMessage() == "host.example is slow"

    def test_an_exception_that_holds_the_key_is_named_only(self, records):
        Client(Account(CANARY, url="http://127.0.0.1:1/")).close()
        log = logging.getLogger("urllib3.connectionpool")
        error = urllib3.exceptions.HTTPError(f"unparsed data: 'X-Key: {CANARY}, to 15551234888'")
        log.warning("Failed to parse headers (url=%s): %s", "http://host.example/", error, exc_info=error)
        log.warning("Broken (url=%s)", f"http://host.example/{CANARY}", exc_info=error)
        first, second = records
        assert first.getMessage() == "Failed to parse headers (url=http://host.example/): HTTPError"
        assert first.exc_info is None
        assert second.getMessage() == "Broken (url=http://host.example/***)"
        assert second.exc_info is None

    def test_an_account_without_a_key_changes_nothing(self, records):
        class Keyless:
            name, address, max_response, rate_limit = "x", "http://127.0.0.1:1/", 1, None

            def encode(self, operation: Any) -> Any: ...
            def decode(self, operation: Any, response: Any) -> Any: ...
            def parts(self, operation: Any) -> Any: ...
            def partial(self, operation: Any, replies: Any, sent_maybe: bool) -> Any: ...

        Client(Keyless()).close()
        logging.getLogger("urllib3.connectionpool").warning("None")
        assert records[0].getMessage() == "None"
