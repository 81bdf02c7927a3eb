"""Every rule with a message that obeys it and one that does not; the list of rules is complete and applied to every message."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from itertools import combinations
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from skymms import (
    Account,
    ConfigurationError,
    CreateCampaign,
    DeleteMMS,
    GetStatistics,
    Limits,
    ListMMS,
    Operation,
    Problem,
    RemoveInboxMessage,
    SaveMMS,
    SendMessageBySubscriberRef,
    SendMMS,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Slide,
    Slideshow,
    Subscribe,
    Unsubscribe,
)
from skymms.codes import ANSWERS
from skymms.limits import DOCUMENTED
from skymms.slide import FILES
from skymms.validation.rule import RULES, Rule
from skymms.validation.validator import VALIDATOR
from skymms.validation.warnings import WARNINGS, WARNINGS_VALIDATOR
from skymms.wire import table
from skymms.wire.dialects import DIALECTS, DialectName

pytestmark = pytest.mark.compat

KEY = "not-a-key-at-all"
SHOW = Slideshow("Coupon", subject="Free coupon!", slides=(Slide("Hi!"),))


def slide_of(**values: Any) -> Slide:
    return Slide(**values)


def show(*slides: Slide, **changes: Any) -> Slideshow:
    return SHOW.replace(slides=slides or SHOW.slides, **changes)


def send(**changes: Any) -> SendMMS:
    return SendMMS(SHOW, **{"to": "15551234888", "sender": "60856", **changes})


def send_saved(**changes: Any) -> SendSavedMMS:
    return SendSavedMMS(**{"mms_id": "35674", "to": "15551234888", "sender": "60856", **changes})


def barcode(**changes: Any) -> SendMMSBarcode:
    return SendMMSBarcode(**{"mms_id": "35674", "to": "15551234888", "sender": "60856", **changes})


def wallet_pass(**changes: Any) -> SendPassInMMS:
    return SendPassInMMS(**{"mms_id": "35674", "to": "15551234888", "sender": "60856", **changes})


def subscribe(**changes: Any) -> Subscribe:
    return Subscribe("15552426055", **{"campaign": "1116", **changes})


def sms(text: str) -> SendSMS:
    return SendSMS(text, to="15551234888", sender="60856")


def by_subscriber(**changes: Any) -> SendMessageBySubscriberRef:
    return SendMessageBySubscriberRef(**{"subscriber_ref": "ACCT-123232", "campaign_ref": "Campaign123", **changes})


FIRST, SECOND = date(2010, 10, 1), datetime(2010, 10, 2, 12)


def requiring(*names: str) -> Limits:
    return Limits(required=frozenset(names))


def advising(*names: str) -> Limits:
    return Limits(advised=frozenset(names))


AUSTRALIAN = "61491570156"


# ------------------------------------------------------------------------------------------------ one case per rule


class Case(NamedTuple):
    """A message without problems, and one in which exactly one rule finds a problem."""

    right: object
    wrong: object
    limits: Limits = DOCUMENTED
    #: The field of the problem, if it is not the field of the rule.
    at: str = ""
    #: The slide the problem is on.
    slide: int | None = None


def address(kind: str) -> Case:
    return Case(show(slide_of(**{kind: "https://x.example/a"})), show(slide_of(**{kind: "/srv/files/a"})), slide=1)


TWO_OBJECTS = Slide(vcard="https://x.example/a.vcf", pdf="https://x.example/a.pdf")

CASES: dict[tuple[str | None, str, str], Case] = {
    ("E108", "xml_characters", ""): Case(show(subject="Tab\tand é 😀"), show(subject="Bell \a"), at="subject"),
    ("E334", "text_length", "text"): Case(show(Slide("x" * 5000)), show(Slide("x" * 5001)), slide=1),
    ("E351", "absolute_url", "image"): address("image"),
    ("E352", "absolute_url", "audio"): address("audio"),
    ("E353", "absolute_url", "video"): address("video"),
    ("E355", "absolute_url", "vcard"): address("vcard"),
    ("E356", "absolute_url", "ical"): address("ical"),
    ("E357", "absolute_url", "pdf"): address("pdf"),
    ("E358", "absolute_url", "passbook"): address("passbook"),
    ("E223", "one_object", "vcard/ical/pdf/passbook"): Case(
        show(Slide(vcard="https://x.example/a.vcf"), Slide(pdf="https://x.example/a.pdf")),
        show(TWO_OBJECTS),
        slide=1,
    ),
    ("E224", "object_alone", "vcard/ical/pdf/passbook"): Case(
        show(Slide("A card", vcard="https://x.example/a.vcf")),
        show(Slide(vcard="https://x.example/a.vcf", image="https://x.example/a.jpg")),
        slide=1,
    ),
    ("E226", "audio_without_video", "audio/video"): Case(
        show(Slide(audio="https://x.example/a.mp3"), Slide(video="https://x.example/a.mp4")),
        show(Slide(audio="https://x.example/a.mp3", video="https://x.example/a.mp4")),
        slide=1,
    ),
    ("E227", "video_without_image", "video/image"): Case(
        show(Slide("Words may", video="https://x.example/a.mp4")),
        show(Slide(video="https://x.example/a.mp4", image="https://x.example/a.jpg")),
        slide=1,
    ),
    ("E313", "not_empty", "text"): Case(show(Slide("Hi!")), show(Slide(" \n", duration=5)), slide=1),
    ("E230", "whole_seconds", "duration"): Case(show(Slide("Hi!", duration=1)), show(Slide("Hi!", duration=0)), slide=1),
    ("E110", "recipient", "to"): Case(send(), send(to="Ada")),
    ("E111", "short_code", "sender"): Case(send(), send(sender="Shop")),
    ("E311", "named", "name"): Case(SHOW, show(name=" ")),
    ("E312", "some_slides", "slides"): Case(SHOW, SHOW.replace(slides=())),
    ("E225", "not_too_many_slides", "slides"): Case(show(*[Slide("Hi!")] * 8), show(*[Slide("Hi!")] * 9)),
    ("E314", "subject", "subject"): Case(show(subject="x" * 80), show(subject="x" * 81)),
    ("E314", "custom_subject", "custom_subject"): Case(
        send_saved(custom_subject="x" * 80), send_saved(custom_subject="x" * 81)
    ),
    ("E622", "fallback_text", "fallback_text"): Case(show(subject=None, fallback_text="See"), show(subject=None)),
    ("E617", "link_expiry", "link_expires"): Case(show(link_expires="2031-01-02T03:04:05Z"), show(link_expires="tomorrow")),
    ("E214", "start_date", "start_date"): Case(ListMMS(start_date=date(2014, 3, 31)), ListMMS(start_date="31.3.2014")),
    ("E212", "page_number", "page"): Case(ListMMS(page=1), ListMMS(page=0)),
    ("E213", "items_per_page", "per_page"): Case(ListMMS(per_page=1), ListMMS(per_page=True)),
    ("E620", "saved_id", "mms_id"): Case(DeleteMMS(35674), DeleteMMS(None)),
    ("E627", "service", "service_id"): Case(send(service_id="28444mms"), send(), requiring("service_id")),
    ("E650", "operator", "operator_id"): Case(send(operator_id="000189"), send(), requiring("operator_id")),
    ("E718", "campaign", "campaign_ref"): Case(send(campaign_ref="Campaign123"), send(), requiring("campaign_ref")),
    ("E100", "custom_slides", "custom_text"): Case(send_saved(custom_text={8: "Hi!"}), send_saved(custom_text={0: "Hi!"})),
    ("E100", "data_names", "data"): Case(send_saved(data={"first_name": "Ada"}), send_saved(data={"first name": "Ada"})),
    ("E110", "displayed", "display_to"): Case(send(display_to=("15551234889",)), send(display_to=("15551234889", "Ada"))),
    ("E100", "client_reference", "client_reference"): Case(send(client_reference="x" * 64), send(client_reference="x" * 65)),
    ("E100", "expiry", "expires"): Case(send(expires=date(2031, 1, 2)), send(expires="tomorrow")),
    ("E624", "campaign_to_send_to", "to_campaign"): Case(SendSavedMMSCampaign(35674, 332), SendSavedMMSCampaign(35674, "")),
    ("E631", "barcode", "barcode_id"): Case(barcode(barcode_id="Ticket_12345"), barcode(barcode_id=" ")),
    ("E824", "some_pass_data", "pass_data"): Case(wallet_pass(pass_data={"barcodevalue": "7"}), wallet_pass()),
    ("E100", "pass_names", "pass_data"): Case(
        wallet_pass(pass_data={"barcodevalue": "7"}), wallet_pass(pass_data={"barcode value": "7"})
    ),
    ("E712", "sms_text", "text"): Case(sms("Hi!"), sms("")),
    ("E100", "one_message", "text"): Case(by_subscriber(text="Hi!"), by_subscriber(text="Hi!", mms_id="35674")),
    ("E100", "subscriber", "subscriber_ref"): Case(
        by_subscriber(text="Hi!"), by_subscriber(text="Hi!", subscriber_ref=""), requiring("subscriber_ref")
    ),
    ("E170", "campaign_named", "campaign_name"): Case(
        CreateCampaign("Winter Sale", brand_name="Shop"), CreateCampaign("", brand_name="Shop")
    ),
    ("E171", "brand_named", "brand_name"): Case(
        CreateCampaign("Winter Sale", brand_name="Shop"), CreateCampaign("Winter Sale", brand_name="\n")
    ),
    ("E901", "subscribers_number", "mobile"): Case(
        Subscribe("+1 555 242 6055", campaign="1116"), Subscribe("Ada", campaign="1116")
    ),
    ("E902", "subscribers_campaign", "campaign"): Case(
        Unsubscribe("15552426055", campaign=1116), Unsubscribe("15552426055", campaign="")
    ),
    ("E640", "inbox_message", "inbox_id"): Case(RemoveInboxMessage("MMS_MO_iG7Ksa31"), RemoveInboxMessage("")),
    ("E506", "report_starts", "start"): Case(GetStatistics(FIRST, SECOND), GetStatistics("", SECOND)),
    ("E506", "report_ends", "end"): Case(GetStatistics(FIRST, SECOND), GetStatistics(FIRST, "")),
    ("E507", "report_start", "start"): Case(GetStatistics(FIRST, SECOND), GetStatistics("1.10.2010", SECOND)),
    ("E507", "report_end", "end"): Case(
        GetStatistics("2010-10-01 12:00:00", "2010-10-02T12:00:00+14:00"), GetStatistics(FIRST, "2.10.2010")
    ),
    ("E508", "real_start", "start"): Case(GetStatistics("2010-02-28", SECOND), GetStatistics("2010-02-30 00:00:00", SECOND)),
    ("E508", "real_end", "end"): Case(GetStatistics(FIRST, "2010-10-02"), GetStatistics(FIRST, "2010-13-02")),
    ("E508", "report_order", "end"): Case(GetStatistics(FIRST, SECOND), GetStatistics(SECOND, FIRST)),
    ("E100", "discovery_text", "ddm_text"): Case(send_saved(ddm_text="Hi!", ddm_timeout=5), send_saved(ddm_timeout=5)),
    ("E100", "discovery_timeout", "ddm_timeout"): Case(
        send_saved(ddm_text="Hi!", ddm_timeout=0), send_saved(ddm_text="Hi!", ddm_timeout=-1)
    ),
    ("E100", "flag", "disable_fallback"): Case(show(disable_fallback=True), show(disable_fallback="yes")),
    ("E100", "flag", "disable_fallback_link"): Case(show(disable_fallback_link=False), show(disable_fallback_link=0)),
    ("E100", "flag", "cache_content"): Case(send(cache_content=False), send(cache_content="no")),
    ("E100", "flag", "force_pass_as_link"): Case(send_saved(force_pass_as_link=True), send_saved(force_pass_as_link=2)),
    ("E100", "flag", "ddm_force"): Case(
        send_saved(ddm_text="Hi!", ddm_force=True), send_saved(ddm_text="Hi!", ddm_force="perhaps")
    ),
    ("E100", "flag", "notify"): Case(Subscribe("15552426055", campaign="1116", notify=True), subscribe(notify="")),
    ("E100", "flag", "call_to_action"): Case(
        Subscribe("15552426055", campaign="1116", call_to_action=False),
        subscribe(call_to_action="on"),
    ),
    (None, "short_enough", "duration"): Case(show(Slide("Hi!", duration=30)), show(Slide("Hi!", duration=31)), slide=1),
    (None, "duration_of_its_own", "duration"): Case(
        show(Slide(image="https://x.example/a.jpg", duration=5)),
        show(Slide(audio="https://x.example/a.mp3", duration=5)),
        slide=1,
    ),
    (None, "url_without_query", "audio"): Case(
        show(Slide(audio="https://x.example/7/a.mp3")), show(Slide(audio="https://x.example/a.mp3?id=7")), slide=1
    ),
    (None, "url_without_query", "video"): Case(
        show(Slide(video="https://x.example/7/a.mp4")), show(Slide(video="https://x.example/a.mp4?id=7")), slide=1
    ),
    **{
        (None, "public_host", kind): Case(
            show(slide_of(**{kind: "https://x.example/a"})), show(slide_of(**{kind: "http://localhost:8000/a"})), slide=1
        )
        for kind in FILES
    },
    (None, "long_number", "to"): Case(send(to="15551234"), send(to="60856")),
    (None, "short_subject", "subject"): Case(show(subject="x" * 40), show(subject="x" * 41)),
    (None, "plain_subject", "subject"): Case(show(subject="Cafe"), show(subject="Café")),
    (None, "short_custom_subject", "custom_subject"): Case(
        send_saved(custom_subject="x" * 40), send_saved(custom_subject="x" * 41)
    ),
    (None, "plain_custom_subject", "custom_subject"): Case(
        send_saved(custom_subject="Hi!"), send_saved(custom_subject="Hi 😀")
    ),
    (None, "short_fallback", "fallback_text"): Case(show(fallback_text="x" * 110), show(fallback_text="x" * 111)),
    (None, "short_mask", "sender_mask"): Case(
        send(to=AUSTRALIAN, sender_mask="x" * 11), send(to=AUSTRALIAN, sender_mask="x" * 12)
    ),
    (None, "mask_in_the_us", "sender_mask"): Case(send(to=AUSTRALIAN, sender_mask="Shop"), send(sender_mask="Shop")),
    (None, "short_sms", "text"): Case(sms("x" * 160), sms("x" * 161)),
    (None, "subject_given", "subject"): Case(show(), show(subject=None, fallback_text="See"), advising("subject")),
    (None, "stored_subject", "custom_subject"): Case(
        send_saved(custom_subject="Hi!"), send_saved(), advising("custom_subject")
    ),
    (None, "zoned_expiry", "link_expires"): Case(
        show(link_expires=datetime.fromisoformat("2031-01-02T03:04:05+00:00")),
        show(link_expires=datetime.fromisoformat("2031-01-02T03:04:05")),
    ),
    (None, "zoned_end", "expires"): Case(
        send(expires=datetime.fromisoformat("2031-01-02T03:04:05+00:00")),
        send(expires=datetime.fromisoformat("2031-01-02T03:04:05")),
    ),
    (None, "zoned_start", "start_date"): Case(
        ListMMS(start_date="2014-03-31T11:30:00+00:00"), ListMMS(start_date="2014-03-31")
    ),
}


def named(rule: Rule) -> tuple[str | None, str, str]:
    return rule.code, rule.check.__name__, rule.field


@pytest.mark.parametrize(("rule", "case"), CASES.items(), ids=lambda it: " ".join(map(str, it)) if type(it) is tuple else "")
def test_a_rule_accepts_right_messages_and_locates_wrong_values(rule: tuple[str | None, str, str], case: Case) -> None:
    code, _, field = rule
    validator = VALIDATOR if code else WARNINGS_VALIDATOR
    assert validator.validate(case.right, case.limits) == []
    found = validator.validate(case.wrong, case.limits)
    assert [(problem.code, problem.slide, problem.field) for problem in found] == [(code, case.slide, case.at or field)]
    assert found[0].message


def test_every_rule_and_every_warning_has_a_case() -> None:
    assert set(CASES) == {named(rule) for rule in (*RULES, *WARNINGS)}


def test_rules_for_set_fields_report_nothing_for_none() -> None:
    class Nothing:
        def __getattr__(self, name: str) -> None:
            return None

    given = [rule for rule in RULES if rule.only_if_set]
    assert given
    assert [rule for rule in given if rule.check(Nothing(), DOCUMENTED)] == []


def test_rules_for_set_fields_are_applied_to_required_fields_that_are_none() -> None:
    assert [problem.field for problem in VALIDATOR.validate(send(), requiring("service_id"))] == ["service_id"]
    assert [problem.code for problem in VALIDATOR.validate(SHOW.replace(subject=None), requiring("subject"))] == ["E314"]


@pytest.mark.parametrize(
    ("when", "warned"),
    [
        ("2031-01-02T03:04:05", True),
        ("20310102T0304", True),
        (datetime.fromisoformat("2031-01-02T03:04:05"), True),
        ("2031-01-02T03:04:05Z", False),
        ("2031-01-02T03:04-05", False),
        ("20310102T0304+0530", False),
        ("2031-01-02", True),
        (date(2031, 1, 2), True),
        (None, False),
        # These are problems, not warnings.
        ("tomorrow", False),
        ("2031-02-30", False),
    ],
)
def test_a_time_without_zone_or_time_of_day_is_a_warning(when: Any, warned: bool) -> None:
    assert [one.field for one in WARNINGS_VALIDATOR.validate(ListMMS(start_date=when), DOCUMENTED)] == ["start_date"] * warned
    assert [one.field for one in WARNINGS_VALIDATOR.validate(send(expires=when), DOCUMENTED)] == ["expires"] * warned
    assert [one.field for one in WARNINGS_VALIDATOR.validate(SHOW.replace(link_expires=when), DOCUMENTED)] == [
        "link_expires"
    ] * warned


def test_a_waived_field_is_not_required() -> None:
    waiving = Account(KEY, dialect="sinch", limits=Limits(waived=frozenset({"service_id", "fallback_text"})))
    assert waiving.problems(send()) == ()
    assert [problem.field for problem in Account(KEY, dialect="sinch").problems(send())] == ["service_id", "fallback_text"]


def test_unsupported_fields_are_reported_slide_by_slide() -> None:
    several = SHOW.slide("More", passbook="http://media.example/card.pkpass").slide("Last", duration=5)
    found = Account(KEY, dialect="sinch-json").problems(SendMMS(several, to="15551234888", sender="60856", campaign_ref="c"))
    unsupported = [problem[1:3] for problem in found if problem.code is None]
    assert unsupported == [(None, "campaign_ref"), (2, "passbook"), (3, "duration")]
    swapped = SHOW.slide("More", duration=5).slide("Last", passbook="http://media.example/card.pkpass")
    found = Account(KEY, dialect="sinch-json").problems(SendMMS(swapped, to="15551234888", sender="60856"))
    assert [problem[1:3] for problem in found if problem.code is None] == [(2, "duration"), (3, "passbook")]


def test_displayed_numbers_are_normalized_like_the_recipient() -> None:
    account = Account(KEY, dialect="sinch-json", limits=Limits(waived=frozenset({"service_id", "fallback_text"})))
    typed = ["15551234889", "+1 (555) 123-4890"]
    for several in (typed, tuple(typed), iter(typed)):
        assert b'"to-displayonly":"15551234889,15551234890"' in account.encode(send(display_to=several)).body
    # One number is not one per digit, and an empty list is None.
    assert send(display_to="15551234889").display_to == ("15551234889",)
    assert send(display_to=15551234889).display_to == (15551234889,)
    assert send(display_to=[]) == send()
    assert [problem[:3] for problem in account.problems(send(display_to=["Ada"]))] == [("E110", None, "display_to")]


def test_every_rule_has_a_known_code_and_no_warning_has_one() -> None:
    assert {rule.code for rule in RULES} <= set(ANSWERS)
    assert {rule.code for rule in WARNINGS} == {None}


def test_every_rule_is_described_by_a_sentence() -> None:
    assert all(rule.description[0].isupper() and rule.description.rstrip().endswith((".", ")")) for rule in (*RULES, *WARNINGS))


# ------------------------------------------------------------------------------------------------ the files of a slide


def forbidden(kinds: frozenset[str]) -> set[str]:
    """The vendor's rules for files on one slide (Skycore 1.3, sendMMS and saveMMS), written independently of skymms."""
    objects = kinds & {"vcard", "ical", "pdf", "passbook"}
    media = kinds - objects
    codes = set()
    if len(objects) > 1:
        codes.add("E223")  # more than one object is not allowed in the same slide
    if objects and media:
        codes.add("E224")  # audio/video/image are not allowed with an object in the same slide
    if {"audio", "video"} <= media:
        codes.add("E226")
    if {"video", "image"} <= media:
        codes.add("E227")
    return codes


