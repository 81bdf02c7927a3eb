"""Cellcast requests of both generations: numbers in all their forms, what is refused before sending, and what is sent."""

from __future__ import annotations

import email.parser
import email.policy
import json
import struct
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import cellcast_vectors as vectors
import pytest
from cellcast_vectors import ADA, BOB, CANARY, EACH_ACCOUNT, GIF_URL, JPEG, PNG, PNG_URL, SEND, SEND_V1, SHOW, V1, V3, problems
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    ConfigurationError,
    FieldError,
    HttpRequest,
    ListMMS,
    MediaError,
    MMSError,
    RecipientError,
    Slide,
    Slideshow,
)
from skymms.cellcast import (
    GENERATIONS,
    Balance,
    CancelScheduled,
    CellcastAccount,
    CellcastSend,
    MarkRead,
    MessageReports,
    OptOuts,
    Responses,
    mobile,
)

pytestmark = pytest.mark.compat

# ------------------------------------------------------------------------------------------------ numbers

NUMBERS = {
    "+61400000000": "+61400000000",
    "61400000000": "+61400000000",
    "0400000000": "+61400000000",
    "400000000": "+61400000000",
    "0400 000 000": "+61400000000",
    "(04) 0000 0000": "+61400000000",
    "+61 400-000-000": "+61400000000",
    "0400.000.000": "+61400000000",
    "+610400000000": None,
    "0061400000000": None,
    "+400000000": None,
    "+0400000000": None,
    "+6140000001": None,
    "040000001": None,
    "614915701588": None,
    "1234567890": None,
    "62400000001": None,
    "+6140000": None,
    "0299999999": None,
    "1300000000": None,
    "0500000000": None,
    "+64211234567": None,
    "04OO000000": None,
    "٠٤٠٠٠٠٠٠٠٠": None,
    "0400000000,0400000001": None,
    "": None,
    None: None,
    400000000: "+61400000000",
    61400000000: "+61400000000",
    1234567890: None,
    614000000000: None,
    -400000000: None,
    400000001.0: None,
    True: None,
}


class TestMobile:
    @pytest.mark.parametrize(("number", "expected"), NUMBERS.items())
    def test_every_documented_form_is_accepted_and_no_other(self, number, expected):
        assert mobile(number) == expected
        found = problems(V3, CellcastSend(SHOW, to=[number]))
        assert found == ([] if expected else [("RECIPIENTS_ERROR", None, "to[0]")])

    @EACH_ACCOUNT
    def test_a_number_is_sent_once_and_in_one_form(self, account):
        every = [number for number, expected in NUMBERS.items() if expected]
        send = CellcastSend(Slide("Hi", image=GIF_URL), to=[*every, "0400000001"])
        written = account.encode(send).body
        plus = b"+" if account is V3 else b""
        assert b'["%s61400000000","%s61400000001"]' % (plus, plus) in written

    def test_a_single_number_needs_no_list(self):
        assert CellcastSend(SHOW, to=ADA).to == (ADA,)
        assert CellcastSend(SHOW, to=61491570156).to == (61491570156,)

    def test_recipients_may_be_left_out(self):
        assert CellcastSend(SHOW).to == CellcastSend(SHOW, to=None).to == CellcastSend(SHOW, to=[]).to == ()

    def test_whole_numbers_are_sent_like_text(self):
        with_text, with_numbers = (CellcastSend(SHOW, to=to) for to in ([ADA, BOB], [491570156, 61491570157]))
        assert V3.encode(with_text) == V3.encode(with_numbers)

    @given(st.text())
    def test_any_text_gives_a_number_or_none(self, text):
        number = mobile(text)
        assert number is None or number.startswith("+614")


# ------------------------------------------------------------------------------------------------ requests and problems


