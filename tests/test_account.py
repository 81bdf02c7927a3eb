"""Accounts: requests, responses, and the API key, which is never shown."""

from __future__ import annotations

import copy
import html
import json
import pickle
import re
import traceback
from dataclasses import asdict, replace
from itertools import product
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, quote_plus, urlsplit
from xml.sax.saxutils import escape

import pytest
from client_calls import CANARY

from skymms import (
    Account,
    AuthenticationError,
    Client,
    ConfigurationError,
    DeletedMMS,
    DeleteMMS,
    GatewayFaultError,
    HttpRequest,
    HttpResponse,
    Limits,
    ListMMS,
    MMSError,
    MMSList,
    Operation,
    ProtocolError,
    RecipientError,
    SavedMMS,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SentMMS,
    SkymmsError,
    Slide,
    SlideRuleError,
    Slideshow,
    ThrottledError,
)
from skymms.aio import AsyncClient
from skymms.cellcast import Balance
from skymms.wire.dialects import DIALECTS, DialectName

pytestmark = pytest.mark.compat

SHOW = Slideshow("Coupon", subject="Free!", fallback_text="See", slides=(Slide("Hi!"),))
TO = {"to": "15551234888", "sender": "60856", "service_id": None}
EACH_DIALECT = pytest.mark.parametrize("dialect", DIALECTS)


def account(dialect: DialectName = "skycore", **options: Any) -> Account:
    return Account(CANARY, dialect=dialect, **options)


def sending(dialect: str = "skycore") -> SendMMS:
    return SendMMS(SHOW, **{**TO, "service_id": "28444mms" if dialect.startswith("sinch") else None})


def answer(*nodes: str, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, headers or {}, f"<RESPONSE>{''.join(nodes)}</RESPONSE>".encode())


SUCCESS, FAILURE = "<STATUS>Success</STATUS>", "<STATUS>Failure</STATUS>"

# ------------------------------------------------------------------------------------------------ requests


def test_skycore_xml_is_sent_in_a_form_field() -> None:
    request = account().encode(sending())
    assert (request.method, request.url) == ("POST", "https://secure.skycore.com/API/wxml/1.3/index.php")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"].startswith("application/xml")
    (field,) = parse_qs(request.body.decode("ascii"), strict_parsing=True).items()
    assert field[0] == "xml"
    assert field[1][0].startswith('<?xml version="1.0" encoding="UTF-8"?>\n<REQUEST><ACTION>sendMMS</ACTION>')


def test_bare_body_sends_skycore_xml_as_the_body() -> None:
    bare, form = account(bare_body=True).encode(sending()), account().encode(sending())
    assert bare.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert bare.body == parse_qs(form.body.decode("ascii"))["xml"][0].encode()


