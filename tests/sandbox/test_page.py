"""The sandbox's page: what is served, to which hosts, and how it looks and behaves in Chromium."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import re
from typing import Any

import pytest
from browser import CHROMIUM, Browser, Tab
from contrasts import CONTRASTS
from lxml import etree
from media_files import jpeg
from scripted_events import PageServer, ScriptedEvents, message

from skymms import Client, MMSError, SaveMMS, SendMMS, SendSavedMMS, Slide, Slideshow, TransportError
from skymms.cellcast import CellcastSend
from skymms.preview import icons_svg, phone_css, phone_js
from skymms.sandbox import AT_ONCE, Sandbox
from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse
from skymms.sandbox.page import FEED, FILE, ICON, MAX_WAIT, REQUEST, EventSource, respond


def page_request(
    path: str = "/", query: str = "", *, method: str = "GET", accept: str = "text/html,*/*;q=0.8", host: str = "127.0.0.1:8025"
) -> ServerRequest:
    return ServerRequest(method, path, query, {"accept": accept, "host": host}, b"")


class RecordingEvents:
    """An event log without entries that keeps the arguments of its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, float]] = []

    def after(self, number: int, wait: float, /) -> dict[str, Any]:
        self.calls.append((number, wait))
        return {"sandbox": "a", "upto": number, "counts": {}, "entries": []}

    def details(self, number: int, /) -> dict[str, Any] | None:
        return None

    def file_reason(self, number: int, kind: str, url: str, /) -> str | None:
        return None


def response_to(request: ServerRequest, events: EventSource, *, host: str = "") -> ServerResponse:
    response = respond(request, events, host=host)
    assert response is not None
    return response


def page_html() -> str:
    return response_to(page_request(), RecordingEvents()).body.decode()


