"""The phone of skymms.preview: its parts, and how it shows a message in a page that is not the sandbox's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser import CHROMIUM, Browser, Tab

from skymms.preview import icons_svg, phone_css, phone_js
from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse

PAGE = (
    f"<!doctype html><meta charset=utf-8><style>{phone_css()}</style>{icons_svg()}<div id=phone></div>"
    f"<script>{phone_js()}\nconst turns = [], phone = new Phone(document.getElementById('phone'), "
    "(number, count) => turns.push([number, count]));</script>"
)
VIEW: dict[str, Any] = {
    "time": "10:05",
    "contact": "60856",
    "direction": "to 15551234888",
    "subject": "Free coupon!",
    "slides": [{"text": "one", "duration": 1}, {"text": "two", "files": []}],
}


class TestParts:
    def test_the_parts_can_be_put_into_a_page(self) -> None:
        for part in (phone_css(), phone_js()):
            assert not re.search(r"</?(script|style)\b", part)

    def test_the_parts_load_nothing_and_make_no_markup_of_strings(self) -> None:
        parts = phone_css() + phone_js() + icons_svg()
        assert re.findall(r"""(?:src|href)\s*=\s*["']|@import|url\(""", parts) == []
        assert (
            re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser", parts) == []
        )

    def test_there_is_an_icon_for_everything_that_the_script_shows(self) -> None:
        icons = set(re.findall(r'<symbol id="([\w-]+)"', icons_svg()))
        kinds = {"image", "audio", "video", "vcard", "ical", "pdf", "passbook", "file"}
        assert {f"i-{name}" for name in kinds | {"person", "prev", "next", "play", "pause", "signal"}} == icons


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")

    def respond(request: ServerRequest) -> ServerResponse:
        return ServerResponse(200, PAGE.encode(), "text/html; charset=utf-8")

    listener = Listener(respond)
    with Browser() as browser, Tab(browser, listener.url) as opened:
        yield opened
    listener.close()


def show(tab: Tab, **changes: Any) -> str:
    tab.run(f"turns.length = 0, phone.show({json.dumps({**VIEW, **changes})})")
    return tab.text("#phone")


class TestPhone:
    def test_a_message_is_shown_with_its_contact_and_first_slide(self, tab: Tab) -> None:
        text = show(tab)
        assert [part for part in ("10:05", "60856", "to 15551234888", "Free coupon!", "one") if part not in text] == []
        assert "two" not in text

    def test_turning_a_slide_is_reported_and_stops_at_the_ends(self, tab: Tab) -> None:
        show(tab)
        tab.run("phone.step(1), phone.step(1), phone.step(-5)")
        assert tab.run("turns") == [[2, 2], [2, 2], [1, 2]]
        assert "one" in tab.text("#phone")

    def test_playing_ends_at_the_last_slide(self, tab: Tab) -> None:
        show(tab, slides=[{"text": "one", "duration": 0.05}, {"text": "two", "duration": 0.05}])
        tab.run("phone.play()")
        tab.until("document.querySelector('[aria-label=Play]') && document.querySelector('.text').innerText === 'two'")
        assert tab.run("turns") == []

    def test_another_message_ends_playing(self, tab: Tab) -> None:
        show(tab)
        tab.run("phone.play()")
        show(tab, slides=[{"text": "other"}, {"text": "last"}])
        assert tab.run("document.querySelector('[aria-label=Play]') !== null")
        assert "other" in tab.text("#phone")

    def test_a_banner_fades_the_message(self, tab: Tab) -> None:
        assert "Refused with E226." in show(tab, banner="Refused with E226.")
        assert tab.run("document.querySelector('.bubble').className") == "bubble faded"

    def test_a_notice_is_shown_if_there_are_no_slides(self, tab: Tab) -> None:
        assert "There is no message." in show(tab, slides=None, notice=["There is ", "no message."])
        assert tab.run("document.querySelector('.bubble, .controls')") is None

    def test_one_slide_has_no_buttons(self, tab: Tab) -> None:
        show(tab, slides=[{"text": "alone"}], outgoing=True)
        assert tab.run("document.querySelector('.controls')") is None
        assert tab.run("document.querySelector('.bubble').className") == "bubble outgoing"

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "not a url", "ftp://media.example/a.jpg"])
    def test_a_file_without_a_web_url_is_not_loaded(self, tab: Tab, url: str) -> None:
        show(tab, slides=[{"files": [{"kind": "image", "url": url}, {"kind": "pdf", "url": url}]}])
        assert tab.text("#phone").count("not loaded") == 2
        assert tab.run("document.querySelectorAll('#phone :is(img, a)').length") == 0
