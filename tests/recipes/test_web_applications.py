"""docs/how-to/web-applications.md: each program under its server, in several processes: what it answers, and what is sent."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from recipe_pages import DOCS, blocks

from skymms import CampaignError, ConfigurationError, RecipientError, SkymmsError, ThrottledError, TransportError
from skymms.errors import InDoubtError
from skymms.sandbox import PostbackBodies, Sandbox

PAGE = "how-to/web-applications.md"
COMMON, FLASK, TRY, FASTAPI, DJANGO, BOTH = blocks(PAGE)
COMMANDS = [shlex.split(line) for line in re.findall(r"```sh\n(.*)\n```", (DOCS / PAGE).read_text(encoding="utf-8"))]
SETTINGS = """
SECRET_KEY = "not a secret"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "django_shop.urls"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
"""
WSGI = """
import os
from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "django_shop.settings"
application = get_wsgi_application()
"""
COMMANDS.append(["uvicorn", "shop:app"])
PROGRAMS = {
    "Flask": {"flask_shop.py": COMMON + FLASK},
    "FastAPI": {"fastapi_shop.py": COMMON + FASTAPI},
    "Django": {
        "django_shop/urls.py": COMMON + DJANGO,
        "django_shop/settings.py": SETTINGS,
        "django_shop/wsgi.py": WSGI,
        "django_shop/__init__.py": "",
    },
    "both": {"shop.py": BOTH},
}


@contextmanager
def serve(framework: str, folder: Path) -> Iterator[int]:
    """Run the command of a section on a free port, which is given."""
    for name, text in PROGRAMS[framework].items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    program, *arguments = COMMANDS[list(PROGRAMS).index(framework)]
    command = shutil.which(program, path=str(Path(sys.executable).parent))
    assert command
    with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "log").open("wb") as log:
        number = listener.fileno()
        # The client is made before the fork, and used after it.
        bind = ["--fd", str(number)] if program == "uvicorn" else ["--preload", "--bind", f"fd://{number}"]
        running = subprocess.Popen(
            [command, *arguments, *bind],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdout=log,
            stderr=log,
            pass_fds=[number],
        )
        try:
            yield listener.getsockname()[1]
            running.send_signal(signal.SIGTERM)
            running.wait(30)
        finally:
            running.kill()
            running.wait()
    text = (folder / "log").read_text(encoding="utf-8")
    assert "Traceback" not in text, text
    assert os.environ["SKYMMS_API_KEY"] not in text


def click(framework: str, port: int, order: str, number: str = "15551234888") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    if framework in ("FastAPI", "both"):
        body, content_type = json.dumps({"number": number}), "application/json"
    else:
        body, content_type = f"number={number}", "application/x-www-form-urlencoded"
    connection.request("POST", f"/orders/{order}/confirmation", body, {"Content-Type": content_type})
    response = connection.getresponse()
    found = response.status, json.loads(response.read())
    connection.close()
    return found


@pytest.mark.parametrize("framework", ["Flask", "FastAPI", "Django"])
def test_a_program_answers_as_the_page_says_and_sends_once_per_order(framework: str, gateway: Sandbox, tmp_path: Path) -> None:
    with serve(framework, tmp_path) as port:
        first = click(framework, port, "1")
        assert first[0] == 200
        assert first[1]["tracking_id"]
        # Connections of their own: with two processes, some of these reach the other one.
        assert {json.dumps(click(framework, port, "1")) for _ in range(4)} == {json.dumps(first)}
        assert len(gateway.sent) == 1
        assert click(framework, port, "1", "15551234999")[0] == 409
        assert click(framework, port, "2", "12x")[0] == 422
        assert click(framework, port, "2")[0] == 200
        gateway.fail("E106")
        assert click(framework, port, "3")[0] == 503
        assert click(framework, port, "3")[0] == 200
        gateway.fail("drop")
        assert [click(framework, port, "4") for _ in range(3)] == [(202, {"state": "unknown"})] * 3
        assert len(gateway.sent) == 4
        gateway.fail("E100")
        assert click(framework, port, "5") == (500, {"state": "not sent", "problem": "our mistake"})
        orders = range(6, 18)
        assert {click(framework, port, str(order))[0] for order in orders} == {200}
    assert len(gateway.sent) == 4 + len(orders)


def test_a_report_settles_an_order_whose_answer_was_lost(
    gateway: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "s" * 43
    monkeypatch.setenv("SKYMMS_INBOX_SECRET", secret)
    reports = PostbackBodies()
    with serve("both", tmp_path) as port:
        status, body = click("both", port, "1")
        assert status == 200
        gateway.fail("drop")
        assert click("both", port, "2", "15551234999") == (202, {"state": "unknown"})
        for tracking_id, number in ((body["tracking_id"], "15551234888"), ("MMS_2", "15551234999")):
            report = reports.delivered(tracking_id, to=number, sender="60856")
            url = f"http://127.0.0.1:{port}/mms/{secret}"
            assert requests.post(url, data=report.body, headers=report.headers, timeout=30).status_code == 200
        until = time.monotonic() + 30
        while (found := click("both", port, "2", "15551234999"))[0] == 202:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert found == (200, {"state": "accepted", "tracking_id": "MMS_2"})
    assert len(gateway.sent) == 2
    assert "order 1 is delivered" in (tmp_path / "log").read_text(encoding="utf-8")


def test_the_page_sends_in_its_flask_block(gateway: Sandbox) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    exec(COMMON + FLASK, names)
    assert not gateway.sent, "importing the program sends nothing"
    exec(TRY, names)
    names["client"].close()
    assert len(gateway.sent) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RecipientError("E110"), 422),
        (ThrottledError("E106"), 503),
        (TransportError("x", sent_maybe=False), 503),
        (TransportError("x", sent_maybe=True), 202),
        (InDoubtError(key="k"), 202),
        (CampaignError("E713"), 500),
        (ConfigurationError("the key was used for another message"), 409),
    ],
)
def test_an_error_decides_the_status(error: SkymmsError, status: int, gateway: Sandbox) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    exec(COMMON, names)
    found, body = names["answer"](error)
    names["client"].close()
    assert found == status
    assert (body["state"] == "unknown") is error.sent_maybe
