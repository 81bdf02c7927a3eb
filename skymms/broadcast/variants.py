"""Variants: several messages of one broadcast, of which each recipient gets one, by a hash of the number."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias, cast

from ..cellcast import CellcastSend
from ..errors import ConfigurationError
from ..model.operations import Operation

#: The name of the message of a broadcast that has only one.
ONLY = "main"
#: The most variants of a broadcast. Each needs many recipients to say anything.
_MOST = 20


class Variant(NamedTuple):
    """One of several messages of a broadcast. ``weight`` is its share of the recipients, beside those of the others."""

    name: str
    operation: Operation[Any]
    weight: float = 1.0


#: One message, messages by name, or variants.
Messages: TypeAlias = "Operation[Any] | Mapping[str, Operation[Any]] | Sequence[Variant]"


def variants_of(messages: Any) -> tuple[Variant, ...]:
    """Return the variants that ``create`` was given: one operation, operations by name, or :class:`Variant` objects.

    Raises :class:`~skymms.ConfigurationError` for names that repeat, weights that are not above 0, and messages of different
    gateways or senders, because a run has one account, and TypeError for anything that is not a message to one number.
    """
    if isinstance(messages, Mapping):
        operations = cast("Mapping[str, Operation[Any]]", messages)
        found = tuple([Variant(name, operation) for name, operation in operations.items()])
    elif isinstance(messages, (list, tuple)):
        found = tuple(cast("Iterable[Variant]", messages))
    else:
        found = (Variant(ONLY, messages),)
    for one in found:
        _check(one)
    names = [one.name for one in found]
    if not 1 <= len(found) <= _MOST:
        raise ConfigurationError(f"{len(found)} variants: give between 1 and {_MOST}")
    if len(set(names)) < len(names):
        raise ConfigurationError(f"the names of the variants repeat: {', '.join(names)}")
    if len({isinstance(one.operation, CellcastSend) for one in found}) > 1:
        raise ConfigurationError("the variants are for different gateways: a broadcast is sent from one account")
    if len({getattr(one.operation, "sender", None) for one in found}) > 1:
        raise ConfigurationError(
            "the variants have different senders: give all of them the same, because opt-outs are by sender"
        )
    return found


def _check(one: Any) -> None:
    if not isinstance(one, Variant):
        raise TypeError(f"a variant is a {type(one).__name__}: give Variant(name, operation, weight)")
    name: Any = one.name
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 100:
        raise ConfigurationError(f"{name!r:.120} cannot be the name of a variant: give printable characters, at most 100")
    weight: Any = one.weight
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < float("inf"):
        raise ConfigurationError(f"variant {name}: weight={weight!r:.40}: give a number above 0")
    if not hasattr(one.operation, "to"):
        raise TypeError(f"{type(one.operation).__name__} has no recipient, so it cannot be sent to a list")


class Assignment:
    """Assigns numbers to variants. The same number always gets the same one of a broadcast's variants.

    ``name`` is that of the broadcast: another one divides the same numbers in another way.
    """

    def __init__(self, name: str, weights: Sequence[float]) -> None:
        total = sum(weights)
        self._ends = [end / total for end in accumulate(weights)][:-1]
        self._salt = blake2b(name.encode(), digest_size=8)

    def __call__(self, number: str) -> int:
        """Return the place of the variant for a number."""
        if not self._ends:
            return 0
        digest = self._salt.copy()
        digest.update(number.encode())
        return bisect(self._ends, int.from_bytes(digest.digest()) / 2**64)