def test_skycore_get_has_the_request_in_the_url_and_no_body() -> None:
    request = account("skycore-get").encode(sending())
    assert (request.method, request.body) == ("GET", b"")
    assert "Content-Type" not in request.headers
    parts = urlsplit(request.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://secure.skycore.com/API/wxml/1.3/index.php"
    assert dict(parse_qsl(parts.query))["slide_text_value_0"] == "Hi!"


def test_sinch_xml_is_always_the_body() -> None:
    for bare in True, False:
        request = account("sinch", bare_body=bare).encode(sending("sinch"))
        assert (request.method, request.url) == ("POST", "https://api.ci.mblox.com/ep/v1/")
        assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
        assert request.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<request><action>sendMMS</action>')


@EACH_DIALECT
def test_the_url_of_the_account_is_used_unchanged(dialect: DialectName) -> None:
    url = "https://secure.sumotext.example/API/wxml/1.3/"
    request = account(dialect, url=url).encode(sending(dialect))
    assert request.url.partition("?")[0] == url


@EACH_DIALECT
def test_an_invalid_operation_is_not_encoded(dialect: DialectName) -> None:
    wrong = replace(
        sending(dialect), slideshow=SHOW.replace(slides=(Slide(audio="https://x.example/a", video="https://x.example/b"),))
    )
    with pytest.raises(SlideRuleError) as caught:
        account(dialect).encode(wrong)
    assert caught.value.foreseen
    assert caught.value.problems == account(dialect).problems(wrong)


@EACH_DIALECT
def test_encoding_an_operation_twice_gives_equal_requests(dialect: DialectName) -> None:
    assert account(dialect).encode(sending(dialect)) == account(dialect).encode(sending(dialect))


def test_an_account_returns_the_warnings_of_an_operation() -> None:
    assert [problem.field for problem in account().warnings(replace(sending(), to="60856"))] == ["to"]


# ------------------------------------------------------------------------------------------------ making one


def test_an_account_comes_from_the_environment() -> None:
    env = {"SKYMMS_API_KEY": CANARY, "SKYMMS_DIALECT": "sinch", "SKYMMS_URL": "http://127.0.0.1:8080/ep/v1/", "OTHER": "x"}
    assert Account.from_env(env) == Account(CANARY, dialect="sinch", url="http://127.0.0.1:8080/ep/v1/")
    assert Account.from_env({"SKYMMS_API_KEY": CANARY, "SKYMMS_DIALECT": "", "SKYMMS_URL": ""}) == Account(CANARY)


def test_keyword_arguments_win_over_the_environment() -> None:
    env = {"SKYMMS_API_KEY": "another-key", "SKYMMS_DIALECT": "sinch"}
    assert Account.from_env(env, api_key=CANARY, dialect="skycore", bare_body=True) == Account(CANARY, bare_body=True)


def test_from_env_reads_the_environment_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYMMS_API_KEY", CANARY)
    monkeypatch.delenv("SKYMMS_DIALECT", raising=False)
    monkeypatch.delenv("SKYMMS_URL", raising=False)
    assert Account.from_env() == Account(CANARY)


@pytest.mark.parametrize("key", ["", " ", "\t\n", None, 0])
def test_an_account_needs_a_key(key: Any) -> None:
    with pytest.raises(ConfigurationError, match="SKYMMS_API_KEY"):
        Account(key)
    with pytest.raises(ConfigurationError, match="SKYMMS_API_KEY"):
        Account.from_env({})


@pytest.mark.parametrize(
    "key",
    [
        CANARY + "\n",
        f" {CANARY}",
        f"{CANARY} ",
        CANARY.replace("-", " "),
        "canary\x005fa1c0de",
        "canary-\u200b5fa1c0de",
        "кanary-5fa1c0de",
        CANARY.encode(),
        12345678,
    ],
)
def test_an_impossible_key_is_refused_and_not_shown(key: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Account(key)
    assert "5fa1c0de" not in f"{caught.value!r}"


@pytest.mark.parametrize("name", ["", "SKYCORE", "skycore-xml", "json", None])
def test_an_unknown_dialect_is_refused(name: Any) -> None:
    with pytest.raises(ConfigurationError, match="skycore-get"):
        Account(CANARY, dialect=name)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "secure.skycore.com",
        "//secure.skycore.com/",
        "ftp://secure.skycore.com/",
        "file:///etc/passwd",
        "https://",
        "https:///API/",
        "https://:443/",
        "https://[::1/",
        "https://host:port/",
        "https://a..b/",
        f"https://{'a' * 64}.example/",
        f"https://{'ä' * 64}.example/",
        "https://host:99999/",
        "https://host/?api_key=x",
        "https://host/#top",
        "javascript:alert(1)",
        5,
        b"https://host/",
    ],
)
def test_an_invalid_url_is_refused(url: Any) -> None:
    with pytest.raises(ConfigurationError, match="url"):
        Account(CANARY, url=url)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limits": None},
        {"dialect": ["skycore"]},
        {"line_break": 5},
        {"bare_body": "no"},
        {"max_response": 0},
        {"max_response": "1"},
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Account(CANARY, **wrong)


