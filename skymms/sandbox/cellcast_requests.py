"""Decodes requests to Cellcast: reads their fields, and creates the operation that has these fields.

Supported are JSON and forms in v3, whose page has both; forms in v1; and queries for listings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

from ..cellcast import CellcastSend, MarkRead, mobile
from ..cellcast.values import as_list
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..slide import FILES, Slide
from ..validation.file_types import kind_of_url
from ..wire.codecs import DecodeError, json, multipart, query
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
    if multipart.is_form(request.headers.get("content-type", "")):
        return _read_form(request)
    document = json.parse(request.body or b"{}", MAX_REQUEST)
    if not isinstance(document, dict):
        raise DecodeError("not a JSON object")
    return cast("Fields", document)


def _read_form(request: ServerRequest) -> Fields:
    """Return the parts of a multipart body. A part with a file name is bytes, and any other text."""
    content_type = request.headers.get("content-type", "")
    if not multipart.is_form(content_type):
        raise DecodeError("not multipart/form-data")
    parts = multipart.decode(request.body, content_type, MAX_REQUEST)
    return _unique([(part.name, part.value if part.filename is not None else _decode(part.value)) for part in parts])


def _decode(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise DecodeError("not UTF-8") from None


def _unique(pairs: list[tuple[str, Any]]) -> Fields:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise DecodeError("a field is given twice")
    return fields


#: Reads the fields of a request, by their placement.
FIELD_READERS: Mapping[str, Callable[[ServerRequest], Fields]] = {"query": _read_query, "json": _read_json, "form": _read_form}

# ------------------------------------------------------------------------------------------------ operations


def operation_of(kind: type[Operation[Any]], fields: Fields) -> Operation[Any]:
    """Return the operation with these fields, which are named as in Python.

    Raises :class:`~skymms.wire.codecs.DecodeError` if the fields are not valid.
    """
    if kind is CellcastSend:
        return _send_of(fields)
    create: Callable[..., Operation[Any]] = kind
    operation = create(**{name: _PARSERS[name](_text(value)) for name, value in fields.items()})
    return _selection_of(operation) if isinstance(operation, MarkRead) else operation


def _send_of(fields: Fields) -> CellcastSend:
    texts = {name: _text(value) for name, value in fields.items() if name not in {"to", "media", *FILES}}
    # In v3 an upload and a URL have the same name, in v1 they do not.
    media = fields["media"] if isinstance(fields["media"], bytes) else None
    url = None if fields["image"] is media else _text(fields["image"])
    if media is None and fields["media"] and fields["media"] != url:
        raise DecodeError("media must be a file")
    to = fields["to"]
    if isinstance(to, str):
        try:
            # In a form, the numbers are one field that contains a JSON array.
            to = json.parse(to.encode(), MAX_REQUEST)
        except DecodeError:
            # Both samples on the v1 page do not have an array. The request then has no recipients.
            to = None
    numbers = [mobile(number) or number for number in as_list(to)]
    if not all(isinstance(number, str) for number in numbers):
        numbers = []
    text = texts["text"]
    # All kinds of file have the same name on the wire: the ending of the URL shows which one it is.
    urls: Any = {kind_of_url(url) if "video" in fields else "image": url} if url else {}
    slide = Slide(text.replace("\r\n", "\n") if text else None, **urls)
    return CellcastSend(
        Slideshow("", subject=texts.get("subject"), slides=(slide,)),
        to=numbers,
        sender=texts.get("sender"),
        media=media or None,
        country_code=texts.get("country_code"),
        client_reference=texts.get("client_reference"),
    )


def _selection_of(mark: MarkRead) -> MarkRead:
    """Return a MarkRead as the v3 page defines it: an id takes precedence, and without id and date everything is marked."""
    if mark.message_id is not None:
        return replace(mark, before=None)
    return replace(mark, everything=mark.before is None)


def _text(value: Any) -> str | None:
    """Return a field's text, or None if it is empty."""
    if value is not None and not isinstance(value, str):
        raise DecodeError("a field must be text, not a file, a list, an object or a flag")
    return value or None


def _page(value: str | None) -> int | None:
    if value is not None and not re.fullmatch("[0-9]{1,9}", value):
        raise DecodeError("the number and the size of a page must be whole numbers")
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
    "page_size": _page,
    "client_reference": _same,
    "since": _day,
    "until": _day,
    "before": _time,
    "message_id": _same,
    "status": _same,
}
