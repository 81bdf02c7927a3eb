"""Hostile texts stay texts: they add no element to a page and send no command to a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from page_parts import PageParts
from rich.console import Console

from skymms import ConfigurationError, SendMMS, SendSMS, Slide, Slideshow
from skymms.preview import Preview, icons_svg, phone_css, preview
from skymms.preview.parts import page_css
from skymms.preview.terminal import draw
from skymms.preview.texts import readable

PIECES = [
    *("<script>alert(1)</script>", "</style>", "</title>", "</iframe>", "<!--", "-->", "]]>", "<img src=x onerror=alert(1)>"),
    *(
        "&lt;b&gt;",
        "&#60;",
        "&",
        '"',
        "'",
        "`",
        '" onload="alert(1)',
        "\u202e",
        "\u2066",
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\x9b31m",
    ),
    *(
        "\x00",
        "\r",
        "\n",
        "\t",
        "\x85",
        "\u2028",
        "\ud800",
        "\ufffe",
        "\x7f",
        "{",
        "}",
        "{{",
        "{name}",
        "{$name|</mark>}",
        "{|",
        "x",
    ),
    *(
        "javascript:alert(1)",
        "http://a.example/",
        "http://a.example/'\"<>.jpg",
        "data:text/html,<script>",
        "W" * 5000,
        "😀",
        "ć",
    ),
]
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=8).map("".join)

#: Everything that a page may contain.
TAGS = frozenset(
    {
        *("html", "head", "meta", "title", "style", "body", "svg", "symbol", "rect", "circle", "path", "use"),
        *("main", "header", "h1", "h2", "p", "section", "div", "label", "input", "i", "b", "bdi", "small", "span"),
        *("mark", "a", "img", "ul", "li", "dl", "dt", "dd", "code", "wbr"),
    }
)


@st.composite
def messages(draw: st.DrawFn) -> SendMMS | SendSMS:
    if draw(st.integers(0, 9)) == 0:
        return SendSMS(draw(HOSTILE), to=draw(HOSTILE), sender=draw(HOSTILE))
    kinds = st.sampled_from(["image", "audio", "video", "vcard", "pdf"])
    slides = [
        replace(Slide(draw(st.none() | HOSTILE)), **draw(st.dictionaries(kinds, HOSTILE, max_size=2)))
        for _ in range(draw(st.integers(0, 3)))
    ]
    optional = st.none() | HOSTILE
    slideshow = Slideshow(draw(HOSTILE), subject=draw(optional), fallback_text=draw(optional), slides=tuple(slides))
    return SendMMS(slideshow, to=draw(HOSTILE), sender=draw(HOSTILE))


def previews(message: SendMMS | SendSMS, value: str) -> list[Preview]:
    """The previews of a message without and with values; a text may not be a valid text of a broadcast."""
    try:
        return [preview(message), preview(message, data={"name": value})]
    except ConfigurationError:
        return [preview(message)]


@given(messages(), HOSTILE)
def test_a_page_has_no_element_and_no_attribute_of_a_text(message, value):
    for one in previews(message, value):
        page = one.html
        page.encode()
        parts = PageParts(page)
        assert {tag for tag, _ in parts.elements} <= TAGS
        (style,) = parts.styles
        assert style.startswith(phone_css() + page_css())
        assert len(re.findall(r"@import|url\(|expression", style)) == 0
        for tag, attributes in parts.elements:
            assert [name for name in attributes if name.startswith("on") or name == "style"] == []
            assert "src" not in attributes
            if tag == "a":
                assert attributes["href"].startswith(("http://", "https://"))
            elif "href" in attributes:
                assert attributes["href"] in {f"#{name}" for name in re.findall('id="(i-[a-z]+)"', icons_svg())}
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", unescape(page))


@given(messages(), HOSTILE)
def test_a_page_shows_every_text_as_it_is(message, value):
    for one in previews(message, value):
        text = PageParts(one.html).text
        for runs in (one.view.subject if one.view.slides else (), *(slide.text for slide in one.view.slides)):
            assert readable("".join(run.text for run in runs)) in text


@given(messages(), HOSTILE)
def test_a_notebook_gets_one_frame_that_contains_the_page(message, value):
    for one in previews(message, value):
        bundle = one._repr_mimebundle_()
        ((tag, attributes),) = PageParts(bundle["text/html"]).elements
        assert (tag, attributes["sandbox"], attributes["srcdoc"]) == ("iframe", "", one.html)


CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@given(messages(), HOSTILE)
def test_text_has_no_control_characters(message, value):
    for one in previews(message, value):
        assert not CONTROLS.search(one.text)
        assert not CONTROLS.search(repr(one))


@given(messages(), HOSTILE)
def test_a_terminal_gets_no_commands_but_colours(message, value):
    for one in previews(message, value):
        written = io.StringIO()
        draw(Console(file=written, force_terminal=True, color_system="truecolor", width=60), one.view, {})
        assert not CONTROLS.search(re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue()))
