"""What the sandbox promises about its limits.

What it keeps is bounded in bytes, the length of a request is clear, bad arrangements are refused with 400, nothing is readable
under a foreign host name, and it waits when the process has no files left.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from raw_requests import JSON, SINCH, SKYCORE, document, exchange, member, query, request, status
from sandbox_process import sandbox_process

from skymms import (
    ConfigurationError,
    CreateCampaign,
    GetStatistics,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SendSMS,
    Slide,
    Slideshow,
    Subscribe,
    Unsubscribe,
)
from skymms.sandbox import Sandbox
from skymms.sandbox.listener import MAX_BODY, ServerRequest
from skymms.sandbox.state import content_size


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


# ------------------------------------------------------------------------------------------------ the length of a request

BODY = document()
LENGTH = f"Content-Length: {len(BODY)}"


def framed(*headers: str, method: str = "POST", body: bytes = BODY) -> bytes:
    lines = "".join(f"{header}\r\n" for header in ("Host: localhost", "Content-Type: text/xml", *headers))
    return f"{method} {SKYCORE} HTTP/1.1\r\n{lines}\r\n".encode() + body


UNCLEAR = {
    "a plus": ["Content-Length: +5"],
    "a minus": ["Content-Length: -5"],
    "an underscore": ["Content-Length: 5_0"],
    "a fraction": ["Content-Length: 5.0"],
    "hexadecimal digits": ["Content-Length: 0x5"],
    "blanks inside": ["Content-Length: 5 0"],
    "nothing": ["Content-Length: "],
    "a comma": [f"{LENGTH},"],
    "digits of another script": ["Content-Length: ٣"],
    "two lengths": [LENGTH, "Content-Length: 5"],
    "two lengths in one header": [f"{LENGTH}, 5"],
    "two lengths, one with zeros": [LENGTH, "Content-Length: 0"],
    "a length and chunks": [LENGTH, "Transfer-Encoding: chunked"],
    "chunks and a length": ["Transfer-Encoding: chunked", LENGTH],
    "a length and another encoding": [LENGTH, "Transfer-Encoding: identity"],
}


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("headers", UNCLEAR.values(), ids=UNCLEAR)
def test_an_unclear_length_is_400_and_nothing_after_it_is_read(headers, method, sandbox):
    before = len(sandbox.requests)
    hidden = framed(LENGTH, "Connection: close")
    response = exchange(sandbox.url, framed(*headers, method=method, body=BODY + hidden))
    assert (status(response), response.count(b"HTTP/1.1 "), len(sandbox.requests)) == (400, 1, before)


@pytest.mark.parametrize(
    "length",
    ["000000000000400000000", "9" * 20, "9" * 5000, "0" * 5000 + "9" * 13, str(MAX_BODY + 1), f"{'0' * 30}{MAX_BODY + 1}"],
)
def test_a_length_beyond_the_limit_is_413_however_it_is_written(length, sandbox):
    assert status(exchange(sandbox.url, framed(f"Content-Length: {length}"))) == 413


@pytest.mark.parametrize(
    "headers", [[LENGTH], [f"Content-Length: 000{len(BODY)}"], [LENGTH, LENGTH], [f"{LENGTH}, {len(BODY)}"]]
)
def test_a_clear_length_is_accepted(headers, sandbox):
    response = exchange(sandbox.url, framed(*headers, "Connection: close"))
    assert (status(response), b"Success" in response) == (200, True)


# ------------------------------------------------------------------------------------------------ arrangements

METHODS = (
    "fail",
    "throttle",
    "block",
    "unblock",
    "outcome",
    "spoil",
    "postbacks",
    "credits",
    "receive_mms",
    "receive_sms",
    "advance",
)
#: Values that are wrong for every argument, and some that are right for a few.
VALUES = [
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**40,
        -(10**40),
        1e308,
        "",
        " ",
        "E106",
        "stall",
        "\ud800",
        "\0",
        "1" * 5000,
        "http://[",
        "x" * 100_000,
    ),
    *(
        [],
        [1],
        [""],
        ["\ud800"],
        ["15551234888"],
        {},
        {"a": 1},
        [[]],
        "15551234888",
        "skycore",
        "cellcast-v1",
        "http://a.example/b",
    ),
]
ARGUMENTS = {
    "fail": {"how": "stall"},
    "throttle": {"calls": 10**9},
    "block": {"numbers": ["15551234888"]},
    "unblock": {"numbers": ["15551234888"]},
    "outcome": {"code": "N102"},
    "spoil": {"url": "http://a.example/b"},
    "credits": {"left": 5},
    "receive_mms": {"sender": "15551234888", "to": "60856", "files": []},
    "receive_sms": {"sender": "15551234888", "to": "60856", "text": "Hi"},
}
NAMES = (
    *(
        "how",
        "times",
        "every",
        "to",
        "seconds",
        "calls",
        "code",
        "numbers",
        "status",
        "url",
        "dialect",
        "twice",
        "left",
        "sender",
    ),
    *("files", "text", "subject", "minutes", "hours"),
)


@pytest.fixture
def arranged() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def post(sandbox: Sandbox, method: str, body: bytes) -> int:
    headers = {"host": "localhost", "content-type": "application/json"}
    return sandbox._dispatcher.respond(ServerRequest("POST", f"/sandbox/{method}", "", headers, body)).status


@pytest.mark.parametrize("method", METHODS)
def test_bad_arguments_are_400_and_never_a_traceback(method, arranged):
    answers = set()
    for name in NAMES:
        for value in VALUES:
            document = {**ARGUMENTS.get(method, {}), name: value}
            answers.add(post(arranged, method, json.dumps(document).encode()))
    assert answers <= {200, 400}
    assert 400 in answers
    arranged.clock.advance(hours=1)


@pytest.mark.parametrize(
    "body",
    [b"1", b"null", b'"', b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b'{"seconds":1e999}', b'{"seconds":NaN}', b"\xff"],
)
def test_bad_json_is_400(body, arranged):
    assert post(arranged, "advance", body) == 400


@pytest.mark.parametrize(
    "arrange",
    [
        lambda sandbox: sandbox.clock.advance(seconds=10**400),
        lambda sandbox: sandbox.clock.advance(seconds=float("nan")),
        lambda sandbox: sandbox.spoil("http://" + "a" * 20_000),
        lambda sandbox: sandbox.outcome("N102", status="a" * 2_000),
        lambda sandbox: sandbox.block("1" * 200),
    ],
)
def test_bad_arguments_from_python_are_configuration_errors(arrange, arranged):
    with pytest.raises(ConfigurationError):
        arrange(arranged)


@pytest.mark.parametrize(
    "arrange",
    [
        lambda sandbox, at: sandbox.fail("drop", every=at + 1),
        lambda sandbox, at: sandbox.throttle(at + 1),
        lambda sandbox, at: sandbox.block(str(15551230000 + at)),
        lambda sandbox, at: sandbox.outcome("N102", to=str(15551230000 + at)),
        lambda sandbox, at: sandbox.spoil(f"http://a.example/{at}"),
    ],
    ids=["fail", "throttle", "block", "outcome", "spoil"],
)
def test_too_many_arrangements_are_refused_and_none_is_dropped(arrange, arranged, monkeypatch):
    monkeypatch.setattr("skymms.sandbox.state.MAX_REMEMBERED", 20)
    for at in range(20):
        arrange(arranged, at)
    with pytest.raises(ConfigurationError, match=r"more than 20 .* reset\(\)"):
        arrange(arranged, 20)
    arranged.reset()
    arrange(arranged, 20)


# ------------------------------------------------------------------------------------------------ what is kept

LIMIT = 200_000
LONG = "x" * 4_900
NUMBERS = [str(15551230000 + at) for at in range(300)]


@pytest.fixture
def small(monkeypatch) -> Iterator[Sandbox]:
    """A sandbox that keeps 200 kB of each kind."""
    monkeypatch.setattr("skymms.sandbox.state.MAX_REMEMBERED_BYTES", LIMIT)
    with Sandbox() as running:
        yield running


def send(sandbox: Sandbox, *operations) -> None:
    account = sandbox.account()
    for operation in operations:
        encoded = account.encode(operation)
        headers = {name.lower(): value for name, value in encoded.headers.items()}
        path = urlsplit(encoded.url).path
        assert b"<STATUS>Success" in sandbox._dispatcher.respond(ServerRequest("POST", path, "", headers, encoded.body)).body


def test_saved_messages_count_in_bytes(small):
    send(small, *(SaveMMS(Slideshow(f"show {at}", subject="Hi", slides=(Slide(LONG), Slide(LONG)))) for at in range(100)))
    assert 5 < len(small.saved) < 25
    assert small.saved[-1].slideshow.name == "show 99"
    assert sum(map(content_size, (one.slideshow for one in small.saved))) <= LIMIT


def test_statistics_files_and_their_messages_count_in_bytes(small):
    send(small, *(SendSMS(to=number, sender="60856", text=LONG[:160] + number) for number in NUMBERS * 5))
    now = datetime.now(UTC)
    send(small, *[GetStatistics(now - timedelta(hours=1), now + timedelta(hours=1))] * 20)
    state = small._state
    assert sum(len(entry.attributes["body"]) for entry in state.statistics) < LIMIT
    assert sum(len(content) for _, content in state.files.values()) <= max(LIMIT, len([*state.files.values()][-1][1]))


def test_campaigns_and_their_numbers_count_in_bytes(small):
    send(small, *(CreateCampaign(campaign_name=f"{at} {LONG}", brand_name="b") for at in range(100)))
    assert 10 < len(small.campaigns) < 50
    newest = small.campaigns[-1]
    for campaign in small.campaigns:
        send(small, *(Subscribe(campaign=campaign.campaign_id, mobile=number, subscriber_ref=LONG) for number in NUMBERS[:20]))
    assert sum(len(one.numbers) for one in small.campaigns) * len(LONG) < LIMIT
    # The newest are kept, and can be removed.
    assert list(newest.numbers) == NUMBERS[:20]
    send(small, Unsubscribe(campaign=newest.campaign_id, mobile=NUMBERS[0]))
    assert list(newest.numbers) == NUMBERS[1:20]


def test_the_numbers_of_a_forgotten_campaign_are_forgotten(small):
    send(small, CreateCampaign(campaign_name="old", brand_name="b"))
    (old,) = small.campaigns
    send(small, Subscribe(campaign=old.campaign_id, mobile=NUMBERS[0]))
    send(small, *(CreateCampaign(campaign_name=f"{at} {LONG}", brand_name="b") for at in range(100)))
    newest = small.campaigns[-1]
    send(small, *(Subscribe(campaign=newest.campaign_id, mobile=number, subscriber_ref=LONG) for number in NUMBERS[:100]))
    assert len(small._state.subscriptions) < 100


def test_events_count_what_they_show(small):
    for at in range(100):
        send(small, SaveMMS(Slideshow(f"show {at}", subject="Hi", fallback_text="Hi", slides=(Slide(LONG),))))
        send(small, SendSavedMMS(small.saved[-1].mms_id, to=NUMBERS[at], sender="60856"))
        small.receive_sms(NUMBERS[at], "60856", LONG)
    small.clock.advance(hours=1)
    assert len(json.dumps(small._dispatcher.events.after(0, 0))) < 3 * LIMIT


def test_texts_of_received_messages_count_in_bytes(small):
    for number in NUMBERS:
        small.receive_mms(number, "60856", text=LONG)
    assert sum(len(content) for _, content in small._state.files.values()) <= LIMIT


# ------------------------------------------------------------------------------------------------ host names

#: Under a name that anybody can register, a web page could read the sandbox as its own origin.
FOREIGN = [
    "evil.example",
    "evil.example:8025",
    "EVIL.EXAMPLE",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "a_b.evil.com",
    "",
    ".",
]
OWN = [
    "localhost",
    "localhost:8025",
    "127.0.0.1",
    "[::1]:80",
    "192.168.1.5:8025",
    "sandbox",
    "sandbox:8025",
    "mms.internal",
    "mms.test",
]
READABLE = {
    "the page": "/",
    "about": "/",
    "the feed": "/sandbox/feed",
    "the icon": "/favicon.ico",
    "no address": "/nowhere",
    "a request": f"{SKYCORE}?{query()}",
    "Cellcast": "/api/v1/gateway/account",
}


@pytest.mark.parametrize("host", FOREIGN)
def test_nothing_is_readable_and_nothing_is_sent_under_a_foreign_host(host, sandbox):
    sandbox.receive_mms("15551234888", "60856", text="a secret")
    (path,) = list(sandbox._state.files)[-1:]
    before = len(sandbox.requests)
    sent = [
        *(
            f"GET {one} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n".encode()
            for one in READABLE.values()
        ),
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(),
        *(request("POST", one, document()).replace(b"Host: x", f"Host: {host}".encode()) for one in (SKYCORE, SINCH)),
        request("POST", JSON, member(), "X-Api-Key: sandbox-key").replace(b"Host: x", f"Host: {host}".encode()),
        request("POST", "/sandbox/reset", b"{}", "Content-Type: application/json").replace(
            b"Host: x", f"Host: {host}".encode()
        ),
    ]
    for one in sent:
        response = exchange(sandbox.url, one)
        assert (status(response), b"not allowed" in response) == (403, True)
        assert len(response) < 400
    assert len(sandbox.requests) == before


@pytest.mark.parametrize("host", OWN)
def test_requests_and_files_are_served_under_own_and_private_names(host, sandbox):
    sandbox.receive_mms("15551234888", "60856", text="a secret")
    (path,) = list(sandbox._state.files)[-1:]
    response = exchange(sandbox.url, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert (status(response), response.endswith(b"a secret")) == (200, True)
    response = exchange(sandbox.url, request("POST", SKYCORE, document()).replace(b"Host: x", f"Host: {host}".encode()))
    assert b"Success" in response


def test_requests_under_the_vendors_names_and_without_a_host_are_accepted(sandbox):
    for head in (b"Host: secure.skycore.com\r\n", b""):
        response = exchange(sandbox.url, request("POST", SKYCORE, document()).replace(b"Host: x\r\n", head))
        assert b"Success" in response


# ------------------------------------------------------------------------------------------------ no files left

CHILD = """
import resource, sys, time
from skymms.sandbox import Sandbox
with Sandbox() as sandbox:
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(sandbox.url, flush=True)
    for line in sys.stdin:
        print(time.process_time(), flush=True)
"""


def test_a_sandbox_without_files_left_waits_and_recovers():
    with sandbox_process(CHILD) as (url, cpu_time):
        with contextlib.ExitStack() as opened:
            for _ in range(60):
                opened.enter_context(socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=5))
            # The head of the queue is refused again and again for a second of waiting.
            began = float(cpu_time())
            with opened.enter_context(socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=5)) as last:
                last.settimeout(1)
                with contextlib.suppress(TimeoutError):
                    last.recv(1)
            assert float(cpu_time()) - began < 0.5
        response = exchange(url, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert status(response) == 200


def test_sending_still_works_in_a_small_sandbox(small):
    send(small, *(SendMMS(Slideshow("a", subject="a", slides=(Slide(LONG),)), to=number, sender="60856") for number in NUMBERS))
    assert 5 < len(small.sent) < 100
