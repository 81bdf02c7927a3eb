"""Writes what people say about getting messages into the ledger, and what follows from it: opt-outs, and opt-ins after them.

Every opt-out that a person made has its notice as evidence, in the table ``skymms_wish``. What counts in a scope is the latest
word about it (:func:`skymms.broadcast.wishes.is_stopped`), in whatever order the notices arrive. START takes back STOP, and
nothing that somebody else has decided: neither an operator's suppression nor a block of the gateway. Nobody is ever subscribed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from ..errors import ConfigurationError, SkymmsError
from ..model.notices import Notice, SubscriptionChange
from ..model.serialization import to_dict
from ..storage.contract import Row, Store, Transaction, read_pages
from ..storage.texts import column_text
from . import consent_statements as sql
from .auditing import who, write_audit
from .countries import with_other_forms
from .noting import is_erased
from .numbering import normalizer_of_ledger
from .statements import LOCK_NUMBERS
from .wishes import Said, Wish, Words, read_wish

#: Characters of a text that are kept beside the notice, for lists.
_LONGEST = 300
#: Longer identities are hashed: a database limits the size of what it indexes.
_LONGEST_IDENTITY = 500
#: A notice that names an earlier time (2005) has a wrong clock: it must not lose against a later word.
_EARLIEST = 1_104_537_600.0
#: What an operator can decide about a flagged message.
_OUTCOMES = {"stop": Wish.STOP, "start": Wish.START, "ignore": "ignored"}


class Flagged(NamedTuple):
    """A message that may be an opt-out, for a person to read. ``scope`` says what it would be about."""

    id: int
    number: str
    scope: str
    text: str
    at: float


def note_wishes(transaction: Transaction, notices: Sequence[Notice], words: Words) -> list[bool]:
    """Write down what notices say about consent; return for each whether it said something new."""
    found = [(place, said) for place, notice in enumerate(notices) if (said := read_wish(notice, words)) is not None]
    new = [False] * len(notices)
    if not found:
        return new
    normalize = normalizer_of_ledger(transaction)
    known: list[tuple[int, Said, tuple[str, ...]]] = []
    for place, said in found:
        try:
            known.append((place, said, normalize(said.number)))
        except SkymmsError:
            continue  # nothing can be sent to it
    # In one order, so that two sessions of a database do not wait for each other.
    transaction.rows(LOCK_NUMBERS, numbers=json.dumps(sorted({number for *_, forms in known for number in forms})))
    # A stable sort: what one person said stays in its order.
    for place, said, forms in sorted(known, key=lambda one: one[2]):
        new[place] = _note(transaction, notices[place], said, forms)
    return new


def _note(transaction: Transaction, notice: Notice, said: Said, forms: tuple[str, ...]) -> bool:
    number = forms[0]
    said = said._replace(scope=column_text(said.scope) or "")
    all_forms = with_other_forms(forms)
    if any(is_erased(transaction, form) for form in all_forms):
        # It is suppressed for everything already, and must not come back in a readable form.
        return False
    now = transaction.now()
    recurs = _recurs(notice)
    suppressed = transaction.one(sql.IS_SUPPRESSED, numbers=json.dumps(all_forms), scope=said.scope) is not None
    if recurs and said.wish is Wish.STOP and suppressed:
        latest = _latest(transaction, forms, said.scope, now)
        if latest is not None and latest[1] == Wish.STOP:
            return False
    # Somebody subscribed the number. That matters only if the person has opted out.
    if said.wish is Wish.UNCLEAR and _is_subscription(notice) and not suppressed:
        return False
    identity = identity_of(notice)
    if recurs and said.wish is Wish.STOP:
        # Nothing tells it from an earlier one, after which the person may have opted in.
        identity = f"{identity}/{now!r}"
    added = transaction.one(
        sql.ADD_WISH,
        identity=identity, now=now, at=_time_of(notice, now), number=number, scope=said.scope, wish=said.wish,
        text=_storable(said.text), notice=json.dumps(to_dict(notice)),
    )  # fmt: skip
    if added is None:
        return False
    if said.wish is not Wish.UNCLEAR:
        _apply(transaction, forms, said.scope, _source_of(notice, said), now)
    return True


def identity_of(notice: Notice) -> str:
    """Return the identity of a notice as the ledger has it."""
    identity = notice.identity
    if isinstance(notice, SubscriptionChange) and notice.source:
        # Within a second somebody may subscribe the number, and the person may do so himself.
        identity = f"{identity}/{quote(notice.source, safe='', errors='backslashreplace')}"
    return identity if len(identity) <= _LONGEST_IDENTITY else "sha256:" + sha256(identity.encode()).hexdigest()


def _latest(transaction: Transaction, forms: Sequence[str], scope: str, now: float) -> Row | None:
    """Return the latest word about a number in a scope, in whatever form of the number it was said."""
    numbers = json.dumps(with_other_forms(tuple(forms)))
    return transaction.one(sql.LATEST_WISH, numbers=numbers, scope=scope, now=now)


def _apply(transaction: Transaction, forms: Sequence[str], scope: str, source: str, now: float) -> None:
    """Suppress a number in a scope, or lift that, by the latest word about it."""
    latest = _latest(transaction, forms, scope, now)
    if latest is None:
        return
    id, wish, at = latest
    # An opt-out of a US number holds for both of its forms, so an opt-in lifts it for both.
    for number in forms if wish == Wish.STOP else with_other_forms(tuple(forms)):
        if wish == Wish.STOP:
            transaction.run(sql.SUPPRESS_REVOCABLY, number=number, scope=scope, source=source, at=at, evidence=f"notice {id}")
        else:
            transaction.run(sql.LIFT, number=number, scope=scope, at=at)


def _is_subscription(notice: Notice) -> bool:
    return notice.code in ("N301", "N302")


def _source_of(notice: Notice, said: Said) -> str:
    return f"{said.text} ({notice.code})" if _is_subscription(notice) else f"message {_storable(said.text)!r:.60}"


def _recurs(notice: Notice) -> bool:
    """Whether nothing in an event tells it from a later one: it has neither a time nor an id."""
    return getattr(notice, "timestamp", None) is None and not any(getattr(notice, name, None) for name in notice.id_fields)


def _time_of(notice: Notice, now: float) -> float:
    """Return the time that a notice names, if it has a time zone and can be right, and else when it arrived."""
    named: datetime | None = getattr(notice, "timestamp", None)
    if named is None or named.tzinfo is None:
        return now
    at = named.timestamp()
    return at if _EARLIEST <= at <= now else now


def _storable(text: str) -> str:
    return text[:_LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


# ------------------------------------------------------------------------------------------------ a person decides


def flagged(store: Store) -> Iterator[Flagged]:
    """Iterate over the messages that somebody has to read, the oldest first."""
    return (Flagged(*row) for row in read_pages(store, sql.FLAGGED))


def decide(store: Store, id: int, outcome: str, *, why: str, by: str | None) -> None:
    """Decide what a flagged message means: ``"stop"``, ``"start"`` or ``"ignore"``."""
    if outcome not in _OUTCOMES:
        raise ConfigurationError(f"{outcome!r:.40} is not an outcome: decide for 'stop', 'start' or 'ignore'")
    with store.transaction() as transaction:
        row = transaction.one(sql.DECIDE, id=id, wish=_OUTCOMES[outcome], who=who(by))
        if row is None:
            raise ConfigurationError(f"there is no flagged message {id}: it was decided about already, or there is none")
        number, scope = row
        # The forms of the number were normalized when the message came.
        forms = normalizer_of_ledger(transaction)(number)
        transaction.rows(LOCK_NUMBERS, numbers=json.dumps(sorted(forms)))
        if outcome != "ignore":
            others = (form for form in forms if form != number)
            _apply(transaction, (number, *others), scope, "message, read by a person", transaction.now())
        write_audit(transaction, "decide", None, by, {"notice": id, "as": outcome, "why": why})