def test_the_password_in_a_url_is_not_shown() -> None:
    held = Account(CANARY, url="https://ada:hunter2@host/api")
    assert held.address == "https://ada:hunter2@host/api"
    assert "https://host/api" in repr(held)
    for shows in repr(held), repr(Client(held)), repr(AsyncClient(held)):
        assert "hunter2" not in shows
    wrong = ["ftp://ada:hunter2@host/api", "https://ada:hunter2#x@host/", "https://ada:hunter2/x@host/", "ada:hunter2@host"]
    wrong += ["https://ada:1/hunter2@host/", "https:/ada:hunter2@host/", "https://ada:x?hunter2@host/"]
    for url in wrong:
        with pytest.raises(ConfigurationError, match="host") as caught:
            Account(CANARY, url=url)
        assert "hunter2" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/a",
        "HTTPS://host./a/b",
        "https://[::1]:8080/a",
        "https://bücher.example/a",
        "https://me:pass@host/a",
    ],
)
def test_a_valid_url_is_accepted(url: str) -> None:
    assert Account(CANARY, url=url).address == url


# ------------------------------------------------------------------------------------------------ answers

ANSWERED: list[tuple[Operation[Any], str, object]] = [
    (sending(), "<TO>15551234888</TO><MMSID>7</MMSID><TRACKINGID>T</TRACKINGID>", SentMMS("7", "T", "15551234888")),
    (SaveMMS(SHOW), "<MMSID>7</MMSID>", SavedMMS("7")),
    (SendSavedMMS("7", to="15551234888", sender="1"), "<MMSID>7</MMSID><FROM>2</FROM>", SentMMS("7", sender="2")),
    (ListMMS(), "<MMSIDS>7, 8 ,9</MMSIDS>", MMSList(("7", "8", "9"))),
    (ListMMS(), "<MMSIDS></MMSIDS>", MMSList()),
    (DeleteMMS(7), "<MMSID>7</MMSID>", DeletedMMS("7")),
]


@pytest.mark.parametrize(("operation", "nodes", "reply"), ANSWERED)
@pytest.mark.parametrize("said", ["Success", "success", "SUCCESS", " Success\n"])
@pytest.mark.parametrize("status", [200, 201, 302, 404, 500])
def test_the_status_in_the_document_decides_about_success(
    operation: Operation[Any], nodes: str, reply: object, said: str, status: int
) -> None:
    # The HTTP status does not matter.
    told = account().decode(operation, answer(f"<STATUS>{said}</STATUS>", nodes, status=status))
    assert told == reply
    assert type(told) is type(reply)


@pytest.mark.parametrize(
    "nodes",
    [
        f"{FAILURE}<ERRORCODE>E110</ERRORCODE><ERRORINFO>No.</ERRORINFO>",
        "<STATUS>failure</STATUS><ERRORINFO>No.</ERRORINFO><ERRORCODE> e110 </ERRORCODE>",
        "<ERRORCODE>E110</ERRORCODE><ERRORINFO>No.</ERRORINFO>",
        "<status>Failure</status><error-code>E110</error-code><error-info>No.</error-info>",
        "<Status>Failed</Status><Error_Code>E110</Error_Code><Error_Info>No.</Error_Info>",
    ],
)
@pytest.mark.parametrize("status", [200, 400, 429, 500, 503])
def test_another_status_or_an_error_code_is_a_refusal_whatever_the_http_status(nodes: str, status: int) -> None:
    with pytest.raises(RecipientError) as caught:
        account().decode(sending(), answer(nodes, status=status))
    error = caught.value
    assert (error.code, error.info, error.foreseen, error.sent_maybe, error.problems) == ("E110", "No.", False, False, ())
    assert ("No.") in [text for _, text in error.reply]


