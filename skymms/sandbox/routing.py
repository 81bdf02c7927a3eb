"""Finds the dialect of a request from its path and method, so that one port serves all dialects; checks Host headers."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from ..cellcast import GENERATIONS
from ..transport.guard import is_loopback
from ..wire.codecs import DecodeError, multipart, query
from ..wire.dialects import DIALECTS, MAX_REQUEST, Dialect
from .listener import ServerRequest

#: The HTTP method of a dialect's requests, by where the dialect places its document.
_METHODS = {"url": "GET", "form": "POST", "bare": "POST"}


def dialect_path(dialect: Dialect) -> str:
    """Return the path of a dialect's gateway URL."""
    return urlsplit(dialect.url).path


def _dialects_by_address() -> dict[tuple[str, str], Dialect]:
    found: dict[tuple[str, str], Dialect] = {}
    for dialect in DIALECTS.values():
        path = dialect_path(dialect)
        # The vendor's introduction gives the address without index.php as well.
        for form in {path.rstrip("/"), path.removesuffix("/index.php")}:
            found[_METHODS[dialect.placement], form] = dialect
    return found


_DIALECTS_BY_ADDRESS = _dialects_by_address()

#: The text at ``/`` for programs, and the explanation of a 404.
ABOUT = (
    "This is a skymms sandbox: a gateway on your own machine. It accepts requests at\n\n"
    + "".join(f"  {_METHODS[one.placement]:<5}{dialect_path(one):<28}{one.title}\n" for one in DIALECTS.values())
    + "".join(f"       /api/{name}/{'':<20}Cellcast {name}\n" for name in GENERATIONS)
    + "\nNo message sent here reaches a phone.\n"
)


def dialect_at(request: ServerRequest) -> Dialect | None:
    """Return the dialect of the address that a request was sent to, None if no dialect has this address."""
    return _DIALECTS_BY_ADDRESS.get((request.method, request.path.rstrip("/")))


def is_page_or_control(first_bytes: bytes) -> bool:
    """Return whether a request that begins with these bytes is for the page or the control API, not for the gateway."""
    target = first_bytes.partition(b" ")[2]
    return target.startswith((b"/sandbox/", b"/ ", b"/?", b"/favicon.ico"))


def request_document(request: ServerRequest, dialect: Dialect) -> bytes:
    """Return the document in a request: its query, its body, or the form field that holds it.

    Raises :class:`MissingDocumentError` if there is none, and :class:`~skymms.wire.codecs.DecodeError` if it cannot be read.
    """
    if dialect.placement == "url":
        return request.query.encode()
    # Some editors write a byte order mark at the start of a UTF-8 file, and curl sends it.
    body = request.body.removeprefix(b"\xef\xbb\xbf")
    # Skycore 1.3 documents the XML in a form field; a production client of it sends the XML as the whole body.
    if dialect.placement == "form" and body.lstrip()[:1] != b"<":
        return _form_document(body, request.headers.get("content-type", ""))
    if not body.strip():
        raise MissingDocumentError("the request has no body")
    return body


class MissingDocumentError(DecodeError):
    """A request has no document where the dialect has it."""


#: The name of the form field, in lower case. The documents write it so, and the vendor's own PHP library writes XML.
_FIELD = "xml"
#: More fields than any form has.
_MAX_FIELDS = 1000


def _form_document(body: bytes, content_type: str) -> bytes:
    """Return the document in a form of either kind; the name of its field is compared without case."""
    fields = _multipart_fields(body, content_type) if multipart.is_form(content_type) else _urlencoded_fields(body)
    documents = [value for name, value in fields if name.lower() == _FIELD]
    if len(documents) > 1:
        raise MissingDocumentError(f"the form has its field {_FIELD} more than once")
    if not documents or not documents[0].strip():
        raise MissingDocumentError(f"neither XML nor a form with XML in its field {_FIELD}")
    return documents[0]


def _multipart_fields(body: bytes, content_type: str) -> list[tuple[str, bytes]]:
    """Return the fields of a form as PHP's curl sends an array. An uploaded file is not a field: PHP has it elsewhere, too."""
    try:
        parts = multipart.decode(body, content_type, MAX_REQUEST)
    except DecodeError as error:
        raise MissingDocumentError(f"no XML: {error}") from None
    return [(part.name, part.value) for part in parts if part.filename is None]


def _urlencoded_fields(body: bytes) -> list[tuple[str, bytes]]:
    try:
        # Some programs do not escape the document, so the text may have characters outside ASCII.
        fields = query.parse_pairs(body, _MAX_FIELDS)
    except ValueError as error:  # not UTF-8, as bytes or after the percent signs, or too many fields
        raise DecodeError(f"not a form in UTF-8: {error}") from None
    return [(name, value.encode()) for name, value in fields]


def has_trusted_host(request: ServerRequest, host: str) -> bool:
    """Return whether a request's Host header is localhost, an IP address, or ``host``, the name the sandbox listens on.

    A web page from elsewhere can point its own domain at 127.0.0.1 and then read the sandbox as its own origin (DNS rebinding).
    Its domain in the Host header shows that. An IP address cannot be pointed elsewhere, so any IP address is accepted: a
    sandbox that is open to other machines, or runs in a container, does not know its own addresses.
    """
    name = _host_name(request)
    if name is None:
        return False
    if is_loopback(name) or name == host.lower():
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_gateway_host(request: ServerRequest, host: str) -> bool:
    """Return whether a request may be sent to a gateway of the sandbox, or read one of its files, under its Host header.

    Besides the trusted hosts these are a request without the header, which no browser sends; a name without a dot or in a
    private domain, such as the name of a container; and the vendors' own names, which somebody may point at the sandbox. No
    stranger can have a web page under such a name.
    """
    if "host" not in request.headers or has_trusted_host(request, host):
        return True
    name = (_host_name(request) or ".").rstrip(".")
    return bool(name) and ("." not in name or name.endswith(_PRIVATE_DOMAINS) or name in _VENDOR_HOSTS)


_PRIVATE_DOMAINS = (".localhost", ".local", ".internal", ".test")
_VENDOR_HOSTS = frozenset(
    {urlsplit(url).hostname for url in (*(d.url for d in DIALECTS.values()), *(g.url for g in GENERATIONS.values()))}
)
#: The response to a request under any other host name.
FOREIGN_HOST = "This host name is not allowed: use localhost, the machine's IP address, or a name in a private network.\n"


def _host_name(request: ServerRequest) -> str | None:
    """Return the host in a request's Host header in lower case, None if it is not valid."""
    parts = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", request.headers.get("host", "").lower())
    return parts and (parts[1] or parts[2])