class TestSendInV3:
    def test_a_send_is_json_with_the_key_in_a_header(self):
        request = V3.encode(SEND)
        assert (request.method, request.url) == ("POST", "https://cellcast.com.au/api/v3/send-mms")
        assert request.headers["APPKEY"] == CANARY
        assert request.headers["Content-Type"] == "application/json"
        assert json.loads(request.body) == {
            "subject": "Free",
            "mms_text": "Hi!\r\nThere",
            "mms_file": PNG_URL,
            "numbers": [ADA, BOB],
        }

    @pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb"])
    def test_line_breaks_are_sent_as_crlf(self, text):
        request = V3.encode(CellcastSend(Slide(text, image=PNG_URL), to=ADA))
        assert json.loads(request.body)["mms_text"] == "a\r\nb"

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            (CellcastSend(SHOW, to=[]), ("RECIPIENTS_ERROR", None, "to")),
            (CellcastSend(SHOW), ("RECIPIENTS_ERROR", None, "to")),
            (CellcastSend(Slide("Hi"), to=ADA), ("FIELD_EMPTY", None, "media")),
            (CellcastSend(Slide(image=PNG_URL), to=ADA), ("FIELD_EMPTY", 1, "text")),
            (CellcastSend(Slide(" \n", image=PNG_URL), to=ADA), ("FIELD_EMPTY", 1, "text")),
            (CellcastSend(Slide("Hi", image="welcome.png"), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide("Hi", image="http://media.example/a.mp4"), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide("Hi", image="http://[media.example/a.mp4"), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide("Hi", image=PNG_URL, duration=0), to=ADA), (None, 1, "duration")),
            (CellcastSend(Slide("Hi", image=PNG_URL, duration=5), to=ADA), (None, 1, "duration")),
            (CellcastSend(Slide("Hi", image=PNG_URL, vcard="http://media.example/a.vcf"), to=ADA), (None, 1, "vcard")),
            (CellcastSend(Slide("Hi", image=PNG_URL, audio="http://media.example/a.mp3"), to=ADA), (None, 1, "audio")),
            (CellcastSend(SHOW.slide("More"), to=ADA), (None, 2, "slides")),
            (CellcastSend(Slideshow("none"), to=ADA), ("FIELD_EMPTY", None, "slides")),
            (CellcastSend(SHOW.replace(fallback_text="See"), to=ADA), (None, None, "fallback_text")),
            (CellcastSend(SHOW.replace(link_expires="2027-01-01"), to=ADA), (None, None, "link_expires")),
            (CellcastSend(SHOW, to=ADA, sender="Shop"), (None, None, "sender")),
            (CellcastSend(SHOW, to=ADA, media=JPEG), ("FIELD_INVALID", None, "media")),
            (CellcastSend(Slide("Hi"), to=ADA, media=b"%PDF-1.7"), ("FIELD_INVALID", None, "media")),
            (CellcastSend(SHOW, to=ADA, country_code=61), (None, None, "country_code")),
            (CellcastSend(SHOW, to=ADA, client_reference="order-17"), (None, None, "client_reference")),
            (CellcastSend(SHOW.replace(subject="x" * 41), to=ADA), ("FIELD_INVALID", None, "subject")),
            (CellcastSend(Slide("x" * 1001, image=PNG_URL), to=ADA), ("FIELD_INVALID", 1, "text")),
            (CellcastSend(Slide("a\x1bb", image=PNG_URL), to=ADA), ("FIELD_INVALID", 1, "text")),
            (CellcastSend(Slide("a\ud800b", image=PNG_URL), to=ADA), ("FIELD_INVALID", 1, "text")),
        ],
    )
    def test_a_problem_names_its_code_slide_and_field(self, wrong, found):
        assert found in problems(V3, wrong)
        with pytest.raises((MMSError, ConfigurationError)) as raised:
            V3.encode(wrong)
        assert raised.value.problems == V3.problems(wrong)
        assert not raised.value.sent_maybe

    @pytest.mark.parametrize(
        ("text", "fits"),
        [
            ("x" * 1000, True),
            ("€" * 500, True),
            ("€" * 501, False),
            ("\n" * 300 + "x" * 400, True),
            ("\n" * 300 + "x" * 401, False),
            ("😀" * 500, True),
            ("😀" * 501, False),
            ("😀" + "€" * 500, False),
            ("’" * 1000, True),
        ],
    )
    def test_a_text_may_have_1000_units_by_the_largest_count(self, text, fits):
        assert (problems(V3, CellcastSend(Slide(text, image=PNG_URL), to=ADA)) == []) is fits

    def test_an_image_url_without_an_ending_is_accepted(self):
        assert problems(V3, CellcastSend(Slide("Hi", image="https://media.example/picture/17?size=2"), to=ADA)) == []

    def test_the_error_class_is_that_of_the_field(self):
        for send, kind in (
            (CellcastSend(SHOW, to="1234567890"), RecipientError),
            (CellcastSend(Slide("Hi"), to=ADA), MediaError),
            (CellcastSend(Slide("Hi"), to=ADA, media=b"%PDF"), MediaError),
            (CellcastSend(SHOW.replace(subject="x" * 41), to=ADA), FieldError),
            (CellcastSend(SHOW.slide("More"), to=ADA), ConfigurationError),
        ):
            with pytest.raises(kind):
                V3.encode(send)

    def test_an_unsupported_field_or_slide_has_no_other_problems(self):
        assert problems(V3, CellcastSend(SHOW.slide("More"), to=ADA, sender="Shop!", country_code=64)) == [
            (None, 2, "slides"),
            (None, None, "sender"),
            (None, None, "country_code"),
        ]

    def test_a_send_of_something_else_than_a_slideshow_is_a_type_error(self):
        with pytest.raises(TypeError, match="Slideshow"):
            V3.problems(CellcastSend(cast("Any", "Hi"), to=ADA))