@pytest.mark.parametrize("said", ["Success", "Queued", "accepted"])
@pytest.mark.parametrize("code", ["E110", "E113", "E618", "0", "E9999"])
def test_a_success_status_with_an_error_code_may_have_sent(said: str, code: str) -> None:
    both = f"<STATUS>{said}</STATUS><TRACKINGID>MMS_1</TRACKINGID><ERRORCODE>{code}</ERRORCODE>"
    with pytest.raises(MMSError) as caught:
        account().decode(sending(), answer(both))
    assert (caught.value.code, caught.value.sent_maybe) == (code, True)
    assert "before you send it again" in str(caught.value), "no remedy is to send again"
    with pytest.raises(MMSError) as caught:
        account().decode(ListMMS(), answer(both))
    assert not caught.value.sent_maybe, "reading sends nothing"


def test_the_response_form_of_2013_is_decoded_for_one_number() -> None:
    sent = "<SENDING><TRACKINGID>MMS_1</TRACKINGID><TO>15551234888</TO></SENDING>"
    assert account().decode(sending(), answer(SUCCESS, sent)).tracking_id == "MMS_1"
    refused = "<SENDING><ERRORCODE>E110</ERRORCODE><TO>15551234888</TO><ERRORINFO>No.</ERRORINFO></SENDING>"
    with pytest.raises(RecipientError, match="No"):
        account().decode(sending(), answer(SUCCESS, refused))
    # We ask for one number: two are somebody else's.
    with pytest.raises(ProtocolError, match="twice"):
        account().decode(sending(), answer(SUCCESS, sent + refused))


def test_an_unknown_status_may_have_sent() -> None:
    with pytest.raises(MMSError) as caught:
        account().decode(sending(), answer("<STATUS>Queued</STATUS><TRACKINGID>MMS_1</TRACKINGID>"))
    assert (type(caught.value), caught.value.sent_maybe) == (MMSError, True)


def test_a_failure_without_a_code_is_raised_as_the_base_class() -> None:
    with pytest.raises(MMSError) as caught:
        account().decode(sending(), answer(FAILURE, "<ERRORINFO>Something happened</ERRORINFO>"))
    assert type(caught.value) is MMSError
    assert (caught.value.code, caught.value.info) == ("", "Something happened")
    assert str(caught.value).startswith("Something happened")


def test_an_empty_error_code_is_ignored() -> None:
    assert account().decode(SaveMMS(SHOW), answer(SUCCESS, "<ERRORCODE></ERRORCODE><MMSID>7</MMSID>")) == SavedMMS("7")


@pytest.mark.parametrize("code", ["E716", "E000", "X-17"])
def test_an_unknown_error_code_is_kept(code: str) -> None:
    with pytest.raises(MMSError) as caught:
        account().decode(sending(), answer(FAILURE, f"<ERRORCODE>{code}</ERRORCODE>"))
    assert type(caught.value) is MMSError
    assert caught.value.code == code


def test_a_gateway_fault_may_have_sent_a_message_but_not_a_listing() -> None:
    for operation, maybe in (sending(), True), (DeleteMMS(7), True), (ListMMS(), False):
        with pytest.raises(GatewayFaultError) as caught:
            account().decode(operation, answer(FAILURE, "<ERRORCODE>E503</ERRORCODE>"))
        assert caught.value.sent_maybe is maybe


NOT_THE_PROTOCOL = {
    "nothing": b"",
    "a web page": b"<html><body>OK</body></html>",
    "words": b"OK",
    "JSON": b'{"status": "Success"}',
    "a postback": b"<POSTBACK><STATUS>Success</STATUS></POSTBACK>",
    "a request": b"<REQUEST><ACTION>sendMMS</ACTION></REQUEST>",
    "no status": b"<RESPONSE><MMSID>7</MMSID></RESPONSE>",
    "an empty status": b"<RESPONSE><STATUS> </STATUS></RESPONSE>",
    "two statuses": b"<RESPONSE><STATUS>Success</STATUS><STATUS>Failure</STATUS></RESPONSE>",
    "two statuses in two spellings": b"<RESPONSE><STATUS>Success</STATUS><status>Success</status></RESPONSE>",
    "a status further down": b"<RESPONSE><A><STATUS>Success</STATUS></A></RESPONSE>",
    "two ids": b"<RESPONSE><STATUS>Success</STATUS><MMSID>7</MMSID><mms-id>7</mms-id><MMSIDS/><mmsids/></RESPONSE>",
    "half an answer": b"<RESPONSE><STATUS>Success</STA",
}


