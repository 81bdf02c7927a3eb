"""Every rule, one short function each, in one list.

The builder, the client, the command line and the sandbox judge with this list and no other, so that a message means the
same to all of them. A rule looks at one thing (a text, an address, a slide, a field) and answers with what is wrong with
it, or None; where that thing stands, and which code it bears, is added by the judges, one floor up.

Above each rule stands where it comes from. `1.3` is the vendor's reference of its upper-case dialect, `successor` the one of
the hyphenated dialect; seeds 003 and 004 are pages of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from .limits import Limits
from .slide import FILES, MEDIA, OBJECTS, Slide


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code (None for an advice), what it looks at, and the function that looks.

    ``of`` is the kind of thing judged: ``words`` (any string), ``text`` (the text of a slide), ``address`` (the file named
    by ``field``), ``slide``, or ``field`` (whatever has a field of that name). ``at_once`` marks those the builder enforces at
    the very call that breaks them; ``given`` those that have nothing to say of a field that is None, unless it is required;
    ``typed`` those that say themselves of what type their field may be, where it need not be text.
    """

    code: str | None
    of: str
    field: str
    check: Callable[[Any, Limits], str | None]
    at_once: bool = False
    given: bool = False
    typed: bool = False

    @property
    def says(self) -> str:
        """The rule in a sentence."""
        return (self.check.__doc__ or "").strip().partition("\n")[0]


RULES: list[Rule] = []

#: Looks at a thing and says what is wrong with it, or None.
Check = Callable[[Any, Limits], str | None]


def _rule(
    code: str, of: str, field: str = "", *, at_once: bool = False, given: bool = False, typed: bool = False
) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        RULES.append(Rule(code, of, field, check, at_once, given, typed))
        return check

    return add


# ------------------------------------------------------------------------------------------------ any words at all

#: What XML 1.0 (section 2.2) leaves out. A gateway meets it as a parse error, so we meet it as E108 first.
#: The class says what is forbidden, which is little: one of all that is allowed takes 9 ms to compile.
UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@_rule("E108", "words")
def sayable(words: Any, limits: Limits) -> str | None:
    """Words are text, made of characters that XML can hold."""
    if not isinstance(words, str):
        return f"must be text, not {type(words).__name__}"
    # A printable string holds none of them; that is quick to ask and nearly always the answer.
    if words.isprintable() or (bad := UNSAYABLE.search(words)) is None:
        return None
    half = "which is half a character" if "\ud800" <= bad[0] <= "\udfff" else "which XML cannot hold"
    return f"character {bad.start() + 1} is U+{ord(bad[0]):04X}, {half}: leave it out"


def _blank(words: object) -> bool:
    """Nothing, or nothing but what XML calls white space: a phone, and a gateway, would find nothing there."""
    if isinstance(words, str) and words[:1] > " ":  # nearly always
        return False
    return words is None or not str(words).strip(" \t\n\r")


# ------------------------------------------------------------------------------------------------ the text of a slide


# Seed 003 has E228 and E334 for it and does not say which comes when; we say E334, which names the slide.
@_rule("E334", "text", "text", at_once=True)
def text_length(text: Any, limits: Limits) -> str | None:
    """A slide's text has at most 5,000 characters."""
    if not isinstance(text, str) or len(text) <= limits.max_text:
        return None
    # A line break is one character however it was typed: that is how it is sent.
    length = len(text.replace("\r\n", "\n"))
    if length <= limits.max_text:
        return None
    return f"{length:,} characters, {length - limits.max_text:,} more than the {limits.max_text:,} allowed: shorten it"


# ------------------------------------------------------------------------------------------------ the address of a file

_SCHEMES = frozenset({"http", "https"})


# 1.3, saveMMS: the address is the full absolute path to the file; E351-E358 say that the gateway could not copy it.
@_rule("E351", "address", "image", at_once=True)
@_rule("E352", "address", "audio", at_once=True)
@_rule("E353", "address", "video", at_once=True)
@_rule("E355", "address", "vcard", at_once=True)
@_rule("E356", "address", "ical", at_once=True)
@_rule("E357", "address", "pdf", at_once=True)
@_rule("E358", "address", "passbook", at_once=True)
def absolute_address(url: Any, limits: Limits) -> str | None:
    """The address of a file is an absolute http or https URL without blanks."""
    if isinstance(url, str):
        scheme, found, rest = url.partition("://")
        # The scheme and the beginning of a host; more than that, and no blank, is the media server's business. What is
        # printable holds no white space but the blank, and is quickly asked.
        if (
            found
            and scheme.lower() in _SCHEMES
            and rest[:1] not in " \t\n\r/?#"
            and " " not in url
            and (url.isprintable() or not ("\n" in url or "\t" in url or "\r" in url))
        ):
            return None
    return f"{url!r:.80} is no absolute http(s) address: the gateway fetches the file from there"


