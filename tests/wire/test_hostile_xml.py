"""A stranger's XML, put to both doors: postbacks and answers.

Each body is refused as a ProtocolError, or it is harmless and gives the whole right value. There is nothing in between, such
as ``1555`` for ``1555&x;1234888``. Whatever it is, no file is opened, no socket, no child process, and it takes little time
and memory.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from attacks import HARMLESS, KB, NUMBER, REFUSED, REPAIRED, Scene
from lxml import etree

from skymms import Account, DeliveryReport, HttpResponse, ProtocolError, SendMMS, Slide, Slideshow, read_postbacks

# ------------------------------------------------------------------------------------------------ the two doors


class Door(NamedTuple):
    name: str
    root: str
    head: str
    read: Callable[[bytes], tuple[object, object]]

    def document(self, *, before: str = "", to: str = NUMBER, more: str = "", attributes: str = "") -> bytes:
        inside = f"{self.head}<TO>{to}</TO><TRACKINGID>T1</TRACKINGID>{more}"
        return f"{before}<{self.root}{attributes}>{inside}</{self.root}>".encode()


def _postback(body: bytes) -> tuple[object, object]:
    (notice,) = read_postbacks(body)
    assert isinstance(notice, DeliveryReport)
    return notice.to, notice.tracking_id


def _answer(body: bytes) -> tuple[object, object]:
    operation = SendMMS(Slideshow("Coupon", subject="Free!", slides=(Slide("Hi!"),)), to=NUMBER, sender="60856")
    reply = Account("some-long-key").decode(operation, HttpResponse(200, {}, body))
    return reply.to, reply.tracking_id


DOORS = (
    Door("postbacks", "POSTBACK", "<ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE>", _postback),
    Door("answers", "RESPONSE", "<STATUS>Success</STATUS>", _answer),
)
EACH_DOOR = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


# ------------------------------------------------------------------------------------------------ the guards

_AUDITED = (
    "open",
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "urllib.",
    "http.",
    "ctypes.",
)
_seen: list[str] | None = None


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _seen is not None and event.startswith(_AUDITED):
        _seen.append(f"{event} {arguments!r:.200}")


# A hook cannot be taken out again, so this one is switched on and off.
sys.addaudithook(_audit)


@contextmanager
def watched() -> Iterator[list[str]]:
    """What Python opens meanwhile."""
    global _seen
    _seen = seen = []
    try:
        yield seen
    finally:
        _seen = None


class Inotify:
    """What anybody opens in a directory, libxml2's own C among them, of which Python's hooks know nothing. Linux has it."""

    _OPENED = 0x20

    def __init__(self, directory: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert self._descriptor >= 0
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(directory), self._OPENED) >= 0

    def opened(self) -> list[str]:
        """The names of the files opened since the last time."""
        try:
            told = os.read(self._descriptor, 64 * KB)
        except BlockingIOError:
            return []
        names = []
        while told:
            length = struct.unpack_from("iIII", told)[3]
            names.append(told[16 : 16 + length].rstrip(b"\0").decode())
            told = told[16 + length :]
        return names

    def close(self) -> None:
        os.close(self._descriptor)


class Watchtower(NamedTuple):
    scene: Scene
    inotify: Inotify | None
    listener: socket.socket

    def visitors(self) -> int:
        """How many have connected since the last time."""
        count = 0
        while True:
            try:
                self.listener.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watchtower]:
    directory = tmp_path_factory.mktemp("secrets")
    secret = directory / "secret.txt"
    secret.write_text("a-secret-of-this-machine")
    inotify = Inotify(directory) if sys.platform == "linux" else None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        host, port = listener.getsockname()
        for door in DOORS:  # what is imported late is imported now
            door.read(door.document())
        yield Watchtower(Scene(secret, f"http://{host}:{port}/x.dtd"), inotify, listener)
    if inotify:
        inotify.close()


@contextmanager
def without_side_effects(tower: Watchtower) -> Iterator[None]:
    """No file, no socket, little memory, little time."""
    tracemalloc.start()
    try:
        began = time.process_time()
        with watched() as seen:
            yield
        took = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == []
    assert tower.inotify is None or tower.inotify.opened() == []
    assert tower.visitors() == 0
    assert peak < 32 * KB * KB
    assert took < 15


def resident() -> int:
    """The most memory this process ever had, in bytes; what libxml2 takes is in it."""
    resource = pytest.importorskip("resource")
    most: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * KB


def test_the_tests_notice_file_and_network_access_of_the_parser(tower: Watchtower) -> None:
    with watched() as seen:
        tower.scene.file.read_text()
        with socket.create_connection(tower.listener.getsockname()):
            pass
    assert any(event.startswith("open") for event in seen)
    assert any(event.startswith("socket.connect") for event in seen)
    assert tower.visitors() == 1
    if tower.inotify:
        assert "secret.txt" in tower.inotify.opened()
        # libxml2 opens files by itself, past every hook of Python's.
        entity = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{tower.scene.file.as_uri()}">]><a>&x;</a>'
        with watched() as seen:
            parser = etree.XMLParser(resolve_entities=True, no_network=False)
            assert etree.fromstring(entity.encode(), parser).text == "a-secret-of-this-machine"
        assert "secret.txt" in tower.inotify.opened()


# ------------------------------------------------------------------------------------------------ the tests


REFUSED_BY = [(door, attack) for door in DOORS for attack in REFUSED if door.name != "postbacks" or attack not in REPAIRED]


@pytest.mark.parametrize(("door", "attack"), REFUSED_BY, ids=lambda one: getattr(one, "name", one))
def test_a_hostile_body_is_refused(attack: str, door: Door, tower: Watchtower) -> None:
    body = REFUSED[attack](door.document, tower.scene)
    with without_side_effects(tower), pytest.raises(ProtocolError) as caught:
        door.read(body)
    assert "a-secret-of-this-machine" not in f"{caught.value} {vars(caught.value)}"
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("attack", sorted(REPAIRED))
def test_characters_of_a_postback_that_are_not_allowed_are_replaced_and_seen(attack: str, tower: Watchtower) -> None:
    postbacks = DOORS[0]
    body = REFUSED[attack](postbacks.document, tower.scene)
    with without_side_effects(tower):
        to, tracking_id = postbacks.read(body)
    changed = tracking_id if to == NUMBER else to
    assert "\ufffd" in str(changed)
    assert str(changed).replace("\ufffd", "") in {NUMBER, "T1", "TO>666/TO>", ""}


@EACH_DOOR
@pytest.mark.parametrize("body", HARMLESS)
def test_an_unusual_but_valid_body_is_decoded_completely(body: str, door: Door, tower: Watchtower) -> None:
    document = HARMLESS[body](door.document, tower.scene)
    with without_side_effects(tower):
        told = door.read(document)
    assert told == (NUMBER, "T1")


def test_the_memory_of_the_xml_parser_stays_small(tower: Watchtower) -> None:
    bodies = [make(door.document, tower.scene) for door in DOORS for make in REFUSED.values()]
    before = resident()
    for body in bodies:
        for door in DOORS:
            with suppress(ProtocolError):
                door.read(body)
    assert resident() - before < 64 * KB * KB


@pytest.mark.parametrize(
    ("element", "count"),
    [("<FILE/>", 70_000), ("<FILE>a</FILE>", 36_000), ("<X/>", 120_000)],
    ids=["files", "addresses", "others"],
)
def test_the_time_to_decode_many_elements_grows_as_their_number(element: str, count: int, tower: Watchtower) -> None:
    def decode(elements: int) -> float:
        body = f"<POSTBACK><ORIGIN>MMS_MO</ORIGIN><CODE>N401</CODE><CONTENT>{element * elements}</CONTENT></POSTBACK>".encode()
        began = time.process_time()
        (notice,) = read_postbacks(body)
        took = time.process_time() - began
        assert len(notice.raw) == elements + 2
        return took

    # Quadratic work would take a hundred times as long. A busy machine may disturb one measurement, not three.
    assert min(decode(count) / decode(count // 10) for _ in range(3)) < 20
