"""`skymms inbox serve` and `work` as real processes: signals, SIGKILL, and what is on stdout and stderr."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from inspect import cleandoc
from pathlib import Path

import pytest
from cli_process import PYTHONPATH, allow_interrupt, environ, run_process
from inbox_server import CANARY

from skymms import Client, SendMMS, Slideshow
from skymms.broadcast import Ledger
from skymms.inbox.secrets import VARIABLE
from skymms.sandbox import AT_ONCE, PostbackBodies, Sandbox

MAKE = PostbackBodies()
SECOND = "s" * 50


class Running:
    """A command that runs until a signal. ``out`` and ``err`` are complete when it has ended."""

    def __init__(self, *argv: str, **changes: str | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "skymms", "inbox", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ(**{"PYTHONPATH": PYTHONPATH, VARIABLE: CANARY, **changes}),
            preexec_fn=allow_interrupt,
        )
        self._lines: list[str] = []
        self._printed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._printed:
                self._lines.append(line)
                self._printed.notify_all()

    @property
    def err(self) -> str:
        return "".join(self._lines)

    def wait_for(self, text: str) -> None:
        """Wait until a text is on stderr."""
        with self._printed:
            assert self._printed.wait_for(lambda: text in self.err, 30), self.err

    def line(self) -> str:
        """Return the next line of stdout."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(30)
        self._thread.join(30)
        assert self.process.stdout is not None
        self.out = self.process.stdout.read()
        assert "Traceback" not in self.err
        assert CANARY not in self.err + self.out
        return status


@pytest.fixture
def start():
    """Starts commands, and kills those that are left."""
    started: list[Running] = []

    def run(*argv: str, **changes: str | None) -> Running:
        started.append(Running(*argv, **changes))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        for stream in (one.process.stdout, one.process.stderr):
            if stream is not None and not one._thread.is_alive():
                stream.close()