# ------------------------------------------------------------------------------------------------ one slide


# Seed 003, E223.
@_rule("E223", "slide", "/".join(OBJECTS), at_once=True)
def one_object(slide: Slide, limits: Limits) -> str | None:
    """A slide holds at most one of vCard, iCal, PDF and pass."""
    # Written out, like its neighbours below: every slide of every message passes here.
    if slide.vcard is None and slide.ical is None and slide.pdf is None and slide.passbook is None:
        return None
    if sum(getattr(slide, kind) is not None for kind in OBJECTS) < 2:
        return None
    return f"{_held(slide, OBJECTS)} cannot share a slide: give each a slide of its own"


# Seed 003, E224.
@_rule("E224", "slide", "/".join(OBJECTS), at_once=True)
def object_alone(slide: Slide, limits: Limits) -> str | None:
    """A vCard, iCal, PDF or pass stands on a slide without image, audio or video."""
    if slide.image is None and slide.audio is None and slide.video is None:
        return None
    if slide.vcard is None and slide.ical is None and slide.pdf is None and slide.passbook is None:
        return None
    return f"{_held(slide, OBJECTS)} cannot stand beside {_held(slide, MEDIA)}: put it on a slide of its own"


# Seed 003, E226.
@_rule("E226", "slide", "audio/video", at_once=True)
def audio_without_video(slide: Slide, limits: Limits) -> str | None:
    """Audio and video are on different slides."""
    if slide.audio is None or slide.video is None:
        return None
    return "audio and video cannot share a slide: put one of them on a slide of its own"


# Seed 003, E227. An image beside audio is allowed (1.3, saveMMS).
@_rule("E227", "slide", "video/image", at_once=True)
def video_without_image(slide: Slide, limits: Limits) -> str | None:
    """Video and image are on different slides."""
    if slide.video is None or slide.image is None:
        return None
    return "video and image cannot share a slide: put one of them on a slide of its own"


# Seed 003, E313. Blanks are no text: a phone would show an empty slide.
@_rule("E313", "slide", "text")
def not_empty(slide: Slide, limits: Limits) -> str | None:
    """A slide holds text or a file."""
    text = slide.text
    # Nearly every slide answers here: a text that is more than white space, of whatever kind.
    if isinstance(text, str) and text and not text.isspace():
        return None
    if not _blank(text) or any(getattr(slide, kind) is not None for kind in (*FILES, "personalized_image")):
        return None
    return "the slide is empty: give it text or a file, or leave it out"


# 1.3: an integer, in seconds. From 1 up is our ruling; above 30 is an advice.
@_rule("E230", "slide", "duration", at_once=True)
def whole_seconds(slide: Slide, limits: Limits) -> str | None:
    """A duration is a whole number of seconds from 1 up."""
    if _whole(slide.duration, 1):
        return None
    return f"{slide.duration!r:.40} is no whole number of seconds from 1 up"


def _whole(number: Any, least: int) -> bool:
    """Nothing, or a whole number that is large enough."""
    # `type is`, since True is an int too.
    return number is None or (type(number) is int and number >= least)


# ------------------------------------------------------------------------------------------------ one field of a message


def digits(number: object) -> str:
    """A number as the wire wants it: what people type between the digits removed, and one leading ``+``.

    Ruling 8: blanks, dashes, dots and brackets are removed; whatever else stands there stays, for the rule to find.
    """
    number = str(number)
    return number if number.isalnum() else _BETWEEN_DIGITS.sub("", number).removeprefix("+")


_BETWEEN_DIGITS = re.compile(r"[\s\-\u2010-\u2015.()\[\]]")
# No `\d`, which would take the digits of every script.
_DIGITS = re.compile(r"[0-9]+")
# E.164 ends at 15 digits; two numbers with a blank between them have more.
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")


