"""Creates the account that a command uses, from its options, the environment and the profile.

An option takes precedence over the environment, the environment over the profile, and the profile over the dialect of a
request file. The API key is never an option, because every user of the machine can read the list of processes. It comes from
the file that ``SKYMMS_API_KEY_FILE`` names, ``SKYMMS_API_KEY``, the profile, or a prompt, in this order. A key in a request
file is never used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import click

from ..account import Account
from ..cellcast import CellcastAccount
from ..errors import ConfigurationError
from ..http import allow_http_from_environment
from ..limits import Limits
from ..redaction import MASK, read_key_file
from ..wire.dialects import check_field_names
from .context import ALLOW_HTTP, PROFILE, WAIVED
from .output import print_message
from .profiles import Profile, read_profile

#: The variable of each setting.
SKYCORE_VARIABLES = {
    "dialect": "SKYMMS_DIALECT",
    "url": "SKYMMS_URL",
    "allow_http": "SKYMMS_ALLOW_HTTP",
    "sender": "SKYMMS_SENDER",
    "service_id": "SKYMMS_SERVICE_ID",
}
_CELLCAST = {
    "generation": "SKYMMS_CELLCAST_GENERATION",
    "url": "SKYMMS_CELLCAST_URL",
    "allow_http": "SKYMMS_CELLCAST_ALLOW_HTTP",
}

_OPTIONS = {
    "dialect": "--dialect",
    "url": "--url",
    "allow_http": "--allow-http",
    "waived": "--waive",
    "generation": "--generation",
}

#: The settings that are arguments of Account and CellcastAccount.
_ACCOUNT_ARGUMENTS = ("dialect", "url", "allow_http", "sender", "service_id", "fallback_text", "rate", "limits", "former_names")
_CELLCAST_ARGUMENTS = ("generation", "url", "allow_http", "rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings for an account, without its API key; ``sources`` says where each comes from, for people."""

    values: Mapping[str, Any]
    profile: Profile | None = None
    sources: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def dialect(self) -> str | None:
        """The dialect that was chosen, if any was."""
        return self.values.get("dialect")

    @property
    def sender(self) -> str | None:
        """The default sender for commands."""
        return self.values.get("sender")


def skycore_settings(dialect: str | None, url: str | None = None, file_dialect: str | None = None) -> Settings:
    """Return the settings for an account of a Skycore or Sinch MMS gateway. ``file_dialect`` is the default dialect."""
    waived = click.get_current_context().meta.get(WAIVED)
    settings = _combine("skycore", {"dialect": dialect, "url": url, "waived": waived}, SKYCORE_VARIABLES)
    with _profile_in_errors(settings):
        limits = Limits(waived=frozenset(settings.values.get("waived", ())))
        check_field_names(limits)
    return replace(settings, values={"dialect": file_dialect, **settings.values, "limits": limits})


def cellcast_settings(generation: str | None, url: str | None) -> Settings:
    """Return the settings for an account of Cellcast."""
    return _combine("cellcast", {"generation": generation, "url": url}, _CELLCAST)


def account_from_settings(settings: Settings) -> Account:
    """Return the account for calls of a Skycore or Sinch MMS gateway."""
    # Settings are validated before the prompt for the key.
    account = masked_account(settings)
    with _profile_in_errors(settings):
        return replace(account, api_key=_read_key(settings.profile, "SKYMMS_API_KEY"))


def masked_account(settings: Settings) -> Account:
    """Return the same account with the key ``***``, for commands that only show or validate a request."""
    with _profile_in_errors(settings):
        return Account(MASK, **_arguments(settings, _ACCOUNT_ARGUMENTS))


def masked_cellcast_account(settings: Settings, **options: Any) -> CellcastAccount:
    """Return the same account of Cellcast with the key ``***``; ``options`` are arguments of its class, not settings."""
    with _profile_in_errors(settings):
        arguments: dict[str, Any] = {"generation": "", **_arguments(settings, _CELLCAST_ARGUMENTS)}
        return CellcastAccount(MASK, **arguments, **options)


