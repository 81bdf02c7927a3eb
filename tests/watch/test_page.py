"""The page of broadcasts in Chromium: what it shows, what it changes, and how it looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from browser import CHROMIUM, Browser, Tab
from contrasts import CONTRASTS
from watched_ledger import HOSTILE, LOST, PEOPLE, fill, message

from skymms import SendMMS, Slideshow
from skymms.broadcast import Ledger, Phase
from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse
from skymms.watch import WatchServer

ROW = "#list [role=option]"
SETTINGS: dict[str, Any] = {"canary": 5, "pause_if": ["failed>90%@1s"], "rate": 500.0}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with Browser() as running:
        yield running


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Tab]:
    with Tab(browser, "about:blank") as opened:
        yield opened


@pytest.fixture(scope="module")
def ledger(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger that no test changes."""
    with Ledger(tmp_path_factory.mktemp("page") / "ledger.db") as ledger:
        fill(ledger)
        yield ledger


@pytest.fixture(scope="module")
def server(ledger: Ledger) -> Iterator[WatchServer]:
    with WatchServer(ledger) as running:
        yield running


@pytest.fixture
def fresh(browser: Browser, tmp_path: Any) -> Iterator[Ledger]:
    """A ledger that the test changes, with one broadcast to 40 people."""
    with Ledger(tmp_path / "ledger.db") as ledger:
        ledger.create("spring", message("spring"), PEOPLE)
        yield ledger


def show(window: Tab, url: str) -> Tab:
    window.resize((1280, 900))
    window.open(url)
    window.until("state.feed && (!state.feed.chosen || state.feed.survey)")
    return window


@pytest.fixture
def tab(window: Tab, server: WatchServer) -> Tab:
    return show(window, server.url)


def wait_for_text(tab: Tab, text: str, selector: str = "#shown") -> None:
    """Wait until an element contains a text; white space does not count."""
    tab.until(f"document.querySelector({selector!r})?.innerText.replace(/\\s+/g, ' ').includes({json.dumps(text)})")


def table(tab: Tab, selector: str) -> list[list[str]]:
    """The cells of a table, row by row."""
    return tab.run(
        f"[...document.querySelectorAll({selector + ' tbody tr'!r})]"
        ".map(row => [...row.children].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))"
    )