COMBINATIONS = [frozenset(kinds) for size in range(8) for kinds in combinations(FILES, size)]


@pytest.mark.parametrize("kinds", COMBINATIONS, ids=lambda kinds: "+".join(sorted(kinds)) or "no file")
def test_every_combination_of_files_is_validated_as_the_vendor_says(kinds: frozenset[str]) -> None:
    files = {kind: f"https://x.example/a.{kind}" for kind in kinds}
    with_text = VALIDATOR.validate_slide(slide_of(text="Words go with anything", **files), 1, DOCUMENTED)
    bare = VALIDATOR.validate_slide(slide_of(**files), 1, DOCUMENTED)
    assert {problem.code for problem in with_text} == forbidden(kinds)
    assert {problem.code for problem in bare} == forbidden(kinds) | (set() if kinds else {"E313"})
    assert [problem.code for problem in bare] == sorted(problem.code or "" for problem in bare)


def test_there_are_128_combinations() -> None:
    assert len(set(COMBINATIONS)) == 2 ** len(FILES)


def test_an_image_with_audio_is_allowed() -> None:
    assert show(Slide(image="https://x.example/a.jpg", audio="https://x.example/a.mp3")).problems() == ()


@pytest.mark.parametrize("blank", [None, "", " ", "\n", "\t \r\n"])
def test_white_space_does_not_count_as_text(blank: str | None) -> None:
    assert [problem.code for problem in show(Slide(blank)).problems()] == ["E313"]


