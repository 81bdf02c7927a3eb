"""The page of a preview: what it contains, and how it looks and behaves in Chromium."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from browser import CHROMIUM, Browser, Frame, Tab
from contrasts import CONTRASTS
from page_parts import PageParts

from skymms import Problem, SendMMS, SendSavedMMS, SendSMS, Slide, Slideshow
from skymms.media import Preflight
from skymms.media.carriers import CARRIER_LIMITS, CarrierVerdict
from skymms.preview import Preview, icons_svg, phone_css, phone_js, preview
from skymms.preview.pictures import Picture
from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse

IMAGE = "http://a.example/welcome.jpg"
COUPON = (
    Slideshow("coupon", subject="Free coffee", fallback_text="Your coupon, {name|friend}:")
    .slide("Hi {name|there} {$id}", image=IMAGE, duration=1)
    .slide("Your coupon", passbook="http://a.example/coupon.pkpass", duration=2)
    .slide("Where we are", vcard="http://a.example/shop.vcf", duration=3)
)
#: A GIF of one pixel.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def with_picture(message: Any, **options: Any) -> Preview:
    view = preview(message, **options).view
    return Preview(view, {IMAGE: Picture("image/gif", PIXEL)}, stacked=options.get("stacked", False))


class TestContent:
    def test_the_page_has_no_script_and_its_policy_allows_nothing_to_be_loaded(self):
        html = with_picture(COUPON).html
        parts = PageParts(html)
        assert parts.with_tag("script") == []
        (policy,) = [one["content"] for one in parts.with_tag("meta") if one.get("http-equiv") == "Content-Security-Policy"]
        digest = base64.b64encode(hashlib.sha256(parts.styles[0].encode()).digest()).decode()
        assert dict(rule.split(" ", 1) for rule in policy.split("; ")) == {
            "default-src": "'none'",
            "style-src": f"'sha256-{digest}'",
            "img-src": "data:",
            "base-uri": "'none'",
            "form-action": "'none'",
        }

    def test_a_picture_is_in_the_page_once(self):
        (image,) = PageParts(with_picture(COUPON).html).with_tag("img")
        assert image == {
            "class": "media",
            "alt": "welcome.jpg",
            "src": f"data:image/gif;base64,{base64.b64encode(PIXEL).decode()}",
        }
        assert PageParts(preview(COUPON).html).with_tag("img") == []

    def test_a_picture_that_is_not_there_says_why(self):
        shown = Preview(preview(COUPON).view, {IMAGE: "its server returned status 404"})
        assert "its server returned status 404" in PageParts(shown.html).text

    def test_merge_fields_are_marked(self):
        titles = [mark["title"] for mark in PageParts(preview(COUPON).html).with_tag("mark")]
        assert titles[:2] == ["merge field name, not filled in", "merge field $id, not filled in"]
        parts = PageParts(preview(COUPON, data={"name": "Ada"}).html)
        assert [mark["class"] for mark in parts.with_tag("mark")] == [
            "merge-field value",
            "merge-field missing",
            "merge-field value",
        ]
        assert "Hi Ada {$id}" in parts.text

    def test_a_field_with_a_default_is_told_from_one_without(self):
        show = Slideshow("x", subject="Hi {name}").slide("Dear {first_name|there}, {$id|}")
        assert (
            "Merge fields that are not filled in: first_name (default: there), id (default: nothing), name\n"
            in preview(show).text
        )
        text = PageParts(preview(show).html).text
        assert "{first_name|there} not filled in: the default is used if there is no value" in text
        assert "{name} not filled in{" not in text
        assert "Subject: Hi {name}" in preview(show).text

    def test_the_fallback_sms_has_its_length(self):
        text = PageParts(preview(COUPON).html).text
        assert "Your coupon, {name|friend}: link to the message" in text
        assert "1 SMS: 80 units of GSM 03.38, 50 units of them for the gateway's link" in text
        assert (
            "None: the message fails on a phone without MMS."
            in PageParts(preview(COUPON.replace(disable_fallback=True)).html).text
        )

    def test_problems_warnings_and_carriers_are_listed(self):
        found = Preflight(
            problems=(Problem("E351", 1, "image", "status 404"),),
            carriers=(
                CarrierVerdict(CARRIER_LIMITS[0], 10),
                CarrierVerdict(CARRIER_LIMITS[1], 10**7),
                CarrierVerdict(CARRIER_LIMITS[0], 20, unseen=1),
            ),
        )
        text = PageParts(preview(COUPON.replace(subject="é"), preflight=found).html).text
        for part in (
            "Gateways refuse this message with E351.",
            "slide 1, imageE351 status 404",
            "contains characters outside ASCII",
            "att (long code): fits, 10 of 1,000,000 bytes",
            "att (toll-free): too large, 10,000,000 of 600,000 bytes",
            "att (long code): not known, 20 of 1,000,000 bytes without 1 file that could not be looked at",
        ):
            assert part in text

    def test_a_text_message_is_on_the_phone(self):
        text = PageParts(preview(SendSMS("Hello", to="15551234888", sender="60856")).html).text
        assert "to 15551234888" in text
        assert "1 SMS: 5 units of GSM 03.38" in text
        assert "Played" not in text

    def test_a_stored_message_has_a_note(self):
        text = PageParts(preview(SendSavedMMS("1")).html).text
        assert "There are no slides." in text
        assert "The gateway stores the message." in text
        assert "Fallback" not in text

    def test_a_file_whose_address_is_not_of_the_web_is_not_linked(self):
        wrong = Slideshow("x", slides=(Slide(vcard="javascript:alert(1)"), Slide(audio="ftp://a.example/a.mp3")))
        parts = PageParts(preview(wrong).html)
        assert parts.with_tag("a") == []
        assert "contact card, not loaded" in parts.text

    @pytest.mark.parametrize(("stacked", "chosen"), [(False, "played"), (True, "stacked")])
    def test_the_view_is_chosen(self, stacked, chosen):
        radios = PageParts(preview(COUPON, stacked=stacked).html).with_tag("input")
        assert [one["id"] for one in radios if "checked" in one] == [chosen, "play"]

    def test_one_slide_needs_no_controls(self):
        parts = PageParts(preview(Slideshow("x", subject="Hi").slide("Hello")).html)
        assert parts.with_tag("input") == []
        assert "@keyframes slide-1" not in parts.styles[0]

    def test_a_page_of_many_slides_has_them_all(self):
        many = Slideshow("x", subject="Hi", slides=tuple(Slide(str(number)) for number in range(3000)))
        assert "Slide 3000 of 3000" in preview(many).html

    def test_a_page_of_eight_slides_is_small(self):
        eight = Slideshow("x", subject="Hi", slides=tuple(Slide("text " * 20, image=IMAGE) for _ in range(8)))
        assert len(preview(eight).html) < 32_000


# ------------------------------------------------------------------------------------------------ in a browser

SCRIPTED = (
    f"<!doctype html><meta charset=utf-8><style>{phone_css()}</style>{icons_svg()}<div id=phone></div>"
    f"<script>{phone_js()}\nconst phone = new Phone(document.getElementById('phone'));</script>"
)


class Pages:
    """A server on this machine with pages that the tests put into it."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {"/scripted": SCRIPTED}
        self.requested: list[str] = []
        self._listener = Listener(self._respond)

    def _respond(self, request: ServerRequest) -> ServerResponse:
        self.requested.append(request.path)
        return ServerResponse(200, self.pages.get(request.path, "").encode(), "text/html; charset=utf-8")

    def put(self, page: str) -> str:
        self.pages["/page"] = page
        return f"{self._listener.url}/page"

    @property
    def scripted(self) -> str:
        return f"{self._listener.url}/scripted"

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    served = Pages()
    yield served
    served.close()


