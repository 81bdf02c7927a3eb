"""What is known about a message: its state, its reports, the reply to sending and your reference, in any order."""

from __future__ import annotations

from itertools import permutations

import pytest
from inbox_rows import NUMBER, receive, report, sms

from skymms import (
    ConfigurationError,
    DeliveryReport,
    MMSList,
    SentMMS,
    SentSMS,
    SentToSubscriber,
    SubscriberResult,
    read_postbacks,
    state_of,
)
from skymms.cellcast import CellcastSent
from skymms.inbox import Handling
from skymms.storage.contract import Store

SENT = SentMMS("35674", "MMS_1", to=NUMBER, sender="60856")


@pytest.fixture
def inbox(inbox_store: Store) -> Handling:
    return Handling(inbox_store)


def test_nothing_is_known_about_an_id_that_never_came(inbox: Handling) -> None:
    message = inbox.message("MMS_1")
    assert (message.tracking_id, message.state, message.contradicted, message.reports) == ("MMS_1", None, False, ())
    assert (message.sent, message.reference) == (None, None)


def test_a_message_has_its_reports_and_what_was_sent_in_any_order(inbox: Handling, inbox_store: Store) -> None:
    delivered = report("MMS_1", "N102", status="Message Sent/Delivered")
    inbox.sent(SENT, reference="order 17")
    assert (inbox.message("MMS_1").state, inbox.message("MMS_1").reference) == ("accepted", "order 17")
    receive(inbox_store, [delivered, report("MMS_2"), report("MMS_1", "N101"), sms()])
    message = inbox.message("MMS_1")
    assert message.state == "delivered"
    assert message.reports == (delivered, report("MMS_1", "N101"))
    assert message.sent == SENT
    # The report of another message came before its reply.
    inbox.sent(SentSMS("MMS_2", to=NUMBER), reference=18)
    assert (inbox.message("MMS_2").state, inbox.message("MMS_2").reference) == ("sent", "18")


def test_the_reply_may_be_noted_again_with_another_reference_or_without(inbox: Handling) -> None:
    for reference, kept in (("first", "first"), (None, "first"), ("second", "second")):
        inbox.sent(SENT, reference=reference)
        assert inbox.message("MMS_1").reference == kept


def test_a_reply_to_many_numbers_is_one_message_for_each(inbox: Handling) -> None:
    inbox.sent(
        CellcastSent(queued={"+61491570156": "A1", "+61491570157": "A2"}, invalid={"+61491570158": "no"}), reference="spring"
    )
    first = inbox.message("A1")
    assert (first.state, first.reference) == ("accepted", "spring")
    assert first.sent == CellcastSent(queued={"+61491570156": "A1"})
    inbox.sent(SentToSubscriber("ada", results=(SubscriberResult("Success", "S1", "15551230001"), SubscriberResult("Failure"))))
    assert inbox.message("S1").state == "accepted"


def test_a_reply_without_a_tracking_id_is_refused(inbox: Handling) -> None:
    for reply in (MMSList(), SentMMS("35674"), CellcastSent(), None):
        with pytest.raises(ConfigurationError, match="has no tracking id"):
            inbox.sent(reply)


LINK = (
    b"<POSTBACK><NOTIFICATION><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><BODY><TRACKINGID>MMS_9</TRACKINGID>"
    b"<SMSID>SMS_9</SMSID><STATUS celly='10'/></BODY></NOTIFICATION></POSTBACK>"
)
OF_LINK = (
    b"<POSTBACK><NOTIFICATION><ORIGIN>SMS_MT</ORIGIN><CODE>N202</CODE><BODY><TRACKINGID>SMS_9</TRACKINGID>"
    b"<STATUS celly='20'/></BODY></NOTIFICATION></POSTBACK>"
)


@pytest.mark.parametrize("bodies", list(permutations([LINK, OF_LINK])))
def test_until_2013_11_the_report_of_a_link_belongs_to_its_message(
    inbox: Handling, inbox_store: Store, bodies: tuple[bytes, ...]
) -> None:
    inbox.sent(SentMMS("1", "MMS_9"), reference="order 9")
    for body in bodies:
        receive(inbox_store, read_postbacks(body))
    for tracking_id in ("MMS_9", "SMS_9"):
        message = inbox.message(tracking_id)
        assert (message.state, message.reference, len(message.reports)) == ("delivered as link", "order 9", 2)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_state_is_the_same_in_every_order(inbox: Handling, inbox_store: Store, order: tuple[int, ...]) -> None:
    reports: list[DeliveryReport] = [
        report(code="N101", sent_as="MMS"),
        report(code="E102", status="Message Sent/Failed"),
        report(code="N101", sent_as="SMS"),
        report(code="N202", status="Message Sent/Delivered", sent_as="SMS"),
    ]
    for place in order:
        receive(inbox_store, [reports[place], reports[place]])
    message = inbox.message("MMS_1")
    assert (message.state, message.contradicted) == state_of(reports) == ("delivered as link", False)


def test_a_message_shows_no_number(inbox: Handling, inbox_store: Store) -> None:
    inbox.sent(SENT)
    receive(inbox_store, [report()])
    assert repr(inbox.message("MMS_1")) == "<Message MMS_1 state='sent' reports=1>"


def test_only_the_message_of_a_handler_can_be_replied_to(inbox: Handling) -> None:
    with pytest.raises(ConfigurationError, match="only the message that a handler is called with"):
        inbox.message("MMS_1").reply(MMSList())  # type: ignore[type-var]
