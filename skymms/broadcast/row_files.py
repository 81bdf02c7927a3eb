"""Writes the rows of a report to a CSV or JSONL file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import IO, Any


def write_rows(file: IO[str], columns: Sequence[str], rows: Iterable[dict[str, Any]], *, as_json: bool) -> int:
    """Write rows with a header, or as one JSON object a line, and return how many there are."""
    writer: csv.DictWriter[str] = csv.DictWriter(file, columns)
    if not as_json:
        writer.writeheader()
    count = 0
    for row in rows:
        count += 1
        if as_json:
            file.write(json.dumps(row) + "\n")
        else:
            writer.writerow(row)
    return count
