"""HTTP requests and responses as values, and checks of URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from ._functools import value
from .errors import ConfigurationError
from .redaction import KeyHolder, strip_credentials

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

#: The most bytes of a response that are read. The longest documented response has a few hundred bytes, but a list of ids may
#: be long.
MAX_RESPONSE = 64 * 1024
#: Caches must not keep or answer a request: a GET request may send a message, and an old answer would look like its reply.
#: Some caches obey only one of the two words.
NO_STORE = {"Cache-Control": "no-store, no-cache"}
#: The most bytes of a report. A message takes half a kilobyte; the vendor limits a report's time span, not its size.
MAX_REPORT = 64 * 1024 * 1024


@value
class HttpRequest(KeyHolder):
    """An HTTP request to send. The API key is in ``url``, ``body`` or ``headers``, so the repr shows none of them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(hash=False)
    body: bytes = b""

    @property
    def safe_url(self) -> str:
        """The URL without its query and without a user name, for logs."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.safe_url}, {len(self.url) + len(self.body)} bytes>"


@value
class HttpResponse:
    """An HTTP response: its status, its headers (in any case), and its whole body."""

    status: int
    headers: Mapping[str, str] = field(hash=False)
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a header, whose name is compared without case; None if it is not there."""
        return next(
            (header_text(value) for key, value in self.headers.items() if header_text(key).lower() == name.lower()), None
        )

    def __repr__(self) -> str:
        # A body can quote the request, with the recipient, the text and the API key.
        return f"<HttpResponse {self.status}, {len(self.body)} bytes>"


def header_text(value: object) -> str:
    """Return the name or the value of a header as text; some libraries give bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def gateway_url(given: Any, vendor_url: str, allow_http: Any) -> str:
    """Return the URL of a gateway as it is used: without white space around it, and without an empty query or fragment.

    None stands for ``vendor_url``. A URL that names only a host gets the path of ``vendor_url``, the vendor's own URL. Raises
    :class:`~skymms.ConfigurationError`, which shows the full form, for a URL that cannot be a gateway's, and for plain HTTP to
    another host than :func:`is_private_host` allows, because the request contains the API key. ``allow_http`` permits that.
    """
    if allow_http is not True and allow_http is not False:
        raise ConfigurationError(f"allow_http={allow_http!r:.40}: give True or False")
    if given is None:
        return vendor_url
    url = given.strip().rstrip("?#") if isinstance(given, str) else ""
    # urlsplit drops line breaks and tabs, and HTTP libraries disagree about what a backslash ends. Neither may reach them.
    unusual = next((character for character in url if character in " \\" or not character.isprintable()), None)
    parts = None if unusual else parse_http_url(url)
    # In a URL whose password has an unescaped "/", "?" or "#", the part before that character is parsed as the host.
    if parts is None or "@" in parts.path + parts.query + parts.fragment:
        shown = strip_credentials(given).partition("?")[0] if isinstance(given, str) else given
        reason = f": it contains U+{ord(unusual):04X}" if unusual else ""
        raise ConfigurationError(
            f"url={shown!r:.80} is not a gateway's URL{reason}: give an absolute http(s) URL, "
            f"such as {_full_form(url, vendor_url)}"
        )
    bare_host = parts.path in {"", "/"}
    path = urlsplit(vendor_url).path if bare_host else parts.path
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
    if parts.query or parts.fragment:
        raise ConfigurationError(f"url: a gateway's URL has no query (?…) and no fragment (#…): give {shown:.200}")
    if parts.scheme == "http" and not allow_http and not is_private_host(parts.hostname or ""):
        raise ConfigurationError(
            f"url={shown!r:.200} would send the API key unencrypted: use https://, or allow it with allow_http=True "
            "(--allow-http on the command line)"
        )
    return url.removesuffix("/") + path if bare_host else url


def _full_form(url: str, vendor_url: str) -> str:
    """Return the URL that was probably meant by one that is not valid, or the vendor's own."""
    before_query = url.partition("#")[0].partition("?")[0]
    plain = "".join(character for character in before_query if character.isprintable() and character not in " \\")
    parts = parse_http_url(plain if "://" in plain else f"https://{plain.lstrip('/')}")
    # What stands before an "@" may be a password.
    if parts is None or "@" in plain:
        return vendor_url
    scheme = "http" if "://" not in plain and is_private_host(parts.hostname or "") else parts.scheme
    path = urlsplit(vendor_url).path if parts.path in {"", "/"} else parts.path
    return f"{scheme}://{parts.netloc}{path}"


