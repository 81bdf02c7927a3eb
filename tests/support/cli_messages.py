"""Slideshows, requests and responses for the tests of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli_process import CANARY
from misbehaving_server import http

from skymms import (
    CreateCampaign,
    CreateSession,
    DeleteMMS,
    GetStatistics,
    ListCampaigns,
    ListMMS,
    RemoveInboxMessage,
    SaveMMS,
    SendMessageBySubscriberRef,
    SendMMS,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Slide,
    Slideshow,
    Subscribe,
    Unsubscribe,
)
from skymms.model.operations import Operation
from skymms.wire.dialects import DIALECTS, DialectName

SLIDESHOW = Slideshow("Membership coupon", subject="Welcome", fallback_text="Your coupon is waiting.").slide(
    "Good to have you with us.", image="http://media.example/welcome.jpg", duration=5
)


SEND = SendMMS(SLIDESHOW, to="15551234888", sender="60856")


#: The same without what sinch-json does not support (a duration) and without the name, which is not sent.
JSON_SLIDESHOW = Slideshow("", subject="Welcome", fallback_text="Your coupon is waiting.").replace(
    slides=(Slide("Good to have you with us.", image="http://media.example/welcome.jpg"),)
)


#: A slideshow file that breaks several rules.
WRONG_SLIDESHOW = """
name = " "
subject = "Welcome"
[[slide]]
audio = "http://media.example/a.mp3"
video = "video.mp4"
duration = 31
[[slide]]
"""


SHORT_SLIDESHOW = Slideshow("n", subject="s", fallback_text="f").slide("t")


#: One operation of each type. The ids are made up.
OPERATIONS: Mapping[type[Operation[Any]], Any] = {
    type(one): one
    for one in (
        SendMMS(SHORT_SLIDESHOW, to="15551234888", sender="60856"),
        SaveMMS(SHORT_SLIDESHOW),
        SendSavedMMS("7", to="15551234888", sender="60856"),
        ListMMS(),
        DeleteMMS("7"),
        SendSavedMMSCampaign("7", "8"),
        SendMMSBarcode("7", to="15551234888", sender="60856", barcode_id="b"),
        SendPassInMMS("7", to="15551234888", sender="60856", pass_data={"barcodevalue": "1"}),
        SendMessageBySubscriberRef("ACCT-1", campaign_ref="8", text="We open at nine."),
        SendSMS("Hi!", to="15551234888", sender="60856"),
        ListCampaigns(),
        CreateCampaign("Coffee", brand_name="Bean"),
        Subscribe("15551234888", campaign="8", subscriber_ref="ACCT-1"),
        Unsubscribe("15551234888", campaign="8"),
        RemoveInboxMessage("MMS_MO_1"),
        GetStatistics("2020-01-01", "2099-01-01"),
        CreateSession(),
    )
}


def service_id(dialect: str) -> str | None:
    """A service id for the dialects that require one."""
    return "1" if dialect.startswith("sinch") else None


def encode(dialect: DialectName, operation: Any = SEND) -> bytes:
    """A request as a file of that dialect."""
    return DIALECTS[dialect].encode_request(operation, CANARY)


def response(inside: str) -> Any:
    """A server that accepts a request and answers with these elements."""
    return http(f"<RESPONSE><STATUS>Success</STATUS>{inside}</RESPONSE>".encode())