class TestResponses:
    def test_only_a_browser_gets_the_page_at_the_root(self):
        assert response_to(page_request(), RecordingEvents()).content_type == "text/html; charset=utf-8"
        for other in (
            page_request(accept="*/*"),
            page_request(accept=""),
            page_request(method="POST"),
            page_request("/sandbox"),
            page_request(FEED, method="POST"),
        ):
            assert respond(other, RecordingEvents()) is None

    def test_the_page_contains_the_parts_of_the_phone_preview(self):
        html = page_html()
        assert all(part in html for part in (phone_css(), phone_js(), icons_svg()))
        assert re.findall("preview/[a-z]+[.][a-z]+", html) == [], "a comment was not replaced"

    def test_the_policy_allows_the_script_and_the_style_of_the_composed_page(self):
        response = response_to(page_request(), RecordingEvents())
        policy = response.headers["Content-Security-Policy"]
        for tag in ("script", "style"):
            (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", response.body.decode(), re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy

    def test_the_policy_allows_only_the_pages_own_code_and_media(self):
        policy = response_to(page_request(), RecordingEvents()).headers["Content-Security-Policy"]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["connect-src"] == "'self'"
        assert rules["img-src"] == rules["media-src"] == "http: https:"
        assert re.fullmatch(r"'sha256-\S{44}'", rules["script-src"])
        assert re.fullmatch(r"'sha256-\S{44}'", rules["style-src"])
        assert "unsafe" not in policy

    def test_the_page_loads_nothing_and_makes_no_markup_of_strings(self):
        assert re.findall(r"""(?:src|href)\s*=\s*["']|@import|url\(""", page_html()) == []
        assert (
            re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser", page_html())
            == []
        )

    def test_the_page_has_an_icon(self):
        response = response_to(page_request(ICON, accept="image/*"), RecordingEvents())
        assert (response.status, response.content_type, etree.QName(etree.fromstring(response.body)).localname) == (
            200,
            "image/svg+xml",
            "svg",
        )

    def test_the_feed_returns_the_entries_as_json(self):
        events = ScriptedEvents()
        events.request(message({"text": "</script>\ud800 ☕"}))
        response = response_to(page_request(FEED, "after=0&wait=0", accept="*/*"), events)
        assert (response.status, response.content_type) == (200, "application/json")
        assert json.loads(response.body) == events.after(0, 0)

    @pytest.mark.parametrize(
        ("query", "call"),
        [("", (0, 0)), ("after=17", (17, 0)), ("after=3&wait=5", (3, 5)), ("wait=900", (0, MAX_WAIT))],
    )
    def test_the_feed_limits_how_long_it_waits(self, query, call):
        events = RecordingEvents()
        assert response_to(page_request(FEED, query), events).status == 200
        assert events.calls == [call]

    @pytest.mark.parametrize(
        "query", ["after=-1", "after=x", "wait=nan", "wait=1e9", "after=1.5", "after=%00", "after=" + "9" * 99]
    )
    def test_a_feed_parameter_that_is_not_a_number_is_refused(self, query):
        events = RecordingEvents()
        assert response_to(page_request(FEED, query), events).status == 400
        assert events.calls == []


class TestHostHeader:
    """DNS rebinding: a page from elsewhere can point its own domain at this machine, but not an IP address."""

    TRUSTED = (
        "127.0.0.1:8025",
        "127.0.0.1",
        "localhost:8025",
        "LOCALHOST",
        "skymms.localhost:80",
        "[::1]:8025",
        "192.168.1.7:8025",
    )
    UNTRUSTED = (
        "evil.example:8025",
        "",
        "localhost.evil.example",
        "127.0.0.1.nip.io:8025",
        "x@127.0.0.1",
        "127.0.0.1:8025/x",
        "[::1",
        "a b",
    )

    @pytest.mark.parametrize("path", ["/", FEED])
    @pytest.mark.parametrize("host", TRUSTED)
    def test_an_ip_address_or_localhost_is_accepted_as_host(self, host, path):
        assert response_to(page_request(path, host=host), RecordingEvents()).status == 200

    @pytest.mark.parametrize("path", ["/", FEED])
    @pytest.mark.parametrize("host", UNTRUSTED)
    def test_another_host_is_refused(self, host, path):
        events = RecordingEvents()
        assert response_to(page_request(path, host=host), events).status == 403
        assert events.calls == []

    def test_the_name_that_the_sandbox_listens_on_is_accepted(self):
        assert response_to(page_request(host="devbox.example:8025"), RecordingEvents(), host="DevBox.example").status == 200
        assert response_to(page_request(host="other.example:8025"), RecordingEvents(), host="devbox.example").status == 403

    def test_a_request_with_another_host_header_is_refused(self):
        with PageServer(ScriptedEvents()) as server:
            for host, status in (("evil.example", 403), (f"127.0.0.1:{server.port}", 200)):
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
                connection.request("GET", FEED, headers={"Host": host})
                response = connection.getresponse()
                assert (response.status, response.getheader("X-Content-Type-Options"), response.getheader("Connection")) == (
                    status,
                    "nosniff",
                    "close",
                )
                connection.close()


# ------------------------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with Browser() as running:
        yield running


@pytest.fixture
def events():
    return ScriptedEvents()


@pytest.fixture(scope="module")
def page_server():
    with PageServer(ScriptedEvents()) as running:
        yield running


@pytest.fixture
def server(page_server, events):
    page_server.events.close()
    page_server.events = events
    page_server.files.clear()
    page_server.requests.clear()
    return page_server


@pytest.fixture(scope="module")
def window(browser):
    with Tab(browser, "about:blank") as opened:
        yield opened


@pytest.fixture
def tab(window, server):
    window.resize((1280, 800))
    window.open(server.url)
    window.until("document.querySelector('#connection')?.className === 'connected'")
    return window


ROW = "#list [role=option]"
RESET = {
    "name": "reset",
    "label": "answer lost",
    "description": "the connection is reset without a response",
}
THREE = message({"text": "one", "duration": 1}, {"text": "two"}, {"text": "three", "duration": 5})


def rows(tab: Tab) -> list[str]:
    return tab.run(f"[...document.querySelectorAll({ROW!r})].map(row => row.innerText)")


def chips(tab: Tab, row: int = 0) -> str:
    return tab.run(
        f"[...document.querySelectorAll({ROW!r})[{row}].querySelectorAll('.chip')].map(chip => chip.innerText).join(' + ')"
    )


def wait_for_text(tab: Tab, text: str, selector: str = "#phone") -> None:
    """Wait until the text of an element contains these text."""
    tab.until(f"document.querySelector({selector!r})?.innerText.replace(/\\s+/g, ' ').includes({json.dumps(text)})")


class TestMessage:
    def test_a_new_message_appears_without_a_reload(self, tab, events):
        tab.run("window.here = 'still'")
        wait_for_text(tab, "No message yet.", "#list")
        events.request(message({"text": "Hi there"}), tracking_id="MMS_1", mms_id="35674")
        wait_for_text(tab, "Free coupon! Hi there")
        wait_for_text(tab, "15551234888", ROW)
        wait_for_text(tab, "1 request", "#counts")
        wait_for_text(tab, "MMS_1", "#facts")
        events.request(message({"text": "And again"}))
        wait_for_text(tab, "And again")
        assert len(rows(tab)) == 2
        assert tab.run("window.here") == "still"

    def test_slides_are_turned_with_buttons_and_keys(self, tab, events):
        events.request(THREE)
        wait_for_text(tab, "Free coupon! one")
        tab.click("[aria-label='Next slide']")
        wait_for_text(tab, "two")
        assert "Free coupon!" not in tab.text("#phone"), "the subject is shown above the first slide only"
        tab.press("ArrowRight")
        wait_for_text(tab, "three")
        assert tab.run("document.querySelector('[data-key=next]').disabled")
        tab.press("ArrowRight")
        wait_for_text(tab, "three")
        tab.press("ArrowLeft")
        wait_for_text(tab, "two")
        tab.click("[aria-label='Slide 1']")
        wait_for_text(tab, "Free coupon! one")
        assert tab.run("document.querySelector('[data-key=prev]').disabled")
        assert tab.run("document.querySelector('.bubble').ariaLabel") == "Slide 1 of 3"

    def test_slides_are_played_by_their_durations(self, tab, events):
        events.request(THREE)
        wait_for_text(tab, "Free coupon! one")
        assert tab.run("[...document.querySelectorAll('.dots i')].map(dot => dot.style.animationDuration)") == [
            "1s",
            "10s",
            "5s",
        ]
        tab.click("[aria-label=Play]")
        wait_for_text(tab, "two")
        tab.click("[aria-label=Pause]")
        assert tab.run("document.querySelector('[aria-label=Play]') !== null")

    def test_the_text_of_a_slide_keeps_line_breaks_emoji_and_writing_direction(self, tab, events):
        events.request(message({"text": "a\nb ☕"}, {"text": "שלום עולם"}))
        tab.until("document.querySelector('.text')?.innerText === 'a\\nb ☕'")
        tab.press("ArrowRight")
        tab.until("document.querySelector('.text').matches(':dir(rtl)')")

    def test_a_saved_message_shows_the_stored_slides(self, tab, events):
        events.request(THREE, action="SaveMMS", to=None, sender=None, mms_id="7", tracking_id="MMS_8")
        events.request(None, action="SendSavedMMS", mms_id="7", tracking_id="MMS_9")
        wait_for_text(tab, "Free coupon! one")
        wait_for_text(tab, "SendSavedMMS", "#facts")

    def test_an_inbound_message_is_listed_under_inbound(self, tab, events):
        events.request(message({"text": "Hi"}))
        events.inbound(subject="Yes", text="I will come", files=["http://media.example/a.vcf"])
        tab.click("[data-show=inbound]")
        wait_for_text(tab, "Yes a.vcf contact card I will come")
        assert len(rows(tab)) == 1

    def test_the_view_everything_lists_requests_and_reports_too(self, tab, events):
        events.request(message({"text": "Hi"}), tracking_id="MMS_1")
        events.request(None, action="ListMMS", to=None, sender=None)
        events.report("N101", tracking_id="MMS_1")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 1")
        tab.click("[data-show=everything]")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 3")
        tab.press("ArrowDown")
        wait_for_text(tab, "ListMMS does not contain a message.")


class TestFiles:
    PIXEL = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="teal"/></svg>'

    def test_a_picture_is_fetched_without_a_referer(self, tab, events, server):
        server.files["/a.jpg"] = ("image/svg+xml", self.PIXEL)
        events.request(message({"files": [{"kind": "image", "url": f"{server.url}/a.jpg"}]}))
        tab.until("document.querySelector('#phone img')?.naturalWidth === 40")
        (fetched,) = (request for request in server.requests if request.path == "/a.jpg")
        assert "referer" not in fetched.headers

    @pytest.mark.parametrize("kind", ["image", "audio", "video"])
    def test_media_that_cannot_be_loaded_show_their_name(self, tab, events, server, kind):
        events.request(message({"text": "below", "files": [{"kind": kind, "url": f"{server.url}/gone%20away.bin"}]}))
        wait_for_text(tab, "gone away.bin")
        wait_for_text(tab, "not loaded below")
        assert tab.run("document.querySelector('#phone :is(img, audio, video)')") is None

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [("vcard", "contact card"), ("ical", "calendar entry"), ("pdf", "PDF document"), ("passbook", "wallet pass")],
    )
    def test_a_file_that_is_not_media_is_a_link_with_its_name(self, tab, events, kind, expected):
        events.request(message({"files": [{"kind": kind, "url": "http://media.example/x/summer.bin?id=1"}]}))
        wait_for_text(tab, f"summer.bin {expected}")
        link = "document.querySelector('#phone a')"
        assert tab.run(f"[{link}.href, {link}.rel]") == ["http://media.example/x/summer.bin?id=1", "noopener noreferrer"]

    def test_the_browser_fetches_only_the_page_the_feed_and_the_media(self, tab, events, server):
        server.files["/a.jpg"] = ("image/svg+xml", self.PIXEL)
        events.request(message({"files": [{"kind": "image", "url": f"{server.url}/a.jpg"}]}))
        tab.until("document.querySelector('#phone img')?.complete")
        fetched = {response["request"]["url"].partition("?")[0] for response in tab.events("Network.requestWillBeSent")}
        assert fetched - {server.url + ICON} == {f"{server.url}/", server.url + FEED, f"{server.url}/a.jpg"}


