"""The files of a slideshow: for each way a server can respond to the GET, the problem that is reported."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st
from media_files import GOOD, PIXELS, UNREACHABLE, Act, chunk, extension, gif, jpeg, png, segment, served
from misbehaving_server import Faulty, closed_url, drop, stall

from skymms import (
    Limits,
    MediaCorruptedError,
    MediaTooLargeError,
    MediaTypeError,
    MediaUnreachableError,
    Problem,
    SendMMS,
    error_class,
)
from skymms.media import preflight
from skymms.media.acceptance import TYPES
from skymms.media.images import find_damage
from skymms.model.slideshow import Slideshow
from skymms.slide import FILES, Slide
from skymms.wire.dialects import DIALECTS

# ------------------------------------------------------------------------------------------------ images

junk = st.binary(max_size=600)
pngs = st.builds(
    lambda width, height, words: png(width, height, *(chunk(b"tEXt", each) for each in words)),
    st.integers(1, 20),
    st.integers(1, 20),
    st.lists(junk, max_size=3),
)
# A thumbnail is an image within a segment, with its own end marker; pixels may contain FF bytes and restart markers.
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


class TestFindDamage:
    @given(images)
    def test_a_complete_image_is_undamaged(self, image):
        assert find_damage(image) is None

    @given(images, st.data())
    def test_a_truncated_image_is_damaged(self, image, data):
        cut = data.draw(st.integers(0, len(image) - 1))
        assert find_damage(image[:cut])

    @pytest.mark.parametrize("image", [png(), jpeg(), gif()], ids=["png", "jpeg", "gif"])
    def test_a_small_image_is_damaged_wherever_it_is_truncated(self, image):
        assert [cut for cut in range(len(image)) if not find_damage(image[:cut])] == []

    @given(pngs, st.data())
    def test_a_png_with_one_changed_byte_is_damaged(self, image, data):
        at = data.draw(st.integers(0, len(image) - 1))
        assert find_damage(image[:at] + bytes([image[at] ^ data.draw(st.integers(1, 255))]) + image[at + 1 :])

    @given(images, junk)
    def test_bytes_after_the_end_of_an_image_are_ignored(self, image, more):
        assert find_damage(image + more) is None

    @given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"]), junk)
    def test_find_damage_raises_no_error_for_random_bytes(self, begins, rest):
        assert find_damage(begins + rest) is None or isinstance(find_damage(begins + rest), str)

    DAMAGED = (
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
        # Images that were transferred as text.
        ("not a PNG, JPG or GIF", png().replace(b"\r\n", b"\n")),
        ("not a PNG, JPG or GIF", jpeg().decode("latin-1").encode()),
    )

    @pytest.mark.parametrize(("description", "image"), DAMAGED)
    def test_the_damage_of_an_image_is_described(self, description, image):
        assert description in (find_damage(image) or "")

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
    def test_damage_in_a_large_file_is_found_quickly(self, image):
        began = time.process_time()
        assert find_damage(image)
        assert time.process_time() - began < 15


# ------------------------------------------------------------------------------------------------ servers

#: The codes for an unreachable and for a too large file, by kind.
UNREACHABLE_CODES, TOO_BIG_CODES = (
    dict(zip(FILES, (f"E3{tens}{last}" for last in (1, 2, 3, 5, 6, 7, 8)), strict=True)) for tens in (5, 3)
)


def host(server: Faulty) -> str:
    return f"http://127.0.0.1:{server.port}"


def slide_with(kind: str, url: str) -> Slide:
    files: dict[str, Any] = {kind: url}
    return Slide(**files)


def show(*slides: Slide) -> Slideshow:
    return Slideshow("n", subject="s", slides=slides)


def inspect(slideshow: Slideshow, limits: Limits | None = None, *, timeout: float = 10) -> list[Problem]:
    """The problems of a slideshow's files, as the sandbox finds them."""
    found = preflight(slideshow, limits or Limits(), fetch="whole", private=True, base=None, timeout=timeout)
    return list(found.problems)


def found(kind: str, *acts: Act, path: str = "/a.file", limits: Limits | None = None, timeout: float = 10) -> list[Any]:
    """The problems with a file on the second slide, fetched from a server that behaves as ``acts`` say."""
    with Faulty(*acts) as server:
        url = host(server) + path
        return inspect(show(Slide("words"), slide_with(kind, url)), limits or Limits(), timeout=timeout)