@pytest.mark.parametrize("duration", [0, -1, True, 1.0, 5.5, "5", "", b"5", float("nan")])
def test_a_duration_that_is_not_a_whole_number_from_1_up_is_refused(duration: Any) -> None:
    assert [(problem.code, problem.slide) for problem in show(Slide("Hi!", duration=duration)).problems()] == [("E230", 1)]


@pytest.mark.parametrize("duration", [None, 1, 5, 30, 31, 3600])
def test_a_duration_above_thirty_seconds_is_a_warning(duration: int | None) -> None:
    message = show(Slide("Hi!", duration=duration))
    assert message.problems() == ()
    assert bool(message.warnings()) is (duration is not None and duration > 30)


@pytest.mark.parametrize(
    "url",
    [
        "http://x.example/a.jpg",
        "HTTPS://X.EXAMPLE/A.JPG",
        "https://x.example",
        "https://x.example:8443/a?b=c#d",
        "https://user@x.example/a",
        "https://é.example/ü.jpg",
        "https://[2001:db8::1]/a",
    ],
)
def test_an_absolute_url_is_accepted(url: str) -> None:
    assert show(Slide(image=url)).problems() == ()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.jpg",
        "/a.jpg",
        "//x.example/a.jpg",
        "x.example/a.jpg",
        "ftp://x.example/a.jpg",
        "file:///etc/passwd",
        "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
        "javascript:alert(1)",
        "http:/x.example/a.jpg",
        "http://",
        "http:///a.jpg",
        "https://?a",
        "https://#a",
        " https://x.example/a.jpg",
        "https://x.example/a b.jpg",
        "https://x.example/a.jpg\n",
        "https://x.example/a\tb",
        "https://x.example/a\rb",
        5,
        b"https://x.example/a.jpg",
    ],
)
def test_a_url_that_is_not_absolute_is_refused(url: Any) -> None:
    assert show(Slide(image=url)).problems()[0][:3] == ("E351", 1, "image")


