"""The sandbox's gateway, called by plain HTTP as from another language."""

from __future__ import annotations

import http.client
import json
import socket
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import pytest
from lxml import etree
from misbehaving_server import closed_url

from skymms import (
    Account,
    Client,
    ConfigurationError,
    CreateCampaign,
    DeliveryReport,
    EncodingReport,
    Limits,
    ListMMS,
    MMSError,
    NotFoundError,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SendSavedMMSCampaign,
    Slide,
    Slideshow,
    Subscribe,
)
from skymms.sandbox import AT_ONCE, PostbackReceiver, Sandbox
from skymms.sandbox.listener import MAX_BODY
from skymms.wire.dialects import DIALECTS, get_dialect

pytestmark = pytest.mark.compat

IMAGE, AUDIO, VIDEO = (f"http://media.example/file.{kind}" for kind in ("jpg", "mp3", "mp4"))
SHOW = Slideshow("coupon", subject="Free").slide("Hi!", image=IMAGE)
SEND = SendMMS(SHOW, to="15551234888", sender="60856")

SKYCORE_PATH = "/API/wxml/1.3/index.php"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


def call(sandbox: Sandbox, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    try:
        connection.request(method, path, body or None, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def fields(document: bytes) -> dict[str, str]:
    return {str(child.tag): child.text or "" for child in etree.fromstring(document)}


class TestRequests:
    XML = (
        "<REQUEST><ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY><TO>15551234888</TO><FROM>60856</FROM>"
        "<SUBJECT>a + b &amp; c</SUBJECT><NAME>n</NAME><SLIDE><TEXT>Grüße 🎉</TEXT></SLIDE></REQUEST>"
    )

    @pytest.mark.parametrize(
        "body",
        [XML.encode(), b"xml=" + quote_plus(XML).encode(), b"\n " + XML.encode()],
        ids=["bare", "form", "leading whitespace"],
    )
    def test_xml_is_accepted_bare_and_in_a_form_field(self, sandbox, body):
        status, response = call(sandbox, "POST", SKYCORE_PATH, body)
        assert (status, fields(response)["STATUS"]) == (200, "Success")
        assert sandbox.sent[-1].slideshow == Slideshow("n", subject="a + b & c", slides=(Slide("Grüße 🎉"),))

    @pytest.mark.parametrize("blank", ["+", "%20"])
    def test_a_space_in_a_get_request_may_be_plus_or_percent_20(self, sandbox, blank):
        query = (
            f"action=SENDMMS&api_key=sandbox-key&to=15551234888&from=60856&subject=Free{blank}coupon"
            f"&name=n&slide_text_value_0=Hi{blank}there&slide_duration_0=5"
        )
        status, response = call(sandbox, "GET", f"{SKYCORE_PATH}?{query}")
        assert (status, fields(response)["STATUS"]) == (200, "Success")
        assert sandbox.sent[-1].slideshow == Slideshow("n", subject="Free coupon", slides=(Slide("Hi there", duration=5),))

    def test_the_address_without_index_php_is_accepted(self, sandbox):
        assert fields(call(sandbox, "POST", "/API/wxml/1.3/", self.XML.encode())[1])["STATUS"] == "Success"

    def test_a_response_uses_the_field_names_of_its_dialect(self, sandbox):
        document = b"<request><action>deleteMMSID</action><api-key>sandbox-key</api-key><mms-id>1</mms-id></request>"
        assert fields(call(sandbox, "POST", "/ep/v1/", document)[1])["error-code"] == "E241"

    REFUSED = (
        ("E108", "<REQUEST><ACTION>sendMMS</REQUEST>"),
        ("E108", "<!DOCTYPE REQUEST><REQUEST><ACTION>sendMMS</ACTION></REQUEST>"),
        ("E108", "<request><action>sendMMS</action></request>"),
        ("E100", "hello"),
        ("E100", ""),
        ("E100", "<REQUEST><API_KEY>sandbox-key</API_KEY></REQUEST>"),
        ("E100", "<REQUEST><ACTION>sendMMS</ACTION><ACTION>saveMMS</ACTION></REQUEST>"),
        ("E100", "<REQUEST><ACTION>sendMMS</ACTION><TO>1</TO><TO>2</TO></REQUEST>"),
        ("E107", "<REQUEST><ACTION>makeTea</ACTION><API_KEY>sandbox-key</API_KEY></REQUEST>"),
        ("E104", "<REQUEST><ACTION>sendMMS</ACTION></REQUEST>"),
        ("E104", "<REQUEST><ACTION>sendMMS</ACTION><API_KEY>wrong</API_KEY></REQUEST>"),
        ("E110", "<REQUEST><ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY></REQUEST>"),
        ("E241", "<REQUEST><ACTION>deleteMMSID</ACTION><API_KEY>sandbox-key</API_KEY><MMSID>1</MMSID></REQUEST>"),
    )

    @pytest.mark.parametrize(("code", "document"), REFUSED)
    def test_an_invalid_request_is_refused_with_its_code(self, sandbox, code, document):
        status, response = call(sandbox, "POST", SKYCORE_PATH, document.encode(), Content_Length=str(len(document)))
        assert (status, fields(response)["STATUS"], fields(response)["ERRORCODE"]) == (200, "Failure", code)

    @pytest.mark.parametrize(
        ("field", "junk"),
        [
            *((field, "%00") for field in ("action", "to", "slide_image_url_0", "subject", "slide_text_value_9999999999")),
            *(("to", junk) for junk in ("%ef%bf%be", "%0b%1b", "%ed%a0%80", "%ff")),
        ],
    )
    def test_characters_that_xml_cannot_contain_are_refused_and_not_repeated(self, sandbox, field, junk):
        query = f"action=sendmms&api_key=sandbox-key&to=15551234888&from=1&name=n&slide_text_value_0=x&{field}={junk}"
        status, response = call(sandbox, "GET", f"{SKYCORE_PATH}?{query}")
        assert (status, fields(response)["STATUS"]) == (200, "Failure")

    def test_the_sandbox_refuses_other_addresses_and_methods(self, sandbox):
        assert call(sandbox, "POST", "/elsewhere", b"x")[0] == 404
        assert call(sandbox, "GET", "/ep/v1/")[0] == 404
        assert call(sandbox, "PUT", SKYCORE_PATH, b"x")[0] == 501

    def test_the_404_of_the_sandbox_lists_its_addresses(self):
        lines: list[str] = []
        with Sandbox(on_event=lines.append) as sandbox:
            status, page = call(sandbox, "POST", "/api/wxml/1.3/index.php", b"x")
        assert (status, page.count(SKYCORE_PATH.encode()), b"/api/v3/" in page) == (404, 2, True)
        assert [line for line in lines if "POST /api/wxml/1.3/index.php -> 404" in line]

    @pytest.mark.parametrize("number", ["+15551234888", "1 555 1234888", "(1)5551234888"])
    def test_a_number_with_other_characters_than_digits_is_refused(self, sandbox, number):
        document = f"<REQUEST><ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY><TO>{number}</TO></REQUEST>"
        assert fields(call(sandbox, "POST", SKYCORE_PATH, document.encode())[1])["ERRORCODE"] == "E110"

    def test_an_internal_error_is_a_500_and_is_printed(self, capsys):
        with Sandbox() as broken:
            broken._dispatcher.gateway._state = None  # type: ignore[assignment]
            status, body = call(broken, "POST", SKYCORE_PATH, self.XML.encode())
        assert (status, b"stderr" in body) == (500, True)
        assert "Traceback" in capsys.readouterr().err

    def test_the_root_describes_the_sandbox(self, sandbox):
        status, page = call(sandbox, "GET", "/")
        assert status == 200
        assert all(one.title.encode() in page for one in DIALECTS.values())

    def test_a_body_that_is_too_long_is_not_read(self, sandbox):
        assert call(sandbox, "POST", SKYCORE_PATH, b"", Content_Length=str(MAX_BODY + 1))[0] == 413

    @pytest.mark.parametrize("length", ["", "-1", "many"])
    def test_an_invalid_content_length_is_refused(self, sandbox, length):
        with socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port), timeout=10) as raw:
            raw.sendall(f"POST {SKYCORE_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 400")

    def test_an_incomplete_request_is_not_recorded(self, sandbox):
        before = len(sandbox.requests)
        with socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port), timeout=10) as raw:
            raw.sendall(f"POST {SKYCORE_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n<REQ".encode())
            raw.shutdown(socket.SHUT_WR)
            assert raw.recv(100) == b""
        assert len(sandbox.requests) == before


