"""Confirms opt-outs: at most one message for each, soon after it, and only within the hours in which messages may be sent."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

from ..cellcast import CellcastSend
from ..errors import ConfigurationError, SkymmsError
from ..model.notices import InboundMMS, InboundSMS, Notice
from ..model.operations import Operation, R_co
from ..numbers import normalize
from ..storage.contract import Store
from . import consent_statements as sql
from .consenting import identity_of
from .hours import Hours
from .personalisation import has_braces
from .wishes import Wish
from .zones import NumberZones

#: Seconds after the arrival of an opt-out in which it may be confirmed. A later confirmation is an unwanted message. US rules
#: allow five minutes; the rest is for a gateway that could not be reached at once.
_SOON = 900.0


def check_confirmation(operation: Any) -> None:
    """Raise :class:`~skymms.ConfigurationError` for a message that cannot confirm an opt-out."""
    if not hasattr(operation, "to"):
        raise ConfigurationError(f"{type(operation).__name__} has no recipient, so it cannot confirm an opt-out")
    if has_braces(operation) or getattr(operation, "data", None):
        raise ConfigurationError("the confirmation has merge fields or data, for which there are no values: write plain text")


def confirmation_for(
    store: Store, notice: Notice, operation: Operation[R_co], hours: Hours | None
) -> tuple[str, Operation[R_co]] | None:
    """Return the key and the message that confirms an opt-out, or None if the notice is none that may be confirmed now.

    Only an opt-out by a message of the person is confirmed, and only if it is in the ledger and still counts.
    """
    check_confirmation(operation)
    if not isinstance(notice, (InboundSMS, InboundMMS)):
        return None
    with store.reading() as transaction:
        now = transaction.now()
        found = transaction.one(sql.FIND_WISH, identity=identity_of(notice))
        if found is None or found[3] != Wish.STOP or now - found[4] > _SOON:
            return None
        id, number, scope = found[:3]
        # Somebody who repeats STOP is not answered again.
        evidence = transaction.one(sql.EVIDENCE_OF_OPT_OUT, number=number, scope=scope)
        if evidence is None or evidence[0] != f"notice {id}":
            return None
    if hours is not None and not _is_open(hours, number, now):
        return None
    key = f"opt-out-{sha256(identity_of(notice).encode()).hexdigest()[:32]}"
    changes: dict[str, Any] = {"to": (f"+{number}",) if isinstance(operation, CellcastSend) else number}
    if getattr(operation, "sender", "") is None and notice.to:
        changes["sender"] = notice.to
    return key, cast("Operation[R_co]", replace(cast(Any, operation), **changes))


def _is_open(hours: Hours, number: str, now: float) -> bool:
    if not hours.by_number:
        return hours.is_open(now)
    try:
        zones = NumberZones().zones(normalize(number))
    except SkymmsError:
        return False
    return bool(zones) and hours.is_open(now, zones)
