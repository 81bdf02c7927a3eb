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
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import FLAT, Leaf, Shape, Unreadable

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

CONTENT_TYPE = "text/xml; charset=utf-8"
ACCEPT = "application/xml, text/xml"

#: What a flag is written as.
FLAGS = ("yes", "no")

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


#: A name, ready to be written: what opens and closes the group it stands in, what parts one repetition of the group from the
#: next, what goes before and after its words. A plain tuple, for one with names takes three times as long to take apart.
Tag = tuple[str, str, str, str, str]


def spell(path: str) -> Tag:
    """``SLIDE[]/IMAGE/URL`` is the address in the image in one of the slides; ``A/B[]/C`` has all its ``B`` in one ``A``."""
    group, _, inner = path.rpartition("[]")
    last = group.rpartition("/")[2]
    return (*_around(group), f"</{last}><{last}>", *_around(inner))


def _around(path: str) -> tuple[str, str]:
    steps = [step for step in path.split("/") if step]
    return "".join(f"<{step}>" for step in steps), "".join(f"</{step}>" for step in reversed(steps))


def write(root: str, leaves: Iterable[Leaf]) -> bytes:
    """The document, in UTF-8 with real characters: numeric references for emoji do not survive at the successor."""
    return joined(root, (part(leaves),))


def part(leaves: Iterable[Leaf]) -> str:
    """A piece of a document. A group that is repeated stands in one piece."""
    parts: list[str] = []
    add = parts.append
    inside, number, closing = "", None, ""
    for (opens, closes, parts_two, before, after), at, text in leaves:
        if opens != inside:
            add(closing)
            add(opens)
            inside, number, closing = opens, at, closes
        elif at != number and opens:
            add(parts_two)
            number = at
        if "&" in text or "<" in text or ">" in text or "\r" in text:
            text = _escaped(text)
        add(f"{before}{text}{after}")
    add(closing)
    return "".join(parts)


def joined(root: str, parts: Iterable[str]) -> bytes:
    """The document of its pieces. What no document can hold is found here, whichever piece it is in."""
    try:
        document = f"{DECLARATION}<{root}>{''.join(parts)}</{root}>".encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a lone surrogate (U+{ord(error.object[error.start]):04X}) is no character") from None
    if len(document) != len(document.translate(None, _CONTROLS)) or b"\xef\xbf\xbe" in document or b"\xef\xbf\xbf" in document:
        raise ValueError("a control character or U+FFFE/U+FFFF: XML cannot hold them")
    return document


#: The control characters that XML 1.0 leaves out.
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")


def _escaped(text: str) -> str:
    # A bare carriage return would be read as a line feed.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def read(body: bytes, limit: int, shape: Shape = FLAT) -> tuple[str, list[Leaf]]:
    """The name of the root, and every element without children as a leaf."""
    root = parse(body, limit)
    return name(root), leaves(root, shape)


def parse(body: bytes, limit: int) -> _Element:
    """The root element, or :class:`Unreadable` for what is too long, not well-formed, not UTF-8, or has a DOCTYPE."""
    if len(body) > limit:
        raise Unreadable(f"{len(body):,} bytes, more than the {limit:,} allowed")
    if b"\0" in body:
        # UTF-16 is recognised without being declared, and then not told apart from UTF-8 below. It cannot do without NULs.
        raise Unreadable("a NUL byte: XML has none, UTF-16 and UTF-32 were not asked for")
    from lxml import etree

    try:
        root: _Element = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        # ValueError: bytes lxml does not even begin with, such as none at all. The parser's words name a line and quote little.
        words = getattr(error, "msg", None) or str(error)
        raise Unreadable(f"not well-formed XML: {words[:200]}") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None:
        raise Unreadable("a DOCTYPE has no place here")
    if document.encoding not in _ENCODINGS:
        raise Unreadable(f"the encoding {document.encoding} was not asked for, only UTF-8")
    return root


_ENCODINGS = frozenset({None, "UTF-8", "utf-8", "Utf-8", "ASCII", "ascii", "US-ASCII", "us-ascii"})

#: The longest name of a node, and the longest way to one; the longest documented has some 40 characters. Long names, or one
#: long namespace, nested around many nodes would otherwise make gigabytes of half a megabyte.
MOST_NAME = 256

_parsers = threading.local()


def _parser() -> XMLParser:
    """One parser a thread: parsers lock."""
    try:
        return _parsers.parser  # type: ignore[no-any-return]
    except AttributeError:
        from lxml import etree

        _parsers.parser = etree.XMLParser(
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
        return _parsers.parser  # type: ignore[no-any-return]


def name(element: _Element) -> str:
    """An element's name. Comments and instructions, which have none, the parser drops; entities it refuses."""
    tag: str = element.tag  # type: ignore[assignment]
    if len(tag) > MOST_NAME:
        raise Unreadable(f"a name of {len(tag):,} characters")
    return tag


def leaves(root: _Element, shape: Shape = FLAT) -> list[Leaf]:
    """Every element without children, in order; ``at`` numbers the children of the root that bear the same name."""
    found: list[Leaf] = []
    _level(root, "", "", shape, {}, found)
    return found


def _level(parent: _Element, before: str, way: str, shape: Shape, seen: dict[str, int], found: list[Leaf]) -> None:
    """The children of the root, or of a node around others: ``before`` is what their names begin with, ``way`` their place."""
    around, lifted, attributes = shape
    for child in parent:
        tag: str = child.tag  # type: ignore[assignment]  # see `name`, written out here since every postback passes
        if len(tag) > MOST_NAME:
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
        raise Unreadable(f"{path} holds words and nodes")
    for child in element:
        inner = f"{path}/{name(child)}"
        if len(inner) > MOST_NAME:
            raise Unreadable("its nodes are nested too deeply")
        if (child.tail or "").strip():
            raise Unreadable(f"{path} holds words and nodes")
        if len(child) == 0:
            yield inner, at, child.text or ""
        else:
            yield from _inside(child, inner, at)
