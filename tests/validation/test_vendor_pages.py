"""What the vendors' pages say beside their tables: warnings, and fields that an account requires or waives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    Client,
    ConfigurationError,
    Limits,
    MMSError,
    SaveMMS,
    SendMessageBySubscriberRef,
    SendMMS,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMS,
    SendSMS,
    Slide,
    Slideshow,
)
from skymms.gsm import BASIC, EXTENSION, gsm_units, sms_parts
from skymms.limits import CONFIGURABLE
from skymms.model.operations import Operation
from skymms.sandbox import Sandbox
from skymms.wire import table
from skymms.wire.dialects import DIALECTS, DialectName, get_dialect

KEY = "not-a-key-at-all"
SHOW = Slideshow("n", subject="s", fallback_text="f").slide("Hi!")
AMERICAN, AUSTRALIAN = "15551234888", "61491570156"
EACH_DIALECT = pytest.mark.parametrize("dialect", DIALECTS)


def warnings(operation: Operation[Any], dialect: DialectName = "skycore", **limits: Any) -> list[tuple[str, str]]:
    account = Account(KEY, dialect=dialect, service_id="1", limits=Limits(**limits))
    return [(warning.field, warning.message) for warning in account.warnings(operation)]


# ------------------------------------------------------------------------------------------------ Skycore 1.3: FROM_MASK


@EACH_DIALECT
@pytest.mark.parametrize("kind", [SendMMS, SendSavedMMS, partial(SendMMSBarcode, barcode_id="b"), SendPassInMMS, SendSMS])
@pytest.mark.parametrize(
    ("to", "warned"),
    [
        *((AMERICAN, True), (f"+{AMERICAN}", True), ("1 555 123-4888", True), (int(AMERICAN), True)),
        *((AUSTRALIAN, False), (f"+{AUSTRALIAN}", False), (None, False), ("", False), ("1x", False), ("00155", False)),
    ],
)
def test_a_senders_name_is_not_supported_in_the_united_states(dialect, kind, to, warned):
    what: Any = SHOW if kind is SendMMS else "text"
    with_name = kind(what, to=to, sender="60856", sender_mask="Shop")
    found = [message for field, message in warnings(with_name, dialect) if field == "sender_mask"]
    assert len(found) == warned
    assert all("United States" in message for message in found)
    assert "sender_mask" not in dict(warnings(kind(what, to=to, sender="60856"), dialect))


# ------------------------------------------------------------------------------------------------ Skycore 1.3: sendSMS


class TestLongSMS:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("x" * 160, None),
            ("x" * 161, "161 characters, 160 at most are documented; the text needs 2 segments in GSM 03.38"),
            ("x" * 306, "2 segments in GSM 03.38"),
            ("x" * 307, "3 segments in GSM 03.38"),
            # A character of the extension table is two units, and is not split.
            ("€" * 80, None),
            ("€" * 81, "the text needs 2 segments in GSM 03.38"),
            ("€" * 152, "2 segments"),
            ("€" * 153, "3 segments"),
            ("ж" * 70, None),
            (
                "ж" * 71,
                "the text needs 2 segments in UCS-2 (70 units, or 67 in each of several), because 'ж' is not in GSM 03.38",
            ),
            ("x" * 134 + "—", "3 segments in UCS-2"),
            ("x" * 170 + "’", "171 characters, 160 at most are documented; the text needs 3 segments in UCS-2"),
            ("😀" * 35, None),
            ("😀" * 36, "2 segments in UCS-2"),
            ("😀" * 66, "2 segments in UCS-2"),
            ("😀" * 67, "3 segments in UCS-2"),
        ],
    )
    @pytest.mark.parametrize("make", [lambda text: SendSMS(text, to=AUSTRALIAN, sender="1"), SendMessageBySubscriberRef])
    def test_the_warning_has_its_segments(self, make, text, said):
        operation = make(text) if make is not SendMessageBySubscriberRef else make("r", campaign_ref="c", text=text)
        found = warnings(operation)
        assert bool(found) is (said is not None)
        assert all(field == "text" and (said or "") in message for field, message in found)

    @pytest.mark.parametrize("text", [None, 5, b"x" * 200])
    def test_what_is_no_text_is_for_the_rules(self, text):
        assert warnings(SendSMS(text, to=AUSTRALIAN, sender="1")) == []

    @given(st.text(st.sampled_from([*BASIC, *EXTENSION, "ж", "😀"]), max_size=600))
    def test_parts_are_as_few_as_their_size_allows(self, text):
        encoding, units = gsm_units(text)
        single, each = {"gsm": (160, 153), "ucs2": (70, 67)}[encoding]
        # A part is at most one unit short.
        fewest, most = -(-units // each), -(-units // (each - 1))
        assert sms_parts(text) == 1 if units <= single else fewest <= sms_parts(text) <= most


# ------------------------------------------------------------------------------------------------ Sinch MMS: the subject


class TestSubject:
    BARE = SHOW.replace(subject=None)

    @EACH_DIALECT
    @pytest.mark.parametrize("subject", [None, "", " "])
    def test_a_send_without_subject_is_warned_of_in_sinch(self, dialect, subject):
        bare = SHOW.replace(subject=subject)
        found = [field for field, _ in warnings(SendMMS(bare, to=AMERICAN, sender="60856"), dialect)]
        assert found == (["subject"] if "sinch" in dialect else [])
        assert warnings(SendMMS(SHOW, to=AMERICAN, sender="60856"), dialect) == []

    @EACH_DIALECT
    def test_a_stored_slideshow_without_custom_subject_is_warned_of_in_sinch(self, dialect):
        stored = SendSavedMMS("1", to=AMERICAN, sender="60856", fallback_text="f")
        assert [field for field, _ in warnings(stored, dialect)] == (["custom_subject"] if "sinch" in dialect else [])
        assert warnings(SendSavedMMS("1", to=AMERICAN, sender="60856", custom_subject="s"), dialect) == []

    def test_saving_without_subject_is_a_problem_in_xml_and_a_warning_in_json(self):
        saving = SaveMMS(self.BARE.replace(fallback_text=None))
        assert [one.code for one in Account(KEY, dialect="sinch").problems(saving)] == ["E314"]
        assert [field for field, _ in warnings(SaveMMS(self.BARE), "sinch-json")] == ["subject"]

    @EACH_DIALECT
    @pytest.mark.parametrize(
        ("name", "operation"),
        [
            ("subject", SendMMS(BARE, to=AMERICAN, sender="60856")),
            ("custom_subject", SendSavedMMS("1", to=AMERICAN, sender="60856", fallback_text="f")),
        ],
    )
    def test_limits_insist_or_waive(self, dialect, name, operation):
        insisting = Account(KEY, dialect=dialect, service_id="1", limits=Limits(required=frozenset({name})))
        assert [(one.code, one.field) for one in insisting.problems(operation)] == [("E314", name)]
        assert name not in [one.field for one in insisting.warnings(operation)]
        assert warnings(operation, dialect, waived=frozenset({name})) == []

    def test_a_sandbox_insists_too(self):
        with Sandbox(limits=Limits(required=frozenset({"subject"}))) as sandbox:
            account = sandbox.account("sinch-json", service_id="1")
            operation = SendMMS(self.BARE, to=AMERICAN, sender="60856")
            with Client(account) as client, pytest.raises(MMSError) as raised:
                client.call(operation)
            assert (raised.value.code, raised.value.foreseen) == ("E314", False)


# ------------------------------------------------------------------------------------------------ presigned URLs


class TestPresignedURL:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=ab12", "X-Amz-Algorithm"),
            ("AWSAccessKeyId=AKIA&Signature=a%2Bb%3D&Expires=1700000000", "AWSAccessKeyId"),
            ("id=7&Signature=abc", "Signature"),
            ("Expires=1700000000&Policy=x&Key-Pair-Id=K", "Expires"),
            ("X-Goog-Signature=ab", "X-Goog-Signature"),
            ("sv=2022-11-02&st=2031-01-01&se=2031-01-02&sr=b&sp=r&sig=abc%3D", "sig"),
            ("SIG=abc", "SIG"),
            ("OSSAccessKeyId=x&Expires=1&Signature=y", "OSSAccessKeyId"),
            ("q-sign-algorithm=sha1&q-signature=ab", "q-signature"),
            ("hdnts=exp=17~hmac=ab", "hdnts"),
            ("alt=media&token=6d1c", "token"),
            ("access_token=6d1c", "access_token"),
            ("a=1;signature=2", "signature"),
            ("x%2damz%2dsignature=ab", "x-amz-signature"),
            ("md5=ab&expires=1", "md5"),
        ],
    )
    @pytest.mark.parametrize("kind", ["audio", "video"])
    @EACH_DIALECT
    def test_a_signed_url_cannot_work_for_audio_and_video(self, dialect, kind, query, name):
        url = f"https://media.example/a.bin?{query}"
        slide: Any = {kind: url}
        ((field, message),) = warnings(SendMMS(SHOW.replace(slides=(Slide(**slide),)), to=AMERICAN, sender="1"), dialect)
        assert field == kind
        assert "removes" in message
        assert f"with it {name}, so a signed URL cannot work" in message

    @pytest.mark.parametrize("query", ["id=7", "v=2&size=large", "designature", "signature", "expires=", "#sig=1", ""])
    @pytest.mark.parametrize("kind", ["audio", "video"])
    def test_any_other_query_is_removed_too(self, kind, query):
        slide: Any = {kind: f"https://media.example/a.bin?{query}"}
        (warning,) = SHOW.replace(slides=(Slide(**slide),)).warnings()
        assert "path or the file name" in warning.message
        assert "signed" not in warning.message

    @pytest.mark.parametrize("kind", ["image", "vcard", "ical", "pdf", "passbook"])
    def test_other_files_may_have_a_signed_url(self, kind):
        slide: Any = {kind: "https://media.example/a.bin?X-Amz-Signature=ab12"}
        assert SHOW.replace(slides=(Slide(**slide),)).warnings() == ()

    def test_a_fragment_is_not_a_query(self):
        assert SHOW.replace(slides=(Slide(audio="https://media.example/a.mp3#sig=1"),)).warnings() == ()


# ------------------------------------------------------------------------------------------------ required and waived fields


def complete(kind: type[Operation[Any]], dialect: DialectName) -> dict[str, Any]:
    """Values for all fields that an operation needs, or that an account may require, and that have a wire name."""
    spec = get_dialect(dialect)
    paths = {row.field.rstrip("{}") for row in table.REQUESTS[kind][1] if row.names[spec.column] not in {"-", "."}}
    # A message to a subscriber is an MMS or an SMS.
    values = {name: value for name, value in _NEEDED.items() if name in paths and not (name == "mms_id" and "text" in paths)}
    if "slideshow.slides[].text" in paths:
        values["slideshow"] = SHOW if "slideshow.fallback_text" in paths else SHOW.replace(fallback_text=None)
    return values


_NEEDED: dict[str, Any] = {
    "to": AMERICAN,
    "sender": "60856",
    "fallback_text": "f",
    "service_id": "1",
    "mms_id": "35674",
    "to_campaign": "1",
    "barcode_id": "b",
    "campaign_name": "n",
    "brand_name": "b",
    "mobile": AMERICAN,
    "campaign": "1",
    "inbox_id": "1",
    "start": "2031-01-01",
    "end": "2031-01-02",
    "pass_data": {"title": "x"},
    "text": "Hi!",
    "subscriber_ref": "r",
    "campaign_ref": "c",
    "operator_id": "31002",
    "custom_subject": "s",
}


def without(values: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The same values without one field, which may be the slideshow's; None if they do not have it."""
    if name in values:
        return {**values, name: None}
    slideshow = values.get("slideshow")
    if slideshow is None or not hasattr(slideshow, name):
        return None
    return {**values, "slideshow": slideshow.replace(**{name: "" if name == "name" else None})}


