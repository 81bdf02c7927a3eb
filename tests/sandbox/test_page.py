"""The sandbox's page: what is served, to whom, and what a real browser makes of it."""

from __future__ import annotations

import http.client
import json
import re
from importlib.resources import files
from typing import Any

import pytest
from browser import CHROMIUM, Browser, Tab
from lxml import etree
from scripted_events import ScriptedJournal, Served, message

from skymms import Client, MMSError, SaveMMS, SendMMS, SendSavedMMS, Slide, Slideshow, TransportError
from skymms.cellcast import CellcastSend
from skymms.sandbox import AT_ONCE, Sandbox
from skymms.sandbox.listener import ServerRequest
from skymms.sandbox.page import FEED, ICON, MAX_WAIT, respond

HTML = files("skymms.sandbox").joinpath("page.html").read_text(encoding="utf-8")


def asked(
    path: str = "/", query: str = "", *, method: str = "GET", accept: str = "text/html,*/*;q=0.8", host: str = "127.0.0.1:8025"
):
    return ServerRequest(method, path, query, {"accept": accept, "host": host}, b"")


class Recorder:
    """A journal that has nothing to tell, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []

    def after(self, n: int, wait: float) -> dict[str, Any]:
        self.asked.append((n, wait))
        return {"sandbox": "a", "upto": n, "counts": {}, "entries": []}


class TestWhatIsServed:
    def test_the_page_is_for_browsers_and_the_rest_is_left_to_others(self):
        assert respond(asked(), Recorder()).content_type == "text/html; charset=utf-8"
        for other in (
            asked(accept="*/*"),
            asked(accept=""),
            asked(method="POST"),
            asked("/sandbox"),
            asked(FEED, method="POST"),
        ):
            assert respond(other, Recorder()) is None

    def test_it_is_the_file_of_the_package_as_it_lies_there(self):
        assert respond(asked(), Recorder()).body.decode() == HTML

    def test_the_policy_lets_nothing_in_but_our_own_and_the_media(self):
        policy = respond(asked(), Recorder()).headers["Content-Security-Policy"]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["connect-src"] == "'self'"
        assert rules["img-src"] == rules["media-src"] == "http: https:"
        assert re.fullmatch(r"'sha256-\S{44}'", rules["script-src"])
        assert re.fullmatch(r"'sha256-\S{44}'", rules["style-src"])
        assert "unsafe" not in policy

    def test_the_file_needs_nothing_from_elsewhere_and_makes_no_markup_of_strings(self):
        assert re.findall(r"""(?:src|href)\s*=\s*["']|@import|url\(""", HTML) == []
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser", HTML) == []

    def test_it_has_a_mark(self):
        told = respond(asked(ICON, accept="image/*"), Recorder())
        assert (told.status, told.content_type, etree.fromstring(told.body).tag.rpartition("}")[2]) == (
            200,
            "image/svg+xml",
            "svg",
        )

    def test_the_feed_is_the_journals_words(self):
        journal = ScriptedJournal()
        journal.request(message({"text": "</script>\ud800 ☕"}))
        told = respond(asked(FEED, "after=0&wait=0", accept="*/*"), journal)
        assert (told.status, told.content_type) == (200, "application/json")
        assert json.loads(told.body) == journal.after(0, 0)

    @pytest.mark.parametrize(
        ("query", "heard"),
        [("", (0, 0)), ("after=17", (17, 0)), ("after=3&wait=5", (3, 5)), ("wait=900", (0, MAX_WAIT))],
    )
    def test_the_feed_is_asked_for_what_follows_and_never_waits_long(self, query, heard):
        journal = Recorder()
        assert respond(asked(FEED, query), journal).status == 200
        assert journal.asked == [heard]

    @pytest.mark.parametrize(
        "query", ["after=-1", "after=x", "wait=nan", "wait=1e9", "after=1.5", "after=%00", "after=" + "9" * 99]
    )
    def test_what_is_no_number_is_refused(self, query):
        journal = Recorder()
        assert respond(asked(FEED, query), journal).status == 400
        assert journal.asked == []


