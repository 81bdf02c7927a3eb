"""How an operation goes out: its fields as the tables name them, and the three ways in which they travel."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any, cast
from urllib.parse import urlencode

from ..account import HttpRequest
from ..operations import Operation
from .tables import PICTURES
from .values import CellcastSend, mobile


def fields_of(operation: Operation[Any]) -> dict[str, Any]:
    """What an operation says, under the names of the tables; for a send, what its slideshow and its one slide say."""
    if isinstance(operation, CellcastSend):
        show: Any = operation.slideshow
        slide = next(iter(getattr(show, "slides", ())), None)
        return {
            "text": broken(getattr(slide, "text", None)),
            "subject": getattr(show, "subject", None),
            "image": getattr(slide, "image", None),
            "to": numbers(operation),
            "sender": without_plus(operation.sender),
            "media": operation.media,
        }
    told = {item.name: _plain(getattr(operation, item.name)) for item in fields(cast(Any, operation))}
    # These two say what is done, and are no field of a request.
    return {name: value for name, value in told.items() if name not in {"mark_read", "everything"}}


def broken(text: Any) -> Any:
    """A text with its lines broken as both generations want it: by ``\\r\\n``."""
    return re.sub(r"\r\n|\r|\n", "\r\n", text) if isinstance(text, str) else text


def without_plus(sender: Any) -> Any:
    """A sender as it is sent: seed 001's alphabet has no plus, though its sample has one."""
    return sender.removeprefix("+") if isinstance(sender, str) else sender


def numbers(send: CellcastSend) -> tuple[str, ...]:
    """The recipients of a send, each once."""
    return tuple(dict.fromkeys(number for one in send.to if (number := mobile(one))))


def picture(media: bytes) -> tuple[str, str] | None:
    """The file name and the content type for the bytes of a picture; None for what is neither jpeg nor png."""
    return next((named for begins, named in PICTURES.items() if media.startswith(begins)), None)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    return value.isoformat() if isinstance(value, date) else value


# ------------------------------------------------------------------------------------------------ how it travels


def _in_query(method: str, url: str, headers: dict[str, str], named: dict[str, Any]) -> HttpRequest:
    return HttpRequest(method, f"{url}?{urlencode(named)}" if named else url, headers)


def _in_json(method: str, url: str, headers: dict[str, str], named: dict[str, Any]) -> HttpRequest:
    return HttpRequest(method, url, {**headers, "Content-Type": "application/json"}, _json(named))


def _in_form(method: str, url: str, headers: dict[str, str], named: dict[str, Any]) -> HttpRequest:
    """A form with a file. Both of seed 001's samples lose the contacts: they are one field, with a JSON array as its text."""
    from urllib3.filepost import encode_multipart_formdata

    parts = [(name, _part(value)) for name, value in named.items()]
    # Made of all the parts, so that the same request is the same bytes, and so that it is in none of them.
    boundary = sha256(repr(parts).encode()).hexdigest()
    body, content_type = encode_multipart_formdata(cast(Any, parts), boundary)
    return HttpRequest(method, url, {**headers, "Content-Type": content_type}, body)


def _part(value: Any) -> Any:
    if isinstance(value, bytes):
        name, content_type = picture(value) or ("", "")
        return name, value, content_type
    return _json(value) if isinstance(value, list) else str(value)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


CARRIED = {"query": _in_query, "json": _in_json, "form": _in_form}
