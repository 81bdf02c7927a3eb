"""Writes a preview as plain text, for terminals without colours, for logs and for reviews."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from unicodedata import category, east_asian_width

from .message import FieldView, FileView, MessageView, SlideView
from .phone import Pictures
from .texts import Runs, label, plain, printable, wrap

#: Characters of a line inside the frame of a slide.
WIDTH = 48


def plain_text(view: MessageView, pictures: Pictures) -> str:
    """Return the preview: each slide in a frame, then what is known about the message. The last line ends with a line feed."""
    lines = [label(view.title) or "A message", *_ends(view), view.summary, ""]
    for slide in view.slides:
        lines += _slide(slide, view, pictures)
    lines += about(view)
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def _ends(view: MessageView) -> list[str]:
    ends = [f"{word} {label(number)}" for word, number in (("from", view.contact), ("to", view.recipient)) if number]
    return [" ".join(ends)] if ends else []


def slide_title(slide: SlideView) -> str:
    """Return the line above a slide: ``Slide 2, 5 seconds``."""
    return f"Slide {slide.number}, {slide.seconds:,} second{'' if slide.seconds == 1 else 's'}"


def file_line(file: FileView, pictures: Pictures) -> str:
    """Return a file as a line: ``[picture: welcome.jpg]``, and why a picture is not there."""
    found = pictures.get(file.address)
    return f"[{file.title}: {label(file.name)}]{f' {label(found)}' if isinstance(found, str) else ''}"


def _slide(slide: SlideView, view: MessageView, pictures: Pictures) -> Iterator[str]:
    title = slide_title(slide)
    yield f"+- {title} {'-' * max(1, WIDTH - len(title) - 1)}+"
    paragraphs = [f"Subject: {text_of(view.subject)}"] if slide is view.slides[0] and view.subject else []
    paragraphs += [file_line(file, pictures) for file in slide.files]
    paragraphs += [text_of(slide.text)] if slide.text else []
    for paragraph in paragraphs:
        yield from (f"| {line}{' ' * (WIDTH - cells(line))} |" for line in wrap(paragraph, WIDTH, cells))
    yield f"+{'-' * (WIDTH + 2)}+"


def text_of(runs: Runs) -> str:
    """Return a text without anything that a terminal would execute."""
    return printable(plain(runs))


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for wide characters, none for those that change another one."""
    if text.isascii():
        return len(text)
    return sum(0 if category(one) in {"Mn", "Me", "Cf"} else 1 + (east_asian_width(one) in "WF") for one in text)


def about(view: MessageView) -> list[str]:
    """Return what is known about a message besides its slides: the fallback SMS, problems, warnings, carriers, merge fields."""
    lines: list[str] = []
    if view.sms is not None:
        link = " <link>" if view.sms.link else ""
        title = "SMS:" if view.is_sms else "Fallback SMS, for phones without MMS:"
        lines += ["", title, *_indented([f"{text_of(view.sms.text)}{link}".strip(), f"({view.sms.length})"])]
    elif not view.notes:
        lines += ["", "No fallback SMS: the message fails on a phone without MMS."]
    for title, found in (("Problems: gateways refuse the message", view.problems), ("Warnings", view.warnings)):
        if found:
            lines += ["", f"{title}:", *_indented(label(problem) for problem in found)]
    if view.carriers:
        lines += ["", "Carriers:", *_indented(map(str, view.carriers))]
    open_fields = sorted(
        {f"{label(field.name.removeprefix('$'))}{_default(field)}" for field in view.fields if field.state == "open"}
    )
    if open_fields:
        lines += ["", f"Merge fields that are not filled in: {', '.join(open_fields)}"]
    if view.notes:
        lines += ["", *view.notes]
    return lines


def _default(field: FieldView) -> str:
    return "" if field.default is None else f" (default: {label(field.default)})" if field.default else " (default: nothing)"


def _indented(texts: Iterable[str]) -> list[str]:
    return [f"  {line}" for text in texts for line in text.split("\n")]
