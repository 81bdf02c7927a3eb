"""Where each setting of an account comes from, and the form of its key."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ..account import Account
from ..cellcast import CellcastAccount
from ..errors import ConfigurationError
from ..redaction import MIN_KEY_LENGTH, check_key, strip_credentials
from .accounts import FoundKey, Settings, find_key
from .doctor_report import Finding, failure, good, skipped, warning
from .profiles import config_path, list_profiles

#: The settings that are shown, in this order.
_SHOWN = ("dialect", "generation", "url", "allow_http", "sender", "service_id", "rate", "waived", "former_names")
#: A number that is longer than a short code belongs to a person, or could.
_LONGEST_SHORT_CODE = 6


def examine_settings(settings: Settings, account: Account | CellcastAccount) -> Iterator[Finding]:
    """Yield the settings of an account with their sources, and its address."""
    path = config_path()
    if settings.profile is not None:
        yield good("profile", f"{settings.profile.name} in {settings.profile.path}")
    elif names := list_profiles():
        yield good("profile", f"none is chosen; {path} has {', '.join(names)}")
    else:
        yield skipped("profile", f"there is no profile in {path}")
    given = {name: settings.values[name] for name in _SHOWN if settings.values.get(name)}
    if "dialect" not in given and isinstance(account, Account):
        yield good("dialect", f"{account.dialect} (default)")
    for name, value in given.items():
        yield good(name.replace("_", " "), f"{_shown(name, value)} ({settings.sources.get(name, 'default')})")
    product = account.dialect_spec.title if isinstance(account, Account) else f"Cellcast {account.generation}"
    yield _address(account, product, is_vendors="url" not in given)


def _address(account: Account | CellcastAccount, product: str, *, is_vendors: bool) -> Finding:
    address = public_address(account.address)
    text = f"{address} ({product}{', the vendor' if is_vendors else ''}{chr(39) + 's own' if is_vendors else ''})"
    if account.allow_http and account.address.startswith("http:"):
        return warning("address", f"{text}; the API key is sent unencrypted", "use https://, and leave out --allow-http")
    return good("address", text)


def public_address(url: str) -> str:
    """Return a URL without a password and without its query, which may contain a key."""
    address, question, _ = strip_credentials(url).partition("?")
    return f"{address}?…" if question else address


def _shown(name: str, value: Any) -> str:
    if name == "url":
        return public_address(str(value))
    text = ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list | tuple) else str(value)
    if name == "sender" and sum(map(str.isdigit, text)) > _LONGEST_SHORT_CODE:
        return f"a number of {sum(map(str.isdigit, text))} digits"
    return text


# ------------------------------------------------------------------------------------------------ the key


def examine_key(settings: Settings, variable: str) -> tuple[Finding, FoundKey | None]:
    """Return what is known about the key, and the key if it can be used."""
    how = f"set {variable}, or {variable}_FILE to the name of a file that contains it, or write it into a profile"
    try:
        found = find_key(settings.profile, variable)
    except ConfigurationError as error:
        return failure("key", str(error), f"write the key into that file, or {how}"), None
    if found is None:
        return failure("key", "there is no API key", how), None
    try:
        check_key(found.key, how)
    except ConfigurationError as error:
        return failure("key", f"{error} ({found.source})", "copy the key again, without blanks and quotes"), None
    form = _form(found.key)
    if problem := _suspicion(found.key, variable):
        return warning("key", f"{form} ({found.source}); {problem[0]}", problem[1]), found
    return good("key", f"{form} ({found.source})"), found


_ALPHABETS: Mapping[str, str] = {
    "digits": string.digits,
    "hexadecimal digits": string.hexdigits,
    "letters and digits": string.ascii_letters + string.digits,
}


def _form(key: str) -> str:
    """Return the length of a key and its kind of characters, and none of the characters."""
    kind = next((name for name, alphabet in _ALPHABETS.items() if set(key) <= set(alphabet)), "letters, digits and others")
    return f"***, {len(key)} characters, {kind}"


def _suspicion(key: str, variable: str) -> tuple[str, str] | None:
    """Return what looks wrong about a key, and what to do; None for a usual one."""
    if key[0] in "\"'<" or key[-1] in "\"'>":
        return "it begins or ends with a quote or a bracket", "write the key without quotes and brackets"
    if "=" in key and key.partition("=")[0] in {variable, "export"}:
        return f"it begins with {variable}=", "write the key alone"
    if key.lower().replace("_", "-") in {"your-api-key", "api-key", "your-key", "changeme", "xxx"}:
        return "it is a placeholder", "write the key that the vendor gave you"
    if len(key) < MIN_KEY_LENGTH:
        return "so short a text is not masked in errors and logs", "check that the whole key was copied"
    return None
