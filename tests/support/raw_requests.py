"""Requests to the sandbox as bytes, because an HTTP library would not send some of them, and what comes back."""

from __future__ import annotations

import contextlib
import json
import socket
from urllib.parse import urlencode, urlsplit

from attacks import NUMBER
from lxml import etree

SKYCORE, SINCH, JSON = "/API/wxml/1.3/index.php", "/ep/v1/", "/ep/v2/"


def exchange(url: str, *parts: bytes) -> bytes:
    """Send bytes, and return everything that arrives until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=20) as raw:
        with contextlib.suppress(OSError):
            for part in parts:
                raw.sendall(part)
            raw.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while more := raw.recv(65536):
                got += more
    return got


def request(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in ("Host: x", f"Content-Length: {len(body)}", "Connection: close", *headers))
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1]) if response.startswith(b"HTTP/1.1 ") else 0


def fields(response: bytes) -> dict[str, str]:
    """The fields of a response in any dialect, with their names in lower case and without dashes."""
    body = response.partition(b"\r\n\r\n")[2]
    found = json.loads(body) if body.startswith(b"{") else {str(child.tag): child.text for child in etree.fromstring(body)}
    return {name.lower().replace("-", ""): text or "" for name, text in found.items()}


def document(*, before: str = "", to: str = NUMBER, more: str = "", attributes: str = "") -> bytes:
    inside = (
        f"<ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY><TO>{to}</TO><FROM>60856</FROM>"
        f"<SUBJECT>Free</SUBJECT><NAME>T1</NAME><SLIDE><TEXT>Hi!</TEXT></SLIDE>{more}"
    )
    return f"{before}<REQUEST{attributes}>{inside}</REQUEST>".encode()


def member(**members: object) -> bytes:
    right: dict[str, object] = {
        "action": "sendmms",
        "to": NUMBER,
        "from": "60856",
        "service-id": "1",
        "message-subject": "Free",
        "fallback-sms-text": "f",
        "slide": [{"message-text": "Hi!"}],
    }
    return json.dumps({**right, **members}).encode()


def query(**parameters: str) -> str:
    right = {"action": "sendmms", "api_key": "sandbox-key", "to": NUMBER, "from": "60856", "subject": "Free", "name": "n"}
    return urlencode({**right, "slide_text_value_0": "Hi!", **parameters})