HOSTILE = (
    "<img src=x onerror=\"window.ran='img'\">",
    "</script><script>window.ran='script'</script>",
    "<svg onload=\"window.ran='svg'\"></svg>",
    "javascript:window.ran='url'",
    "{{7*7}}${7*7}&lt;b&gt;\u202e",
)


class TestHostileTexts:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_texts_are_shown_and_not_executed(self, tab, events, text):
        hostile = message({"text": text}, subject=text, name=text, fallback_text=text)
        response = dict.fromkeys(["dialect", "action", "info", "to", "sender", "mms_id"], text)
        events.request(hostile, **response, outcome="lost", tracking_id="MMS_1")
        events.report(text, meaning=text, status=text, tracking_id="MMS_1", posted=text)
        events.inbound(sender=text, to=text, subject=text, text=text, files=[text])
        tab.until("document.querySelectorAll('#timeline li').length === 2")
        assert tab.run("document.querySelector('#phone .text').textContent") == text
        assert tab.run("document.querySelector('#facts h2').textContent") == text
        tab.click("[data-show=inbound]")
        tab.until("document.querySelector('.bubble.outgoing .text') !== null")
        assert tab.run("document.querySelector('.bubble.outgoing .text').textContent") == text
        assert tab.run("window.ran ?? null") is None
        assert tab.run("document.querySelectorAll('script').length") == 1
        assert tab.events("Log.entryAdded", "Runtime.exceptionThrown") == [], (
            "the policy blocked something that the page itself should not have tried"
        )

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:window.ran=1",
            " JaVaScRiPt:window.ran=1",
            "data:text/html,<script>1</script>",
            "//media.example/a",
            "file:///etc/passwd",
            "",
        ],
    )
    def test_texts_that_are_not_web_urls_are_never_loaded_or_linked(self, tab, events, url):
        kinds = ("image", "audio", "video", "vcard", "ical", "pdf", "passbook", "<b>")
        events.request(message({"text": "below", "files": [{"kind": kind, "url": url} for kind in kinds]}))
        wait_for_text(tab, "file, not loaded below")
        assert tab.text("#phone").count("not loaded") == len(kinds)
        assert tab.run("document.querySelectorAll('#phone :is([href]:not(use), [src])').length") == 0

    def test_the_policy_forbids_markup_from_strings(self, tab):
        with pytest.raises(AssertionError, match="TrustedHTML"):
            tab.run("document.body.innerHTML = '<b>x</b>'")

    def test_the_policy_forbids_javascript_urls(self, tab):
        tab.run("document.body.append(Object.assign(document.createElement('a'), {id: 'in', href: 'javascript:window.ran=1'}))")
        tab.run("document.querySelector('#in').click()")
        tab.until("new Promise(done => setTimeout(() => done(true), 50))")
        assert tab.run("window.ran ?? null") is None
        assert [entry["entry"]["source"] for entry in tab.events("Log.entryAdded")] == ["security"]


