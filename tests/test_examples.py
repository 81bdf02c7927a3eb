"""Every example runs unchanged in a separate process and prints what it should; so does the code in the docs."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from misbehaving_server import Faulty, stall
from projects import plugin

from skymms import Account, Client, GetStatistics, SendMMS, Slideshow, read_report
from skymms.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
SLIDESHOW = Slideshow("coupon", subject="Free").slide("Hi!")
#: Something that each example prints.
OUTPUT = {
    "first_message.py": "report: N102",
    "wrong_slides.py": "E226 on slide 1",
    "many_recipients.py": "40 sent",
    "many_at_once.py": (
        "197 sent\n"
        "15551230007 was not sent: E114: the recipient is on a block list. Do not send to this number again. If the "
        "block is a mistake, ask the gateway to remove it.\n"
        "15551230050 was sent, its report has arrived: TransportError\n"
        "15551230120 may have been sent, do not send again: ProtocolError\n"
    ),
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


def blocks(page: str) -> list[str]:
    """The blocks of Python code in a page of the docs."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_readme_shows_the_code_of_the_first_example():
    block = blocks("README.md")[0]
    example = (ROOT / "examples" / "first_message.py").read_text()
    squeezed = "".join(example.split()).replace(",)", ")")
    for line in ("coupon=(", "client.call(SendMMS(coupon,to=", "client.call(SaveMMS(coupon))", "custom_text={1:"):
        assert line in "".join(block.split())
        assert line in squeezed


def test_the_code_in_the_readme_sends_two_messages(monkeypatch):
    report = b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TRACKINGID>MMS_1</TRACKINGID></POSTBACK>"
    with Sandbox() as sandbox:
        account = sandbox.account()
        monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
        monkeypatch.setenv("SKYMMS_URL", account.address)
        exec(compile(blocks("README.md")[0], "README.md", "exec"), {"request_body": report})
        assert len(sandbox.sent) == 2


class TestCodeInAsyncPage:
    NUMBERS = ("15551230001", "15551230002", "15551230003")

    @staticmethod
    def namespaces() -> list[dict[str, Any]]:
        """What each block defines, including the imports of the blocks before it."""
        names: dict[str, Any] = {}
        found = []
        for block in blocks("docs/async.md"):
            # The time limit of ten seconds is shortened for the test.
            exec(compile(block.replace("timeout(10)", "timeout(0.2)"), "async.md", "exec"), names)
            found.append(dict(names))
        return found

    def test_messages_are_sent_with_and_without_a_concurrency_limit(self, monkeypatch):
        unlimited, limited, *_ = self.namespaces()
        with Sandbox() as sandbox:
            monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
            monkeypatch.setenv("SKYMMS_URL", sandbox.account().address)
            sent = asyncio.run(unlimited["send_all"](SLIDESHOW, self.NUMBERS))
            sent += asyncio.run(limited["send_all"](sandbox.account(), SLIDESHOW, self.NUMBERS))
        assert [one.to for one in sent] == [*self.NUMBERS, *self.NUMBERS]

    def test_the_cause_of_a_timeout_says_whether_the_message_may_have_been_sent(self):
        limited = self.namespaces()[2]

        async def job(account):
            async with limited["AsyncClient"](account) as client:
                await limited["send"](client, SendMMS(SLIDESHOW, to=self.NUMBERS[0], sender="60856"))

        with Faulty(stall) as server, pytest.raises(TimeoutError) as raised:
            asyncio.run(job(Account("0123456789abcdef", url=server.url)))
        assert getattr(raised.value.__cause__, "sent_maybe", False)

    @pytest.mark.parametrize("together", ["gather", "TaskGroup"])
    def test_every_message_that_may_have_been_sent_is_noted(self, together):
        noting = self.namespaces()[3]
        messages = [SendMMS(SLIDESHOW, to=number, sender="60856") for number in self.NUMBERS]
        doubtful: list[Any] = []

        async def job(account):
            async with noting["AsyncClient"](account) as client, asyncio.timeout(0.2):
                calls = [noting["send"](client, message, doubtful) for message in messages]
                if together == "gather":
                    await asyncio.gather(*calls, return_exceptions=True)
                else:
                    async with asyncio.TaskGroup() as group:
                        for call in calls:
                            group.create_task(call)

        with Faulty(stall) as server, pytest.raises(TimeoutError):
            asyncio.run(job(Account("0123456789abcdef", url=server.url)))
        # The order in which they end is not defined.
        assert sorted(message.to for message in doubtful) == list(self.NUMBERS)


def test_the_code_in_the_actions_page_lists_campaigns_and_reads_a_report():
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        names: dict[str, Any] = {"client": client}
        listing, _, statistics = blocks("docs/actions.md")
        exec(compile(listing, "actions.md", "exec"), names)
        assert names["campaigns"] == ()
        exec(compile(statistics, "actions.md", "exec"), names)
        assert names["undelivered"] == []
        # A report does not include the day that is given as its end.
        client.call(SendMMS(SLIDESHOW, to="15551234888", sender="60856"))
        today = datetime.now(UTC).date()
        link = client.call(GetStatistics(today - timedelta(days=1), today)).link
        assert read_report(client.fetch(link)) == ()


def test_every_example_is_tested():
    assert set(OUTPUT) == {path.name for path in (ROOT / "examples").glob("*.py")}
