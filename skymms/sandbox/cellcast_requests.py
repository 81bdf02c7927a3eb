"""Decodes requests to Cellcast: reads their fields, and creates the operation that has these fields.

Only the forms that the library sends are supported: JSON in v3, forms with a file in v1, and queries for listings.
"""

from __future__ import annotations

import email.parser
import email.policy
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

from ..cellcast import CellcastSend, MarkRead, mobile
from ..cellcast.values import as_list
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..slide import Slide
from ..wire.codecs import DecodeError, json, query
from ..wire.dialects import MAX_REQUEST
from .listener import ServerRequest

Fields = Mapping[str, Any]

# ------------------------------------------------------------------------------------------------ fields


def _read_query(request: ServerRequest) -> Fields:
    try:
        return _unique([(name, value) for name, value in query.parse_pairs(request.query.encode(), 100) if value])
    except ValueError as error:
        raise DecodeError(str(error)) from None


def _read_json(request: ServerRequest) -> Fields:
    document = json.parse(request.body or b"{}", MAX_REQUEST)
    if not isinstance(document, dict):
        raise DecodeError("not a JSON object")
    return cast("Fields", document)


def _read_form(request: ServerRequest) -> Fields:
    """Return the parts of a multipart body, read by the standard library's parser for mail, which has the same format."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data") or len(request.body) > MAX_REQUEST:
        raise DecodeError(f"not multipart/form-data of at most {MAX_REQUEST:,} bytes")
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    try:
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
        parts = [(part.get_param("name", header="content-disposition"), part) for part in message.iter_parts()]
        return _unique([(str(name), part.get_payload(decode=True)) for name, part in parts if name])
    # The parser raises these for bodies that are not forms.
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise DecodeError(f"not a form: {type(error).__name__}") from None


def _unique(pairs: list[tuple[str, Any]]) -> Fields:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise DecodeError("a field is given twice")
    return fields


#: Reads the fields of a request, by their placement.
FIELD_READERS: Mapping[str, Callable[[ServerRequest], Fields]] = {"query": _read_query, "json": _read_json, "form": _read_form}

# ------------------------------------------------------------------------------------------------ operations


def operation_of(kind: type[Operation[Any]], fields: Fields, *, numbers_are_json: bool) -> Operation[Any]:
    """Return the operation with these fields, which are named as in Python.

    With ``numbers_are_json`` the recipients are the text of a JSON array (v1), otherwise an array (v3). Raises
    :class:`~skymms.wire.codecs.DecodeError` if the fields are not valid.
    """
    if kind is CellcastSend:
        return _send_of(fields, numbers_are_json=numbers_are_json)
    create: Callable[..., Operation[Any]] = kind
    operation = create(**{name: _PARSERS[name](_text(value)) for name, value in fields.items()})
    return _selection_of(operation) if isinstance(operation, MarkRead) else operation


def _send_of(fields: Fields, *, numbers_are_json: bool) -> CellcastSend:
    texts = {name: _text(value) for name, value in fields.items() if name not in {"to", "media"}}
    to = fields["to"]
    if numbers_are_json:
        try:
            to = json.parse((_text(to) or "").encode(), MAX_REQUEST)
        except DecodeError:
            # Both samples on the v1 page do not have an array. The request then has no recipients.
            to = None
    numbers = [mobile(number) or number for number in as_list(to)]
    if not all(isinstance(number, str) for number in numbers):
        numbers = []
    text = texts["text"]
    slide = Slide(text.replace("\r\n", "\n") if text else None, image=texts["image"])
    return CellcastSend(
        Slideshow("", subject=texts.get("subject"), slides=(slide,)),
        to=numbers,
        sender=texts.get("sender"),
        media=fields.get("media") or None,
    )


def _selection_of(mark: MarkRead) -> MarkRead:
    """Return a MarkRead as the v3 page defines it: an id takes precedence, and without id and date everything is marked."""
    if mark.message_id is not None:
        return replace(mark, before=None)
    return replace(mark, everything=mark.before is None)


def _text(value: Any) -> str | None:
    """Return a field's text, or None if it is empty."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise DecodeError("not UTF-8") from None
    if value is not None and not isinstance(value, str):
        raise DecodeError("a field must be text, not a list, an object or a flag")
    return value or None


def _page(value: str | None) -> int | None:
    if value is not None and not re.fullmatch("[0-9]{1,9}", value):
        raise DecodeError("a page must be a whole number")
    return None if value is None else int(value)


def _day(value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise DecodeError("a day must be written as in 2026-01-31") from None


def _time(value: str | None) -> datetime | str | None:
    """Return a time that was sent as seconds since 1970, and any other text unchanged."""
    return datetime.fromtimestamp(int(value), UTC) if value is not None and re.fullmatch("[0-9]{1,10}", value) else value


def _same(value: str | None) -> str | None:
    return value


_PARSERS: Mapping[str, Callable[[str | None], Any]] = {
    "page": _page,
    "since": _day,
    "until": _day,
    "before": _time,
    "message_id": _same,
    "status": _same,
}
