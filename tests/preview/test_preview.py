"""``preview()``, what it saves, what a notebook shows, and the pictures it gets."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from page_parts import PageParts
from PIL import Image, ImageOps

from skymms import ConfigurationError, DeleteMMS, SendMMS, Slide, Slideshow
from skymms.preview import Preview, preview, thumbnails
from skymms.preview.phone import phone
from skymms.preview.pictures import KEPT_BYTES, MAX_BYTES, Picture, get_pictures, make_picture
from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse

COUPON = Slideshow("coupon", subject="Free coffee").slide("Hi {name|there}", image="http://a.example/welcome.jpg")


def picture(size: tuple[int, int] = (8, 6), form: str = "PNG", **options: Any) -> bytes:
    written = BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(written, form, **options)
    return written.getvalue()


PNG = picture()


class FileServer:
    """A server of pictures on this machine, which knows what was requested."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self._listener = Listener(self._respond)
        self.url = self._listener.url

    def _respond(self, request: ServerRequest) -> ServerResponse:
        self.requested.append(request.path)
        if request.path == "/text":
            return ServerResponse(200, b"Hello", "image/jpeg")
        if request.path == "/large":
            return ServerResponse(200, PNG + b"\0" * MAX_BYTES, "image/png")
        return ServerResponse(200, PNG, "image/png") if request.path == "/a.png" else ServerResponse(404, b"", "text/plain")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server() -> Iterator[FileServer]:
    running = FileServer()
    yield running
    running.close()


class TestPreview:
    def test_nothing_is_fetched_unless_it_is_asked_for(self, server):
        show = Slideshow("x", subject="Hi").slide(image=f"{server.url}/a.png")
        shown = preview(show, private=True)
        assert shown.html
        assert shown.text
        assert show._repr_mimebundle_()["text/html"]
        assert server.requested == []
        assert preview(show, media=True, private=True).pictures == {f"{server.url}/a.png": Picture("image/png", PNG)}
        assert server.requested == ["/a.png"]

    def test_a_picture_on_two_slides_is_fetched_once(self, server):
        image = f"{server.url}/a.png"
        preview(Slideshow("x", subject="Hi").slide(image=image).slide(image=image), media=True, private=True)
        assert server.requested == ["/a.png"]

    def test_its_repr_says_what_it_is(self):
        assert repr(preview(COUPON)) == "<Preview of 'Free coffee': 1 slide, 10 seconds, 1 file>"

    def test_its_text_shows_slides_fallback_problems_and_fields(self):
        wrong = COUPON.replace(slides=(*COUPON.slides, Slide(), Slide("日本", vcard="http://a.example/shop.vcf", duration=1)))
        assert preview(SendMMS(wrong, to="15551234888", sender="60856")).text == (
            "Free coffee\n"
            "from 60856 to 15551234888\n"
            "3 slides, 21 seconds, 2 files\n"
            "\n"
            "+- Slide 1, 10 seconds ----------------------------+\n"
            "| Subject: Free coffee                             |\n"
            "| [picture: welcome.jpg]                           |\n"
            "| Hi {name|there}                                  |\n"
            "+--------------------------------------------------+\n"
            "+- Slide 2, 10 seconds ----------------------------+\n"
            "+--------------------------------------------------+\n"
            "+- Slide 3, 1 second ------------------------------+\n"
            "| [contact card: shop.vcf]                         |\n"
            "| 日本                                             |\n"
            "+--------------------------------------------------+\n"
            "\n"
            "Fallback SMS, for phones without MMS:\n"
            "  Free coffee <link>\n"
            "  (1 SMS: 61 units of GSM 03.38, 50 units of them for the gateway's link)\n"
            "\n"
            "Problems: gateways refuse the message:\n"
            "  E313 slide 2, text: the slide is empty: give it text or a file, or leave it out\n"
            "\n"
            "Merge fields that are not filled in: name (default: there)\n"
        )

    def test_its_text_says_why_a_picture_is_not_there(self):
        shown = Preview(preview(COUPON).view, {"http://a.example/welcome.jpg": "status 404"})
        assert "[picture: welcome.jpg] status 404" in shown.text

    def test_without_a_fallback_its_text_says_so(self):
        assert "No fallback SMS" in preview(COUPON.replace(disable_fallback=True)).text