class TestFigures:
    def test_progress_and_states(self, tab: Tab) -> None:
        wait_for_text(tab, "40 of 40 requested", "#progress")
        wait_for_text(tab, "delivered 30 75.0 % accepted 3 7.5 % unknown 2 5.0 % failed 4 10.0 % refused 1 2.5 %", "#states")
        wait_for_text(tab, "spring done", "#title")
        assert tab.run("document.querySelector('#act')") is None, "a broadcast that is done cannot be paused"

    def test_outcomes_by_carrier_with_shares_and_intervals(self, tab: Tab) -> None:
        assert table(tab, "#carriers") == [
            ["0", "9", "100.0 % 70.1–100.0", "–"],
            ["2", "9", "100.0 % 70.1–100.0", "–"],
            ["1", "8", "100.0 % 67.6–100.0", "–"],
            ["3", "8", "50.0 % 21.5–78.5", "E102: 4"],
            ["not known", "6", "–", "E330: 1"],
        ]

    def test_variants_with_shares_and_intervals(self, tab: Tab, ledger: Ledger) -> None:
        rows = {row[0]: row for row in table(tab, "#variants")}
        assert list(rows) == ["short", "long"]
        for one in ledger["spring"].compare():
            assert rows[one.name][1] == str(sum(one.counts.values()))
            assert rows[one.name][2] == str(one.counts.get("accepted", 0))
            assert rows[one.name][3].startswith(f"{one.delivered.share * 100:.1f} %")

    def test_unknown_messages_with_their_evidence_and_lines_left_out_have_masked_numbers(self, tab: Tab) -> None:
        first, second = table(tab, "#unknown")
        assert (first[0], first[1], second[0], second[3]) == ("••••••••007", "lost answer", "••••••••008", "none")
        assert "Message Sent/Delivered: 1 tracking id for 2 messages to this number MMS_X" in first[3]
        assert table(tab, "#left-out") == [
            ["1", "unreadable", "••••••••••••••456", "••••••••••••••456: no number"],
            ["41", "duplicate", "••••••••000", "the number is in line 1"],
        ]
        assert [number for number in PEOPLE if number in tab.run("document.documentElement.outerHTML")] == []

    def test_numbers_are_shown_if_the_command_says_so(self, window: Tab, ledger: Ledger) -> None:
        with WatchServer(ledger, only="spring", numbers=True) as server:
            show(window, server.url)
            assert [row[0] for row in table(window, "#unknown")] == list(LOST)
            assert window.run(f"document.querySelectorAll({ROW!r}).length") == 0

    def test_the_plot_has_an_area_for_each_state_and_says_what_is_under_the_pointer(self, tab: Tab) -> None:
        tab.until("document.querySelector('#canvas svg') !== null")
        states = tab.run("[...document.querySelectorAll('#canvas path')].map(path => path.dataset.state)")
        assert states == ["delivered", "accepted", "unknown", "failed", "refused"]
        assert tab.run("document.querySelector('#canvas svg').getAttribute('aria-label')").endswith(
            "delivered 30, accepted 3, unknown 2, failed 4, refused 1"
        )
        wait_for_text(tab, "delivered 30 · waiting for a report 3 · unknown 2 · failed 4 · refused 1", "#readout")
        left, top = tab.run(
            "(() => { const canvas = document.querySelector('#canvas'); canvas.scrollIntoView({block: 'center'});"
            "const box = canvas.getBoundingClientRect(); return [box.x + scale.left, box.y + 40]; })()"
        )
        tab.command("Input.dispatchMouseEvent", type="mouseMoved", x=left + 1, y=top)
        wait_for_text(tab, "nothing was requested", "#readout")
        tab.run("refresh()")
        wait_for_text(tab, "nothing was requested", "#readout")
        assert tab.run("getComputedStyle(document.querySelector('#cursor')).display") != "none"

    def test_all_broadcasts_are_listed_and_one_is_chosen_with_mouse_or_keys(self, tab: Tab) -> None:
        names = tab.run(f"[...document.querySelectorAll({ROW!r})].map(row => row.querySelector('b').innerText)")
        assert names == ["spring", "winter"]
        tab.click(f"{ROW}:nth-child(2)")
        wait_for_text(tab, "winter done", "#title")
        wait_for_text(tab, "1 of 1 requested", "#progress")
        tab.open(tab.run("location.href"))
        wait_for_text(tab, "winter done", "#title")
        tab.run("document.querySelector('#list').focus()")
        tab.press("Home")
        wait_for_text(tab, "spring done", "#title")
        assert tab.run("document.querySelector('#list').getAttribute('aria-activedescendant')") == tab.run(
            f"document.querySelector({ROW + '[aria-selected=true]'!r}).id"
        )

    def test_an_empty_ledger_says_so(self, window: Tab, tmp_path: Any) -> None:
        with Ledger(tmp_path / "ledger.db") as empty, WatchServer(empty) as server:
            show(window, server.url)
            wait_for_text(window, "There is no broadcast in this ledger yet.", "#nothing")