class TestSendInV1:
    def test_a_send_is_a_form_with_the_contacts_in_one_field(self):
        request = V1.encode(CellcastSend(Slide("Hi\nyou"), to=[ADA, BOB], media=JPEG, sender="+61491570159"))
        assert (request.method, request.url) == ("POST", "https://api.cellcast.com/api/v1/gatewaymms")
        assert request.headers["Authorization"] == f"Bearer {CANARY}"
        boundary = request.headers["Content-Type"].removeprefix("multipart/form-data; boundary=").encode()
        parts = request.body.split(b"--" + boundary)
        assert parts[1:-1] == [
            b'\r\nContent-Disposition: form-data; name="message"\r\n\r\nHi\r\nyou\r\n',
            b'\r\nContent-Disposition: form-data; name="contacts"\r\n\r\n["61491570156","61491570157"]\r\n',
            b'\r\nContent-Disposition: form-data; name="media"; filename="media.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
            + JPEG
            + b"\r\n",
            b'\r\nContent-Disposition: form-data; name="sender"\r\n\r\n61491570159\r\n',
        ]

    def test_the_same_message_has_the_same_bytes(self):
        assert V1.encode(SEND_V1) == V1.encode(SEND_V1)

    def test_a_gif_is_sent_as_a_url_and_a_png_as_a_file(self):
        assert b'name="gif"\r\n\r\n' + GIF_URL.encode() in V1.encode(SEND_V1).body
        assert b'filename="media.png"' in V1.encode(CellcastSend(Slide("Hi"), to=ADA, media=PNG)).body

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            (CellcastSend(SHOW, to=ADA), (None, None, "subject")),
            (CellcastSend(Slide("Hi", image=PNG_URL), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide(), to=ADA, media=JPEG), ("FIELD_EMPTY", 1, "text")),
            (CellcastSend(Slide("Hi"), to=ADA, media=b"GIF89a"), ("FIELD_INVALID", None, "media")),
            (CellcastSend(Slide("Hi"), to=ADA, media=b"MThd"), ("FIELD_INVALID", None, "media")),
            *[
                (replace(SEND_V1, country_code=code), ("FIELD_INVALID", None, "country_code"))
                for code in (64, "064", "AU", True)
            ],
            (replace(SEND_V1, sender="x" * 12), ("FIELD_INVALID", None, "sender")),
            (replace(SEND_V1, sender="1" * 17), ("FIELD_INVALID", None, "sender")),
            (replace(SEND_V1, sender="Shop!"), ("FIELD_INVALID", None, "sender")),
            (replace(SEND_V1, sender=" Shop"), ("FIELD_INVALID", None, "sender")),
        ],
    )
    def test_a_problem_names_its_code_slide_and_field(self, wrong, found):
        assert found in problems(V1, wrong)

    def test_a_sender_may_be_a_whole_number(self):
        assert V1.encode(replace(SEND_V1, sender=61491570159)) == V1.encode(replace(SEND_V1, sender="+61491570159"))

    @pytest.mark.parametrize("sender", [None, "", "Shop 24-7", "1" * 16, "+61491570159", "#SharedNum#", "x" * 11])
    def test_a_valid_sender_or_none_is_accepted(self, sender):
        assert problems(V1, replace(SEND_V1, sender=sender)) == []

    def test_the_only_limit_for_a_text_is_the_accounts(self):
        long = CellcastSend(Slide("x" * 1500, image=GIF_URL), to=ADA)
        assert problems(V1, long) == []
        assert problems(CellcastAccount.v1(CANARY, max_text=1499), long) == [("FIELD_INVALID", 1, "text")]


