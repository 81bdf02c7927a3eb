"""What the sandbox does as the vendors' gateways do although it does not matter to skymms itself: other programs need it."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from lxml import etree
from postback_bodies import Bodies
from postback_shapes import SHAPES, problems

from skymms import (
    Client,
    CreateCampaign,
    DeleteMMS,
    DeliveryReport,
    GetStatistics,
    InboundMMS,
    Limits,
    ListMMS,
    MMSError,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SendSMS,
    Slideshow,
    Subscribe,
    Unsubscribe,
    read_postbacks,
)
from skymms.aio import AsyncClient
from skymms.sandbox import AT_ONCE, Sandbox
from skymms.sandbox.outcomes import OUTCOMES
from skymms.wire.dialects import DIALECTS

SHOW = Slideshow("coupon", subject="Free", fallback_text="f").slide("Hi!")
SEND = SendMMS(SHOW, to="15551234888", sender="60856", service_id="12345")


def post(url: str, body: bytes, content_type: str = "text/xml") -> tuple[str, str]:
    """POST a body, and return the Content-Type and the body of the response."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, body, {"Content-Type": content_type}), timeout=20) as response:
        return response.headers["Content-Type"], response.read().decode()


class TestContentType:
    """Skycore 1.3 does not document the Content-Type of responses; the vendor's Ruby client works only if it is not XML's."""

    EXPECTED: ClassVar = {
        "skycore": "text/html; charset=UTF-8",
        "skycore-get": "text/html; charset=UTF-8",
        "sinch": "text/xml; charset=utf-8",
        "sinch-json": "application/json; charset=utf-8",
    }

    @staticmethod
    def declared(sandbox: Sandbox, dialect: str, operation: Any) -> str:
        request = sandbox.account(dialect, service_id="12345").encode(operation)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        data = request.body or None
        with opener.open(urllib.request.Request(request.url, data, dict(request.headers)), timeout=20) as response:
            return str(response.headers["Content-Type"])

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_only_the_responses_of_skycore_1_3_are_declared_as_html(self, dialect):
        message = SendMMS(SHOW, to="15551234888", sender="60856")
        with Sandbox() as sandbox:
            assert self.declared(sandbox, dialect, message) == self.EXPECTED[dialect]
            sandbox.fail("E106")
            assert self.declared(sandbox, dialect, message) == self.EXPECTED[dialect]

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_another_type_can_be_chosen_for_skycore_1_3(self, dialect):
        with Sandbox(content_type="text/xml") as sandbox:
            expected = "text/xml" if dialect.startswith("skycore") else self.EXPECTED[dialect]
            assert self.declared(sandbox, dialect, SendMMS(SHOW, to="15551234888", sender="60856")) == expected

    @pytest.mark.parametrize("content_type", [None, "text/xml", "application/xml; charset=utf-8", "application/octet-stream"])
    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_both_clients_accept_every_type(self, dialect, content_type):
        with Sandbox(content_type=content_type, delays=AT_ONCE) as sandbox:
            account = sandbox.account(dialect)
            with Client(account) as client:
                saved = client.call(SaveMMS(SHOW))
                client.call(SendSavedMMS(saved.mms_id, to="15551234888", sender="60856"))
                assert client.call(ListMMS()).mms_ids == (saved.mms_id,)

            async def delete_twice() -> None:
                async with AsyncClient(account) as client:
                    assert (await client.call(DeleteMMS(saved.mms_id))).mms_id == saved.mms_id
                    with pytest.raises(MMSError, match="E241"):
                        await client.call(DeleteMMS(saved.mms_id))

            asyncio.run(delete_twice())


class TestSamplesOfSinch:
    """The examples in Sinch's documents have no fallback text, which its parameter lists require."""

    SEND_SAVED = (
        "<request><action>sendSavedMMS</action><api-key>sandbox-key</api-key><to>15551234888</to><from>28444</from>"
        "<service-id>12345</service-id><mms-id>{mms_id}</mms-id><custom-text><value>My custom text in first slide</value>"
        "<slide>1</slide></custom-text><custom-subject>My custom subject</custom-subject></request>"
    )
    SEND = (
        "<request><action>sendMMS</action><api-key>sandbox-key</api-key><to>15551234888</to><from>28444</from>"
        "<service-id>12345</service-id><message-subject>Free</message-subject><name>n</name>"
        "<slide><message-text>Hi!</message-text></slide></request>"
    )

    def test_they_are_refused_by_default_and_accepted_by_a_waiver(self):
        for limits, code in ((Limits(), "E622"), (Limits(waived=frozenset({"fallback_text"})), None)):
            with Sandbox(limits=limits, delays=AT_ONCE) as sandbox, Client(sandbox.account("sinch")) as client:
                saved = client.call(SaveMMS(SHOW.replace(fallback_text=None)))
                for sample in (self.SEND, self.SEND_SAVED.format(mms_id=saved.mms_id)):
                    _, response = post(f"{sandbox.url}/ep/v1/", sample.encode())
                    assert (code in response) if code else ("<status>Success</status>" in response), response
                assert len(sandbox.sent) == (0 if code else 2)


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    receiver = Bodies()
    yield receiver
    receiver.close()


TO, SENDER = "15551234888", "60856"
FILM = Slideshow("film", subject="New", fallback_text="f").slide("Look!", video="http://media.example/film.mp4")
TUNE = Slideshow("tune", subject="New", fallback_text="f").slide("Listen!", audio="http://media.example/tune.mp3")


