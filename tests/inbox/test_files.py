"""The files of inbound messages are saved once, and nothing is fetched from private networks."""

from __future__ import annotations

import re
import socket
import threading
from ipaddress import ip_address
from typing import Any

import pytest
from inbox_rows import NUMBER, receive, rows, states
from misbehaving_server import Faulty, drip_body, drip_head, drop, endless, http

from skymms import Client, InboundMMS, ProtocolError, RemoveInboxMessage, SkymmsError
from skymms.inbox import Handling, ReceivedFile, SavedFile, downloading
from skymms.inbox.downloading import download
from skymms.media import addresses
from skymms.media.addresses import is_public
from skymms.sandbox import Sandbox
from skymms.storage.contract import Store


def file(body: bytes, kind: str) -> bytes:
    """Return the response with a file."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


JPEG = file(b"a picture", "image/jpeg; q=1")


def broken(connection: socket.socket, closing: threading.Event) -> None:
    """Send a part of a file."""
    connection.sendall(JPEG[:-4])


def drip_without_length(connection: socket.socket, closing: threading.Event) -> None:
    """Send a byte of a file without a length every 50 ms."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
    while not closing.wait(0.05):
        connection.sendall(b"x")


@pytest.fixture
def inbox(inbox_store: Store) -> Handling:
    return Handling(inbox_store)


def mms(*files: str, tracking_id: str = "IN_1") -> InboundMMS:
    return InboundMMS("N401", origin="MMS_MO", tracking_id=tracking_id, sender=NUMBER, to="60856", files=files)


def base(server: Faulty) -> str:
    return f"http://127.0.0.1:{server.port}/"