@pytest.fixture(scope="module")
def opened(pages: Pages) -> Iterator[Tab]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with Browser() as browser, Tab(browser, pages.put("<!doctype html>")) as tab:
        yield tab


@pytest.fixture
def tab(opened: Tab) -> Tab:
    opened.resize((1280, 900))
    return opened


def show(tab: Tab, pages: Pages, shown: Preview) -> None:
    tab.open(pages.put(shown.html))


#: The numbers of the slides that can be seen.
VISIBLE = """[...document.querySelectorAll('.conversation > .bubble')].map((it, at) => [it, at + 1])
  .filter(([it]) => getComputedStyle(it).visibility === 'visible' && it.getBoundingClientRect().height > 5)
  .map(([, at]) => at)"""


def at_second(tab: Tab | Frame, seconds: float) -> Any:
    """Hold all animations at a time, and return the slides that can be seen then."""
    hold = f"for (const one of document.getAnimations()) {{ one.pause(); one.currentTime = {seconds * 1000}; }}"
    return tab.run(f"(() => {{ {hold} return {VISIBLE}; }})()")


class TestPlaying:
    @pytest.mark.parametrize(
        ("seconds", "slide"), [(0, 1), (0.99, 1), (1.01, 2), (2.99, 2), (3.01, 3), (5.99, 3), (6.01, 1), (7.5, 2)]
    )
    def test_each_slide_is_shown_for_its_seconds_and_then_the_first_again(self, tab, pages, seconds, slide):
        tab.resize((1280, 900), motion="no-preference")
        show(tab, pages, with_picture(COUPON))
        assert at_second(tab, seconds) == [slide]

    def test_a_long_slide_is_whole_and_can_be_scrolled(self, tab, pages):
        show(tab, pages, preview(Slideshow("x", subject="Hi").slide("word " * 900).slide("Hello")))
        assert tab.run("(it => it.scrollHeight - it.clientHeight)(document.querySelector('.bubble'))") == 0
        assert tab.run("(it => it.scrollHeight > it.clientHeight + 500)(document.querySelector('.conversation'))")

    def test_a_slide_that_is_chosen_stays(self, tab, pages):
        tab.resize((1280, 900), motion="no-preference")
        show(tab, pages, with_picture(COUPON))
        tab.click("#slide-2 + i")
        assert tab.run(VISIBLE) == [2]
        assert tab.run("document.getAnimations().filter(one => one.animationName.startsWith('slide-')).length") == 0
        tab.press("ArrowRight")
        assert tab.run(VISIBLE) == [3]
        tab.click("#play + svg")
        assert at_second(tab, 1.5) == [2]

    def test_stacked_slides_are_all_shown(self, tab, pages):
        show(tab, pages, with_picture(COUPON))
        tab.click("label:has(#stacked)")
        assert tab.run(VISIBLE) == [1, 2, 3]
        assert tab.run("document.querySelector('.controls').checkVisibility()") is False

    @pytest.mark.parametrize(
        "shown", [preview(COUPON, stacked=True), preview(Slideshow("x", subject="Hi").slide("word " * 900))]
    )
    def test_the_bar_at_the_end_of_the_screen_lies_over_no_text(self, tab, pages, shown):
        show(tab, pages, shown)
        bar = """(screen => screen.getBoundingClientRect().bottom
            - parseFloat(getComputedStyle(screen, '::after').bottom) - parseFloat(getComputedStyle(screen, '::after').height)
            - document.querySelector('.conversation').getBoundingClientRect().bottom)(document.querySelector('.screen'))"""
        assert tab.run(bar) >= 0

    @pytest.mark.parametrize("stacked", [True, False])
    def test_nothing_fades_in_when_the_page_opens(self, tab, pages, stacked):
        tab.resize((1280, 900), motion="no-preference")
        show(tab, pages, with_picture(COUPON) if not stacked else preview(COUPON, stacked=True))
        assert tab.run("document.getAnimations().filter(one => one.animationName === 'appear').length") == 0
        assert tab.run("getComputedStyle(document.querySelector('.conversation > .bubble')).opacity") == "1"

    def test_less_motion_shows_the_first_slide_and_says_why(self, tab, pages):
        show(tab, pages, with_picture(COUPON))
        assert tab.run("document.getAnimations().length") == 0
        assert tab.run(VISIBLE) == [1]
        assert tab.run("document.querySelector('.less-motion').checkVisibility()")
        tab.click("#slide-3 + i")
        assert tab.run(VISIBLE) == [3]
        assert not tab.run("document.querySelector('.less-motion').checkVisibility()")

    def test_print_shows_all_slides(self, tab, pages):
        show(tab, pages, with_picture(COUPON))
        tab.command("Emulation.setEmulatedMedia", media="print")
        try:
            assert tab.run(VISIBLE) == [1, 2, 3]
        finally:
            tab.command("Emulation.setEmulatedMedia", media="")