def dripping(kind: str) -> Callable[[socket.socket, Any], None]:
    """Send the headers, and then a byte of a long body every 20 ms."""

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


#: Responses that do not arrive within the timeout.
SLOW: dict[str, Callable[[str], Act]] = {
    "says nothing": lambda kind: stall,
    "drips": dripping,
    "drips its head": lambda kind: endless_head,
    "goes on welcoming": lambda kind: endless_welcome,
}
#: Content types that no kind of file may have.
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


class TestUnreachableFile:
    #: Every response for an image, and one response for each other kind.
    CASES = [("image", does) for does in UNREACHABLE] + [(kind, "does not have it") for kind in FILES if kind != "image"]

    @pytest.mark.parametrize(("kind", "does"), CASES)
    def test_an_unreachable_file_is_refused_with_the_code_of_its_kind(self, does, kind):
        (problem,) = found(kind, UNREACHABLE[does](kind))
        assert (problem.code, problem.slide, problem.field) == (UNREACHABLE_CODES[kind], 2, kind)
        assert error_class(problem.code) is MediaUnreachableError

    @pytest.mark.parametrize(
        ("kind", "does"), [("image", "says nothing"), *zip(("audio", "video", "pdf"), [*SLOW][1:], strict=True)]
    )
    def test_a_file_that_does_not_arrive_in_time_is_refused(self, does, kind):
        began = time.monotonic()
        (problem,) = found(kind, SLOW[does](kind), timeout=0.2)
        assert time.monotonic() - began < 15
        assert (problem.code, problem.message) == (UNREACHABLE_CODES[kind], "it did not arrive in time")

    @each_kind
    def test_a_file_url_without_a_server_is_refused(self, kind):
        (problem,) = inspect(show(slide_with(kind, closed_url())))
        assert problem.code == UNREACHABLE_CODES[kind]

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
    def test_the_invalid_url_of_a_file_is_refused(self, address):
        (problem,) = inspect(show(Slide(image=address)))
        assert problem.code == "E351"

    def test_the_problem_of_an_unreachable_file_says_what_to_do(self):
        def message(does: str) -> str:
            (problem,) = found("image", UNREACHABLE[does]("image"))
            return str(problem)

        assert message("does not have it") == "E351 slide 2, image: its server returned status 404, not 200"
        assert "a redirect: give the URL it leads to" in message("sends elsewhere")
        assert "with a Content-Length" in message("sends it in chunks")

    def test_a_password_in_the_url_of_a_file_is_not_shown(self):
        with Faulty(drop) as server:
            (problem,) = inspect(show(Slide(image=f"http://ann:tell-nobody@127.0.0.1:{server.port}/a.png?tell-nobody")))
        assert "tell-nobody" not in str(problem)


#: Small limits, and the largest size of each kind.
SMALL = Limits(max_image=100, max_gif=60, max_audio=11, max_video=12, max_object=13)
MAX_SIZES = {"image": 100, "audio": 11, "video": 12, **dict.fromkeys(("vcard", "ical", "pdf", "passbook"), 13)}


