"""Tests of a project that sends. Nothing is mocked, nothing leaves this machine, and each test has a gateway of its own.

Run it with `pytest examples/test_with_sandbox.py`; the fixtures come with skymms. At the top stands what is tested.
"""

import pytest

from skymms import Account, Client, ConfigurationError, RecipientError, SendMMS, Slideshow

WELCOME = (
    Slideshow("Welcome", subject="Good to have you with us")
    .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg")
    .slide("The first coffee is ours.", passbook="http://www.yoursite.com/pass/coffee.pkpass")
)


def welcome(client, number):
    """Send the welcome to a new member; its tracking id, or None for somebody who wants no messages."""
    try:
        return client.call(SendMMS(WELCOME, to=number, sender="60856")).tracking_id
    except RecipientError:
        return None


def welcome_all(numbers):
    """The same for many, with the account that the environment names."""
    with Client(Account.from_env()) as client:
        return [welcome(client, number) for number in numbers]


def test_a_member_is_sent_the_welcome(skymms_client, skymms_sandbox):
    tracking_id = welcome(skymms_client, "15551234888")
    (sent,) = skymms_sandbox.sent
    assert sent.to == "15551234888"
    assert sent.slideshow == WELCOME
    assert tracking_id


def test_who_wants_no_messages_gets_none(skymms_client, skymms_sandbox):
    skymms_sandbox.block("15551234888")
    assert welcome(skymms_client, "15551234888") is None
    assert skymms_sandbox.sent == []


@pytest.mark.parametrize("skymms_account", ["skycore", "skycore-get"], indirect=True)
def test_it_can_be_said_in_either_dialect(skymms_client, skymms_sandbox):
    assert welcome(skymms_client, "15551234888")
    assert len(skymms_sandbox.sent) == 1


def test_the_account_of_the_environment_is_used(skymms_account, skymms_sandbox, monkeypatch):
    monkeypatch.setenv("SKYMMS_API_KEY", skymms_account.api_key)
    monkeypatch.setenv("SKYMMS_URL", skymms_account.address)
    assert all(welcome_all(["15551234888", "15551234999"]))
    assert [message.to for message in skymms_sandbox.sent] == ["15551234888", "15551234999"]


def test_a_forgotten_address_reaches_nobody(monkeypatch, skymms_refused):
    # Without SKYMMS_URL this would be the vendor's own host. The guard refuses before anything is sent.
    monkeypatch.setenv("SKYMMS_API_KEY", "0123456789abcdef")
    monkeypatch.delenv("SKYMMS_URL", raising=False)
    with pytest.raises(ConfigurationError, match="skymms_live"):
        welcome_all(["15551234888"])
    # Without asking for these the test would fail, although it caught the error.
    assert skymms_refused == ["secure.skycore.com"]