class TestMessageState:
    STATES = (
        ((), "accepted"),
        ((("N013", None),), "encoded N013"),
        ((("N101", "Message Sent"),), "sent N101"),
        ((("N101", None), ("N102", "Message Sent/Delivered")), "delivered N102"),
        ((("N102", None), ("N101", None)), "delivered N102"),
        ((("N101", None), ("E102", "Message Sent/Rejected")), "failed E102"),
        ((("N102", "Message Sent/Not Supported"),), "failed N102"),
        ((("N101", None), ("N103", None)), "expired N103"),
        ((("N201", None), ("N202", None)), "link delivered N202"),
        ((("N999", None),), "reported N999"),
    )

    @pytest.mark.parametrize(
        ("reports", "expected"),
        STATES,
        ids=[expected for _, expected in STATES[:4]] + [f"{number} {way[1]}" for number, way in enumerate(STATES[4:])],
    )
    def test_the_chip_shows_the_state_after_the_reports(self, tab, events, reports, expected):
        events.request(message({"text": "Hi"}), tracking_id="MMS_1")
        wait_for_text(tab, "accepted", ROW)
        for code, status in reports:
            events.report(code, status=status, tracking_id="MMS_1", posted="answered 200")
        tab.until(f"document.querySelectorAll('#timeline li').length === {1 + len(reports)}")
        assert chips(tab).replace("\n", " ") == expected

    def test_the_timeline_shows_the_result_of_each_postback(self, tab, events):
        events.request(message({"text": "Hi"}), tracking_id="MMS_1")
        events.report("N101", meaning="on its way", tracking_id="MMS_1", posted="answered 200")
        events.report("N102", meaning="there", tracking_id="MMS_1", posted="failed (ConnectionRefusedError)")
        wait_for_text(tab, "sent N101", "#timeline")
        wait_for_text(tab, "Meaning on its way Postback your receiver accepted it (HTTP 200)", "#timeline")
        assert tab.run("[...document.querySelectorAll('#timeline dd.error')].map(line => line.innerText)") == [
            "your receiver did not get it: failed (ConnectionRefusedError)"
        ]

    def test_a_report_may_arrive_before_its_request(self, tab, events):
        events.report("N102", tracking_id="MMS_1")
        events.request(message({"text": "Hi"}), tracking_id="MMS_1")
        wait_for_text(tab, "delivered N102", ROW)

    def test_a_report_changes_only_its_own_message(self, tab, events):
        events.request(message({"text": "Hi"}), tracking_id="MMS_1")
        events.request(message({"text": "Hi"}), tracking_id="MMS_2")
        events.report("N102", tracking_id="MMS_1")
        wait_for_text(tab, "delivered", f"{ROW}:nth-child(2)")
        assert chips(tab, 0) == "accepted"

    def test_a_refused_message_shows_code_and_reason(self, tab, events):
        events.request(THREE, outcome="refused", code="E226", info="slide 1: audio and video on one slide")
        wait_for_text(tab, "slide 1: audio and video on one slide refused E226", ROW)
        wait_for_text(tab, "Refused with E226. No phone receives this message.")
        wait_for_text(tab, "refused E226", "#timeline")

    def test_a_fault_is_shown_beside_the_reported_state(self, tab, events):
        events.request(message({"text": "Hi"}), outcome="lost", fault=RESET, tracking_id="MMS_1")
        wait_for_text(tab, "answer lost", ROW)
        events.report("N102", tracking_id="MMS_1")
        wait_for_text(tab, "delivered N102", ROW)
        assert "answer lost" in chips(tab)


class TestLongRun:
    def test_a_reset_empties_the_page(self, tab, events):
        for number in range(3):
            events.request(message({"text": f"old {number}"}))
        wait_for_text(tab, "old 2")
        events.reset()
        wait_for_text(tab, "No message yet.", "#list")
        wait_for_text(tab, "0 requests", "#counts")
        assert "old" not in tab.text("main")
        events.request(message({"text": "new"}))
        wait_for_text(tab, "new")
        assert len(rows(tab)) == 1

    def test_the_page_reconnects_to_a_restarted_sandbox(self, browser):
        first, second = ScriptedEvents(), ScriptedEvents()
        with PageServer(first) as server, Tab(browser, server.url) as tab:
            for number in range(3):
                first.request(message({"text": f"old {number}"}), tracking_id=f"MMS_old{number}")
            wait_for_text(tab, "old 2")
            server.close()
            wait_for_text(tab, "the sandbox does not respond, retrying", "#connection")
            assert len(rows(tab)) == 3, "the entries stay visible"
            for number in range(3):
                second.request(message({"text": f"new {number}"}), tracking_id=f"MMS_new{number}")
            with PageServer(second, port=server.port):
                wait_for_text(tab, "connected", "#connection")
                wait_for_text(tab, "new 2")
                wait_for_text(tab, "MMS_new2", "#facts")
                assert len(rows(tab)) == 3
                assert "old" not in tab.text("body")

    def test_the_page_keeps_a_limited_number_of_entries(self, tab, events):
        for number in range(1700):
            events.request(message({"text": f"number {number}"}), tracking_id=f"MMS_{number}")
        wait_for_text(tab, "number 1699")
        assert len(rows(tab)) == tab.run("MAX_ROWS") == 500
        assert tab.run("[state.entries.length, state.requestByTrackingId.size, rows.size]") == [1500, 1500, 500]
        assert tab.run("document.querySelectorAll('*').length") < 10_000

    def test_the_page_pauses_between_requests_to_the_feed(self, tab, events, server):
        events.closed = True
        events.request(message({"text": "Hi"}))
        wait_for_text(tab, "Hi")
        before = len(server.requests)
        tab.until("new Promise(done => setTimeout(() => done(true), 500))")
        assert len(server.requests) - before < 6


