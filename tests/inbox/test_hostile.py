"""Requests that are made to harm, sent to real servers over real connections. After each, the inbox works as before."""

from __future__ import annotations

import asyncio
import gzip
import socket
from typing import Any

import pytest
from inbox_posts import posts_of, tracking_ids
from inbox_server import CANARY, InboxServer, report

from skymms.inbox import Inbox, Secret

HEAD = f"POST /mms/{CANARY} HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/xml\r\n"

each_server = pytest.mark.parametrize(("server", "app"), [("uvicorn", "plain_asgi"), ("gunicorn", "plain_wsgi")])


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


@each_server
def test_lying_broken_and_compressed_requests(serve, sqlite_where, server, app) -> None:
    running: InboxServer = serve(server, app, sqlite_where, max_body=50_000)
    body = report("MMS_LIE")
    # Less than it announces: it may be a part of a report, and is not stored.
    assert status(running.send_raw(f"{HEAD}Content-Length: {len(body) + 10}\r\n\r\n".encode(), body)) in {400, 0}
    # More than it announces: the rest is another request, and nonsense.
    running.send_raw(f"{HEAD}Content-Length: 10\r\n\r\n".encode(), body)
    # Two lengths, a negative one, one that is no number, and both kinds of length.
    for lines in ("Content-Length: 5\r\nContent-Length: 6", "Content-Length: -5", "Content-Length: 0x10"):
        assert status(running.send_raw(f"{HEAD}{lines}\r\n\r\n".encode(), body)) in {400, 0}
    # Chunks that end too early, and a chunk without a size.
    running.send_raw(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n64\r\n".encode(), body[:50])
    running.send_raw(f"{HEAD}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n".encode(), body)
    # More chunks than a body may have.
    chunk = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    assert status_of_long(running, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode(), chunk * 20) in {413, 0}
    # Compressed, a thousandth of its size: it is kept as it is.
    bomb = gzip.compress(b" " * 20_000_000)
    assert len(bomb) < 50_000
    assert running.post(bomb, Content_Encoding="gzip") == 200
    assert running.post(report("MMS_1")) == 200
    running.end()
    kept = [(body, ids) for body, _, ids in posts_of(sqlite_where)]
    assert (bomb, []) in kept
    assert (report("MMS_1"), ["MMS_1"]) in kept
    # What else was stored is the body of ten bytes that was announced as such.
    assert {body for body, ids in kept} - {bomb, report("MMS_1")} <= {body[:10]}
    assert tracking_ids(sqlite_where) == ["MMS_1"]


def status_of_long(running: InboxServer, *parts: bytes) -> int:
    """The status of a request that the server may refuse before it is sent; 0 if the connection is closed first."""
    try:
        return status(running.send_raw(*parts))
    except OSError:
        return 0


def test_a_slow_body_is_answered_408_and_its_connection_closed(serve, sqlite_where) -> None:
    running = serve("uvicorn", "plain_asgi", sqlite_where, answer_within=0.5)
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as raw:
        raw.sendall(f"{HEAD}Content-Length: 500\r\n\r\n".encode() + report()[:100])
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert status(answer) == 408
    assert b"connection: close" in answer.lower()
    assert tracking_ids(sqlite_where) == []


def test_a_body_that_drips_is_answered_408_under_wsgi(sqlite_where) -> None:
    reads: list[int] = []

    class Dripping:
        def read(self, size: int) -> bytes:
            reads.append(size)
            return b" "

    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": f"/{CANARY}", "CONTENT_LENGTH": "1000000", "wsgi.input": Dripping()}
    answered: list[str] = []
    with Inbox(sqlite_where, secret=Secret(CANARY), answer_within=0.01) as inbox:
        inbox.wsgi(environ, lambda line, headers: answered.append(line))
    assert reads
    assert answered == ["408 Request Timeout"]


def test_a_wsgi_server_that_cannot_read_chunks_refuses_them(sqlite_where) -> None:
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": f"/{CANARY}", "HTTP_TRANSFER_ENCODING": "chunked"}
    answered: list[str] = []
    with Inbox(sqlite_where, secret=Secret(CANARY)) as inbox:
        inbox.wsgi(environ, lambda line, headers: answered.append(line))
    assert answered == ["411 Length Required"]


def test_callers_that_go_away_leave_nothing(serve, sqlite_where) -> None:
    running = serve("uvicorn", "plain_asgi", sqlite_where)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as raw:
            raw.sendall(f"{HEAD}Content-Length: 500\r\n\r\n".encode() + report()[:100])
    assert running.post(report("MMS_1")) == 200
    running.end()
    assert tracking_ids(sqlite_where) == ["MMS_1"]
    assert "Traceback" not in running.log


def test_a_forged_address_is_refused_by_a_real_server(serve, sqlite_where) -> None:
    running = serve("gunicorn", "plain_wsgi", sqlite_where, networks=["192.0.2.0/24"], proxies=["127.0.0.1"])
    # This test is the proxy.
    assert running.post(report("MMS_1"), X_Forwarded_For="192.0.2.1, 198.51.100.7") == 403
    assert running.post(report("MMS_1")) == 403
    assert running.post(report("MMS_1"), X_Forwarded_For="198.51.100.7, 192.0.2.1") == 200
    assert tracking_ids(sqlite_where) == ["MMS_1"]


# ------------------------------------------------------------------------------------------------ what ASGI servers may do


def run_asgi(inbox: Inbox, scope: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the application with these messages; return what it sends."""
    sent: list[dict[str, Any]] = []
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(inbox.asgi(scope, receive, send))
    return sent


def test_a_websocket_is_refused(sqlite_where) -> None:
    with Inbox(sqlite_where, secret=Secret(CANARY)) as inbox:
        assert [sent["type"] for sent in run_asgi(inbox, {"type": "websocket"})] == ["websocket.close"]


def test_headers_that_come_twice_are_joined_and_http_2_has_no_connection_header(sqlite_where) -> None:
    scope = {
        "type": "http",
        "http_version": "2",
        "method": "POST",
        "path": f"/{CANARY}",
        "headers": [(b"x-forwarded-for", b"198.51.100.7"), (b"x-forwarded-for", b"192.0.2.1")],
        "client": None,
    }
    with Inbox(sqlite_where, secret=Secret(CANARY), networks=["192.0.2.1"], proxies=["unix"], max_body=10) as inbox:
        start, _ = run_asgi(inbox, scope, {"type": "http.request", "body": b"x" * 11})
        assert start["status"] == 413
        assert b"connection" not in dict(start["headers"])
        start, _ = run_asgi(inbox, {**scope, "http_version": "1.1"}, {"type": "http.request", "body": b"x" * 11})
        assert dict(start["headers"])[b"connection"] == b"close"


# ------------------------------------------------------------------------------------------------ other code of the program


def test_a_body_that_other_code_has_read_is_not_confirmed(sqlite_where, caplog) -> None:
    django = pytest.importorskip("django.http")
    from django.conf import settings

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
    from io import BytesIO

    from django.core.handlers.wsgi import WSGIRequest

    def request(body: bytes) -> Any:
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": f"/mms/{CANARY}", "CONTENT_LENGTH": str(len(body))}
        return WSGIRequest({**environ, "CONTENT_TYPE": "multipart/form-data; boundary=x", "wsgi.input": BytesIO(body)})

    form = b'--x\r\nContent-Disposition: form-data; name="xml"\r\n\r\n' + report() + b"\r\n--x--\r\n"
    with Inbox(sqlite_where, secret=Secret(CANARY)) as inbox:
        taken = request(form)
        assert taken.POST["xml"] == report().decode()
        assert inbox.django(taken).status_code == 400
        assert "other code of the program reads the body" in caplog.text
        read_first = request(form)
        assert read_first.body == form
        answer = inbox.django(read_first, token=CANARY)
        assert isinstance(answer, django.HttpResponse)
        assert answer.status_code == 200
    assert tracking_ids(sqlite_where) == ["MMS_1"]