class TestSave:
    @pytest.mark.parametrize(
        ("name", "beginning"),
        [
            ("a.html", b"<!doctype html>"),
            ("a.HTM", b"<!doctype html>"),
            ("a.txt", b"Free coffee\n"),
            ("a.png", b"\x89PNG"),
        ],
    )
    def test_the_end_of_the_name_says_what_is_written(self, tmp_path, name, beginning):
        preview(COUPON).save(tmp_path / name)
        preview(COUPON).save(str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(beginning)

    @pytest.mark.parametrize(
        ("name", "message"),
        [("a.pdf", "name a file that ends in .html"), ("a", "name a file"), ("no/a.html", "cannot write .*No such file")],
    )
    def test_another_name_is_an_error(self, tmp_path, name, message):
        with pytest.raises(ConfigurationError, match=message):
            preview(COUPON).save(tmp_path / name)
        with pytest.raises(ConfigurationError, match="cannot write"):
            preview(COUPON).save("a\0.html")


class TestNotebook:
    def test_a_slideshow_and_an_operation_show_themselves(self):
        for message in (COUPON, SendMMS(COUPON, to="15551234888")):
            bundle = message._repr_mimebundle_()
            assert bundle["text/html"].startswith('<iframe sandbox="" srcdoc="&lt;!doctype html')
            assert bundle["text/plain"] == repr(message)

    def test_an_operation_without_a_message_shows_its_repr(self):
        assert DeleteMMS("1")._repr_mimebundle_() == {}

    def test_a_preview_shows_its_text_where_there_is_no_html(self):
        shown = preview(COUPON)
        assert shown._repr_mimebundle_()["text/plain"] == shown.text

    def test_values_stay_what_they_were(self):
        assert pickle.loads(pickle.dumps(COUPON)) == COUPON
        assert not hasattr(COUPON, "__dict__")


class TestPictures:
    def test_each_picture_is_there_or_says_why_not(self, server):
        names = ["a.png", "missing.png", "text", "large"]
        found = get_pictures([f"{server.url}/{name}" for name in names], private=True, base=None)
        assert list(found.values()) == [
            Picture("image/png", PNG),
            "its server returned status 404",
            "the file is not a JPG, PNG or GIF",
            "the file has more than 3,072,000 bytes: make it smaller with `skymms fit`",
        ]

    def test_a_message_without_pictures_gets_none(self):
        assert preview(Slideshow("x", subject="Hi").slide("Hello"), media=True).pictures == {}

    def test_this_machine_is_not_requested_unless_it_is_allowed(self, server):
        (reason,) = get_pictures([f"{server.url}/a.png"], private=False, base=None).values()
        assert "private=True" in str(reason)
        assert server.requested == []

    def test_a_server_that_ends_is_a_reason(self, server):
        server.close()
        (reason,) = get_pictures([f"{server.url}/a.png"], private=True, base=None).values()
        assert reason == "its server refused the connection"

    def test_a_path_is_read_only_in_a_directory_that_is_named(self, tmp_path):
        (tmp_path / "a.png").write_bytes(PNG)
        (tmp_path / "large.png").write_bytes(PNG + b"\0" * MAX_BYTES)
        names = ["a.png", "missing.png", "large.png", "a\0.png", "a" * 5000]
        found = get_pictures(names, private=False, base=tmp_path)
        assert found["a.png"] == Picture("image/png", PNG)
        assert found["missing.png"] == "there is no such file"
        assert "more than" in str(found["large.png"])
        assert found["a\0.png"] == "there is no such file"
        assert isinstance(found["a" * 5000], str)
        assert "only with base=" in str(get_pictures(["a.png"], private=False, base=None)["a.png"])

    def test_a_large_picture_is_made_smaller(self):
        large = picture((900, 700))
        assert len(large) > KEPT_BYTES
        found = make_picture(large)
        assert isinstance(found, Picture)
        with Image.open(BytesIO(found.data)) as reduced:
            assert (reduced.format, reduced.width) == ("JPEG", 640)

    @pytest.mark.parametrize("orientation", [1, 6])
    @pytest.mark.parametrize("size", [(80, 60), (900, 700)])
    def test_a_picture_has_no_metadata_and_stays_upright(self, size, orientation):
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = orientation, "A Camera"
        exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 0.0)})
        found = make_picture(picture(size, "JPEG", exif=exif, comment=b"by Ann", quality=95))
        assert isinstance(found, Picture)
        assert b"A Camera" not in found.data
        assert b"by Ann" not in found.data
        with Image.open(BytesIO(found.data)) as shown:
            assert set(shown.getexif()) <= {0x0112}
            upright = ImageOps.exif_transpose(shown).size
        assert (upright[0] > upright[1]) == (orientation == 1)

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (PNG[:20] + bytes(KEPT_BYTES + 1), "the picture is damaged: "),
            (picture((80, 60), "JPEG")[:-40], "the picture is damaged: the end of the file is missing"),
            (PNG[:-30], "the picture is damaged: the end of the file is missing"),
        ],
    )
    def test_a_damaged_picture_is_not_shown_and_the_reason_is(self, data, reason):
        assert str(make_picture(data)).startswith(reason)

    def test_a_large_animation_is_a_still_picture_and_says_so(self):
        images = [Image.effect_noise((300, 300), spread) for spread in (40, 50, 60)]
        written = BytesIO()
        images[0].save(written, "GIF", save_all=True, append_images=images[1:], duration=100)
        found = make_picture(written.getvalue())
        assert isinstance(found, Picture)
        assert (found.content_type, found.note) == (
            "image/jpeg",
            "an animation of 3 frames, of which the preview shows the first",
        )
        message = Slideshow("x", subject="Hi").slide("Hello", image="http://a.example/a.gif")
        shown = Preview(preview(message).view, {"http://a.example/a.gif": found})
        assert found.note in shown.html
        small = BytesIO()
        tiny = [image.resize((20, 20)) for image in images]
        tiny[0].save(small, "GIF", save_all=True, append_images=tiny[1:], duration=100)
        moving = make_picture(small.getvalue())
        assert isinstance(moving, Picture)
        assert (moving.content_type, moving.note) == ("image/gif", "")

    def test_a_picture_that_is_too_large_says_what_to_do(self, tmp_path):
        (tmp_path / "large.png").write_bytes(PNG + b"\0" * MAX_BYTES)
        draft = Slideshow("x", slides=(Slide("Hi", image="large.png"),))
        shown = preview(draft, media=True, base=tmp_path)
        assert "make it smaller with `skymms fit`" in " ".join(shown.text.replace("|", " ").split())
        assert "the file has more than 3,072,000 bytes" in PageParts(phone(shown.view, shown.pictures)).text

    def test_a_repr_says_what_a_picture_is_without_its_bytes(self):
        assert repr(Picture("image/png", PNG)) == f"<Picture image/png, {len(PNG)} bytes>"


