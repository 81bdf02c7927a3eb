"""JSON: objects of words, in UTF-8 with real characters.

The shape is the one of the XML: a node alone is a member, a repeated group is a list of objects. Flags are written as JSON's
own; whatever is read becomes words, exactly as they stood there, so that a number may be as long as it likes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from . import FLAT, DecodeError, Frame, Leaf, Shape, join_part

CONTENT_TYPE = "application/json; charset=utf-8"
ACCEPT = "application/json"

#: What a flag is written as.
FLAGS: tuple[Any, Any] = (True, False)

#: The longest way to a member, and the deepest place of one; the longest documented has some 40 characters. One long name
#: around many members would otherwise make gigabytes of half a megabyte.
MAX_NAME = 256
MAX_DEPTH = 32

#: A name, ready to be written: the repeated group it stands in, and the steps to it.
Tag = tuple[str, tuple[str, ...]]


def spell(path: str) -> Tag:
    """``slide[]/image/url`` is the address in the image in one of the slides."""
    group, _, inner = path.rpartition("[]")
    return group, tuple(step for step in inner.split("/") if step)


def write(root: str, leaves: Sequence[Leaf]) -> bytes:
    """The object; there is no root."""
    return join_part(frame(root), part(leaves))


def part(leaves: Sequence[Leaf]) -> bytes:
    """Some members of a document. A group, repeated or not, is one of them."""
    try:
        return dump(_members(leaves))[1:-1]
    except UnicodeEncodeError as error:
        raise ValueError(f"a lone surrogate (U+{ord(error.object[error.start]):04X}) is no character") from None


def frame(root: str) -> Frame:
    """What holds the members of a document together."""
    return b"{", b",", b"}"


def _members(leaves: Sequence[Leaf]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    repeated: dict[tuple[str, Any], dict[str, Any]] = {}
    for (group, steps), at, value in leaves:
        place = document
        if group:
            place = repeated.get((group, at), {})
            if (group, at) not in repeated:
                repeated[group, at] = place
                document.setdefault(group, []).append(place)
        for step in steps[:-1]:
            place = place.setdefault(step, {})
        if steps:
            place[steps[-1]] = value
    return document


def dump(document: Any) -> bytes:
    """Any document, as short as it can be written."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def ready() -> None:
    """Nothing has to be loaded to read JSON."""


def read(body: bytes, limit: int, shape: Shape = FLAT) -> tuple[str, list[Leaf]]:
    """Every member that is no object and no list as a leaf; nulls are not there."""
    document = parse(body, limit)
    if not isinstance(document, dict):
        raise DecodeError("not a JSON object")
    return "", leaves(document)


def parse(body: bytes, limit: int) -> Any:
    """The document, its numbers as words; :class:`Unreadable` for what is too long, no JSON, or names a member twice."""
    if len(body) > limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=str,
            parse_float=str,
            parse_constant=_no_constant,
        )
    except DecodeError:
        raise
    except RecursionError:
        raise DecodeError("its members are nested too deeply") from None
    except UnicodeDecodeError:
        raise DecodeError("not UTF-8") from None
    except ValueError as error:
        raise DecodeError(f"not JSON: {error}") from None


def leaves(document: dict[str, Any]) -> list[Leaf]:
    """The leaves of an object; ``at`` numbers the members of a list."""
    return list(_inside(document, "", 0, MAX_DEPTH))


def _inside(value: Any, path: str, at: int, depth: int) -> Iterator[Leaf]:
    if len(path) > MAX_NAME:
        raise DecodeError(f"a name of {len(path):,} characters")
    if not depth:
        raise DecodeError("its members are nested too deeply")
    if isinstance(value, dict):
        if not value and path:
            yield path, at, ""
        for name, inner in value.items():
            yield from _inside(inner, f"{path}/{name}" if path else name, at, depth - 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _inside(inner, path, number, depth - 1)
    elif value is not None:
        yield path, at, str(value).lower() if isinstance(value, bool) else value


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise DecodeError("a member is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise DecodeError(f"{name} is no JSON")
