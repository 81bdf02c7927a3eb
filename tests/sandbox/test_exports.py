"""Requests as the sandbox shows and exports them: no key is in them, and running an export sends an equal request."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus
from urllib.request import Request, urlopen

import pytest
from cli_process import run as run  # a fixture

from skymms import (
    Client,
    ConfigurationError,
    ListMMS,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SendSMS,
    SkymmsError,
    Slide,
    Slideshow,
)
from skymms.cellcast import CellcastSend
from skymms.export.python_code import python_code
from skymms.export.toml_text import toml_text
from skymms.files import read_file
from skymms.sandbox import Sandbox
from skymms.sandbox.listener import ServerRequest
from skymms.sandbox.raw_http import MAX_KEPT, raw_request, show_request

#: A key with characters that URLs, XML and JSON escape.
KEY = "s3cret/key+with%special=characters"
AWKWARD = (
    "quotes ' \" ''' \"\"\" and \\ \\n",
    "two\nlines\n",
    "$HOME ${HOME} $(id) `id` !! %41 + &amp; ; | > x",
    "</script><script>alert(1)</script> ]]> <!-- -->",
    "emoji 👩‍👩‍👧 ☕ and עברית \u202e",
    "END\n'END'\n# comment {$name|you} {name}",
)
DIALECTS = {
    "skycore": {},
    "skycore-get": {"campaign_ref": "Campaign 1"},
    "sinch": {"service_id": "12345"},
    "sinch-json": {
        "service_id": "12345",
        "display_to": ["15551230001", "15551230002"],
        "client_reference": 'it\'s "mine" $1',
        "expires": datetime.now(UTC).replace(microsecond=0) + timedelta(days=1),
    },
}
SHOW = Slideshow("awkward ' \" $x", subject=AWKWARD[0][:20], fallback_text="It's $5 `now`", disable_fallback_link=True)
for _text in AWKWARD:
    SHOW = SHOW.slide(_text, image="http://media.example/a.jpg?x='1'&y=$2", duration=7)


@pytest.fixture
def sandbox():
    with Sandbox(api_key=KEY) as running:
        yield running


def send(sandbox: Sandbox, dialect: str) -> None:
    """Send the awkward message in a dialect; without what the dialect does not have."""
    show = SHOW if dialect.startswith("skycore") else SHOW.replace(disable_fallback_link=None)
    if dialect == "sinch-json":
        show = show.replace(slides=[replace(slide, duration=None) for slide in show.slides])
    with Client(sandbox.account(dialect), retries=0) as client:
        client.call(SendMMS(show, to="15551234888", sender="60856", **DIALECTS[dialect]))


def variables_of(sandbox: Sandbox, dialect: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name != "SKYMMS_PROFILE"},
        "SKYMMS_API_KEY": KEY,
        "SKYMMS_DIALECT": dialect,
        "SKYMMS_URL": sandbox.account(dialect).address,
        "NO_PROXY": "*",
    }


def assert_equal_requests(sandbox: Sandbox) -> None:
    first, second = sandbox.requests
    assert second.operation == first.operation
    assert type(second.reply) is type(first.reply)
    assert first.operation in sandbox.sent


@pytest.mark.parametrize("dialect", DIALECTS)
class TestExports:
    def test_the_python_code_sends_an_equal_request(self, sandbox, dialect, tmp_path):
        send(sandbox, dialect)
        tmp_path.joinpath("message.py").write_text(sandbox.requests[0].as_python(), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "message.py"],
            cwd=tmp_path,
            env=variables_of(sandbox, dialect),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert_equal_requests(sandbox)
        assert sandbox.requests[0].raw.body == sandbox.requests[1].raw.body

    def test_the_command_in_the_toml_file_sends_an_equal_request(self, sandbox, dialect, monkeypatch, run, tmp_path):
        send(sandbox, dialect)
        text = sandbox.requests[0].as_toml()
        comment = text.splitlines()[0]
        words = shlex.split(comment.removeprefix("# "))
        assert words[:3] == ["skymms", "send", "FILE.toml"]
        monkeypatch.chdir(tmp_path)
        for name, value in variables_of(sandbox, dialect).items():
            monkeypatch.setenv(name, value)
        shown = run("show", "f", *words[3:], f=text)
        assert (shown.status, shown.err) == (0, "")
        sent = run("send", "f", *words[3:], f=text)
        assert sent.status == 0, sent.err
        assert_equal_requests(sandbox)

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
    def test_the_curl_command_sends_an_equal_request(self, sandbox, dialect):
        send(sandbox, dialect)
        command = sandbox.requests[0].as_curl()
        ended = subprocess.run(
            ["sh", "-c", command.replace("curl ", "curl -sS ", 1)],
            env=variables_of(sandbox, dialect),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert_equal_requests(sandbox)

    def test_no_export_and_no_detail_contains_the_key(self, sandbox, dialect):
        send(sandbox, dialect)
        (record,) = sandbox.requests
        with urlopen(f"{sandbox.url}/sandbox/request?n=1", timeout=30) as response:
            details = response.read().decode()
        shown = json.loads(details)
        assert shown["exports"]["curl"]["text"] == record.as_curl()
        assert "***" in json.dumps(shown["request"])
        for text in (details, repr(record), record.as_python(), record.as_toml(), record.as_curl()):
            for form in (KEY, quote(KEY, safe=""), quote_plus(KEY), json.dumps(KEY), "s3cret"):
                assert form not in text


class TestOtherRequests:
    @pytest.mark.parametrize(
        "operation",
        [
            ListMMS(),
            SendSMS(to="15551234888", sender="60856", text=AWKWARD[2]),
            SendSavedMMS("35674", to="15551234888", sender="60856", custom_text={1: AWKWARD[0]}, data={"name": AWKWARD[4]}),
            SaveMMS(SHOW),
        ],
        ids=lambda operation: type(operation).__name__,
    )
    def test_the_python_code_of_every_operation_makes_an_equal_one(self, operation):
        names: dict[str, object] = {}
        code = python_code(operation)
        # Everything up to the call, whose argument is then evaluated.
        before, _, call = code.partition("\nwith Client(Account.from_env()) as client:\n    reply = client.call(")
        exec(before, names)
        assert eval(call.rpartition(")\nprint(reply)")[0].strip(), names) == operation

    def test_a_refused_message_can_be_exported_although_it_cannot_be_built(self, sandbox):
        wrong = Slideshow("n", subject="s", slides=(Slide("x" * 6000), Slide(audio="http://a.example/a.mp3", duration=999)))
        document = sandbox.account().dialect_spec.encode_request(SendMMS(wrong, to="15551234888", sender="60856"), KEY)
        request = sandbox.account().wrap(document)
        with urlopen(Request(request.url, request.body, dict(request.headers)), timeout=30) as response:
            assert b"E334" in response.read()
        (record,) = sandbox.requests
        assert record.operation is not None
        assert read_file(record.as_toml().encode()).slideshow == wrong
        names: dict[str, object] = {}
        exec(record.as_python().partition("\nwith ")[0], names)
        assert names["slideshow"] == wrong

    def test_a_request_that_was_not_understood_has_no_python_code_and_no_toml(self, sandbox):
        with urlopen(Request(sandbox.account("sinch").address, b"<request><api-key>abcdef123", {}), timeout=30):
            pass
        (record,) = sandbox.requests
        for export in (record.as_python, record.as_toml):
            with pytest.raises(ConfigurationError):
                export()
        assert "$SKYMMS_API_KEY" in record.as_curl()
        assert "abcdef123" not in record.as_curl()

    def test_a_saved_slideshow_in_toml_has_no_command(self):
        assert toml_text(SHOW).startswith("name = ")
        assert read_file(toml_text(SHOW).encode()).slideshow == SHOW

    def test_a_value_that_does_not_fit_into_a_comment_is_left_out(self):
        text = toml_text(SendMMS(SHOW, to="1\n2", sender="60856", client_reference="\x1b[31m"))
        assert text.splitlines()[0] == "# skymms send FILE.toml --to … --from 60856 --client-reference …".replace("…", "'…'")
        assert read_file(text.encode()).slideshow == SHOW

    def test_a_message_to_cellcast_is_exported_as_python_and_curl(self, sandbox):
        picture = "http://media.example/a.gif"
        for generation in ("v3", "v1"):
            sandbox.reset()
            with Client(sandbox.account(f"cellcast-{generation}", rate=None)) as client:
                client.call(CellcastSend(Slide(AWKWARD[1].strip(), image=picture), to=["0491570156", "0491570157"]))
            record = sandbox.requests[0]
            variables = {
                "SKYMMS_CELLCAST_KEY": KEY,
                "SKYMMS_CELLCAST_GENERATION": generation,
                "SKYMMS_CELLCAST_URL": f"{sandbox.url}/api/{generation}/",
            }
            for command in ([sys.executable, "-c", record.as_python()], ["sh", "-c", record.as_curl()]):
                subprocess.run(
                    command, env={**os.environ, **variables, "NO_PROXY": "*"}, capture_output=True, check=True, timeout=60
                )
            assert [one.operation for one in sandbox.requests] == [record.operation] * 3
            assert len(sandbox.sent) == 3
            with pytest.raises(ConfigurationError, match="Cellcast"):
                record.as_toml()

    def test_an_upload_is_read_from_a_file_if_it_is_long(self, sandbox):
        jpeg = b"\xff\xd8\xff\xe0" + b"x" * 9000
        code = python_code(CellcastSend(Slide("Hi"), to="0491570156", media=jpeg))
        assert 'media=Path("uploaded-file").read_bytes()' in code
        assert "a file of 9,004 bytes" in code
        assert "media=b" in python_code(CellcastSend(Slide("Hi"), to="0491570156", media=jpeg[:50]))

    def test_former_names_are_part_of_the_account(self):
        assert 'Account.from_env(former_names=["CAMPAIGNID"])' in python_code(ListMMS(), former_names={"CAMPAIGNID"})


class TestRawRequests:
    def raw(self, body: bytes, content_type: str = "", query: str = "", **headers: str):
        found = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return raw_request(ServerRequest("POST" if body else "GET", "/ep/v1/", query, found, body), "http://127.0.0.1:1", KEY)

    @pytest.mark.parametrize("key", [KEY, "another'key<&>", "short"])
    @pytest.mark.parametrize(
        "write",
        [
            lambda key: (f"<REQUEST><API_KEY>{_xml(key)}</API_KEY><TO>1</TO>".encode(), "text/xml"),
            lambda key: (f"<request>\n<api-key >\n {_xml(key)}\n</api-key>".encode(), "text/xml"),
            lambda key: (f"<r><API_KEY><![CDATA[{key}]]></API_KEY></r>".encode(), "text/xml"),
            lambda key: (f"<r><API_KEY>{''.join(f'&#{ord(one)};' for one in key)}</API_KEY>".encode(), "text/xml"),
            lambda key: (f"xml={quote_plus(f'<R><API_KEY>{_xml(key)}</API_KEY><TO>1</TO>')}".encode(), FORM),
            lambda key: (f"a=1&API_KEY={quote(key, safe='')}&b=2".encode(), FORM),
            lambda key: (f'{{"api-key": {json.dumps(key)}, "to": "1"}}'.encode(), "application/json"),
            lambda key: (f'{{"api_key":{json.dumps(key)}'.replace("/", "\\/").encode(), "application/json"),
            lambda key: (_form("API_KEY", key).encode(), "multipart/form-data; boundary=B"),
            lambda key: (_form("XML", f"<R><API_KEY>{_xml(key)}</API_KEY></R>").encode(), "multipart/form-data; boundary=B"),
        ],
    )
    def test_any_key_in_a_body_is_masked_even_in_a_malformed_one(self, write, key):
        body, content_type = write(key)
        raw = self.raw(body, content_type)
        shown = json.dumps([show_request(raw), repr(raw)])
        assert "***" in shown
        for form in (key, _xml(key), quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1]):
            assert form not in shown.replace("shorten", "")

    def test_a_key_in_the_query_and_in_headers_is_masked(self):
        raw = self.raw(
            b"",
            query=f"action=x&api_key=abcdef9&text=abcdef9&more={quote(KEY, safe='')}",
            authorization="Bearer abcdef8",
            x_api_key="abcdef7",
            cookie="session=abcdef6",
            user_agent="test",
        )
        shown = show_request(raw)
        assert shown["url"] == "http://127.0.0.1:1/ep/v1/?action=x&api_key=***&text=***&more=***"
        assert shown["readable"] == "action: x\napi_key: ***\ntext: ***\nmore: ***"
        headers = {name: shown["headers"][name] for name in ("authorization", "x-api-key", "cookie", "user-agent")}
        assert headers == {"authorization": "Bearer ***", "x-api-key": "***", "cookie": "***", "user-agent": "test"}

    def test_a_long_body_is_cut_with_a_note_and_a_key_across_the_cut_is_masked(self):
        for before in range(MAX_KEPT - 60, MAX_KEPT + 5, 7):
            start = "<r><TEXT>"
            body = f"{start}{'x' * (before - len(start))}</TEXT><API_KEY>{KEY}</API_KEY>{'y' * 9000}".encode()
            shown = show_request(self.raw(body, "text/xml"))
            assert shown["note"] == f"The body has {len(body):,} bytes. The first {MAX_KEPT:,} are shown."
            assert len(shown["body"]) <= MAX_KEPT + 3
            assert "s3c" not in json.dumps(shown)
            assert shown["readable"] is None

    @pytest.mark.parametrize("again", [b'api_key"\r\n', b"api_key>", b"api_key=", b'"api_key":"', b"<api_key>", b"api_key "])
    def test_names_of_keys_take_no_quadratic_time(self, again):
        started = time.process_time()
        self.raw(again * 100_000, "text/xml", query=(again * 9000).decode().replace("\r\n", ""))
        assert time.process_time() - started < 15

    def test_a_body_that_is_not_text_is_not_shown(self):
        for body in (f"<r><API_KEY>{KEY}</API_KEY></r>".encode("utf-16"), b"\x89PNG\x00\xff"):
            shown = show_request(self.raw(body))
            assert (shown["body"], shown["readable"]) == ("", None)
            assert "not text" in str(shown["note"])

    def test_a_form_with_a_file_shows_its_fields_and_the_length_of_the_file(self):
        file = '--B\r\nContent-Disposition: form-data; name="media"; filename="a.jpg"\r\n\r\n'
        body = (file + "J" * 500 + "\r\n" + _form("text", "Hi")).encode()
        shown = show_request(self.raw(body, "multipart/form-data; boundary=B"))
        assert shown["readable"] == "media: (a file of 500 bytes)\ntext: Hi"
        assert show_request(self.raw(b"no form", "multipart/form-data; boundary=B"))["readable"] is None

    @pytest.mark.parametrize(
        ("body", "readable"),
        [
            (b'{"a":[1,{"b":"\xe2\x98\x95"}]}', '{\n  "a": [\n    1,\n    {\n      "b": "☕"\n    }\n  ]\n}'),
            (b'{"a":', None),
            (b"<a><b>1</b></a>", "<a>\n  <b>1</b>\n</a>"),
            (b"<a><b>", None),
            (b"[" * 50_000, None),
            (b"plain", None),
            (b"a=1&b", None),
            (b"", None),
        ],
    )
    def test_a_body_is_laid_out_if_it_can_be_parsed(self, body, readable):
        for content_type in ("", FORM):
            assert show_request(self.raw(body or b" ", content_type))["readable"] == readable

    def test_the_answer_of_a_fault_is_shown_with_what_the_caller_saw(self, sandbox):
        sandbox.fail("drop")
        sandbox.fail("503")
        with Client(sandbox.account(), retries=0) as client:
            for _ in range(2):
                with contextlib.suppress(SkymmsError):
                    client.call(SendMMS(SHOW, to="15551234888", sender="60856"))
        lost, refused = (json.load(urlopen(f"{sandbox.url}/sandbox/request?n={n}"))["response"] for n in (1, 2))
        assert lost["fault"] == "the connection is closed without a response. This is the answer that the gateway had."
        assert "<STATUS>Success</STATUS>" in lost["readable"]
        assert (refused["status"], refused["body"], "fault" in refused) == (503, "Service Unavailable\n", False)
        assert sandbox.counts == {"requests": 2, "accepted": 0, "refused": 1, "lost": 1}

    def test_a_slow_answer_is_not_a_lost_one(self, sandbox):
        sandbox.fail("slow", seconds=0)
        with Client(sandbox.account(), retries=0) as client:
            client.call(SendMMS(SHOW, to="15551234888", sender="60856"))
        assert sandbox.counts == {"requests": 1, "accepted": 1, "refused": 0, "lost": 0}

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"<r>\x1b[201~; touch hacked\r\n</r>", "text/xml"),
            (b"<request>\r\n<action>getMMSIDs</action>\r\n</request>", "text/xml"),
            (b"a=%1b%5b201~&b=%00", "application/x-www-form-urlencoded"),
            (b"@/etc/passwd", "text/plain"),
            (b"a=%zz&b=100%", "application/x-www-form-urlencoded"),
            (b"a=[1-3]{x,y}", "text/plain"),
        ],
    )
    def test_a_command_has_no_control_characters_and_repeats_the_exact_body(self, sandbox, body, content_type, tmp_path):
        request = Request(sandbox.account("sinch").address, body, {"Content-Type": content_type})
        urlopen(request, timeout=30).close()
        command = sandbox.requests[0].as_curl()
        assert re.search("[\x00-\x08\x0b-\x1f\x7f]", command) is None
        subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True, timeout=60)
        assert list(tmp_path.iterdir()) == []
        first, second = sandbox.requests
        assert first.raw.body == second.raw.body

    def test_control_characters_beside_a_key_leave_no_command(self, sandbox):
        body = f"<request>\x07<api-key>{KEY}</api-key></request>".encode()
        urlopen(Request(sandbox.account("sinch").address, body, {"Content-Type": "text/xml"}), timeout=30).close()
        with pytest.raises(ConfigurationError, match="control characters"):
            sandbox.requests[0].as_curl()

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
    def test_a_form_of_the_vendors_php_library_is_repeated(self, sandbox):
        xml = f"<REQUEST>\r\n<ACTION>getMMSIDs</ACTION><API_KEY>{KEY.replace('&', '')}</API_KEY></REQUEST>"
        headers = {"Content-Type": "multipart/form-data; boundary=B"}
        urlopen(Request(sandbox.account().address, _form("XML", xml.replace("\r", "")).encode(), headers), timeout=30).close()
        command = sandbox.requests[0].as_curl()
        assert "--form-string" in command
        subprocess.run(["sh", "-c", command], env=variables_of(sandbox, "skycore"), capture_output=True, check=True, timeout=60)
        first, second = sandbox.requests
        assert (type(second.operation), second.reply) == (ListMMS, first.reply)


FORM = "application/x-www-form-urlencoded"


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _form(name: str, value: str) -> str:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--B--\r\n'
