"""docs/how-to/inbox-frameworks.md: its programs run under the servers that it names, and call their handlers."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inbox_server import CANARY

from skymms.sandbox import PostbackBodies

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "inbox-frameworks.md").read_text(encoding="utf-8")
MAKE = PostbackBodies()
SETTINGS = """
SECRET_KEY = "not a secret"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "django_shop.urls"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
USE_TZ = True
"""
WSGI = """
import os
from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "django_shop.settings"
application = get_wsgi_application()
"""


def section(title: str) -> tuple[str, str, list[str]]:
    """Return the file of a section of the page, its content, and the words of the command below it."""
    text = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    found = re.search(r"```python\n# (\S+)\n(.*?)```", text, re.DOTALL)
    command = re.search(r"```console\n\$ (.*)", text)
    assert found
    assert command
    return found[1], found[2], shlex.split(command[1])


def post(port: int, postback) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"/mms/{CANARY}", postback.body, postback.headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("title", ["Flask", "FastAPI", "Django"])
def test_the_program_of_a_section_receives_and_calls_its_handler(title, tmp_path):
    name, content, (server, *arguments) = section(title)
    if name.startswith("django_shop/"):
        tmp_path.joinpath("django_shop").mkdir()
        for file, text in (("__init__", ""), ("settings", SETTINGS), ("wsgi", WSGI)):
            tmp_path.joinpath("django_shop", f"{file}.py").write_text(text)
    tmp_path.joinpath(name).write_text(content)
    command = shutil.which(server, path=str(Path(sys.executable).parent))
    assert command
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "log").open("wb") as log:
        number = listener.fileno()
        bind = ["--fd", str(number)] if server == "uvicorn" else ["--bind", f"fd://{number}", "--access-logfile", "-"]
        running = subprocess.Popen(
            [command, *arguments, *bind],
            cwd=tmp_path,
            # As a user runs it: the module is in the working directory.
            env={**os.environ, "SKYMMS_INBOX_SECRET": CANARY, "PYTHONPATH": str(tmp_path)},
            stdout=log,
            stderr=log,
            pass_fds=[number],
        )
        try:
            port = listener.getsockname()[1]
            assert post(port, MAKE.delivered("MMS_1")) == 200
            assert post(port, MAKE.delivered("MMS_1").in_form()) == 200
            read_log = (tmp_path / "log").read_text
            until = time.monotonic() + 30
            while "MMS_1 is delivered" not in read_log():
                assert running.poll() is None, read_log()
                assert time.monotonic() < until, read_log()
                time.sleep(0.05)
            running.send_signal(signal.SIGTERM)
            running.wait(30)
        finally:
            running.kill()
            running.wait()
    assert read_log().count("MMS_1 is delivered") == 1
    assert "/mms/***" in read_log()
    assert CANARY not in read_log()
    assert "Traceback" not in read_log()