@pytest.mark.parametrize("body", NOT_THE_PROTOCOL.values(), ids=NOT_THE_PROTOCOL)
@pytest.mark.parametrize("status", [200, 202, 204, 301, 307, 400, 401, 404, 408, 500, 502, 504])
def test_a_response_outside_the_protocol_may_have_sent_unless_it_is_a_4xx(body: bytes, status: int) -> None:
    response = HttpResponse(status, {}, body)
    for operation in sending(), SaveMMS(SHOW), SendSavedMMS("7", to="15551234888", sender="1"), DeleteMMS("7"), ListMMS():
        with pytest.raises(ProtocolError) as caught:
            account().decode(operation, response)
        error = caught.value
        plain_no = 400 <= status < 500 and status != 408
        assert error.sent_maybe is (not plain_no and not isinstance(operation, ListMMS))
        assert (error.status, error.body) == (status, body)
        assert str(status) in str(error)


@pytest.mark.parametrize("body", NOT_THE_PROTOCOL.values(), ids=NOT_THE_PROTOCOL)
def test_http_429_is_throttling_and_nothing_was_sent(body: bytes) -> None:
    with pytest.raises(ThrottledError) as caught:
        account().decode(sending(), HttpResponse(429, {"Retry-After": "5"}, body))
    assert not caught.value.sent_maybe
    assert str(caught.value).count(caught.value.meaning) == 1


@pytest.mark.parametrize(
    ("operation", "nodes"),
    [
        (sending(), "<TO>15550000666</TO>"),
        (SendSavedMMS("7", to="15551234888", sender="1"), "<TO>15550000666</TO><MMSID>7</MMSID>"),
        (SendSavedMMS("7", to="15551234888", sender="1"), "<MMSID>8</MMSID>"),
        (SendSavedMMS(7, to="15551234888", sender="1"), "<MMSID>07</MMSID>"),
        (DeleteMMS("7"), "<MMSID>8</MMSID>"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 404, 429, 500])
def test_a_response_with_another_number_or_id_is_refused(operation: Operation[Any], nodes: str, status: int) -> None:
    with pytest.raises(ProtocolError, match="another request") as caught:
        account().decode(operation, answer(SUCCESS, nodes, status=status))
    assert caught.value.sent_maybe
    assert "no gateway" not in str(caught.value)
    assert "15550000666" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 400, 404, 429, 500])
def test_try_again_later_about_another_number_does_not_say_that_nothing_was_sent(status: int) -> None:
    with pytest.raises(ProtocolError, match="another request") as caught:
        account().decode(sending(), answer(FAILURE, "<ERRORCODE>E106</ERRORCODE><TO>15550000666</TO>", status=status))
    assert caught.value.sent_maybe


@pytest.mark.parametrize(
    ("operation", "nodes"),
    [
        (replace(sending(), to="+1 (555) 123-4888"), "<TO>15551234888</TO>"),
        (replace(sending(), to=15551234888), "<TO> +1 555 1234888 </TO>"),
        (sending(), "<TO></TO>"),
        (sending(), "<FROM>99999</FROM>"),
        (SendSavedMMS(7, to="15551234888", sender="1"), "<MMSID>7</MMSID>"),
        (SendSavedMMS("7\n", to="15551234888", sender="1"), "<MMSID>7</MMSID>"),
        (SendSavedMMS("7", to="15551234888", sender="1"), ""),
        (SaveMMS(SHOW), "<MMSID>8</MMSID>"),
    ],
)
def test_numbers_and_ids_are_compared_without_their_formatting(operation: Operation[Any], nodes: str) -> None:
    assert account().decode(operation, answer(SUCCESS, nodes))


