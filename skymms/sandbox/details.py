"""What the page shows of one event on request: the request and its response, the exports, and why a file was not loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConfigurationError
from ..limits import Limits
from ..media import preflight
from ..slide import MEDIA, Slide
from .faults import FAULTS
from .gateway import RequestRecord
from .listener import ServerResponse
from .raw_http import show_request, show_response

#: Seconds for one file.
LOOK_TIMEOUT = 10.0


def request_details(record: RequestRecord, response: ServerResponse, api_key: str) -> dict[str, Any]:
    """Return a request as JSON for the page, with the keys masked."""
    fault = FAULTS.get(record.fault or "")
    shown = show_response(response, api_key)
    if fault is not None and response.connection_fault:
        shown["fault"] = f"{fault.description}. This is the answer that the gateway had."
    return {
        "request": show_request(record.raw) if record.raw is not None else None,
        "response": shown,
        "exports": {
            "python": _export(record.as_python),
            "toml": _export(record.as_toml),
            "curl": _export(record.as_curl),
        },
    }


def _export(write: Callable[[], str]) -> dict[str, str | None]:
    try:
        return {"text": write(), "reason": None}
    except ConfigurationError as error:
        return {"text": None, "reason": f"{error}."}


def file_reason(entry: Mapping[str, Any], kind: str, url: str, limits: Limits) -> str | None:
    """Look at a file of a message, and return why it cannot be loaded; None if the event has no such file.

    Only a URL of the event itself is requested, so that nobody can use the sandbox to request any other.
    """
    message: dict[str, Any] = entry.get("message") or {}
    slides: list[dict[str, Any]] = message.get("slides", [])
    urls = {str(file["url"]) for slide in slides for file in slide["files"]} | set(map(str, entry.get("files") or []))
    if kind not in MEDIA or url not in urls:
        return None
    fields: dict[str, Any] = {kind: url}
    found = preflight(Slide(**fields), limits, fetch="headers", private=True, base=None, timeout=LOOK_TIMEOUT)
    if found.problems:
        return found.problems[0].message
    (file,) = found.files
    size = f", {file.bytes:,} bytes" if file.bytes is not None else ""
    return f"the sandbox can load it ({file.found or file.declared}{size}), but this browser cannot show it"
