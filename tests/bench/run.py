"""Measures the figures of docs/explanation/performance.md: each is a ratio against plain code that does the same.

``python tests/bench/run.py`` prints the table; ``--write`` also writes it to performance.md. The two of a pair are timed
alternately, and the median of the ratios of neighbours is printed, so that a machine that slows down slows both. Times are CPU
times.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import page
import requests
from flight import flight
from lxml import etree

from skymms import Account, Client, HttpResponse, SendMMS, Slideshow, read_postbacks

KEY = "ea7966f90de2bf520e3f0042053e6ec3"

Row = tuple[str, str, str, float, str]


def compared(
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    number: int,
    rounds: int = 41,
    prepare: Callable[[], None] = lambda: None,
) -> tuple[float, float, float]:
    """Return the microseconds of CPU per call of both, and the median of the ratios of neighbours."""
    first, second, ratios = [], [], []
    prepare()
    ours()
    theirs()
    for _ in range(rounds):
        prepare()
        a, b = timed(ours, number), timed(theirs, number)
        first.append(a)
        second.append(b)
        ratios.append(a / b)
    return statistics.median(first), statistics.median(second), statistics.median(ratios)


def timed(function: Callable[[], Any], number: int) -> float:
    """Return the microseconds of CPU per call."""
    started = time.process_time()
    for _ in range(number):
        function()
    return (time.process_time() - started) / number * 1e6


def row(name: str, against: str, bound: str, figures: tuple[float, float, float]) -> Row:
    ours, theirs, ratio = figures
    return name, against, f"{ours:.1f} / {theirs:.1f} µs", ratio, bound


# ------------------------------------------------------------------------------------------------ encoding


def built_by_hand(slides: list[tuple[str, str, int]], to: str = "15551234888") -> bytes:
    """Return the request that a script without a library builds: the same bytes, without any rule."""
    root = etree.Element("REQUEST")
    add = etree.SubElement
    for name, text in (
        ("ACTION", "sendMMS"),
        ("API_KEY", KEY),
        ("TO", to),
        ("FROM", "60856"),
        ("SUBJECT", "Free coupon!"),
        ("NAME", "Membership coupon"),
    ):
        add(root, name).text = text
    for image, text, duration in slides:
        slide = add(root, "SLIDE")
        add(add(slide, "IMAGE"), "URL").text = image
        add(slide, "TEXT").text = text
        add(slide, "DURATION").text = str(duration)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8", xml_declaration=False)


EIGHT = [
    (f"http://www.yoursite.com/images/welcome-{number}.jpg", f"Hi! Slide {number}: thank you for joining us & enjoy!", 5)
    for number in range(8)
]


def built(slides: list[tuple[str, str, int]]) -> Slideshow:
    show = Slideshow("Membership coupon", subject="Free coupon!")
    for image, text, duration in slides:
        show = show.slide(text, image=image, duration=duration)
    return show


def two_slides(name: str) -> list[tuple[str, str, int]]:
    """Two slides with a text for one recipient."""
    return [
        ("http://www.yoursite.com/images/welcome.jpg", f"Hi {name}! Thank you for joining us!", 5),
        ("http://www.yoursite.com/images/coupon.jpg", f"Please enjoy, {name}!", 5),
    ]


def encoding() -> list[Row]:
    account = Account(KEY, bare_body=True)
    show = built(EIGHT)
    send = SendMMS(show, to="15551234888", sender="60856")
    assert account.encode(send).body == built_by_hand(EIGHT), "both must write the same bytes"
    prepared = account.prepare(send)
    numbers = itertools.cycle([f"1555123{number:04}" for number in range(10_000)])

    def personal() -> bytes:
        return account.encode(SendMMS(built(two_slides(next(numbers))), to="15551234888", sender="60856")).body

    # New values, which were not validated before. They are built while the time is not measured.
    fresh: list[SendMMS] = []

    def prepare() -> None:
        fresh[:] = [SendMMS(show.replace(), to="15551234888", sender="60856") for _ in range(200)]

    def another() -> bytes:
        return account.encode(fresh.pop()).body

    return [
        row(
            "encode 8 slides, rules included, a slideshow never seen before",
            "lxml by hand, no rules",
            "1.5, stretch 1",
            compared(another, lambda: built_by_hand(EIGHT), 200, prepare=prepare),
        ),
        row(
            "2 slides with a text of its own for each recipient: built, validated, encoded",
            "lxml by hand, no rules",
            "2.0",
            compared(personal, lambda: built_by_hand(two_slides(next(numbers))), 200),
        ),
        row(
            "prepared.request(to), 8 slides",
            "lxml by hand, no rules",
            "0.15",
            compared(lambda: prepared.request(next(numbers)), lambda: built_by_hand(EIGHT, next(numbers)), 200),
        ),
        row(
            "encode 8 slides, rules included, the same message again",
            "lxml by hand, no rules",
            "1.5, stretch 1",
            compared(lambda: account.encode(send), lambda: built_by_hand(EIGHT), 200),
        ),
    ]


# ------------------------------------------------------------------------------------------------ decoding

REPORT = b"""<?xml version='1.0'?>
<POSTBACK>
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>N102</CODE>
    <SENTAS>MMS</SENTAS>
    <STATUS>Message Sent/Delivered</STATUS>
    <MMSID>39597</MMSID>
    <FROM>60856</FROM>
    <TO>15551112222</TO>
    <TRACKINGID>TU1TXzU5Nzg3OQ==</TRACKINGID>
    <SPID>0001570</SPID>
    <TIMESTAMP>2012-06-07T07:27:34-05:00</TIMESTAMP>
    <HANDSET>motol7c</HANDSET>
    <AGGREGATORID>11529-64807-97508-73852-97658</AGGREGATORID>