def test_a_response_has_at_most_64_kb() -> None:
    around = len(answer(SUCCESS, "<MMSIDS></MMSIDS>").body)
    longest = "7" * (64 * 1024 - around)
    reply = account().decode(ListMMS(), answer(SUCCESS, f"<MMSIDS>{longest}</MMSIDS>"))
    assert reply.mms_ids == (longest,)
    longer = answer(SUCCESS, f"<MMSIDS>{longest}7</MMSIDS>")
    with pytest.raises(ProtocolError, match=r"65,536 .*max_response=") as caught:
        account().decode(ListMMS(), longer)
    assert len(caught.value.body) < 10_000
    assert replace(account(), max_response=64 * 1024 + 1).decode(ListMMS(), longer).mms_ids == (f"{longest}7",)


def test_a_header_is_found_in_any_case() -> None:
    response = HttpResponse(200, {"Retry-After": "5", "CONTENT-TYPE": "text/xml"}, b"")
    assert response.header("retry-after") == "5"
    assert response.header("Content-Type") == "text/xml"
    assert response.header("Date") is None


# ------------------------------------------------------------------------------------------------ values


def test_accounts_and_requests_are_compared_by_value() -> None:
    assert account() == account()
    assert account() != Account("another-key-of-ours")
    assert account() != account("sinch")
    assert len({account(), account(), account("sinch")}) == 2
    assert {account().encode(sending()): 1}[account().encode(sending())] == 1


def test_an_account_is_immutable() -> None:
    with pytest.raises(AttributeError):
        account().api_key = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        account().encode(sending()).url = "x"  # type: ignore[misc]


@pytest.mark.parametrize("held", [account(limits=Limits(max_text=3)), account().encode(sending())], ids=["account", "request"])
def test_objects_with_a_key_are_copied_but_not_pickled(held: Any) -> None:
    assert copy.copy(held) == copy.deepcopy(held) == held
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="key") as caught:
            pickle.dumps(held, protocol)
        assert CANARY not in str(caught.value)
    with pytest.raises(TypeError):
        pickle.dumps({"inside": [held]})


def test_an_http_response_can_be_pickled() -> None:
    response = answer(SUCCESS, headers={"A": "b"})
    assert pickle.loads(pickle.dumps(response)) == response


def test_a_masked_account_encodes_the_same_request_without_the_key() -> None:
    plain = account("sinch", url="https://host/a", line_break=r"\n", limits=Limits(max_slides=3))
    masked = plain.masked()
    assert replace(masked, api_key=CANARY) == plain
    written, shown = (one.encode(sending("sinch")).body for one in (plain, masked))
    assert CANARY.encode() in written
    assert CANARY.encode() not in shown
    assert written.replace(CANARY.encode(), masked.api_key.encode()) == shown


# ------------------------------------------------------------------------------------------------ the key never prints


def shown(error: BaseException) -> str:
    """Everything of an error that may end up in a log."""
    told = "".join(traceback.format_exception(error))
    return f"{error} {error!r} {error.args} {vars(error)} {told} {pickle.dumps(error)!r}"


@EACH_DIALECT
def test_no_repr_shows_the_key(dialect: DialectName) -> None:
    held = account(dialect)
    request = held.encode(sending(dialect))
    for value in held, request, [held, request], {"request": request}:
        assert CANARY not in f"{value} {value!r}"
    # It travels in one place only: the document, or the header that the dialect has for it.
    in_document, header = f"{request.url} {request.body!r}", held.dialect_spec.key_header
    assert (CANARY in in_document) is not bool(header)
    assert [name for name, value in request.headers.items() if CANARY in value] == [header] * bool(header)
    assert request.safe_url in repr(request)
    assert "?" not in request.safe_url


def test_safe_url_has_neither_query_nor_password() -> None:
    request = HttpRequest("GET", "https://ada:secret@host:8443/a/b?api_key=x#y", {})
    assert request.safe_url == "https://host:8443/a/b"
    assert "secret" not in repr(request)