def _typed(number: object) -> bool:
    # A column of numbers with a gap in it comes as floats, and 15551234888.0 without its dot is another number.
    return isinstance(number, (str, int))


# 1.3, introduction: international, country code first, without + and 00. No numbering plan is enforced: the vendor's own
# example is a number that no plan has.
@_rule("E110", "field", "to", typed=True)
def recipient(message: Any, limits: Limits) -> str | None:
    """The recipient is one number in digits, country code first."""
    if message.to is None or message.to == "":
        return "a recipient is required: one number, country code first"
    if _typed(message.to) and _NUMBER.fullmatch(digits(message.to)):
        return None
    return f"{message.to!r:.40} is not one number in digits with the country code first (no 00, no list)"


# The successor's JSON service: comma-separated numbers, shown and not sent to.
@_rule("E110", "field", "display_to", given=True, typed=True)
def displayed(message: Any, limits: Limits) -> str | None:
    """The numbers that are shown as members of a group are numbers as the recipient is."""
    wrong = [one for one in message.display_to or () if not (_typed(one) and _NUMBER.fullmatch(digits(one)))]
    return f"{wrong[0]!r:.40} is not one number in digits with the country code first" if wrong else None


@_rule("E111", "field", "sender", typed=True)
def short_code(message: Any, limits: Limits) -> str | None:
    """The sender is a short code or long code in digits."""
    if message.sender is None or message.sender == "":
        return "a sender is required: one of the account's short codes"
    if _typed(message.sender) and _DIGITS.fullmatch(digits(message.sender)):
        return None
    return f"{message.sender!r:.40} is no short code or number in digits (a name goes into sender_mask)"


@_rule("E311", "field", "name")
def named(message: Any, limits: Limits) -> str | None:
    """A slideshow has a name, which only its owner sees."""
    if "name" in limits.waived or not _blank(message.name):
        return None
    return "a name is required: it is how the account lists the slideshow"


@_rule("E312", "field", "slides")
def some_slides(message: Any, limits: Limits) -> str | None:
    """A slideshow has at least one slide."""
    return None if message.slides else "there are no slides: add one with .slide(...)"


@_rule("E225", "field", "slides", at_once=True)
def not_too_many_slides(message: Any, limits: Limits) -> str | None:
    """A slideshow has at most 8 slides."""
    if len(message.slides) <= limits.max_slides:
        return None
    return f"{len(message.slides)} slides, the gateway takes {limits.max_slides}: send the rest as a second message"


# 80 characters have no code of their own (1.3); the successor's E314 is "invalid or missing", which fits both.
@_rule("E314", "field", "subject", given=True)
def subject(message: Any, limits: Limits) -> str | None:
    """A subject has at most 80 characters, and is there where the dialect asks for one."""
    if _blank(message.subject):
        return "a subject is required here" if "subject" in limits.required else None
    return _subject_length(message.subject, limits)


@_rule("E314", "field", "custom_subject", given=True)
def custom_subject(message: Any, limits: Limits) -> str | None:
    """A custom subject has at most 80 characters."""
    return _subject_length(message.custom_subject or "", limits)


def _subject_length(words: Any, limits: Limits) -> str | None:
    words = str(words)  # a whole number is written out
    if len(words) <= limits.max_subject:
        return None
    return f"{len(words)} characters, {len(words) - limits.max_subject} more than the {limits.max_subject} allowed"


# Seed 003: the text is required if no subject is passed. The successor requires it always, unless the SMS is off.
@_rule("E622", "field", "fallback_text")
def fallback_text(message: Any, limits: Limits) -> str | None:
    """There is a subject or a text for the fallback SMS; some dialects always want the text."""
    if not _blank(message.fallback_text):
        return None
    if "fallback_text" in limits.required:
        off = message.disable_fallback
        return None if off else "the text of the fallback SMS is required here, beside any subject"
    if "subject" in limits.required:
        return None  # then it is the subject that is missing
    # A saved message has its subject, or its fallback text, where it was saved.
    if not _blank(getattr(message, "subject", "saved")):
        return None
    return "without a subject, the text of the fallback SMS is required"


