"""Makes docs/images/watch.png, a screenshot of the page of `skymms broadcast watch` in Chromium. ``make picture`` runs it.

The ledger is made up: a broadcast that was paused because one carrier stopped delivering. See picture.py for the fonts.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from browser import Browser, Tab

from skymms import SendMMS, Slideshow
from skymms.broadcast import Ledger, Recipient, Unreadable, Variant
from skymms.storage.contract import same
from skymms.watch import WatchServer

HERE = Path(__file__).parent
#: Recipients, how many of them were requested, and at which rate.
PEOPLE, REQUESTED, RATE = 12_000, 7_400, 9.5
WHY = (
    "carrier 31003: 61 of 402 are delivered (15.2%), fewer than 85% [delivered<85%@10m]; "
    "341 failed with E102 (Message Sent/Rejected). Find out why, then resume or cancel"
)
SET = same(
    "UPDATE skymms_message SET state = :state, why = :why, code = :code, operator_id = :carrier, sent_at = :sent, "
    "updated_at = :ended, delivered_at = CASE WHEN :state = 'delivered' THEN :ended END WHERE number = :number"
)


def message(subject: str) -> SendMMS:
    """Return a message."""
    return SendMMS(Slideshow(subject, subject=subject).slide("Enjoy!"), sender="60856")


def outcome(chance: random.Random, number: str, sent: float, now: float) -> dict[str, Any]:
    """Return what became of a message."""
    carrier = chance.choices(["31001", "31002", "31003", "31004"], [5, 3, 2, 1])[0]
    row = {"number": number, "state": "accepted", "why": None, "code": None, "carrier": None, "sent": sent, "ended": sent + 1}
    ended = sent + chance.lognormvariate(3.6, 0.7)
    fails = 0.9 if carrier == "31003" and sent > now - 330 else 0.06
    if chance.random() < 0.0008:
        return {**row, "state": "unknown", "why": "lost answer"}
    if chance.random() < 0.01:
        return {**row, "state": "refused", "why": "the number is blocked", "code": "E114"}
    if ended > now or chance.random() < 0.02:
        return row
    if chance.random() < fails:
        return {**row, "state": "failed", "why": "Message Sent/Rejected", "code": "E102", "carrier": carrier, "ended": ended}
    return {**row, "state": "delivered", "carrier": carrier, "ended": ended}


def fill(ledger: Ledger) -> None:
    """Make the broadcasts."""
    chance, now = random.Random(14), time.time()
    people: list[Any] = [Recipient(15551230000 + place) for place in range(PEOPLE)]
    people += [Unreadable(PEOPLE + 1, "call me", "'call me' is not a number"), people[40]]
    ledger.create("winter-thanks", message("Thank you"), people[:400]).cancel()
    ledger.create("new-year", message("Happy new year"), people[:9000])
    spring = ledger.create(
        "spring-coupon",
        [Variant("short", message("short"), 50), Variant("long", message("long"), 50)],
        people,
        rate=RATE,
        canary=200,
        pause_if=["delivered<85%@10m", "optout>2%"],
        skip_invalid=True,
    )
    spring.pause(why=WHY)
    begin = now - REQUESTED / RATE - 60
    rows = [outcome(chance, str(15551230000 + place), begin + place / RATE, now) for place in range(REQUESTED)]
    with ledger.store.transaction() as transaction:
        transaction.run_many(same(SET.sqlite + f" AND broadcast = {spring.id}"), rows)
        transaction.run(same("DELETE FROM skymms_tally WHERE broadcast = :id"), id=spring.id)
        transaction.run(
            same("INSERT INTO skymms_tally SELECT broadcast, 'all', state, count(*) FROM skymms_message WHERE broadcast = :id "
                 "GROUP BY broadcast, state"), id=spring.id,
        )  # fmt: skip
        transaction.run(same("UPDATE skymms_broadcast SET created_at = :at WHERE id = :id"), at=begin - 600, id=spring.id)
        transaction.run(
            same("INSERT INTO skymms_audit (at, who, verb, broadcast, detail) VALUES (:at, 'ada', 'canary passed', :name, '{}')"),
            at=time.time(), name=spring.name,
        )  # fmt: skip


def main(path: Path, size: tuple[int, int] = (1280, 1130), scheme: str = "light", scale: float = 1, script: str = "") -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as directory, Ledger(f"{directory}/skymms.db") as ledger:
        fill(ledger)
        with (
            WatchServer(ledger) as server,
            Browser() as browser,
            Tab(browser, f"{server.url}?broadcast=3", size=size, scheme=scheme, scale=scale) as tab,
        ):
            tab.until("state.feed?.survey && document.querySelector('#canvas svg') !== null")
            tab.run("byId('ledger').textContent = 'skymms.db'")
            if script:
                tab.run(script)
            tab.screenshot(path)
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--output", path, "256", path], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "images" / "watch.png")
