"""A server that misbehaves: it reads and records each request, and then responds or breaks the connection as a test wants.

It uses bare sockets, because the tests are about what broken connections do to a client.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: A certificate for 127.0.0.1 and localhost, signed by itself, with its key. It is of no use anywhere else.
CERTIFICATE = Path(__file__).with_name("tls.pem")

SENT = (
    b"<RESPONSE><STATUS>Success</STATUS><TO>15551234888</TO><MMSID>35674</MMSID>"
    b"<TRACKINGID>MMS_12345</TRACKINGID><STATUSDETAILS>queued</STATUSDETAILS></RESPONSE>"
)


def refused(code: str) -> bytes:
    return f"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>{code}</ERRORCODE><ERRORINFO>no</ERRORINFO></RESPONSE>".encode()


def http(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    named = {"Content-Type": "text/xml", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def closed_url() -> str:
    """The URL of a port of this machine where nothing listens any more."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}/"


class Faulty:
    """Performs ``acts`` in order, one for each request, and then repeats the last one; ``requests`` has the received requests.

    An act is bytes to send, or a function that is given the connection and an event which is set when the server closes. The
    connection is closed after a function, unless it returns True. With ``tls``, the server has the certificate of tls.pem.
    """

    def __init__(self, *acts: bytes | Callable[[socket.socket, threading.Event], Any], tls: bool = False) -> None:
        self._acts = list(acts)
        self.requests: list[bytes] = []
        self.connections = 0
        self._connections: list[socket.socket] = []
        #: ``request``: the request that a thread responds to.
        self._serving = threading.local()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"http{'s' * tls}://127.0.0.1:{self.port}/API/wxml/1.3/index.php"
        self._tls = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATE)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Faulty:
        return self

    def __exit__(self, *raised: object) -> None:
        self._closing.set()
        # Closing the socket does not wake the thread that waits in accept.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(timeout=5)
            assert not thread.is_alive()

    def open_connections(self) -> list[socket.socket]:
        """Return the server's ends of the connections, some of which may be closed."""
        return list(self._connections)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._connections.append(connection)
            except OSError:  # the client does not trust the certificate
                connection.close()
                return
        with connection:
            connection.settimeout(0.05)
            while (request := self._read(connection)) is not None:
                self._serving.request = request
                with self._lock:
                    self.requests.append(request)
                    act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
                try:
                    if isinstance(act, bytes):
                        connection.sendall(act)
                        if b"Connection: close" in act:
                            return
                    elif not act(connection, self._closing):
                        return
                except OSError:
                    return

    def _read(self, connection: socket.socket) -> bytes | None:
        got = b""
        while True:
            head, found, body = got.partition(b"\r\n\r\n")
            if found:
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                if len(body) >= length:
                    return got
            try:
                more = connection.recv(65536)
            except TimeoutError:
                if self._closing.is_set():
                    return None
                continue
            except OSError:
                return None
            if not more:
                return None
            got += more


class Echo(Faulty):
    """Responds to each message with its recipient's number as the id of the message, and keeps the connections."""

    def __init__(self) -> None:
        super().__init__(self._echo)

    def _echo(self, connection: socket.socket, closing: threading.Event) -> bool:
        number = re.findall(rb"1555\d{7}", self._serving.request)[0]
        connection.sendall(http(SENT.replace(b"35674", number).replace(b"15551234888", number)))
        return True


# ------------------------------------------------------------------------------------------------ acts


def drop(connection: socket.socket, closing: threading.Event) -> None:
    """Close the connection without a response."""


def reset(connection: socket.socket, closing: threading.Event) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stall(connection: socket.socket, closing: threading.Event) -> None:
    """Send nothing until the test is over."""
    closing.wait(30)


def half(connection: socket.socket, closing: threading.Event) -> None:
    """Send a response that is shorter than its Content-Length."""
    connection.sendall(http(SENT)[:-40])


def drip_body(connection: socket.socket, closing: threading.Event) -> None:
    """Send a byte of the body every 50 ms: each byte is in time, and the whole response is not."""
    whole = http(SENT)
    head = len(whole) - len(SENT)
    connection.sendall(whole[:head])
    for at in range(head, len(whole)):
        if closing.wait(0.05):
            return
        connection.sendall(whole[at : at + 1])


def drip_head(connection: socket.socket, closing: threading.Event) -> None:
    """Send a byte of the head every 50 ms."""
    for byte in http(SENT):
        if closing.wait(0.05):
            return
        connection.sendall(bytes([byte]))


def endless(connection: socket.socket, closing: threading.Event) -> None:
    """Send a body without an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<RESPONSE>")
    while not closing.is_set():
        connection.sendall(b"<A>" + b"a" * 8192 + b"</A>")


def bomb() -> bytes:
    """Return a small response that decompresses to 200 MB."""
    packing = zlib.compressobj(9, wbits=zlib.MAX_WBITS + 16)
    head = packing.compress(b"<RESPONSE>") + packing.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers to earlier data, so a packed megabyte can be repeated instead of packing 200.
    megabyte = packing.compress(b" " * 1_000_000) + packing.flush(zlib.Z_FULL_FLUSH)
    return http(head + megabyte * 200, Content_Encoding="gzip")
