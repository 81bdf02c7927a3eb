"""Runs the shell commands of a page, and compares what they print with the page."""

from __future__ import annotations

import contextlib
import difflib
import doctest
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

#: How outputs are compared: ``...`` stands for anything, and blanks and line ends are alike.
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

#: Commands that run until they are stopped.
_SERVING = re.compile(
    r"(skymms (sandbox|inbox serve|inbox work|broadcast watch)|gunicorn|uvicorn|"
    r"celery .* (worker|beat)|procrastinate .* worker)\b(?!.* --until-idle)"
)
#: Of these, a reader stops one before starting another: they listen on one port, or write one file.
_RECEIVING = re.compile(r"skymms inbox serve|gunicorn|uvicorn")
#: Commands that only show something. A test repeats them until they show what the page does, as a reader would who looks again:
#: reports arrive when they arrive.
_LOOKING = re.compile(r"skymms (inbox (list|message|show|handlers|dead)|broadcast (status|unknown))\b|curl [^-]")
#: The ports that pages name. Each is another, free port in a test, because several tests run at once.
_PORTS = (8000, 8025, 8026)
_PORT = re.compile(r"(?:(?<=:)|(?<=--port ))\d{4,5}\b")
#: Seconds after which a command is taken for one that hangs.
PATIENCE = 30


class Command(NamedTuple):
    """A command of a shell block, and what the page says that it prints (None if it does not say)."""

    text: str
    output: str | None


def commands_of(language: str, source: str) -> list[Command]:
    """Return the commands of a block in ``console`` or ``sh``."""
    if language == "sh":
        return [Command(source, None)]
    commands = re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", source, re.MULTILINE)
    return [Command(text, output if output.strip() else None) for text, output in commands]


def matches(wanted: str, found: str) -> bool:
    """Return whether an output is what a page shows. ``…`` stands for anything, and blanks and line ends are alike."""
    return doctest.OutputChecker().check_output(wanted.replace("…", "..."), found.replace("…", "..."), OPTIONS)


def compare(wanted: str, found: str, where: str) -> None:
    """Raise AssertionError, with the differences, if an output is not what a page shows."""
    if not matches(wanted, found):
        difference = "\n".join(difflib.unified_diff(wanted.splitlines(), found.splitlines(), "page", "printed", lineterm=""))
        raise AssertionError(f"{where}: prints something else than the page shows\n{difference}")


