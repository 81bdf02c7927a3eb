"""docs/how-to/migrate.md and skycore-to-sinch.md: the old programs really run, and a sandbox reads the same from both."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recipe_pages import blocks, run_page

from skymms import Client, DeliveryReport, SendMMS, SendSavedMMS, SendSMS, Slideshow
from skymms.sandbox import PostbackBodies, Sandbox

PAGE = "how-to/migrate.md"
HERE = Path(__file__).parent
KEY = "5fa1c0de0123456789abcdef5fa1c0de"
#: Programs print UTF-8 and do not ask the environment for a proxy.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | {"LANG": "C.UTF-8"}


def needs(interpreter: str, *check: str) -> pytest.MarkDecorator:
    """Skip a test where an interpreter or its library is missing, except where the environment says that it was installed."""
    path = shutil.which(interpreter)
    found = path is not None and subprocess.run([path, *check], capture_output=True, timeout=60, check=False).returncode == 0
    installed = interpreter in os.environ.get("SKYMMS_TEST_INTERPRETERS", "").split()
    return pytest.mark.skipif(not found and not installed, reason=f"{interpreter} or its library is not installed")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def page() -> Any:
    return run_page(PAGE)


def test_the_proof_of_the_page_fails_if_the_messages_differ(page: Any) -> None:
    def other(client: Client) -> None:
        show = Slideshow("welcome", subject="Welcome").slide("Fish & chips.", image="http://www.example.com/a.jpg", duration=5)
        client.call(SendMMS(show, to="15551234888", sender="60856"))

    page.assert_equal(page.old, page.new)
    with pytest.raises(AssertionError):
        page.assert_equal(page.old, other)
    with pytest.raises(AssertionError):
        page.assert_equal(lambda url, key: None, lambda client: None)


@needs("ruby", "-e", "require 'httparty'")
@pytest.mark.parametrize("bare_body", [True, False])
def test_the_gateway_reads_the_same_from_the_gem(page: Any, bare_body: bool, tmp_path: Path) -> None:
    (program,) = blocks(PAGE, "ruby")
    (tmp_path / "program.rb").write_text(program, encoding="utf-8")
    with Sandbox(KEY) as before, Sandbox(KEY) as after, Client(after.account(bare_body=bare_body)) as client:
        run("ruby", str(HERE / "gem.rb"), str(tmp_path / "program.rb"), before.account().address, KEY)
        page.like_the_gem(client)
        # Each gateway has ids of its own.
        (old,), (new,) = before.sent, after.sent
        assert isinstance(old, SendSavedMMS)
        assert isinstance(new, SendSavedMMS)
        assert replace(old, mms_id=None) == replace(new, mms_id=None)
        assert [one.slideshow for one in before.saved] == [one.slideshow for one in after.saved]
        assert old.custom_text == {1: "Hello again"}


@needs("php", "-r", "exit(function_exists('curl_init') && function_exists('simplexml_load_string') ? 0 : 1);")
def test_the_gateway_reads_the_same_from_the_php_library(page: Any, tmp_path: Path) -> None:
    (program,) = blocks(PAGE, "php")
    (tmp_path / "program.php").write_text(f"<?php [, $url, $key] = $argv;\n{program}", encoding="utf-8")
    printed: list[str] = []
    page.assert_equal(lambda url, key: printed.append(run("php", str(tmp_path / "program.php"), url, key)), page.new)
    assert printed[0].startswith("MMS_")


def test_the_get_dialect_sends_the_same_message(page: Any) -> None:
    with Sandbox() as before, Sandbox() as after:
        page.old(before.account().address, "sandbox-key")
        with Client(after.account("skycore-get")) as client:
            page.new(client)
        assert before.sent == after.sent


# ------------------------------------------------------------------------------------------------ from Skycore to Sinch


SHOWS = [
    Slideshow("n", subject="s", fallback_text="f").slide("Grüße 🎉\nTwo & <three>"),
    Slideshow("n", subject="s", fallback_text="f")
    .slide("1", image="http://a.example/1.jpg", duration=5)
    .slide("2", audio="http://a.example/2.mp3")
    .slide(video="http://a.example/3.mp4")
    .slide("4", vcard="http://a.example/4.vcf"),
    Slideshow("n", subject="s", fallback_text="f").slide("pass", passbook="http://a.example/5.pkpass"),
]


@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize("more", [{}, {"operator_id": "000157"}, {"sender_mask": "Shop"}])
def test_every_message_of_both_gateways_is_read_alike(show: Slideshow, more: dict[str, Any]) -> None:
    message = SendMMS(show, to="15551234888", sender="60856", **more)
    with Sandbox() as sandbox:
        for account in (sandbox.account(), sandbox.account("skycore-get"), sandbox.account("sinch", service_id="12345")):
            with Client(account) as client:
                client.call(message)
        old, by_get, new = sandbox.sent
    assert old == by_get == replace(new, service_id=None)  # type: ignore[type-var]


def test_the_page_sends_and_shows_what_sinch_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    run_page("how-to/skycore-to-sinch.md")
    assert capsys.readouterr().out == "campaign_ref is not supported by SendMMS in sinch: leave it out\n"


def test_what_sinch_does_not_have_is_refused_before_it_is_sent() -> None:
    with Sandbox() as sandbox:
        problems = sandbox.account("sinch", service_id="1").problems(SendSMS("Hi", to="15551234888", sender="60856"))
    assert problems


@pytest.mark.parametrize("kind", ["sent", "delivered", "failed", "rejected", "link_sent", "link_delivered", "link_failed"])
def test_the_reports_of_both_gateways_are_the_same_notices(kind: str) -> None:
    make = PostbackBodies()
    found = [getattr(make, kind)("MMS_1", dialect=dialect).notices[0] for dialect in ("skycore", "sinch", "sinch-json")]
    assert {type(one) for one in found} == {DeliveryReport}
    assert len({(one.code, one.meaning, one.tracking_id, one.final, one.delivered, one.failed) for one in found}) == 1