def form_of(request: HttpRequest) -> dict[str, tuple[str | None, str | None, Any]]:
    """Return the parts of a form: the file name, the content type and the content of each."""
    head = b"Content-Type: " + request.headers["Content-Type"].encode() + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_filename(),
            part.get_content_type() if part.get_filename() else None,
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    }


class TestWhatTheV1PageAccepts:
    def test_the_fields_of_its_samples_are_sent_together(self):
        slide = Slide("Test MMS from API", image=GIF_URL)
        request = V1.encode(CellcastSend(slide, to=[ADA, BOB], media=PNG, sender="040000001", country_code=61))
        assert form_of(request) == {
            "message": (None, None, b"Test MMS from API"),
            "contacts": (None, None, b'["61491570156","61491570157"]'),
            "media": ("media.png", "image/png", PNG),
            "gif": (None, None, GIF_URL.encode()),
            "sender": (None, None, b"040000001"),
            "countryCode": (None, None, b"61"),
        }

    def test_a_text_alone_is_sent(self):
        assert form_of(V1.encode(CellcastSend(Slide("Hi"), to=ADA))).keys() == {"message", "contacts"}

    @pytest.mark.parametrize("code", [61, "61"])
    def test_the_country_code_may_be_a_number_or_text(self, code):
        assert form_of(V1.encode(replace(SEND_V1, country_code=code)))["countryCode"] == (None, None, b"61")

    def test_a_reference_is_sent_as_the_field_of_the_report(self):
        assert form_of(V1.encode(replace(SEND_V1, client_reference="order-17")))["customString"] == (None, None, b"order-17")


GIF = b"GIF89a" + b"x" * 40
#: A file of each type that the v3 page names, by its usual ending: its first bytes, the slide's field, and its content type.
FILES = {
    "jpg": (JPEG, "image", "image/jpeg"),
    "png": (PNG, "image", "image/png"),
    "gif": (GIF, "image", "image/gif"),
    "mp3": (b"ID3\x04....", "audio", "audio/mpeg"),
    "mid": (b"MThd....", "audio", "audio/midi"),
    "mp4": (b"\0\0\0\x18ftypmp42", "video", "video/mp4"),
    "vcf": (b"BEGIN:VCARD\r\n", "vcard", "text/vcard"),
    "pkpass": (b"PK\x03\x04....", "passbook", "application/vnd.apple.pkpass"),
}
PICTURES = {"jpg", "png", "gif"}
V3_OTHER = CellcastAccount.v3(CANARY, rate=None, allow_other_files=True)


