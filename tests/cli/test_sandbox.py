"""`skymms sandbox`: the settings to copy, a line for each thing that happens, and what it can be told to do."""

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
from cli_process import ADDRESSED, CANARY, COUPON, INTERRUPTIBLE, PYTHONPATH, environment, process, skymms_, surroundings

from skymms import Client, ListMMS, SaveMMS, SendMMS, SkymmsError, Slideshow
from skymms.cellcast import CellcastAccount
from skymms.cli.exit_status import Status
from skymms.sandbox import FAULTS, PostbackReceiver, Sandbox
from skymms.wire.dialects import DIALECTS

__all__ = ["environment", "skymms_"]

SHOW = Slideshow("hello", subject="Hi").slide("Hello!")
SEND = SendMMS(SHOW, to="15551234888", sender="60856")
IN_SINCH = SendMMS(SHOW.replace(fallback_text="Hi"), to="15551234888", sender="60856", service_id="1")


@pytest.fixture
def meanwhile(skymms_, monkeypatch):
    """Runs the command, and while it serves, something with its sandbox."""

    def run(does, *argv: str):
        monkeypatch.setattr(Sandbox, "serve_forever", does)
        return skymms_("sandbox", *argv)

    return run


@pytest.fixture
def started(meanwhile):
    """Runs the command, which ends at once."""
    return lambda *argv: meanwhile(lambda sandbox: None, *argv)


def calls(*operations, dialect: str = "skycore"):
    """Makes calls; what comes of them is on the screen."""

    def run(sandbox: Sandbox) -> None:
        for operation in operations:
            with Client(sandbox.account(dialect), retries=0) as client, suppress(SkymmsError):
                client.call(operation)

    return run


class TestTheSettings:
    def test_are_a_line_to_copy_for_each_dialect(self, started):
        ran = started()
        assert ran.status == 0
        lines = [shlex.split(line)[1:] for line in ran.out.splitlines() if line.startswith("export ")]
        settings = [dict(one.split("=", 1) for one in line) for line in lines]
        told = {setting["SKYMMS_DIALECT"]: setting for setting in settings if "SKYMMS_DIALECT" in setting}
        assert set(told) == set(DIALECTS)
        for name, setting in told.items():
            address = urlsplit(setting["SKYMMS_URL"])
            assert (address.hostname, address.path) == ("127.0.0.1", urlsplit(DIALECTS[name].url).path)
            assert setting["SKYMMS_API_KEY"] == "sandbox-key"
        for setting in settings[len(told) :]:
            account = CellcastAccount.from_env(setting)
            assert (urlsplit(account.address).path, account.api_key) == (f"/api/{account.generation}/", "sandbox-key")
        assert len(settings) == len(told) + 2

    def test_are_one_document_for_machines(self, started):
        told = started("--json").json
        assert set(told["addresses"]) == {*DIALECTS, "cellcast-v3", "cellcast-v1"}
        assert all(address.startswith(told["url"]) for address in told["addresses"].values())

    def test_show_no_key_but_the_sandboxs_own(self, started):
        ran = started("--key", CANARY)
        assert "SKYMMS_API_KEY=" not in ran.out
        assert "SKYMMS_CELLCAST_KEY=" not in ran.out
        assert "SKYMMS_API_KEY has to be the key given here" in ran.out

    def test_name_the_page_for_people(self, started):
        assert re.search(r"^A sandbox at http://127\.0\.0\.1:\d+: open it in a browser", started().out)

    def test_are_there_before_the_sandbox_ends_and_it_takes_what_they_say(self):
        running = subprocess.Popen(
            [sys.executable, "-m", "skymms", "sandbox", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=surroundings(PYTHONPATH=PYTHONPATH, SKYMMS_API_KEY="sandbox-key"),
            **INTERRUPTIBLE,
        )
        try:
            told = b"".join(iter(running.stdout.readline, b"}\n")) + b"}"
            there = ("--url", json.loads(told)["addresses"]["skycore"])
            sent = process("send", "-", *ADDRESSED, *there, stdin=COUPON.encode(), SKYMMS_API_KEY="sandbox-key")
            assert sent.status == 0, sent.err
        finally:
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
        assert running.returncode == Status.INTERRUPTED
        assert b"SendMMS in skycore to 15551234888 -> accepted, " in err
        assert b"Traceback" not in err


class TestTheScreen:
    LINES = (
        (calls(SEND), r"SendMMS in skycore to 15551234888 -> accepted, mms_id=\d+, tracking_id=MMS_\d+$"),
        (calls(SaveMMS(SHOW), ListMMS()), "ListMMS in skycore -> accepted, 1 stored"),
        (calls(ListMMS()), "ListMMS in skycore -> refused, E200: "),
        (calls(IN_SINCH, dialect="sinch-json"), r"SendMMS in sinch-json to 15551234888 -> accepted, tracking_id=MMS_\d+$"),
    )

    @pytest.mark.parametrize(("does", "line"), LINES)
    def test_says_what_came_and_what_became_of_it_with_the_time(self, meanwhile, does, line):
        assert re.search(rf"^\d\d:\d\d:\d\d {line}", meanwhile(does).err, re.MULTILINE)

    def test_says_what_was_posted_and_how_it_was_taken(self, meanwhile):
        def does(sandbox: Sandbox) -> None:
            calls(SEND)(sandbox)
            inbox.wait(2)

        with PostbackReceiver() as inbox:
            err = meanwhile(does, "--postback-url", inbox.url, "--at-once").err
        # The second is taken before its line is written, and the sandbox may end in between.
        assert re.search(r"^\d\d:\d\d:\d\d postback N101 of MMS_\d+ to 15551234888 -> answered 200 \(", err, re.MULTILINE)

    def test_has_the_sandboxs_own_time(self, meanwhile):
        def does(sandbox: Sandbox) -> None:
            for _ in range(2):
                calls(SEND)(sandbox)
                sandbox.clock.advance(hours=1)

        first, second = re.findall(r"^(\d\d):\d\d:\d\d SendMMS", meanwhile(does).err, re.MULTILINE)
        # The clock on the wall can be put forward or back between any two hours.
        assert first != second

    @pytest.mark.parametrize("junk", ["%1b%5b2J", "%0a00:00:00%20SendMMS", "%e2%80%ae"])
    def test_is_not_painted_on_by_what_comes(self, meanwhile, junk):
        def does(sandbox: Sandbox) -> None:
            with socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port), timeout=10) as raw:
                path = urlsplit(DIALECTS["skycore"].url).path
                query = f"action=sendmms&api_key=sandbox-key&to={junk}&from={junk}&name={junk}"
                raw.sendall(f"GET {path}?{query} HTTP/1.0\r\n\r\n".encode())
                raw.recv(1000)

        err = meanwhile(does).err
        assert len(re.findall("SendMMS in skycore-get", err)) == 1
        assert len([line for line in err.splitlines() if re.match(r"\d\d:", line)]) == 1
        assert not re.search("[\x1b\u202e]", err)

    def test_has_no_key_on_it(self, meanwhile):
        # The fixture looks for the canary in all that is printed.
        ran = meanwhile(lambda sandbox: calls(SEND)(sandbox), "--key", CANARY)
        assert "accepted" in ran.err


