"""How a dialect words what a delivery report says: the outcomes are arranged in 1.3's words, and each dialect has its own."""

from __future__ import annotations

from dataclasses import replace

from ..dialects import Dialect
from ..notices import DeliveryReport, Notice


def worded(notice: Notice, dialect: Dialect) -> Notice:
    """A notice in the dialect's vocabulary; a status that it has no word for, such as one a test made up, stays as it is."""
    if not isinstance(notice, DeliveryReport) or (word := dialect.report_words.get(notice.status or "")) is None:
        return notice
    # What else was to be told is not lost: it follows the words that had to make room.
    details = notice.status if notice.details is None else f"{notice.status}: {notice.details}"
    return replace(notice, status=word, details=details)
