"""Says which certificate file is missing or unusable, and which setting names it, after a connection has failed."""

from __future__ import annotations

import os
import ssl
from typing import Any

#: The variables from which requests reads the file of certificates, in its order.
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def unusable_files(verify: Any, cert: Any) -> str | None:
    """Return what is wrong with the files of ``verify`` and ``cert``, as a session of requests has them; None if nothing is."""
    # requests takes text only.
    if isinstance(verify, str) and (reason := _load_error(verify)):
        return _describe(verify, _name_of(verify), reason)
    files: list[str] = [cert] if isinstance(cert, str) else list(cert or ())
    for file in files:
        if reason := _open_error(file):
            return _describe(file, "the session's cert", reason)
    try:
        if files:
            # Without a password, OpenSSL would ask for it on the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(files[0], files[-1], password="")
    except (OSError, ValueError) as error:
        return _describe(" and ".join(files), "the session's cert", _reason(error))
    return None


def unusable_default_files() -> str | None:
    """Return what is wrong with the file that Python's default of trusted certificates comes from; None if nothing is."""
    variable = ssl.get_default_verify_paths().openssl_cafile_env
    file = os.environ.get(variable)
    reason = _load_error(file) if file else None
    return _describe(file or "", variable, reason) if reason else None


def _load_error(file: str) -> str | None:
    """Return why a file or directory of trusted certificates cannot be loaded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if not os.path.isdir(file):
            context.load_verify_locations(file)
    except OSError as error:
        return _reason(error)
    return None


def _open_error(file: str) -> str | None:
    try:
        with open(file, "rb"):
            return None
    except OSError as error:
        return _reason(error)


def _name_of(file: str) -> str:
    return next((name for name in _VARIABLES if os.environ.get(name) == file), "the session's verify")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return str(getattr(error, "reason", None) or "not PEM").lower().replace("_", " ")
    return getattr(error, "strerror", None) or type(error).__name__


def _describe(file: str, setting: str, reason: str) -> str:
    return f"{setting} names the file {file}, which cannot be used ({reason})"
