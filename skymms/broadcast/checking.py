"""Checks each message of a list by the rules, with its merge fields filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from ..cellcast import GENERATIONS, CellcastSend
from ..cellcast.account import content_problems
from ..errors import ConfigurationError, Problem, SkymmsError
from ..limits import DOCUMENTED
from ..numbers import E164_NUMBER, normalize
from ..storage.contract import Row
from ..transport.exchange import GatewayAccount
from ..validation.validator import VALIDATOR
from .consent import consent_json
from .countries import country_of
from .hours import zone_info
from .numbering import normalizer
from .personalisation import MissingValue, Personalisation
from .recipients import Entry, Unreadable, as_text
from .settings import Settings
from .states import State, Why
from .variants import Assignment, Variant
from .zones import NumberZones

#: How many checked messages are remembered. Lists that are sorted by a merge field profit from it.
_REMEMBERED = 1024
#: The longest text and reason of a line that is left out.
_LONGEST = 300


class LeftOut(NamedTuple):
    """A line of the list that is not sent to: a duplicate, or one that cannot be sent to."""

    line: int
    kind: str
    text: str
    reason: str


class Checker:
    """Makes the rows of messages from a list. ``account`` decides which rules there are; without it, those that all share.

    ``now`` is the time of the ledger's clock. Raises :class:`~skymms.ConfigurationError` for a message that can be sent to
    nobody.
    """

    def __init__(
        self, name: str, variants: Sequence[Variant], account: GatewayAccount | None, settings: Settings, now: float
    ) -> None:
        self._account = account
        self._settings = settings
        self._now = now
        self._number_zones = NumberZones() if settings.hours is not None and settings.hours.by_number else None
        self._never_open: dict[str, bool] = {}
        self._personal = [Personalisation(one.operation) for one in variants]
        self._assign = Assignment(name, [one.weight for one in variants])
        self._normalize = normalizer(variants[0].operation, country_of(settings.country))
        self._usual = self._normalize is normalize
        self._judged: dict[tuple[Any, ...], str | None] = {}
        self._zones: set[str] = set()
        defaults = [personal.defaults for personal in self._personal]
        #: The names of the merge fields; True for those that have a default wherever they are used.
        self.names: Mapping[str, bool] = {
            field: all(one.get(field, True) for one in defaults) for field in sorted({name for one in defaults for name in one})
        }
        for place, one in enumerate(variants):
            # One letter in each merge field: what is wrong now is not the list's fault.
            if (reason := self._problem(place, dict.fromkeys(self.names, "x"))) is not None:
                which = "the message" if len(variants) == 1 else f"variant {one.name}"
                raise ConfigurationError(f"{which} cannot be sent: {reason}")

    def check(
        self, entries: Sequence[Entry | Unreadable], broadcast: int, variants: Sequence[int]
    ) -> tuple[list[Row], list[LeftOut]]:
        """Return the rows of recipients, and the lines that cannot be sent to. ``variants`` are the ids of the variants."""
        rows: list[Row] = []
        left_out: list[LeftOut] = []
        usual, match, personal = self._usual, E164_NUMBER.fullmatch, bool(self.names)
        assign, several = self._assign, len(variants) > 1
        for one in entries:
            if type(one) is Unreadable:
                left_out.append(LeftOut(one.line, "unreadable", _storable(one.text), _storable(one.reason)))
                continue
            given, values, reference, zone, line, consented = cast(Entry, one)
            try:
                # Nearly all numbers are written as they are sent.
                number = given if usual and given.__class__ is str and match(given) else self._number(given)
                place = assign(number) if several else 0
                data = self._data(place, values) if personal else None
                if reference is not None:
                    reference = _reference(reference)
                zone = "" if not zone else self._zone(zone)
                consent = None if consented is None else consent_json(consented, self._now)
                if self._number_zones is not None:
                    zone = self._number_zones.zones(number, zone)
            except SkymmsError as error:
                reason = error.problems[0].message if error.problems else str(error)
                left_out.append(LeftOut(line, "unreadable", _storable(str(given)), _storable(reason)))
            else:
                why = self._skipped(zone, consent)
                state = State.READY if why is None else State.SKIPPED
                rows.append((broadcast, number, line, variants[place], data, reference, zone, consent, state, why))
        return rows, left_out

    def _skipped(self, zone: str, consent: str | None) -> Why | None:
        """Return why nothing will be sent to a recipient, or None."""
        hours = self._settings.hours
        if self._settings.require_consent and consent is None:
            return Why.NO_CONSENT
        if hours is None or not hours.by_number:
            return None
        if not zone:
            return Why.NO_ZONE
        if zone not in self._never_open:
            self._never_open[zone] = not hours.ever_open(self._now, zone)
        return Why.HOURS_NEVER_OPEN if self._never_open[zone] else None

    def _number(self, given: Any) -> str:
        """Return a number as it is sent. Raises :class:`~skymms.RecipientError`, and ConfigurationError if there is none."""
        if isinstance(given, str):
            given = given.strip()
        elif not isinstance(given, int) and hasattr(given, "__index__"):
            given = given.__index__()  # the integers of numpy and pandas
        if _is_missing(given) or (isinstance(given, str) and not given):
            raise ConfigurationError("there is no number")
        return str(self._normalize(given))

    def _zone(self, given: Any) -> str:
        zone = str(given).strip()
        if zone and zone not in self._zones:
            zone_info(zone)
            self._zones.add(zone)
        return zone

    def _data(self, place: int, values: tuple[Any, ...]) -> str | None:
        """Return the values of a variant's merge fields as JSON. Raises ConfigurationError for one that cannot be sent."""
        texts = tuple([value if value.__class__ is str else _value(value) for value in values])
        own = self._personal[place].defaults
        # A blank value counts as none.
        data = {name: text for name, text in zip(self.names, texts, strict=True) if text and name in own and text.strip()}
        key = (place, *texts)
        if key in self._judged:
            reason = self._judged[key]
        else:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            reason = self._judged[key] = self._problem(place, data)
        if reason is not None:
            raise ConfigurationError(reason)
        return json.dumps(data) if data else None

    def _problem(self, place: int, data: dict[str, str]) -> str | None:
        try:
            filled = self._personal[place].fill(data)
        except MissingValue as missing:
            return f"there is no value for {{{missing}}}, which has no default"
        problems = [one for one in self._problems(filled) if one.field != "to"]
        return str(problems[0]) if problems else None

    def _problems(self, filled: Any) -> Sequence[Problem]:
        judge = getattr(self._account, "problems", None)
        if judge is not None:
            return judge(filled)  # type: ignore[no-any-return]
        if isinstance(filled, CellcastSend):
            # One of the generations has to accept it.
            return min((content_problems(filled, one) for one in GENERATIONS.values()), key=len)
        # The account may have a sender.
        return [one for one in VALIDATOR.validate(filled, DOCUMENTED) if one.field != "sender" or filled.sender is not None]


def _value(value: Any) -> str | None:
    """Return a value of a merge field as text, or None if it is missing."""
    return None if _is_missing(value) else as_text(value)


def _is_missing(value: Any) -> bool:
    """Whether a value is None, or one of those that numpy and pandas use for a missing value."""
    return value is None or (not isinstance(value, str) and str(value) in ("nan", "<NA>", "NaT"))


def _reference(given: Any) -> str | None:
    reference = str(given).strip()
    if reference and not reference.isprintable():
        raise ConfigurationError(f"the reference {reference!r:.60} has a character that cannot be printed")
    return reference or None


def _storable(text: str) -> str:
    """Return a text that each database can store: without NUL and halves of characters, and not too long."""
    return text[:_LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
