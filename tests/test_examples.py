"""Every example runs as it stands, in a process of its own, and says what its readers are told it says."""

from __future__ import annotations

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
    "many_at_once.py": (
        "197 sent\n"
        "15551230007 was not sent: E114: the recipient is on a block list. Stop sending to this number; if the block is a "
        "mistake, have the gateway lift it.\n"
        "15551230050 was sent, its report has come: TransportError\n"
        "15551230120 may have been sent, leave it: ProtocolError\n"
    ),
    "json_service.py": "and its id is None\nfilm-7 can be sent\nfilm-7 to Ada -> N101",
    "campaigns.py": "MMS True to 15551234888 arrived",
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


def test_every_example_is_known_to_the_tests():
    assert set(SAYS) == {path.name for path in (ROOT / "examples").glob("*.py")}
