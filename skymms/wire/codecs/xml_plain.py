"""Reads plain XML documents without lxml: a root and in it elements with texts, each name once, and nothing else.

Nearly all responses and postbacks are such documents. A plain document has no attributes, entities, comments, instructions and
sections that could hide something, and one regular expression matches it from its first character to its last. Any other
document, a wrong one too, is for lxml. The tests compare both readers.

It takes half of lxml's time, and a program whose gateway sends plain responses does not import lxml, which takes 9 ms.
"""

from __future__ import annotations

import re

#: A declaration that makes no difference.
USUAL_DECLARATION = r"""<\?xml version=(?:"1\.0"|'1\.0')(?: encoding=(?:"(?:UTF-8|utf-8)"|'(?:UTF-8|utf-8)'))?\?>"""
#: A name in ASCII without a colon, which would make it a name in a namespace.
_NAME = "[A-Za-z_][A-Za-z0-9_.-]{0,99}+"
#: All that XML allows in a text as it is, except for ``>``, which is wrong after ``]]``, and for the carriage return, which XML
#: replaces by a line feed.
_TEXT = r"[^<&>\x00-\x08\x0b-\x1f\ufffe\uffff]*+"
_SPACE = r"[ \t\n]*+"
#: The groups are the name of the root, and what is in it.
_DOCUMENT = re.compile(
    rf"(?:{USUAL_DECLARATION})?{_SPACE}<({_NAME})>{_SPACE}((?:<({_NAME})>{_TEXT}</\3>{_SPACE})+)</\1>{_SPACE}"
)
_ELEMENT = re.compile(rf"<({_NAME})>({_TEXT})<")


def read_plain(body: bytes, limit: int) -> tuple[str, dict[str, str]] | None:
    """Return the name of the root and the texts of its elements; None for a document that is not plain, or too long."""
    if len(body) > limit:
        return None
    try:
        document = _DOCUMENT.fullmatch(body.decode())
    except UnicodeDecodeError:
        return None
    if document is None:
        return None
    elements = _ELEMENT.findall(document[2])
    texts = dict(elements)
    return (document[1], texts) if len(texts) == len(elements) else None