class TestKeyboardAndMouse:
    def test_arrow_keys_select_messages_and_new_messages_keep_the_selection(self, tab, events):
        for number in range(4):
            events.request(message({"text": f"text {number}"}))
        wait_for_text(tab, "text 3")
        tab.press("ArrowDown")
        wait_for_text(tab, "text 2")
        events.request(message({"text": "text 4"}))
        tab.until(f"document.querySelectorAll({ROW!r}).length === 5")
        assert "text 2" in tab.text("#phone")
        tab.press("End")
        wait_for_text(tab, "text 0")
        tab.press("ArrowUp")
        wait_for_text(tab, "text 1")
        chosen = "document.querySelector('[aria-selected=true]')"
        assert tab.run(f"{chosen}.id === document.querySelector('#list').getAttribute('aria-activedescendant')")
        tab.click("#follow")
        wait_for_text(tab, "text 4")

    def test_the_search_filters_the_list(self, tab, events):
        for number in range(3):
            events.request(message({"text": f"text {number}"}), to=f"1555123000{number}", tracking_id=f"MMS_{number}")
        events.report("E102", tracking_id="MMS_1")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 3")
        for text, left in (("15551230002", 1), ("e102", 1), ("TEXT", 3), ("nowhere", 0)):
            tab.run(f"document.querySelector('#search').value = {text!r}")
            tab.run("document.querySelector('#search').dispatchEvent(new Event('input'))")
            assert len(rows(tab)) == left

    def test_the_id_of_a_message_can_be_copied(self, browser, tab, events):
        browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        events.request(message({"text": "Hi"}), tracking_id="MMS_12345")
        tab.click("[aria-label='Copy the Tracking id']")
        wait_for_text(tab, "copied", "#facts")
        assert tab.run("navigator.clipboard.readText()") == "MMS_12345"


def add_every_kind(events: ScriptedEvents) -> None:
    """Add one entry of each kind, with texts that are wider than any screen."""
    long = "W" * 3000
    for outcome, code in (("accepted", None), ("refused", "E226"), ("lost", None)):
        events.request(
            message({"text": long}, subject=long, name=long),
            outcome=outcome,
            code=code,
            info=long,
            tracking_id=f"MMS_{outcome}{long}",
        )
    for number, code in enumerate(("N101", "N102", "E102", "N999")):
        events.request(message({"text": "Hi"}, {"text": "there"}), tracking_id=f"MMS_{number}")
        events.report(code, meaning=long, tracking_id=f"MMS_{number}", posted="answered 500")
    files = [{"kind": kind, "url": f"http://media.example/{long}"} for kind in ("image", "vcard")]
    events.request(message({"text": long, "files": files}, {"text": "x"}), tracking_id="MMS_9")
    events.report("N101", meaning="on its way", tracking_id="MMS_9")


class TestAccessibility:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_has_enough_contrast(self, tab, events, scheme):
        tab.resize((1280, 800), scheme)
        add_every_kind(events)
        tab.until(f"document.querySelectorAll({ROW!r}).length === 8")
        wait_for_text(tab, "not loaded")
        found = tab.run(CONTRASTS)
        assert len(found) > 40
        assert [few for few in found if few[0] < 4.5] == []

    @pytest.mark.parametrize("width", [360, 600, 820, 1280, 3840])
    def test_the_page_fits_every_screen_width(self, tab, events, width):
        tab.resize((width, 700))
        add_every_kind(events)
        tab.until(f"document.querySelectorAll({ROW!r}).length === 8")
        for number in range(1, 9):
            if tab.run("document.querySelector('#back').checkVisibility()"):
                tab.click("#back")
            tab.click(f"{ROW}:nth-child({number})")
            tab.until("document.querySelector('#phone').checkVisibility()")
            wide = tab.run(
                "[document.scrollingElement, "
                "...document.querySelectorAll('#list, #detail, .conversation, .bubble, #detail div *')]"
                ".filter(it => it.clientWidth && !it.matches('.clip, .media') && it.scrollWidth > it.clientWidth)"
                ".map(it => it.id || it.className || it.tagName)"
            )
            assert wide == []

    def test_every_control_has_an_accessible_name(self, tab, events):
        add_every_kind(events)
        tab.until(f"document.querySelectorAll({ROW!r}).length === 8")
        nodes = [node for node in tab.command("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
        roles = {role for role, _ in named}
        assert {"listbox", "option", "button", "status", "searchbox", "heading", "main", "banner"} <= roles
        assert [
            role for role, name in named if role in {"button", "option", "searchbox", "listbox", "link"} and not name.strip()
        ] == []


class TestRealSandbox:
    def test_the_page_follows_a_sandbox_from_send_to_reset(self, window):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account(), retries=0) as client:
            window.open(sandbox.url)
            show = Slideshow("coupon", subject="A coupon").slide("Hi {$firstname|you}!\nShow this.").slide("<b>bold</b>")
            saved = client.call(SaveMMS(show))
            client.call(SendSavedMMS(saved.mms_id, to="15551234888", sender="60856", data={"FIRSTNAME": "Ada"}))
            wait_for_text(window, "A coupon Hi Ada! Show this.")
            wait_for_text(window, "delivered N102", ROW)
            with pytest.raises(MMSError):
                client.call(SendSavedMMS("1", to="15551234888", sender="60856"))
            wait_for_text(window, "refused E241", ROW)
            sandbox.fail("drop")
            with pytest.raises(TransportError):
                client.call(SendMMS(show, to="15551230001", sender="60856"))
            wait_for_text(window, "answer lost", ROW)
            wait_for_text(window, "4 requests", "#counts")
            wait_for_text(window, "All 4 On the way 0 Delivered 2 Failed 0 Refused 1 Answer lost 1", "#outcomes")
            sandbox.reset()
            wait_for_text(window, "No message yet.", "#list")
            sandbox.receive_mms("15551230002", "60856", text="Hello", subject="From outside")
            client.call(SendMMS(show, to="15551230003", sender="60856"))
            wait_for_text(window, "15551230003", ROW)

    def test_a_personalized_picture_is_described_by_its_template(self, window):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account(), retries=0) as client:
            window.open(sandbox.url)
            saved = client.call(SaveMMS(Slideshow("card", subject="For you").slide(personalized_image="T-8")))
            client.call(SendSavedMMS(saved.mms_id, to="15551234888", sender="60856"))
            wait_for_text(window, "a picture of template T-8 picture, not loaded", "#phone")

    def test_a_cellcast_message_to_many_has_a_report_for_each(self, window):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account("cellcast-v3", rate=None)) as client:
            window.open(sandbox.url)
            sandbox.outcome("E102", to="0491570157")
            picture = f"{sandbox.url}/nowhere.png"
            client.call(CellcastSend(Slide("We are open.", image=picture), to=["0491570156", "0491570157"]))
            wait_for_text(window, "We are open.", ROW)
            wait_for_text(window, "+61491570156, +61491570157", "#facts")
            window.until("document.querySelectorAll('#timeline li').length === 3")
            wait_for_text(window, "delivered", "#timeline li:nth-child(2)")
            wait_for_text(window, "+61491570157", "#timeline li:nth-child(3)")
            wait_for_text(window, "failed", "#timeline li:nth-child(3)")
            sandbox.block("0491570158")
            with pytest.raises(MMSError):
                client.call(CellcastSend(Slide("We are open.", image=picture), to="0491570158"))
            wait_for_text(window, "refused RECIPIENTS_ERROR", ROW)


