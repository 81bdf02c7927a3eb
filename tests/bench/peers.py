"""Compares skymms with the libraries of other gateways: the same server, the same run, one message with one picture each.

``make bench-peers`` prints the table; ``make bench-peers ARGS=--write`` also writes it to performance.md. The other
libraries are installed in an environment of their own. Each library is measured in a process of its own, so that its import
time and memory are its own, in alternating order (A B C, C B A, …). The table has medians, and the medians of the ratios within
a round, so that a machine that slows down slows both. The server sends each library a success response of its own API, as
documented.
"""

from __future__ import annotations

import argparse
import datetime
import ipaddress
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import page
from contestants import MESSAGE_ID

CONTESTANTS = Path(__file__).with_name("contestants.py")

#: Which libraries are compared. vonage's uses only https, so skymms uses it too in that comparison.
CLASSES: dict[str, tuple[str, ...]] = {
    "one after the other": ("skymms", "twilio", "plivo", "telnyx"),
    "the same over TLS": ("skymms", "vonage"),
    "asynchronous": ("skymms_async", "twilio_async", "telnyx_async"),
}
OVER_TLS = {"the same over TLS"}


class Figure(NamedTuple):
    """A column of the table: its name, how a value is printed, and whether more is better."""

    name: str
    factor: float
    unit: str
    more: bool = False


FIGURES = {
    "rate": Figure("calls a second", 1, "", more=True),
    "cpu": Figure("CPU a call", 1e6, " µs"),
    "import": Figure("import", 1e3, " ms"),
    "first": Figure("import and first answer", 1e3, " ms"),
    "memory": Figure("memory", 1e-6, " MB"),
}

# ------------------------------------------------------------------------------------------------ the server

TWILIO_SAYS = {
    "account_sid": "AC0123456789abcdef0123456789abcdef",
    "api_version": "2010-04-01",
    "body": "Hi! Thank you for joining us!",
    "date_created": "Fri, 20 Nov 2026 10:00:00 +0000",
    "date_sent": None,
    "date_updated": "Fri, 20 Nov 2026 10:00:00 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": "+15557654321",
    "messaging_service_sid": None,
    "num_media": "1",
    "num_segments": "1",
    "price": None,
    "price_unit": "USD",
    "sid": f"MM{MESSAGE_ID}{MESSAGE_ID}",
    "status": "queued",
    "subresource_uris": {"media": f"/2010-04-01/Accounts/AC01/Messages/MM{MESSAGE_ID}{MESSAGE_ID}/Media.json"},
    "to": "+15551234888",
    "uri": f"/2010-04-01/Accounts/AC01/Messages/MM{MESSAGE_ID}{MESSAGE_ID}.json",
}
TELNYX_SAYS = {
    "data": {
        "id": f"40385f64-{MESSAGE_ID}",
        "record_type": "message",
        "direction": "outbound",
        "type": "MMS",
        "messaging_profile_id": "4000eba1-a0c0-4563-9925-b25e842a7cb6",
        "from": {"phone_number": "+15557654321", "carrier": "Example", "line_type": "Wireless"},
        "to": [{"phone_number": "+15551234888", "status": "queued", "carrier": "Example", "line_type": "Wireless"}],
        "text": "Hi! Thank you for joining us!",
        "media": [{"url": "http://www.yoursite.com/images/welcome.jpg", "content_type": None, "sha256": None, "size": None}],
        "webhook_url": None,
        "encoding": "GSM-7",
        "parts": 1,
        "tags": [],
        "cost": None,
        "received_at": "2026-11-20T10:00:00.000+00:00",
        "sent_at": None,
        "completed_at": None,
        "valid_until": "2026-11-20T11:00:00.000+00:00",
        "errors": [],
    }
}
PLIVO_SAYS = {"api_id": "db342550-7e5d-11e1-8ea7-1231380bc196", "message": "message(s) queued", "message_uuid": [MESSAGE_ID]}
SKYCORE_SAYS = (
    f"<RESPONSE><STATUS>Success</STATUS><TO>15551234888</TO><MMSID>35674</MMSID><TRACKINGID>MMS_{MESSAGE_ID}</TRACKINGID>"
    "<STATUSDETAILS>MMS request accepted and queued for delivery</STATUSDETAILS></RESPONSE>"
)

#: The beginning of a request's path, and the response: status, content type, body.
ANSWERS = {
    "/API/": ("200 OK", "text/xml", SKYCORE_SAYS),
    "/2010-04-01/": ("201 Created", "application/json", json.dumps(TWILIO_SAYS)),
    "/v1/messages": ("202 Accepted", "application/json", json.dumps({"message_uuid": f"aaaaaaaa-{MESSAGE_ID}"})),
    "/v1/Account/": ("202 Accepted", "application/json", json.dumps(PLIVO_SAYS)),
    "/v2/messages": ("200 OK", "application/json", json.dumps(TELNYX_SAYS)),
}