# ------------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    "typed",
    [
        "15551234888",
        15551234888,
        "+15551234888",
        "+1 555 123 4888",
        "1-555-123-4888",
        "1.555.123.4888",
        "1 (555) 123-4888",
        "+1 [555] 123‐4888",
        "1555\u00a01234888",
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_recipient_is_sent_in_digits(typed: Any, dialect: DialectName) -> None:
    chosen = DIALECTS[dialect]
    document = chosen.encode_request(send(to=typed), KEY)
    assert VALIDATOR.validate(send(to=typed), DOCUMENTED) == []
    decoded: Any = chosen.decode_request(chosen.decode_leaves(document)).operation
    assert decoded.to == "15551234888"


@pytest.mark.parametrize(
    "typed",
    [
        None,
        "",
        " ",
        "+",
        "0",
        "1555123488812345",
        1555123488812345,
        10**100,
        "0015551234888",
        "+0015551234888",
        "05551234888",
        "++15551234888",
        "1555+1234888",
        "15551234888,15551234889",
        "15551234888;15551234889",
        "15551234888/15551234889",
        "15551234888 15551234889",
        "15551234888\n15551234889\n",
        "1555CALLNOW",
        "15551234888x5",
        "tel:15551234888",
        "١٥٥٥١٢٣٤٨٨٨",
        "１５５５１２３４８８８",
        "1555²",
        "1555\u200b1234888",
        ["15551234888"],
        ("15551234888",),
        b"15551234888",
        15551234888.0,
        True,
    ],
)
def test_a_recipient_that_is_not_one_number_is_refused(typed: Any) -> None:
    found = VALIDATOR.validate(send(to=typed), DOCUMENTED)
    assert ("E110", None, "to") in [problem[:3] for problem in found]
    assert found[0].code == "E110"


@pytest.mark.parametrize("typed", [None, "", " ", "Shop", "60856,60857", "६०८५६", 60856.0, b"60856", ["60856"]])
def test_a_sender_that_is_not_a_number_or_short_code_is_refused(typed: Any) -> None:
    assert VALIDATOR.validate(send(sender=typed), DOCUMENTED)[0][:3] == ("E111", None, "sender")


@pytest.mark.parametrize("typed", ["60856", 60856, "+15551230000", "018", "608-56"])
def test_a_short_code_or_number_is_accepted_as_the_sender(typed: Any) -> None:
    assert VALIDATOR.validate(send(sender=typed), DOCUMENTED) == []


# ------------------------------------------------------------------------------------------------ required fields


@pytest.mark.parametrize(
    ("dialect", "operation", "expected"),
    [
        ("skycore", send(), []),
        ("skycore-get", send(), []),
        ("sinch", send(), ["E622", "E627"]),
        ("sinch", send(service_id="28444mms"), ["E622"]),
        ("sinch", SendMMS(show(fallback_text="See"), to="15551234888", sender="60856", service_id="28444mms"), []),
        ("sinch", send_saved(), ["E622", "E627"]),
        ("sinch", send_saved(service_id="28444mms", fallback_text="See"), []),
        ("skycore", SaveMMS(show(subject=None, fallback_text="See")), []),
        ("skycore", SaveMMS(show(subject=None)), ["E622"]),
        ("sinch", SaveMMS(SHOW), []),
        ("sinch", SaveMMS(show(subject=None)), ["E314"]),
        ("sinch", SaveMMS(show(subject="")), ["E314"]),
    ],
)
def test_a_dialect_requires_its_own_fields(dialect: DialectName, operation: Operation[Any], expected: list[str]) -> None:
    found = Account(KEY, dialect=dialect).problems(operation)
    assert sorted(problem.code or "" for problem in found) == expected


def test_without_a_fallback_sms_its_text_is_not_required() -> None:
    # The XML dialect of Sinch MMS does not support the switch, so its account refuses the switch itself.
    off = send_saved(service_id="28444mms", disable_fallback=True)
    assert VALIDATOR.validate(off, requiring("service_id", "fallback_text")) == []
    with pytest.raises(ConfigurationError, match="disable_fallback"):
        Account(KEY, dialect="sinch").encode(off)


@pytest.mark.parametrize(
    ("required", "code"),
    [("operator_id", "E650"), ("campaign_ref", "E718"), ("service_id", "E627"), ("subject", "E314"), ("fallback_text", "E622")],
)
def test_the_limits_of_an_account_require_fields(required: str, code: str) -> None:
    operation = SendMMS(show(subject=None, fallback_text="See"), to="15551234888", sender="60856")
    if required == "fallback_text":
        operation = send()
    assert [problem.code for problem in Account(KEY, limits=requiring(required)).problems(operation)] == [code]
    assert Account(KEY).problems(operation) == ()


def test_fields_required_by_limits_are_added_to_those_of_the_dialect() -> None:
    account = Account(KEY, dialect="sinch", limits=requiring("subject"))
    operation = SendMMS(show(subject=None), to="15551234888", sender="60856", service_id="28444mms")
    assert [problem.code for problem in account.problems(operation)] == ["E314", "E622"]


def test_an_account_validates_with_its_own_limits() -> None:
    tight = Account(KEY, limits=Limits(max_slides=1, max_text=3, max_subject=5))
    operation = SendMMS(show(Slide("Hello"), Slide("Hi!")), to="15551234888", sender="60856")
    assert Account(KEY).problems(operation) == ()
    assert [problem[:3] for problem in tight.problems(operation)] == [
        ("E225", None, "slides"),
        ("E314", None, "subject"),
        ("E334", 1, "text"),
    ]
    roomy = Account(KEY, limits=Limits(max_slides=10, max_text=6000, max_subject=100))
    operation = SendMMS(show(*[Slide("x" * 6000)] * 10, subject="x" * 100), to="15551234888", sender="60856")
    assert roomy.problems(operation) == ()
    assert len(Account(KEY).problems(operation)) == 12


def test_the_length_limit_applies_to_custom_texts() -> None:
    found = VALIDATOR.validate(send_saved(custom_text={2: "x" * 5000, 3: "x" * 5001}), DOCUMENTED)
    assert [problem[:3] for problem in found] == [("E334", 3, "custom_text")]


def test_a_line_break_counts_as_one_character() -> None:
    # Each is sent as one line feed.
    assert show(Slide("\r\n".join(["x" * 499] * 10) + "\r\n")).problems() == ()
    assert [problem.code for problem in show(Slide("\r\n".join(["x" * 499] * 10) + "\r\nx")).problems()] == ["E334"]


def test_slide_texts_are_counted_in_characters() -> None:
    assert show(Slide("😀" * 5000)).problems() == ()


# ------------------------------------------------------------------------------------------------ characters and types


@pytest.mark.parametrize("field", [item.name for item in fields(Slide)])
def test_a_control_character_in_any_field_of_a_slide_is_reported(field: str) -> None:
    found = show(slide_of(**{field: "https://x.example/\x00"})).problems()
    expected = ("E230", 1, "duration") if field == "duration" else ("E108", 1, field)
    assert expected in [problem[:3] for problem in found]


_KINDS = [
    (kind, item.name)
    for kind in table.REQUESTS
    for item in fields(cast(Any, kind))
    if item.name not in {"slideshow", "custom_text", "data", "pass_data"}
]


@pytest.mark.parametrize(("kind", "field"), _KINDS, ids=lambda it: it if isinstance(it, str) else it.__name__)
def test_a_control_character_in_any_field_of_an_operation_is_reported(kind: type[Operation[Any]], field: str) -> None:
    needed = {"slideshow": SHOW, "to": "15551234888", "sender": "60856", "mms_id": "35674", "to_campaign": "332"}
    needed |= {"barcode_id": "Ticket_12345", "subscriber_ref": "ACCT-123232", "campaign_ref": "Campaign123", "text": "Hi!"}
    needed |= {"campaign_name": "Winter Sale", "brand_name": "Shop", "mobile": "15552426055", "campaign": "1116"}
    needed |= {"start": "2010-10-01", "end": "2010-10-02"}
    given_ = {item.name: needed[item.name] for item in fields(cast(Any, kind)) if item.name in needed}
    found = VALIDATOR.validate(kind(**{**given_, field: "2031-01-01\x0b"}), DOCUMENTED)
    assert ("E108", None, field) in [problem[:3] for problem in found]


@pytest.mark.parametrize("field", [item.name for item in fields(Slideshow) if item.name != "slides"])
def test_a_control_character_in_any_field_of_a_slideshow_is_reported(field: str) -> None:
    found = SHOW.replace(**{field: "\x1b[31m"}).problems()
    assert ("E108", None, field) in [problem[:3] for problem in found]


def test_a_control_character_in_a_custom_text_or_merge_value_is_reported() -> None:
    found = VALIDATOR.validate(send_saved(custom_text={2: "\x00"}, data={"name": "\x00"}), DOCUMENTED)
    assert [problem[:3] for problem in found] == [("E108", 2, "custom_text"), ("E108", None, "data['name']")]


@pytest.mark.parametrize("words", [b"Coupon", ["Coupon"], {"text": "Coupon"}, object()])
def test_values_that_are_not_text_are_refused_in_every_text_field(words: Any) -> None:
    # Written with str(), bytes would go out as b'Coupon'.
    for message in (
        show(name=words),
        show(subject=words),
        show(fallback_text=words),
        show(Slide(words)),
        send(sender_mask=words),
    ):
        assert "E108" in [problem.code for problem in VALIDATOR.validate(message, DOCUMENTED)]


#: Every text field, in which a whole number is sent in digits. nan is what fills a gap in a column of texts.
TEXT_FIELDS_OF_A_SLIDESHOW = ["name", "subject", "fallback_text"]
TEXT_FIELDS_OF_A_SEND = [
    "mms_id",
    "sender_mask",
    "operator_id",
    "campaign_ref",
    "service_id",
    "client_reference",
    "custom_subject",
]
TEXT_FIELDS_OF_A_SEND += ["fallback_text", "ddm_subject", "ddm_text", "device"]


@pytest.mark.parametrize("words", [float("nan"), 35674.0, True, False, date(2031, 1, 2)])
def test_numbers_that_are_not_whole_are_refused_in_every_text_field(words: Any) -> None:
    for field in TEXT_FIELDS_OF_A_SLIDESHOW:
        assert ("E108", None, field) in [problem[:3] for problem in show(**{field: words}).problems()]
    for field in TEXT_FIELDS_OF_A_SEND:
        found = VALIDATOR.validate(send_saved(**{"ddm_text": "x", field: words}), DOCUMENTED)
        assert ("E108", None, field) in [problem[:3] for problem in found]


def test_a_whole_number_is_accepted_as_text_and_has_a_length() -> None:
    ids = {"mms_id": 35674, "operator_id": 383, "campaign_ref": 1116, "service_id": 28444, "client_reference": 4711}
    assert VALIDATOR.validate(send_saved(**ids, custom_subject=2026), DOCUMENTED) == []
    long = send_saved(custom_subject=10**80, client_reference=10**64)
    assert [problem[:3] for problem in VALIDATOR.validate(long, DOCUMENTED)] == [
        ("E100", None, "client_reference"),
        ("E314", None, "custom_subject"),
    ]
    assert [problem[:3] for problem in show(subject=10**80).problems()] == [("E314", None, "subject")]


@pytest.mark.parametrize("name", [None, "", " \t\n"])
def test_a_slideshow_without_a_name_is_refused(name: Any) -> None:
    assert [problem.code for problem in show(name=name).problems()] == ["E311"]


@given(
    st.text(st.characters(categories=None) | st.sampled_from("\x00\x08\t\n\x0b\r\x7f\x85\ud800\udfff\ufffe\uffff\U0001fffe"))
)
def test_text_is_refused_exactly_if_lxml_cannot_hold_it(words: str) -> None:
    try:
        etree.Element("text").text = words
    except ValueError:
        holds = False
    else:
        holds = True
    assert (
        "E108" not in [problem.code for problem in show(Slide("x", image="https://x.example/" + words)).problems()]
    ) is holds
    assert (VALIDATOR.validate(send(sender_mask=words), DOCUMENTED) == []) is holds


# ------------------------------------------------------------------------------------------------ merge values and dates


@pytest.mark.parametrize("name", ["first_name", "A", "_", "a.b-c", "x1"])
def test_a_plain_name_of_a_merge_value_is_accepted(name: str) -> None:
    assert VALIDATOR.validate(send_saved(data={name: "Ada"}), DOCUMENTED) == []


@pytest.mark.parametrize("name", ["", "1", "-a", "a b", "a/b", "a[]", "é", "a<", "a\n", 1, None, ("a",)])
def test_a_name_that_cannot_be_an_element_name_is_refused(name: Any) -> None:
    assert [problem[:3] for problem in VALIDATOR.validate(send_saved(data={name: "Ada"}), DOCUMENTED)] == [
        ("E100", None, "data")
    ]


def test_two_names_that_differ_by_case_only_are_refused() -> None:
    found = VALIDATOR.validate(send_saved(data={"Name": "Ada", "name": "Eve"}), DOCUMENTED)
    assert [problem[:3] for problem in found] == [("E100", None, "data")]


@pytest.mark.parametrize("at", [0, -1, 9, "1", 1.0, True, None])
def test_a_custom_text_for_an_impossible_slide_is_refused(at: Any) -> None:
    found = VALIDATOR.validate(send_saved(custom_text={at: "Hi!"}), DOCUMENTED)
    assert [problem[:3] for problem in found] == [("E100", None, "custom_text")]


@pytest.mark.parametrize(
    "when", [date(2031, 1, 2), datetime(2031, 1, 2, 3, 4), "2031-01-02", "20310102T030405Z", "2031-01-02T03+01"]
)
def test_dates_datetimes_and_iso_8601_texts_are_accepted(when: Any) -> None:
    assert show(link_expires=when).problems() == ()
    assert VALIDATOR.validate(ListMMS(start_date=when), DOCUMENTED) == []


@pytest.mark.parametrize(
    "when", ["", "soon", "01/02/2031", "2031-13-01", "2031-02-30", "9999-12-31T24:00", 1924992000.0, 20310102]
)
def test_texts_that_are_not_iso_8601_dates_are_refused(when: Any) -> None:
    assert [problem.code for problem in show(link_expires=when).problems()] == ["E617"]
    assert [problem.code for problem in VALIDATOR.validate(ListMMS(start_date=when), DOCUMENTED)] == ["E214"]


@pytest.mark.parametrize("ddm", [{"ddm_subject": "Hi!"}, {"ddm_timeout": 5}, {"ddm_force": True}, {"ddm_force": False}])
def test_a_device_discovery_message_needs_its_text(ddm: dict[str, Any]) -> None:
    assert [problem[:3] for problem in VALIDATOR.validate(send_saved(**ddm), DOCUMENTED)] == [("E100", None, "ddm_text")]
    assert VALIDATOR.validate(send_saved(ddm_text="Hi!", **ddm), DOCUMENTED) == []


# ------------------------------------------------------------------------------------------------ whole messages


def test_all_problems_are_found_in_one_pass_in_the_order_of_the_message() -> None:
    wrong = SendMMS(
        Slideshow(
            " ",
            subject="x" * 81,
            link_expires="soon",
            slides=(
                Slide("Fine"),
                Slide(),
                Slide("x" * 5001, audio="a.mp3", video="https://x.example/a.mp4", duration=0),
                TWO_OBJECTS,
            ),
        ),
        to="Ada",
        sender="Shop",
        sender_mask="\x00",
    )
    assert [problem[:3] for problem in VALIDATOR.validate(wrong, DOCUMENTED)] == [
        ("E110", None, "to"),
        ("E111", None, "sender"),
        ("E108", None, "sender_mask"),
        ("E311", None, "name"),
        ("E314", None, "subject"),
        ("E617", None, "link_expires"),
        ("E313", 2, "text"),
        ("E226", 3, "audio/video"),
        ("E230", 3, "duration"),
        ("E334", 3, "text"),
        ("E352", 3, "audio"),
        ("E223", 4, "vcard/ical/pdf/passbook"),
    ]


def test_a_slideshow_is_validated_again_for_other_limits() -> None:
    # One value, several accounts: none may rely on another's result.
    operation = SendMMS(show(Slide("Hello")), to="15551234888", sender="60856")
    roomy, tight = Account(KEY), Account(KEY, limits=Limits(max_text=3))
    for account, expected in (roomy, []), (tight, ["E334"]), (roomy, []), (tight, ["E334"]):
        assert [problem.code for problem in account.problems(operation)] == expected


def test_equal_slideshows_are_validated_separately() -> None:
    # True == 1, so these two are equal, and one of them is wrong.
    right, wrong = show(Slide("Hi!", duration=1)), show(Slide("Hi!", duration=True))
    assert right == wrong
    account = Account(KEY)
    for one, expected in (right, []), (wrong, ["E230"]), (right, []):
        operation = SendMMS(one, to="15551234888", sender="60856")
        assert [problem.code for problem in account.problems(operation)] == expected


def test_the_text_of_a_problem_has_code_place_and_message() -> None:
    assert str(Problem("E226", 2, "audio/video", "apart, please")) == "E226 slide 2, audio/video: apart, please"
    assert str(Problem(None, None, "service_id", "no word for it")) == "service_id: no word for it"


@pytest.mark.parametrize("end", [FIRST, datetime(2010, 10, 1, microsecond=500_000)])
def test_a_report_that_ends_when_it_starts_is_refused(end: Any) -> None:
    # As they are sent, without fractions of a second.
    assert [problem[:3] for problem in VALIDATOR.validate(GetStatistics(FIRST, end), DOCUMENTED)] == [("E508", None, "end")]


def test_an_empty_id_with_a_text_is_not_an_id() -> None:
    assert VALIDATOR.validate(by_subscriber(mms_id="", text="Hi!"), DOCUMENTED) == []


@pytest.mark.parametrize(
    "operation",
    [
        SendMMS(SHOW),
        SendSavedMMS(35674),
        SendMMSBarcode(35674, barcode_id="Ticket_12345"),
        SendPassInMMS(35674, pass_data={"barcodevalue": "7"}),
        SendSMS("Hi!"),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_recipient_and_sender_may_be_left_out_until_the_message_is_validated(operation: Operation[Any]) -> None:
    assert [problem[:3] for problem in VALIDATOR.validate(operation, DOCUMENTED)] == [
        ("E110", None, "to"),
        ("E111", None, "sender"),
    ]


# ------------------------------------------------------------------------------------------------ warnings


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "media.localhost",
        "localhost.",
        "127.0.0.1:8000",
        "127.3.2.1",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "[::1]",
        "[::1]:8000",
        "[fc00::1]",
        "[fdff::1]",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "intranet",
        "printer.local",
        "media.internal",
        "user@10.0.0.1",
    ],
)
def test_a_host_that_a_gateway_cannot_reach_is_a_warning(kind: str, host: str) -> None:
    message = show(slide_of(**{kind: f"http://{host}/a"}))
    assert message.problems() == ()
    assert [(warning.code, warning.slide, warning.field) for warning in message.warnings()] == [(None, 1, kind)]
    assert message.warnings()[0].message.startswith("the gateway cannot fetch it: ")


@pytest.mark.parametrize(
    "host",
    [
        "x.example",
        "localhost.example",
        "local.example",
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "192.169.0.1",
        "[2001:db8::1]",
        "[fe00::1]",
        "10.0.0.1.x.example",
        "[not-an-address",
    ],
)
def test_a_public_host_is_not_a_warning(host: str) -> None:
    assert show(Slide(image=f"http://{host}/a")).warnings() == ()


@pytest.mark.parametrize(("number", "count"), [("1555123", 1), (1555123, 1), ("+1 555-123", 1), ("15551234", 0), (60856, 1)])
def test_a_recipient_of_fewer_than_8_digits_is_a_warning(number: Any, count: int) -> None:
    assert VALIDATOR.validate(send(to=number), DOCUMENTED) == []
    assert [warning.field for warning in WARNINGS_VALIDATOR.validate(send(to=number), DOCUMENTED)] == ["to"] * count


@pytest.mark.parametrize("number", [None, "", "Ada", 1.5, ["1"]])
def test_an_invalid_recipient_is_a_problem_and_not_a_warning(number: Any) -> None:
    assert WARNINGS_VALIDATOR.validate(send(to=number), DOCUMENTED) == []
