"""`skymms sandbox`: the printed settings, the lines about requests and postbacks, and the options."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote_plus, urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest
from cli_process import CANARY, COUPON, PYTHONPATH, TO_AND_FROM, allow_interrupt, environ, run_process

from skymms import Client, ListMMS, SaveMMS, SendMMS, SkymmsError, Slide, Slideshow
from skymms.cellcast import CellcastAccount, CellcastSend
from skymms.cli.exit_status import Status
from skymms.sandbox import FAULTS, PostbackReceiver, Sandbox
from skymms.wire.dialects import DIALECTS, get_dialect

SLIDESHOW = Slideshow("hello", subject="Hi").slide("Hello!")
SEND = SendMMS(SLIDESHOW, to="15551234888", sender="60856")
SINCH_SEND = SendMMS(SLIDESHOW.replace(fallback_text="Hi"), to="15551234888", sender="60856", service_id="1")


@pytest.fixture
def run_sandbox(run, monkeypatch):
    """Runs `skymms sandbox`, calls a function with the Sandbox while it is serving, and ends."""

    def run_with(action, *argv: str):
        monkeypatch.setattr(Sandbox, "serve_forever", action)
        return run("sandbox", *argv)

    return run_with


@pytest.fixture
def run_briefly(run_sandbox):
    """Runs `skymms sandbox`, which ends as soon as it is serving."""
    return lambda *argv: run_sandbox(lambda sandbox: None, *argv)


def calls(*operations, dialect: str = "skycore"):
    """A function that sends operations to a sandbox. Their results are printed by the sandbox."""

    def call_all(sandbox: Sandbox) -> None:
        for operation in operations:
            with Client(sandbox.account(dialect), retries=0) as client, suppress(SkymmsError):
                client.call(operation)

    return call_all


class TestPrintedSettings:
    def test_settings_are_printed_as_a_line_to_copy_for_each_dialect(self, run_briefly):
        result = run_briefly()
        assert result.status == 0
        lines = [shlex.split(line)[1:] for line in result.out.splitlines() if line.startswith("export ")]
        settings = [dict(one.split("=", 1) for one in line) for line in lines]
        printed = {setting["SKYMMS_DIALECT"]: setting for setting in settings if "SKYMMS_DIALECT" in setting}
        assert set(printed) == set(DIALECTS)
        for name, setting in printed.items():
            address = urlsplit(setting["SKYMMS_URL"])
            assert (address.hostname, address.path) == ("127.0.0.1", urlsplit(get_dialect(name).url).path)
            assert setting["SKYMMS_API_KEY"] == "sandbox-key"
        for setting in settings[len(printed) :]:
            account = CellcastAccount.from_env(setting)
            assert (urlsplit(account.address).path, account.api_key) == (f"/api/{account.generation}/", "sandbox-key")
        assert len(settings) == len(printed) + 2

    def test_the_json_of_the_sandbox_command_contains_every_address(self, run_briefly):
        printed = run_briefly("--json").json
        assert set(printed["addresses"]) == {*DIALECTS, "cellcast-v3", "cellcast-v1"}
        assert all(address.startswith(printed["url"]) for address in printed["addresses"].values())

    def test_a_key_chosen_by_the_user_is_not_printed(self, run_briefly):
        result = run_briefly("--key", CANARY)
        assert "SKYMMS_API_KEY=" not in result.out
        assert "SKYMMS_CELLCAST_KEY=" not in result.out
        assert "Also set SKYMMS_API_KEY" in result.out

    def test_the_address_of_the_web_page_is_printed(self, run_briefly):
        assert re.search(r"^Sandbox at http://127\.0\.0\.1:\d+\. Open it in a browser", run_briefly().out)

    def test_the_sandboxs_addresses_are_printed_at_the_start_and_work(self):
        running = subprocess.Popen(
            [sys.executable, "-m", "skymms", "sandbox", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ(PYTHONPATH=PYTHONPATH, SKYMMS_API_KEY="sandbox-key"),
            preexec_fn=allow_interrupt,
        )
        assert running.stdout is not None
        try:
            printed = b"".join(iter(running.stdout.readline, b"}\n")) + b"}"
            url = ("--url", json.loads(printed)["addresses"]["skycore"])
            sent = run_process("send", "-", *TO_AND_FROM, *url, stdin=COUPON.encode(), SKYMMS_API_KEY="sandbox-key")
            assert sent.status == 0, sent.err
        finally:
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
        assert running.returncode == Status.INTERRUPTED
        assert b"SendMMS in skycore to 15551234888 -> accepted, " in err
        assert b"Traceback" not in err


class TestEventLines:
    LINES = (
        (calls(SEND), r"SendMMS in skycore to 15551234888 -> accepted, mms_id=\d+, tracking_id=MMS_\d+$"),
        (calls(SaveMMS(SLIDESHOW), ListMMS()), "ListMMS in skycore -> accepted, 1 stored"),
        (calls(ListMMS()), "ListMMS in skycore -> refused, E200: "),
        (calls(SINCH_SEND, dialect="sinch-json"), r"SendMMS in sinch-json to 15551234888 -> accepted, tracking_id=MMS_\d+$"),
    )

    @pytest.mark.parametrize(("action", "line"), LINES)
    def test_the_sandbox_command_prints_each_request_with_time_and_result(self, run_sandbox, action, line):
        assert re.search(rf"^\d\d:\d\d:\d\d {line}", run_sandbox(action).err, re.MULTILINE)

    def test_each_postback_is_printed_with_the_receivers_response(self, run_sandbox):
        def action(sandbox: Sandbox) -> None:
            calls(SEND)(sandbox)
            inbox.wait(2)

        with PostbackReceiver() as inbox:
            err = run_sandbox(action, "--postback-url", inbox.url, "--at-once").err
        # The line about the second postback may be missing: the sandbox can end before it is printed.
        assert re.search(r"^\d\d:\d\d:\d\d postback N101 of MMS_\d+ to 15551234888 -> answered 200 \(", err, re.MULTILINE)

    def test_the_printed_times_are_those_of_the_sandboxs_clock(self, run_sandbox):
        def action(sandbox: Sandbox) -> None:
            for _ in range(2):
                calls(SEND)(sandbox)
                sandbox.clock.advance(hours=1)

        first, second = re.findall(r"^(\d\d):\d\d:\d\d SendMMS", run_sandbox(action).err, re.MULTILINE)
        # Not compared with the system's time, which may be adjusted run_sandbox.
        assert first != second

    @pytest.mark.parametrize("junk", ["%1b%5b2J", "%0a00:00:00%20SendMMS", "%e2%80%ae"])
    def test_control_characters_in_requests_never_reach_the_terminal(self, run_sandbox, junk):
        def action(sandbox: Sandbox) -> None:
            with socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port), timeout=10) as raw:
                path = urlsplit(DIALECTS["skycore"].url).path
                query = f"action=sendmms&api_key=sandbox-key&to={junk}&from={junk}&name={junk}"
                raw.sendall(f"GET {path}?{query} HTTP/1.0\r\n\r\n".encode())
                raw.recv(1000)

        err = run_sandbox(action).err
        assert len(re.findall("SendMMS in skycore-get", err)) == 1
        assert len([line for line in err.splitlines() if re.match(r"\d\d:", line)]) == 1
        assert not re.search("[\x1b\u202e]", err)

    def test_the_sandbox_command_does_not_print_the_key_of_a_request(self, run_sandbox):
        # The fixture asserts that the key is not in the output.
        result = run_sandbox(lambda sandbox: calls(SEND)(sandbox), "--key", CANARY)
        assert "accepted" in result.err


class TestOptions:
    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (("--sender", "28444", "--sender", "28445"), "refused, E111"),
            (("--check-campaigns",), "refused, E718"),
            (("--fail", "E503"), "refused, E503: "),
            (
                ("--fail", "drop"),
                f"; fault drop: {FAULTS['drop'].description}",
            ),
            (("--fail", "503"), f"fault 503: {FAULTS['503'].description}, the message was not accepted"),
            (("--fail", "refuse"), "fault refuse: a connection was closed before its request was read"),
            (("--fail", "e106:times=9:to=15551234888"), "refused, E106"),
            (("--fail", "E503:to=15551234999"), "accepted"),
        ],
    )
    def test_an_option_changes_the_sandboxs_responses(self, run_sandbox, argv, message):
        assert message in run_sandbox(calls(SEND), *argv).err

    def test_the_sandbox_knows_only_the_given_carriers(self, run_sandbox):
        sends = [replace(SEND, operator_id=carrier) for carrier in ("31002", "31003", "31004")]
        err = run_sandbox(calls(*sends), "--operator", "31002", "--operator", "31003").err
        assert re.findall(r"-> (accepted|refused, \w+)", err) == ["accepted", "accepted", "refused, E651"]

    def test_messages_of_one_carrier_fail(self, run_sandbox):
        sends = [replace(SEND, to=f"1555123000{number}") for number in range(2)]
        options = (
            "--at-once",
            "--carrier",
            "0001570",
            "--carrier",
            "0002240",
            "--outcome",
            "E102:0001570",
            "--outcome",
            "N101",
        )
        err = run_sandbox(calls(*sends), *options).err
        assert "arranged: outcome E102 for 0001570" in err
        assert "arranged: outcome N101 for all" in err

    def test_a_fault_happens_as_often_as_requested(self, run_sandbox):
        err = run_sandbox(calls(*[SEND] * 6), "--fail", "E503:every=3", "--fail", "E112:times=1").err
        assert re.findall(r"-> (accepted|refused, \w+)", err) == [
            *["refused, E112", "accepted", "refused, E503"],
            *["accepted", "accepted", "refused, E503"],
        ]

    def test_the_option_strict_refuses_unknown_fields(self, run_sandbox):
        def action(sandbox: Sandbox) -> None:
            request = sandbox.account().encode(SEND)
            body = request.body.replace(quote_plus("<TO>").encode(), quote_plus("<COLOUR>red</COLOUR><TO>").encode())
            build_opener(ProxyHandler({})).open(request.url, body, timeout=10).close()

        assert "-> accepted" in run_sandbox(action).err
        assert "refused, E100: COLOUR" in run_sandbox(action, "--strict").err

    def test_the_option_for_other_files_of_cellcast_accepts_a_video(self, run_sandbox):
        def action(sandbox: Sandbox) -> None:
            account = sandbox.account("cellcast-v3", rate=None, allow_other_files=True)
            with Client(account) as client, suppress(SkymmsError):
                client.call(CellcastSend(Slide("Hi!", video="http://media.example/a.mp4"), to="0491570156"))

        assert "refused, FIELD_INVALID" in run_sandbox(action).err
        assert "accepted, 1 queued" in run_sandbox(action, "--allow-other-files").err

    @pytest.mark.parametrize(
        ("argv", "expected"), [((), "text/html; charset=UTF-8"), (("--content-type", "application/xml"), "application/xml")]
    )
    def test_the_content_type_of_skycore_responses_can_be_chosen(self, run_sandbox, argv, expected):
        def action(sandbox: Sandbox) -> None:
            request = sandbox.account().encode(SEND)
            with build_opener(ProxyHandler({})).open(request.url, request.body, timeout=10) as response:
                seen.append(response.headers["Content-Type"])

        seen: list[str] = []
        run_sandbox(action, *argv)
        assert seen == [expected]

    def test_the_option_at_once_does_not_lock_a_stored_slideshow(self, run_sandbox):
        def action(sandbox: Sandbox) -> None:
            calls(SaveMMS(SLIDESHOW.replace(slides=()).slide(audio="http://media.example/a.mp3")))(sandbox)
            (saved,) = sandbox.saved
            locked.append(saved.ready > saved.created)

        locked: list[bool] = []
        run_sandbox(action)
        run_sandbox(action, "--at-once")
        assert locked == [True, False]

    @pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)])
    def test_listening_to_other_machines_prints_a_warning(self, run_briefly, host, warned):
        result = run_briefly("--host", host)
        assert result.status == 0
        assert ("warning: everybody who can reach" in result.err) == warned

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (("--port", "70000"), "70000 is not in the range"),
            (("--fail", "gremlins"), f"'gremlins' is not a fault: choose one of {', '.join(FAULTS)}, or a code such as E106"),
            (("--fail", "drop:often=9"), "'often=9' is not one of times=…, every=…, seconds=…, to=…"),
            (("--fail", "drop:every=x"), "every must be a number, not 'x'"),
            (("--fail", "drop:every=0"), "every=0: give a whole number from 1 up"),
            (("--fail", "stall:seconds=nan"), "seconds=nan: give a number from 0 up to an hour"),
            (("--fail", "refuse:to=1"), "refuse closes the connection before the recipient is read"),
            (("--postback-url", "nonsense"), "is not an http or https URL"),
            (("--postback-url", "http://"), "is not an http or https URL"),
            (("--sender", "abc"), "'abc' is not a short code: it must be digits"),
            (("--sender", ""), "'' is not a short code: it must be digits"),
            (("--content-type", "xml"), "content_type='xml': give a value of the header, such as 'text/xml'"),
            (("--operator", " "), "' ' is not an id: it must not be blank"),
        ],
    )
    def test_a_wrong_option_of_the_sandbox_is_a_usage_error(self, run_briefly, argv, message):
        result = run_briefly(*argv)
        assert (result.status, result.out) == (Status.USAGE, "")
        assert message in " ".join(result.err.split())

    def test_a_port_in_use_is_a_usage_error(self, run_briefly):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            result = run_briefly("--port", port)
        assert result.status == Status.USAGE
        assert f"cannot listen on 127.0.0.1, port {port}: " in result.err