class TestTooBigFile:
    @each_kind
    def test_a_file_that_is_too_big_is_refused_without_reading_it(self, kind):
        # The server sends no byte of the body.
        (problem,) = found(kind, served(kind, b"", Content_Length=str(MAX_SIZES[kind] + 1)), limits=SMALL)
        assert (problem.code, problem.slide, problem.field) == (TOO_BIG_CODES[kind], 2, kind)
        assert error_class(problem.code) is MediaTooLargeError
        assert f"1 more than the {MAX_SIZES[kind]} allowed" in problem.message

    @each_kind
    def test_a_file_of_exactly_the_allowed_size_is_accepted(self, kind):
        body = GOOD[kind][1].ljust(MAX_SIZES[kind], b"\0")
        assert found(kind, served(kind, body), limits=SMALL) == []

    @pytest.mark.parametrize("length", ["9" * 5_000, "9" * 400, str(2**64)])
    def test_a_huge_content_length_is_refused(self, length):
        (problem,) = found("video", served("video", b"", Content_Length=length))
        assert problem.code in {"E333", "E353"}

    def test_a_gif_has_a_limit_of_its_own(self):
        for body, expected in ((gif().ljust(60, b"\0"), []), (gif().ljust(61, b"\0"), ["E331"])):
            problems = found("image", served("image", body, Content_Type="image/gif"), limits=SMALL)
            assert [problem.code for problem in problems] == expected

    def test_the_default_limits_are_those_that_sinch_publishes(self):
        # Sinch MMS, in KB: images 3000, GIF 1024, audio 10000, video 50000, objects 2048.
        figures = {"image/png": 3000, "image/gif": 1024, "audio/mpeg": 10_000, "video/mp4": 50_000, "application/pdf": 2048}
        for content_type, most in figures.items():
            kind = next(kind for kind, names in TYPES.items() if content_type in names)
            (problem,) = found(kind, served(kind, b"", Content_Type=content_type, Content_Length=str(most * 1024 + 1)))
            assert f"1 more than the {most * 1024:,} allowed" in problem.message

    @pytest.mark.parametrize("name", DIALECTS)
    def test_the_limits_of_an_account_apply_in_every_dialect(self, name):
        dialect = DIALECTS[name]
        assert dialect.limits_for(Limits(max_image=7), SendMMS).max_image == 7
        assert dialect.limits_for(Limits(max_image=8), SendMMS).max_image == 8


class TestContentType:
    #: Every type for an image, and one type for each other kind.
    CASES = [("image", name) for name in OTHER_TYPES] + [(kind, "text/html") for kind in FILES if kind != "image"]

    @pytest.mark.parametrize(("kind", "content_type"), CASES)
    def test_an_unknown_content_type_is_refused(self, content_type, kind):
        (problem,) = found(kind, served(kind, Content_Type=content_type))
        assert (problem.code, problem.slide, problem.field) == ("E629", 2, kind)
        assert error_class(problem.code) is MediaTypeError

    @pytest.mark.parametrize(("kind", "other"), [*zip(FILES, (*FILES[1:], FILES[0]), strict=True)])
    def test_the_content_type_of_another_kind_of_file_is_refused(self, kind, other):
        (problem,) = found(kind, served(kind, Content_Type=TYPES[other][0]))
        assert problem.code == "E629"

    @each_kind
    def test_the_documented_content_types_are_accepted(self, kind):
        names = TYPES[kind]
        with Faulty(*(served(kind, Content_Type=f"{name.upper()} ; charset=utf-8") for name in names)) as server:
            slides = [slide_with(kind, f"{host(server)}/{number}") for number in range(len(names))]
            assert inspect(show(*slides)) == []
            assert len(server.requests) == len(names)

    def test_the_problem_names_the_served_and_the_accepted_content_types(self):
        (problem,) = found("audio", served("audio", Content_Type="application/octet-stream"))
        assert "'application/octet-stream'" in problem.message
        assert "audio/mpeg" in problem.message

    def test_a_hostile_content_type_is_shortened_and_printable(self):
        (problem,) = found("audio", served("audio", Content_Type="x\x1b[31m" + "y" * 5_000))
        assert len(problem.message) < 300
        assert problem.message.isprintable()


class TestImage:
    @pytest.mark.parametrize("image", [png(), jpeg(), gif()], ids=["png", "jpeg", "gif"])
    def test_an_image_is_checked_by_its_bytes(self, image):
        assert found("image", served("image", image)) == []
        (problem,) = found("image", served("image", image[:-1]))
        assert (problem.code, problem.slide, problem.field) == ("E341", 2, "image")
        assert error_class(problem.code) is MediaCorruptedError

    def test_a_web_page_served_as_an_image_is_damaged(self):
        (problem,) = found("image", served("image", b"<html>Sorry!</html>"))
        assert problem.code == "E341"

    def test_bytes_after_the_content_length_are_ignored(self):
        assert found("image", served("image", png() + b"more", Content_Length=str(len(png())), Connection="close")) == []


def test_the_content_of_a_sound_is_not_checked():
    assert found("audio", served("audio", b"no sound at all")) == []


