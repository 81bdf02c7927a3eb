"""The sandbox from another language: tests/sandbox.sh runs against it unchanged, and what it prints is what the documents say.

The same by hand: `skymms sandbox --port 8025`, and in another terminal `sh tests/sandbox.sh http://127.0.0.1:8025 sandbox-key`.
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

from skymms import Client, MMSError, SaveMMS, SendMMS, Slideshow
from skymms.sandbox import FAULTS, PostbackReceiver, Sandbox
from skymms.sandbox.listener import ServerRequest

SCRIPT = Path(__file__).with_name("sandbox.sh")
CURL, SH = shutil.which("curl"), shutil.which("sh")
#: It begins what is about curl; the rest of this page needs none.
needs_curl = pytest.mark.skipif(not (CURL and SH), reason="there is no curl on this machine")

SHOW = Slideshow("hello", subject="Hi").slide("Hello!")
SEND = SendMMS(SHOW, to="15551234888", sender="60856")

# Skycore's pages of 1.3: sendMMS, saveMMS, sendSavedMMS, getMmsIds, deleteMMSID; in any order.
SENT, SAVED = "STATUS TO MMSID TRACKINGID STATUSDETAILS", "STATUS MMSID"
SENT_AGAIN, LISTED = "STATUS MMSID TRACKINGID TO FROM STATUSDETAILS", "STATUS MMSIDS"
SKYCORE = {"send": SENT, "save": SAVED, "send-saved": SENT_AGAIN, "list": LISTED, "delete": SAVED}
# Sinch's pages of the XML service; a list that was not told a start-date has none to repeat.
PAGE = "status page-number items-per-page total-results mms-template"
SINCH = {
    "send": "status to mms-id tracking-id status-details",
    "save": "status mms-id",
    "send-saved": "status mms-id tracking-id to from status-details",
    "list": PAGE,
    "delete": "status mms-id",
    "stored-by-json": PAGE,
}
# Its description of the JSON service: only what is sent from the store tells its id.
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
EVERY = [(dialect, what, names) for dialect, asked in DOCUMENTED.items() for what, names in asked.items()]


def read(answer: str) -> list[tuple[str, str]]:
    if answer.startswith("{"):
        return list(json.loads(answer).items())
    return [(node.tag, node.text or "") for node in etree.fromstring(answer.encode())]


@pytest.fixture(scope="module")
def ran():
    """The script's answers by dialect and action, and the sandbox it ran against."""
    with Sandbox() as sandbox:
        done = subprocess.run([SH, SCRIPT, sandbox.url, "sandbox-key"], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        lines = (line.partition(": ") for line in done.stdout.splitlines())
        yield {tuple(label.split()): read(answer) for label, _, answer in lines}, sandbox


@needs_curl
class TestTheScript:
    def test_asks_everything_in_every_dialect(self, ran):
        assert set(ran[0]) == {(dialect, what) for dialect, what, _ in EVERY}

    @pytest.mark.parametrize(("dialect", "what", "names"), EVERY, ids=lambda value: value if " " not in value else "")
    def test_gets_the_documented_nodes_and_no_others(self, ran, dialect, what, names):
        answer = ran[0][dialect, what]
        assert Counter(name for name, _ in answer) == Counter(names.split())
        failed = names == REFUSED
        assert answer[0][1].lower() == ("failure" if failed else "success")
        assert dict(answer).get("error-code") == ("E107" if failed else None)

    def test_gets_the_number_back_and_one_id_from_saving_to_deleting(self, ran):
        for dialect in ("skycore-bare", "skycore-form", "skycore-get", "sinch"):
            saved, again, listed, deleted = (
                {name.replace("-", "").upper(): value for name, value in ran[0][dialect, what]}
                for what in ("save", "send-saved", "list", "delete")
            )
            assert saved["MMSID"] == again["MMSID"] == deleted["MMSID"]
            assert (again["TO"], again["FROM"]) == ("15551234888", "60856")
            assert listed.get("MMSIDS", saved["MMSID"]) == saved["MMSID"]

    def test_said_the_same_in_every_way_of_saying_it(self, ran):
        sent = [one for one in ran[1].sent if isinstance(one, SendMMS)]
        assert Counter(one.slideshow.slides[0].text for one in sent) == {"1 + 1 < 3 & 50% off": 6}
        # A blank in an address is a plus or %20.
        assert Counter(one.slideshow.subject for one in sent) == {"Hi": 4, "Hi there": 2}
        assert {one.to for one in sent} == {"15551234888"}

    def test_leaves_nothing_stored_but_what_json_cannot_delete(self, ran):
        assert [one.slideshow.name for one in ran[1].saved] == ["hello"]

    def test_is_told_what_is_wrong_with_its_key(self):
        with Sandbox() as sandbox:
            done = subprocess.run([SH, SCRIPT, sandbox.url, "another"], capture_output=True, text=True, timeout=120)
            assert sandbox.sent == []
        codes = {dict(read(line.partition(": ")[2])).get("error-code", "E104") for line in done.stdout.splitlines()}
        assert codes == {"E104", "E107"}  # what JSON has no word for is told before the key is looked at


# ------------------------------------------------------------------------------------------------ the control


def curl(*arguments: str) -> tuple[int, dict[str, str]]:
    """The status, and the JSON that came with it."""
    done = subprocess.run(
        [CURL, "-sS", "--max-time", "20", "-w", "\n%{http_code}", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(answer)


def told(sandbox: Sandbox, verb: str, body: str, content_type: str = "application/json") -> tuple[int, dict[str, str]]:
    return curl("-H", f"Content-Type: {content_type}", "-d", body, f"{sandbox.url}/sandbox/{verb}")


#: Each verb with arguments it takes.
VERBS = {
    "fail": '{"how": "429", "times": 2, "every": null, "to": ["15551234888"], "seconds": 0.5}',
    "throttle": '{"calls": 5, "seconds": 60, "code": "E106"}',
    "block": '{"numbers": ["15551234888", "15551234999"]}',
    "unblock": '{"numbers": ["15551234999"]}',
    "outcome": '{"code": "E102", "to": "15551234888", "status": "Message Sent/Expired"}',
    "spoil": '{"url": "http://media.example/a.jpg", "code": "E002"}',
    "postbacks": '{"dialect": "sinch", "twice": true, "disorder": true, "batch": false}',
    "credits": '{"left": 3}',
    "receive_mms": '{"sender": "1555123", "to": "60856", "files": ["http://m.example/a.jpg"], "text": "Hi", "subject": null}',
    "receive_sms": '{"sender": "15551234888", "to": "60856", "text": "Hi", "dialect": "sinch-json"}',
    "reset": "{}",
    "advance": '{"minutes": 25}',
}


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@needs_curl
class TestTheControlByCurl:
    @pytest.mark.parametrize("verb", VERBS)
    def test_does_what_each_verb_says(self, sandbox, verb):
        status, answer = told(sandbox, verb, VERBS[verb])
        assert (status, answer["done"]) == (200, verb)
        assert ("id" in answer) == verb.startswith("receive")

    def test_has_a_line_above_for_every_verb(self, sandbox):
        status, answer = told(sandbox, "explode", "{}")
        assert status == 404
        assert answer["error"] == f"there is no 'explode': use one of {', '.join(VERBS)}"

    def test_what_is_arranged_by_curl_happens(self, sandbox):
        with Client(sandbox.account()) as client:
            assert told(sandbox, "fail", '{"how": "E503"}')[0] == 200
            with pytest.raises(MMSError) as raised:
                client.call(SEND)
            assert raised.value.code == "E503"
            assert told(sandbox, "block", '{"numbers": ["15551234888"]}')[0] == 200
            with pytest.raises(MMSError) as raised:
                client.call(SEND)
            assert raised.value.code == "E114"
            assert told(sandbox, "reset", "{}")[0] == 200
            client.call(SEND)
        assert len(sandbox.requests) == 1

    def test_an_inbound_message_is_posted_with_what_was_said(self):
        with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox:
            text_id = told(sandbox, "receive_sms", VERBS["receive_sms"])[1]["id"]
            mms_id = told(sandbox, "receive_mms", VERBS["receive_mms"])[1]["id"]
            text, mms = inbox.wait(2)
        assert (text.code, text.transaction_id, text.text) == ("N211", text_id, "Hi")
        assert (mms.code, mms.tracking_id, mms.files[0]) == ("N401", mms_id, "http://m.example/a.jpg")
        assert mms.files[1].startswith(sandbox.url)

    @pytest.mark.parametrize("verb", VERBS)
    def test_nothing_but_json_is_taken_since_any_web_page_can_post_the_rest(self, sandbox, verb):
        for content_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "text/json"):
            status, answer = told(sandbox, verb, VERBS[verb], content_type)
            assert (status, answer["error"]) == (405, f"POST a JSON object to /sandbox/{verb}, with the content type application/json")
        assert curl(f"{sandbox.url}/sandbox/{verb}")[0] == 405
        assert told(sandbox, verb, VERBS[verb], "Application/JSON; charset=utf-8")[0] == 200

    @pytest.mark.parametrize(
        ("verb", "body", "says"),
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
            ("outcome", '{"code": "N102", "status": "\\u0000"}', r"U+0000 in '\x00': XML cannot contain this character"),
            ("receive_mms", '{"sender": "1", "files": ["http://media.example/a.jpg"]}', "to is missing"),
            (
                "receive_sms",
                '{"sender": "1", "to": "2", "text": "\\ud800"}',
                r"U+D800 in '\ud800': XML cannot contain this character",
            ),
            ("advance", '{"hours": "1"}', "hours must be a number"),
            ("advance", '{"seconds": -1}', "the clock cannot be moved by -1 seconds: only forward"),
            ("advance", '{"seconds": 1e300}', "seconds must be a number"),
            ("advance", '{"hours": 1e9}', "the clock cannot be moved more than a hundred years ahead"),
            ("reset", '{"all": true}', "there is no argument 'all': use none"),
            ("reset", "[]", "the JSON must be an object with the names and values of the arguments"),
            ("reset", "{", "the body is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ],
    )
    def test_an_argument_that_is_wrong_is_told_in_a_sentence(self, sandbox, verb, body, says):
        assert told(sandbox, verb, body) == (400, {"error": says})

    def test_the_fault_that_reads_nothing_can_be_ended(self, sandbox):
        told(sandbox, "fail", '{"how": "refuse", "every": 1}')
        refused = subprocess.run([CURL, "-sS", sandbox.account().address], capture_output=True, text=True, timeout=60)
        assert "Empty reply" in refused.stderr
        assert told(sandbox, "reset", "{}") == (200, {"done": "reset"})
        with Client(sandbox.account()) as client:
            client.call(SEND)

    def test_a_body_that_curl_announces_is_asked_for_at_once(self, sandbox):
        # Left without an answer to its Expect, curl waits a second; told to wait for a minute, it would run into its time-out.
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


# ------------------------------------------------------------------------------------------------ whatever comes

WORDS = st.sampled_from(
    ["", "15551234888", "drop", "503", "E106", "E102", "N102", "E002", "sinch", "skycore-get", "\x00", "\ud800", "a" * 50]
)
ONES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 10**400, -1, 1e308]),
    st.floats(),
    WORDS,
    st.text(max_size=5),
)
VALUES = st.one_of(ONES, st.lists(ONES, max_size=3), st.dictionaries(WORDS, ONES, max_size=2))
NAMES = sorted({name for said in VERBS.values() for name in json.loads(said)})
SAID = st.one_of(VALUES, st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=3)), VALUES, max_size=5))


