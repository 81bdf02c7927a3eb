"""Recognises the type of a file by its content, whatever its name and its Content-Type say."""

from __future__ import annotations

import re
from typing import NamedTuple


class Content(NamedTuple):
    """A type of content: its name for people, the kind of file on a slide (empty if no slide accepts it), its type."""

    name: str
    kind: str
    content_type: str


def _of(name: str, kind: str, content_type: str, pattern: bytes) -> tuple[Content, re.Pattern[bytes]]:
    return Content(name, kind, content_type), re.compile(pattern, re.DOTALL)


_BOM = rb"(?:\xef\xbb\xbf)?\s*"
#: The first bytes of each type. The first match counts, so special forms of a container are listed before the container.
_SIGNATURES = (
    _of("JPEG", "image", "image/jpeg", rb"\xff\xd8\xff"),
    _of("PNG", "image", "image/png", rb"\x89PNG\r\n\x1a\n"),
    _of("GIF", "image", "image/gif", rb"GIF8[79]a"),
    _of("WebP", "image", "image/webp", rb"RIFF....WEBP"),
    _of("AVIF", "image", "image/avif", rb"....ftypavi[fs]"),
    _of("HEIC", "image", "image/heic", rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)"),
    _of("BMP", "image", "image/bmp", rb"BM....\0\0\0\0"),
    _of("TIFF", "image", "image/tiff", rb"II\x2a\0|MM\0\x2a"),
    _of("WAV", "audio", "audio/wav", rb"RIFF....WAVE"),
    _of("AMR", "audio", "audio/amr", rb"#!AMR(?:-WB)?\n"),
    _of("Ogg", "audio", "audio/ogg", rb"OggS"),
    _of("FLAC", "audio", "audio/flac", rb"fLaC"),
    _of("MIDI", "audio", "audio/midi", rb"MThd"),
    _of("MP3", "audio", "audio/mpeg", rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"),
    _of("AAC", "audio", "audio/aac", rb"\xff[\xf0\xf1\xf8\xf9]"),
    _of("M4A", "audio", "audio/mp4", rb"....ftypM4[AB]"),
    _of("3GP", "video", "video/3gpp", rb"....ftyp3g[a-z0-9]"),
    _of("QuickTime", "video", "video/quicktime", rb"....ftypqt  "),
    _of("MP4", "video", "video/mp4", rb"....ftyp"),
    _of("MPEG", "video", "video/mpeg", rb"\0\0\x01[\xba\xb3]"),
    _of("AVI", "video", "video/x-msvideo", rb"RIFF....AVI "),
    _of("WMV", "video", "video/x-ms-wmv", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    _of("WebM", "video", "video/webm", rb"\x1a\x45\xdf\xa3"),
    _of("vCard", "vcard", "text/vcard", _BOM + rb"(?i:BEGIN:VCARD)"),
    _of("iCalendar", "ical", "text/calendar", _BOM + rb"(?i:BEGIN:VCALENDAR)"),
    _of("PDF", "pdf", "application/pdf", rb"%PDF-"),
    _of("pass", "passbook", "application/vnd.apple.pkpass", rb"PK\x03\x04"),
    _of("web page", "", "text/html", _BOM + rb"(?i:<!doctype html|<html|<head|<body|<script|<!--)"),
    _of("XML document", "", "application/xml", _BOM + rb"<\?xml|" + _BOM + rb"<[a-zA-Z]"),
    _of("gzip archive", "", "application/gzip", rb"\x1f\x8b"),
    _of("playlist", "", "application/vnd.apple.mpegurl", rb"#EXTM3U"),
    _of("JSON document", "", "application/json", _BOM + rb"[{\[]\s*[\"\]}{\[]"),
)


def recognise(content: bytes) -> Content | None:
    """Return the type of a file by its first bytes; None for a type that is not known."""
    return next((one for one, signature in _SIGNATURES if signature.match(content)), None)
