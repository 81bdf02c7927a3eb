"""JSON objects whose values are texts, in UTF-8 without escapes for letters outside ASCII.

The structure is the one of the XML documents: a field outside a group is a member, a repeated group is a list of objects. Flags
are JSON's true and false. Every value is decoded as text, exactly as it is written, so numbers may have any length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from . import FLAT, Content, DecodeError, Frame, Leaf, Shape, join_part

CONTENT_TYPE = "application/json; charset=utf-8"
ACCEPT = "application/json"

#: The values that are written for True and False.
FLAGS: tuple[Any, Any] = (True, False)

#: The longest path of a member (the longest documented path has 40 characters) and the deepest nesting. Without them, one
#: long name around many members would make gigabytes of leaves from half a megabyte.
MAX_NAME = 256
MAX_DEPTH = 32

#: A compiled name: the repeated group it is in, and the names of the members that lead to it.
CompiledName = tuple[str, tuple[str, ...]]


def compile_name(path: str) -> CompiledName:
    """Split a name: ``slide[]/image/url`` is the member ``url`` of the member ``image`` of one of the slides."""
    group, _, inner = path.rpartition("[]")
    return group, tuple(step for step in inner.split("/") if step)


class DuplicateMemberError(DecodeError):
    """A document has two members of the same name."""


def encode(root: str, leaves: Sequence[Leaf]) -> bytes:
    """Encode the object; JSON has no root name."""
    return join_part(frame(root), encode_part(leaves))


def encode_part(leaves: Sequence[Leaf]) -> bytes:
    """Encode some members of an object."""
    try:
        return dump(_members(leaves))[1:-1]
    except UnicodeEncodeError as error:
        raise ValueError(f"contains a lone surrogate (U+{ord(error.object[error.start]):04X}): remove it") from None


def frame(root: str) -> Frame:
    """Return the bytes before, between and after the parts of an object."""
    return b"{", b",", b"}"


def _members(leaves: Sequence[Leaf]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    repeated: dict[tuple[str, Any], dict[str, Any]] = {}
    for (group, steps), index, value in leaves:
        parent = document
        if group:
            parent = repeated.get((group, index), {})
            if (group, index) not in repeated:
                repeated[group, index] = parent
                document.setdefault(group, []).append(parent)
        for step in steps[:-1]:
            parent = parent.setdefault(step, {})
        if steps:
            parent[steps[-1]] = value
    return document


def dump(document: Any) -> bytes:
    """Encode any document, without blanks."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def load() -> None:
    """Do nothing: decoding needs no further imports."""


def decode(body: bytes, limit: int, shape: Shape = FLAT) -> tuple[str, Content]:
    """Return the content: texts, or a leaf for every member that is not an object, a list or null."""
    document = parse(body, limit)
    if not isinstance(document, dict):
        raise DecodeError("not a JSON object")
    members = cast("dict[str, Any]", document)
    only_texts = set(map(type, members.values())) == {str} and len("".join(members)) <= MAX_NAME
    return "", members if only_texts else leaves(members)


def parse(body: bytes, limit: int) -> Any:
    """Parse a document; its numbers become texts.

    Raises :class:`DecodeError` for a document of more than ``limit`` bytes, for invalid JSON, and for a duplicate member.
    """
    if len(body) > limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise DecodeError("not UTF-8") from None
    return _parse(text, _object, strict=True)


def parse_leniently(text: str) -> Any:
    """Parse a document in which texts may contain control characters; the values of a duplicate member become a list.

    For postbacks only, of which other events must not be lost. Raises :class:`DecodeError` for invalid JSON.
    """
    return _parse(text, _lenient_object, strict=False)


#: White space and byte order marks, which may come before a document.
_BLANKS = " \t\r\n\v\f\ufeff"


def _parse(text: str, make_object: Callable[[list[tuple[str, Any]]], dict[str, Any]], *, strict: bool) -> Any:
    try:
        return json.loads(
            text.lstrip(_BLANKS),
            object_pairs_hook=make_object,
            parse_int=str,
            parse_float=str,
            parse_constant=_refuse_constant,
            strict=strict,
        )
    except DecodeError:
        raise
    except RecursionError:
        raise DecodeError("its members are nested too deeply") from None
    except ValueError as error:
        raise DecodeError(f"not JSON: {error}") from None


def leaves(document: dict[str, Any]) -> list[Leaf]:
    """Return the leaves of an object; the index numbers the items of a list."""
    return list(_leaves_of(document, "", 0, MAX_DEPTH))


def _leaves_of(value: Any, path: str, index: int, depth: int) -> Iterator[Leaf]:
    if len(path) > MAX_NAME:
        raise DecodeError(f"a name of {len(path):,} characters")
    if not depth:
        raise DecodeError("its members are nested too deeply")
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if not members and path:
            yield path, index, ""
        for name, inner in members.items():
            yield from _leaves_of(inner, f"{path}/{name}" if path else name, index, depth - 1)
    elif isinstance(value, list):
        items: list[Any] = cast(Any, value)
        for number, inner in enumerate(items):
            yield from _leaves_of(inner, path, number, depth - 1)
    elif value is not None:
        yield path, index, str(value).lower() if isinstance(value, bool) else value


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise DuplicateMemberError("a member is given twice")
    return found


def _lenient_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        values: dict[str, list[Any]] = {}
        for name, value in members:
            values.setdefault(name, []).append(value)
        found = {name: several if len(several) > 1 else several[0] for name, several in values.items()}
    return found


def _refuse_constant(name: str) -> Any:
    raise DecodeError(f"{name} is not allowed in JSON")