class TestChanges:
    def test_what_other_processes_do_appears_without_a_reload(self, window: Tab, fresh: Ledger) -> None:
        with WatchServer(fresh) as server, Ledger(fresh.store.name) as other:
            show(window, server.url)
            window.run("window.here = 'still'")
            wait_for_text(window, "0 of 40 requested")
            wait_for_text(window, "No run is at work. skymms broadcast run spring sends to the 40 that are ready.", "#notes")
            wait_for_text(window, "Nothing was requested yet.", "#canvas")
            other["spring"].pause(why="a person said so")
            wait_for_text(window, "Paused. a person said so", "#notes")
            other.create("summer", message("summer"), PEOPLE[:2], **SETTINGS)
            window.until(f"document.querySelectorAll({ROW!r}).length === 2")
            window.click(f"{ROW}:nth-child(1)")
            wait_for_text(window, "Canary sending 0 of the first 5 requested Pauses if failed>90%@1s.", "#rules")
            assert window.run("window.here") == "still"

    def test_pausing_and_resuming(self, window: Tab, fresh: Ledger) -> None:
        with WatchServer(fresh) as server:
            show(window, server.url)
            window.click("#act")
            wait_for_text(window, "Pause spring?", "#dialog")
            window.command("Input.insertText", text="the coupon is wrong")
            window.click("#confirm")
            wait_for_text(window, "Paused. the coupon is wrong", "#notes")
            assert fresh["spring"].status().why == "the coupon is wrong"
            window.click("#act")
            wait_for_text(window, "It may run again: 40 messages are ready. This page does not start a run.", "#dialog")
            window.click("#confirm")
            wait_for_text(window, "spring planned", "#title")
            assert fresh["spring"].status().phase is Phase.PLANNED
            assert not window.run("document.querySelector('#dialog').open")

    def test_the_enter_key_pauses_and_the_escape_key_does_not(self, window: Tab, fresh: Ledger) -> None:
        with WatchServer(fresh) as server:
            show(window, server.url)
            window.click("#act")
            window.run("document.querySelector('#dialog').requestClose?.() ?? document.querySelector('#dialog').close()")
            assert fresh["spring"].status().phase is Phase.PLANNED
            window.click("#act")
            window.press("Enter")
            wait_for_text(window, "Paused. No reason was given.", "#notes")

    def test_a_change_that_is_refused_is_explained(self, window: Tab, fresh: Ledger) -> None:
        with WatchServer(fresh) as server:
            show(window, server.url)
            window.click("#act")
            fresh["spring"].cancel()
            window.click("#confirm")
            wait_for_text(window, "the broadcast 'spring' is cancelled, so it cannot be paused", "#dialog")

    def test_the_end_of_the_command_and_a_ledger_that_cannot_be_read_are_shown(self, window: Tab, fresh: Ledger) -> None:
        with WatchServer(fresh) as server:
            show(window, server.url)
            fresh.close()
            with open(fresh.store.name, "wb") as file:
                file.write(b"no database")
            wait_for_text(window, "file is not a database", "#connection.lost")
        wait_for_text(window, "the command does not respond, retrying", "#connection.lost")


class TestOtherPages:
    def test_another_page_of_the_browser_reads_and_changes_nothing(self, window: Tab, fresh: Ledger) -> None:
        def respond(request: ServerRequest) -> ServerResponse:
            return ServerResponse(200, b"<!doctype html><title>evil</title>", "text/html")

        evil = Listener(respond)
        try:
            with WatchServer(fresh) as server:
                window.open(evil.url)
                body = json.dumps({"broadcast": fresh["spring"].id})
                for options in (
                    {"method": "POST", "mode": "no-cors", "body": body},
                    {"method": "POST", "mode": "no-cors", "body": body, "credentials": "include"},
                    {"method": "POST", "body": body, "headers": {"Content-Type": "application/json", "X-Skymms-Token": "x"}},
                    {"mode": "cors"},
                ):
                    for name in ("pause", "feed", ""):
                        call = f"fetch({server.url + name!r}, {json.dumps(options)}).then(it => it.text()).catch(() => '')"
                        assert window.run(call) == "", (options, name)
                window.run(f"document.body.append(Object.assign(document.createElement('iframe'), {{src: {server.url!r}}}))")
                window.until("document.querySelector('iframe').contentWindow.length === 0")
                with pytest.raises(AssertionError, match="Blocked a frame"):
                    window.run("document.querySelector('iframe').contentWindow.document.title")
                assert fresh["spring"].status().phase is Phase.PLANNED
                assert [one["verb"] for one in fresh.audit()] == ["create"]
        finally:
            evil.close()

    def test_hostile_texts_are_shown_and_not_executed(self, window: Tab, tmp_path: Any) -> None:
        text, name = "".join(HOSTILE), HOSTILE[0] + HOSTILE[1]
        with Ledger(tmp_path / "ledger.db") as ledger:
            fill(ledger, name=name, text=text)
            ledger.create(f"later {name}", {name: message("a"), f"{name}2": message("b")}, PEOPLE[:2])
            ledger[f"later {name}"].pause(why=text)
            with WatchServer(ledger) as server:
                show(window, server.url)
                assert window.run("document.querySelector('#notes p').textContent") == f"Paused. {text}"
                assert window.run("document.querySelector('#variants td').textContent") == name
                window.click(f"{ROW}:nth-child(2)")
                window.until(f"document.querySelector('#title h2').textContent === {json.dumps(name)}")
                window.until(f"document.querySelector('#unknown')?.textContent.includes({json.dumps(text)})")
                assert text in window.run("document.querySelector('#carriers').textContent")
                assert text in window.run("document.querySelector('#left-out').textContent")
                assert window.run("window.ran ?? null") is None
                assert window.run("document.querySelectorAll('script').length") == 1
                assert window.run("document.querySelectorAll('img, [onload], [onerror]').length") == 0
                assert window.events("Log.entryAdded", "Runtime.exceptionThrown") == []

    def test_the_policy_forbids_markup_from_strings_and_the_page_loads_only_its_feed(
        self, tab: Tab, server: WatchServer
    ) -> None:
        with pytest.raises(AssertionError, match="TrustedHTML"):
            tab.run("document.body.innerHTML = '<b>x</b>'")
        fetched = {request["request"]["url"].partition("?")[0] for request in tab.events("Network.requestWillBeSent")}
        icon = server.url.split("/", 3)[0] + "//" + server.url.split("/", 3)[2] + "/favicon.ico"
        assert fetched - {icon} == {server.url, server.url + "feed"}