@_rule("E617", "field", "link_expires", given=True, typed=True)
def link_expiry(message: Any, limits: Limits) -> str | None:
    """The link of the fallback SMS expires on a date, a datetime or an ISO 8601 string."""
    return no_moment(message.link_expires)


@_rule("E214", "field", "start_date", given=True, typed=True)
def start_date(message: Any, limits: Limits) -> str | None:
    """The list starts at a date, a datetime or an ISO 8601 string."""
    return no_moment(message.start_date)


_DAY = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}(?:T|$)")


def no_moment(when: Any) -> str | None:
    """What is wrong with a moment; None for a date, a datetime, or ISO 8601 with a day of the calendar."""
    if when is None or isinstance(when, date):
        return None
    # A day of the calendar, with a time or without: the weeks and half-dates of the standard are in no document.
    if isinstance(when, str) and _DAY.match(when):
        from dateutil.parser import isoparse  # 10 ms that most messages never need

        try:
            isoparse(when)
        except (ValueError, OverflowError):  # OverflowError: 24:00 on the last day there is
            pass
        else:
            return None
    return f"{when!r:.40} is no date, datetime or ISO 8601 string"


@_rule("E212", "field", "page", given=True, typed=True)
def page_number(message: Any, limits: Limits) -> str | None:
    """A page number counts from 1."""
    return _from_one(message.page)


@_rule("E213", "field", "per_page", given=True, typed=True)
def items_per_page(message: Any, limits: Limits) -> str | None:
    """A page holds at least 1 item."""
    return _from_one(message.per_page)


def _from_one(number: Any) -> str | None:
    return None if _whole(number, 1) else f"{number!r:.40} is no whole number from 1 up"


@_rule("E620", "field", "mms_id")
def saved_id(message: Any, limits: Limits) -> str | None:
    """The id of the saved MMS is given; a message by subscriber may have a text instead."""
    if not _blank(message.mms_id) or not _blank(getattr(message, "text", None)):
        return None
    return "the id that saveMMS gave is required"


# The three that only some accounts or dialects insist on.
@_rule("E627", "field", "service_id", given=True)
def service(message: Any, limits: Limits) -> str | None:
    """A service id is given where the dialect asks for one."""
    return _insisted(message, "service_id", limits)


@_rule("E650", "field", "operator_id", given=True)
def operator(message: Any, limits: Limits) -> str | None:
    """An operator id is given where the account must name the carrier."""
    return _insisted(message, "operator_id", limits)


@_rule("E718", "field", "campaign_ref", given=True)
def campaign(message: Any, limits: Limits) -> str | None:
    """A campaign reference is given where the account enforces its campaign check."""
    return _insisted(message, "campaign_ref", limits)


def _insisted(message: Any, name: str, limits: Limits) -> str | None:
    if name not in limits.required or not _blank(getattr(message, name)):
        return None
    return f"this account requires {name}"


# 1.3, sendSavedMMS: VALUE and SLIDE are both mandatory, and SLIDE counts from 1.
@_rule("E100", "field", "custom_text")
def custom_slides(message: Any, limits: Limits) -> str | None:
    """Custom texts are keyed by slide, counted from 1."""
    wrong = [at for at in message.custom_text if type(at) is not int or not 1 <= at <= limits.max_slides]
    return f"{wrong[0]!r:.40} is no slide: they count from 1 to {limits.max_slides}" if wrong else None


# The names become element names (1.3, sendSavedMMS), and the gateway matches them without regard to case.
_DATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@_rule("E100", "field", "data")
def data_names(message: Any, limits: Limits) -> str | None:
    """Merge values have plain names (letters, digits, _ . -) that differ by more than case."""
    return _plain_names(message.data)


# 1.3, sendPassInMMS: the names are the vendor's, and those it does not know it leaves alone.
@_rule("E100", "field", "pass_data")
def pass_names(message: Any, limits: Limits) -> str | None:
    """The values of a pass have plain names that differ by more than case."""
    return _plain_names(message.pass_data)


@_rule("E824", "field", "pass_data")
def some_pass_data(message: Any, limits: Limits) -> str | None:
    """A pass is filled in with something."""
    return None if message.pass_data else "the values of the pass are required"


