"""The identity of a notice: different events have different ones, and repeats of one event have the same, in every form."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import strategies  # noqa: F401 (settles how hypothesis runs)
from hypothesis import given
from hypothesis import strategies as st

from skymms import Notice, read_postbacks
from skymms.cellcast import read_cellcast_webhook
from skymms.model.serialization import from_dict

Event = Mapping[str, str]

#: For each kind of event: its fields on the wire, in Skycore's names, and the names of Sinch MMS where they are different.
EVENTS: dict[str, Event] = {
    "delivery": {
        "ORIGIN": "MMS_MT",
        "CODE": "N102",
        "STATUS": "Message Sent/Delivered",
        "TRACKINGID": "T1",
        "TO": "15551112222",
    },
    "delivery without an id": {
        "ORIGIN": "MMS_MT",
        "CODE": "N101",
        "TO": "15551112222",
        "TIMESTAMP": "2014-03-01T12:00:00-05:00",
    },
    "encoding": {"ORIGIN": "MMS_MT", "CODE": "E002", "MMSID": "35674", "AUDIONAME": "a.mp3", "VIDEONAME": "a.mp4"},
    "inbound MMS": {"ORIGIN": "MMS_MO", "CODE": "N401", "FROM": "15551112222", "SPID": "0001470", "SUBJECT": "Hi"},
    "inbound SMS": {
        "ORIGIN": "SMS_MO",
        "CODE": "N211",
        "FROM": "15551112222",
        "TEXT": "STOP",
        "RECEIVED": "2014-03-01T12:00:00Z",
    },
    "inbound SMS with an unreadable time": {
        "ORIGIN": "SMS_MO",
        "CODE": "N211",
        "FROM": "15551112222",
        "TEXT": "STOP",
        "RECEIVED": "yesterday at noon",
    },
    "inbound SMS of 2013": {"ORIGIN": "SMS_MO", "CODE": "N211", "FROM": "15551112222", "KEYWORD": "STOP"},
    "subscription": {"ORIGIN": "SUB", "CODE": "N301", "MOBILE": "15551112222", "SUBID": "656655"},
    "unknown": {"ORIGIN": "PIGEON", "CODE": "X1", "COLOR": "grey", "RING": "17"},
}
SINCH_NAMES = {
    "SPID": "operator-id",
    "SUBJECT": "message-subject",
    "TEXT": "message-text",
    "TRACKINGID": "tracking-id",
    "MMSID": "mms-id",
    "AUDIONAME": "audio-name",
    "VIDEONAME": "video-name",
    "SUBID": "sub-id",
}
EACH = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)


def elements(event: Event) -> str:
    return "".join(f"<{name}>{text}</{name}>" for name, text in event.items())


def in_body(event: Event) -> str:
    head = {name: event[name] for name in ("ORIGIN", "CODE")}
    rest = {name: text for name, text in event.items() if name not in head}
    return f"<NOTIFICATION>{elements(head)}<BODY>{elements(rest)}</BODY></NOTIFICATION>"


def sinch(event: Event) -> Event:
    return {SINCH_NAMES.get(name, name.lower()): text for name, text in event.items()}


SHAPES = {
    "flat": lambda event: f"<POSTBACK>{elements(event)}</POSTBACK>",
    "in NOTIFICATION": lambda event: f"<POSTBACK><NOTIFICATION>{elements(event)}</NOTIFICATION></POSTBACK>",
    "in BODY": lambda event: f"<POSTBACK>{in_body(event)}</POSTBACK>",
    "hyphenated": lambda event: f"<postback>{elements(sinch(event))}</postback>",
    "JSON": lambda event: json.dumps(sinch(event)),
}


def one(body: str | bytes) -> Notice:
    (notice,) = read_postbacks(body.encode() if isinstance(body, str) else body)
    return notice


@EACH
def test_a_repeat_has_the_same_identity_in_every_form_and_order(event: Event) -> None:
    turned = dict([*event.items()][::-1])
    identities = {one(shape(order)).identity for shape in SHAPES.values() for order in (event, turned)}
    assert len(identities) == 1


@EACH
@pytest.mark.parametrize("shape", SHAPES)
def test_every_field_of_an_event_without_an_id_is_in_its_identity(event: Event, shape: str) -> None:
    written = SHAPES[shape]
    identities = {one(written(event)).identity}
    # STATUS and TO are in the identity of a report with a tracking id; other fields of it may differ between repeats.
    names = [name for name in event if name not in {"ORIGIN", "CODE"}]
    changed = [{**event, name: f"{event[name]}9"} for name in names]
    assert len(identities | {one(written(other)).identity for other in changed}) == 1 + len(names)


@given(st.sampled_from(list(EVENTS.values())), st.data())
def test_texts_that_differ_give_identities_that_differ(event: Event, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in event if name not in {"ORIGIN", "CODE"}]))
    texts = st.text(st.sampled_from("abc 0123456789-:/T+\n"), min_size=1, max_size=20).map(str.strip).filter(bool)
    first, second = data.draw(texts), data.draw(texts)
    identities = [one(SHAPES["flat"]({**event, name: text})).identity for text in (first, second)]
    assert (identities[0] == identities[1]) is (first == second)


TIMES = ["2014-03-01 12:00:00 EST", "2014-03-02 12:00:00 EST", "2014-03-01 12:00:00 PST"]
UNREADABLE = ["20140301", "20140302", "01/03/2014", "1393693200", "2014-03-01 12:00:00 XYZ", "noon", "2014-W09", "2014-03-01"]


@pytest.mark.parametrize("times", [TIMES, UNREADABLE], ids=["readable", "unreadable"])
@pytest.mark.parametrize(
    "event",
    [
        {"ORIGIN": "SMS_MO", "CODE": "N211", "FROM": "15551112222", "TO": "86717", "TEXT": "Yes", "RECEIVED": "{}"},
        {"ORIGIN": "MMS_MO", "CODE": "N401", "FROM": "15551112222", "TRACKINGID": "T1", "TIMESTAMP": "{}"},
        {"ORIGIN": "SUB", "CODE": "N301", "MOBILE": "15551112222", "CAMPAIGNID": "1", "SUBID": "2", "TIMESTAMP": "{}"},
    ],
    ids=["SMS", "MMS", "subscription"],
)
def test_the_same_event_at_several_times_is_several_events(event: Event, times: list[str]) -> None:
    notices = [one(SHAPES["flat"]({name: text.format(time) for name, text in event.items()})) for time in times]
    assert len({notice.identity for notice in notices}) == len(times)
    assert all((getattr(notice, "timestamp") is None) is (times is UNREADABLE) for notice in notices)  # noqa: B009


def test_digits_are_never_read_as_a_date() -> None:
    for digits in ("20140301", "2014", "201403", "1393693200", "2014060", "20140301120000"):
        assert getattr(one(SHAPES["flat"]({**EVENTS["inbound SMS"], "RECEIVED": digits})), "timestamp") is None  # noqa: B009


def test_subscriptions_that_differ_in_their_id_are_different() -> None:
    event = EVENTS["subscription"]
    for timed in (event, {**event, "TIMESTAMP": "2014-03-01T12:00:00-05:00"}):
        assert one(SHAPES["flat"](timed)).identity != one(SHAPES["flat"]({**timed, "SUBID": "656656"})).identity


def test_the_number_of_a_notification_tells_events_without_an_id_apart() -> None:
    """The vendor calls it unique (overview of postbacks, until 2013-11). An event with an id of its own does not need it."""
    written = '<POSTBACK><NOTIFICATION {}="{}" created="{}">{}</NOTIFICATION></POSTBACK>'
    for name, differs in (("inbound SMS of 2013", True), ("delivery", False)):
        inside = elements(EVENTS[name])
        first, again, other = (one(written.format(*head, inside)) for head in (("id", 1, 2), ("ID", 1, 3), ("id", 2, 2)))
        assert first.identity == again.identity
        assert (first.identity != other.identity) is differs


def test_an_identity_survives_storage() -> None:
    for event in EVENTS.values():
        notice = one(SHAPES["flat"](event))
        stored = from_dict(json.loads(json.dumps(notice.to_dict())))
        assert isinstance(stored, Notice)
        assert stored.identity == notice.identity


SMS = {"from": "61491570156", "body": "Yes", "received_at": "2026/11/01 02:03:04", "type": "SMS"}
REPORT = {"message_id": "A21741CB", "status": "Aborted", "recipient": "61491570156"}


@pytest.mark.parametrize(
    "events",
    [
        [{**SMS, "received_at": time} for time in ("20261101", "20261102", "1 November", "2026-11-01 12:00:00 EST")],
        [{**SMS, "message_id": identifier} for identifier in ("1", "2")],
        [SMS, {**SMS, "custom_string": "x"}],
        [{**REPORT, "status": status} for status in ("Aborted", "Dead", "Blocked", "failed")],
        [{**SMS, "body": "a\ud800"}, {**SMS, "body": "a\ud801"}],
    ],
)
def test_cellcast_events_that_differ_have_different_identities(events: list[Event]) -> None:
    notices = read_cellcast_webhook(json.dumps(events).encode())
    assert len({notice.identity for notice in notices}) == len(events)
    again = read_cellcast_webhook(json.dumps([dict([*event.items()][::-1]) for event in events]).encode())
    assert [notice.identity for notice in again] == [notice.identity for notice in notices]


@pytest.mark.parametrize(
    ("written", "parsed"),
    [
        ("2014-03-01 12:00:00 EST", "2014-03-01T12:00:00-05:00"),
        ("2014-03-01 12:00:00 UTC", "2014-03-01T12:00:00+00:00"),
        ("2014-03-01 12:00:00 -0500", "2014-03-01T12:00:00-05:00"),
        ("2014/03/01 12:00:00 -05:00", "2014-03-01T12:00:00-05:00"),
        ("2014/03/01 12:00:00", "2014-03-01T12:00:00+00:00"),
        ("20140301T120000Z", "2014-03-01T12:00:00+00:00"),
        ("Sat, 01 Mar 2014 12:00:00 -0500", "2014-03-01T12:00:00-05:00"),
        ("1 Mar 2014 12:00 EDT", "2014-03-01T12:00:00-04:00"),
        ("Sat, 01 Mar 2014 12:00:00 XYZ", None),
        ("Sat, 41 Mar 2014 12:00:00 -0500", None),
        ("01 Xyz 2014 12:00:00 -0500", None),
        ("Sat, 01 Mar 2014 99:00:00 -0500", None),
        ("Sat, 01 Mar 2014 12:00:00 +9999", None),
        ("2014-03-01 12:00:00 XYZ", None),
        ("03/01/2014 12:00:00", None),
    ],
)
def test_a_time_is_parsed_only_if_it_can_mean_one_thing(written: str, parsed: str | None) -> None:
    when = getattr(one(SHAPES["flat"]({**EVENTS["inbound SMS"], "RECEIVED": written})), "timestamp")  # noqa: B009
    assert (when and when.isoformat()) == parsed