class TestIsolation:
    def test_a_page_requests_nothing_and_logs_no_error(self, tab, pages):
        show(tab, pages, with_picture(COUPON))
        pages.requested.clear()
        show(tab, pages, with_picture(COUPON))
        assert pages.requested == ["/page"]
        requested = [event["request"]["url"] for event in tab.events("Network.requestWillBeSent")]
        assert [url[:5] for url in requested if not url.endswith("/page")] == ["data:"]
        assert tab.events("Log.entryAdded", "Runtime.exceptionThrown") == []
        assert tab.run("document.querySelector('img').naturalWidth") == 1

    def test_a_notebook_shows_and_plays_it_in_a_frame(self, tab, pages):
        tab.resize((1000, 900), motion="no-preference")
        tab.open(pages.put(f"<!doctype html>{with_picture(COUPON)._repr_mimebundle_()['text/html']}"))
        assert tab.run("document.querySelector('iframe').contentDocument") is None, "the frame is of this origin"
        assert at_second(tab.frame(), 2) == [2]


def outer(tab: Tab, selector: str) -> str:
    """An element as text, with attributes in alphabetical order and without those that only a loaded file has."""
    return tab.run(
        f"""(() => {{
          const write = it => it.nodeType === 3 ? it.data : `<${{it.localName}} ` + [...it.attributes]
            .map(one => `${{one.name}}=${{one.value}}`).sort().join(" ") + ">" + [...it.childNodes].map(write).join("") + "</>";
          return write(document.querySelector({json.dumps(selector)}));
        }})()"""
    )


