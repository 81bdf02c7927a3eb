"""The ways a document is written down, a page each, ignorant of MMS.

Between a value and its bytes stand *leaves*: ``(path, at, text)``, a name, which repetition of its group it stands in (None
for a node that stands alone), and its words. ``skymms.wire.notation`` turns values into leaves and back and knows no brackets;
a codec turns leaves into bytes and back and knows no fields. Each codec offers

- ``spell(path)``: what the writer needs to know of a name, worked out once;
- ``write(root, leaves)``: bytes, from leaves whose path is such a spelling;
- ``part(leaves)`` and ``frame(root)``: the same in pieces, for what is written again and again. A document is what the frame
  has for its beginning, its parts with what the frame has for between them, and the frame's end;
- ``read(body, limit, shape)``: the name of the root, and leaves whose path is the name as it stands in the document;
- ``ready()``: load whatever reading needs;
- ``CONTENT_TYPE``, ``ACCEPT`` and ``FLAGS``: how it is announced and asked for, and what yes and no are written as.

A codec that cannot read raises :class:`Unreadable`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

#: ``(path, at, text)``; ``at`` is the number of a repetition, or the key of a mapping.
Leaf = tuple[Any, Any, str]
#: What stands before, between and after the parts of a document.
Frame = tuple[bytes, bytes, bytes]


class Shape(NamedTuple):
    """What the table knows of a document that is not flat; names in lower case, all empty for nearly all of them.

    ``around`` are nodes whose children are numbered as those of the root are; ``lifted`` are those of them whose children are
    also named as if they stood at the root; ``attributes`` are read as a leaf ``@name`` of their element.
    """

    around: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    attributes: tuple[str, ...] = ()


FLAT = Shape()


def join_part(frame: Frame, part: bytes) -> bytes:
    """A document that has one part."""
    begins, _, ends = frame
    return begins + part + ends


class DecodeError(ValueError):
    """The bytes are no document of this codec's kind; the message says why, without quoting them."""


def replace_surrogates(leaves: Iterable[Leaf]) -> list[Leaf]:
    """The same leaves with U+FFFD for half a character, which JSON can escape, and no file, no screen and no identity take."""
    return [(_characters(path), at, _characters(text)) for path, at, text in leaves]


def _characters(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