class TestWhatItIsTold:
    @pytest.mark.parametrize(
        ("argv", "said"),
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
    def test_happens(self, meanwhile, argv, said):
        assert said in meanwhile(calls(SEND), *argv).err

    def test_knows_the_carriers_it_was_told(self, meanwhile):
        sends = [replace(SEND, operator_id=carrier) for carrier in ("31002", "31003", "31004")]
        err = meanwhile(calls(*sends), "--operator", "31002", "--operator", "31003").err
        assert re.findall(r"-> (accepted|refused, \w+)", err) == ["accepted", "accepted", "refused, E651"]

    def test_happens_as_often_as_was_asked_for(self, meanwhile):
        err = meanwhile(calls(*[SEND] * 6), "--fail", "E503:every=3", "--fail", "E112:times=1").err
        assert re.findall(r"-> (accepted|refused, \w+)", err) == [
            *["refused, E112", "accepted", "refused, E503"],
            *["accepted", "accepted", "refused, E503"],
        ]

    def test_of_the_dialects_names_is_insisted_on_with_strict(self, meanwhile):
        def does(sandbox: Sandbox) -> None:
            request = sandbox.account().encode(SEND)
            body = request.body.replace(quote_plus("<TO>").encode(), quote_plus("<COLOUR>red</COLOUR><TO>").encode())
            build_opener(ProxyHandler({})).open(request.url, body, timeout=10).close()

        assert "-> accepted" in meanwhile(does).err
        assert "refused, E100: COLOUR" in meanwhile(does, "--strict").err

    def test_lets_reports_follow_at_once(self, meanwhile):
        def does(sandbox: Sandbox) -> None:
            calls(SaveMMS(SHOW.replace(slides=()).slide(audio="http://media.example/a.mp3")))(sandbox)
            (saved,) = sandbox.saved
            locked.append(saved.ready > saved.created)

        locked: list[bool] = []
        meanwhile(does)
        meanwhile(does, "--at-once")
        assert locked == [True, False]

    @pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)])
    def test_to_listen_to_others_is_warned_of(self, started, host, warned):
        ran = started("--host", host)
        assert ran.status == 0
        assert ("warning: whoever reaches" in ran.err) == warned

    @pytest.mark.parametrize(
        ("argv", "said"),
        [
            (("--port", "70000"), "70000 is not in the range"),
            (("--fail", "gremlins"), f"'gremlins' is no fault: choose one of {', '.join(FAULTS)}, or a code such as E106"),
            (("--fail", "drop:often=9"), "'often=9' is none of times=…, every=…, seconds=…, to=…"),
            (("--fail", "drop:every=x"), "'x' is no number for every"),
            (("--fail", "drop:every=0"), "every=0: give a whole number from 1 up"),
            (("--fail", "stall:seconds=nan"), "seconds=nan: give a number from 0 up to an hour"),
            (("--fail", "refuse:to=1"), "refuse closes the connection before the recipient is read"),
            (("--postback-url", "nonsense"), "is not an http or https URL"),
            (("--postback-url", "http://"), "is not an http or https URL"),
            (("--sender", "abc"), "'abc' is no short code in digits"),
            (("--sender", ""), "'' is no short code in digits"),
            (("--operator", " "), "' ' is no id"),
        ],
    )
    def test_is_refused_in_words_when_it_is_wrong(self, started, argv, said):
        ran = started(*argv)
        assert (ran.status, ran.out) == (Status.USAGE, "")
        assert said in " ".join(ran.err.split())

    def test_is_refused_in_words_when_the_port_is_taken(self, started):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            ran = started("--port", port)
        assert ran.status == Status.USAGE
        assert f"cannot listen at 127.0.0.1, port {port}: " in ran.err