class TestOnePhone:
    """The page without a script has the elements that the script of the sandbox's page makes."""

    FILES: ClassVar = [
        {"kind": "image", "url": "not a url.jpg"},
        *({"kind": kind, "url": f"http://a.example/{kind}"} for kind in ("vcard", "ical", "pdf", "passbook")),
        {"kind": "vcard", "url": "javascript:alert(1)"},
    ]

    def of_script(self, tab: Tab, pages: Pages, selector: str, **view: Any) -> str:
        tab.open(pages.scripted)
        tab.run(f"phone.show({json.dumps(view)})")
        return outer(tab, selector)

    @pytest.mark.parametrize("file", FILES, ids=lambda file: file["url"])
    def test_a_slide_has_the_same_elements(self, tab, pages, file):
        slide = Slide("Hi <b>", **{file["kind"]: file["url"]})
        show(tab, pages, preview(Slideshow("x", subject="Free", slides=(slide,))))
        static = outer(tab, ".conversation > .bubble")
        scripted = self.of_script(
            tab, pages, ".bubble", subject="Free", slides=[{"text": "Hi <b>", "files": [file]}], contact="60856"
        )
        assert static == scripted

    def test_the_screen_has_the_same_elements(self, tab, pages):
        show(tab, pages, preview(SendMMS(Slideshow("x", subject="Free").slide("Hi"), to="15551234888", sender="60856")))
        static = outer(tab, ".phone")
        scripted = self.of_script(
            tab,
            pages,
            ".phone",
            subject="Free",
            slides=[{"text": "Hi"}],
            contact="60856",
            direction="to 15551234888",
            time="10:05",
        )
        assert static.replace(" role=group", "") == scripted.replace(" id=phone", "").replace(" role=group", "")

    def test_a_picture_has_the_same_class_and_name(self, tab, pages):
        show(tab, pages, with_picture(Slideshow("x").slide(image=IMAGE)))
        static = tab.run("[document.querySelector('img').className, document.querySelector('img').alt]")
        tab.open(pages.scripted)
        made = f"fileElement({{kind: 'image', url: {json.dumps(IMAGE)}}})"
        assert static == tab.run(f"(it => [it.className, it.alt])({made})")


LONG = "W" * 3000
EVERYTHING = Slideshow(
    "x",
    subject=LONG,
    fallback_text=f"{{{LONG}}} {LONG}",
    slides=(
        Slide(f"{LONG} {{{LONG}|{LONG}}}", image=IMAGE, duration=0),
        Slide("\u202e" + LONG, vcard=f"http://a.example/{LONG}", pdf=f"http://a.example/{LONG}"),
        Slide("{name} {other}", image=f"http://a.example/{LONG}.jpg"),
    ),
)


class TestAppearance:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("data", [None, {"name": "Ada"}])
    def test_text_has_enough_contrast(self, tab, pages, scheme, data):
        tab.resize((1280, 900), scheme)
        limit = CARRIER_LIMITS[0]
        found = Preflight(
            carriers=(CarrierVerdict(limit, 10), CarrierVerdict(limit, 10**7), CarrierVerdict(limit, 10, unseen=1))
        )
        show(tab, pages, with_picture(SendMMS(EVERYTHING, to="1", sender="2"), stacked=True, data=data, preflight=found))
        contrasts = tab.run(CONTRASTS)
        assert len(contrasts) > 30
        assert [few for few in contrasts if few[0] < 4.5] == []

    @pytest.mark.parametrize("stacked", [False, True])
    @pytest.mark.parametrize("width", [360, 768, 1280])
    def test_the_page_fits_every_screen_width(self, tab, pages, width, stacked):
        tab.resize((width, 800))
        show(tab, pages, with_picture(EVERYTHING, stacked=stacked))
        wide = tab.run(
            "[document.scrollingElement, ...document.querySelectorAll('main *:not(svg, svg *, .media, input)')]"
            ".filter(it => it.clientWidth && it.scrollWidth > it.clientWidth).map(it => it.className || it.tagName)"
        )
        assert wide == []

    def test_every_control_has_an_accessible_name(self, tab, pages):
        show(tab, pages, with_picture(COUPON))
        nodes = [node for node in tab.command("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
        # "Play" is not there for people who asked for less motion.
        assert [name for role, name in named if role == "radio"] == ["Played", "Stacked", "Slide 1", "Slide 2", "Slide 3"]
        assert {"main", "banner", "heading", "radiogroup", "region", "image"} <= {role for role, _ in named}
        assert [role for role, name in named if role in {"radio", "link", "image", "radiogroup"} and not name.strip()] == []

    def test_the_headings_are_in_order(self):
        headings = re.findall(r"<h([1-6])", preview(EVERYTHING).html)
        assert headings[0] == "1"
        assert set(headings[1:]) == {"2"}
