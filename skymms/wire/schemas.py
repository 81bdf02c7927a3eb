"""The schemas of `xsd/`, put to use: what a document breaks, with the gateway's code, the line and the path.

They say the same as the rules in Python (a test holds the two together) and more: nodes that no gateway knows, attributes,
words where none belong. They cost a hundred times as much, so they serve `skymms check` and the tests; nothing on the way
of a message imports this page, and xmlschema is imported when the first document comes.

The rule: what is said of a document never quotes it. Its words may be a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .._functools import memoize
from ..errors import ConfigurationError
from .codecs import DecodeError, xml
from .dialects import MAX_REQUEST

if TYPE_CHECKING:
    from lxml.etree import _Element
    from xmlschema import XMLSchemaValidationError

#: No document of the protocol comes near it (300 events of the old envelope have 4,500); checking 10,000 takes seconds.
MAX_ELEMENTS = 10_000
#: Who has that many is told enough.
MAX_PROBLEMS = 100


class SchemaProblem(NamedTuple):
    """One thing in a document that its schema does not allow.

    ``code`` is the gateway's own number for it, None where the structure is wrong; ``line`` counts from 1 and is None where
    the parser tells none; ``path`` is an XPath, in which a repeated node is numbered from 1: ``/REQUEST/SLIDE[2]``.
    """

    code: str | None
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        line = f"line {self.line}, " if self.line is not None else ""
        return f"{self.code + ' ' if self.code else ''}{line}{self.path}: {self.message}"


class _Schema(NamedTuple):
    file: str
    version: str


#: Only requests have rules, for only they can be corrected; rules need XSD 1.1.
_SCHEMAS: Mapping[str, _Schema] = {
    "REQUEST": _Schema("skycore-request-rules.xsd", "1.1"),
    "RESPONSE": _Schema("skycore-response.xsd", "1.0"),
    "POSTBACK": _Schema("skycore-postback.xsd", "1.0"),
    "request": _Schema("sinch-request-rules.xsd", "1.1"),
    "response": _Schema("sinch-response.xsd", "1.0"),
    "postback": _Schema("sinch-postback.xsd", "1.0"),
}


def schema_folder() -> Path:
    """Where the schemas are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "xsd", package.parent / "xsd"):
        if (folder / _SCHEMAS["REQUEST"].file).is_file():
            return folder
    raise ConfigurationError(f"the schemas (xsd) are neither in {package} nor beside it: install skymms anew")


def schema_problems(document: bytes) -> tuple[SchemaProblem, ...]:
    """What is wrong with a request, a response or a postback in either XML dialect, by its schema, in the order of its lines.

    The root's name chooses the schema. What cannot be read at all, or has another root, is one problem too; bytes never raise.
    The first call builds the schema, which takes a quarter of a second.
    """
    try:
        root = xml.parse(document, MAX_REQUEST)
    except DecodeError as error:
        return (SchemaProblem(None, None, "/", str(error)),)
    name = xml.name(root)
    if name not in _SCHEMAS:
        return (SchemaProblem(None, root.sourceline, "/", f"no document of the protocol has the root {name:.40}"),)
    if sum(1 for _ in islice(root.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        return (SchemaProblem(None, root.sourceline, f"/{name}", f"more than {MAX_ELEMENTS:,} nodes"),)
    found = [*_switches(root), *islice(_broken(name, root), MAX_PROBLEMS)]
    return tuple(sorted(found, key=lambda problem: problem.line or 0))


def _broken(name: str, root: _Element) -> Iterator[SchemaProblem]:
    for error in _schema(name).iter_errors(root, use_location_hints=False):
        yield _told(error, root)


@memoize
def _schema(name: str) -> Any:
    import xmlschema

    kind = {"1.0": xmlschema.XMLSchema10, "1.1": xmlschema.XMLSchema11}[_SCHEMAS[name].version]
    return kind(str(schema_folder() / _SCHEMAS[name].file), allow="local")


_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


def _switches(root: _Element) -> Iterator[SchemaProblem]:
    """Attributes by which a document chooses how it is judged: told, and taken out before the schema sees them.

    xmlschema (4.3) raises instead of reporting when `xsi:type` names a type that the schema does not have.
    """
    for element in root.iter():
        for switch in ("type", "nil"):
            if element.attrib.pop(_INSTANCE + switch, None) is not None:
                yield _problem(None, element, f"the attribute xsi:{switch} has no place here")


def _told(error: XMLSchemaValidationError, root: _Element) -> SchemaProblem:
    """An error of xmlschema's in our words; its own quote values."""
    from xmlschema import XMLSchemaChildrenValidationError, XMLSchemaDecodeError
    from xmlschema.validators import XsdAssert

    element: Any = root if error.elem is None else error.elem
    if isinstance(error.validator, XsdAssert):
        # Only an assertion's id is a code: the built-in types carry ids too.
        rule = error.validator.elem
        return _problem(rule.get("id"), element, rule.findtext("{*}annotation/{*}documentation") or "")
    if isinstance(error, XMLSchemaChildrenValidationError):
        child: Any = error.invalid_child
        if child is not None:
            again = next(child.itersiblings(child.tag, preceding=True), None) is not None
            return _problem(None, child, "is there already" if again else "has no place here")
        wanted = ", ".join(str(one.local_name) for one in error.expected or ())
        return _problem(None, element, f"{wanted or 'a node'} is missing")
    if isinstance(error, XMLSchemaDecodeError):
        return _problem(None, element, f"is no {getattr(error.validator, 'local_name', 'value')} as XML writes them")
    return _problem(None, element, str(error.reason or "does not fit the schema")[:120])


def _problem(code: str | None, element: _Element, message: str) -> SchemaProblem:
    return SchemaProblem(code, element.sourceline, element.getroottree().getpath(element), message)
