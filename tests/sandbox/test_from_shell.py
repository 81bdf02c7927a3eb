"""The sandbox used from a shell: sandbox.sh calls it with curl in every dialect, and the responses have the documented fields.

To run it by hand: `skymms sandbox --port 8025`, and in another terminal
`sh tests/sandbox/sandbox.sh http://127.0.0.1:8025 sandbox-key`.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from skymms import Client, InboundMMS, InboundSMS, MMSError, SaveMMS, SendMMS, Slideshow
from skymms.sandbox import FAULTS, PostbackReceiver, Sandbox
from skymms.sandbox.listener import ServerRequest

SCRIPT = Path(__file__).with_name("sandbox.sh")
CURL, SH = shutil.which("curl") or "", shutil.which("sh") or ""
#: For the tests that call curl.
needs_curl = pytest.mark.skipif(not (CURL and SH), reason="curl or sh is not installed")

SHOW = Slideshow("hello", subject="Hi").slide("Hello!")
SEND = SendMMS(SHOW, to="15551234888", sender="60856")

# The fields of the responses in Skycore 1.3 to sendMMS, saveMMS, sendSavedMMS, getMmsIds, deleteMMSID, in any order.
SENT, SAVED = "STATUS TO MMSID TRACKINGID STATUSDETAILS", "STATUS MMSID"
SENT_AGAIN, LISTED = "STATUS MMSID TRACKINGID TO FROM STATUSDETAILS", "STATUS MMSIDS"
SKYCORE = {"send": SENT, "save": SAVED, "send-saved": SENT_AGAIN, "list": LISTED, "delete": SAVED}
# Sinch MMS, XML service; the response to a list repeats the start-date only if the request has one.
PAGE = "status page-number items-per-page total-results mms-template"
SINCH = {
    "send": "status to mms-id tracking-id status-details",
    "save": "status mms-id",
    "send-saved": "status mms-id tracking-id to from status-details",
    "list": PAGE,
    "delete": "status mms-id",
    "stored-by-json": PAGE,
}
# Sinch MMS, JSON service: only the response to sendSavedMMS contains the MMS id.
REFUSED = "status error-code error-info"
SINCH_JSON = {
    "send": "status to tracking-id status-details",
    "save": "status tracking-id status-details",
    "send-saved": "status mms-id tracking-id to from status-details",
    "list": REFUSED,
    "delete": REFUSED,
}
DOCUMENTED = {
    "skycore-bare": SKYCORE,
    "skycore-form": SKYCORE,
    "skycore-get": {"send-plus": SENT, "send-percent": SENT, **{what: SKYCORE[what] for what in SKYCORE if what != "send"}},
    "sinch": SINCH,
    "sinch-json": SINCH_JSON,
}
EVERY_REQUEST = [(dialect, what, names) for dialect, actions in DOCUMENTED.items() for what, names in actions.items()]


def read(response: str) -> list[tuple[str, str]]:
    if response.startswith("{"):
        return list(json.loads(response).items())
    return [(str(element.tag), element.text or "") for element in etree.fromstring(response.encode())]


@pytest.fixture(scope="module")
def script_run():
    """The script's responses by dialect and action, and the sandbox it ran against."""
    with Sandbox() as sandbox:
        done = subprocess.run([SH, SCRIPT, sandbox.url, "sandbox-key"], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        lines = (line.partition(": ") for line in done.stdout.splitlines())
        yield {tuple(label.split()): read(response) for label, _, response in lines}, sandbox


@needs_curl
class TestScript:
    def test_the_curl_script_makes_every_request_in_every_dialect(self, script_run):
        assert set(script_run[0]) == {(dialect, what) for dialect, what, _ in EVERY_REQUEST}

    @pytest.mark.parametrize(("dialect", "what", "names"), EVERY_REQUEST, ids=lambda value: value if " " not in value else "")
    def test_each_response_to_the_curl_script_has_exactly_the_documented_fields(self, script_run, dialect, what, names):
        response = script_run[0][dialect, what]
        assert Counter(name for name, _ in response) == Counter(names.split())
        failed = names == REFUSED
        assert response[0][1].lower() == ("failure" if failed else "success")
        assert dict(response).get("error-code") == ("E107" if failed else None)

    def test_the_id_of_a_saved_slideshow_is_the_same_in_all_responses(self, script_run):
        for dialect in ("skycore-bare", "skycore-form", "skycore-get", "sinch"):
            saved, again, listed, deleted = (
                {name.replace("-", "").upper(): value for name, value in script_run[0][dialect, what]}
                for what in ("save", "send-saved", "list", "delete")
            )
            assert saved["MMSID"] == again["MMSID"] == deleted["MMSID"]
            assert (again["TO"], again["FROM"]) == ("15551234888", "60856")
            assert listed.get("MMSIDS", saved["MMSID"]) == saved["MMSID"]

    def test_the_curl_script_sends_the_same_text_in_every_dialect(self, script_run):
        sent = [one for one in script_run[1].sent if isinstance(one, SendMMS)]
        assert Counter(one.slideshow.slides[0].text for one in sent) == {"1 + 1 < 3 & 50% off": 6}
        # A space in a URL is + or %20.
        assert Counter(one.slideshow.subject for one in sent) == {"Hi": 4, "Hi there": 2}
        assert {one.to for one in sent} == {"15551234888"}

    def test_the_curl_script_deletes_everything_except_in_json_which_cannot_delete(self, script_run):
        assert [one.slideshow.name for one in script_run[1].saved] == ["hello"]

    def test_the_curl_script_with_a_wrong_key_is_refused(self):
        with Sandbox() as sandbox:
            done = subprocess.run([SH, SCRIPT, sandbox.url, "another"], capture_output=True, text=True, timeout=120)
            assert sandbox.sent == []
        codes = {dict(read(line.partition(": ")[2])).get("error-code", "E104") for line in done.stdout.splitlines()}
        assert codes == {"E104", "E107"}  # an action that JSON does not have is refused before the key is checked


# ------------------------------------------------------------------------------------------------ the control API


def curl(*arguments: str) -> tuple[int, dict[str, str]]:
    """Run curl, and return the status and the JSON of the response."""
    done = subprocess.run(
        [CURL, "-sS", "--max-time", "20", "-w", "\n%{http_code}", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    response, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(response)


def post(sandbox: Sandbox, method: str, body: str, content_type: str = "application/json") -> tuple[int, dict[str, str]]:
    return curl("-H", f"Content-Type: {content_type}", "-d", body, f"{sandbox.url}/sandbox/{method}")


#: Each method of the control API with valid arguments.
METHODS = {
    "fail": '{"how": "429", "times": 2, "every": null, "to": ["15551234888"], "seconds": 0.5}',
    "throttle": '{"calls": 5, "seconds": 60, "code": "E106"}',
    "block": '{"numbers": ["15551234888", "15551234999"]}',
    "unblock": '{"numbers": ["15551234999"]}',
    "outcome": '{"code": "E102", "to": "15551234888", "status": "Message Sent/Expired"}',
    "carriers": '{"operator_ids": ["31003", "31004"]}',
    "spoil": '{"url": "http://media.example/a.jpg", "code": "E002"}',
    "postbacks": '{"dialect": "sinch", "twice": true, "disorder": true, "batch": false}',
    "credits": '{"left": 3}',
    "receive_mms": '{"sender": "1555123", "to": "60856", "files": ["http://m.example/a.jpg"], "text": "Hi", "subject": null, '
    '"keyword": "join"}',
    "receive_sms": '{"sender": "15551234888", "to": "60856", "text": "Hi", "dialect": "sinch-json"}',
    "reset": "{}",
    "advance": '{"minutes": 25}',
}


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@needs_curl
class TestControlWithCurl:
    @pytest.mark.parametrize("method", METHODS)
    def test_each_control_method_can_be_called(self, sandbox, method):
        status, response = post(sandbox, method, METHODS[method])
        assert (status, response["done"]) == (200, method)
        assert ("id" in response) == method.startswith("receive")

    def test_an_unknown_control_method_lists_the_methods(self, sandbox):
        status, response = post(sandbox, "explode", "{}")
        assert status == 404
        assert response["error"] == f"there is no method 'explode': use one of {', '.join(METHODS)}"

    def test_an_arrangement_made_by_curl_applies(self, sandbox):
        with Client(sandbox.account()) as client:
            assert post(sandbox, "fail", '{"how": "E503"}')[0] == 200
            with pytest.raises(MMSError) as raised:
                client.call(SEND)
            assert raised.value.code == "E503"
            assert post(sandbox, "block", '{"numbers": ["15551234888"]}')[0] == 200
            with pytest.raises(MMSError) as raised:
                client.call(SEND)
            assert raised.value.code == "E114"
            assert post(sandbox, "reset", "{}")[0] == 200
            client.call(SEND)
        assert len(sandbox.requests) == 1

    def test_an_inbound_message_is_posted_with_its_arguments(self):
        with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox:
            text_id = post(sandbox, "receive_sms", METHODS["receive_sms"])[1]["id"]
            mms_id = post(sandbox, "receive_mms", METHODS["receive_mms"])[1]["id"]
            text, mms = inbox.wait(2)
        assert isinstance(text, InboundSMS)
        assert isinstance(mms, InboundMMS)
        assert (text.code, text.transaction_id, text.text) == ("N211", text_id, "Hi")
        assert (mms.code, mms.tracking_id, mms.files[0]) == ("N401", mms_id, "http://m.example/a.jpg")
        assert mms.files[1].startswith(sandbox.url)

    def test_control_refuses_other_content_types_than_json(self, sandbox):
        # Any web page can post the other content types to this machine.
        method = "block"
        for content_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "text/json"):
            status, response = post(sandbox, method, METHODS[method], content_type)
            assert (status, response["error"]) == (
                405,
                f"POST a JSON object to /sandbox/{method}, with the content type application/json",
            )
        assert curl(f"{sandbox.url}/sandbox/{method}")[0] == 405
        assert post(sandbox, method, METHODS[method], "Application/JSON; charset=utf-8")[0] == 200

    @pytest.mark.parametrize(
        ("method", "body", "error"),
        [
            ("fail", "{}", "how is missing"),
            (
                "fail",
                '{"how": "gremlins"}',
                f"there is no fault 'gremlins': choose one of {', '.join(FAULTS)}, or a code such as E106 or OVER_LIMIT",
            ),
            ("fail", '{"how": []}', "how must be text or a whole number"),
            ("fail", '{"how": "drop", "tims": 1}', "there is no argument 'tims': use how, times, every, to, seconds"),
            ("fail", '{"how": "drop", "times": "2"}', "times must be a whole number or null"),
            ("fail", '{"how": "drop", "times": true}', "times must be a whole number or null"),
            ("fail", '{"how": "drop", "times": 0}', "times=0: give a whole number from 1 up"),
            ("fail", '{"how": "drop", "to": 15551234888}', "to must be a list of texts or text or null"),
            ("fail", '{"how": "drop", "to": [15551234888]}', "to must be a list of texts or text or null"),
            ("fail", '{"how": "drop", "seconds": NaN}', "seconds must be a number or null"),
            ("throttle", '{"calls": 5, "code": "E1"}', "'E1' is not a code for too many calls: use E106, E113, E120"),
            ("block", '{"numbers": "15551234888"}', "numbers must be a list of texts"),
            (
                "outcome",
                '{"code": "N102", "status": "\\u0000"}',
                r"U+0000 in '\x00': XML cannot contain this character, remove it",
            ),
            ("receive_mms", '{"sender": "1", "files": ["http://media.example/a.jpg"]}', "to is missing"),
            (
                "receive_sms",
                '{"sender": "1", "to": "2", "text": "\\ud800"}',
                r"U+D800 in '\ud800': XML cannot contain this character, remove it",
            ),
            ("advance", '{"hours": "1"}', "hours must be a number"),
            (
                "advance",
                '{"seconds": -1}',
                "the clock cannot be moved by -1 seconds: give a positive number, it only moves forward",
            ),
            ("advance", '{"seconds": 1e300}', "seconds must be a number"),
            (
                "advance",
                '{"hours": 1e9}',
                "the clock cannot be moved more than a hundred years ahead: give less, or call reset() first",
            ),
            ("reset", '{"all": true}', "there is no argument 'all': use none"),
            ("reset", "[]", "the JSON must be an object with the names and values of the arguments"),
            (
                "reset",
                "{",
                "the body is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            ),
        ],
    )
    def test_an_invalid_control_argument_is_refused_with_a_reason(self, sandbox, method, body, error):
        assert post(sandbox, method, body) == (400, {"error": error})

    def test_the_fault_refuse_can_be_ended(self, sandbox):
        post(sandbox, "fail", '{"how": "refuse", "every": 1}')
        refused = subprocess.run([CURL, "-sS", sandbox.account().address], capture_output=True, text=True, timeout=60)
        assert "Empty reply" in refused.stderr
        assert post(sandbox, "reset", "{}") == (200, {"done": "reset"})
        with Client(sandbox.account()) as client:
            client.call(SEND)

    def test_expect_100_continue_is_answered_at_once(self, sandbox):
        # Without an response to Expect, curl waits as long as --expect100-timeout says, and would exceed --max-time.
        show = SHOW.replace(slides=SHOW.slides * 8)
        request = sandbox.account().encode(SaveMMS(show))
        status = subprocess.run(
            [
                CURL,
                "-sS",
                "--max-time",
                "20",
                "--expect100-timeout",
                "60",
                "-H",
                "Expect: 100-continue",
                "-d",
                "@-",
                request.url,
            ],
            input=request.body,
            capture_output=True,
            timeout=60,
        )
        assert b"<STATUS>Success</STATUS>" in status.stdout


# ------------------------------------------------------------------------------------------------ random arguments

TEXTS = st.sampled_from(
    ["", "15551234888", "drop", "503", "E106", "E102", "N102", "E002", "sinch", "skycore-get", "\x00", "\ud800", "a" * 50]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 10**400, -1, 1e308]),
    st.floats(),
    TEXTS,
    st.text(max_size=5),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(TEXTS, SCALARS, max_size=2))
NAMES = sorted({name for body in METHODS.values() for name in json.loads(body)})
BODIES = st.one_of(VALUES, st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=3)), VALUES, max_size=5))


