"""The parts of an HTML page that show a message as a phone does.

A page that contains all three parts creates a ``Phone`` in its script and calls ``phone.show(view)``; phone.js describes the
view. The parts load nothing from the network, and never turn the texts of a message into markup.

- ``phone.css``: the style of the phone, and the colours it shares with the page around it
- ``phone.js``: the class ``Phone``, which draws a message, turns its slides and plays it, and functions that make elements
- ``icons.svg``: the icons, for the beginning of the page's body
"""

from __future__ import annotations

from importlib.resources import files

__all__ = ["icons_svg", "phone_css", "phone_js"]


def phone_css() -> str:
    """Return the style sheet, to be put into a ``<style>`` element."""
    return _text("phone.css")


def phone_js() -> str:
    """Return the script, to be put into a ``<script>`` element in front of the page's own script."""
    return _text("phone.js")


def icons_svg() -> str:
    """Return the hidden ``<svg>`` element that contains the icons."""
    return _text("icons.svg")


def _text(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
