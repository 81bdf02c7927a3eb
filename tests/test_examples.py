"""Every example runs unchanged in a separate process and prints what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import plugin

ROOT = Path(__file__).parents[1]
#: Something that each example prints.
OUTPUT = {
    "first_message.py": "report: N102",
    "preview.py": "| Hi Ada! Your number is {member}.",
    "wrong_slides.py": "E226 on slide 1",
    "many_recipients.py": "40 sent",
    "broadcast.py": (
        "stopped with some left: True\n"
        "unknown {'accepted': 299, 'unknown': 1}\n"
        "15551230150 may have been sent: lost answer\n"
        "most requests for one number: 1\n"
    ),
    "many_at_once.py": (
        "197 sent\n"
        "15551230007 was not sent: E114: the recipient is on a block list. Do not send to this number again. If the "
        "block is a mistake, ask the gateway to remove it.\n"
        "15551230050 was sent, its report has arrived: TransportError\n"
        "15551230120 may have been sent, do not send again: ProtocolError\n"
    ),
    "fit_pictures.py": "att delivers it\ntmobile delivers it\nverizon delivers it\nproblems: 0",
    "prepared_message.py": "4 messages for 4 numbers; invalid: not a number",
    "json_service.py": "the id in the response is None\nfilm-7 can be sent\nfilm-7 to Ada -> N101",
    "campaigns.py": "MMS True to 15551234888 arrived",
    "cellcast.py": "+61491570157 queued as 6752be53",
    "postback_receiver.py": "delivered: MMS_12345 to 15551234888",
    "test_with_sandbox.py": "6 passed",
}


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_an_example_runs_and_prints_what_it_should(example):
    pytest_options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin()) if example.startswith("test_") else ()
    done = subprocess.run(
        [sys.executable, *pytest_options, ROOT / "examples" / example], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert OUTPUT[example] in done.stdout
    assert done.stderr == ""


def test_the_postback_receiver_handles_a_repeated_postback_once():
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "postback_receiver.py"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.count("delivered") == 1


def test_every_example_is_tested():
    assert set(OUTPUT) == {path.name for path in (ROOT / "examples").glob("*.py")}
