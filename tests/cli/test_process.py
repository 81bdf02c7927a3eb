"""The command line as a process: its streams, its encoding, Ctrl-C and missing packages."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest
from cli_messages import WRONG_SLIDESHOW
from cli_process import COUPON, PYTHONPATH, TO_AND_FROM, allow_interrupt, environ, run_process
from misbehaving_server import Faulty, stall

from skymms.cli import entry
from skymms.cli.exit_status import Status


class TestProcess:
    def test_the_result_is_on_stdout_and_the_process_ends_with_the_status(self):
        result = run_process("check", "-", stdin=COUPON.encode())
        assert result == (0, "No problems in the slideshow.\n", "")
        assert run_process("check", "-", stdin=WRONG_SLIDESHOW.encode()).status == 4
        assert run_process("explain", "E9999").status == 2

    def test_version_and_help_list_every_command(self):
        assert re.fullmatch(r"skymms \d+\.\d+\.\d+\n", run_process("--version").out)
        help_text = run_process("--help").out
        assert "SKYMMS_API_KEY" in help_text
        for command in (
            "call",
            "check",
            "delete",
            "demo",
            "explain",
            "list",
            "postback",
            "report",
            "sandbox",
            "save",
            "send",
            "send-saved",
            "show",
        ):
            assert re.search(f"^  {command} ", help_text, re.MULTILINE)
            assert run_process(command, "--help").status == 0

    def test_characters_outside_the_terminals_encoding_are_escaped(self):
        emoji = COUPON.replace("Good to", "👋 Good to")
        result = run_process("show", "-", stdin=emoji.encode(), PYTHONIOENCODING="ascii")
        assert result.status == 0
        assert "\\U0001f44b Good to" in result.out
        assert run_process("check", "-", stdin=WRONG_SLIDESHOW.encode(), PYTHONIOENCODING="ascii").status == 4

    def test_a_closed_pipe_ends_the_process_quietly(self):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write) as pipe:
            done = subprocess.run(
                [sys.executable, "-m", "skymms", "explain", "E226"],
                stdout=pipe,
                stderr=subprocess.PIPE,
                env=environ(PYTHONPATH=PYTHONPATH),
                timeout=60,
            )
        assert (done.returncode, done.stderr) == (Status.CLOSED, b"")

    @pytest.mark.parametrize("closed", ["0", "1", "2"])
    def test_closed_standard_streams_do_not_cause_a_traceback(self, closed):
        opened = "import os, sys; os.close(int(sys.argv[1])); os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
        done = subprocess.run(
            [sys.executable, "-c", opened, closed, "-m", "skymms", "check", "-"],
            input=COUPON.encode(),
            capture_output=True,
            env=environ(PYTHONPATH=PYTHONPATH),
            timeout=60,
        )
        assert done.returncode == (2 if closed == "0" else 0)
        assert b"Traceback" not in done.stdout + done.stderr

    @pytest.mark.parametrize("missing", ["click", "rich"])
    def test_without_click_or_rich_the_error_says_how_to_install_them(self, missing):
        script = (
            f"import sys; sys.modules[{missing!r}] = None; from skymms.cli import main; sys.exit(main(['explain', 'E226']))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=environ(PYTHONPATH=PYTHONPATH), timeout=60
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "the command line needs click and rich: pip install 'skymms[cli]'\n"

    def test_importing_the_package_does_not_import_click_or_rich(self):
        script = "import sys, skymms.cli; print(sorted({'click', 'rich', 'requests', 'lxml'} & set(sys.modules)))"
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=environ(PYTHONPATH=PYTHONPATH), timeout=60
        )
        assert done.stdout.strip() == "[]"

    def test_ctrl_c_during_a_send_says_that_the_message_may_have_been_sent(self, tmp_path):
        (tmp_path / "f").write_text(COUPON)
        arrived = threading.Event()

        def silent(connection: socket.socket, closing: threading.Event) -> None:
            arrived.set()
            stall(connection, closing)

        with Faulty(silent) as server:
            running = subprocess.Popen(
                [sys.executable, "-m", "skymms", "send", "f", *TO_AND_FROM, "--url", server.url],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environ(PYTHONPATH=PYTHONPATH),
                preexec_fn=allow_interrupt,
            )
            assert arrived.wait(30)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=60)
        assert (running.returncode, out) == (Status.INTERRUPTED, b"")
        assert b"interrupted\nThe message may have been sent. Wait" in err
        assert b"Traceback" not in err


def test_the_console_script_exits_with_the_status_of_main(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["skymms", "explain", "E9999"])
    with pytest.raises(SystemExit) as ended:
        entry()
    assert ended.value.code == Status.USAGE