class TestThumbnails:
    def test_a_picture_is_upright_and_fits(self):
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by 90 degrees
        found = thumbnails.thumbnail(picture((80, 40), "JPEG", exif=exif), (20, 20))
        assert found is not None
        assert (found.size, found.mode) == ((10, 20), "RGB")

    def test_it_is_never_enlarged(self):
        found = thumbnails.thumbnail(PNG, (100, 100))
        assert found is not None
        assert found.size == (8, 6)

    def test_what_is_transparent_is_white(self):
        written = BytesIO()
        Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(written, "PNG")
        found = thumbnails.thumbnail(written.getvalue(), (4, 4))
        assert found is not None
        assert found.getpixel((0, 0)) == (255, 255, 255)

    def test_a_picture_with_too_many_pixels_is_not_decoded(self):
        written = BytesIO()
        Image.new("1", (9000, 9000)).save(written, "PNG")
        assert len(written.getvalue()) < 20_000
        assert thumbnails.thumbnail(written.getvalue(), (40, 40)) is None

    @pytest.mark.parametrize(
        "data", [b"", b"GIF89a", PNG[:40], PNG[:-60], b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"]
    )
    def test_anything_else_is_none(self, data):
        assert thumbnails.thumbnail(data, (40, 40)) is None


WITHOUT_PILLOW = """
import sys
sys.modules["PIL"] = None
from skymms import ConfigurationError, Slideshow
from skymms.preview import preview
from skymms.preview.pictures import KEPT_BYTES, make_picture
coupon = Slideshow("x", subject="Hi").slide("Hello")
shown = preview(coupon)
assert shown.html and shown.text
large = b"GIF89a" + bytes(7) + b"\\x2c" + bytes(10) + (b"\\xff" + bytes(255)) * (KEPT_BYTES // 256 + 1) + b"\\0\\x3b"
assert make_picture(large).data == large
try:
    shown.save("sheet.png")
except ConfigurationError as error:
    print(error)
"""


def test_without_pillow_only_the_contact_sheet_is_missing(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_PILLOW], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ran.stdout == "the contact sheet needs Pillow: pip install 'skymms[media]'\n"
