"""`preflight`: what it reads, what it reports of each file, and when it ends."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import threading
import time
import zipfile
from io import BytesIO
from typing import Any

import pytest
from media_files import UNREACHABLE, extension, gif, jpeg, png, segment, served
from misbehaving_server import Faulty, stall
from pictures import camera_exif, photo, saved

from skymms import (
    Account,
    Client,
    ConfigurationError,
    Limits,
    MediaCorruptedError,
    MediaTooLargeError,
    MMSError,
    SendMMS,
    Slide,
    Slideshow,
)
from skymms.cellcast import CellcastSend
from skymms.cellcast.generations import V1, V3
from skymms.media import CARRIER_LIMITS, FILE_BUDGET, MESSAGE_BUDGET, fit, preflight, preflight_async
from skymms.media.carriers import ROUTES, message_size
from skymms.sandbox import Sandbox
from skymms.slide import FILES


def url_of(server: Faulty, name: str = "a.file") -> str:
    return f"http://127.0.0.1:{server.port}/{name}"


def look(kind: str, response: bytes, **options: Any) -> Any:
    """The preflight of one file that a server serves in this way."""
    with Faulty(response) as server:
        given: dict[str, Any] = {kind: url_of(server)}
        return preflight(Slide(**given), private=True, **options)


# ------------------------------------------------------------------------------------------------ as the sandbox

#: What a server does, and the limits under which it is a problem.
FAULTS: dict[str, tuple[str, Any]] = {
    **{f"image: {name}": ("image", act("image")) for name, act in UNREACHABLE.items()},
    **{f"{kind}: is not there": (kind, served(kind, status="404 Not Found")) for kind in FILES},
    **{f"{kind}: chunked": (kind, UNREACHABLE["sends it in chunks"](kind)) for kind in FILES},
    **{f"{kind}: too big": (kind, served(kind, b"", Content_Length="60000000")) for kind in FILES},
    **{f"{kind}: octet-stream": (kind, served(kind, Content_Type="application/octet-stream")) for kind in FILES},
    "image: truncated": ("image", served("image", png()[:-5])),
    "image: a web page": ("image", served("image", b"<html>Sorry</html>")),
    "image: a WebP": ("image", served("image", b"RIFF\x24\0\0\0WEBPVP8 ")),
    "audio: a web page": ("audio", served("audio", b"<!doctype html><p>Sorry")),
    "video: a picture": ("video", served("video", png())),
    "pdf: a web page": ("pdf", served("pdf", b"<html>Sorry</html>")),
    "vcard: a calendar entry": ("vcard", served("vcard", b"BEGIN:VCALENDAR\r\n")),
}
#: Faults that are told by the first 64 kB of a longer file.
LONG = {
    "image: a web page": ("image", served("image", b"<html>".ljust(70_000))),
    "image: a wrong checksum": ("image", served("image", png().replace(b"IDAT", b"IDAX").ljust(70_000, b"\0"))),
    "audio: a web page": ("audio", served("audio", b"<html>".ljust(70_000))),
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(fetch_media=True) as running:
        yield running


class TestAsTheSandbox:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_preflight_and_the_sandbox_name_the_same_code(self, fault, sandbox):
        kind, act = FAULTS[fault]
        with Faulty(act) as server, Client(sandbox.account()) as client:
            given: dict[str, Any] = {kind: url_of(server)}
            show = Slideshow("n", subject="s", slides=(Slide("Hi!"), Slide(**given)))
            codes = [[one.code for one in preflight(show, fetch=how, private=True).problems] for how in ("headers", "whole")]
            with pytest.raises(MMSError) as raised:
                client.call(SendMMS(show, to="15551234888", sender="60856"))
        assert codes == [[raised.value.code]] * 2
        assert raised.value.info.startswith(f"slide 2, {kind}: ")

    @pytest.mark.parametrize("fault", LONG)
    def test_a_fault_in_the_first_64_kb_of_a_longer_file_is_found(self, fault):
        kind, act = LONG[fault]
        codes = [[one.code for one in look(kind, act, fetch=how).problems] for how in ("headers", "whole")]
        assert codes[0] == codes[1] != []


# ------------------------------------------------------------------------------------------------ what is read


class TestWhatIsRead:
    #: Longer than 64 kB, and undamaged.
    LONG = jpeg(b"\x3f" * 100_000)

    def test_a_file_of_at_most_64_kb_is_checked_whole(self):
        found = look("image", served("image", png()[:-1]))
        assert [one.code for one in found.problems] == ["E341"]

    def test_only_64_kb_of_a_longer_file_are_read(self):
        # The server sends the beginning and no more.
        def beginning(connection: Any, closing: threading.Event) -> None:
            connection.sendall(
                served("image", self.LONG[:66_000], Content_Type="image/jpeg", Content_Length=str(len(self.LONG)))
            )
            closing.wait(30)

        with Faulty(beginning) as server:
            found = preflight(Slide(image=url_of(server)), private=True)
        assert (found.problems, found.files[0].is_whole, found.files[0].bytes) == ((), False, len(self.LONG))

    def test_the_whole_file_is_read_if_asked(self):
        response = served("image", self.LONG[:-1], Content_Type="image/jpeg")
        assert [one.code for one in look("image", response, fetch="whole").problems] == ["E341"]
        assert look("image", response).problems == ()

    @pytest.mark.parametrize("cut", range(65_530, 65_540))
    def test_a_beginning_that_ends_within_a_marker_is_not_damaged(self, cut):
        begins = jpeg(b"\x3f", segment(0xE1, bytes(65_480)), segment(0xE2, bytes(20_000)))
        padded = jpeg(b"\x3f", segment(0xE1, bytes(65_480 - (cut - 65_530))), segment(0xE2, bytes(20_000)))
        for image in (begins, padded):
            assert look("image", served("image", image, Content_Type="image/jpeg")).problems == ()

    def test_the_request_is_a_plain_get(self):
        with Faulty(served("image")) as server:
            preflight(Slide(image=url_of(server)), private=True)
        (request,) = server.requests
        head = request.decode().lower()
        assert head.startswith("get /a.file http/1.1\r\n")
        assert "range:" not in head
        assert "accept-encoding: identity" in head

    def test_each_distinct_address_is_requested_once(self):
        with Faulty(served("image")) as server:
            slides = tuple(Slide(image=url_of(server, name)) for name in ("a", "b", "a", "a"))
            found = preflight(Slideshow("n", slides=slides), private=True)
        assert (len(server.requests), len(found.files)) == (2, 4)

    def test_all_files_are_requested_at_the_same_time(self):
        # Each response waits until all four requests are there.
        together = threading.Barrier(4)

        def wait(connection: Any, closing: threading.Event) -> None:
            together.wait(10)
            connection.sendall(served("image"))

        with Faulty(wait) as server:
            slides = tuple(Slide(image=url_of(server, str(at))) for at in range(4))
            assert preflight(Slideshow("n", slides=slides), private=True)


# ------------------------------------------------------------------------------------------------ time


class TestTime:
    def test_the_deadline_is_for_all_files_together(self):
        with Faulty(stall) as server:
            slides = tuple(Slide(image=url_of(server, str(at))) for at in range(12))
            found = preflight(Slideshow("n", slides=slides), private=True, timeout=0.3)
        assert [one.message for one in found.problems] == ["it did not arrive in time"] * 12

    def test_a_slow_look_up_of_the_host_counts_too(self, monkeypatch):
        released = threading.Event()
        monkeypatch.setattr("skymms.media.fetching.find_addresses", lambda host, port: released.wait(30))
        try:
            found = preflight(Slide(image="http://files.localhost/a.png"), timeout=0.2)
        finally:
            released.set()
        assert [one.message for one in found.problems] == ["it did not arrive in time"]

    def test_a_cancelled_task_ends_its_requests(self):
        ended = threading.Event()

        def wait(connection: Any, closing: threading.Event) -> None:
            connection.settimeout(20)
            assert connection.recv(1) == b""  # the client closed the connection
            ended.set()

        async def main() -> None:
            with Faulty(wait) as server:
                task = asyncio.create_task(preflight_async(Slide(image=url_of(server)), private=True, timeout=20))
                while not server.requests:
                    await asyncio.sleep(0.01)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await asyncio.to_thread(ended.wait, 10)

        began = time.monotonic()
        asyncio.run(main())
        assert time.monotonic() - began < 15

    def test_the_coroutine_finds_the_same(self):
        async def main() -> Any:
            with Faulty(served("image", png()[:-1])) as server:
                return await preflight_async(Slide(image=url_of(server)), private=True)

        assert [one.code for one in asyncio.run(main()).problems] == ["E341"]


# ------------------------------------------------------------------------------------------------ reports


def wav(seconds: int = 2) -> bytes:
    data = bytes(8000 * seconds)
    head = b"fmt " + (16).to_bytes(4, "little") + bytes.fromhex("0100 0100 401f0000 401f0000 0100 0800")
    return b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVE" + head + b"data" + len(data).to_bytes(4, "little") + data


def mp4(seconds: int = 3) -> bytes:
    header = bytes(12) + (1000).to_bytes(4, "big") + (seconds * 1000).to_bytes(4, "big") + bytes(80)
    mvhd = (8 + len(header)).to_bytes(4, "big") + b"mvhd" + header
    return b"\0\0\0\x10ftypmp42\0\0\0\0" + (8 + len(mvhd)).to_bytes(4, "big") + b"moov" + mvhd


def delay(hundredths: int) -> bytes:
    return b"\x21\xf9\x04\0" + hundredths.to_bytes(2, "little") + b"\0\0"


def animation(*delays: int) -> bytes:
    frame = gif()[19:-1]
    return gif()[:19] + b"".join(delay(one) + frame for one in delays) + b"\x3b"


def damaged_pass(method: int) -> bytes:
    """A pass whose first file cannot be unpacked: one byte of its packed text is another."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("pass.json", json.dumps([f"text {number}" for number in range(200)]))
    content = bytearray(packed.getvalue())
    # Of bzip2 it is the checksum of a block, of the others the beginning of the packed data behind the head of 39 bytes.
    content[39 + (9 if method == zipfile.ZIP_LZMA else 10 if method == zipfile.ZIP_BZIP2 else 0)] ^= 0x07
    return bytes(content)


