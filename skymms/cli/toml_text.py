"""Writes a slideshow in TOML, as people write it."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from typing import Any

from ..model.slideshow import Slideshow


def toml_text(slideshow: Slideshow) -> str:
    """Return a slideshow as a TOML file; :func:`skymms.files.read_file` reads the same slideshow from it."""
    parts = [_section(slideshow, skipped="slides")]
    parts += [f"[[slide]]\n{_section(slide)}" for slide in slideshow.slides]
    return "\n".join(parts)


def _section(holder: Any, skipped: str = "") -> str:
    values = {one.name: getattr(holder, one.name) for one in fields(holder) if one.name != skipped}
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # a datetime, too
        return value.isoformat()
    # A text of TOML is one of JSON, except that DEL is escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
