"""XML: elements and words, no namespaces, no mixed content; attributes are never written, and read only if asked for.

Writing joins strings: for documents of this shape that is three times as fast as building a tree, and the tests hold the
bytes against those lxml writes for the same tree. What a tree would have refused (characters that XML cannot hold) is looked
for once, in the finished bytes.

Reading is lxml with everything off that a stranger's document could use: no entities, no DTD, no network, no recovery from
errors, a size limit before the first byte is parsed, and a refusal of any DOCTYPE afterwards, because with entities off
``1555&x;1234888`` reads as ``1555`` in silence.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..._functools import memoize
from . import FLAT, DecodeError, Frame, Leaf, Shape, join_part

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

CONTENT_TYPE = "text/xml; charset=utf-8"
ACCEPT = "application/xml, text/xml"

#: What a flag is written as.
FLAGS = ("yes", "no")

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


#: A repeated group, ready to be written: what opens it, what closes it, and what parts one repetition from the next.
Group = tuple[str, str, str]
#: A name, ready to be written: the group it stands in, what goes before its words and what after. A plain tuple, for one with
#: names takes three times as long to take apart.
Tag = tuple[Group | None, str, str]


def spell(path: str) -> Tag:
    """``SLIDE[]/IMAGE/URL`` is the address in the image in one of the slides; ``A/B[]/C`` has all its ``B`` in one ``A``."""
    group, _, inner = path.rpartition("[]")
    return (_group(group) if group else None, *_around(inner))


@memoize
def _group(path: str) -> Group:
    # Once, so that two names in one group have the same.
    last = path.rpartition("/")[2]
    return (*_around(path), f"</{last}><{last}>")


def _around(path: str) -> tuple[str, str]:
    steps = [step for step in path.split("/") if step]
    return "".join(f"<{step}>" for step in steps), "".join(f"</{step}>" for step in reversed(steps))


def write(root: str, leaves: Sequence[Leaf]) -> bytes:
    """The document, in UTF-8 with real characters: numeric references for emoji do not survive at the successor."""
    return join_part(frame(root), part(leaves))


def part(leaves: Sequence[Leaf]) -> bytes:
    """A piece of a document, in which a repeated group stands whole. What no document can hold is refused here."""
    words = _escaped([text for _, _, text in leaves])
    parts: list[str] = []
    add = parts.append
    inside: Group | None = None
    number, closing = None, ""
    for ((group, before, after), at, _), text in zip(leaves, words, strict=True):
        if group is not inside:
            add(closing)
            inside, number, closing = group, at, ""
            if group is not None:
                add(group[0])
                closing = group[1]
        elif at != number and group is not None:
            add(group[2])
            number = at
        add(f"{before}{text}{after}")
    add(closing)
    written = "".join(parts)
    try:
        piece = written.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a lone surrogate (U+{ord(error.object[error.start]):04X}) is no character") from None
    if len(piece) != len(piece.translate(None, _CONTROLS)) or "\ufffe" in written or "\uffff" in written:
        raise ValueError(_UNSAYABLE)
    return piece


def frame(root: str) -> Frame:
    """What holds the pieces of a document together."""
    return f"{DECLARATION}<{root}>".encode(), b"", f"</{root}>".encode()


#: The control characters that XML 1.0 leaves out.
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_UNSAYABLE = "a control character or U+FFFE/U+FFFF: XML cannot hold them"


def _escaped(words: list[str]) -> list[str]:
    """The words of a piece, escaped: all in one go, with a character between them that none can hold."""
    together = "\0".join(words)
    if not ("&" in together or "<" in together or ">" in together or "\r" in together):
        return words
    # A bare carriage return would be read as a line feed.
    together = together.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    escaped = together.split("\0")
    if len(escaped) != len(words):
        raise ValueError(_UNSAYABLE)
    return escaped


def ready() -> None:
    """Load the parser: lxml, which takes as long as the rest of the package."""
    _parser()


def read(body: bytes, limit: int, shape: Shape = FLAT) -> tuple[str, list[Leaf]]:
    """The name of the root, and every element without children as a leaf."""
    root = parse(body, limit)
    return name(root), leaves(root, shape)


def parse(body: bytes, limit: int) -> _Element:
    """The root element, or :class:`Unreadable` for what is too long, not well-formed, not UTF-8, or has a DOCTYPE."""
    if len(body) > limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    if b"\0" in body:
        # UTF-16 is recognised without being declared, and then not told apart from UTF-8 below. It cannot do without NULs.
        raise DecodeError("a NUL byte: XML has none, UTF-16 and UTF-32 were not asked for")
    parser = _parser()
    try:
        root: _Element = parser.read(body, parser.made)
    except parser.errors as error:
        # ValueError: bytes lxml does not even begin with, such as none at all. The parser's words name a line and quote little.
        words = getattr(error, "msg", None) or str(error)
        raise DecodeError(f"not well-formed XML: {words[:200]}") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None:
        raise DecodeError("a DOCTYPE has no place here")
    if document.encoding and document.encoding.replace("-", "").replace("_", "").lower() not in _ENCODINGS:
        raise DecodeError(f"the encoding {document.encoding} was not asked for, only UTF-8")
    return root


#: As they are written without dashes.
_ENCODINGS = frozenset({"utf8", "ascii", "usascii"})

#: The longest name of a node, and the longest way to one; the longest documented has some 40 characters. Long names, or one
#: long namespace, nested around many nodes would otherwise make gigabytes of half a megabyte.
MAX_NAME = 256


class _Parser(threading.local):
    """lxml, loaded when a thread first reads: one parser a thread, since parsers lock."""

    def __init__(self) -> None:
        from lxml import etree

        self.read = etree.fromstring
        self.errors = (etree.XMLSyntaxError, ValueError)
        self.made: XMLParser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            recover=False,
            remove_comments=True,
            remove_pis=True,
        )


_parser = memoize(_Parser)


def name(element: _Element) -> str:
    """An element's name. Comments and instructions, which have none, the parser drops; entities it refuses."""
    tag: str = element.tag  # type: ignore[assignment]
    if len(tag) > MAX_NAME:
        raise DecodeError(f"a name of {len(tag):,} characters")
    return tag


