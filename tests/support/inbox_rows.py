"""What tests of the inbox put into its store, and read from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from skymms import DeliveryReport, InboundSMS, Notice, from_dict
from skymms.inbox.storing import Post, Stored, open_inbox, store
from skymms.storage.contract import Row, Store, same

NUMBER = "15551230001"


def report(tracking_id: str | None = "MMS_1", code: str = "N101", **fields: Any) -> DeliveryReport:
    """Return a delivery report."""
    return DeliveryReport(code, origin="MMS_MT", tracking_id=tracking_id, **{"to": NUMBER, **fields})


def sms(text: str = "Hi", **fields: Any) -> InboundSMS:
    """Return an inbound SMS."""
    return InboundSMS("N211", origin="SMS_MO", text=text, **{"sender": NUMBER, "to": "60856", **fields})


def post(*notices: Notice, body: bytes = b"<POSTBACK/>", at: float = 1000.0, problem: str | None = None) -> Post:
    """Return a post with some notices."""
    return Post(body, "text/xml", at, notices, problem)


def put(inbox: Store, *posts: Post) -> list[Stored]:
    """Store posts in one transaction."""
    with inbox.transaction() as transaction:
        return store(transaction, posts)


def receive(inbox: Store, notices: Iterable[Notice]) -> None:
    """Store notices, each in a post of its own."""
    put(inbox, *(post(notice) for notice in notices))


def rows(inbox: Store, sql: str) -> list[Row]:
    """Return the rows of a query."""
    with inbox.reading() as transaction:
        return transaction.rows(same(sql))


def change(inbox: Store, sql: str) -> None:
    """Run a statement."""
    with inbox.transaction() as transaction:
        transaction.run(same(sql))


def notices(inbox: Store) -> list[Notice]:
    """Return all notices."""
    return [from_dict(json.loads(text)) for (text,) in rows(inbox, "SELECT notice FROM skymms_notice ORDER BY id")]


def states(inbox: Store) -> dict[tuple[int, str], str]:
    """Return the state of each notice for each handler."""
    return {(notice, name): state for notice, name, state in rows(inbox, "SELECT notice, handler, state FROM skymms_handling")}


@pytest.fixture
def inbox_store(ledger_where: str) -> Iterator[Store]:
    """The store of an inbox: each test runs with both kinds."""
    opened = open_inbox(ledger_where)
    yield opened
    opened.close()
