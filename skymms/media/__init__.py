"""Looks at media files before they are sent, and makes them fit.

In reading order:

- ``options``: checks the values that callers pass
- ``images``: checks that an image file is complete and undamaged
- ``signatures``: recognises the type of a file by its content
- ``measuring``: pixels and seconds of a file, by its headers
- ``positions``: finds and removes the position (GPS) of a picture or a video
- ``structures``: looks at the structure of contact cards, calendar entries, PDF files and passes
- ``acceptance``: what a gateway accepts: types, sizes, and the code for each problem
- ``carriers``: how much of a message each carrier delivers
- ``addresses``: tells public addresses from private ones
- ``fetching``: requests one file as a gateway does, but nothing from a private network
- ``looking``: looks at one file
- ``judging``: the problem and the warnings of one file
- ``inspection``: looks at all files of a message
- ``joining``: joins what the rules say of a message with what was seen of its files
- ``fitted``: the result of fitting a file
- ``metadata``: removes the metadata of a picture without decoding it
- ``decoding``: decodes pictures within limits
- ``scaling``: searches for the largest scale that fits
- ``stills``: makes a picture that does not move fit
- ``animations``: makes an animation fit
- ``pictures``: makes a picture fit
- ``isolation``: makes a picture fit in a process of its own
- ``ffmpeg``: makes sounds and videos fit
- ``fitting``: makes one file fit
- ``slideshows``: makes the files of a slideshow fit into one message
- ``publishing``: stores the files of a slideshow, and fetches them as the gateway will
- ``s3``: stores files in a bucket of S3
"""

from __future__ import annotations

from .carriers import CARRIER_LIMITS, FILE_BUDGET, MESSAGE_BUDGET, CarrierLimit, CarrierVerdict
from .fitted import Fitted
from .fitting import fit
from .inspection import FileReport, Preflight, preflight, preflight_async
from .publishing import publish
from .s3 import S3Bucket
from .slideshows import Put, fit_slideshow

__all__ = [
    "CARRIER_LIMITS",
    "FILE_BUDGET",
    "MESSAGE_BUDGET",
    "CarrierLimit",
    "CarrierVerdict",
    "FileReport",
    "Fitted",
    "Preflight",
    "Put",
    "S3Bucket",
    "fit",
    "fit_slideshow",
    "preflight",
    "preflight_async",
    "publish",
]