def post(address: str, postback, **headers: str) -> int:
    request = urllib.request.Request(address, postback.body, {**postback.headers, **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def listed() -> list[str]:
    """The tracking ids that the command lists as JSON."""
    return [one["tracking_id"] for one in run_process("inbox", "list", "--json").json["notices"]]


# ------------------------------------------------------------------------------------------------ serve


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_the_address_and_stores_until_a_signal(start, number):
    running = start("serve", "--port", "0")
    address = running.line()
    assert address.startswith("http://127.0.0.1:")
    assert address.endswith(f"/mms/{CANARY}")
    port = address.split(":")[2].partition("/")[0]
    same = subprocess.run(
        [sys.executable, "-m", "skymms", "inbox", "address", "--store", "postbacks.db", "--host", "127.0.0.1", "--port", port],
        env=environ(PYTHONPATH=PYTHONPATH, **{VARIABLE: CANARY}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert same.stdout == f"{address}\n"
    assert post(address, MAKE.delivered("MMS_1")) == 200
    assert post(address, MAKE.delivered("MMS_1")) == 200
    assert post(address, MAKE.sent("MMS_2").in_form()) == 200
    assert post(address, MAKE.unreadable()) == 200
    assert post(address.replace(CANARY, SECOND), MAKE.sent("MMS_3")) == 404
    assert post(f"{address}x", MAKE.sent("MMS_3")) == 404
    assert post(f"{address[:-1]}%{ord(CANARY[-1]):02x}", MAKE.sent("MMS_4")) == 200  # an escaped character of the secret
    assert listed() == ["MMS_1", "MMS_2", "MMS_4"]  # while it runs
    assert running.end(number) == 0
    assert running.out == ""
    assert f"ended by {number.name}; everything that was answered 200 is stored" in running.err
    assert '"POST /mms/*** HTTP/1.1" 200' in running.err
    assert SECOND not in running.err


def test_serve_requires_a_user_and_password_of_the_file(start, tmp_path):
    (tmp_path / "users").write_text("gateway:new\ngateway:old\n")
    running = start("serve", "--port", "0", "--basic-auth-file", "users")
    address = running.line()
    assert address.startswith("http://gateway:new@127.0.0.1:")
    bare = address.replace("gateway:new@", "")
    assert post(bare, MAKE.delivered("MMS_1")) == 401
    for password, status in (("new", 200), ("old", 200), ("other", 401)):
        credentials = b64encode(f"gateway:{password}".encode()).decode()
        assert post(bare, MAKE.delivered(f"MMS_{password}"), Authorization=f"Basic {credentials}") == status
    assert listed() == ["MMS_new", "MMS_old"]
    assert running.end() == 0
    assert "gateway:" not in running.err


@pytest.mark.parametrize("store", ["postbacks.db", "skymms.db"])
def test_serve_tells_a_ledger_what_it_receives(start, store):
    hello = Slideshow("hello", subject="Hi", fallback_text="Hi").slide("Hello!")
    with Ledger("skymms.db") as ledger, Sandbox() as sandbox, Client(sandbox.account()) as client:
        spring = ledger.create("spring", SendMMS(hello, sender="60856"), ["15551234888"])
        spring.run(client)
        (row,) = spring.rows()
    running = start("serve", "--port", "0", "--store", store, "--ledger", "skymms.db")
    address = running.line()
    assert post(address, MAKE.delivered(row["tracking_id"], to="15551234888", sender="60856")) == 200
    assert post(address, MAKE.inbound_sms("STOP", sender="15551234888", to="60856")) == 200
    with Ledger("skymms.db") as ledger:
        # Opt-outs are written before the answer.
        assert run_process("broadcast", "explain-number", "15551234888", "--json").json["opt_outs"]
        end = time.monotonic() + 30
        while ledger["spring"].status().counts != {"delivered": 1} and time.monotonic() < end:
            time.sleep(0.05)
        assert ledger["spring"].status().counts == {"delivered": 1}
    assert running.end() == 0
    assert "Reports and opt-outs go to the ledger skymms.db too." in running.err


def test_serve_and_work_warn_if_the_store_is_a_ledger_that_is_told_nothing(start):
    hello = Slideshow("hello", subject="Hi", fallback_text="Hi").slide("Hello!")
    with Ledger("skymms.db") as ledger:
        ledger.create("spring", SendMMS(hello, sender="60856"), ["15551234888"])
    running = start("serve", "--port", "0", "--store", "skymms.db")
    assert running.line()
    assert running.end() == 0
    assert "warning: skymms.db is also a ledger with broadcasts" in running.err
    assert "Add --ledger" in running.err
    module = """
        from skymms import InboundSMS
        from skymms.broadcast import Ledger
        from skymms.inbox import Inbox, Secret
        ledger = Ledger("skymms.db")
        inbox = Inbox(ledger.store, secret=Secret.from_env())
        inbox.note_opt_outs(ledger)
        """
    write("shop.py", cleandoc(module))
    worker = start("work", "shop:inbox", "--until-idle")
    assert worker.wait() == 2
    assert "note_opt_outs() is not a handler" in worker.err
    write("shop.py", cleandoc(module) + "\ninbox.on(InboundSMS, name='mine')(print)\n")
    worker = start("work", "shop:inbox", "--until-idle")
    assert worker.wait() == 0
    assert "delivery reports do not reach the broadcasts: add inbox.on(Notice)(ledger.note)" in worker.err


def test_serve_refuses_a_ledger_that_does_not_exist(start):
    running = start("serve", "--port", "0", "--ledger", "nowhere.db")
    assert running.wait() == 2
    assert "there is no ledger nowhere.db" in running.err
    assert not Path("postbacks.db").exists()


def test_serve_receives_the_webhooks_of_cellcast(start):
    running = start("serve", "--port", "0", "--cellcast")
    address = running.line()
    assert post(address, MAKE.delivered("A21741CB", dialect="cellcast-v3")) == 200
    assert running.end() == 0
    assert listed() == ["A21741CB"]


def test_a_list_of_networks_refuses_others_and_believes_named_proxies(start):
    running = start("serve", "--port", "0", "--network", "192.0.2.0/24", "--proxy", "127.0.0.1")
    address = running.line()
    assert post(address, MAKE.sent("MMS_1")) == 403
    assert post(address, MAKE.sent("MMS_2"), **{"X-Forwarded-For": "192.0.2.7, 198.51.100.1"}) == 403
    assert post(address, MAKE.sent("MMS_3"), **{"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}) == 200
    assert running.end() == 0
    assert listed() == ["MMS_3"]


def test_two_secrets_are_accepted_while_one_replaces_the_other(start):
    Path("secrets").write_text(f"{SECOND}\n{CANARY}\n")
    running = start("serve", "--port", "0", "--secret-file", "secrets", **{VARIABLE: None})
    address = running.line()
    assert address.endswith(SECOND)
    assert post(address, MAKE.sent("MMS_1")) == 200
    assert post(address.replace(SECOND, CANARY), MAKE.sent("MMS_2")) == 200
    assert running.end() == 0


def test_what_was_answered_200_is_listed_after_sigkill(start):
    answered: list[str] = []
    for attempt in range(2):
        running = start("serve", "--port", "0")
        address = running.line()
        enough = threading.Event()

        def post_many(sender: int, attempt: int = attempt, address: str = address, enough: threading.Event = enough) -> None:
            for number in range(2000):
                id = f"MMS_{attempt}_{sender}_{number}"
                try:
                    if post(address, MAKE.sent(id)) == 200:
                        answered.append(id)
                except OSError:
                    return
                if number == 10:
                    enough.set()

        with ThreadPoolExecutor(8) as pool:
            done = [pool.submit(post_many, sender) for sender in range(8)]
            assert enough.wait(30)
            running.process.kill()
            running.process.wait()
        for one in done:
            one.result()
    assert len(answered) > 20
    assert set(answered) <= set(listed())


def test_an_address_that_is_in_use_is_an_error_that_names_it(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        running = start("serve", "--port", port)
        assert running.wait() == 2
        assert running.out == ""
        assert running.err == f"cannot listen on 127.0.0.1, port {port}: Address already in use\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--host", "no such host"), "cannot listen on no such host, port 0"),
        (("--network", "everywhere"), "networks: 'everywhere' is not an address or a network"),
        (("--store", "no/such/directory.db"), "of no/such/directory.db does not exist: create it first"),
        (("--url", "example.com"), "--url must be an http or https URL"),
    ],
)
def test_wrong_options_end_serve_before_it_prints_the_address(start, argv, message):
    running = start("serve", "--port", "0", *argv)
    assert running.wait() == 2
    assert running.out == ""
    assert message in running.err
    assert Path("postbacks.db").exists() is ("--host" in argv)


def test_without_uvicorn_one_sentence_names_the_command_that_installs_it(start, tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    hidden.joinpath("uvicorn.py").write_text("raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')")
    running = start("serve", PYTHONPATH=f"{hidden}:{PYTHONPATH}")
    assert running.wait() == 2
    assert running.err == "`skymms inbox serve` needs uvicorn: pip install 'skymms[inbox]'\n"
    assert running.out == ""


# ------------------------------------------------------------------------------------------------ work

SHOP = """
    import time
    from pathlib import Path
    from skymms import DeliveryReport, InboundSMS
    from skymms.inbox import Inbox, Secret

    inbox = Inbox("postbacks.db", secret=Secret.from_env(), work=False)

    @inbox.on(DeliveryReport)
    def told(report, message):
        print(report.tracking_id, message.state, flush=True)

    @inbox.on(InboundSMS)
    def slow(notice):
        print("begins", flush=True)
        for _ in range(3000):
            if Path("go").exists():
                break
            time.sleep(0.01)
        print("ends", flush=True)
"""


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(textwrap.dedent(text))


def test_a_message_of_the_sandbox_is_received_and_handled_by_two_processes(start):
    write("shop.py", SHOP)
    server, worker = start("serve", "--port", "0"), start("work", "shop:inbox")
    with (
        Sandbox(postback_url=server.line(), delays=AT_ONCE) as sandbox,
        Client(sandbox.account()) as client,
    ):
        sent = client.call(SendMMS(Slideshow("hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856"))
        sandbox.clock.advance(seconds=1)
        lines = [worker.line(), worker.line()]
    assert f"{sent.tracking_id} delivered" in lines
    assert worker.end() == 0
    assert server.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_work_waits_for_the_call_that_runs(start, number):
    write("shop.py", SHOP)
    store(MAKE.inbound_sms("one"))
    worker = start("work", "shop:inbox")
    worker.wait_for("Calls shop.told, shop.slow. Press Ctrl-C to stop.")
    assert worker.line() == "begins"
    worker.process.send_signal(number)
    worker.wait_for(f"{number.name}: no more notices are taken; waiting for the calls that run")
    Path("go").touch()
    assert worker.wait() == 0
    assert worker.out == "ends\n"
    handlers = run_process("inbox", "handlers", "--json").json["handlers"]
    assert [one["counts"] for one in handlers] == [{"done": 1}, {}]


def test_a_second_signal_ends_work_at_once(start):
    write("shop.py", SHOP)
    store(MAKE.inbound_sms("one"))
    worker = start("work", "shop:inbox")
    assert worker.line() == "begins"
    worker.process.send_signal(signal.SIGTERM)
    worker.wait_for("no more notices are taken")
    assert worker.end() == 128 + signal.SIGTERM
    assert worker.out == ""
    assert "the calls that were running are repeated" in worker.err


def test_work_until_idle_ends_by_itself(start):
    write("shops/orders.py", SHOP)
    store(MAKE.delivered("MMS_1"))
    worker = start("work", "shops.orders:inbox", "--until-idle")
    assert worker.wait() == 0
    assert worker.out == "MMS_1 delivered\n"


def test_a_failing_handler_is_mentioned_without_its_traceback(start):
    write("shop.py", SHOP.replace("print(report.tracking_id, message.state, flush=True)", "raise LookupError('no order')"))
    store(MAKE.delivered("MMS_1"))
    worker = start("work", "shop:inbox", "--until-idle")
    assert worker.wait() == 0
    assert "inbox: handler shop.told failed with notice 1 in attempt 1 of 10: LookupError; the next attempt is in" in worker.err
    assert "LookupError: no order" in run_process("inbox", "show", "1").out


def test_a_signal_ends_work_until_idle_too(start):
    write("shop.py", SHOP)
    store(MAKE.inbound_sms("one"))
    worker = start("work", "shop:inbox", "--until-idle")
    assert worker.line() == "begins"
    assert worker.end(signal.SIGINT) == 128 + signal.SIGINT
    assert "ended by SIGINT; the calls that were running are repeated" in worker.err


def test_a_program_that_configures_its_log_gets_each_line_once(start):
    write(
        "shop.py",
        SHOP.replace("import time", "import logging\n    logging.basicConfig(format='mine %(message)s')\n    import time"),
    )
    text = Path("shop.py").read_text().replace("print(report.tracking_id, message.state, flush=True)", "raise LookupError")
    Path("shop.py").write_text(text)
    store(MAKE.delivered("MMS_1"))
    worker = start("work", "shop:inbox", "--until-idle")
    assert worker.wait() == 0
    assert worker.err.count("failed with notice 1") == 1
    assert "mine inbox: handler shop.told failed" in worker.err


def test_serve_listens_on_ipv6(start):
    running = start("serve", "--port", "0", "--host", "::1")
    address = running.line()
    assert address.startswith("http://[::1]:")
    assert post(address, MAKE.sent("MMS_1")) == 200
    assert running.end() == 0


def store(*postbacks) -> None:
    """Store postbacks as `serve` does."""
    from skymms.inbox import Inbox, Secret

    with Inbox("postbacks.db", secret=Secret.generate()) as inbox:
        for one in postbacks:
            assert inbox.receiver.store(one.body, one.headers, time.monotonic() + 30).status == 200


@pytest.mark.parametrize(
    ("target", "module", "message"),
    [
        ("shop:inbox.other", "inbox = 5", "shop:inbox.other: shop has no inbox.other"),
        (
            "shop:inbox",
            "inbox = Inbox('postbacks.db', secret=Secret.from_env())",
            "shop:inbox has no handlers, so there is nothing",
        ),
        ("shop:inbox", "inbox = 5", "shop:inbox is a int, not an Inbox of skymms.inbox"),
        ("shop:other", "inbox = 5", "shop:other: shop has no other"),
        ("shop:inbox", "import no_such_library", "cannot import shop: ModuleNotFoundError: No module named 'no_such_library'"),
        ("shop:inbox", "1 / 0", "cannot import shop: ZeroDivisionError: division by zero"),
        ("shop:inbox", "def", "cannot import shop: SyntaxError"),
        ("shop:inbox", "raise SystemExit(7)", "cannot import shop: SystemExit: 7"),
        ("shop:inbox", "Inbox('postbacks.db', secret=Secret.from_env({}))", "the inbox has no secret"),
        ("other:inbox", "", "there is no module other in the working directory, and none is installed"),
        (":inbox", "", "':inbox' does not name an inbox: write MODULE:NAME"),
    ],
)
def test_an_inbox_that_cannot_be_loaded_is_an_error_that_names_the_line(start, target, module, message):
    write("shop.py", f"from skymms.inbox import Inbox, Secret\n{module}\n")
    worker = start("work", target)
    assert worker.wait() == 2
    assert worker.out == ""
    assert message in worker.err
    if "1 / 0" in module or "import no" in module or "{}" in module:
        assert "shop.py, line 2" in worker.err
