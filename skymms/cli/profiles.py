"""Reads a named profile from the configuration file.

A profile is a set of account settings that ``skymms --profile NAME`` uses. The file is ``$SKYMMS_CONFIG``, or
``skymms/config.toml`` in ``$XDG_CONFIG_HOME`` (``~/.config`` if that is not set)::

    [profiles.test]
    api_key_file = "test.key"       # relative to this file
    dialect = "skycore"
    url = "https://mms.example.com/API/wxml/1.3/index.php"
    sender = "60856"
    rate = 14.5                     # requests a second
    waived = ["subject"]            # fields that this account does not require although its dialect does

    [profiles.au]
    gateway = "cellcast"
    generation = "v1"
    api_key_file = "~/keys/cellcast"

A message about this file never quotes a value, because the value may be a key.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from ..errors import ConfigurationError
from ..redaction import read_key_file
from .inputs import read_bytes

#: The most bytes of a configuration file, so that a device or a wrong path is not read to its end.
MAX_CONFIG = 1_000_000

#: The keys that every profile may have, and those of one gateway.
_COMMON = ("gateway", "api_key", "api_key_file", "url", "allow_http", "rate")
KEYS: Mapping[str, tuple[str, ...]] = {
    "skycore": (*_COMMON, "dialect", "sender", "service_id", "fallback_text", "waived", "former_names"),
    "cellcast": (*_COMMON, "generation"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named set of account settings. ``settings`` does not include the API key."""

    name: str
    path: Path
    gateway: str
    settings: Mapping[str, Any]
    _key: str | None = field(default=None, repr=False)
    _key_file: Path | None = None

    def read_api_key(self) -> str | None:
        """Return the API key of the profile, from ``api_key_file`` or ``api_key``; None if it has neither."""
        return read_key_file(str(self._key_file), str(self._key_file)) if self._key_file else self._key


def config_path() -> Path:
    """Return the path of the configuration file, which may not exist."""
    if chosen := os.environ.get("SKYMMS_CONFIG"):
        return _expand(chosen)
    return _expand(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "skymms" / "config.toml"


def read_profile(name: str) -> Profile:
    """Read the profile ``name`` from the configuration file.

    Raises :class:`~skymms.ConfigurationError` if the file cannot be read, there is no such profile, or one of its keys is
    unknown or has the wrong type. Other profiles are not validated.
    """
    path = config_path()
    profiles = _profiles(path, name)
    if name not in profiles:
        known = f"the file has {', '.join(sorted(profiles))}" if profiles else f"add a section [profiles.{name}]"
        raise ConfigurationError(f'{path}: there is no profile "{name}"; {_suggest(name, profiles)}{known}')
    table = profiles[name]
    if mistakes := list(_mistakes(table)):
        raise ConfigurationError("\n".join(f"{path}, profile {name}: {mistake}" for mistake in mistakes))
    if any("api_key" in one for one in profiles.values() if isinstance(one, dict)):
        _warn_if_others_can_read(path)
    key_file = table.get("api_key_file")
    return Profile(
        name=name,
        path=path,
        gateway=table.get("gateway", "skycore"),
        settings={key: value for key, value in table.items() if key not in {"gateway", "api_key", "api_key_file"} and value},
        _key=table.get("api_key"),
        _key_file=path.parent / _expand(key_file) if key_file else None,
    )


def list_profiles() -> list[str]:
    """Return the names of the profiles in the configuration file; none if there is no file that can be read."""
    try:
        return sorted(_profiles(config_path(), "NAME"))
    except ConfigurationError:
        return []


def _profiles(path: Path, name: str) -> dict[str, Any]:
    """Return all profiles in the configuration file."""
    try:
        path.stat()
    except FileNotFoundError:
        raise ConfigurationError(f"there is no configuration file {path}; create it with a section [profiles.{name}]") from None
    except (OSError, ValueError):
        pass  # Reading the file reports what is wrong.
    try:
        document = tomllib.loads(read_bytes(str(path.absolute()), MAX_CONFIG).decode())
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from None
    for section in document:
        if section != "profiles":
            raise ConfigurationError(f"{path}: unknown section [{section}]; a profile is a section [profiles.NAME]")
    profiles: Any = document.get("profiles", {})
    if not isinstance(profiles, dict):
        raise ConfigurationError(f"{path}: profiles must be sections: [profiles.{name}]")
    return cast(dict[str, Any], profiles)


def _mistakes(table: Any) -> Iterator[str]:
    """Yield a message for each mistake in a profile."""
    if isinstance(table, dict):
        yield from _wrong_settings(cast(dict[str, Any], table))
    else:
        yield "must be a section with settings"


def _wrong_settings(table: dict[str, Any]) -> Iterator[str]:
    gateway = table.get("gateway", "skycore")
    if gateway not in KEYS:
        yield f"gateway must be {' or '.join(KEYS)}"
        return
    for key, value in table.items():
        if key not in KEYS[gateway]:
            yield f"unknown key {key}; {_suggest(key, KEYS[gateway])}the keys are {', '.join(KEYS[gateway])}"
        elif key == "rate":
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
                yield "rate must be a number of requests a second above 0"
        elif key == "former_names":
            if not isinstance(value, list) or not all(isinstance(name, str) for name in cast("list[object]", value)):
                yield 'former_names must be a list of texts, as in ["CAMPAIGNID"]'
        elif key == "allow_http":
            if not isinstance(value, bool):
                yield "allow_http must be true or false, without quotes"
        elif key == "waived":
            if not isinstance(value, list) or not all(isinstance(name, str) for name in cast("list[object]", value)):
                yield 'waived must be a list of fields, as in ["subject"]'
        elif not isinstance(value, str):
            yield f"{key} must be text in quotes"
    if "api_key" in table and "api_key_file" in table:
        yield "give api_key or api_key_file, not both"


def _expand(path: str) -> Path:
    """Return a path with ``~`` replaced by the home directory, or unchanged if there is no such user."""
    return Path(os.path.expanduser(path))


def _suggest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}? " if close else ""


def _warn_if_others_can_read(path: Path) -> None:
    # Windows reports the same mode for every file.
    if os.name == "posix" and path.stat().st_mode & stat.S_IROTH:
        from .output import print_message

        print_message(f"warning: {path} holds an API key and every user can read it; run: chmod 600 {path}")