def outcome_counts(tab: Tab) -> dict[str, int]:
    counts = "[...document.querySelectorAll('#outcomes b')].map(it => +it.textContent.replace(',', ''))"
    names = "[...document.querySelectorAll('#outcomes button')].map(it => it.dataset.outcome)"
    return dict(zip(tab.run(names), tab.run(counts), strict=True))


class TestOutcomes:
    def send_one_of_each(self, events: ScriptedEvents) -> None:
        for number, code in enumerate((None, "N101", "N102", "E102")):
            events.request(message({"text": f"text {number}"}), tracking_id=f"MMS_{number}")
            if code:
                events.report(code, tracking_id=f"MMS_{number}")
        events.request(message({"text": "x"}), outcome="refused", code="E226", info="refused text")
        events.request(message({"text": "lost"}), outcome="lost", fault=RESET, tracking_id="MMS_9")
        events.report("N102", tracking_id="MMS_9")
        events.request(message({"text": "saved"}), action="SaveMMS", to=None, mms_id="7")
        events.request(None, action="ListMMS", to=None)

    def test_messages_are_counted_and_filtered_by_outcome(self, tab, events):
        self.send_one_of_each(events)
        tab.until(f"document.querySelectorAll({ROW!r}).length === 7")
        assert outcome_counts(tab) == {"all": 7, "waiting": 2, "delivered": 2, "failed": 1, "refused": 1, "lost": 1}
        for outcome, texts in {
            "waiting": ["text 1", "text 0"],
            "delivered": ["lost", "text 2"],
            "failed": ["text 3"],
            "refused": ["refused"],
            "lost": ["lost"],
        }.items():
            tab.click(f"[data-outcome={outcome}]")
            # textContent, because rows that were not painted yet have no innerText.
            shown = tab.run(f"[...document.querySelectorAll({ROW!r})].map(row => row.textContent)")
            assert len(shown) == len(texts)
            assert all(text in row for text, row in zip(texts, shown, strict=True))
            assert tab.run(f"document.querySelector('[data-outcome={outcome}]').ariaPressed") == "true"
        tab.click("[data-show=everything]")
        assert not tab.run("document.querySelector('#outcomes').checkVisibility()")

    def test_a_filter_follows_messages_that_arrive_and_change(self, tab, events):
        events.request(message({"text": "first"}), tracking_id="MMS_1")
        wait_for_text(tab, "first", ROW)
        tab.click("[data-outcome=delivered]")
        wait_for_text(tab, "No message with this outcome.", "#list")
        events.request(message({"text": "second"}), tracking_id="MMS_2")
        events.report("N102", tracking_id="MMS_1")
        wait_for_text(tab, "first", ROW)
        events.report("N102", tracking_id="MMS_2")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 2")
        assert outcome_counts(tab)["delivered"] == 2
        events.report("E102", tracking_id="MMS_2", status="Message Sent/Failed")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 1")
        assert outcome_counts(tab) == {"all": 2, "waiting": 0, "delivered": 1, "failed": 1, "refused": 0, "lost": 0}
        events.reset()
        tab.until("document.querySelector('#outcomes b').textContent === '0'")

    def test_a_message_to_many_numbers_is_counted_under_each_of_its_outcomes(self, tab, events):
        ids = ["id-1", "id-2", "id-3", "id-4"]
        events.request(message({"text": "Hi"}), action="CellcastSend", tracking_id=ids[0], tracking_ids=ids)
        for id, status in zip(ids, ("delivered", "delivered", "failed"), strict=False):
            events.report(None, status=status, tracking_id=id)
        wait_for_text(tab, "2 delivered 1 failed", ROW)
        assert outcome_counts(tab) == {"all": 1, "waiting": 1, "delivered": 1, "failed": 1, "refused": 0, "lost": 0}

    def test_the_page_says_that_it_does_not_keep_or_list_everything(self, tab, events):
        for number in range(1600):
            events.request(message({"text": f"number {number}"}))
        wait_for_text(tab, "1,600 requests the newest 1,500 events are shown", "#counts")
        assert outcome_counts(tab)["all"] == 1500
        tab.until("document.querySelector('#list').lastChild.textContent === 'The newest 500 are listed. Search for others.'")


