"""Draws the phone in HTML without a script. The elements and classes are those that ``phone.js`` makes, with the same style.

All slides are in the page. Two radio buttons choose between the stacked slides and one slide at a time, and a radio button for
each slide, or the first one, "play", chooses which. Playing is an animation of the style sheet that :func:`playing_css` writes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from itertools import accumulate

from .markup import Markup, element, icon, join
from .message import FileView, MessageView, SlideView
from .pictures import Picture
from .texts import Run, label

#: What a picture without its file says.
NOT_LOADED = ", not loaded"

Pictures = Mapping[str, "Picture | str"]


def phone(view: MessageView, pictures: Pictures) -> Markup:
    """Return the phone with all slides of a message; ``pictures`` has the pictures by address, or why one is not there."""
    conversation = element(
        "div",
        {"class": "conversation", "tabindex": "0", "role": "group", "aria-label": "The message"},
        _banner(view),
        *_bubbles(view, pictures),
    )
    controls = _controls(view.slides) if len(view.slides) > 1 else None
    screen = element("div", {"class": "screen"}, _status_bar(), _contact(view), conversation, controls)
    return element("div", {"class": "phone", "role": "group", "aria-label": "A phone"}, screen)


def _bubbles(view: MessageView, pictures: Pictures) -> list[Markup]:
    if view.is_sms and view.sms is not None:
        return [sms_bubble(view.sms.text, link=False)]
    no_slides = element("p", {"class": "no-message"}, "There are no slides.")
    return [bubble(slide, view, pictures) for slide in view.slides] or [no_slides]


def sms_bubble(text: Sequence[Run], *, link: bool) -> Markup:
    """Return the bubble of an SMS, with the place of the gateway's link."""
    mark = element("span", {"class": "link"}, "link to the message") if link else None
    space = " " if link and text else None
    return element("div", {"class": "bubble"}, element("div", {"class": "text", "dir": "auto"}, marked(text), space, mark))


def bubble(slide: SlideView, view: MessageView, pictures: Pictures) -> Markup:
    """Return the bubble of one slide. The first one has the subject."""
    subject = view.subject if slide.number == view.slides[0].number else ()
    return element(
        "div",
        {
            "class": "bubble",
            "role": "group",
            "aria-roledescription": "slide",
            "aria-label": f"Slide {slide.number} of {view.slides[-1].number}",
        },
        element("div", {"class": "subject", "dir": "auto"}, marked(subject)) if subject else None,
        *(_file(file, pictures.get(file.address)) for file in slide.files),
        element("div", {"class": "text", "dir": "auto"}, marked(slide.text)) if slide.text else None,
    )


def marked(runs: Sequence[Run]) -> Markup:
    """Return a text with its merge fields marked."""
    return join(*(_run(run) for run in runs))


_TITLES = {
    "open": "merge field {}, not filled in",
    "value": "merge field {}, filled in",
    "default": "merge field {}, its default",
    "missing": "merge field {}, without a value",
}


def _run(run: Run) -> str:
    if run.field is None:
        return run.text
    title = _TITLES[run.state].format(label(run.field))
    return element("mark", {"class": f"merge-field {run.state}", "title": title}, run.text)


def _banner(view: MessageView) -> Markup | None:
    code = next((problem.code for problem in view.problems if problem.code), None)
    if not view.problems:
        return None
    return element("p", {"class": "banner"}, f"Gateways refuse this message{f' with {code}' if code else ''}.")


def _status_bar() -> Markup:
    return element("div", {"class": "status-bar", "aria-hidden": "true"}, "10:05", icon("signal"))


def _contact(view: MessageView) -> Markup:
    recipient = element("bdi", None, f"to {label(view.recipient)}") if view.recipient else None
    return element(
        "div",
        {"class": "contact"},
        element("i", None, icon("person")),
        element("bdi", None, label(view.contact) or "your sender"),
        element("small", None, recipient),
    )


def _file(file: FileView, picture: Picture | str | None) -> Markup:
    name = label(file.name)
    if isinstance(picture, Picture):
        data = base64.b64encode(picture.data).decode()
        source = f"data:{picture.content_type};base64,{data}"
        return element("img", {"class": "media", "alt": name, "src": source})
    not_loaded = file.kind == "image" or file.url is None
    reason = f": {label(picture)}" if isinstance(picture, str) else ""
    note = element("small", None, f"{file.title}{NOT_LOADED if not_loaded else ''}{reason}")
    text = element("span", None, element("bdi", None, name), note)
    if not_loaded:
        return element("div", {"class": "file not-loaded"}, icon(file.kind), text)
    attributes = {"class": "file", "href": file.url, "target": "_blank", "rel": "noopener noreferrer"}
    return element("a", attributes, icon(file.kind), text)


