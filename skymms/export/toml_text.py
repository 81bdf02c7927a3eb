"""Writes a slideshow in TOML, as people write it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any, cast

from ..model.operations import SendMMS
from ..model.slideshow import Slideshow


def toml_text(message: Slideshow | SendMMS, *, dialect: str = "") -> str:
    """Return a slideshow as a TOML file; :func:`skymms.files.read_file` reads the same slideshow from it.

    Of a :class:`~skymms.SendMMS` the other fields become a comment: the command that sends the file with them, in this
    ``dialect``.
    """
    slideshow = message.slideshow if isinstance(message, SendMMS) else message
    parts = [f"# {_command(message, dialect)}\n"] if isinstance(message, SendMMS) else []
    parts += [_section(slideshow, skipped="slides")]
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


#: The options of ``skymms send`` that are not named like their field.
_OPTIONS: Mapping[str, str] = {"sender": "from"}


def _command(operation: SendMMS, dialect: str) -> str:
    """Return the command that sends the file. A comment has one line, so values with other characters are left out."""
    words = ["skymms", "send", "FILE.toml"]
    words += ["--dialect", dialect] if dialect else []
    for item in fields(operation):
        value: Any = getattr(operation, item.name)
        if item.name in {"slideshow", "cache_content"} or value is None:
            continue
        option = f"--{_OPTIONS.get(item.name, item.name).replace('_', '-')}"
        for one in cast(Any, value) if isinstance(value, tuple) else (value,):
            text = one.isoformat() if isinstance(one, date) else str(one)
            words += [option, text] if text.isprintable() and not re.search("[\ud800-\udfff]", text) else [option, "…"]
    return shlex.join(words)
