"""How programs of other languages send a request: with a length or in chunks, bare or in a form of either kind."""

from __future__ import annotations

import http.client
import socket
import urllib.request
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, urlsplit

import pytest
from lxml import etree

from skymms import Slide
from skymms.sandbox import PostbackReceiver, Sandbox
from skymms.sandbox.listener import MAX_BODY

SKYCORE, SINCH, SINCH_JSON = "/API/wxml/1.3/index.php", "/ep/v1/", "/ep/v2/"
CELLCAST = "/api/v3/send-mms"

TEXT = "Grüße 🎉 1 + 1"
XML = (
    "<REQUEST><ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY><TO>15551234888</TO><FROM>60856</FROM>"
    f"<SUBJECT>Free</SUBJECT><NAME>n</NAME><SLIDE><TEXT>{TEXT}</TEXT></SLIDE></REQUEST>"
)
SINCH_XML = (
    "<request><action>sendMMS</action><api-key>sandbox-key</api-key><to>15551234888</to><from>60856</from>"
    "<service-id>12345</service-id><message-subject>Free</message-subject><name>n</name>"
    f"<slide><message-text>{TEXT}</message-text></slide><fallback-sms-text>f</fallback-sms-text></request>"
)
JSON = (
    '{"action": "sendmms", "to": "15551234888", "from": "60856", "service-id": "1", "message-subject": "Free", '
    f'"fallback-sms-text": "f", "slide": [{{"message-text": "{TEXT}"}}]}}'
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def post(url: str, body: bytes | Iterable[bytes], **headers: str) -> tuple[int, bytes]:
    """POST a body: bytes are sent with their length, several pieces in chunks."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("POST", parts.path, body, named, encode_chunked=not isinstance(body, bytes))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def fields(document: bytes) -> dict[str, str]:
    return {str(child.tag): child.text or "" for child in etree.fromstring(document)}


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    """The body in pieces, which cut through characters and markup."""
    yield from (body[start : start + size] for start in range(0, len(body), size))


def exchange(url: str, sent: bytes) -> bytes:
    """Send bytes, and return everything that arrives until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=20) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        received = b""
        while more := raw.recv(65536):
            received += more
        return received


def chunked_request(path: str, chunks: bytes, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in ("Host: x", "Transfer-Encoding: chunked", *headers))
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + chunks


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


