"""Stores files in a bucket of Amazon S3 or of another service with the same interface."""

from __future__ import annotations

import importlib
from typing import Any
from urllib.parse import quote, urlsplit

from ..errors import ConfigurationError, TransportError
from ..validation.hosts import url_problem

#: The name of a file is a hash of its content, so a file never changes under its name.
_CACHE_CONTROL = "public, max-age=31536000, immutable"


class S3Bucket:
    """Stores files in a bucket; pass :meth:`put` to :func:`skymms.media.publish`.

    - ``address``: ``s3://bucket`` or ``s3://bucket/prefix``.
    - ``public_url``: the URL under which the prefix is public, such as that of a CDN; by default the bucket's own.
    - ``client``: a client of boto3 for S3; by default one with boto3's own settings (environment, files, roles).

    The bucket must allow everybody to read these files; skymms changes no permission.
    """

    def __init__(self, address: str, *, public_url: str | None = None, client: Any = None) -> None:
        try:
            parts = urlsplit(str(address))
        except ValueError:  # a bracket, which begins an IPv6 address
            parts = None
        if parts is None or parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise ConfigurationError(f"{address!r:.80} is not the address of a bucket: give s3://bucket/prefix")
        if public_url is not None and url_problem(str(public_url)):
            raise ConfigurationError(f"public_url={public_url!r:.80} is not an absolute http or https URL")
        self.bucket: str = parts.netloc
        self.prefix: str = parts.path.strip("/")
        self._client: Any = _client() if client is None else client
        self._public_url = public_url.rstrip("/") if public_url else None

    def put(self, name: str, data: bytes, content_type: str) -> str:
        """Store a file and return its public URL. Raises :class:`~skymms.TransportError` if it is not stored."""
        errors = _module("botocore.exceptions")
        key = f"{self.prefix}/{name}" if self.prefix else name
        try:
            self._client.put_object(
                Bucket=self.bucket, Key=key, Body=data, ContentType=content_type, CacheControl=_CACHE_CONTROL
            )
        except errors.ClientError as error:
            reason = error.response.get("Error", {}).get("Code", "refused")
            raise TransportError(f"s3://{self.bucket}/{key} was not stored: {reason}") from None
        except errors.BotoCoreError as error:
            # The text of some of these errors has the whole request.
            raise TransportError(f"s3://{self.bucket}/{key} was not stored: {type(error).__name__}") from None
        return f"{self._public_url}/{quote(name)}" if self._public_url else self._own_url(key)

    def _own_url(self, key: str) -> str:
        endpoint = str(self._client.meta.endpoint_url).rstrip("/")
        host = urlsplit(endpoint).hostname or ""
        # Amazon's buckets have hosts of their own, unless their name has a dot, which their certificates do not cover.
        if host.endswith(".amazonaws.com") and "." not in self.bucket:
            return f"https://{self.bucket}.{host}/{quote(key)}"
        return f"{endpoint}/{self.bucket}/{quote(key)}"


def _client() -> Any:
    errors = _module("botocore.exceptions")
    try:
        return _module("boto3").client("s3")
    except errors.BotoCoreError as error:
        raise ConfigurationError(f"boto3 has no usable settings for S3: {error}") from None


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigurationError("storing files in S3 needs boto3: pip install 'skymms[s3]'") from None
