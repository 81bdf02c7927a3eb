"""A ledger with two broadcasts of which one has gone through a lot, for tests of what people see of it."""

from __future__ import annotations

from typing import Any

from counting_gateway import CountingGateway

from skymms import Account, Client, DeliveryReport, SendMMS, Slideshow
from skymms.broadcast import Ledger, Recipient, Unreadable, noting

KEY = "k" * 32
PEOPLE = [str(15551230000 + place) for place in range(40)]
#: Their answers are lost. That of the first is lost in both broadcasts, and one report does not say which it is about.
LOST = (PEOPLE[7], PEOPLE[8])
REFUSED = PEOPLE[9]
#: Texts that would run if a page made markup of them.
HOSTILE = (
    "<img src=x onerror=\"window.ran='img'\">",
    "</script><script>window.ran='script'</script>",
    "<svg onload=\"window.ran='svg'\"></svg>",
    "{{7*7}}${7*7}&lt;b&gt;\u202e",
)


def message(name: str) -> SendMMS:
    """Return a message."""
    return SendMMS(Slideshow(name, subject=name).slide("Hi"), sender="60856")


def fill(ledger: Ledger, *, name: str = "spring", text: str = "", **settings: Any) -> None:
    """Run ``winter`` to one number, and another broadcast to 40; reports of four carriers arrive.

    30 messages are delivered, 4 have failed (all of carrier 3), 3 are accepted, 2 unknown and 1 is refused. ``text`` is a code,
    a status, a reason, a carrier and a line that cannot be sent to.
    """
    winter = ledger.create("winter", message("winter"), LOST[:1])
    unreadable = Unreadable(1, text or "15551230000123456", f"{text or '15551230000123456'}: no number")
    people: list[Any] = [*map(Recipient, PEOPLE), Recipient(PEOPLE[0]), unreadable]
    variants = {"short": message("short"), "long": message("long")}
    broadcast = ledger.create(name, variants, people, skip_invalid=True, **settings)
    with CountingGateway() as gateway, Client(Account(KEY, url=gateway.url), timeout=(2, 5)) as client:
        gateway.behave = lambda number, count: None if number in LOST else "E330" if number == REFUSED else "ok"
        winter.run(client)
        broadcast.run(client, threads=4)
    reports = [report(text or "MMS_X", LOST[0], "N102", "Message Sent/Delivered")]
    for place, number in enumerate(PEOPLE[:-3]):
        if number in (*LOST, REFUSED):
            continue
        failed = place % 4 == 3 and place < 21
        carrier = text if text and place % 4 == 0 else str(place % 4)
        status = text if failed and text else "Message Sent/Rejected" if failed else "Message Sent/Delivered"
        reports.append(report(f"MMS_{number}_1", number, "E102" if failed else "N102", status, operator_id=carrier))
    # All at once, because each transaction waits for the disk.
    with ledger.store.transaction() as transaction:
        for one in reports:
            assert noting.note(transaction, one)


def report(tracking_id: str, to: str, code: str, status: str, **more: Any) -> DeliveryReport:
    """Return a report."""
    return DeliveryReport(code, origin="MMS_MT", tracking_id=tracking_id, to=to, sender="60856", status=status, **more)
