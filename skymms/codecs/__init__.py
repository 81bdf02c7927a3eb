"""The ways a document is written down, a page each, ignorant of MMS.

Between a value and its bytes stand *leaves*: ``(path, at, text)``, a name, which repetition of its group it stands in (None
for a node that stands alone), and its words. :mod:`skymms.spelling` turns values into leaves and back and knows no brackets;
a codec turns leaves into bytes and back and knows no fields. Each codec offers

- ``spell(path)``: what the writer needs to know of a name, worked out once;
- ``write(root, leaves)``: bytes, from leaves whose path is such a spelling;
- ``read(body, limit)``: the name of the root, and leaves whose path is the name as it stands in the document.

A codec that cannot read raises :class:`Unreadable`.
"""

from __future__ import annotations

from typing import Any

#: ``(path, at, text)``; ``at`` is the number of a repetition, or the key of a mapping.
Leaf = tuple[Any, Any, str]


class Unreadable(ValueError):
    """The bytes are no document of this codec's kind; the message says why, without quoting them."""
