"""The fields of every postback in the vendors' documents, in their order, and the form of their values.

Sources: the postback pages of Skycore's API documentation of 2013-2015 and of its help pages, and Sinch's postbacks page.
A field with a question mark may be missing. Sinch's JSON service publishes lists of fields and no complete examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from lxml import etree


class Shape(NamedTuple):
    """The fields of the postbacks with a code and an origin; ``sent_as`` distinguishes a message from a link to it."""

    origin: str
    code: str
    fields: str
    sent_as: str | None = None


_SUBSCRIPTION = "ORIGIN CODE MOBILE CAMPAIGNID TIMESTAMP SHORTCODE CAMPAIGNTITLE BRANDNAME SOURCE"
_SMS = "ORIGIN CODE STATUS FROM FROM_MASK? TO TRACKINGID SPID TIMESTAMP"

SKYCORE = (
    Shape("MMS_MT", "N101", "ORIGIN CODE SENTAS STATUS MMSID FROM TO TRACKINGID SPID TIMESTAMP", "MMS"),
    Shape("MMS_MT", "N101", "ORIGIN CODE SENTAS STATUS MMSID FROM TO TRACKINGID SPID TIMESTAMP STATUSDETAILS", "SMS"),
    Shape("MMS_MT", "N102", "ORIGIN CODE SENTAS STATUS MMSID FROM TO TRACKINGID SPID TIMESTAMP HANDSET AGGREGATORID", "MMS"),
    Shape("MMS_MT", "N202", "ORIGIN CODE SENTAS STATUS FROM TO TRACKINGID SPID TIMESTAMP AGGREGATORID", "SMS"),
    Shape("MMS_MT", "E101", "ORIGIN CODE STATUS MMSID FROM TO TRACKINGID SPID STATUSDETAILS"),
    Shape("MMS_MT", "E102", "ORIGIN CODE STATUS MMSID FROM TO TRACKINGID SPID TIMESTAMP AGGREGATORID STATUSDETAILS"),
    # Without an example: the link that failed, and the device discovery message.
    Shape("MMS_MT", "E202", "ORIGIN CODE SENTAS STATUS FROM TO TRACKINGID SPID TIMESTAMP AGGREGATORID STATUSDETAILS", "SMS"),
    Shape("MMS_MT", "N501", "ORIGIN CODE SENTAS STATUS MMSID FROM TO TRACKINGID SPID TIMESTAMP", "MMS"),
    Shape("MMS_MT", "N502", "ORIGIN CODE SENTAS STATUS MMSID FROM TO TRACKINGID SPID TIMESTAMP HANDSET", "MMS"),
    Shape("MMS_MT", "N003", "ORIGIN CODE MMSID"),
    Shape("MMS_MT", "E002", "ORIGIN CODE MMSID AUDIONAME? VIDEONAME?"),
    Shape("MMS_MT", "E003", "ORIGIN CODE MMSID VIDEONAME"),
    Shape("SMS_MT", "N201", _SMS),
    Shape("SMS_MT", "N202", f"{_SMS} AGGREGATORID"),
    Shape("SMS_MO", "N211", "ORIGIN CODE FROM TO TEXT RECEIVED TRANSACTIONID"),
    Shape("MMS_MO", "N401", "ORIGIN CODE FROM TO KEYWORD? SUBJECT? TRACKINGID SPID TIMESTAMP CONTENT"),
    Shape("SUB", "N301", _SUBSCRIPTION),
    Shape("SUB", "N302", _SUBSCRIPTION),
)

_SINCH_SENT = "origin code sent-as status mms-id from to tracking-id operator-id timestamp"

SINCH = (
    Shape("MMS_MT", "N101", _SINCH_SENT, "MMS"),
    Shape("MMS_MT", "N101", f"{_SINCH_SENT} status-details", "SMS"),
    Shape("MMS_MT", "N102", f"{_SINCH_SENT} handset", "MMS"),
    Shape("MMS_MT", "N202", "origin code sent-as status from to tracking-id operator-id timestamp", "SMS"),
    Shape("MMS_MT", "E101", "origin code status mms-id from to tracking-id operator-id status-details"),
    Shape("MMS_MT", "E102", "origin code status mms-id from to tracking-id operator-id status-details"),
    Shape("MMS_MT", "E202", "origin code sent-as status from to tracking-id operator-id timestamp status-details", "SMS"),
    Shape("MMS_MT", "N501", _SINCH_SENT, "MMS"),
    Shape("MMS_MT", "N502", f"{_SINCH_SENT} handset", "MMS"),
    Shape("MMS_MT", "N003", "origin code mms-id"),
    Shape("MMS_MT", "E002", "origin code mms-id audio-name? video-name?"),
    Shape("MMS_MT", "E003", "origin code mms-id video-name"),
    Shape("MMS_MO", "N401", "origin code from to keyword? message-subject? tracking-id operator-id timestamp content"),
    Shape("SMS_MO", "N211", "origin code from to message-text received transaction-id"),
)

_JSON_SENT = "origin code sent-as status mms-id? from to tracking-id client-reference? operator-id timestamp"

SINCH_JSON = (
    Shape("MMS_MT", "N101", f"{_JSON_SENT} status-details", "MMS"),
    Shape("MMS_MT", "N101", f"{_JSON_SENT} status-details", "SMS"),
    Shape("MMS_MT", "N102", f"{_JSON_SENT} handset status-details", "MMS"),
    Shape("MMS_MT", "N202", f"{_JSON_SENT} status-details", "SMS"),
    Shape(
        *("MMS_MT", "E101"),
        "origin code status mms-id? from to tracking-id client-reference? operator-id timestamp status-details",
    ),
    Shape(
        *("MMS_MT", "E102"),
        "origin code status mms-id? from to tracking-id client-reference? operator-id timestamp status-details",
    ),
    Shape("MMS_MT", "E202", f"{_JSON_SENT} status-details", "SMS"),
    Shape("MMS_MT", "N003", "origin code mms-id tracking-id client-reference?"),
    Shape("MMS_MT", "E002", "origin code mms-id tracking-id client-reference? audio-name? video-name?"),
    Shape("MMS_MT", "E003", "origin code mms-id tracking-id client-reference? video-name"),
    Shape("MMS_MO", "N401", "origin code from to keyword? message-subject? tracking-id operator-id timestamp content"),
    Shape("SMS_MO", "N211", "origin code from to message-text received transaction-id"),
)

SHAPES: Mapping[str, tuple[Shape, ...]] = {
    "skycore": SKYCORE,
    "skycore-get": SKYCORE,
    "sinch": SINCH,
    "sinch-json": SINCH_JSON,
}

#: PHP's DATE_ATOM: whole seconds, and an offset with a colon.
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"

#: The form of the values of some fields, by their names without dashes in lower case.
FORMS = {
    "code": r"[NE]\d{3}",
    "timestamp": _TIME,
    "received": _TIME,
    "spid": r"\d{7}",
    "operatorid": r"\d{5}",
    "aggregatorid": r"\d{5}(-\d{5}){4}",
    "mmsid": r"\d+",
    "to": r"\d+",
    "from": r"\d+",
    "sentas": "MMS|SMS",
}


def problems(body: bytes, dialect: str) -> list[str]:
    """Return how a postback differs from the published shapes of its dialect; nothing for one that has a shape."""
    if body.startswith(b"{"):
        fields = [(name, value if isinstance(value, str) else "") for name, value in json.loads(body).items()]
    else:
        fields = [(str(child.tag), child.text or "") for child in etree.fromstring(body)]
    named = {name.lower().replace("-", ""): text for name, text in fields}
    origin, code, sent_as = named["origin"], named["code"], named.get("sentas")
    found = [one for one in SHAPES[dialect] if (one.origin, one.code, one.sent_as) == (origin, code, sent_as)]
    if not found:
        return [f"{dialect} has no postback {origin} {code} sent as {sent_as}"]
    (shape,) = found
    expected = "".join(f"({name[:-1]} )?" if name.endswith("?") else f"{name} " for name in shape.fields.split())
    names = "".join(f"{name} " for name, _ in fields)
    differing = [] if re.fullmatch(expected, names) else [f"{code}: has {names}instead of {shape.fields}"]
    return differing + [
        f"{code}: {name} is {named[name]!r}"
        for name, form in FORMS.items()
        if name in named and not re.fullmatch(form, named[name])
    ]
