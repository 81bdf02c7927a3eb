"""Writes the page of a preview: the phone, and beside it the fallback SMS, the problems, the merge fields and the files.

The page has no script, loads nothing, and is one file. Its Content-Security-Policy makes the browser enforce that: only the
one style sheet of the page is used, and only pictures that are in the page are shown.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from ..errors import Problem
from .markup import Markup, element, join
from .message import FieldView, MessageView
from .parts import icons_svg, page_css, phone_css
from .phone import Pictures, phone, playing_css, sms_bubble, view_switch
from .pictures import Picture
from .texts import label


def page(view: MessageView, pictures: Pictures, *, stacked: bool) -> str:
    """Return the HTML document."""
    css = f"{phone_css()}{page_css()}{playing_css([slide.seconds for slide in view.slides])}"
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("meta", {"name": "referrer", "content": "no-referrer"}),
        element("title", None, f"Preview: {label(view.title)}"),
        element("style", None, Markup(css)),
    )
    body = element(
        "body",
        None,
        Markup(icons_svg()),
        _heading(view),
        element("main", None, _stage(view, pictures, stacked), _facts(view, pictures)),
    )
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, head, body)}\n"


def _heading(view: MessageView) -> Markup:
    heading = element("h1", {"dir": "auto"}, label(view.title) or "A message")
    return element("header", None, heading, element("p", {"class": "summary"}, view.summary))


def _stage(view: MessageView, pictures: Pictures, stacked: bool) -> Markup:
    several = len(view.slides) > 1
    still = "Your system asks for less motion: choose a slide below the screen." if several else None
    return element(
        "section",
        {"class": "stage", "aria-label": "On a phone"},
        view_switch(stacked=stacked) if several else None,
        phone(view, pictures),
        element("p", {"class": "less-motion"}, still) if still else None,
        element("p", {"class": "remark"}, "Phones differ in sizes and fonts. Order, texts and files are as they are sent."),
    )


def _facts(view: MessageView, pictures: Pictures) -> Markup:
    return element(
        "section",
        {"class": "facts", "aria-label": "About the message"},
        *(element("p", {"class": "note"}, note) for note in view.notes),
        _problems("Problems: gateways refuse the message", "error", view.problems),
        _problems("Warnings", "warning", view.warnings),
        _sms(view),
        _carriers(view),
        _fields(view),
        _files(view, pictures),
    )


def _part(title: str, *children: str | None) -> Markup:
    return element("section", None, element("h2", None, title), *children)


def _problems(title: str, tone: str, problems: Iterable[Problem]) -> Markup | None:
    items = [
        element(
            "li",
            None,
            element("b", None, label(problem.where)),
            element("code", None, label(problem.code)) if problem.code else None,
            " ",
            label(problem.message),
        )
        for problem in problems
    ]
    return _part(title, element("ul", {"class": tone}, *items)) if items else None


def _sms(view: MessageView) -> Markup | None:
    if view.is_sms and view.sms is not None:
        return _part("Length", element("p", {"class": "sms-length"}, view.sms.length))
    title = "Fallback SMS, for phones without MMS"
    if view.sms is None:
        # A stored message may have a fallback of its own, which a note says.
        return None if view.notes else _part(title, element("p", None, "None: the message fails on a phone without MMS."))
    length = element("p", {"class": "sms-length"}, view.sms.length)
    return _part(title, sms_bubble(view.sms.text, link=view.sms.link), length)


_VERDICTS = {True: "fits", False: "too-large", None: "not-known"}


def _carriers(view: MessageView) -> Markup | None:
    items = [element("li", {"class": _VERDICTS[verdict.fits]}, str(verdict)) for verdict in view.carriers]
    return _part("Carriers", element("ul", {"class": "carriers"}, *items)) if items else None


_STATES = {"open": "not filled in", "value": "filled in", "default": "its default", "missing": "no value and no default"}


def _fields(view: MessageView) -> Markup | None:
    if not view.fields:
        return None
    rows = [
        join(
            element("dt", None, element("bdi", None, label(field.name.removeprefix("$")))),
            element(
                "dd",
                None,
                element("bdi", None, label(field.text)),
                element("small", None, f" {_STATES[field.state]}{_filler(field.name)}{_unless_default(field)}"),
            ),
        )
        for field in view.fields
    ]
    return _part("Merge fields", element("dl", None, *rows))


def _unless_default(field: FieldView) -> str:
    return "" if field.default is None else ": the default is used if there is no value"


def _filler(name: str) -> str:
    return ", by the gateway" if name.startswith("$") else ""


def _files(view: MessageView, pictures: Pictures) -> Markup | None:
    rows: list[Markup] = []
    for slide in view.slides:
        for file in slide.files:
            found = pictures.get(file.address)
            reason = element("p", {"class": "not-there"}, label(found)) if isinstance(found, str) else None
            if isinstance(found, Picture) and found.note:
                reason = element("p", None, found.note)
            address = element("bdi", {"class": "address"}, _with_breaks(label(file.address)))
            rows += [element("dt", None, f"Slide {slide.number}, {file.title}"), element("dd", None, address, reason)]
    return _part("Files", element("dl", None, *rows)) if rows else None


def _with_breaks(address: str) -> Markup:
    """Return an address that a browser breaks after a slash, if it must."""
    first, *others = address.split("/")
    return join(first, *(part for other in others for part in ("/", element("wbr"), other)))


def iframe(document: str, title: str) -> str:
    """Return the document in a frame that runs no script and reaches nothing around it, for a notebook."""
    style = "width: 100%; height: 54rem; border: 0; border-radius: .6rem"
    attributes = {"sandbox": "", "srcdoc": document, "title": f"Preview: {label(title)}", "style": style}
    return element("iframe", attributes)