class TestUploadInV3:
    @pytest.mark.parametrize("ending", sorted(PICTURES))
    def test_a_message_with_a_file_is_a_form(self, ending):
        content, _, content_type = FILES[ending]
        request = V3.encode(CellcastSend(Slideshow("n", subject="Free").slide("Hi\nyou"), to=[ADA, BOB], media=content))
        assert (request.method, request.url) == ("POST", "https://cellcast.com.au/api/v3/send-mms")
        assert request.headers["APPKEY"] == CANARY
        assert form_of(request) == {
            "subject": (None, None, b"Free"),
            "mms_text": (None, None, b"Hi\r\nyou"),
            "mms_file": (f"media.{ending}", content_type, content),
            "numbers": (None, None, b'["+61491570156","+61491570157"]'),
        }

    def test_the_url_of_a_file_is_sent_as_json_as_before(self):
        assert V3.encode(SEND).headers["Content-Type"] == "application/json"

    @EACH_ACCOUNT
    @pytest.mark.parametrize("as_path", [Path, str])
    def test_a_file_may_be_given_by_its_path(self, account, tmp_path, as_path):
        (tmp_path / "cat.png").write_bytes(PNG)
        path = Path(as_path(tmp_path / "cat.png"))
        by_path, by_bytes = CellcastSend(Slide("Hi"), to=ADA, media=path), CellcastSend(Slide("Hi"), to=ADA, media=PNG)
        assert by_path == by_bytes
        assert account.encode(by_path) == account.encode(by_bytes)

    @pytest.mark.parametrize("name", ["absent.png", "", "a\0b"])
    def test_a_file_that_cannot_be_read_is_a_configuration_error(self, tmp_path, name):
        with pytest.raises(ConfigurationError, match="cannot read"):
            CellcastSend(Slide("Hi"), to=ADA, media=tmp_path / name)

    def test_a_device_without_end_is_not_read_to_its_end(self):
        assert problems(V3, CellcastSend(Slide("Hi"), to=ADA, media=Path("/dev/zero"))) == [("FIELD_INVALID", None, "media")]

    def test_a_path_as_text_is_refused_as_it_is_not_the_content_of_a_file(self):
        wrong = CellcastSend(Slide("Hi"), to=ADA, media=cast("Any", "cat.png"))
        assert problems(V3, wrong) == problems(V1, wrong) == [("FIELD_INVALID", None, "media")]

    def test_an_upload_survives_to_dict(self):
        send = CellcastSend(Slide("Hi"), to=ADA, media=PNG, country_code=61, client_reference="order-17")
        assert CellcastSend.from_dict(json.loads(json.dumps(send.to_dict()))) == send


class TestSizes:
    """v3: 380 KB for the file and the texts together. v1: 230 KB for the file. KB are read as 1,000 bytes."""

    @pytest.mark.parametrize(
        ("account", "show", "allowed"),
        [
            (V3, Slideshow("n").slide("Hi"), 380_000 - 2),
            (V3, Slideshow("n", subject="Free").slide("Hi"), 380_000 - 6),
            (V3, Slideshow("n").slide("a\nb"), 380_000 - 4),
            (V3, Slideshow("n").slide("é" * 500), 380_000 - 1000),
            (V1, Slideshow("n").slide("Hi"), 230_000),
            (V1, Slideshow("n").slide("é" * 500), 230_000),
        ],
    )
    def test_a_file_of_the_allowed_size_is_sent_and_one_byte_more_is_refused(self, account, show, allowed):
        largest = CellcastSend(show, to=ADA, media=JPEG.ljust(allowed, b"x"))
        assert problems(account, largest) == []
        with pytest.raises(MediaError, match=r"more than the [23][38]0,000 allowed") as raised:
            account.encode(replace(largest, media=JPEG.ljust(allowed + 1, b"x")))
        assert [problem.field for problem in raised.value.problems] == ["media"]
        assert not raised.value.sent_maybe


