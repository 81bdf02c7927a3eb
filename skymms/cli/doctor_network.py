"""Name, connection, certificate and proxy on the way to a gateway, each looked at by itself.

Nothing is sent to the gateway here: a connection is opened and closed.
"""

from __future__ import annotations

import os
import queue
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from ..redaction import strip_credentials
from ..transport import guard
from ..transport.certificates import unusable_files
from ..transport.proxies import bypasses_environment, environment_proxy
from .doctor_report import Finding, failure, good, skipped, warning

#: Days before the end of a certificate from which on it is a warning.
_ENDS_SOON = 14
_CA_FIX = (
    "if a proxy or a gateway of your own has its own authority, name the file with its certificate in REQUESTS_CA_BUNDLE "
    "(and in SSL_CERT_FILE for AsyncClient). Otherwise somebody may be between you and the gateway: do not send"
)
#: What OpenSSL's codes of a refused certificate mean, and what to do.
_REFUSED = {
    9: ("it is not valid yet", "set the clock of this machine; if it is right, ask the gateway's operator"),
    10: ("it has expired", "ask the gateway's operator to renew it; if the clock of this machine is wrong, set it"),
    18: ("it is signed by itself", _CA_FIX),
    19: ("it is signed by an authority that is not trusted here", _CA_FIX),
    20: ("its authority is not trusted here", _CA_FIX),
    21: ("its authority is not trusted here", _CA_FIX),
    62: ("it is for other names", "check the host of --url; if it is right, ask the gateway's operator"),
    64: ("it is not for this address", "give --url with the name of the host instead of its address"),
}


class _Way(NamedTuple):
    """The way to a gateway: its URL, the proxy if there is one, and the host that is connected to."""

    url: SplitResult
    proxy: SplitResult | None

    @property
    def first(self) -> tuple[str, int]:
        """The host and port that is connected to first."""
        parts = self.proxy or self.url
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def gateway(self) -> tuple[str, int]:
        return self.url.hostname or "", self.url.port or (443 if self.url.scheme == "https" else 80)


def examine_way(address: str, timeout: float) -> Iterator[Finding]:
    """Yield a finding for each step on the way to a gateway, and end at the first failure."""
    finding, proxy = _proxy(address)
    yield finding
    way = _Way(urlsplit(address), urlsplit(proxy) if proxy else None)
    if way.proxy is not None and way.proxy.scheme not in {"http", "https"}:
        yield skipped("connection", f"{way.proxy.scheme} proxies are not looked at step by step")
        return
    if guard.is_active():
        guard.check(way.gateway[0], way.first[0] if way.proxy else None)
    for step in (_name, _connection, _certificate):
        found = step(way, timeout)
        yield found
        if found.fix is not None and found.grade == "failure":
            return


# ------------------------------------------------------------------------------------------------ the proxy


def _proxy(address: str) -> tuple[Finding, str | None]:
    scheme = urlsplit(address).scheme
    proxy = environment_proxy(address)
    variable = _variable(f"{scheme}_proxy") or _variable("all_proxy")
    if proxy is None:
        if variable is None:
            return good("proxy", "none"), None
        why = f"{_variable('no_proxy')} names the host" if _variable("no_proxy") else "the host is this machine"
        return good("proxy", f"{variable} is set and not used: {why}" if bypasses_environment(address) else "none"), None
    source = variable or "the system's settings"
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    shown = strip_credentials(proxy)
    if not usable:
        return failure("proxy", f"{shown} is not a URL ({source})", "write it as http://proxy.example.com:3128"), None
    return good("proxy", f"{shown} ({source})"), proxy


def _variable(name: str) -> str | None:
    """Return the name of the variable that is set; the lower case wins, as everywhere."""
    return next((one for one in (name, name.upper()) if os.environ.get(one)), None)


# ------------------------------------------------------------------------------------------------ name and connection


def _name(way: _Way, timeout: float) -> Finding:
    host, port = way.first
    fix = f"check the {'name of the proxy' if way.proxy else 'host of --url'}, and the name server of this machine"
    answers: queue.Queue[Any] = queue.Queue()

    def resolve() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # A resolver has no time-out of its own.
    threading.Thread(target=resolve, daemon=True).start()
    try:
        found = answers.get(timeout=timeout)
    except queue.Empty:
        return failure("name", f"{host} was not found within {timeout:g} s", fix)
    if isinstance(found, Exception):
        return failure("name", f"{host} was not found: {getattr(found, 'strerror', None) or found}", fix)
    addresses = list(dict.fromkeys(one[4][0] for one in found))
    return good("name", host if addresses == [host] else f"{host} is {', '.join(map(str, addresses[:4]))}")