DETAILS = {
    "request": {
        "method": "POST",
        "url": "http://127.0.0.1:8025/ep/v1/",
        "headers": {"content-type": "text/xml"},
        "body": "<a><b></b></a>",
        "readable": "<a>\n  <b/>\n</a>",
        "note": None,
    },
    "response": {"status": 200, "headers": {}, "body": "", "readable": None, "note": "Not shown.", "fault": "It was lost."},
    "exports": {
        "python": {"text": "print('</script>')", "reason": None},
        "toml": {"text": None, "reason": "There is no slideshow."},
        "curl": {"text": "curl x", "reason": None},
    },
}


class TestPanels:
    def test_the_request_and_the_answer_are_shown_on_demand(self, tab, events, server):
        number = events.request(message({"text": "Hi"}))
        events.shown[number] = DETAILS
        wait_for_text(tab, "Hi")
        assert [request.path for request in server.requests if request.path == REQUEST] == []
        tab.click("[data-panel=request] summary")
        wait_for_text(tab, "POST http://127.0.0.1:8025/ep/v1/ content-type: text/xml", "[data-panel=request]")
        wait_for_text(tab, "<a> <b/> </a>", "[data-panel=request]")
        tab.click("[data-panel=request] [data-key=sent]")
        wait_for_text(tab, "<a><b></b></a>", "[data-panel=request]")
        assert tab.run("document.activeElement.dataset.key") == "sent"
        wait_for_text(tab, "The API key is replaced by ***.", "[data-panel=request]")
        tab.click("[data-panel=response] summary")
        wait_for_text(tab, "It was lost. HTTP 200 Body Not shown.", "[data-panel=response]")

    def test_the_exports_can_be_chosen_and_copied(self, browser, tab, events):
        browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        events.shown[events.request(message({"text": "Hi"}))] = DETAILS
        wait_for_text(tab, "Hi")
        tab.click("[data-panel=exports] summary")
        wait_for_text(tab, "print('</script>')", "[data-panel=exports] pre")
        tab.click("[aria-label='Copy the Python text']")
        wait_for_text(tab, "copied", "[data-panel=exports]")
        assert tab.run("navigator.clipboard.readText()") == "print('</script>')"
        tab.click("[data-key=toml]")
        wait_for_text(tab, "There is no slideshow.", "[data-panel=exports]")
        tab.click("[data-key=curl]")
        wait_for_text(tab, "curl x", "[data-panel=exports] pre")

    def test_open_panels_stay_open_for_the_next_message(self, tab, events):
        events.shown[events.request(message({"text": "first"}))] = DETAILS
        wait_for_text(tab, "first")
        tab.click("[data-panel=exports] summary")
        wait_for_text(tab, "print", "[data-panel=exports]")
        events.request(message({"text": "second"}))
        wait_for_text(tab, "second")
        wait_for_text(tab, "no longer kept", "[data-panel=exports]")
        events.inbound(text="from a phone")
        tab.click("[data-show=inbound]")
        wait_for_text(tab, "from a phone")
        assert not tab.run("document.querySelector('#panels').checkVisibility()")

    @pytest.mark.parametrize("width", [360, 1280])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_the_panels_fit_and_can_be_read(self, tab, events, width, scheme):
        tab.resize((width, 700), scheme)
        wide = {**DETAILS, "request": {**DETAILS["request"], "url": "W" * 3000, "headers": {"a": "W" * 3000}}}
        events.shown[events.request(message({"text": "Hi"}))] = wide
        tab.until(f"document.querySelectorAll({ROW!r}).length === 1")
        tab.click(ROW)
        tab.run("document.querySelectorAll('details').forEach(panel => { panel.open = true; })")
        tab.until("document.querySelectorAll('#panels pre').length > 3")
        overflowing = (
            "[document.scrollingElement, ...document.querySelectorAll('#detail, #side *')]"
            ".filter(it => it.clientWidth && it.scrollWidth > it.clientWidth).map(it => it.tagName)"
        )
        assert tab.run(overflowing) == []
        assert [few for few in tab.run(CONTRASTS) if few[0] < 4.5] == []
        assert tab.run("[...document.querySelectorAll('#panels pre')].every(it => it.tabIndex === 0 && it.ariaLabel)")

    def test_a_request_that_is_not_kept_is_named(self, tab, events):
        events.request(message({"text": "Hi"}))
        wait_for_text(tab, "Hi")
        tab.click("[data-panel=request] summary")
        wait_for_text(tab, "There is no request with this number, or it is no longer kept.", "[data-panel=request]")


