"""Decodes any XML document with lxml, to an element tree and from there to leaves.

lxml has every option off that a hostile document could use: no entities, no DTD, no network, no recovery from errors. The size
is checked before parsing. Any DOCTYPE is refused, because with entities off ``1555&x;1234888`` is read as ``1555`` without an
error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from . import FLAT, DecodeError, Leaf, Shape, as_leaves
from .xml_beginning import USUAL_BEGINNING, check_beginning, check_bytes
from .xml_parser import OPTIONS, parser_of_thread

if TYPE_CHECKING:
    from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] (lxml has no public name for it)


def parse(body: bytes, limit: int) -> Element:
    """Return the root element.

    Raises :class:`DecodeError` for a document that has more than ``limit`` bytes, is not well-formed, is not in UTF-8, or has a
    DOCTYPE.
    """
    check_bytes(body, limit)
    usual = USUAL_BEGINNING.match(body)
    document = body[usual.start(1) :] if usual else check_beginning(body)
    parser = parser_of_thread().parser
    try:
        root = parser.parse(document)
    except parser.errors as error:
        raise _syntax_error(error) from None
    if usual is None:
        _check_document(root)
    return root


def walk(body: bytes, limit: int) -> Iterator[tuple[str, Element]]:
    """Yield each element of a long document at its ``start`` and its ``end``, with the checks and errors of :func:`parse`.

    The caller removes what it has read with :func:`forget_before`. Run it in :func:`.xml_parser.in_thread`.
    """
    from lxml import etree

    check_bytes(body, limit)
    events = etree.iterparse(BytesIO(check_beginning(body)), events=("start", "end"), **OPTIONS)
    try:
        yield from cast("Iterator[tuple[str, Element]]", events)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _syntax_error(error) from None
    _check_document(cast("Element", events.root))


def forget_before(element: Element) -> str:
    """Remove the sibling before an element from a document that is being walked: all would take 30 times their bytes.

    Returns the text behind the sibling, without the white space around it.
    """
    before, parent = element.getprevious(), element.getparent()
    if before is None or parent is None:
        return ""
    text = (before.tail or "").strip()
    parent.remove(before)
    return text


def _syntax_error(error: Exception) -> DecodeError:
    # lxml raises ValueError for an empty body. Its messages name the line and quote only element names.
    message = getattr(error, "msg", None) or str(error)
    return DecodeError(f"not well-formed XML: {message[:200]}")


def _check_document(root: Element) -> None:
    document = root.getroottree().docinfo
    if document.internalDTD is not None:
        raise DecodeError("a DOCTYPE is not allowed")
    encoding = document.encoding
    if encoding not in _USUAL_ENCODINGS and encoding.replace("-", "").replace("_", "").lower() not in _ENCODINGS:
        raise DecodeError(f"the encoding is {encoding}, only UTF-8 is accepted")


#: The encoding of nearly every document; the second is that of a document without a declaration.
_USUAL_ENCODINGS = frozenset({"UTF-8", None})
#: Accepted encodings, without dashes.
_ENCODINGS = frozenset({"utf8", "ascii", "usascii"})

#: The longest path of an element; the longest documented path has 40 characters. Without a limit, long names or one long
#: namespace around many elements would make gigabytes of leaves from half a megabyte.
MAX_NAME = 256


def name(element: Element) -> str:
    """Return an element's name. The parser drops comments and instructions, so every element has one."""
    tag = cast(str, element.tag)
    if len(tag) > MAX_NAME:
        raise DecodeError(f"a name of {len(tag):,} characters")
    return tag


def leaves(root: Element, shape: Shape = FLAT, *, mixed: bool = False) -> list[Leaf]:
    """Return a leaf for every element without children, in order; the index numbers the root's children of the same name.

    Attributes are leaves with names such as ``SLIDE/@duration``. Text in the root or in a container is a leaf ``#text``. Text
    beside the elements of any other element raises :class:`DecodeError`, or is a leaf ``CONTENT/#text`` if ``mixed`` is True.
    """
    texts = _texts(root)
    return list(as_leaves(texts)) if texts else _nested(root, shape, mixed)