def cellcast_account(settings: Settings, **options: Any) -> CellcastAccount:
    """Return the account for calls of Cellcast; ``options`` are arguments of its class that are not settings."""
    account = masked_cellcast_account(settings, **options)
    with _profile_in_errors(settings):
        return replace(account, api_key=_read_key(settings.profile, "SKYMMS_CELLCAST_KEY"))


def _arguments(settings: Settings, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in settings.values.items() if name in names and value}


def profile_gateway() -> str | None:
    """Return the gateway of the chosen profile, ``"skycore"`` or ``"cellcast"``; None without a profile."""
    name = click.get_current_context().meta.get(PROFILE)
    return read_profile(name).gateway if name else None


def _combine(gateway: str, options: Mapping[str, Any], variables: Mapping[str, str]) -> Settings:
    """The values of options, environment and profile, in this order of precedence."""
    profile = _chosen_profile(gateway)
    from_profile: Mapping[str, Any] = profile.settings if profile else {}
    from_environment: dict[str, Any] = {
        name: os.environ[variable] for name, variable in variables.items() if os.environ.get(variable)
    }
    if "allow_http" in from_environment:
        from_environment["allow_http"] = allow_http_from_environment(os.environ, variables["allow_http"])
    allow_http = click.get_current_context().meta.get(ALLOW_HTTP)
    from_options = {name: value for name, value in {**options, "allow_http": allow_http}.items() if value}
    for name in from_profile.keys() & from_environment.keys() - from_options.keys():
        _report_override(variables[name], name)
    sources = {
        **dict.fromkeys(from_profile, f"profile {profile.name}" if profile else ""),
        **{name: variables[name] for name in from_environment},
        **{name: _OPTIONS[name] for name in from_options},
    }
    return Settings(values={**from_profile, **from_environment, **from_options}, profile=profile, sources=sources)


def _chosen_profile(gateway: str) -> Profile | None:
    name = click.get_current_context().meta.get(PROFILE)
    if not name:
        return None
    profile = read_profile(name)
    if profile.gateway != gateway:
        commands = "`skymms cellcast …`" if profile.gateway == "cellcast" else "commands other than `skymms cellcast …`"
        raise ConfigurationError(f"the profile {name} is for {profile.gateway}: use it with {commands}")
    return profile


@contextmanager
def _profile_in_errors(settings: Settings) -> Generator[None, None, None]:
    """Add the name and file of the profile to a configuration error, because the wrong value may be in the profile."""
    try:
        yield
    except ConfigurationError as error:
        if settings.profile:
            error.add_note(f"profile {settings.profile.name} in {settings.profile.path}")
        raise


# ------------------------------------------------------------------------------------------------ the API key


def _read_key(profile: Profile | None, variable: str) -> str:
    """The API key: from a file, the environment, the profile, or a prompt if stdin is a terminal."""
    if found := find_key(profile, variable):
        return found.key
    if key := _prompt_for_key():
        return key
    raise ConfigurationError(f"no API key: set {variable} or {variable}_FILE, or use --profile with a profile that has a key")


class FoundKey(NamedTuple):
    """An API key, and where it comes from, for people. Its repr does not show the key."""

    key: str
    source: str

    def __repr__(self) -> str:
        return f"FoundKey({MASK}, {self.source!r})"


def find_key(profile: Profile | None, variable: str) -> FoundKey | None:
    """Return the API key from a file, the environment or the profile; None if none has one.

    Raises :class:`~skymms.ConfigurationError` for a file that cannot be read.
    """
    from_profile = profile.read_api_key() if profile else None
    for source in (f"{variable}_FILE", variable):
        if value := os.environ.get(source, "").strip():
            if from_profile:
                _report_override(source, "the API key")
            if source == variable:
                return FoundKey(value, source)
            return FoundKey(read_key_file(value, f"{source}={value!r:.200}"), f"{source}, the file {value}")
    return FoundKey(from_profile, f"profile {profile.name}") if profile and from_profile else None


def _prompt_for_key() -> str:
    """Ask for the API key without showing what is typed. Empty if stdin is not a terminal."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return ""
    from getpass import getpass

    try:
        return getpass("API key (not shown while you type): ").strip()
    except EOFError:
        return ""


def _report_override(variable: str, name: str) -> None:
    print_message(f"{variable} is set and used instead of {name} from the profile", "dim")
