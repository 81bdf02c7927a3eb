"""Draws a preview in a terminal, with rich (the extra ``skymms[cli]``).

A picture is drawn in half blocks: each character shows two pixels, one in its own colour and one in that of its background.
This works in every terminal with colours and asks the terminal nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.style import Style
from rich.text import Text

from .message import MessageView, SlideView
from .phone import Pictures
from .pictures import Picture
from .plain_text import about, file_line, slide_title
from .texts import Run, label, printable
from .thumbnails import thumbnail

#: The widest frame, and the most rows of a picture.
WIDTH = 44
PICTURE_ROWS = 14

_STYLES = {"open": "black on yellow", "missing": "white on red", "value": "green", "default": "green"}


def draw(console: Console, view: MessageView, pictures: Pictures) -> None:
    """Print a preview. ``pictures`` has the pictures to draw; a file that is not among them is shown by its name."""
    width = min(WIDTH, console.width)
    console.print(Text(label(view.title) or "A message", "bold"), soft_wrap=True)
    console.print(Text(view.summary, "dim"))
    for slide in view.slides:
        content = Group(*_content(slide, view, pictures, width - 4))
        console.print(Panel(content, title=slide_title(slide), title_align="left", width=width, border_style="dim"))
    for line in about(view):
        console.print(Text(line), soft_wrap=not console.is_terminal)


def _content(slide: SlideView, view: MessageView, pictures: Pictures, width: int) -> Iterator[RenderableType]:
    if slide is view.slides[0] and view.subject:
        yield _marked(view.subject, "bold")
    for file in slide.files:
        picture = pictures.get(file.address)
        drawn = half_blocks(picture.data, width, PICTURE_ROWS) if isinstance(picture, Picture) else None
        yield Text(file_line(file, pictures), "cyan") if drawn is None else drawn
    if slide.text:
        yield _marked(slide.text, "")


def _marked(runs: tuple[Run, ...], style: str) -> Text:
    """Return a text with its merge fields in colour."""
    text = Text(style=style)
    for run in runs:
        text.append(printable(run.text), None if run.field is None else _STYLES[run.state])
    return text


def half_blocks(data: bytes, width: int, rows: int) -> Text | None:
    """Return a picture as lines of half blocks; None for data that is not a picture. Needs Pillow."""
    image = thumbnail(data, (width, rows * 2))
    if image is None:
        return None
    pixels = image.tobytes()
    text = Text()
    for top in range(0, image.height, 2):
        for column in range(image.width):
            upper = _colour(pixels, top * image.width + column)
            # The last row of an odd number of rows has nothing below it.
            lower = _colour(pixels, (top + 1) * image.width + column) if top + 1 < image.height else None
            text.append("▀", Style(color=upper, bgcolor=lower))
        text.append("\n")
    text.right_crop()
    return text


def _colour(pixels: bytes, at: int) -> str:
    return f"#{pixels[at * 3 : at * 3 + 3].hex()}"