class TestChunked:
    """Node, Java and Go send a body whose length they do not know yet in chunks."""

    @pytest.mark.parametrize("size", [7, 1000])
    @pytest.mark.parametrize(
        ("path", "body", "headers"),
        [
            (SKYCORE, XML, {}),
            (SKYCORE, f"xml={quote_plus(XML)}", {"Content_Type": "application/x-www-form-urlencoded"}),
            (SINCH, SINCH_XML, {}),
            (SINCH_JSON, JSON, {"X_Api_Key": "sandbox-key"}),
        ],
        ids=["skycore bare", "skycore form", "sinch", "sinch-json"],
    )
    def test_a_chunked_request_is_accepted_in_every_dialect(self, sandbox, path, body, headers, size):
        before = len(sandbox.sent)
        status, response = post(sandbox.url + path, pieces(body.encode(), size), Transfer_Encoding="chunked", **headers)
        assert (status, b"uccess" in response) == (200, True), response
        (sent,) = sandbox.sent[before:]
        assert sent.slideshow.slides == (Slide(TEXT),)

    def test_a_chunked_request_to_cellcast_is_accepted(self, sandbox):
        body = b'{"numbers": ["0491570156"], "mms_text": "Hi", "subject": "Hi", "media": "http://media.example/a.jpg"}'
        status, response = post(sandbox.url + CELLCAST, pieces(body, 7), Transfer_Encoding="chunked", APPKEY="sandbox-key")
        plain = post(sandbox.url + CELLCAST, body, APPKEY="sandbox-key")
        assert (status, response[:30]) == (plain[0], plain[1][:30])

    def test_the_control_api_and_the_receiver_of_postbacks_accept_chunks_too(self, sandbox):
        body = iter([b'{"numbers": [', b'"15551234777"]}'])
        assert post(f"{sandbox.url}/sandbox/block", body, Content_Type="application/json")[0] == 200
        with PostbackReceiver() as inbox:
            report = b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N101</CODE><TRACKINGID>MMS_1</TRACKINGID></POSTBACK>"
            assert post(inbox.url, pieces(report, 10))[0] == 200
            assert [one.tracking_id for one in inbox.notices] == ["MMS_1"]

    def test_chunk_extensions_and_trailers_are_read_and_ignored(self, sandbox):
        chunks = b"".join(chunk(piece).replace(b"\r\n", b";name=value\r\n", 1) for piece in pieces(XML.encode(), 50))
        twice = chunked_request(SKYCORE, chunks + b"0;last\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n") * 2
        before = len(sandbox.sent)
        response = exchange(sandbox.url, twice)
        # The connection is kept, and the second request begins exactly where the first one ends.
        assert (response.count(b"HTTP/1.1 200"), len(sandbox.sent)) == (2, before + 2)

    def test_a_chunked_body_may_be_as_long_as_one_with_a_length_and_no_longer(self, sandbox):
        def blanks(size: int) -> bytes:
            # White space before a document is not part of it, but the document then has more than its own limit.
            return b" " * size

        status, response = post(sandbox.url + SKYCORE, pieces(blanks(MAX_BODY), 100_000))
        assert (status, fields(response)["STATUS"]) == (200, "Failure")
        for body in (chunk(blanks(MAX_BODY)) + chunk(b" ") + b"0\r\n\r\n", f"{MAX_BODY + 1:x}\r\n".encode()):
            assert exchange(sandbox.url, chunked_request(SKYCORE, body)).startswith(b"HTTP/1.1 413")

    def test_tiny_chunks_that_are_mostly_framing_are_refused(self, sandbox):
        padded = b"1;" + b"x" * 1000 + b"\r\n \r\n"
        body = padded * (MAX_BODY // 1000)
        assert exchange(sandbox.url, chunked_request(SKYCORE, body)).startswith(b"HTTP/1.1 413")

    def test_trailers_count_towards_the_same_limit(self, sandbox):
        trailers = (b"X: " + b"x" * 1000 + b"\r\n") * (MAX_BODY // 1000)
        response = exchange(sandbox.url, chunked_request(SKYCORE, b"0\r\n" + trailers + b"\r\n"))
        assert response.startswith(b"HTTP/1.1 413")

    @pytest.mark.parametrize(
        "chunks",
        [
            b"x\r\nhello\r\n0\r\n\r\n",
            b"-5\r\nhello\r\n0\r\n\r\n",
            b"+5\r\nhello\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"5_0\r\nhello\r\n0\r\n\r\n",
            b"\r\nhello\r\n0\r\n\r\n",
            b";name\r\nhello\r\n0\r\n\r\n",
            "\u0665\r\nhello\r\n0\r\n\r\n".encode(),
            b"5\r\nhello!\r\n0\r\n\r\n",
            b"5\r\nhelloXX0\r\n\r\n",
            b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n",
            b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
            b"5\nhello\n0\n\n",
            b"0\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        ],
        ids=lambda value: repr(value[:12]),
    )
    def test_malformed_chunks_are_refused_and_what_follows_is_not_read_as_a_request(self, sandbox, chunks):
        before = len(sandbox.requests)
        response = exchange(sandbox.url, chunked_request(SKYCORE, chunks) + chunked_request(SKYCORE, chunk(XML.encode())))
        assert response.startswith(b"HTTP/1.1 400")
        assert b"Connection: close" in response
        assert len(sandbox.requests) == before

    @pytest.mark.parametrize(
        "chunks", [b"", b"5", b"5\r\n", b"5\r\nhel", b"5\r\nhello\r\n", b"0\r\n", b"0\r\nX: 1\r\n"], ids=repr
    )
    def test_a_chunked_request_that_ends_too_early_is_not_recorded(self, sandbox, chunks):
        before = len(sandbox.requests)
        assert exchange(sandbox.url, chunked_request(SKYCORE, chunks)) == b""
        assert len(sandbox.requests) == before

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            # A proxy in front could take the other of the two as the length.
            (["Content-Length: 5"], 400),
            (["Transfer-Encoding: chunked"], 400),
        ],
    )
    def test_two_descriptions_of_the_length_are_refused(self, sandbox, headers, status):
        response = exchange(sandbox.url, chunked_request(SKYCORE, b"5\r\nhello\r\n0\r\n\r\n", *headers))
        assert response.startswith(f"HTTP/1.1 {status} ".encode())

    @pytest.mark.parametrize("encoding", ["gzip, chunked", "identity", "chunked, gzip", "xchunked", ""])
    def test_another_transfer_encoding_is_refused(self, sandbox, encoding):
        sent = f"POST {SKYCORE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {encoding}\r\n\r\n0\r\n\r\n".encode()
        assert exchange(sandbox.url, sent).startswith(b"HTTP/1.1 501")

    def test_chunks_in_http_1_0_are_refused(self, sandbox):
        sent = chunked_request(SKYCORE, chunk(XML.encode()) + b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0")
        assert exchange(sandbox.url, sent).startswith(b"HTTP/1.1 400")

    def test_the_name_of_the_encoding_is_compared_without_case(self, sandbox):
        sent = chunked_request(SKYCORE, chunk(XML.encode()) + b"0\r\n\r\n").replace(b"chunked", b" Chunked ")
        assert exchange(sandbox.url, sent).startswith(b"HTTP/1.1 200")


# ------------------------------------------------------------------------------------------------ forms


def multipart(*parts: tuple[str, bytes], boundary: str = "------------------------d74496d66958873e") -> tuple[bytes, str]:
    """Return a multipart body as curl writes it, and its content type; a part is what follows ``form-data;``, and a value."""
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n" for head, value in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


class TestForms:
    @pytest.mark.parametrize("name", ["xml", "XML", "Xml"])
    def test_a_multipart_form_is_accepted_with_the_field_in_any_case(self, sandbox, name):
        body, content_type = multipart((f'name="{name}"', XML.encode()))
        before = len(sandbox.sent)
        status, response = post(sandbox.url + SKYCORE, body, Content_Type=content_type)
        assert (status, fields(response)["STATUS"]) == (200, "Success")
        assert sandbox.sent[before].slideshow.slides == (Slide(TEXT),)

    @pytest.mark.parametrize(
        ("parts", "boundary", "content_type"),
        [
            # Other fields beside it, before and after.
            ([('name="a"', b"1"), ('name="xml"', XML.encode()), ('name="b"', b"")], "x", "multipart/form-data; boundary=x"),
            ([('name="xml"\r\nContent-Type: text/xml; charset=UTF-8', XML.encode())], "x", "multipart/form-data; boundary=x"),
            ([("name=xml", XML.encode())], "x", "multipart/form-data; boundary=x"),
            ([('NAME = "xml" ', XML.encode())], "x", "multipart/form-data; boundary=x"),
            ([('name="xml"', XML.encode())], "a b'()+,-./:=?", "multipart/form-data; a=1; boundary=\"a b'()+,-./:=?\""),
            ([('name="xml"', XML.encode())], "X", "Multipart/Form-Data ;Boundary=X"),
            ([('name="xml"', b"\xef\xbb\xbf\r\n" + XML.encode() + b"\r\n--xx")], "x", "multipart/form-data; boundary=x"),
        ],
    )  # fmt: skip
    def test_the_variations_of_multipart_that_clients_write_are_read(self, sandbox, parts, boundary, content_type):
        body, _ = multipart(*parts, boundary=boundary)
        if b"--xx" in body:
            # Lines that only begin like the boundary are part of the value, so this document is not well-formed.
            assert fields(post(sandbox.url + SKYCORE, body, Content_Type=content_type)[1])["ERRORCODE"] == "E108"
        else:
            response = post(sandbox.url + SKYCORE, b"preamble\r\n" + body + b"epilogue", Content_Type=content_type)[1]
            assert fields(response)["STATUS"] == "Success"

    @pytest.mark.parametrize("name", ["xml", "XML", "Xml"])
    @pytest.mark.parametrize("escape", [quote_plus, quote, lambda text: text.replace("+", "%2B")], ids=["+", "%20", "raw"])
    def test_a_form_is_accepted_with_the_field_in_any_case_and_with_raw_utf_8(self, sandbox, name, escape):
        before = len(sandbox.sent)
        body = f"other=1&{name}={escape(XML)}".encode()
        for content_type in ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8", ""):
            assert fields(post(sandbox.url + SKYCORE, body, Content_Type=content_type)[1])["STATUS"] == "Success"
        assert {one.slideshow.slides for one in sandbox.sent[before:]} == {(Slide(TEXT),)}

    def test_a_bare_document_is_accepted_whatever_content_type_the_client_library_adds(self, sandbox):
        for content_type in ("application/x-www-form-urlencoded", "text/plain;charset=UTF-8", "application/octet-stream"):
            assert fields(post(sandbox.url + SKYCORE, XML.encode(), Content_Type=content_type)[1])["STATUS"] == "Success"


EMPTY_PART, NO_NAME = multipart(('name="xml"', b"")), multipart(("", XML.encode()))
UPLOAD = multipart(('name="xml"; filename="request.xml"', XML.encode()))
TWICE = multipart(('name="xml"', XML.encode()), ('name="XML"', XML.encode()))
FORM = "application/x-www-form-urlencoded"


class TestWithoutXML:
    """Skycore 1.3, E100: a POST needs valid XML in the field ``xml``."""

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"", FORM),
            (b" \r\n", ""),
            (b"hello", "text/plain"),
            (b"a=1&b=2", FORM),
            (b"xml", FORM),
            (b"xml=", FORM),
            (b"xml=+%0A", FORM),
            (f"request={quote_plus(XML)}".encode(), FORM),
            (b"action=sendmms&api_key=sandbox-key", FORM),
            (b'{"action": "sendmms"}', "application/json"),
            (f"xml={quote_plus(XML)}&XML={quote_plus(XML)}".encode(), FORM),
            multipart(),
            multipart(('name="request"', XML.encode())),
            EMPTY_PART,
            NO_NAME,
            UPLOAD,
            TWICE,
            (TWICE[0], "multipart/form-data"),
            (TWICE[0], "multipart/form-data; boundary="),
            (TWICE[0], "multipart/form-data; boundary=other"),
            (b"--x\r\n\r\n" + XML.encode() + b"\r\n--x--", "multipart/form-data; boundary=x"),
            (b'--x\r\nContent-Disposition: form-data; name="xml"', "multipart/form-data; boundary=x"),
        ],
    )
    def test_a_post_without_xml_is_e100(self, sandbox, body, content_type):
        response = fields(post(sandbox.url + SKYCORE, body, Content_Type=content_type)[1])
        assert (response["STATUS"], response["ERRORCODE"]) == ("Failure", "E100")
        assert "xml" in response["ERRORINFO"].lower()

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"<REQUEST>", ""),
            (b"xml=%3CREQUEST%3E", FORM),
            (b"xml=hello", FORM),
            (b"xml=%ff", FORM),
            (b"xml=\xff", FORM),
            # PHP's `"xml=" . $xml` without urlencode(): the first & ends the document, at a real gateway too.
            (b"xml=<REQUEST><ACTION>a &amp; b</ACTION></REQUEST>", FORM),
            multipart(('name="xml"', b"hello")),
            multipart(('name="xml"', b"\xff")),
        ],
    )
    def test_xml_that_is_not_well_formed_is_e108(self, sandbox, body, content_type):
        response = fields(post(sandbox.url + SKYCORE, body, Content_Type=content_type)[1])
        assert (response["STATUS"], response["ERRORCODE"]) == ("Failure", "E108")

    @pytest.mark.parametrize("path", [SINCH, SINCH_JSON])
    def test_a_post_without_a_body_is_e100_in_the_other_dialects_too(self, sandbox, path):
        assert b"E100" in post(sandbox.url + path, b"", X_Api_Key="sandbox-key")[1]

    def test_a_get_without_parameters_is_e100(self, sandbox):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sandbox.url + SKYCORE, timeout=20) as response:
            assert fields(response.read())["ERRORCODE"] == "E100"

    def test_a_form_with_too_many_fields_is_refused_and_one_with_many_is_not(self, sandbox):
        many = "".join(f"field{number}=1&" for number in range(500)) + f"xml={quote_plus(XML)}"
        assert fields(post(sandbox.url + SKYCORE, many.encode(), Content_Type=FORM)[1])["STATUS"] == "Success"
        assert fields(post(sandbox.url + SKYCORE, b"a=1&" * 100_000, Content_Type=FORM)[1])["ERRORCODE"] == "E108"

    def test_a_multipart_body_with_too_many_parts_is_refused(self, sandbox):
        body, content_type = multipart(*[('name="a"', b"")] * 20_000, boundary="x")
        assert fields(post(sandbox.url + SKYCORE, body, Content_Type=content_type)[1])["ERRORCODE"] == "E100"
