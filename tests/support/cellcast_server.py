"""A Cellcast gateway on this machine that accepts every number, and parsers for the requests that it received."""

from __future__ import annotations

import email.parser
import email.policy
import json
import socket
import threading
from typing import Any

import cellcast_vectors as vectors
from client_calls import CANARY
from misbehaving_server import Faulty, http

from skymms.cellcast import CellcastAccount

ADA, BOB, EVE = "+61491570156", "+61491570157", "+61491570158"
JPEG = b"\xff\xd8\xff\xe0\r\n--not-a-boundary\r\n\x00"


def account(server: Faulty, generation: str = "v3", **options: Any) -> CellcastAccount:
    base = f"http://127.0.0.1:{server.port}/api/{generation}/"
    return CellcastAccount(CANARY, generation=generation, url=base, **{"rate": None, **options})


def body(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def form(request: bytes) -> dict[str, bytes]:
    """Return the fields of a multipart request, read by the standard library."""
    head, _, rest = request.partition(b"\r\n\r\n")
    kind = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type:"))
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(kind + b"\r\n\r\n" + rest)
    fields: dict[str, Any] = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message.iter_parts()
    }
    return fields


def accept(connection: socket.socket, numbers: list[str]) -> None:
    rows = [{"message_id": f"ID{number}", "to": number} for number in numbers]
    connection.sendall(http(vectors.v3({"messages": rows, "credits_used": len(numbers)}), Connection="close"))


class AcceptingGateway(Faulty):
    """A v3 gateway that accepts every number, except in the requests with the positions in ``fails``."""

    def __init__(self, *, fails: Any = (), how: Any = None) -> None:
        self._count = 0

        def act(connection: socket.socket, closing: threading.Event) -> None:
            at, self._count = self._count, self._count + 1
            if at in fails:
                if how is not None:
                    how(connection, closing)
                return
            accept(connection, json.loads(body(self.requests[-1]))["numbers"])

        super().__init__(act)
