"""What the sandbox does as the vendors' gateways do although it does not matter to skymms itself: other programs need it."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any

import pytest

from skymms import Client, DeleteMMS, Limits, ListMMS, MMSError, SaveMMS, SendMMS, SendSavedMMS, Slideshow
from skymms.aio import AsyncClient
from skymms.sandbox import AT_ONCE, Sandbox
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

    EXPECTED = {
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