</POSTBACK>"""


def decoding() -> list[Row]:
    return [
        row(
            "read_postbacks, a report of 12 elements",
            "lxml fromstring into a dict",
            "2.5",
            compared(lambda: read_postbacks(REPORT), lambda: {node.tag: node.text for node in etree.fromstring(REPORT)}, 300),
        )
    ]


# ------------------------------------------------------------------------------------------------ calling

RESPONSE = (
    b"<RESPONSE><STATUS>Success</STATUS><TO>15551234888</TO><MMSID>35674</MMSID><TRACKINGID>MMS_12345</TRACKINGID>"
    b"<STATUSDETAILS>MMS request accepted and queued for delivery</STATUSDETAILS></RESPONSE>"
)

# The server runs in a process of its own, so that its CPU time is not measured.
SERVER = f"""
import socket, threading
listening = socket.create_server(("127.0.0.1", 0)); print(listening.getsockname()[1], flush=True)
answer = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/xml\\r\\nContent-Length: {len(RESPONSE)}\\r\\n\\r\\n" + {RESPONSE!r}
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    got = b""
    while True:
        head, found, body = got.partition(b"\\r\\n\\r\\n")
        if found:
            length = next(int(l[15:]) for l in head.lower().split(b"\\r\\n") if l.startswith(b"content-length:"))
            if len(body) >= length:
                connection.sendall(answer); got = body[length:]; continue
        more = connection.recv(65536)
        if not more: return
        got += more
while True: threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""


SEND = SendMMS(
    Slideshow("Membership coupon", subject="Free coupon!")
    .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg", duration=5)
    .slide("Please enjoy!", passbook="http://www.yoursite.com/pass/coupon.pkpass", duration=5),
    to="15551234888",
    sender="60856",
)


def calling_async() -> list[Row]:
    one_by_one, at_once = flight(SEND, RESPONSE, KEY)
    return [
        row("await AsyncClient.call(SendMMS(two slides)), one by one", "aiohttp post, same body", "1.4", one_by_one),
        (
            "AsyncClient.call, 200 in flight, a gateway that takes 50 ms",
            "aiohttp post, same body",
            f"{at_once[0]:,.0f} / {at_once[1]:,.0f} a second",
            at_once[2],
            "at least 0.85",
        ),
    ]


def calling() -> list[Row]:
    send = SEND
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/API/wxml/1.3/index.php"
        account = Account(KEY, url=url)
        body = account.encode(send).body
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with Client(account) as client, requests.Session() as session:
            assert client.call(send).tracking_id == "MMS_12345"
            figures = compared(
                lambda: client.call(send), lambda: session.post(url, data=body, headers=headers).content, 60, rounds=31
            )
    finally:
        server.kill()
        server.wait()
    response = HttpResponse(200, {}, RESPONSE)
    return [
        row("client.call(SendMMS(two slides)) on loopback, kept alive", "requests.Session().post, same body", "0.85", figures),
        row(
            "decode a response",
            "lxml fromstring into a dict",
            "-",
            compared(
                lambda: account.decode(send, response),
                lambda: {node.tag: node.text for node in etree.fromstring(RESPONSE)},
                300,
            ),
        ),
    ]


# ------------------------------------------------------------------------------------------------ importing


def importing() -> list[Row]:
    def cpu(code: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        return (after.children_user + after.children_system - before.children_user - before.children_system) * 1000

    def wall(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        return (time.perf_counter() - started) * 1000

    rows: list[Row] = []
    for code, bound in (
        ("import skymms", "40 ms"),
        ("from skymms import Account, Client, SaveMMS, SendMMS, SendSavedMMS, Slideshow, read_postbacks", "-"),
    ):
        bare, ours = [], []
        for _ in range(21):
            bare.append(wall("pass"))
            ours.append(wall(code))
        more = statistics.median(b - a for a, b in zip(bare, ours, strict=True))
        rows.append((code, "a bare interpreter", f"+{more:.1f} ms", statistics.median(ours) / statistics.median(bare), bound))
    return rows


# ------------------------------------------------------------------------------------------------ printing


def table(rows: list[Row]) -> str:
    lines = ["| what | against | ours / theirs | ratio | bound |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {against} | {figures} | **{ratio:.2f}** | {bound} |" for name, against, figures, ratio, bound in rows
    ]
    versions = f"lxml {'.'.join(map(str, etree.LXML_VERSION[:3]))}, requests {requests.__version__}"
    return "\n".join(lines) + f"\n\nMeasured on {page.machine()}, {versions}.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the table to docs/explanation/performance.md")
    chosen = parser.parse_args()
    printed = table([*encoding(), *decoding(), *calling(), *calling_async(), *importing()])
    print(printed)
    if chosen.write:
        page.put("table", printed)


if __name__ == "__main__":
    main()
