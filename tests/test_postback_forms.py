"""Postbacks in forms, as curl, browsers and web frameworks send them, and what a framework leaves of a form."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import flask
import pytest

from skymms import InboundSMS, ProtocolError, UnknownNotice, read_postbacks
from skymms.wire.forms import MAX_FIELDS

TEXT = "Tom & Jerry é + 100% &#33;"
XML = "<POSTBACK><ORIGIN>SMS_MO</ORIGIN><CODE>N211</CODE><TEXT>Tom &amp; Jerry é + 100% &amp;#33;</TEXT></POSTBACK>"
JSON = '{"origin": "SMS_MO", "code": "N211", "message-text": "Tom & Jerry é + 100% &#33;"}'
DOCUMENTS = {"XML": XML, "declared": f"<?xml version='1.0' encoding='UTF-8'?>\n{XML}", "JSON": JSON, "a list": f"[{JSON}]"}


def multipart(fields: dict[str, str], *, line_break: str = "\r\n", headers: str = "", boundary: str = "----------x7") -> bytes:
    """A form as curl writes it."""
    parts = [
        f'--{boundary}\nContent-Disposition: form-data; name="{name}"\n{headers}\n{value}\n' for name, value in fields.items()
    ]
    return "".join([*parts, f"--{boundary}--\n"]).replace("\n", line_break).encode()


def escape_markup_only(document: str) -> str:
    """Escape what a hand-made client escapes, and leave ``&amp;`` as it is."""
    return quote(document, safe="&;# é")


FORMS: dict[str, Callable[[str], bytes]] = {
    "urlencoded": lambda document: urlencode({"xml": document}).encode(),
    "urlencoded with %20": lambda document: f"xml={quote(document, safe='')}".encode(),
    "between others": lambda document: urlencode({"id": "7", "xml": document, "last": "<b>"}).encode(),
    "a name in upper case": lambda document: urlencode({"meta": "{}", "XML": document}).encode(),
    "a name of its own": lambda document: urlencode({"id": "7", "data": document}).encode(),
    "after thousands of fields": lambda document: b"a=1&" * (MAX_FIELDS - 1) + urlencode({"xml": document}).encode(),
    "not escaped at all": lambda document: f"xml={document}".encode(),
    "not escaped, between others": lambda document: f"id=7&Xml={document}&last=8".encode(),
    "multipart": lambda document: multipart({"xml": document}),
    "multipart in upper case, between others": lambda document: multipart({"id": "7", "XML": document, "last": "<b>"}),
    "multipart with a type": lambda document: multipart({"xml": document}, headers="Content-Type: text/xml; charset=utf-8\n"),
    "multipart with bare line feeds": lambda document: multipart({"xml": document}, line_break="\n"),
    "multipart after a blank line": lambda document: b"\r\n" + multipart({"xml": document}),
    "multipart with many parts": lambda document: multipart({**{f"a{at}": "1" for at in range(500)}, "xml": document}),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("form", FORMS)
def test_the_document_in_a_form_is_read(form: str, document: str) -> None:
    (notice,) = read_postbacks(FORMS[form](document))
    assert isinstance(notice, InboundSMS)
    assert notice.text == TEXT


@pytest.mark.parametrize("after", ["", "&id=7"])
def test_an_ampersand_of_the_document_that_was_not_escaped_does_not_end_its_field(after: str) -> None:
    document = "<POSTBACK><CODE>N211</CODE><TEXT>a &amp; b &lt; c &#233;</TEXT></POSTBACK>"
    for form in (quote(document, safe="&;#"), quote_plus(document, safe="&;#"), document):
        (notice,) = read_postbacks(f"xml={form}{after}".encode())
        assert isinstance(notice, InboundSMS)
        assert notice.text == "a & b < c é"


def test_a_field_of_another_name_is_not_preferred_to_xml() -> None:
    for write in (lambda fields: urlencode(fields).encode(), multipart):
        (notice,) = read_postbacks(write({"meta": '{"code": "N999"}', "XML": XML}))
        assert isinstance(notice, InboundSMS)
        (notice,) = read_postbacks(write({"meta": '{"code": "N999"}', "other": XML}))
        assert isinstance(notice, UnknownNotice)


@pytest.mark.parametrize(
    "body", [b"a=1&" * (MAX_FIELDS + 1) + b"xml=%3CPOSTBACK/%3E", b"xml=%3C", b"--x\r\n\r\n<POSTBACK/>\r\n", b"--" + b"x" * 100]
)
def test_a_form_without_a_readable_document_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a postback"):
        read_postbacks(body)


# ------------------------------------------------------------------------------------------------ web frameworks


def receiver(*, form_first: bool) -> flask.Flask:
    """A receiver in Flask, as in docs/how-to/postbacks.md."""
    app = flask.Flask(__name__)

    @app.post("/postbacks")
    def receive() -> tuple[str, int]:
        field = flask.request.form.get("xml") if form_first else None
        try:
            notices = read_postbacks(flask.request.get_data(), flask.request.content_type)
        except ProtocolError as error:
            return f"{error} {field}", 400
        return " ".join(notice.code or "" for notice in notices), 200

    return app


BODIES = [
    (XML.encode(), "text/xml"),
    (urlencode({"xml": XML}).encode(), "application/x-www-form-urlencoded"),
    (multipart({"xml": XML}), "multipart/form-data; boundary=----------x7"),
    (JSON.encode(), "application/json"),
]


@pytest.mark.parametrize(("body", "content_type"), BODIES, ids=lambda one: one if isinstance(one, str) else "")
def test_flask_gives_the_body_to_who_reads_it_first(body: bytes, content_type: str) -> None:
    client = receiver(form_first=False).test_client()
    response = client.post("/postbacks", data=body, content_type=content_type)
    assert (response.status_code, response.text) == (200, "N211")


@pytest.mark.parametrize(("body", "content_type"), BODIES[1:3], ids=["urlencoded", "multipart"])
def test_a_form_that_flask_has_read_is_a_protocol_error_with_its_remedy(body: bytes, content_type: str) -> None:
    client = receiver(form_first=True).test_client()
    response = client.post("/postbacks", data=body, content_type=content_type)
    assert response.status_code == 400
    assert "read the body first" in response.text
    # The remedy in the message works: the field of the form is a body.
    field = response.text[response.text.index("<POSTBACK>") :]
    assert isinstance(read_postbacks(field.encode())[0], InboundSMS)


def test_an_empty_body_that_is_not_a_form_has_no_remedy() -> None:
    for content_type in (None, "text/xml"):
        with pytest.raises(ProtocolError, match=r"the body is empty$"):
            read_postbacks(b" \n", content_type)