class Shell:
    """Runs commands with bash, each in the environment that the ones before it left, in the working directory."""

    def __init__(self) -> None:
        self._ports = {port: _free_port() for port in _PORTS}
        self._started: list[tuple[subprocess.Popen[bytes], str]] = []
        #: Programs that go on until the end of the page, and the files with what they print.
        self.serving: dict[subprocess.Popen[bytes], Path] = {}
        self._temporary = tempfile.TemporaryDirectory()
        self._folder = Path(self._temporary.name)
        self._state = self._folder / "environment"
        # Proxies that nobody listens on keep programs that are not Python from other machines.
        nowhere = dict.fromkeys(["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"], "http://127.0.0.1:9")
        self._environ = {
            **os.environ,
            **nowhere,
            "no_proxy": "127.0.0.1,localhost",
            "NO_PROXY": "127.0.0.1,localhost",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).with_name("loopback_only")),
            "PYTHONIOENCODING": "utf-8",
            # What goes to stdout and to stderr comes in the order of a terminal.
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "100",
            "CURL_HOME": str(self._folder),
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{self._ports[8000]}",
            "UVICORN_PORT": str(self._ports[8000]),
        }
        # Programs find the modules of the working directory, as they do for a reader.
        self._environ.pop("PYTHONSAFEPATH", None)
        # Measuring them takes longer than running them, and other tests run the same lines.
        for name in [name for name in self._environ if name.startswith("COVERAGE_")]:
            del self._environ[name]
        # A request that is refused fails its command, and no progress is drawn.
        (self._folder / ".curlrc").write_text("fail\nsilent\nshow-error\n", encoding="utf-8")

    def run(self, command: Command, where: str) -> None:
        """Run a command, and compare what it prints with the page."""
        assert not command.text.rstrip().endswith("&"), f"{where}: a program that serves is started in a terminal of its own"
        serves = _SERVING.match(command.text) is not None
        assert command.output or not serves, f"{where}: say what it prints, so that a reader knows when it is ready"
        if _RECEIVING.match(command.text):
            replaced = [process for process, text in self._started if _RECEIVING.match(text)]
            self._stop(replaced)
            for process in replaced:
                self.serving.pop(process, None)
        end = time.monotonic() + PATIENCE
        again = command.output is not None and _LOOKING.match(command.text) is not None
        while True:
            process, log = self._start(command, serves)
            if serves:
                self.serving[process] = log
                while process.poll() is None and time.monotonic() < end and not self._shows(command, log):
                    time.sleep(0.02)
            else:
                process.wait(PATIENCE)
            if not again or self._shows(command, log) or time.monotonic() > end:
                break
        if command.output is not None:
            compare(command.output, self._read(log), where)
        # A page that shows an output may show one of a failure.
        if process.returncode and not (command.output or "").strip("… \n"):
            raise AssertionError(f"{where}: exit status {process.returncode}\n{self._read(log)}")

    def _start(self, command: Command, serves: bool) -> tuple[subprocess.Popen[bytes], Path]:
        """Start a command; return its process and the file with what it prints."""
        text, state = self._with_ports(command.text), shlex.quote(str(self._state))
        # `exec` so that signals reach the program and not bash.
        script = f"exec {text}" if serves else f"{text}\nstatus=$?; export -p > {state}; env -0 > {state}.0; exit $status"
        if command.output is None:
            script = f"set -e\n{script}"
        if self._state.exists():
            script = f"source {state}\n{script}"
        log = self._folder / f"log{len(self._started)}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", script],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append((process, command.text))
        return process, log

    def _read(self, log: Path) -> str:
        return self._without_ports(log.read_text(encoding="utf-8"))

    def _shows(self, command: Command, log: Path) -> bool:
        return matches(command.output or "", self._read(log))

    def check(self) -> None:
        """Raise AssertionError if a program that should go on until the end of the page has ended."""
        for process, log in self.serving.items():
            assert process.poll() is None, f"a program ended with {process.returncode}:\n{self._read(log)}"

    def settings(self) -> dict[str, str]:
        """Return the settings of skymms that the commands have exported: Python that is started then has them, too."""
        kept = Path(f"{self._state}.0")
        pairs = kept.read_text(encoding="utf-8").split("\0") if kept.exists() else []
        return dict(pair.split("=", 1) for pair in pairs if pair.startswith("SKYMMS_"))

    def close(self) -> None:
        """Stop everything that still runs, the newest program first, as with Ctrl-C."""
        self._stop([process for process, _ in reversed(self._started)])
        self._temporary.cleanup()

    @staticmethod
    def _stop(processes: Iterable[subprocess.Popen[bytes]]) -> None:
        # The number of a process that has ended may be another one's.
        for process in (one for one in processes if one.poll() is None):
            for number in (signal.SIGINT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                    break

    def _with_ports(self, text: str) -> str:
        # The inbox has a port of its own, which the command does not name.
        text = re.sub(r"(skymms inbox (?:serve|address))(?!.*--(?:port|url))", r"\1 --port 8026", text)
        return self._exchange(text, self._ports)

    def _without_ports(self, text: str) -> str:
        return self._exchange(text, {mine: port for port, mine in self._ports.items()})

    @staticmethod
    def _exchange(text: str, ports: Mapping[int, int]) -> str:
        return _PORT.sub(lambda found: str(ports.get(int(found[0]), found[0])), text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
