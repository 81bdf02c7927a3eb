"""Slides as pictures: half blocks in a terminal, and the contact sheet."""

from __future__ import annotations

import io
import re
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageFont
from rich.console import Console

from skymms import Problem, SendSMS, Slide, Slideshow
from skymms.media import Preflight
from skymms.preview import Preview, contact_sheet, preview
from skymms.preview.pictures import Picture
from skymms.preview.terminal import PICTURE_ROWS, draw, half_blocks
from skymms.slide import FILES

IMAGE = "http://a.example/welcome.png"


def coloured(colour: str, size: tuple[int, int] = (40, 20)) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, colour).save(written, "PNG")
    return written.getvalue()


def drawn(shown: Preview, pictures: Any = None, width: int = 80) -> str:
    """What a terminal gets, without the colours."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, color_system="truecolor", width=width)
    draw(console, shown.view, shown.pictures if pictures is None else pictures)
    return re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue())


class TestTerminal:
    def test_two_pixels_are_one_character(self):
        image = Image.new("RGB", (1, 3))
        for at, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
            image.putpixel((0, at), colour)
        written = BytesIO()
        image.save(written, "PNG")
        text = half_blocks(written.getvalue(), 10, 10)
        assert text is not None
        assert text.plain == "▀\n▀"
        assert [str(span.style) for span in text.spans] == ["#ff0000 on #00ff00", "#0000ff"]

    def test_a_picture_fits_the_frame(self):
        text = half_blocks(coloured("red", (500, 900)), 40, PICTURE_ROWS)
        assert text is not None
        lines = text.plain.split("\n")
        assert len(lines) == PICTURE_ROWS
        assert len(lines[0]) <= 40

    def test_a_slide_shows_its_picture_its_text_and_its_files(self):
        show = (
            Slideshow("x", subject="Free").slide("Hi {name}", image=IMAGE, duration=3).slide(vcard="http://a.example/shop.vcf")
        )
        text = drawn(preview(show), {IMAGE: Picture("image/png", coloured("red"))})
        for part in (
            "Slide 1, 3 seconds",
            "▀▀▀▀",
            "Hi {name}",
            "[contact card: shop.vcf]",
            "Fallback SMS",
            "not filled in: name",
        ):
            assert part in text
        assert "[picture" not in text

    def test_a_picture_that_cannot_be_drawn_is_named(self):
        shown = preview(Slideshow("x", subject="Free").slide("Hi", image=IMAGE))
        assert "[picture: welcome.png]" in drawn(shown)
        assert "[picture: welcome.png]" in drawn(shown, {IMAGE: Picture("image/png", b"\x89PNG")})
        assert "[picture: welcome.png] status 404" in drawn(shown, {IMAGE: "status 404"})

    @pytest.mark.parametrize("width", [20, 40, 200])
    def test_no_line_is_wider_than_the_terminal(self, width):
        shown = preview(Slideshow("x", subject="Free").slide("word " * 50, image=IMAGE))
        text = drawn(shown, {IMAGE: Picture("image/png", coloured("red", (300, 100)))}, width=width)
        frames = [line for line in text.splitlines() if line.startswith(("│", "╭", "╰"))]
        assert frames
        assert max(map(len, frames)) == min(width, 44)


def sheet(shown: Preview) -> Image.Image:
    return Image.open(BytesIO(shown.contact_sheet())).convert("RGB")


class TestContactSheet:
    def test_each_slide_has_a_card_with_its_picture(self):
        show = Slideshow("x", subject="Free")
        pictures = {}
        colours = ["red", "lime", "blue", "yellow", "cyan"]
        for number, colour in enumerate(colours):
            show = show.slide("Hi", image=f"http://a.example/{number}.png")
            pictures[f"http://a.example/{number}.png"] = Picture("image/png", coloured(colour, (200, 100)))
        found = sheet(Preview(preview(show).view, pictures))
        card, gap = contact_sheet.CARD, contact_sheet.GAP
        for number in range(5):
            row, column = divmod(number, 4)
            middle = (gap + column * (card[0] + gap) + card[0] // 2, 84 + row * (card[1] + gap) + 90)
            expected = Image.new("RGB", (1, 1), colours[number]).getpixel((0, 0))
            assert isinstance(expected, tuple)
            pixel = found.getpixel(middle)
            assert isinstance(pixel, tuple)
            # Colours are mixed from 256.
            assert max(abs(one - other) for one, other in zip(pixel, expected, strict=True)) < 40

    @pytest.mark.parametrize(
        "message",
        [
            Slideshow("x"),
            SendSMS("Hello"),
            Slideshow("W" * 5000, subject="W" * 5000, slides=(Slide("W" * 5000), Slide("a " * 2500), Slide("\n" * 500))),
            Slideshow("x", slides=tuple(Slide(str(number)) for number in range(2000))),
            Slideshow("x", slides=(Slide("Hi", **dict.fromkeys(FILES, "http://a.example/a.jpg")),)),
            Slideshow("😀", subject="\u202e\x1b", slides=(Slide("日本語 العربية", image="javascript:", vcard="x"),)),
        ],
    )
    def test_every_message_has_one_of_bounded_size(self, message):
        found = sheet(preview(message))
        assert found.width <= 1300
        assert found.height <= 3400

    def test_many_problems_end_in_dots(self):
        problems = tuple(Problem("E351", 1, "image", f"reason {number}") for number in range(500))
        many = sheet(preview(Slideshow("x").slide("Hi"), preflight=Preflight(problems=problems)))
        assert many.height < 1200

    def test_without_a_font_of_the_system_pillows_own_is_used(self, monkeypatch):
        monkeypatch.setattr(contact_sheet, "_FONTS", ("no such font.ttf",))
        monkeypatch.setattr(contact_sheet, "_LOADED", {})
        assert sheet(preview(Slideshow("x").slide("Hi"))).width > 600
        assert isinstance(contact_sheet._LOADED[15], ImageFont.FreeTypeFont)
