"""The sandbox remembers a limited number of items of each kind, the newest ones, and counts all of them.

`make bench-sandbox` measures its memory over 100,000 sends.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest
from lxml import etree

from skymms import CreateCampaign, GetStatistics, SaveMMS, SendMMS, SendSMS, Slideshow
from skymms.sandbox import Sandbox
from skymms.sandbox.listener import ServerRequest

pytestmark = pytest.mark.compat

MAX_ITEMS = 20
MANY = 3 * MAX_ITEMS + 5
SHOW = Slideshow("hello", subject="Hi").slide("Hello!")
NUMBERS = [str(15551230000 + at) for at in range(MANY)]


@pytest.fixture
def sandbox(monkeypatch):
    """A sandbox that remembers only a few items."""
    for name in ("state.MAX_REMEMBERED", "events.MAX_ENTRIES"):
        monkeypatch.setattr(f"skymms.sandbox.{name}", MAX_ITEMS)
    with Sandbox() as running:
        yield running


def send_directly(sandbox: Sandbox, *operations) -> None:
    """Pass requests to the sandbox without a socket, because only what it remembers is tested."""
    account = sandbox.account()
    for operation in operations:
        request = account.encode(operation)
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert (
            sandbox._dispatcher.respond(ServerRequest("POST", urlsplit(request.url).path, "", headers, request.body)).status
            == 200
        )


def test_the_newest_requests_are_remembered_and_all_are_counted(sandbox):
    send_directly(sandbox, *(SendMMS(SHOW, to=number, sender="60856") for number in NUMBERS))
    assert [one.to for one in sandbox.sent] == NUMBERS[-MAX_ITEMS:]
    assert [one.operation.to for one in sandbox.requests] == NUMBERS[-MAX_ITEMS:]
    assert sandbox.counts == {"requests": MANY, "accepted": MANY, "refused": 0, "lost": 0}


def test_the_newest_slideshows_and_campaigns_are_remembered(sandbox):
    names = [f"show {at}" for at in range(MANY)]
    send_directly(sandbox, *(SaveMMS(SHOW.replace(name=name)) for name in names))
    assert [one.slideshow.name for one in sandbox.saved] == names[-MAX_ITEMS:]
    send_directly(sandbox, *(CreateCampaign(campaign_name=name, brand_name="b") for name in names))
    assert [one.name for one in sandbox.campaigns] == names[-MAX_ITEMS:]


def test_the_feed_has_the_newest_events(sandbox):
    send_directly(sandbox, *(SendMMS(SHOW, to=number, sender="60856") for number in NUMBERS))
    sandbox.clock.advance(minutes=1)
    news = sandbox._dispatcher.events.after(0, 0)
    assert [entry["n"] for entry in news["entries"]] == list(range(3 * MANY - MAX_ITEMS + 1, 3 * MANY + 1))
    assert news["upto"] == 3 * MANY  # the request, sent, delivered
    assert news["counts"]["requests"] == MANY


def test_the_feed_has_the_text_of_an_sms(sandbox):
    send_directly(sandbox, SendSMS(to="15551230001", sender="60856", text="See you at 5"))
    (entry,) = (entry for entry in sandbox._dispatcher.events.after(0, 0)["entries"] if entry["what"] == "request")
    assert [slide["text"] for slide in entry["message"]["slides"]] == ["See you at 5"]


def test_statistics_have_the_newest_messages_and_old_files_are_removed(sandbox):
    send_directly(sandbox, *(SendSMS(to=number, sender="60856", text="Hi") for number in NUMBERS))
    now = datetime.now(UTC)
    span = GetStatistics(now - timedelta(hours=1), now + timedelta(hours=1))
    send_directly(sandbox, *[span] * MANY)
    first, last = (sandbox.requests[at].reply.link for at in (0, -1))
    send_directly(sandbox, span)
    opener = build_opener(ProxyHandler({}))
    with opener.open(last, timeout=10) as report:
        listed = etree.fromstring(report.read())[0]
    assert [node.get("to") for node in listed] == NUMBERS[-MAX_ITEMS:]
    with pytest.raises(HTTPError, match="404") as gone:
        opener.open(first, timeout=10)
    gone.value.close()


def test_a_reset_of_the_sandbox_removes_events_and_sessions(sandbox):
    send_directly(sandbox, *(SendMMS(SHOW, to=number, sender="60856") for number in NUMBERS))
    sandbox.reset()
    assert (sandbox.sent, sandbox.requests, sandbox.counts["requests"]) == ([], [], 0)
    sandbox.clock.advance(hours=1)
    assert sandbox._dispatcher.events.after(0, 0)["entries"] == []
