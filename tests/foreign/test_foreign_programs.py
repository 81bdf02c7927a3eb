"""Programs in other languages, written in the manner of public clients, against the sandbox: only the address is changed.

A program runs where its interpreter is installed; `.ci/run` installs those of Debian. It sends nothing to another machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from postback_bodies import Bodies

from skymms import Client, SendMMS, SendSMS, Slide, Slideshow
from skymms.sandbox import AT_ONCE, Sandbox
from skymms.sandbox.outcomes import OUTCOMES

HERE = Path(__file__).parent
WXML = "/API/wxml/1.3/index.php"
TEXT = "Grüße 🎉"
TO = "15551234888"

#: Programs print UTF-8 and do not ask the environment for a proxy.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
    "LANG": "C.UTF-8",
    "GOFLAGS": "-mod=mod",
    "GO111MODULE": "off",
}


def missing(interpreter: str, check: str = "") -> str:
    """Return why programs of an interpreter cannot run here; empty if they can."""
    path = shutil.which(interpreter)
    if path is None:
        return f"{interpreter} is not installed"
    found = not check or subprocess.run([path, *check.split(" ", 1)], capture_output=True, timeout=60).returncode == 0
    return "" if found else f"{interpreter} lacks what {check!r} needs"


def needs(interpreter: str, check: str = "") -> pytest.MarkDecorator:
    """Skip a test where an interpreter is missing, except where the environment says that it was installed."""
    reason = missing(interpreter, check)
    installed = interpreter in os.environ.get("SKYMMS_TEST_INTERPRETERS", "").split()
    return pytest.mark.skipif(bool(reason) and not installed, reason=reason or "installed")


needs_php = needs("php", "-r exit(function_exists('curl_init')&&function_exists('simplexml_load_string')?0:1);")
needs_ruby = needs("ruby", "-e require'httparty'")
needs_node, needs_java, needs_go = needs("node"), needs("java", "--version"), needs("go", "version")


def run(*command: str, stdin: bytes = b"") -> str:
    """Run a program of this directory, and return what it prints."""
    interpreter, *rest = command
    done = subprocess.run(
        [shutil.which(interpreter) or interpreter, *rest],
        input=stdin,
        capture_output=True,
        timeout=120,
        cwd=HERE,
        env=ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


def lines(printed: str) -> list[dict[str, Any]]:
    """The JSON that a program prints, one object for each call."""
    return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(delays=AT_ONCE) as running:
        yield running


class TestPHP:
    pytestmark = needs_php

    @pytest.mark.parametrize("placement", ["array", "form", "unescaped", "bare"])
    def test_a_library_of_before_2015_makes_every_call(self, sandbox, placement):
        inbox_id = sandbox.receive_mms(TO, "60856", text="Hi")
        calls = lines(run("php", "skycore.php", sandbox.url + WXML, "sandbox-key", placement, inbox_id))
        expected = [
            ("sendMMS", "STATUS TO MMSID TRACKINGID STATUSDETAILS"),
            ("saveMMS", "STATUS MMSID"),
            ("saveMMS", "STATUS MMSID"),
            ("sendSavedMMS", "STATUS MMSID TRACKINGID TO FROM STATUSDETAILS"),
            ("getMmsIds", "STATUS MMSIDS"),
            ("deleteMMSID", "STATUS MMSID"),
            ("sendSavedMMS", "STATUS ERRORCODE TO ERRORINFO"),
            ("sendSMS", "STATUS TRACKINGID TO"),
            ("createMMSCampaign", "STATUS CAMPAIGNID CAMPAIGNNAME BRANDNAME"),
            ("getMmsCampaigns", "STATUS MMSCAMPAIGNS"),
            # In the name of the request, as the pages of 2015 have it.
            ("subscribe", "STATUS CAMPAIGNID MOBILE"),
            ("unsubscribe", "STATUS CAMPAIGNID MOBILE"),
            ("loginUSer", "STATUS SESSIONID"),
            ("removeMMSInboxContent", "STATUS MMSINBOXID"),
            ("getSendingStatus", "STATUS URL"),
        ]
        assert [(one.pop("call"), sorted(one)) for one in calls] == [(call, sorted(names.split())) for call, names in expected]
        failed = [one["ERRORCODE"] for one in calls if one["STATUS"] != "Success"]
        assert failed == ["E241"]
        send, again, sms = sandbox.sent
        assert isinstance(send, SendMMS)
        assert send.slideshow.slides == (Slide(TEXT, image="http://media.example/a.jpg", duration=5),)
        assert (getattr(again, "custom_text", None), getattr(again, "operator_id", None)) == ({1: "Hello"}, "000189")
        assert isinstance(sms, SendSMS)
        (nested,) = sandbox.saved
        assert nested.slideshow == Slideshow("n", subject="Free", slides=(Slide("Two", duration=5),))

    def test_a_receiver_reads_time_and_operator_of_every_report(self):
        bodies = Bodies()
        with Sandbox(postback_url=bodies.url) as sandbox, Client(sandbox.account()) as client:
            for code in OUTCOMES:
                sandbox.outcome(code)
                client.call(SendMMS(Slideshow("n", subject="s").slide("Hi!"), to=TO, sender="60856"))
            client.call(SendSMS("Hi!", to=TO, sender="60856"))
            sandbox.receive_mms(TO, "60856", text="join", keyword="join")
            sandbox.clock.advance(minutes=1)
        bodies.close()
        reports = [lines(run("php", "report.php", stdin=body))[0] for body in bodies.bodies]
        assert {one["code"] for one in reports} == {*OUTCOMES, "N201", "N202", "N401"}
        assert all(one["time"] or one["code"] == "E101" for one in reports)
        assert {one["operator"] for one in reports} == {"0001570"}

    def test_a_class_for_cellcast_reads_a_delivered_message_as_delivered(self):
        with Sandbox(delays=AT_ONCE._replace(delivered=60.0)) as sandbox:
            command = ["php", "cellcast.php", sandbox.url, "sandbox-key", "0491570156"]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE, env=ENVIRONMENT
            ) as process:
                assert process.stdout is not None
                before = [process.stdout.readline().decode() for _ in range(2)]
                sandbox.clock.advance(minutes=2)
                rest, errors = process.communicate(b"\n", timeout=60)
            assert (process.returncode, errors) == (0, b"")
        calls = lines("".join(before) + rest.decode())
        assert [(one["call"], one.get("state"), one.get("status")) for one in calls] == [
            ("send", None, True),
            ("state", "SENT", None),
            ("state", "DELIVERED", None),
            ("state of another", "UNKNOWN", None),
            ("sendOld", None, "SUCCESS"),
            ("balance", None, None),
        ]
        assert int(calls[4]["sent"]) == 1
        assert isinstance(calls[5]["left"], int)


class TestRuby:
    pytestmark = needs_ruby

    def test_a_client_that_parses_the_text_itself_makes_every_call(self, sandbox):
        calls = lines(run("ruby", "skycore.rb", sandbox.url + WXML, "sandbox-key"))
        assert [(one["call"], one["STATUS"], one.get("ERRORCODE")) for one in calls] == [
            ("sendMMS", "Success", None),
            ("saveMMS", "Success", None),
            ("sendSavedMMS", "Success", None),
            ("getMmsIds", "Success", None),
            ("deleteMMSID", "Success", None),
            ("getMmsIds", "Failure", "E200"),
            ("sendSavedMMS", "Failure", "E241"),
            ("createMMSCampaign", "Success", None),
            ("sendSMS", "Success", None),
            ("createAccountSession", "Success", None),
        ]
        assert [one["call"] for one in calls if one["failed"]] == ["getMmsIds", "sendSavedMMS"]
        assert isinstance(sandbox.sent[0], SendMMS)
        assert sandbox.sent[0].slideshow.slides == (Slide(f"{TEXT}\nTwo"),)

    def test_the_client_fails_if_the_response_is_declared_as_xml(self):
        # This is why the sandbox declares it as text/html.
        with Sandbox(content_type="text/xml") as sandbox:
            command = [shutil.which("ruby") or "ruby", "skycore.rb", sandbox.url + WXML, "sandbox-key"]
            done = subprocess.run(command, capture_output=True, timeout=120, cwd=HERE, env=ENVIRONMENT)
        assert done.returncode != 0
        assert b"HTTParty has parsed the response to a Hash" in done.stderr


def gateway_status(body: str) -> str:
    """The status in a response of any dialect, in lower case."""
    fields = json.loads(body) if body.startswith("{") else {str(one.tag): one.text for one in etree.fromstring(body.encode())}
    return next(str(value).lower() for name, value in fields.items() if name.lower() == "status")


@needs_node
def test_node_streams_a_request_in_every_dialect(sandbox):
    calls = lines(run("node", "stream.mjs", sandbox.url, "sandbox-key"))
    assert [one["call"] for one in calls] == ["skycore bare", "skycore form", "sinch", "sinch-json", "skycore multipart"]
    assert {(one["status"], gateway_status(one["body"])) for one in calls} == {(200, "success")}
    assert [one.slideshow.slides[0].text for one in sandbox.sent if isinstance(one, SendMMS)] == [TEXT] * 5


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("java", "-Dfile.encoding=UTF-8", "Stream.java"), marks=needs_java, id="java"),
        pytest.param(("go", "run", "stream.go"), marks=needs_go, id="go"),
    ],
)
def test_a_body_from_a_stream_is_sent_in_chunks(sandbox, command):
    printed = run(*command, sandbox.url + WXML, "sandbox-key").splitlines()
    statuses = [line.partition(" ") for line in printed]
    assert [(status, gateway_status(body)) for status, _, body in statuses] == [("200", "success")] * 3
    (sent,) = sandbox.sent
    assert isinstance(sent, SendMMS)
    assert sent.slideshow.slides == (Slide(TEXT),)
    assert len(sandbox.saved) == 1