def _plain_names(named: Any) -> str | None:
    wrong = [name for name in named if not (isinstance(name, str) and _DATA_NAME.fullmatch(name))]
    if wrong:
        return f"{wrong[0]!r:.40} is no name for a value: use letters, digits and _"
    if len({name.lower() for name in named}) < len(named):
        return "two names differ by case only, which the gateway does not see"
    return None


# The successor's JSON service: at most 64 characters, and a moment; neither has a code of its own.
@_rule("E100", "field", "client_reference", given=True)
def client_reference(message: Any, limits: Limits) -> str | None:
    """A client reference has at most 64 characters."""
    words = str(message.client_reference or "")  # a whole number is written out
    if len(words) <= limits.max_reference:
        return None
    return f"{len(words)} characters, {len(words) - limits.max_reference} more than the {limits.max_reference} allowed"


@_rule("E100", "field", "expires", given=True, typed=True)
def expiry(message: Any, limits: Limits) -> str | None:
    """Delivery is given up at a date, a datetime or an ISO 8601 string."""
    return no_moment(message.expires)


# 1.3 of 2013-15: the text is mandatory if device discovery is wanted at all.
@_rule("E100", "field", "ddm_text")
def discovery_text(message: Any, limits: Limits) -> str | None:
    """A device discovery message has a text if it has anything."""
    if not _blank(message.ddm_text) or (message.ddm_subject is message.ddm_timeout is message.ddm_force is None):
        return None
    return "a device discovery message needs its text"


# The vendor's schema of 2014 has a number from 0 up.
@_rule("E100", "field", "ddm_timeout", given=True, typed=True)
def discovery_timeout(message: Any, limits: Limits) -> str | None:
    """The time to wait for a device discovery message's report is a whole number of minutes."""
    return None if _whole(message.ddm_timeout, 0) else f"{message.ddm_timeout!r:.40} is no whole number of minutes"


def _flag(field: str) -> None:
    @_rule("E100", "field", field, given=True, typed=True)
    def flag(message: Any, limits: Limits) -> str | None:
        """A switch is on, off, or left alone."""
        said = getattr(message, field)
        # "no" would be sent as it stands, and the JSON service take any words for yes.
        if said is None or isinstance(said, bool):
            return None
        return f"{said!r:.40} is no switch: give True or False, or leave it out"


for _field in (
    "disable_fallback",
    "disable_fallback_link",
    "cache_content",
    "force_pass_as_link",
    "ddm_force",
    "notify",
    "call_to_action",
):
    _flag(_field)


# ------------------------------------------------------------------------------------------------ what only 1.3 has


# 1.3, sendSavedMMSCampaign, where it is mandatory. E714 is for one that the gateway does not know.
@_rule("E624", "field", "to_campaign")
def campaign_to_send_to(message: Any, limits: Limits) -> str | None:
    """The campaign to send to is given."""
    return "the id of the campaign to send to is required" if _blank(message.to_campaign) else None


# 1.3, sendMMSBarcode.
@_rule("E631", "field", "barcode_id")
def barcode(message: Any, limits: Limits) -> str | None:
    """The words of the barcode are given."""
    return "what the barcode says is required" if _blank(message.barcode_id) else None


# 1.3, sendSMS. In a message by subscriber an MMS may stand in its place, which is E620's to say.
@_rule("E712", "field", "text")
def sms_text(message: Any, limits: Limits) -> str | None:
    """An SMS has a text."""
    return "the text is required" if _blank(message.text) and not hasattr(message, "mms_id") else None


# 1.3, sendMessageBySubscriberRef: an MMS or an SMS, never both.
@_rule("E100", "field", "text")
def one_message(message: Any, limits: Limits) -> str | None:
    """A text does not go with the id of a saved MMS."""
    if message.text is None or getattr(message, "mms_id", None) in (None, ""):
        return None
    return "an id and a text are two messages: give one of them"


# 1.3, sendMessageBySubscriberRef, where it is mandatory; it has no code of its own.
@_rule("E100", "field", "subscriber_ref", given=True)
def subscriber(message: Any, limits: Limits) -> str | None:
    """A subscriber reference is given where the message goes to one."""
    return _insisted(message, "subscriber_ref", limits)


# 1.3, createMMSCampaign.
@_rule("E170", "field", "campaign_name")
def campaign_named(message: Any, limits: Limits) -> str | None:
    """A new campaign has a name."""
    return "the campaign's name is required" if _blank(message.campaign_name) else None


