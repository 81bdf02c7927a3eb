"""A request with everything filled in except the message itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..model.operations import Operation
from ..redaction import KeyHolder
from .encoder import Encoder


@dataclass(frozen=True, slots=True, repr=False)
class RequestTemplate(KeyHolder):
    """A request of one kind with everything in it but the message, as bytes that are ready to travel; the key is in it."""

    begins: bytes
    between: bytes
    ends: bytes
    writer: Encoder

    def pieces(self, operation: Operation[Any], like: list[bytes] | None = None) -> list[bytes]:
        """What is filled in for an operation; ``like`` is what was for one that went elsewhere and is the same otherwise."""
        return self.writer.pieces(operation) if like is None else self.writer.replace_recipient(operation, like)

    def joined(self, pieces: list[bytes]) -> bytes:
        """The whole request."""
        return self.between.join([self.begins, *filter(None, pieces)]) + self.ends