#: A gateway that gives the key back, wherever it can.
ECHOES = {
    "its words": f"<RESPONSE>{FAILURE}<ERRORCODE>E104</ERRORCODE><ERRORINFO>Bad key {CANARY}!</ERRORINFO></RESPONSE>",
    "its code": f"<RESPONSE>{FAILURE}<ERRORCODE>{CANARY}</ERRORCODE></RESPONSE>",
    "a node of its own": f"<RESPONSE>{FAILURE}<ERRORCODE>E104</ERRORCODE><API_KEY>{CANARY}</API_KEY></RESPONSE>",
    "a node's name": f"<RESPONSE>{FAILURE}<ERRORCODE>E104</ERRORCODE><{CANARY}>1</{CANARY}></RESPONSE>",
    "a name twice": f"<RESPONSE>{SUCCESS}<MMSID>1</MMSID><MMSID>1</MMSID><{CANARY}/></RESPONSE>",
    "its status": f"<RESPONSE><STATUS>{CANARY}</STATUS></RESPONSE>",
    "the root": f"<{CANARY}/>",
    "the end of a long root": f"<{'x' * 30}{CANARY}/>",
    "the middle of a CDATA section": f"<RESPONSE>{FAILURE}<ERRORINFO><![CDATA[{CANARY}]]></ERRORINFO></RESPONSE>",
    "two halves of a text": f"<RESPONSE>{FAILURE}<ERRORINFO>{CANARY[:7]}<!-- -->{CANARY[7:]}</ERRORINFO></RESPONSE>",
    "a tag that does not close": f"<RESPONSE><{CANARY}></RESPONSE>",
    "an entity": f"<RESPONSE>&{CANARY};</RESPONSE>",
    "a web page": f"<html><body>No such page: /?api_key={CANARY}&to=15551234888</body></html>",
    "words": f"Bad key {CANARY}",
    "JSON": f'{{"key": "{CANARY}"}}',
    "a quoted address": f"GET {quote(f'https://host/?api_key={CANARY}', safe='')}",
    "a document that is too long": f"<RESPONSE>{CANARY}{'x' * 70_000}</RESPONSE>",
}


