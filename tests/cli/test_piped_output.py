"""What every command prints into a pipe: no blanks at the ends of lines, no colours unless they are asked for."""

from __future__ import annotations

import io
import re

import pytest
from broadcast_files import LIST, create
from cli_commands import every
from cli_process import CANARY, COUPON, TO_AND_FROM

from skymms import DeliveryReport
from skymms.cli import output
from skymms.cli.commands import command
from skymms.inbox import Inbox, Secret
from skymms.sandbox import PostbackBodies

MAKE = PostbackBodies()
REPORT = (
    '<RESPONSE><BATCHES><BATCH id="12" from="60856" contentname="Flowers"><CONTENT id="15" to="15551234888"/></BATCH></BATCHES>'
    "</RESPONSE>"
)
BOB = "0491570156"
#: A message whose text, subject and name end with blanks, and with more than one problem.
WRONG = COUPON.replace("Good to have you with us.", "Good to have you with us.   ").replace(
    "duration = 5", "duration = -1\nvideo = 'x'"
)
#: What runs until a signal, and is tested as a process elsewhere.
ENDLESS = {("sandbox",), ("inbox", "serve"), ("inbox", "work"), ("broadcast", "watch")}
#: The arguments of commands that need some.
CALLS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("broadcast", "create"): ("autumn", "coupon.toml", "--recipients", "people.csv", "--from", "60856", "--price", "0.03"),
    ("broadcast", "decide"): ("1", "--as", "ignore"),
    ("broadcast", "estimate"): ("spring",),
    ("broadcast", "explain-number"): ("15551230001",),
    ("broadcast", "forget"): ("15551230009",),
    ("broadcast", "settle"): ("spring", "15551230001", "--as", "sent"),
    ("broadcast", "suppress"): ("numbers.txt",),
    ("broadcast", "run"): ("spring", "--dry-run"),
    **{("broadcast", name): ("spring",) for name in ("status", "unknown", "report", "pause", "resume", "cancel", "reconcile")},
    ("call",): ("coupon.toml",),
    ("cellcast", "check"): ("coupon.toml", "--to", "x"),
    ("cellcast", "mark-read"): ("--everything",),
    ("cellcast", "send"): ("cellcast.toml", "--to", BOB),
    ("check",): ("wrong.toml",),
    ("completion",): ("zsh",),
    ("delete",): ("1",),
    ("explain",): ("E226", "N102", "FIELD_INVALID"),
    ("fit",): ("missing.png",),
    ("inbox", "forget"): ("15551234888",),
    ("inbox", "message"): ("MMS_1",),
    ("inbox", "remove-handler"): ("copy",),
    ("inbox", "replay"): ("--dead",),
    ("inbox", "show"): ("1",),
    ("new",): ("fresh.toml",),
    ("postback",): ("postback.xml",),
    ("preview",): ("wrong.toml",),
    ("publish",): ("local.toml", "--to", "s3://bucket"),
    ("report",): ("report.xml",),
    ("save",): ("coupon.toml",),
    ("send",): ("coupon.toml", *TO_AND_FROM),
    ("send-saved",): ("1", *TO_AND_FROM),
    ("show",): ("coupon.toml",),
}
NAMES = [path for path, one in every(command) if not hasattr(one, "commands")]


#: Last, because they take away what others print.
DELETING = ("forget", "cancel", "remove-handler", "prune", "replay")
#: The code of a colour of the foreground or the background.
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3|4|9|10)\d(?:;\d+)*m")


def fill() -> None:
    """Make a store with notices, a post in quarantine, and a handler that has failed."""
    with Inbox("postbacks.db", secret=Secret("s" * 43), work=False) as inbox:

        @inbox.on(DeliveryReport, name="copy")
        def copy(report: DeliveryReport) -> None:
            raise LookupError(f"no order for {report.to}")

        inbox.work(until_idle=True)
        for one in (MAKE.delivered("MMS_1"), MAKE.sent("MMS_2"), MAKE.inbound_mms(), MAKE.unreadable()):
            inbox.receiver.store(one.body, {"content-type": one.content_type or ""}, inbox.receiver.deadline())
        inbox.work(until_idle=True)


def test_no_command_prints_blanks_at_the_ends_of_lines_or_colours(run, gateway, sandbox, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    for name, value in (("KEY", CANARY), ("URL", sandbox.account("cellcast-v3").address), ("GENERATION", "v3")):
        monkeypatch.setenv(f"SKYMMS_CELLCAST_{name}", value)
    monkeypatch.setenv("SKYMMS_INBOX_SECRET", "s" * 43)
    fill()
    create(run)
    files = {
        "coupon.toml": COUPON,
        "wrong.toml": WRONG,
        "local.toml": 'name = "c"\n[[slide]]\nimage = "missing.png"\n',
        "cellcast.toml": 'name = "c"\n[[slide]]\ntext = "Hi"\nimage = "http://media.example/a.png"\n',
        "people.csv": LIST + "15551230001,Twin,d\n",
        "numbers.txt": "15551230009\n",
        "postback.xml": MAKE.delivered("MMS_1").body,
        "report.xml": REPORT,
    }
    wrong: dict[str, list[str]] = {}
    silent: list[str] = []
    for path in sorted(NAMES, key=lambda path: (path[-1] in DELETING, path)):
        if path in ENDLESS:
            continue
        result = run(*path, *CALLS.get(path, ()), **files)
        assert not re.search("Missing argument|Missing option|No such option", result.err), (path, result.err)
        printed = result.out + result.err
        if not printed:
            silent.append(" ".join(path))
        lines = [line for line in printed.split("\n") if re.search(r"[ \t]+\r?$", line) or "\x1b" in line]
        if lines:
            wrong[" ".join(path)] = lines
    assert wrong == {}
    assert silent == []


def test_every_command_is_called():
    assert set(CALLS) | ENDLESS <= set(NAMES)
    assert len(NAMES) > 50


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def into(monkeypatch):
    """Runs a command with stdout in a terminal or in a pipe, and returns what it printed there."""

    def printed(stream: io.StringIO, *argv: str) -> str:
        from skymms.cli import main

        with monkeypatch.context() as patch:
            patch.setenv("TERM", "xterm-256color")
            patch.setattr("sys.stdout", stream)
            main(argv)
        return stream.getvalue()

    return printed


ARGV = ("doctor", "--offline")


def test_a_terminal_has_colours_unless_no_color_is_set(into, monkeypatch):
    assert COLOUR.search(into(Terminal(), *ARGV))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(into(Terminal(), *ARGV))
    # An empty variable counts as not set: https://no-color.org
    monkeypatch.setenv("NO_COLOR", "")
    assert COLOUR.search(into(Terminal(), *ARGV))


def test_a_pipe_has_colours_if_force_color_is_set_and_else_stays_as_it_is(into, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    plain = into(io.StringIO(), *ARGV)
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = into(io.StringIO(), *ARGV)
    assert COLOUR.search(coloured)
    # The same lines, not wrapped to the 40 columns, and without blanks at their ends.
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(into(io.StringIO(), *ARGV))


def test_a_narrow_terminal_wraps_and_loses_nothing(into, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    printed = re.sub(r"\x1b\[[0-9;]*m", "", into(Terminal(), *ARGV))
    assert max(len(line.rstrip()) for line in printed.splitlines()) <= 40
    words = "".join(into(io.StringIO(), *ARGV).split())
    assert sorted(words) == sorted("".join(printed.split()))


def test_a_console_that_is_forced_to_have_colours_is_not_a_screen(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert output.result_console().is_terminal
    assert not output.is_screen(output.result_console())
