"""XML documents of elements and text: no namespaces, no mixed content. Attributes are never written.

Encoding joins strings, which takes a third of the time of building an lxml tree; the tests compare the bytes with those that
lxml writes. Characters that XML cannot hold, which a tree would refuse, are searched for once in each part.

Plain documents are decoded by :mod:`.xml_plain`, and all others by :mod:`.xml_tree`, which uses lxml.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..._functools import memoize
from ...errors import ConfigurationError
from . import FLAT, Content, Frame, Leaf, Shape, join_part
from .xml_plain import read_plain

CONTENT_TYPE = "text/xml; charset=utf-8"
ACCEPT = "application/xml, text/xml"

#: The values that are written for True and False.
FLAGS = ("yes", "no")

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


#: A compiled repeated group: the markup before it, after it, and between two of its items.
Group = tuple[str, str, str]
#: A compiled name: its repeated group, and the markup before and after its text. A plain tuple, because unpacking a named tuple
#: takes three times as long.
CompiledName = tuple[Group | None, str, str]


def compile_name(path: str) -> CompiledName:
    """Return the markup for a name.

    ``SLIDE[]/IMAGE/URL`` is the URL in the IMAGE of one of the slides; ``A/B[]/C`` has all elements ``B`` in one ``A``.
    """
    group, _, inner = path.rpartition("[]")
    return (_group(group) if group else None, *_markup(inner))


@memoize
def _group(path: str) -> Group:
    # Memoized, because `encode_part` compares groups by identity.
    last = path.rpartition("/")[2]
    return (*_markup(path), f"</{last}><{last}>")


def _markup(path: str) -> tuple[str, str]:
    steps = [step for step in path.split("/") if step]
    return "".join(f"<{step}>" for step in steps), "".join(f"</{step}>" for step in reversed(steps))


def encode(root: str, leaves: Sequence[Leaf]) -> bytes:
    """Encode a document in UTF-8. Characters are not written as numeric references: Sinch MMS breaks those of emoji."""
    return join_part(frame(root), encode_part(leaves))


def encode_part(leaves: Sequence[Leaf]) -> bytes:
    """Encode some elements of a document. Raises ValueError for a character that XML cannot hold."""
    # Search all texts at once: most have no character that needs a check or an escape.
    together = " ".join([text for _, _, text in leaves])
    if not together.isprintable() or "&" in together or "<" in together or ">" in together:
        leaves = _escaped(leaves)
    markup: list[str] = []
    current: Group | None = None
    number, closing = None, ""
    for (group, before, after), index, text in leaves:
        if group is not current:
            markup.append(closing)
            current, number, closing = group, index, ""
            if group is not None:
                markup.append(group[0])
                closing = group[1]
        elif index != number and group is not None:
            markup.append(group[2])
            number = index
        markup += (before, text, after)
    markup.append(closing)
    return "".join(markup).encode()


#: The control characters that XML 1.0 cannot hold.
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")


def _escaped(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Escape the texts of leaves, after a check for characters that XML cannot hold. All at once, joined by NUL characters."""
    together = "\0".join([text for _, _, text in leaves])
    try:
        encoded = together.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"contains a lone surrogate (U+{ord(error.object[error.start]):04X}): remove it") from None
    controls = len(encoded) - len(encoded.translate(None, _CONTROLS))
    if controls != len(leaves) - 1 or "\ufffe" in together or "\uffff" in together:
        raise ValueError("contains a control character or U+FFFE/U+FFFF, which XML cannot hold: remove it")
    # A bare carriage return would be decoded as a line feed.
    escaped = together.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return [(name, index, text) for (name, index, _), text in zip(leaves, escaped.split("\0"), strict=True)]


def frame(root: str) -> Frame:
    """Return the bytes before, between and after the parts of a document."""
    return f"{DECLARATION}<{root}>".encode(), b"", f"</{root}>".encode()


def load() -> None:
    """Raise :class:`~skymms.ConfigurationError` if lxml is missing. It is imported when a document is not plain."""
    from importlib.util import find_spec

    if "lxml" not in sys.modules and find_spec("lxml") is None:
        raise ConfigurationError("lxml is missing, with which responses are read: pip install lxml")


def decode(body: bytes, limit: int, shape: Shape = FLAT) -> tuple[str, Content]:
    """Return the name of the root, and the content: texts, or a leaf for every element without children."""
    if (plain := read_plain(body, limit)) is not None:  # nearly always
        return plain
    from .xml_tree import leaves, name, parse

    root = parse(body, limit)
    return name(root), leaves(root, shape)
