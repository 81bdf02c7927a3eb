"""The forms of a notice: as a dialect has it, and in the envelope of before November 2013."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..model.notices import DeliveryReport, InboundMMS, Notice
from ..wire.dialects import Dialect
from ..wire.gateway_traits import GatewayTraits


def in_dialect(notice: Notice, dialect: Dialect) -> Notice:
    """Return a notice as the dialect has it: its operator id, and the time and the status of a delivery report."""
    if isinstance(notice, DeliveryReport | InboundMMS):
        notice = replace(notice, operator_id=_operator_id(notice.operator_id, dialect.gateway))
    if not isinstance(notice, DeliveryReport):
        return notice
    if notice.code in dialect.gateway.untimed_codes:
        notice = replace(notice, timestamp=None)
    return _with_dialect_status(notice, dialect)


def _operator_id(given: str | None, gateway: GatewayTraits) -> str:
    """Return the operator id of a request, or that of the gateway, in the gateway's number of digits."""
    id, digits = given or gateway.operator_id, gateway.operator_digits
    # Skycore 1.3: ids of six digits got a zero at the end when they became longer (000157 became 0001570).
    return f"{id}0" if len(id) == digits - 1 else id.zfill(digits)


def _with_dialect_status(notice: DeliveryReport, dialect: Dialect) -> DeliveryReport:
    """Return a report with the dialect's status text; a status that the dialect does not have is kept."""
    if (status := dialect.status_texts.get(notice.status or "")) is None:
        return notice
    # The original status moves to the details, before the original details.
    details = notice.status if notice.details is None else f"{notice.status}: {notice.details}"
    return replace(notice, status=status, details=details)


def batch_envelope(events: list[bytes], created: datetime) -> bytes:
    """Return events in the envelope of before November 2013 (Skycore 1.3, 5.9): origin and code first, the rest in BODY."""
    from lxml import etree

    root = etree.Element("POSTBACK")
    for number, event in enumerate(events, 1):
        notification = etree.SubElement(root, "NOTIFICATION", id=str(number), created=f"{created:%Y-%m-%d %H:%M:%S}+00")
        body = etree.Element("BODY")
        for element in etree.fromstring(event):
            (notification if element.tag in {"ORIGIN", "CODE"} else body).append(element)
        notification.append(body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