class TestDetailResponses:
    @pytest.mark.parametrize(("query", "status"), [("n=1", 200), ("n=2", 404), ("n=x", 400), ("", 400), ("n=-1", 400)])
    def test_the_details_of_an_entry_are_json(self, query, status):
        events = ScriptedEvents()
        events.shown[1] = DETAILS
        response = response_to(page_request(REQUEST, query), events)
        assert response.status == status
        assert status != 200 or json.loads(response.body) == DETAILS

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            (b'{"n": 1, "kind": "image", "url": "http://a.example/a.jpg"}', "application/json", 200),
            (b'{"n": 1, "kind": "image", "url": "http://b.example/a.jpg"}', "application/json", 404),
            (b'{"n": 1, "kind": "image", "url": "http://a.example/a.jpg"}', "text/plain", 405),
            (b'{"n": "x", "kind": "image", "url": ""}', "application/json", 400),
            (b'{"n": 1e999, "kind": "image", "url": ""}', "application/json", 400),
            (b"[]", "application/json", 400),
            (b"[" * 100_000, "application/json", 400),
            (b"", "application/json", 400),
        ],
    )
    def test_only_json_can_ask_why_a_file_was_not_loaded(self, body, content_type, status):
        events = ScriptedEvents()
        events.reasons["http://a.example/a.jpg"] = "its host was not found"
        headers = {"content-type": content_type, "host": "127.0.0.1:8025"}
        response = response_to(ServerRequest("POST", FILE, "", headers, body), events)
        assert response.status == status
        assert status != 200 or json.loads(response.body) == {"reason": "its host was not found"}

    @pytest.mark.parametrize("path", [REQUEST, FILE])
    def test_another_host_is_refused(self, path):
        for method in ("GET", "POST"):
            request = page_request(path, "n=1", method=method, host="evil.example")
            assert (respond(request, RecordingEvents()) or ServerResponse(403, b"")).status == 403


@pytest.fixture(scope="module")
def files():
    served = {
        "/gone.jpg": ServerResponse(404, b"", "text/plain"),
        "/page.jpg": ServerResponse(200, b"<html></html>", "text/html"),
        "/heic.jpg": ServerResponse(200, b"\0\0\0\x18ftypheic" + b"\0" * 100, "image/jpeg"),
        "/large.jpg": ServerResponse(200, b"x" * 5_000_000, "image/jpeg"),
        "/damaged.jpg": ServerResponse(200, b"\xff\xd8\xff\xe0" + b"\0" * 50, "image/jpeg"),
    }
    with contextlib.closing(Listener(lambda request: served[request.path])) as listener:
        yield listener.url


class TestReasons:
    """The page says why a picture was not loaded: a real sandbox looks at it."""

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            pytest.param("http://host.invalid/a.jpg", "its host was not found", marks=pytest.mark.skymms_live),
            ("http://127.0.0.1:1/a.jpg", "its server refused the connection"),
            ("{files}/gone.jpg", "its server returned status 404, not 200"),
            ("{files}/page.jpg", "it is served as 'text/html': serve a file for image as image/jpeg"),
            ("{files}/large.jpg", "5,000,000 bytes"),
            ("{files}/heic.jpg", "but a HEIC"),
            ("{files}/damaged.jpg", "the image is damaged"),
        ],
    )
    def test_the_page_says_why_a_picture_was_not_loaded(self, window, files, url, reason):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account()) as client:
            window.open(sandbox.url)
            show = Slideshow("n", subject="s").slide("Hi", image=url.format(files=files))
            client.call(SendMMS(show, to="15551234888", sender="60856"))
            wait_for_text(window, "picture, not loaded")
            wait_for_text(window, reason, "#phone .reason")

    def test_a_picture_that_does_not_arrive_counts_as_not_loaded(self, tab, events):
        with contextlib.closing(
            Listener(lambda request: ServerResponse(200, b"", connection_fault="stall", seconds=60))
        ) as slow:
            tab.run("setTimeout = (later => (done, wait) => later(done, wait >= 20000 ? 50 : wait))(setTimeout)")
            events.request(message({"text": "Hi", "files": [{"kind": "image", "url": f"{slow.url}/a.jpg"}]}))
            wait_for_text(tab, "it did not arrive within 20 seconds", "#phone .reason")

    def test_a_picture_that_only_the_browser_cannot_show_is_named(self):
        served = contextlib.closing(Listener(lambda request: ServerResponse(200, jpeg(), "image/jpeg")))
        with served as listener, Sandbox() as sandbox, Client(sandbox.account()) as client:
            show = Slideshow("n", subject="s").slide("Hi", image=f"{listener.url}/a.jpg")
            client.call(SendMMS(show, to="15551234888", sender="60856"))
            reason = sandbox._dispatcher.events.file_reason(1, "image", f"{listener.url}/a.jpg")
        assert re.fullmatch(
            r"the sandbox can load it \(image/jpeg, [\d,]+ bytes\), but this browser cannot show it", str(reason)
        )

    def test_only_files_of_the_message_are_requested_and_not_for_strangers(self):
        show = Slideshow("n", subject="s").slide("Hi", image="http://127.0.0.1:1/a.jpg", duration=5)
        for host, expected in (("127.0.0.1", "its server refused the connection"), ("0.0.0.0", "other machines can reach")):
            with Sandbox(host=host) as sandbox:
                account = sandbox.account(url=sandbox.url.replace("0.0.0.0", "127.0.0.1"))
                with Client(account) as client:
                    client.call(SendMMS(show, to="15551234888", sender="60856"))
                find = sandbox._dispatcher.events.file_reason
                assert expected in str(find(1, "image", "http://127.0.0.1:1/a.jpg"))
                assert host != "127.0.0.1" or find(1, "image", "http://127.0.0.1:1/b.jpg") is None
                assert host != "127.0.0.1" or find(1, "passbook", "http://127.0.0.1:1/a.jpg") is None
                assert find(99, "image", "http://127.0.0.1:1/a.jpg") is None