def _connection(way: _Way, timeout: float) -> Finding:
    host, port = way.first
    started = time.monotonic()
    try:
        socket.create_connection((host, port), timeout).close()
    except TimeoutError:
        text = f"no connection to {host}, port {port}, within {timeout:g} s"
        return failure("connection", text, "a firewall may drop it: allow this machine to connect there, or set HTTPS_PROXY")
    except OSError as error:
        text = f"no connection to {host}, port {port}: {error.strerror or error}"
        return failure(
            "connection", text, "check host and port; if they are right, nothing listens there, or a firewall refuses"
        )
    milliseconds = (time.monotonic() - started) * 1000
    return good("connection", f"{host}, port {port}, in {milliseconds:.0f} ms")


# ------------------------------------------------------------------------------------------------ the certificate


def _certificate(way: _Way, timeout: float) -> Finding:
    host, port = way.gateway
    if way.url.scheme != "https":
        return skipped("certificate", "http:// has none; the API key and the messages are not encrypted")
    if way.proxy is not None and way.proxy.scheme == "https":
        return skipped("certificate", "not looked at through a proxy that is itself https://")
    trusted, source = trusted_certificates()
    if problem := unusable_files(trusted, None):
        return failure("certificate", problem, f"correct {source}, or unset it")
    is_directory = os.path.isdir(trusted)
    context = ssl.create_default_context(cafile=None if is_directory else trusted, capath=trusted if is_directory else None)
    try:
        with _open(way, timeout) as plain, context.wrap_socket(plain, server_hostname=host) as connection:
            return _validity(connection, source)
    except ssl.SSLCertVerificationError as error:
        why, fix = _REFUSED.get(error.verify_code, (error.verify_message, _CA_FIX))
        return failure("certificate", f"the certificate of {host} is refused: {why} (trusted: {source})", fix)
    except TimeoutError:
        return failure("certificate", f"no TLS with {host}, port {port}, within {timeout:g} s", "check the port of --url")
    except ssl.SSLError as error:
        reason = str(error.reason or error).lower().replace("_", " ")
        return failure("certificate", f"no TLS with {host}, port {port}: {reason}", "check --url: the port, and http or https")
    except HTTPException as error:
        return failure("certificate", f"the proxy does not answer as a proxy does: {type(error).__name__}", _PROXY_FIX)
    except OSError as error:
        if way.proxy is not None:
            reason = error.strerror or str(error)
            return failure("certificate", f"the proxy did not connect to {host}, port {port}: {reason}", _PROXY_FIX)
        text = f"no TLS with {host}, port {port}: {error.strerror or error}"
        return failure("certificate", text, "check the port of --url; a firewall may break the connection")


_PROXY_FIX = (
    "check the proxy's address and its user name and password, and that it allows this host; or name the host in NO_PROXY"
)


def trusted_certificates() -> tuple[str, str]:
    """Return the file or directory of trusted certificates that requests uses, and where it comes from."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if file := os.environ.get(variable):
            return file, variable
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    return str(DEFAULT_CA_BUNDLE_PATH), "requests"


def _open(way: _Way, timeout: float) -> socket.socket:
    """Open a connection to the gateway, through the proxy if there is one."""
    if way.proxy is None:
        return socket.create_connection(way.gateway, timeout)
    connection = HTTPConnection(*way.first, timeout=timeout)
    headers: dict[str, str] = {}
    if way.proxy.username is not None:
        credentials = f"{unquote(way.proxy.username)}:{unquote(way.proxy.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(credentials.encode()).decode()}"
    connection.set_tunnel(*way.gateway, headers=headers)
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection.sock


def _validity(connection: ssl.SSLSocket, source: str) -> Finding:
    certificate: dict[str, Any] = connection.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(certificate["notAfter"])
    days = int((ends - time.time()) // 86400)
    day = time.strftime("%Y-%m-%d", time.gmtime(ends))
    text = f"{connection.version()}, valid until {day}, issued by {_issuer(certificate)} (trusted: {source})"
    if days < _ENDS_SOON:
        return warning("certificate", f"{text}: {days} days", "tell the gateway's operator, if it is not renewed by itself")
    return good("certificate", text)


def _issuer(certificate: dict[str, Any]) -> str:
    names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    return str(names.get("organizationName") or names.get("commonName") or "an authority without a name")
