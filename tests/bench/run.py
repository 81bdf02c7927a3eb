"""The figures of docs/performance.md, each as a ratio against plain code that does the same, measured in one run.

``python tests/bench/run.py`` prints the table; ``--write`` also puts it into docs/performance.md. Each pair is timed in turns,
A B A B, and the median of the pairwise ratios is told, so that a machine that slows down slows both. The time is CPU time.
"""

from __future__ import annotations

import argparse
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
    """Microseconds of CPU a call for both, and the median of the ratios of neighbours."""
    first, second, ratios = [], [], []
    prepare()
    ours(), theirs()
    for _ in range(rounds):
        prepare()
        a, b = timed(ours, number), timed(theirs, number)
        first.append(a)
        second.append(b)
        ratios.append(a / b)
    return statistics.median(first), statistics.median(second), statistics.median(ratios)


def timed(what: Callable[[], Any], number: int) -> float:
    started = time.process_time()
    for _ in range(number):
        what()
    return (time.process_time() - started) / number * 1e6


def row(name: str, against: str, bound: str, figures: tuple[float, float, float]) -> Row:
    ours, theirs, ratio = figures
    return name, against, f"{ours:.1f} / {theirs:.1f} µs", ratio, bound


# ------------------------------------------------------------------------------------------------ encoding


def built_by_hand(slides: list[tuple[str, str, int]]) -> bytes:
    """What a script without a library does: the same bytes, and no rule."""
    root = etree.Element("REQUEST")
    add = etree.SubElement
    for name, words in (
        ("ACTION", "sendMMS"),
        ("API_KEY", KEY),
        ("TO", "15551234888"),
        ("FROM", "60856"),
        ("SUBJECT", "Free coupon!"),
        ("NAME", "Membership coupon"),
    ):
        add(root, name).text = words
    for image, words, duration in slides:
        slide = add(root, "SLIDE")
        add(add(slide, "IMAGE"), "URL").text = image
        add(slide, "TEXT").text = words
        add(slide, "DURATION").text = str(duration)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8", xml_declaration=False)


EIGHT = [
    (f"http://www.yoursite.com/images/welcome-{number}.jpg", f"Hi! Slide {number}: thank you for joining us & enjoy!", 5)
    for number in range(8)
]


def eight_slides() -> Slideshow:
    show = Slideshow("Membership coupon", subject="Free coupon!")
    for image, words, duration in EIGHT:
        show = show.slide(words, image=image, duration=duration)
    return show


def encoding() -> list[Row]:
    account = Account(KEY, bare_body=True)
    send = SendMMS(eight_slides(), to="15551234888", sender="60856")
    assert account.encode(send).body == built_by_hand(EIGHT), "both have to write the same bytes"
    show = eight_slides()
    # New values, which no judge has seen, made while the clock stands.
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
            "read_postbacks, a report of 12 nodes",
            "lxml fromstring into a dict",
            "3",
            compared(lambda: read_postbacks(REPORT), lambda: {node.tag: node.text for node in etree.fromstring(REPORT)}, 300),
        )
    ]


# ------------------------------------------------------------------------------------------------ calling

ANSWER = (
    b"<RESPONSE><STATUS>Success</STATUS><TO>15551234888</TO><MMSID>35674</MMSID><TRACKINGID>MMS_12345</TRACKINGID>"
    b"<STATUSDETAILS>MMS request accepted and queued for delivery</STATUSDETAILS></RESPONSE>"
)

# In a process of its own, so that its CPU is not counted.
SERVER = f"""
import socket, threading
listening = socket.create_server(("127.0.0.1", 0)); print(listening.getsockname()[1], flush=True)
answer = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/xml\\r\\nContent-Length: {len(ANSWER)}\\r\\n\\r\\n" + {ANSWER!r}
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


def flying() -> list[Row]:
    one_by_one, at_once = flight(SEND, ANSWER, KEY)
    return [
        row("await AsyncClient.call(SendMMS(two slides)), one by one", "aiohttp post, same body", "1.5", one_by_one),
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
    answer = HttpResponse(200, {}, ANSWER)
    return [
        row("client.call(SendMMS(two slides)) on loopback, kept alive", "requests.Session().post, same body", "0.85", figures),
        row(
            "decode an answer",
            "lxml fromstring into a dict",
            "-",
            compared(
                lambda: account.decode(send, answer), lambda: {node.tag: node.text for node in etree.fromstring(ANSWER)}, 300
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


# ------------------------------------------------------------------------------------------------ telling


def table(rows: list[Row]) -> str:
    lines = ["| what | against | ours / theirs | ratio | bound |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {against} | {figures} | **{ratio:.2f}** | {bound} |" for name, against, figures, ratio, bound in rows
    ]
    versions = f"lxml {'.'.join(map(str, etree.LXML_VERSION[:3]))}, requests {requests.__version__}"
    return "\n".join(lines) + f"\n\nMeasured on {page.machine()}, {versions}.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    chosen = parser.parse_args()
    told = table([*encoding(), *decoding(), *calling(), *flying(), *importing()])
    print(told)
    if chosen.write:
        page.put("table", told)


if __name__ == "__main__":
    main()
