"""The status of delivery reports of before 2013-11, which was in attributes of an empty element.

An MMS had ``<STATUS celly="20" provider="1000" text="Retrieved" description=""/>``, and an SMS
``<STATUS protocole="3" status="1"/>``. Names were in upper or lower case. Sources: Skycore's overview of postbacks, and its
appendices C and SMS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..model.notices import NOT_REPORTED
from .codecs import Leaf
from .dialects import normalize_name

#: The path of a leaf that no document has: the event has the form of before 2013-11, and no status.
NO_STATUS = "#status"
_STATUS, _ATTRIBUTES = "status", "status/@"
#: The normalized names of the attributes that are read.
STATUS_ATTRIBUTES = frozenset(f"{_ATTRIBUTES}{name}" for name in ("celly", "text", "protocole", "protocol", "status"))

#: The text of a status of an MMS that has only the gateway's code.
_TEXTS: Mapping[str, str] = {"10": "Link sent", "20": "Delivered", "30": "Expired", "35": "Rejected"}
#: The text of a status of an SMS, by its protocol and its number. The numbers of failed requests are left out.
_SMS_TEXTS: Mapping[tuple[str, str], str] = {
    ("2", "0"): "Sent",
    ("2", "1"): "Queued",
    ("2", "2"): "Queued",
    ("2", "3"): "Sent",
    ("2", "4"): "Delivered",
    ("2", "5"): "Sent",
    ("2", "810"): "Failed",
    ("2", "811"): "Expired",
    ("3", "1"): "Delivered",
    ("3", "2"): "Failed",
    ("3", "4"): "Queued",
    ("3", "8"): "Sent",
    ("3", "16"): "Rejected",
}


def with_status(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Return the leaves of a delivery report with the status of its attributes as the text of STATUS."""
    status = _status({normalize_name(path): text.strip() for path, _, text in leaves if "#" in path or "@" in path})
    found = [leaf for leaf in leaves if leaf[0] != NO_STATUS]
    if status is None:
        return found
    at = next((at for at, (path, _, _) in enumerate(found) if normalize_name(path) == _STATUS), None)
    if at is None:
        return [*found, (_STATUS, 0, status)]
    path, index, text = found[at]
    found[at] = (path, index, text if text.strip() else status)
    return found


def _status(texts: Mapping[str, str]) -> str | None:
    """Return the status that attributes have, or None if there are none."""
    attributes = {path.removeprefix(_ATTRIBUTES): text for path, text in texts.items() if path.startswith(_ATTRIBUTES) and text}
    if not attributes:
        return NOT_REPORTED if NO_STATUS in texts or any(path.startswith(_ATTRIBUTES) for path in texts) else None
    by_protocol = _SMS_TEXTS.get((attributes.get("protocole") or attributes.get("protocol", ""), attributes.get("status", "")))
    known = attributes.get("text") or _TEXTS.get(attributes.get("celly", "")) or by_protocol
    # An unknown status is not the same as none, which would be read as delivered if the code is N102.
    return known or ", ".join(f"{name} {text}" for name, text in sorted(attributes.items()))
