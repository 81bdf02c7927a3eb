"""Test a program that sends messages. Nothing is mocked, nothing leaves this machine, and each test has its own gateway.

Run it with `pytest examples/test_with_sandbox.py`. The fixtures come with skymms. The first part is the program to test.
"""

import pytest

from skymms import Account, Client, ConfigurationError, RecipientError, SendMMS, Slideshow

WELCOME = (
    Slideshow("Welcome", subject="Good to have you with us")
    .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg")
    .slide("The first coffee is ours.", passbook="http://www.yoursite.com/pass/coffee.pkpass")
)


def welcome(client, number):
    """Send the welcome to a new member. Returns its tracking id, or None if the number has blocked us."""
    try:
        return client.call(SendMMS(WELCOME, to=number, sender="60856")).tracking_id
    except RecipientError:
        return None


def welcome_all(numbers):
    """Welcome many members, with the account from the environment."""
    with Client(Account.from_env()) as client:
        return [welcome(client, number) for number in numbers]


def test_a_new_member_is_welcomed(skymms_client, skymms_sandbox):
    tracking_id = welcome(skymms_client, "15551234888")
    (sent,) = skymms_sandbox.sent
    assert sent.to == "15551234888"
    assert sent.slideshow == WELCOME
    assert tracking_id


def test_a_blocked_number_is_not_an_error(skymms_client, skymms_sandbox):
    skymms_sandbox.block("15551234888")
    assert welcome(skymms_client, "15551234888") is None
    assert skymms_sandbox.sent == []


@pytest.mark.parametrize("skymms_account", ["skycore", "skycore-get"], indirect=True)
def test_the_welcome_can_be_sent_in_two_dialects(skymms_client, skymms_sandbox):
    assert welcome(skymms_client, "15551234888")
    assert len(skymms_sandbox.sent) == 1


def test_the_account_comes_from_the_environment(skymms_account, skymms_sandbox, monkeypatch):
    monkeypatch.setenv("SKYMMS_API_KEY", skymms_account.api_key)
    monkeypatch.setenv("SKYMMS_URL", skymms_account.address)
    assert all(welcome_all(["15551234888", "15551234999"]))
    assert [message.to for message in skymms_sandbox.sent] == ["15551234888", "15551234999"]


def test_a_forgotten_url_does_not_reach_the_real_gateway(monkeypatch, skymms_refused):
    # Without SKYMMS_URL the account uses the vendor's own host. The plugin's guard refuses before anything is sent.
    monkeypatch.setenv("SKYMMS_API_KEY", "0123456789abcdef")
    monkeypatch.delenv("SKYMMS_URL", raising=False)
    with pytest.raises(ConfigurationError, match="skymms_live"):
        welcome_all(["15551234888"])
    # A test that does not use skymms_refused fails when a request was refused, even if it catches the error.
    assert skymms_refused == ["secure.skycore.com"]
