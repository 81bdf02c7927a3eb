"""What a preview knows about a message: for every operation, its slides, its fallback SMS, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from skymms import (
    ConfigurationError,
    DeleteMMS,
    Problem,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SendSMS,
    Slide,
    Slideshow,
)
from skymms.cellcast import CellcastSend
from skymms.media import Preflight
from skymms.preview.message import FileView, MessageView, SlideView, view_message
from skymms.preview.texts import Run, plain

IMAGE = "http://a.example/images/a%20b.jpg"
COUPON = (
    Slideshow("coupon", subject="Free coffee", fallback_text="Your coupon:")
    .slide("Hi {name|you}", image=IMAGE, duration=4)
    .slide("Again", image=IMAGE)
    .slide(vcard="http://a.example/shop.vcf")
)


def view(message: Any, data: dict[str, object] | None = None, preflight: Preflight | None = None) -> MessageView:
    return view_message(message, data, preflight)


class TestSlides:
    def test_a_slide_has_its_text_its_files_and_its_seconds(self):
        first, _, last = view(COUPON).slides
        assert first == SlideView(1, (Run("Hi "), Run("{name|you}", "name")), (FileView("image", IMAGE),), 4)
        assert (last.text, last.files[0].title, last.files[0].name, last.seconds) == ((), "contact card", "shop.vcf", 10)

    def test_the_summary_counts_each_file_once(self):
        assert view(COUPON).summary == "3 slides, 24 seconds, 2 files"
        assert view(Slideshow("x").slide("Hi", duration=1)).summary == "1 slide, 1 second"
        assert view(Slideshow("x")).summary == "no slides"

    @pytest.mark.parametrize(("duration", "seconds"), [(None, 10), (0, 10), (-1, 10), (True, 10), (5, 5), (10**9, 3600)])
    def test_a_duration_that_is_not_valid_is_the_gateways_default(self, duration, seconds):
        assert view(Slideshow("x", slides=(Slide("Hi", duration=duration),))).slides[0].seconds == seconds

    def test_values_of_wrong_types_are_shown_and_reported(self):
        wrong: Any = Slide(5, image=7, duration="long")  # type: ignore[arg-type]
        found = view(Slideshow("x", subject=b"y", slides=(wrong,)))  # type: ignore[arg-type]
        assert (plain(found.subject), plain(found.slides[0].text), found.slides[0].files[0].name) == ("b'y'", "5", "7")
        assert {problem.field for problem in found.problems} >= {"subject", "text", "image", "duration"}

    @pytest.mark.parametrize(
        ("address", "name", "url"),
        [
            (IMAGE, "a b.jpg", IMAGE),
            ("https://a.example", "a.example", "https://a.example"),
            ("http://[::1", "http://[::1", None),
            ("javascript:alert(1)", "alert(1)", None),
            ("images/a.jpg", "a.jpg", None),
            ("", "", None),
        ],
    )
    def test_only_a_web_address_is_a_link(self, address, name, url):
        assert (FileView("image", address).name, FileView("image", address).url) == (name, url)


class TestFallback:
    def test_the_length_includes_the_gateways_link(self):
        sms = view(COUPON).sms
        assert sms is not None
        assert (plain(sms.text), sms.parts) == ("Your coupon:", 1)
        assert sms.length == "1 SMS: 62 units of GSM 03.38, 50 units of them for the gateway's link"

    @pytest.mark.parametrize(
        ("text", "parts", "length"),
        [
            ("x" * 110, 1, "1 SMS: 160 units of GSM 03.38, 50 units of them for the gateway's link"),
            ("x" * 111, 2, "2 SMS: 161 units of GSM 03.38, 50 units of them for the gateway's link"),
            ("ć", 1, "1 SMS: 51 units of UCS-2 (because of 'ć'), 50 units of them for the gateway's link"),
            ("\u200b", 1, "1 SMS: 51 units of UCS-2 (because of U+200B ZERO WIDTH SPACE), 50 units"),
            ("€", 1, "1 SMS: 52 units of GSM 03.38, "),
            ("😀" * 20, 2, "2 SMS: 90 units of UCS-2 (because of '😀'), "),
        ],
    )
    def test_the_length_names_the_encoding_and_the_reason(self, text, parts, length):
        sms = view(COUPON.replace(fallback_text=text)).sms
        assert sms is not None
        assert sms.parts == parts
        assert sms.length.startswith(length)

    def test_without_a_fallback_text_the_subject_is_sent(self):
        sms = view(COUPON.replace(fallback_text=None)).sms
        assert sms is not None
        assert plain(sms.text) == "Free coffee"

    def test_a_disabled_link_takes_no_room_and_a_disabled_fallback_is_none(self):
        sms = view(COUPON.replace(disable_fallback_link=True)).sms
        assert sms is not None
        assert sms.length == "1 SMS: 12 units of GSM 03.38"
        assert view(COUPON.replace(disable_fallback=True)).sms is None


class TestOperations:
    def test_a_send_has_its_ends(self):
        found = view(SendMMS(COUPON, to=15551234888, sender="60856"))
        assert (found.contact, found.recipient, len(found.slides)) == ("60856", "15551234888", 3)
        assert view(SendMMS(COUPON)).problems == ()

    def test_a_save_is_its_slideshow(self):
        assert view(SaveMMS(COUPON)) == view(COUPON)

    def test_a_stored_message_shows_the_texts_that_are_replaced(self):
        found = view(
            SendSavedMMS("123", custom_text={2: "{$name} {other}", 1: "Hi"}, custom_subject="New", data={"NAME": "Ada"})
        )
        assert [(slide.number, plain(slide.text)) for slide in found.slides] == [(1, "Hi"), (2, "Ada {other}")]
        assert (plain(found.subject), found.sms, found.problems) == ("New", None, ())
        assert "texts that this operation replaces" in found.notes[0]

    def test_a_stored_message_without_texts_is_only_its_id(self):
        found = view(SendSavedMMS(123, fallback_text="Your coupon"))
        assert (found.title, found.slides) == ("Stored message 123", ())
        assert found.sms is not None

    def test_a_text_message_has_its_length(self):
        found = view(SendSMS("x" * 161, to="15551234888", sender="60856"))
        assert (found.summary, found.slides) == ("2 SMS", ())
        assert found.sms is not None
        assert found.sms.length == "2 SMS: 161 units of GSM 03.38"
        assert "2 segments" in found.warnings[0].message

    def test_a_message_for_cellcast_has_no_fallback_and_says_who_applies_its_rules(self):
        numbers = ("+61491570156", "+61491570157", "+61491570158")
        found = view(CellcastSend(Slide("Hi", image=IMAGE), to=numbers, media=b"x"))
        assert (found.recipient, found.sms, found.problems) == ("+61491570156 and 2 more", None, ())
        assert len(found.notes) == 2
        assert view(CellcastSend(Slide("Hi"))).recipient == ""

    @pytest.mark.parametrize("message", [DeleteMMS("1"), None, "Hi", 5, Slide("Hi")])
    def test_anything_else_is_an_error_that_says_what_is_wanted(self, message):
        with pytest.raises(ConfigurationError, match=r"preview\(\) takes a Slideshow, SendMMS, .* got a "):
            view(message)


class TestFindings:
    def test_problems_are_those_of_the_text_that_is_sent(self):
        long = Slideshow("x", subject="{name}", slides=(Slide("{text}"),))
        assert view(long).problems == ()
        assert [problem.code for problem in view(long, {"name": "n" * 81, "text": "t" * 5001}).problems] == ["E314", "E334"]

    def test_a_missing_value_is_a_warning(self):
        warnings = view(Slideshow("x", subject="Hi").slide("{a} {a} {$b}"), {}).warnings
        assert [warning.message.partition(":")[0] for warning in warnings] == [
            "there is no value for 'a' and no default",
            "there is no value for 'b' and no default",
        ]

    def test_reversed_text_is_a_warning(self):
        (warning,) = view(Slideshow("x", subject="Hi").slide("abc\u202edef")).warnings
        assert str(warning) == "slide 1, text: contains U+202E RIGHT-TO-LEFT OVERRIDE, which changes the direction of the text"

    def test_merge_fields_are_listed_with_their_texts(self):
        fields = view(COUPON, {"name": "Ada"}).fields
        assert [(field.name, field.state, field.text) for field in fields] == [("name", "value", "Ada")]

    def test_the_result_of_preflight_is_added_once(self):
        problem, warning = Problem("E351", 1, "image", "status 404"), Problem(None, None, "message", "large")
        found = view(COUPON, preflight=Preflight(problems=(problem, problem), warnings=(warning,)))
        assert (found.problems, found.warnings) == ((problem,), (warning,))

    def test_a_host_that_gateways_cannot_reach_is_reported_once(self):
        slides = tuple(Slide(image=f"http://127.0.0.1/{at}.jpg") for at in range(3))
        show = Slideshow("x", subject="Hi", slides=slides)
        hosts = [one.message for one in view(show, preflight=Preflight()).warnings if "private network" in one.message]
        assert len(hosts) == 1
        assert "3 files" in hosts[0]
        refused = tuple(Problem("E351", at, "image", "refused") for at in (1, 2, 3))
        found = view(show, preflight=Preflight(problems=refused))
        assert [one for one in found.warnings if "private network" in one.message] == []
        assert len(found.problems) == 3

    @pytest.mark.parametrize("data", [["name"], "name=Ada", 5])
    def test_data_must_be_a_mapping(self, data):
        with pytest.raises(ConfigurationError, match="data must be a dict"):
            view(COUPON, data)
