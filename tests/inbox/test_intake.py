"""The answers to requests, and what is stored of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inbox_posts import posts_of, tracking_ids
from inbox_server import CANARY, basic, report

from skymms import ConfigurationError, DeliveryReport, InboundMMS, read_postbacks
from skymms.cellcast import read_cellcast_webhook
from skymms.inbox import Inbox, Secret
from skymms.inbox.intake import Answer, Request
from skymms.inbox.storing import open_inbox
from skymms.storage.contract import Store


@pytest.fixture
def opened(sqlite_where: str) -> Iterator[Store]:
    store = open_inbox(sqlite_where)
    yield store
    store.close()


def ask(inbox: Inbox, method: str = "POST", path: str = f"/mms/{CANARY}", body: bytes = b"", **more: Any) -> int:
    """Ask as a server does, and return the status."""
    headers = {"content-length": str(len(body)), **more.pop("headers", {})}
    request = Request(method, path, more.pop("query", ""), headers, more.pop("peer", "192.0.2.1"))
    refused = inbox.receiver.intake.refuse(request)
    answer = refused or inbox.receiver.answer(request, body, inbox.receiver.deadline())
    assert isinstance(answer, Answer)
    return answer.status


#: A name, how the request differs from a good one, and the status. Only 200 to a POST stores anything.
ANSWERS: list[tuple[str, dict[str, Any], int]] = [
    ("a report", {}, 200),
    ("below any path", {"path": f"/a/b/c/{CANARY}"}, 200),
    ("with a slash at the end", {"path": f"/mms/{CANARY}/"}, 200),
    ("alone in the path", {"path": f"/{CANARY}"}, 200),
    ("with a query", {"query": "a=b"}, 200),
    ("no secret", {"path": "/mms"}, 404),
    ("an empty path", {"path": ""}, 404),
    ("a wrong secret", {"path": "/mms/" + CANARY[:-1]}, 404),
    ("the secret in another place", {"path": f"/{CANARY}/mms"}, 404),
    ("the secret in the query", {"path": "/mms", "query": CANARY}, 404),
    (
        "a wrong secret, from a wrong network, without a password",
        {"path": "/mms/x", "peer": "198.51.100.7", "headers": {}},
        404,
    ),
    ("a wrong network", {"peer": "198.51.100.7"}, 403),
    ("a forged network", {"peer": "198.51.100.7", "headers": {"x-forwarded-for": "192.0.2.1"}}, 403),
    ("no password", {"headers": {"authorization": ""}}, 401),
    ("a wrong password", {"headers": {"authorization": basic("gateway", "wrong")}}, 401),
    ("the former password", {"headers": {"authorization": basic("gateway", "former")}}, 200),
    ("a check whether it is there", {"method": "GET", "body": b""}, 200),
    ("a check without an answer", {"method": "HEAD", "body": b""}, 200),
    ("a check without the secret", {"method": "GET", "body": b"", "path": "/mms"}, 404),
    ("an event in a query", {"method": "GET", "body": b"", "query": "xml=%3CPOSTBACK%2F%3E"}, 405),
    ("an event in the body of a GET", {"method": "GET"}, 405),
    ("another method", {"method": "PUT"}, 405),
    ("too long, as it says", {"headers": {"content-length": "5001"}}, 413),
    ("too long, with a length beyond numbers", {"headers": {"content-length": "9" * 6000}}, 413),
    ("too long, and does not say so", {"body": b" " * 5001, "headers": {"content-length": ""}}, 413),
    ("shorter than it says", {"headers": {"content-length": "4000"}}, 400),
    ("with two lengths", {"headers": {"content-length": "5, 6"}}, 400),
    ("chunked, and read by other code", {"body": b"", "headers": {"content-length": "", "transfer-encoding": "chunked"}}, 400),
]


@pytest.mark.parametrize(("changes", "status"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
def test_each_request_has_its_answer(opened: Store, sqlite_where: str, changes: dict[str, Any], status: int) -> None:
    pairs = [("gateway", "password"), ("gateway", "former")]
    with Inbox(opened, secret=Secret(CANARY), basic=pairs, networks=["192.0.2.0/24"], max_body=5000) as inbox:
        headers = {"authorization": basic("gateway", "password"), **changes.get("headers", {})}
        request = {"body": report(), **changes, "headers": headers}
        assert ask(inbox, **request) == status
        stores = status == 200 and request.get("method", "POST") == "POST"
        assert tracking_ids(sqlite_where) == (["MMS_1"] if stores else [])


BATCH = (
    b"<POSTBACK>"
    + b"".join(
        b"<NOTIFICATION><ORIGIN>MMS_MT</ORIGIN><CODE>N101</CODE><BODY><TO>15551234888</TO><TRACKINGID>MMS_%d</TRACKINGID></BODY>"
        b"</NOTIFICATION>" % n
        for n in range(300)
    )
    + b"</POSTBACK>"
)
#: A body that is stored in quarantine, its headers, and a part of the reason.
UNREADABLE = [
    (b"", {}, "the body is empty"),
    (b"not a postback", {}, "neither XML nor JSON"),
    (b"<POSTBACK>", {}, "not a postback"),
    (b"\x00\xff\xfe", {}, "neither XML nor JSON"),
    (b'<!DOCTYPE x [<!ENTITY e "x">]><POSTBACK><CODE>&e;</CODE></POSTBACK>', {}, "DOCTYPE"),
    (b"<html></html>", {}, "the root is html"),
    (b"[]", {}, "without code and origin"),
    (b"[" * 100_000, {}, "not a postback"),
    (b"\x1f\x8b" + b"\0" * 1000, {"content-encoding": "gzip"}, "compressed (Content-Encoding gzip)"),
    (b"xml=" + b"%3Cx" * 1000, {"content-type": "application/x-www-form-urlencoded"}, "not a postback"),
]


@pytest.mark.parametrize(("body", "headers", "reason"), UNREADABLE, ids=[repr(body[:20]) for body, _, _ in UNREADABLE])
def test_an_unreadable_body_is_answered_200_and_kept_in_quarantine(
    opened: Store, sqlite_where: str, body: bytes, headers: dict[str, str], reason: str
) -> None:
    with Inbox(opened, secret=Secret(CANARY)) as inbox:
        assert ask(inbox, body=body, headers=headers) == 200
    ((kept, problem, ids),) = posts_of(sqlite_where)
    assert (kept, ids) == (body, [])
    assert problem is not None
    assert reason in problem


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=100).map(lambda data: b"<POSTBACK>" + data),
        st.just(b"{") | st.text().map(str.encode),
    )
)
def test_any_body_is_answered_200_and_kept_as_it_came(opened: Store, body: bytes) -> None:
    inbox = Inbox(opened, secret=Secret(CANARY))
    post = inbox.receiver.intake.read(body, {}, 1.0)
    assert post.body == body
    assert (post.problem is None) == bool(post.notices)
    assert ask(inbox, body=body) == 200
    inbox.close()


def test_a_batch_of_300_events_is_stored_whole(opened: Store, sqlite_where: str) -> None:
    with Inbox(opened, secret=Secret(CANARY)) as inbox:
        assert ask(inbox, body=BATCH) == 200
    assert tracking_ids(sqlite_where) == [f"MMS_{n}" for n in range(300)]


def test_a_hundred_thousand_wrong_secrets_store_nothing(opened: Store, sqlite_where: str) -> None:
    with Inbox(opened, secret=Secret(CANARY)) as inbox:
        before = Path(sqlite_where).read_bytes()
        refuse = inbox.receiver.intake.refuse
        answers = {refuse(Request("POST", f"/mms/{n:043}", "", {}, "192.0.2.1")) for n in range(100_000)}
        assert [answer and answer.status for answer in answers] == [404]
        assert Path(sqlite_where).read_bytes() == before
        assert ask(inbox, body=report()) == 200


def broken_reader(body: bytes) -> Any:
    raise MemoryError("of 15551234888")


@pytest.mark.parametrize(
    ("read", "problem"),
    [
        (broken_reader, "reading it raised MemoryError"),
        (lambda body: None, "reading it raised TypeError"),
        (lambda body: (), "there is no notice in it"),
        (lambda body, content_type: ["MMS_1"], "the function that reads posts returned a str, not a Notice"),
    ],
)
def test_a_reader_that_fails_loses_nothing(opened: Store, sqlite_where: str, caplog, read: Any, problem: str) -> None:
    with Inbox(opened, secret=Secret(CANARY), read=read) as inbox:
        assert ask(inbox, body=report()) == 200
    assert posts_of(sqlite_where) == [(report(), problem, [])]
    assert [record for record in caplog.records if record.levelno > 10 and "15551234888" in record.getMessage()] == []


def test_a_reader_may_take_the_content_type(opened: Store, sqlite_where: str) -> None:
    types: list[str | None] = []

    def read(body: bytes, content_type: str | None) -> Any:
        types.append(content_type)
        return read_postbacks(body, content_type)

    with Inbox(opened, secret=Secret(CANARY), read=read) as inbox:
        assert ask(inbox, body=report("MMS_1"), headers={"content-type": "text/xml"}) == 200
        assert ask(inbox, body=report("MMS_2")) == 200
    assert types == ["text/xml", None]


def test_webhooks_of_cellcast_are_read_with_its_own_function(opened: Store, sqlite_where: str) -> None:
    body = b'[{"type":"SMS_RESPONSE","from":"61491570156","body":"Yes","original_message_id":"A1","message_id":"B2"}]'
    notices = read_cellcast_webhook(body)
    with Inbox(opened, secret=Secret(CANARY), read=read_cellcast_webhook) as inbox:
        assert ask(inbox, body=body) == 200
    assert posts_of(sqlite_where) == [(body, None, [notice.tracking_id for notice in notices])]


def test_notices_are_those_of_read_postbacks(opened: Store) -> None:
    with Inbox(opened, secret=Secret(CANARY)) as inbox:
        post = inbox.receiver.intake.read(report(), {"content-type": "text/xml"}, 17.0)
    assert post[:3] == (report(), "text/xml", 17.0)
    assert [type(notice) for notice in post.notices] == [DeliveryReport]
    assert InboundMMS not in map(type, post.notices)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"read": "read_postbacks"}, "read: expected a function such as read_postbacks, got str"),
        ({"read": lambda: ()}, "read: expected a function that takes the body"),
        ({"max_body": 0}, "max_body: expected a number above 0, got 0"),
        ({"max_body": "1"}, "max_body: expected a number above 0, got '1'"),
        ({"answer_within": -1}, "answer_within: expected a number above 0, got -1"),
        ({"answer_within": True}, "answer_within: expected a number above 0, got True"),
        ({"basic": "gateway:password"}, "basic: expected pairs"),
        ({"proxies": "10.0.0.1"}, "proxies: expected a list"),
    ],
)
def test_a_wrong_argument_is_an_error_before_anything_is_opened(tmp_path: Path, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Inbox(tmp_path / "inbox.db", secret=Secret(CANARY), **options)
    assert list(tmp_path.iterdir()) == []


def test_an_open_store_is_used_and_left_open(opened: Store) -> None:
    with Inbox(opened, secret=Secret(CANARY)) as inbox:
        assert ask(inbox, body=report()) == 200
    with opened.reading():
        pass