def wallet_pass(**changes: bytes | None) -> bytes:
    files: dict[str, bytes | None] = {"pass.json": b"{}", "icon.png": png(), "signature": b"s"}
    hashes = {name: hashlib.sha1(data or b"").hexdigest() for name, data in files.items() if name != "signature"}
    files |= {"manifest.json": json.dumps(hashes).encode(), **{name.replace("_", "."): data for name, data in changes.items()}}
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            if data is not None:
                archive.writestr(name, data)
    return packed.getvalue()


CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n"
EVENT = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:20310102\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n"


class TestReports:
    @pytest.mark.parametrize(
        ("kind", "content", "declared", "found", "pixels", "seconds"),
        [
            ("image", png(3, 2), "image/png", "image/png", (3, 2), None),
            ("image", jpeg(), "image/jpeg", "image/jpeg", (8, 8), None),
            ("image", animation(50, 70), "image/gif", "image/gif", (1, 1), 1.2),
            ("audio", wav(), "audio/wav", "audio/wav", None, 2.0),
            ("audio", b"\xff\xfb\x90\x00".ljust(32_000, b"\0"), "audio/mpeg", "audio/mpeg", None, 2.0),
            ("video", mp4(), "video/mp4", "video/mp4", None, 3.0),
            ("vcard", CARD, "text/vcard", "text/vcard", None, None),
        ],
    )
    def test_a_file_is_reported_with_its_types_and_sizes(self, kind, content, declared, found, pixels, seconds):
        result = look(kind, served(kind, content, Content_Type=declared))
        assert (result.problems, result.warnings) == ((), ())
        (report,) = result.files
        assert (report.slide, report.field, report.declared, report.found) == (1, kind, declared, found)
        assert (report.bytes, report.pixels, report.seconds, report.is_whole) == (len(content), pixels, seconds, True)

    def test_the_password_of_an_address_is_not_reported(self):
        with Faulty(served("image")) as server:
            found = preflight(Slide(image=f"http://ann:secret@127.0.0.1:{server.port}/a.png"), private=True)
        assert "secret" not in repr(found)

    def test_each_report_is_given_as_soon_as_it_is_there(self):
        seen: list[str] = []
        with Faulty(served("image")) as server:
            preflight(Slide(image=url_of(server)), private=True, on_file=lambda report: seen.append(report.field))
        assert seen == ["image"]

    @pytest.mark.parametrize(
        ("kind", "content", "declared", "warning"),
        [
            ("image", png(), "image/jpeg", "it is a PNG, but is served as image/jpeg"),
            ("image", png(3001, 1), "image/png", "3,001 × 1 pixels: T-Mobile drops"),
            ("audio", b"a file", "audio/mpeg", "not recognised"),
            ("audio", b"OggS", "audio/mpeg", "its content is a Ogg"),
            ("vcard", CARD.replace(b"FN:Ann\r\n", b""), "text/vcard", "it has no name"),
            ("vcard", CARD.replace(b"END:VCARD", b""), "text/vcard", "does not end with END:VCARD"),
            ("vcard", CARD.replace(b"VERSION:3.0\r\n", b""), "text/vcard", "VERSION"),
            ("ical", EVENT.replace(b"END:VEVENT\r\n", b""), "text/calendar", "a section has no end"),
            ("ical", EVENT.replace(b"VEVENT", b"VTODO"), "text/calendar", "no event"),
            ("ical", EVENT[:-15], "text/calendar", "does not end with"),
            ("pdf", PDF[:-6], "application/pdf", "its end is missing"),
            ("pdf", PDF.replace(b"<<>>", b"/Encrypt 5 0 R"), "application/pdf", "password"),
            ("passbook", wallet_pass(icon_png=b"other"), "application/vnd.apple.pkpass", "another hash for 'icon.png'"),
            ("passbook", wallet_pass(signature=None), "application/vnd.apple.pkpass", "it has no signature"),
            ("passbook", wallet_pass(manifest_json=b"[]"), "application/vnd.apple.pkpass", "not an object"),
            ("passbook", wallet_pass(manifest_json=b"["), "application/vnd.apple.pkpass", "not a complete pass"),
            ("passbook", b"PK\x03\x04 and no more", "application/vnd.apple.pkpass", "not a complete pass"),
            ("video", mp4()[:-3], "video/mp4", "its end is missing"),
            ("video", mp4() + b"\0\0\1\0mdat" + bytes(99), "video/mp4", "its end is missing"),
            ("video", mp4() + b"\0\0\0\1mdat\0\0\0\1\0\0\0\0", "video/mp4", "its end is missing"),
            ("video", mp4()[:16] + b"\0\0\0\x0cmdat1234", "video/mp4", "moov"),
        ],
    )
    def test_what_a_gateway_accepts_and_a_phone_may_not_show_is_a_warning(self, kind, content, declared, warning):
        found = look(kind, served(kind, content, Content_Type=declared))
        assert found.problems == ()
        assert [warning in one.message for one in found.warnings] == [True]

    @pytest.mark.parametrize(
        ("kind", "content"),
        [
            ("vcard", CARD),
            ("ical", EVENT),
            ("pdf", PDF),
            ("passbook", wallet_pass()),
            ("video", mp4()),
            ("video", mp4() + b"\0\0\0\0mdat" + bytes(99)),
            ("video", mp4() + b"\0\0\0\1mdat" + bytes(7) + b"\x14" + bytes(4)),
        ],
    )
    def test_a_correct_object_has_no_warning(self, kind, content):
        assert look(kind, served(kind, content)).warnings == ()

    def test_a_pass_that_unpacks_to_very_much_is_not_unpacked(self):
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("pass.json", bytes(30_000_000))
        assert "unpacks to more" in look("passbook", served("passbook", packed.getvalue())).warnings[0].message

    @pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
    def test_a_pass_that_cannot_be_unpacked_is_a_warning_and_cannot_be_fitted(self, method):
        content = damaged_pass(method)
        found = look("passbook", served("passbook", content))
        assert ["not a complete pass" in one.message for one in found.warnings] == [True]
        with pytest.raises(MediaCorruptedError, match="not a complete pass"):
            fit(content)

    def test_problems_can_be_raised(self):
        with pytest.raises(MediaTooLargeError, match="slide 1, image"):
            look("image", served("image"), limits=Limits(max_image=5)).raise_problems()
        look("image", served("image")).raise_problems()


