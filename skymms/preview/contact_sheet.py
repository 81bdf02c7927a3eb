"""Draws all slides of a message on one picture, for a pull request or an e-mail. Needs Pillow (the extra ``skymms[media]``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from .message import MessageView, SlideView
from .phone import Pictures
from .pictures import Picture
from .plain_text import about, slide_title
from .texts import fitting, label, plain, printable, wrap
from .thumbnails import require_pillow, thumbnail

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

#: Pixels of a slide's card, of its picture, and of the space between cards.
CARD = (300, 430)
PICTURE_HEIGHT = 200
GAP = 20
#: Cards in a row, the most cards, and the most lines of text below them.
COLUMNS = 4
MAX_CARDS = 24
MAX_LINES = 24

_PAGE, _CARD, _EDGE, _TEXT, _MUTED, _FIELD = "#f5f4f0", "#ffffff", "#dcd9d0", "#1d1c1a", "#625e57", "#7a4a00"

#: Fonts that most systems have, the ones with the most scripts first. Pillow's own has only Latin letters.
_FONTS = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial Unicode.ttf", "Arial.ttf", "LiberationSans-Regular.ttf")


def contact_sheet(view: MessageView, pictures: Pictures) -> bytes:
    """Return the contact sheet as a PNG.

    A long text ends in "…", because a card has one size. Raises :class:`~skymms.ConfigurationError` without Pillow.
    """
    require_pillow("the contact sheet")
    from PIL import Image, ImageDraw

    slides = view.slides[:MAX_CARDS]
    columns = min(COLUMNS, max(2, len(slides)))
    width = GAP + columns * (CARD[0] + GAP)
    lines = _lines_below(view, width - 2 * GAP)
    rows = -(-len(slides) // columns)
    top = 84
    height = top + rows * (CARD[1] + GAP) + len(lines) * 20 + GAP
    sheet = Image.new("RGB", (width, height), _PAGE)
    drawing = ImageDraw.Draw(sheet)
    _write(drawing, (GAP, 16), _fitted(label(view.title) or "A message", width - 2 * GAP, 24), 24, _TEXT)
    _write(drawing, (GAP, 50), view.summary, 15, _MUTED)
    for at, slide in enumerate(slides):
        row, column = divmod(at, columns)
        corner = (GAP + column * (CARD[0] + GAP), top + row * (CARD[1] + GAP))
        _draw_card(sheet, drawing, corner, slide, view, pictures)
    for at, line in enumerate(lines):
        _write(drawing, (GAP, top + rows * (CARD[1] + GAP) + at * 20), line, 14, _TEXT)
    written = BytesIO()
    # 256 colours take a third of the bytes. Pillow mixes colours that are not among them only with a palette that is given.
    few = sheet.quantize(256)
    sheet.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG).save(written, "PNG", optimize=True)
    return written.getvalue()


def _draw_card(
    sheet: Any, drawing: ImageDraw, corner: tuple[int, int], slide: SlideView, view: MessageView, pictures: Pictures
) -> None:
    left, top = corner
    drawing.rounded_rectangle((left, top, left + CARD[0], top + CARD[1]), 16, _CARD, _EDGE)
    _write(drawing, (left + 14, top + 10), slide_title(slide), 13, _MUTED)
    down = top + 34
    inner = CARD[0] - 28
    if slide is view.slides[0] and view.subject:
        _write(drawing, (left + 14, down), _fitted(label(plain(view.subject)), inner, 16), 16, _TEXT, bold=True)
        down += 28
    for file in slide.files:
        if down + 42 > top + CARD[1]:
            break  # only a message that gateways refuse has so many files on a slide
        picture = pictures.get(file.address)
        image = thumbnail(picture.data, (inner, PICTURE_HEIGHT)) if isinstance(picture, Picture) else None
        if image is not None:
            sheet.paste(image, (left + (CARD[0] - image.width) // 2, down))
            down += image.height + 8
        else:
            drawing.rounded_rectangle((left + 14, down, left + 14 + inner, down + 34), 8, _PAGE)
            _write(drawing, (left + 24, down + 8), _fitted(f"{file.title}: {label(file.name)}", inner - 20, 13), 13, _MUTED)
            down += 42
    colour = _FIELD if any(run.state in {"open", "missing"} and run.field for run in slide.text) else _TEXT
    for line in _first_lines(_wrapped(printable(plain(slide.text)), inner, 15), (top + CARD[1] - 8 - down) // 21):
        _write(drawing, (left + 14, down), line, 15, colour)
        down += 21


def _lines_below(view: MessageView, width: int) -> list[str]:
    hidden = len(view.slides) - MAX_CARDS
    more = [f"{hidden:,} more slide{'' if hidden == 1 else 's'}"] if hidden > 0 else []
    return more + _first_lines((line for text in about(view) for line in _wrapped(text, width, 14)), MAX_LINES)


def _first_lines(lines: Iterable[str], most: int) -> list[str]:
    """Return the first lines; the last of them is "…" if there are more."""
    if most < 1:
        return []
    found = list(islice(lines, most + 1))
    return found if len(found) <= most else [*found[: most - 1], "…"]


def _write(drawing: ImageDraw, place: tuple[int, int], text: str, size: int, colour: str, *, bold: bool = False) -> None:
    # A thin outline in the same colour, because a bold font is not known to be there.
    drawing.text(place, text, colour, _font(size), stroke_width=0.4 if bold else 0, stroke_fill=colour)


def _fitted(text: str, width: int, size: int) -> str:
    """Return a text cut to a width in pixels, in one line."""
    text = text.replace("\n", " ")
    end = fitting(text, width, _font(size).getlength)
    return text if end == len(text) else f"{text[: max(end - 1, 1)]}…"


def _wrapped(text: str, width: int, size: int) -> Iterator[str]:
    return wrap(text, width, _font(size).getlength)


def _font(size: int) -> Any:
    from PIL import ImageFont

    if size not in _LOADED:
        for name in _FONTS:
            try:
                _LOADED[size] = ImageFont.truetype(name, size)
                break
            except OSError:
                continue
        else:
            _LOADED[size] = ImageFont.load_default(size)
    return _LOADED[size]


_LOADED: dict[int, Any] = {}