# For each rule about slides, a message that violates it.
INVALID = [
    ("E223", {"slides": (Slide(vcard="http://a.example/a.vcf", pdf="http://a.example/a.pdf"),)}),
    ("E224", {"slides": (Slide(image=IMAGE, pdf="http://a.example/a.pdf"),)}),
    ("E225", {"slides": (Slide("x"),) * 9}),
    ("E226", {"slides": (Slide("fine"), Slide(audio=AUDIO, video=VIDEO))}),
    ("E227", {"slides": (Slide(image=IMAGE, video=VIDEO),)}),
    ("E230", {"slides": (Slide("x", duration=0),)}),
    ("E311", {"name": " "}),
    ("E312", {"slides": ()}),
    ("E313", {"slides": (Slide(),)}),
    ("E314", {"subject": "s" * 81}),
    ("E334", {"slides": (Slide("x" * 5001),)}),
    ("E351", {"slides": (Slide(image="images/a.jpg"),)}),
    ("E352", {"slides": (Slide("fine"), Slide(audio="jingle.mp3"))}),
    ("E353", {"slides": (Slide(video="//media.example/clip.mp4"),)}),
    ("E355", {"slides": (Slide(vcard="ftp://media.example/ada.vcf"),)}),
    ("E356", {"slides": (Slide(ical="http://"),)}),
    ("E357", {"slides": (Slide(pdf="C:\\menu.pdf"),)}),
    ("E358", {"slides": (Slide(passbook="http://media.example/a pass.pkpass"),)}),
    ("E622", {"subject": None}),
]

