"""Hostile requests to the sandbox: each is refused or closed, and the next request is handled.

The tests use bare sockets, because an HTTP library would not send most of these requests.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus, urlsplit

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from attacks import HARMLESS, KB, NUMBER, REFUSED, Scene
from hypothesis import given
from hypothesis import strategies as st
from raw_requests import JSON, SINCH, SKYCORE, document, exchange, fields, member, query, request, status
from sandbox_process import sandbox_process

from skymms import Slide
from skymms.sandbox import Sandbox
from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    secret = tmp_path_factory.mktemp("secrets") / "secret.txt"
    secret.write_text("a-secret-of-this-machine")
    return Scene(secret, "http://127.0.0.1:9/x.dtd")


def accepts_requests(sandbox: Sandbox) -> bool:
    """Whether the sandbox still accepts a valid request."""
    return fields(exchange(sandbox.url, request("POST", SKYCORE, document())))["status"] == "Success"


# ------------------------------------------------------------------------------------------------ hostile documents

#: The two ways to send XML.
TRANSPORTS = {
    "bare": lambda body: request("POST", SKYCORE, body),
    "in a form": lambda body: request("POST", SKYCORE, b"xml=" + quote_plus(body).encode()),
}
WITH_BYTE_ORDER_MARK = ("bare", "the mark of UTF-8")
#: Attacks on fields that a send request does not have: the request itself stays valid.
IRRELEVANT = {"a hundred thousand attributes", "two tracking ids", "two tracking ids in an unknown spelling"}


#: Some of the attacks. All of them are tested without a server in tests/wire and tests/replies, against the same parser.
ATTACKS = sorted(REFUSED.keys() - IRRELEVANT)
XML_ATTACKS = [("bare", attack) for attack in ATTACKS[::3]] + [("in a form", attack) for attack in ATTACKS[1::8]]


@pytest.mark.parametrize(("transport", "attack"), XML_ATTACKS)
def test_hostile_xml_is_refused(attack, transport, sandbox, scene):
    before = len(sandbox.sent)
    response = exchange(sandbox.url, TRANSPORTS[transport](REFUSED[attack](document, scene)))
    assert len(sandbox.sent) == before
    assert status(response) == 413 or (status(response), fields(response)["status"]) == (200, "Failure")
    assert b"a-secret-of-this-machine" not in response
    assert len(response) < 2_000


@pytest.mark.parametrize(
    ("transport", "body"),
    # A byte order mark in front of a bare body has a test of its own below.
    [
        (transport, body)
        for transport in TRANSPORTS
        for body in (*[*HARMLESS][:: 1 if transport == "bare" else 4], *sorted(IRRELEVANT))
        if (transport, body) != WITH_BYTE_ORDER_MARK
    ],
)
def test_strange_but_harmless_xml_is_accepted(body, transport, sandbox, scene):
    response = exchange(sandbox.url, TRANSPORTS[transport]({**HARMLESS, **REFUSED}[body](document, scene)))
    response = fields(response)
    assert (response["status"], response["to"]) == ("Success", NUMBER)
    assert sandbox.sent[-1].to == NUMBER
    assert sandbox.sent[-1].slideshow.slides == (Slide("Hi!"),)


HOSTILE_JSON = {
    "nothing": b"",
    "no JSON": b"to=1",
    "XML": document(),
    "a list": b"[" + member() + b"]",
    "a number": b"1" * 100_000,
    "a hundred thousand lists": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "two hundred levels": member(more=json.loads('{"a":' * 200 + "1" + "}" * 200)),
    "two numbers": member().replace(b'"to"', b'"to": "15550000666", "to"', 1),
    "a list of numbers": member(to=[NUMBER, NUMBER]),
    "an object for a number": member(to={"a": NUMBER}),
    "a number that is none": member(to="1" * 100_000),
    "no number at all": member().replace(b'"15551234888"', b"NaN"),
    "half a surrogate pair": member(to="\ud800"),
    "half a surrogate pair in a text": member(slide=[{"message-text": "\ud800"}]),
    "a NUL": member(to="1555\0"),
    "a long name": member(**{"n" * 100_000: 1}),
    "a long name around many": member(**{"n" * 200: {str(at): [{"a": 1}] * 5 for at in range(9_000)}, "slide": []}),
    "a hundred thousand slides": member(slide=[{}] * 100_000),
    "slides within slides": member(slide=[{"slide": [{"slide": []}]}]),
    "latin-1": member(to="é").decode("unicode_escape").encode("latin-1"),
    "UTF-16": member().decode().encode("utf-16"),
    "the end missing": member()[:-1],
    "words after the end": member() + b"OK",
    "ten megabytes of text": member(more="x" * 10_000_000),
    "ten megabytes of blanks": b" " * 10_000_000 + member(),
}


@pytest.mark.parametrize("attack", HOSTILE_JSON)
def test_hostile_json_is_refused(attack, sandbox):
    before = len(sandbox.sent)
    response = exchange(sandbox.url, request("POST", JSON, HOSTILE_JSON[attack], "X-Api-Key: sandbox-key"))
    assert len(sandbox.sent) == before
    assert status(response) == 413 or (status(response), fields(response)["status"].lower()) == (200, "failure")
    assert len(response) < len(HOSTILE_JSON[attack]) + 2_000


def test_the_valid_requests_that_are_changed_are_accepted(sandbox):
    # So the attacks of this file are refused because of what differs from these requests.
    assert fields(exchange(sandbox.url, request("POST", JSON, member(), "X-Api-Key: sandbox-key")))["status"] == "success"
    assert fields(exchange(sandbox.url, request("GET", f"{SKYCORE}?{query()}")))["status"] == "Success"


@pytest.mark.parametrize("value", ["yes", "no", 1, 0, "True", [], {"a": 1}])
def test_a_boolean_in_json_must_be_true_or_false(value, sandbox):
    before = len(sandbox.sent)
    response = exchange(sandbox.url, request("POST", JSON, member(**{"disable-fallback-sms": value}), "X-Api-Key: sandbox-key"))
    if isinstance(value, (list, dict)):
        # An empty field is ignored.
        assert fields(response)["status"] == "success"
    else:
        assert (fields(response)["errorcode"], len(sandbox.sent)) == ("E100", before)
    for valid in (True, False):
        exchange(sandbox.url, request("POST", JSON, member(**{"disable-fallback-sms": valid}), "X-Api-Key: sandbox-key"))
        assert sandbox.sent[-1].slideshow.disable_fallback is valid


def test_a_refusal_in_json_has_only_the_documented_fields(sandbox):
    # Sinch MMS reference, 2.2: status, error-code and error-info.
    response = exchange(sandbox.url, request("POST", JSON, member(), "X-Api-Key: another"))
    assert fields(response).keys() == {"status", "errorcode", "errorinfo"}


HOSTILE_QUERY = {
    "nothing": "",
    "a thousand parameters": query() + "".join(f"&a{at}=" for at in range(1_000)),
    "a thousand slides": query() + "".join(f"&slide_text_value_{at}=x" for at in range(1, 900)),
    "a slide far away": query(slide_text_value_99999999999999999999="x"),
    "a slide before the first": query(**{"slide_text_value_-1": "x", "slide_text_value_0": ""}),
    "sixty kilobytes of digits": query(to="1" * 60_000),
    "two numbers": query() + "&to=15550000666",
    "two numbers, one in another case": query() + "&TO=15550000666",
    "bytes that are no UTF-8": query() + "&to=%ff",
    "bytes that are no ASCII": query(to="").replace("to=", "to=\u00e9"),
    "a NUL": query(to="1555%001234"),
    "half an escape": query() + "&subject=%e",
    "a document": document().decode().replace(" ", "+"),
}


@pytest.mark.parametrize("attack", HOSTILE_QUERY)
def test_a_hostile_query_is_refused(attack, sandbox):
    before = len(sandbox.sent)
    response = exchange(sandbox.url, request("GET", f"{SKYCORE}?{HOSTILE_QUERY[attack]}"))
    assert len(sandbox.sent) == before
    assert (status(response), fields(response)["status"]) == (200, "Failure")
    assert len(response) < len(HOSTILE_QUERY[attack]) + 2_000


# ------------------------------------------------------------------------------------------------ hostile HTTP

#: Bytes that are not a valid HTTP request, each with the status of the response.
HOSTILE_HTTP = {
    "words": (b"hello\r\n\r\n", {400}),
    "blanks": (b" " * 70_000 + b"\r\n\r\n", {414}),
    "TLS": (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(500) + b"\n", {400}),
    "a long address": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", {414}),
    "a million bytes without a line": (b"A" * 1_000_000, {414}),
    "HTTP of another kind": (b"GET / HTTP/9.9\r\n\r\n", {505}),
    "HTTP of no kind": (b"GET / FTP/1.1\r\n\r\n", {400}),
    "a method that is none": (b"MAKE /tea HTTP/1.1\r\n\r\n", {501}),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}),
    "1,000 headers": (request("POST", SKYCORE, document(), *(f"X-{at}: 1" for at in range(1_000))), {431}),
    "a header of 100 kB": (request("POST", SKYCORE, document(), "X: " + "x" * 100_000), {431}),
    "a length of 5,000 digits": (request("POST", SKYCORE).replace(b": 0\r", b": " + b"9" * 5_000 + b"\r"), {413}),
    "a length in another script": (request("POST", SKYCORE).replace(b": 0\r", ": ٣\r".encode()), {400}),
    "malformed chunks": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n0\r\n\r\n", {400}),
    "10 MB in chunks": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n989680\r\n" + b"x" * 10_000_000, {413}),
    "10 MB": (request("POST", SKYCORE, b"x" * 10_000_000), {413}),
    "10 MB that are never sent": (request("POST", SKYCORE).replace(b": 0\r", b": 10000000\r"), {413}),
}


@pytest.mark.parametrize("attack", HOSTILE_HTTP)
def test_invalid_http_is_refused_with_a_status(attack, sandbox):
    sent, statuses = HOSTILE_HTTP[attack]
    response = exchange(sandbox.url, sent)
    assert response, "no response"
    assert status(response) in statuses
    assert accepts_requests(sandbox)


def test_bytes_after_a_refused_request_are_not_read_as_a_request(sandbox):
    before = len(sandbox.requests)
    exchange(sandbox.url, request("POST", SKYCORE).replace(b": 0\r", b": 10000000\r").replace(b"close", b"keep-alive") + HIDDEN)
    exchange(sandbox.url, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + HIDDEN)
    assert len(sandbox.requests) == before


def test_the_body_of_a_get_is_not_read_as_a_request(sandbox):
    before = len(sandbox.requests)
    response = exchange(sandbox.url, f"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(HIDDEN)}\r\n\r\n".encode() + HIDDEN)
    assert (status(response), len(sandbox.requests)) == (200, before)


HIDDEN = request("POST", SKYCORE, document())


class TestRandomBytes:
    @given(st.binary(max_size=2_000))
    def test_random_bytes_as_a_request_do_no_harm(self, sandbox, junk):
        exchange(sandbox.url, junk + b"\r\n\r\n")
        assert accepts_requests(sandbox)

    @given(st.sampled_from([SKYCORE, SINCH, JSON]), st.binary(max_size=2_000))
    def test_random_bytes_as_a_body_are_refused(self, sandbox, path, junk):
        response = exchange(sandbox.url, request("POST", path, junk, "X-Api-Key: sandbox-key"))
        assert (status(response), fields(response)["status"].lower()) == (200, "failure")

    @given(st.sampled_from([document(), member()]), st.data())
    def test_a_randomly_changed_request_gets_a_response(self, sandbox, right, data):
        at = data.draw(st.integers(0, len(right)))
        body = right[:at] + data.draw(st.binary(max_size=4)) + right[at + data.draw(st.integers(0, 4)) :]
        path = SKYCORE if right.startswith(b"<") else JSON
        response = exchange(sandbox.url, request("POST", path, body, "X-Api-Key: sandbox-key"))
        assert (status(response), fields(response)["status"].lower() in {"success", "failure"}) == (200, True)


# ------------------------------------------------------------------------------------------------ slow senders


@pytest.fixture
def short_timeout_listener() -> Iterator[Listener]:
    listening = Listener(lambda incoming: ServerResponse(200, str(len(incoming.body)).encode()), timeout=0.3)
    yield listening
    listening.close()


SLOW = {
    "nothing at all": b"",
    "half a line": b"GET / HT",
    "half a head": b"POST / HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nhalf",
}


@pytest.mark.parametrize("drips", [False, True], ids=["and stops", "and drips"])
@pytest.mark.parametrize("begins", SLOW)
def test_the_connection_of_a_slow_sender_is_closed(begins, drips, short_timeout_listener):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", urlsplit(short_timeout_listener.url).port), timeout=5) as raw:
        raw.sendall(SLOW[begins])
        raw.settimeout(0.05 if drips else 5)
        gone = False
        while not gone and time.monotonic() - began < 15:
            with contextlib.suppress(TimeoutError):
                try:
                    gone = raw.recv(100) == b""
                    break
                except ConnectionError:
                    gone = True
                    break
            with contextlib.suppress(OSError):
                raw.sendall(b"x")
    assert gone


def test_the_timeout_starts_again_for_each_request_of_a_connection(short_timeout_listener):
    with socket.create_connection(("127.0.0.1", urlsplit(short_timeout_listener.url).port), timeout=5) as raw:
        began = time.monotonic()
        while time.monotonic() - began < 0.7:
            raw.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
            assert raw.recv(1000).endswith(b"2")
            threading.Event().wait(0.1)


def test_slow_senders_do_not_delay_others(sandbox):
    with contextlib.ExitStack() as opened:
        for at in range(100):
            raw = opened.enter_context(socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port), timeout=5))
            raw.sendall(list(SLOW.values())[at % len(SLOW)])
        began = time.monotonic()
        assert accepts_requests(sandbox)
        assert time.monotonic() - began < 15


def test_the_connection_is_closed_if_the_response_is_not_read():
    threads: list[threading.Thread] = []

    def response(incoming: ServerRequest) -> ServerResponse:
        threads.append(threading.current_thread())
        return ServerResponse(200, bytes(50_000_000))

    listening = Listener(response, timeout=0.3)
    with socket.create_connection(("127.0.0.1", urlsplit(listening.url).port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.recv(10)
        threads[0].join(timeout=5)
        assert not threads[0].is_alive()
    listening.close()


# ------------------------------------------------------------------------------------------------ memory

CHILD = """
import resource, sys
from pathlib import Path
from skymms.sandbox import Sandbox