def leaves(root: _Element, shape: Shape = FLAT) -> list[Leaf]:
    """Every element without children, in order; ``at`` numbers the children of the root that bear the same name."""
    return (None if shape.attributes else flat(root)) or _nested(root, shape)


def flat(root: _Element) -> list[Leaf] | None:
    """The leaves of a document all of whose names stand once and hold words only, as nearly all that is received do."""
    children = root[:]
    if any(map(len, children)):
        return None
    found: list[Leaf] = [(child.tag, 0, child.text or "") for child in children]
    names = {path for path, _, _ in found}
    return found if len(names) == len(found) and max(map(len, names), default=0) <= MAX_NAME else None


def _nested(root: _Element, shape: Shape) -> list[Leaf]:
    found: list[Leaf] = []
    _level(root, "", "", shape, {}, found)
    return found


def _level(parent: _Element, before: str, way: str, shape: Shape, seen: dict[str, int], found: list[Leaf]) -> None:
    """The children of the root, or of a node around others: ``before`` is what their names begin with, ``way`` their place."""
    around, lifted, attributes = shape
    for child in parent:
        tag: str = child.tag  # type: ignore[assignment]  # see `name`, written out here since every postback passes
        if len(tag) > MAX_NAME:
            name(child)
        if before:
            tag = before + tag
        if around and len(child) and (here := way + tag.removeprefix(before).lower()) in around:
            _level(child, before if here in lifted else f"{tag}/", f"{here}/", shape, seen, found)
            continue
        at = seen.get(tag, 0)
        seen[tag] = at + 1
        for attribute in attributes:
            if (text := child.get(attribute)) is not None:
                found.append((f"{tag}/@{attribute}", at, text))
        if len(child):
            found.extend(_inside(child, tag, at))
        else:
            found.append((tag, at, child.text or ""))


def _inside(element: _Element, path: str, at: int) -> Iterator[Leaf]:
    # Words beside elements would be dropped, and 1555<b/>1234888 be taken for no number at all.
    if (element.text or "").strip():
        raise DecodeError(f"{path} holds words and nodes")
    for child in element:
        inner = f"{path}/{name(child)}"
        if len(inner) > MAX_NAME:
            raise DecodeError("its nodes are nested too deeply")
        if (child.tail or "").strip():
            raise DecodeError(f"{path} holds words and nodes")
        if len(child) == 0:
            yield inner, at, child.text or ""
        else:
            yield from _inside(child, inner, at)