#: The name of a leaf for text beside elements, and the mark before the name of an attribute. No element has such a name.
TEXT, ATTRIBUTE = "#text", "@"


def _texts(root: Element) -> dict[str, str] | None:
    """Return the texts of a document of text elements with different names, or None for any other document."""
    # keys() is faster than `attrib`, which creates an object.
    if root.keys() or any([child.keys() for child in root]):  # noqa: C419
        return None
    if (text := root.text) and not text.isspace():
        return None
    # Without a call of cast() for each element, which would take a tenth of the time.
    texts: dict[Any, str] = {}
    for child in root:
        if len(child) or ((tail := child.tail) and not tail.isspace()):
            return None
        texts[child.tag] = child.text or ""
    if len(texts) < len(root) or (len("".join(texts)) > MAX_NAME and max(map(len, texts)) > MAX_NAME):
        return None
    return texts


def _nested(root: Element, shape: Shape, mixed: bool) -> list[Leaf]:
    found: list[Leaf] = [*_attributes(root, "", 0)]
    _add_children(root, "", "", shape, {}, found, mixed)
    return found


def _add_children(
    parent: Element, prefix: str, container_path: str, shape: Shape, seen: dict[str, int], found: list[Leaf], mixed: bool
) -> None:
    """Add the leaves in the root, or in a container: ``prefix`` is put before the names of its children."""
    containers, unwrapped = shape
    if text := own_text(parent):
        found.append((f"{prefix}{TEXT}", 0, text))
    for child in parent:
        tag: Any = child.tag  # as in `name`, repeated here because a batch has thousands
        if len(tag) > MAX_NAME:
            name(child)
        if prefix:
            tag = prefix + tag
        if containers and len(child) and (path := container_path + tag.removeprefix(prefix).lower()) in containers:
            inner = prefix if path in unwrapped else f"{tag}/"
            found.extend(_attributes(child, inner, 0))
            _add_children(child, inner, f"{path}/", shape, seen, found, mixed)
            continue
        index = seen.get(tag, 0)
        seen[tag] = index + 1
        if child.attrib:
            found.extend(_attributes(child, f"{tag}/", index))
        if len(child):
            found.extend(_leaves_inside(child, tag, index, mixed))
        else:
            found.append((tag, index, child.text or ""))


def _attributes(element: Element, prefix: str, index: int) -> Iterator[Leaf]:
    for attribute, text in _items(element):
        path = f"{prefix}{ATTRIBUTE}{attribute}"
        if len(path) > MAX_NAME:
            raise DecodeError(f"an attribute's name of {len(path):,} characters")
        yield path, index, str(text)


def _items(element: Element) -> list[tuple[str, str]]:
    """Return the names and values of an element's attributes."""
    if len(element.attrib) <= _FEW_ATTRIBUTES:
        return element.items()
    # For each value, items() searches all attributes. An XPath takes longer for a few, but not quadratic time for many.
    return [(value.attrname, str(value)) for value in cast("list[Any]", element.xpath("@*"))]


#: The documents of the protocol have at most ten attributes in one element.
_FEW_ATTRIBUTES = 100


def own_text(element: Element, removed: Iterable[str] = ()) -> str:
    """Return the text of an element without the texts of the elements in it; its parts are joined by blanks.

    ``removed`` has the texts behind the first elements in it, if :func:`forget_before` has removed them.
    """
    parts = (element.text, *removed, *[child.tail for child in element])
    return " ".join([stripped for part in parts if part and (stripped := part.strip())])


def _leaves_inside(element: Element, path: str, index: int, mixed: bool) -> Iterator[Leaf]:
    if text := own_text(element):
        # It would be lost: 1555<b/>1234888 is not a number.
        if not mixed:
            raise DecodeError(f"{path} has text beside its elements")
        yield f"{path}/{TEXT}", index, text
    for child in element:
        inner = f"{path}/{name(child)}"
        if len(inner) > MAX_NAME:
            raise DecodeError("its elements are nested too deeply")
        if child.attrib:
            yield from _attributes(child, f"{inner}/", index)
        if len(child) == 0:
            yield inner, index, child.text or ""
        else:
            yield from _leaves_inside(child, inner, index, mixed)