class Shelf:
    """Keeps files, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.files: list[ReceivedFile] = []
        self.failures = failures

    def put(self, file: ReceivedFile) -> str:
        self.files.append(file)
        if self.failures:
            self.failures -= 1
            raise OSError("the shelf is full")
        return f"shelf/{file.name}"


def test_files_are_downloaded_once_and_given_to_the_function(inbox: Handling, inbox_store: Store) -> None:
    shelf = Shelf()
    inbox.save_files(shelf.put, allow_private=True)
    with Faulty(JPEG) as server:
        urls = [f"{base(server)}in/a%20picture.jpg?sig=1", f"{base(server)}in/..%2F..%2Fetc", f"{base(server)}"]
        receive(inbox_store, [mms(*urls)])
        inbox.work(until_idle=True)
        inbox.replay(id=1)
        inbox.work(until_idle=True)
        assert len(server.requests) == 3
        assert b"GET /in/a%20picture.jpg?sig=1 HTTP/1.1\r\n" in server.requests[0]
    assert [(file.name, file.data, file.content_type) for file in shelf.files] == [
        ("a_picture.jpg", b"a picture", "image/jpeg"),
        ("etc", b"a picture", "image/jpeg"),
        ("file-2", b"a picture", "image/jpeg"),
    ]
    assert shelf.files[0].notice == mms(*urls)
    assert inbox.files(1)[0] == SavedFile("shelf/a_picture.jpg", "image/jpeg", 9)
    assert len(inbox.files(1)) == 3
    assert states(inbox_store) == {(1, "save files"): "done"}


def test_only_what_is_not_saved_yet_is_downloaded_again(inbox: Handling, inbox_store: Store) -> None:
    shelf = Shelf()
    inbox.save_files(shelf.put, allow_private=True)
    with Faulty(JPEG, http(status="503 Busy"), JPEG) as server:
        receive(inbox_store, [mms(f"{base(server)}1", f"{base(server)}2", f"{base(server)}3")])
        inbox.work(until_idle=True)
        assert [file.name for file in shelf.files] == ["1", "3"]
        assert states(inbox_store) == {(1, "save files"): "ready"}
        inbox.replay(id=1)
        inbox.work(until_idle=True)
    assert [file.name for file in shelf.files] == ["1", "3", "2"]
    assert states(inbox_store) == {(1, "save files"): "done"}


def test_a_file_that_could_not_be_stored_is_given_again(inbox: Handling, inbox_store: Store) -> None:
    shelf = Shelf(failures=1)
    inbox.save_files(shelf.put, allow_private=True)
    with Faulty(JPEG) as server:
        receive(inbox_store, [mms(f"{base(server)}1")])
        inbox.work(until_idle=True)
        assert "the shelf is full" in rows(inbox_store, "SELECT error FROM skymms_handling")[0][0]
        inbox.replay(id=1)
        inbox.work(until_idle=True)
    assert [file.name for file in shelf.files] == ["1", "1"]


def test_the_gateway_deletes_its_files_when_all_are_stored(inbox: Handling, inbox_store: Store) -> None:
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        shelf = Shelf()
        inbox.save_files(shelf.put, allow_private=True, remove_with=client)
        tracking_id = sandbox.receive_mms(NUMBER, "60856", text="Hello")
        url = f"{sandbox.url.rstrip('/')}/inbox/{tracking_id}/text.txt"
        receive(inbox_store, [mms(url, tracking_id=tracking_id)])
        inbox.work(until_idle=True)
        assert [file.data for file in shelf.files] == [b"Hello"]
        assert [request.operation for request in sandbox.requests] == [RemoveInboxMessage(tracking_id)]
        # Called again, the gateway answers that the message is removed already.
        inbox.replay(id=1)
        inbox.work(until_idle=True)
        assert states(inbox_store) == {(1, "save files"): "done"}


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (file(b"x" * 101, "image/png"), "the file is longer than 100 bytes: allow more with limit="),
        (endless, "the file is longer than 100 bytes"),
        (file(b"<svg/>", "image/svg+xml"), "the file is of the type image/svg.xml, which is not among"),
        (file(b"<html>", "text/html"), "the file is of the type text/html, which is not among the types"),
        (http(status="404 Not Found"), "HTTP 404"),
        (broken, "the connection ended in the middle of the file"),
        (drop, "RemoteDisconnected"),
        (b"nonsense\r\n\r\n", "BadStatusLine"),
        (http(status="302 Found", Location="ftp://127.0.0.1/"), "not an http or https URL"),
    ],
)
def test_what_is_not_saved_and_why(inbox: Handling, inbox_store: Store, response: Any, problem: str) -> None:
    shelf = Shelf()
    inbox.save_files(shelf.put, allow_private=True, limit=100)
    with Faulty(response) as server:
        receive(inbox_store, [mms(f"{base(server)}1")])
        inbox.work(until_idle=True)
    assert shelf.files == []
    ((error,),) = rows(inbox_store, "SELECT error FROM skymms_handling")
    assert re.search(problem, error), error


@pytest.mark.parametrize("act", [drip_head, drip_body, drip_without_length])
def test_a_server_that_sends_slowly_is_left(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "_TOTAL", 0.3)
    with Faulty(act) as server, pytest.raises(SkymmsError, match="did not arrive within"):
        download(base(server), limit=1000, allow_private=True)


def test_more_than_three_redirects_are_not_followed() -> None:
    with Faulty(http(status="302 Found", Location="/again")) as server:
        with pytest.raises(ProtocolError, match="more than 3 redirects"):
            download(base(server), limit=1000, allow_private=True)
        assert len(server.requests) == 4


# ------------------------------------------------------------------------------------------------ private networks


@pytest.mark.skymms_live  # nothing is sent, which is what these tests are about
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "localhost",
    ],
)
def test_nothing_is_requested_from_a_private_network(host: str) -> None:
    with Faulty(JPEG) as server:
        with pytest.raises(SkymmsError, match="is not a public address, so nothing was requested"):
            download(f"http://{host}:{server.port}/", limit=1000, allow_private=False)
        assert server.connections == 0


def test_public_addresses_are_public() -> None:
    assert all(is_public(ip_address(text)) for text in ("93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"))


@pytest.mark.skymms_live
def test_a_name_that_also_has_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 80)) for text in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: answers)
    with pytest.raises(SkymmsError, match=r"10\.0\.0\.1 is not a public address"):
        download("http://media.example/1.jpg", limit=1000, allow_private=False)


def test_the_name_is_looked_up_once_and_a_redirect_to_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[str] = []

    def look_up(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        is_name = host == "media.localhost"
        if is_name:
            lookups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if is_name else host, port))]

    # 127.0.0.1 stands for an address of the Internet.
    monkeypatch.setattr(addresses, "is_public", lambda address: str(address) == "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Faulty(JPEG) as private:
        target = f"http://127.0.0.2:{private.port}/secret"
        with Faulty(http(status="302 Found", Location=target)) as server:
            with pytest.raises(SkymmsError, match=r"127\.0\.0\.2 is not a public address"):
                download(f"http://media.localhost:{server.port}/1.jpg", limit=1000, allow_private=False)
            assert f"Host: media.localhost:{server.port}".encode() in server.requests[0]
        assert private.connections == 0
    assert lookups == ["media.localhost"]