#: Every rule in one dialect; in the others one rule about a slide, one about a text, and one about a missing field.
RULES_AND_DIALECTS = [
    (dialect, code, changes)
    for dialect in DIALECTS
    for code, changes in INVALID
    if dialect == "skycore" or code in {"E226", "E314", "E622"}
]


class TestValidation:
    @pytest.mark.parametrize(("name", "code", "changes"), RULES_AND_DIALECTS)
    def test_the_sandbox_refuses_what_the_account_refuses_before_sending(self, sandbox, name, code, changes):
        show = SHOW.replace(fallback_text="f" if name.startswith("sinch") and code != "E622" else None).replace(**changes)
        extra: dict[str, Any] = {"service_id": "12345"} if name.startswith("sinch") else {}
        operation = SendMMS(show, to="15551234888", sender="60856", **extra)
        account = sandbox.account(name)
        here = account.problems(operation)[0]
        request = account.wrap(get_dialect(name).encode_request(operation, "sandbox-key"))
        parts = urlsplit(request.url)
        status, response = call(
            sandbox, request.method, f"{parts.path}?{parts.query}".rstrip("?"), request.body, **dict(request.headers)
        )
        response = json.loads(response) if name == "sinch-json" else fields(response)
        there = {key.lower().replace("-", ""): value for key, value in response.items()}
        assert (status, there["errorcode"]) == (200, code) == (200, here.code)
        assert here.where in there["errorinfo"]

    def test_the_sandboxs_limits_can_require_a_field(self, kind):
        with Sandbox(limits=Limits(required=frozenset({"operator_id"}))) as strict, kind(strict.account()) as client:
            with pytest.raises(MMSError) as raised:
                client.call(SEND)
            assert (raised.value.code, raised.value.foreseen) == ("E650", False)

    def test_the_sandbox_does_not_keep_the_api_key(self, sandbox):
        call(sandbox, "GET", f"{SKYCORE_PATH}?{urlencode({'action': 'getmmsids', 'api_key': 'canary-5fa1c0de-key'})}")
        assert "canary" not in repr(sandbox.requests) + repr(sandbox) + repr(vars(sandbox))


class TestSavedSlideshows:
    def test_a_list_of_saved_slideshows_is_newest_first_and_has_pages(self, kind):
        with Sandbox() as sandbox, kind(sandbox.account("sinch")) as client:
            assert client.call(ListMMS()).mms_ids == ()
            ids = [client.call(SaveMMS(SHOW.replace(name=f"show {number}"))).mms_id for number in range(5)]
            page = client.call(ListMMS(page=2, per_page=2))
        assert page.mms_ids == (ids[2], ids[1])
        assert (page.page, page.per_page, page.total) == (2, 2, 5)
        assert page.templates[0].name == "show 2"
        assert page.templates[0].created.tzinfo is not None

    def test_a_list_from_a_date_has_only_slideshows_saved_later(self):
        with Sandbox() as sandbox, Client(sandbox.account("sinch")) as client:
            client.call(SaveMMS(SHOW))
            start = sandbox.clock.now() + timedelta(hours=1)
            sandbox.clock.advance(hours=2)
            later = client.call(SaveMMS(SHOW)).mms_id
            assert client.call(ListMMS(start_date=start)).mms_ids == (later,)

    def test_a_slideshow_sent_to_a_campaign_is_not_sent_to_blocked_numbers(self):
        numbers = ["15551230001", "15551230002"]
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account()) as client:
            campaign: Any = client.call(CreateCampaign(campaign_name="offers", brand_name="Shop")).campaign_id
            for number in numbers:
                client.call(Subscribe(number, campaign=campaign))
            mms_id = client.call(SaveMMS(SHOW)).mms_id
            sandbox.block(numbers[1])
            client.call(SendSavedMMSCampaign(mms_id, to_campaign=campaign))
            reports: Any = sandbox.requests[-1].notices
        assert {report.to for report in reports} == {numbers[0]}

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get", "sinch"])
    def test_an_empty_store_is_an_empty_list_in_every_dialect_that_lists(self, kind, dialect):
        with Sandbox() as sandbox, kind(sandbox.account(dialect)) as client:
            listing = client.call(ListMMS())
            assert (listing.mms_ids, listing.templates) == ((), ())
            # Skycore 1.3 answers with a refusal, which the reply keeps.
            assert (("ERRORCODE", "E200") in listing.raw) == (dialect != "sinch")

    def test_an_unknown_slideshow_id_cannot_be_sent(self, sandbox, kind):
        with kind(sandbox.account()) as client, pytest.raises(NotFoundError) as raised:
            client.call(SendSavedMMS("999999", to="15551234888", sender="60856"))
        assert raised.value.code == "E241"