def peak_memory():
    response = Path("/proc/self/status")
    if response.exists():
        return next(int(line.split()[1]) for line in response.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)

with Sandbox() as sandbox:
    print(sandbox.url, flush=True)
    for line in sys.stdin:
        print(peak_memory(), flush=True)
"""


@contextlib.contextmanager
def child() -> Iterator[tuple[str, Callable[[], int]]]:
    """Run a sandbox in its own process: its URL, and a function that returns its peak memory in bytes."""
    with sandbox_process(CHILD) as (url, ask):
        yield url, lambda: int(ask()) * KB


def test_hostile_requests_do_not_grow_the_memory(scene):
    with child() as (url, peak_memory):
        exchange(url, request("POST", SKYCORE, document()))
        exchange(url, request("POST", JSON, member()))
        before = peak_memory()
        for make in REFUSED.values():
            exchange(url, request("POST", SKYCORE, make(document, scene)))
        for body in HOSTILE_JSON.values():
            exchange(url, request("POST", JSON, body, "X-Api-Key: sandbox-key"))
        for sent, _statuses in HOSTILE_HTTP.values():
            exchange(url, sent)
        assert peak_memory() - before < 100 * KB * KB


def test_a_byte_order_mark_before_a_bare_body_is_ignored(sandbox):
    response = fields(exchange(sandbox.url, request("POST", SKYCORE, b"\xef\xbb\xbf" + document())))
    assert (response["status"], response.get("to")) == ("Success", NUMBER)


@pytest.mark.parametrize(
    "sent",
    [
        request("POST", SKYCORE, document(to="1" * 60_000)),
        request("GET", f"{SKYCORE}?{query(to='1' * 60_000)}"),
        request("POST", JSON, member(to="1" * 60_000), "X-Api-Key: sandbox-key"),
    ],
    ids=["xml", "get", "json"],
)
def test_a_refusal_repeats_little_of_the_request(sent, sandbox):
    assert len(exchange(sandbox.url, sent)) < 2_000


def test_a_json_response_has_the_json_content_type(sandbox):
    head = exchange(sandbox.url, request("POST", JSON, member(), "X-Api-Key: sandbox-key")).partition(b"\r\n\r\n")[0]
    assert b"Content-Type: application/json" in head


def test_remembered_requests_are_limited_by_their_size():
    # 10,000 requests are remembered if they are short; 10,000 of this size would need 10 GB.
    sent = request("POST", SKYCORE, document(more=f"<SLIDE><TEXT>{'x' * 1_000_000}</TEXT></SLIDE>"))
    with child() as (url, peak_memory):
        exchange(url, sent)
        before = peak_memory()
        for _ in range(100):
            exchange(url, sent)
        assert peak_memory() - before < 50 * KB * KB
