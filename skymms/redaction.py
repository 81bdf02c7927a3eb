"""Checks API keys, and masks them in everything that is shown or kept.

A key that a gateway repeats in a response is masked before any part of the response is kept. Objects with a key cannot be
pickled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, NoReturn, cast

from .errors import ConfigurationError

#: Replaces a key.
MASK = "***"
#: Shorter texts are not masked: they could be ordinary words. The keys in the vendor's documents have 32 characters.
MIN_KEY_LENGTH = 6
#: A key file is read up to this many characters, so that a wrong path (a device, a log) ends in an error.
MAX_KEY_FILE = 10_000


class KeyHolder:
    """Base class of immutable objects with a key: they cannot be pickled, and copying returns the same object."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} has an account's key, so it cannot be pickled: create it in the process that uses it"
        )

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self


def key_from_environment(env: Mapping[str, str], variable: str, content: str = "the API key") -> str:
    """Return the key in the file that ``variable`` + ``_FILE`` names, else the key in ``variable``; empty if neither is set.

    The file wins: it is what a container platform mounts, while the variable may be left from elsewhere. Raises
    :class:`~skymms.ConfigurationError` for a file that cannot be read or is empty.
    """
    path = env.get(f"{variable}_FILE")
    return read_key_file(path, f"{variable}_FILE={path!r:.200}", content) if path else env.get(variable) or ""


def read_key_file(path: str, name: str, content: str = "the API key") -> str:
    """Return the key in a file, without the white space around it; an error calls the file ``name`` and the key ``content``.

    Raises :class:`~skymms.ConfigurationError` for a file that cannot be read, is empty, or is too long for a key.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_KEY_FILE + 1)
    except UnicodeDecodeError:
        text = ""
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise ConfigurationError(f"{name} cannot be read: {reason}") from None
    if not (key := text.strip()) or len(text) > MAX_KEY_FILE:
        raise ConfigurationError(f"{name}: the file must contain {content} and nothing else")
    return key


def check_key(key: Any, how: str) -> None:
    """Raise :class:`~skymms.ConfigurationError` for a value that cannot be a key; ``how`` says how to give one."""
    if not key or not str(key).strip():
        raise ConfigurationError(f"the account has no key: {how}")
    if not isinstance(key, str):
        raise ConfigurationError(f"the account's key must be text, not {type(key).__name__}")
    if not key.isprintable() or not key.isascii() or " " in key:
        raise ConfigurationError("the account's key contains a blank, a line break or a character outside ASCII: remove it")


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+|")


def strip_credentials(address: str) -> str:
    """Return a URL without a user name and a password, for printing; the URL may be wrong."""
    begins = _SCHEME.match(address)
    return (begins[0] if begins else "") + address.rpartition("@")[2] if "@" in address else address


def account_repr(account: Any) -> str:
    """Return the repr of an account: its fields except the key and those that are None, and its URL without a password."""
    given = {item.name: getattr(account, item.name) for item in fields(account) if item.repr}
    chosen = {name: value for name, value in given.items() if value is not None}
    if chosen.get("url"):
        chosen["url"] = strip_credentials(chosen["url"])
    return f"{type(account).__name__}({', '.join(f'{name}={value!r}' for name, value in chosen.items())})"


# ------------------------------------------------------------------------------------------------ masking


class KeyMasker:
    """Finds and masks one key in any text, however it is written there: plain, escaped or in base64.

    Any of its characters may be escaped as in URLs and forms (``%2F``), in JSON (``\\/``, ``\\u002f``) or in XML and HTML
    (``&amp;``, ``&#47;``, ``&#x2f;``), once or twice. In base64 it is found at any place, such as in HTTP's Basic credentials.
    """

    __slots__ = ("_base64", "_escaped", "_key")

    def __init__(self, key: str) -> None:
        self._key = key
        self._base64 = _base64_forms(key.encode())
        self._escaped: re.Pattern[str] | None = None

    def is_in(self, text: str) -> bool:
        """Return whether the text contains the key in any form."""
        if self._key in text:
            return True
        for form in self._base64:
            if form in text:
                return True
        # Escapes need one of these characters, which hardly any response has.
        return ("%" in text or "&" in text or "\\" in text) and self._pattern().search(text) is not None

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where the key begins and ends in the text, for each of its occurrences."""
        return [match.span() for match in self._whole_pattern().finditer(text)] if self.is_in(text) else []

    def mask(self, text: str) -> str:
        """Return the text with the key masked."""
        return self._masked(text, range(len(text))) if self.is_in(text) else text

    def mask_in_wide(self, text: str) -> str:
        """Return the text with the key masked, although zero bytes may separate its characters, as in UTF-16 and UTF-32."""
        places = [at for at, character in enumerate(text) if character != "\0"]
        return self._masked(text, places) if self.is_in(text.replace("\0", "")) else text

    def _masked(self, text: str, places: Sequence[int]) -> str:
        """Mask the key in a text of which only the characters at these places are looked at."""
        together = text if len(places) == len(text) else "".join(text[at] for at in places)
        masked: list[str] = []
        done = 0
        for match in self._whole_pattern().finditer(together):
            first, second, last = (places[at] for at in (match.start(), match.start() + 1, match.end() - 1))
            masked += [text[done:first], ("\0" * (second - first - 1)).join(MASK)]
            done = last + 1
        return "".join([*masked, text[done:]])

    def _whole_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join([self._pattern().pattern, *map(re.escape, self._base64)]))

    def _pattern(self) -> re.Pattern[str]:
        if self._escaped is None:
            self._escaped = re.compile("".join(map(_forms_of_character, self._key)))
        return self._escaped


