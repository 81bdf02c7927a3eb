"""Runs lxml's parser so that the names of hostile documents do not stay in memory."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from ..._functools import memoize
from . import DecodeError

if TYPE_CHECKING:
    from lxml.etree import XMLParser
    from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] (lxml has no public name for it)

T = TypeVar("T")

#: The options of lxml's parsers.
OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
    "dtd_validation": False,
    "attribute_defaults": False,
}


class ParserOfThread(threading.local):
    """Holds a parser for each thread, because threads that share one wait for each other."""

    def __init__(self) -> None:
        self.parser: Parser = Parser()


parser_of_thread: Callable[[], ParserOfThread] = memoize(ParserOfThread)


class Parser:
    """lxml's parser, imported at the first use.

    lxml keeps every name that it parses, and some of the white space, until the thread ends. A gateway has few names, but a
    stranger's documents can have new ones each time: 350 kB of names would keep a megabyte. So a sample of the documents is
    looked at, and after many new names a document with more of them is parsed in a thread of its own. So is each document that
    is longer than nearly all responses and postbacks: a thread takes 0.1 ms, 1 % of the time to decode such a document.
    """

    def __init__(self) -> None:
        try:
            from lxml import etree
        except ImportError as error:  # for example, it was built for another system
            raise DecodeError(f"lxml, with which it would be read, cannot be imported: {error}") from None

        self.errors: Any = (etree.XMLSyntaxError, ValueError)
        self._parse = etree.fromstring
        self._parser: XMLParser = etree.XMLParser(**OPTIONS)
        self._seen: set[int] = set()
        self._budget = MAX_NEW_MARKUP
        # A generator of its own, because the program may have seeded the common one. Only speed depends on its numbers.
        self._sample = Random().getrandbits  # noqa: S311

    def parse(self, body: bytes) -> Element:
        """Return the root of a document."""
        if len(body) > _MAX_SAMPLED:
            return in_thread(partial(_parse_once, body))
        # To look at the markup takes about as long as parsing.
        if (self._budget <= 0 or not self._sample(_SAMPLE_BITS)) and self._is_new(body):
            return in_thread(partial(_parse_once, body))
        return self._parse(body, self._parser)

    def _is_new(self, body: bytes) -> bool:
        """Return whether a document has new markup, and the budget for it is used up."""
        new = _markup_of(body) - self._seen
        if new and self._budget > 0:
            self._seen |= new
            self._budget -= len(body) << _SAMPLE_BITS
            return False
        return bool(new)


#: Of the documents up to this length, one of 2**6 is looked at for new markup.
_MAX_SAMPLED, _SAMPLE_BITS = 64 * 1024, 6
#: Bytes of documents with new markup that a thread parses itself.
MAX_NEW_MARKUP = 4 * 1024 * 1024
#: Comments and CDATA sections, which may contain what looks like markup; and the markup of which lxml keeps something: tags
#: and the white space after them, instructions, and references to entities.
_MARKUP = re.compile(
    rb"""<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|"""
    rb"""<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>?\s*+|&[^#;<][^;<]*+""",
    re.DOTALL,
)
#: The value of an attribute. lxml keeps nothing of it, except of those that begin with xml (namespaces and ids).
_VALUE = re.compile(rb""""[^"]*+"|'[^']*+'""")


def _markup_of(body: bytes) -> set[int]:
    """Return the hashes of the different pieces of markup in a document."""
    pieces = [piece for piece in set(_MARKUP.findall(body)) if not piece.startswith(b"<!")]
    return {hash(_VALUE.sub(b"", piece) if b"=" in piece and b"xml" not in piece else piece) for piece in pieces}


def _parse_once(body: bytes) -> Element:
    from lxml import etree

    root: Element = etree.fromstring(body, etree.XMLParser(**OPTIONS))
    return root


def in_thread(work: Callable[[], T]) -> T:
    """Return the result of a function that runs in a thread of its own, or raise its error."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread can be started, for example while the program ends
        return work()
    thread.join()
    if failure:
        raise failure[0]
    # A signal handler may have forked meanwhile: the new process does not have the thread.
    return outcome[0] if outcome else work()