@_rule("E171", "field", "brand_name")
def brand_named(message: Any, limits: Limits) -> str | None:
    """A new campaign has a brand name."""
    return "the brand's name is required" if _blank(message.brand_name) else None


# 1.3, subscribe and unsubscribe. A number that is none has no code of its own there.
@_rule("E901", "field", "mobile", typed=True)
def subscribers_number(message: Any, limits: Limits) -> str | None:
    """The number to subscribe is one number in digits, country code first."""
    if _typed(message.mobile) and _NUMBER.fullmatch(digits(message.mobile)):
        return None
    return f"{message.mobile!r:.40} is not one number in digits with the country code first"


@_rule("E902", "field", "campaign")
def subscribers_campaign(message: Any, limits: Limits) -> str | None:
    """The campaign to subscribe to is given."""
    return "the campaign's reference is required" if _blank(message.campaign) else None


# 1.3, removeMMSInboxMessage.
@_rule("E640", "field", "inbox_id")
def inbox_message(message: Any, limits: Limits) -> str | None:
    """The id of the inbox message is given."""
    return "the tracking_id of the message's N401 notice is required" if _blank(message.inbox_id) else None


# 1.3, getSendingStatistics: both dates are mandatory.
@_rule("E506", "field", "start")
def report_starts(message: Any, limits: Limits) -> str | None:
    """A report has a start."""
    return "the moment the report starts at is required" if _blank(message.start) else None


@_rule("E506", "field", "end")
def report_ends(message: Any, limits: Limits) -> str | None:
    """A report has an end."""
    return "the moment the report ends at is required" if _blank(message.end) else None


@_rule("E507", "field", "start", typed=True)
def report_start(message: Any, limits: Limits) -> str | None:
    """A report starts at a date, a datetime or an ISO 8601 string."""
    return _moment_in_utc(message.start)


@_rule("E507", "field", "end", typed=True)
def report_end(message: Any, limits: Limits) -> str | None:
    """A report ends at a date, a datetime or an ISO 8601 string."""
    return _moment_in_utc(message.end)


# A public client of the vendor's tells them apart so: E507 for the form, E508 for a date that there is not.
@_rule("E508", "field", "start", typed=True)
def real_start(message: Any, limits: Limits) -> str | None:
    """A report starts on a day of the calendar."""
    return _no_real_date(message.start)


@_rule("E508", "field", "end", typed=True)
def real_end(message: Any, limits: Limits) -> str | None:
    """A report ends on a day of the calendar."""
    return _no_real_date(message.end)


# The order has no code of its own; E508 is about dates, and documented with the words of E507.
@_rule("E508", "field", "end")
def report_order(message: Any, limits: Limits) -> str | None:
    """A report ends after it starts."""
    start, end = in_utc(message.start), in_utc(message.end)
    # As they are sent, without fractions of a second.
    after = not (start and end) or end.replace(microsecond=0) > start.replace(microsecond=0)
    return None if after else f"{message.end} is not after {message.start}, to the second"


def _no_real_date(when: Any) -> str | None:
    if not _has_form(when) or in_utc(when) is not None:
        return None
    return f"{when!r:.40} is no real date"


def _has_form(when: Any) -> bool:
    return isinstance(when, str) and _DAY.match(when.replace(" ", "T", 1)) is not None


def _moment_in_utc(when: Any) -> str | None:
    if _blank(when) or _has_form(when) or in_utc(when) is not None:
        return None
    return f"{when!r:.40} is no date, datetime or ISO 8601 string that UTC has"


def in_utc(when: object) -> datetime | None:
    """The moment in UTC: what has no zone is taken as UTC, a date as its midnight; None for what is no moment."""
    if isinstance(when, str):
        when = when.replace(" ", "T", 1)  # the report's own form has a blank where the standard has a T
        if no_moment(when):
            return None
        from dateutil.parser import isoparse

        when = isoparse(when)
    elif isinstance(when, date) and not isinstance(when, datetime):
        when = datetime.combine(when, time())
    if not isinstance(when, datetime):
        return None
    try:
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except OverflowError:  # in UTC it would be before the year 1 or after 9999
        return None


def _held(slide: Slide, kinds: Iterable[str]) -> str:
    return " and ".join(kind for kind in kinds if getattr(slide, kind) is not None)
