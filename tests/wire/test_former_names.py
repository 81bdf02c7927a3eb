"""Former names: decoded always, written if an account chooses them, and repeated in the sandbox's responses."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from skymms import (
    Account,
    Client,
    ConfigurationError,
    CreateCampaign,
    CreateSession,
    GetStatistics,
    RemoveInboxMessage,
    SendMMS,
    SendSavedMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Slideshow,
    Subscribe,
    Unsubscribe,
)
from skymms.aio import AsyncClient
from skymms.sandbox import Sandbox
from skymms.wire.dialects import DIALECTS, get_dialect

KEY = "a-key-of-a-test"
A = "15551234888"
SHOW = Slideshow("n", subject="s").slide("Hi!")
SENDS: dict[str, Any] = {"to": A, "sender": "60856", "operator_id": "000189"}

#: An operation, the former name to write, and how the name and today's name are in a document.
CASES: list[tuple[Any, str, str, str]] = [
    (Subscribe(A, campaign="7"), "CAMPAIGNID", "<CAMPAIGNID>7</CAMPAIGNID>", "CAMPAIGNREF"),
    (Unsubscribe(A, campaign="7"), "CAMPAIGNID", "<CAMPAIGNID>7</CAMPAIGNID>", "CAMPAIGNREF"),
    (Subscribe(A, campaign="7", operator_id="1"), "OPERATORID", "<OPERATORID>1</OPERATORID>", "SPID"),
    (SendMMS(SHOW, **SENDS), "SPID", "<SPID>000189</SPID>", "OPERATORID"),
    (SendSavedMMS("1", **SENDS), "SPID", "<SPID>000189</SPID>", "OPERATORID"),
    (SendSMS("Hi!", **SENDS), "SPID", "<SPID>000189</SPID>", "OPERATORID"),
    (SendSavedMMS("1", **SENDS, custom_subject="x"), "CUSTOMTITLE", "<CUSTOMTITLE>x</CUSTOMTITLE>", "CUSTOMSUBJECT"),
    (CreateSession(), "loginUser", "<ACTION>loginUser</ACTION>", "createAccountSession"),
    (RemoveInboxMessage("1"), "removeMMSInboxContent", "<ACTION>removeMMSInboxContent</ACTION>", "removeMMSInboxMessage"),
    (
        GetStatistics(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        *("getSendingStatistics", "<ACTION>getSendingStatistics</ACTION>", "getSendingStatus<"),
    ),
]


@pytest.mark.parametrize(("operation", "name", "written", "today"), CASES)
@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
def test_a_chosen_former_name_is_written_and_decoded(operation, name, written, today, spelling):
    account = Account(KEY, former_names={spelling(name)}, bare_body=True)
    document = account.encode(operation).body.decode()
    assert written in document
    assert today not in document
    dialect = DIALECTS["skycore"]
    decoded = dialect.decode_request(dialect.decode_leaves(document.encode()))
    assert (decoded.operation, decoded.unread) == (operation, ())
    assert today in Account(KEY, bare_body=True).encode(operation).body.decode()


@pytest.mark.parametrize(("operation", "name", "written", "today"), CASES)
def test_the_get_form_has_the_same_former_names_in_lower_case(operation, name, written, today):
    pairs = dict(parse_qsl(Account(KEY, dialect="skycore-get", former_names={name}).encode(operation).url.partition("?")[2]))
    assert name.lower() in {*pairs, pairs["action"]}
    assert today.lower().rstrip("<") not in {*pairs, pairs["action"]}


def test_campaignid_of_a_campaign_send_is_a_name_of_the_get_form_only():
    send = SendSavedMMSCampaign("35674", "332")
    assert "campaignid=332" in Account(KEY, dialect="skycore-get", former_names={"CAMPAIGNID"}).encode(send).url
    assert b"<TOCAMPAIGN>332<" in Account(KEY, former_names={"CAMPAIGNID"}, bare_body=True).encode(send).body


def test_a_prepared_message_and_several_names_at_once():
    account = Account(KEY, former_names={"SPID", "CUSTOMTITLE"}, bare_body=True)
    prepared = account.prepare(SendSavedMMS("1", **SENDS, custom_subject="x"))
    body = prepared.request(A).body
    assert b"<SPID>000189</SPID>" in body
    assert b"<CUSTOMTITLE>x</CUSTOMTITLE>" in body
    assert account.former_names == {"SPID", "CUSTOMTITLE"}
    assert account.masked().former_names == account.former_names


@pytest.mark.parametrize(
    ("dialect", "given", "message"),
    [
        ("skycore", {"CAMPAIGN"}, "'CAMPAIGN' is not a former name in skycore; choose from CAMPAIGNID, "),
        ("skycore", {"TO"}, "'TO' is not a former name"),
        ("skycore", {"SLIDE[]/@duration"}, "is not a former name"),
        ("skycore", "CAMPAIGNID", "give the names as text"),
        ("skycore", {1}, "give the names as text"),
        ("skycore", None, "give the names as text"),
        ("sinch", {"SPID"}, "'SPID' is not a former name in sinch; it has had no other names"),
    ],
)
def test_another_name_is_refused(dialect, given, message):
    with pytest.raises(ConfigurationError, match="former_names") as raised:
        Account(KEY, dialect=dialect, former_names=given)
    assert message in str(raised.value)


def test_every_former_name_is_offered():
    expected = {"CAMPAIGNID", "SPID", "OPERATORID", "CUSTOMTITLE"}
    actions = {"LOGINUSER", "REMOVEMMSINBOXCONTENT", "GETSENDINGSTATISTICS"}
    assert {name: get_dialect(name).former_names for name in DIALECTS} == {
        "skycore": expected | actions,
        "skycore-get": expected | actions,
        "sinch": frozenset(),
        "sinch-json": frozenset(),
    }


@pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
@pytest.mark.parametrize("strict", [False, True])
def test_the_sandbox_answers_in_the_names_of_the_request(dialect, strict):
    with Sandbox(strict=strict) as sandbox:
        for former in (frozenset[str](), frozenset({"CAMPAIGNID", "LOGINUSER"})):
            with Client(sandbox.account(dialect, former_names=former)) as client:
                campaign = client.call(CreateCampaign("Openings", brand_name="Shop")).campaign_id
                added = client.call(Subscribe(A, campaign=campaign))
                removed = client.call(Unsubscribe(A, campaign=campaign))
                client.call(CreateSession())
            name = "CAMPAIGNID" if former else "CAMPAIGNREF"
            assert (added.campaign, removed.campaign) == (campaign, campaign)
            assert [dict(one.raw).get(name) for one in (added, removed)] == [campaign, campaign]


async def subscribe(account: Account, campaign: str | None) -> Any:
    async with AsyncClient(account) as client:
        return await client.call(Subscribe(A, campaign=campaign))


def test_the_asyncio_client_writes_them_too():
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        campaign = client.call(CreateCampaign("Openings", brand_name="Shop")).campaign_id
        reply = asyncio.run(subscribe(sandbox.account(former_names={"CAMPAIGNID"}), campaign))
    assert dict(reply.raw)["CAMPAIGNID"] == campaign
