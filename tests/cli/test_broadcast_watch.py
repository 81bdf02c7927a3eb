"""`skymms broadcast watch` serves a page until Ctrl-C, and `report --plot` draws a picture."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from broadcast_files import create, many
from cli_process import PYTHONPATH, allow_interrupt, environ
from counting_gateway import CountingGateway


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command as a process of its own, which Ctrl-C can end."""
    running: list[subprocess.Popen[str]] = []

    def begin(*argv: str, **changes: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "skymms", *argv],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=allow_interrupt,
            env=environ(PYTHONPATH=PYTHONPATH, **changes),
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def address(process: subprocess.Popen[str]) -> str:
    """Return the address that a process prints as JSON."""
    assert process.stdout is not None
    text = ""
    while not text.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, process.communicate()
        text += line
    return json.loads(text)["url"]


def read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=20) as response:
        return json.load(response)


def test_it_serves_the_page_until_ctrl_c(run, start):
    create(run)
    process = start("broadcast", "watch")
    assert process.stdout is not None
    found = re.fullmatch(r"Open (http://127\.0\.0\.1:\d+/[\w-]{16}/)\n", process.stdout.readline())
    assert found is not None
    with urllib.request.urlopen(found[1], timeout=20) as response:
        assert b"<title>skymms broadcasts</title>" in response.read()
    feed = read(f"{found[1]}feed")
    assert [(one["name"], one["counts"]) for one in feed["broadcasts"]] == [("spring", {"ready": 3})]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err == "Only this machine can open it. It sends nothing. Press Ctrl-C to stop.\n\ninterrupted\n"


def test_ctrl_c_ends_it_in_the_middle_of_a_survey_too(run, start):
    create(run, people=many(9000))
    process = start("broadcast", "watch", "--json")
    url = address(process)
    assert read(f"{url}feed")["survey"] is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    with pytest.raises(urllib.error.URLError):
        read(f"{url}feed")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_it_follows_a_run_in_another_process_and_pauses_it(request, run, start, kind, monkeypatch):
    monkeypatch.setenv("SKYMMS_LEDGER", request.getfixturevalue(f"{kind}_where"))
    with CountingGateway() as gateway:
        create(run, "--rate", "40", people=many(2000))
        url = address(start("broadcast", "watch", "spring", "--json"))
        sender = start("broadcast", "run", "spring", SKYMMS_URL=gateway.url)
        gateway.wait_for(20)
        feed = read(f"{url}feed")
        while feed["survey"] is None:
            feed = read(f"{url}feed")
        (one,) = feed["broadcasts"]
        assert sum(feed["survey"]["counts"].values()) == one["total"] == 2000
        assert feed["survey"]["timeline"]["states"]["accepted"][-1] > 0
        assert (one["phase"], one["workers"]) == ("running", 1)
        with urllib.request.urlopen(url, timeout=20) as response:
            token = re.search(r'name="skymms-token" content="([^"]+)"', response.read().decode())
        assert token is not None
        headers = {"X-Skymms-Token": token[1], "Content-Type": "application/json", "Origin": url.rsplit("/", 2)[0]}
        order = json.dumps({"broadcast": one["id"], "why": "seen on the page"}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{url}pause", order, headers), timeout=20).close()
        _, err = sender.communicate(timeout=30)
        assert sender.returncode == 6
        assert "spring is paused: seen on the page" in err
        assert read(f"{url}feed")["broadcasts"][0]["why"] == "seen on the page"
        assert set(gateway.requests.values()) == {1}


def test_what_cannot_be_watched_is_named(run):
    assert "there is no ledger skymms.db" in run("broadcast", "watch").err
    create(run)
    result = run("broadcast", "watch", "autumn")
    assert (result.status, "there is no broadcast 'autumn'" in result.err) == (2, True)
    assert run("broadcast", "watch", "--port", "70000").status == 2


class TestPlot:
    def test_the_plot_is_written_instead_of_the_rows(self, run, tmp_path):
        pytest.importorskip("matplotlib")
        create(run)
        result = run("broadcast", "report", "spring", "--plot", "out.png")
        assert (result.status, result.out, result.err) == (0, "", "the plot is in out.png\n")
        assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
        assert run("broadcast", "report", "spring", "--plot", "out.svg", "-o", "out.csv").status == 0
        assert (tmp_path / "out.csv").read_text().count("\n") == 4

    def test_the_extra_is_named_if_it_is_missing(self, run, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        create(run)
        result = run("broadcast", "report", "spring", "--plot", "out.png")
        assert result.status == 2
        assert "pip install 'skymms[plot]'" in result.err
