"""Cellcast responses as the vendor's pages print them and as they were recorded, and messages that several tests send.

The pages write N for some digits of phone numbers; fictional numbers are used here.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from skymms import HttpResponse, Slide, Slideshow
from skymms.cellcast import CellcastAccount, CellcastSend
from skymms.model.operations import Operation


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


def v3(data: Any = (), *, status: str = "SUCCESS", code: int = 200, msg: str = "") -> bytes:
    return body({"meta": {"code": code, "status": status}, "msg": msg, "data": list(data) if data == () else data})


def app(data: Any, *, status: bool | str = True, message: str = "Request is being processed", error: Any = None) -> bytes:
    """Return a response of v1 in its most frequent envelope."""
    envelope = {
        "app_type": "web",
        "app_version": "1.0",
        "maintainence": 0,
        "new_version": 0,
        "force_update": 0,
        "invalid_token": 0,
        "refresh_token": "",
        "show_message": 0,
        "is_enc": False,
    }
    content = {"status": status, "message": message, "message_type": "toast", "data": data, "error": error or {}}
    return body({**envelope, **content})


# ------------------------------------------------------------------------------------------------ v3 page

SENT_V3 = b"""{
"meta": {"code": 200, "status": "SUCCESS"},
"msg": "Queued",
"data": {
"messages": [{
"message_id": "A21741CB-9B8E-3956-A1CE-NNNNNNNNNN",
"to": "+61491570156",
"subject": "MMS subject here",
"body": "MMS body here",
"date": "2019-06-24 21:24:32",
"direction": "out"
}],
"total_numbers": 2,
"success_number": "2",
"credits_used": "2"
}}"""
RESPONSES_V3 = b"""{
"meta": {"code": 200, "status": "SUCCESS"},
"msg": "You have 1 response(s)",
"data": {
"page": {"count": 1, "number": 1},
"total": "1",
"responses": [{
"from": "+61491570156",
"body": "Received ",
"received_at": "2019-04-08 17:37:49",
"original_body": "Please reply Thank You",
"original_message_id": "A21741CB-9B8E-3956-A1CE-NNNNNNNNNN",
"message_id": "dba864ec-e486-4647-82c4-d0b94771080b",
"subaccount_id": ""
}]}}"""
EMPTY_V3 = v3({"page": {"count": "0", "number": 0}, "total": 0, "responses": ""}, msg="No Response are available!")
MARKED_V3 = v3([], msg="Inbound messages have been marked as read.")
OPTOUT_V3 = b"""{
"meta": {"code": 200, "status": "SUCCESS"},
"msg": "You have 1 optout contact(s)",
"data": {
"page": {"count": 1, "number": 1},
"total": "3",
"responses": [{
"number": "+61491570157",
"first_name": "Peter",
"last_name": "berg",
"gender": "Male",
"post_code": "6688",
"dob": "2010-11-12",
"created_at": null
}]}}"""
BALANCE_V3 = v3({"account_name": "Ada", "account_email": "ada@example.com", "sms_balance": "5831.43", "mms_balance": "1006.00"})

# ------------------------------------------------------------------------------------------------ v1 page

SENT_V1 = app(
    {
        "queueResponse": [
            {"Contact": f"40000000{last}", "MessageId": "6752be535000000000000000", "Result": "Message added to queue."}
            for last in (2, 3, 4)
        ],
        "message": "success register all valid contacts to queue",
        "invalidContacts": [
            {"Contact": ' "1234567890"', "Error": "Number is not valid", "ErrorType": "number_not_valid"},
            {"Contact": " \"62400000001']", "Error": "Number is not valid", "ErrorType": "number_not_valid"},
        ],
        "unsubscribeContacts": ["400000001"],
        "totalValidContact": 3,
        "totalInvalidContact": 2,
        "totalUnsubscribeContact": 1,
    }
)
SENDER_V1 = app({}, status=False, message="Your sender id is not registered.", error={"sender": "not_registered"})
CONTACTS_V1 = body(
    {
        "code": 400,
        "message": "Contacts must either start with 61 or +61 and be exactly 11 digits long (e.g., 614xxxxxxxx or "
        "+614xxxxxxxx), or be 9 digits without the area code (e.g., 4xxxxxxxx)",
        "stack": "APIError: Contacts are required.",
    }
)
_LOW = "Your balance is too low for this request, please recharge."
LOW_V1 = app({}, status=False, message=_LOW, error={"errorMessage": _LOW})
EXPIRED_V1 = body({"code": 401, "message": "Token expired", "stack": "APIError: Token expired ...."})

# ------------------------------------------------------------------------------------------------ recorded


def page_v1(items: list[Any], at: int = 1, pages: int = 1) -> bytes:
    paging = {"total": len(items), "limit": 100, "current": at, "totalPages": pages}
    links = {"hasPrevPage": at > 1, "hasNextPage": at < pages, "prevPage": None, "nextPage": at + 1 if at < pages else None}
    return body(
        {"meta": {"code": 200, "status": "success"}, "message": "", "data": {"items": items, **paging, **links}, "error": {}}
    )


RESPONSES_V1 = page_v1([{"from": "491570156", "body": "Yes", "received_at": "2026-11-01T02:03:04.567Z", "message_id": ""}])
OPTOUT_V1 = page_v1(
    [
        {
            "number": "61491570159", "first_name": "Jo", "last_name": "", "birthday": None, "postalcode": "", "gender": "",
            "post_code": "3181", "date_of_birth": "1980-02-29T00:00:00.000Z",
        }
    ]
)  # fmt: skip
BALANCE_V1 = body(
    {
        "meta": {"code": 200, "status": "SUCCESS"},
        "message": "",
        "data": {"account_name": "Ada", "account_email": "ada@example.com", "sms_balance": 9972.2, "mms_balance": 10000},
        "error": {},
    }
)
REPORT_ID = "6752be53500000000000000a"
REPORTED = {
    "_id": REPORT_ID,
    "status": "delievered",
    "message": "Hi",
    "sender": "#SharedNum#",
    "receiver": "491570156",
    "createdAt": "2026-11-01T02:03:04.567Z",
    "updatedAt": "2026-11-01T02:03:09.000Z",
    "creditAmount": 4,
    "customString": "order-17",
}
CANCELLED_V1 = app({}, message="Job Removed successfully")
UNKNOWN_V1 = app({}, status=False, message="message not found")
REDIS_V1 = app({}, status=False, message="MISCONF Redis is configured to save RDB snapshots")

# ------------------------------------------------------------------------------------------------ shared by several tests

CANARY = "canary/5fa1c0de-key"
V3 = CellcastAccount.v3(CANARY, rate=None)
V1 = CellcastAccount.v1(CANARY, rate=None)
EACH_ACCOUNT = pytest.mark.parametrize("account", [V3, V1], ids=["v3", "v1"])

PNG_URL = "http://media.example/welcome.png"
GIF_URL = "http://media.example/cat.gif"
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 40
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40
ADA, BOB, EVE = "+61491570156", "+61491570157", "+61491570158"
SHOW = Slideshow("coupon", subject="Free").slide("Hi!\nThere", image=PNG_URL)
SEND = CellcastSend(SHOW, to=[ADA, BOB])
SEND_V1 = CellcastSend(Slide("Hi!", image=GIF_URL), to=["0400000001", "400000002", "+61400000003", "61400000004"])


def response(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, body)


def refused(status: str, msg: str = "", code: int = 400) -> bytes:
    """Return the body of a refusal in v3."""
    return v3(status=status, code=code, msg=msg)


def problems(account: CellcastAccount, operation: Operation[Any]) -> list[tuple[str | None, int | None, str]]:
    return [(problem.code, problem.slide, problem.field) for problem in account.problems(operation)]
