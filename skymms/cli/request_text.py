"""Lays out requests for reading, with the API key masked: for `skymms show` and for ``--dry-run``.

The account is always one whose key is a placeholder, so no key is in what is laid out here.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast
from urllib.parse import quote_plus

from ..account import Account
from ..cellcast import MAX_NUMBERS, CellcastAccount, CellcastSend
from ..cellcast.values import unique_mobiles
from ..http import HttpRequest
from ..model.operations import Operation
from ..redaction import MASK
from ..wire.codecs import json as json_codec
from ..wire.codecs import multipart, xml_tree
from . import output
from .exit_status import Status
from .operations import with_account_defaults


def address(request: HttpRequest) -> str:
    """Return a request's URL without a user name and password."""
    query = request.url.partition("?")[2]
    return f"{request.safe_url}?{query}" if query else request.safe_url


def format_document(account: Account, document: bytes) -> str:
    """Lay out a request for reading: indented XML or JSON, or an address with one parameter per line.

    `skymms check` reads the result again.
    """
    request = account.wrap(document)
    if not request.body:
        return _parameters(request)
    return _indented_json(document) if account.dialect_spec.codec is json_codec else _indented_xml(document)


def request_json(request: HttpRequest, document: str | None) -> dict[str, Any]:
    """Return the JSON document of a request; ``document`` is None if everything is in the URL."""
    return {"method": request.method, "url": address(request), "headers": request.headers, "document": document}


def _parameters(request: HttpRequest) -> str:
    return address(request).replace(quote_plus(MASK), MASK, 1).replace("?", "\n?", 1).replace("&", "\n&")


def _indented_json(document: bytes) -> str:
    text = json.dumps(json.loads(document), ensure_ascii=False, indent=2)
    # Escape control characters here: the escape that is printed for a terminal, \x7f, is not valid in JSON.
    return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _indented_xml(document: bytes) -> str:
    from lxml import etree

    # Our own document may be longer than one that is accepted from elsewhere.
    root = xml_tree.parse(document, len(document))
    etree.indent(root, "  ")
    return etree.tostring(root, encoding="unicode")


def _form(request: HttpRequest) -> str:
    """Lay out a form with files: a line for each field, and of a file only what it is."""
    content_type = request.headers["Content-Type"]
    parts = multipart.decode(request.body, content_type, len(request.body) + 1)
    return "\n".join(
        f"{part.name}: {part.value.decode()}" if part.filename is None else f"{part.name}: {_file(part)}" for part in parts
    )


def _file(part: multipart.FormPart) -> str:
    return f"the file {part.filename}, {len(part.value):,} bytes"


# ------------------------------------------------------------------------------------------------ dry runs


def print_dry_run(
    account: Account | CellcastAccount, operation: Operation[Any], as_json: bool, *, messages: int | None = None
) -> int:
    """Print the requests that a call would make, and how many messages. The operation was validated; nothing is sent.

    ``messages`` is how many a broadcast would send, of which the operation is one.
    """
    if isinstance(account, CellcastAccount):
        requests = _cellcast_requests(account, cast(CellcastSend, operation))
    else:
        requests = [_request(account, operation)]
    is_broadcast = messages is not None
    messages = message_count(operation) if messages is None else messages
    if as_json:
        found = [request_json(request, document) for request, document, _ in requests]
        output.print_json({"dry_run": True, "messages": messages, "requests": found})
        return Status.DONE
    for place, (request, _, text) in enumerate(requests):
        if place:
            output.print_line("")
        output.print_line(f"{request.method} {request.safe_url if request.body else text}")
        for name, value in request.headers.items():
            output.print_line(f"{name}: {value}")
        if request.body:
            output.print_line(f"\n{text}")
    output.print_message(f"Nothing was sent. {_summary(messages, None if is_broadcast else len(requests))}")
    return Status.DONE


def _request(account: Account, operation: Operation[Any]) -> tuple[HttpRequest, str | None, str]:
    operation = with_account_defaults(account, operation)
    document = account.dialect_spec.encode_request(operation, MASK, account.line_break, frozenset(account.former_names))
    request = account.wrap(document)
    return request, document.decode() if request.body else None, format_document(account, document)


def _cellcast_requests(account: CellcastAccount, operation: CellcastSend) -> list[tuple[HttpRequest, str | None, str]]:
    """Return the requests of a send, one for each thousand numbers."""
    numbers, prepared = unique_mobiles(operation.recipients), account.prepare(operation)
    found: list[tuple[HttpRequest, str | None, str]] = []
    for at in range(0, len(numbers), MAX_NUMBERS):
        request = prepared.request(numbers[at : at + MAX_NUMBERS])
        if multipart.is_form(request.headers["Content-Type"]):
            found.append((request, _form(request), _form(request)))
        else:
            found.append((request, request.body.decode(), _indented_json(request.body)))
    return found


def message_count(operation: Operation[Any]) -> int | None:
    """Return how many messages a call would send; None if only the gateway knows, as for the members of a campaign."""
    if isinstance(operation, CellcastSend):
        return len(unique_mobiles(operation.recipients))
    if not type(operation).__name__.startswith("Send"):
        return 0
    return 1 if getattr(operation, "to", None) is not None else None


def _summary(messages: int | None, requests: int | None) -> str:
    calls = "" if requests is None else f" in {requests:,} request{'' if requests == 1 else 's'}"
    if messages is None:
        return f"Without --dry-run the messages to all who belong to it would go out{calls}; only the gateway knows how many."
    if not messages:
        return "Without --dry-run no message would go out" + (f", and {calls.removeprefix(' in ')}." if calls else ".")
    return f"Without --dry-run {messages:,} message{'' if messages == 1 else 's'} would go out{calls}."