# ------------------------------------------------------------------------------------------------ playing


def _controls(slides: Sequence[SlideView]) -> Markup:
    """Return the radio buttons: play, and one for each slide. They need no script, and the arrow keys move between them."""
    play = element("label", {"title": "Play"}, _radio("slide", "play", "Play", checked=True), icon("play"))
    dots = [
        element(
            "label",
            {"title": f"Slide {slide.number}"},
            _radio("slide", f"slide-{at}", f"Slide {slide.number}"),
            element("i"),
        )
        for at, slide in enumerate(slides, 1)
    ]
    group = {"class": "controls", "role": "radiogroup", "aria-label": "Slides"}
    return element("div", group, play, element("div", {"class": "dots"}, *dots))


def _radio(name: str, id: str, text: str, *, checked: bool = False) -> Markup:
    attributes = {"type": "radio", "name": name, "id": id, "aria-label": text, "checked": "" if checked else None}
    return element("input", attributes)


def view_switch(*, stacked: bool) -> Markup:
    """Return the two radio buttons that choose how the slides are shown."""
    choices = [
        element("label", None, _choice(id, checked=checked), text)
        for id, text, checked in (("played", "Played", not stacked), ("stacked", "Stacked", stacked))
    ]
    return element("div", {"class": "view-switch", "role": "radiogroup", "aria-label": "View"}, *choices)


def _choice(id: str, *, checked: bool) -> Markup:
    return element("input", {"type": "radio", "name": "view", "id": id, "checked": "" if checked else None})


def playing_css(seconds: Sequence[int]) -> str:
    """Return the style that shows one slide at a time, each for its seconds; empty for fewer than two slides.

    A slide is chosen by its radio button. Nothing moves for people who asked for less motion: they see the first slide.
    """
    if len(seconds) < 2:
        return ""
    total = sum(seconds)
    ends = [passed / total * 100 for passed in accumulate(seconds)]
    starts = [0.0, *ends[:-1]]
    return "\n".join(
        [_ONE_AT_A_TIME, *(_chosen_css(at) for at in range(1, len(seconds) + 1)), *_animation_css(starts, ends, total)]
    )


_ONE = ":root:has(#played:checked)"
_BUBBLE = ".conversation > .bubble"
_ONE_AT_A_TIME = f"""\
{_ONE} .conversation {{ display: grid; align-content: start; grid-auto-rows: max-content; }}
{_ONE} .conversation > .bubble {{ grid-area: 2 / 1; visibility: hidden; max-height: 0; }}
{_ONE}:has(#play:checked) .conversation > .bubble:nth-of-type(1) {{ visibility: visible; max-height: none; }}"""


def _chosen_css(number: int) -> str:
    return f"{_ONE}:has(#slide-{number}:checked) {_BUBBLE}:nth-of-type({number}) {{ visibility: visible; max-height: none; }}"


def _animation_css(starts: Sequence[float], ends: Sequence[float], total: int) -> list[str]:
    rules = ["@media (prefers-reduced-motion: no-preference) {"]
    playing = f"{_ONE}:has(#play:checked)"
    for number in range(1, len(starts) + 1):
        rules += [
            f"{playing} {_BUBBLE}:nth-of-type({number}) {{ animation: slide-{number} {total}s step-end infinite; }}",
            f"{playing} .dots label:nth-child({number}) i {{ animation: dot-{number} {total}s step-end infinite; }}",
            f"{playing} .dots label:nth-child({number}) i::before {{ animation: fill-{number} {total}s linear infinite; }}",
        ]
    rules.append("}")
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        rules += [
            _steps(f"slide-{number}", start, end, "visibility: visible; max-height: none", "visibility: hidden; max-height: 0"),
            _steps(f"dot-{number}", start, end, "width: 1.6rem", "width: .5rem"),
            f"@keyframes fill-{number} {{ 0%, {start:.4f}% {{ width: 0 }} {end:.4f}% {{ width: 100% }} "
            f"{min(end + 0.001, 100):.4f}%, 100% {{ width: {'100%' if number == len(starts) else '0'} }} }}",
        ]
    return rules


def _steps(name: str, start: float, end: float, during: str, otherwise: str) -> str:
    """Return keyframes for an animation that jumps: one style from ``start`` to ``end`` per cent, another one around it."""
    frames = [f"{start:.4f}% {{ {during} }}"]
    if start > 0:
        frames.insert(0, f"0% {{ {otherwise} }}")
    if end < 100:
        frames.append(f"{end:.4f}% {{ {otherwise} }}")
    return f"@keyframes {name} {{ {' '.join(frames)} }}"
