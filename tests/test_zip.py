"""skymms as some programs ship it: without the metadata of installed distributions, in a folder or in a zip file.

Layers of AWS Lambda, programs frozen by PyInstaller and zip applications leave the ``*.dist-info`` folders out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from misbehaving_server import SENT, Faulty, http

import skymms

PROGRAM = """
import asyncio, importlib.resources, sys
from importlib.metadata import PackageNotFoundError, version
place, url = sys.argv[1:]

try:
    raise SystemExit(f"the metadata is there: {version('skymms')}")
except PackageNotFoundError:
    pass

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
print(skymms.__version__)
"""

TESTS = """
import skymms

SEND = skymms.SendMMS(skymms.Slideshow("coupon", subject="Free").slide("Hi!"), to="15551234888", sender="60856")


def test_the_fixtures_work(skymms_client, skymms_sandbox):
    skymms_client.call(SEND)
    assert skymms_sandbox.sent[0].to == "15551234888"


def test_that_calls_another_machine():
    account = skymms.Account("canary-5fa1c0de-key", url="https://gateway.example/API/wxml/1.3/index.php")
    with skymms.Client(account) as client:
        client.call(SEND)
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """Everything that is installed beside skymms, without the metadata of any distribution."""
    folder = tmp_path_factory.mktemp("libraries")
    for path in Path(skymms.__file__).parents[1].iterdir():
        if path.name != "skymms" and path.suffix not in {".dist-info", ".egg-info", ".pth"}:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(params=["folder", "zip"])
def place(request, tmp_path):
    """A folder or a zip file with the package, without its metadata."""
    vendored = tmp_path / "vendored"
    shutil.copytree(Path(skymms.__file__).parent, vendored / "skymms", ignore=shutil.ignore_patterns("__pycache__"))
    return str(vendored) if request.param == "folder" else shutil.make_archive(str(tmp_path / "app"), "zip", vendored)


@pytest.fixture
def run_stripped(place, libraries, tmp_path):
    """Run Python with the package in ``place`` and the libraries, and return what it prints."""

    def run(*arguments: str, status: int = 0) -> str:
        # -S: without the folder of this environment, which has the metadata.
        ran = subprocess.run(
            [sys.executable, "-S", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join([place, str(libraries)])},
            cwd=tmp_path,
        )
        assert ran.returncode == status, ran.stdout + ran.stderr
        return ran.stdout

    return run


def test_both_clients_the_schemas_and_the_sandbox_work(place, run_stripped, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with Faulty(http(SENT)) as server:
        printed = run_stripped("-W", "error", str(program), place, server.url)
    assert printed.strip() == skymms.__version__
    agents = [re.findall(rb"(?mi)^User-Agent: (.*)\r$", request) for request in server.requests]
    assert agents == [[f"skymms/{skymms.__version__}".encode()]] * 2


def test_the_command_line_prints_the_version(run_stripped):
    assert run_stripped("-m", "skymms", "--version") == f"skymms {skymms.__version__}\n"


def test_the_pytest_plugin_works_if_it_is_named(run_stripped, tmp_path):
    # Only the metadata tells pytest about plugins, so a project that ships without it names the plugin.
    (tmp_path / "test_welcome.py").write_text(TESTS)
    plugins = ["-p", "skymms.pytest_plugin", "-p", "no:cacheprovider"]
    printed = run_stripped("-m", "pytest", "-q", *plugins, "test_welcome.py", status=1)
    assert "1 failed, 1 passed" in printed
    assert "gateway.example" in printed
    assert "skymms_live" in printed


def test_without_its_schemas_the_package_says_so(tmp_path):
    shutil.copytree(Path(skymms.__file__).parent, tmp_path / "skymms", ignore=shutil.ignore_patterns("__pycache__", "xsd"))
    program = (
        "from skymms import ConfigurationError\nfrom skymms.wire.schemas import schema_problems\n"
        "try:\n    schema_problems(b'<REQUEST/>')\nexcept ConfigurationError as error:\n    print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60,
                         env={**os.environ, "PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert "reinstall skymms" in ran.stdout
