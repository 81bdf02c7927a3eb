"""Codecs: from fields to bytes and back, one module for each format. They know nothing about MMS.

A codec works on *leaves*. A leaf is ``(path, index, text)``: the wire name of a field, the number of the repeated group it is
in (None for a field outside a group; the key for an entry of a mapping), and the field's text. :mod:`skymms.wire.encoder` turns
values into leaves and :mod:`skymms.wire.decoder` turns leaves into values. :class:`Codec` lists what each module offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple, Protocol

#: ``(path, index, text)``; the path is a compiled name when encoding, and the name in the document when decoding.
Leaf = tuple[Any, Any, str]
#: The content of a decoded document: the texts of a document that has only text fields with different names, as nearly all
#: responses and postbacks have, or the leaves of any other.
Content = dict[str, str] | list[Leaf]
#: The bytes before, between and after the parts of a document.
Frame = tuple[bytes, bytes, bytes]


class Shape(NamedTuple):
    """How the elements of a document that is not flat are numbered and named. All names are in lower case.

    ``containers`` are elements whose children are numbered like the children of the root. ``unwrapped`` are the containers
    whose children are also named as if they were children of the root.
    """

    containers: frozenset[str] = frozenset()
    unwrapped: frozenset[str] = frozenset()


FLAT = Shape()


class Codec(Protocol):
    """The interface of each module of this package."""

    # Properties, because the constants of a module cannot be assigned to.
    @property
    def CONTENT_TYPE(self) -> str:
        """The Content-Type of a request body."""
        ...

    @property
    def ACCEPT(self) -> str:
        """The Accept header of a request whose response is in this format."""
        ...

    @property
    def FLAGS(self) -> tuple[Any, Any]:
        """The values that are written for True and False."""
        ...

    def compile_name(self, path: str) -> Any:
        """Return a wire name in the form that encoding needs; it is the path of a leaf."""
        ...

    def encode(self, root: str, leaves: Sequence[Leaf]) -> bytes:
        """Encode a whole document."""
        ...

    def encode_part(self, leaves: Sequence[Leaf]) -> bytes:
        """Encode some fields of a document. All leaves of a repeated group must be in the same part."""
        ...

    def frame(self, root: str) -> Frame:
        """Return the bytes before, between and after the parts of a document."""
        ...

    def decode(self, body: bytes, limit: int, shape: Shape = FLAT) -> tuple[str, Content]:
        """Return the name of the root and the content of a document of at most ``limit`` bytes; raises DecodeError."""
        ...

    def load(self) -> None:
        """Import the dependencies of decoding, so that a missing one is reported before a request is sent."""
        ...


def join_part(frame: Frame, part: bytes) -> bytes:
    """Return the document that has one part."""
    begin, _, end = frame
    return begin + part + end


class DecodeError(ValueError):
    """The bytes cannot be decoded. The message says why and does not quote them."""


def as_leaves(content: Content) -> Iterable[Leaf]:
    """Return the leaves of a decoded document."""
    # One of the three is endless.
    return zip(content, repeat(0), content.values()) if isinstance(content, dict) else content


def replace_surrogates(leaves: Iterable[Leaf]) -> list[Leaf]:
    """Replace lone surrogates by U+FFFD. JSON can escape them, but they cannot be printed, stored or hashed as UTF-8."""
    return [(_characters(path), index, _characters(text)) for path, index, text in leaves]


def _characters(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
