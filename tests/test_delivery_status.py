"""Whether a message was delivered, by the documents of each time: a report says so only if a table of the vendor says so."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest
import strategies  # noqa: F401 (settles how hypothesis runs)
from hypothesis import given
from hypothesis import strategies as st

from skymms import DeliveryReport, read_postbacks, read_report
from skymms.cellcast import read_cellcast_webhook

DELIVERED, FAILED, NOT_YET, UNKNOWN = (True, False), (False, True), (False, False), (None, False)


def of_2013(status: str, code: str = "N102", origin: str = "MMS_MT") -> DeliveryReport:
    """A report in the form of before 2013-11."""
    inside = f"<ORIGIN>{origin}</ORIGIN><CODE>{code}</CODE><BODY><TRACKINGID>MMS_1</TRACKINGID>{status}</BODY>"
    (notice,) = read_postbacks(f"<POSTBACK><NOTIFICATION id='1'>{inside}</NOTIFICATION></POSTBACK>".encode())
    assert isinstance(notice, DeliveryReport)
    return notice


@pytest.mark.parametrize(
    ("attributes", "outcome"),
    [
        ('celly="20" provider="1000" text="Retrieved" description=""', DELIVERED),
        ('celly="20" provider="1000"', DELIVERED),
        ('celly="20" text="a word of a carrier"', DELIVERED),
        ('text="Retrieved"', DELIVERED),
        ('celly="10" provider="1000"', NOT_YET),
        ('celly="30" text="Expired"', FAILED),
        ('celly="30"', FAILED),
        ('celly="35" text=""', FAILED),
        ('celly="35" text="a word of a carrier"', FAILED),
        ('text="Rejected"', FAILED),
        # A report that contradicts itself, or has a code or a text that no document has.
        ('celly="30" text="Retrieved"', UNKNOWN),
        ('celly="20" text="Expired"', UNKNOWN),
        ('celly="10" text="Retrieved"', UNKNOWN),
        ('celly="40"', UNKNOWN),
        ('celly=""', UNKNOWN),
        ('text="Deferred"', UNKNOWN),
        ('provider="1000"', UNKNOWN),
        # SMS: the appendix of SMS statuses.
        ('protocole="3" status="1"', DELIVERED),
        ('protocole="2" status="4"', DELIVERED),
        ('protocole="3" status="2"', FAILED),
        ('protocole="3" status="16"', FAILED),
        ('protocole="3" status="8"', NOT_YET),
        ('protocole="2" status="811"', FAILED),
        ('protocole="3" status="77"', UNKNOWN),
        ('protocol="3" status="1"', DELIVERED),
    ],
)
def test_until_2013_11_the_attributes_of_the_status_decide(attributes: str, outcome: tuple[bool | None, bool]) -> None:
    in_upper_case = re.sub("[a-z]+=", lambda name: name[0].upper(), attributes)
    for written in (attributes, in_upper_case):
        for code in ("N102", "N202"):
            report = of_2013(f"<STATUS {written}/>", code)
            assert (report.delivered, report.failed) == outcome
            assert report.final is (outcome in {DELIVERED, FAILED})


def test_until_2013_11_a_report_without_a_status_says_nothing() -> None:
    """N102 was also the code of a link that was sent (overview of postbacks)."""
    for status in ("", "<SMSID>SMS_1</SMSID>"):
        report = of_2013(status)
        assert (report.delivered, report.failed) == UNKNOWN
        assert report.meaning == "not reported"
    assert of_2013("<STATUS>Message Sent/Delivered</STATUS>").delivered
    assert of_2013("", "N101").delivered is None


def test_the_text_of_a_status_is_in_the_report_and_its_code_too() -> None:
    report = of_2013('<STATUS CELLY="30" TEXT="Expired" PROVIDER="7"/>')
    assert (report.status, report.gateway_status) == ("Expired", "30")
    assert ("STATUS/@PROVIDER", "7") in report.raw
    assert [of_2013(f'<STATUS celly="{code}"/>').status for code in (10, 20, 30, 35, 40)] == [
        "Link sent",
        "Delivered",
        "Expired",
        "Rejected",
        "celly 40",
    ]


def test_reports_that_differ_in_the_attributes_of_the_status_are_different() -> None:
    reports = [
        of_2013(f"<STATUS {attributes}/>")
        for attributes in ('celly="10"', 'celly="20"', 'celly="20" text="Retrieved"', 'celly="9"')
    ]
    assert len({report.identity for report in reports}) == len(reports)


ELEMENTS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz "), min_size=1).map(str.strip).filter(bool)
DOCUMENTED = {"delivered", "retrieved"}


@given(ELEMENTS)
def test_a_status_that_no_table_has_is_never_delivered(words: str) -> None:
    if words.replace(" ", "") in DOCUMENTED:
        return
    reports = [
        *read_postbacks(f"<POSTBACK><CODE>N102</CODE><STATUS>Message Sent/{words}</STATUS></POSTBACK>".encode()),
        *read_postbacks(json.dumps({"origin": "MMS_MT", "code": "N102", "status": words}).encode()),
        *read_cellcast_webhook(json.dumps({"message_id": "1", "status": words, "recipient": "61491570156"}).encode()),
        of_2013(f'<STATUS text="{words}"/>'),
    ]
    for report in reports:
        assert isinstance(report, DeliveryReport)
        # Cellcast's pages have this spelling.
        assert report.delivered is not True or words == "delievered"


LINES = list(product(["DLR", "dlr", "EXPIRED", "ACK", "OPENED", "NEW"], [None, "20", "30", "81", "7"]))


@pytest.mark.parametrize(("name", "gateway"), LINES)
def test_a_line_of_a_statistics_report_is_delivered_only_by_its_name_and_its_code(name: str, gateway: str | None) -> None:
    code = f' gw="{gateway}"' if gateway else ""
    line = f'<{name}{code} time="2012-04-24T04:45:18Z"/>'
    (row,) = read_report(f'<RESPONSE><L><CONTENT id="1"><MSG_STATUS>{line}</MSG_STATUS></CONTENT></L></RESPONSE>'.encode())
    if name.upper() != "DLR" or gateway == "81":
        assert row.delivered is False
    else:
        assert row.delivered is (True if gateway in {None, "20"} else None)
