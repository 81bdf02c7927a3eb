"""How a ledger writes phone numbers: digits, country code first. Lists of Cellcast may have Australian local numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..cellcast import CellcastSend
from ..cellcast.values import mobile
from ..errors import Problem, RecipientError, refusal
from ..numbers import normalize
from ..storage.contract import Transaction
from . import statements as sql
from .countries import Country

#: Writes a number as a ledger does, or raises :class:`~skymms.RecipientError`.
Normalizer: TypeAlias = Callable[[str | int], str]

_CELLCAST = f'%"{CellcastSend.__name__}"%'


def normalizer(operation: Any, country: Country | None = None) -> Normalizer:
    """Return the function that writes a recipient's number as the ledger does; ``country`` is that of bare ones."""
    write = _australian if isinstance(operation, CellcastSend) else normalize
    return write if country is None else lambda number: write(country.complete(number))


def normalizer_of_ledger(transaction: Transaction, country: Country | None = None) -> Callable[[str | int], tuple[str, ...]]:
    """Return the function that writes a number as the lists of a ledger do, for all its broadcasts.

    It returns two numbers for a text that the lists of Cellcast and those of other gateways read differently, such as
    ``491570006``. In a ledger without broadcasts both kinds of list are still possible. The function raises
    :class:`~skymms.RecipientError` for a text that is a number in no list. ``country`` is that of numbers without a country
    code.
    """
    if country is not None:
        write = normalizer_of_ledger(transaction)
        return lambda number: write(country.complete(number))
    variants, of_cellcast = transaction.rows(sql.COUNT_CELLCAST, like=_CELLCAST)[0]
    if variants and of_cellcast == 0:
        return lambda number: (normalize(number),)
    only_cellcast = bool(variants) and variants == of_cellcast

    def forms(number: str | int) -> tuple[str, ...]:
        try:
            local = _australian(number)
        except RecipientError as error:
            try:
                # Opt-outs of other countries may be in a file for all gateways.
                return (normalize(number),)
            except RecipientError as international:
                raise (error if only_cellcast else international) from None
        if only_cellcast:
            return (local,)
        try:
            return tuple(dict.fromkeys((normalize(number), local)))
        except RecipientError:
            return (local,)

    return forms


def _australian(number: str | int) -> str:
    valid = mobile(number)
    if valid is None:
        raise refusal([Problem("E110", None, "to", f"{number!r:.40} is not an Australian mobile number")])
    return valid.removeprefix("+")
