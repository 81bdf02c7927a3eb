"""The consent of a recipient, as a list records it: how it was given, in which words, and when."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

from ..errors import ConfigurationError

#: Characters that are kept of a source and of a text.
_LONGEST = 2000
#: A consent may be so many seconds in the future, because clocks differ.
_CLOCKS = 60.0
_FIRST_ZONE = timezone(timedelta(hours=14))


class Consent(NamedTuple):
    """How a recipient agreed to get messages.

    ``source`` is where, such as ``web form``; ``text`` is what the person agreed to or wrote, and ``time`` is when, as a
    datetime or in ISO 8601. It counts as recorded if there are a time and a source or text.
    """

    source: str | None = None
    text: str | None = None
    time: str | datetime | date | None = None


def consent_json(given: tuple[Any, Any, Any], now: float) -> str | None:
    """Return a consent (source, text and time as they are in a list) as the ledger has it, or None if it is not recorded.

    Raises :class:`~skymms.ConfigurationError` for a time that is not one, or is later than ``now`` (seconds since 1970).
    """
    source, text = (_text(value) for value in given[:2])
    time = _time(given[2], now)
    if time is None or not (source or text):
        return None
    return json.dumps({"source": source, "text": text, "time": time}, ensure_ascii=False)


def _text(value: Any) -> str | None:
    text = "" if value is None else str(value).strip()
    return text[:_LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode() or None


def _time(value: Any, now: float) -> str | None:
    found = _parse(value)
    if found is None:
        return None
    # A time without a zone may be that of the zone in which the day begins first, 14 hours before UTC.
    if isinstance(found, datetime):
        at = (found if found.tzinfo else found.replace(tzinfo=_FIRST_ZONE)).timestamp()
    else:
        at = datetime(found.year, found.month, found.day, tzinfo=_FIRST_ZONE).timestamp()
    if at > now + _CLOCKS:
        raise ConfigurationError(f"the time of the consent, {found.isoformat()}, is in the future: correct it")
    return found.isoformat()


def _parse(value: Any) -> datetime | date | None:
    if isinstance(value, (datetime, date)):
        return value
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-30") else datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"the time of the consent is {text!r:.40}: write it in ISO 8601, such as 2026-05-01 or 2026-05-01T09:00:00Z"
        ) from None
