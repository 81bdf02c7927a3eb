"""The time to read grows as the input does: every reader with every shape of input that a stranger could choose.

From one size to ten times the size the CPU time grows less than 30-fold; work that looks at each byte once per byte grows
100-fold. Limits on the size are lifted where a caller can lift them.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, cast

import pytest
from growth_shapes import (
    BYTES_SHAPES,
    FORM_SHAPES,
    GZIP_SHAPES,
    HTTP_SHAPES,
    IMAGE_SHAPES,
    MULTIPART,
    MULTIPART_SHAPES,
    TEXTS,
    TOML_SHAPES,
    Shape,
    json_shapes,
    query_shapes,
    xml_shapes,
)
from raw_requests import JSON, SKYCORE, exchange

from skymms import (
    Account,
    HttpResponse,
    ListMMS,
    SendMMS,
    SkymmsError,
    Slide,
    Slideshow,
    error_class,
    from_dict,
    read_postbacks,
    read_report,
)
from skymms.cellcast import CellcastAccount, CellcastSend, Responses, mobile, read_cellcast_webhook
from skymms.cellcast.values import parse_datetime, parse_decimal
from skymms.files import read_file
from skymms.gsm import gsm_units
from skymms.http import parse_http_url
from skymms.media.images import find_damage
from skymms.model.operations import Operation
from skymms.numbers import number_problem
from skymms.redaction import mask_key_in_body, strip_credentials
from skymms.sandbox import Sandbox
from skymms.sandbox.listener import ServerRequest
from skymms.transport.compression import response_from
from skymms.transport.fetching import link_request
from skymms.transport.retries import retry_after
from skymms.validation.dates import to_utc
from skymms.validation.hosts import unreachable_host
from skymms.wire.dialects import get_dialect, normalize_name
from skymms.wire.notation import parse_date, parse_integer
from skymms.wire.schemas import schema_problems

pytestmark = pytest.mark.unmeasured

#: The larger size in bytes; the smaller one is a tenth.
SIZE = 30_000
#: The sizes of readers that take no more than their documented limit.
NO_LIMIT = 100_000_000
#: The most that the time may grow by when the input grows 10-fold. Ten is ideal; on a busy machine an input that leaves the
#: processor's caches takes up to 16 times as long.
MAX_GROWTH = 30
#: Shorter times than this are too short to compare.
NOTICEABLE = 0.003

Read = Callable[[bytes], Any]


class Reader(NamedTuple):
    name: str
    read: Read
    shapes: dict[str, Shape]
    size: int = SIZE


# ------------------------------------------------------------------------------------------------ measuring


def seconds(read: Read, body: bytes) -> float:
    """Return the CPU time that reading takes."""

    gc.disable()
    try:
        began = time.process_time()
        with suppress(SkymmsError):
            read(body)
        return time.process_time() - began
    finally:
        gc.enable()


def growth(reader: Reader, shape: Shape) -> float:
    """Return how many times longer the larger body takes, 0 if both are read in no time."""
    small, large = shape(reader.size // 10), shape(reader.size)
    longer = seconds(reader.read, large)
    if longer < NOTICEABLE:
        return 0.0
    shorter = min(seconds(reader.read, small) for _ in range(3))
    return longer / max(shorter, 1e-6)


# ------------------------------------------------------------------------------------------------ readers

SHOW = Slideshow("Coupon", subject="Free!", slides=(Slide("Hi!"),))
SEND = SendMMS(SHOW, to="15551234888", sender="60856")
CELLCAST_SEND = CellcastSend(Slide("Hi!", image="http://www.example.com/a.gif"), to=["61491570156"])
#: Each hostile text as a whole body.
BODIES: dict[str, Shape] = {name: lambda size, make=make: make(size).encode() for name, make in TEXTS.items()}


def around(before: bytes, shapes: dict[str, Shape], after: bytes, *, cut: slice = slice(None)) -> dict[str, Shape]:
    """Return shapes with something before and after each body."""
    return {name: lambda size, make=make: before + make(size)[cut] + after for name, make in shapes.items()}


def response_readers() -> Iterator[Reader]:
    for operation in (SEND, ListMMS()):
        for dialect, shapes in (
            ("skycore", xml_shapes("RESPONSE", "<STATUS>Success</STATUS><TRACKINGID>1</TRACKINGID>", "TO")),
            ("sinch", xml_shapes("response", "<status>Success</status>", "to")),
            ("sinch-json", json_shapes('"status":"Success"', ("mms-id",))),
        ):
            name = f"{dialect} response to {type(operation).__name__}"
            account = Account("some-long-key", dialect=get_dialect(dialect).name, max_response=NO_LIMIT)
            yield Reader(name, _decoding(account, operation), shapes)
    account = Account("some-long-key", max_response=NO_LIMIT)
    refusal = xml_shapes("RESPONSE", "<STATUS>Failure</STATUS><ERRORCODE>E110</ERRORCODE>", "ERRORINFO")
    yield Reader("skycore refusal", _decoding(account, SEND), refusal)
    yield Reader("not a response", _decoding(account, SEND, 500), BODIES)
    for generation in ("v3", "v1"):
        cellcast = CellcastAccount("some-long-key", generation=generation, max_response=NO_LIMIT)
        success = '"meta":{"code":200,"status":"SUCCESS"},"status":true'
        for operation in (CELLCAST_SEND, Responses()):
            name = f"cellcast {generation} response to {type(operation).__name__}"
            yield Reader(name, _decoding(cellcast, operation), json_shapes(success, ("data",)))
        refused = json_shapes('"meta":{"code":400,"status":"FIELD_INVALID"},"status":false', ("msg", "error"))
        yield Reader(f"cellcast {generation} refusal", _decoding(cellcast, CELLCAST_SEND, 400), refused)
        field = "messages" if generation == "v3" else "queueResponse"
        rows = around(b'{"status":true,"data":{"%b":' % field.encode(), json_shapes("", ("to",)), b"}}")
        yield Reader(f"cellcast {generation} rows", _decoding(cellcast, CELLCAST_SEND), rows)
    for encoding in ("gzip", "deflate"):
        headers = {"Content-Encoding": encoding}
        decompress = partial(response_from, 200, headers, limit=NO_LIMIT)
        yield Reader(f"{encoding} response", lambda body, read=decompress: read(body=body), GZIP_SHAPES, 20 * SIZE)
    dates = around(b"Mon, 01 Jan 2031 00:00:00", BODIES, b" GMT")
    for header in ("Retry-After", "Date", "Content-Encoding"):
        yield Reader(
            f"header {header}", partial(_read_header, header), {**BODIES, **{f"date: {n}": m for n, m in dates.items()}}
        )


def _decoding(account: Any, operation: Operation[Any], status: int = 200) -> Read:
    return lambda body: account.decode(operation, HttpResponse(status, {}, body))


def _read_header(header: str, value: bytes) -> None:
    headers = {"Retry-After": "Mon, 01 Jan 2031 00:00:00 GMT", header: value.decode()}
    retry_after(response_from(200, headers, b"", NO_LIMIT))


def postback_readers() -> Iterator[Reader]:
    def read(body: bytes, content_type: str | None = None) -> Any:
        return [notice.identity for notice in read_postbacks(body, content_type, max_report=NO_LIMIT, max_inbound=NO_LIMIT)]

    delivery, json_delivery = "<ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE>", '"origin":"MMS_MT","code":"N102"'
    yield Reader("postback", read, xml_shapes("POSTBACK", delivery, "TIMESTAMP"))
    yield Reader("postback, inbound", read, xml_shapes("POSTBACK", "<ORIGIN>MMS_MO</ORIGIN><CODE>N401</CODE>", "CONTENT"))
    yield Reader("postback, unknown", read, xml_shapes("POSTBACK", "<ORIGIN>X</ORIGIN><CODE>X</CODE>", "X"))
    old = around(b"<POSTBACK><NOTIFICATION>", xml_shapes("BODY", delivery, "STATUS"), b"</NOTIFICATION></POSTBACK>")
    yield Reader("postback, old", read, old)
    yield Reader("postback in JSON", read, json_shapes(json_delivery, ("timestamp",)))
    yield Reader("postbacks in JSON", read, around(b"[", json_shapes(json_delivery, ("to",)), b"]"))
    yield Reader("postback in a form", read, query_shapes("xml=%3CPOSTBACK/%3E", "xml"))
    yield Reader("postback in multipart", lambda body: read(body, MULTIPART), MULTIPART_SHAPES)
    yield Reader("postback in a form, not escaped", read, FORM_SHAPES)
    yield Reader("postback of wrong bytes", read, BYTES_SHAPES)
    yield Reader("postback, repaired", read, xml_shapes("POSTBACK", delivery + "<A>&#1;</A>", "STATUS"))
    yield Reader(
        "postbacks in JSON, repaired", read, around(b"[", json_shapes(json_delivery + r',"a":"\ud83d"', ("to",)), b"]")
    )
    yield Reader("not a postback", read, BODIES)
    hook = json_shapes('"from":"61491570156","body":"a"', ("body", "media"))
    yield Reader("cellcast webhook", lambda body: read_cellcast_webhook(body, max_bytes=NO_LIMIT), hook)
    yield Reader("report", lambda body: read_report(body, limit=NO_LIMIT), xml_shapes("RESPONSE", "", "STATUS"))


def file_readers() -> Iterator[Reader]:
    def read(body: bytes) -> Any:
        return read_file(body, limit=NO_LIMIT)

    yield Reader("slideshow in TOML", read, TOML_SHAPES)
    yield Reader("request in XML", read, xml_shapes("REQUEST", "<ACTION>sendMMS</ACTION><API_KEY>a</API_KEY>", "TO"))
    yield Reader("request in XML, sinch", read, xml_shapes("request", "<action>sendMMS</action>", "to"))
    yield Reader("request in JSON", read, json_shapes('"action":"sendMMS"', ("to", "slide")))
    yield Reader("request in a query", read, query_shapes("action=sendmms&api_key=a", "to"))
    yield Reader("operation as JSON", read, json_shapes('"skymms":1,"type":"SendMMS"', ("slideshow", "custom_text")))

    def from_json(body: bytes) -> Any:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):  # not what is tested here
            return None
        return from_dict(document)

    yield Reader("reply as JSON", from_json, json_shapes('"skymms":1,"type":"MMSList"', ("mms_ids", "raw")))
    for root, head, field in (("REQUEST", "<ACTION>sendMMS</ACTION>", "TO"), ("postback", "", "to")):
        # The first document builds the schema. Checking takes fifty times as long as parsing.
        schema_problems(f"<{root}/>".encode())
        yield Reader(f"schema of {root}", schema_problems, xml_shapes(root, head, field), SIZE // 5)
    yield Reader("image", find_damage, IMAGE_SHAPES, 30 * SIZE)


def text_readers() -> Iterator[Reader]:
    show = Slideshow("a", subject="a", slides=(Slide("a"),))
    account, cellcast = Account("some-long-key"), CellcastAccount("some-long-key", generation="v1")
    readers: dict[str, Callable[[str], Any]] = {
        "number": number_problem,
        "Australian number": mobile,
        "date": parse_date,
        "Cellcast date": parse_datetime,
        "Cellcast amount": parse_decimal,
        "UTC date": to_utc,
        "whole number": parse_integer,
        "units of a text": gsm_units,
        "URL": parse_http_url,
        "link": link_request,
        "host of a URL": unreachable_host,
        "code": error_class,
        "name": normalize_name,
        "credentials": strip_credentials,
        "message": lambda text: account.problems(
            SendMMS(Slideshow(text, subject=text, slides=(Slide(text, image=text),)), to=text, sender=text)
        ),
        "address of a GIF": lambda text: cellcast.problems(
            CellcastSend(Slide("a", image=f"http://a{text}.gif"), to=text, sender=text)
        ),
        "addresses": lambda text: account.problems(SendMMS(show, to=cast("Any", text.split(",")), sender="60856")),
    }
    for name, read in readers.items():
        yield Reader(name, lambda body, read=read: read(body.decode()), BODIES, 5 * SIZE)
    bodies = {**BODIES, "keys": lambda size: b"some-long-key" * (size // 13)}
    yield Reader("key in a body", lambda body: mask_key_in_body(body, "some-long-key"), bodies, 5 * SIZE)


#: The sandbox of this module.
_running: list[Sandbox] = []


def sandbox_readers() -> Iterator[Reader]:
    def at(path: str, *, content_type: str = "text/xml", method: str = "POST") -> Read:
        keys = {"x-api-key": "sandbox-key", "appkey": "sandbox-key", "authorization": "Bearer sandbox-key"}
        headers = {"host": "localhost", "content-type": content_type, **keys}

        def read(body: bytes) -> Any:
            query, content = (body.decode("latin-1"), b"") if method == "GET" else ("", body)
            return _running[0]._dispatcher.respond(ServerRequest(method, path, query, headers, content))

        return read

    def feed(request: Read) -> Read:
        def read(body: bytes) -> Any:
            _running[0].reset()
            request(body)
            return json.dumps(_running[0]._dispatcher.events.after(0, 0))

        return read

    head = "<ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY><NAME>a</NAME><SUBJECT>a</SUBJECT><FROM>60856</FROM>"
    yield Reader("sandbox, skycore", at(SKYCORE), xml_shapes("REQUEST", head, "TO"))
    yield Reader("sandbox, form", at(SKYCORE), query_shapes("xml=%3CREQUEST/%3E", "xml"))
    yield Reader("sandbox, multipart", at(SKYCORE, content_type=MULTIPART), MULTIPART_SHAPES)
    yield Reader("sandbox, query", at(SKYCORE, method="GET"), query_shapes("action=sendmms&api_key=sandbox-key", "to"))
    yield Reader("sandbox, sinch-json", at(JSON), json_shapes('"action":"sendmms"', ("slide",)))
    yield Reader("sandbox, cellcast v1", at("/api/v1/gatewaymms", content_type=MULTIPART), MULTIPART_SHAPES)
    yield Reader("sandbox, cellcast v3 in a form", at("/api/v3/send-mms", content_type=MULTIPART), MULTIPART_SHAPES)
    yield Reader("sandbox, control", at("/sandbox/block", content_type="application/json"), json_shapes("", ("numbers",)))
    yield Reader("sandbox, feed", feed(at(SKYCORE)), xml_shapes("REQUEST", head, "SUBJECT"))
    yield Reader("sandbox, query of the feed", feed(at("/sandbox/feed", method="GET")), query_shapes("after=0", "wait"))
    yield Reader("sandbox, HTTP", lambda body: exchange(_running[0].url, body), HTTP_SHAPES, 5 * SIZE)


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> Iterator[None]:
    with Sandbox() as sandbox:
        _running.append(sandbox)
        yield
    _running.clear()


def readers() -> Iterator[Reader]:
    for some in (response_readers, postback_readers, file_readers, text_readers, sandbox_readers):
        yield from some()


READERS = {reader.name: reader for reader in readers()}


@pytest.mark.parametrize("name", READERS)
def test_the_time_grows_as_the_input_does(name):
    reader = READERS[name]
    found = {}
    for shape_name, shape in reader.shapes.items():
        # Another program may take the processor at the wrong moment. What grows with the square takes 100 times as long.
        for _ in range(6):
            if (factor := growth(reader, shape)) < MAX_GROWTH:
                break
        else:
            found[shape_name] = round(factor)
    assert not found