class TestPostbacks:
    def test_reports_arrive_in_order_with_the_fields_of_the_request(self, kind):
        with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox:
            with kind(sandbox.account("sinch")) as client:
                saved = client.call(SaveMMS(SHOW))
                sent = client.call(
                    SendSavedMMS(
                        saved.mms_id, to="15551234888", sender="60856", service_id="1", fallback_text="f", operator_id="31002"
                    )
                )
            ready, on_its_way, there = inbox.wait(3)
        assert isinstance(ready, EncodingReport)
        assert isinstance(on_its_way, DeliveryReport)
        assert (ready.ready, ready.mms_id) == (True, saved.mms_id)
        assert isinstance(there, DeliveryReport)
        assert (on_its_way.final, there.delivered) == (False, True)
        assert (there.tracking_id, there.to, there.operator_id) == (sent.tracking_id, "15551234888", "31002")
        assert isinstance(there.timestamp, datetime)
        assert there.timestamp.tzinfo is not None

    def test_an_invalid_postback_url_is_refused_at_construction(self):
        with pytest.raises(ConfigurationError, match="postback_url"):
            Sandbox(postback_url="nonsense")

    def test_the_sandbox_serves_requests_while_its_postback_receiver_is_unreachable(self, kind):
        lines: list[str] = []
        with Sandbox(postback_url=closed_url(), on_event=lines.append) as sandbox, kind(sandbox.account()) as client:
            client.call(SEND)
            client.call(SEND)
        assert [line for line in lines if "SendMMS in skycore to 15551234888" in line]
        assert not [line for line in lines if "sandbox-key" in line]

    def test_a_postback_receiver_refuses_a_body_that_is_not_a_postback(self):
        with PostbackReceiver() as inbox:
            parts = urlsplit(inbox.url)
            connection = http.client.HTTPConnection(parts.netloc, timeout=10)
            connection.request("POST", parts.path, b"<HTML/>")
            assert connection.getresponse().status == 400
            connection.close()
            assert len(inbox.failures) == 1
            assert inbox.notices == ()
            with pytest.raises(TimeoutError, match="0 of 1"):
                inbox.wait(1, timeout=0.01)

    def test_a_postback_receiver_ignores_repeated_postbacks(self):
        document = b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N003</CODE><MMSID>35674</MMSID></POSTBACK>"
        with PostbackReceiver() as inbox:
            parts = urlsplit(inbox.url)
            for _ in range(3):
                connection = http.client.HTTPConnection(parts.netloc, timeout=10)
                connection.request("POST", parts.path, document)
                assert connection.getresponse().status == 200
                connection.close()
            assert len(inbox.wait(1)) == 1


class TestSandbox:
    def test_a_sandbox_listens_on_loopback_on_a_free_port(self):
        with Sandbox() as one, Sandbox() as two:
            assert one.url != two.url
            assert urlsplit(one.url).hostname == "127.0.0.1"

    def test_there_is_an_account_for_every_dialect(self, sandbox):
        for name in DIALECTS:
            account = sandbox.account(name)
            assert isinstance(account, Account)
            assert account.address.startswith(sandbox.url)
        with pytest.raises(ConfigurationError):
            sandbox.account("smtp")

    def test_a_closed_sandbox_does_not_listen(self):
        with Sandbox() as sandbox:
            pass
        with pytest.raises(ConnectionRefusedError):
            call(sandbox, "GET", "/")
