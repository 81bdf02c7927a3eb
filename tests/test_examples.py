"""Every example runs as it stands, in a process of its own, and says what its readers are told it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from projects import plugin

ROOT = Path(__file__).parents[1]
SAYS = {
    "first_message.py": "told: N102",
    "wrong_slides.py": "E226 on slide 1",
    "many_recipients.py": "40 sent",
    "cellcast.py": "+61491570157 queued as 6752be53",
    "postback_receiver.py": "delivered: MMS_12345 to 15551234888",
    "test_with_sandbox.py": "6 passed",
}


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_an_example_runs_and_says_what_it_should(example):
    how = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin()) if example.startswith("test_") else ()
    done = subprocess.run([sys.executable, *how, ROOT / "examples" / example], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SAYS[example] in done.stdout
    assert done.stderr == ""


def test_a_repeat_is_told_once():
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "postback_receiver.py"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.count("delivered") == 1


def test_the_readme_shows_the_first_example():
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    example = (ROOT / "examples" / "first_message.py").read_text()
    squeezed = "".join(example.split()).replace(",)", ")")
    for line in ("coupon=(", "client.call(SendMMS(coupon,to=", "client.call(SaveMMS(coupon))", "custom_text={1:"):
        assert line in "".join(block.split())
        assert line in squeezed


def test_the_readmes_python_runs_against_a_sandbox(monkeypatch):
    from skymms.sandbox import Sandbox

    readme = (ROOT / "README.md").read_text()
    block = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    report = b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TRACKINGID>MMS_1</TRACKINGID></POSTBACK>"
    with Sandbox() as sandbox:
        account = sandbox.account()
        monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
        monkeypatch.setenv("SKYMMS_URL", account.address)
        exec(compile(block, "README.md", "exec"), {"request_body": report})
        assert len(sandbox.sent) == 2
