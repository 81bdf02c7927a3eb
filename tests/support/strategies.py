"""Hypothesis strategies for values. They follow the table of wire names, so a field that is added there is drawn here too.

``right`` operations have no problems. All values survive encoding and decoding unchanged: tokens have no spaces around them,
numbers are in digits, and names of merge values are in lower case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from skymms import SendMessageBySubscriberRef
from skymms.codes import EVENTS, ORIGINS
from skymms.model.action_replies import (
    Campaign,
    CampaignList,
    NewCampaign,
    RemovedInboxMessage,
    ScheduledMMS,
    SentSMS,
    SentToSubscriber,
    Session,
    StatisticsLink,
    SubscriberResult,
    Subscription,
)
from skymms.model.notices import (
    DeliveryReport,
    EncodingReport,
    InboundMMS,
    InboundSMS,
    Notice,
    SubscriptionChange,
    UnknownNotice,
)
from skymms.model.operations import Operation
from skymms.model.replies import Refusal, SentMMS
from skymms.model.slideshow import Slideshow
from skymms.model.stored_replies import DeletedMMS, MMSList, SavedMMS, StoredMMS
from skymms.slide import FILES, OBJECTS, Slide
from skymms.wire import table
from skymms.wire.dialects import DIALECTS, Dialect
from skymms.wire.notation import Row, is_ignored, is_required, wire_name

# ------------------------------------------------------------------------------------------------ texts

#: Every character that XML 1.0 can contain; those that must be escaped are drawn more often.
_XML = st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
_AWKWARD = st.sampled_from(["&", "<", ">", '"', "'", "]]>", "&amp;", "\t", "\n", " ", "%", "+", "=", "é", "😀", "👩‍👩‍👧", "\\"])


def _text(*pieces: str, min_size: int = 0, max_size: int = 12) -> st.SearchStrategy[str]:
    return st.lists(_XML | _AWKWARD | st.sampled_from(pieces or [" "]), min_size=min_size, max_size=max_size).map("".join)


#: Any text, also with carriage returns.
words = _text("\r", "\r\n")
#: Text whose line breaks are line feeds, as in requests.
lines = _text()
#: Text that is not only white space.
visible_text = st.builds("{}{}".format, _text(max_size=6), _text(max_size=6).map(lambda more: "x" + more))
visible_lines = visible_text
#: Text without white space.
tokens = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x17E, categories=["L", "N", "P", "S"]), min_size=1, max_size=20
)
numbers = st.from_regex(r"1555[0-9]{7}", fullmatch=True)
short_codes = st.from_regex(r"[0-9]{5,6}", fullmatch=True)
whole_numbers = st.integers(min_value=1, max_value=10**6)
names = st.from_regex(r"[a-z_][a-z0-9_.-]{0,11}", fullmatch=True)
addresses = st.builds("https://media.example/{}".format, tokens)
_zones = st.integers(min_value=-14 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def _whole(when: datetime) -> datetime:
    """Without fractions of a second, which no document has."""
    return when.replace(microsecond=0)


aware_moments = st.datetimes(timezones=_zones).map(_whole)
moments = st.dates() | st.datetimes().map(_whole) | aware_moments


# ------------------------------------------------------------------------------------------------ slides


@st.composite
def slides(draw: st.DrawFn, sayable: Collection[str]) -> Slide:
    """A slide without problems, with fields that a dialect supports."""
    files = [(), ("image",), ("audio",), ("video",), ("image", "audio"), *((kind,) for kind in OBJECTS)]
    held = draw(st.sampled_from([kinds for kinds in files if set(kinds) <= set(sayable)]), label="the files of a slide")
    text = draw(visible_lines if not held else st.none() | lines)
    duration = draw(st.none() | whole_numbers) if "duration" in sayable else None
    template = draw(st.none() | tokens) if "personalized_image" in sayable else None
    return Slide(text, duration=duration, personalized_image=template, **{kind: draw(addresses) for kind in held})


#: Any slides, also wrong and empty ones, that survive encoding and decoding unchanged.
any_slides = st.builds(
    Slide,
    st.none() | lines,
    duration=st.none() | st.integers(min_value=0, max_value=10**17),
    **{kind: st.none() | tokens for kind in FILES},
)

# ------------------------------------------------------------------------------------------------ operations


#: The values of each field of a right request, by its name.
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "to": numbers,
    "sender": short_codes,
    "sender_mask": words,
    "operator_id": tokens,
    "campaign_ref": tokens,
    "service_id": tokens,
    "name": visible_text,
    "subject": visible_text,
    "fallback_text": visible_lines,
    "disable_fallback": st.booleans(),
    "disable_fallback_link": st.booleans(),
    "link_expires": moments,
    "mms_id": tokens,
    "custom_text": st.dictionaries(st.integers(1, 8), lines, max_size=3),
    "custom_subject": words,
    "data": st.dictionaries(names, words, max_size=3),
    "force_pass_as_link": st.booleans(),
    "ddm_subject": words,
    "ddm_text": visible_lines.filter(bool),
    "ddm_timeout": whole_numbers,
    "ddm_force": st.booleans(),
    "device": tokens,
    "start_date": moments,
    "page": whole_numbers,
    "per_page": whole_numbers,
    "display_to": st.lists(numbers, min_size=1, max_size=3).map(tuple),
    "client_reference": tokens,
    "expires": moments,
    "cache_content": st.booleans(),
    # Fields that only Skycore 1.3 has.
    "to_campaign": tokens,
    "barcode_id": tokens,
    "database_id": tokens,
    "pass_data": st.dictionaries(names, words, min_size=1, max_size=3),
    "subscriber_ref": tokens,
    "text": visible_lines,
    "campaign_name": visible_text,
    "brand_name": visible_text,
    "mobile": numbers,
    "campaign": tokens,
    "notify": st.booleans(),
    "timezone": tokens,
    "call_to_action": st.booleans(),
    "inbox_id": tokens,
    "start": st.datetimes(max_value=datetime(2030, 1, 1), timezones=st.just(UTC)).map(_whole),
    "end": st.datetimes(min_value=datetime(2030, 1, 2), timezones=st.just(UTC)).map(_whole),
}
#: Required fields that the table does not mark as required.
WANTED = {"pass_data"}


def plain(path: str) -> str:
    """The path of a field without its marks."""
    return path.replace("[]", "").replace("{}", "")


@st.composite
def right_operations(draw: st.DrawFn, dialect: Dialect, kind: type[Operation[Any]]) -> Operation[Any]:
    """An operation without problems, with any of the fields that the dialect supports."""
    found: dict[str, Any] = {}
    inside: set[str] = set()
    holds_slides = False
    for row in table.REQUESTS[kind][1]:
        if "[]." in row.field:
            holds_slides = True
            inside |= {row.field.rpartition(".")[2]} if wire_name(row, dialect.column) else set()
        elif wire_name(row, dialect.column) or is_ignored(row, dialect.column):
            path = plain(row.field)
            value = FIELDS[path.rpartition(".")[2]]
            needed = is_required(row, dialect.column) or is_ignored(row, dialect.column) or path in WANTED
            if needed or draw(st.booleans(), label=f"with {path}"):
                found[path] = draw(value, label=path)
    if kind is SendMessageBySubscriberRef:
        # Exactly one of the two.
        found.pop("text" if "mms_id" in found else "mms_id", None)
        found |= {} if {"text", "mms_id"} & set(found) else {"text": draw(visible_lines, label="text")}
    if holds_slides:
        found["slideshow.slides"] = tuple(draw(st.lists(slides(inside), min_size=1, max_size=8), label="slides"))
        # One of the two is required (E622).
        if not found.get("slideshow.subject") and not found.get("slideshow.fallback_text"):
            found["slideshow.subject"] = draw(visible_text, label="subject")
    if any(path.startswith("ddm_") for path in found) and not found.get("ddm_text"):
        found["ddm_text"] = draw(FIELDS["ddm_text"])
    return built(kind, found)


def built(kind: type[Operation[Any]], found: Mapping[str, Any]) -> Operation[Any]:
    """An operation, made from the paths of its fields."""
    inner = {path.removeprefix("slideshow."): value for path, value in found.items() if path.startswith("slideshow.")}
    outer = {path: value for path, value in found.items() if "." not in path}
    return kind(**outer, **({"slideshow": Slideshow(**inner)} if inner else {}))


# ------------------------------------------------------------------------------------------------ replies

_perhaps_token, _perhaps_words = st.none() | tokens, st.none() | words
_counts = st.none() | st.integers(min_value=0, max_value=10**6)

stored = st.builds(
    StoredMMS,
    mms_id=_perhaps_token,
    name=_perhaps_words,
    subject=_perhaps_words,
    created=st.none() | moments,
    slides=_counts,
    size=_counts,
)

#: The lists in responses, by the column of responses. They have nothing in common, and the JSON service has none.
LISTS: Mapping[int, st.SearchStrategy[MMSList]] = {
    0: st.builds(MMSList, mms_ids=st.lists(st.from_regex(r"[0-9]{1,9}", fullmatch=True)).map(tuple)),
    1: st.builds(
        MMSList,
        templates=st.lists(stored, max_size=4).map(tuple),
        start_date=st.none() | moments,
        page=_counts,
        per_page=_counts,
        total=_counts,
    ),
}


_results = st.builds(
    SubscriberResult,
    status=tokens,
    tracking_id=_perhaps_token,
    to=_perhaps_token,
    sender=_perhaps_token,
    details=_perhaps_words,
    error_code=_perhaps_token,
    error_info=_perhaps_words,
)

#: The replies that only Skycore 1.3 has.
OF_1_3: Mapping[type, st.SearchStrategy[Any]] = {
    ScheduledMMS: st.builds(ScheduledMMS, mms_id=_perhaps_token, scheduled_id=_perhaps_token),
    SentSMS: st.builds(SentSMS, tracking_id=_perhaps_token, to=_perhaps_token),
    SentToSubscriber: st.builds(
        SentToSubscriber,
        subscriber_ref=_perhaps_token,
        campaign_ref=_perhaps_token,
        results=st.lists(_results, min_size=1, max_size=4).map(tuple),
    ),
    NewCampaign: st.builds(NewCampaign, campaign_id=_perhaps_token, campaign_name=_perhaps_words, brand_name=_perhaps_words),
    CampaignList: st.builds(
        CampaignList,
        campaigns=st.lists(st.builds(Campaign, campaign_id=_perhaps_token, name=_perhaps_words), max_size=4).map(tuple),
    ),
    Subscription: st.builds(Subscription, campaign=_perhaps_token, subscriber_ref=_perhaps_token, mobile=_perhaps_token),
    RemovedInboxMessage: st.builds(RemovedInboxMessage, inbox_id=_perhaps_token),
    StatisticsLink: st.builds(StatisticsLink, link=addresses),
    Session: st.builds(Session, session_id=_perhaps_token),
}


def _supported(rows: Sequence[Row], column: int | None) -> list[str]:
    """The fields that a column of responses supports; for None, those that any column supports."""
    columns = range(len(rows[0].names)) if column is None else [column]
    return [plain(row.field) for row in rows if any(wire_name(row, each) for each in columns)]


def replies(column: int) -> Mapping[type, st.SearchStrategy[Any]]:
    """The replies that a column of responses supports, by class."""
    saved = {"mms_id": _perhaps_token, "tracking_id": _perhaps_token, "details": _perhaps_words}
    listed = {MMSList: LISTS[column]} if column in LISTS else {}
    return {
        **(OF_1_3 if column == 0 else {}),
        SentMMS: st.builds(
            SentMMS,
            mms_id=_perhaps_token,
            tracking_id=_perhaps_token,
            to=_perhaps_token,
            sender=_perhaps_token,
            details=_perhaps_words,
        ),
        SavedMMS: st.builds(SavedMMS, **{name: saved[name] for name in _supported(table.REPLIES[SavedMMS], column)}),
        DeletedMMS: st.builds(DeletedMMS, mms_id=_perhaps_token),
        **listed,
        Refusal: st.builds(Refusal, code=tokens, to=_perhaps_token, info=_perhaps_words),
    }


# ------------------------------------------------------------------------------------------------ notices

KINDS: Mapping[type[Notice], str] = {
    DeliveryReport: "delivery",
    EncodingReport: "encoding",
    InboundMMS: "inbound-mms",
    InboundSMS: "inbound-sms",
    SubscriptionChange: "subscription",
}
_PROSE = {"sender_mask", "details", "keyword", "subject", "text", "campaign_title", "brand_name"}
_files = st.lists(tokens, max_size=4).map(tuple)


@st.composite
def notices(draw: st.DrawFn, kind: type[Notice], column: int | None = None) -> Notice:
    """A notice of a class, with a matching code and origin, and the fields that a column supports."""
    found: dict[str, Any] = {}
    for name in _supported(table.NOTICES[kind], column):
        if name not in {"code", "origin"}:
            of_a_field = {"timestamp": st.none() | aware_moments, "files": _files, "copy_to": _files}
            found[name] = draw(of_a_field.get(name, _perhaps_words if name in _PROSE else _perhaps_token), label=name)
    if kind is UnknownNotice:
        found["code"] = draw(st.none() | tokens.filter(lambda code: code not in EVENTS))
        found["origin"] = draw(_perhaps_token)
        # An XML document is a postback by its root, an object by having one of these.
        if (
            not any(found.get(name) for name in ("code", "origin", "status_code"))
            and column == DIALECTS["sinch-json"].response_column
        ):
            found["origin"] = draw(tokens)
    else:
        found["code"] = draw(st.sampled_from([code for code, event in EVENTS.items() if event.kind == KINDS[kind]]))
        found["origin"] = draw(st.none() | st.sampled_from([name for name, kinds in ORIGINS.items() if KINDS[kind] in kinds]))
    return kind(**found)