class TestTheNameItIsAskedUnder:
    """A stranger's page can point its own name at this machine, and read what answers; only a name can be bent so."""

    OURS = (
        "127.0.0.1:8025",
        "127.0.0.1",
        "localhost:8025",
        "LOCALHOST",
        "skymms.localhost:80",
        "[::1]:8025",
        "192.168.1.7:8025",
    )
    STRANGE = (
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
    @pytest.mark.parametrize("host", OURS)
    def test_is_a_number_or_localhost(self, host, path):
        assert respond(asked(path, host=host), Recorder()).status == 200

    @pytest.mark.parametrize("path", ["/", FEED])
    @pytest.mark.parametrize("host", STRANGE)
    def test_is_nobody_elses(self, host, path):
        journal = Recorder()
        assert respond(asked(path, host=host), journal).status == 403
        assert journal.asked == []

    def test_may_be_the_one_it_was_told_to_listen_at(self):
        assert respond(asked(host="devbox.example:8025"), Recorder(), host="DevBox.example").status == 200
        assert respond(asked(host="other.example:8025"), Recorder(), host="devbox.example").status == 403

    def test_is_asked_of_a_real_request_too(self):
        with Served(ScriptedJournal()) as served:
            for host, status in (("evil.example", 403), (f"127.0.0.1:{served.port}", 200)):
                connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
                connection.request("GET", FEED, headers={"Host": host})
                told = connection.getresponse()
                assert (told.status, told.getheader("X-Content-Type-Options"), told.getheader("Connection")) == (
                    status,
                    "nosniff",
                    "close",
                )
                connection.close()


# ------------------------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium here: the page is not tried in a browser")
    with Browser() as running:
        yield running


@pytest.fixture
def journal():
    return ScriptedJournal()


@pytest.fixture(scope="module")
def place():
    with Served(ScriptedJournal()) as running:
        yield running


@pytest.fixture
def served(place, journal):
    place.journal.close()
    place.journal = journal
    place.files.clear()
    place.asked.clear()
    return place


@pytest.fixture(scope="module")
def window(browser):
    with Tab(browser, "about:blank") as opened:
        yield opened


@pytest.fixture
def tab(window, served):
    window.look((1280, 800))
    window.open(served.url)
    window.until("document.querySelector('#line')?.className === 'live'")
    return window


ROW = "#list [role=option]"
THREE = message({"text": "one", "duration": 1}, {"text": "two"}, {"text": "three", "duration": 5})


def rows(tab: Tab) -> list[str]:
    return tab.run(f"[...document.querySelectorAll({ROW!r})].map(row => row.innerText)")


def chips(tab: Tab, row: int = 0) -> str:
    return tab.run(
        f"[...document.querySelectorAll({ROW!r})[{row}].querySelectorAll('.chip')].map(chip => chip.innerText).join(' + ')"
    )


def says(tab: Tab, words: str, selector: str = "#phone") -> None:
    """Wait until an element's text has these words."""
    tab.until(f"document.querySelector({selector!r})?.innerText.replace(/\\s+/g, ' ').includes({json.dumps(words)})")


class TestAMessage:
    def test_appears_as_it_comes_without_a_reload(self, tab, journal):
        tab.run("window.here = 'still'")
        says(tab, "Nothing has come yet.", "#list")
        journal.request(message({"text": "Hi there"}), tracking_id="MMS_1", mms_id="35674")
        says(tab, "Free coupon! Hi there")
        says(tab, "15551234888", ROW)
        says(tab, "1 requests 1 accepted", "#counts")
        says(tab, "MMS_1", "#facts")
        journal.request(message({"text": "And again"}))
        says(tab, "And again")
        assert len(rows(tab)) == 2
        assert tab.run("window.here") == "still"

    def test_is_stepped_slide_by_slide(self, tab, journal):
        journal.request(THREE)
        says(tab, "Free coupon! one")
        tab.click("[aria-label='Next slide']")
        says(tab, "two")
        assert "Free coupon!" not in tab.text("#phone"), "the subject stands above the first slide"
        tab.press("ArrowRight")
        says(tab, "three")
        assert tab.run("document.querySelector('[data-key=next]').disabled")
        tab.press("ArrowRight")
        says(tab, "three")
        tab.press("ArrowLeft")
        says(tab, "two")
        tab.click("[aria-label='Slide 1']")
        says(tab, "Free coupon! one")
        assert tab.run("document.querySelector('[data-key=prev]').disabled")
        assert tab.run("document.querySelector('.bubble').ariaLabel") == "Slide 1 of 3"

    def test_plays_by_its_durations(self, tab, journal):
        journal.request(THREE)
        says(tab, "Free coupon! one")
        assert tab.run("[...document.querySelectorAll('.dots i')].map(dot => dot.style.animationDuration)") == [
            "1s",
            "10s",
            "5s",
        ]
        tab.click("[aria-label=Play]")
        says(tab, "two")
        tab.click("[aria-label=Pause]")
        assert tab.run("document.querySelector('[aria-label=Play]') !== null")

    def test_has_line_breaks_emoji_and_the_direction_of_its_script(self, tab, journal):
        journal.request(message({"text": "a\nb ☕"}, {"text": "שלום עולם"}))
        tab.until("document.querySelector('.said')?.innerText === 'a\\nb ☕'")
        tab.press("ArrowRight")
        tab.until("document.querySelector('.said').matches(':dir(rtl)')")

    def test_from_the_store_has_the_slides_that_were_stored(self, tab, journal):
        journal.request(THREE, action="SaveMMS", to=None, sender=None, mms_id="7", tracking_id="MMS_8")
        journal.request(None, action="SendSavedMMS", mms_id="7", tracking_id="MMS_9")
        says(tab, "Free coupon! one")
        says(tab, "SendSavedMMS", "#facts")

    def test_that_somebody_sent_us_stands_under_inbound(self, tab, journal):
        journal.request(message({"text": "Hi"}))
        journal.inbound(subject="Yes", text="I will come", files=["http://media.example/a.vcf"])
        tab.click("[data-show=inbound]")
        says(tab, "Yes a.vcf contact card I will come")
        assert len(rows(tab)) == 1

    def test_is_one_of_all_that_came(self, tab, journal):
        journal.request(message({"text": "Hi"}), tracking_id="MMS_1")
        journal.request(None, action="ListMMS", to=None, sender=None)
        journal.report("N101", tracking_id="MMS_1")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 1")
        tab.click("[data-show=everything]")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 3")
        tab.press("ArrowDown")
        says(tab, "ListMMS carries no message.")


class TestFiles:
    PIXEL = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="teal"/></svg>'

    def test_a_picture_is_shown_and_fetched_without_telling_from_where(self, tab, journal, served):
        served.files["/a.jpg"] = ("image/svg+xml", self.PIXEL)
        journal.request(message({"files": [{"kind": "image", "url": f"{served.url}/a.jpg"}]}))
        tab.until("document.querySelector('#phone img')?.naturalWidth === 40")
        (fetched,) = (request for request in served.asked if request.path == "/a.jpg")
        assert "referer" not in fetched.headers

    @pytest.mark.parametrize("kind", ["image", "audio", "video"])
    def test_media_that_cannot_be_had_leave_their_name(self, tab, journal, served, kind):
        journal.request(message({"text": "below", "files": [{"kind": kind, "url": f"{served.url}/gone%20away.bin"}]}))
        says(tab, "gone away.bin")
        says(tab, "not loaded below")
        assert tab.run("document.querySelector('#phone :is(img, audio, video)')") is None

    @pytest.mark.parametrize(
        ("kind", "said"),
        [("vcard", "contact card"), ("ical", "calendar entry"), ("pdf", "PDF document"), ("passbook", "wallet pass")],
    )
    def test_an_object_is_a_card_with_its_name(self, tab, journal, kind, said):
        journal.request(message({"files": [{"kind": kind, "url": "http://media.example/x/summer.bin?id=1"}]}))
        says(tab, f"summer.bin {said}")
        link = "document.querySelector('#phone a')"
        assert tab.run(f"[{link}.href, {link}.rel]") == ["http://media.example/x/summer.bin?id=1", "noopener noreferrer"]

    def test_nothing_is_fetched_but_the_page_the_feed_and_the_media(self, tab, journal, served):
        served.files["/a.jpg"] = ("image/svg+xml", self.PIXEL)
        journal.request(message({"files": [{"kind": "image", "url": f"{served.url}/a.jpg"}]}))
        tab.until("document.querySelector('#phone img')?.complete")
        fetched = {told["request"]["url"].partition("?")[0] for told in tab.told("Network.requestWillBeSent")}
        assert fetched - {served.url + ICON} == {f"{served.url}/", served.url + FEED, f"{served.url}/a.jpg"}


HOSTILE = (
    "<img src=x onerror=\"window.ran='img'\">",
    "</script><script>window.ran='script'</script>",
    "<svg onload=\"window.ran='svg'\"></svg>",
    "javascript:window.ran='url'",
    "{{7*7}}${7*7}&lt;b&gt;\u202e",
)


class TestHostileWords:
    @pytest.mark.parametrize("words", HOSTILE)
    def test_are_shown_and_not_run(self, tab, journal, words):
        hostile = message({"text": words}, subject=words, name=words, fallback_text=words)
        told = dict.fromkeys(["dialect", "action", "info", "to", "sender", "mms_id"], words)
        journal.request(hostile, **told, outcome="broken", tracking_id="MMS_1")
        journal.report(words, meaning=words, status=words, tracking_id="MMS_1", posted=words)
        journal.inbound(sender=words, to=words, subject=words, text=words, files=[words])
        tab.until("document.querySelectorAll('#way li').length === 2")
        assert tab.run("document.querySelector('#phone .said').textContent") == words
        assert tab.run("document.querySelector('#facts h2').textContent") == words
        tab.click("[data-show=inbound]")
        tab.until("document.querySelector('.bubble.ours .said') !== null")
        assert tab.run("document.querySelector('.bubble.ours .said').textContent") == words
        assert tab.run("window.ran ?? null") is None
        assert tab.run("document.querySelectorAll('script').length") == 1
        assert tab.told("Log.entryAdded", "Runtime.exceptionThrown") == [], "the policy had to step in"

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
    def test_never_become_an_address(self, tab, journal, url):
        kinds = ("image", "audio", "video", "vcard", "ical", "pdf", "passbook", "<b>")
        journal.request(message({"text": "below", "files": [{"kind": kind, "url": url} for kind in kinds]}))
        says(tab, "file, not loaded below")
        assert tab.text("#phone").count("not loaded") == len(kinds)
        assert tab.run("document.querySelectorAll('#phone :is([href]:not(use), [src])').length") == 0

    def test_could_not_become_markup_if_our_code_tried(self, tab):
        with pytest.raises(AssertionError, match="TrustedHTML"):
            tab.run("document.body.innerHTML = '<b>x</b>'")

    def test_could_not_run_if_our_code_let_them_in(self, tab):
        tab.run("document.body.append(Object.assign(document.createElement('a'), {id: 'in', href: 'javascript:window.ran=1'}))")
        tab.run("document.querySelector('#in').click()")
        tab.until("new Promise(done => setTimeout(() => done(true), 50))")
        assert tab.run("window.ran ?? null") is None
        assert [entry["entry"]["source"] for entry in tab.told("Log.entryAdded")] == ["security"]


class TestWhatBecameOfIt:
    WAYS = (
        ((), "accepted"),
        ((("N013", None),), "encoded N013"),
        ((("N101", "Message Sent"),), "sent N101"),
        ((("N101", None), ("N102", "Message Sent/Delivered")), "delivered N102"),
        ((("N102", None), ("N101", None)), "delivered N102"),
        ((("N101", None), ("E102", "Message Sent/Rejected")), "failed E102"),
        ((("N102", "Message Sent/Not Supported"),), "failed N102"),
        ((("N101", None), ("N103", None)), "expired N103"),
        ((("N201", None), ("N202", None)), "delivered as link N202"),
        ((("N999", None),), "reported N999"),
    )

    @pytest.mark.parametrize(
        ("reports", "said"),
        WAYS,
        ids=[said for _, said in WAYS[:4]] + [f"{number} {way[1]}" for number, way in enumerate(WAYS[4:])],
    )
    def test_is_on_the_chip(self, tab, journal, reports, said):
        journal.request(message({"text": "Hi"}), tracking_id="MMS_1")
        says(tab, "accepted", ROW)
        for code, status in reports:
            journal.report(code, status=status, tracking_id="MMS_1", posted="answered 200")
        tab.until(f"document.querySelectorAll('#way li').length === {1 + len(reports)}")
        assert chips(tab).replace("\n", " ") == said

    def test_is_told_with_whether_the_postback_was_taken(self, tab, journal):
        journal.request(message({"text": "Hi"}), tracking_id="MMS_1")
        journal.report("N101", meaning="on its way", tracking_id="MMS_1", posted="answered 200")
        journal.report("N102", meaning="there", tracking_id="MMS_1", posted="not taken (ConnectionRefusedError)")
        says(tab, "sent N101", "#way")
        says(tab, "postback answered 200", "#way")
        says(tab, "postback not taken (ConnectionRefusedError)", "#way")
        assert tab.run("[...document.querySelectorAll('#way p.bad')].map(line => line.innerText)") == [
            "postback not taken (ConnectionRefusedError)"
        ]

    def test_may_be_reported_before_it_is_answered(self, tab, journal):
        journal.report("N102", tracking_id="MMS_1")
        journal.request(message({"text": "Hi"}), tracking_id="MMS_1")
        says(tab, "delivered N102", ROW)

    def test_leaves_the_others_alone(self, tab, journal):
        journal.request(message({"text": "Hi"}), tracking_id="MMS_1")
        journal.request(message({"text": "Hi"}), tracking_id="MMS_2")
        journal.report("N102", tracking_id="MMS_1")
        says(tab, "delivered", f"{ROW}:nth-child(2)")
        assert chips(tab, 0) == "accepted"

    def test_a_refusal_shows_its_code_and_reason(self, tab, journal):
        journal.request(THREE, outcome="refused", code="E226", info="slide 1: audio and video on one slide")
        says(tab, "slide 1: audio and video on one slide refused E226", ROW)
        says(tab, "Refused with E226: no phone has this.")
        says(tab, "refused E226", "#way")

    def test_a_break_shows_the_faults_name_and_what_came_of_it_all_the_same(self, tab, journal):
        journal.request(message({"text": "Hi"}), outcome="broken", info="reset", tracking_id="MMS_1")
        says(tab, "broken reset", ROW)
        journal.report("N102", tracking_id="MMS_1")
        says(tab, "delivered N102", ROW)
        assert "broken" in chips(tab)


class TestALongRun:
    def test_a_reset_starts_over(self, tab, journal):
        for number in range(3):
            journal.request(message({"text": f"old {number}"}))
        says(tab, "old 2")
        journal.reset()
        says(tab, "Nothing has come yet.", "#list")
        says(tab, "0 requests", "#counts")
        assert "old" not in tab.text("main")
        journal.request(message({"text": "new"}))
        says(tab, "new")
        assert len(rows(tab)) == 1

    def test_a_restart_is_noticed_and_survived(self, browser):
        first, second = ScriptedJournal(), ScriptedJournal()
        with Served(first) as served, Tab(browser, served.url) as tab:
            for number in range(3):
                first.request(message({"text": f"old {number}"}), tracking_id=f"MMS_old{number}")
            says(tab, "old 2")
            served.close()
            says(tab, "gateway is gone, trying again", "#line")
            assert len(rows(tab)) == 3, "what is known stays to be read"
            for number in range(3):
                second.request(message({"text": f"new {number}"}), tracking_id=f"MMS_new{number}")
            with Served(second, port=served.port):
                says(tab, "live", "#line")
                says(tab, "new 2")
                says(tab, "MMS_new2", "#facts")
                assert len(rows(tab)) == 3
                assert "old" not in tab.text("body")

    def test_keeps_a_bounded_number(self, tab, journal):
        for number in range(1700):
            journal.request(message({"text": f"number {number}"}), tracking_id=f"MMS_{number}")
        says(tab, "number 1699")
        assert len(rows(tab)) == tab.run("ROWS") == 500
        assert tab.run("[state.entries.length, state.request.size, rows.size]") == [1500, 1500, 500]
        assert tab.run("document.querySelectorAll('*').length") < 10_000

    def test_never_asks_without_a_pause(self, tab, journal, served):
        journal.closed = True
        journal.request(message({"text": "Hi"}))
        says(tab, "Hi")
        before = len(served.asked)
        tab.until("new Promise(done => setTimeout(() => done(true), 500))")
        assert len(served.asked) - before < 6


class TestHands:
    def test_arrows_move_through_the_messages_and_newer_ones_do_not_push_them_away(self, tab, journal):
        for number in range(4):
            journal.request(message({"text": f"text {number}"}))
        says(tab, "text 3")
        tab.press("ArrowDown")
        says(tab, "text 2")
        journal.request(message({"text": "text 4"}))
        tab.until(f"document.querySelectorAll({ROW!r}).length === 5")
        assert "text 2" in tab.text("#phone")
        tab.press("End")
        says(tab, "text 0")
        tab.press("ArrowUp")
        says(tab, "text 1")
        chosen = "document.querySelector('[aria-selected=true]')"
        assert tab.run(f"{chosen}.id === document.querySelector('#list').getAttribute('aria-activedescendant')")
        tab.click("#follow")
        says(tab, "text 4")

    def test_words_choose_what_is_listed(self, tab, journal):
        for number in range(3):
            journal.request(message({"text": f"text {number}"}), to=f"1555123000{number}", tracking_id=f"MMS_{number}")
        journal.report("E102", tracking_id="MMS_1")
        tab.until(f"document.querySelectorAll({ROW!r}).length === 3")
        for words, left in (("15551230002", 1), ("e102", 1), ("TEXT", 3), ("nowhere", 0)):
            tab.run(f"document.querySelector('#words').value = {words!r}")
            tab.run("document.querySelector('#words').dispatchEvent(new Event('input'))")
            assert len(rows(tab)) == left

    def test_an_id_is_copied(self, browser, tab, journal):
        browser.ask("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        journal.request(message({"text": "Hi"}), tracking_id="MMS_12345")
        tab.click("[aria-label='Copy the Tracking id']")
        says(tab, "copied", "#facts")
        assert tab.run("navigator.clipboard.readText()") == "MMS_12345"


#: The lightness of text against what is behind it, as WCAG 2.2 reckons it, for all text that is seen; the worst first.
CONTRASTS = """(() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const linear = part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  const light = colour => {
    const [red, green, blue] = rgba(colour).map(part => linear(part / 255));
    return .2126 * red + .7152 * green + .0722 * blue;
  };
  const behind = node => {
    const colour = getComputedStyle(node).backgroundColor;
    return rgba(colour)[3] === 255 ? colour : behind(node.parentElement);
  };
  const speaks = node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  const seen = node => node.checkVisibility() && speaks(node) && !node.closest('.unseen, .faded');
  return [...document.querySelectorAll('body *')].filter(seen).map(node => {
    const [one, other] = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
    return [(one + .05) / (other + .05), node.innerText];
  }).sort((a, b) => a[0] - b[0]);
})()"""


def everything(journal: ScriptedJournal) -> None:
    """One of each, and words that are longer than any screen is wide."""
    long = "W" * 3000
    for outcome, code in (("accepted", None), ("refused", "E226"), ("broken", None)):
        journal.request(
            message({"text": long}, subject=long, name=long),
            outcome=outcome,
            code=code,
            info=long,
            tracking_id=f"MMS_{outcome}{long}",
        )
    for number, code in enumerate(("N101", "N102", "E102", "N999")):
        journal.request(message({"text": "Hi"}, {"text": "there"}), tracking_id=f"MMS_{number}")
        journal.report(code, meaning=long, tracking_id=f"MMS_{number}", posted="answered 500")
    files = [{"kind": kind, "url": f"http://media.example/{long}"} for kind in ("image", "vcard")]
    journal.request(message({"text": long, "files": files}, {"text": "x"}), tracking_id="MMS_9")
    journal.report("N101", meaning="on its way", tracking_id="MMS_9")


class TestForEverybody:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_stands_out_from_what_is_behind_it(self, tab, journal, scheme):
        tab.look((1280, 800), scheme)
        everything(journal)
        tab.until(f"document.querySelectorAll({ROW!r}).length === 8")
        says(tab, "not loaded")
        found = tab.run(CONTRASTS)
        assert len(found) > 40
        assert [few for few in found if few[0] < 4.5] == []

    @pytest.mark.parametrize("width", [360, 600, 820, 1280, 3840])
    def test_fits_from_a_phone_to_a_wall(self, tab, journal, width):
        tab.look((width, 700))
        everything(journal)
        tab.until(f"document.querySelectorAll({ROW!r}).length === 8")
        for number in range(1, 9):
            if tab.run("document.querySelector('#back').checkVisibility()"):
                tab.click("#back")
            tab.click(f"{ROW}:nth-child({number})")
            tab.until("document.querySelector('#phone').checkVisibility()")
            wide = tab.run(
                "[document.scrollingElement, ...document.querySelectorAll('#list, #detail, .talk, .bubble, #detail div *')]"
                ".filter(it => it.clientWidth && !it.matches('.clip, .media') && it.scrollWidth > it.clientWidth)"
                ".map(it => it.id || it.className || it.tagName)"
            )
            assert wide == []

    def test_what_can_be_pressed_has_a_name(self, tab, journal):
        everything(journal)
        tab.until(f"document.querySelectorAll({ROW!r}).length === 8")
        nodes = [node for node in tab.ask("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
        roles = {role for role, _ in named}
        assert {"listbox", "option", "button", "status", "searchbox", "heading", "main", "banner"} <= roles
        assert [
            role for role, name in named if role in {"button", "option", "searchbox", "listbox", "link"} and not name.strip()
        ] == []


class TestOverARealSandbox:
    def test_a_message_is_sent_reported_broken_and_forgotten(self, window):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account(), retries=0) as client:
            window.open(sandbox.url)
            show = Slideshow("coupon", subject="A coupon").slide("Hi {$firstname|you}!\nShow this.").slide("<b>bold</b>")
            saved = client.call(SaveMMS(show))
            client.call(SendSavedMMS(saved.mms_id, to="15551234888", sender="60856", data={"FIRSTNAME": "Ada"}))
            says(window, "A coupon Hi Ada! Show this.")
            says(window, "delivered N102", ROW)
            with pytest.raises(MMSError):
                client.call(SendSavedMMS("1", to="15551234888", sender="60856"))
            says(window, "refused E241", ROW)
            sandbox.fail("drop")
            with pytest.raises(TransportError):
                client.call(SendMMS(show, to="15551230001", sender="60856"))
            says(window, "broken drop", ROW)
            says(window, "4 requests 2 accepted 1 refused 1 broken", "#counts")
            sandbox.reset()
            says(window, "Nothing has come yet.", "#list")
            sandbox.receive_mms("15551230002", "60856", text="Hello", subject="From outside")
            client.call(SendMMS(show, to="15551230003", sender="60856"))
            says(window, "15551230003", ROW)

    def test_a_picture_made_for_each_recipient_is_shown_by_its_template(self, window):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account(), retries=0) as client:
            window.open(sandbox.url)
            saved = client.call(SaveMMS(Slideshow("card", subject="For you").slide(personalized_image="T-8")))
            client.call(SendSavedMMS(saved.mms_id, to="15551234888", sender="60856"))
            says(window, "a picture of template T-8 picture, not loaded", "#phone")

    def test_one_to_many_is_a_message_with_a_report_for_each(self, window):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account("cellcast-v3", spacing=0)) as client:
            window.open(sandbox.url)
            sandbox.outcome("E102", to="0491570157")
            picture = f"{sandbox.url}/nowhere.png"
            client.call(CellcastSend(Slide("We are open.", image=picture), to=["0491570156", "0491570157"]))
            says(window, "We are open.", ROW)
            says(window, "+61491570156, +61491570157", "#facts")
            window.until("document.querySelectorAll('#way li').length === 3")
            says(window, "delivered", "#way li:nth-child(2)")
            says(window, "+61491570157", "#way li:nth-child(3)")
            says(window, "failed", "#way li:nth-child(3)")
            sandbox.block("0491570158")
            with pytest.raises(MMSError):
                client.call(CellcastSend(Slide("We are open.", image=picture), to="0491570158"))
            says(window, "refused RECIPIENTS_ERROR", ROW)
