"""The problems that errors and warnings consist of."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """A problem or a warning that was found before anything was sent.

    ``code`` is the gateway's code for it (None for a warning, and for a field that the dialect does not support). ``slide``
    counts from 1, and is None if the problem is not about a slide. ``field`` is the name used in Python. ``line`` counts from
    1, and is None unless the slideshow was read from a file.
    """

    code: str | None
    slide: int | None
    field: str
    message: str
    line: int | None = None

    @property
    def where(self) -> str:
        """The place as text: ``slide 2, audio``, or ``line 9, slide 2, audio``."""
        line = "" if self.line is None else f"line {self.line}, "
        slide = "" if self.slide is None else f"slide {self.slide}, "
        return f"{line}{slide}{self.field}"

    def __repr__(self) -> str:
        given = [(name, value) for name, value in zip(self._fields, self, strict=True) if value is not None]
        return f"Problem({', '.join(f'{name}={value!r}' for name, value in given)})"

    def __str__(self) -> str:
        return f"{self.code + ' ' if self.code else ''}{self.where}: {self.message}"