# The server runs in a process of its own, so that its CPU time is not measured. It listens on two ports: plain, and with TLS.
SERVER = """
import json, socket, ssl, sys, threading
answers = {
    path.encode(): f"HTTP/1.1 {status}\\r\\nContent-Type: {kind}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode()
    for path, (status, kind, body) in json.loads(sys.argv[1]).items()
}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
def serve(connection, secure):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    got = b""
    try:
        if secure: connection = context.wrap_socket(connection, server_side=True)
        while True:
            head, found, body = got.partition(b"\\r\\n\\r\\n")
            if found:
                length = next(int(l[15:]) for l in head.lower().split(b"\\r\\n") if l.startswith(b"content-length:"))
                if len(body) >= length:
                    path = head.split(b" ", 2)[1]
                    connection.sendall(next(answers[known] for known in answers if path.startswith(known)))
                    got = body[length:]
                    continue
            more = connection.recv(65536)
            if not more: return
            got += more
    except OSError:
        pass
def listen(listening, secure):
    while True: threading.Thread(target=serve, args=(listening.accept()[0], secure), daemon=True).start()
plain, secure = (socket.create_server(("127.0.0.1", 0)) for _ in "ab")
print(plain.getsockname()[1], secure.getsockname()[1], flush=True)
threading.Thread(target=listen, args=(secure, True), daemon=True).start()
listen(plain, False)
"""


def certificate(folder: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 into one file, valid for a day."""
    # Only `make bench-peers` installs it, with vonage's library.
    from cryptography import x509  # pyright: ignore[reportMissingImports]
    from cryptography.hazmat.primitives import hashes, serialization  # pyright: ignore[reportMissingImports]
    from cryptography.hazmat.primitives.asymmetric import ec  # pyright: ignore[reportMissingImports]

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "here.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


# ------------------------------------------------------------------------------------------------ the run

Found = dict[tuple[str, str], list[dict[str, Any]]]


def run(rounds: int, calls: int) -> tuple[Found, dict[tuple[str, str], str]]:
    """Return the figures of each contestant for each round, and the reasons why some were not measured."""
    found: Found = {(kind, name): [] for kind, names in CLASSES.items() for name in names}
    not_measured: dict[tuple[str, str], str] = {}
    with tempfile.TemporaryDirectory() as folder:
        trusted = certificate(Path(folder))
        # The certificates that the libraries trust, and no proxy.
        env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        env |= {"REQUESTS_CA_BUNDLE": str(trusted), "SSL_CERT_FILE": str(trusted)}
        command = [sys.executable, "-c", SERVER, json.dumps(ANSWERS), str(trusted)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            plain, secure = map(int, server.stdout.readline().split())
            for number in range(rounds):
                order = list(found)[:: -1 if number % 2 else 1]
                for who in order:
                    if who in not_measured:
                        continue
                    kind, name = who
                    url = f"https://127.0.0.1:{secure}" if kind in OVER_TLS else f"http://127.0.0.1:{plain}"
                    ran = subprocess.run(
                        [sys.executable, str(CONTESTANTS), name, url, str(calls)], capture_output=True, text=True, env=env
                    )
                    if ran.returncode == 0:
                        found[who].append(json.loads(ran.stdout))
                    else:
                        not_measured[who] = reason(ran.stderr)
        finally:
            server.kill()
            server.wait()
    return found, not_measured


def reason(said: str) -> str:
    """Return the reason why a contestant failed."""
    last = said.strip().rpartition("\n")[2]
    return "is not installed here" if last.startswith("ModuleNotFoundError") else f"did not work: {last:.100}"


# ------------------------------------------------------------------------------------------------ telling


def table(found: Found, not_measured: dict[tuple[str, str], str]) -> str:
    lines = [f"| | {' | '.join(figure.name for figure in FIGURES.values())} |", f"| --- |{' --- |' * len(FIGURES)}"]
    behind: list[str] = []
    for kind, names in CLASSES.items():
        lines.append(f"| *{kind}* |{' |' * len(FIGURES)}")
        for name in names:
            plain = name.removesuffix("_async")
            if not found[kind, name]:
                lines.append(f"| {plain} | {not_measured.get((kind, name), 'was not measured')} |{' |' * (len(FIGURES) - 1)}")
                continue
            theirs = medians(found[kind, name])
            cells = []
            for key, figure in FIGURES.items():
                cell = f"{theirs[key] * figure.factor:,.0f}{figure.unit}"
                if name != names[0]:
                    pairs = zip(found[kind, names[0]], found[kind, name], strict=False)
                    times = statistics.median(a[key] / b[key] if figure.more else b[key] / a[key] for a, b in pairs)
                    cell += f" ({times:.2f})"
                    if times <= 1:
                        behind.append(f"{figure.name} against {plain} ({kind}, {times:.2f})")
                cells.append(cell)
            known = f"{plain} {found[kind, name][0]['version']}"
            lines.append(f"| {f'**{known}**' if name == names[0] else known} | {' | '.join(cells)} |")
    verdict = f"skymms is **behind** in: {'; '.join(behind)}." if behind else "skymms leads each of them in each column."
    return "\n".join(lines) + f"\n\nIn brackets: how many times better skymms is. {verdict} Measured on {page.machine()}.\n"


def medians(rounds: list[dict[str, Any]]) -> dict[str, float]:
    return {key: statistics.median(one[key] for one in rounds) for key in FIGURES}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the table to docs/explanation/performance.md")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=400, help="in each process of each round")
    chosen = parser.parse_args()
    printed = table(*run(chosen.rounds, chosen.calls))
    print(printed)
    if chosen.write:
        page.put("peers", printed)


if __name__ == "__main__":
    main()