class TestOtherFilesInV3:
    """The page lists vcf, mid, mp4, mp3 and pkpass as supported in one place, and excludes them in another."""

    @pytest.mark.parametrize("ending", sorted(FILES.keys() - PICTURES))
    def test_they_are_sent_only_if_the_account_allows_them(self, ending):
        content, kind, content_type = FILES[ending]
        url = f"https://media.example/file.{ending}?v=2"
        by_url = CellcastSend(replace(Slide("Hi"), **{kind: url}), to=ADA)
        upload = CellcastSend(Slide("Hi"), to=ADA, media=content)
        assert problems(V3, by_url) == [(None, 1, kind), ("FIELD_EMPTY", None, "media")]
        assert "allow_other_files=True" in str(V3.problems(by_url)[0])
        assert problems(V3, upload) == [("FIELD_INVALID", None, "media")]
        assert json.loads(V3_OTHER.encode(by_url).body)["mms_file"] == url
        assert form_of(V3_OTHER.encode(upload))["mms_file"] == (f"media.{ending}", content_type, content)

    @pytest.mark.parametrize("ending", sorted(FILES))
    def test_a_url_has_an_ending_of_its_field(self, ending):
        of = FILES[ending][1]
        for kind in ("image", "audio", "video", "vcard", "passbook"):
            found = problems(
                V3_OTHER, CellcastSend(replace(Slide("Hi"), **{kind: f"http://media.example/file.{ending}"}), to=ADA)
            )
            assert found == ([] if kind == of else [("FIELD_INVALID", 1, kind)])

    def test_a_message_has_one_file(self):
        slide = Slide("Hi", image=PNG_URL, audio="http://media.example/a.mp3")
        assert problems(V3_OTHER, CellcastSend(slide, to=ADA)) == [("FIELD_INVALID", None, "media")]
        video = Slide("Hi", video="http://media.example/a.mp4")
        assert problems(V3_OTHER, CellcastSend(video, to=ADA, media=PNG)) == [("FIELD_INVALID", None, "media")]

    def test_files_that_the_page_does_not_name_are_refused(self):
        for kind, ending in (("pdf", "pdf"), ("ical", "ics")):
            slide = replace(Slide("Hi"), **{kind: f"http://media.example/a.{ending}"})
            assert (None, 1, kind) in problems(V3_OTHER, CellcastSend(slide, to=ADA))

    def test_v1_has_no_such_files(self):
        with pytest.raises(ConfigurationError, match="allow_other_files"):
            CellcastAccount.v1(CANARY, allow_other_files=True)
        assert (None, 1, "video") in problems(V1, CellcastSend(Slide("Hi", video="http://media.example/a.mp4"), to=ADA))

    def test_the_url_of_a_picture_that_v1_only_takes_as_a_file_says_so(self):
        (problem,) = V1.problems(CellcastSend(Slide("Hi", image=PNG_URL), to=ADA))
        assert "pass its bytes as media" in problem.message


