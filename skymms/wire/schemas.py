"""Checks documents against the schemas in `xsd/`: each problem has the gateway's code, the line and the path.

The schemas find what the rules in Python find (a test compares the two), and also unknown elements, attributes, and text in the
wrong place. They take a hundred times as long, so only `skymms check`, the sandbox's strict mode and the tests use them.
xmlschema is imported when the first document is checked.

Messages never quote the document, because its text may be an API key.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Set
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from .._functools import memoize
from ..errors import ConfigurationError
from .codecs import DecodeError, xml_tree
from .dialects import MAX_REQUEST

if TYPE_CHECKING:
    from lxml.etree import XMLSchema
    from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] (lxml has no public name for it)
    from xmlschema import XMLSchemaValidationError

#: The most elements of a document. The longest documents of the protocol, old batches of 300 events, have 4,500; checking
#: 10,000 takes seconds.
MAX_ELEMENTS = 10_000
#: The most attributes of an element, and declarations of namespaces: xmlschema takes quadratic time for both. The documents
#: of the protocol have four attributes and no namespaces.
MAX_ATTRIBUTES, MAX_NAMESPACES = 100, 20
#: Stop after this many problems.
MAX_PROBLEMS = 100


class SchemaProblem(NamedTuple):
    """A problem in a document that its schema found.

    ``code`` is the gateway's code, or None if the structure is wrong. ``line`` counts from 1, and is None if it is not known.
    ``path`` is an XPath, in which repeated elements are numbered from 1: ``/REQUEST/SLIDE[2]``.
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


#: The schema of each root element. Those of requests have rules too, for which XSD 1.1 is needed.
_SCHEMAS: Mapping[str, _Schema] = {
    "REQUEST": _Schema("skycore-request-rules.xsd", "1.1"),
    "RESPONSE": _Schema("skycore-response.xsd", "1.0"),
    "POSTBACK": _Schema("skycore-postback.xsd", "1.0"),
    "request": _Schema("sinch-request-rules.xsd", "1.1"),
    "response": _Schema("sinch-response.xsd", "1.0"),
    "postback": _Schema("sinch-postback.xsd", "1.0"),
}


def schema_folder() -> Traversable:
    """Return the folder with the schemas: in the installed package, or beside it in a checkout."""
    package = files("skymms")
    places: list[Traversable] = [package, package.parent] if isinstance(package, Path) else [package]
    for place in places:
        folder: Traversable = place / "xsd"
        if (folder / _SCHEMAS["REQUEST"].file).is_file():
            return folder
    raise ConfigurationError(f"the schemas (xsd) are neither in {package} nor beside it: reinstall skymms")


@contextmanager
def _schema_files() -> Generator[Path]:
    """Enter a folder with the schemas as files: a temporary copy if the package is in a zip file."""
    folder = schema_folder()
    if isinstance(folder, Path):
        yield folder
        return
    with TemporaryDirectory() as copy:
        for file in folder.iterdir():
            Path(copy, file.name).write_bytes(file.read_bytes())
        yield Path(copy)


def schema_problems(document: bytes) -> tuple[SchemaProblem, ...]:
    """Return the problems of a request, a response or a postback in either XML dialect, in the order of its lines.

    The name of the root selects the schema. A document that cannot be parsed, or has another root, gives one problem; no bytes
    raise an error. The first call builds the schema, which takes a quarter of a second.
    """
    try:
        root = xml_tree.parse(document, MAX_REQUEST)
    except DecodeError as error:
        return (SchemaProblem(None, None, "/", str(error)),)
    name = xml_tree.name(root)
    if name not in _SCHEMAS:
        return (
            SchemaProblem(
                None, root.sourceline, "/", f"the root {name:.40} is not that of a request, a response or a postback"
            ),
        )
    if (excess := _excess(document, root)) is not None:
        return (SchemaProblem(None, root.sourceline, f"/{name}", excess),)
    found = [*_schema_instance_problems(root), *islice(_validation_problems(name, root), MAX_PROBLEMS)]
    found += _missed_problems(name, root, {problem.path for problem in found if problem.code is None})
    return tuple(sorted(found, key=lambda problem: problem.line or 0))


