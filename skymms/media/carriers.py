"""How much of a message each carrier delivers: dated figures, each with its source.

Carriers count the whole message, which is mostly sent in base64. A carrier's limit is a warning and never a refusal: a carrier
may make files smaller, drop the message, or send a link instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..errors import ConfigurationError

#: When the sources were read.
READ = "2026-11"
_TWILIO = "Twilio, article on MMS media sizes, for files that are no images"
_SINCH = "Sinch, article 7847 on MMS sizes"


class CarrierLimit(NamedTuple):
    """The bytes that a carrier delivers in one message that was sent from a number of this route.

    ``source`` names the page, and ``read`` the month in which it was read.
    """

    carrier: str
    route: str
    max_bytes: int
    source: str
    read: str = READ


LONG_CODE, TOLL_FREE, SHORT_CODE = "long code", "toll-free", "short code"

#: MB are read as the smaller of their two meanings, and figures that are given in bytes as they are.
CARRIER_LIMITS = (
    CarrierLimit("att", LONG_CODE, 1_000_000, _TWILIO),
    CarrierLimit("att", TOLL_FREE, 600_000, _TWILIO),
    CarrierLimit("att", SHORT_CODE, 600_000, _TWILIO),
    CarrierLimit("att", SHORT_CODE, 1_050_000, _SINCH),
    CarrierLimit("att", LONG_CODE, 1_530_843, _SINCH),
    CarrierLimit("tmobile", LONG_CODE, 1_500_000, _TWILIO),
    CarrierLimit("tmobile", TOLL_FREE, 600_000, _TWILIO),
    CarrierLimit("tmobile", SHORT_CODE, 1_000_000, _TWILIO),
    CarrierLimit("tmobile", SHORT_CODE, 2_100_000, _SINCH),
    CarrierLimit("tmobile", LONG_CODE, 2_306_867, _SINCH),
    CarrierLimit("verizon", LONG_CODE, 1_000_000, _TWILIO),
    CarrierLimit("verizon", TOLL_FREE, 600_000, _TWILIO),
    CarrierLimit("verizon", SHORT_CODE, 1_200_000, _TWILIO),
    CarrierLimit("verizon", SHORT_CODE, 1_260_000, _SINCH),
    CarrierLimit("verizon", LONG_CODE, 1_310_720, _SINCH),
    CarrierLimit("uscellular", SHORT_CODE, 5_250_000, _SINCH),
    CarrierLimit("uscellular", LONG_CODE, 1_530_843, _SINCH),
)
CARRIERS = tuple(dict.fromkeys(one.carrier for one in CARRIER_LIMITS))
ROUTES = (LONG_CODE, TOLL_FREE, SHORT_CODE)
#: Names that people write.
_NAMES = {"at&t": "att", "t-mobile": "tmobile", "us cellular": "uscellular", "us-cellular": "uscellular"}

#: The bytes of a whole message that every carrier in CARRIER_LIMITS delivers.
MESSAGE_BUDGET = 600_000
#: Base64 adds 37 % with its line breaks; the headers of a part take 814 bytes.
_BASE64, _HEADERS = 1.37, 814
#: The bytes of the only file of a message within the budget.
FILE_BUDGET = int((MESSAGE_BUDGET - _HEADERS) / _BASE64)


def number_of(route: str) -> str:
    """Return what a number of a route is called: ``long code``, ``toll-free number``."""
    return "toll-free number" if route == TOLL_FREE else route


class CarrierVerdict(NamedTuple):
    """Whether a carrier delivers a message: its strictest limit, and the estimated bytes of the message.

    ``unseen`` is the number of files whose size is not known, so that they do not count in ``message_size``.
    """

    limit: CarrierLimit
    message_size: int
    unseen: int = 0

    @property
    def fits(self) -> bool | None:
        """True if the message is within the limit, and None if that is not known because files could not be looked at."""
        if self.message_size > self.limit.max_bytes:
            return False
        return None if self.unseen else True

    def __str__(self) -> str:
        limit, bytes = self.limit, f"{self.message_size:,} of {self.limit.max_bytes:,} bytes"
        if self.fits is None:
            files = f"{self.unseen} {'file' if self.unseen == 1 else 'files'}"
            return f"{limit.carrier} ({limit.route}): not known, {bytes} without {files} that could not be looked at"
        return f"{limit.carrier} ({limit.route}): {'fits' if self.fits else 'too large'}, {bytes}"


def message_size(sizes: Iterable[int]) -> int:
    """Estimate the bytes of a message on its way to the phone, from the bytes of its files and texts."""
    return round(sum(size * _BASE64 + _HEADERS for size in sizes))


def files_budget(most: int, count: int, texts: Iterable[int]) -> int:
    """Return how many bytes ``count`` files may have together in a message of ``most`` bytes with these texts."""
    return max(0, int((most - message_size(texts) - count * _HEADERS) / _BASE64))


def carrier_names(audience: Iterable[str]) -> tuple[str, ...]:
    """Return the names of carriers as they are written in :data:`CARRIER_LIMITS`."""
    if isinstance(audience, str):
        raise ConfigurationError(f"audience={audience!r:.40}: give several carriers, as in ({audience!r:.40},)")
    if not isinstance(audience, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"audience={audience!r:.40}: give several carriers, such as ('att', 'verizon')")
    found: list[str] = []
    for given in audience:
        name = str(given).strip().lower()
        carrier = _NAMES.get(name, name)
        if carrier not in CARRIERS:
            raise ConfigurationError(f"audience: there are no figures for {given!r:.40}; known are {', '.join(CARRIERS)}")
        found.append(carrier)
    return tuple(found)


def strictest_limits(audience: Iterable[str], route: str | None) -> tuple[CarrierLimit, ...]:
    """Return the smallest limit of each carrier; with ``route``, of that route alone, and of all carriers if none is given.

    Raises :class:`~skymms.ConfigurationError` for a carrier or a route that is not in :data:`CARRIER_LIMITS`.
    """
    if route is not None and route not in ROUTES:
        raise ConfigurationError(f"route={route!r:.40}: give one of {', '.join(map(repr, ROUTES))}")
    found: list[CarrierLimit] = []
    for carrier in carrier_names(audience) or (CARRIERS if route else ()):
        limits: Sequence[CarrierLimit] = [
            one for one in CARRIER_LIMITS if one.carrier == carrier and route in (None, one.route)
        ]
        if limits:
            found.append(min(limits, key=lambda one: one.max_bytes))
    return tuple(found)