class TestRequest:
    @pytest.fixture
    def server(self) -> Iterator[Faulty]:
        with Faulty(served("image")) as running:
            yield running

    @staticmethod
    def lines(server: Faulty) -> list[str]:
        return [request.partition(b"\r\n")[0].decode() for request in server.requests]

    def test_only_the_urls_of_audio_and_video_lose_their_query(self, server):
        for kind in FILES:
            list(inspect(show(slide_with(kind, f"{host(server)}/{kind}?id=1&b=2"))))
        assert self.lines(server) == [
            f"GET /{kind}{'' if kind in {'audio', 'video'} else '?id=1&b=2'} HTTP/1.1" for kind in FILES
        ]

    def test_the_problem_of_a_file_mentions_a_removed_query(self, server):
        (problem,) = inspect(show(Slide(audio=f"{host(server)}/audio?id=1")))
        assert "from '?' on" in problem.message

    def test_the_same_file_is_fetched_once(self, server):
        slides = [Slide(image=f"{host(server)}/a.png"), Slide(audio=f"{host(server)}/a.mp3?1"), Slide("words")]
        slides += [Slide(image=f"{host(server)}/a.png", audio=f"{host(server)}/a.mp3?2")]
        problems = inspect(show(*slides))
        assert sorted(self.lines(server)) == ["GET /a.mp3 HTTP/1.1", "GET /a.png HTTP/1.1"]
        assert [(problem.code, problem.slide, problem.field) for problem in problems] == [
            ("E629", 2, "audio"),
            ("E629", 4, "audio"),
        ]

    def test_no_file_is_waited_for_after_the_timeout(self):
        with Faulty(stall) as server:
            began = time.monotonic()
            problems = inspect(show(*(Slide(image=f"{host(server)}/{at}.png") for at in range(3))), timeout=0.2)
            assert time.monotonic() - began < 15
        assert [(problem.code, problem.message) for problem in problems] == [("E351", "it did not arrive in time")] * 3

    def test_the_redirect_of_a_file_is_neither_followed_nor_read(self, server):
        def endless(connection: socket.socket, closing: Any) -> None:
            head = f"HTTP/1.1 302 Found\r\nLocation: {host(server)}/inner\r\nContent-Length: 10000000000\r\n\r\n"
            connection.sendall(head.encode())
            while not closing.is_set():
                connection.sendall(bytes(65536))

        began = time.monotonic()
        (problem,) = found("image", endless, timeout=60)
        assert time.monotonic() - began < 30
        assert (problem.code, server.requests) == ("E351", [])

    def test_the_pytest_guard_blocks_inspection_of_other_machines(self, skymms_refused):
        (problem,) = inspect(show(Slide(image="http://media.example/a.png")))
        assert (problem.code, "this is a test" in problem.message) == ("E351", True)
        assert skymms_refused == ["media.example"]

    def test_inspection_uses_no_proxy_for_this_machine(self, server, monkeypatch):
        with Faulty(drop) as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
                monkeypatch.setenv(name, host(proxy))
            monkeypatch.setenv("no_proxy", "")
            addresses = [host(server), f"http://localhost:{server.port}", f"http://LOCALHOST:{server.port}"]
            assert [inspect(show(Slide(image=f"{address}/a.png"))) for address in addresses] == [[], [], []]
            assert proxy.requests == []

    def test_inspection_sends_neither_netrc_passwords_nor_cookies(self, server, monkeypatch, tmp_path):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ann password tell-nobody\n")
        monkeypatch.setenv("NETRC", str(netrc))
        with Faulty(served("image", Set_Cookie="a=b; Path=/")) as tracking:
            list(inspect(show(*(Slide(image=f"{host(tracking)}/{at}.png") for at in range(2)))))
            heads = [request.decode().lower() for request in tracking.requests]
        assert len(heads) == 2
        assert not [head for head in heads if "authorization:" in head or "cookie:" in head]
        assert "accept-encoding: identity" in heads[0]


def test_a_slideshow_without_files_makes_no_request():
    assert inspect(show(Slide("words"))) == []


def test_a_slideshow_with_valid_files_has_no_problem():
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(Faulty(served(kind))) for kind in FILES}
        whole = show(*(slide_with(kind, f"{host(server)}/{kind}") for kind, server in servers.items()))
        assert inspect(whole) == []
        assert [len(server.requests) for server in servers.values()] == [1] * len(FILES)
