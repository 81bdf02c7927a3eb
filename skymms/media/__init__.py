"""Looks at media files before they are sent, and makes them fit.

In reading order:

- ``images``: checks that an image file is complete and undamaged
- ``signatures``: recognises the type of a file by its content
- ``measuring``: pixels and seconds of a file, by its headers
- ``structures``: looks at the structure of contact cards, calendar entries, PDF files and passes
- ``acceptance``: what a gateway accepts: types, sizes, and the code for each problem
- ``carriers``: how much of a message each carrier delivers
- ``addresses``: tells public addresses from private ones
- ``fetching``: requests one file as a gateway does, but nothing from a private network
- ``looking``: looks at one file
- ``judging``: the problem and the warnings of one file
- ``inspection``: looks at all files of a message
"""

from __future__ import annotations

from .carriers import CARRIER_LIMITS, FILE_BUDGET, MESSAGE_BUDGET, CarrierLimit, CarrierVerdict
from .inspection import FileReport, Preflight, preflight, preflight_async

__all__ = [
    "CARRIER_LIMITS",
    "FILE_BUDGET",
    "MESSAGE_BUDGET",
    "CarrierLimit",
    "CarrierVerdict",
    "FileReport",
    "Preflight",
    "preflight",
    "preflight_async",
]