def each_message() -> Iterator[tuple[DialectName, type[Operation[Any]]]]:
    for dialect in DIALECTS:
        for kind in table.REQUESTS:
            if get_dialect(dialect).action(kind):
                yield dialect, kind


def make(kind: Any, values: dict[str, Any]) -> Operation[Any]:
    needed = {item.name: None for item in fields(kind) if item.default is item.default_factory is MISSING}
    return kind(**needed | values)  # type: ignore[no-any-return]  # a class of operations


def problems(dialect: DialectName, operation: Operation[Any], **limits: Any) -> list[tuple[str | None, str]]:
    account = Account(KEY, dialect=dialect, limits=Limits(**limits))
    return [(one.code, one.field) for one in account.problems(operation)]


EACH_MESSAGE = pytest.mark.parametrize(("dialect", "kind"), list(each_message()), ids=lambda it: getattr(it, "__name__", it))


class TestRequiredAndWaived:
    @EACH_MESSAGE
    def test_a_complete_message_has_no_problems(self, dialect, kind):
        assert problems(dialect, make(kind, complete(kind, dialect))) == []

    @pytest.mark.parametrize(
        ("dialect", "kind", "name"),
        [
            (dialect, kind, name)
            for dialect, kind in each_message()
            for name in sorted(CONFIGURABLE)
            if get_dialect(dialect).field_path(kind, name)
        ],
        ids=lambda it: getattr(it, "__name__", it),
    )
    def test_a_waived_field_can_be_left_out_and_nothing_is_asked_in_its_place(self, dialect, kind, name):
        values = without(complete(kind, dialect), name)
        assert values is not None
        assert problems(dialect, make(kind, values), waived=frozenset({name})) == []

    @EACH_MESSAGE
    def test_all_waivers_together_ask_for_nothing(self, dialect, kind):
        values = complete(kind, dialect)
        for name in CONFIGURABLE:
            values = without(values, name) or values
        assert problems(dialect, make(kind, values), waived=CONFIGURABLE) == []

    @EACH_MESSAGE
    @pytest.mark.parametrize("name", sorted(CONFIGURABLE))
    def test_a_waiver_adds_no_problem(self, dialect, kind, name):
        for left_out in (None, *CONFIGURABLE):
            values = complete(kind, dialect)
            operation = make(kind, values if left_out is None else without(values, left_out) or values)
            assert set(problems(dialect, operation, waived=frozenset({name}))) <= set(problems(dialect, operation))

    @EACH_MESSAGE
    @pytest.mark.parametrize("name", sorted(CONFIGURABLE))
    def test_a_required_field_is_asked_for_exactly_where_the_request_has_it(self, dialect, kind, name):
        values = complete(kind, dialect)
        left_out = without(values, name)
        asked = {field for _, field in problems(dialect, make(kind, left_out or values), required=frozenset({name}))}
        if get_dialect(dialect).field_path(kind, name) and left_out is not None:
            assert asked == {name}
        elif any(get_dialect(dialect).field_path(other, name) for other in table.REQUESTS):
            assert asked == set()
        assert problems(dialect, make(kind, values)) == []

    @pytest.mark.parametrize("name", sorted({item.name for kind in table.REQUESTS for item in fields(kind)} - CONFIGURABLE))  # type: ignore[arg-type]
    @pytest.mark.parametrize("option", ["required", "waived"])
    def test_a_name_that_would_have_no_effect_is_refused(self, option, name):
        limits: Any = Limits(**{option: frozenset({name})})  # type: ignore[arg-type]
        for make_it in (lambda: Account(KEY, limits=limits), lambda: Sandbox(limits=limits).close()):
            with pytest.raises(ConfigurationError, match=f"{option}='{name}'"):
                make_it()

    @pytest.mark.parametrize("option", ["required", "waived"])
    def test_a_misspelled_name_is_refused_with_the_right_one(self, option):
        with pytest.raises(ConfigurationError, match="'subjekt': there is no such field; did you mean subject"):
            Account(KEY, limits=Limits(**{option: frozenset({"subjekt"})}))  # type: ignore[arg-type]

    def test_a_field_is_not_both_required_and_waived(self):
        both = Limits(required=frozenset({"subject"}), waived=frozenset({"subject"}))
        with pytest.raises(ConfigurationError, match="subject is both required and waived"):
            Account(KEY, limits=both)

    def test_the_slideshow_of_the_report_is_saved_without_a_subject(self):
        bare = Slideshow("n").slide("Hi!")
        account = Account(KEY, dialect="sinch", limits=Limits(waived=frozenset({"subject"})))
        assert account.problems(SaveMMS(bare)) == ()
        assert b"subject" not in account.encode(SaveMMS(bare)).body
        waiving = Limits(waived=frozenset({"subject"}))
        with Sandbox(limits=waiving) as sandbox, Client(sandbox.account("sinch", limits=waiving)) as client:
            assert client.call(SaveMMS(bare)).mms_id
