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


def _text(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