def png_of(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


#: Messages with a warning, its field, and a part of its text.
WARNED = [
    (V3, CellcastSend(Slide("Hi", image="http://192.168.0.7/a.png"), to=ADA), 1, "image", "cannot fetch"),
    (V1, CellcastSend(Slide("Hi", image="http://localhost/a.gif"), to=ADA), 1, "image", "cannot fetch"),
    (V3_OTHER, CellcastSend(Slide("Hi", video="http://10.0.0.7/a.mp4"), to=ADA), 1, "video", "cannot fetch"),
    (V3, CellcastSend(Slide("Hi"), to=ADA, media=png_of(640, 480)), None, "media", "640 × 480 pixels"),
    (V3, CellcastSend(Slide("Hi"), to=ADA, media=png_of(600, 900)), None, "media", "300 × 450 or 327 × 400"),
    (V1, CellcastSend(Slide("Hi"), to=ADA, media=png_of(300, 300)), None, "media", "vertical"),
    (V1, CellcastSend(Slide("Hi"), to=ADA), None, "media", "there is no picture"),
    (V1, replace(SEND_V1, sender="AB"), None, "sender", "at least 3 characters"),
]


class TestWarnings:
    @pytest.mark.parametrize(("account", "send", "slide", "field", "text"), WARNED)
    def test_what_the_pages_advise_against_is_a_warning_and_no_problem(self, account, send, slide, field, text):
        (warning,) = account.warnings(send)
        assert (warning.code, warning.slide, warning.field) == (None, slide, field)
        assert text in warning.message
        assert account.problems(send) == ()

    @pytest.mark.parametrize("size", [(300, 450), (327, 400), (100, 200)])
    @EACH_ACCOUNT
    def test_a_vertical_picture_of_the_advised_size_has_no_warning(self, account, size):
        assert account.warnings(CellcastSend(Slide("Hi"), to=ADA, media=png_of(*size))) == ()

    @EACH_ACCOUNT
    def test_wrong_values_are_problems_and_have_no_warnings(self, account):
        wrong = CellcastSend(Slide(cast("Any", 7), image=cast("Any", 7)), to=ADA, media=cast("Any", "cat.png"))
        assert account.problems(wrong)
        assert account.warnings(wrong) == ()


REQUESTS = [
    (V3, Responses(2), "GET", "https://cellcast.com.au/api/v3/get-responses?type=mms&page=2", None),
    (V3, MarkRead(message_id="dba864ec"), "POST", "https://cellcast.com.au/api/v3/inbound-read", {"message_id": "dba864ec"}),
    (V3, MarkRead(before="2026-11-01"), "POST", "https://cellcast.com.au/api/v3/inbound-read", {"date_before": "2026-11-01"}),
    (V3, MarkRead(before=datetime(2026, 11, 1, tzinfo=UTC)), "POST", "https://cellcast.com.au/api/v3/inbound-read",
     {"date_before": 1793491200}),
    (V3, MarkRead(everything=True), "POST", "https://cellcast.com.au/api/v3/inbound-read", {}),
    (V3, OptOuts(), "GET", "https://cellcast.com.au/api/v3/get-optout", None),
    (V3, Balance(), "GET", "https://cellcast.com.au/api/v3/account", None),
    (V1, Responses(3), "GET", "https://api.cellcast.com/api/v1/apiClient/getResponses?page=3", None),
    (V1, OptOuts(1), "GET", "https://api.cellcast.com/api/v1/apiClient/getOptout?page=1", None),
    (V1, OptOuts(1, page_size=200), "GET", "https://api.cellcast.com/api/v1/apiClient/getOptout?page=1&size=200", None),
    (V1, Balance(), "GET", "https://api.cellcast.com/api/v1/apiClient/account", None),
    (V1, MessageReports(vectors.REPORT_ID), "GET", f"https://api.cellcast.com/api/v2/report/message/{vectors.REPORT_ID}", None),
    (V1, MessageReports(page=1, status="delivered", since=datetime(2026, 11, 1).date()), "GET",
     "https://api.cellcast.com/api/v2/report/message?campType=mms&page=1&status=delivered&fromDate=2026-11-01", None),
    (V1, MessageReports(page=2, page_size=100, client_reference="order 17"), "GET",
     "https://api.cellcast.com/api/v2/report/message?campType=mms&page=2&limit=100&customString=order+17", None),
    (V1, MessageReports(vectors.REPORT_ID, status="failed"), "GET",
     f"https://api.cellcast.com/api/v2/report/message/{vectors.REPORT_ID}?status=failed", None),
    (V1, CancelScheduled(vectors.REPORT_ID), "POST", "https://api.cellcast.com/api/v1/gateway/cancelScheduleQuickMessage",
     {"type": "mms", "messageId": vectors.REPORT_ID}),
]  # fmt: skip


@pytest.mark.parametrize(("account", "operation", "method", "url", "body"), REQUESTS)
def test_the_request_for_every_other_operation(account, operation, method, url, body):
    request = account.encode(operation)
    assert (request.method, request.url) == (method, url)
    assert (json.loads(request.body) if request.body else None) == body


def test_every_call_of_both_generations_has_a_case_here():
    tried = {(account.generation, type(operation)) for account, operation, *_ in REQUESTS}
    sends = {(name, CellcastSend) for name in GENERATIONS}
    assert tried | sends == {(name, kind) for name, generation in GENERATIONS.items() for kind in generation.calls}


#: Values of every type that a program may put into a field by mistake.
MISTAKES = [
    "", "\ud800", "a\0b", "x" * 5000, 7, -1, 0, 1.5, True, False, b"", b"x", JPEG, [], ["a"], (), {}, {"a": 1}, object(),
    date(2026, 1, 1), datetime(2026, 1, 1), Decimal("NaN"), 10**30,
]  # fmt: skip
OPERATIONS = [
    SEND, SEND_V1, CellcastSend(Slide("Hi"), to=ADA, media=JPEG), Responses(1), OptOuts(1), MessageReports(), Balance(),
    MessageReports(vectors.REPORT_ID), MarkRead(message_id="a"), CancelScheduled(vectors.REPORT_ID),
]  # fmt: skip


def mistaken(value: Any) -> Iterator[Any]:
    """Yield each operation with this value in one of its fields, or in a field of its slideshow or slide."""
    for operation in OPERATIONS:
        for item in fields(operation):
            if item.name not in {"slideshow", "to"}:  # other types are a TypeError there
                yield replace(operation, **{item.name: value})
    show = Slideshow("n").slide("Hi")
    for name in ("subject", "fallback_text", "link_expires"):
        yield CellcastSend(replace(show, **{name: value}), to=ADA, media=JPEG)
    for item in fields(Slide):
        yield CellcastSend(replace(show.slides[0], **{item.name: value}), to=ADA)


@pytest.mark.parametrize("value", MISTAKES, ids=lambda value: f"{type(value).__name__} {value!r:.12}")
@pytest.mark.parametrize("account", [V3, V1, V3_OTHER], ids=["v3", "v1", "v3 with other files"])
def test_every_value_in_every_field_is_a_problem_or_is_sent(account, value):
    for operation in mistaken(value):
        account.warnings(operation)
        if account.problems(operation):
            with pytest.raises((MMSError, ConfigurationError)):
                account.encode(operation)
        else:
            assert account.encode(operation).url


class TestOtherProblems:
    @pytest.mark.parametrize(
        ("account", "operation", "field"),
        [
            (V3, MarkRead(), "message_id"),
            (V3, MarkRead(message_id="a", everything=True), "message_id"),
            (V3, MarkRead(message_id=""), "message_id"),
            (V3, MarkRead(message_id="", everything=True), "message_id"),
            (V3, MarkRead(before=datetime(2026, 11, 1)), "before"),
            (V3, MarkRead(before=" "), "before"),
            (V3, Responses(0), "page"),
            (V3, Responses(True), "page"),
            (V1, MessageReports("../account"), "message_id"),
            (V1, MessageReports(page_size=0), "page_size"),
            (V1, MessageReports(status="\ud800"), "status"),
            (V1, MessageReports(client_reference="a\0b"), "client_reference"),
            (V1, MessageReports(since=cast("Any", "\ud800")), "since"),
            (V1, MessageReports(until=cast("Any", 7)), "until"),
            (V1, replace(SEND_V1, client_reference="\ud800"), "client_reference"),
            (V1, replace(SEND_V1, client_reference=cast("Any", ["a"])), "client_reference"),
            (V1, replace(SEND_V1, country_code=0), "country_code"),
            (V1, CellcastSend(Slide("Hi", image="http://media.example/\ud800.gif"), to=ADA), "image"),
            (V3, CellcastSend(Slide("Hi", image="http://media.example/\ud800.png"), to=ADA), "image"),
            (V3, CellcastSend(SHOW.replace(subject="\ud800"), to=ADA), "subject"),
            (V3, MarkRead(message_id="\ud800"), "message_id"),
            (V3, MarkRead(message_id="a/b"), "message_id"),
            (V3, MarkRead(before="\ud800"), "before"),
            (V1, OptOuts(page_size=cast("Any", "25")), "page_size"),
            (V3, OptOuts(page_size=25), "page_size"),
            (V1, MessageReports("6752BE535000000000000000"), "message_id"),
            (V1, CancelScheduled(""), "message_id"),
            (V1, CancelScheduled(cast("Any", None)), "message_id"),
            (V1, MarkRead(everything=True), "MarkRead"),
            (V1, Responses(mark_read=True), "mark_read"),
            (V3, MessageReports(), "MessageReports"),
            (V3, ListMMS(), "ListMMS"),
        ],
    )
    def test_the_problem_names_the_field(self, account, operation, field):
        assert field in [problem.field for problem in account.problems(operation)]
        with pytest.raises((MMSError, ConfigurationError)):
            account.encode(operation)

    def test_a_skycore_account_refuses_cellcast_operations(self):
        with pytest.raises(ConfigurationError):
            Account(CANARY).encode(Balance())