# ------------------------------------------------------------------------------------------------ local files


class TestLocalFiles:
    def test_a_path_is_looked_at_without_a_network(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(jpeg())
        found = preflight(Slide(image="a.jpg"), base=tmp_path)
        assert (found.problems, found.files[0].address, found.files[0].pixels) == ((), "a.jpg", (8, 8))

    @pytest.mark.parametrize(
        ("kind", "content", "code", "message"),
        [
            ("image", None, "E351", "cannot be read"),
            ("image", b"", "E629", "its type is not known"),
            ("image", jpeg()[:-4], "E341", "the end of the file is missing"),
            ("image", b"RIFF\x24\0\0\0WEBPVP8 ", "E629", "it is a WebP"),
            ("audio", png(), "E629", "it is a PNG"),
            ("image", jpeg().ljust(3000), "E331", "more than the 2,000 allowed"),
        ],
    )
    def test_the_problem_of_a_local_file_has_the_gateways_code(self, kind, content, code, message, tmp_path):
        if content is not None:
            (tmp_path / "a").write_bytes(content)
        given: dict[str, Any] = {kind: "a"}
        (problem,) = preflight(Slide(**given), Limits(max_image=2000), base=tmp_path).problems
        assert (problem.code, message in problem.message) == (code, True)

    @pytest.mark.parametrize("cut", [1, 40_000])
    def test_a_local_file_is_read_whole(self, cut, tmp_path):
        (tmp_path / "a.jpg").write_bytes(jpeg(b"\x3f" * 100_000)[:-cut])
        found = preflight(Slide(image="a.jpg"), base=tmp_path)
        assert ([one.code for one in found.problems], found.files[0].is_whole) == (["E341"], True)

    def test_the_pixels_of_a_turned_picture_are_those_that_are_shown(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(saved(photo(400, 300), "JPEG", exif=camera_exif(6)))
        (seen,) = preflight(Slide(image="a.jpg"), base=tmp_path).files
        assert seen.pixels == fit(tmp_path / "a.jpg", most=5_000).original_pixels == (300, 400)

    def test_a_directory_is_not_a_file(self, tmp_path):
        (problem,) = preflight(Slide(image="."), base=tmp_path).problems
        assert "is not a file" in problem.message

    def test_no_local_file_is_read_without_a_base(self, tmp_path):
        (tmp_path / "a.png").write_bytes(png())
        (problem,) = preflight(Slide(image=str(tmp_path / "a.png")), base=None).problems
        assert problem.code == "E351"

    def test_a_sandbox_never_reads_local_files(self, tmp_path, monkeypatch):
        # Strict rules refuse such an address earlier; this is about what is behind them.
        (tmp_path / "a.png").write_bytes(png())
        monkeypatch.chdir(tmp_path)
        with Sandbox(fetch_media=True) as sandbox, Client(sandbox.account()) as client, pytest.raises(MMSError) as raised:
            client.call(SendMMS(Slideshow("n", subject="s", slides=(Slide(image="a.png"),)), to="15551234888", sender="1"))
        assert raised.value.code == "E351"


# ------------------------------------------------------------------------------------------------ the whole message


class TestBudget:
    BIG = jpeg(b"\x3f" * 440_000)

    def test_a_message_over_the_budget_of_all_carriers_is_a_warning(self):
        found = look("image", served("image", self.BIG, Content_Type="image/jpeg"))
        assert found.problems == ()
        assert found.message_size == message_size([len(self.BIG)]) > MESSAGE_BUDGET
        assert [f"{MESSAGE_BUDGET:,}" in one.message for one in found.warnings] == [True]

    def test_the_size_of_a_message_is_a_warning_beside_problems_too(self):
        damaged = served("image", self.BIG, Content_Type="image/png")
        found = look("image", damaged, stricter=Limits(max_image=400_000))
        assert [one.code for one in found.problems] == ["E331"]
        assert [f"{MESSAGE_BUDGET:,}" in one.message for one in found.warnings] == [True]

    def test_a_file_that_was_not_read_says_why(self):
        too_large = look("image", served("image", b"", Content_Length="60000000")).files[0]
        assert (too_large.found, too_large.not_read) == ("", "too large")
        wrong = look("image", served("image", Content_Type="text/html")).files[0]
        assert (wrong.found, wrong.not_read) == ("", "wrong type")
        missing = look("image", served("image", status="404 Not Found")).files[0]
        assert (missing.found, missing.not_read) == ("", "not fetched")
        assert look("image", served("image")).files[0].not_read == ""

    @pytest.mark.parametrize(
        ("route", "sentence"),
        [
            ("toll-free", "att delivers 600,000 from a toll-free number ("),
            ("short code", "att delivers 600,000 from a short code ("),
        ],
    )
    def test_the_warning_of_a_carrier_names_the_number(self, route, sentence):
        found = look("image", served("image", self.BIG, Content_Type="image/jpeg"), audience=["att"], route=route)
        assert sentence in found.warnings[0].message

    def test_a_route_alone_means_all_carriers(self):
        found = look("image", served("image", self.BIG, Content_Type="image/jpeg"), route="toll-free")
        assert [one.limit.carrier for one in found.carriers] == ["att", "tmobile", "verizon"]

    @pytest.mark.parametrize(("audience", "count"), [((), 1), (("att", "verizon"), 0), (("att", "T-Mobile"), 1)])
    def test_what_t_mobile_drops_is_a_warning_for_its_customers(self, audience, count):
        wide = served("image", png(3001, 10))
        texts = [one.message for one in look("image", wide, audience=audience).warnings]
        assert sum("T-Mobile drops" in text for text in texts) == count

    def test_the_largest_only_file_of_a_message_is_within_the_budget(self):
        assert message_size([FILE_BUDGET]) <= MESSAGE_BUDGET < message_size([FILE_BUDGET + 2])

    @pytest.mark.parametrize(
        ("audience", "route", "fits"),
        [
            (["att"], None, [False]),
            (["AT&T", "T-Mobile", "Verizon"], "short code", [False, True, True]),
            (["att", "tmobile", "verizon"], "long code", [True, True, True]),
            (["us cellular"], "toll-free", []),
        ],
    )
    def test_each_carrier_of_the_audience_has_a_verdict(self, audience, route, fits):
        found = look("image", served("image", self.BIG, Content_Type="image/jpeg"), audience=audience, route=route)
        assert [one.fits for one in found.carriers] == fits
        assert [bool(found.warnings)] == [not all(fits)]

    @pytest.mark.parametrize(("size", "fits"), [(1000, None), (5_000_000, False)])
    def test_nothing_fits_for_sure_if_a_file_was_not_seen(self, tmp_path, size, fits):
        (tmp_path / "a.png").write_bytes(png().ljust(size, b"\0"))
        show = Slideshow("a", subject="s", slides=(Slide(image="http://127.0.0.1/a.png"), Slide(image="a.png")))
        (verdict,) = preflight(show, audience=["att"], base=tmp_path).carriers
        assert (verdict.fits, verdict.unseen) == (fits, 1)

    @pytest.mark.parametrize("status", ["404 Not Found", "302 Found"])
    def test_what_comes_instead_of_a_file_does_not_count(self, status):
        (verdict,) = look("image", served("image", b"x" * 5000, status=status, Location="/b"), audience=["att"]).carriers
        assert (verdict.fits, verdict.unseen, verdict.message_size) == (None, 1, message_size([0]))

    def test_the_texts_and_every_use_of_a_file_count(self):
        with Faulty(served("image")) as server:
            once = preflight(Slide(image=url_of(server)), private=True).message_size
            slides = (Slide("ééé", image=url_of(server)), Slide(image=url_of(server)))
            assert preflight(Slideshow("n", slides=slides), private=True).message_size == once * 2 + message_size([6])

    def test_every_figure_has_a_source_and_a_date(self):
        assert all(one.source and one.read == "2026-11" and one.route in ROUTES for one in CARRIER_LIMITS)
        assert min(one.max_bytes for one in CARRIER_LIMITS) == MESSAGE_BUDGET

    @pytest.mark.parametrize(
        "options",
        [{"audience": "att"}, {"audience": ["acme"]}, {"audience": ["att"], "route": "satellite"}, {"fetch": "half"}],
    )
    def test_a_wrong_option_is_refused(self, options):
        with pytest.raises(ConfigurationError):
            preflight(Slide("Hi!"), **options)

    def test_an_operation_without_a_slideshow_is_refused(self):
        with pytest.raises(ConfigurationError, match="int has no files"):
            preflight(7)


class TestCellcast:
    @pytest.mark.parametrize(
        ("limits", "name", "content", "codes"),
        [
            (V3.limits, "a.gif", gif().ljust(379_997), []),
            (V3.limits, "a.gif", gif().ljust(379_998), ["E331"]),  # the text has three bytes
            (V1.limits, "a.gif", gif().ljust(230_000), []),
            (V1.limits, "a.gif", gif().ljust(230_001), ["E331"]),
        ],
    )
    def test_the_sizes_of_the_generation_apply(self, limits, name, content, codes):
        with Faulty(served("image", content, Content_Type="image/gif")) as server:
            send = CellcastSend(Slide("Hi!", image=url_of(server, name)), to="0491570156")
            assert [one.code for one in preflight(send, limits, private=True).problems] == codes

    def test_the_types_of_the_generation_apply(self):
        with Faulty(served("image", png())) as server:
            send = CellcastSend(Slide("Hi!", image=url_of(server)), to="0491570156")
            assert preflight(send, V3.limits, private=True)
            assert [one.code for one in preflight(send, V1.limits, private=True).problems] == ["E629"]

    def test_an_upload_is_looked_at_too(self):
        send = CellcastSend(Slide("Hi!"), to="0491570156", media=png()[:-1])
        (problem,) = preflight(send, V1.limits).problems
        assert (problem.code, problem.slide, problem.field) == ("E341", None, "media")

    def test_a_picture_larger_than_advised_is_a_warning(self):
        send = CellcastSend(Slide("Hi!"), to="0491570156", media=png(301, 450))
        assert ["300 × 450" in one.message for one in preflight(send, V3.limits).warnings] == [True]
        assert preflight(CellcastSend(Slide("Hi!"), to="0491570156", media=png(300, 450)), V3.limits).warnings == ()


def test_the_limits_of_an_account_are_used():
    account = Account("not-a-key", limits=Limits(max_image=5))
    with Faulty(served("image")) as server:
        assert [one.code for one in preflight(Slide(image=url_of(server)), account.limits, private=True).problems] == ["E331"]


def test_a_long_comment_of_a_gif_is_no_reason_to_look_further():
    assert look("image", served("image", gif(b"\x44\x01", extension(b"x" * 1000)), Content_Type="image/gif")).problems == ()


def test_both_forms_of_preflight_have_the_same_parameters():
    one, other = (inspect.signature(form).parameters.values() for form in (preflight, preflight_async))
    assert list(map(str, one)) == list(map(str, other))
