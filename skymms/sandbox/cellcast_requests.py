"""How a request to Cellcast is taken apart: its fields, however they travel, and the values they are made into.

Only what the library writes is read: JSON in v3, a form with a file in v1, queries for what is asked and not done.
"""

from __future__ import annotations

import email.parser
import email.policy
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

from ..cellcast.account import CellcastSend, MarkRead
from ..cellcast.webhooks import mobile
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..slide import Slide
from ..wire.codecs import DecodeError, json
from ..wire.dialects import MAX_REQUEST
from .listener import ServerRequest

Fields = Mapping[str, Any]


def operation_of(kind: type[Operation[Any]], named: Fields, *, listed: bool) -> Operation[Any]:
    """An operation of its fields under our names; ``listed`` where numbers are a list, and not the text of one.

    Raises :class:`~skymms.codecs.Unreadable` where no such thing can be made of them.
    """
    if kind is CellcastSend:
        return _send_of(named, listed=listed)
    made: Any = kind(**{name: _READ[name](_text(value)) for name, value in named.items()})
    return _marking(made) if kind is MarkRead else made


def _in_query(request: ServerRequest) -> Fields:
    try:
        return _once(parse_qsl(request.query, errors="strict", max_num_fields=100))
    except ValueError as error:
        raise DecodeError(str(error)) from None


def _in_json(request: ServerRequest) -> Fields:
    document = json.parse(request.body or b"{}", MAX_REQUEST)
    if not isinstance(document, dict):
        raise DecodeError("not a JSON object")
    return document


def _in_form(request: ServerRequest) -> Fields:
    """The parts of a multipart body, by the standard library's parser for mail, which has the same form."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data") or len(request.body) > MAX_REQUEST:
        raise DecodeError(f"no multipart/form-data of at most {MAX_REQUEST:,} bytes")
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    try:
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
        named = [(part.get_param("name", header="content-disposition"), part) for part in parts.iter_parts()]
        return _once([(str(name), part.get_payload(decode=True)) for name, part in named if name])
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise DecodeError(f"no form: {type(error).__name__}") from None


def _once(pairs: list[tuple[str, Any]]) -> Fields:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DecodeError("a field is there twice")
    return found


CARRIED: Mapping[str, Callable[[ServerRequest], Fields]] = {"query": _in_query, "json": _in_json, "form": _in_form}


def _text(value: Any) -> str | None:
    """A text; None for an empty one."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise DecodeError("not UTF-8") from None
    if value is not None and not isinstance(value, str):
        raise DecodeError("a text is wanted, and not a list, an object or a flag")
    return value or None


def _whole(value: str | None) -> int | None:
    if value is not None and not re.fullmatch("[0-9]{1,9}", value):
        raise DecodeError("a page is a whole number")
    return None if value is None else int(value)


def _day(value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise DecodeError("a day is written 2026-01-31") from None


def _moment(value: str | None) -> datetime | str | None:
    """A datetime with a zone goes out as seconds since 1970, and anything else as it stands."""
    return datetime.fromtimestamp(int(value), UTC) if value is not None and re.fullmatch("[0-9]{1,10}", value) else value


def _send_of(named: Fields, *, listed: bool) -> CellcastSend:
    """A send, by its fields; ``listed`` where the numbers are a list, and not the text of one."""
    said = {name: _text(value) for name, value in named.items() if name not in {"to", "media"}}
    to = named["to"]
    if not listed:
        try:
            to = json.parse((_text(to) or "").encode(), MAX_REQUEST)
        except DecodeError:
            # As both samples of seed 001 send it: no array, so nobody to send to.
            to = []
    numbers = to if isinstance(to, list) and all(isinstance(one, str) for one in to) else []
    text = said["text"]
    slide = Slide(text.replace("\r\n", "\n") if text else None, image=said["image"])
    return CellcastSend(
        Slideshow("", subject=said.get("subject"), slides=(slide,)),
        to=tuple([mobile(one) or one for one in numbers]),
        sender=said.get("sender"),
        media=named.get("media") or None,
    )


def _marking(asked: MarkRead) -> MarkRead:
    """Seed 000: the id is looked at first, and without either everything is meant."""
    if asked.message_id is not None:
        return replace(asked, before=None)
    return replace(asked, everything=asked.before is None)


_READ: Mapping[str, Callable[[str | None], Any]] = {
    "page": _whole,
    "since": _day,
    "until": _day,
    "before": _moment,
    "message_id": lambda value: value,
    "status": lambda value: value,
}