class TestTheControl:
    @given(verb=st.sampled_from(sorted(VERBS)), changes=SAID, kept=st.booleans())
    @settings(max_examples=400, deadline=None)
    def test_stands_whatever_json_comes(self, verb, changes, kept):
        said = {**json.loads(VERBS[verb]), **changes} if kept and isinstance(changes, dict) else changes
        stderr = io.StringIO()
        with contextlib.redirect_stderr(stderr):
            status, answer = self.posted(f"/sandbox/{verb}", json.dumps(said).encode())
            assert status in {200, 400}
            if status == 400:
                assert not any(word in answer["error"] for word in ("object is not", "unhashable", "keyword", "Traceback"))
            # What it did to the clock, to the postbacks and to what is to come happens, and harms nobody.
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
    def test_does_nothing_under_a_name_that_a_stranger_may_have_given_us(self, host, status):
        headers = {"content-type": "application/json", "host": host}
        assert self.sandbox._dispatcher.respond(ServerRequest("POST", "/sandbox/reset", "", headers, b"")).status == status

    def posted(self, path: str, body: bytes) -> tuple[int, dict[str, str]]:
        answered = self.sandbox._dispatcher.respond(
            ServerRequest("POST", path, "", {"content-type": "application/json", "host": "localhost"}, body)
        )
        return answered.status, json.loads(answered.body)
