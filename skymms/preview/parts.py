"""The files that a page with the phone contains: its style, its icons, and the script that draws one message at a time."""

from __future__ import annotations

from importlib.resources import files


def phone_css() -> str:
    """Return the style sheet, to be put into a ``<style>`` element."""
    return _text("phone.css")


def phone_js() -> str:
    """Return the script, to be put into a ``<script>`` element in front of the page's own script."""
    return _text("phone.js")


def icons_svg() -> str:
    """Return the hidden ``<svg>`` element that contains the icons."""
    return _text("icons.svg")


def page_css() -> str:
    """Return the style sheet of the page around a phone without a script."""
    return _text("page.css")


def live_css() -> str:
    """Return the style sheet that the live pages share: the sandbox's, and that of ``skymms broadcast watch``."""
    return _text("live.css")


def live_head() -> str:
    """Return the beginning of a live page: its type, its language, and what a browser must know first."""
    return _text("live_head.html")


def compose(page: str) -> str:
    """Return a page with the files of this package in the place of the comments that name them."""
    parts = (
        ("<!-- preview/live_head.html -->\n", live_head),
        ("/* preview/phone.css */\n", phone_css),
        ("/* preview/live.css */\n", live_css),
        ("/* preview/phone.js */\n", phone_js),
        ("<!-- preview/icons.svg -->\n", icons_svg),
    )
    for comment, part in parts:
        before, found, after = page.partition(comment)
        page = before + part() + after if found else page
    return page


def _text(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
