"""The time zones of a phone number, by its area or its country (extra ``skymms[hours]``).

An area code says where a number was given out. People move and keep it, so it is a hint, and used only to be stricter.
"""

from __future__ import annotations

from ..errors import ConfigurationError
from .hours import SEPARATOR, zone_info

#: What phonenumbers calls the zone of a number that it does not know.
_UNKNOWN = "Etc/Unknown"


class NumberZones:
    """Finds the time zones of numbers. Raises :class:`~skymms.ConfigurationError` if phonenumbers is not installed."""

    def __init__(self) -> None:
        try:
            import phonenumbers
            from phonenumbers import timezone
        except ModuleNotFoundError:
            raise ConfigurationError(
                "the time zone of a number needs phonenumbers: pip install 'skymms[hours]', or name the column of the list "
                "with the time zones"
            ) from None
        self._error: type[Exception] = phonenumbers.NumberParseException
        self._parse = phonenumbers.parse
        self._find = timezone.time_zones_for_number
        self._known: dict[str, bool] = {}

    def zones(self, number: str, own: str = "") -> str:
        """Return the zones of a number (digits, country code first) and the recipient's own one, with commas.

        Empty if no zone is known. A mobile number of a country with several zones has all of them.
        """
        try:
            found = self._find(self._parse(f"+{number}"))
        except self._error:
            found = ()
        names = {name for name in found if self._is_zone(name)} | ({own} if own else set[str]())
        return SEPARATOR.join(sorted(names))

    def _is_zone(self, name: str) -> bool:
        """Whether this computer knows a zone: its data may be older than those of phonenumbers."""
        if name not in self._known:
            try:
                zone_info(name)
            except ConfigurationError:
                self._known[name] = False
            else:
                self._known[name] = name != _UNKNOWN
        return self._known[name]
