"""The secret of an inbox: the last segment of the path that a gateway posts to.

Gateways sign nothing, so an address that nobody can guess is what tells their posts from anybody else's. The inbox itself keeps
only hashes of it and compares them in constant time.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NoReturn

from ..errors import ConfigurationError
from ..redaction import MASK, key_from_environment, read_key_file

#: The variable with the secret. With ``_FILE`` added: the variable with the name of a file that contains it.
VARIABLE: Final = "SKYMMS_INBOX_SECRET"
#: 43 characters of base64 hold 256 bits.
MIN_LENGTH: Final = 43
#: Longer URLs are cut or refused by some proxies and servers.
MAX_LENGTH: Final = 512

#: The characters that no URL escapes (RFC 3986, 2.3).
_URL_SAFE = re.compile(r"[A-Za-z0-9._~-]*")
_HOW = f"create one with `skymms inbox secret` or Secret.generate(), and keep it in a file or in {VARIABLE}"


class Secret:
    """The secret of an inbox, or two of them while one replaces the other.

    ``token`` is the last segment of the path: 43 or more of the characters ``A-Z a-z 0-9 - . _ ~``. ``former`` is the token
    that the gateway may still use; leave it out as soon as the gateway posts to the new address. A secret is never printed, and
    it cannot be pickled. Raises :class:`~skymms.ConfigurationError` for a token that is too short or has other characters.
    """

    __slots__ = ("_tokens",)

    def __init__(self, token: str, *, former: str | None = None) -> None:
        self._tokens: tuple[str, ...] = tuple(_checked(one) for one in (token, former) if one is not None)

    @classmethod
    def generate(cls) -> Secret:
        """Return a new secret of 256 random bits."""
        return cls(secrets.token_urlsafe(32))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Secret:
        """Return the secret in the file that SKYMMS_INBOX_SECRET_FILE names, else the secret in SKYMMS_INBOX_SECRET.

        While a secret is replaced, the variable or the file has both, separated by a blank or a line break, the new one first.
        """
        text = key_from_environment(os.environ if env is None else env, VARIABLE, "the secret of the inbox")
        return _parse(text, VARIABLE)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Secret:
        """Return the secret in a file. While a secret is replaced, the file has two lines, the new secret first."""
        name = os.fspath(path)
        return _parse(read_key_file(name, f"{name!r:.200}", "the secret of the inbox"), f"the file {name!r:.200}")

    def reveal(self) -> str:
        """Return the token, for the address that you register at the gateway. Do not print or log it elsewhere."""
        return self._tokens[0]

    def hashes(self) -> SecretHashes:
        """Return what recognises the secret and does not contain it."""
        return SecretHashes(self._tokens)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: read it in the process that uses it, with Secret.from_env()")


class SecretHashes:
    """Recognises a secret by its SHA-256 hash."""

    __slots__ = ("_digests",)

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._digests = tuple(map(_digest, texts))

    def matches(self, text: str) -> bool:
        """Return whether a text is one of the secrets. The time that it takes says nothing about the secrets."""
        digest = _digest(text)
        matches = False
        for known in self._digests:
            # Every hash is compared, whether or not one was equal.
            matches |= hmac.compare_digest(digest, known)
        return matches

    def __repr__(self) -> str:
        return f"SecretHashes({len(self._digests)})"


def _digest(text: str) -> bytes:
    # Servers decode a path with any of three error handlers; a text with lone surrogates is no secret, and no error.
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _parse(text: str, where: str) -> Secret:
    tokens = text.split()
    if not tokens:
        raise ConfigurationError(f"the inbox has no secret: {where} is not set, or empty; {_HOW}")
    if len(tokens) > 2:
        raise ConfigurationError(
            f"{where} has {len(tokens)} secrets: the new one and the former one are accepted, and no others"
        )
    return Secret(tokens[0], former=tokens[1] if len(tokens) == 2 else None)


def _checked(token: object) -> str:
    """Return a token, or raise an error that does not contain it."""
    if not isinstance(token, str):
        raise ConfigurationError(f"the secret of the inbox must be text, not {type(token).__name__}")
    if not _URL_SAFE.fullmatch(token):
        raise ConfigurationError(
            "the secret of the inbox has a character that a URL would escape: use only letters, digits and - . _ ~"
        )
    if len(token) < MIN_LENGTH:
        raise ConfigurationError(f"the secret of the inbox has {len(token)} characters and needs {MIN_LENGTH} or more: {_HOW}")
    if len(token) > MAX_LENGTH:
        raise ConfigurationError(f"the secret of the inbox has {len(token)} characters, more than the {MAX_LENGTH} allowed")
    return token