def every_event(sandbox: Sandbox, client: Client, dialect: str) -> None:
    """Cause every kind of postback that the sandbox has in a dialect."""
    has_actions = dialect.startswith("skycore")
    for code in OUTCOMES:
        sandbox.outcome(code, status="Message Sent/Expired" if code == "E102" else None)
        client.call(SendMMS(SHOW, to=TO, sender=SENDER))
    sandbox.outcome("N102")
    for show, failure in ((SHOW, None), (FILM, None), (FILM, "E003"), (TUNE, "E002")):
        if failure:
            sandbox.spoil(show.slides[0].video or show.slides[0].audio or "", failure)
        saved = client.call(SaveMMS(show if dialect != "sinch" else show.replace(fallback_text=None)))
        if show is SHOW and dialect != "sinch-json":
            client.call(SendSavedMMS(saved.mms_id, to=TO, sender=SENDER, ddm_text="Hi"))
    sandbox.receive_mms(TO, SENDER, "http://media.example/a.jpg", text="join us", dialect=dialect)
    sandbox.receive_mms(TO, SENDER, text="join us", subject="join", keyword="join", dialect=dialect)
    sandbox.receive_sms(TO, SENDER, "STOP", dialect=dialect)
    if has_actions:
        client.call(SendSMS("Hi!", to=TO, sender=SENDER))
        campaign = client.call(CreateCampaign("Campaign123", brand_name="Shop"))
        client.call(Subscribe(TO, campaign=campaign.campaign_id))
        client.call(Unsubscribe(TO, campaign=campaign.campaign_id))


class TestPostbacks:
    @pytest.mark.parametrize("delays", [None, AT_ONCE], ids=["with delays", "at once"])
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_every_postback_has_its_published_shape(self, bodies, dialect, delays):
        options = {} if delays is None else {"delays": delays}
        with Sandbox(postback_url=bodies.url, **options) as sandbox:
            with Client(sandbox.account(dialect, service_id="12345", fallback_text="f")) as client:
                every_event(sandbox, client, dialect)
            sandbox.clock.advance(minutes=5)
        assert [problem for body in bodies.bodies for problem in problems(body, dialect)] == []
        seen = {(notice.origin, notice.code) for body in bodies.bodies for notice in read_postbacks(body)}
        assert seen == {(shape.origin, shape.code) for shape in SHAPES[dialect]}

    @pytest.mark.parametrize(
        ("dialect", "given", "expected"),
        [
            # Ids of six digits got a zero at the end when they became longer: 000157 became 0001570.
            ("skycore", "000189", "0001890"),
            ("skycore", "0001890", "0001890"),
            ("skycore-get", "4", "0000004"),
            ("skycore", 31002, "0031002"),
            ("skycore", "12345678", "12345678"),
            ("sinch", "31003", "31003"),
        ],
    )
    def test_the_operator_id_of_a_request_is_that_of_its_reports(self, bodies, dialect, given, expected):
        account_options = {"service_id": "12345", "fallback_text": "f"}
        with Sandbox(postback_url=bodies.url) as sandbox, Client(sandbox.account(dialect, **account_options)) as client:
            client.call(SendMMS(SHOW, to=TO, sender=SENDER, operator_id=given))
            sandbox.clock.advance(minutes=1)
        reports = [notice for body in bodies.bodies for notice in read_postbacks(body)]
        assert [(one.code, one.operator_id) for one in reports if isinstance(one, DeliveryReport)] == [
            ("N101", expected),
            ("N102", expected),
        ]

    def test_the_envelope_of_2013_has_the_operator_id_too(self, bodies):
        with Sandbox(postback_url=bodies.url) as sandbox, Client(sandbox.account()) as client:
            sandbox.postbacks(batch=True)
            client.call(SendMMS(SHOW, to=TO, sender=SENDER))
            sandbox.clock.advance(minutes=2)
        (body,) = bodies.bodies
        assert re.findall(rb"<SPID>(\d+)</SPID>", body) == [b"0001570"] * 2
        assert not re.search(rb"\d:\d\d\.\d", body)

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_an_inbound_message_has_the_keyword_that_was_given(self, bodies, dialect):
        with Sandbox(postback_url=bodies.url) as sandbox:
            sandbox.receive_mms(TO, SENDER, text="JOIN us", keyword="join", dialect=dialect)
            sandbox.clock.advance(seconds=1)
        ((notice,),) = map(read_postbacks, bodies.bodies)
        assert isinstance(notice, InboundMMS)
        assert notice.keyword == "join"


class TestTimes:
    """PHP's DATE_ATOM fails on fractions of a second."""

    def test_no_document_of_the_sandbox_has_a_fraction_of_a_second(self):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account()) as client:
            client.call(SendMMS(SHOW, to=TO, sender=SENDER))
            now = sandbox.clock.now()
            link = client.call(GetStatistics(now.replace(year=now.year - 1), now.replace(year=now.year + 1))).link
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(link, timeout=20) as response:
                times = [element.get("time") for element in etree.fromstring(response.read()).iter() if element.get("time")]
            assert len(times) == 4
            client.call(SaveMMS(SHOW))
            with Client(sandbox.account("sinch", service_id="1")) as sinch:
                listed = sinch.call(ListMMS(start_date=now))
            times += [str(one.created) for one in listed.templates] + [str(listed.start_date)]
        assert [time for time in times if time is None or "." in time] == []
