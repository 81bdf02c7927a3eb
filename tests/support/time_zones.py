"""Time zones, and the nights in which their clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

#: All time zones of the United States and of Australia.
ZONES = [
    *(f"America/{city}" for city in (
        "New_York", "Detroit", "Kentucky/Louisville", "Kentucky/Monticello", "Indiana/Indianapolis", "Indiana/Vincennes",
        "Indiana/Winamac", "Indiana/Marengo", "Indiana/Petersburg", "Indiana/Vevay", "Chicago", "Indiana/Tell_City",
        "Indiana/Knox", "Menominee", "North_Dakota/Center", "North_Dakota/New_Salem", "North_Dakota/Beulah", "Denver", "Boise",
        "Phoenix", "Los_Angeles", "Anchorage", "Juneau", "Sitka", "Metlakatla", "Yakutat", "Nome", "Adak", "Puerto_Rico",
    )),
    "Pacific/Honolulu", "Pacific/Guam", "Pacific/Pago_Pago",
    *(f"Australia/{city}" for city in (
        "Lord_Howe", "Hobart", "Melbourne", "Sydney", "Broken_Hill", "Brisbane", "Lindeman", "Adelaide", "Darwin", "Perth",
        "Eucla",
    )),
    "Antarctica/Macquarie",
]  # fmt: skip
#: The nights in which clocks change, with an hour before and after: in the United States and in Australia, both ways.
CHANGES = [
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
]
