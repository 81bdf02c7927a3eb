"""Writes a command for curl that repeats a request, with the API key from an environment variable.

A text that had the key is given in parts: the key stood between each part and the next. In the command, the variable stands
there, so the shell fills it in.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

#: A text in the parts between which the key stood. A text without the key is one part.
Parts = Sequence[str]

#: The variable with the key.
KEY_VARIABLE = "SKYMMS_API_KEY"
#: Characters that a terminal could obey when somebody pastes the command, except for tabs and line feeds.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def curl_command(
    method: str,
    url: Parts,
    headers: Mapping[str, Parts],
    body: Parts | Mapping[str, Parts] = ("",),
    *,
    variable: str = KEY_VARIABLE,
) -> str | None:
    """Return a command for a POSIX shell that sends an equal request; None if there is no safe one.

    ``body`` is a mapping for a form with the type multipart/form-data. In the command, the fields of a form and the parameters
    of a GET are decoded, and curl encodes them again, with the key. Any other text is as it was, and the shell inserts the key
    unescaped. There is no command for a text with control characters that contains the key.
    """
    # Without this option curl expands brackets and braces in a URL.
    arguments = ["--globoff"] if re.search(r"[][{}]", "".join(url)) else []
    headers = {name: value for name, value in headers.items() if value}
    start, address, encoded = "", url, None
    if method == "GET":
        without_query, pairs = _query(url)
        if pairs and (encoded := _encoded_pairs(pairs, variable)) is not None:
            address, encoded = without_query, ["--get", *encoded]
    arguments.append(_word(address, variable))
    if method == "GET":
        arguments += encoded or []
    elif isinstance(body, Mapping):
        for name, value in body.items():
            arguments += ["--form-string", _word([f"{name}={value[0]}", *value[1:]], variable)]
        headers = _without_type(headers)
    elif _is_form(headers) and (encoded := _encoded_pairs(_split(body, "&"), variable)) is not None:
        arguments += encoded
        headers = _without_type(headers)
    elif not any(map(_CONTROL.search, body)):
        arguments += ["--data-raw", _word(body, variable)]
    elif len(body) == 1:
        start, more = _piped(body[0].encode("utf-8", "surrogatepass"))
        arguments += more
    else:
        return None
    for name, value in headers.items():
        arguments += ["--header", _word([f"{name}: {value[0]}", *value[1:]], variable)]
    if any(map(_CONTROL.search, arguments)):
        return None
    return start + "curl " + " \\\n  ".join(_lines(arguments)) + "\n"


def _without_type(headers: Mapping[str, Parts]) -> Mapping[str, Parts]:
    """Return the headers without the type of a form, which curl sends by itself."""
    return {name: value for name, value in headers.items() if name.lower() != "content-type"}


def _lines(arguments: Sequence[str]) -> list[str]:
    """Return each option with its value, and each other argument alone."""
    lines: list[str] = []
    for argument in arguments:
        if lines and re.fullmatch("--(?!get|globoff)[a-z-]+", lines[-1]):
            lines[-1] += f" {argument}"
        else:
            lines.append(argument)
    return lines


def _word(parts: Parts, variable: str) -> str:
    """Return one word of the shell: the parts in single quotes where they need them, with the variable between them."""
    quoted = [shlex.quote(part) if part else "" for part in parts]
    return f'"${variable}"'.join(quoted) or "''"


def _is_form(headers: Mapping[str, Parts]) -> bool:
    return any(
        name.lower() == "content-type" and value[0].partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
        for name, value in headers.items()
    )


def _query(url: Parts) -> tuple[Parts, list[Parts]]:
    """Return the URL without its query, and the parameters."""
    at = next((at for at, part in enumerate(url) if "?" in part), None)
    if at is None:
        return url, []
    before, _, after = url[at].partition("?")
    return [*url[:at], before], _split([after, *url[at + 1 :]], "&")


def _split(parts: Parts, separator: str) -> list[Parts]:
    """Split a text in parts at a character."""
    found: list[list[str]] = [[]]
    for part in parts:
        first, *others = part.split(separator)
        found[-1].append(first)
        found += [[other] for other in others]
    return [one for one in found if one != [""]]


def _encoded_pairs(pairs: Sequence[Parts], variable: str) -> list[str] | None:
    """Return the options that make curl encode these parameters; None if one of them cannot be written so."""
    options: list[str] = []
    for first, *others in pairs:
        name, equals, value = first.partition("=")
        decoded = [unquote_plus(part, errors="surrogateescape") for part in (value, *others)]
        # curl does not encode the name. A lone percent sign would become another text.
        is_lossless = (
            equals and re.fullmatch(r"[\w.~-]+", name, re.ASCII) and not any(map(_LONE_PERCENT.search, [*others, value]))
        )
        if not is_lossless or any(map(_CONTROL.search, decoded)):
            return None
        options += ["--data-urlencode", _word([f"{name}={decoded[0]}", *decoded[1:]], variable)]
    return options


def _piped(body: bytes) -> tuple[str, list[str]]:
    """Return what stands before curl to give it these bytes, and its options."""
    lines = base64.encodebytes(body).decode()
    return f"base64 -d <<'END' |\n{lines}END\n", ["--data-binary", "@-"]