def _forms_of_character(character: str) -> str:
    """Return a pattern for all forms of one character of a key."""
    code, literal = ord(character), re.escape(character)
    names = "".join(f"|{name}" for name, meaning in _named_references().items() if meaning == character)
    in_url = rf"%(?:25){{0,2}}(?i:{code:02x})"
    in_json = rf"\\{{1,4}}(?:u00(?i:{code:02x})|{literal})"
    in_xml = rf"&(?:amp;){{0,2}}(?:#0{{0,6}}{code};|#[xX]0{{0,6}}(?i:{code:x});{names})"
    return f"(?:{in_json}|{literal}|{in_url}|{in_xml})"


@lru_cache(maxsize=1)
def _named_references() -> dict[str, str]:
    from html.entities import html5  # only texts with escapes need it

    return {name: meaning for name, meaning in html5.items() if name.endswith(";") and len(meaning) == 1 and meaning.isascii()}


def _base64_forms(key: bytes) -> tuple[str, ...]:
    """Return what all base64 texts of data that contain the key have in common: it may begin at any of three places."""
    from base64 import b64encode

    forms: dict[str, None] = {}
    for before in range(3):
        whole = b64encode(b"\0" * before + key).decode()
        # Leave out the characters that also depend on the neighbours of the key.
        core = whole[-(-8 * before // 6) : 8 * (before + len(key)) // 6]
        forms |= dict.fromkeys([core, core.replace("+", "-").replace("/", "_")])
    return tuple(forms)


@lru_cache(maxsize=256)
def masker(key: str) -> KeyMasker | None:
    """Return the masker of a key, or None for a key of less than six characters, which is not masked."""
    return KeyMasker(key) if len(key) >= MIN_KEY_LENGTH else None


def mask_key(text: str, key: str) -> str:
    """Return a text with the key masked in all its forms; a key of less than six characters is not masked."""
    mask = masker(key)
    return text if mask is None else mask.mask(text)


#: The keys of all accounts of this process.
_KNOWN_KEYS: dict[str, None] = {}


def remember_key(key: str) -> None:
    """Let :func:`mask_known_keys` mask this key from now on."""
    _KNOWN_KEYS[key] = None


def mask_known_keys(text: str) -> str:
    """Return a text with the keys of all accounts of this process masked."""
    for key in tuple(_KNOWN_KEYS):
        text = mask_key(text, key)
    return text


def mask_key_in_json(document: Any, key: str) -> Any:
    """Return a parsed JSON document with the key masked in its names and its texts."""
    if isinstance(document, dict):
        members = cast("dict[str, Any]", document)
        return {mask_key(name, key): mask_key_in_json(inner, key) for name, inner in members.items()}
    if isinstance(document, list):
        items: list[Any] = cast(Any, document)
        return [mask_key_in_json(inner, key) for inner in items]
    return mask_key(document, key) if isinstance(document, str) else document


def mask_key_in_body(body: bytes, key: str) -> bytes:
    """Return a body with the key masked in all its forms, in UTF-8, UTF-16 and UTF-32."""
    mask = masker(key)
    if mask is None:
        return body
    # In Latin-1 each byte is one character, so nothing but the key changes.
    text = body.decode("latin-1")
    return (mask.mask_in_wide(text) if "\0" in text else mask.mask(text)).encode("latin-1")