def _excess(document: bytes, root: Element) -> str | None:
    """Return what a document has so much of that checking it could take minutes, or None."""
    # In a text the word is harmless, but no text has it so often.
    if document.count(b"xmlns") > MAX_NAMESPACES:
        return f"more than {MAX_NAMESPACES} namespaces"
    elements = list(islice(root.iter(), MAX_ELEMENTS + 1))
    if len(elements) > MAX_ELEMENTS:
        return f"more than {MAX_ELEMENTS:,} elements"
    if any(len(element.keys()) > MAX_ATTRIBUTES for element in elements):
        return f"an element with more than {MAX_ATTRIBUTES} attributes"
    return None


def _validation_problems(name: str, root: Element) -> Iterator[SchemaProblem]:
    for error in _schema(name).iter_errors(root, use_location_hints=False):
        yield _from_error(error, root)


@memoize
def _schema(name: str) -> Any:
    import xmlschema

    kind = {"1.0": xmlschema.XMLSchema10, "1.1": xmlschema.XMLSchema11}[_SCHEMAS[name].version]
    # A schema includes others, so it is built from files. It does not need them afterwards.
    with _schema_files() as folder:
        return kind(str(folder / _SCHEMAS[name].file), allow="local")


def _missed_problems(name: str, root: Element, found: Set[str]) -> Iterator[SchemaProblem]:
    """Report what libxml2 finds in the structure and xmlschema does not; ``found`` are the paths with problems so far.

    xmlschema (4.3) accepts text beside the elements of a type with a wildcard, and no-break spaces beside those of any type.
    """
    schema = _structure_schema(name)
    # The log belongs to the schema object, so one thread uses it at a time.
    with _structure_lock:
        errors = () if schema.validate(root) else tuple(islice(schema.error_log, MAX_PROBLEMS))
    for error in errors:
        path = error.path or f"/{name}"
        is_text = error.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_2_3"
        # Other problems are those that xmlschema has found, with better messages.
        if path not in found if is_text else not found:
            message = "contains text beside its elements" if is_text else "does not match the schema"
            yield SchemaProblem(None, error.line, path, message)


_structure_lock = Lock()


@memoize
def _structure_schema(name: str) -> XMLSchema:
    from lxml import etree

    # The rules are in XSD 1.1, which libxml2 does not have. They are a layer over the structure, which is in XSD 1.0.
    with _schema_files() as folder:
        return etree.XMLSchema(etree.parse(folder / _SCHEMAS[name].file.replace("-rules", "")))


_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


def _schema_instance_problems(root: Element) -> Iterator[SchemaProblem]:
    """Report and remove the attributes with which a document could change its own validation.

    xmlschema (4.3) raises an error if `xsi:type` names a type that the schema does not have.
    """
    for element in root.iter():
        for name in ("type", "nil"):
            if element.attrib.pop(_INSTANCE + name, None) is not None:
                yield _problem(None, element, f"the attribute xsi:{name} is not allowed")


def _from_error(error: XMLSchemaValidationError, root: Element) -> SchemaProblem:
    """Return a problem for an error of xmlschema, without the values that its message quotes."""
    from xmlschema import XMLSchemaChildrenValidationError, XMLSchemaDecodeError
    from xmlschema.validators import XsdAssert

    element: Any = root if error.elem is None else error.elem
    if isinstance(error.validator, XsdAssert):
        # The id of an assertion is a code. Only assertions are checked, because built-in types have ids that are not codes.
        rule = error.validator.elem
        return _problem(rule.get("id"), element, rule.findtext("{*}annotation/{*}documentation") or "")
    if isinstance(error, XMLSchemaChildrenValidationError):
        child: Any = error.invalid_child
        if child is not None:
            is_repeated = next(child.itersiblings(child.tag, preceding=True), None) is not None
            return _problem(None, child, "is given twice" if is_repeated else "is not allowed here")
        expected = ", ".join(str(one.local_name) for one in error.expected or ())
        return _problem(None, element, f"{expected or 'an element'} is missing")
    if isinstance(error, XMLSchemaDecodeError):
        return _problem(None, element, f"is not a valid {getattr(error.validator, 'local_name', 'value')}")
    return _problem(None, element, str(error.reason or "does not match the schema")[:120])


def _problem(code: str | None, element: Element, message: str) -> SchemaProblem:
    return SchemaProblem(code, element.sourceline, element.getroottree().getpath(element), message)
