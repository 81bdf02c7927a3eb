"""The sandbox posts into an inbox: in the same process, and over HTTP with the secret address."""

from __future__ import annotations

import pytest
from inbox_posts import tracking_ids
from inbox_server import CANARY

from skymms import Client, ConfigurationError, DeliveryReport, InboundSMS, MessageState, SendMMS, Slideshow
from skymms.cellcast import read_cellcast_webhook
from skymms.inbox import Inbox, Secret
from skymms.sandbox import AT_ONCE, Sandbox

HELLO = SendMMS(Slideshow("hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856")


@pytest.fixture
def inbox(sqlite_where):
    # The handlers are called by work(until_idle=True), and by no thread of the inbox.
    with Inbox(sqlite_where, secret=Secret(CANARY), work=False) as inbox:
        yield inbox


def test_an_inbox_of_the_same_process_gets_the_reports_of_a_message(inbox):
    called = []

    @inbox.on(DeliveryReport)
    def told(report, message):
        called.append((report.code, message.state, message.reference))

    with Sandbox(postbacks_to=inbox, delays=AT_ONCE) as sandbox, Client(sandbox.account()) as client:
        sent = client.call(HELLO)
        inbox.sent(sent, reference="order 17")
        sandbox.clock.advance(seconds=1)
        inbox.work(until_idle=True)
    assert called[-1] == ("N102", MessageState.DELIVERED, "order 17")
    assert inbox.message(sent.tracking_id).state is MessageState.DELIVERED
    assert [one.notice.code for one in inbox.notices()] == ["N101", "N102"]


@pytest.mark.parametrize("arranged", [{"twice": True}, {"disorder": True}, {"batch": True}, {"dialect": "sinch-json"}])
def test_repeated_reordered_and_batched_postbacks_lead_to_the_same_state(inbox, arranged):
    with Sandbox(postbacks_to=inbox) as sandbox, Client(sandbox.account()) as client:
        sandbox.postbacks(**arranged)
        sent = client.call(HELLO)
        sandbox.clock.advance(minutes=5)
    assert inbox.message(sent.tracking_id).state is MessageState.DELIVERED
    assert len(list(inbox.notices())) == 2


def test_inbound_messages_and_cellcasts_webhooks_arrive_too(sqlite_where):
    with (
        Inbox(sqlite_where, secret=Secret.generate(), read=read_cellcast_webhook) as inbox,
        Sandbox(postbacks_to=inbox) as sandbox,
    ):
        sandbox.receive_sms("+61491570156", "60856", "yes", dialect="cellcast-v1")
        sandbox.clock.advance(seconds=1)
        (received,) = inbox.notices()
    assert isinstance(received.notice, InboundSMS)
    assert received.notice.text == "yes"


def test_a_post_that_was_not_stored_is_posted_again(inbox, monkeypatch):
    lines = []
    with Sandbox(postbacks_to=inbox, on_event=lines.append) as sandbox, Client(sandbox.account()) as client:
        with monkeypatch.context() as broken:
            # As if the writer refused: too many posts wait.
            broken.setattr("skymms.inbox.writer.MAX_WAITING", 0)
            sent = client.call(HELLO)
            sandbox.clock.advance(minutes=1)
        assert list(inbox.notices()) == []
        sandbox.clock.advance(minutes=5)
    assert inbox.message(sent.tracking_id).state is MessageState.DELIVERED
    assert any("answered 503" in line for line in lines)


def test_the_sandbox_posts_to_the_secret_address_over_http_and_prints_no_secret(serve, sqlite_where):
    server = serve("uvicorn", "plain_asgi", sqlite_where)
    lines = []
    url = f"http://127.0.0.1:{server.port}{server.path}"
    with Sandbox(postback_url=url, on_event=lines.append) as sandbox, Client(sandbox.account()) as client:
        sent = client.call(HELLO)
        sandbox.clock.advance(minutes=1)
        assert CANARY not in repr(sandbox)
    server.end()
    assert tracking_ids(sqlite_where) == [sent.tracking_id, sent.tracking_id]
    assert any("answered 200" in line for line in lines)
    assert CANARY not in "".join(lines) + server.log


def test_a_sandbox_posts_to_one_place(inbox):
    with pytest.raises(ConfigurationError, match="not both"):
        Sandbox(postback_url="http://127.0.0.1:1/", postbacks_to=inbox)
    with pytest.raises(ConfigurationError) as raised:
        Sandbox(postback_url=f"htp://example.com/{CANARY}")
    assert CANARY not in str(raised.value)
