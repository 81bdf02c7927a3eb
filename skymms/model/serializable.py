"""The base class of values that can be stored as JSON."""

from __future__ import annotations

from typing import Any, TypeVar

V = TypeVar("V", bound="Serializable")


class Serializable:
    """Base class of the values that :func:`skymms.to_dict` can write: a slideshow, an operation, a reply or a notice."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return this value as a dict that ``json.dumps`` can write. See :func:`skymms.to_dict`."""
        from .serialization import to_dict

        return to_dict(self)

    @classmethod
    def from_dict(cls: type[V], data: Any) -> V:
        """Return the value that :meth:`to_dict` wrote; :class:`~skymms.ConfigurationError` if it is not of this class."""
        from .serialization import from_dict_as

        return from_dict_as(cls, data)