def allow_http_from_environment(env: Mapping[str, str], variable: str) -> bool:
    """Return whether an environment variable allows plain HTTP. Raises ConfigurationError for another text than yes or no."""
    switch = _SWITCHES.get(env.get(variable, "").strip().lower())
    if switch is None:
        raise ConfigurationError(f"{variable}={env[variable]!r:.40}: give 1 to allow plain HTTP, or 0")
    return switch


_SWITCHES = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("", "0", "false", "no", "off"), False)}


def parse_http_url(address: Any) -> SplitResult | None:
    """Return the parts of an absolute http or https URL with a possible host; None for anything else."""
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        usable = parts.scheme in {"http", "https"} and _is_host(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed bracket, or a port that is not a number
        return None
    return parts if usable else None


def _is_host(name: str | None) -> bool:
    """True if a host can have this name: none of its parts is empty or too long, and it has no character of another part."""
    try:
        plain = _ascii_name(name or "")
    except UnicodeError:
        return False
    if ":" in plain:
        return parse_address(plain) is not None
    return bool(_NAME.fullmatch(plain)) and all(0 < len(part) < 64 for part in plain.removesuffix(".").split("."))


#: A name without characters that end a host, or that some libraries decode in one. Others are left to the resolver: container
#: networks, for example, have names with an underscore.
_NAME = re.compile(r"[^\x00-\x20\"#%/:<>?@\[\\\]^`{|}\x7f]+")


def _ascii_name(name: str) -> str:
    # The idna codec takes a while to load, and does not change ASCII names.
    return name if name.isascii() else name.encode("idna").decode()


#: Endings of names that are never names of public hosts (RFC 6761, RFC 6762, and ICANN for "internal").
_PRIVATE_SUFFIXES = frozenset({"localhost", "local", "internal", "test"})
_PRIVATE_NETWORKS = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "0.0.0.0/32"),
    *("::1/128", "fc00::/7", "fe80::/10", "::/128"),
)
#: A part of an address in one of the forms of inet_aton.
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")


def is_private_host(host: str) -> bool:
    """True if a host is this computer or in a private network, by its address or its name; the name is not looked up.

    Names without a dot are private, and so are those that end in ``.localhost``, ``.local``, ``.internal`` or ``.test``.
    """
    if (address := parse_address(host)) is not None:
        return is_private_address(address)
    name = _ascii_name(host).lower()
    # A number is an address, or a mistake, but not a name. A final dot means that no local domain is searched for the name.
    if "." not in name and not _NUMBER.fullmatch(name):
        return True
    return name.removesuffix(".").rpartition(".")[2] in _PRIVATE_SUFFIXES


def is_private_address(address: IPv4Address | IPv6Address) -> bool:
    """True for the addresses of this computer, of private networks (RFC 1918, RFC 4193), and of one link."""
    from ipaddress import ip_network

    return any(address in ip_network(network) for network in _PRIVATE_NETWORKS)


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a host of a URL is, or None if it is a name.

    The short, octal and hexadecimal forms that resolvers accept are read as resolvers read them: ``127.1`` is 127.0.0.1.
    """
    from ipaddress import IPv4Address, ip_address

    try:
        plain = _ascii_name(host)
    except UnicodeError:
        return None
    try:
        address = ip_address(plain)
    except ValueError:
        return IPv4Address(packed) if (packed := _packed_address(plain)) else None
    return getattr(address, "ipv4_mapped", None) or address


def _packed_address(host: str) -> bytes | None:
    """Return the four bytes of an IPv4 address in a form of inet_aton; None for anything else."""
    if not all(map(_NUMBER.fullmatch, host.split("."))):
        return None
    from socket import inet_aton

    try:
        return inet_aton(host)
    except OSError:  # a number that is too large
        return None