#: What is wider than it may be.
TOO_WIDE = (
    "[document.scrollingElement, ...document.querySelectorAll('#detail, #detail *')]"
    ".filter(it => it.clientWidth && !it.matches('.clip, .scroll, svg, svg *') && it.scrollWidth > it.clientWidth + 1)"
    ".map(it => it.id || it.className || it.tagName)"
)


def check_width(tab: Tab) -> None:
    """Check that nothing is wider than the page. It lays itself out anew after a change of the width."""
    with suppress(TimeoutError):
        tab.until(f"{TOO_WIDE}.length === 0")
    assert tab.run(TOO_WIDE) == []


class TestLooks:
    @pytest.mark.parametrize("width", [360, 600, 820, 1280, 2560])
    def test_the_page_fits_every_screen_width(self, tab: Tab, width: int) -> None:
        tab.resize((width, 800))
        tab.until(f"document.querySelector('#canvas svg')?.viewBox.baseVal.width <= {width}")
        check_width(tab)

    def test_a_list_of_broadcasts_fits_a_narrow_screen(self, window: Tab, fresh: Ledger) -> None:
        for name in ("autumn", "summer"):
            fresh.create(name, SendMMS(Slideshow(name, subject=name).slide("Hi!"), sender="60856"), ["15551234888"])
        with WatchServer(fresh) as server:
            show(window, server.url)
            window.resize((360, 800))
            check_width(window)
            window.resize((1280, 800))

    def test_the_contrast_of_all_text_is_enough_in_both_schemes(self, window: Tab, fresh: Ledger) -> None:
        fill(fresh, name="summer")
        fresh["spring"].pause(why="too many failed")
        with WatchServer(fresh) as server:
            show(window, server.url)
            for row, number in ((1, 60), (3, 25)):
                window.click(f"{ROW}:nth-child({row})")
                window.until(f"document.querySelector('{ROW}:nth-child({row})').ariaSelected === 'true' && state.feed.survey")
                if row == 3:
                    window.click("#act")
                for scheme in ("light", "dark"):
                    window.resize((1280, 900), scheme)
                    found = window.run(CONTRASTS)
                    assert len(found) > number
                    assert [few for few in found if few[0] < 4.5] == []

    def test_every_control_has_an_accessible_name(self, tab: Tab) -> None:
        nodes = [node for node in tab.command("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
        assert {"listbox", "option", "status", "heading", "main", "banner", "image", "table"} <= {role for role, _ in named}
        assert [role for role, name in named if role in {"button", "option", "listbox", "image"} and not name.strip()] == []
