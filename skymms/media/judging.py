"""Judges what was seen of a file: the problem that a gateway would report, with its code, and warnings.

Where the vendor's pages are silent, the stricter reading is used, because a file that passes it also passes the other:

- A redirect is refused. The pages ask for "the full path of the file" and a valid status, and do not mention redirects.
- A Content-Length is required, and chunked transfer is refused. Only the Sinch pages say so; Skycore 1.3 says nothing.
- The type application/octet-stream is refused (E629), although the gateway may detect the type "by other means".
- A known type of another kind, such as a sound where an image should be, is E629 too: the codes E361-E363 existed for one day.

An image counts as damaged if the structure of its format is: signature, lengths, checksums, end. Decoding the pixels would
find more damage in a JPEG, but needs a dependency in C that would read untrusted files. A video without a codec (E343) is not
detected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .acceptance import DAMAGED, TOO_BIG, UNREACHABLE, WRONG_TYPE, Accepted
from .images import find_damage
from .looking import Seen
from .measuring import pixels
from .positions import has_position
from .structures import find_fault

#: A code and a message.
Error = tuple[str, str]

#: Pixels of the longer side of a picture: T-Mobile drops what is larger (Twilio's article on MMS media sizes).
MOST_PIXELS = 3000


def find_problem(seen: Seen, kind: str, accepted: Accepted) -> Error | None:
    """Return the problem that a gateway would report for a file of this kind, as a code and a message, or None."""
    if problem := find_header_problem(seen, kind, accepted):
        return problem
    if seen.body_fault:
        return UNREACHABLE[kind], seen.body_fault
    return _content_problem(seen, kind)


def find_header_problem(seen: Seen, kind: str, accepted: Accepted) -> Error | None:
    """Return the problem that the headers alone show."""
    if seen.fault:
        return UNREACHABLE[kind], seen.fault
    types = accepted.types.get(kind, ())
    # Sinch MMS: a file must be served with its real type; application/octet-stream may be rejected.
    if seen.declared not in types:
        return WRONG_TYPE, _type_message(seen, kind, list(types)[:3])
    size, max_size = seen.size or 0, accepted.max_size(kind, seen.declared)
    if size > max_size:
        return TOO_BIG[kind], f"{size:,} bytes, {size - max_size:,} more than the {max_size:,} allowed"
    if not size:
        return UNREACHABLE[kind], "the file is empty" if seen.is_local else "its server sent an empty file"
    return None


def _type_message(seen: Seen, kind: str, types: list[str]) -> str:
    if not types:
        return f"the gateway accepts no file for {kind}: remove it"
    if seen.is_local:
        found = f"it is a {seen.found.name}" if seen.found else f"its type is {seen.declared or 'not known'}"
        return f"{found}: use a file of the type {' or '.join(types)}"
    served = f"as {seen.declared!r:.60}" if seen.declared else "without a Content-Type"
    return f"it is served {served}: serve a file for {kind} as {' or '.join(types)}"


#: Kinds whose containers hold either.
_PLAYED = frozenset({"audio", "video"})


def _content_problem(seen: Seen, kind: str) -> Error | None:
    found = seen.found
    if kind == "image":
        # The format of an image is that of its bytes: a PNG served as JPG passes.
        if not (damage := find_damage(seen.content, is_beginning=not seen.is_whole)):
            return None
        is_other = found is not None and found.content_type not in {"image/jpeg", "image/png", "image/gif"}
        return DAMAGED, f"the image is damaged: {damage}" + (f", but a {found.name}" if found and is_other else "")
    if found is not None and found.kind != kind and not {found.kind, kind} <= _PLAYED:
        return WRONG_TYPE, f"its content is a {found.name}, not a file for {kind}"
    return None


def find_unread(seen: Seen, kind: str, accepted: Accepted) -> str:
    """Return why the content of a file was not read; empty if it was read, and for an empty file."""
    if seen.content or seen.is_local or not (problem := find_header_problem(seen, kind, accepted)):
        return ""
    return {UNREACHABLE[kind]: "not fetched" if seen.fault else "", WRONG_TYPE: "wrong type"}.get(problem[0], "too large")


def find_warnings(seen: Seen, kind: str, accepted: Accepted, carriers: Collection[str] = ()) -> Iterator[str]:
    """Yield warnings about a file without a problem: what a gateway accepts and a phone or a carrier may not show.

    ``carriers`` are those of the recipients; empty for all.
    """
    found = seen.found
    if found is None:
        yield f"its content is not recognised as a file for {kind}"
    elif not seen.is_local and found.content_type not in accepted.types.get(kind, ()):
        yield f"its content is a {found.name}, which the gateway may not accept"
    elif kind == "image" and not seen.is_local and _plain(found.content_type) != _plain(seen.declared):
        yield f"it is a {found.name}, but is served as {seen.declared}: serve it as {found.content_type}"
    size = pixels(seen.content) if kind == "image" else None
    if size and max(size) > MOST_PIXELS and (not carriers or "tmobile" in carriers):
        yield f"{size[0]:,} × {size[1]:,} pixels: T-Mobile drops pictures of more than {MOST_PIXELS:,} without a word"
    if size and accepted.advised_pixels and (size[0] > accepted.advised_pixels[0] or size[1] > accepted.advised_pixels[1]):
        width, height = accepted.advised_pixels
        yield f"{size[0]:,} × {size[1]:,} pixels: the vendor advises at most {width} × {height}"
    if found is not None and has_position(seen.content, found.content_type):
        yield "it says where it was taken (GPS): `skymms fit` removes that"
    if seen.is_whole and found is not None and found.kind == kind and (fault := find_fault(seen.content, kind)):
        yield f"a phone may not open it: {fault}"


def _plain(content_type: str) -> str:
    return content_type.replace("image/jpg", "image/jpeg")
