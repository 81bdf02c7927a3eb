"""A look at files that no decoder is used for: contact cards, calendars and documents; and the lengths of sounds and videos."""

from __future__ import annotations

import getpass
import struct

import pytest

from skymms.broadcast.auditing import who
from skymms.media import measuring, structures

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n"
EVENT = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:20310102T030405Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("look", "content", "problem"),
    [
        ("_vcard", CARD, None),
        ("_vcard", CARD.replace(b"BEGIN:VCARD", b"BEGIN:CARD"), "does not begin"),
        ("_vcard", CARD.replace(b"END:VCARD", b""), "does not end"),
        ("_vcard", CARD.replace(b"VERSION:3.0\r\n", b""), "VERSION"),
        ("_vcard", CARD.replace(b"FN:Ada\r\n", b""), "no name"),
        ("_ical", EVENT, None),
        ("_ical", EVENT.replace(b"BEGIN:VCALENDAR", b"BEGIN"), "does not begin"),
        ("_ical", EVENT.replace(b"END:VCALENDAR", b""), "does not end"),
        ("_ical", EVENT.replace(b"END:VEVENT\r\n", b""), "no end"),
        ("_ical", EVENT.replace(b"VEVENT", b"VTODO"), "no event"),
        ("_ical", EVENT.replace(b"DTSTART:20310102T030405Z\r\n", b""), "no beginning (DTSTART)"),
        ("_ical", EVENT.replace(b"T030405Z", b""), None),
        ("_ical", EVENT.replace(b":20310102", b";TZID=\r\n Europe/Paris:20310102"), None),
        ("_ical", EVENT.replace(b"20310102T", b"2 January "), "is not a date: DTSTART:2 January 030405Z"),
        ("_ical", EVENT.replace(b"DTSTART:20310102T030405Z", b"METHOD:REQUEST"), None),
        ("_pdf", b"%PDF-1.7\n...\nstartxref\n9\n%%EOF\n", None),
        ("_pdf", b"PDF-1.7", "does not begin"),
        ("_pdf", b"%PDF-1.7\n...", ""),
    ],
)
def test_what_is_wrong_with_a_file_is_named(look: str, content: bytes, problem: str | None) -> None:
    found = getattr(structures, look)(content)
    assert (found is None) == (problem is None)
    assert problem is None or problem in found


def test_a_box_with_a_long_length_is_passed_over() -> None:
    long = struct.pack(">I4sQ", 1, b"free", 24) + b"\0" * 8
    movie = struct.pack(">I4s", 16, b"moov") + b"\0" * 8
    find = measuring._box
    assert find(long + movie, b"moov", 0, 40) == (32, 40)
    assert find(struct.pack(">I4s", 4, b"free") + movie, b"moov", 0, 24) is None
    assert find(movie, b"mdat", 0, 16) is None


def test_the_user_of_a_container_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert who("ada") == "ada"
    assert who(None).isdigit()