@pytest.mark.parametrize("body", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("status", [200, 429, 500])
def test_an_error_does_not_show_a_key_that_a_gateway_gives_back(body: str, status: int) -> None:
    with pytest.raises(SkymmsError) as caught:
        account().decode(sending(), HttpResponse(status, {}, body.encode()))
    assert CANARY not in shown(caught.value)
    assert CANARY not in repr(getattr(caught.value, "reply", ()))


def test_masking_keeps_the_rest_of_the_text() -> None:
    with pytest.raises(AuthenticationError) as caught:
        account().decode(sending(), HttpResponse(200, {}, ECHOES["its words"].encode()))
    assert caught.value.info == "Bad key ***!"
    assert ("ERRORINFO", "Bad key ***!") in caught.value.reply


def test_a_reply_does_not_show_a_key_that_a_gateway_gives_back() -> None:
    nodes = f"<TRACKINGID>{CANARY}</TRACKINGID><STATUSDETAILS>key {CANARY} accepted</STATUSDETAILS><{CANARY}>1</{CANARY}>"
    reply = account().decode(sending(), answer(SUCCESS, nodes))
    assert (reply.tracking_id, reply.details) == ("***", "key *** accepted")
    assert CANARY not in f"{reply!r} {reply.raw!r} {asdict(reply)}"


@pytest.mark.parametrize("key", ["canary+5fa1c0de/key=", "canary%5fa1c0de%2fkey", "canary&5fa1c0de<key>'\""])
def test_a_key_is_masked_in_every_escaped_form(key: str) -> None:
    quoted = {quote(key, safe=""), quote_plus(key)}
    quoted |= {re.sub("%..", lambda sign: sign[0].lower(), form) for form in quoted}
    forms = {key, html.escape(key), escape(key), key.replace("/", "\\/"), json.dumps(key)[1:-1], *quoted}
    for form, encoding in product(forms, ["utf-8", "utf-16-le", "utf-16-be"]):
        body = f"no answer from /?api_key={form}!".encode(encoding)
        with pytest.raises(ProtocolError) as caught:
            Account(key).decode(sending(), HttpResponse(502, {}, body))
        assert caught.value.body.decode(encoding) == "no answer from /?api_key=***!"


def test_a_lone_surrogate_in_a_response_is_replaced() -> None:
    said = b'{"status": "success", "tracking-id": "T\\ud800", "status-details": "caf\xc3\xa9 \\ud83d\\ude00"}'
    reply = account("sinch-json").decode(sending("sinch-json"), HttpResponse(200, {}, said))
    assert (reply.tracking_id, reply.details) == ("T\ufffd", "café 😀")
    assert f"{reply!r}".encode()


def test_a_key_of_less_than_six_characters_is_not_masked() -> None:
    # The documents' keys have 32 characters; `test` is what people type to try things out.
    words = "<ERRORCODE>E104</ERRORCODE><ERRORINFO>test sandbox latest</ERRORINFO>"
    told = {}
    for key in "test", "sandbox":
        with pytest.raises(AuthenticationError) as caught:
            Account(key).decode(sending(), answer(FAILURE, words))
        told[key] = caught.value.info
    assert told == {"test": "test sandbox latest", "sandbox": "test *** latest"}
    with pytest.raises(ProtocolError) as unread:
        Account("test").decode(sending(), HttpResponse(502, {}, b"the latest"))
    assert unread.value.body == b"the latest"


def test_a_configuration_error_does_not_show_the_key() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Account(CANARY, url="nowhere")
    assert CANARY not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


def test_an_operations_error_does_not_show_the_key() -> None:
    with pytest.raises(MMSError) as caught:
        account().encode(replace(sending(), to="Ada"))
    assert CANARY not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


class TestLimits:
    WRONG = (
        ({"required": "operator_id"}, "give the names of fields"),
        ({"required": [1]}, "give the names of fields"),
        ({"required": 1}, "give the names of fields"),
        ({"required": None}, "give the names of fields"),
        ({"max_text": -1}, "max_text=-1"),
        ({"max_slides": 2.5}, "max_slides=2.5"),
        ({"max_image": True}, "max_image=True"),
    )

    @pytest.mark.parametrize(("limits", "said"), WRONG)
    def test_impossible_limits_are_refused(self, limits, said):
        with pytest.raises(ConfigurationError, match=said):
            Limits(**limits)

    def test_limits_that_require_an_unknown_field_are_refused_by_name(self):
        with pytest.raises(ConfigurationError, match=r"'operator'.*operator_id"):
            Account("key-of-nobody", limits=Limits(required=frozenset({"operator"})))

    @pytest.mark.parametrize("names", [{"operator_id"}, ["operator_id"], ("operator_id",), frozenset({"operator_id"})])
    def test_limits_take_the_names_of_required_fields_in_any_collection(self, names):
        assert Limits(required=names) == Limits(required=frozenset({"operator_id"}))
        assert hash(Limits(required=names)) == hash(Limits(required=frozenset({"operator_id"})))


def test_an_operation_of_another_gateway_is_a_problem():
    (problem,) = Account(CANARY).problems(Balance())
    assert (problem.field, problem.message) == ("Balance", "is not supported in skycore")


@pytest.mark.parametrize("body", [b"junk", b"<RESPONSE><STATUS>Success</STATUS></RESPONSE>"])
def test_an_operation_of_another_gateway_has_no_reply_here(body: bytes) -> None:
    from skymms.cellcast import Balance

    with pytest.raises(ConfigurationError, match="Balance: is not supported in skycore"):
        Account("some-long-key").decode(Balance(), HttpResponse(200, {}, body))
