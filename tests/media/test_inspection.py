"""The files behind a slideshow: what a server does with a GET, and what a gateway says of it."""

from __future__ import annotations

import itertools
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st
from misbehaving_server import Faulty, drop, reset, stall

from skymms import Limits, MediaCorruptedError, MediaTooLargeError, MediaTypeError, MediaUnreachableError, SendMMS, error_class
from skymms.media.images import find_damage
from skymms.media.inspection import TYPES, inspect
from skymms.model.slideshow import Slideshow
from skymms.slide import FILES, Slide
from skymms.wire.dialects import DIALECTS

# ------------------------------------------------------------------------------------------------ images, made by hand


def chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int = 1, height: int = 1, *more: bytes) -> bytes:
    rows = (b"\0" + bytes(width)) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = b"".join((chunk(b"IHDR", head), *more, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND")))
    return b"\x89PNG\r\n\x1a\n" + body


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


#: One square of eight by eight greys, all the same: a table of ones, a frame, a code each for "no change" and "no more".
PIXELS = b"\x3f"


def jpeg(pixels: bytes = PIXELS, *more: bytes) -> bytes:
    frame = (
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + b"".join(more)
        + segment(0xDB, b"\0" + b"\1" * 64)
        + segment(0xC0, b"\x08\0\x08\0\x08\1\1\x11\0")
        + segment(0xC4, b"\0\1" + bytes(15) + b"\0")
        + segment(0xC4, b"\x10\1" + bytes(15) + b"\0")
    )
    return b"\xff\xd8" + frame + segment(0xDA, b"\1\1\0\0\x3f\0") + pixels + b"\xff\xd9"


def blocks(content: bytes) -> bytes:
    parts = (content[at : at + 255] for at in range(0, len(content), 255))
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif(pixels: bytes = b"\x44\x01", *more: bytes, version: bytes = b"89a", tables: bool = True) -> bytes:
    flags, table = (0x80, bytes(6)) if tables else (0, b"")
    screen = struct.pack("<HHBBB", 1, 1, flags, 0, 0) + table
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, flags) + table + b"\2" + blocks(pixels)
    return b"GIF" + version + screen + b"".join(more) + image + b"\x3b"


def extension(content: bytes) -> bytes:
    return b"\x21\xfe" + blocks(content)


junk = st.binary(max_size=600)
pngs = st.builds(
    lambda width, height, words: png(width, height, *(chunk(b"tEXt", each) for each in words)),
    st.integers(1, 20),
    st.integers(1, 20),
    st.lists(junk, max_size=3),
)
# A thumbnail has an end of its own, within the segment that holds it; pixels have FFs, and places to start over.
jpegs = st.builds(
    lambda pixels, words: jpeg(pixels.replace(b"\xff", b"\xff\0"), *(segment(0xE1, each) for each in words)),
    junk,
    st.lists(junk | st.builds(jpeg), max_size=3),
) | st.builds(lambda pixels: jpeg(pixels.replace(b"\xff", b"\xff\0") + b"\xff\xd0" + PIXELS), junk)
gifs = st.builds(
    lambda pixels, words, version, tables: gif(pixels, *map(extension, words), version=version, tables=tables),
    junk,
    st.lists(junk, max_size=3),
    st.sampled_from([b"87a", b"89a"]),
    st.booleans(),
)
images = pngs | jpegs | gifs


class TestDamage:
    @given(images)
    def test_a_whole_image_has_none(self, image):
        assert find_damage(image) is None

    @given(images, st.data())
    def test_an_image_that_is_cut_short_anywhere_has_some(self, image, data):
        cut = data.draw(st.integers(0, len(image) - 1))
        assert find_damage(image[:cut])

    @pytest.mark.parametrize("image", [png(), jpeg(), gif()], ids=["png", "jpeg", "gif"])
    def test_a_small_image_that_is_cut_short_has_some_wherever_that_is(self, image):
        assert [cut for cut in range(len(image)) if not find_damage(image[:cut])] == []

    @given(pngs, st.data())
    def test_a_png_with_one_byte_changed_has_some(self, image, data):
        at = data.draw(st.integers(0, len(image) - 1))
        assert find_damage(image[:at] + bytes([image[at] ^ data.draw(st.integers(1, 255))]) + image[at + 1 :])

    @given(images, junk)
    def test_what_follows_its_end_is_none_of_its_business(self, image, more):
        assert find_damage(image + more) is None

    @given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"]), junk)
    def test_any_bytes_at_all_get_an_answer(self, begins, rest):
        assert find_damage(begins + rest) is None or isinstance(find_damage(begins + rest), str)

    BROKEN = (
        ("not a PNG, JPG or GIF", b"<html>Not found</html>"),
        ("not a PNG, JPG or GIF", b"RIFF\x24\0\0\0WEBPVP8 "),
        ("checksum", png().replace(b"IDAT", b"IDAX")),
        ("begin with its dimensions", b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT") + chunk(b"IEND")),
        ("no pixels", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IEND")),
        ("no pixels", b"\xff\xd8" + segment(0xE0, b"JFIF") + b"\xff\xd9"),
        ("no pixels", b"\xff\xd8" + segment(0xC4, b"tables") + segment(0xDA, b"\1") + b"\xff\xd9"),
        ("length", b"\xff\xd8\xff\xe0\0\1\xff\xd9"),
        ("marker", b"\xff\xd8" + segment(0xE0, b"JFIF") + b"words" + b"\xff\xd9"),
        ("no pixels", gif()[:19] + b"\x3b"),
        ("unknown type", gif()[:19] + b"words"),
        # What a transfer as text makes of them.
        ("not a PNG, JPG or GIF", png().replace(b"\r\n", b"\n")),
        ("not a PNG, JPG or GIF", jpeg().decode("latin-1").encode()),
    )

    @pytest.mark.parametrize(("says", "image"), BROKEN)
    def test_is_told_in_words(self, says, image):
        assert says in (find_damage(image) or "")

    HOSTILE = (
        ("a PNG of empty chunks", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR") * 250_000),
        ("a PNG that promises 4 GB", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR" + bytes(3_000_000)),
        ("a JPEG of nothing but FF", b"\xff\xd8" + b"\xff" * 3_000_000 + b"\0"),
        ("a JPEG whose pixels are FF", jpeg(b"\xff" * 3_000_000 + b"\0")[:-2]),
        ("a JPEG of empty segments", b"\xff\xd8" + segment(0xE0, b"") * 750_000),
        ("a JPEG of empty scans", b"\xff\xd8" + segment(0xDA, b"") * 750_000),
        ("a GIF of small blocks", gif()[:19] + b"\x21\xfe" + b"\1x" * 500_000),
        ("a GIF of empty extensions", gif()[:19] + b"\x21\xfe\0" * 330_000),
    )

    @pytest.mark.parametrize("image", [image for _, image in HOSTILE], ids=[name for name, _ in HOSTILE])
    def test_is_found_in_little_time(self, image):
        began = time.process_time()
        assert find_damage(image)
        assert time.process_time() - began < 3


# ------------------------------------------------------------------------------------------------ servers

#: A file of each kind as it should be served.
GOOD = {kind: (TYPES[kind][0], png() if kind == "image" else b"a file") for kind in FILES}
#: The codes of the three families, by kind.
NOT_HAD, TOO_BIG = (dict(zip(FILES, (f"E3{tens}{last}" for last in (1, 2, 3, 5, 6, 7, 8)), strict=True)) for tens in (5, 3))

Act = bytes | Callable[[socket.socket, Any], None]


def served(kind: str, body: bytes | None = None, status: str = "200 OK", **changes: str | None) -> bytes:
    """A file's answer, with other headers, or without those that are None."""
    named, good = GOOD[kind]
    body = good if body is None else body
    headers = {"Content_Type": named, "Content_Length": str(len(body)), **changes}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def host(server: Faulty) -> str:
    return f"http://127.0.0.1:{server.port}"


def show(*slides: Slide) -> Slideshow:
    return Slideshow("n", subject="s", slides=slides)


def found(kind: str, *acts: Act, path: str = "/a.file", limits: Limits | None = None, timeout: float = 10) -> list[Any]:
    """What is wrong with a file on the second slide, from a server that does this."""
    with Faulty(*acts) as server:
        url = host(server) + path
        return list(inspect(show(Slide("words"), Slide(**{kind: url})), limits or Limits(), timeout=timeout))


def dripping(kind: str) -> Callable[[socket.socket, Any], None]:
    """The head, and then a byte of a long body every 20 ms."""

    def drip(connection: socket.socket, closing: Any) -> None:
        connection.sendall(served(kind, b"", Content_Length="1000"))
        while not closing.wait(0.02):
            connection.sendall(b"x")

    return drip


def endless_head(connection: socket.socket, closing: Any) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not closing.wait(0.02):
        connection.sendall(b"X-More: and more\r\n")


def endless_welcome(connection: socket.socket, closing: Any) -> None:
    while not closing.wait(0.02):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


CHUNKS = b"6\r\na file\r\n0\r\n\r\n"

#: What a server does, for a file of a kind, that keeps the gateway from copying it.
UNREACHABLE: dict[str, Callable[[str], Act]] = {
    "hangs up": lambda kind: drop,
    "resets the connection": lambda kind: reset,
    "hangs up half way": lambda kind: served(kind, Content_Length="1000", Connection="close"),
    "speaks no HTTP": lambda kind: b"220 ftp.example ready\r\n\r\n" * 3,
    "does not have it": lambda kind: served(kind, status="404 Not Found"),
    "wants a password": lambda kind: served(kind, status="401 Unauthorized", WWW_Authenticate="Basic"),
    "is broken": lambda kind: served(kind, status="500 Internal Server Error"),
    "has nothing to say": lambda kind: b"HTTP/1.1 204 No Content\r\n\r\n",
    "gives a part": lambda kind: served(kind, status="206 Partial Content", Content_Range="bytes 0-5/100"),
    "sends elsewhere": lambda kind: served(kind, status="302 Found", Location="/b.file"),
    "sends elsewhere for good": lambda kind: served(kind, status="301 Moved Permanently", Location="http://[::1"),
    "sends it in chunks": lambda kind: served(kind, CHUNKS, Content_Length=None, Transfer_Encoding="chunked"),
    "sends it in chunks, with a length": lambda kind: served(kind, CHUNKS, Transfer_Encoding="chunked"),
    "tells no length": lambda kind: served(kind, Content_Length=None, Connection="close"),
    "tells no length, in HTTP/1.0": lambda kind: served(kind, Content_Length=None).replace(b"/1.1", b"/1.0"),
    "tells a length that is none": lambda kind: served(kind, Content_Length="six", Connection="close"),
    "tells a length below nothing": lambda kind: served(kind, Content_Length="-6", Connection="close"),
    "tells two lengths": lambda kind: served(kind, Content_Length="6\r\nContent-Length: 7", Connection="close"),
    "tells a length of 5,000 digits": lambda kind: served(kind, Content_Length="x" + "9" * 5_000, Connection="close"),
    "packs it": lambda kind: served(kind, Content_Encoding="gzip"),
    "sends an empty file": lambda kind: served(kind, b""),
    "sends too many headers": lambda kind: served(kind, X="1" + "\r\nX: 1" * 1_000),
    "sends a header that is too long": lambda kind: served(kind, X="1" * 100_000),
}
#: The same, where only the clock tells.
SLOW: dict[str, Callable[[str], Act]] = {
    "says nothing": lambda kind: stall,
    "drips": dripping,
    "drips its head": lambda kind: endless_head,
    "goes on welcoming": lambda kind: endless_welcome,
}
#: Types that a file may be served as, and is not taken.
OTHER_TYPES = (
    None,
    "",
    "application/octet-stream",
    "text/html",
    "text/plain",
    "image/webp",
    "binary",
    "é",
    "image/png, image/png",
)

each_kind = pytest.mark.parametrize("kind", FILES)


class TestAFileThatCannotBeHad:
    @each_kind
    @pytest.mark.parametrize("does", UNREACHABLE)
    def test_is_refused_with_the_code_of_its_kind(self, does, kind):
        (problem,) = found(kind, UNREACHABLE[does](kind))
        assert (problem.code, problem.slide, problem.field) == (NOT_HAD[kind], 2, kind)
        assert error_class(problem.code) is MediaUnreachableError

    @each_kind
    @pytest.mark.parametrize("does", SLOW)
    def test_is_given_up_when_its_time_is_over(self, does, kind):
        began = time.monotonic()
        (problem,) = found(kind, SLOW[does](kind), timeout=0.2)
        assert time.monotonic() - began < 2
        assert (problem.code, problem.message) == (NOT_HAD[kind], "it did not arrive in time")

    @each_kind
    def test_is_one_at_an_address_where_nobody_listens(self, kind):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        (problem,) = inspect(show(Slide(**{kind: f"http://127.0.0.1:{port}/a"})))
        assert problem.code == NOT_HAD[kind]

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "a",
            "data:,x",
            "file:///etc/passwd",
            "ftp://127.0.0.1/a.png",
            "http:///a.png",
            "http://%00/",
            "http://.localhost/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:x/",
            "http://[::1",
            "http://\u2028/",
            "http://a..localhost/",
            "http://" + "a" * 300 + ".localhost",
        ],
    )
    def test_is_one_at_an_address_that_is_none(self, address):
        (problem,) = inspect(show(Slide(image=address)))
        assert problem.code == "E351"

    def test_is_told_with_what_to_do(self):
        def told(does: str) -> str:
            (problem,) = found("image", UNREACHABLE[does]("image"))
            return str(problem)

        assert told("does not have it") == "E351 slide 2, image: its server answered 404, not 200"
        assert "a redirect: give the URL it leads to" in told("sends elsewhere")
        assert "with a Content-Length" in told("sends it in chunks")

    def test_does_not_show_the_password_in_its_address(self):
        with Faulty(drop) as server:
            (problem,) = inspect(show(Slide(image=f"http://ann:tell-nobody@127.0.0.1:{server.port}/a.png?tell-nobody")))
        assert "tell-nobody" not in str(problem)


#: Small limits, and the most that a file of each kind may then have.
SMALL = Limits(max_image=100, max_gif=60, max_audio=11, max_video=12, max_object=13)
MOST = {"image": 100, "audio": 11, "video": 12, **dict.fromkeys(("vcard", "ical", "pdf", "passbook"), 13)}


class TestAFileThatIsTooBig:
    @each_kind
    def test_is_refused_with_the_code_of_its_kind_and_not_read(self, kind):
        # It never sends a byte of it.
        (problem,) = found(kind, served(kind, b"", Content_Length=str(MOST[kind] + 1)), limits=SMALL)
        assert (problem.code, problem.slide, problem.field) == (TOO_BIG[kind], 2, kind)
        assert error_class(problem.code) is MediaTooLargeError
        assert f"1 more than the {MOST[kind]} allowed" in problem.message

    @each_kind
    def test_is_not_one_of_the_very_size_allowed(self, kind):
        body = GOOD[kind][1].ljust(MOST[kind], b"\0")
        assert found(kind, served(kind, body), limits=SMALL) == []

    @pytest.mark.parametrize("length", ["9" * 5_000, "9" * 400, str(2**64)])
    def test_may_be_of_any_size(self, length):
        (problem,) = found("video", served("video", b"", Content_Length=length))
        assert problem.code in {"E333", "E353"}

    def test_is_a_gif_sooner_than_another_image(self):
        for body, expected in ((gif().ljust(60, b"\0"), []), (gif().ljust(61, b"\0"), ["E331"])):
            problems = found("image", served("image", body, Content_Type="image/gif"), limits=SMALL)
            assert [problem.code for problem in problems] == expected

    def test_is_measured_by_the_published_figures_unless_told_otherwise(self):
        # Sinch's, in KB: images 3000, GIF 1024, audio 10000, video 50000, objects 2048.
        figures = {"image/png": 3000, "image/gif": 1024, "audio/mpeg": 10_000, "video/mp4": 50_000, "application/pdf": 2048}
        for named, most in figures.items():
            kind = next(kind for kind, names in TYPES.items() if named in names)
            (problem,) = found(kind, served(kind, b"", Content_Type=named, Content_Length=str(most * 1024 + 1)))
            assert f"1 more than the {most * 1024:,} allowed" in problem.message

    @pytest.mark.parametrize("name", DIALECTS)
    def test_is_what_the_account_says_in_every_dialect(self, name):
        spoken = DIALECTS[name]
        assert spoken.limits_for(Limits(max_image=7), SendMMS).max_image == 7
        assert spoken.limits_for(Limits(max_image=8), SendMMS).max_image == 8


class TestAFileOfAnUnknownType:
    @each_kind
    @pytest.mark.parametrize("named", OTHER_TYPES)
    def test_is_refused(self, named, kind):
        (problem,) = found(kind, served(kind, Content_Type=named))
        assert (problem.code, problem.slide, problem.field) == ("E629", 2, kind)
        assert error_class(problem.code) is MediaTypeError

    @pytest.mark.parametrize(("kind", "other"), list(itertools.permutations(FILES, 2)))
    def test_is_one_of_another_kind_too(self, kind, other):
        (problem,) = found(kind, served(kind, Content_Type=TYPES[other][0]))
        assert problem.code == "E629"

    @pytest.mark.parametrize(("kind", "named"), [(kind, named) for kind, names in TYPES.items() for named in names])
    def test_is_none_of_the_documented_ones(self, kind, named):
        assert found(kind, served(kind, Content_Type=f"{named.upper()} ; charset=utf-8")) == []

    def test_is_told_with_what_to_do(self):
        (problem,) = found("audio", served("audio", Content_Type="application/octet-stream"))
        assert "'application/octet-stream'" in problem.message
        assert "audio/mpeg" in problem.message

    def test_is_told_in_few_words_and_printable_ones(self):
        (problem,) = found("audio", served("audio", Content_Type="x\x1b[31m" + "y" * 5_000))
        assert len(problem.message) < 300
        assert problem.message.isprintable()


class TestAnImage:
    @pytest.mark.parametrize("image", [png(), jpeg(), gif()], ids=["png", "jpeg", "gif"])
    def test_is_told_by_its_bytes(self, image):
        assert found("image", served("image", image)) == []
        (problem,) = found("image", served("image", image[:-1]))
        assert (problem.code, problem.slide, problem.field) == ("E341", 2, "image")
        assert error_class(problem.code) is MediaCorruptedError

    def test_is_damaged_if_it_is_a_page_that_says_sorry(self):
        (problem,) = found("image", served("image", b"<html>Sorry!</html>"))
        assert problem.code == "E341"

    def test_that_is_whole_may_be_followed_by_more_than_was_told(self):
        assert found("image", served("image", png() + b"more", Content_Length=str(len(png())), Connection="close")) == []


def test_a_sound_is_not_looked_into():
    assert found("audio", served("audio", b"no sound at all")) == []


class TestTheGet:
    @pytest.fixture
    def server(self) -> Iterator[Faulty]:
        with Faulty(served("image")) as running:
            yield running

    @staticmethod
    def lines(server: Faulty) -> list[str]:
        return [request.partition(b"\r\n")[0].decode() for request in server.requests]

    def test_leaves_the_query_of_sound_and_video_behind_and_keeps_that_of_others(self, server):
        for kind in FILES:
            list(inspect(show(Slide(**{kind: f"{host(server)}/{kind}?id=1&b=2"}))))
        assert self.lines(server) == [
            f"GET /{kind}{'' if kind in {'audio', 'video'} else '?id=1&b=2'} HTTP/1.1" for kind in FILES
        ]

    def test_that_fails_says_when_a_query_was_left_behind(self, server):
        (problem,) = inspect(show(Slide(audio=f"{host(server)}/audio?id=1")))
        assert "from '?' on" in problem.message

    def test_is_made_once_for_the_same_file(self, server):
        slides = [Slide(image=f"{host(server)}/a.png"), Slide(audio=f"{host(server)}/a.mp3?1"), Slide("words")]
        slides += [Slide(image=f"{host(server)}/a.png", audio=f"{host(server)}/a.mp3?2")]
        problems = list(inspect(show(*slides)))
        assert self.lines(server) == ["GET /a.png HTTP/1.1", "GET /a.mp3 HTTP/1.1"]
        assert [(problem.code, problem.slide, problem.field) for problem in problems] == [
            ("E629", 2, "audio"),
            ("E629", 4, "audio"),
        ]

    def test_is_made_when_the_next_problem_is_asked_for(self, server):
        problems = inspect(show(*(Slide(pdf=f"{host(server)}/{at}.pdf") for at in range(3))))
        assert self.lines(server) == []
        assert next(problems).slide == 1
        problems.close()
        assert self.lines(server) == ["GET /0.pdf HTTP/1.1"]

    def test_is_made_no_more_when_the_time_of_all_is_over(self):
        with Faulty(stall) as server:
            began = time.monotonic()
            problems = list(inspect(show(*(Slide(image=f"{host(server)}/{at}.png") for at in range(3))), timeout=0.2))
            assert time.monotonic() - began < 2
            assert self.lines(server) == ["GET /0.png HTTP/1.1"]
        assert [problem.code for problem in problems] == ["E351"] * 3
        assert "no time was left" in problems[-1].message

    def test_follows_no_redirect_and_does_not_read_it_either(self, server):
        def endless(connection: socket.socket, closing: Any) -> None:
            head = f"HTTP/1.1 302 Found\r\nLocation: {host(server)}/inner\r\nContent-Length: 10000000000\r\n\r\n"
            connection.sendall(head.encode())
            while not closing.is_set():
                connection.sendall(bytes(65536))

        began = time.monotonic()
        (problem,) = found("image", endless, timeout=5)
        assert time.monotonic() - began < 3
        assert (problem.code, server.requests) == ("E351", [])

    def test_is_not_made_from_a_test_to_another_machine(self, skymms_refused):
        (problem,) = inspect(show(Slide(image="http://media.example/a.png")))
        assert (problem.code, "this is a test" in problem.message) == ("E351", True)
        assert skymms_refused == ["media.example"]

    def test_asks_no_proxy_for_what_stands_on_this_machine(self, server, monkeypatch):
        with Faulty(drop) as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
                monkeypatch.setenv(name, host(proxy))
            monkeypatch.setenv("no_proxy", "")
            addresses = [host(server), f"http://localhost:{server.port}", f"http://LOCALHOST:{server.port}"]
            assert [list(inspect(show(Slide(image=f"{address}/a.png")))) for address in addresses] == [[], [], []]
            assert proxy.requests == []

    @pytest.mark.skymms_live  # the guard looks at where the request is going, not at the proxy on this machine
    def test_goes_through_the_proxy_of_the_environment_elsewhere(self, monkeypatch):
        with Faulty(served("image")) as proxy:
            monkeypatch.setenv("http_proxy", host(proxy))
            monkeypatch.setenv("no_proxy", "")
            assert list(inspect(show(Slide(image="http://media.example/a.png")))) == []
            assert self.lines(proxy) == ["GET http://media.example/a.png HTTP/1.1"]

    def test_gives_away_no_password_of_this_machine_and_brings_no_cookie_back(self, server, monkeypatch, tmp_path):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ann password tell-nobody\n")
        monkeypatch.setenv("NETRC", str(netrc))
        with Faulty(served("image", Set_Cookie="a=b; Path=/")) as tracking:
            list(inspect(show(*(Slide(image=f"{host(tracking)}/{at}.png") for at in range(2)))))
            heads = [request.decode().lower() for request in tracking.requests]
        assert len(heads) == 2
        assert not [head for head in heads if "authorization:" in head or "cookie:" in head]
        assert "accept-encoding: identity" in heads[0]


def test_a_slideshow_of_words_needs_no_server():
    assert list(inspect(show(Slide("words")))) == []


def test_a_slideshow_whose_files_are_all_well_has_no_problem():
    slides = [Slide(**{kind: f"/{kind}"}) for kind in FILES]
    with Faulty(*(served(kind) for kind in FILES)) as server:
        whole = show(*(Slide(**{kind: host(server) + f"/{kind}"}) for kind in FILES))
        assert list(inspect(whole)) == []
        assert len(server.requests) == len(slides)
