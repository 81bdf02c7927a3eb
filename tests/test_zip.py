"""skymms as some programs ship it: without the metadata of an installation, in a folder or in a zip file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from misbehaving_server import SENT, Faulty, http

import skymms

PROGRAM = """
import asyncio, importlib.metadata, importlib.resources, sys
place, url = sys.argv[1:]
sys.path.insert(0, place)

import skymms
from skymms.aio import AsyncClient
from skymms.wire.schemas import schema_problems

assert skymms.__file__.startswith(place), skymms.__file__
account = skymms.Account("canary-5fa1c0de-key", url=url)
send = skymms.SendMMS(skymms.Slideshow("coupon", subject="Free").slide("Hi!"), to="15551234888", sender="60856")
with skymms.Client(account) as client:
    assert client.call(send).tracking_id == "MMS_12345"

async def main():
    async with AsyncClient(account) as client:
        assert (await client.call(send)).tracking_id == "MMS_12345"

asyncio.run(main())
for root in ("REQUEST", "RESPONSE", "POSTBACK", "request", "response", "postback"):
    assert schema_problems(f"<{root}/>".encode()) is not None
assert schema_problems(b"<REQUEST nonsense=''/>")
assert importlib.resources.files("skymms").joinpath("py.typed").is_file()

from skymms.preview import phone_css
from skymms.sandbox import Sandbox

assert phone_css()
with Sandbox(strict=True) as sandbox, skymms.Client(sandbox.account()) as client:
    client.call(send)
print("done")
"""


@pytest.fixture(params=["folder", "zip"])
def place(request, tmp_path):
    """A folder or a zip file with the package, without its metadata."""
    vendored = tmp_path / "vendored"
    shutil.copytree(Path(skymms.__file__).parent, vendored / "skymms", ignore=shutil.ignore_patterns("__pycache__"))
    return str(vendored) if request.param == "folder" else shutil.make_archive(str(tmp_path / "app"), "zip", vendored)


def test_both_clients_the_schemas_and_the_sandbox_work(place, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with Faulty(http(SENT)) as server:
        ran = subprocess.run(
            [sys.executable, "-W", "error", str(program), place, server.url],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=tmp_path,
        )
    assert (ran.stdout.strip(), ran.returncode) == ("done", 0), ran.stderr
    assert len(server.requests) == 2


def test_without_its_schemas_the_package_says_so(tmp_path):
    shutil.copytree(Path(skymms.__file__).parent, tmp_path / "skymms", ignore=shutil.ignore_patterns("__pycache__", "xsd"))
    program = (
        "from skymms import ConfigurationError\nfrom skymms.wire.schemas import schema_problems\n"
        "try:\n    schema_problems(b'<REQUEST/>')\nexcept ConfigurationError as error:\n    print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60,
                         env={**os.environ, "PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert "reinstall skymms" in ran.stdout
