"""One masker finds an API key in every form in which a gateway can give it back."""

from __future__ import annotations

import html
import json
import time
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import escape

import pytest
from client_calls import CANARY, SEND
from hypothesis import given
from hypothesis import strategies as st

from skymms import Account, HttpRequest, HttpResponse, MMSError, ProtocolError
from skymms.redaction import mask_key, mask_key_in_body, mask_key_in_json, masker

KEYS = ["ea7966f90de2bf520e3f0042053e6ec3", "canary+5fa1c0de/key=", "canary%5fa1c0de%2fkey", "canary&5fa1c0de<key>'\"\\"]


def percent(key: str) -> str:
    return "".join(f"%{ord(one):02X}" for one in key)


FORMS: dict[str, Any] = {
    "plain": str,
    "percent-encoded": lambda key: quote(key, safe=""),
    "percent-encoded, lower case": lambda key: percent(key).lower(),
    "every character percent-encoded": percent,
    "percent-encoded twice": lambda key: quote(percent(key)),
    "form-encoded": quote_plus,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON, PHP's slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "JSON, every character": lambda key: "".join(f"\\u{ord(one):04X}" for one in key),
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)[1:-1])[1:-1],
    "XML": escape,
    "HTML": html.escape,
    "HTML twice": lambda key: html.escape(html.escape(key)),
    "decimal references": lambda key: "".join(f"&#{ord(one)};" for one in key),
    "hexadecimal references": lambda key: "".join(f"&#x{ord(one):X};" for one in key),
    "references with zeros": lambda key: "".join(f"&#00{ord(one)};" for one in key),
    "named references": lambda key: key.replace("&", "&amp;").replace("/", "&sol;").replace("=", "&equals;"),
    "a part escaped": lambda key: f"%{ord(key[0]):02x}{key[1:-1]}&#{ord(key[-1])};",
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_escaped_key_is_masked(key, form):
    text = f"bad key ({form(key)})!"
    assert mask_key(text, key) == "bad key (***)!"
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
        masked = mask_key_in_body(text.encode(encoding), key)
        assert masked.decode(encoding) == "bad key (***)!"
    assert mask_key_in_json({text: [text, 1, {"a": text}]}, key) == {
        "bad key (***)!": ["bad key (***)!", 1, {"a": "bad key (***)!"}]
    }


@given(st.sampled_from(KEYS), st.binary(max_size=9), st.binary(max_size=9), st.sampled_from([b64encode, urlsafe_b64encode]))
def test_a_key_is_masked_in_base64_whatever_surrounds_it(key, before, after, encode):
    # In Basic credentials a user name and a colon come before it.
    text = f"Authorization: Basic {encode(before + key.encode() + after).decode()}"
    masked = mask_key(text, key)
    assert "***" in masked
    assert masked.startswith("Authorization: Basic ")
    # Six characters of base64 that remain on either side belong to the neighbours.
    assert len(masked) - len("Authorization: Basic ***") <= len(encode(before + after)) + 8


@given(st.text(), st.sampled_from(KEYS))
def test_text_without_the_key_is_not_changed(text, key):
    assert mask_key(text, key) == text
    assert mask_key_in_body(text.encode("utf-8", "replace"), key) == text.encode("utf-8", "replace")


def test_a_short_key_is_not_masked():
    assert masker("short") is None
    assert mask_key("short", "short") == "short"
    assert mask_key_in_body(b"short", "short") == b"short"


def test_a_refusal_that_quotes_the_escaped_key_is_masked():
    key = "canary+5fa1c0de/key="
    info = f"no such account: api_key={quote(key, safe='')}"
    body = f"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E104</ERRORCODE><ERRORINFO>{info}</ERRORINFO></RESPONSE>"
    with pytest.raises(MMSError) as raised:
        Account(key).decode(SEND, HttpResponse(200, {}, body.encode()))
    assert raised.value.info == "no such account: api_key=***"
    assert "5fa1c0de" not in f"{raised.value} {raised.value.reply}"


def test_an_error_page_that_quotes_basic_credentials_is_masked():
    page = b"<html>Authorization: Basic " + b64encode(b"user:" + CANARY.encode())
    with pytest.raises(ProtocolError) as raised:
        Account(CANARY).decode(SEND, HttpResponse(502, {}, page))
    assert b64encode(CANARY.encode())[4:-4] not in raised.value.body
    assert b"***" in raised.value.body


def test_neither_a_request_nor_a_response_shows_its_body():
    secret = urlencode({"api_key": CANARY, "to": "15551234888"})
    request = HttpRequest("POST", f"https://gateway.example/?{secret}", {"Authorization": CANARY}, secret.encode())
    response = HttpResponse(200, {"X-Echo": CANARY}, secret.encode())
    assert repr(request) == f"<HttpRequest POST https://gateway.example/, {len(request.url) + len(secret)} bytes>"
    assert repr(response) == f"<HttpResponse 200, {len(secret)} bytes>"


@pytest.mark.parametrize("unit", ["%", "\\", "&#0", "&amp;", "c", "%25", "canary-5fa1c0de-ke", "&#99;", "\\u0063"])
def test_masking_takes_time_in_proportion_to_the_text(unit):
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        fastest = []
        for _ in range(5):
            started = time.process_time()
            mask_key(text, CANARY)
            fastest.append(time.process_time() - started)
        return max(min(fastest), 1e-4)

    assert seconds(200_000) < 30 * seconds(20_000)