class TestControl:
    @given(method=st.sampled_from(sorted(METHODS)), changes=BODIES, kept=st.booleans())
    @settings(max_examples=400, deadline=None)
    def test_random_control_arguments_are_accepted_or_refused_without_an_error(self, method, changes, kept):
        arguments = {**json.loads(METHODS[method]), **changes} if kept and isinstance(changes, dict) else changes
        stderr = io.StringIO()
        with contextlib.redirect_stderr(stderr):
            status, response = self.posted(f"/sandbox/{method}", json.dumps(arguments).encode())
            assert status in {200, 400}
            if status == 400:
                assert not any(
                    word in response["error"] for word in ("object is not", "unhashable", "keyword argument", "Traceback")
                )
            # The effects of the call on the clock, the postbacks and later requests do no harm either.
            assert self.posted("/sandbox/advance", b'{"hours": 1}')[0] in {200, 400}
            self.sandbox._dispatcher.respond(self.request)
            self.sandbox.reset()
        assert stderr.getvalue() == ""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def running(cls):
        with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as cls.sandbox:
            request = cls.sandbox.account().encode(SEND)
            headers = {name.lower(): value for name, value in request.headers.items()}
            cls.request = ServerRequest("POST", urlsplit(request.url).path, "", headers, request.body)
            yield

    @pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8025", 200), ("[::1]", 200), ("sandbox.example", 403), ("", 403)])
    def test_a_control_request_for_another_host_is_refused(self, host, status):
        headers = {"content-type": "application/json", "host": host}
        assert self.sandbox._dispatcher.respond(ServerRequest("POST", "/sandbox/reset", "", headers, b"")).status == status

    def posted(self, path: str, body: bytes) -> tuple[int, dict[str, str]]:
        response = self.sandbox._dispatcher.respond(
            ServerRequest("POST", path, "", {"content-type": "application/json", "host": "localhost"}, body)
        )
        return response.status, json.loads(response.body)
